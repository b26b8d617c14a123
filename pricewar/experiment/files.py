"""Experiment files: TOML in, Experiment out, every problem with its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pricewar.base.errors import InputError, Problem, bad_input
from pricewar.files.toml_text import is_file
from pricewar.scenario.files import find, load, merge, merged, shipped_directory
from pricewar.scenario.tree import problems_of

from .spec import Experiment


def shipped_experiments() -> dict[str, Path]:
    """Names of the experiments that come with the package, and their files."""
    return {path.stem: path for path in sorted(shipped_directory("experiments").glob("*.toml"))}


def load_experiment(source: Experiment | str | Path, small: bool = False) -> Experiment:
    """Read an experiment: a shipped name (or how it begins), a file, or an Experiment, returned as it is.

    Args:
        source: what to read.
        small: lay the file's `[small]` table on it, for a first look.

    Raises:
        InputError: the file is missing or not TOML, or anything in it is not allowed; every problem is
            listed with its place.
    """
    if isinstance(source, Experiment):
        return source
    if not isinstance(source, (str, Path)):
        raise bad_input("load_experiment", ("source", source, "a shipped name, a file or an Experiment"))
    if not isinstance(small, bool):
        raise bad_input("load_experiment", ("small", small, "True or False"))
    path = find_experiment(source)
    tree = merged(path)
    over = tree.pop("small", None)
    if not isinstance(over, dict) and (small or over is not None):
        raise bad_input(str(path), ("small", over, "a table of what the small version changes"))
    tree = merge(tree, over) if small and over else tree
    tree.setdefault("name", path.stem)
    _settle_paths(tree, path.parent)
    return experiment_from(tree, str(path))


def find_experiment(source: str | Path) -> Path:
    """The file of a shipped name, of the start of one, or of a path.

    Raises:
        InputError: there is none, or more than one.
    """
    shipped = shipped_experiments()
    fitting = [name for name in shipped if name.startswith(str(source))]
    path = Path(source)
    if str(source) in shipped:
        return shipped[str(source)]
    if is_file(path):
        return path.resolve()
    if len(fitting) == 1:
        return shipped[fitting[0]]
    raise bad_input(str(source), ("(name)", str(source), f"a .toml file, or one of {', '.join(shipped)}"))


def experiment_from(tree: Mapping[str, Any], source: str) -> Experiment:
    """Validate a tree of plain values.

    Raises:
        InputError: with every problem found and its place.
    """
    tree, problems = dict(tree), []
    for part in ("base", "but_for"):
        if isinstance(tree.get(part), (str, Path)):
            tree.setdefault("origin", str(tree.get("base", "")))
            try:
                tree[part] = load(tree[part])
            except InputError as error:
                problems += [Problem(f"{part}: {p.place}", p.found, p.allowed) for p in error.problems]
    try:
        made = Experiment.model_validate(tree)
    except ValidationError as error:
        fields = problems_of(error)
        problems += [p for p in fields if not (p.place in ("base", "but_for") and problems)]
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(source, tuple(problems))
    return made


def _settle_paths(tree: dict[str, Any], folder: Path) -> None:
    """Names of files are relative to the experiment's own."""
    for part in ("base", "but_for"):
        name = tree.get(part)
        if isinstance(name, str) and name.endswith(".toml") and is_file(folder / name):
            tree[part] = str(find(folder / name))
    design = tree.get("design")
    file = design.get("file") if isinstance(design, dict) else None
    if isinstance(design, dict) and isinstance(file, str) and is_file(folder / file):
        design["file"] = str((folder / file).resolve())
