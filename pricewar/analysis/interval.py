"""Means over seeds with 95% intervals: Student's t, or the bootstrap over seeds."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit  # scipy.stats takes half a second to import

Floats = NDArray[np.float64]
Method = Literal["t", "bootstrap"]
LEVEL = 0.95
_RESAMPLES = 2000
_BLOCK = 4096


class Interval(NamedTuple):
    """Mean and the ends of its interval, all of one shape."""

    mean: Floats
    lo: Floats
    hi: Floats


def interval(values: Floats, method: Method = "t") -> Interval:
    """Mean over seeds and its 95% interval.

    Args:
        values: (seeds, ...); NaN where a run has no value. Such seeds are left out, cell by cell.
        method: "t" (Student 1908), or "bootstrap": percentiles of the means of resampled seeds (Efron
            1979), with the same resamples at every call.

    Returns:
        Arrays (...). Mean NaN without any seed; ends NaN with fewer than two.
    """
    seen = ~np.isnan(values)
    count = seen.sum(axis=0)
    filled = np.where(seen, values, 0.0)
    mean = _over(filled.sum(axis=0), count, 0)
    if method == "bootstrap":
        return Interval(mean, *_bootstrap(filled, seen, count))
    squares = np.where(seen, (values - mean) ** 2, 0.0).sum(axis=0)
    error = np.sqrt(_over(squares, count - 1, 0) / np.maximum(count, 1))
    quantile = stdtrit(np.arange(1, values.shape[0] + 1), 0.5 + LEVEL / 2)
    half = error * quantile[np.clip(count - 2, 0, None)]
    return Interval(mean, mean - half, mean + half)


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
