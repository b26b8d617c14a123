"""Kernels of the laboratory: equal to their twins, to the published program, and without a compiler."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.qlearn_twin import learn_exact_twin, learn_twin

from pricewar.lab.benchmarks import LogitMarket
from pricewar.lab.game import logit_game
from pricewar.lab.kernels.diagnose import cycle_from, follow, true_values
from pricewar.lab.kernels.qlearn import learn, next_exploration
from pricewar.lab.kernels.qlearn_exact import learn_exact
from pricewar.lab.kernels.qlearn_random import hashed, shuffled, shuffled_seed, stream_key, unit
from pricewar.lab.kernels.qlearn_two import learn_two
from pricewar.lab.learner import QLearner
from pricewar.lab.sessions import opening_values, run_sessions

DUOPOLY = LogitMarket((2.0, 2.0), (1.0, 1.0))


def small_game(firms: int, choices: int):
    return logit_game(LogitMarket((2.0,) * firms, (1.0,) * firms), choices)


def test_shuffled_generator_starts_as_the_book_says():
    state = shuffled_seed(1)
    assert shuffled(state) == pytest.approx(0.2853809, abs=1e-7)
    numbers = np.array([shuffled(state) for _ in range(20_000)])
    assert numbers.min() > 0
    assert numbers.max() < 1
    assert abs(numbers.mean() - 0.5) < 4 / math.sqrt(12 * 20_000)


def test_counter_streams_are_even_and_apart():
    keys = {int(stream_key(seed, session)) for seed in range(30) for session in range(30)}
    assert len(keys) == 900
    key = np.uint64(stream_key(7, 3))
    numbers = np.array([unit(np.uint64(hashed(key, np.uint64(c)))) for c in range(20_000)])
    counts = np.histogram(numbers, 20, (0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 44  # chi-square, 19 degrees, one in a thousand


def test_first_five_sessions_of_the_published_program():
    play = run_sessions(logit_game(DUOPOLY), QLearner(), 5, exact=True)
    assert play.periods.tolist() == [1779187, 1508026, 1523143, 1792041, 1598205]
    assert play.converged.all()
    _, after = follow(play.strategies[0], 15, 1)
    cycle = cycle_from(after, int(play.last_state[0]))
    # states 190, 84, 194, in this order, in the published run file of session 1
    assert cycle.tolist() in ([189, 83, 193], [83, 193, 189], [193, 189, 83])


CASES = [(2, 15, 0), (2, 15, 1), (2, 3, 2), (3, 4, 1)]


@pytest.mark.parametrize(("firms", "choices", "memory"), CASES)
@pytest.mark.parametrize("exact", [True, False])
def test_kernels_equal_their_twins(firms, choices, memory, exact):
    game = small_game(firms, choices)
    start = opening_values(game, 0.9)
    alpha, beta = np.linspace(0.1, 0.3, firms), np.linspace(1e-3, 3e-3, firms)
    opening = np.arange(max(memory, 1) * firms).reshape(-1, firms) % choices
    for session in (1, 2):
        if exact:
            pace = (alpha, np.exp(-beta), 0.9, opening, session, 300, 3000)
            got, want = (f(game.profits, start, memory, *pace) for f in (learn_exact, learn_exact_twin))
        else:
            pace = (alpha, beta, 0.9, opening, 5, session, 300, 3000)
            with np.errstate(over="ignore"):
                got, want = (f(game.profits, start, memory, *pace) for f in (learn, learn_twin))
        for a, b in zip(got, want, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("choices", "memory"), [(5, 0), (5, 1), (8, 1), (15, 1), (17, 1), (3, 2), (3, 3)])
def test_two_firms_have_a_kernel_of_their_own_and_the_same_sessions(choices, memory, tied):
    game = small_game(2, choices)
    values = np.zeros((2, choices)) if tied else opening_values(game, 0.9)
    alpha, beta = np.array([0.15, 0.3]), np.array([2e-3, 1e-3])
    for session in range(4):
        opening = np.array([[session % choices, 1]] * max(memory, 1))
        pace = (memory, alpha, beta, 0.95, opening, 9, session, 500, 6_000)
        with np.errstate(over="ignore"):
            got, want = (kernel(game.profits, values, *pace) for kernel in (learn_two, learn))
        for a, b in zip(got, want, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("firms", [2, 3])
@pytest.mark.parametrize("session", range(3))
def test_the_greedy_price_is_the_best_one_even_where_all_began_alike(firms, session):
    game = small_game(firms, 4)
    pace = (1, np.full(firms, 0.15), np.full(firms, 2.0), 0.95, np.ones((1, firms), np.int64), 9, session)
    with np.errstate(over="ignore"):
        greedy, values, *_ = learn(game.profits, np.full((firms, 4), 9.0), *pace, 500, 2_000)
    chosen = np.take_along_axis(values, greedy.T[:, :, None], 2)[:, :, 0]
    np.testing.assert_array_equal(chosen, values.max(2))


CHILD = """
import json, numpy as np
from pricewar.lab.benchmarks import LogitMarket
from pricewar.lab.diagnosis import diagnose
from pricewar.lab.game import logit_game
from pricewar.lab.learner import QLearner
from pricewar.lab.sessions import run_sessions
game = logit_game(LogitMarket((2., 2.), (1., 1.)), 4)
out = []
for exact in (True, False):
    play = run_sessions(game, QLearner(beta=3e-3, patience=200, most=1500), 2, exact=exact, workers=1)
    out.append([play.periods.tolist(), play.strategies.tolist(), diagnose(play).gain.tolist()])
