"""Run many learning sessions at once; the result does not depend on how many run side by side."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pricewar.base.errors import bad_input

from .game import StageGame
from .kernels.qlearn import learn
from .kernels.qlearn_exact import learn_exact
from .kernels.qlearn_random import shuffled, shuffled_seed
from .kernels.qlearn_two import learn_two
from .learner import QLearner, check_memory

OPENING_STREAM = 0x0DE
T = TypeVar("T")
Outcome = tuple[NDArray[np.int64], NDArray[np.float64] | None, int, int, bool]
"""Strategies, values if kept, last state, periods, converged."""


@dataclass(frozen=True, eq=False)
class Sessions:
    """Where sessions ended.

    Args:
        strategies: (sessions, states, n) greedy action of each firm in each state.
        last_state: (sessions,) state in which the last period was played.
        periods: (sessions,) periods played, those of the resting stretch included.
        converged: (sessions,) whether strategies came to rest.
        values: (sessions, n, states, m) learned values, or None if they were not kept.
        seconds: wall time of all of them.
    """

    game: StageGame
    learner: QLearner
    strategies: NDArray[np.int64]
    last_state: NDArray[np.int64]
    periods: NDArray[np.int64]
    converged: NDArray[np.bool_]
    values: NDArray[np.float64] | None
    seconds: float

    def __len__(self) -> int:
        return len(self.periods)


def opening_values(game: StageGame, delta: float) -> NDArray[np.float64]:
    """(n, m) value of each action against rivals who draw their action evenly, for ever."""
    digits = game.digits
    start = np.empty((game.firms, game.choices))
    for i in range(game.firms):
        for a in range(game.choices):
            rows = game.profits[digits[:, i] == a, i]
            start[i, a] = np.cumsum(rows)[-1] / (len(rows) * (1.0 - delta))  # summed in order, not pairwise
    return start


def opening_actions(
    sessions: int, depth: int, firms: int, choices: int, seed: int, exact: bool
) -> NDArray[np.int64]:
    """(sessions, depth, firms) actions before the first period."""
    if exact:
        state = shuffled_seed(1)
        numbers = [shuffled(state) for _ in range(sessions * depth * firms)]
        return (choices * np.array(numbers)).astype(np.int64).reshape(sessions, depth, firms)
    rows = [
        np.random.Generator(np.random.Philox(key=[seed, OPENING_STREAM], counter=session)).integers(
            choices, size=(depth, firms)
        )
        for session in range(sessions)
    ]
    return np.stack(rows)


def run_sessions(
    game: StageGame,
    learner: QLearner,
    sessions: int,
    *,
    seed: int = 0,
    exact: bool = False,
    workers: int | None = None,
    start: NDArray[np.float64] | None = None,
    keep_values: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Sessions:
    """Let `sessions` groups of firms learn the game.

    Args:
        game: the stage game.
        learner: the firms' learning rule.
        sessions: how many; session k is the same whatever this number is.
        seed: seed of all streams; the exact mode has the published program's streams and no seed.
        exact: draw for draw as the published program, about half as fast.
        workers: threads; the kernels release the interpreter's lock. Default: the number of cores.
        start: (n, m) opening values; default `opening_values`.
        keep_values: keep the learned values too.
        progress: called with 1 after every finished session.

    Raises:
        InputError: no session, or tables that do not fit into memory.
    """
    threads = workers or os.cpu_count() or 1
    if sessions < 1:
        raise bad_input("sessions", ("sessions", sessions, "1 or more"))
    check_memory(game, learner.memory, sessions if keep_values else min(threads, sessions), sessions)
    first = opening_values(game, learner.delta) if start is None else np.asarray(start, float)
    opening = opening_actions(sessions, max(learner.memory, 1), game.firms, game.choices, seed, exact)
    begun = time.perf_counter()

    def one(k: int) -> Outcome:
        return _learn(game, learner, first, opening[k], seed, k, exact, keep_values)

    rows = in_threads(one, sessions, threads, progress)
    seconds = time.perf_counter() - begun
    return Sessions(
        game=game,
        learner=learner,
        strategies=np.stack([r[0] for r in rows]),
        last_state=np.array([r[2] for r in rows]),
        periods=np.array([r[3] for r in rows]),
        converged=np.array([r[4] for r in rows]),
        values=np.stack([r[1] for r in rows if r[1] is not None]) if keep_values else None,
        seconds=seconds,
    )


def _learn(
    game: StageGame,
    learner: QLearner,
    start: NDArray[np.float64],
    opening: NDArray[np.int64],
    seed: int,
    session: int,
    exact: bool,
    keep_values: bool,
) -> Outcome:
    """One session; the published program numbers sessions from 1."""
    alpha, beta = learner.per_firm(game.firms)
    common = (game.profits, start, learner.memory, alpha)
    limits = (learner.patience, learner.most)
    with np.errstate(over="ignore"):  # only felt without the compiler, where hashing wraps as it must
        if exact:
            decay = np.array([math.exp(-b) for b in beta])
            out = learn_exact(*common, decay, learner.delta, opening, session + 1, *limits)
        else:
            kernel = learn_two if game.firms == 2 else learn
            out = kernel(*common, beta, learner.delta, opening, seed, session, *limits)
    return out[0], out[1] if keep_values else None, out[2], out[3], out[4]


def in_threads(
    one: Callable[[int], T], count: int, workers: int | None, progress: Callable[[int], None] | None = None
) -> list[T]:
    """`one(0) ... one(count - 1)` on threads, in order; `progress(1)` after each."""
    with ThreadPoolExecutor(max_workers=workers or os.cpu_count() or 1) as pool:
        futures = [pool.submit(one, k) for k in range(count)]
        for future in as_completed(futures):
            future.result()
            if progress:
                progress(1)
    return [future.result() for future in futures]
