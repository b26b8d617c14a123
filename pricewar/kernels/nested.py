"""One-level nested logit over blocks of buyers, the outside option alone in its nest.

Arrays as in `choice.py`, utility in bits, and nests (J,) indices 0..H-1, rho (H,) in [0, 1): within-nest
correlation. With D_h = sum over the nest of exp(V_j / (1 - rho_h)): conditional share c_j = exp(V_j / (1 -
rho_h)) / D_h, nest share D_h^(1 - rho_h) / (1 + sum_g D_g^(1 - rho_g)). All sums are shifted by the nest's
maximum.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .choice import _share_among_rivals
from .exp import FAST, NATS, power64

Array = NDArray[Any]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _nest_shares(
    tastes: Array,
    alpha: Array,
    delta: Array,
    prices: Array,
    nests: Array,
    rho: Array,
    inner: Array,
    nest_share: Array,
    top: Array,
    inclusive: Array,
) -> None:
    """Fill conditional shares inner (J, B), nest_share (H, B), inclusive values in bits (B,)."""
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
    shares: Array,
) -> None:
    """Expected shares (J,), written into `shares`."""
    blocks, products, lanes = tastes.shape
    inner, inclusive = np.empty((products, lanes)), np.empty(lanes)
    outer, top = np.empty((rho.size, lanes)), np.empty((rho.size, lanes))
    shares[:] = 0.0
    for n in range(blocks):
        _nest_shares(tastes[n], alpha[n], delta, prices, nests, rho, inner, outer, top, inclusive)
        for j in range(products):
            h, s = nests[j], 0.0
            for b in range(lanes):
                s += weights[n, b] * outer[h, b] * inner[j, b]
            shares[j] += s


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def nested_markup_terms64(
    tastes: Array,
    alpha: Array,
    weights: Array,
    delta: Array,
    prices: Array,
    margins: Array,
    firms: Array,
    conduct: float,
    nests: Array,
    rho: Array,
    pairs: Array,
    shares: Array,
    slope: Array,
    gain: Array,
) -> None:
    """Terms of the pricing condition as in `choice.markup_terms64`; `pairs` (J,) indexes (firm, nest) pairs.

    slope_j = sum_i w alpha s_ij / (1 - rho); gain_j = sum_i w alpha (s_ij m_i + rho/(1 - rho) c_ij n_i), m_i
    the margins of the firm over all its products, n_i over those in j's nest, both weighted by s_ik.
    """
    blocks, products, lanes = tastes.shape
    inner, inclusive = np.empty((products, lanes)), np.empty(lanes)
    outer, top = np.empty((rho.size, lanes)), np.empty((rho.size, lanes))
    earned, everybody = np.empty((firms.max() + 1, lanes)), np.empty(lanes)
    near, all_near = np.empty((pairs.max() + 1, lanes)), np.empty((rho.size, lanes))
    one = np.ones(lanes)
    shares[:], slope[:], gain[:] = 0.0, 0.0, 0.0
    for n in range(blocks):
        _nest_shares(tastes[n], alpha[n], delta, prices, nests, rho, inner, outer, top, inclusive)
        earned[:], near[:], all_near[:] = 0.0, 0.0, 0.0
        for j in range(products):
            f, h, q, margin = firms[j], nests[j], pairs[j], margins[j]
            for b in range(lanes):
                m = margin * inner[j, b] * outer[h, b]
                earned[f, b] += m
                near[q, b] += m
                all_near[h, b] += m
        _share_among_rivals(earned, everybody, one, conduct)
        for j in range(products):
            f, h, q = firms[j], nests[j], pairs[j]
            stretch, extra = 1.0 / (1.0 - rho[h]), rho[h] / (1.0 - rho[h])
            s, d, g = 0.0, 0.0, 0.0
            for b in range(lanes):
                c = weights[n, b] * inner[j, b]
                share = c * outer[h, b]
                neighbours = (1.0 - conduct) * near[q, b] + conduct * all_near[h, b]
                s += share
                d += alpha[n, b] * share
                g += alpha[n, b] * (share * earned[f, b] + extra * c * neighbours)
            shares[j] += s
            slope[j] += stretch * d * NATS
            gain[j] += g * NATS


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def nested_probabilities64(
    tastes: Array,
    alpha: Array,
    delta: Array,
    prices: Array,
    nests: Array,
    rho: Array,
    out: Array,
    conditional: Array,
    inclusive: Array,
) -> None:
    """Choice probabilities out (N*B, J), within-nest shares conditional (N*B, J), inclusive values (N*B,)."""
    blocks, products, lanes = tastes.shape
    inner, value = np.empty((products, lanes)), np.empty(lanes)
    outer, top = np.empty((rho.size, lanes)), np.empty((rho.size, lanes))
    for n in range(blocks):
        _nest_shares(tastes[n], alpha[n], delta, prices, nests, rho, inner, outer, top, value)
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
        _nest_shares(tastes[n], alpha[n], delta, prices, nests, rho, inner, outer, top, inclusive)
        for b in range(lanes):
            inside[n, b] = (power64(inclusive[b]) - 1.0) * outside[n, b]
        g = group[n]
        for j in range(products):
            h, s = nests[j], 0.0
            for b in range(lanes):
                s += weights[n, b] * outer[h, b] * inner[j, b]
            shares[g, j] += s


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def nested_slopes64(
    tastes: Array,
    alpha: Array,
    weights: Array,
    delta: Array,
    prices: Array,
    nests: Array,
    rho: Array,
    jacobian: Array,
) -> None:
    """Write d share_j / d price_k (J, J), block by block in one order, whatever the threads."""
    blocks, products, lanes = tastes.shape
    inner, inclusive = np.empty((products, lanes)), np.empty(lanes)
    outer, top = np.empty((rho.size, lanes)), np.empty((rho.size, lanes))
    steep, share = np.empty((products, lanes)), np.empty((products, lanes))
    jacobian[:, :] = 0.0
    for n in range(blocks):
        _nest_shares(tastes[n], alpha[n], delta, prices, nests, rho, inner, outer, top, inclusive)
        for j in range(products):
            for b in range(lanes):
                share[j, b] = outer[nests[j], b] * inner[j, b]
                steep[j, b] = share[j, b] * weights[n, b] * alpha[n, b] * NATS
        for j in range(products):
            stretch = 1.0 / (1.0 - rho[nests[j]])
            for k in range(products):
                s, near = 0.0, 0.0
                for b in range(lanes):
                    s += steep[j, b] * share[k, b]
                if nests[j] == nests[k]:
                    for b in range(lanes):
                        near += steep[j, b] * inner[k, b]
                jacobian[j, k] += s + (stretch - 1.0) * near
            own = 0.0
            for b in range(lanes):
                own += steep[j, b]
            jacobian[j, j] -= stretch * own
