"""Equilibria that never lie: the answer depends on the game only, and no firm would leave it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from pricewar.base.errors import ConvergenceError
from pricewar.demand import MixedLogit, nested_logit
from pricewar.equilibrium import costs_from_prices, profits, solve

SAME = {"rtol": 1e-8}


def unlike_buyers(rng):
    """1 to 6 products, 2 to 6 types whose price sensitivities differ by up to 60; and costs."""
    products, types = int(rng.integers(1, 7)), int(rng.integers(2, 7))
    demand = MixedLogit(
        rng.normal(2.0, 2.0, products),
        np.exp(rng.uniform(np.log(0.05), np.log(3.0), types)),
        rng.normal(0.0, 1.0, (types, products)),
        rng.dirichlet(np.ones(types)),
    )
    return demand, rng.uniform(0.5, 8.0, products)


def small(seed):
    """Profit often has several tops."""
    rng = np.random.default_rng(seed)
    demand, costs = unlike_buyers(rng)
    return demand, costs, rng.integers(0, costs.size, costs.size)


def nested(seed):
    """One type of buyer and nests of correlation .9 to .99, where mixing often fails."""
    rng = np.random.default_rng(seed)
    products = int(rng.integers(2, 10))
    demand = nested_logit(
        rng.normal(1.0, 2.0, products),
        float(rng.uniform(0.1, 3.0)),
        rng.integers(0, 3, products),
        float(rng.uniform(0.9, 0.99)),
    )
    return demand, rng.uniform(0.5, 8.0, products), rng.integers(0, products, products)


def mixed_and_nested(seed):
    """Both: several types, whose choice within a nest is nearly that of the best offer."""
    rng = np.random.default_rng(seed)
    products, types = int(rng.integers(3, 10)), int(rng.integers(2, 40))
    nests = rng.integers(0, 3, products)
    demand = MixedLogit(
        rng.normal(1.0, 1.0, products),
        np.exp(rng.normal(0.0, rng.uniform(0.0, 0.5), types)),
        rng.normal(0.0, rng.uniform(0.0, 1.0), (types, products)),
        rng.dirichlet(np.ones(types)),
        nests,
        rng.uniform(0.0, 0.97, np.unique(nests).size),
    )
    return demand, rng.uniform(0.5, 5.0, products), rng.integers(0, products, products)


sorts = st.sampled_from([small, nested, mixed_and_nested])
games = st.builds(lambda make, seed: make(seed), sorts, st.integers(0, 10**6))


# --- the answer is that of the game, not of the path ---


@settings(deadline=None, max_examples=60, derandomize=True)
@given(game=games, seed=st.integers(0, 1000))
def test_noise_in_the_start_changes_nothing(game, seed):
    demand, costs, firms = game
    found = solve(demand, costs, firms)
    noise = 1.0 + 1e-9 * np.random.default_rng(seed).normal(size=costs.size)
    again = solve(demand, costs, firms, start=costs * noise)
    assert again.converged == found.converged
    if found.converged:
        np.testing.assert_allclose(again.prices, found.prices, **SAME)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(game=games, most=st.sampled_from([5, 20, 61, 100, 200, 1000, 20_000]))
def test_more_iterations_never_change_an_answer(game, most):
    demand, costs, firms = game
    found = solve(demand, costs, firms, max_iterations=most)
    if found.converged:
        np.testing.assert_array_equal(solve(demand, costs, firms).prices, found.prices)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(game=games, seed=st.integers(0, 1000))
def test_the_order_of_products_and_of_firms_does_not_matter(game, seed):
    demand, costs, firms = game
    order = np.random.default_rng(seed).permutation(costs.size)
    nests = None if demand.nests is None else demand.nests[order]
    turned = MixedLogit(
        demand.delta[order], demand.alpha, demand.tastes[:, order], demand.weights, nests, demand.rho
    )
    found, again = solve(demand, costs, firms), solve(turned, costs[order], -firms[order])
    assert again.converged == found.converged
    if found.converged:
        np.testing.assert_allclose(again.prices, found.prices[order], **SAME)


@pytest.mark.parametrize("rho", [0.9, 0.97, 0.99, 0.999])
def test_correlated_nests_are_solved_by_some_way_and_say_which(rho):
    rng, ways = np.random.default_rng(3), set()
    for _ in range(40):
        size = int(rng.integers(3, 10))
        demand = nested_logit(rng.normal(1, 2, size), 1.0, rng.integers(0, 2, size), rho)
        costs, firms = rng.uniform(0.5, 8.0, size), rng.integers(0, size, size)
        found = solve(demand, costs, firms)
        assert found.converged, found.reason
        np.testing.assert_allclose(costs_from_prices(demand, found.prices, firms), costs, rtol=1e-5)
        ways.add(found.path)
    assert ways <= {"accelerated", "markups"}
    assert "markups" in ways or rho < 0.99


def test_markups_respect_bounds_and_taxes():
    demand = nested_logit([2.0, 1.5, 1.8, 1.2], 1.0, [0, 0, 0, 1], 0.995)
    terms = {
        "ad_valorem_tax": [0.1, 0.0, 0.2, 0.1],
        "floor": [0.0, 1.4, 0.0, 0.0],
        "unit_tax": 0.1,
        "start": np.full(4, 2.0),
    }
    found = solve(demand, [1.0, 1.1, 0.9, 1.0], [0, 1, 2, 0], **terms)
    plain = solve(
        demand, [1.0, 1.1, 0.9, 1.0], [0, 1, 2, 0], accelerate=False, max_iterations=50_000, **terms
    )
    assert found.converged
    assert plain.converged
    np.testing.assert_allclose(found.prices, plain.prices, rtol=1e-9)


def many_types(seed, nests):
    """10 to 40 products, 5 to 60 types of buyers."""
    rng = np.random.default_rng([7, seed])
    products, types = int(rng.integers(10, 41)), int(rng.integers(5, 61))
    demand = MixedLogit(
        rng.normal(1.0, 1.0, products),
        np.exp(rng.normal(0.0, 0.3, types)),
        rng.normal(0.0, 0.5, (types, products)),
        nests=np.arange(products) % 3 if nests else None,
        rho=0.8 if nests else 0.0,
    )
    return demand, rng.uniform(0.5, 5.0, products), rng.integers(0, products // 2, products)


@pytest.mark.parametrize("nests", [False, True])
def test_derivatives_more_than_halve_the_steps(nests):
    """Each set of derivatives is counted as a step."""
    quick, plain = [], []
    for seed in range(12):
        game = many_types(seed, nests)
        found, slow = solve(*game, check=False), solve(*game, check=False, accelerate=False)
        np.testing.assert_allclose(found.prices, slow.prices, rtol=1e-10)
        assert found.path == "accelerated"
        quick.append(found.iterations)
        plain.append(slow.iterations)
    assert np.median(quick) <= 0.6 * np.median(plain)
    assert sum(quick) <= 0.5 * sum(plain) or not nests


def test_plain_iteration_is_left_alone():
    demand, costs, firms = small(1)
    assert solve(demand, costs, firms, accelerate=False, check=False).path == "plain"


# --- no firm would leave ---


@settings(deadline=None, max_examples=40, derandomize=True)
@given(game=games, seed=st.integers(0, 1000))
def test_nobody_gains_by_any_price_tried(game, seed):
    """An optimiser that knows nothing of the solver, from random starts."""
    demand, costs, firms = game
    found = solve(demand, costs, firms)
    if not found.converged:
        assert found.best_response_gain > 1e-9
        return
    assert found.best_response_gain <= 1e-9
    rng = np.random.default_rng(seed)
    own = firms == rng.choice(firms)
    now = float(profits(found)[own].sum())

    def loss(prices):
        trial = found.prices.copy()
        trial[own] = prices
        return -float(((trial - costs) * demand.expected(trial))[own].sum())

    for _ in range(3):
        start = costs[own] + rng.exponential(1.0 / demand.alpha.min(), own.sum())
        assert -minimize(loss, start, method="Nelder-Mead").fun <= now * (1.0 + 1e-8) + 1e-12


def test_a_top_that_is_not_the_highest_is_left_for_the_highest():
    demand = MixedLogit([3.0], [1.5, 0.1], weights=[0.9, 0.1])
    local = solve(demand, [1.0], [1], check=False)
    assert local.converged
    assert local.second_order_ok
    assert local.prices[0] == pytest.approx(2.354765, abs=1e-6)
    assert np.isnan(local.best_response_gain)
    found = solve(demand, [1.0], [1])
    assert found.deviations == 1
    assert found.prices[0] == pytest.approx(25.967223696447583, rel=1e-10)
    assert profits(found)[0] == pytest.approx(1.496722, abs=1e-6)


def few_types(seed):
    """A market of `benchmarks/solve_many.py`."""
    rng = np.random.default_rng([2, seed])
    demand, costs = unlike_buyers(rng)
    return demand, costs, rng.integers(0, int(rng.integers(1, costs.size + 1)), costs.size)


@pytest.mark.parametrize(
    ("seed", "profit"),
    [
        (620, 0.277777440),
        (1684, 3.825066970),
        (2287, 4.541085675),
        (3801, 6.754903344),
        (5200, 4.184947014),
        (5317, 1.947455079),
    ],
)
def test_one_product_for_those_who_pay_any_price_and_the_rest_for_the_many(seed, profit):
    """Equal markups do not find it. Profits of the largest firm by scipy's differential evolution."""
    demand, costs, firms = few_types(seed)
    own = firms == np.bincount(firms).argmax()
    found = solve(demand, costs, firms).require_converged()
    assert profits(found)[own].sum() == pytest.approx(profit, rel=1e-8)
    near = solve(demand, costs, firms, check=False)
    assert near.converged
    assert profits(near)[own].sum() < profit


