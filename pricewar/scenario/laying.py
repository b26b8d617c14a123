"""How files are laid upon each other: tables merge, lists are added, and what a change fixes is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pricewar.files.toml_text import is_file

from .tree import UNCERTAIN, fixed_with

Tree = dict[str, Any]


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> Tree:
    """`over` merged onto `base`: tables merge, lists are added, anything else replaces.

    A table that names another `kind` than the one below it replaces it whole: parameters of one rule
    mean nothing to another.
    """
    tree = dict(base)
    for key, value in over.items():
        below = tree.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            other_kind = "kind" in value and value["kind"] != below.get("kind")
            tree[key] = dict(value) if other_kind else merge(below, value)
        elif isinstance(below, list) and isinstance(value, list) and key in ("events", "interventions"):
            tree[key] = [*below, *value]
        else:
            tree[key] = value
    return tree


def lay(below: Mapping[str, Any], tree: Mapping[str, Any], source: str, describes: bool) -> Tree:
    """A file laid on those below it, with the paths that seeds do not draw.

    A file that names a market's data or its joint sample describes the market, and its parameters are those
    that are drawn. What a file changes in the market that it extends is a change that somebody wants.

    Args:
        below: what is there already.
        tree: the file's own.
        source: name of the file, beside which a sample is looked for first.
        describes: whether the file named the market's data.
    """
    tree = dict(tree)
    if "posterior" in tree:
        tree["posterior"] = beside(tree["posterior"], Path(source).parent)
    before, own = below.get("fixed", []), tree.get("fixed", [])
    laid = merge(below, tree)
    if not (_are_texts(own) and _are_texts(before)):
        return laid  # told when the whole is checked
    if laid.get("posterior"):
        fresh = describes or "posterior" in tree
        before = [] if fresh else fixed_with(before, _leaves(tree))
    held = sorted({*before, *own})
    if held or "fixed" in laid:
        laid["fixed"] = held
    return laid


def _are_texts(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)


def beside(name: Any, folder: Path) -> Any:
    """The file of a sample that lies beside the file that names it; else the name as it is."""
    if isinstance(name, str) and name.endswith(".csv") and is_file(folder / name):
        return str((folder / name).resolve())
    return name


def data_beside(name: Any, folder: Path) -> Any:
    """The directory of a data set that lies beside the file that names it; else the name as it is."""
    try:
        if isinstance(name, str) and (folder / name).is_dir():
            return str((folder / name).resolve())
    except (OSError, ValueError):  # a name that no directory can have
        pass
    return name


def _leaves(tree: Mapping[str, Any], place: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if not place and key not in UNCERTAIN:
            continue
        path = f"{place}.{key}" if place else str(key)
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, path)
        else:
            yield path
