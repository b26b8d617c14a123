"""Indices of designs made for them: Sobol's of a Saltelli design, Morris's elementary effects, by SALib.

Each belongs to its own design; on other points the same formulas give numbers that mean nothing, so those are
refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from pricewar.base.arguments import at_least, column, columns, numbers, takes
from pricewar.base.arrays import Floats
from pricewar.base.errors import ResultsError, bad_input

from .structure import require_columns, require_design, require_saltelli

_NOT_MORRIS: Final = (
    "grid", "one-at-a-time", "fractional", "latin-hypercube", "sobol-sequence", "saltelli", "csv",
)  # fmt: skip


@takes(runs=pd.DataFrame, factors=columns, metric=column, resamples=at_least(1))
def sobol(runs: pd.DataFrame, factors: Sequence[str], metric: str, resamples: int = 500) -> pd.DataFrame:
    """First-order and total Sobol indices of a Saltelli design, by SALib (Saltelli et al. 2010).

    Returns:
        One row a factor, the largest total first: factor, first, first_lo, first_hi, total, total_lo,
        total_hi (95%, by resampling the points), first_estimate. All but the last lie from 0 to 1, as shares
        of variance do: where the estimate of a small index falls below by chance, it is 0. The last is the
        estimate as it came out: sums are taken of it, because cut values sum to too much.

    Raises:
        InputError: no such column, the points are no Saltelli design in these factors, or the metric is
            infinite somewhere or the same everywhere.
        ResultsError: a point has no run with a value.
    """
    from SALib.analyze import sobol as salib

    require_columns(runs, *factors, metric)
    require_saltelli(_coded(runs, factors), factors)
    y = _by_point(runs, metric)
    if np.ptp(y) <= 1e-12 * np.abs(y).max():
        raise bad_input("Sobol indices", (metric, f"{y[0]:g} at all points", "a metric that varies"))
    found = salib.analyze(
        unit_cube(factors), y, calc_second_order=False, num_resamples=resamples, conf_level=0.95, seed=1
    )
    frame = pd.DataFrame({"factor": list(factors)})
    for name, key in (("first", "S1"), ("total", "ST")):
        for end, sign in (("", 0.0), ("_lo", -1.0), ("_hi", 1.0)):
            frame[f"{name}{end}"] = np.clip(found[key] + sign * found[f"{key}_conf"], 0.0, 1.0)
    frame["first_estimate"] = np.asarray(found["S1"], float)
    return frame.sort_values("total", ascending=False, kind="stable").reset_index(drop=True)


@takes(runs=pd.DataFrame, quantiles=numbers, factors=columns, metric=column, grid=at_least(2))
def morris(
    runs: pd.DataFrame, quantiles: Floats, factors: Sequence[str], metric: str, grid: int = 4
) -> pd.DataFrame:
    """Elementary effects of a Morris design, by SALib: mean size mu_star and spread sigma.

    Args:
        runs: table of runs.
        quantiles: (P, D) the design in the unit cube.
        factors: names of its columns.
        metric: column of the metric.
        grid: levels of the design.

    Returns:
        One row a factor, the largest mu_star first: factor, mu, mu_star, lo, hi, sigma.

    Raises:
        InputError: no such column, the design has another number of points, or the metric is infinite.
        ResultsError: a point has no run with a value.
    """
    from SALib.analyze import morris as salib

    require_columns(runs, *factors, metric)
    if np.ndim(quantiles) != 2 or np.shape(quantiles)[1] != len(factors):
        raise bad_input("morris", ("quantiles", f"shape {np.shape(quantiles)}", f"(P, {len(factors)})"))
    require_design(runs, "elementary effects", _NOT_MORRIS, "morris")
    if runs["point"].nunique() != len(quantiles):
        count = f"{runs['point'].nunique()} points"
        raise bad_input("elementary effects", ("design", count, f"the {len(quantiles)} of `quantiles`"))
    found = salib.analyze(unit_cube(factors), quantiles, _by_point(runs, metric), num_levels=grid, seed=1)
    half = np.asarray(found["mu_star_conf"], float)
    # all trajectories give one effect: it is known, as far as they show, and has no interval
    half = np.where(half > 1e-12 * np.asarray(found["mu_star"], float), half, np.nan)
    frame = pd.DataFrame(
        {
            "factor": list(factors),
            "mu": np.asarray(found["mu"], float),
            "mu_star": np.asarray(found["mu_star"], float),
            "lo": np.maximum(found["mu_star"] - half, 0.0),
            "hi": found["mu_star"] + half,
            "sigma": np.asarray(found["sigma"], float),
        }
    )
    return frame.sort_values("mu_star", ascending=False, kind="stable").reset_index(drop=True)


def _by_point(runs: pd.DataFrame, metric: str) -> Floats:
    """(P,) mean over seeds at every point; indices need all of them, and finite."""
    kept = runs[runs["status"] == "ok"] if "status" in runs else runs
    means = kept.groupby("point")[metric].mean().reindex(range(int(runs["point"].max()) + 1))
    if means.isna().any():
        raise ResultsError(f"{metric} has no value at {int(means.isna().sum())} points; indices need all")
    if not np.isfinite(means).all():
        count = int((~np.isfinite(means)).sum())
        raise bad_input("indices", (metric, f"infinite at {count} points", "a metric that is finite at all"))
    return means.to_numpy(float)


def _coded(runs: pd.DataFrame, factors: Sequence[str]) -> Floats:
    """(P, D) values of the factors at each point; those that are no numbers as codes."""
    points = runs.drop_duplicates("point").sort_values("point", kind="stable")[list(factors)]
    numbers = [
        points[name] if pd.api.types.is_numeric_dtype(points[name]) else pd.factorize(points[name])[0]
        for name in factors
    ]
    return np.column_stack([np.asarray(values, float) for values in numbers])


def unit_cube(factors: Iterable[str]) -> dict[str, Any]:
    """The quantiles of these factors as SALib wants them described."""
    factors = list(factors)
    return {"num_vars": len(factors), "names": factors, "bounds": [[0.0, 1.0]] * len(factors)}
