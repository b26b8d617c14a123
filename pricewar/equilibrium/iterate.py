"""The zeta iteration for any demand, ownership and cost, in numpy: for games without a kernel."""

from __future__ import annotations

import numpy as np

from pricewar.demand.base import Floats
from pricewar.demand.mixed import MixedLogit
from pricewar.kernels.zeta import SLACK, anderson, shorten

from .game import Game

#: Part of the zeta step taken. With linear demand the whole step overshoots by as much as it was off;
#: half of it is the best response.
_DAMPING = 0.5
#: A plain iteration whose residual grows halves its steps, down to this part.
_LEAST = 1.0 / 1024.0


def iterate_generic(game: Game, state: Floats, tolerance: float, most: int, memory: int) -> tuple[int, float]:
    """Iterate on `state` = prices (and capacity prices) in place; see `kernels.zeta.iterate_prices`."""
    past: list[tuple[Floats, Floats]] = []
    stood, residual, mixed, refused, wait, plain = np.inf, np.inf, False, 0, 0, state
    size, part = game.low.size, 1.0 if isinstance(game.demand, MixedLogit) else _DAMPING
    for iteration in range(1, most + 1):
        target, residual = zeta_step(game, state)
        if residual <= tolerance:
            state[:] = target
            return iteration, residual
        part = max(0.5 * part, _LEAST) if residual > stood and not memory else part
        if mixed and not residual <= SLACK * stood:
            state[:], past, mixed, stood = plain, [], False, np.inf
            refused, wait = refused + 1, 2**refused
            continue
        if not np.isfinite(residual):
            return iteration, float("nan")
        past = [] if residual > stood or wait > 0 else past
        wait, stood, mixed = max(wait - 1, 0), residual, bool(past)
        plain = target.copy()
        plain[:size] = state[:size] + part * _give(game, state[:size]) * (target[:size] - state[:size])
        proposal = _mix(state, plain, past)
        past = [*past, (state.copy(), plain)][-memory:] if memory else []
        state[:] = _bounded(game, proposal)
    return most, residual


def _give(game: Game, prices: Floats) -> Floats | float:
    """What cost leaves of a step (J,): where it rises with sales a higher price brings it down."""
    if game.rising is None:
        return 1.0
    slope = np.maximum(-np.diag(game.demand.jacobian(prices)), 0.0)
    steep = np.maximum(game.rising.slope(game.demand.expected(prices)), 0.0)
    return np.asarray(1.0 / (1.0 + steep * slope / game.keep))


def _bounded(game: Game, proposal: Floats) -> Floats:
    size = game.low.size
    prices = np.clip(proposal[:size], game.low, game.high)
    return np.concatenate([prices, np.maximum(proposal[size:], 0.0)])


def _mix(state: Floats, image: Floats, past: list[tuple[Floats, Floats]]) -> Floats:
    proposal = np.empty_like(image)
    shape = (max(len(past), 1), image.size)
    states = np.array([s for s, _ in past]).reshape(shape) if past else np.zeros(shape)
    images = np.array([i for _, i in past]).reshape(shape) if past else np.zeros(shape)
    anderson(state, image, states, images, len(past), proposal)
    shorten(state, image, proposal)
    return proposal


def markup_terms(game: Game, prices: Floats, margins: Floats) -> tuple[Floats, Floats, Floats]:
    """Shares, slope and gain (J,) of the pricing condition, whatever the ownership."""
    if game.weights is None:
        return game.demand.markup_terms(prices, margins, game.firms, game.conduct)
    jacobian = game.demand.jacobian(prices)
    slope = -np.diag(jacobian)
    gain = (game.internal * jacobian.T) @ margins + slope * margins
    return game.demand.expected(prices), slope, gain


def zeta_step(game: Game, state: Floats) -> tuple[Floats, float]:
    """One zeta step from `state` = prices (and capacity prices); the largest relative move."""
    size = game.low.size
    prices, shadow = state[:size], state[size:]
    costs = game.costs if game.rising is None else game.rising(game.demand.expected(prices))
    margins = game.keep * prices - costs - (shadow if shadow.size else 0.0)
    shares, slope, gain = markup_terms(game, prices, margins)
    sells = slope > 0
    steep = np.where(sells, slope, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        zeta = np.where(sells, (game.keep * shares + gain) / steep, 0.0)  # at cost until somebody buys
        target = (costs + zeta) / game.keep
        if game.limited:
            clearing = prices + np.where(sells, np.log(shares / game.capacity) * shares / steep, 0.0)
            binding = clearing > target
            target = np.where(binding, clearing, target)
        target = np.clip(target, game.low, game.high)
        worst, scale = (
            np.abs(target - prices).max(),
            ((np.abs(costs) + shares / steep) / game.keep).max(),
        )
        if game.limited:
            price = np.where(binding, np.maximum(game.keep * target - costs - zeta, 0.0), 0.0)
            worst = max(worst, np.abs(price - shadow).max())
            target = np.concatenate([target, price])
    return target, float(worst / scale if scale > 0 else worst)
