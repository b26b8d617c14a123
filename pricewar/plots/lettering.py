"""How wide a text is, where its lines break, and how its parts are joined.

Chinese has no spaces, its letters are twice as wide, and it has marks of its own.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Final
from unicodedata import east_asian_width

from pricewar.base.speech import language, say_many

_PIECE: Final = re.compile(
    r"[\u2e80-\u9fff\uf900-\uffef][，。、；：）”！？…]*|\s+|[^\s\u2e80-\u9fff\uf900-\uffef]+"
)
"""What stays together: a Chinese letter with the marks behind it, or a word of other letters."""


def width(text: str) -> int:
    """Columns that a text takes: two for a Chinese letter."""
    return len(text) + sum(east_asian_width(letter) in "WF" for letter in text)


def fill(text: str, columns: int) -> str:
    """The text in lines of so many columns; words longer than a line stay whole."""
    if width(text) == len(text):
        return textwrap.fill(text, columns, break_long_words=False, break_on_hyphens=False)
    lines = [""]
    for piece in _PIECE.findall(text):
        if lines[-1].strip() and width(lines[-1] + piece.rstrip()) > columns:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.strip() for line in lines)


def listed(parts: Sequence[str]) -> str:
    """Sentences joined to one: a; b; c."""
    return ("；" if language() == "zh" else "; ").join(parts)


def commas(parts: Sequence[str]) -> str:
    """Names or clauses joined by commas."""
    return ("、" if language() == "zh" else ", ").join(parts)


def sentences(parts: Iterable[str]) -> str:
    """Whole sentences one after the other."""
    return ("" if language() == "zh" else " ").join(parts)


def seeds_in_words(many: int) -> str:
    """1 seed, 20 seeds."""
    return say_many("{many} seed", "{many} seeds", many)


def runs_in_words(many: int) -> str:
    """1 run, 20 runs."""
    return say_many("{many} run", "{many} runs", many)
