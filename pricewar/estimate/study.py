"""The joint calibration from start to end: two waves of runs, what is left, a posterior, its proofs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.experiment.study import Progress
from pricewar.posterior import PARAMETERS

from .draws import FIRST_SEED, markets, measure_points, points, values_at
from .matching import Match, points_left
from .proof import identification, predictive, rank_table, ranks
from .record import TARGETS, recorded
from .regression import Neighbours, Regression
from .structure import structures

SHRUNK: Final = 0.9
"""A parameter whose posterior sd is more than this part of its prior's is called prior."""
AGAIN: Final = 200_001
"""Luck of the runs of the posterior."""


@dataclass(frozen=True)
class Sizes:
    """How many runs each part takes.

    Attributes:
        wave: points of the prior, and again of what is left.
        replications: runs whose parameters are asked for as if they were not known.
        sample: rows of the sample.
        again: runs of the posterior, and of each other structure.
        spread: points by which what is cut away is counted.
    """

    wave: int = 4096
    replications: int = 600
    sample: int = 500
    again: int = 300
    spread: int = 65_536


@dataclass(frozen=True)
class Estimate:
    """What came out; tables as they are written.

    Attributes:
        sample: a row a draw, a column a parameter: equally likely given the record and the rule.
        parameters: one row each: prior, posterior with the rule and without, sd, what it is called.
        moments: the record, its errors, what each speaks to, how the posterior's runs meet it.
        matching: what history matching cut away.
        jacobian, singular, sensitivity: what moments say of parameters (`proof.identification`).
        ranks: of simulation-based calibration, (replications, P).
        calibration: the test of these ranks.
        structures: weights of demands and rules of answer by metric.
        without: a row a draw of the posterior without the rule.
    """

    sample: pd.DataFrame
    parameters: pd.DataFrame
    moments: pd.DataFrame
    matching: pd.DataFrame
    jacobian: pd.DataFrame
    singular: pd.DataFrame
    sensitivity: pd.DataFrame
    ranks: Floats
    calibration: pd.DataFrame
    structures: pd.DataFrame
    without: pd.DataFrame
    sizes: Sizes


def estimate(
    store: str | Path,
    sizes: Sizes = Sizes(),
    seed: int = 1,
    executor: Executor | None = None,
    workers: int = 2,
    progress: Progress | None = None,
    tell: Callable[[str], None] = lambda words: None,
) -> Estimate:
    """Calibrate all parameters together to the record of 2022 to April 2025.

    Args:
        store: folder of all runs, to write and to go on with.
        sizes: how many runs.
        seed: of the designs.
        executor: any concurrent.futures executor; None: processes of our own.
        workers: of our own.
        progress: called as runs are done.
        tell: called with what is done next.

    Raises:
        InputError: the folder holds other runs.
        PricewarError: more than 5% of the runs fail, or scikit-learn is not installed.
    """
    folder, hands, record = Path(store), (executor, workers, progress), recorded()
    tell(f"first wave: {sizes.wave} points of the prior")
    first = points(sizes.wave, seed)
    moments = measure_points(values_at(first), folder / "first", FIRST_SEED, *hands)
    match = Match.of(first, moments, record)
    tell(f"second wave: {sizes.wave} points of what is left")
    second = points_left(match, sizes.wave, seed + 1)
    again = measure_points(values_at(second), folder / "second", FIRST_SEED + sizes.wave, *hands)
    regression = Regression.fitted(second, again, seed)
    came = regression.at(pd.DataFrame([record]))[0]
    posterior = regression.posterior(came)
    free = _without_rule(match, first, moments, record, seed)
    sample = _sampled(match, posterior, sizes.sample, seed)
    values = rounded(values_at(sample))
    tell(f"{sizes.again} runs of the posterior, and of three other structures")
    weights = structures(values.iloc[: sizes.again], folder, *hands)
    runs = measure_points(values.iloc[: sizes.again], folder / "again", AGAIN, *hands)
    found = ranks(regression, min(sizes.replications, len(second)), seed)
    jacobian, singular, sensitivity = identification(match, sample)
    spread = points(sizes.spread, seed + 2)
    return Estimate(
        sample=values,
        parameters=_parameters(posterior, free, regression),
        moments=_moments(record, runs),
        matching=match.table(spread),
        jacobian=jacobian,
        singular=pd.DataFrame({"place": np.arange(1, len(singular) + 1), "value": singular}),
        sensitivity=sensitivity,
        ranks=found,
        calibration=rank_table(found),
        structures=weights,
        without=values_at(free.resampled(sizes.sample, np.random.default_rng(seed))),
        sizes=sizes,
    )


def _without_rule(
    match: Match, first: Floats, moments: pd.DataFrame, record: dict[str, float], seed: int
) -> Neighbours:
    """The posterior of the first wave, where it is plausible, whatever growth motives are."""
    kept = np.flatnonzero(match.left(first, rule=False))
    regression = Regression.fitted(first[kept], moments.iloc[kept].reset_index(drop=True), seed)
    return regression.posterior(regression.at(pd.DataFrame([record]))[0])


def _sampled(match: Match, posterior: Neighbours, count: int, seed: int) -> Floats:
    """(count, P) draws of the posterior within what is left."""
    rng = np.random.default_rng(seed + 3)
    drawn = posterior.resampled(8 * count, rng)
    kept = drawn[match.left(drawn)]
    return np.asarray(kept[:count])


def rounded(values: pd.DataFrame) -> pd.DataFrame:
    """To five digits, within the prior."""
    columns = {
        p.name: [min(max(float(f"{v:.5g}"), p.low), p.high) for v in values[p.name]] for p in PARAMETERS
    }
    return pd.DataFrame(columns)


def _parameters(posterior: Neighbours, free: Neighbours, regression: Regression) -> pd.DataFrame:
    """Prior and posterior of each parameter, with the rule and without; sd in parts of the prior's."""
    rows = []
    even = np.sqrt(1.0 / 12.0)
    for p, parameter in enumerate(PARAMETERS):
        low, middle, high = (parameter.at(q) for q in _quantiles(posterior, p))
        low_free, middle_free, high_free = (parameter.at(q) for q in _quantiles(free, p))
        part, part_free = float(posterior.sd()[p] / even), float(free.sd()[p] / even)
        called = "estimated" if part <= SHRUNK else "prior"
        rows.append((
            parameter.name, parameter.meaning, parameter.low, parameter.high, low, middle, high, part,
            low_free, middle_free, high_free, part_free, float(regression.explained[p]),
            called, parameter.basis,
        ))  # fmt: skip
    names = [
        "parameter", "meaning", "prior_low", "prior_high", "p05", "p50", "p95", "sd_of_prior", "free_p05",
        "free_p50", "free_p95", "free_sd_of_prior", "explained", "called", "basis",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def _quantiles(found: Neighbours, p: int) -> list[float]:
    order = np.argsort(found.quantiles[:, p])
    cumulated = np.cumsum(found.weights[order])
    places = [min(int(np.searchsorted(cumulated, level)), len(order) - 1) for level in (0.05, 0.5, 0.95)]
    return [float(found.quantiles[order[place], p]) for place in places]


def _moments(record: dict[str, float], runs: pd.DataFrame) -> pd.DataFrame:
    table = predictive(pd.Series(record), runs)
    about = pd.DataFrame(
        [(t.name, t.error, ", ".join(t.speaks_to), t.why) for t in TARGETS],
        columns=["moment", "error", "speaks_to", "why"],
    )
    return about.merge(table, on="moment")


def digest_of_markets() -> list[str]:
    """What the runs depend on, beside their points."""
    return [scenario.digest for scenario in markets()]
