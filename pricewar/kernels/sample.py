"""Sampled choices: every buyer takes the product that wins a race of exponential clocks.

With E_j standard exponential, the product with the smallest E_j / exp(V_ij) is chosen with exactly its logit
probability. The clocks are luck by name (`luck.py`), so a choice depends on (seed, buyer, period, product)
and on utilities, on nothing else. All in float32; counts are integers and surplus is summed in fixed point,
so that totals do not depend on how buyers are split over blocks and threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .exp import FAST, NATS, exp32, power32
from .luck import buyer_key, exponential, minus_log1p_minus, normal, normal_twin, product_bits, uniform_twin

Array = NDArray[Any]

#: Buyers in a block of the streaming kernel; a buyer's lane is its number modulo this.
LANES = 128
#: Luck's name of the outside option, and of the income draw in the stream of tastes.
OUTSIDE = 0xFFFFFFFF
#: Luck's name of the draw in the stream of tastes that says which brand a buyer drives.
BRAND = 0xFFFFFFFE
#: Upper ends of the lower four fifths of a standard normal: income groups of the surplus.
FIFTHS = (-0.8416212335729143, -0.2533471031357997, 0.2533471031357997, 0.8416212335729143)
#: Surplus is summed as integers of this size, in units of 1 / alpha0.
SURPLUS_UNIT = 2.0**-20

_S = np.float32
_NATS, _ONE, _ZERO, _SAFE = _S(NATS), _S(1.0), _S(0.0), _S(1e30)
_OUTSIDE, _BRAND = np.uint32(OUTSIDE), np.uint32(BRAND)
_Q1, _Q2, _Q3, _Q4 = (_S(q) for q in FIFTHS)
_TO_UNIT, _HALF_STEP = _S(2.0**-32), _S(2.0**-33)
_LOW_HALF = np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True, error_model="numpy")
def _split_keys(start: Any, first: int, low: Array, high: Array) -> None:
    for b in range(low.size):
        key = buyer_key(start, np.uint64(first + b))
        low[b] = np.uint32(key & _LOW_HALF)
        high[b] = np.uint32(key >> np.uint64(32))


@njit(cache=True, nogil=True, error_model="numpy")
def _split_keys_of(start: Any, people: Array, low: Array, high: Array) -> None:
    for b in range(low.size):
        key = buyer_key(start, people[b])
        low[b] = np.uint32(key & _LOW_HALF)
        high[b] = np.uint32(key >> np.uint64(32))


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _race(
    utility: Array, low: Array, high: Array, names: Array, choice: Array, total: Array, top: Array
) -> None:
    """Run each lane's race: choice (index, J = outside), total and top with log-sum = top + log(total)."""
    products, lanes = utility.shape
    best, clock = np.empty(lanes, np.float32), np.empty(lanes, np.float32)
    top[:] = _ZERO
    for j in range(products):
        for b in range(lanes):
            v, highest = utility[j, b], top[b]
            top[b] = v if v > highest else highest
    for b in range(lanes):
        best[b] = exp32(-top[b])
        total[b] = best[b]
        clock[b] = exponential(product_bits(low[b], high[b], _OUTSIDE))
        choice[b] = np.int32(products)
    for j in range(products):
        name, number = names[j], np.int32(j)
        for b in range(lanes):
            attraction = exp32(utility[j, b] - top[b])
            time = exponential(product_bits(low[b], high[b], name))
            was, ring, chosen = (
                best[b],
                clock[b],
                choice[b],
            )  # loaded first: then these are selects, not branches
            wins = attraction * ring > was * time
            total[b] += attraction
            best[b] = attraction if wins else was
            clock[b] = time if wins else ring
            choice[b] = number if wins else chosen


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _dash(
    tastes: Array,
    alpha: Array,
    delta: Array,
    prices: Array,
    low: Array,
    high: Array,
    names: Array,
    choice: Array,
    total: Array,
) -> bool:
    """The race in one pass, without the shift; returns whether float32 could hold it."""
    products, lanes = tastes.shape
    best, clock = np.ones(lanes, np.float32), np.empty(lanes, np.float32)
    for b in range(lanes):
        total[b] = _ONE
        clock[b] = exponential(product_bits(low[b], high[b], _OUTSIDE))
        choice[b] = np.int32(products)
    for j in range(products):
        d, p, name, number = delta[j], prices[j], names[j], np.int32(j)
        for b in range(lanes):
            attraction = power32(d + tastes[j, b] - alpha[b] * p)
            time = exponential(product_bits(low[b], high[b], name))
            was, ring, chosen = (
                best[b],
                clock[b],
                choice[b],
            )  # loaded first: then these are selects, not branches
            wins = attraction * ring > was * time
            total[b] += attraction
            best[b] = attraction if wins else was
            clock[b] = time if wins else ring
            choice[b] = number if wins else chosen
    return bool(total.max() < _SAFE)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def draw32(
    tastes: Array,
    alpha: Array,
    delta: Array,
    prices: Array,
    start: Any,
    people: Array,
    names: Array,
    choices: Array,
) -> None:
    """Sampled choices of a table of buyers: int32 (N, B), J for the outside option.

    tastes (N, J, B), alpha (N, B) and delta (J,) in bits as in `choice.py`, people (N, B) uint64 and names
    (J,) uint32 identities of buyers and products, start the stream of luck of this seed and period.
    """
    blocks, products, lanes = tastes.shape
    utility = np.empty((products, lanes), np.float32)
    total, top = np.empty(lanes, np.float32), np.empty(lanes, np.float32)
    low, high = np.empty(lanes, np.uint32), np.empty(lanes, np.uint32)
    for n in range(blocks):
        _split_keys_of(start, people[n], low, high)
        if _dash(tastes[n], alpha[n], delta, prices, low, high, names, choices[n], total):
            continue
        for j in range(products):
            for b in range(lanes):
                utility[j, b] = _NATS * (delta[j] + tastes[n, j, b] - alpha[n, b] * prices[j])
        _race(utility, low, high, names, choices[n], total, top)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _make_buyers(
    low: Array,
    high: Array,
    sigma: Array,
    pi: Array,
    spread: Any,
    scale: Any,
    betas: Array,
    alpha: Array,
    fifth: Array,
) -> None:
    """Tastes betas (K, B), price sensitivity alpha (B,) and income group of the buyers with these keys."""
    lanes = low.size
    for b in range(lanes):
        alpha[b] = normal(product_bits(low[b], high[b], _OUTSIDE))  # standardised log income, for now
    for k in range(sigma.size):
        name, s, p = np.uint32(k), sigma[k], pi[k]
        for b in range(lanes):
            betas[k, b] = s * normal(product_bits(low[b], high[b], name)) + p * alpha[b]
    for b in range(lanes):
        z = alpha[b]
        fifth[b] = np.int32(z > _Q1) + np.int32(z > _Q2) + np.int32(z > _Q3) + np.int32(z > _Q4)
    for b in range(lanes):
        alpha[b] = scale * exp32(-spread * alpha[b])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _favour_own(low: Array, high: Array, owner: Array, edges: Array, loyal: Any, utility: Array) -> None:
    """Add `loyal` to the products of the brand that each buyer drives; beyond the last edge nobody's."""
    products, lanes = utility.shape
    brand = np.zeros(lanes, np.int32)
    draw = np.empty(lanes, np.float32)
    for b in range(lanes):
        draw[b] = np.float32(product_bits(low[b], high[b], _BRAND)) * _TO_UNIT + _HALF_STEP
    for f in range(edges.size):
        edge = edges[f]
        for b in range(lanes):
            brand[b] += np.int32(draw[b] >= edge)
    for j in range(products):
        mine = owner[j]
        for b in range(lanes):
            utility[j, b] += loyal if brand[b] == mine else _ZERO


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _hope(alpha: Array, fall: Any, free: Any, outside: Array, utility: Array) -> None:
    """Waiting is worth alpha times the price fall expected: take its log odds off every product."""
    products, lanes = utility.shape
    for b in range(lanes):
        hope = alpha[b] * fall
        hope = min(max(hope, _S(-5.0)), _S(5.0))
        outside[b] = (_ONE - free) + free * exp32(hope)
    for b in range(lanes):
        odds = np.log(outside[b])
        for j in range(products):
            utility[j, b] -= odds


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def sample_block(
    taste_stream: Any,
    luck_stream: Any,
    first: int,
    stop: int,
    market: tuple[Any, ...],
    names: Array,
    counts: Array,
) -> Any:
    """Let buyers first <= i < stop choose: add to counts (J + 1,), return surplus in fixed-point units.

    market = (delta (J,), x (J, K), sigma (K,), pi (K,), alpha0, income_elasticity, sigma_y, prices (J,),
    owner (J,) int32, edges (F,), loyal, fall, free), float32 where not said otherwise. The surplus is (5,),
    by fifth of the income distribution, over the outside option without the hope of lower prices.
    """
    delta, x, sigma, pi, alpha0, income_elasticity, sigma_y, prices, owner, edges, loyal, fall, free = market
    products, features = x.shape
    low, high = np.empty(LANES, np.uint32), np.empty(LANES, np.uint32)
    betas, alpha = np.empty((features, LANES), np.float32), np.empty(LANES, np.float32)
    utility, choice = np.empty((products, LANES), np.float32), np.empty(LANES, np.int32)
    total, top = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    fifth, outside = np.empty(LANES, np.int32), np.ones(LANES, np.float32)
    surplus = np.zeros(5, np.int64)
    for begin in range(first - first % LANES, stop, LANES):
        _split_keys(taste_stream, begin, low, high)
        _make_buyers(low, high, sigma, pi, income_elasticity * sigma_y, alpha0, betas, alpha, fifth)
        for j in range(products):
            d, p = delta[j], prices[j]
            for b in range(LANES):
                utility[j, b] = d - alpha[b] * p
            for k in range(features):
                value = x[j, k]
                for b in range(LANES):
                    utility[j, b] += value * betas[k, b]
        if loyal != _ZERO:
            _favour_own(low, high, owner, edges, loyal, utility)
        if fall != _ZERO:
            _hope(alpha, fall, free, outside, utility)
        _split_keys(luck_stream, begin, low, high)
        _race(utility, low, high, names, choice, total, top)
        for b in range(LANES):
            logsum = top[b] + minus_log1p_minus(_ONE - _ONE / total[b])
            total[b] = logsum * alpha0 / alpha[b]
        if fall != _ZERO:
            for b in range(LANES):
                worth = total[b] * alpha[b] / alpha0
                total[b] = np.log1p((np.exp(worth) - _ONE) * outside[b]) * alpha0 / alpha[b]
        for b in range(max(first - begin, 0), min(stop - begin, LANES)):
            counts[choice[b]] += 1
            surplus[fifth[b]] += np.int64(np.float64(total[b]) / SURPLUS_UNIT)
    return surplus


