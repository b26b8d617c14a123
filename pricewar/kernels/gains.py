"""What cuts of prices make of a month for the firms that plan them.

Numbers are added in the order in which numpy adds up a row, and nothing is fused: last digits do not depend
on how many firms plan at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]


@njit(cache=True, nogil=True, error_model="numpy")
def added_up(values: Array, count: int) -> float:
    """Sum of the first numbers: one by one where they are fewer than eight, else in eight sums."""
    if count < 8:
        total = 0.0
        for i in range(count):
            total += values[i]
        return float(total)
    r0, r1, r2, r3, r4, r5, r6, r7 = values[0:8]
    whole = count - count % 8
    for i in range(8, whole, 8):
        r0 += values[i]
        r1 += values[i + 1]
        r2 += values[i + 2]
        r3 += values[i + 3]
        r4 += values[i + 4]
        r5 += values[i + 5]
        r6 += values[i + 6]
        r7 += values[i + 7]
    total = ((r0 + r1) + (r2 + r3)) + ((r4 + r5) + (r6 + r7))
    for i in range(whole, count):
        total += values[i]
    return float(total)


@njit(cache=True, nogil=True, error_model="numpy")
def months64(
    price: Array,
    margin: Array,
    usual: Array,
    prices: Array,
    orders: Array,
    lines: Array,
    room: Array,
    vat: float,
    found: Array,
) -> None:
    """Write what K planned changes of prices make of a month, each for the firm that plans it.

    Args:
        price: (J,) transaction prices now.
        margin: (J,) price net of VAT less variable cost, a unit.
        usual: (J,) orders a month now.
        prices: (K, J) as they would be.
        orders: (K, J) at these prices; only those of the firm's own products are read.
        lines: (K, 2) first of the firm's products and where they end.
        room: (K,) units a month that the firm can make.
        vat: rate.
        found: (K, 3) written: contribution, change of what is sold at prices of now, units over those of now.
    """
    sold, paid = np.empty(price.size), np.empty(price.size)
    for k in range(lines.shape[0]):
        first, last = lines[k, 0], lines[k, 1]
        count = last - first
        for j in range(first, last):
            sold[j - first] = usual[j]
            paid[j - first] = orders[k, j]
        before, wanted = added_up(sold, count), added_up(paid, count)
        served = min(1.0, max(room[k], before) / max(wanted, 1e-9))
        for j in range(first, last):
            sold[j - first] = orders[k, j] * served
            left = margin[j] - (price[j] - prices[k, j]) / (1.0 + vat)
            paid[j - first] = left * sold[j - first]
        found[k, 0] = added_up(paid, count)
        for j in range(first, last):
            paid[j - first] = price[j] * (sold[j - first] - usual[j])
        found[k, 1] = added_up(paid, count)
        found[k, 2] = max(added_up(sold, count), 1e-9) / max(before, 1e-9)
