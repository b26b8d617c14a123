"""Means with 95% intervals that are possible: inside what a metric can be, and none where nothing differs.

A share of runs gets the exact limits of Clopper and Pearson (1934), anything else Student's t, on the log or
logit scale of a metric with one or two bounds, or the bootstrap. Argued, with measured coverage, in
docs/adr/0070-intervals.md. Beside it, the range over seeds: where runs lie, not where their mean does.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, stdtrit  # scipy.stats takes half a second to import

from pricewar.base.arrays import Floats
from pricewar.base.speech import phrase
from pricewar.results.bounds import FREE, Bounds

Method = Literal["t", "bootstrap"]
LEVEL = 0.95
NO_LUCK = phrase("no luck in this market: seeds do not differ")
RANGE = 0.90
"""Part of the runs inside the range over seeds."""
FEW = 5
"""Seeds below which the range runs from the least to the greatest value: quantiles would be made up."""
_RESAMPLES = 2000
_BLOCK = 4096
_ROUNDING = 1e-12
"""Fraction of a number's size below which a difference between runs is rounding, not luck."""


class Interval(NamedTuple):
    """Mean and the ends of its interval, all of one shape."""

    mean: Floats
    lo: Floats
    hi: Floats


class Ends(NamedTuple):
    """Bounds of many metrics: arrays that broadcast to the cells."""

    low: ArrayLike
    high: ArrayLike


def interval(
    values: Floats, method: Method = "t", bounds: Bounds | Ends = FREE, size: ArrayLike = 0.0
) -> Interval:
    """Mean over seeds and its 95% interval.

    Args:
        values: (seeds, ...); NaN where a run has no value. Such seeds are left out, cell by cell.
        method: "t" (Student 1908), or "bootstrap": percentiles of the means of resampled seeds (Efron
            1979), with the same resamples at every call.
        bounds: what a value lies between. An interval of t is taken on the log scale of the distance to one
            bound, or on the logit scale between two, so that it comes near a bound and never reaches it.
        size: of the numbers that values are differences of, so that their rounding is not taken for luck.

    Returns:
        Arrays (...). Mean NaN without any seed; ends NaN with fewer than two, and where all seeds have one
        value: no luck was seen there, and an interval without width would say that there is none.
    """
    seen = ~np.isnan(values)
    count = seen.sum(axis=0)
    filled = np.where(seen, values, 0.0)
    mean = _over(filled.sum(axis=0), count, 0)
    if method == "bootstrap":
        lo, hi = _bootstrap(filled, seen, count)
    else:
        squares = np.where(seen, (values - mean) ** 2, 0.0).sum(axis=0)
        error = np.sqrt(_over(squares, count - 1, 0) / np.maximum(count, 1))
        quantile = stdtrit(np.arange(1, values.shape[0] + 1), 0.5 + LEVEL / 2)
        lo, hi = _inside(mean, error * quantile[np.clip(count - 2, 0, None)], bounds)
    still = _still(values, seen, size)
    lo, hi = np.maximum(lo, bounds.low), np.minimum(hi, bounds.high)
    # the mean of values inside the bounds may leave them by its last bit
    lo, hi = np.minimum(lo, mean), np.maximum(hi, mean)
    return Interval(mean, np.where(still, np.nan, lo), np.where(still, np.nan, hi))


def spread_over_seeds(values: Floats, size: ArrayLike = 0.0) -> tuple[Floats, Floats]:
    """Between which values 90% of the runs lie: the 5% and the 95% quantile over seeds.

    With fewer than five seeds, the least and the greatest value. It tells how far one run may lie from
    another, and does not shrink with more seeds; the interval of the mean does.

    Args:
        values: (seeds, ...); NaN where a run has no value. Such seeds are left out, cell by cell.
        size: as of `interval`.

    Returns:
        Low and high end, (...) each; NaN with fewer than two seeds, and where all have one value.
    """
    count = (~np.isnan(values)).sum(axis=0)
    tail = (1.0 - RANGE) / 2 * (count >= FEW)
    ranked = np.sort(values, axis=0)  # NaN last
    ends = [_ranked(ranked, count, share) for share in (tail, 1.0 - tail)]
    none = _still(values, ~np.isnan(values), size)
    return np.where(none, np.nan, ends[0]), np.where(none, np.nan, ends[1])


def _ranked(ranked: Floats, count: NDArray[np.int64], share: Floats) -> Floats:
    """(...) the empirical quantile of the first `count` of sorted values, between two of them linearly."""
    place = share * np.maximum(count - 1, 0)
    under = np.floor(place).astype(int)
    low, high = (
        np.take_along_axis(ranked, np.minimum(i, np.maximum(count - 1, 0))[None], axis=0)[0]
        for i in (under, under + 1)
    )
    return np.asarray(low + (place - under) * (high - low))


