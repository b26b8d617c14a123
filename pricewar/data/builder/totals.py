"""Units of the market and of each maker in a month of the history: means of the quarter that ends with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from pricewar.base.months import month_after, months_between
from pricewar.data import MarketData
from pricewar.data.history import LAST, History

from .rows import Figure, found

FIRST: Final = "2022-12"
SPAN: Final = months_between(FIRST, LAST)
QUARTER: Final = 3
OTHERS: Final = "asian-us"
"""The composite of April 2025 that stands, before it, for all makers without a row of their own."""
COMPOSITE: Final = {"volkswagen": "german", "bmw": "german", "others": OTHERS}
"""Makers of the history -> the composite of April 2025 that holds them."""
APART: Final = 0.97
"""Largest part of the market that named makers take: assumed figures give way until the rest is left."""


@dataclass(frozen=True)
class Moment:
    """A month of the history, between the two markets that are known model by model."""

    month: str
    history: History
    last: MarketData
    """The market of April 2025."""

    @property
    def weight(self) -> float:
        """How far the month lies on the way from December 2022 to April 2025, 0 to 1."""
        return months_between(FIRST, self.month) / SPAN

    @property
    def quarter(self) -> list[str]:
        """The three months that end with this one."""
        return [month_after(self.month, -back) for back in range(QUARTER)]

    def between(self, first: float, last: float) -> float:
        """A figure on the straight line between its values in December 2022 and in April 2025."""
        return (1.0 - self.weight) * first + self.weight * last

    def total(self, entity: str) -> float:
        """Cars a month of all makers, "total-nev" or "total-passenger"."""
        monthly = self.history.monthly
        rows = monthly[(monthly["entity"] == entity) & monthly["month"].isin(self.quarter)]
        for metric in ("retail_domestic", "all_cars"):
            known = rows[rows["metric"] == metric].groupby("month")["value"].mean()
            if len(known) == QUARTER:
                return float(known.mean())
        return float(rows.groupby("month")["value"].mean().mean())


def firm_units(moment: Moment) -> dict[str, Figure]:
    """Each maker's cars a month at home; makers that are not named are `others`."""
    known = _in_december_2022(moment.history) if moment.month == FIRST else _later(moment)
    nev = moment.total("total-nev")
    sure = {firm: f for firm, f in known.items() if f.confidence != "assumed"}
    rest = APART * nev - sum(float(f.value) for f in sure.values())
    guessed = sum(float(f.value) for firm, f in known.items() if firm not in sure and firm != OTHERS)
    shrink = min(1.0, max(rest, 0.0) / guessed) if guessed > 0 else 1.0
    units = {
        firm: f if firm in sure else Figure(float(f.value) * shrink, f.source, f.confidence, f.spread, f.note)
        for firm, f in known.items()
        if firm != OTHERS
    }
    left = round(nev) - sum(round(float(f.value)) for f in units.values())
    units = {firm: Figure(float(round(float(f.value))), f.source, f.confidence, f.spread, f.note)
             for firm, f in units.items()}  # fmt: skip
    how = "computed: new-energy retail of the quarter over 3, less the makers named here"
    return {firm: f for firm, f in units.items() if float(f.value) > 0} | {
        OTHERS: Figure(float(left), how, "computed", 0.2)
    }


def _in_december_2022(history: History) -> dict[str, Figure]:
    """Fourth quarter of 2022; makers without a total of their own by their models."""
    totals = history.firms[history.firms["metric"] == "nev_units_2022q4_china"]
    totals = totals[~totals["firm"].str.startswith("total")]
    units = {}
    for row in totals.itertuples():
        source, confidence = found(row.source, row.confidence)
        note = f"fourth quarter over 3; {row.note}"
        units[str(row.firm)] = Figure(float(str(row.value)) / QUARTER, source, confidence, 0.05, note)
    by_model = history.models.groupby("firm")["units_2022q4"].sum()
    for firm, cars in by_model.items():
        if firm not in units:
            units[str(firm)] = Figure(float(cars) / QUARTER, "computed: sum of its models", "computed", 0.2)
    return _composed(units)


def _composed(units: Mapping[str, Figure]) -> dict[str, Figure]:
    """The makers that April 2025 holds as composites, added up."""
    made: dict[str, Figure] = {}
    for firm, figure in units.items():
        name = COMPOSITE.get(firm, firm)
        if name in made:
            how = "computed: sum of the makers that the composite holds"
            made[name] = Figure(float(made[name].value) + float(figure.value), how, "computed", 0.1)
        else:
            made[name] = figure
    return made


def _later(moment: Moment) -> dict[str, Figure]:
    first, last = _in_december_2022(moment.history), moment.last.firms["units"]
    nev = moment.total("total-nev")
    before = float(pd.Series({k: float(f.value) for k, f in first.items()}).sum())
    units: dict[str, Figure] = {}
    for firm in dict.fromkeys([*last.index, *first]):
        reported = _reported(moment, str(firm))
        if reported is not None:
            units[str(firm)] = reported
            continue
        then = float(first[firm].value) / before if firm in first else 0.0
        later = float(last[firm]) / float(last.sum()) if firm in last.index else 0.0
        how = "assumed: on the line between its shares of December 2022 and April 2025"
        units[str(firm)] = Figure(moment.between(then, later) * nev, how, "assumed", 0.3)
    return units


def _reported(moment: Moment, firm: str) -> Figure | None:
    """A maker's mean of the quarter where two months or more are reported; else of what it made, at home."""
    own = moment.history.units(firm)
    known = own[own.index.isin(moment.quarter)]
    if len(known) >= QUARTER - 1:
        rows = moment.history.monthly
        at = (rows["entity"] == firm) & rows["month"].isin(moment.quarter) & rows["model"].isna()
        source = rows.loc[at & rows["source"].str.startswith("http"), "source"]
        how = f"computed: mean of {len(known)} months, the last from {source.iloc[-1]}" if len(source) else (
            f"computed: mean of {len(known)} months, recollected"
        )  # fmt: skip
        return Figure(float(known.mean()), how, "computed", 0.05)
    made = moment.history.units(firm, ("wholesale_incl_export", "nev_sales_incl_export_commercial"))
    home = moment.history.units(firm, ("retail_domestic",))
    both = (home / made).dropna()
    now = made[made.index.isin(moment.quarter)]
    if len(now) < QUARTER - 1 or len(both) < 2:
        return None
    place = months_between(FIRST, moment.month)
    at = pd.Series({months_between(FIRST, str(month)): ratio for month, ratio in both.items()})
    at = at.reindex(range(int(min(at.index.min(), place)), int(max(at.index.max(), place)) + 1))
    share = float(at.interpolate(limit_direction="both")[place])
    how = (
        f"computed: wholesale of {len(now)} months times {share:.2f}, the part sold at home by interpolation"
    )
    return Figure(float(now.mean()) * share, how, "computed", 0.1)
