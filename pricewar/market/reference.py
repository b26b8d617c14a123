"""What is a cut: a price below the maker's own reference price, which moves with the maker's own cost.

reference = start price x (1 + pass_through x (unit cost / unit cost at the start - 1)), at full terms, that
is before suppliers are squeezed: a squeeze must not justify the cut that caused it. It is at most the
highest price charged so far, because a maker that does not raise a price has not cut it. A later product
starts at its launch price and at the cost of its launch month. Rivals know nobody's cost; they see the
start price times an index published for each segment.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pricewar.base.records import Flags, Floats, Landscape, Offers
from pricewar.base.sums import by_place
from pricewar.base.together import spread
from pricewar.equilibrium import Equilibrium, solve
from pricewar.results.metrics import reference_price
from pricewar.scenario.tree import Scenario
from pricewar.strategies import CostPlus, Hold

from .calibrate import SHELF, Calibration

STEP = 0.05
"""Fall of all unit costs from which the pass-through of makers without a stated one is measured."""


class PriceReference:
    """Reference prices of a run, month by month. J products, T months.

    Args:
        scenario: whose rules say how much of a change in cost reaches a price in peace.
        calibration: of the scenario.
    """

    def __init__(self, scenario: Scenario, calibration: Calibration) -> None:
        self.landscape: Landscape = calibration.landscape
        self.pass_through = pass_through(scenario, calibration)
        self.anchor = self.landscape.start_price.copy()
        self.cost = calibration.unit_cost.copy()
        self.known: Flags = calibration.on_sale.copy()
        self.highest = self.anchor.copy()
        self.own = self.anchor.copy()
        """(J,) this month's reference price of each maker for its own product."""
        self.index = np.ones(len(self.anchor))
        """(J,) published index of the product's segment, start = 1."""
        self.published = np.empty((scenario.periods + 1, len(self.anchor)))
        """(T + 1, J) what rivals regard as a price without a cut, the start first."""
        self.published[0] = self.anchor

    def spread(self, many: int) -> None:
        """Be those of so many runs that step together, before the first month."""
        names = "anchor", "cost", "known", "highest", "own", "index"
        self.__dict__.update({name: spread(getattr(self, name), many) for name in names})
        self.published = spread(self.published, many, axis=1)

    def open(self, full_terms: Floats, on_sale: Flags) -> None:
        """Move the references with this month's unit costs (J,) at full terms."""
        fresh = on_sale & ~self.known
        self.cost = np.where(fresh, full_terms, self.cost)
        free = reference_price(self.anchor, full_terms / self.cost, self.pass_through)
        self.own = np.minimum(free, self.highest)
        self.index = self._by_segment(free / self.anchor, on_sale)

    def close(self, offers: Offers, period: int) -> None:
        """Take note of what was charged this month; a launch sets its own start."""
        price, fresh = offers.price, offers.on_sale & ~self.known
        if fresh.any():
            self.known = self.known | fresh
            self.anchor, self.highest, self.own = (
                np.where(fresh, price, old) for old in (self.anchor, self.highest, self.own)
            )
        self.published[period + 1] = np.minimum(self.anchor * self.index, self.highest)
        self.highest = np.where(offers.on_sale, np.maximum(self.highest, price), self.highest)

    def _by_segment(self, ratio: Floats, on_sale: Flags) -> Floats:
        land = self.landscape
        weight = np.where(on_sale, np.maximum(land.start_units, 1e-9), 0.0)
        count = len(land.segments)
        total = by_place(weight, land.segment_of, count)
        moved = by_place(weight * (ratio - 1.0), land.segment_of, count)
        mean = np.divide(moved, total, out=np.zeros(total.shape), where=total > 0)
        return np.asarray(1.0 + np.take(mean, land.segment_of, axis=-1))


def pass_through(scenario: Scenario, calibration: Calibration) -> Floats:
    """(J,) share of a change in unit cost that reaches each price in peace.

    For a cost-plus rule it is the rule's own, or the market's where the rule states none. For a maker that
    holds its prices it is 0. For all other rules it is what one equilibrium of the start market with lower
    costs shows.
    """
    land, market = calibration.landscape, scenario.market
    stated = np.full(len(land.products), np.nan)
    for j, f in enumerate(land.firm_of):
        rule = scenario.firms[land.firms[f]].strategy.in_peace(land.segments[land.segment_of[j]])
        if isinstance(rule, CostPlus):
            stated[j] = market.pass_through if rule.pass_through is None else rule.pass_through
        elif isinstance(rule, Hold):
            stated[j] = 0.0
    if not np.isnan(stated).any():
        return stated
    measured = _measured(Same(calibration), market.vat)
    return np.where(np.isnan(stated), np.where(np.isnan(measured), market.pass_through, measured), stated)


def start_game(
    calibration: Calibration,
    vat: float,
    conduct: float = 0.0,
    cost_change: float = 0.0,
    tol: float = 1e-8,
    growth: bool = True,
) -> Equilibrium:
    """The pricing game of the start market, over the products then on sale.

    Args:
        calibration: of the scenario.
        vat: value added tax contained in prices.
        conduct: 0 Nash, 1 joint monopoly.
        cost_change: of all unit costs, as a fraction.
        tol: relative residual at which it is solved.
        growth: whether firms value volume beyond profit, as they do in the market; False: profit alone.
    """
    sold, land = calibration.on_sale, calibration.landscape
    demand = calibration.demand.subset(sold)
    costs = (1.0 + cost_change) * calibration.unit_cost - calibration.overhead
    return solve(
        demand, costs[sold], land.firm_of[sold], ad_valorem_tax=vat,
        conduct=conduct, theta=calibration.growth[sold] * growth, start=land.start_price[sold], tol=tol,
        check=False,
    )  # fmt: skip


class Same:
    """A calibration that is equal only to itself; equal scenarios share one."""

    def __init__(self, content: Calibration) -> None:
        self.content = content

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.content is self.content

    def __hash__(self) -> int:
        return id(self.content)


@lru_cache(maxsize=8)
def _measured(calibration: Same, vat: float) -> Floats:
    """(J,) fall of equilibrium prices over the fall of costs that caused it; NaN where it was not found.

    A later launch counts as the mean of its maker's products, or of the market.
    """
    content = calibration.content
    if not content.key:
        return _solved(content, vat)
    return SHELF.get(content.key + f"pass-through {vat!r}".encode(), lambda: _solved(content, vat))


def _solved(content: Calibration, vat: float) -> Floats:
    """`_measured`, solved anew: a third of a second of a start, most of it to load the solver."""
    sold, start = content.on_sale, content.landscape.start_price
    found = start_game(content, vat, cost_change=-STEP, tol=1e-11)
    ratio = np.full(len(start), np.nan)
    if found.converged:
        ratio[sold] = np.clip((1.0 - found.prices / start[sold]) / STEP, 0.0, 2.0)
    mean = np.nanmean(ratio) if found.converged else np.nan
    return np.where(sold, ratio, mean)
