"""Scenario files: TOML in, Scenario out, every problem with its place.

`extends` names another scenario whose tables are merged under this one's; lists (events, interventions) are
added to those of the base. `data` names a market data set that fills firms and products and brings the tables
of its scenario.toml. A file says only what it changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from pricewar.base.edition import EDITION, file_edition, warn_of_files
from pricewar.base.errors import InputError, Problem, bad_input
from pricewar.base.rules import make_rule
from pricewar.events import Event
from pricewar.files.toml_text import is_file, read_toml
from pricewar.interventions import Intervention

from .checks import CHECKS, Check
from .from_data import data_tree, under
from .laying import Tree, data_beside, lay, merge
from .tree import FirmSpec, ProductSpec, Scenario, problems_of

__all__ = [
    "Source",
    "Tree",
    "data_tree",
    "find",
    "load",
    "merge",
    "merged",
    "shipped_directory",
    "shipped_scenarios",
]

Source = Scenario | str | Path | Mapping[str, Any]
"""A scenario, a shipped name, a file, or all inputs as a tree."""
LONGEST_CHAIN: Final = 20
"""Files that extend each other."""


def shipped_directory(what: str) -> Path:
    """Where the package keeps its "scenarios" or "experiments": in the wheel, or beside the package."""
    package = Path(str(files("pricewar")))
    installed = package / "_shipped" / what
    return installed if installed.is_dir() else package.parent / what


def shipped_scenarios() -> dict[str, Path]:
    """Names of the scenarios that come with the package, and their files."""
    return {path.stem: path for path in sorted(shipped_directory("scenarios").glob("*.toml"))}


def load(source: Source) -> Scenario:
    """Read a scenario.

    Args:
        source: a shipped name, a file, a tree of plain values as a file holds it, or a Scenario, which is
            returned as it is.

    All inputs as a tree are one too, as `Results.inputs` and run.json keep them, or a program makes them.

    Raises:
        InputError: the file is missing or not TOML, `extends` goes in a circle, or anything in it is not
            allowed; every problem is listed with its place.
    """
    if isinstance(source, Scenario):
        return source
    if isinstance(source, Mapping):
        where = f"scenario {source.get('name', '(without a name)')}"
        given = _laid(_layers_of(dict(source), Path("scenario"), where), {})
        given.setdefault("name", "scenario")
        return _validated(given, where)
    path = find(source)
    tree = merged(path)
    tree.setdefault("name", path.stem)
    return _validated(tree, str(path))


def find(source: str | Path) -> Path:
    """The file of a shipped name or a path.

    Raises:
        InputError: neither exists.
    """
    if not isinstance(source, (str, Path)):
        raise bad_input("load", ("source", source, "a shipped name, a .toml file or a Scenario"))
    path = Path(source)
    if is_file(path):
        return path.resolve()
    if path.suffix == ".toml" or _exists(path):
        raise bad_input(str(source), ("(file)", "no such file", "a TOML file that can be read"))
    shipped = shipped_scenarios()
    if str(source) in shipped:
        return shipped[str(source)]
    raise bad_input(str(source), ("(name)", str(source), f"a .toml file, or one of {', '.join(shipped)}"))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def merged(path: Path) -> Tree:
    """The tree of a file with everything it extends merged under it, without the edition that it states.

    Files of an older edition are told by one warning.

    Raises:
        InputError: not TOML, a missing base, a circle, or a file for a newer edition.
    """
    older: dict[str, int] = {}
    tree = _laid(_layers(path), older)
    warn_of_files(older)
    return tree


def _layers(path: Path) -> list[tuple[str, Tree]]:
    """The tree of a file and of each that it extends, from the file down, each with its name."""
    return _layers_of(read_toml(path), path, str(path))


def _layers_of(tree: Tree, path: Path, source: str) -> list[tuple[str, Tree]]:
    layers, chain = [(source, tree)], [path]
    while "extends" in tree:
        try:
            below = _base(chain[-1], tree.pop("extends"))
            if below in chain:
                circle = " -> ".join(p.name for p in (*chain, below))
                raise bad_input(str(below), ("extends", circle, "a chain that ends"))
            if len(chain) == LONGEST_CHAIN:
                raise bad_input(str(below), ("extends", "a longer chain", f"at most {LONGEST_CHAIN} files"))
            tree = read_toml(below)
        except InputError as error:
            raise _in_extended(source, error) from error
        chain.append(below)
        layers.append((str(below), tree))
    return layers


def _in_extended(source: str, error: InputError) -> InputError:
    """An error in a file that another one extends: the user gave only the other one."""
    if error.source == source:
        return error
    return InputError(source, tuple(under(f"extends {error.source}", p) for p in error.problems))


def _laid(layers: list[tuple[str, Tree]], older: dict[str, int]) -> Tree:
    """All layers merged, the last as the base; names and titles of bases are not inherited."""
    laid: Tree = {}
    top = layers[0][0]
    for source, tree in reversed(layers):
        for own in ("name", "title"):
            laid.pop(own, None)
        try:
            stated = file_edition(tree, source)
            tree.pop("edition", None)
            if stated < EDITION:
                older[source] = stated
            describes = "data" in tree
            if describes:
                laid = merge(laid, data_tree(data_beside(tree.pop("data"), Path(source).parent), source))
        except InputError as error:
            raise _in_extended(top, error) from error
        laid = lay(laid, tree, source, describes)
    return laid


def _base(path: Path, name: object) -> Path:
    if not isinstance(name, str):
        raise bad_input(str(path), ("extends", name, "the name or file of one scenario"))
    for beside in (path.parent / name, path.parent / f"{name}.toml"):
        if is_file(beside):
            return beside.resolve()
    try:
        return find(name)
    except InputError as error:
        raise InputError(
            str(path), tuple(Problem("extends", p.found, p.allowed) for p in error.problems)
        ) from error


def _validated(tree: Tree, source: str) -> Scenario:
    try:
        return Scenario.model_validate(tree)
    except ValidationError as error:
        found = list(problems_of(error))
        places = {problem.place for problem in found}
        more = [problem for problem in _also(tree) if problem.place not in places]
        raise InputError(source, tuple(found + more)) from error


def _also(tree: Tree) -> Iterator[Problem]:
    """What does not fit together in a tree that also has malformed fields, as far as that can be found."""
    rough = _constructed(
        Scenario,
        {
            **tree,
            "events": _rules(tree.get("events"), "pricewar.events", Event),
            "interventions": _rules(tree.get("interventions"), "pricewar.interventions", Intervention),
            "firms": _rough(tree.get("firms"), FirmSpec),
            "products": _rough(tree.get("products"), ProductSpec),
        },
    )
    for check in CHECKS:
        yield from [Problem(**problem) for problem in _until_stuck(check, rough)]


def _until_stuck(check: Check, rough: Scenario) -> Iterator[dict[str, str]]:
    """What a check finds before it meets something that it cannot read."""
    with suppress(Exception):  # any: too malformed to compare in this respect, and told as such already
        yield from check(rough)


def _rules(values: object, package: str, base: Any) -> tuple[Any, ...]:
    def attempt(value: object) -> Any:
        try:
            return make_rule(value, package, base)
        except ValueError:
            return None

    return tuple(attempt(value) for value in values) if isinstance(values, list) else ()


def _rough(values: object, spec: type[FirmSpec] | type[ProductSpec]) -> dict[str, Any]:
    tables = values if isinstance(values, dict) else {}
    return {key: _constructed(spec, table) for key, table in tables.items() if isinstance(table, dict)}


def _constructed(spec: Any, table: Tree) -> Any:
    """The known fields of a table without any check: other keys may be those of Python (`cls`, `self`)."""
    return spec.model_construct(**{key: value for key, value in table.items() if key in spec.model_fields})
