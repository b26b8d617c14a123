"""Fonts of figures: DejaVu Sans, behind it the Chinese letters that ship, then a font of the machine."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Final

from pricewar.base.errors import FontWarning
from pricewar.base.speech import FOLDER, language, say

FAMILY: Final = "Pricewar Han"
FONT: Final = FOLDER / "fonts" / "pricewar-han.otf"
BOLD: Final = FOLDER / "fonts" / "pricewar-han-bold.otf"
"""Letters of the catalogue alone, for titles."""
PLAIN: Final = f"{FAMILY} Plain"
"""The regular one, for bold letters that the bold one lacks."""
LATIN: Final = "DejaVu Sans"
OTHERS: Final = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Hiragino Sans GB",
    "Arial Unicode MS",
)
"""Fonts that systems have, for letters that the shipped one lacks: a user's own names, for instance."""
_LACKING: Final = "missing from font"
"""Part of what matplotlib says where a letter has no glyph."""


def families() -> list[str]:
    """Fonts in the order in which a letter is looked for; in English the first alone, as it always was."""
    return [LATIN] if language() == "en" else [LATIN, *_chinese()]


@lru_cache(maxsize=1)
def _chinese() -> tuple[str, ...]:
    from matplotlib import font_manager

    known = font_manager.fontManager
    for file in (FONT, BOLD):
        known.addfont(file)
    regular = next(font for font in known.ttflist if font.name == FAMILY and font.fname == str(FONT))
    known.ttflist += [replace(regular, name=PLAIN, weight=weight) for weight in (400, 700)]
    here = {font.name for font in known.ttflist}
    return (FAMILY, PLAIN, *[name for name in OTHERS if name in here][:1])


@contextmanager
def lacking_told() -> Iterator[None]:
    """Letters that no font here has are drawn as boxes; that is said once for a figure, not once a letter."""
    if language() == "en":
        yield
        return
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        yield
    lacking = [one for one in seen if _LACKING in str(one.message)]
    for one in seen:
        if one not in lacking:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    if lacking:
        text = say("letters that no font of this machine has are boxes in figures; install a Chinese font")
        warnings.warn(text, FontWarning, stacklevel=2)
