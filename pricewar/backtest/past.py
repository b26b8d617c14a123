"""Monthly figures up to the base month as log series: market totals, and firms' shares of it.

Metrics are never mixed: a firm's share is its own metric (home retail, deliveries, or wholesale with
exports) over new-energy retail, and only its changes are used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pricewar.base.arrays import Floats
from pricewar.base.months import month_after

SERIES = {
    "byd": "wholesale_incl_export",
    "leapmotor": "deliveries",
    "li-auto": "deliveries",
    "nio": "deliveries",
    "tesla": "retail_domestic",
    "xpeng": "deliveries",
}
"""Firms with a figure for each month of 2024 and 2025, and which."""


@dataclass(frozen=True)
class Past:
    """What was known at the end of a month."""

    months: tuple[str, ...]
    passenger: Floats
    """(T,) cars sold at retail."""
    nev: Floats
    """(T,) new-energy cars sold at retail."""
    firms: tuple[str, ...]
    units: Floats
    """(F, T) each firm's own series."""

    locked: tuple[str, ...] = ()
    """Months that say nothing of a season or a share, since plants and shops were shut."""

    @property
    def even(self) -> Past:
        """The same with locked months on the line, in logs, between their neighbours; units too."""
        place = np.arange(len(self.months))
        free = np.array([month not in self.locked for month in self.months])

        def filled(series: Floats) -> Floats:
            line = np.interp(place, place[free], np.log(series[free]))
            return np.where(free, series, np.exp(line))

        units = np.stack([filled(row) for row in self.units])
        return replace(self, passenger=filled(self.passenger), nev=filled(self.nev), units=units)

    @property
    def log_share(self) -> Floats:
        """(F, T) log of units over new-energy retail."""
        return np.log(self.units / self.nev)

    @property
    def penetration(self) -> Floats:
        """(T,) log odds of a new-energy car among cars sold."""
        return np.log(self.nev / (self.passenger - self.nev))

    def until(self, month: str) -> Past:
        """What was known at the end of an earlier month."""
        n = self.months.index(month) + 1
        cut = self.passenger[:n], self.nev[:n], self.firms, self.units[:, :n]
        return Past(self.months[:n], *cut, self.locked)

    def position(self, ahead: int = 0) -> NDArray[np.int64]:
        """(T + ahead,) month of the quarter, 0 to 2, of each month and of those that follow."""
        later = [month_after(self.months[-1], k) for k in range(1, ahead + 1)]
        return np.array([(int(month[5:]) - 1) % 3 for month in (*self.months, *later)])


def past_of(history: pd.DataFrame) -> Past:
    """Read the months that every series has, in order, up to the last.

    Args:
        history: month, entity, metric, value, as `load_market_data().history`.
    """
    wide = history.pivot(index="month", columns=["entity", "metric"], values="value").sort_index()
    total = {name: wide[(name, "retail_domestic")] for name in ("total-passenger", "total-nev")}
    series = pd.DataFrame(total | {firm: wide[(firm, metric)] for firm, metric in SERIES.items()}).dropna()
    firms = tuple(SERIES)
    return Past(
        months=tuple(str(month) for month in series.index),
        passenger=series["total-passenger"].to_numpy(float),
        nev=series["total-nev"].to_numpy(float),
        firms=firms,
        units=series[list(firms)].to_numpy(float).T,
    )
