"""The file of a market: TOML that says of each value whether it was given, fitted or assumed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from .tree import RULE_WORDS, Lines

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_COMMENT_AT: Final = 34
"""Column of the comments."""


def text_of(lines: Lines, head: str, notes: tuple[str, ...] = ()) -> str:
    """The file, with a head of comments.

    Args:
        lines: what it says.
        head: sentences above the values.
        notes: further sentences there.
    """
    out = [f"# {line}" for line in (*head.splitlines(), *notes)]
    for table in lines.tables:
        if table:
            out += ["", f"[{'.'.join(map(_key, _path(table)))}]"]
        if table == next((t for t in lines.tables if t.startswith("firms.")), None):
            out.insert(len(out) - 1, f"# Strategies: {RULE_WORDS}.")
        out += [_line(key, value, comment) for key, (value, comment) in lines.of(table).items()]
    return "\n".join(out) + "\n"


def _path(table: str) -> list[str]:
    """Firms and products are one key below their part; ids have no dots."""
    return table.split(".")


def _line(key: str, value: Any, comment: str) -> str:
    said = f"{_key(key)} = {toml_value(value)}"
    return f"{said.ljust(_COMMENT_AT)} # {comment}" if comment else said


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_value(value: Any) -> str:
    """A plain value as TOML; numbers keep all their digits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {toml_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{int(value)}"
    return repr(value)
