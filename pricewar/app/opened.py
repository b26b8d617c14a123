"""Markets that the page and the game offer: those that ship, and the user's own files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pricewar.base.errors import bad_input
from pricewar.scenario.files import find, load, shipped_scenarios

_OPENED: Final[dict[str, Path]] = {}
"""Of this process: one server has one list of markets, told once at its start."""


def open_markets(files: Iterable[str | Path]) -> tuple[str, ...]:
    """Offer scenario files under their names, in place of those opened before.

    Raises:
        InputError: a file that is no scenario, or a name that two have.
    """
    opened: dict[str, Path] = {}
    for file in files:
        name, path = load(file).name, find(file)
        if name in opened or name in shipped_scenarios():
            raise bad_input(str(file), ("name", name, "a name that no other market of the page has"))
        opened[name] = path
    _OPENED.clear()
    _OPENED.update(opened)
    return tuple(opened)


def own_markets() -> tuple[str, ...]:
    """Names of the user's own."""
    return tuple(_OPENED)


def known_markets() -> tuple[str, ...]:
    """Names of all, the user's own first."""
    return (*_OPENED, *shipped_scenarios())


def place_of(name: str) -> str:
    """What `load` takes for a name: the user's own file, or the shipped name."""
    return str(_OPENED.get(name, name))
