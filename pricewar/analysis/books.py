"""The accounts of single firms over a run: break-even, months below cost, sacrifice and recoupment."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from pricewar.base.arguments import at_least, maybe, number, takes, text
from pricewar.base.arrays import Floats
from pricewar.results import metrics
from pricewar.results.store import Results

from .panel import Panel, panel, position

WINDOW: Final = 3
"""Months in a sum: firms are judged by quarters."""


@takes(results=Results, window=at_least(1))
def break_even(results: Results, window: int = WINDOW) -> pd.DataFrame:
    """When each firm earns money, by scenario.

    Returns:
        Per scenario and firm: `runs` (seeds with the firm in the market at the start), `lasting_runs` and
        `first_runs` (how many of them break even, for good or at all), and over those runs the median and
        the 2.5% and 97.5% quantiles of the period: `lasting`, `lasting_lo`, `lasting_hi`, `first`. NaN
        where no run breaks even. Definitions: `metrics.break_even_month`.
    """
    data = panel(results, "firms", ("operating_profit", "active"), entity="firm")
    profit = np.moveaxis(_while_active(data), 2, -1)
    found = metrics.break_even_month(profit, window)
    frame = _keys(data)
    frame["runs"] = (~np.isnan(profit)).any(axis=-1).sum(axis=1).ravel()
    for name, periods in (("lasting", found.lasting), ("first", found.first)):
        frame[f"{name}_runs"] = (~np.isnan(periods)).sum(axis=1).ravel()
        middle, low, high = _quantiles(periods)
        frame[name] = middle.ravel()
        if name == "lasting":
            frame["lasting_lo"], frame["lasting_hi"] = low.ravel(), high.ravel()
    return frame


@takes(results=Results, baseline=maybe(text), annual_rate=number)
def predation(results: Results, baseline: str | None = None, annual_rate: float = 0.08) -> pd.DataFrame:
    """What each firm gave up against the baseline with the same seeds, and what it got back.

    Returns:
        Per scenario and firm the means over seeds of `sacrifice` and `recoupment`, present values in CNY.
    """
    data = panel(results, "firms", ("operating_profit", "active"), entity="firm")
    profit = np.moveaxis(np.nan_to_num(_while_active(data)), 2, -1)
    year = results.words(baseline).clock.periods_a_year
    found = metrics.sacrifice_and_recoupment(profit, profit[position(results, baseline)], annual_rate, year)
    frame = _keys(data)
    frame["sacrifice"], frame["recoupment"] = (part.mean(axis=1).ravel() for part in found)
    return frame


@takes(results=Results)
def below_cost(results: Results) -> pd.DataFrame:
    """Months in which a firm sold below cost, by three cost lines.

    Returns:
        Per scenario and firm the means over seeds of the months in which the mean net price of its cars
        lay below `unit_cost` (production cost of the cars delivered) and `full_cost` (with the month's
        fixed cost), and of `product_months`, months times products below their own unit cost.
    """
    names = ("revenue", "production_cost", "fixed_cost")
    data = panel(results, "firms", names, entity="firm")
    revenue, cost, fixed = (np.moveaxis(data[name], 2, -1) for name in names)
    frame = _keys(data)
    frame["unit_cost"] = metrics.below_cost_months(revenue, cost).mean(axis=1).ravel()
    frame["full_cost"] = metrics.below_cost_months(revenue, cost + fixed).mean(axis=1).ravel()
    products = results.products
    sold = products[products["on_sale"] & (products["period"] < len(data.months))]
    below = sold.assign(below=metrics.below(sold["net_price"], sold["unit_cost"]))
    months = below.groupby(["scenario", "firm"], sort=False)["below"].sum() / len(results.seeds)
    frame["product_months"] = months.reindex(pd.MultiIndex.from_frame(frame[["scenario", "firm"]])).to_numpy()
    return frame


def _while_active(data: Panel) -> Floats:
    return np.where(data["active"] > 0, data["operating_profit"], np.nan)


def _keys(data: Panel) -> pd.DataFrame:
    firms = len(data.entities)
    scenarios = np.repeat(np.array(data.scenarios, object), firms)
    return pd.DataFrame({"scenario": scenarios, "firm": list(data.entities) * len(data.scenarios)})


def _quantiles(periods: Floats) -> tuple[Floats, Floats, Floats]:
    known = np.asarray(np.isfinite(periods).any(axis=1, keepdims=True))
    filled, levels = np.where(known, periods, -1.0), [0.5, 0.025, 0.975]
    middle, low, high = np.nanquantile(filled, levels, axis=1, method="inverted_cdf")  # months, not fractions
    here = np.asarray(known.any(axis=1))
    return (np.where(here, middle, np.nan), np.where(here, low, np.nan), np.where(here, high, np.nan))
