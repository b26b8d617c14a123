"""The words of a market in Chinese: 亿 and 万 in place of billions and thousands, 辆 for cars, 5月 for May.

A scale is a word and a divisor, so whatever divides money by the scale of its words comes out right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from .speech import language, say_name
from .words import CARS, SCALES, Scale, Words

YI: Final = Scale(1e8, "亿")
WAN: Final = Scale(1e4, "万")
MILLION: Final = Scale(1e6, "百万")
"""Between the two: books of firms are kept in 百万元."""
ONE: Final = SCALES[-1]
_FINER: Final = {YI: MILLION, MILLION: WAN, WAN: ONE, ONE: ONE}
_PERIODS: Final = {"day": "日", "week": "周", "month": "月", "quarter": "季度"}
_COUNTED: Final = {"day": "天", "week": "周", "month": "个月", "quarter": "个季度"}
_COUNTERS: Final = {CARS: "辆", "units": "件"}
"""What one of a number of units is called; others are counted by their own name."""
_DATE: Final = re.compile(r"(\d{4})-(?:W(\d\d)|Q(\d)|(\d\d)(?:-(\d\d))?)")


@dataclass(frozen=True)
class ChineseWords(Words):
    """The words of a market as a reader in China expects them."""

    scales: ClassVar[tuple[Scale, ...]] = (YI, WAN, ONE)
    of_units: ClassVar[tuple[Scale, ...]] = (YI, WAN, ONE)
    unknown: ClassVar[tuple[Scale, Scale, Scale, Scale]] = (YI, WAN, WAN, YI)

    @property
    def money(self) -> str:
        """The money: 元."""
        return say_name(self.currency) if self.currency else "货币单位"

    @property
    def sold(self) -> str:
        """What is sold."""
        return say_name(self.units)

    @property
    def unit(self) -> str:
        """The same: Chinese has no plural."""
        return self.sold

    @property
    def a_unit(self) -> str:
        """What one of it is called where it is counted: 辆."""
        return _COUNTERS.get(self.units, self.sold)

    @property
    def maker(self) -> str:
        """Who sells."""
        return "车企" if self.cars else "企业"

    @property
    def period(self) -> str:
        """A period: 月."""
        return _PERIODS[self.clock.unit]

    @property
    def time(self) -> str:
        """What an axis of time is called: 月份."""
        return {"month": "月份", "day": "日期"}.get(self.clock.unit, self.period)

    def periods(self, many: int) -> str:
        """A number of periods: 36个月."""
        return f"{many}{_COUNTED[self.clock.unit]}"

    @property
    def adverb(self) -> str:
        """How often something happens once a period: 月度."""
        return f"{self.period.removesuffix('度')}度"

    @property
    def short_time(self) -> str:
        """Half a year where periods are months; else as many periods."""
        return "半年" if self.clock.unit == "month" else self.periods(6)

    @property
    def counted(self) -> str:
        """Unit of an axis with numbers of units: 万辆."""
        return f"{self.many.word}{self.a_unit}"

    def axis(self, scale: Scale | None = None) -> str:
        """Unit of an axis or a table with money: 亿元."""
        return f"{(scale or self.total).word}{self.money}"

    def of_money(self, scale: Scale | None = None) -> str:
        """The same in a sentence."""
        return self.axis(scale)

    def amount(self, number: str, scale: Scale | None = None) -> str:
        """A number of money in a sentence, already scaled: 1.2亿元."""
        return f"{number}{' ' * number.endswith(']')}{self.axis(scale)}"

    def finer(self, scale: Scale) -> Scale:
        """The next scale below: of a firm's or a period's part of the whole."""
        return _FINER[scale]

    def prices(self, amount: float) -> str:
        """A price or an amount a unit: 128,000元."""
        return super().prices(amount).removesuffix(f" {self.currency}") + self.money


def words_here(tree: Mapping[str, Any]) -> Words:
    """The words of a scenario in the language spoken here, for what people read.

    Args:
        tree: all inputs, as `Words.of` takes them.
    """
    return (ChineseWords if language() == "zh" else Words).of(tree)


def say_date(moment: str) -> str:
    """A period as sentences name it: 2025-05, in Chinese 2025年5月; also weeks, quarters and days."""
    found = _DATE.fullmatch(moment)
    if language() != "zh" or found is None:
        return moment
    year, week, quarter, month, day = found.groups()
    if week or quarter:
        return f"{year}年第{int(week)}周" if week else f"{year}年第{quarter}季度"
    return f"{year}年{int(month)}月" + (f"{int(day)}日" if day else "")
