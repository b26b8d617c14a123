"""What drives a metric: response curves, tornado, effects of a two-level design, and `indices`.

All take the table of runs of an experiment (one row a run: point, seed, factors, metrics) and leave out runs
that failed. With common seeds at all points an interval is over seeds and shows luck: each seed gives one
whole estimate, so the luck that all points share cancels. Where points are a sample it is over points and
shows parameters. The table of a study says which; see `structure`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from pricewar.base.arguments import column, columns, takes
from pricewar.base.arrays import Floats
from pricewar.base.errors import ResultsError, bad_input
from pricewar.results.bounds import bounds_of

from .indices import morris, sobol
from .interval import Interval, Method, interval, share_interval
from .structure import Over, has_luck, over_of, require_columns

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
    runs: pd.DataFrame,
    factor: str,
    metric: str,
    over: Over | None = None,
    bins: int = BINS,
    method: Method = "t",
) -> pd.DataFrame:
    """Mean of a metric at each value of a factor, over all values of the others.

    Args:
        runs: table of runs.
        factor: its column; numbers with many values are cut into `bins` of equal count.
        metric: its column.
        over: what an interval is over; None: what fits the design.
        bins: number of bins.
        method: kind of interval.

    Returns:
        Columns level (value, or middle of the bin), mean, lo, hi (95% interval), runs.

    Raises:
        InputError: no such column, or `over` is None and the table does not say how points were chosen.
        ResultsError: no run has a value.
    """
    require_columns(runs, factor, metric)
    over = over or over_of(runs, [factor])
    kept = good(runs, metric)
    level = levels(kept[factor], bins)
    rows = []
    for value, part in kept.groupby(level, sort=False):
        rows.append((value, *estimate(part, metric, over, method), len(part)))
    frame = pd.DataFrame(rows, columns=["level", "mean", "lo", "hi", "runs"])
    order = frame["level"].map(lambda x: x if isinstance(x, (int, float)) else 0)
    return frame.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)


def estimate(part: pd.DataFrame, metric: str, over: Over, method: Method = "t") -> tuple[float, float, float]:
    """Mean of a metric over runs, and its interval over seeds or over points.

    Runs of one seed, or of one point, are one unit: they share their luck, or their parameters.

    Returns:
        mean, lo, hi; lo and hi NaN with one unit, or where the units do not differ.
    """
    bounds = bounds_of(metric)
    if bounds.event:
        found = share_interval(part[metric].to_numpy(float), part[over].to_numpy())
        if over == "seed" and not has_luck(part):
            return float(found.mean), np.nan, np.nan
        return float(found.mean), float(found.lo), float(found.hi)
    units = part.groupby(over)[metric].mean().to_numpy(float)
    mean, lo, hi = (float(end[0]) for end in interval(units[:, None], method, bounds))
    return mean, lo, hi


def levels(values: pd.Series[Any], bins: int = BINS) -> pd.Series[Any]:
    """Values as they are if there are few; of many numbers the median of each bin of equal count."""
    if not pd.api.types.is_numeric_dtype(values) or values.nunique() <= _SHOWN:
        return values
    code = pd.qcut(values, bins, labels=False, duplicates="drop")
    return values.groupby(code).transform("median")


@takes(runs=pd.DataFrame, x=column, y=column, metric=column)
def heat(runs: pd.DataFrame, x: str, y: str, metric: str, over: Over | None = None) -> pd.DataFrame:
    """Mean of a metric at each pair of values of two factors.

    Returns:
        One row a pair: columns x, y (under the names of the factors), mean, lo, hi, runs.

    Raises:
        InputError, ResultsError: see `response`.
    """
    require_columns(runs, x, y, metric)
    over = over or over_of(runs, [x, y])
    kept = good(runs, metric)
    columns, lines = levels(kept[x]), levels(kept[y])
    rows = []
    for pair, part in kept.groupby([columns, lines], sort=False):
        assert isinstance(pair, tuple)
        rows.append((*pair, *estimate(part, metric, over), len(part)))
    return pd.DataFrame(rows, columns=[x, y, "mean", "lo", "hi", "runs"])


@takes(runs=pd.DataFrame, factors=columns, metric=column)
def tornado(
    runs: pd.DataFrame, factors: Sequence[str], metric: str, over: Over | None = None
) -> pd.DataFrame:
    """How far a metric moves from the lowest to the highest value of each factor.

    Returns:
        One row a factor, the strongest first: factor, low, high (levels), at_low, at_high (means), swing
        with lo and hi. Over seeds the swing is paired.

    Raises:
        InputError, ResultsError: see `response`.
    """
    require_columns(runs, *factors, metric)
    over = over or over_of(runs, factors)
    kept = good(runs, metric)
    rows = []
    for factor in factors:
        level = levels(kept[factor])
        ends = _ends(level)
        low, high = (kept[level == end] for end in ends)
        means = [float(part.groupby(over)[metric].mean().mean()) for part in (low, high)]
        rows.append((factor, *ends, *means, *_swing(low, high, metric, over)))
    names = ["factor", "low", "high", "at_low", "at_high", "swing", "lo", "hi"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.iloc[np.argsort(-frame["swing"].abs(), kind="stable")].reset_index(drop=True)


def _ends(level: pd.Series[Any]) -> tuple[Any, Any]:
    values = list(dict.fromkeys(level))
    if all(isinstance(value, (int, float, np.number)) for value in values):
        return min(values), max(values)
    return values[0], values[-1]


def _swing(low: pd.DataFrame, high: pd.DataFrame, metric: str, over: Over) -> tuple[float, float, float]:
    """Change of the mean from some runs to others: paired by seed, or between samples of points."""
    bounds = bounds_of(metric)
    one, two = (part.groupby(over)[metric].mean() for part in (low, high))
    size = max(float(one.abs().max()), float(two.abs().max()))
    if over == "seed":
        change = (two - one).dropna().to_numpy(float)
        if not change.size:
            raise ResultsError("no seed has runs at both levels: the table is not of such a design")
        found = Interval(*(end[0] for end in interval(change[:, None], "t", bounds.of_differences(), size)))
    else:
        found = _welch(one.to_numpy(float), two.to_numpy(float))
    mean, lo, hi = (float(end) for end in found)
    if bounds.event and np.isnan(lo) and has_luck(low):
        lo, hi = _difference_of_shares(estimate(low, metric, over), estimate(high, metric, over))
    least, most = bounds.of_differences()[:2]
    return mean, max(lo, least), min(hi, most)


def _welch(one: Floats, two: Floats) -> Interval:
    """Difference of the means of two samples (Welch 1947); no ends where neither varies."""
    from scipy.stats import ttest_ind

    mean = np.asarray(two.mean() - one.mean())
    rounding = 1e-12 * max(np.abs(one).max(), np.abs(two).max())
    if min(len(one), len(two)) < 2 or max(np.ptp(one), np.ptp(two)) <= rounding:
        return Interval(mean, np.asarray(np.nan), np.asarray(np.nan))
    ends = ttest_ind(two, one, equal_var=False).confidence_interval(0.95)
    return Interval(mean, np.asarray(ends.low), np.asarray(ends.high))


def _difference_of_shares(
    one: tuple[float, float, float], two: tuple[float, float, float]
) -> tuple[float, float]:
    """Ends of the difference of two shares from the ends of each (Newcombe 1998, method 10)."""
    (p, p_lo, p_hi), (q, q_lo, q_hi) = one, two
    return q - p - float(np.hypot(q - q_lo, p_hi - p)), q - p + float(np.hypot(q_hi - q, p - p_lo))


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
        InputError: no such column, or the points are a sample: effects would mix with those of the others.
        ResultsError: a factor has not two levels, or points lack a run.
    """
    require_columns(runs, *factors, metric)
    if over_of(runs, factors) == "point":
        found = str(runs.attrs.get("design", "points that are a sample"))
        raise bad_input("effects", ("design", found, "fractional, or a grid of two levels each"))
    kept = good(runs, metric)
    rows = []
    for factor in factors:
        two = list((order or {}).get(factor) or sorted(kept[factor].unique()))
        if len(two) != 2:
            raise ResultsError(f"{factor} has {len(two)} levels; effects need two")
        off, on = two
        halves = [kept[kept[factor] == level] for level in (off, on)]
        rows.append((factor, off, on, *_swing(halves[0], halves[1], metric, "seed")))
    frame = pd.DataFrame(rows, columns=["factor", "off", "on", "effect", "lo", "hi"])
    return frame.iloc[np.argsort(-frame["effect"].abs(), kind="stable")].reset_index(drop=True)


__all__ = [
    "BINS", "Over", "effects", "estimate", "good", "heat", "levels", "morris", "response", "sobol", "tornado",
]  # fmt: skip
