"""What is said of a market beside its table, and what is assumed where nothing is said."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, get_args

from pricewar.base.clock import Unit, first_day
from pricewar.files.fresh import is_device

Wrong = tuple[str, str, str]
"""Place, what was found, what is allowed."""
PERIODS: Final[tuple[str, ...]] = get_args(Unit)
KINDS: Final = ("Logit", "NestedLogit", "MixedLogit", "Linear")
"""Demand that can be calibrated to any table with an elasticity; `Hotelling` is stated by hand."""
OUTSIDE: Final = 0.5
ELASTICITY: Final = -3.0
LOWEST, HIGHEST = -15.0, -0.5
"""Own-price elasticities between which a scenario's must lie."""
RHO: Final = 0.5
SHOPPERS: Final = 1_000_000.0
"""Where shares say nothing of how many people they are shares of."""
START: Final = {"day": "2026-01-05", "week": "2026-01-05", "month": "2026-01", "quarter": "2026-01"}
LENGTH: Final = {"day": 56, "week": 52, "month": 24, "quarter": 12}
"""Periods of a run."""
CUT: Final = {"day": 14, "week": 8, "month": 6, "quarter": 4}
"""Periods that the example of a cut lasts."""
CUT_FROM: Final = 2
"""First period of that cut, so that a figure shows the market before it."""
DEPTH: Final = 0.15
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Wishes:
    """What a table cannot say. None: it is assumed, and the file says so.

    Attributes:
        name: of the market and of its files.
        period: "day", "week", "month" or "quarter", over which quantities and capacities are counted.
        start: first period: a month, or a date where a period is a day or a week.
        currency: name of the money, such as "EUR"; None: as the table's column of prices names it.
        unit: what is sold, in the plural, such as "baskets".
        outside: part of the shoppers who buy none of the products, between 0 and 1.
        market_size: people who consider buying in a period, in place of `outside`.
        demand: Logit, NestedLogit, MixedLogit or Linear.
        nests: column of the table whose values are the nests; it means a nested logit.
        rho: correlation within nests, from 0 to below 1.
        elasticity: unit-weighted mean own-price elasticity, -15 to below -0.5.
    """

    name: str
    period: str = "month"
    start: str | None = None
    currency: str | None = None
    unit: str = "units"
    outside: float | None = None
    market_size: float | None = None
    demand: str | None = None
    nests: str | None = None
    rho: float | None = None
    elasticity: float | None = None

    @property
    def kind(self) -> str:
        """The kind of demand."""
        return self.demand or ("NestedLogit" if self.nests else "Logit")

    def problems(self) -> Iterator[Wrong]:
        """What is wrong with these, without looking at the table."""
        if not _NAME.fullmatch(self.name) or len(self.name) > 70:
            yield "--name", repr(self.name), "letters, digits, - and _, at most 70"
        if is_device(self.name):
            yield "--name", repr(self.name), "a name that Windows does not keep for a device"
        if self.period not in PERIODS:
            yield "--period", repr(self.period), f"one of {', '.join(PERIODS)}"
        if self.start is not None and not _is_moment(self.start):
            yield "--start", repr(self.start), "a month such as 2026-01, or a date such as 2026-01-05"
        if self.outside is not None and not 0.0 < self.outside < 1.0:
            yield (
                "--outside",
                f"{self.outside:g}",
                "above 0 and below 1: the part of shoppers who buy nothing",
            )
        if self.market_size is not None and not 0.0 < self.market_size < math.inf:
            yield "--market-size", f"{self.market_size:g}", "a number above zero"
        if self.outside is not None and self.market_size is not None:
            yield "--outside", f"{self.outside:g}, with --market-size {self.market_size:g}", "one of the two"
        yield from self._of_demand()

    def _of_demand(self) -> Iterator[Wrong]:
        if self.kind not in KINDS:
            yield "--demand", repr(self.kind), f"one of {', '.join(KINDS)}"
        if (self.kind == "NestedLogit") != (self.nests is not None):
            found = f"{self.kind}, {'with' if self.nests else 'without'} --nests"
            yield "--demand", found, "NestedLogit with --nests COLUMN, or another kind without it"
        if self.rho is not None and (self.nests is None or not 0.0 <= self.rho < 1.0):
            yield "--rho", f"{self.rho:g}", "0 to below 1, with --nests COLUMN"
        if self.elasticity is not None and not LOWEST <= self.elasticity < HIGHEST:
            yield "--elasticity", f"{self.elasticity:g}", f"{LOWEST:g} to below {HIGHEST:g}"


def _is_moment(text: str) -> bool:
    try:
        first_day(text)
    except ValueError:
        return False
    return True