def test_one_owner_and_two_kinds_of_buyers():
    found = solve(MixedLogit([3.0, 2.0], [1.5, 0.1], weights=[0.5, 0.5]), [3.0, 7.0], [1, 1])
    np.testing.assert_allclose(found.prices, [28.08982095407143, 32.08982095407144], rtol=1e-10)


def test_a_market_without_an_equilibrium_is_refused_by_the_firm_that_would_leave():
    """One firm serves the few who pay any price, its rival follows, then both the many: it never ends."""
    demand = MixedLogit([3.6, 2.4], [1.0, 0.11], [[0.0, 0.0], [0.7, -1.7]], [0.95, 0.05])
    found = solve(demand, [1.5, 0.6], ["a", "b"])
    assert not found.converged
    assert found.best_response_gain == pytest.approx(0.0446, abs=1e-3)
    with pytest.raises(ConvergenceError, match=r"firm a gains 0\.0446 of its profit") as refused:
        found.require_converged()
    assert "come back to the same prices after" in str(refused.value)
    assert "moves of firms a, b" in str(refused.value)
    assert solve(demand, [1.5, 0.6], ["a", "b"], check=False).converged


def test_several_equilibria_are_told():
    demand = MixedLogit([2.5, 2.5], [3.1, 0.22], weights=[0.97, 0.03])
    found = solve(demand, 1.0, [0, 1], starts=[[1.2, 1.2], [60.0, 60.0]])
    assert len(found.others) == 1
    np.testing.assert_allclose(found.prices, 1.408978, atol=1e-6)
    np.testing.assert_allclose(found.others[0].prices, 8.509223, atol=1e-6)
    assert max(found.best_response_gain, found.others[0].best_response_gain) <= 1e-9
