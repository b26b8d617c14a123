"""China's makers of electric cars from January 2022 to April 2025: what was sold, cut, promised and earned.

Seven tables of facts, each row with its source and confidence; money in CNY, units in cars. Makers that
report less (Geely, Chery, Great Wall, Changan) announce moves that were not found: their rates of cutting
are lower bounds. Rows that are recollected say so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Final

import numpy as np
import pandas as pd

__all__ = ["LAST", "History", "load_history"]

FOLDER: Final = "china_nev_history"
LAST: Final = "2025-04"
"""Last month of the tables: nothing later is in any of them."""
UNITS: Final = ("retail_domestic", "deliveries", "wholesale")
"""Metrics of a maker's monthly units at home, the best first; deliveries hold some exports."""


@dataclass(frozen=True)
class History:
    """The tables as they are in the files, empty cells NaN.

    Attributes:
        moves: announced moves of prices, one a row: `announced` (a day or a month), `firm`, `role` (lead,
            follow, launch, raise), `trigger`, `cut_pct`, `cut_cny`, `price_before_cny`, `kind`.
        targets: annual targets as announced, revisions in rows of their own: `firm`, `year`, `announced`,
            `target_units`, `scope`, `actual_units`.
        monthly: `month`, `entity`, `model` (NaN: the whole firm), `metric`, `value`. Metrics are never mixed.
        margins: `firm`, `period` (a year, a half or a quarter), `metric`, `value`.
        models: the models on sale in December 2022, with the units of the fourth quarter.
        firms: figures of makers as they stood at the end of 2022.
        market: totals and rules as they stood at the end of 2022.
    """

    moves: pd.DataFrame
    targets: pd.DataFrame
    monthly: pd.DataFrame
    margins: pd.DataFrame
    models: pd.DataFrame
    firms: pd.DataFrame
    market: pd.DataFrame

    def units(self, firm: str, metrics: tuple[str, ...] = UNITS) -> pd.Series[float]:
        """A maker's cars a month at home, by month; each month by the first metric that has it."""
        own = self.monthly[(self.monthly["entity"] == firm) & self.monthly["model"].isna()]
        found = [own[own["metric"] == metric].groupby("month")["value"].mean() for metric in metrics]
        best = found[0]
        for other in found[1:]:
            best = best.combine_first(other)
        return best.sort_index()

    def without(self, year: str) -> History:
        """The same, but for the moves announced in a year."""
        return replace(self, moves=self.moves[self.moves["announced"].str[:4] != year])

    def cuts(self) -> pd.DataFrame:
        """Announced cuts (roles lead and follow) with `month` and `size`, a fraction; NaN where unknown."""
        moves = self.moves[self.moves["role"].isin(("lead", "follow"))]
        size = moves["cut_pct"].fillna(100.0 * moves["cut_cny"] / moves["price_before_cny"]) / 100.0
        return moves.assign(month=moves["announced"].str[:7], size=size)


@lru_cache(maxsize=1)
def load_history() -> History:
    """Read the history that ships with the package."""
    names = {
        "moves": "moves", "targets": "targets", "monthly": "monthly", "margins": "margins",
        "models": "models_2022_12", "firms": "firms_2022_12", "market": "market_2022_12",
    }  # fmt: skip
    return History(**{name: _read(file) for name, file in names.items()})


def _read(name: str) -> pd.DataFrame:
    path = files("pricewar.data").joinpath(FOLDER, f"{name}.csv")
    with path.open("r", encoding="utf-8") as handle:
        table = pd.read_csv(handle, dtype={"year": str, "period": str, "announced": str, "launch": str})
    return table.replace({"": np.nan})
