"""Is the posterior what it says: ranks of known parameters, identification, and runs of what was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.posterior import PARAMETERS, Parameter

from .matching import Match
from .record import TARGETS
from .regression import Regression

LEVEL: Final = 0.05
"""Of the test of all parameters' ranks together; each is tested at this over their number."""


def ranks(regression: Regression, replications: int, seed: int) -> Floats:
    """(replications, P) ranks of the parameters of runs in their own posteriors, 0 to 1.

    Simulation-based calibration (Talts, Betancourt, Simpson, Vehtari and Gelman 2018): runs are draws of the
    prior that is left, so the ranks of their parameters are even if the posterior is right. The run that is
    asked about is left out of its own posterior.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(regression.logits))[:replications]
    truths = 1.0 / (1.0 + np.exp(-regression.logits[chosen]))
    return np.array([
        regression.posterior(regression.summaries[i], without=[int(i)]).rank(truth)
        for i, truth in zip(chosen, truths, strict=True)
    ])  # fmt: skip


def rank_table(found: Floats, parameters: Sequence[Parameter] = PARAMETERS) -> pd.DataFrame:
    """Whether ranks are even: a row a parameter.

    Returns:
        `parameter`, `replications`, `ks` (largest distance from even), `p` (Kolmogorov 1933, Smirnov 1948),
        `covered_50`, `covered_90` (share of truths in the middle half, and nine tenths), `least` (p at which
        evenness is refused), `even`.
    """
    from scipy.stats import kstest

    least, rows = LEVEL / len(parameters), []
    for parameter, one in zip(parameters, found.T, strict=True):
        test = kstest(one, "uniform")
        middle = [float((np.abs(one - 0.5) <= part / 2.0).mean()) for part in (0.5, 0.9)]
        rows.append(
            (parameter.name, len(one), test.statistic, test.pvalue, *middle, least, test.pvalue > least)
        )
    names = ["parameter", "replications", "ks", "p", "covered_50", "covered_90", "least", "even"]
    return pd.DataFrame(rows, columns=names)


def identification(
    match: Match, around: Floats, parameters: Sequence[Parameter] = PARAMETERS
) -> tuple[pd.DataFrame, Floats, pd.DataFrame]:
    """What moments say of parameters, near the posterior.

    Args:
        match: with its emulators.
        around: (N, P) quantiles over which slopes are taken.
        parameters: of the prior.

    Returns:
        The Jacobian, a row a moment and a column a parameter: change of the moment over a whole prior, in
        standard deviations of luck and error together. Its singular values. The sensitivity of each
        parameter (a row) to each moment (Andrews, Gentzkow and Shapiro 2017), with the prior as a further
        moment: by what part of its prior's width an estimate moves if the moment is one such deviation off.
    """
    names = [target.name for target in TARGETS]
    wide = [float(np.hypot(match.emulators[t.name].spread, t.error)) for t in TARGETS]
    slopes = np.array([match.emulators[name].slopes(around) for name in names]) / np.array(wide)[:, None]
    prior = 12.0  # precision of an even distribution over its width
    sensitivity = np.linalg.solve(slopes.T @ slopes + prior * np.eye(len(parameters)), slopes.T)
    columns = [parameter.name for parameter in parameters]
    return (
        pd.DataFrame(slopes, index=pd.Index(names, name="moment"), columns=columns),
        np.linalg.svd(slopes, compute_uv=False),
        pd.DataFrame(sensitivity, index=pd.Index(columns, name="parameter"), columns=names),
    )


def predictive(record: pd.Series[float], moments: pd.DataFrame) -> pd.DataFrame:
    """Runs of the posterior beside the record, a row a moment.

    Returns:
        `moment`, `record`, `p05`, `p50`, `p95` of the runs, `below` (share of runs below the record),
        `inside` (whether the record lies within the middle nine tenths, errors of the record included).
    """
    rows = []
    for target in TARGETS:
        values = moments[target.name].dropna().to_numpy()
        low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
        came = float(record[target.name])
        reach = 1.645 * target.error
        low_too, high_too = middle - np.hypot(middle - low, reach), middle + np.hypot(high - middle, reach)
        inside = bool(low_too <= came <= high_too)
        rows.append((target.name, came, low, middle, high, float((values < came).mean()), inside))
    return pd.DataFrame(rows, columns=["moment", "record", "p05", "p50", "p95", "below", "inside"])
