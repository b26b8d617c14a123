"""TOML from unknown sources: it is read within bounds, and a refusal is a message, never a traceback."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pricewar.base.errors import InputError, Problem, bad_input, cut_short

LARGEST_FILE: Final = 20_000_000
"""Bytes of a file; the largest scenario that ships has 30 thousand."""
DEEPEST: Final = 32
"""Tables and lists within each other; a scenario needs about six."""
_LONG_KEY: Final = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{DEEPEST + 1}}}")
LARGEST_INTEGER: Final = 2**63 - 1
"""The largest whole number that TOML and the tables can keep."""


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have (too long, with a NUL) is no error."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def read_toml(path: Path) -> dict[str, Any]:
    """The tree of a file.

    Raises:
        InputError: not readable, too large, not UTF-8, not TOML, or with integers or nesting out of bounds.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            size = f"{path.stat().st_size:,} bytes"
            raise InputError(str(path), (Problem("(file)", size, f"at most {LARGEST_FILE:,}"),))
        tree = parse(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise bad_input(str(path), ("(file)", f"byte {error.start} is not UTF-8", "UTF-8 text")) from error
    except ValueError as error:
        raise bad_input(str(path), ("(file)", str(error), "valid TOML")) from error
    except OSError as error:
        raise bad_input(str(path), ("(file)", error.strerror, "a file that can be read")) from error
    problems = tuple(out_of_bounds(tree))
    if problems:
        raise InputError(str(path), problems)
    return tree


def parse(text: str) -> dict[str, Any]:
    """The tree of a text.

    Raises:
        ValueError: not TOML, an integer of too many digits, or nesting that the parser cannot follow.
    """
    too_deep = f"tables or lists nested too deep; at most {DEEPEST} within each other"
    if _LONG_KEY.search(text):  # the parser's time grows with the square of the parts of a key
        raise ValueError(too_deep)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError(too_deep) from None


def out_of_bounds(tree: Any) -> Iterator[Problem]:
    """Integers beyond 64 bits and nesting beyond `DEEPEST`, with their places; without recursion."""
    todo: list[tuple[str, Any, int]] = [("", tree, 0)]
    while todo:
        place, value, depth = todo.pop()
        if isinstance(value, int) and not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            found = f"an integer of {value.bit_length()} bits"
            yield Problem(place, found, "integers of at most 63 bits; a larger number as 1e20")
        elif isinstance(value, (dict, list)) and depth >= DEEPEST:
            yield Problem(cut_short(place), "deeper nesting", f"at most {DEEPEST} tables or lists deep")
        elif isinstance(value, (dict, list)):
            below = value.items() if isinstance(value, dict) else enumerate(value)
            todo += [(f"{place}.{key}" if place else str(key), item, depth + 1) for key, item in below]