def _inside(mean: Floats, half: Floats, bounds: Bounds | Ends) -> tuple[Floats, Floats]:
    """The ends of t at half a width from the mean, on a scale on which bounds are infinitely far.

    On the log scale a wide interval would grow without measure away from its one bound (fifty thousand
    times the mean with two seeds): beyond a factor e it goes on along the tangent.
    """
    low, high = np.asarray(bounds.low, float), np.asarray(bounds.high, float)
    below, above = mean - low, high - mean
    with np.errstate(all="ignore"):
        steps = half * (1.0 / below + 1.0 / above)
        nearer, farther = np.exp(-steps), np.exp(np.minimum(steps, 1.0)) * np.maximum(steps, 1.0)
        both = np.isfinite(high - low)
        lo = low + below * nearer * np.where(both, (high - low) / (above + below * nearer), 1.0)
        hi = high - above * nearer * np.where(both, (high - low) / (below + above * nearer), 1.0)
        lo = np.where(np.isfinite(low), lo, np.where(np.isfinite(high), high - above * farther, mean - half))
        hi = np.where(np.isfinite(high), hi, np.where(np.isfinite(low), low + below * farther, mean + half))
    out = (below <= 0) | (above <= 0)  # by rounding
    return np.where(out, mean - half, lo), np.where(out, mean + half, hi)


def _still(values: Floats, seen: NDArray[np.bool_], size: ArrayLike) -> NDArray[np.bool_]:
    """(...) whether no seed differs from another by more than rounding."""
    top = np.where(seen, values, -np.inf).max(axis=0, initial=-np.inf)
    low = np.where(seen, values, np.inf).min(axis=0, initial=np.inf)
    with np.errstate(invalid="ignore"):
        reach = np.maximum(np.maximum(np.abs(top), np.abs(low)), size)
        return np.asarray(~(top - low > _ROUNDING * reach), bool)


def share_interval(events: Floats, cluster: NDArray[Any] | None = None) -> Interval:
    """Share of runs with an event, and the limits of Clopper and Pearson.

    Runs of one cluster (one seed at many points, one point with many seeds) are not independent. They count
    as fewer: as many as would give the spread between clusters (Korn and Graubard 1998), but no fewer than
    there are clusters and no more than there are runs.

    Args:
        events: (runs) 0 or 1; NaN is left out.
        cluster: (runs) what runs share; None: nothing.

    Returns:
        Three numbers (). Ends NaN with fewer than two clusters.
    """
    there = ~np.isnan(events)
    values = events[there]
    _, code = np.unique(np.arange(len(events)) if cluster is None else cluster, return_inverse=True)
    runs = np.bincount(code[there], minlength=1)
    sums = np.bincount(code[there], weights=values, minlength=1).astype(float)[runs > 0]
    runs = runs[runs > 0]
    if len(values) == 0:
        return Interval(*(np.asarray(np.nan) for _ in range(3)))
    share = np.asarray(values.mean())
    if len(runs) < 2:
        return Interval(share, np.asarray(np.nan), np.asarray(np.nan))
    return Interval(share, *clopper_pearson(float(share), _worth(float(share), sums, runs)))


def _worth(share: float, sums: Floats, runs: NDArray[np.int64]) -> float:
    """How many independent runs these are worth."""
    many, whole = len(runs), float(runs.sum())
    if many == whole or share in (0.0, 1.0):
        return float(many)
    variance = many / (many - 1) * float(((sums - share * runs) ** 2).sum()) / whole**2
    shrunk = (stdtrit(whole - 1, 0.5 + LEVEL / 2) / stdtrit(many - 1, 0.5 + LEVEL / 2)) ** 2
    worth = share * (1.0 - share) / variance * shrunk if variance > 0 else whole
    return float(np.clip(worth, many, whole))


def clopper_pearson(share: ArrayLike, runs: ArrayLike) -> tuple[Floats, Floats]:
    """Exact 95% limits of a probability (Clopper and Pearson 1934).

    Args:
        share: (...) share of runs with the event.
        runs: (...) how many runs; need not be whole.
    """
    n = np.asarray(runs, float)
    k = np.asarray(share, float) * n
    tail = (1.0 - LEVEL) / 2
    lo = np.where(k > 0, betaincinv(np.maximum(k, 1e-300), n - k + 1.0, tail), 0.0)
    hi = np.where(k < n, betaincinv(k + 1.0, np.maximum(n - k, 1e-300), 1.0 - tail), 1.0)
    return np.asarray(lo), np.asarray(hi)


def _over(part: Floats, whole: NDArray[np.int64], least: int) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > least))


def _bootstrap(filled: Floats, seen: NDArray[np.bool_], count: NDArray[np.int64]) -> tuple[Floats, Floats]:
    seeds, shape = filled.shape[0], filled.shape[1:]
    draws = np.random.default_rng(20250523).multinomial(seeds, [1 / seeds] * seeds, _RESAMPLES).astype(float)
    flat, there = filled.reshape(seeds, -1).T, seen.reshape(seeds, -1).T.astype(float)
    ends = np.empty((2, len(flat)))
    for start in range(0, len(flat), _BLOCK):
        rows = slice(start, start + _BLOCK)
        weight = there[rows] @ draws.T
        # a resample without any run that has a value says nothing: it takes the place of the lowest
        means = np.divide(flat[rows] @ draws.T, weight, out=np.full(weight.shape, -np.inf), where=weight > 0)
        ends[:, rows] = _percentiles(means)
    ends[:, count.ravel() < 2] = np.nan
    return ends[0].reshape(shape), ends[1].reshape(shape)


def _percentiles(means: Floats) -> Floats:
    """(2, rows) the ends that leave 2.5% of the resamples on either side."""
    resamples = means.shape[1]
    low = round((1 - LEVEL) / 2 * resamples)
    ranked = np.partition(means, [low, resamples - 1 - low], axis=1)
    return np.stack([ranked[:, low], ranked[:, resamples - 1 - low]])
