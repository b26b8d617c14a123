"""What buyers gain against the baseline: in money, per car, and in per cent of an income fifth's own surplus.

A level of surplus means nothing, so no level is given. All intervals are 95% over seeds, of what seeds draw.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from pricewar.base.arguments import maybe, takes, text
from pricewar.base.arrays import Floats
from pricewar.results.store import Results

from .compare import accrued, can_accrue
from .interval import Interval, interval
from .panel import panel, position, total

GROUPS: Final = ("all", "1", "2", "3", "4", "5")
"""All buyers, and the fifths of the income distribution of shoppers, the poorest first."""
LEAST: Final = 0.001
"""Share of all buyers' surplus below which a per cent of a group's own means nothing."""


def percent_of_own(gain: Floats, own: Floats, everybody: Floats) -> Floats:
    """Gains in per cent of a group's own surplus; NaN where a run leaves the group next to none, or less.

    Buyers who are misled by remembered prices can lose by buying. Over a surplus near nought or below it a
    per cent would be huge, and of the wrong sign.

    Args:
        gain: (runs, ...) money.
        own: (runs, ...) the group's surplus without the change.
        everybody: (runs, ...) that of all buyers.
    """
    known = (own > LEAST * np.abs(everybody)).all(axis=0)
    return np.where(known, 100.0 * gain / np.where(own == 0.0, 1.0, own), np.nan)


@takes(results=Results, baseline=maybe(text))
def gains(results: Results, baseline: str | None = None) -> pd.DataFrame:
    """What buyers gain in each scenario against the baseline with the same seeds, over the whole run.

    Orders open at the end are in it, where all scenarios end in the same month: what their buyers will get
    back or miss beyond what they counted on.

    Args:
        results: runs of one or more scenarios with common seeds.
        baseline: the scenario to compare with; `results.baseline` if None.

    Returns:
        A row for each scenario but the baseline and each of `GROUPS`: scenario, group; `money`, CNY;
        `per_car`, CNY for each car ordered in the baseline, NaN for the fifths, whose cars are not counted
        apart; `percent` of the group's own surplus in the baseline, NaN where it has next to none
        (`percent_of_own`); each with `_lo` and `_hi`, NaN with one seed.

    Raises:
        ResultsError: the baseline is not among the scenarios.
    """
    base = position(results, baseline)
    names = ["consumer_surplus", *(f"consumer_surplus_{group}" for group in GROUPS[1:])]
    data = panel(results, "market", ("orders", *names))
    whole = np.stack([total(data[name], "sum", axis=2)[:, :, 0] for name in names], axis=-1)
    if can_accrue(results):
        whole = whole + accrued(results, names)
    cars = total(data["orders"], "sum", axis=2)[base, :, 0]
    rows = []
    for s, scenario in enumerate(results.scenarios):
        if s == base:
            continue
        money = whole[s] - whole[base]
        found = {
            "money": interval(money),
            "per_car": interval(money / cars[:, None]),
            "percent": interval(percent_of_own(money, whole[base], whole[base][:, :1])),
        }
        rows += [_row(scenario, place, found) for place in range(len(GROUPS))]
    return pd.DataFrame(rows)


def _row(scenario: str, place: int, found: dict[str, Interval]) -> dict[str, str | float]:
    row: dict[str, str | float] = {"scenario": scenario, "group": GROUPS[place]}
    for name, span in found.items():
        known = name != "per_car" or place == 0
        ends: tuple[Floats, ...] = (span.mean, span.lo, span.hi)
        for end, values in zip(("", "_lo", "_hi"), ends, strict=True):
            row[f"{name}{end}"] = float(values[place]) if known else np.nan
    return row
