"""The two Q-learning kernels again, plainly: numpy rows searched every time, no bounds kept.

Slow, and meant for checking the kernels on short sessions: same draws, same floating-point operations, so
every number that comes out must be equal to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pricewar.kernels.qlearn import RARE, next_exploration
from pricewar.kernels.qlearn_exact import TIE, first_state
from pricewar.kernels.qlearn_random import hashed, shuffled, shuffled_seed, stream_key, unit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Outcome = tuple[Ints, Floats, int, int, bool]
Choose = Callable[[int, Ints], Ints]
Greedy = Callable[[Floats, int], int]


def learn_exact_twin(
    profits: Floats,
    start: Floats,
    memory: int,
    alpha: Floats,
    decay: Floats,
    delta: float,
    opening: Ints,
    session: int,
    patience: int,
    most: int,
) -> Outcome:
    """`qlearn_exact.learn_exact`, plainly."""
    n, m = start.shape
    draws, ties = shuffled_seed(session), shuffled_seed(session)
    eps = np.ones(n)

    def choose(_period: int, greedy: Ints) -> Ints:
        tests = np.array([shuffled(draws) for _ in range(n)])
        picks = np.array([int(m * shuffled(draws)) for _ in range(n)])
        chosen = np.where(tests <= eps, picks, greedy)
        eps[:] *= decay
        return chosen

    def best(row: Floats, _before: int) -> int:
        tied = np.flatnonzero(np.abs(row - row.max()) <= TIE)
        return int(tied[int(len(tied) * shuffled(ties))]) if len(tied) > 1 else int(tied[0])

    return _learn(profits, start, memory, alpha, delta, opening, patience, most, choose, best)


def learn_twin(
    profits: Floats,
    start: Floats,
    memory: int,
    alpha: Floats,
    beta: Floats,
    delta: float,
    opening: Ints,
    seed: int,
    session: int,
    patience: int,
    most: int,
) -> Outcome:
    """`qlearn.learn`, plainly. Equal to it where no two values of a row tie after the opening."""
    n, m = start.shape
    key = np.uint64(stream_key(seed, session))
    counter = np.zeros(1, np.uint64)
    eps = np.ones(n)
    due = np.zeros(n, np.int64)

    def draw() -> float:
        counter[0] += np.uint64(1)
        return float(unit(np.uint64(hashed(key, counter[0] - np.uint64(1)))))

    def date(i: int, period: int) -> None:
        due[i], counter[0] = next_exploration(period, beta[i], key, counter[0])

    def frequent(chosen: Ints) -> None:
        for i in range(n):
            u = draw()
            if u < eps[i]:
                chosen[i] = min(int(m * (u / eps[i])), m - 1)
        eps[:] *= np.exp(-beta)

    def choose(period: int, greedy: Ints) -> Ints:
        chosen = greedy.copy()
        if due.any():
            for i in np.flatnonzero(due == period):
                chosen[i] = min(int(m * draw()), m - 1)
                date(int(i), period)
            return chosen
        frequent(chosen)
        if eps.max() < RARE:
            for i in range(n):
                date(i, period)
        return chosen

    def best(row: Floats, _before: int) -> int:
        chosen, tied = 0, 1
        for a in range(1, m):
            if row[a] > row[chosen]:
                chosen, tied = a, 1
            elif row[a] == row[chosen]:
                tied += 1
                chosen = a if draw() * tied < 1.0 else chosen
        return chosen

    return _learn(profits, start, memory, alpha, delta, opening, patience, most, choose, best)


def _learn(
    profits: Floats,
    start: Floats,
    memory: int,
    alpha: Floats,
    delta: float,
    opening: Ints,
    patience: int,
    most: int,
    choose: Choose,
    best: Greedy,
) -> Outcome:
    """Q-learning with a rule of choice and a rule for ties."""
    joint, n = profits.shape
    m = start.shape[1]
    q = np.repeat(start[:, None, :], joint**memory, axis=1)
    greedy = np.array([[best(row, 0) for row in q[i]] for i in range(n)]).T.copy()
    state = int(first_state(opening, memory, m))
    period = resting = 0
    while True:
        period += 1
        action = choose(period, greedy[state])
        played = int(np.ravel_multi_index(tuple(action), (m,) * n))
        after = played * joint ** (memory - 1) + state // joint if memory else 0
        before = greedy[state].copy()
        for i, a in enumerate(action):
            old = q[i, state, a]
            new = old + alpha[i] * (profits[played, i] + delta * q[i, after].max() - old)
            high = q[i, state].max()
            q[i, state, a] = new
            if new > high:
                greedy[state, i] = a
            elif a == greedy[state, i] and new < high:
                greedy[state, i] = best(q[i, state], int(a))
        resting = resting + 1 if np.array_equal(before, greedy[state]) else 1
        if period > most or resting == patience:
            return greedy, q, state, period, resting == patience
        state = after