from pricewar.lab.engine import Protocol, Seller, simulate
kinds = [Seller("q", decay=.99), Seller("boltzmann", explore=.1, decay=.99, floor=.01)]
more = [Seller("ucb", explore=.01), Seller("exp3", explore=.1), Seller("gradient", alpha=.3)]
for pair in (kinds, more[:2], more[1:]):
    for timing in ("together", "clocks"):
        protocol = Protocol(timing=timing, revise=.5)
        plays = simulate(game.profits, 4, pair, protocol, periods=300, keep=100, workers=1)
        out.append(plays.actions.tolist())
print(json.dumps(out))
"""


def test_same_numbers_without_the_compiler():
    def answer(**extra):
        done = subprocess.run(
            [sys.executable, "-c", CHILD],
            capture_output=True,
            text=True,
            env={**os.environ, **extra},
            check=True,
        )
        return json.loads(done.stdout)

    assert answer(NUMBA_DISABLE_JIT="1") == answer()


def test_workers_and_company_do_not_matter():
    learner = QLearner(beta=1e-4, patience=1000)
    alone = run_sessions(logit_game(DUOPOLY), learner, 4, seed=3, workers=1)
    crowd = run_sessions(logit_game(DUOPOLY), learner, 9, seed=3, workers=3)
    np.testing.assert_array_equal(alone.strategies, crowd.strategies[:4])
    np.testing.assert_array_equal(alone.periods, crowd.periods[:4])
    other = run_sessions(logit_game(DUOPOLY), learner, 4, seed=4, workers=2)
    assert (other.periods != alone.periods).any()


def test_dates_of_exploration_have_the_right_odds():
    beta, first, draws = 0.01, 150, 4000
    counter = np.uint64(0)
    dates = np.empty(draws)
    key = np.uint64(stream_key(1, 1))
    for k in range(draws):
        dates[k], counter = next_exploration(first, beta, key, np.uint64(counter))
    eps = np.exp(-beta * np.arange(first, first + 3000))  # epsilon of periods first + 1, ...
    survive = np.cumprod(1 - eps)
    for gap in (1, 3, 10, 30):
        share, true = np.mean(dates > first + gap), survive[gap - 1]
        assert abs(share - true) < 4 * math.sqrt(true * (1 - true) / draws)


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_true_values_are_what_play_earns(seed):
    rng = np.random.default_rng(seed)
    game = small_game(2, 4)
    strategy = rng.integers(4, size=(16, 2))
    q = true_values(strategy, game.profits, 4, 1, 0.9)
    state, firm, action = rng.integers(16), rng.integers(2), rng.integers(4)
    chosen = strategy[state].copy()
    chosen[firm] = action
    total, weight = 0.0, 1.0
    for _ in range(400):
        played = chosen[0] * 4 + chosen[1]
        total += weight * game.profits[played, firm]
        weight *= 0.9
        chosen = strategy[played]
    assert q[firm, state, action] == pytest.approx(total, rel=1e-12)
