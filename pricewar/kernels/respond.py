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

from .above import number_nests, trees_of_firm
from .climb import climb, earn, earn_alone
from .exp import FAST
from .rivals import free_products, pool_sums, rivals_offer, weigh
from .zeta import _copy

Array = NDArray[Any]

#: Markups tried on the ray of equal markups. For one type of buyer its ends will do: profit has one top.
RAY, ENDS = 16, 2
#: Markups tried for one product while the firm's others stay, and about how many for all its products.
SIDE_LEAST, SIDE_MOST, _SIDE_ALL = 12, 48, 96
#: Most products of a firm that moves them one by one where nests have two levels: a trial costs them all.
WIDE = 24
_PASSES = 4  # times that products of one firm are moved one by one
_TRIALS = 12  # climbs of the last time for all products, from the highest tops of single ones
_NEAR = 0.8  # part of the highest profit that a single move must leave for a climb to begin there
_SAME = 1e-7  # two tops whose profits differ by less, as part of them, are one


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _next_top(earned: Array, now: Array, markups: Array, below: float) -> tuple[int, int, float]:
    """Row and column of the highest top of the rows of `earned` (n, K) that is lower than `below`.

    A top beside the present markup `now` (n,) is no other one. Column -1 where there is none.
    """
    row, column, highest, last = 0, -1, -np.inf, markups.size - 1
    for i in range(now.size):
        for k in range(markups.size):
            value = earned[i, k]
            if not highest < value < below:
                continue
            rises = k == 0 or earned[i, k - 1] < value - _SAME * abs(value)
            falls = k == last or earned[i, k + 1] <= value
            beside = markups[max(k - 1, 0)] <= now[i] <= markups[min(k + 1, last)]
            if rises and falls and not beside:
                row, column, highest = i, k, value
    return row, column, highest


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _aside(
    firm: tuple[Any, ...],
    tree: Any,
    markups: Array,
    most: int,
    worth: float,
    profit: float,
    prices: Array,
    room: tuple[Array, Array, Array],
) -> float:
    """Go up from the top `prices` (in place) by moving one product to another top of its own; returns profit.

    While the others stay each product is tried at every one of `markups`, and a climb begins at the highest
    `most` tops that are other ones, until none helps. It finds what equal markups hide: one product for the
    few who pay any price, another for the many.
    """
    low, high, count, base = firm[9], firm[10], prices.size, firm[8] / firm[7]
    tried, earned, start = np.empty((count, markups.size)), np.empty((count, markups.size)), np.empty(count)
    target, trial, image = room
    for i in range(count):
        for k in range(markups.size):
            tried[i, k] = min(max(base[i] + markups[k], low[i]), high[i])
    for _ in range(_PASSES):
        earn_alone(firm, tree, prices, tried, earned, trial)
        below, found = np.inf, -np.inf
        for _ in range(most):
            i, k, below = _next_top(earned, prices - base, markups, below)
            if k < 0 or not below > worth:
                break
            _copy(prices, start)
            start[i] = tried[i, k]
            found = climb(firm, tree, start, target, trial, image)
            if found > profit * (1.0 + _SAME):
                break
        if not found > profit * (1.0 + _SAME):
            break
        profit = found
        _copy(start, prices)
    return profit


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _ray(firm: tuple[Any, ...], tree: Any, markups: Array, starts: Array, room: Any) -> int:
    """Write those of equal `markups` from which to climb to `starts`, ends and tops; returns their number."""
    low, high, base, (target, trial, _) = firm[9], firm[10], firm[8] / firm[7], room
    before, rising, count, last = -np.inf, False, 0, markups.size - 1
    for k in range(markups.size):
        for i in range(base.size):
            trial[i] = min(max(base[i] + markups[k], low[i]), high[i])
        profit = earn(firm, tree, trial, target)
        if k == 0 or k == last or (rising and profit < before):
            starts[count] = markups[k - 1] if 0 < k < last else markups[k]
            count += 1
        rising, before = profit > before, profit
    return count


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _search(firm: tuple[Any, ...], tree: Any, ray: int, present: Array, best: Array) -> tuple[float, float]:
    """Return the firm's profit at its `present` prices and at the `best` found, written there."""
    low, high, count, base = firm[9], firm[10], present.size, firm[8] / firm[7]
    prices, room = np.empty(count), (np.empty(count), np.empty(count), np.empty(count))
    now = earn(firm, tree, present, room[0])
    _copy(present, best)
    highest = climb(firm, tree, best, *room)
    least, most = _span(firm, base)
    if not least < most:
        return now, highest
    many = ray > ENDS and (tree is None or count <= WIDE)
    side = max(SIDE_LEAST, min(SIDE_MOST, _SIDE_ALL // count))
    markups = least * (most / least) ** (np.arange(side) / (side - 1.0))
    starts, tops, known = np.empty(ray + 1), np.empty(ray + 2), 1
    tops[0] = highest
    for s in range(_ray(firm, tree, least * (most / least) ** (np.arange(ray) / (ray - 1.0)), starts, room)):
        for i in range(count):
            prices[i] = min(max(base[i] + starts[s], low[i]), high[i])
        found = climb(firm, tree, prices, *room)
        if many and np.abs(tops[:known] - found).min() > _SAME * abs(found):
            tops[known], known = found, known + 1
            found = _aside(firm, tree, markups, 1, _NEAR * highest, found, prices, room)
        if found > highest:
            highest = found
            _copy(prices, best)
    if many:
        highest = _aside(firm, tree, markups, max(1, _TRIALS // count), _NEAR * highest, highest, best, room)
    return now, highest


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
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
