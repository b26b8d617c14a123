"""Bertrand prices of one type of buyer, firm by firm: bracketed roots of markups instead of steps.

For one type of a logit with nests (one nest of correlation zero where there are none) a firm's margins are

    m_j = (1 - rho_h) a_j / alpha + nu_h,    nu_h = rho_h N_h + (1 - rho_h) T,

with N_h the firm's mean margin per sale in the nest and T its margin per buyer: one unknown T and one nu_h
for each of its nests, each the root of a scalar function that changes sign once (an aggregative game; Nocke
and Schutz 2018). One round is every firm's best response in turn. It cannot overshoot, at any correlation.
Arrays: J products, H nests; utility in natural units.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .zeta import MEMORY, _copy, anderson

Array = NDArray[Any]
_DOUBLINGS = 200  # of a bracket until it holds the root
_HALVINGS = 100  # of a bracket: a double has 53 bits
_EXACT = 4e-16
_NOBODY = -1e300


@njit(cache=True, nogil=True, error_model="numpy")
def _nest_margin(game: tuple[Any, ...], own: Array, h: int, nu: float, rival: float, prices: Array) -> Any:
    """Set the prices of `own` products in nest h for `nu`; return (N_h, log of the nest's stretched sum)."""
    value, alpha, nests, rho, costs, keep, low, high = game
    stretch, top = 1.0 / (1.0 - rho[h]), rival
    for j in own:
        if nests[j] == h:
            price = (costs[j] + (1.0 - rho[h]) * keep[j] / alpha + nu) / keep[j]
            prices[j] = min(max(price, low[j]), high[j])
            top = max(top, stretch * (value[j] - alpha * prices[j]))
    total, earned = np.exp(rival - top), 0.0
    for j in own:
        if nests[j] == h:
            part = np.exp(stretch * (value[j] - alpha * prices[j]) - top)
            total += part
            earned += part * (keep[j] * prices[j] - costs[j])
    return earned / total, top + np.log(total)


@njit(cache=True, nogil=True, error_model="numpy")
def _next(low: float, high: float, below: float, above: float) -> float:
    """The next guess between two ends of different signs: the secant, or the middle if it leaves them."""
    guess = low + (high - low) * below / (below - above)
    return guess if low < guess < high else 0.5 * (low + high)


@njit(cache=True, nogil=True, error_model="numpy")
def _settle_nest(
    game: tuple[Any, ...], own: Array, h: int, total: float, rival: float, guess: float, prices: Array
) -> Any:
    """Find nu_h for T = `total`, from `guess`; returns (nu_h, N_h, log of the nest's stretched sum)."""
    rho = game[3][h]
    earned, size = _nest_margin(game, own, h, guess if rho > 0.0 else total, rival, prices)
    if rho == 0.0:
        return total, earned, size
    scale = game[5].max() / game[1]
    low, high = guess, guess
    below = above = rho * earned + (1.0 - rho) * total - guess
    step = max(abs(below), 1e-12 * scale)
    for _ in range(_DOUBLINGS):
        if below >= 0.0 >= above:
            break
        if below < 0.0:
            high, above, low = low, below, low - step
            below = rho * _nest_margin(game, own, h, low, rival, prices)[0] + (1.0 - rho) * total - low
        else:
            low, below, high = high, above, high + step
            above = rho * _nest_margin(game, own, h, high, rival, prices)[0] + (1.0 - rho) * total - high
        step *= 2.0
    nu, side = low, 0
    for _ in range(_HALVINGS):
        nu = _next(low, high, below, above)
        earned, size = _nest_margin(game, own, h, nu, rival, prices)
        found = rho * earned + (1.0 - rho) * total - nu
        if found == 0.0 or high - low <= _EXACT * (abs(nu) + scale) or abs(found) <= _EXACT * scale:
            break
        if found > 0.0:
            low, below, above = nu, found, above * (0.5 if side == 1 else 1.0)
            side = 1
        else:
            high, above, below = nu, found, below * (0.5 if side == -1 else 1.0)
            side = -1
    return nu, earned, size


@njit(cache=True, nogil=True, error_model="numpy")
def _excess(
    game: tuple[Any, ...], own: Array, total: float, rivals: Array, mine: Array, nu: Array, prices: Array
) -> float:
    """T that follows from `total`, less `total`, the firm's nests settled; `rivals` (H,) are log sums."""
    nests = rivals.size
    values, earned = np.empty(nests), np.zeros(nests)
    top = 0.0
    for h in range(nests):
        size = rivals[h]
        if mine[h]:
            nu[h], earned[h], size = _settle_nest(game, own, h, total, rivals[h], nu[h], prices)
        values[h] = (1.0 - game[3][h]) * size
        top = max(top, values[h])
    everything, margin = np.exp(-top), 0.0
    for h in range(nests):
        part = np.exp(values[h] - top)
        everything += part
        margin += part * earned[h]
    return float(margin / everything - total)


@njit(cache=True, nogil=True, error_model="numpy")
def _best_response(
    game: tuple[Any, ...], own: Array, guess: float, rivals: Array, mine: Array, nu: Array, prices: Array
) -> float:
    """Set the firm's prices to its best response; returns its margin per buyer T."""
    scale = game[5].max() / game[1]
    low, high = guess, guess
    below = above = _excess(game, own, guess, rivals, mine, nu, prices)
    step = max(abs(below), 1e-12 * scale)
    for _ in range(_DOUBLINGS):
        if below >= 0.0 >= above:
            break
        if below < 0.0:
            high, above, low = low, below, low - step
            below = _excess(game, own, low, rivals, mine, nu, prices)
        else:
            low, below, high = high, above, high + step
            above = _excess(game, own, high, rivals, mine, nu, prices)
        step *= 2.0
    total, side = low, 0
    for _ in range(_HALVINGS):
        total = _next(low, high, below, above)
        found = _excess(game, own, total, rivals, mine, nu, prices)
        if found == 0.0 or high - low <= _EXACT * (abs(total) + scale) or abs(found) <= _EXACT * scale:
            break
        if found > 0.0:
            low, below, above = total, found, above * (0.5 if side == 1 else 1.0)
            side = 1
        else:
            high, above, below = total, found, below * (0.5 if side == -1 else 1.0)
            side = -1
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _rivals(game: tuple[Any, ...], firms: Array, f: int, prices: Array, rivals: Array, mine: Array) -> None:
    """Log of the stretched sum over the others' products in each nest (H,), and where firm f sells."""
    value, alpha, nests, rho = game[:4]
    rivals[:], mine[:] = _NOBODY, False
    sums = np.zeros(rivals.size)
    for j in range(value.size):
        h = nests[j]
        if firms[j] == f:
            mine[h] = True
        else:
            rivals[h] = max(rivals[h], (value[j] - alpha * prices[j]) / (1.0 - rho[h]))
    for j in range(value.size):
        h = nests[j]
        if firms[j] != f:
            sums[h] += np.exp((value[j] - alpha * prices[j]) / (1.0 - rho[h]) - rivals[h])
    for h in range(rivals.size):
        if sums[h] > 0.0:
            rivals[h] += np.log(sums[h])


@njit(cache=True, nogil=True, error_model="numpy")
def _round(game: tuple[Any, ...], firms: Array, prices: Array, totals: Array, nus: Array) -> None:
    """Every firm's best response in turn, on `prices`; its T and nu (F, H) are kept as first guesses."""
    rivals, mine = np.empty(game[3].size), np.zeros(game[3].size, np.bool_)
    for f in range(totals.size):
        own = np.flatnonzero(firms == f)
        _rivals(game, firms, f, prices, rivals, mine)
        totals[f] = _best_response(game, own, totals[f], rivals, mine, nus[f], prices)


@njit(cache=True, nogil=True, error_model="numpy")
def settle_markups(
    game: tuple[Any, ...], firms: Array, prices: Array, tolerance: float, most: int
) -> tuple[int, float]:
    """Best responses in turn, on `prices` (in place), until none moves a price by more than `tolerance`.

    `game` = (value (J,) utility without price, alpha, nests (J,), rho (H,), costs, keep, low, high). Rounds
    are mixed as in `zeta.iterate_prices`; a mixture that moves more than the last round is thrown away.
    Returns (rounds, largest move relative to the largest cost plus 1 / alpha).
    """
    keep, costs, low, high = game[5], game[4], game[6], game[7]
    scale = ((np.abs(costs) + 1.0 / game[1]) / keep).max()
    totals, nus = np.zeros(firms.max() + 1), np.zeros((firms.max() + 1, game[3].size))
    image, proposal, plain = prices.copy(), np.empty(prices.size), prices.copy()
    states, images = np.empty((MEMORY, prices.size)), np.empty((MEMORY, prices.size))
    filled, slot, stood, residual = 0, 0, np.inf, np.inf
    for iteration in range(1, most + 1):
        _copy(prices, image)
        _round(game, firms, image, totals, nus)
        residual = np.abs(image - prices).max() / scale
        if residual <= tolerance or not np.isfinite(residual):
            _copy(image, prices)
            return iteration, residual
        if filled > 0 and residual > stood:
            _copy(plain, prices)
            filled, stood = 0, np.inf
            continue
        stood = residual
        _copy(image, plain)
        anderson(prices, image, states, images, filled, proposal)
        _copy(prices, states[slot])
        _copy(image, images[slot])
        slot, filled = (slot + 1) % MEMORY, min(filled + 1, MEMORY)
        for j in range(prices.size):
            prices[j] = min(max(proposal[j], low[j]), high[j])
    return most, residual
