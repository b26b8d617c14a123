"""What one sees in a run, in two sentences with its numbers."""

from __future__ import annotations

import calendar
from typing import Any, Final

import numpy as np
import pandas as pd

from pricewar.scenario.tree import Scenario

SEEN: Final = 1.0
"""Depth below what costs explain, in percent of the price, from which a price counts as cut (assumed: what a
reader can see in the chart)."""


def told(scenario: Scenario, firms: pd.DataFrame, market: pd.DataFrame) -> str:
    """Who cuts deepest and when, how many others cut, and how far the war goes.

    Args:
        scenario: what was run, for names.
        firms: (T x F) rows of one run: period, firm, active, price_change, reference_change (fractions).
        market: (T,) rows of the same run: month, war_index (percent).
    """
    below = _wide(firms, "reference_change") - _wide(firms, "price_change")
    depth = 100.0 * below.where(_wide(firms, "active").astype(bool)).fillna(0.0)
    deepest = depth.max()
    cutters = deepest[deepest >= SEEN].sort_values(ascending=False)
    if cutters.empty:
        who = scenario.words.maker
        return f"Peace: no {who}'s prices fall more than {SEEN:g}% below what its costs explain."
    first, others = str(cutters.index[0]), len(cutters) - 1
    when = market["month"].iloc[int(depth[first].to_numpy().argmax())]
    rivals = len(scenario.firms) - 1
    answer = (
        f"{others} of {rivals} rivals {'cut' if others > 1 else 'cuts'} too" if others else "no rival cuts"
    )
    return (
        f"{scenario.firms[first].name} cuts deepest: {cutters.iloc[0]:.0f}% below what its costs explain in "
        f"{_named(when)}; {answer}. {_war(market)}"
    )


def _war(market: pd.DataFrame) -> str:
    index = market["war_index"].to_numpy(float)
    peak = int(np.nanargmax(index))
    if index[peak] < SEEN:
        return f"The war index, the mean depth of cuts, stays below {SEEN:g}%."
    months = [_named(str(month)) for month in market["month"]]
    text = f"The war index, the mean depth of cuts, peaks at {index[peak]:.1f}% in {months[peak]}"
    after = np.flatnonzero(index[peak:] < SEEN)
    if after.size:
        return f"{text} and is below {SEEN:g}% again in {months[peak + int(after[0])]}."
    return f"{text} and does not fall below {SEEN:g}% again in the time shown."


def _wide(firms: pd.DataFrame, column: str) -> Any:
    return firms.pivot(index="period", columns="firm", values=column)


def _named(month: str) -> str:
    """A month, a day or a week in words; a quarter as the tables have it."""
    year, part, *day = month.split("-")
    if part.startswith("W"):
        return f"week {int(part[1:])} of {year}"
    if not part.isdigit():
        return month
    return " ".join([*(str(int(one)) for one in day), calendar.month_name[int(part)], year])
