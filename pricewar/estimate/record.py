"""The record of 2023 to April 2025 as moments, each with its error and what it speaks to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from pricewar.base.months import month_after
from pricewar.base.records import Floats
from pricewar.campaigns.record import FIRST, MAKERS, MONTHS, USUAL_CUT, panel
from pricewar.data.history import History, load_history

from .moments import MOMENTS, Seen, moments_of

QUARTERS: Final = MONTHS // 3
"""From the first quarter of 2023 to the first of 2025."""
MARGINS: Final = ("vehicle_margin_pct", "gross_margin_pct")
"""Metrics of a maker's margin, the best first."""


@dataclass(frozen=True)
class Target:
    """One moment of the record.

    Attributes:
        name: as in `MOMENTS`.
        error: standard deviation of what a perfect model would still miss it by, beside the luck of a run:
            error of measurement and what is left out of the model; assumed.
        speaks_to: parameters that it is there for.
        why: of the error.
    """

    name: str
    error: float
    speaks_to: tuple[str, ...]
    why: str


TARGETS: Final = (
    Target("leads", 2.0, ("lead_level",), "who led is a judgement for one move in ten"),
    Target("follows", 2.0, ("follow_level", "follow_size"), "the same"),
    Target("variance", 0.1, ("follow_size", "follow_level"), "one month's move dated to the next"),
    Target("autocorrelation", 0.1, ("follow_size",), "the same"),
    Target("largest_pair", 0.7, ("follow_size", "follow_level"), "the same"),
    Target("announced", 0.01, ("lead_size",), "half of the sizes are of the entry trim"),
    Target("share_sd", 0.15, ("firm_sd", "new_money", "own_elasticity"),
           "launches, plants and holidays move shares too"),
    Target("share_memory", 0.15, ("firm_memory",), "the same, and the pattern of a quarter"),
    Target("own_cut", 0.3, ("own_elasticity", "new_money", "income_elasticity"),
           "cuts are dated by the day, cars by the month"),
    Target("total_sd", 0.01, ("market_sd",), "the trade-in subsidy of late 2024, and the ends of subsidies"),
    Target("margin_change", 2.0, ("pass_through", "learning_rate", "new_money", "squeeze"),
           "new models, and business other than cars of Leapmotor"),
    Target("margin_sd", 0.7, ("new_money", "lead_level", "variable_share"), "write-downs and credits"),
    Target("margin_on_volume", 2.0, ("variable_share", "own_elasticity", "pass_through"),
           "margins and cars move with new models too"),
)  # fmt: skip
assert tuple(target.name for target in TARGETS) == MOMENTS


def recorded(history: History | None = None) -> dict[str, float]:
    """The moments of the record, January 2023 to April 2025.

    Args:
        history: the record; the shipped one if None.
    """
    return moments_of(seen_in_record(history or load_history()))


def seen_in_record(history: History) -> Seen:
    """What moments of the record are taken of: six makers, 28 months, nine quarters and the one before."""
    seen = panel(history)
    months = [month_after(FIRST, t) for t in range(MONTHS)]
    total = history.monthly[history.monthly["entity"] == "total-nev"].groupby("month")["value"].mean()
    cars = np.array([history.units(maker).reindex(months).to_numpy(float) for maker in MAKERS]).T
    whole = total.reindex(months).to_numpy(float)
    return Seen(
        first=int(FIRST[5:]) - 1,
        leads=seen.leads,
        follows=seen.follows,
        announced=_announced(history, months),
        share=cars / whole[:, None],
        total=whole,
        margin=_by_quarter(history, MARGINS),
        cars=_by_quarter(history, ("deliveries",)),
    )


def _announced(history: History, months: list[str]) -> Floats:
    """(T, F) largest cut announced in a month; of unknown size: the usual one."""
    cuts = history.cuts()
    largest = cuts.assign(size=cuts["size"].fillna(USUAL_CUT)).groupby(["month", "firm"])["size"].max()
    return np.array([[float(largest.get((m, f), 0.0)) for f in MAKERS] for m in months])


def _by_quarter(history: History, metrics: tuple[str, ...]) -> Floats:
    """(Q + 1, F) figures of makers by quarter, from the fourth of 2022; NaN where none is published."""
    first = 2022 * 4 + 3
    names = [f"{q // 4}Q{q % 4 + 1}" for q in range(first, first + QUARTERS + 1)]
    table = history.margins
    found = np.full((len(names), len(MAKERS)), np.nan)
    for metric in reversed(metrics):
        own = table[table["metric"] == metric].groupby(["period", "firm"])["value"].mean()
        values = np.array([[float(own.get((q, f), np.nan)) for f in MAKERS] for q in names])
        found = np.where(np.isnan(values), found, values)
    return found
