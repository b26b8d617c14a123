"""Choice and update of the learners the engine knows, one table row at a time.

`values` means Q-values for the greedy and Boltzmann learners, mean profits for UCB, log-weights for Exp3 and
preferences for the gradient learner. Counter and key are those of the session's stream.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .qlearn_random import hashed, unit

GREEDY, BOLTZMANN, UCB, EXP3, GRADIENT, RULE, SCRIPT = range(7)
ONE = np.uint64(1)


@njit(cache=True)
def draw(counter: np.ndarray, key: np.uint64) -> float:
    """A number in [0, 1); advances the counter, an array of one."""
    u = unit(hashed(key, counter[0]))
    counter[0] += ONE
    return u


@njit(cache=True)
def greedy_action(row: np.ndarray, counter: np.ndarray, key: np.uint64) -> int:
    """Best action of a row; ties drawn evenly."""
    chosen, tied = 0, 1
    for a in range(1, row.size):
        if row[a] > row[chosen]:
            chosen, tied = a, 1
        elif row[a] == row[chosen]:
            tied += 1
            if draw(counter, key) * tied < 1.0:
                chosen = a
    return chosen


@njit(cache=True)
def softmax(row: np.ndarray, heat: float, into: np.ndarray) -> None:
    """Write the logit probabilities of a row at temperature `heat` (positive) into `into`."""
    top = row[0]
    for a in range(1, row.size):
        top = max(top, row[a])
    total = 0.0
    for a in range(row.size):
        into[a] = math.exp((row[a] - top) / heat)
        total += into[a]
    for a in range(row.size):
        into[a] /= total


@njit(cache=True)
def pick(odds: np.ndarray, counter: np.ndarray, key: np.uint64) -> int:
    """Draw an action from probabilities."""
    u = draw(counter, key)
    for a in range(odds.size - 1):
        u -= odds[a]
        if u < 0.0:
            return a
    return int(odds.size - 1)


@njit(cache=True)
def upper_bound_action(row: np.ndarray, counts: np.ndarray, reach: float) -> int:
    """UCB1: the untried first, then the highest mean plus reach * sqrt(2 ln N / n)."""
    total = 0.0
    for a in range(row.size):
        if counts[a] == 0.0:
            return a
        total += counts[a]
    chosen, best = 0, -np.inf
    for a in range(row.size):
        bound = row[a] + reach * math.sqrt(2.0 * math.log(total) / counts[a])
        if bound > best:
            chosen, best = a, bound
    return chosen


@njit(cache=True)
def choose(
    kind: int,
    row: np.ndarray,
    counts: np.ndarray,
    explore: float,
    odds: np.ndarray,
    counter: np.ndarray,
    key: np.uint64,
) -> int:
    """Action of a learner; leaves the probabilities it drew from in `odds` where it has any.

    `explore` is epsilon for the greedy learner, the temperature for Boltzmann, the reach of the bound for
    UCB, and the share of even play for Exp3.
    """
    if kind == GREEDY:
        if draw(counter, key) < explore:
            return min(int(row.size * draw(counter, key)), row.size - 1)
        return greedy_action(row, counter, key)
    if kind == UCB:
        return upper_bound_action(row, counts, explore)
    softmax(row, explore if kind == BOLTZMANN else 1.0, odds)
    if kind == EXP3:
        for a in range(row.size):
            odds[a] = (1.0 - explore) * odds[a] + explore / row.size
    return pick(odds, counter, key)


@njit(cache=True)
def learn_row(
    kind: int,
    row: np.ndarray,
    counts: np.ndarray,
    odds: np.ndarray,
    action: int,
    alpha: float,
    target: float,
    base: float,
    explore: float,
) -> None:
    """Update one row after `action`.

    Args:
        target: discounted profit plus the value of what follows; for the bandits the mean profit, for Exp3
            scaled to [0, 1].
        base: the critic's value of the state, for the gradient learner.
    """
    if kind in (GREEDY, BOLTZMANN):
        row[action] += alpha * (target - row[action])
    elif kind == UCB:
        counts[action] += 1.0
        row[action] += (target - row[action]) / counts[action]
    elif kind == EXP3:
        row[action] += explore * target / (odds[action] * row.size)
        top = row.max()
        for a in range(row.size):
            row[a] -= top
    elif kind == GRADIENT:
        for a in range(row.size):
            step = (1.0 if a == action else 0.0) - odds[a]
            row[a] += alpha * (target - base) * step
