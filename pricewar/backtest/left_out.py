"""A year of the record left out: campaigns fitted to the other years, and that year simulated.

The market is that of December 2022 throughout. Each year's clusters are set beside the runs, and beside
makers that cut independently of each other at their own rates in the other years: what the rule must beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from pricewar.base.records import Floats
from pricewar.campaigns.fit import fit
from pricewar.campaigns.record import FIRST, MONTHS, Panel, Waves
from pricewar.data.history import History
from pricewar.runs import run
from pricewar.scenario.tree import Scenario

from .moments import EFFECTS, refit, with_rule
from .wars import simulated

YEARS: Final = ("2023", "2024", "2025")
STATISTICS: Final = ("cut_months", "variance", "autocorrelation", "largest_pair")
JOINT: Final = ("variance", "autocorrelation", "largest_pair")
"""Statistics whose joint density scores a year; in four months there is no autocorrelation."""
SHORT: Final = 6
"""Months below which an autocorrelation says nothing."""
NULL_DRAWS: Final = 4000
PRIOR_MONTHS: Final = 12.0
"""Months at the mean rate of all makers that each maker's own rate is shrunk by: a maker without a cut in
the other years may cut."""


@dataclass(frozen=True)
class Fold:
    """One year, left out.

    Attributes:
        year: which.
        rule: parameters of `QuotaRace`, fitted to the other years.
        record: the year's clusters, scalars.
        runs: the same of each run, (S,).
        null: the same of each draw of independent makers, (NULL_DRAWS,).
    """

    year: str
    rule: dict[str, Any]
    record: Waves
    runs: Waves
    null: Waves

    @property
    def statistics(self) -> tuple[str, ...]:
        """Names of the statistics that the year is long enough for."""
        short = self.year == YEARS[-1]
        return tuple(name for name in STATISTICS if not (short and name == "autocorrelation"))

    def scores(self) -> tuple[float, float]:
        """Joint log score of the rule and of independent makers: log densities at the record.

        Gaussian kernels over runs (Scott's width), on statistics over their standard deviation in the null,
        so that both densities have one unit. A run in which the number of cutters never changes has
        autocorrelation 0.
        """
        names = [name for name in JOINT if name in self.statistics]
        runs, null = (_columns(waves, names) for waves in (self.runs, self.null))
        width = null.std(axis=1, keepdims=True)
        at = _columns(self.record, names)[:, :1] / width
        return _log_density(runs / width, at), _log_density(null / width, at)


def left_out(
    year: str,
    scenario: Scenario,
    history: History,
    whole: Panel,
    seeds: tuple[Sequence[int], Sequence[int]],
    steps: int = 6,
    effects: Sequence[float] = EFFECTS,
    executor: Executor | None = None,
) -> Fold:
    """Fit to the other years, simulate this one.

    Args:
        year: "2023", "2024" or "2025".
        scenario: the market, from January 2023, without an imposed event.
        history: the record.
        whole: its firm-months, all years.
        seeds: of the refit's first step, and of the runs that are set beside the record.
        steps: of the refit's fixed point.
        effects: of a rival's size, to be tried.
        executor: of runs.
    """
    others = whole.years(*(other for other in YEARS if other != year))
    known = history.without(year)
    announced = float(known.cuts().loc[known.cuts()["firm"].isin(whole.makers), "size"].median())
    rule = refit(fit(others, known), others, scenario, seeds[0], steps, effects, announced, executor).rule
    ours = whole.years(year)
    until = MONTHS - sum(month > ours.months[-1] for month in whole.months)
    market = with_rule(scenario.but(periods=until), rule)
    results = run(market, seeds=list(seeds[1]), executor=executor, uncertainty="luck")
    seen = simulated(results.require_complete().campaigns, seeds[1], FIRST, until, whole.makers)
    null = independent(others, len(ours.months))
    return Fold(year, rule, Waves.of(ours.cuts), seen.only(ours.months).waves(), null)


def independent(record: Panel, months: int, seed: int = 5) -> Waves:
    """Clusters of makers that cut independently, each at its own rate in the record.

    Args:
        record: from which rates come, each shrunk to the mean of all by `PRIOR_MONTHS`.
        months: how many are drawn.
        seed: of the draws.
    """
    cuts = record.cuts
    rate = (cuts.sum(axis=0) + PRIOR_MONTHS * cuts.mean()) / (len(cuts) + PRIOR_MONTHS)
    luck = np.random.default_rng(seed).random((NULL_DRAWS, months, cuts.shape[1]))
    return Waves.of(luck < rate)


def _columns(waves: Waves, names: Sequence[str]) -> Floats:
    """(K, S) statistics, one row each."""
    return np.asarray(np.nan_to_num([np.atleast_1d(getattr(waves, name)) for name in names]))


def _log_density(points: Floats, at: Floats) -> float:
    """Log density at one place of Gaussian kernels over (K, S) points, each statistic with its own width."""
    k, s = points.shape
    width = points.std(axis=1, ddof=1, keepdims=True) * s ** (-1.0 / (k + 4))
    width = np.maximum(width, 1e-3)
    logs = -0.5 * (((points - at) / width) ** 2).sum(axis=0)
    return float(np.logaddexp.reduce(logs) - np.log(s) - np.log(width).sum() - 0.5 * k * np.log(2 * np.pi))
