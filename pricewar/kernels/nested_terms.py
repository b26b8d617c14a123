"""Derivatives of the nested logit over blocks of buyers: terms of the pricing condition, and cross slopes.

Arrays as in `nested.py`. With c_k the share within the nest, g_k that within the outer nest, r = 1 / (1 -
rho) and r' = 1 / (1 - outer rho), which is one where there is one level:
ds_j/dp_k = -alpha s_j (r [j = k] - (r - r') c_k [same nest] - (r' - 1) g_k [same outer nest] - s_k).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .choice import _share_among_rivals
from .exp import FAST, NATS
from .nested import _nest_shares

Array = NDArray[Any]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _earned_above(
    nests: Array,
    tree: tuple[Array, Array, Array],
    margins: Array,
    inner: Array,
    outer: Array,
    far: Array,
    all_far: Array,
) -> None:
    """Add margins times shares by (firm, outer nest) pair to `far`, and by outer nest to `all_far`."""
    for j in range(nests.size):
        h, q, margin = nests[j], tree[2][j], margins[j]
        g = tree[0][h]
        for b in range(inner.shape[1]):
            m = margin * inner[j, b] * outer[h, b]
            far[q, b] += m
            all_far[g, b] += m


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
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
    tree: tuple[Array, Array, Array] | None,
    shares: Array,
    slope: Array,
    gain: Array,
) -> None:
    """Terms of the pricing condition as in `choice.markup_terms64`; `pairs` (J,) indexes (firm, nest) pairs.

    slope_j = sum_i w alpha s_ij / (1 - rho); gain_j = sum_i w alpha (s_ij m_i + rho/(1 - rho) c_ij n_i), m_i
    the margins of the firm over all its products, n_i over those in j's nest, both weighted by s_ik. The
    third of `tree` (J,) indexes (firm, outer nest) pairs; then rho/(1 - rho) is r - r', and (r' - 1) g_ij
    times the margins in j's outer nest is added.
    """
    blocks, products, lanes = tastes.shape
    inner, inclusive = np.empty((products, lanes)), np.empty(lanes)
    outer, top = np.empty((rho.size, lanes)), np.empty((rho.size, lanes))
    earned, everybody = np.empty((firms.max() + 1, lanes)), np.empty(lanes)
    near, all_near = np.empty((pairs.max() + 1, lanes)), np.empty((rho.size, lanes))
    one = np.ones(lanes)
    shares[:], slope[:], gain[:] = 0.0, 0.0, 0.0
    base = np.ones(rho.size)  # r' of each nest
    if tree is not None:
        far, all_far = np.empty((tree[2].max() + 1, lanes)), np.empty((tree[1].size, lanes))
        for h in range(rho.size):
            base[h] = 1.0 / (1.0 - tree[1][tree[0][h]])
    for n in range(blocks):
        if tree is None:
            _nest_shares(tastes[n], alpha[n], delta, prices, nests, rho, None, inner, outer, top, inclusive)
        else:
            above = (tree[0], tree[1])
            _nest_shares(tastes[n], alpha[n], delta, prices, nests, rho, above, inner, outer, top, inclusive)
            far[:], all_far[:] = 0.0, 0.0
            _earned_above(nests, tree, margins, inner, outer, far, all_far)
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
            stretch = 1.0 / (1.0 - rho[h])
            extra = rho[h] / (1.0 - rho[h]) if tree is None else stretch - base[h]
            s, d, g = 0.0, 0.0, 0.0
            for b in range(lanes):
                c = weights[n, b] * inner[j, b]
                share = c * outer[h, b]
                neighbours = (1.0 - conduct) * near[q, b] + conduct * all_near[h, b]
                s += share
                d += alpha[n, b] * share
                g += alpha[n, b] * (share * earned[f, b] + extra * c * neighbours)
            if tree is not None:
                q, f = tree[2][j], tree[0][h]
                for b in range(lanes):
                    neighbours = (1.0 - conduct) * far[q, b] + conduct * all_far[f, b]
                    within = weights[n, b] * inner[j, b] * top[h, b]
                    g += alpha[n, b] * (base[h] - 1.0) * within * neighbours
            shares[j] += s
            slope[j] += stretch * d * NATS
            gain[j] += g * NATS


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def nested_slopes64(
    tastes: Array,
    alpha: Array,
    weights: Array,
    delta: Array,
    prices: Array,
    nests: Array,
    rho: Array,
    tree: tuple[Array, Array] | None,
    jacobian: Array,
) -> None:
    """Write d share_j / d price_k (J, J), block by block in one order, whatever the threads."""
    blocks, products, lanes = tastes.shape
    inner, inclusive = np.empty((products, lanes)), np.empty(lanes)
    outer, top = np.empty((rho.size, lanes)), np.empty((rho.size, lanes))
    steep, share = np.empty((products, lanes)), np.empty((products, lanes))
    jacobian[:, :] = 0.0
    for n in range(blocks):
        _nest_shares(tastes[n], alpha[n], delta, prices, nests, rho, tree, inner, outer, top, inclusive)
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
                if tree is not None and tree[0][nests[j]] == tree[0][nests[k]]:
                    base = 1.0 / (1.0 - tree[1][tree[0][nests[j]]])
                    far = 0.0
                    for b in range(lanes):
                        far += steep[j, b] * inner[k, b] * top[nests[k], b]
                    s += (base - 1.0) * (far - near)
                jacobian[j, k] += s + (stretch - 1.0) * near
            own = 0.0
            for b in range(lanes):
                own += steep[j, b]
            jacobian[j, j] -= stretch * own
