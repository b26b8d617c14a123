"""Best responses of firms in a logit market with any buyers: is a price vector an equilibrium?

For one firm the rivals' prices stand still, so everything that the others offer one buyer is a few numbers:
the sum of attractions outside the firm's nests with what the firm earns from it, and the same for the rivals
inside each of its nests. A trial of the firm's prices then costs its own products only. The search climbs
from marginal cost, from the present prices, from far above, and from the tops of profit along equal markups,
always by zeta steps cut back until profit does not fall. Arrays as in `choice.py`, a logit without nests is
one nest of correlation zero; n products of the firm, L nests where it sells.

What a firm maximises is sum_k (take_k p_k - cost_k) s_k over all products: take and cost hold its part in
each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .above import NOBODY, between_above, number_nests, slopes_above, trees_of_firm
from .exp import FAST, NATS, power64
from .rivals import free_products, pool_sums, rivals_offer, weigh
from .zeta import _copy

Array = NDArray[Any]

#: Markups tried on the ray of equal markups. For one type of buyer its ends will do: profit has one top.
RAY, ENDS = 16, 2
_CLIMB = 60  # zeta steps of one climb
_CUTS = 12  # times that a step which lowers profit is cut to a quarter
_LONGEST = 64.0  # zeta steps taken at once
_STILL = 1e-11  # gain of a step, as part of profit, at which a climb has arrived


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


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _profit(firm: tuple[Any, ...], tree: Any, prices: Array, target: Array) -> float:
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _climb(
    firm: tuple[Any, ...], tree: Any, prices: Array, target: Array, trial: Array, image: Array
) -> float:
    """Go up from `prices` (in place) by zeta steps that never lower the firm's profit; returns it.

    A step that helps is tried twice as long next time: far from the top zeta steps may be short and equal.
    """
    low, high = firm[9], firm[10]
    profit, stride = _profit(firm, tree, prices, target), 1.0
    for _ in range(_CLIMB):
        part, better = stride, -np.inf
        for _ in range(_CUTS):
            for i in range(prices.size):
                trial[i] = min(max(prices[i] + part * (target[i] - prices[i]), low[i]), high[i])
            better = _profit(firm, tree, trial, image)
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _span(firm: tuple[Any, ...], base: Array) -> tuple[float, float]:
    """Markups over `base` between which every buyer is sensitive: lowest, and where the last one leaves."""
    tastes, alpha, weights, delta, own, _, rho, _, _, _, _, size, _, _ = firm
    blocks, lanes = alpha.shape
    least, most = np.inf, 0.0
    for n in range(blocks):
        for b in range(lanes):
            a = alpha[n, b]
            if weights[n, b] > 0.0 and a > 0.0:
                best = 0.0
                for i in range(own.size):
                    v = delta[own[i]] + tastes[n, own[i], b] - a * base[i] - size[rho.size, n, b]
                    best = max(best, v)
                least, most = min(least, 0.25 / a), max(most, (best + 8.0) / a)
    return least, most


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _search(firm: tuple[Any, ...], tree: Any, ray: int, present: Array, best: Array) -> tuple[float, float]:
    """Return the firm's profit at its `present` prices and at the `best` found, written there."""
    costs, take, low, high = firm[8], firm[7], firm[9], firm[10]
    count = present.size
    base, prices = costs / take, np.empty(count)
    target, trial, image = np.empty(count), np.empty(count), np.empty(count)
    now = _profit(firm, tree, present, target)
    _copy(present, best)
    highest = _climb(firm, tree, best, target, trial, image)
    least, most = _span(firm, base)
    if not least < most:
        return now, highest
    before, rising = -np.inf, False
    for step in range(ray):
        markup = least * (most / least) ** (step / (ray - 1.0))
        for i in range(count):
            trial[i] = min(max(base[i] + markup, low[i]), high[i])
        profit = _profit(firm, tree, trial, target)
        if step == 0 or step == ray - 1 or (rising and profit < before):
            if 0 < step < ray - 1:
                markup = least * (most / least) ** ((step - 1) / (ray - 1.0))
            for i in range(count):
                prices[i] = min(max(base[i] + markup, low[i]), high[i])
            found = _climb(firm, tree, prices, target, trial, image)
            if found > highest:
                highest = found
                _copy(prices, best)
        rising, before = profit > before, profit
    return now, highest


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _room(count: int, rows: int, lanes: int) -> Any:
    """Working arrays of `_profit`: for products and nests of one block of buyers, and for products."""
    nest = (rows, lanes)
    sums = np.empty(nest), np.empty(nest), np.empty(nest), np.empty(nest), np.empty(lanes)
    return (np.empty((count, lanes)), *sums, np.empty(count), np.empty(count), np.empty(count))


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def best_responses(
    market: tuple[Any, ...],
    nests: Array,
    rho: Array,
    tree: tuple[Array, Array] | None,
    terms: tuple[Any, ...],
    deciders: Array,
    order: Array,
    parts: tuple[float, Array],
    ray: int,
    answers: Array,
    found: Array,
) -> None:
    """Search the best response of every decider while the others stand still.

    `market` = tastes, alpha, weights, delta in bits, and prices (J,); `tree` as in `nested.py`; `terms` =
    costs, keep, low, high (J,); `deciders` (J,) say who sets each price, `order` (J,) sorts by them. `parts`
    say how much of a product's profit a decider gets: of its own all, of others the first number; or, where
    it has rows, those of the second (G, J). `ray` markups are tried. Writes the answers (J,) and, by decider,
    profit now and at its answer (G, 2). An imposed price stays.
    """
    prices = market[4]
    costs, keep, low, high = terms
    blocks, lanes = market[1].shape
    conduct, weights = parts
    margins, part = np.empty(prices.size), np.ones(prices.size)
    weigh(terms, prices, conduct, weights, -1, part, margins)
    pool = pool_sums(market, nests, rho, margins, 0 if weights.shape[0] else blocks)
    place, mine, last = np.empty(rho.size, np.int64), np.zeros(prices.size, np.bool_), 0
    _copy(prices, answers)
    for g in range(found.shape[0]):
        first = last
        while last < order.size and deciders[order[last]] == g:
            last += 1
        own = free_products(order, first, last, low, high)
        if own.size == 0:
            found[g, 0], found[g, 1] = 0.0, 0.0
            continue
        if weights.shape[0]:
            weigh(terms, prices, conduct, weights, g, part, margins)
        elif own.size < last - first:  # what the firm earns at its imposed prices counts in full
            for i in range(first, last):
                margins[order[i]] = keep[order[i]] * prices[order[i]] - costs[order[i]]
        rows = number_nests(nests, own, place)
        local, correlation = np.empty(own.size, np.int64), np.empty(rows)
        own_terms = np.empty(own.size), np.empty(own.size), np.empty(own.size), np.empty(own.size)
        present, best = np.empty(own.size), np.empty(own.size)
        for i in range(own.size):
            j = own[i]
            mine[j], local[i], present[i] = True, place[nests[j]], prices[j]
            correlation[local[i]] = rho[nests[j]]
            own_terms[0][i], own_terms[1][i] = part[j] * keep[j], part[j] * costs[j]
            own_terms[2][i], own_terms[3][i] = low[j], high[j]
        lumps = np.empty((rows + 1, blocks, lanes)), np.empty((rows + 1, blocks, lanes))
        firm = (*market[:4], own, local, correlation, *own_terms, *lumps, _room(own.size, rows, lanes))
        mover, whole = (own, mine, place), own.size == last - first
        if tree is None:
            rivals_offer(market, mover, nests, rho, None, margins, pool, whole, lumps)
            found[g, 0], found[g, 1] = _search(firm, None, ray, present, best)
        else:
            rival_tree, own_tree = trees_of_firm(tree, nests, own, local, blocks, lanes)
            rivals_offer(market, mover, nests, rho, rival_tree, margins, pool, whole, lumps)
            found[g, 0], found[g, 1] = _search(firm, own_tree, ray, present, best)
        for i in range(own.size):
            answers[own[i]] = best[i]
            mine[own[i]] = False
        for i in range(first, last):
            margins[order[i]] = conduct * (keep[order[i]] * prices[order[i]] - costs[order[i]])
