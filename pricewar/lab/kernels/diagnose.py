"""What fixed strategies lead to: paths, cycles, exact values, and the aftermath of a deviation.

A profile of strategies on finitely many states is a map from states to states, so every path runs into a
cycle and every value is a finite sum. States hold the last `memory` joint actions, the newest most
significant.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, inline="always")
def next_state(state: int, played: int, joint: int, memory: int) -> int:
    """State after `played` in `state`."""
    if memory == 0:
        return 0
    after: int = played * joint ** (memory - 1) + state // joint
    return after


@njit(cache=True)
def joint_action(actions: np.ndarray, choices: int) -> int:
    """Number of a joint action, first firm most significant."""
    played = 0
    for i in range(actions.size):
        played = played * choices + actions[i]
    return played


@njit(cache=True)
def follow(strategy: np.ndarray, choices: int, memory: int) -> tuple[np.ndarray, np.ndarray]:
    """(joint action played, next state) of every state under `strategy` (states, n)."""
    states, n = strategy.shape
    joint = choices**n
    played = np.empty(states, np.int64)
    after = np.empty(states, np.int64)
    for s in range(states):
        played[s] = joint_action(strategy[s], choices)
        after[s] = next_state(s, played[s], joint, memory)
    return played, after


@njit(cache=True)
def cycle_from(after: np.ndarray, state: int) -> np.ndarray:
    """States of the cycle that the path from `state` enters, in order of play."""
    seen = np.full(after.size, -1, np.int64)
    path = np.empty(after.size + 1, np.int64)
    s = after[state]
    length = 0
    while seen[s] < 0:
        seen[s] = length
        path[length] = s
        length += 1
        s = after[s]
    return path[seen[s] : length].copy()


@njit(cache=True)
def path_values(played: np.ndarray, after: np.ndarray, profits: np.ndarray, delta: float) -> np.ndarray:
    """(states, n) discounted profit of following the strategies from each state for ever."""
    states = after.size
    n = profits.shape[1]
    values = np.zeros((states, n))
    mark = np.zeros(states, np.int64)  # 0 not seen, 1 on the present path, 2 done
    path = np.empty(states, np.int64)
    for root in range(states):
        length = 0
        s = root
        while mark[s] == 0:
            mark[s] = 1
            path[length] = s
            length += 1
            s = after[s]
        if mark[s] == 1:
            for i in range(n):
                total, weight = 0.0, 1.0
                c = s
                while True:
                    total += weight * profits[played[c], i]
                    weight *= delta
                    c = after[c]
                    if c == s:
                        break
                values[s, i] = total / (1.0 - weight)
            mark[s] = 2
        for k in range(length - 1, -1, -1):
            c = path[k]
            if mark[c] == 1:
                for i in range(n):
                    values[c, i] = profits[played[c], i] + delta * values[after[c], i]
                mark[c] = 2
    return values


@njit(cache=True, nogil=True)
def true_values(
    strategy: np.ndarray, profits: np.ndarray, choices: int, memory: int, delta: float
) -> np.ndarray:
    """(n, states, m) value of playing an action once and the strategy ever after, against the others'."""
    states, n = strategy.shape
    joint = choices**n
    played, after = follow(strategy, choices, memory)
    values = path_values(played, after, profits, delta)
    q = np.empty((n, states, choices))
    for i in range(n):
        place = choices ** (n - 1 - i)
        for s in range(states):
            base = played[s] - strategy[s, i] * place
            for a in range(choices):
                now = base + a * place
                q[i, s, a] = profits[now, i] + delta * values[next_state(s, now, joint, memory), i]
    return q


@njit(cache=True, nogil=True)
def best_replies(profits: np.ndarray, played: np.ndarray, choices: int) -> np.ndarray:
    """(states, n) action with the highest profit now, given what the others play in each state."""
    n = profits.shape[1]
    replies = np.empty((played.size, n), np.int64)
    for s in range(played.size):
        for i in range(n):
            place = choices ** (n - 1 - i)
            base = played[s] - (played[s] // place % choices) * place
            best = 0
            for a in range(1, choices):
                if profits[base + a * place, i] > profits[base + best * place, i]:
                    best = a
            replies[s, i] = best
    return replies


@njit(cache=True, nogil=True)
def aftermath(
    strategy: np.ndarray,
    choices: int,
    memory: int,
    state: int,
    firm: int,
    action: int,
    periods: int,
    spell: int,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Play on from `state` after `firm` deviates to `action` for `spell` periods.

    Returns:
        actions (periods, n) of the deviation period and those after it; the states after each; and the
        length of the reaction: the period in which play is back on the cycle it left, or, if it settles on
        another, the period in which it first reached that one.
    """
    states, n = strategy.shape
    joint = choices**n
    before = np.zeros(states, np.bool_)
    _, after = follow(strategy, choices, memory)
    for s in cycle_from(after, state):
        before[s] = True
    actions = np.empty((periods, n), np.int64)
    path = np.empty(periods, np.int64)
    first_seen = np.full(states, -1, np.int64)
    length = -1
    s = state
    period = 0
    while period < periods or length < 0:
        own = strategy[s].copy()
        if period < spell:
            own[firm] = action
        s = next_state(s, joint_action(own, choices), joint, memory)
        if period < periods:
            actions[period] = own
            path[period] = s
        if length < 0 and period + 1 >= spell:
            if before[s]:
                length = period + 1
            elif first_seen[s] >= 0:
                length = first_seen[s] + 1
            first_seen[s] = period
        period += 1
    return actions, path, length
