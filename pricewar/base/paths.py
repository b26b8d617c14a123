"""Dotted paths into a tree of tables and lists, and patterns that mean many of them.

`Scenario.but`, `--set`, experiments and policy studies all use them.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any


def is_place(text: str) -> bool:
    """Whether a part of a path is a place in a list: the digits 0 to 9, and no more than fit."""
    return text.isascii() and text.isdecimal() and len(text) <= 9


def matches(tree: Any, pattern: str) -> Iterator[str]:
    """The paths in a tree of plain values that a pattern means.

    `*` stands for any key or place, or for any part of one, `**` for any depth, and the name of a `kind` for
    the members of a list that are of that kind: `firms.*.strategy.**.follow_rate`,
    `products.byd_*.promotion`, `events.Cut.depth`. A name follows `**`.
    """
    parts = pattern.split(".")
    if parts[-1] == "**":  # a name must follow it
        return
    once = [part for part, before in zip(parts, ["", *parts], strict=False) if part != "**" or before != "**"]
    seen = dict.fromkeys(".".join(path) for path in _walk(tree, tuple(once)))
    yield from seen


def _walk(node: Any, parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not parts:
        yield ()
        return
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _walk(node, rest)
    for key, child in _children(node):
        if part == "**":
            found = _walk(child, parts)
        elif _means(part, key) or (isinstance(node, (list, tuple)) and _kind(child) == part):
            found = _walk(child, rest)
        else:
            continue
        yield from ((key, *below) for below in found)


def _means(part: str, key: str) -> bool:
    """Whether a part of a pattern means a key: `*` is the only sign that matches others."""
    return re.fullmatch(".*".join(map(re.escape, part.split("*"))), key, re.S) is not None


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        yield from ((str(key), child) for key, child in node.items())
    elif isinstance(node, (list, tuple)):
        yield from ((str(place), child) for place, child in enumerate(node))


def _kind(node: Any) -> str:
    return str(node.get("kind", "")) if isinstance(node, Mapping) else ""


def value_at(tree: Any, path: str) -> Any:
    """What lies at a path that exists."""
    for part in path.split("."):
        tree = tree[part] if isinstance(tree, Mapping) else tree[int(part)]
    return tree


def change(tree: Any, path: str, value: Any) -> tuple[str, str] | None:
    """Set a value wherever a path or a pattern leads.

    Returns:
        What was found and what is allowed if it leads nowhere, else nothing.
    """
    if "*" not in path and set_path(tree, path, value):
        return None
    done = [set_path(tree, place, value) for place in list(matches(tree, path))]
    if done and all(done):
        return None
    if "*" in path:
        return (
            "a pattern that matches nothing",
            "a dotted path into the scenario; * for any key, ** for any depth",
        )
    return "no such field", "a dotted path into the scenario"


def set_path(tree: Any, path: str, value: Any) -> bool:
    """Set a value by dotted path in nested dicts and lists; False if the path leads nowhere."""
    *parents, last = path.split(".")
    node = tree
    for part in parents:
        node = _child(node, part)
        if node is None:
            return False
    if isinstance(node, dict):
        if last == "kind" and node.get("kind") != value:
            node.clear()
        node[last] = copy.deepcopy(value)
        return True
    if isinstance(node, list) and is_place(last) and int(last) < len(node):
        node[int(last)] = copy.deepcopy(value)
        return True
    return False


def _child(node: Any, part: str) -> Any:
    if isinstance(node, dict):
        return node.get(part)
    if isinstance(node, (list, tuple)) and is_place(part) and int(part) < len(node):
        return node[int(part)]
    return None
