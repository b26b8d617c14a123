"""What drives a metric: response curves, tornado, Sobol and Morris indices, effects of a two-level design.

All take the table of runs of an experiment (one row a run: point, seed, factors, metrics) and leave out runs
that failed. With common seeds at all points an interval is over seeds: each seed gives one whole estimate,
so what all points share of its luck falls out. Where points are a sample, it is over points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..arguments import at_least, column, columns, numbers, takes
from ..errors import ResultsError, bad_input
from .interval import Method, interval

Floats = NDArray[np.float64]
Over = Literal["seed", "point"]
BINS: Final = 6
_SHOWN: Final = 12
"""Values of a factor from which on it is cut into bins."""


def good(runs: pd.DataFrame, *metrics: str) -> pd.DataFrame:
    """Runs that did not fail and have a value for these metrics.

    Raises:
        ResultsError: there is none.
    """
    kept = runs[runs["status"] == "ok"] if "status" in runs else runs
    kept = kept.dropna(subset=list(metrics))
    if kept.empty:
        raise ResultsError(f"no run with a value for {', '.join(metrics) or 'anything'}")
    return kept


@takes(runs=pd.DataFrame, factor=column, metric=column)
def response(
    runs: pd.DataFrame, factor: str, metric: str, over: Over = "seed", bins: int = BINS, method: Method = "t"
) -> pd.DataFrame:
    """Mean of a metric at each value of a factor, over all values of the others.

    Args:
        runs: table of runs.
        factor: its column; numbers with many values are cut into `bins` of equal count.
        metric: its column.
        over: what an interval is over.
        bins: number of bins.
        method: kind of interval.

    Returns:
        Columns level (value, or middle of the bin), mean, lo, hi (95% interval), runs.
    """
    kept = good(runs, metric)
    level = levels(kept[factor], bins)
    rows = []
    for value, part in kept.groupby(level, sort=False):
        values = part.groupby(over)[metric].mean().to_numpy(float)
        found = interval(values[:, None], method)
        rows.append((value, *(float(x[0]) for x in found), len(part)))
    frame = pd.DataFrame(rows, columns=["level", "mean", "lo", "hi", "runs"])
    order = frame["level"].map(lambda x: x if isinstance(x, (int, float)) else 0)
    return frame.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)


def levels(values: pd.Series[Any], bins: int = BINS) -> pd.Series[Any]:
    """Values as they are if there are few; of many numbers the median of each bin of equal count."""
    if not pd.api.types.is_numeric_dtype(values) or values.nunique() <= _SHOWN:
        return values
    code = pd.qcut(values, bins, labels=False, duplicates="drop")
    return values.groupby(code).transform("median")


@takes(runs=pd.DataFrame, x=column, y=column, metric=column)
def heat(runs: pd.DataFrame, x: str, y: str, metric: str, over: Over = "seed") -> pd.DataFrame:
    """Mean of a metric at each pair of values of two factors.

    Returns:
        One row a pair: columns x, y (under the names of the factors), mean, lo, hi, runs.
    """
    kept = good(runs, metric)
    columns, lines = levels(kept[x]), levels(kept[y])
    rows = []
    for pair, part in kept.groupby([columns, lines], sort=False):
        assert isinstance(pair, tuple)
        found = interval(part.groupby(over)[metric].mean().to_numpy(float)[:, None])
        rows.append((*pair, *(float(value[0]) for value in found), len(part)))
    return pd.DataFrame(rows, columns=[x, y, "mean", "lo", "hi", "runs"])


@takes(runs=pd.DataFrame, factors=columns, metric=column)
def tornado(runs: pd.DataFrame, factors: Sequence[str], metric: str, over: Over = "seed") -> pd.DataFrame:
    """How far a metric moves from the lowest to the highest value of each factor.

    Returns:
        One row a factor, the strongest first: factor, low, high (levels), at_low, at_high (means), swing
        with lo and hi. Over seeds the swing is paired.
    """
    kept = good(runs, metric)
    rows = []
    for factor in factors:
        level = levels(kept[factor])
        ends = _ends(level)
        low, high = (kept[level == end].groupby(over)[metric].mean() for end in ends)
        swing = _swing(low, high, paired=over == "seed")
        rows.append((factor, *ends, float(low.mean()), float(high.mean()), *swing))
    names = ["factor", "low", "high", "at_low", "at_high", "swing", "lo", "hi"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.iloc[np.argsort(-frame["swing"].abs(), kind="stable")].reset_index(drop=True)


def _ends(level: pd.Series[Any]) -> tuple[Any, Any]:
    values = list(dict.fromkeys(level))
    if all(isinstance(value, (int, float, np.number)) for value in values):
        return min(values), max(values)
    return values[0], values[-1]


def _swing(low: pd.Series[Any], high: pd.Series[Any], paired: bool) -> tuple[float, float, float]:
    if paired and (high - low).dropna().empty:
        raise ResultsError("no seed has runs at both levels: the table is not of such a design")
    if paired:
        found = interval((high - low).dropna().to_numpy(float)[:, None])
        return float(found.mean[0]), float(found.lo[0]), float(found.hi[0])
    from scipy.stats import ttest_ind

    ends = ttest_ind(high.to_numpy(float), low.to_numpy(float), equal_var=False).confidence_interval(0.95)
    return float(high.mean() - low.mean()), float(ends.low), float(ends.high)


@takes(runs=pd.DataFrame, factors=columns, metric=column)
def effects(
    runs: pd.DataFrame, factors: Sequence[str], metric: str, order: Mapping[str, Sequence[Any]] | None = None
) -> pd.DataFrame:
    """Main effects of a two-level design: mean at a factor's second level less mean at its first.

    Args:
        runs: table of runs.
        factors: its columns of factors.
        metric: its column of the metric.
        order: the two levels of factors, first and second; those not named are taken in rising order.

    Returns:
        One row a factor, the strongest first: factor, off, on (levels), effect, lo, hi (over seeds).

    Raises:
        ResultsError: a factor has not two levels, or points lack a run.
    """
    kept = good(runs, metric)
    rows = []
    for factor in factors:
        two = list((order or {}).get(factor) or sorted(kept[factor].unique()))
        if len(two) != 2:
            raise ResultsError(f"{factor} has {len(two)} levels; effects need two")
        off, on = two
        means = [kept[kept[factor] == level].groupby("seed")[metric].mean() for level in (off, on)]
        rows.append((factor, off, on, *_swing(means[0], means[1], paired=True)))
    frame = pd.DataFrame(rows, columns=["factor", "off", "on", "effect", "lo", "hi"])
    return frame.iloc[np.argsort(-frame["effect"].abs(), kind="stable")].reset_index(drop=True)


@takes(runs=pd.DataFrame, factors=columns, metric=column, resamples=at_least(1))
def sobol(runs: pd.DataFrame, factors: Sequence[str], metric: str, resamples: int = 500) -> pd.DataFrame:
    """First-order and total Sobol indices of a Saltelli design, by SALib (Saltelli et al. 2010).

    Returns:
        One row a factor, the largest total first: factor, first, first_lo, first_hi, total, total_lo,
        total_hi (95%, by resampling the points).

    Raises:
        ResultsError: a point has no run, or the metric does not vary.
    """
    from SALib.analyze import sobol as salib

    y = _by_point(runs, metric)
    if np.ptp(y) == 0:
        raise ResultsError(f"{metric} is the same at all points: nothing to divide")
    try:
        found = salib.analyze(
            _problem(factors), y, calc_second_order=False, num_resamples=resamples, conf_level=0.95, seed=1
        )
    except RuntimeError as error:  # a number of points that no Saltelli design has
        raise ResultsError(f"{len(y)} points of {len(factors)} factors are not a Saltelli design") from error
    frame = pd.DataFrame({"factor": list(factors)})
    for name, key in (("first", "S1"), ("total", "ST")):
        frame[name] = found[key]
        frame[f"{name}_lo"], frame[f"{name}_hi"] = (
            found[key] - found[f"{key}_conf"],
            found[key] + found[f"{key}_conf"],
        )
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
        ResultsError: a point has no run.
    """
    from SALib.analyze import morris as salib

    if np.ndim(quantiles) != 2 or np.shape(quantiles)[1] != len(factors):
        raise bad_input("morris", ("quantiles", f"shape {np.shape(quantiles)}", f"(P, {len(factors)})"))
    found = salib.analyze(_problem(factors), quantiles, _by_point(runs, metric), num_levels=grid, seed=1)
    half = np.asarray(found["mu_star_conf"], float)
    frame = pd.DataFrame(
        {
            "factor": list(factors),
            "mu": np.asarray(found["mu"], float),
            "mu_star": np.asarray(found["mu_star"], float),
            "lo": found["mu_star"] - half,
            "hi": found["mu_star"] + half,
            "sigma": np.asarray(found["sigma"], float),
        }
    )
    return frame.sort_values("mu_star", ascending=False, kind="stable").reset_index(drop=True)


def _by_point(runs: pd.DataFrame, metric: str) -> Floats:
    """(P,) mean over seeds at every point; indices need all of them."""
    kept = runs[runs["status"] == "ok"] if "status" in runs else runs
    means = kept.groupby("point")[metric].mean().reindex(range(int(runs["point"].max()) + 1))
    if means.isna().any():
        raise ResultsError(f"{metric} has no value at {int(means.isna().sum())} points; indices need all")
    return means.to_numpy(float)


def _problem(factors: Sequence[str]) -> Mapping[str, Any]:
    return {"num_vars": len(factors), "names": list(factors), "bounds": [[0.0, 1.0]] * len(factors)}
