"""A damped Newton finish where the zeta map creeps: full derivatives of the pricing conditions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pricewar.demand.base import Floats, require_curvature

from .game import Game
from .iterate import markup_terms, zeta_step

_MOST, _HALVINGS = 40, 8
_SHRINKS = 0.9
"""A step stands where it lowers the residual at least to this part."""


def conditions(game: Game, prices: Floats, shadow: Floats | None = None) -> Floats:
    """F_j = keep_j share_j + sum_k H_jk margin_k d share_k / dp_j (J,): the gain as p_j rises."""
    costs = game.costs if game.rising is None else game.rising(game.demand.expected(prices))
    margins = game.keep * prices - costs - (0.0 if shadow is None else shadow)
    shares, slope, gain = markup_terms(game, prices, margins)
    return np.asarray(game.keep * shares + gain - slope * margins)


def condition_derivative(game: Game, prices: Floats, shadow: Floats | None = None) -> Floats:
    """Derivative of the pricing conditions by prices, dF_j / dp_l (J, J)."""
    jacobian, internal = game.demand.jacobian(prices), game.internal
    shares = game.demand.expected(prices)
    margins = game.keep * prices - game.costs_at(shares) - (0.0 if shadow is None else shadow)
    curved = require_curvature(game.demand, prices, margins, internal)
    found = game.keep[:, None] * jacobian + internal * jacobian.T * game.keep + curved
    if game.rising is not None:
        found = found - (internal * jacobian.T * game.rising.slope(shares)) @ jacobian
    return np.asarray(found)


def newton(game: Game, prices: Floats, tolerance: float) -> tuple[Floats, int, float]:
    """Newton steps from `prices` (J,), halved until the residual of the zeta map falls.

    Returns prices, evaluations and the residual; it stops where no part of a step helps.
    """
    target, residual = zeta_step(game, prices)
    evaluations = 1
    for _ in range(_MOST):
        if not np.isfinite(residual) or residual <= tolerance:
            return (target if residual <= tolerance else prices), evaluations, residual
        step = _direction(game, prices)
        if step is None:
            break
        for halving in range(_HALVINGS):
            trial = np.clip(prices + step * 0.5**halving, game.low, game.high)
            image, found = zeta_step(game, trial)
            evaluations += 1
            if found <= _SHRINKS * residual or found <= tolerance:
                break
        else:
            break
        prices, target, residual = trial, image, found
    return prices, evaluations, residual


def _direction(game: Game, prices: Floats) -> Floats | None:
    """The Newton step (J,) of the prices that no bound holds; None where there is none."""
    gain = conditions(game, prices)
    held = ((prices <= game.low) & (gain < 0.0)) | ((prices >= game.high) & (gain > 0.0))
    free: NDArray[np.bool_] = ~held & (game.low < game.high)
    step = np.zeros_like(prices)
    try:
        step[free] = -np.linalg.solve(condition_derivative(game, prices)[np.ix_(free, free)], gain[free])
    except np.linalg.LinAlgError:
        return None
    return step if np.isfinite(step).all() else None
