"""Q-learning in a repeated pricing game, draw for draw as in Calvano et al. (2020).

The published program fixes more than the paper says: each session seeds one shuffled generator for
exploration and a second for ties with the session's number; every period draws first one number per
firm that decides whether it explores, then one per firm that would pick its price, used or not; epsilon is
multiplied up, not raised to a power; a session has converged when no strategy changed for `patience`
periods in the states visited. All of that is kept, so that periods to convergence, final strategies and
last states are the same integers as theirs. Values need IEEE order of operations: no fastmath here.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .qlearn_random import shuffled, shuffled_seed

TIE = 2.220446049250313e-16


@njit(cache=True)
def best_of_row(row: np.ndarray, ties: np.ndarray) -> tuple[int, float, float]:
    """Greedy action of a row (ties drawn), its value, and the best value of the other actions."""
    best = row[0]
    for a in range(1, row.size):
        if row[a] > best:
            best = row[a]
    tied = 0
    chosen = 0
    for a in range(row.size):
        if abs(row[a] - best) <= TIE:
            if tied == 0:
                chosen = a
            tied += 1
    if tied > 1:
        pick = int(tied * shuffled(ties))
        for a in range(row.size):
            if abs(row[a] - best) <= TIE:
                if pick == 0:
                    chosen = a
                    break
                pick -= 1
    second = -np.inf
    for a in range(row.size):
        if a != chosen and row[a] > second:
            second = row[a]
    return chosen, best, second


@njit(cache=True)
def first_state(opening: np.ndarray, memory: int, choices: int) -> int:
    """State that remembers the opening actions (memory, n), newest first."""
    state = 0
    for d in range(memory):
        for i in range(opening.shape[1]):
            state = state * choices + opening[d, i]
    return state


@njit(cache=True)
def open_tables(
    start: np.ndarray, states: int, ties: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Values (n, states, m); greedy action, its value, and a bound on the others, each (states, n)."""
    n, m = start.shape
    q = np.empty((n, states, m))
    greedy = np.empty((states, n), np.int64)
    top = np.empty((states, n))
    bound = np.empty((states, n))
    for i in range(n):
        for s in range(states):
            q[i, s, :] = start[i]
    for i in range(n):
        for s in range(states):
            greedy[s, i], top[s, i], bound[s, i] = best_of_row(q[i, s], ties)
    return q, greedy, top, bound


@njit(cache=True, nogil=True)
def learn_exact(  # noqa: C901, PLR0915 - in one piece: helpers halve the speed
    profits: np.ndarray,
    start: np.ndarray,
    memory: int,
    alpha: np.ndarray,
    decay: np.ndarray,
    delta: float,
    opening: np.ndarray,
    session: int,
    patience: int,
    most: int,
) -> tuple[np.ndarray, np.ndarray, int, int, bool]:
    """Run one session until strategies rest or `most` periods have passed.

    Args:
        profits: (m**n, n) profit of each firm at each joint action, first firm most significant.
        start: (n, m) opening value of each action, the same in every state.
        memory: periods remembered, 0 or more.
        alpha: (n,) learning rates.
        decay: (n,) factor on epsilon from one period to the next.
        delta: discount factor.
        opening: (max(memory, 1), n) opening actions, newest first.
        session: number from 1 that seeds the session's two generators.
        patience: periods without a change of strategy that end the session.
        most: periods after which the session is given up.

    Returns:
        strategies (states, n), values (n, states, m), last state, periods, converged.
    """
    joint, n = profits.shape
    m = start.shape[1]
    older = joint ** max(memory - 1, 0)
    draws = shuffled_seed(session)
    ties = shuffled_seed(session)
    q, greedy, top, bound = open_tables(start, joint**memory, ties)
    state = first_state(opening, memory, m)
    eps = np.ones(n)
    tests = np.empty(n)
    action = np.empty(n, np.int64)
    resting = 0
    period = 0
    while True:
        period += 1
        for i in range(n):
            tests[i] = shuffled(draws)
        played = 0
        for i in range(n):
            u = shuffled(draws)
            a = greedy[state, i]
            if tests[i] <= eps[i]:
                a = int(m * u)
            eps[i] *= decay[i]
            action[i] = a
            played = played * m + a
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
            high = top[state, i]
            if new > high:
                top[state, i] = new
                if a != best:
                    bound[state, i] = high  # every other action, the old best among them, is at most this
                    greedy[state, i] = a
                    changed = True
            elif a == best:
                if new > bound[state, i] + TIE:
                    top[state, i] = new
                elif new < high:
                    greedy[state, i], top[state, i], bound[state, i] = best_of_row(q[i, state], ties)
                    changed = changed or greedy[state, i] != best
            elif new > bound[state, i]:
                bound[state, i] = new
        resting = 1 if changed else resting + 1
        if period > most or resting == patience:
            break
        state = after
    return greedy, q, state, period, resting == patience
