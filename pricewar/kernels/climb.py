"""What a firm earns at prices of its own while its rivals' stand still, and the way up from there.

The search of `respond.py` climbs by zeta steps (Morrow and Skerlos 2011) that are cut back until profit does
not fall. Arrays as there: n products of the firm, L nests where it sells, N blocks of B buyers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .above import NOBODY, between_above, slopes_above
from .exp import FAST, NATS, power64
from .zeta import _copy

Array = NDArray[Any]

_CLIMB = 60  # zeta steps of one climb
_CUTS = 12  # times that a step which lowers profit is cut to a quarter
_LONGEST = 64.0  # zeta steps taken at once
_STILL = 1e-11  # gain of a step, as part of profit, at which a climb has arrived
_HIGHEST = 500.0  # bits by which one product may outdo its nest


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def _within(firm: tuple[Any, ...], n: int, prices: Array) -> None:
    """Fill, for the buyers of block n, the pull of own products (n, B), each nest's sum and what it earns."""
    tastes, alpha, _, delta, own, nests, rho, take, costs, _, _, size, earned, work = firm
    inner, top, total, near = work[:4]
    lanes = alpha.shape[1]
    for h in range(rho.size):
        for b in range(lanes):
            top[h, b] = size[h, n, b]
    for i in range(own.size):
        j, h, stretch = own[i], nests[i], 1.0 / (1.0 - rho[nests[i]])
        for b in range(lanes):
            v = stretch * (delta[j] + tastes[n, j, b] - alpha[n, b] * prices[i])
            inner[i, b] = v
            top[h, b] = v if v > top[h, b] else top[h, b]
    for h in range(rho.size):
        for b in range(lanes):
            value = power64(size[h, n, b] - top[h, b])
            value = value if size[h, n, b] > 0.5 * NOBODY else 0.0
            total[h, b] = value
            near[h, b] = value * earned[h, n, b]
    for i in range(own.size):
        h, margin = nests[i], take[i] * prices[i] - costs[i]
        for b in range(lanes):
            value = power64(inner[i, b] - top[h, b])
            inner[i, b] = value
            total[h, b] += value
            near[h, b] += margin * value


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def _between(firm: tuple[Any, ...], n: int) -> float:
    """Fill nest shares (L, B) and earnings per buyer (B,) of block n; returns those of the block."""
    weights, rho, size, earned, work = firm[2], firm[6], firm[11], firm[12], firm[13]
    _, top, total, near, outer, mean = work[:6]
    rows, profit = rho.size, 0.0
    for h in range(rows):
        for b in range(total.shape[1]):
            near[h, b] /= total[h, b]
            outer[h, b] = (1.0 - rho[h]) * (top[h, b] + np.log2(total[h, b]))
    for b in range(total.shape[1]):
        highest = size[rows, n, b]
        for h in range(rows):
            highest = max(highest, outer[h, b])
        everything = power64(size[rows, n, b] - highest)
        money = everything * earned[rows, n, b]
        for h in range(rows):
            value = power64(outer[h, b] - highest)
            everything += value
            money += value * near[h, b]
            outer[h, b] = value
        for h in range(rows):
            outer[h, b] /= everything
        mean[b] = money / everything
        profit += weights[n, b] * mean[b]
    return profit


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def _slopes(firm: tuple[Any, ...], n: int) -> None:
    """Add block n to shares, slope and gain (n,) of the firm's pricing conditions; see `choice.py`."""
    alpha, weights, own, nests, rho, work = firm[1], firm[2], firm[4], firm[5], firm[6], firm[13]
    inner, _, total, near, outer, mean, shares, slope, gain = work
    for i in range(own.size):
        h = nests[i]
        stretch, extra = 1.0 / (1.0 - rho[h]), rho[h] / (1.0 - rho[h])
        s, d, g = 0.0, 0.0, 0.0
        for b in range(alpha.shape[1]):
            share = weights[n, b] * outer[h, b] * inner[i, b] / total[h, b]
            sensitive = alpha[n, b] * share
            s += share
            d += sensitive
            g += sensitive * (mean[b] + extra * near[h, b])
        shares[i] += s
        slope[i] += stretch * d * NATS
        gain[i] += g * NATS


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def earn(firm: tuple[Any, ...], tree: Any, prices: Array, target: Array) -> float:
    """What the firm earns at its `prices` (n,), and the prices of one zeta step from there, in `target`."""
    take, costs, low, high, work = firm[7], firm[8], firm[9], firm[10], firm[13]
    shares, slope, gain = work[6:]
    shares[:], slope[:], gain[:] = 0.0, 0.0, 0.0
    profit = 0.0
    for n in range(firm[1].shape[0]):
        _within(firm, n, prices)
        if tree is None:
            profit += _between(firm, n)
            _slopes(firm, n)
        else:
            profit += between_above(firm, tree, n)
            slopes_above(firm, tree, n)
    for i in range(prices.size):
        zeta = (take[i] * shares[i] + gain[i]) / slope[i]
        step = (costs[i] + zeta) / take[i]
        if not (slope[i] > 0.0 and np.isfinite(step)):  # nobody buys it, or more buy it when it is dearer
            step = prices[i] if slope[i] < 0.0 else costs[i] / take[i]
        target[i] = min(max(step, low[i]), high[i])
    return profit


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def climb(
    firm: tuple[Any, ...], tree: Any, prices: Array, target: Array, trial: Array, image: Array
) -> float:
    """Go up from `prices` (in place) by zeta steps that never lower the firm's profit; returns it.

    A step that helps is tried twice as long next time: far from the top zeta steps may be short and equal.
    """
    low, high = firm[9], firm[10]
    profit, stride = earn(firm, tree, prices, target), 1.0
    for _ in range(_CLIMB):
        part, better = stride, -np.inf
        for _ in range(_CUTS):
            for i in range(prices.size):
                trial[i] = min(max(prices[i] + part * (target[i] - prices[i]), low[i]), high[i])
            better = earn(firm, tree, trial, image)
            if better >= profit:
                break
            part = 1.0 if part > 1.0 else 0.25 * part
        if not better >= profit:
            return profit
        arrived = better - profit <= _STILL * abs(profit)
        profit = better
        _copy(trial, prices)
        _copy(image, target)
        if arrived and part <= 1.0:
            return profit
        stride = 1.0 if arrived or part < 1.0 else min(2.0 * part, _LONGEST)
    return profit


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def earn_alone(
    firm: tuple[Any, ...], tree: Any, prices: Array, tried: Array, out: Array, trial: Array
) -> None:
    """What the firm earns where one product has a price of `tried` (n, K) and the others keep `prices` (n,).

    Written to `out` (n, K). Nests of one level take the product out of its nest and put it back at the other
    price, which costs no more than n x K products; with two levels every trial costs n. Digits are lost where
    a product is nearly all of its nest, so this says where to climb and not what is earned there.
    """
    own, nests, rho, take, costs, work = firm[4], firm[5], firm[6], firm[7], firm[8], firm[13]
    tastes, alpha, weights, delta = firm[:4]
    out[:] = 0.0
    if tree is not None:
        for i in range(own.size):
            _copy(prices, trial)
            for k in range(tried.shape[1]):
                trial[i] = tried[i, k]
                out[i, k] = earn(firm, tree, trial, work[6])
        return
    inner, top, total, near, outer, mean = work[:6]
    for n in range(alpha.shape[0]):
        _within(firm, n, prices)
        _between(firm, n)
        for i in range(own.size):
            j, h = own[i], nests[i]
            stretch, margin = 1.0 / (1.0 - rho[h]), take[i] * prices[i] - costs[i]
            for k in range(tried.shape[1]):
                price = tried[i, k]
                moved, earned = take[i] * price - costs[i], 0.0
                for b in range(alpha.shape[1]):
                    v = stretch * (delta[j] + tastes[n, j, b] - alpha[n, b] * price) - top[h, b]
                    value = power64(min(v, _HIGHEST))
                    rest = max(total[h, b] - inner[i, b], 0.0)
                    money = near[h, b] * total[h, b] - margin * inner[i, b] + moved * value
                    rest += value
                    grows = rest / total[h, b]
                    if rho[h] > 0.0:
                        grows = power64((1.0 - rho[h]) * np.log2(grows))
                    share = outer[h, b]
                    mine = share * grows * money / rest if rest > 0.0 else 0.0
                    earned += (
                        weights[n, b] * (mean[b] - share * near[h, b] + mine) / (1.0 + share * (grows - 1.0))
                    )
                out[i, k] += earned
