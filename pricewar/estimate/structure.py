"""Doubt about the structure: other demands and rules of answer, weighed by stacking.

Weights are those of a linear pool of the structures' runs whose mean continuous ranked probability score is
least over the figures of the record (Yao, Vehtari, Simpson and Gelman 2018; the score is that of Gneiting
and Raftery 2007). A structure that adds nothing to the others gets none.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.data.history import load_history
from pricewar.experiment.study import Progress

from .draws import figures_of, measure_points
from .figures import METRICS, told
from .record import seen_in_record

ALIKE: Final = {"campaigns.rule.follow_size": 0.0}
NESTED: Final = {"demand.kind": "NestedLogit", "demand.nests": "segment", "demand.rho": 0.5}
STRUCTURES: Final[Mapping[str, tuple[Mapping[str, Any], bool]]] = {
    "mixed logit, answers by size": ({}, False),
    "nested logit, answers by size": (NESTED, False),
    "mixed logit, answers alike": ({}, True),
    "nested logit, answers alike": (NESTED, True),
}
"""Changes of the market, and whether answers do not depend on the size of what is answered."""
USUAL_LOG: Final = 2.0
"""log(1 + 100 A) of a usual trigger, A about 0.065: where answers alike are as frequent as those by size."""
SEED: Final = 300_001


def structures(
    values: pd.DataFrame,
    store: str | Path,
    executor: Executor | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Weights of structures, by metric.

    Args:
        values: points of the posterior, a row a run of each structure.
        store: folder of the runs, one below it for each structure.
        executor, workers, progress: as for `measure_points`.

    Returns:
        One row a metric and structure: `metric`, `structure`, `figures` (of the record), `crps` (mean, of the
        structure alone), `weight` (in the pool), `pool` (mean score of the pool).
    """
    runs = {}
    for place, (name, (changes, alike)) in enumerate(STRUCTURES.items()):
        drawn = _alike(values) if alike else values
        folder = Path(store) / f"structure-{place}"
        more = dict(changes) | (dict(ALIKE) if alike else {})
        measure_points(drawn, folder, SEED, executor, workers, progress, more, keep=True)
        runs[name] = figures_of(folder)
    record = told(seen_in_record(load_history())).set_index("figure")["value"]
    rows = []
    for metric in METRICS:
        names = [name for name in record.index if name.startswith(f"{metric} ") and np.isfinite(record[name])]
        draws = [table[names].to_numpy() for table in runs.values()]
        names = [n for j, n in enumerate(names) if all(np.isfinite(d[:, j]).all() for d in draws)]
        draws = [table[names].to_numpy() for table in runs.values()]
        weights, alone, pool = stacked(draws, record[names].to_numpy())
        rows += [
            (metric, name, len(names), float(one), float(weight), pool)
            for name, one, weight in zip(runs, alone, weights, strict=True)
        ]
    return pd.DataFrame(rows, columns=["metric", "structure", "figures", "crps", "weight", "pool"])


def _alike(values: pd.DataFrame) -> pd.DataFrame:
    """The same points, with the level of answers that a usual trigger gets."""
    level = values["follow_level"] + USUAL_LOG * values["follow_size"]
    return values.drop(columns="follow_size").assign(follow_level=level)


def stacked(draws: list[Floats], record: Floats) -> tuple[Floats, Floats, float]:
    """Weights of a linear pool of ensembles, the mean score of each alone, and that of the pool.

    Args:
        draws: for each structure (N, K) draws of K figures, N the same for all.
        record: (K,) what came.

    The score of a pool is sum_k w_k E|X_k - y| - 1/2 sum_kl w_k w_l E|X_k - X_l|: quadratic in the weights.
    """
    from scipy.optimize import minimize

    count = len(draws)
    off = np.array([np.abs(one - record).mean() for one in draws])
    apart = np.array([[_apart(one, other) for other in draws] for one in draws])
    alone = off - 0.5 * np.diag(apart)

    def score(weights: Floats) -> float:
        return float(weights @ off - 0.5 * weights @ apart @ weights)

    found = minimize(
        score, np.full(count, 1.0 / count), jac=lambda w: off - apart @ w, method="SLSQP",
        bounds=[(0.0, 1.0)] * count, constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0},
    )  # fmt: skip
    weights = np.clip(found.x, 0.0, None)
    weights /= weights.sum()
    return weights, alone, float(score(weights))


def _apart(one: Floats, other: Floats) -> float:
    """Mean of |X - Y| over pairs of draws of two ensembles, and over figures."""
    same = one is other
    total = 0.0
    for x, y in zip(one.T, other.T, strict=True):
        gaps = np.abs(x[:, None] - y[None, :])
        total += float(gaps.sum() / (len(x) * (len(y) - 1) if same else len(x) * len(y)))
    return float(total / one.shape[1])
