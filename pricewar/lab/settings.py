"""Settings of a laboratory game: defaults with a type, overridden by text from the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pricewar.base.errors import bad_input

Value = int | float | str | tuple[float, ...]


def read_settings(game: str, defaults: Mapping[str, Value], given: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults with `given` in their place.

    A default that is an integer takes whole numbers (`3`, `1e6`), a float one number, a tuple one number or a
    comma-separated list of them, a text any text.

    Raises:
        InputError: every unknown name and every value that cannot be read.
    """
    found: list[tuple[str, object, str]] = []
    settings: dict[str, Any] = dict(defaults)
    for name, text in given.items():
        if name not in defaults:
            found.append((name, text, "one of " + ", ".join(sorted(defaults))))
            continue
        try:
            settings[name] = _read(defaults[name], text)
        except (TypeError, ValueError, OverflowError):
            found.append((name, text, _allowed(defaults[name])))
    if found:
        raise bad_input(f"lab {game}", *found)
    return settings


def _read(default: Value, text: Any) -> Any:
    if isinstance(default, str):
        return str(text)
    if isinstance(default, tuple):
        parts = text.split(",") if isinstance(text, str) else [text] if not hasattr(text, "__len__") else text
        return tuple(float(part) for part in parts)
    number = float(text)
    if isinstance(default, int):
        if number != int(number):
            raise ValueError(text)
        return int(number)
    return number


def _allowed(default: Value) -> str:
    if isinstance(default, tuple):
        return "a number, or numbers separated by commas"
    return "a whole number" if isinstance(default, int) else "a number"


def read_pairs(pairs: list[str]) -> dict[str, str]:
    """`["alpha=.1", "n=3"]` as a mapping.

    Raises:
        InputError: a pair without `=`.
    """
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise bad_input("--set", *[("--set", pair, "name=value") for pair in wrong])
    return {name.strip(): value.strip() for name, _, value in (pair.partition("=") for pair in pairs)}
