"""Q-learning of two firms: the process of `qlearn.learn`, bit for bit, half as long.

Most published sessions have two firms. With their tables in arrays of one dimension, indices that are never
negative and no loop over firms, nothing but the process is left. Rows are padded to whole vectors, so that
a row is searched without a branch; what a state of several periods keeps is looked up and not divided.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, uint64

from .qlearn import ONE, RARE, next_exploration, open_tables, search_row
from .qlearn_exact import first_state
from .qlearn_random import hashed, stream_key, unit

LANES = 8
"""A row has a multiple of this many values."""
NEVER = -1e300
"""Value of padding: below that of every price."""


@njit(cache=True, fastmath={"nnan", "nsz", "ninf"})
def best_of(q: np.ndarray, first: int, wide: int) -> tuple[int, float, float, int]:
    """Of the `wide` values from `first` on: where the best is, it, the best other one, how many are best."""
    best = q[first]
    for a in range(1, np.int64(wide)):
        best = max(best, q[first + uint64(a)])
    tied = 0
    chosen = 0
    second = NEVER
    for a in range(np.int64(wide)):
        value = q[first + uint64(a)]
        same = value == best
        tied += 1 if same else 0
        chosen += a if same else 0
        second = max(second, NEVER if same else value)
    return chosen, best, second, tied


@njit(cache=True)
def padded(values: np.ndarray, wide: int) -> np.ndarray:
    """(states, m) values in one dimension, each row with padding."""
    out = np.full((values.shape[0], wide), NEVER)
    out[:, : values.shape[1]] = values
    return out.reshape(-1)


@njit(cache=True, forceinline=True)
def drawn(bits: np.uint64, eps: float, m: int, greedy: np.uint64) -> np.uint64:
    """The price that one number picks: any where it falls below epsilon, given which it is even there."""
    u = unit(bits)
    return uint64(min(int(m * (u / eps)), m - 1)) if u < eps else greedy


@njit(cache=True, nogil=True)
def learn_two(  # noqa: C901, PLR0915 - in one piece: arrays handed to a helper halve the speed
    profits: np.ndarray,
    start: np.ndarray,
    memory: int,
    alpha: np.ndarray,
    beta: np.ndarray,
    delta: float,
    opening: np.ndarray,
    seed: int,
    session: int,
    patience: int,
    most: int,
) -> tuple[np.ndarray, np.ndarray, int, int, bool]:
    """Run one session of two firms; arguments and results as `qlearn.learn`."""
    joint, choices = profits.shape[0], start.shape[1]
    states, older = joint**memory, uint64(joint ** max(memory - 1, 0))
    m, wide = uint64(choices), uint64(-(-choices // LANES) * LANES)
    key = stream_key(seed, session)
    values, best, tops, bounds, counter = open_tables(start, states, key, np.uint64(0))
    q0, q1 = padded(values[0], wide), padded(values[1], wide)
    greedy0, greedy1 = best[:, 0].astype(np.uint64), best[:, 1].astype(np.uint64)
    top0, top1 = tops[:, 0].copy(), tops[:, 1].copy()
    bound0, bound1 = bounds[:, 0].copy(), bounds[:, 1].copy()
    profit0, profit1 = profits[:, 0].copy(), profits[:, 1].copy()
    recent = (np.arange(states) // joint).astype(np.uint64)
    state = uint64(first_state(opening, memory, choices))
    alpha0, alpha1 = alpha[0], alpha[1]
    decay0, decay1 = math.exp(-beta[0]), math.exp(-beta[1])
    eps0, eps1 = 1.0, 1.0
    due0, due1, earliest = 0, 0, 0
    resting, period = 0, 0
    while True:
        period += 1
        a, b = greedy0[state], greedy1[state]
        if earliest == 0:
            a = drawn(hashed(key, counter), eps0, choices, a)
            b = drawn(hashed(key, counter + ONE), eps1, choices, b)
            counter += ONE + ONE
            eps0 *= decay0
            eps1 *= decay1
            if max(eps0, eps1) < RARE:
                due0, counter = next_exploration(period, beta[0], key, counter)
                due1, counter = next_exploration(period, beta[1], key, counter)
                earliest = min(due0, due1)
        elif period == earliest:
            if due0 == period:
                a = uint64(min(int(choices * unit(hashed(key, counter))), choices - 1))
                due0, counter = next_exploration(period, beta[0], key, counter + ONE)
            if due1 == period:
                b = uint64(min(int(choices * unit(hashed(key, counter))), choices - 1))
                due1, counter = next_exploration(period, beta[1], key, counter + ONE)
            earliest = min(due0, due1)
        played = a * m + b
        after = played * older + recent[state] if memory > 0 else uint64(0)
        changed = False
        row = state * wide
        old = q0[row + a]
        new = old + alpha0 * (profit0[played] + delta * top0[after] - old)
        q0[row + a] = new
        if a == greedy0[state]:
            if new >= bound0[state]:
                top0[state] = new
            else:
                found, first, second, tied = best_of(q0, row, wide)
                if tied > 1:
                    found, first, second, counter = search_row(q0[row : row + m], key, counter)
                changed = changed or uint64(found) != a
                greedy0[state], top0[state], bound0[state] = uint64(found), first, second
        elif new > top0[state]:
            bound0[state] = top0[state]  # all others, the old best too, are at most this
            top0[state] = new
            greedy0[state] = a
            changed = True
        elif new > bound0[state]:
            bound0[state] = new
        row = state * wide
        old = q1[row + b]
        new = old + alpha1 * (profit1[played] + delta * top1[after] - old)
        q1[row + b] = new
        if b == greedy1[state]:
            if new >= bound1[state]:
                top1[state] = new
            else:
                found, first, second, tied = best_of(q1, row, wide)
                if tied > 1:
                    found, first, second, counter = search_row(q1[row : row + m], key, counter)
                changed = changed or uint64(found) != b
                greedy1[state], top1[state], bound1[state] = uint64(found), first, second
        elif new > top1[state]:
            bound1[state] = top1[state]  # all others, the old best too, are at most this
            top1[state] = new
            greedy1[state] = b
            changed = True
        elif new > bound1[state]:
            bound1[state] = new
        resting = 1 if changed else resting + 1
        if period > most or resting == patience:
            break
        state = after
    for s in range(states):
        best[s, 0], best[s, 1] = greedy0[s], greedy1[s]
    values[0] = q0.reshape((states, -1))[:, :choices]
    values[1] = q1.reshape((states, -1))[:, :choices]
    return best, values, int(state), period, resting == patience
