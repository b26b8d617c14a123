"""Bertrand prices of one type of buyer, firm by firm: bracketed roots of markups instead of steps.

For one type of a logit with nests (one nest of correlation zero where there are none) a firm's margins are

    m_j = (1 - rho_h) a_j / alpha + nu_h,    nu_h = rho_h N_h + (1 - rho_h) T,

with N_h the firm's mean margin per sale in the nest and T its margin per buyer: one unknown T and one nu_h
for each of its nests, each the root of a scalar function that changes sign once (an aggregative game; Nocke
and Schutz 2018). One round is every firm's best response in turn. It cannot overshoot, at any correlation.
With two levels of nests, o_g the outer correlations and N_g the mean margin per sale in the outer nest,

    nu_h = w_h N_h + (1 - w_h) mu_g,    1 - w_h = (1 - rho_h) / (1 - o_g),    mu_g = o_g N_g + (1 - o_g) T.

Arrays: J products, H nests, G outer nests; utility in natural units; `tree` as in `nested.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .nest_roots import DOUBLINGS, EXACT, HALVINGS, next_guess, outer_margin, settle_nest, settle_outer
from .zeta import MEMORY, _copy, anderson

Array = NDArray[Any]
_NOBODY = -1e300


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
            found = settle_nest(game, own, h, game[3][h], total, rivals[h], nu[h], prices)
            nu[h], earned[h], size = found
        values[h] = (1.0 - game[3][h]) * size
        top = max(top, values[h])
    everything, margin = np.exp(-top), 0.0
    for h in range(nests):
        part = np.exp(values[h] - top)
        everything += part
        margin += part * earned[h]
    return float(margin / everything - total)


@njit(cache=True, nogil=True, error_model="numpy")
def _excess_above(
    game: tuple[Any, ...], tree: Any, own: Array, total: float, firm: Any, mu: Array, prices: Array
) -> float:
    """`_excess` for two levels; `firm` as in `outer_margin`, `mu` (G,) first guesses and answers."""
    parents, outer_rho = tree
    values, earned, top = np.empty(outer_rho.size), np.empty(outer_rho.size), 0.0
    for g in range(outer_rho.size):
        if (firm[1] & (parents == g)).any():
            found = settle_outer(game, tree, own, g, total, firm, mu[g], prices)
            mu[g], earned[g], size = found
        else:
            earned[g], size = outer_margin(game, tree, own, g, 0.0, firm, prices)
        values[g] = (1.0 - outer_rho[g]) * size
        top = max(top, values[g])
    everything, margin = np.exp(-top), 0.0
    for g in range(outer_rho.size):
        part = np.exp(values[g] - top)
        everything += part
        margin += part * earned[g]
    return float(margin / everything - total)


@njit(cache=True, nogil=True, error_model="numpy")
def _gap(
    game: tuple[Any, ...], tree: Any, own: Array, total: float, firm: Any, mu: Array, prices: Array
) -> float:
    """`_excess`, or `_excess_above` where there is a tree."""
    if tree is None:
        return _excess(game, own, total, firm[0], firm[1], firm[2], prices)
    return _excess_above(game, tree, own, total, firm, mu, prices)


@njit(cache=True, nogil=True, error_model="numpy")
def _best_response(
    game: tuple[Any, ...], tree: Any, own: Array, guess: float, firm: Any, mu: Array, prices: Array
) -> float:
    """Set the firm's prices to its best response; returns its margin per buyer T."""
    scale = game[5].max() / game[1]
    low, high = guess, guess
    below = above = _gap(game, tree, own, guess, firm, mu, prices)
    step = max(abs(below), 1e-12 * scale)
    for _ in range(DOUBLINGS):
        if below >= 0.0 >= above:
            break
        if below < 0.0:
            high, above, low = low, below, low - step
            below = _gap(game, tree, own, low, firm, mu, prices)
        else:
            low, below, high = high, above, high + step
            above = _gap(game, tree, own, high, firm, mu, prices)
        step *= 2.0
    total, side = low, 0
    for _ in range(HALVINGS):
        total = next_guess(low, high, below, above)
        found = _gap(game, tree, own, total, firm, mu, prices)
        if found == 0.0 or high - low <= EXACT * (abs(total) + scale) or abs(found) <= EXACT * scale:
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
def _round(
    game: tuple[Any, ...], tree: Any, firms: Array, prices: Array, totals: Array, nus: Array, mus: Array
) -> None:
    """Every firm's best response in turn, on `prices`; its T, nu (F, H), mu (F, G) are first guesses."""
    rivals, mine = np.empty(game[3].size), np.zeros(game[3].size, np.bool_)
    for f in range(totals.size):
        own = np.flatnonzero(firms == f)
        _rivals(game, firms, f, prices, rivals, mine)
        totals[f] = _best_response(game, tree, own, totals[f], (rivals, mine, nus[f]), mus[f], prices)


@njit(cache=True, nogil=True, error_model="numpy")
def settle_markups(
    game: tuple[Any, ...], tree: Any, firms: Array, prices: Array, tolerance: float, most: int
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
    mus = np.zeros((totals.size, 0 if tree is None else tree[1].size))
    states, images = np.empty((MEMORY, prices.size)), np.empty((MEMORY, prices.size))
    filled, slot, stood, residual = 0, 0, np.inf, np.inf
    for iteration in range(1, most + 1):
        _copy(prices, image)
        _round(game, tree, firms, image, totals, nus, mus)
        residual = np.abs(image - prices).max() / scale
        if residual <= tolerance or not np.isfinite(residual):
            _copy(image, prices)
            return iteration, residual
        if filled > 0 and residual > stood:
            _copy(plain, prices)
            filled, slot, stood = 0, 0, np.inf
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
