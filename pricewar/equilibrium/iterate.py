"""The zeta iteration for any demand, in numpy: the compiled step for demands without a kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pricewar.demand.base import Floats
from pricewar.kernels.zeta import anderson, shorten

if TYPE_CHECKING:
    from .solver import Game

_GROWTH = 2.0
#: Part of the zeta step taken. With linear demand the whole step overshoots by as much as it was off;
#: half of it is the best response.
_DAMPING = 0.5


def iterate_generic(
    game: Game, state: Floats, limited: bool, tolerance: float, most: int, memory: int
) -> tuple[int, float]:
    """Iterate on `state` = prices (and capacity prices) in place; see `kernels.zeta.iterate_prices`."""
    past: list[tuple[Floats, Floats]] = []
    size, before, residual = game.low.size, np.inf, np.inf
    for iteration in range(1, most + 1):
        target, residual = _step(game, state, limited)
        if residual <= tolerance:
            state[:] = target
            return iteration, residual
        if not np.isfinite(residual):
            return iteration, float("nan")
        if residual > _GROWTH * before or 2 * iteration > most:
            past = []
        before = residual
        image = target.copy()
        image[:size] = state[:size] + _DAMPING * (target[:size] - state[:size])
        proposal = _mix(state, image, past)
        past = [*past, (state.copy(), image)][-memory:] if memory else []
        state[:size] = np.clip(proposal[:size], game.low, game.high)
        state[size:] = np.maximum(proposal[size:], 0.0)
    return most, residual


def _mix(state: Floats, image: Floats, past: list[tuple[Floats, Floats]]) -> Floats:
    proposal = np.empty_like(image)
    shape = (max(len(past), 1), image.size)
    states = np.array([s for s, _ in past]).reshape(shape) if past else np.zeros(shape)
    images = np.array([i for _, i in past]).reshape(shape) if past else np.zeros(shape)
    anderson(state, image, states, images, len(past), proposal)
    shorten(state, image, proposal)
    return proposal


def _step(game: Game, state: Floats, limited: bool) -> tuple[Floats, float]:
    size = game.low.size
    prices, shadow = state[:size], state[size:]
    margins = game.margins(prices, shadow)
    shares, slope, gain = game.demand.markup_terms(prices, margins, game.firms, game.conduct)
    sells = slope > 0
    steep = np.where(sells, slope, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        zeta = np.where(sells, (game.keep * shares + gain) / steep, 0.0)  # at cost until somebody buys
        target = (game.costs + zeta) / game.keep
        if limited:
            clearing = prices + np.where(sells, np.log(shares / game.capacity) * shares / steep, 0.0)
            binding = clearing > target
            target = np.where(binding, clearing, target)
        target = np.clip(target, game.low, game.high)
        worst, scale = (
            np.abs(target - prices).max(),
            ((np.abs(game.costs) + shares / steep) / game.keep).max(),
        )
        if limited:
            price = np.where(binding, np.maximum(game.keep * target - game.costs - zeta, 0.0), 0.0)
            worst = max(worst, np.abs(price - shadow).max())
            target = np.concatenate([target, price])
    return target, float(worst / scale if scale > 0 else worst)
