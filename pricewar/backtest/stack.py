"""The linear pool of the forecast with the run and that without it, with weights from earlier origins.

The CRPS of a pool is a quadratic of its weights (Gneiting and Raftery 2007):

    CRPS(w) = sum_k w_k E|X_k - y| - 1/2 sum_kl w_k w_l E|X_k - X_l|

The weight w of the run is the one with the smallest mean CRPS of log units at earlier origins, of the months
that had come by the later one, drawn towards one half as if `PRIOR` further origins had said so.

No other forecast is in the pool: if one were, a pool that does better would not say whether the run helps.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Final

import numpy as np

from pricewar.base.arrays import Floats
from pricewar.base.errors import bad_input
from pricewar.base.luck import stream

from .books import Forecast

PRIOR: Final = 2.0
"""Origins that the prior of equal weights counts for; assumed."""
GRID: Final = np.linspace(0.0, 1.0, 101)
SHIPPED: Final = "backtest_weights.toml"
"""File of the weights that ship with the package, made by `python -m pricewar.publish`."""


def pool_scores(with_run: Floats, without: Floats, actual: Floats, weights: Floats = GRID) -> Floats:
    """(W, C) CRPS of pools.

    Args:
        with_run: (D, C) draws, in logs if errors are to count in percent.
        without: (D, C) the same without the run.
        actual: (C,) what came.
        weights: (W,) of the draws with the run, 0 to 1.

    Raises:
        InputError: shapes that do not fit.
    """
    if with_run.shape != without.shape or with_run.shape[1:] != np.shape(actual):
        found = f"shapes {with_run.shape}, {without.shape} and {np.shape(actual)}"
        raise bad_input("pool_scores", ("draws", found, "(D, C) twice, and (C,) figures"))
    off = [np.abs(draws - actual).mean(axis=0) for draws in (with_run, without)]
    own = [_spread(draws) for draws in (with_run, without)]
    both = 2.0 * _spread(np.concatenate([with_run, without])) - 0.5 * (own[0] + own[1])
    w = np.asarray(weights)[:, None]
    near = w * off[0] + (1.0 - w) * off[1]
    return np.asarray(near - 0.5 * (w**2 * own[0] + (1.0 - w) ** 2 * own[1] + 2.0 * w * (1.0 - w) * both))


def _spread(draws: Floats) -> Floats:
    """(C,) mean absolute difference of two draws."""
    ranked, count = np.sort(draws, axis=0), len(draws)
    place = 2.0 * np.arange(1, count + 1) - count - 1.0
    return np.asarray(2.0 * (place @ ranked) / count**2)


def weight_of(scores: list[Floats]) -> float:
    """The weight of the run from earlier origins.

    Args:
        scores: of each earlier origin (W, C), as `pool_scores` gives them on `GRID`; origins of which no
            month has come have no column.

    Returns:
        0 to 1; of no origin one half.
    """
    told = [one for one in scores if one.shape[1]]
    if not told:
        return 0.5
    best = float(GRID[np.concatenate(told, axis=1).mean(axis=1).argmin()])
    return (len(told) * best + PRIOR * 0.5) / (len(told) + PRIOR)


def pooled(with_run: Forecast, without: Forecast, weight: float, seed: int) -> Forecast:
    """Draws of the pool: whole rows of the one or of the other, so that cells belong together.

    Args:
        with_run: with the run.
        without: the same rows without it.
        weight: part of the rows with the run.
        seed: of the choice of rows.
    """
    count = len(with_run.draws)
    chosen = stream(seed, "backtest", "pool").permutation(count) < round(weight * count)
    return Forecast(with_run.cells, np.where(chosen[:, None], with_run.draws, without.draws))


def shipped_weights() -> dict[str, float]:
    """Weight of the run by origin, as learnt from the origins before it; ships with the package."""
    text = files("pricewar.data").joinpath(SHIPPED).read_text(encoding="utf-8")
    return {str(origin): float(weight) for origin, weight in tomllib.loads(text)["weights"].items()}
