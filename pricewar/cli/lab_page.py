"""The tables of settings on the page of the laboratory, made from the code."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .pages import fields_table

PAGE: Final = "lab.md"
BEGIN: Final = "<!-- settings: made from the code -->"
END: Final = "<!-- end of settings -->"


def lab_settings() -> str:
    """A section for each game: what it is, and a table of its settings."""
    from pricewar.lab.games import GAMES, settings_of

    parts = [f"### {name}\n\n{GAMES[name]}.\n\n{fields_table(settings_of(name))}\n" for name in GAMES]
    return f"{BEGIN}\n\n" + "\n".join(parts) + f"\n{END}"


def renewed(text: str) -> str:
    """The page with its tables made anew."""
    before, _, rest = text.partition(BEGIN)
    return before + lab_settings() + rest.partition(END)[2]


def renew(folder: Path) -> None:
    """Make the tables of the page in a folder anew."""
    page = folder / PAGE
    page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
