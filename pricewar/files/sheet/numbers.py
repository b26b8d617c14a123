"""Numbers as people write them: 1.234,5 and 1,234.5 and 1 234,5, ￥12.8万, 21 %, (3), ３.

Whether 1.234 is a thousand or a fraction is settled by the other cells of its column, or not at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .units import Unit, plain, unit_of

BLANK: Final = frozenset((
    "", "na", "n/a", "n.a.", "nan", "null", "none", "-", "--", "–", "—", "..", "...", "k.a.", "n.d.", "nd",
    "/", "无", "無", "暂无", "不详", "未知", "未公布",
))  # fmt: skip
"""Cells that say that nothing is known."""
_CORE: Final = r"\d[\d.,' ]*|[.,]\d+"
_SHAPE: Final = re.compile(
    rf"(?P<before>[^\d.,()+-]*)(?P<core>{_CORE})(?P<power>e[+-]?\d+)?(?P<after>[^\d]*)"
)
_BARE: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_GROUPED: Final = re.compile(r"\d{1,3}(?:([' ])\d{3})(?:\1\d{3})*")


@dataclass(frozen=True)
class Written:
    """A number as written, before its column has said which mark is the decimal one.

    Attributes:
        text: the cell.
        digits: digits and marks, blanks and apostrophes between thousands left out.
        marks: the decimal marks, "." or ",", with which the digits can be read; both where there is no mark.
        unit: what stands beside it.
        sign: 1 or -1.
        power: of ten, as "e+05"; empty without one.
        proves: whether a mark in it settles which one is the decimal one.
        fixed: the number itself, where the file holds a number and not a text.
    """

    text: str
    digits: str
    marks: str
    unit: Unit
    sign: float = 1.0
    power: str = ""
    proves: bool = False
    fixed: float | None = None

    @property
    def doubtful(self) -> bool:
        """Whether it is one number or another, depending on the decimal mark."""
        return self.fixed is None and len(self.marks) > 1 and not self.digits.isdigit()

    def value(self, mark: str) -> float:
        """The number with this decimal mark, its unit left out."""
        if self.fixed is not None:
            return self.fixed
        other = "," if mark == "." else "."
        return float(self.digits.replace(other, "").replace(mark, ".") + self.power) * self.sign


def written(cell: str) -> Written | None:
    """The parts of a number, or None if the cell is no number."""
    if _BARE.fullmatch(cell):  # nearly all cells of a long table
        return _made(cell, cell.removeprefix("-"), Unit(), -1.0 if cell[0] == "-" else 1.0)
    bare, sign = _signed(plain(cell))
    shape = _SHAPE.fullmatch(bare)
    if shape is None:
        return None
    unit = unit_of(f"{shape['before']} {shape['after']}")
    core = shape["core"].rstrip(" ")
    if unit is None or (core[-1] in ".,'" and shape["after"].strip()):
        return None
    digits = _ungrouped(core)
    if digits is None:
        return None
    return _made(cell, digits, unit, sign, shape["power"] or "", split=digits != core)


def _made(
    cell: str, digits: str, unit: Unit, sign: float, power: str = "", split: bool = False
) -> Written | None:
    """The number, None if neither decimal mark reads these digits; `split`: blanks kept thousands apart."""
    marks = _marks(digits, split or bool(power))
    return Written(cell, digits, marks, unit, sign, power, proves=len(marks) == 1) if marks else None


def _signed(text: str) -> tuple[str, float]:
    """The text without its sign, and the sign; parentheses and a minus at the end are negative, too."""
    text = re.sub(r"[−–‒﹣]", "-", text)
    if match := re.fullmatch(r"\(([^()]*)\)(\s*[^\d()]*)", text):
        return (match[1] + match[2]).strip(), -1.0
    if match := re.fullmatch(r"([^\d.,()+-]*)([+-])\s*(.*)", text):
        return (match[1] + match[3]).strip(), -1.0 if match[2] == "-" else 1.0
    if re.search(r"\d-$", text):
        return text[:-1].strip(), -1.0
    return text, 1.0


def _ungrouped(core: str) -> str | None:
    """Digits, points and commas, without blanks and apostrophes between thousands; None if astray."""
    if " " not in core and "'" not in core:
        return core
    head, mark, tail = re.fullmatch(r"([\d' ]*)([.,]?)(.*)", core).groups()  # type: ignore[union-attr]
    if not _GROUPED.fullmatch(head) or not re.fullmatch(r"\d*", tail) or (mark and not tail):
        return None
    return re.sub(r"[' ]", "", head) + mark + tail


def _marks(digits: str, no_groups: bool) -> str:
    """The decimal marks with which these digits can be read; none if with neither."""
    if "." not in digits and "," not in digits:
        return ".,"
    return "".join(mark for mark in ".," if _reads(digits, mark, no_groups))


def _reads(digits: str, mark: str, no_groups: bool) -> bool:
    other = "," if mark == "." else "."
    whole, _, part = digits.partition(mark)
    if not re.fullmatch(r"\d*", part) or not (whole or part):
        return False
    if other not in whole:
        return re.fullmatch(r"\d*", whole) is not None
    return not no_groups and re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(other)}\d{{3}})+", whole) is not None
