"""Wars of a simulated market as the record counts them: firm-months with a cut, their clusters, sizes,
leaders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pricewar.base.months import months_between
from pricewar.base.records import Flags, Record
from pricewar.campaigns.record import MAKERS, Waves
from pricewar.results import Results


@dataclass(frozen=True)
class Simulated(Record):
    """Firm-months of S runs, T months, F makers."""

    makers: tuple[str, ...]
    first: str
    leads: Flags
    """(S, T, F) months in which a maker started a campaign of its own accord."""
    follows: Flags
    """(S, T, F) months in which it answered one and started none."""

    @property
    def cuts(self) -> Flags:
        """(S, T, F) months with either."""
        return np.asarray(self.leads | self.follows)

    def only(self, months: Sequence[str]) -> Simulated:
        """The months named alone, in their order."""
        at = [months_between(self.first, month) for month in months]
        return Simulated(self.makers, months[0], self.leads[:, at], self.follows[:, at])

    def waves(self, first: str | None = None, months: int | None = None) -> Waves:
        """How clustered the cuts of each run are, in all months or in some of them."""
        start = 0 if first is None else months_between(self.first, first)
        end = self.cuts.shape[1] if months is None else start + months
        return Waves.of(self.cuts[:, start:end])


def simulated(
    campaigns: pd.DataFrame, seeds: Sequence[int], first: str, months: int, makers: tuple[str, ...] = MAKERS
) -> Simulated:
    """Firm-months of the table of campaigns of one scenario.

    Args:
        campaigns: as `Results.campaigns`, one scenario.
        seeds: all seeds that ran, those without a campaign too.
        first: first month.
        months: how many.
        makers: whose.
    """
    shape = len(seeds), months, len(makers)
    leads, follows = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    place = {seed: at for at, seed in enumerate(seeds)}
    known = campaigns[campaigns["firm"].isin(makers) & campaigns["seed"].isin(place)]
    for row in known.itertuples():
        at = place[int(str(row.seed))], months_between(first, str(row.month)), makers.index(str(row.firm))
        if 0 <= at[1] < months:
            (leads if row.role == "lead" else follows)[at] = True
    return Simulated(makers, first, leads, follows & ~leads)


def sizes(
    results: Results, makers: tuple[str, ...] = MAKERS, months: Sequence[str] | None = None
) -> dict[str, float]:
    """Median announced cut, that of leaders alone, share of leads by BYD and Tesla; of all months or some."""
    table = results.campaigns
    own = table[table["firm"].isin(makers)]
    own = own if months is None else own[own["month"].isin(months)]
    leads = own[own["role"] == "lead"]
    return {
        "announced": float(own["announced"].median()),
        "led": float(leads["announced"].median()),
        "by_two": float(leads["firm"].isin(("byd", "tesla")).mean()) if len(leads) else float("nan"),
    }
