"""The clock of a market: periods of a day, a week, a month or a quarter, and the dates that they stand for.

A scenario states its first period and how long a period is. Everything that is stated in calendar time (a
month, a date, "a year", days) is turned into periods here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints

from .months import month_after, months_between

Unit = Literal["day", "week", "month", "quarter"]
"""How long a period is."""
DAYS_A_YEAR: Final = 365.0
_MONTHS: Final[dict[str, int]] = {"month": 1, "quarter": 3}
_DAYS: Final[dict[str, int]] = {"day": 1, "week": 7}
_MIDDLE: Final = 3
"""Days from the first day of a week to the middle one: a week is called as the ISO week that holds it."""


def _real(when: str) -> str:
    first_day(when)
    return when


PATTERN: Final = (
    r"^[12][0-9]{3}-((0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?|W(0[1-9]|[1-4][0-9]|5[0-3])|Q[1-4])$"
)
Moment = Annotated[str, StringConstraints(pattern=PATTERN), AfterValidator(_real)]
"""A month (2025-05), a date (2025-05-12), an ISO week (2025-W20) or a quarter (2025-Q2). Moments of one form
compare as text does."""
Period = Annotated[int, Field(ge=0, le=100_000)]
"""Number of a period, from 0."""


@dataclass(frozen=True)
class Clock:
    """Which date a period stands for, and how long it is.

    Args:
        start: the first period: a month, or a date for days and weeks, of which a month means its first day.
        unit: how long a period is.
    """

    start: str
    unit: Unit = "month"

    @classmethod
    def of(cls, start: Clock | str) -> Clock:
        """A clock as it is; of a month alone, one that counts months from it."""
        return start if isinstance(start, Clock) else cls(start)

    @property
    def months_a_period(self) -> float:
        """Length of a period in months; 1 for a month, exactly."""
        return float(_MONTHS.get(self.unit, 0)) or _DAYS[self.unit] * 12.0 / DAYS_A_YEAR

    @property
    def days_a_period(self) -> float:
        """Length of a period in days; a month is a twelfth of 365."""
        return float(_DAYS.get(self.unit, 0)) or _MONTHS[self.unit] * (DAYS_A_YEAR / 12.0)

    @property
    def weeks_a_period(self) -> float:
        """Length of a period in weeks; a month is a twelfth of 52."""
        return _DAYS[self.unit] / 7.0 if self.unit in _DAYS else _MONTHS[self.unit] * (52.0 / 12.0)

    @property
    def periods_a_year(self) -> float:
        """Periods in a year; 12 for a month, exactly."""
        return 12.0 / _MONTHS[self.unit] if self.unit in _MONTHS else DAYS_A_YEAR / _DAYS[self.unit]

    @property
    def a_year(self) -> int:
        """Whole periods in a year."""
        return round(self.periods_a_year)

    @property
    def by_months(self) -> bool:
        """Whether periods are whole months, so that a month is the smallest date there is."""
        return self.unit in _MONTHS

    def label(self, period: int) -> str:
        """The period in tables: "2025-05", "2025-Q2", "2025-W20" or "2025-05-12"."""
        if self.unit == "month":
            return month_after(self.start, period)
        if self.unit == "quarter":  # called as the quarter of the year that holds its middle month
            year, month = month_after(self.start, 3 * period + 1).split("-")
            return f"{year}-Q{(int(month) + 2) // 3}"
        day = self._begin + timedelta(days=_DAYS[self.unit] * period)
        if self.unit == "day":
            return day.isoformat()
        iso = (day + timedelta(days=_MIDDLE)).isocalendar()
        return f"{iso.year:04d}-W{iso.week:02d}"

    def period_of(self, moment: str) -> int:
        """The period that a moment begins with; negative before the start.

        A week belongs to the month that holds its middle day, and a quarter to the quarter of the year that
        holds its middle month, so that what lasts until May is over when what begins in June begins.
        """
        begin, last = first_day(moment), last_day(moment)
        if self.unit == "quarter":
            return (self._months_to(last) - self._is_quarter(moment)) // 3
        if self.unit == "month":
            return self._months_to(begin)
        long, days = _DAYS[self.unit], (begin - self._begin).days
        return days // long if begin == last else -((_MIDDLE * (long == 7) - days) // long)

    def last_of(self, moment: str) -> int:
        """The last period that belongs to a moment: until then lasts what has it as its end."""
        begin, last = first_day(moment), last_day(moment)
        if self.unit == "quarter":
            return (self._months_to(last) - self._is_quarter(moment)) // 3
        if self.unit == "month":
            return self._months_to(last)
        long, days = _DAYS[self.unit], (last - self._begin).days
        return (days if begin == last else days - _MIDDLE * (long == 7)) // long

    def date_of(self, period: int) -> date:
        """First day of a period."""
        if self.by_months:
            return first_day(month_after(self.start, _MONTHS[self.unit] * period))
        return self._begin + timedelta(days=_DAYS[self.unit] * period)

    def _months_to(self, day: date) -> int:
        return months_between(self.start, f"{day.year:04d}-{day.month:02d}")

    @staticmethod
    def _is_quarter(moment: str) -> int:
        return int(moment[5] == "Q")

    @cached_property
    def _begin(self) -> date:
        return first_day(self.start)


@lru_cache(maxsize=4096)
def first_day(moment: str) -> date:
    """First day of a month, a date, an ISO week or a quarter.

    Raises:
        ValueError: there is no such day or week.
    """
    year, _, rest = moment.partition("-")
    if rest.startswith("W"):
        return date.fromisocalendar(int(year), int(rest[1:]), 1)
    if rest.startswith("Q"):
        return date(int(year), 3 * int(rest[1:]) - 2, 1)
    return date.fromisoformat(moment if "-" in rest else f"{moment}-01")


@lru_cache(maxsize=4096)
def last_day(moment: str) -> date:
    """Last day of a month, a date, an ISO week or a quarter."""
    first, rest = first_day(moment), moment.partition("-")[2]
    if rest.startswith("W"):
        return first + timedelta(days=6)
    if "-" in rest:
        return first
    month = f"{first.year:04d}-{first.month:02d}"
    return first_day(month_after(month, 3 if rest.startswith("Q") else 1)) - timedelta(days=1)
