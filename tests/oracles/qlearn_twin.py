"""The two Q-learning kernels again, plainly: numpy rows searched every time, no bounds kept.

Slow, and meant for checking the kernels on short sessions: same draws, same floating-point operations, so
every number that comes out must be equal to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pricewar.lab.kernels.qlearn import RARE, next_exploration
from pricewar.lab.kernels.qlearn_exact import TIE, first_state
from pricewar.lab.kernels.qlearn_random import hashed, shuffled, shuffled_seed, stream_key, unit

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
    luck = _FastLuck(seed, session, beta, start.shape[1])
    return _learn(profits, start, memory, alpha, delta, opening, patience, most, luck.choose, luck.best)


class _FastLuck:
    """The counter stream of one session, spent in the order of the fast kernel."""

    def __init__(self, seed: int, session: int, beta: Floats, choices: int) -> None:
        self.key = np.uint64(stream_key(seed, session))
        self.counter = np.uint64(0)
        self.beta, self.m = beta, choices
        self.eps = np.ones(len(beta))
        self.due = np.zeros(len(beta), np.int64)

    def draw(self) -> float:
        bits = np.uint64(hashed(self.key, self.counter))
        self.counter += np.uint64(1)
        return float(unit(bits))

    def date(self, i: int, period: int) -> None:
        due, counter = next_exploration(period, self.beta[i], self.key, self.counter)
        self.due[i], self.counter = due, np.uint64(counter)

    def try_out(self, chosen: Ints) -> None:
        for i in range(len(chosen)):
            u = self.draw()
            if u < self.eps[i]:
                chosen[i] = min(int(self.m * (u / self.eps[i])), self.m - 1)
        self.eps *= np.exp(-self.beta)

    def choose(self, period: int, greedy: Ints) -> Ints:
        chosen = greedy.copy()
        if self.due.any():
            for i in range(len(chosen)):
                if self.due[i] == period:
                    chosen[i] = min(int(self.m * self.draw()), self.m - 1)
                    self.date(i, period)
            return chosen
        self.try_out(chosen)
        if self.eps.max() < RARE:
            for i in range(len(chosen)):
                self.date(i, period)
        return chosen

    def best(self, row: Floats, _before: int) -> int:
        best = np.flatnonzero(row == row.max())
        chosen = int(best[0])
        for tied, a in enumerate(best[1:], 2):
            chosen = int(a) if self.draw() * tied < 1.0 else chosen
        return chosen


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
