"""Q-learning in a repeated pricing game, as fast as one core allows.

It is the same process as `qlearn_exact` with other random numbers: a counter generator per session. Three
things make it fast. The greedy action and its value are kept per state, with an upper bound on the value of
every other action, so a row is searched only when the greedy value falls to that bound. While exploration
is frequent each firm spends one number a period on both the test and the price. Once it is rare, the period
of each firm's next exploration is drawn instead, by thinning: a geometric gap at today's epsilon, kept with
the ratio of the epsilons, which is exact because epsilon falls. Between explorations a period needs no
random number at all.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .qlearn_exact import first_state
from .qlearn_random import hashed, stream_key, unit

RARE = 0.15
"""Epsilon below which the next exploration is drawn ahead."""
ONE = np.uint64(1)


@njit(cache=True)
def search_row(row: np.ndarray, key: np.uint64, counter: np.uint64) -> tuple[int, float, float, np.uint64]:
    """Greedy action of a row (ties drawn), its value, the best other value, and the advanced counter."""
    best = row[0]
    chosen = 0
    second = -np.inf
    for a in range(1, row.size):
        value = row[a]
        if value > best:
            second = best
            best = value
            chosen = a
        elif value > second:
            second = value  # the best itself where two are best
    if second == best:
        tied = 1
        for a in range(chosen + 1, row.size):
            if row[a] == best:
                tied += 1
                if unit(hashed(key, counter)) * tied < 1.0:  # each of the tied ends up chosen equally often
                    chosen = a
                counter += ONE
    return chosen, best, second, counter


@njit(cache=True)
def next_exploration(period: int, beta: float, key: np.uint64, counter: np.uint64) -> tuple[int, np.uint64]:
    """Period after `period` in which a firm with epsilon exp(-beta*(t-1)) next explores, and the counter."""
    while True:
        ceiling = math.exp(-beta * period)
        if ceiling < 1e-300:
            return 2**62, counter
        if ceiling >= 1.0:
            return period + 1, counter
        gap = math.log(1.0 - unit(hashed(key, counter))) / math.log1p(-ceiling)
        if gap > 1e15:
            return 2**62, counter + ONE
        period += 1 + int(gap)
        keep = unit(hashed(key, counter + ONE))
        counter += ONE + ONE
        if keep * ceiling <= math.exp(-beta * (period - 1)):
            return period, counter


@njit(cache=True)
def open_tables(
    start: np.ndarray, states: int, key: np.uint64, counter: np.uint64
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.uint64]:
    """Values (n, states, m); greedy action, its value, a bound on the others, each (states, n); counter."""
    n, m = start.shape
    q = np.empty((n, states, m))
    greedy = np.empty((states, n), np.int64)
    top = np.empty((states, n))
    bound = np.empty((states, n))
    for i in range(n):
        for s in range(states):
            q[i, s, :] = start[i]
            greedy[s, i], top[s, i], bound[s, i], counter = search_row(q[i, s], key, counter)
    return q, greedy, top, bound, counter


@njit(cache=True, inline="always")
def try_out(action: np.ndarray, eps: np.ndarray, m: int, key: np.uint64, counter: np.uint64) -> np.uint64:
    """While epsilon is large: one number per firm tests for exploration and, if so, picks the action."""
    for i in range(action.size):
        u = unit(hashed(key, counter))
        counter += ONE
        if u < eps[i]:
            action[i] = min(int(m * (u / eps[i])), m - 1)  # given u < eps, u is even on [0, eps)
    return counter


@njit(cache=True)
def try_when_due(
    action: np.ndarray,
    due: np.ndarray,
    period: int,
    beta: np.ndarray,
    m: int,
    key: np.uint64,
    counter: np.uint64,
) -> np.uint64:
    """Once epsilon is small: firms whose exploration is due pick an action and draw their next date."""
    for i in range(action.size):
        if due[i] == period:
            action[i] = min(int(m * unit(hashed(key, counter))), m - 1)
            due[i], counter = next_exploration(period, beta[i], key, counter + ONE)
    return counter


@njit(cache=True, nogil=True)
def learn(  # noqa: C901, PLR0915 - in one piece: arrays handed to a helper each period halve the speed
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
    """Run one session until strategies rest or `most` periods have passed.

    Arguments and results as `qlearn_exact.learn_exact`, except `beta` (n,), the rate at which epsilon =
    exp(-beta (t-1)) falls, and the stream, which is that of (`seed`, `session`).
    """
    joint, n = profits.shape
    m = start.shape[1]
    older = joint ** max(memory - 1, 0)
    key = stream_key(seed, session)
    q, greedy, top, bound, counter = open_tables(start, joint**memory, key, np.uint64(0))
    state = first_state(opening, memory, m)
    action = np.empty(n, np.int64)
    due = np.zeros(n, np.int64)
    decay = np.exp(-beta)
    eps = np.ones(n)
    earliest = 0  # 0 while exploration is frequent, then the period of the next one of any firm
    resting = 0
    period = 0
    while True:
        period += 1
        for i in range(n):
            action[i] = greedy[state, i]
        if earliest == 0:
            counter = try_out(action, eps, m, key, counter)
            widest = 0.0
            for i in range(n):
                eps[i] *= decay[i]
                widest = max(widest, eps[i])
            if widest < RARE:
                for i in range(n):
                    due[i], counter = next_exploration(period, beta[i], key, counter)
                earliest = due.min()
        elif period == earliest:
            counter = try_when_due(action, due, period, beta, m, key, counter)
            earliest = due.min()
        played = 0
        for i in range(n):
            played = played * m + action[i]
        after = 0
        if memory > 0:
            after = played * older + state // joint
        changed = False
        for i in range(n):
            a = action[i]
            old = q[i, state, a]
            new = old + alpha[i] * (profits[played, i] + delta * top[after, i] - old)
            q[i, state, a] = new
            best = greedy[state, i]
            if a == best:
                if new >= bound[state, i]:
                    top[state, i] = new
                else:
                    g, t, b, counter = search_row(q[i, state], key, counter)
                    greedy[state, i], top[state, i], bound[state, i] = g, t, b
                    changed = changed or g != best
            elif new > top[state, i]:
                bound[state, i] = top[state, i]  # all others, the old best too, are at most this
                top[state, i] = new
                greedy[state, i] = a
                changed = True
            elif new > bound[state, i]:
                bound[state, i] = new
        resting = 1 if changed else resting + 1
        if period > most or resting == patience:
            break
        state = after
    return greedy, q, state, period, resting == patience
