"""Markups of one firm in one nest, or in one outer nest, for a given margin elsewhere: bracketed roots.

Of `markups.py`, where the unknowns are explained: nu_h of a nest given what stands above it, and mu_g of an
outer nest given T. Arrays: J products, H nests, G outer nests; utility in natural units.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]
DOUBLINGS = 200  # of a bracket until it holds the root
HALVINGS = 100  # of a bracket: a double has 53 bits
EXACT = 4e-16


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
def next_guess(low: float, high: float, below: float, above: float) -> float:
    """The next guess between two ends of different signs: the secant, or the middle if it leaves them."""
    guess = low + (high - low) * below / (below - above)
    return guess if low < guess < high else 0.5 * (low + high)


@njit(cache=True, nogil=True, error_model="numpy")
def settle_nest(
    game: tuple[Any, ...],
    own: Array,
    h: int,
    rho: float,
    total: float,
    rival: float,
    guess: float,
    prices: Array,
) -> Any:
    """Find nu_h = `rho` N_h + (1 - `rho`) `total`, from `guess`; returns it, N_h, log of the nest's sum."""
    earned, size = _nest_margin(game, own, h, guess if rho > 0.0 else total, rival, prices)
    if rho == 0.0:
        return total, earned, size
    scale = game[5].max() / game[1]
    low, high = guess, guess
    below = above = rho * earned + (1.0 - rho) * total - guess
    step = max(abs(below), 1e-12 * scale)
    for _ in range(DOUBLINGS):
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
    for _ in range(HALVINGS):
        nu = next_guess(low, high, below, above)
        earned, size = _nest_margin(game, own, h, nu, rival, prices)
        found = rho * earned + (1.0 - rho) * total - nu
        if found == 0.0 or high - low <= EXACT * (abs(nu) + scale) or abs(found) <= EXACT * scale:
            break
        if found > 0.0:
            low, below, above = nu, found, above * (0.5 if side == 1 else 1.0)
            side = 1
        else:
            high, above, below = nu, found, below * (0.5 if side == -1 else 1.0)
            side = -1
    return nu, earned, size


@njit(cache=True, nogil=True, error_model="numpy")
def outer_margin(
    game: tuple[Any, ...], tree: Any, own: Array, g: int, mu: float, firm: Any, prices: Array
) -> Any:
    """Settle the firm's nests in outer nest g for `mu`; returns (N_g, log of the outer nest's sum).

    `firm` = log sums of the rivals (H,), nests where the firm sells (H,), and nu (H,), its first guesses and
    answers.
    """
    (parents, outer_rho), (rivals, mine, nu) = tree, firm
    values, earned, top = np.empty(rivals.size), np.zeros(rivals.size), -np.inf
    for h in range(rivals.size):
        if parents[h] == g:
            part, size = (1.0 - game[3][h]) / (1.0 - outer_rho[g]), rivals[h]
            if mine[h]:
                found = settle_nest(game, own, h, 1.0 - part, mu, rivals[h], nu[h], prices)
                nu[h], earned[h], size = found
            values[h] = part * size
            top = max(top, values[h])
    total, margin = 0.0, 0.0
    for h in range(rivals.size):
        if parents[h] == g:
            weight = np.exp(values[h] - top)
            total += weight
            margin += weight * earned[h]
    return margin / total, top + np.log(total)


@njit(cache=True, nogil=True, error_model="numpy")
def settle_outer(
    game: tuple[Any, ...], tree: Any, own: Array, g: int, total: float, firm: Any, guess: float, prices: Array
) -> Any:
    """Find mu_g for T = `total`, from `guess`; returns (mu_g, N_g, log of the outer nest's sum)."""
    rho, scale = tree[1][g], game[5].max() / game[1]
    earned, size = outer_margin(game, tree, own, g, guess if rho > 0.0 else total, firm, prices)
    if rho == 0.0:
        return total, earned, size
    low, high = guess, guess
    below = above = rho * earned + (1.0 - rho) * total - guess
    step = max(abs(below), 1e-12 * scale)
    for _ in range(DOUBLINGS):
        if below >= 0.0 >= above:
            break
        if below < 0.0:
            high, above, low = low, below, low - step
            below = rho * outer_margin(game, tree, own, g, low, firm, prices)[0] + (1.0 - rho) * total - low
        else:
            low, below, high = high, above, high + step
            above = rho * outer_margin(game, tree, own, g, high, firm, prices)[0] + (1.0 - rho) * total - high
        step *= 2.0
    mu, side = low, 0
    for _ in range(HALVINGS):
        mu = next_guess(low, high, below, above)
        earned, size = outer_margin(game, tree, own, g, mu, firm, prices)
        found = rho * earned + (1.0 - rho) * total - mu
        if found == 0.0 or high - low <= EXACT * (abs(mu) + scale) or abs(found) <= EXACT * scale:
            break
        if found > 0.0:
            low, below, above = mu, found, above * (0.5 if side == 1 else 1.0)
            side = 1
        else:
            high, above, below = mu, found, below * (0.5 if side == -1 else 1.0)
            side = -1
    return mu, earned, size
