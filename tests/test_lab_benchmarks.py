"""Static benchmarks of the logit market, against published values and their own first-order conditions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar.base.errors import InputError
from pricewar.lab.benchmarks import LogitMarket
from pricewar.lab.game import logit_game


def symmetric(n: int, mu: float = 0.25) -> LogitMarket:
    return LogitMarket((2.0,) * n, (1.0,) * n, mu)


@pytest.mark.parametrize(
    ("market", "nash", "monopoly"),
    [
        (symmetric(2), [1.472927], [1.924981]),
        (symmetric(3), [1.370163], [2.0]),
        (symmetric(4), [1.331461], [2.054411]),
        (symmetric(2, 0.5), [1.79947], [2.18741]),
        (symmetric(2, 0.01), [1.02], [1.961378]),
        (LogitMarket((2.0, 2.0), (1.0, 0.5)), [1.37233, 1.20377], [2.1984, 1.6984]),
    ],
)
def test_published_prices(market, nash, monopoly):
    np.testing.assert_allclose(market.nash(), np.broadcast_to(nash, market.products), atol=6e-6)
    np.testing.assert_allclose(market.monopoly(), np.broadcast_to(monopoly, market.products), atol=6e-6)


def test_profits_merger_pass_through_and_grim_trigger():
    duo = symmetric(2)
    np.testing.assert_allclose(duo.profits(duo.nash()), 0.222927, atol=5e-7)
    np.testing.assert_allclose(duo.profits(duo.monopoly()), 0.337490, atol=5e-7)
    four = LogitMarket((2, 2.2, 1.9, 2.1), (1, 1.1, 0.9, 1))
    np.testing.assert_allclose(four.nash(), [1.31739, 1.44758, 1.21739, 1.34758], atol=6e-6)
    merged = four.equilibrium((0, 0, 1, 2))
    np.testing.assert_allclose(merged, [1.42882, 1.52882, 1.23185, 1.36728], atol=6e-6)
    through = duo.pass_through()
    np.testing.assert_allclose(through, [[0.642061, 0.269877], [0.269877, 0.642061]], atol=2e-6)
    assert through.sum(axis=1) == pytest.approx(0.911938, abs=2e-6)
    assert duo.grim_discount() == pytest.approx(0.3931, abs=5e-5)


markets = st.integers(1, 5).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(0.5, 3.0), min_size=n, max_size=n),
        st.lists(st.floats(0.0, 2.0), min_size=n, max_size=n),
        st.floats(0.005, 2.0),
        st.floats(-1.0, 1.0),
    )
)


@given(markets)
@settings(deadline=None, max_examples=50)
def test_nash_meets_its_first_order_condition_and_monopoly_is_dearer(case):
    quality, cost, mu, outside = case
    market = LogitMarket(tuple(quality), tuple(cost), mu, outside)
    nash = market.nash()
    markup = nash - np.array(cost)
    np.testing.assert_allclose(markup * (1 - market.shares(nash)), mu, rtol=1e-9)
    joint = market.monopoly()
    assert np.all(joint >= nash - 1e-9)
    together = joint - np.array(cost)
    np.testing.assert_allclose(together * (1 - market.shares(joint).sum()), mu, rtol=1e-9)


@given(markets, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=25)
def test_order_of_firms_does_not_matter(case, random):
    quality, cost, mu, outside = case
    order = list(range(len(quality)))
    random.shuffle(order)
    shuffled = LogitMarket(tuple(quality[i] for i in order), tuple(cost[i] for i in order), mu, outside)
    straight = LogitMarket(tuple(quality), tuple(cost), mu, outside)
    np.testing.assert_allclose(shuffled.nash(), straight.nash()[order], rtol=1e-10)


def test_grid_is_the_published_one_and_its_static_equilibrium_is_near_nash():
    game = logit_game(symmetric(2))
    assert game.actions[0, 0] == pytest.approx(1.42772, abs=6e-6)
    assert game.actions[0, -1] == pytest.approx(1.97019, abs=6e-6)
    assert np.diff(game.actions[0]) == pytest.approx(0.03875, abs=5e-6)
    equilibria = game.grid_nash()
    assert len(equilibria) >= 1
    prices = game.actions[np.arange(2), equilibria]
    assert np.all(np.abs(prices - game.nash) < 0.03875)
    assert game.gain(game.nash_profits) == pytest.approx(0)
    assert game.gain(game.monopoly_profits) == pytest.approx(1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: LogitMarket((2.0,), (1.0, 1.0)),
        lambda: LogitMarket((2.0, 2.0), (1.0, 1.0), mu=0.0),
        lambda: LogitMarket((2.0, float("nan")), (1.0, 1.0)),
        lambda: logit_game(symmetric(2), choices=1),
        lambda: logit_game(symmetric(2), xi=-0.1),
        lambda: logit_game(symmetric(2), low=1.6, high=2.0),
    ],
)
def test_bad_input_is_refused(make):
    with pytest.raises(InputError):
        make()
