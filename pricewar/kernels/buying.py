"""What the buyers of one month do, over blocks of buyers: shares by group, second choices, cross slopes.

Arrays as in `choice.py`, utility in bits, and
    outside (N, B) exponential of the outside option, 1 at rest,
    brand (N, B) firm whose product each buyer has, owner (J,) firm of each product,
    loyal: exp(utility of one's own brand), 1 for none,
    group (N,) group of each block, 0 to G - 1.
So a month that differs from the one before in these needs no new table of tastes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .exp import FAST, NATS, power64

Array = NDArray[Any]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _weigh(
    tastes: Array,
    alpha: Array,
    delta: Array,
    prices: Array,
    brand: Array,
    owner: Array,
    loyal: float,
    value: Array,
    inside: Array,
) -> None:
    """Fill exp(utility) (J, B), that of the own brand times `loyal`, and its sum over products (B,)."""
    products, lanes = tastes.shape
    inside[:] = 0.0
    for j in range(products):
        d, p, f = delta[j], prices[j], owner[j]
        if loyal == 1.0:
            for b in range(lanes):
                v = power64(d + tastes[j, b] - alpha[b] * p)
                value[j, b] = v
                inside[b] += v
        else:
            for b in range(lanes):
                v = power64(d + tastes[j, b] - alpha[b] * p)
                v = v * loyal if brand[b] == f else v
                value[j, b] = v
                inside[b] += v


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def choices64(
    tastes: Array,
    alpha: Array,
    weights: Array,
    delta: Array,
    prices: Array,
    outside: Array,
    brand: Array,
    owner: Array,
    loyal: float,
    group: Array,
    shares: Array,
    inside: Array,
) -> None:
    """Write shares (G, J) of all buyers who belong to a group and choose a product, and inside (N, B)."""
    blocks, products, lanes = tastes.shape
    value, scale = np.empty((products, lanes)), np.empty(lanes)
    shares[:, :] = 0.0
    for n in range(blocks):
        _weigh(tastes[n], alpha[n], delta, prices, brand[n], owner, loyal, value, inside[n])
        for b in range(lanes):
            scale[b] = weights[n, b] / (outside[n, b] + inside[n, b])
        g = group[n]
        for j in range(products):
            s = 0.0
            for b in range(lanes):
                s += value[j, b] * scale[b]
            shares[g, j] += s


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def choices_of_runs64(
    tastes: Array,
    alpha: Array,
    weights: Array,
    delta: Array,
    prices: Array,
    outside: Array,
    brand: Array,
    owner: Array,
    loyal: float,
    group: Array,
    shares: Array,
    inside: Array,
) -> None:
    """`choices64` for S runs: delta, prices (S, J), outside, brand, inside (S, N, B), shares (S, G, J)."""
    for s in range(delta.shape[0]):
        month = delta[s], prices[s], outside[s], brand[s]
        choices64(tastes, alpha, weights, *month, owner, loyal, group, shares[s], inside[s])


@njit(cache=True, nogil=True, error_model="numpy")
def drive(ends: Array, order: Array, firms: Array, brand: Array) -> None:
    """Write brand (S, R): the rows of `order` from ends[s, k - 1] to before ends[s, k] drive firms[k].

    Rows after the last end drive the last of `firms` (F + 1,), nobody's.
    """
    for s in range(ends.shape[0]):
        first = 0
        for k in range(firms.size):
            last = ends[s, k] if k < ends.shape[1] else order.size
            for i in range(first, last):
                brand[s, order[i]] = firms[k]
            first = max(first, last)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def own_choices64(
    tastes: Array,
    alpha: Array,
    weights: Array,
    delta: Array,
    prices: Array,
    outside: Array,
    brand: Array,
    owner: Array,
    loyal: float,
    group: Array,
    own: Array,
    closed: float,
    shares: Array,
) -> None:
    """Write shares (K, G, J) at K vectors of prices (K, J): what `choices64` gives for the products from
    own[k, 0] to before own[k, 1], 0 for others and where utility is `closed` or below: not on sale.

    The exponentials of the others all go into one row, which stays in the fastest memory.
    """
    blocks, products, lanes = tastes.shape
    value, scale, inside = np.empty((products + 1, lanes)), np.empty(lanes), np.empty(lanes)
    shares[:, :, :] = 0.0
    for k in range(own.shape[0]):
        first, last = own[k, 0], own[k, 1]
        for n in range(blocks):
            inside[:] = 0.0
            for j in range(products):
                d, p, f = delta[j], prices[k, j], owner[j]
                row = j if first <= j < last else products
                for b in range(lanes):
                    v = power64(d + tastes[n, j, b] - alpha[n, b] * p)
                    v = v * loyal if brand[n, b] == f else v
                    value[row, b] = v
                    inside[b] += v
            for b in range(lanes):
                scale[b] = weights[n, b] / (outside[n, b] + inside[b])
            g = group[n]
            for j in range(first, last):
                if delta[j] > closed:
                    s = 0.0
                    for b in range(lanes):
                        s += value[j, b] * scale[b]
                    shares[k, g, j] += s


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def inside64(
    tastes: Array,
    alpha: Array,
    delta: Array,
    prices: Array,
    brand: Array,
    owner: Array,
    loyal: float,
    inside: Array,
) -> None:
    """Write inside (N, B) alone: what `choices64` writes there, without keeping each exponential."""
    blocks, products, lanes = tastes.shape
    inside[:, :] = 0.0
    for n in range(blocks):
        for j in range(products):
            d, p, f = delta[j], prices[j], owner[j]
            for b in range(lanes):
                v = power64(d + tastes[n, j, b] - alpha[n, b] * p)
                v = v * loyal if brand[n, b] == f else v
                inside[n, b] += v


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def second_choices64(
    tastes: Array,
    alpha: Array,
    weights: Array,
    delta: Array,
    prices: Array,
    outside: Array,
    brand: Array,
    owner: Array,
    loyal: float,
    refused: Array,
    gained: Array,
) -> None:
    """Where buyers go whose first choice takes no more orders: exact second choices of the mixed logit.

    Args:
        refused: (J,) share of a product's buyers that it turns away, 0..1.
        gained: (J,) written: share of all buyers that comes to each product that turns nobody away.
    """
    blocks, products, lanes = tastes.shape
    value, inside = np.empty((products, lanes)), np.empty(lanes)
    away, free = np.empty(lanes), np.empty(lanes)
    gained[:] = 0.0
    for n in range(blocks):
        _weigh(tastes[n], alpha[n], delta, prices, brand[n], owner, loyal, value, inside)
        for b in range(lanes):
            away[b] = 0.0
            free[b] = outside[n, b]
        for j in range(products):
            part = refused[j]
            for b in range(lanes):
                if part == 0.0:
                    free[b] += value[j, b]
                else:
                    away[b] += part * value[j, b]
        for b in range(lanes):
            away[b] *= weights[n, b] / ((outside[n, b] + inside[b]) * free[b])
        for j in range(products):
            if refused[j] == 0.0:
                s = 0.0
                for b in range(lanes):
                    s += away[b] * value[j, b]
                gained[j] += s


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _add_products(steep: Array, value: Array, cross: Array) -> None:
    """Add sum_b steep_jb value_kb to cross_jk (J, J), j >= k at least."""
    products, lanes = value.shape
    for k in range(0, products - products % 4, 4):  # four at a time read each number once
        for j in range(k, products):
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for b in range(lanes):
                t = steep[j, b]
                s0 += t * value[k, b]
                s1 += t * value[k + 1, b]
                s2 += t * value[k + 2, b]
                s3 += t * value[k + 3, b]
            cross[j, k] += s0
            cross[j, k + 1] += s1
            cross[j, k + 2] += s2
            cross[j, k + 3] += s3
    for k in range(products - products % 4, products):
        for j in range(k, products):
            s0 = 0.0
            for b in range(lanes):
                s0 += steep[j, b] * value[k, b]
            cross[j, k] += s0


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def cross_slopes64(
    tastes: Array,
    alpha: Array,
    weights: Array,
    delta: Array,
    prices: Array,
    outside: Array,
    brand: Array,
    owner: Array,
    loyal: float,
    slope: Array,
    cross: Array,
) -> None:
    """Write slope_j = sum_i w_i alpha_i s_ij (J,) and cross_jk = sum_i w_i alpha_i s_ij s_ik (J, J).

    The product of an (J, R) and an (R, J) matrix, block by block in one order, whatever the threads.
    """
    blocks, products, lanes = tastes.shape
    value, inside, steep = np.empty((products, lanes)), np.empty(lanes), np.empty((products, lanes))
    slope[:] = 0.0
    cross[:, :] = 0.0
    for n in range(blocks):
        _weigh(tastes[n], alpha[n], delta, prices, brand[n], owner, loyal, value, inside)
        for b in range(lanes):
            inside[b] = 1.0 / (outside[n, b] + inside[b])
        for j in range(products):
            s = 0.0
            for b in range(lanes):
                value[j, b] *= inside[b]
                steep[j, b] = value[j, b] * (weights[n, b] * alpha[n, b] * NATS)
                s += steep[j, b]
            slope[j] += s
        _add_products(steep, value, cross)
    for j in range(products):
        for k in range(j):
            cross[k, j] = cross[j, k]
