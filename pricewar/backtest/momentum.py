"""How firms' shares drift by themselves: trend, pattern within the quarter, level, error.

For the log share r of a firm: r_t = a + b t + q(month of quarter) + e_t, least squares over the last year.
What the run of the model does not hold is predicted as

    r_T+h - r_T = (level - r_T + q_T) + (b / 2) (1 + d + ... + d^(h-1)) + shrunk (q_T+h - q_T)

with the level smoothed over the last months along the trend, the trend halved and damped (Gardner and
McKenzie 1985, Management Science 31), and the pattern shrunk by 1 - 1/F. Errors are those that this very
rule made at earlier months.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pricewar.base.arrays import Floats

from .past import Past

WINDOW = 12
LEAST = 6
"""Months that a fit needs."""
KEPT = 0.5
"""Part of the trend that is believed: at past months any part from none to all did about as well."""
NEWEST = 0.8
"""Weight of the newest month in the level; weights fall off at this rate."""
DAMPING = 0.8
"""Part of a trend that is left a month later; assumed, drawn from 0.7 to 0.9."""
TAIL = 6
"""Degrees of freedom of errors: their scale is itself estimated from few origins."""
OWN = 4.0
"""Weight of the pool against a firm's own error scale, in horizons; assumed."""
MOST = 4.0
"""Largest ratio of a firm's error variance to the median firm's; assumed."""


@dataclass(frozen=True)
class Momentum:
    """A fitted drift of shares. F firms with a record."""

    firms: tuple[str, ...]
    slope: Floats
    """(F,) believed trend a month, log points."""
    pattern: Floats
    """(F, 3) shrunk deviation by month of the quarter, log points."""
    gap: Floats
    """(F,) level less the last month, both without pattern."""
    position: int
    """Month of the quarter of the last month."""

    def ahead(self, horizon: int, damping: ArrayLike = DAMPING) -> Floats:
        """(..., F, horizon) log change of share since the last month; damping (...,)."""
        steps = np.arange(1, horizon + 1)
        left = np.asarray(damping, float)[..., None, None]
        trend = (1.0 - left**steps) / (1.0 - left)
        place = (self.position + steps) % 3
        season = self.pattern[:, place] - self.pattern[:, [self.position]]
        return np.asarray(self.gap[:, None] + self.slope[:, None] * trend + season)


def fit_momentum(past: Past, kept: float = KEPT) -> Momentum:
    """Fit trend, pattern and level to the last year of a past with at least six months.

    Args:
        past: what is known.
        kept: part of the trend that is believed.
    """
    share = past.log_share[:, -WINDOW:]
    place = past.position()[-WINDOW:]
    count = share.shape[1]
    time = np.arange(count) - (count - 1.0)
    pattern = _pattern(share, time, place)
    even = share - pattern[:, place]
    slope = kept * np.polyfit(time, even.T, 1)[0]
    weight = (1.0 - NEWEST) ** -time
    level = (even - slope[:, None] * time) @ weight / weight.sum()
    return Momentum(past.firms, slope, pattern, level - even[:, -1], int(place[-1]))


def _pattern(share: Floats, time: Floats, place: NDArray[np.int64]) -> Floats:
    """(F, 3) deviation from the trend by month of the quarter, shrunk by 1 - 1/F of its F test."""
    quarter = np.eye(3)[place] - np.eye(3)[place].mean(axis=0)
    design = np.column_stack([np.ones(len(time)), time, quarter[:, :2]])
    coefficients, *_ = np.linalg.lstsq(design, share.T, rcond=None)
    residual = share.T - design @ coefficients
    variance = (residual**2).sum(axis=0) / (len(time) - design.shape[1])
    pattern = np.zeros((len(share), 3))
    pattern[:, :2] = coefficients[2:].T
    pattern -= pattern.mean(axis=1, keepdims=True)
    explained = ((quarter @ pattern.T) ** 2).sum(axis=0) / 2.0
    strength = np.clip(1.0 - variance / np.maximum(explained, 1e-12), 0.0, 1.0)
    return np.asarray(pattern * strength[:, None])


@dataclass(frozen=True)
class Errors:
    """Variance of the rule's error: `now + walk * h` for the median firm, times each firm's own factor."""

    now: float
    walk: float
    factor: dict[str, float]
    """Firm -> ratio of its error variance to the median firm's, shrunk."""

    def draw(self, firms: tuple[str, ...], horizon: int, draws: int, rng: np.random.Generator) -> Floats:
        """(draws, F, horizon) error paths: a walk and a passing part, with heavy tails."""
        scale = np.sqrt([self.factor.get(firm, 1.0) for firm in firms])[:, None]
        shape = (draws, len(firms), horizon)
        walk = np.sqrt(self.walk) * rng.standard_normal(shape).cumsum(axis=2)
        passing = np.sqrt(self.now) * rng.standard_normal(shape)
        fat = np.sqrt((TAIL - 2) / rng.chisquare(TAIL, (draws, len(firms), 1)))
        return np.asarray((walk + passing) * scale * fat)


def past_errors(past: Past, horizon: int = 8, kept: float = KEPT) -> Floats:
    """(origins, F, horizon) errors of the rule at each earlier month; NaN where none is known yet."""
    share, length = past.log_share, len(past.months)
    found = np.full((max(length - LEAST, 0), len(past.firms), horizon), np.nan)
    for row, end in enumerate(range(LEAST, length)):
        reach = min(horizon, length - end)
        expected = fit_momentum(past.until(past.months[end - 1]), kept).ahead(reach)
        found[row, :, :reach] = share[:, end : end + reach] - share[:, [end - 1]] - expected
    return found


def best_kept(past: Past, tried: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)) -> float:
    """The part of a trend that would have predicted the months of a past best, by mean squared error."""
    return min(tried, key=lambda kept: float(np.nanmean(past_errors(past, kept=kept) ** 2)))


def fit_errors(errors: Floats, firms: tuple[str, ...]) -> Errors:
    """Variances from past errors (origins, F, horizon)."""
    from scipy.optimize import nnls

    known = np.isfinite(errors).any(axis=0).all(axis=0)
    squares = np.nanmean(errors[:, :, known] ** 2, axis=0)
    level = squares.mean(axis=1)
    steps = np.flatnonzero(known) + 1.0
    shape = (squares / level[:, None]).mean(axis=0)
    weight = np.sqrt(np.isfinite(errors).sum(axis=(0, 1))[known])
    design = np.column_stack([np.ones_like(steps), steps])
    (now, walk), _ = nnls(design * weight[:, None], shape * weight)
    middle, count = float(np.median(level)), int(known.sum())
    ratio = np.minimum((count * level / middle + OWN) / (count + OWN), MOST)
    return Errors(now * middle, walk * middle, dict(zip(firms, map(float, ratio), strict=True)))
