"""The price iteration: zeta map, bounds, capacity; Anderson acceleration with a plain fallback.

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
from .nested_terms import nested_markup_terms64

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


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def anderson(state: Array, image: Array, states: Array, images: Array, filled: int, proposal: Array) -> bool:
    """Mix the last `filled` (state, image) pairs, rows of `states`/`images`, into `proposal` (Anderson 1965).

    Minimises |f - dF g| over g by the normal equations, a little ridge keeping them solvable. Returns False
    if the answer is not finite, and then `proposal` is the plain image. Written with scalars: no temporary
    arrays.
    """
    size = state.size
    normal, mix = np.zeros((filled, filled)), np.zeros(filled)
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
    _solve(normal, mix)
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def shorten(state: Array, image: Array, proposal: Array) -> None:
    """Pull `proposal` back towards `state` until it is at most `LONGEST` plain steps away."""
    plain, taken = 0.0, 0.0
    for i in range(state.size):
        plain = max(plain, abs(image[i] - state[i]))
        taken = max(taken, abs(proposal[i] - state[i]))
    if taken > LONGEST * plain:
        for i in range(state.size):
            proposal[i] = state[i] + (proposal[i] - state[i]) * (LONGEST * plain / taken)


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(matrix: Array, right: Array) -> None:
    """Gaussian elimination with pivoting, in place, for the handful of mixing weights (no LAPACK call)."""
    n = right.size
    for k in range(n):
        pivot = k
        for r in range(k + 1, n):
            pivot = r if abs(matrix[r, k]) > abs(matrix[pivot, k]) else pivot
        for c in range(n):
            matrix[k, c], matrix[pivot, c] = matrix[pivot, c], matrix[k, c]
        right[k], right[pivot] = right[pivot], right[k]
        for r in range(k + 1, n):
            factor = matrix[r, k] / matrix[k, k] if matrix[k, k] != 0.0 else 0.0
            for c in range(k, n):
                matrix[r, c] -= factor * matrix[k, c]
            right[r] -= factor * right[k]
    for k in range(n - 1, -1, -1):
        for c in range(k + 1, n):
            right[k] -= matrix[k, c] * right[c]
        right[k] = right[k] / matrix[k, k] if matrix[k, k] != 0.0 else 0.0


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
    goes on from the plain image of that point. Returns (iterations, residual); residual is NaN if it broke
    down. `nested` holds pairs, nests and rho of `nested_markup_terms64`; None without nests. `tree` is its
    own, None unless nests have two levels.
    """
    low, high = terms[2], terms[3]
    size, products = state.size, low.size
    image, proposal, plain = np.empty(size), np.empty(size), np.empty(size)
    work = (np.empty(products), np.empty(products), np.empty(products), np.empty(products))
    states, images = np.empty((max(memory, 1), size)), np.empty((max(memory, 1), size))
    filled, slot, stood, refused, wait = 0, 0, np.inf, 0, 0
    rough = nested is None and tolerance < ROUGH
    mixed, residual = False, np.inf
    for iteration in range(1, most + 1):
        residual = _step(market, firms, nested, tree, terms, state, image, work, rough)
        if residual <= tolerance and not rough:
            _copy(image, state)
            return iteration, residual
        if rough and not residual > ROUGH:
            rough = False
            if not np.isfinite(residual):
                filled, stood = 0, np.inf
                continue
        if mixed and not residual <= SLACK * stood:
            _copy(plain, state)
            filled, mixed, stood = 0, False, np.inf
            refused, wait = refused + 1, 2**refused
            continue
        if not np.isfinite(residual):
            return iteration, np.nan
        _copy(image, plain)
        if residual > stood or wait > 0:
            filled = 0
        wait = max(wait - 1, 0)
        stood = residual
        anderson(state, image, states, images, filled, proposal)
        mixed = filled > 0
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
    return most, residual
