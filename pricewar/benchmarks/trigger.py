"""`GreenPorter` fitted to the railroads: how often a war begins and how long it lasts, nothing else.

The depth of a war is not fitted. Porter reads the peace as Cournot and the war as price at cost; with n equal
firms and elasticity e the peace price is then 1 / (1 - 1 / (n |e|)) times the war price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Flags, Floats
from pricewar.runs import run
from pricewar.scenario.tree import Scenario

from .facts import Facts
from .finding import Line, judged
from .how import How
from .markets import market

NAME: Final = "railroad"
FIT_SEEDS: Final = range(1001, 1007)
"""Of the fit; the runs that judge it have other luck."""
TOLERANCES: Final = (0.2, 0.7)
STEPS: Final = 7
"""Halvings of this interval."""


@dataclass(frozen=True)
class Trigger:
    """The fit: its lines, notes, and one row a run."""

    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    table: pd.DataFrame


def depth(firms: float, elasticity: float) -> float:
    """Cut from the Cournot price of equal firms to unit cost, a fraction of that price."""
    return 1.0 / (firms * abs(elasticity))


def fitted(facts: Facts, kept: Flags, elasticity: float, residuals: Floats, how: How) -> Trigger:
    """Fit the tolerance to the hazard of a start, take the length as it was, and run with other luck.

    Args:
        facts: figures of `railroad`.
        kept: (T,) weeks in which the cartel held.
        elasticity: of the market's demand.
        residuals: (T,) of that demand, log.
        how: seeds of the runs that judge.
    """
    hazard, weeks = start_hazard(~kept), round(float(np.mean(_lengths(~kept))))
    lines = _Lines(facts, elasticity, weeks, _news(residuals), len(kept))
    tolerance = _tolerance(lines, hazard, how)
    found = lines.runs(tolerance, range(1, 1 + how.seeds), how)
    firms = [facts.value(NAME, f"{many} firms") for many in ("equal", "fewest", "most")]
    ratios = [1.0 / (1.0 - depth(number, elasticity)) for number in firms]
    start, share, ratio = (found[name] for name in ("hazard", "share", "ratio"))
    note = (
        f"GreenPorter is fitted to two numbers: a war begins in {hazard:.3f} of the weeks of peace and "
        f"lasts {weeks} weeks. The fit puts up with a shortfall of {tolerance:.0%} of normal orders; the "
        "week's luck in demand has the standard deviation of the unforeseen part of the IV residual, "
        f"{lines.news:.2f}. The ratio of rates is not fitted: it follows from the elasticity and "
        f"{firms[0]:.0f} equal firms (assumed), and its interval from {firms[1]:.0f} to {firms[2]:.0f}."
    )
    return Trigger(
        (
            judged(facts, NAME, "chance that a war begins in a week of peace", start.mean(), start),
            judged(facts, NAME, "weeks in war", share.mean(), share),
            judged(facts, NAME, "rate in peace over rate in war", ratio.mean(), ratios[1:], 1.0),
        ),
        (note,),
        found,
    )


def start_hazard(war: Flags) -> float:
    """Starts of wars over weeks of peace from which one could start."""
    peace = ~war[:-1]
    return float((war[1:] & peace).sum() / max(peace.sum(), 1))


def _lengths(war: Flags) -> list[int]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], war.astype(np.int64), [0]])))
    return [int(last - first) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _news(residuals: Floats) -> float:
    """Standard deviation of what last week's residual does not foretell."""
    kept = float(residuals[1:] @ residuals[:-1] / (residuals[:-1] @ residuals[:-1]))
    return float((residuals[1:] - kept * residuals[:-1]).std())


@dataclass(frozen=True)
class _Lines:
    """Equal lines that sell one thing by the week; freight leaves them with the market's elasticity."""

    facts: Facts
    elasticity: float
    weeks: int
    """Length of a war."""
    news: float
    """Standard deviation of a week's luck in demand, log."""
    periods: int

    def market(self, tolerance: float) -> Scenario:
        """All lines play `GreenPorter` and put up with this shortfall."""
        number = int(self.facts.value(NAME, "equal firms"))
        outside, cut = self.facts.value(NAME, "freight that takes another way"), self.cut
        share = (1.0 - outside) / number
        rule = {"kind": "GreenPorter", "tolerance": tolerance, "months": self.weeks, "depth": cut}
        price, shoppers = 100.0, 1e6
        firm = {"strategy": rule, "price": price, "units": share * shoppers, "unit_cost": (1.0 - cut) * price}
        demand = {"kind": "Logit", "own_elasticity": self.elasticity * (1.0 - share) / outside}
        firms = {f"line-{place}": firm for place in range(1, number + 1)}
        luck = {"market_sd": min(self.news, 1.0)}
        return market(NAME, firms, demand, shoppers, self.periods, noise=luck)

    @property
    def cut(self) -> float:
        """From the rate of peace to that of war."""
        return depth(int(self.facts.value(NAME, "equal firms")), self.elasticity)

    def runs(self, tolerance: float, seeds: Sequence[int], how: How) -> pd.DataFrame:
        """(seed, hazard, share, ratio) of each run; a week is at war if the rate is nearer to the bottom."""
        scenario, rows = self.market(tolerance), []
        results = run(scenario, seeds=list(seeds), executor=how.executor, uncertainty="luck")
        for seed, firms in results.require_complete().firms.groupby("seed"):
            rate = 1.0 + firms.groupby("period")["price_change"].mean().sort_index().to_numpy()
            war = rate < 1.0 - self.cut / 2.0
            ratio = rate[~war].mean() / rate[war].mean() if war.any() and not war.all() else np.nan
            rows.append((seed, start_hazard(war), war.mean(), ratio))
        return pd.DataFrame(rows, columns=["seed", "hazard", "share", "ratio"])


def _tolerance(lines: _Lines, hazard: float, how: How) -> float:
    """The shortfall that firms put up with, by halving: the more they do, the rarer wars begin."""
    low, high = TOLERANCES
    for _ in range(2 if how.quick else STEPS):
        middle = (low + high) / 2.0
        found = lines.runs(middle, FIT_SEEDS[:2] if how.quick else FIT_SEEDS, how)
        low, high = (middle, high) if found["hazard"].mean() > hazard else (low, middle)
    return (low + high) / 2.0
