"""The exact games against closed forms, and the learning games at a size of seconds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar.base.errors import InputError
from pricewar.lab.edgeworth import mixed_prices, undercutting_path
from pricewar.lab.games import GAMES, game
from pricewar.lab.green_porter import incentive_slack, play, shortest_spell, trigger_value, war_share
from pricewar.lab.klein import competitive_profit
from pricewar.lab.maskin_tirole import (
    check_markov,
    edgeworth_cycle_reaction,
    homogeneous_profits,
    kinked_demand,
)
from pricewar.lab.rotemberg_saloner import critical_discount, solve

PAIR = homogeneous_profits(np.arange(7) / 6)


def figure(report, quantity):
    return next(c for c in report.comparisons if c.quantity == quantity)


@pytest.mark.parametrize("delta", [0.9, 0.95, 0.99])
def test_published_reactions_are_markov_perfect(delta):
    for reaction in (kinked_demand(delta), edgeworth_cycle_reaction(delta)):
        assert check_markov(reaction, PAIR, delta).gain < 2e-15


@given(st.floats(0.85, 0.995), st.integers(0, 6), st.integers(0, 6))
@settings(deadline=None, max_examples=40)
def test_any_other_reply_is_caught(delta, state, reply):
    reaction = kinked_demand(delta)
    if reaction[state, reply] > 0:
        return
    reaction[state] = 0.0
    reaction[state, reply] = 1.0
    checked = check_markov(reaction, PAIR, delta)
    options = PAIR.T[state] + delta * checked.waiting
    assert checked.gain >= options.max() - checked.moving[state] - 1e-12
    assert checked.gain > -1e-12


def test_reactions_must_be_probabilities():
    with pytest.raises(InputError):
        check_markov(np.full((7, 7), 0.5), PAIR, 1.0)


def test_green_porter_value_share_and_incentives():
    assert trigger_value(0.1, 0.95, 6) == pytest.approx(5.98673, abs=5e-6)
    assert war_share(0.1, 6) == pytest.approx(0.375)
    assert shortest_spell(0.1, 0.95) == 2
    assert shortest_spell(0.1, 0.5) is None
    assert incentive_slack(0.1, 0.95, 1) < 0 < incentive_slack(0.1, 0.95, 2)


@given(st.floats(0.02, 0.4), st.integers(1, 12), st.integers(0, 1000))
@settings(deadline=None, max_examples=15)
def test_played_wars_fill_the_predicted_share(alpha, spell, seed):
    shares = [play(alpha, spell, 20_000, seed * 50 + k).mean() for k in range(8)]
    error = np.std(shares, ddof=1) / np.sqrt(8)
    assert abs(np.mean(shares) - war_share(alpha, spell)) < 6 * error + 1e-3


@given(st.floats(1.01, 1.9), st.floats(0.0, 0.3))
@settings(deadline=None, max_examples=25)
def test_booms_are_where_collusion_breaks(ratio, cost):
    size, odds = np.array([1.0, ratio]), np.array([0.5, 0.5])
    full = ((size - cost) / 2) ** 2
    edge = critical_discount(full[1], full[0])
    above, below = (solve(edge + e, size, odds, cost) for e in (1e-6, -1e-3))
    np.testing.assert_allclose(above.profits, full, rtol=1e-9)
    assert below.profits[1] < full[1]
    assert below.profits[0] == pytest.approx(full[0])
    assert solve(0.49, size, odds, cost).profits.max() == 0.0


def test_boom_price_can_fall_below_the_slump_price():
    found = solve(0.52, np.array([1.0, 1.2]), np.array([0.5, 0.5]))
    assert found.prices[1] < found.prices[0] == 0.5
    assert found.profits[1] == pytest.approx(0.52 / (2 - 3 * 0.52) * 0.25)


def test_edgeworth_support_and_profit():
    found = mixed_prices(0.45, 0.45)
    assert (found.low, found.high) == (pytest.approx(0.168056, abs=5e-7), pytest.approx(0.275))
    assert found.profits == (pytest.approx(0.075625), pytest.approx(0.075625))
    assert mixed_prices(0.3, 0.2).kind == "clearing"
    assert mixed_prices(0.3, 0.2).low == pytest.approx(0.5)
    assert mixed_prices(1.5, 1.2).kind == "bertrand"


@given(st.floats(0.36, 0.99), st.floats(0.05, 0.99))
@settings(deadline=None, max_examples=50)
def test_no_price_beats_the_mixture_and_all_of_it_earns_the_same(big, small):
    found = mixed_prices(big, small)
    if found.kind != "mixed":
        return
    grid = np.linspace(1e-6, 1 - 1e-6, 4001)
    inside = np.linspace(found.low, found.high, 101)[1:-1]
    for firm in (0, 1):
        cdf = found.cdf(firm, grid)
        assert np.all(np.diff(cdf) >= -1e-12)
        assert found.payoff(firm, grid[np.abs(grid - found.high) > 1e-9]).max() <= found.profits[firm] + 1e-9
        np.testing.assert_allclose(found.payoff(firm, inside), found.profits[firm], atol=1e-9)


def test_undercutting_runs_between_the_mixed_prices():
    found = mixed_prices(0.45, 0.45)
    tail = undercutting_path((0.45, 0.45), 0.01, 400)[100:]
    assert found.low - 0.01 < tail.min() < tail.max() < found.high + 0.01


def test_klein_benchmarks_and_a_short_run():
    for k, value in ((6, 0.061111), (12, 0.069878), (24, 0.075769)):
        assert competitive_profit(k) == pytest.approx(value, abs=5e-7)
    report = game("klein")({}, sessions=40)
    profit = figure(report, "mean profit")
    assert abs(profit.reproduced - 0.108) < 4 * profit.error
    nash = figure(report, "share of sessions in Nash play on path")
    assert abs(nash.reproduced - 0.655) < 4 * nash.error


def test_klein_fine_grid_undercuts_by_one():
    report = game("klein")({"k": 24}, sessions=16)
    cut = figure(report, "moves that undercut by one step")
    assert abs(cut.reproduced - 0.45) < 4 * cut.error


def test_synchronous_learners_compete_and_asynchronous_ones_do_not():
    report = game("asker")({"periods": 20_000, "synchronous_periods": 4000}, sessions=3)
    assert figure(report, "synchronous: share at 2.028 or 2.129").reproduced == 1.0
    assert figure(report, "asynchronous: median price").reproduced > 6


def test_quantity_learners_stay_below_nash():
    report = game("waltman-kaymak")({"decay": 0.9999, "periods": 100_000}, sessions=12)
    assert figure(report, "total output, Nash").reproduced == 24
    assert 18 <= figure(report, "total output").reproduced < 24


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("maskin-tirole", {"delta": 1}),
        ("maskin-tirole", {"steps": 5}),
        ("green-porter", {"alpha": 0, "delta": 1, "T": 0}),
        ("rotemberg-saloner", {"odds": ".5,.6"}),
        ("rotemberg-saloner", {"cost": 3}),
        ("edgeworth", {"capacity": "0,1"}),
        ("edgeworth", {"capacity": 0.4}),
        ("klein", {"k": 5}),
        ("klein", {"delta": 1}),
        ("asker", {"cost": 12}),
        ("waltman-kaymak", {"n": 0}),
        ("waltman-kaymak", {"n": 8}),
        ("chess", {}),
    ],
)
def test_bad_input_is_refused(name, given):
    with pytest.raises(InputError):
        game(name)(given, sessions=1)


def test_every_game_is_there():
    assert all(callable(game(name)) for name in GAMES)
