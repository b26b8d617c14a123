"""Kernels of market research: what a firm's products are worth to buyers, and its best response in prices.

R lanes of buyers, J products, n of them the firm's. Utility is in bits, as in `choice.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .exp import FAST, NATS, power64

Array = NDArray[Any]
BLOCK = 256
"""Rows worked on at a time, so that they stay in the fastest memory."""


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def lure(
    tastes: Array,
    alpha: Array,
    delta: Array,
    shift: Array,
    price: Array,
    own: Array,
    brand: Array,
    firm: int,
    loyal: float,
    appeal: Array,
    total: Array,
) -> None:
    """What a firm's products are worth to buyers apart from their prices, and what they add up to at prices.

    Args:
        tastes, alpha, delta, brand, loyal: blocks of buyers as in `buying.py`, in bits.
        shift, price: (J,) money weighed on top of the price, price.
        own: (n,) the firm's products.
        firm: the firm, as in `brand`.
        appeal: (n, N, B) written: exp(utility without price).
        total: (N, B) written: sum of exponentials of the firm's products at their prices.
    """
    blocks, _, lanes = tastes.shape
    total[:, :] = 0.0
    for k in range(own.size):
        j = own[k]
        d, s, p = delta[j], shift[j], price[j]
        for n in range(blocks):
            for b in range(lanes):
                value = power64(d + tastes[n, j, b] - alpha[n, b] * s)
                value = value * loyal if brand[n, b] == firm else value
                appeal[k, n, b] = value
                total[n, b] += value * power64(-alpha[n, b] * p)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def best_response(
    appeal: Array,
    rivals: Array,
    alpha: Array,
    weight: Array,
    value: Array,
    net: Array,
    vat: float,
    low: Array,
    high: Array,
    tolerance: float,
    limit: int,
) -> int:
    """Prices that are a firm's best response, by the zeta iteration (Morrow and Skerlos 2011, OR 59).

    Args:
        appeal: (n, R) exp of utility without price of the firm's n products.
        rivals: (R,) exponentials of everything else, the outside option included.
        alpha: (R,) price sensitivity in bits.
        weight: (R,).
        value: (n,) unit cost less growth motive, CNY net of VAT.
        net: (n,) start, then result: prices net of VAT.
        vat: rate; a buyer pays net * (1 + vat).
        low, high: (n,) bounds on net prices.
        tolerance: stop when no price moves by more than this fraction.
        limit: most iterations.

    Returns:
        Iterations used; negative when the tolerance was not met.
    """
    n, rows = appeal.shape
    share, total, margin = np.empty((n, BLOCK)), np.empty(BLOCK), np.empty(BLOCK)
    sales, slope, cross = np.empty(n), np.empty(n), np.empty(n)
    for iteration in range(1, limit + 1):
        sales[:] = 0.0
        slope[:] = 0.0
        cross[:] = 0.0
        for first in range(0, rows, BLOCK):
            size = min(BLOCK, rows - first)
            for r in range(size):
                total[r] = rivals[first + r]
                margin[r] = 0.0
            for j in range(n):
                paid = net[j] * (1.0 + vat)
                for r in range(size):
                    share[j, r] = appeal[j, first + r] * power64(-alpha[first + r] * paid)
                    total[r] += share[j, r]
            for j in range(n):
                gain = net[j] - value[j]
                for r in range(size):
                    share[j, r] /= total[r]
                    margin[r] += share[j, r] * gain
            for j in range(n):
                sold, lost, moved_on = 0.0, 0.0, 0.0
                for r in range(size):
                    part = weight[first + r] * share[j, r]
                    sold += part
                    part *= alpha[first + r] * (1.0 + vat)
                    lost += part
                    moved_on += part * margin[r]
                sales[j] += sold
                slope[j] += lost * NATS
                cross[j] += moved_on * NATS
        moved = 0.0
        for j in range(n):
            new = net[j] if slope[j] <= 0.0 else value[j] + (sales[j] + cross[j]) / slope[j]
            new = min(max(new, low[j]), high[j])
            moved = max(moved, abs(new - net[j]) / net[j])
            net[j] = new
        if moved <= tolerance:
            return iteration
    return -limit


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def responses_of_runs(
    tastes: Array,
    alpha: Array,
    weights: Array,
    delta: Array,
    shift: Array,
    price: Array,
    own: Array,
    brand: Array,
    firm: int,
    loyal: float,
    around: Array,
    value: Array,
    net: Array,
    vat: float,
    low: Array,
    high: Array,
    tolerance: float,
    limit: int,
) -> None:
    """`best_response` of one firm in S runs.

    Args:
        tastes, alpha, weights, own, firm, loyal, vat, low, high, tolerance, limit: as above, of all runs.
        delta, shift, price: (S, J).
        brand: (S, N, B).
        around: (S, N, B) sums of exponentials of all products and of the outside option.
        value: (S, n).
        net: (S, n) start, then result.
    """
    shape = (own.size, *alpha.shape)
    appeal, total = np.empty(shape), np.empty(alpha.shape)
    for s in range(delta.shape[0]):
        lure(tastes, alpha, delta[s], shift[s], price[s], own, brand[s], firm, loyal, appeal, total)
        rivals = around[s] - total
        best_response(
            appeal.reshape(own.size, -1), rivals.reshape(-1), alpha.reshape(-1), weights.reshape(-1),
            value[s], net[s], vat, low, high, tolerance, limit,
        )  # fmt: skip
