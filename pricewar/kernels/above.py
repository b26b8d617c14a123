"""What nests of two levels add to `respond.py` and `rivals.py`: the outer nests where a firm sells.

H nests, L of them where the firm sells; G outer nests, K of them where it sells; N blocks of B buyers. Sums
of an outer nest are those of `nested.py`, over its nests' inclusive values / (1 - outer correlation), in
bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .exp import FAST, NATS, power64

Array = NDArray[Any]

#: Log sum of a nest where nobody sells.
NOBODY = -1e300


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def lump_above(n: int, rho: Array, tree: Any, place: Array, sums: Any, lumps: Any) -> None:
    """`rivals._lump` for two levels: fill what the rivals offer the buyers of block n, from sums by nest.

    `tree` = outer nest of each nest (H,), outer correlations (G,), the row of each outer nest (G,), K where
    the firm does not sell, and two arrays (K, N, B) to fill: log sums of the nests in the outer nest where
    the firm does not sell, and mean earnings from them.
    """
    size, earned = lumps
    top, total, gains = sums
    parents, outer_rho, seats, above, above_earned = tree
    rows, groups = size.shape[0] - 1, above.shape[0]
    peak, mass, money = np.empty(seats.size), np.empty(seats.size), np.empty(seats.size)
    for b in range(size.shape[2]):
        peak[:], mass[:], money[:] = NOBODY, 0.0, 0.0
        for h in range(rho.size):
            g = parents[h]
            if total[h, b] > 0.0:
                gains[h, b] /= total[h, b]
                top[h, b] += np.log2(total[h, b])
            if place[h] < rows:
                size[place[h], n, b], earned[place[h], n, b] = top[h, b], gains[h, b]
            elif total[h, b] > 0.0:
                top[h, b] *= (1.0 - rho[h]) / (1.0 - outer_rho[g])
                peak[g] = max(peak[g], top[h, b])
        for h in range(rho.size):
            if place[h] == rows and total[h, b] > 0.0:
                value = power64(top[h, b] - peak[parents[h]])
                mass[parents[h]] += value
                money[parents[h]] += value * gains[h, b]
        size[rows, n, b], earned[rows, n, b] = _rest_above(outer_rho, (peak, mass, money), seats, groups)
        for g in range(seats.size):
            if seats[g] < groups:
                above[seats[g], n, b], above_earned[seats[g], n, b] = peak[g], money[g]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _rest_above(outer_rho: Array, sums: Any, seats: Array, groups: int) -> tuple[float, float]:
    """Log sum and mean earnings of the outer nests where the firm does not sell, and the outside option.

    `sums` (G,) = top in bits, sum and earnings of each outer nest for one buyer; they become log sum, sum and
    mean earnings.
    """
    peak, mass, money = sums
    highest = 0.0
    for g in range(seats.size):
        if mass[g] > 0.0:
            peak[g] += np.log2(mass[g])
            money[g] /= mass[g]
            if seats[g] == groups:
                highest = max(highest, (1.0 - outer_rho[g]) * peak[g])
    everything, cash = power64(-highest), 0.0
    for g in range(seats.size):
        if seats[g] == groups and mass[g] > 0.0:
            value = power64((1.0 - outer_rho[g]) * peak[g] - highest)
            everything += value
            cash += value * money[g]
    return highest + np.log2(everything), cash / everything


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def gather_above(firm: tuple[Any, ...], tree: Any, n: int) -> None:
    """Fill, for block n, each nest's part of its outer nest (L, B), and the outer nests' values and earnings.

    `tree` = outer nest of each of the firm's nests (L,), outer correlations (K,), what the rivals offer in
    the outer nests outside the firm's nests (K, N, B) and its earnings, and room (K, B): values in bits,
    sums, mean earnings.
    """
    rho, work = firm[6], firm[13]
    _, top, total, near, outer = work[:5]
    parents, outer_rho, above, _, peak, mass, wide = tree
    lanes = top.shape[1]
    for k in range(outer_rho.size):
        for b in range(lanes):
            peak[k, b] = above[k, n, b]
    for h in range(rho.size):
        k, ratio = parents[h], (1.0 - rho[h]) / (1.0 - outer_rho[parents[h]])
        for b in range(lanes):
            near[h, b] /= total[h, b]
            outer[h, b] = ratio * (top[h, b] + np.log2(total[h, b]))
            peak[k, b] = max(peak[k, b], outer[h, b])
    _sum_above(tree, n, near, outer)
    for h in range(rho.size):
        for b in range(lanes):
            outer[h, b] /= mass[parents[h], b]
    for k in range(outer_rho.size):
        for b in range(lanes):
            wide[k, b] /= mass[k, b]
            peak[k, b] = (1.0 - outer_rho[k]) * (peak[k, b] + np.log2(mass[k, b]))


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _sum_above(tree: Any, n: int, near: Array, outer: Array) -> None:
    """Fill sums and earnings of the outer nests; turn stretched values in `outer` (L, B) into summands."""
    parents, _, above, above_earned, peak, mass, wide = tree
    rows, lanes = outer.shape
    for k in range(mass.shape[0]):
        for b in range(lanes):
            value = power64(above[k, n, b] - peak[k, b])
            mass[k, b] = value if above[k, n, b] > 0.5 * NOBODY else 0.0
            wide[k, b] = mass[k, b] * above_earned[k, n, b]
    for h in range(rows):
        k = parents[h]
        for b in range(lanes):
            outer[h, b] = power64(outer[h, b] - peak[k, b])
            mass[k, b] += outer[h, b]
            wide[k, b] += outer[h, b] * near[h, b]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def between_above(firm: tuple[Any, ...], tree: Any, n: int) -> float:
    """`respond._between` for two levels: nest shares and earnings per buyer; returns those of the block."""
    weights, rho, size, earned, work = firm[2], firm[6], firm[11], firm[12], firm[13]
    outer, mean = work[4], work[5]
    parents, outer_rho, _, _, peak, _, wide = tree
    gather_above(firm, tree, n)
    rows, profit = rho.size, 0.0
    for b in range(mean.size):
        highest = size[rows, n, b]
        for k in range(outer_rho.size):
            highest = max(highest, peak[k, b])
        everything = power64(size[rows, n, b] - highest)
        money = everything * earned[rows, n, b]
        for k in range(outer_rho.size):
            value = power64(peak[k, b] - highest)
            everything += value
            money += value * wide[k, b]
            peak[k, b] = value
        for h in range(rows):
            outer[h, b] *= peak[parents[h], b] / everything
        mean[b] = money / everything
        profit += weights[n, b] * mean[b]
    return profit


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def slopes_above(firm: tuple[Any, ...], tree: Any, n: int) -> None:
    """`climb._slopes` for two levels: earnings in the nest and in the outer nest; see `nested_terms.py`."""
    alpha, weights, own, nests, rho, work = firm[1], firm[2], firm[4], firm[5], firm[6], firm[13]
    inner, _, total, near, outer, mean, shares, slope, gain = work
    parents, outer_rho, wide = tree[0], tree[1], tree[6]
    for i in range(own.size):
        h, k = nests[i], parents[nests[i]]
        stretch, base = 1.0 / (1.0 - rho[h]), 1.0 / (1.0 - outer_rho[k])
        s, d, g = 0.0, 0.0, 0.0
        for b in range(alpha.shape[1]):
            share = weights[n, b] * outer[h, b] * inner[i, b] / total[h, b]
            sensitive = alpha[n, b] * share
            s += share
            d += sensitive
            g += sensitive * (mean[b] + (stretch - base) * near[h, b] + (base - 1.0) * wide[k, b])
        shares[i] += s
        slope[i] += stretch * d * NATS
        gain[i] += g * NATS


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def number_nests(nests: Array, own: Array, place: Array) -> Any:
    """Number the nests where the firm sells, in `place` (H,), and give all others the number after; L."""
    place[:] = -1
    rows = np.int64(0)
    for j in own:
        if place[nests[j]] < 0:
            place[nests[j]] = rows
            rows += 1
    for h in range(place.size):
        place[h] = rows if place[h] < 0 else place[h]
    return rows


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def trees_of_firm(tree: Any, nests: Array, own: Array, local: Array, blocks: int, lanes: int) -> Any:
    """The trees of a firm for `lump_above` and for `gather_above`.

    `own` (n,) are its products, `local` (n,) the rows of their nests.
    """
    parents, outer_rho = tree
    seats, outer_of = np.empty(outer_rho.size, np.int64), parents[nests]
    groups = number_nests(outer_of, own, seats)
    own_parents, own_rho = np.empty(local.max() + 1, np.int64), np.empty(groups)
    for i in range(own.size):
        g = outer_of[own[i]]
        own_parents[local[i]], own_rho[seats[g]] = seats[g], outer_rho[g]
    above, earned = np.empty((groups, blocks, lanes)), np.empty((groups, blocks, lanes))
    room = np.empty((groups, lanes)), np.empty((groups, lanes)), np.empty((groups, lanes))
    return (parents, outer_rho, seats, above, earned), (own_parents, own_rho, above, earned, *room)
