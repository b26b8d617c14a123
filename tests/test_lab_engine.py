"""The general engine: who moves when, who sees what, and what each kind of seller learns."""

from __future__ import annotations

import numpy as np
import pytest

from pricewar.base.errors import InputError
from pricewar.lab.benchmarks import LogitMarket
from pricewar.lab.engine import Protocol, Seller, simulate, states_of
from pricewar.lab.game import logit_game
from pricewar.lab.maskin_tirole import homogeneous_profits

M = 5
GAME = logit_game(LogitMarket((2.0, 2.0), (1.0, 1.0)), M)


def hold(action: int) -> Seller:
    return Seller("script", script=(action,))


def copycat(past: np.ndarray) -> int:
    return int(past[-1, 0])


def play(sellers, protocol=None, **options):
    options = {"periods": 400, "keep": 400, **options}
    return simulate(GAME.profits, M, sellers, protocol or Protocol(), **options)


def test_a_script_and_a_copycat_with_and_without_lag():
    script = Seller("script", script=(0, 3, 1, 4))
    for lag in (0, 2):
        follower = Seller("rule", rule=copycat)
        path = play([script, follower], Protocol(lag=lag)).actions[0]
        np.testing.assert_array_equal(path[:8, 0], [0, 3, 1, 4, 0, 3, 1, 4])
        np.testing.assert_array_equal(path[lag + 1 :, 1], path[: -lag - 1, 0])


def test_in_turn_only_one_firm_moves_and_clocks_ring_as_often_as_told():
    moved = play([hold(1), hold(2)], Protocol(timing="in turn")).moved[0]
    assert (moved[1:].sum(axis=1) == 1).all()
    rates = play(
        [hold(1), hold(2)], Protocol(timing="clocks", revise=(0.2, 0.7)), periods=20_000, keep=20_000
    )
    np.testing.assert_allclose(rates.moved[0].mean(axis=0), [0.2, 0.7], atol=0.015)


def test_profits_are_the_mean_over_kept_periods():
    out = play([Seller("q"), Seller("q")], keep=50)
    joint = out.actions[0] @ np.array([M, 1])
    np.testing.assert_allclose(out.profits[0], GAME.profits[joint].mean(axis=0))


def best_reply(rival: int) -> int:
    return int(GAME.profits.reshape(M, M, 2)[:, rival, 0].argmax())


LEARNERS = {
    "memoryless": Seller("q", alpha=0.1, decay=0.999),
    "boltzmann": Seller("boltzmann", alpha=0.1, explore=0.5, decay=0.999, floor=1e-5),
    "ucb": Seller("ucb", explore=0.002),
    "exp3": Seller("exp3", explore=0.05),
    "gradient": Seller("gradient", alpha=0.3),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_every_learner_finds_the_best_reply_to_a_firm_that_stands_still(name):
    protocol = Protocol(memory=0, delta=0.0)
    out = play([LEARNERS[name], hold(3)], protocol, periods=60_000, keep=1000, sessions=4)
    right = (out.actions[:, :, 0] == best_reply(3)).mean()
    assert right > (0.85 if name == "exp3" else 0.95)  # Exp3 never stops trying


@pytest.mark.parametrize("timing", ["together", "in turn", "clocks"])
def test_q_values_against_a_still_rival_are_the_discounted_sum(timing):
    protocol = Protocol(memory=0, delta=0.9, timing=timing, revise=0.5)
    out = play([Seller("q", alpha=0.2, decay=0.9995), hold(2)], protocol, periods=60_000, keep=10)
    best = GAME.profits.reshape(M, M, 2)[:, 2, 0].max()
    assert out.values[0, 0, 0].max() == pytest.approx(best / 0.1, rel=0.02)


def test_synchronous_updates_learn_every_price_at_once():
    prices = np.linspace(0, 1, 6)
    pair = homogeneous_profits(prices)
    table = np.stack([pair.ravel(), pair.T.ravel()], axis=1)
    seller = Seller("q", alpha=0.5, explore=0.0)
    protocol = Protocol(memory=0, delta=0.0, counterfactual=True)
    out = simulate(table, 6, [seller, hold(3)], protocol, periods=200, keep=1)
    np.testing.assert_allclose(out.values[0, 0, 0], pair[:, 3], atol=1e-12)


def test_firms_come_and_go_and_demand_moves_as_told():
    m = 3  # the last action is being out
    profits = np.zeros((2, m * m, 2))
    profits[1] = 1.0
    protocol = Protocol(
        memory=1, entry=0.1, leave=0.3, absent=2, demand=((0.9, 0.1), (0.4, 0.6)), demand_seen=True
    )
    sellers = [Seller("script", script=(0,)), Seller("script", script=(1,))]
    out = simulate(profits, m, sellers, protocol, periods=40_000, keep=40_000)
    np.testing.assert_allclose((out.actions[0] == 2).mean(axis=0), 0.75, atol=0.03)
    assert out.demand[0].mean() == pytest.approx(0.2, abs=0.03)
    assert out.profits[0] == pytest.approx([out.demand[0].mean()] * 2)


def test_states_seen():
    assert states_of(Protocol(memory=2), 2, 3) == 81
    assert states_of(Protocol(memory=1, rivals_only=True), 3, 4) == 16
    seen = Protocol(memory=0, demand=((0.5, 0.5), (0.5, 0.5)), demand_seen=True)
    assert states_of(seen, 2, 3) == 2


def test_three_firms_workers_and_seeds():
    game = logit_game(LogitMarket((2.0,) * 3, (1.0, 0.9, 0.8)), 3)
    sellers = [Seller("q", decay=0.999)] * 2 + [Seller("boltzmann", explore=0.1, floor=0.1)]
    one, two, three = (
        simulate(game.profits, 3, sellers, Protocol(), sessions=3, periods=500, keep=50, seed=s, workers=w)
        for s, w in ((1, 1), (1, 3), (2, 1))
    )
    np.testing.assert_array_equal(one.actions, two.actions)
    np.testing.assert_array_equal(one.values, two.values)
    assert (one.actions != three.actions).any()


@pytest.mark.parametrize(
    ("sellers", "protocol", "places"),
    [
        (
            [Seller(alpha=0.0), hold(9)],
            Protocol(delta=1.0),
            ("delta", "sellers[0].alpha", "sellers[1].script"),
        ),
        ([Seller("dreamer"), hold(1)], Protocol(timing="never"), ("timing", "sellers[0].kind")),
        ([Seller(), Seller("rule")], Protocol(memory=-1), ("memory, lag", "sellers[1].rule")),
        ([Seller(), Seller()], Protocol(counterfactual=True, timing="in turn"), ("counterfactual",)),
        ([Seller(), Seller()], Protocol(demand=((0.5, 0.6),)), ("demand",)),
        ([Seller(), Seller("boltzmann", decay=0.9)], Protocol(absent=7), ("absent", "sellers[1].floor")),
        ([Seller(), Seller()], Protocol(memory=9), ("memory",)),
    ],
)
def test_bad_input_lists_every_problem(sellers, protocol, places):
    with pytest.raises(InputError) as caught:
        play(sellers, protocol)
    assert {problem.place for problem in caught.value.problems} == set(places)
