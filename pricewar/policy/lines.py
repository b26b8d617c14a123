"""The legal cost lines month by month, from what a run leaves behind: products and firms."""

from __future__ import annotations

import numpy as np

from pricewar.base.arrays import Flags, Floats
from pricewar.market.costs import cost_lines
from pricewar.market.trajectory import Trajectory
from pricewar.results import metrics

LINES = ("avc", "aac", "lraic", "atc", "full")


def fixed_a_car(run: Trajectory) -> Floats:
    """(T, J) the firm's fixed cost per car of the month before, at half the start's volume or more."""
    before = np.vstack([run.start_units, run.sold[:-1]])
    normal = np.maximum(np.maximum(before, 0.5 * run.start_units), 1.0)
    return np.asarray((run.fixed_cost / normal)[:, run.landscape.firm_of])


def lines_of(run: Trajectory) -> dict[str, Floats]:
    """(T, J) each cost line of `pricewar.market.costs.cost_lines`, CNY a car ex VAT."""
    return cost_lines(run.unit_cost, run.overhead, fixed_a_car(run))


def below(run: Trajectory) -> dict[str, Flags]:
    """(T, J) whether a product on sale has a net price below each cost line."""
    return {name: run.on_sale & metrics.below(run.net_price, line) for name, line in lines_of(run).items()}


def line_table(run: Trajectory) -> dict[str, float]:
    """How much was ordered below each line, and in the zones of AKZO (C-62/86, 1991).

    Lines are held to the price offered, each month weighted by the cars ordered at it.

    Returns:
        For each line L: `below.L` share of cars, `months.L` months in which a firm sold at least half of its
        cars below it (mean over firms), `depth.L` mean gap to the line over those cars as a fraction of it;
        `akzo.low` (below AVC: presumed abusive), `akzo.middle` (between AVC and ATC: abusive if part of a
        plan), `akzo.high` shares of cars.
    """
    found, lines, cars = below(run), lines_of(run), run.orders
    total, by_firm = max(float(cars.sum()), 1.0), run.landscape.by_firm
    sold = by_firm(cars)
    table = dict[str, float]()
    for name in LINES:
        low = cars * found[name]
        gap = (low * (1.0 - run.net_price / lines[name])).sum()
        table[f"below.{name}"] = float(low.sum()) / total
        table[f"months.{name}"] = float(((by_firm(low) >= 0.5 * sold) & (sold > 0)).sum(0).mean())
        table[f"depth.{name}"] = float(gap / low.sum()) if low.sum() > 0 else 0.0
    table["akzo.low"] = table["below.avc"]
    table["akzo.middle"] = table["below.atc"] - table["below.avc"]
    table["akzo.high"] = 1.0 - table["below.atc"]
    return table
