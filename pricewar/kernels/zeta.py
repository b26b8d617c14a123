"""The price iteration: zeta map, bounds, capacity; Anderson acceleration, Newton's steps, a plain fallback.

The first-order condition of product j, a_j s_j + sum_k H_jk margin_k ds_k/dp_j = 0, reads
margin_j = (a_j s_j + gain_j) / slope_j = zeta_j (Morrow and Skerlos 2011, "fixed-point approaches to
computing Bertrand-Nash equilibrium prices"), with margin_j = a_j p_j - cost_j. One step costs O(R J).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .choice import markup_terms32, markup_terms64
from .exp import FAST
from .factors import factor, substitute
from .nested_terms import nested_markup_terms64
from .slopes import map_slopes32, nested_map_slopes64

Array = NDArray[Any]

# The step and the terms it calls are inlined before compilation. As functions of their own, the process that
# compiles them and one that loads them from the cache may link different copies, with another last bit.

#: How many past steps Anderson's method mixes.
MEMORY = 5
#: A mixed step stands while the residual is at most this much of the last one that stood.
SLACK = 1.0
#: Steps of a logit without nests are in float32 until the residual is below this.
ROUGH = 1e-4
#: Longest accelerated step, in plain steps. Where hardly anybody stays outside, plain steps all have one
#: length, and an unbounded extrapolation of that goes to infinity.
LONGEST = 20.0
#: Past steps are mixed when the residual is below this: from farther off they mislead.
FAR = 0.15
#: Newton's steps begin when the residual is below this.
NEAR = 1e-2
#: They keep their derivatives while a step brings the residual below this part of the last one.
KEEP = 0.2
#: Derivatives are taken for more steps to go than 1 plus the number of products divided by this. They cost a
#: third of that, but the pace of the last step tells too many: mixed steps get faster near the answer.
PER_STEP = 4.0


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _copy(source: Array, target: Array) -> None:
    """`target[:] = source` without the check of shapes, whose error message takes seconds to compile."""
    for i in range(source.size):
        target[i] = source[i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def _step(
    market: tuple[Any, ...],
    firms: Array,
    nested: tuple[Array, Array, Array] | None,
    tree: tuple[Array, Array, Array] | None,
    terms: tuple[Any, ...],
    state: Array,
    out: Array,
    work: tuple[Array, ...],
    rough: bool,
) -> float:
    """One zeta step from `state` = (prices, capacity prices) to `out`; returns the largest relative move.

    Relative to the largest cost plus 1 / alpha: a measure of prices that does not run away with them.
    """
    tastes, alpha, weights, delta = market[:4]  # in bits, see choice.py
    costs, keep, low, high, capacity, conduct = terms
    products = delta.size
    prices, shadow = state[:products], state[products:]
    limited = capacity.size > 0
    shares, slope, gain, margins = work
    for j in range(products):
        margins[j] = keep[j] * prices[j] - costs[j]
        if limited:
            margins[j] -= shadow[j]
    if nested is not None:  # known when it is compiled: a market without nests does not compile theirs
        pairs, nests, rho = nested
        nested_markup_terms64(
            tastes,
            alpha,
            weights,
            delta,
            prices,
            margins,
            firms,
            conduct,
            nests,
            rho,
            pairs,
            tree,
            shares,
            slope,
            gain,
        )
    elif rough:
        tastes32, alpha32, weights32, delta32 = market[4:]
        markup_terms32(
            tastes32, alpha32, weights32, delta32, prices, margins, firms, conduct, shares, slope, gain
        )
    else:
        markup_terms64(tastes, alpha, weights, delta, prices, margins, firms, conduct, shares, slope, gain)
    worst, scale, sound = 0.0, 0.0, True
    for j in range(products):
        zeta = (keep[j] * shares[j] + gain[j]) / slope[j]
        target = (costs[j] + zeta) / keep[j]
        binding = False
        if limited:
            clearing = prices[j] + np.log(shares[j] / capacity[j]) * shares[j] / slope[j]
            binding = clearing > target
            target = max(target, clearing)
        target = min(max(target, low[j]), high[j])
        out[j] = target
        sound = sound and np.isfinite(zeta)
        worst = max(worst, abs(target - prices[j]))
        scale = max(scale, (abs(costs[j]) + shares[j] / slope[j]) / keep[j])
        if limited:
            out[products + j] = max(0.0, keep[j] * target - costs[j] - zeta) if binding else 0.0
            worst = max(worst, abs(out[products + j] - shadow[j]))
    if not sound:
        return np.nan
    return worst / scale if scale > 0.0 else worst


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def anderson(state: Array, image: Array, states: Array, images: Array, filled: int, proposal: Array) -> bool:
    """Mix the last `filled` (state, image) pairs, rows of `states`/`images`, into `proposal` (Anderson 1965).

    Minimises |f - dF g| over g by the normal equations, a little ridge keeping them solvable. Returns False
    if the answer is not finite, and then `proposal` is the plain image. Written with scalars: no temporary
    arrays.
    """
    size = state.size
    normal, mix, order = np.zeros((filled, filled)), np.zeros(filled), np.empty(filled, np.int64)
    for i in range(size):
        f = image[i] - state[i]
        for a in range(filled):
            change = f - (images[a, i] - states[a, i])
            mix[a] += change * f
            for b in range(a + 1):
                normal[a, b] += change * (f - (images[b, i] - states[b, i]))
    for a in range(filled):
        normal[a, a] = normal[a, a] * (1.0 + 1e-13) + 1e-300
        for b in range(a):
            normal[b, a] = normal[a, b]
    factor(normal, order)
    substitute(normal, order, mix)
    finite = True
    for i in range(size):
        value = image[i]
        for a in range(filled):
            value -= mix[a] * (image[i] - images[a, i])
        proposal[i] = value
        finite = finite and np.isfinite(value)
    if not finite:
        _copy(image, proposal)
    return finite


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def shorten(state: Array, image: Array, proposal: Array) -> None:
    """Pull `proposal` back towards `state` until it is at most `LONGEST` plain steps away."""
    plain, taken = 0.0, 0.0
    for i in range(state.size):
        plain = max(plain, abs(image[i] - state[i]))
        taken = max(taken, abs(proposal[i] - state[i]))
    if taken > LONGEST * plain:
        for i in range(state.size):
            proposal[i] = state[i] + (proposal[i] - state[i]) * (LONGEST * plain / taken)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def _derive(
    market: tuple[Any, ...],
    firms: Array,
    nested: tuple[Array, Array, Array] | None,
    terms: tuple[Any, ...],
    state: Array,
    image: Array,
    work: tuple[Array, ...],
    matrix: Array,
    order: Array,
) -> bool:
    """Factor the derivatives of the step at `state`; `work` and `image` are what `_step` left there."""
    costs, keep, low, high, _, conduct = terms
    shares, slope, gain, margins = work
    zeta = np.empty(costs.size)
    for j in range(costs.size):
        zeta[j] = (keep[j] * shares[j] + gain[j]) / slope[j]
    tastes, alpha, weights, delta, tastes32, alpha32, weights32, delta32 = market
    if nested is not None:
        _, nests, rho = nested
        buyers = tastes, alpha, weights, delta
        nested_map_slopes64(buyers, state, margins, zeta, keep, firms, conduct, nests, rho, matrix)
    else:
        buyers32 = tastes32, alpha32, weights32, delta32
        map_slopes32(buyers32, state, margins, zeta, keep, firms, conduct, matrix)
    for j in range(costs.size):
        moves = 1.0 if low[j] < image[j] < high[j] else 0.0
        for k in range(costs.size):
            matrix[j, k] *= moves / (slope[j] * keep[j])
        matrix[j, j] -= 1.0
    return factor(matrix, order)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _turn(matrix: Array, order: Array, state: Array, plain: Array, image: Array) -> bool:
    """Make `image` Newton's step from `state`, whose plain image is `plain`; False if there is none."""
    for i in range(state.size):
        image[i] = state[i] - plain[i]
    substitute(matrix, order, image)
    finite = True
    for i in range(state.size):
        image[i] += state[i]
        finite = finite and np.isfinite(image[i])
    if not finite:
        _copy(plain, image)
    return finite


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def _worth(residual: float, stood: float, held: bool, tolerance: float, products: int) -> bool:
    """Whether derivatives cost less than the steps still to go at the pace of the last one."""
    if not (residual < NEAR and residual < stood < np.inf) or (held and residual <= KEEP * stood):
        return False
    left: float = np.log(tolerance / residual) / np.log(residual / stood)
    return left > 1.0 + products / PER_STEP


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def iterate_prices(
    market: tuple[Any, ...],
    firms: Array,
    nested: tuple[Array, Array, Array] | None,
    tree: tuple[Array, Array, Array] | None,
    terms: tuple[Any, ...],
    state: Array,
    tolerance: float,
    most: int,
    memory: int,
) -> tuple[int, float]:
    """Iterate the zeta map on `state` (in place) until no price moves by more than `tolerance` (relative).

    Anderson mixing over `memory` past steps; 0 is the plain map. A mixed step stands only where the residual
    does not exceed `SLACK` times the last one that stood; otherwise the past is forgotten and the iteration
    goes on from the plain image of that point. From `NEAR` on it is Newton's steps that are mixed, where the
    derivatives cost less than what they save; they are renewed when steps get slow. Returns (iterations,
    residual), derivatives counted as one iteration; residual is NaN if it broke down. `nested` holds pairs,
    nests and rho of `nested_markup_terms64`; None without nests. `tree` is its own, None unless nests have
    two levels.
    """
    low, high = terms[2], terms[3]
    size, products = state.size, low.size
    image, proposal, plain = np.empty(size), np.empty(size), np.empty(size)
    work = (np.empty(products), np.empty(products), np.empty(products), np.empty(products))
    states, images = np.empty((max(memory, 1), size)), np.empty((max(memory, 1), size))
    filled, slot, stood, refused, wait, held = 0, 0, np.inf, 0, 0, False
    derives = tree is None and memory > 0 and size == products
    matrix, order = np.empty((0, 0)), np.empty(products, np.int64)
    rough = nested is None and tolerance < ROUGH
    mixed, residual, spent = False, np.inf, 0
    while spent < most:
        spent += 1
        residual = _step(market, firms, nested, tree, terms, state, image, work, rough)
        if residual <= tolerance and not rough:
            _copy(image, state)
            return spent, residual
        if rough and not residual > ROUGH:
            rough = False
            if not np.isfinite(residual):
                filled, stood = 0, np.inf
                continue
        if mixed and not residual <= SLACK * stood:
            _copy(plain, state)
            filled, mixed, held, stood = 0, False, False, np.inf
            refused, wait = refused + 1, 2**refused
            continue
        if not np.isfinite(residual):
            return spent, np.nan
        _copy(image, plain)
        if residual > min(stood, FAR) or wait > 0:
            filled = 0
        wait = max(wait - 1, 0)
        if derives and wait == 0 and _worth(residual, stood, held, tolerance, products):
            matrix = np.empty((products, products)) if matrix.size == 0 else matrix
            held = _derive(market, firms, nested, terms, state, image, work, matrix, order)
            filled, spent = 0, spent + 1
        stood = residual
        held = held and _turn(matrix, order, state, plain, image)
        anderson(state, image, states, images, filled, proposal)
        mixed = held or filled > 0
        rough, slot = rough and not held, slot if filled > 0 else 0
        if memory > 0:
            _copy(state, states[slot])
            _copy(image, images[slot])
            slot, filled = (slot + 1) % memory, min(filled + 1, memory)
        shorten(state, image, proposal)
        for j in range(products):
            proposal[j] = min(max(proposal[j], low[j]), high[j])
        for j in range(products, size):
            proposal[j] = max(proposal[j], 0.0)
        _copy(proposal, state)
    return spent, residual
