"""Calendar months as text ("2025-05"): the clock of scenario files."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Final

from pydantic import StringConstraints

Month = Annotated[str, StringConstraints(pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])$")]
"""A calendar month written as YYYY-MM, from 1000-01 to 2999-12, so that months compare as text does."""
DAYS_A_MONTH: Final = 365.0 / 12.0


def months_between(start: str, month: str) -> int:
    """Number of months from `start` to `month`; negative if `month` lies before."""
    return _ordinal(month) - _ordinal(start)


def month_after(start: str, periods: int) -> str:
    """The month that lies `periods` months after `start`."""
    year, index = divmod(_ordinal(start) + periods, 12)
    return f"{year:04d}-{index + 1:02d}"


@lru_cache(maxsize=4096)
def _ordinal(month: str) -> int:
    year, index = month.split("-")
    return int(year) * 12 + int(index) - 1