def sample_twin(
    taste_stream: Any, luck_stream: Any, first: int, stop: int, market: tuple[Any, ...], names: Array
) -> tuple[Array, Array]:
    """Numpy twin of `sample_block` in float64: choices (buyers,), J = outside, and surplus (buyers,)."""
    delta, x, sigma, pi, alpha0, income_elasticity, sigma_y, prices, owner, edges, loyal, fall, free = (
        np.asarray(m, np.float64) for m in market
    )
    people = np.arange(first, stop)
    normals = normal_twin(taste_stream, people, np.append(np.arange(sigma.size), OUTSIDE))
    income = normals[:, -1:]
    alpha = alpha0 * np.exp(-income_elasticity * sigma_y * income)
    utility = delta + (normals[:, :-1] * sigma + income * pi) @ x.T - alpha * prices
    driven = uniform_twin(taste_stream, people, np.array([BRAND], np.uint32))
    brand = (driven >= edges).sum(axis=1, keepdims=True)
    utility = utility + np.where(brand == owner, loyal, 0.0)
    worth = np.log1p(np.exp(utility).sum(axis=1))
    hope = np.log((1.0 - free) + free * np.exp(np.clip(alpha * fall, -5.0, 5.0)))
    utility = np.append(utility, hope, axis=1)
    clocks = -np.log1p(-uniform_twin(luck_stream, people, np.append(names, OUTSIDE)))
    return (utility - np.log(clocks)).argmax(axis=1), worth / alpha[:, 0]
