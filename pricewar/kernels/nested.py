"""Nested logit over blocks of buyers, one level of nests or two, the outside option alone in its nest.

Arrays as in `choice.py`, utility in bits, and nests (J,) indices 0..H-1, rho (H,) in [0, 1): within-nest
correlation. With D_h = sum over the nest of exp(V_j / (1 - rho_h)): conditional share c_j = exp(V_j / (1 -
rho_h)) / D_h, nest share D_h^(1 - rho_h) / (1 + sum_g D_g^(1 - rho_g)). All sums are shifted by the nest's
maximum.

`tree` is None where there is one level. With two (Verboven 1996; Bjoernerstedt and Verboven 2016) it is the
outer nest of each nest, (H,) indices 0..G-1, and outer correlations (G,), at most rho of the nests within:
with E_g = sum over the outer nest of D_h^((1 - rho_h) / (1 - outer_g)), a nest has the part D_h^((1 - rho_h)
/ (1 - outer_g)) / E_g of its outer nest, whose share is E_g^(1 - outer_g) / (1 + sum of all such).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .exp import FAST, NATS, power64

Array = NDArray[Any]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _outer_values(tree: Any, rho: Array, nest_share: Array, part: Array, value: Array) -> None:
    """Fill each nest's `part` of its outer nest, and the outer nests' inclusive values in bits (G, B).

    `nest_share` and `part` (H, B) hold the stretched sums of the nests and their tops.
    """
    parents, outer_rho = tree
    nests, lanes = nest_share.shape
    total = np.zeros(value.shape)
    value[:] = -1e300
    for h in range(nests):
        g = parents[h]
        for b in range(lanes):
            part[h, b] += (1.0 - rho[h]) * np.log2(nest_share[h, b])
            value[g, b] = max(value[g, b], part[h, b])
    for h in range(nests):
        g, stretch = parents[h], 1.0 / (1.0 - outer_rho[parents[h]])
        for b in range(lanes):
            part[h, b] = power64(stretch * (part[h, b] - value[g, b]))
            total[g, b] += part[h, b]
    for h in range(nests):
        for b in range(lanes):
            part[h, b] /= total[parents[h], b]
    for g in range(outer_rho.size):
        for b in range(lanes):
            value[g, b] += (1.0 - outer_rho[g]) * np.log2(total[g, b])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _outer_shares(tree: Any, rho: Array, nest_share: Array, part: Array, inclusive: Array) -> None:
    """Turn stretched sums in nest_share (H, B) and their tops in `part` into shares; see `_nest_shares`."""
    parents, outer_rho = tree
    nests, lanes = nest_share.shape
    value = np.empty((outer_rho.size, lanes))
    _outer_values(tree, rho, nest_share, part, value)
    for b in range(lanes):
        inclusive[b] = 0.0
        for g in range(outer_rho.size):
            inclusive[b] = max(inclusive[b], value[g, b])
        total = power64(-inclusive[b])
        for g in range(outer_rho.size):
            value[g, b] = power64(value[g, b] - inclusive[b])
            total += value[g, b]
        for h in range(nests):
            nest_share[h, b] = part[h, b] * value[parents[h], b] / total
        inclusive[b] += np.log2(total)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _nest_shares(
    tastes: Array,
    alpha: Array,
    delta: Array,
    prices: Array,
    nests: Array,
    rho: Array,
    tree: tuple[Array, Array] | None,
    inner: Array,
    nest_share: Array,
    top: Array,
    inclusive: Array,
) -> None:
    """Fill conditional shares inner (J, B), nest_share (H, B), inclusive values in bits (B,).

    With a tree `top` (H, B) ends as each nest's part of its outer nest.
    """
    products, lanes = tastes.shape
    groups = rho.size
    top[:] = -1e300
    nest_share[:] = 0.0
    for j in range(products):
        h, d, p = nests[j], delta[j], prices[j]
        for b in range(lanes):
            v = d + tastes[j, b] - alpha[b] * p
            inner[j, b] = v
            highest = top[h, b]
            top[h, b] = v if v > highest else highest
    for j in range(products):
        h, stretch = nests[j], 1.0 / (1.0 - rho[nests[j]])
        for b in range(lanes):
            value = power64(stretch * (inner[j, b] - top[h, b]))
            inner[j, b] = value
            nest_share[h, b] += value
    for j in range(products):
        h = nests[j]
        for b in range(lanes):
            inner[j, b] /= nest_share[h, b]
    if tree is not None:  # known when it is compiled: one level costs nothing for it
        _outer_shares(tree, rho, nest_share, top, inclusive)
        return
    for b in range(lanes):
        inclusive[b] = 0.0
        for h in range(groups):
            nest_share[h, b] = top[h, b] + (1.0 - rho[h]) * np.log2(nest_share[h, b])
            inclusive[b] = max(inclusive[b], nest_share[h, b])
        total = power64(-inclusive[b])
        for h in range(groups):
            nest_share[h, b] = power64(nest_share[h, b] - inclusive[b])
            total += nest_share[h, b]
        for h in range(groups):
            nest_share[h, b] /= total
        inclusive[b] += np.log2(total)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def nested_shares64(
    tastes: Array,
    alpha: Array,
    weights: Array,
    delta: Array,
    prices: Array,
    nests: Array,
    rho: Array,
    tree: tuple[Array, Array] | None,
    shares: Array,
) -> None:
    """Expected shares (J,), written into `shares`."""
    blocks, products, lanes = tastes.shape
    inner, inclusive = np.empty((products, lanes)), np.empty(lanes)
    outer, top = np.empty((rho.size, lanes)), np.empty((rho.size, lanes))
    shares[:] = 0.0
    for n in range(blocks):
        _nest_shares(tastes[n], alpha[n], delta, prices, nests, rho, tree, inner, outer, top, inclusive)
        for j in range(products):
            h, s = nests[j], 0.0
            for b in range(lanes):
                s += weights[n, b] * outer[h, b] * inner[j, b]
            shares[j] += s


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def nested_probabilities64(
    tastes: Array,
    alpha: Array,
    delta: Array,
    prices: Array,
    nests: Array,
    rho: Array,
    tree: tuple[Array, Array] | None,
    out: Array,
    conditional: Array,
    inclusive: Array,
) -> None:
    """Choice probabilities out (N*B, J), within-nest shares conditional (N*B, J), inclusive values (N*B,)."""
    blocks, products, lanes = tastes.shape
    inner, value = np.empty((products, lanes)), np.empty(lanes)
    outer, top = np.empty((rho.size, lanes)), np.empty((rho.size, lanes))
    for n in range(blocks):
        _nest_shares(tastes[n], alpha[n], delta, prices, nests, rho, tree, inner, outer, top, value)
        for b in range(lanes):
            row = n * lanes + b
            inclusive[row] = value[b] * NATS
            for j in range(products):
                conditional[row, j] = inner[j, b]
                out[row, j] = inner[j, b] * outer[nests[j], b]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def nested_choices64(
    tastes: Array,
    alpha: Array,
    weights: Array,
    delta: Array,
    prices: Array,
    nests: Array,
    rho: Array,
    tree: tuple[Array, Array] | None,
    outside: Array,
    group: Array,
    shares: Array,
    inside: Array,
) -> None:
    """Write shares (G, J) by group of the block, and inside (N, B) = sum of D_h^(1 - rho_h).

    `tastes` have the outside option folded in; `outside` (N, B) is its exponential, `group` (N,).
    """
    blocks, products, lanes = tastes.shape
    inner, inclusive = np.empty((products, lanes)), np.empty(lanes)
    outer, top = np.empty((rho.size, lanes)), np.empty((rho.size, lanes))
    shares[:, :] = 0.0
    for n in range(blocks):
        _nest_shares(tastes[n], alpha[n], delta, prices, nests, rho, tree, inner, outer, top, inclusive)
        for b in range(lanes):
            inside[n, b] = (power64(inclusive[b]) - 1.0) * outside[n, b]
        g = group[n]
        for j in range(products):
            h, s = nests[j], 0.0
            for b in range(lanes):
                s += weights[n, b] * outer[h, b] * inner[j, b]
            shares[g, j] += s
