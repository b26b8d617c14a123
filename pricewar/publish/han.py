"""The Chinese letters of figures, cut from fonts of the machine.

`python -m pricewar.publish.han FONT BOLD NUMBER`, NUMBER being that of Simplified Chinese in a collection.

Noto Sans CJK SC is under the SIL Open Font License 1.1, which allows a part of it to be shipped under another
name, with the licence beside it. The part has the letters of the catalogue and the most frequent others.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Final

from fontTools import subset
from fontTools.ttLib import TTFont

from pricewar.base.speech import catalogue
from pricewar.plots.letters import BOLD, FAMILY, FONT

MARKS: Final = "，。、；：？！（）“”‘’《》【】［］…—–−×·　￥％＋＝～"
TIME: Final = "年月日周天第季度个半亿万百元辆件车企业厂商汽"
"""Letters of `pricewar.base.chinese`."""
LEVEL_ONE: Final = range(0xB0, 0xD8)
"""First bytes of the 3,755 most frequent letters in GB 2312."""


def letters(also_frequent: bool = True) -> str:
    """All that the shipped font is to have, in order."""
    texts = {letter for text in catalogue("zh").values() for letter in text} | set(MARKS + TIME)
    if also_frequent:
        rows = (bytes((row, cell)) for row in LEVEL_ONE for cell in range(0xA1, 0xFF))
        texts |= {letter for pair in rows for letter in pair.decode("gb2312", errors="ignore")}
    return "".join(sorted(letter for letter in texts if ord(letter) > 0x7F))


def cut(source: Path, number: int, wanted: str, weight: str = "Regular") -> bytes:
    """The part of a font that has the letters, under the name of ours.

    Args:
        source: font, or collection of fonts.
        number: of the font in the collection.
        wanted: letters.
        weight: what the font calls itself.
    """
    options = subset.Options(
        layout_features=[], hinting=False, desubroutinize=False, notdef_outline=True, name_IDs=[0, 13, 14]
    )
    font = TTFont(source, fontNumber=number, lazy=True)
    cutter = subset.Subsetter(options)
    cutter.populate(text=wanted)
    cutter.subset(font)
    for tag in ("BASE", "VORG", "vhea", "vmtx", "GDEF", "GPOS", "GSUB", "DSIG"):
        if tag in font:
            del font[tag]
    whole = f"{FAMILY} {weight}"
    for place, text in {1: FAMILY, 2: weight, 4: whole, 6: whole.replace(" ", "")}.items():
        font["name"].setName(text, place, 3, 1, 0x409)
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


if __name__ == "__main__":
    place = int(sys.argv[3])
    FONT.write_bytes(cut(Path(sys.argv[1]), place, letters()))
    BOLD.write_bytes(cut(Path(sys.argv[2]), place, letters(also_frequent=False), "Bold"))
