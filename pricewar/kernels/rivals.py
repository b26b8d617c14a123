"""What a firm's rivals offer each buyer, in a few numbers: log sums, and what the firm earns from them.

Arrays as in `respond.py`: H nests, L of them where the firm sells, N blocks of B buyers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .above import NOBODY, lump_above
from .exp import FAST, power64

Array = NDArray[Any]

_LEAST = 0.05  # part of a nest that must be left when own products are taken off its sum


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _nest_sums(
    market: tuple[Any, ...], n: int, nests: Array, rho: Array, margins: Array, mine: Array, sums: Any
) -> None:
    """Fill top in bits, sum and earnings of the products in nests (H, B) that are not `mine`, of block n."""
    tastes, alpha, _, delta, prices = market
    top, total, gains = sums
    products, lanes = tastes.shape[1:]
    top[:], total[:], gains[:] = NOBODY, 0.0, 0.0
    for j in range(products):
        h, stretch = nests[j], 1.0 / (1.0 - rho[nests[j]])
        if not mine[j]:
            for b in range(lanes):
                v = stretch * (delta[j] + tastes[n, j, b] - alpha[n, b] * prices[j])
                top[h, b] = v if v > top[h, b] else top[h, b]
    for j in range(products):
        h, stretch = nests[j], 1.0 / (1.0 - rho[nests[j]])
        if not mine[j]:
            for b in range(lanes):
                v = stretch * (delta[j] + tastes[n, j, b] - alpha[n, b] * prices[j])
                value = power64(v - top[h, b])
                total[h, b] += value
                gains[h, b] += margins[j] * value


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _less_own(
    market: tuple[Any, ...], n: int, nests: Array, rho: Array, margins: Array, own: Array, sums: Any
) -> bool:
    """Take `own` products off the sums over all, of block n; False where rounding would show in the rest."""
    tastes, alpha, _, delta, prices = market
    top, total, gains = sums
    sound = True
    for j in own:
        h, stretch = nests[j], 1.0 / (1.0 - rho[nests[j]])
        for b in range(alpha.shape[1]):
            value = power64(stretch * (delta[j] + tastes[n, j, b] - alpha[n, b] * prices[j]) - top[h, b])
            before = total[h, b]
            total[h, b] -= value
            gains[h, b] -= margins[j] * value
            sound = sound and total[h, b] > _LEAST * before
    return sound


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _lump(n: int, rho: Array, place: Array, sums: Any, lumps: Any) -> None:
    """Fill what the rivals offer the buyers of block n from their sums by nest.

    `lumps` = log sums (L + 1, N, B) in bits and mean earnings from them; the last row is all that lies
    outside the firm's nests, the outside option included. `place` (H,) is the row of each nest, L where the
    firm does not sell.
    """
    size, earned = lumps
    top, total, gains = sums
    rows = size.shape[0] - 1
    for b in range(size.shape[2]):
        highest = 0.0
        for h in range(rho.size):
            if total[h, b] > 0.0:
                gains[h, b] /= total[h, b]
                top[h, b] += np.log2(total[h, b])
            if place[h] < rows:
                size[place[h], n, b], earned[place[h], n, b] = top[h, b], gains[h, b]
            else:
                highest = max(highest, (1.0 - rho[h]) * top[h, b])
        everything, money = power64(-highest), 0.0
        for h in range(rho.size):
            if place[h] == rows and total[h, b] > 0.0:
                value = power64((1.0 - rho[h]) * top[h, b] - highest)
                everything += value
                money += value * gains[h, b]
        size[rows, n, b] = highest + np.log2(everything)
        earned[rows, n, b] = money / everything


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def rivals_offer(
    market: tuple[Any, ...],
    firm: Any,
    nests: Array,
    rho: Array,
    tree: Any,
    margins: Array,
    pool: Any,
    whole: bool,
    lumps: Any,
) -> None:
    """Fill `lumps` for one firm: from the sums over all products in `pool` where there is one, else anew.

    `tree`: of `lump_above`, None where nests have one level. `whole`: the firm sets all its prices. Earnings
    in `pool` do not count own products at imposed prices.
    """
    own, mine, place = firm
    lanes = market[1].shape[1]
    shape = (rho.size, lanes)
    sums = np.empty(shape), np.empty(shape), np.empty(shape)
    for n in range(market[1].shape[0]):
        pooled = whole and pool[0].shape[0] > 0
        if pooled:
            for h in range(rho.size):
                for b in range(lanes):  # loops: the check of shapes in a slice takes seconds to compile
                    sums[0][h, b], sums[1][h, b] = pool[0][n, h, b], pool[1][n, h, b]
                    sums[2][h, b] = pool[2][n, h, b]
            pooled = _less_own(market, n, nests, rho, margins, own, sums)
        if not pooled:
            _nest_sums(market, n, nests, rho, margins, mine, sums)
        if tree is None:
            _lump(n, rho, place, sums, lumps)
        else:
            lump_above(n, rho, tree, place, sums, lumps)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def pool_sums(market: tuple[Any, ...], nests: Array, rho: Array, margins: Array, blocks: int) -> Any:
    """Sums over all products, by block and nest (N, H, B); `blocks` 0 for none."""
    lanes = market[1].shape[1]
    shape = (blocks, rho.size, lanes)
    pool = np.empty(shape), np.empty(shape), np.empty(shape)
    nobody = np.zeros(nests.size, np.bool_)
    for n in range(blocks):
        _nest_sums(market, n, nests, rho, margins, nobody, (pool[0][n], pool[1][n], pool[2][n]))
    return pool


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def free_products(order: Array, first: int, last: int, low: Array, high: Array) -> Array:
    """A decider's products whose price is not imposed, from its stretch of `order`."""
    own, count = np.empty(last - first, np.int64), 0
    for i in range(first, last):
        if low[order[i]] < high[order[i]]:
            own[count] = order[i]
            count += 1
    return own[:count]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def weigh(
    terms: tuple[Any, ...], prices: Array, conduct: float, weights: Array, g: int, part: Array, margins: Array
) -> None:
    """Set the part of each product's margin that decider g gets; `conduct` of it where g is below zero."""
    costs, keep = terms[0], terms[1]
    for j in range(prices.size):
        if g >= 0:
            part[j] = weights[g, j]
        margins[j] = (part[j] if g >= 0 else conduct) * (keep[j] * prices[j] - costs[j])
