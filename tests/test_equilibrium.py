"""Equilibrium: closed forms, textbook solutions, laws, constraints, and what is said when it goes wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import lambertw

from pricewar.base.errors import ConvergenceError, InputError
from pricewar.demand import Hotelling, MixedLogit, logit, nested_logit, shubik_levitan
from pricewar.equilibrium import (
    cmcr,
    compensating_costs,
    costs_from_prices,
    guppi,
    hhi,
    hhi_change,
    lerner,
    merge,
    pass_through,
    profits,
    solve,
    ssnip,
    upp,
)

QUALITY, OUTSIDE, COST, SCALE = 2.0, 0.0, 1.0, 0.25


def textbook(n, scale=SCALE):
    """The logit of the pricing-algorithm literature: n products of quality 2, cost 1."""
    return logit(np.full(n, (QUALITY - OUTSIDE) / scale), 1.0 / scale)


def lambert_w_of_exp(x):
    """W(exp(x)) without forming exp(x): solves w + log w = x."""
    w = max(x, 1.0) if x > 1 else float(np.real(lambertw(np.exp(x))))
    for _ in range(60):
        w -= (w + np.log(w) - x) / (1.0 + 1.0 / w)
    return w


def monopoly_price(n, scale):
    return COST + scale * (1 + lambert_w_of_exp(np.log(n) + (QUALITY - COST - OUTSIDE) / scale - 1))


def market(seed=0, products=6, rows=20, nests=True):
    rng = np.random.default_rng(seed)
    return MixedLogit(
        rng.normal(1.0, 1.0, products),
        rng.uniform(0.8, 1.5, rows),
        rng.normal(0.0, 0.5, (rows, products)),
        rng.uniform(0.5, 1.5, rows) / rows,
        np.arange(products) % 3 if nests else None,
        (0.4, 0.6, 0.2) if nests else 0.0,
    )


COSTS, FIRMS = np.array([1.0, 1.2, 0.8, 1.5, 0.9, 1.1]), np.array([0, 0, 1, 1, 2, 2])


# --- published and closed forms ---


@pytest.mark.parametrize(
    ("n", "nash", "joint"), [(2, 1.472927, 1.924981), (3, 1.370163, 2.0), (4, 1.331461, 2.054411)]
)
def test_textbook_nash_and_monopoly(n, nash, joint):
    demand = textbook(n)
    competing, colluding = solve(demand, COST, range(n)), solve(demand, COST, np.zeros(n))
    assert competing.converged
    assert competing.second_order_ok
    np.testing.assert_allclose(competing.prices, nash, atol=6e-7)
    np.testing.assert_allclose(colluding.prices, joint, atol=6e-7)
    np.testing.assert_allclose(colluding.prices, monopoly_price(n, SCALE), rtol=1e-11)
    np.testing.assert_allclose(
        solve(demand, COST, range(n), conduct=1.0).prices, colluding.prices, rtol=1e-11
    )


def test_textbook_profits():
    competing, colluding = solve(textbook(2), COST, [0, 1]), solve(textbook(2), COST, [0, 0])
    np.testing.assert_allclose(profits(competing), 0.222927, atol=6e-7)
    np.testing.assert_allclose(profits(colluding), 0.337490, atol=6e-7)


def test_textbook_asymmetric_costs():
    demand, costs = textbook(2), [1.0, 0.5]
    np.testing.assert_allclose(solve(demand, costs, [0, 1]).prices, [1.37233, 1.20377], atol=6e-6)
    np.testing.assert_allclose(solve(demand, costs, [0, 0]).prices, [2.1984, 1.6984], atol=6e-5)


@pytest.mark.parametrize(("scale", "nash", "joint"), [(0.5, 1.79947, 2.18741), (0.01, 1.02, 1.961378)])
def test_textbook_other_substitution(scale, nash, joint):
    """At scale .01 utilities are near 200: the case where general-purpose root finders fail."""
    demand = textbook(2, scale)
    np.testing.assert_allclose(solve(demand, COST, [0, 1]).prices, nash, atol=6e-6)
    found = solve(demand, COST, [0, 0])
    assert found.converged
    np.testing.assert_allclose(found.prices, joint, atol=6e-6)
    np.testing.assert_allclose(found.prices, monopoly_price(2, scale), rtol=1e-10)


def test_best_response_is_the_lambert_w_formula():
    for rival in (1.1, 1.5, 2.5):
        found = solve(textbook(2), COST, [0, 1], fixed=[np.nan, rival])
        others = np.exp((QUALITY - rival) / SCALE) + np.exp(OUTSIDE / SCALE)
        w = lambert_w_of_exp((QUALITY - COST) / SCALE - 1 - np.log(others))
        assert found.prices[0] == pytest.approx(COST + SCALE * (1 + w), rel=1e-11)
        assert found.prices[1] == rival


def test_textbook_merger():
    quality, costs = np.array([2.0, 2.2, 1.9, 2.1]), [1.0, 1.1, 0.9, 1.0]
    demand, firms = logit(quality / SCALE, 1.0 / SCALE), np.arange(4)
    before, after = solve(demand, costs, firms), solve(demand, costs, merge(firms, 0, 1))
    np.testing.assert_allclose(before.prices, [1.31739, 1.44758, 1.21739, 1.34758], atol=6e-6)
    np.testing.assert_allclose(after.prices, [1.42882, 1.52882, 1.23185, 1.36728], atol=6e-6)


def test_textbook_pass_through():
    matrix = pass_through(solve(textbook(2), COST, [0, 1]))
    np.testing.assert_allclose(np.diag(matrix), 0.642061, atol=6e-7)
    np.testing.assert_allclose(matrix[0, 1], 0.269877, atol=6e-7)
    np.testing.assert_allclose(matrix.sum(axis=1), 0.911938, atol=6e-7)


def test_logit_markups_are_equal_within_a_firm():
    """Multi-product logit: p - c = 1 / (alpha (1 - firm share)) for all products of the firm."""
    found = solve(logit(np.linspace(0, 2, 6), 0.8), COSTS, FIRMS)
    share = np.bincount(FIRMS, found.shares)[FIRMS]
    np.testing.assert_allclose(found.prices - COSTS, 1.0 / (0.8 * (1.0 - share)), rtol=1e-11)


@pytest.mark.parametrize("rho", [0.0, 1e-9])
def test_nested_logit_without_correlation_prices_like_the_logit(rho):
    nested = solve(nested_logit(np.linspace(0, 2, 6), 0.8, [0, 1, 0, 1, 0, 1], rho), COSTS, FIRMS)
    np.testing.assert_allclose(
        nested.prices, solve(logit(np.linspace(0, 2, 6), 0.8), COSTS, FIRMS).prices, rtol=1e-8
    )


def test_nested_logit_with_full_correlation_is_bertrand_in_the_nest():
    """Two equal firms in one nest: markups vanish with 1 - rho, as for homogeneous goods."""
    for rho in (0.9, 0.99, 0.999):
        found = solve(nested_logit([2.0, 2.0], 1.0, [0, 0], rho), 1.0, [0, 1])
        assert found.converged
        assert 0.0 < found.prices[0] - 1.0 < 2.1 * (1 - rho)


def test_hotelling_textbook():
    """p = c + t with equal costs; own cost passes through by two thirds."""
    street = Hotelling([9.0, 9.0], 0.7)
    np.testing.assert_allclose(solve(street, 1.0, [0, 1]).prices, 1.7, rtol=1e-12)
    unequal = solve(street, [1.0, 1.3], [0, 1])
    np.testing.assert_allclose(unequal.prices, [0.7 + (2 + 1.3) / 3, 0.7 + (2.6 + 1) / 3], rtol=1e-11)
    np.testing.assert_allclose(pass_through(unequal), [[2 / 3, 1 / 3], [1 / 3, 2 / 3]], rtol=1e-12)
    apart = solve(Hotelling([2.0, 2.0], 4.0), 1.0, [0, 1])
    np.testing.assert_allclose(apart.prices, 1.5)  # two monopolies that never meet: (value + cost) / 2


def test_linear_duopoly_textbook():
    """q_j = (1 - p_j (1 + g/2) + g/2 p_k) / 2: p = (1 + c (1 + g/2)) / (2 + g/2); monopoly (1 + c) / 2."""
    g, c = 2.0, 0.2
    demand = shubik_levitan(1.0, g, [0.5, 0.5])
    np.testing.assert_allclose(
        solve(demand, c, [0, 1]).prices, (1 + c * (1 + g / 2)) / (2 + g / 2), rtol=1e-11
    )
    np.testing.assert_allclose(solve(demand, c, [0, 0]).prices, (1 + c) / 2, rtol=1e-11)
    capped = solve(demand, c, [0, 1], capacity=[0.2, np.inf])
    assert capped.shares[0] == pytest.approx(0.2, rel=1e-9)
    assert capped.capacity_price[0] > 0
    assert capped.capacity_price[1] == 0


# --- constraints ---


def test_floor_satisfies_the_kuhn_tucker_conditions():
    demand = market()
    free = solve(demand, COSTS, FIRMS)
    floor = free.prices * np.array([0.9, 1.1, 0.95, 1.05, 0.8, 1.2])
    found = solve(demand, COSTS, FIRMS, floor=floor)
    gain = marginal_profit(demand, found.prices)
    np.testing.assert_array_equal(found.binding, np.where(found.prices == floor, -1, 0))
    assert 0 < (found.binding == -1).sum() < 6
    np.testing.assert_allclose(gain[found.binding == 0], 0.0, atol=1e-11)
    assert (gain[found.binding == -1] < 0).all()


def test_cap_satisfies_the_kuhn_tucker_conditions():
    demand = market()
    cap = solve(demand, COSTS, FIRMS).prices * np.array([0.9, 1.1, 0.95, 1.05, 0.8, 1.2])
    found = solve(demand, COSTS, FIRMS, cap=cap)
    gain = marginal_profit(demand, found.prices)
    np.testing.assert_allclose(gain[found.binding == 0], 0.0, atol=1e-11)
    assert (gain[found.binding == 1] > 0).all()
    assert (found.binding == 1).any()


def marginal_profit(demand, prices, costs=COSTS, keep=1.0):
    own = FIRMS[:, None] == FIRMS[None, :]
    return keep * demand.expected(prices) + (own * demand.jacobian(prices).T) @ (keep * prices - costs)


def test_taxes_enter_the_seller_s_condition():
    demand = market()
    taxed = solve(demand, COSTS, FIRMS, unit_tax=0.2, ad_valorem_tax=0.13)
    np.testing.assert_allclose(marginal_profit(demand, taxed.prices, COSTS + 0.2, 1 / 1.13), 0.0, atol=1e-12)
    subsidy = solve(demand, COSTS, FIRMS, unit_tax=-0.3)
    np.testing.assert_allclose(subsidy.prices, solve(demand, COSTS - 0.3, FIRMS).prices, rtol=1e-12)


def test_no_tax_is_the_same_to_the_bit():
    demand = market()
    plain = solve(demand, COSTS, FIRMS)
    zero = solve(demand, COSTS, FIRMS, unit_tax=0.0, ad_valorem_tax=0.0, theta=0.0, conduct=0.0)
    np.testing.assert_array_equal(plain.prices, zero.prices)


def test_growth_motive_lowers_prices_like_a_subsidy_and_is_undone_in_profit():
    demand = market()
    hungry = solve(demand, COSTS, FIRMS, theta=np.where(FIRMS == 0, 0.4, 0.0))
    assert (hungry.prices < solve(demand, COSTS, FIRMS).prices)[FIRMS == 0].all()
    money = profits(hungry, np.where(FIRMS == 0, 0.4, 0.0))
    np.testing.assert_allclose(money, (hungry.prices - COSTS) * hungry.shares, rtol=1e-12)


@pytest.mark.parametrize("nests", [False, True])
def test_capacity_binds_with_a_shadow_price_that_rationalises_prices(nests):
    demand = market(nests=nests)
    free = solve(demand, COSTS, FIRMS)
    limit = np.where(np.arange(6) % 2 == 0, 0.7 * free.shares, np.inf)
    found = solve(demand, COSTS, FIRMS, capacity=limit)
    assert found.converged
    assert (found.shares <= limit * (1 + 1e-9)).all()
    assert (found.capacity_price[np.isinf(limit)] == 0).all()
    shadowed = solve(demand, COSTS + found.capacity_price, FIRMS)
    np.testing.assert_allclose(shadowed.prices, found.prices, rtol=1e-9)


def test_capacity_that_does_not_bind_changes_nothing():
    demand = market()
    loose, free = solve(demand, COSTS, FIRMS, capacity=np.ones(6)), solve(demand, COSTS, FIRMS)
    np.testing.assert_allclose(loose.prices, free.prices, rtol=1e-11)
    assert (loose.capacity_price == 0).all()


def test_pass_through_is_the_derivative_of_the_solution():
    demand = market()
    for kwargs in ({}, {"ad_valorem_tax": 0.13, "conduct": 0.2}, {"floor": [3.0, 0, 0, 0, 0, 0]}):
        found = solve(demand, COSTS, FIRMS, tol=1e-14, **kwargs)
        matrix = pass_through(found)
        for k in range(6):
            step = 1e-5 * (np.arange(6) == k)
            up = solve(demand, COSTS + step, FIRMS, tol=1e-14, **kwargs).prices
            down = solve(demand, COSTS - step, FIRMS, tol=1e-14, **kwargs).prices
            np.testing.assert_allclose((up - down) / 2e-5, matrix[:, k], atol=1e-7)


def test_entry_lowers_the_incumbents_prices_in_a_logit():
    demand = logit(np.linspace(1, 2, 6), 1.0)
    before = solve(demand.subset(np.arange(5)), COSTS[:5], np.arange(5))
    after = solve(demand, COSTS, np.arange(6))
    assert (after.prices[:5] < before.prices).all()


# --- costs and screens ---


@pytest.mark.parametrize("nests", [False, True])
def test_costs_from_prices_undo_the_equilibrium(nests):
    demand, terms = (
        market(nests=nests),
        {"ad_valorem_tax": 0.13, "conduct": 0.3, "theta": 0.2, "unit_tax": -0.1},
    )
    found = solve(demand, COSTS, FIRMS, **terms)
    np.testing.assert_allclose(costs_from_prices(demand, found.prices, FIRMS, **terms), COSTS, rtol=1e-10)


def test_screens_of_a_merger_agree_with_each_other():
    demand, after = market(), merge(FIRMS, 0, 2)
    base = solve(demand, COSTS, FIRMS)
    compensating = compensating_costs(demand, base.prices, after)
    np.testing.assert_allclose(
        solve(demand, compensating, after, start=base.prices).prices, base.prices, rtol=1e-10
    )
    reduction = cmcr(demand, base.prices, COSTS, after)
    parties = FIRMS != 1
    assert (reduction[parties] > 0).all()
    np.testing.assert_allclose(reduction[~parties], 0.0, atol=1e-10)
    pressure = guppi(demand, base.prices, COSTS, FIRMS, after)
    assert (pressure[parties] > 0).all()
    assert (pressure[~parties] == 0).all()
    net = upp(demand, base.prices, COSTS, FIRMS, after, efficiency=0.1)
    np.testing.assert_allclose(net, pressure * base.prices - np.where(parties, 0.1 * COSTS, 0.0), rtol=1e-12)


def test_gross_pressure_of_single_product_firms_is_diversion_times_margin():
    demand = textbook(2)
    found = solve(demand, COST, [0, 1])
    diversion = found.shares[1] / (1 - found.shares[0])
    expected = diversion * (found.prices[1] - COST) / found.prices[0]
    assert guppi(demand, found.prices, [1.0, 1.0], [0, 1], [0, 0])[0] == pytest.approx(expected, rel=1e-12)


def test_concentration():
    assert hhi([0.1, 0.1, 0.1, 0.1], ["a", "b", "c", "d"]) == pytest.approx(2500)
    assert hhi([0.2, 0.1, 0.1], ["a", "a", "b"]) == pytest.approx(6250)
    assert hhi_change([0.1, 0.3], [0, 1], [0, 0]) == pytest.approx(1e4 * 2 * 0.25 * 0.75)
    np.testing.assert_allclose(lerner([2.0, 4.0], [1.0, 3.0]), [0.5, 0.25])


def test_ssnip_finds_close_substitutes_to_be_a_market_and_one_of_many_not():
    demand = logit(np.full(12, 12.0), 4.0)
    found = solve(demand, 1.0, np.arange(12))
    gain_all, is_market = ssnip(demand, np.ones(12), np.arange(12), found.prices, np.arange(12))
    gain_one, alone = ssnip(demand, np.ones(12), np.arange(12), found.prices, [0])
    assert is_market
    assert gain_all > 0
    assert not alone
    assert gain_one < 0


# --- laws ---

markets = st.builds(market, seed=st.integers(0, 10_000), rows=st.integers(1, 40), nests=st.booleans())


@settings(deadline=None, max_examples=20, derandomize=True)
@given(demand=markets, level=st.floats(0.5, 2.0))
def test_a_floor_is_never_broken_and_a_cap_never_passed(demand, level):
    floor, cap = level * COSTS, level * COSTS + 0.5
    found = solve(demand, COSTS, FIRMS, floor=floor, cap=cap)
    assert found.converged
    assert (found.prices >= floor).all()
    assert (found.prices <= cap).all()


@settings(deadline=None, max_examples=20, derandomize=True)
@given(seed=st.integers(0, 10_000), pair=st.sampled_from([(0, 1), (0, 2), (1, 2)]))
def test_a_merger_raises_every_price_in_a_logit(seed, pair):
    demand = logit(np.random.default_rng(seed).normal(1.0, 1.0, 6), 1.0)
    before, after = solve(demand, COSTS, FIRMS), solve(demand, COSTS, merge(FIRMS, *pair))
    assert (after.prices >= before.prices - 1e-12).all()
    assert (after.prices > before.prices)[np.isin(FIRMS, pair)].all()


@settings(deadline=None, max_examples=20, derandomize=True)
@given(demand=markets, seed=st.integers(0, 1000))
def test_the_order_of_products_and_the_names_of_firms_do_not_matter(demand, seed):
    order = np.random.default_rng(seed).permutation(6)
    found = solve(demand, COSTS, FIRMS)
    names = np.array(["z", "m", "a"])[FIRMS][order]
    shuffled = MixedLogit(
        demand.delta[order],
        demand.alpha,
        demand.tastes[:, order],
        demand.weights,
        None if demand.nests is None else demand.nests[order],
        demand.rho,
    )
    np.testing.assert_allclose(solve(shuffled, COSTS[order], names).prices, found.prices[order], rtol=1e-9)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(demand=markets)
def test_acceleration_changes_the_path_not_the_place(demand):
    fast, plain = solve(demand, COSTS, FIRMS), solve(demand, COSTS, FIRMS, accelerate=False)
    assert fast.converged
    assert plain.converged
    np.testing.assert_allclose(fast.prices, plain.prices, rtol=1e-9)


# --- when it goes wrong ---


def test_non_convergence_is_reported():
    found = solve(market(), COSTS, FIRMS, max_iterations=2)
    assert not found.converged
    assert found.iterations == 2
    assert found.residual > 1e-12
    with pytest.raises(ConvergenceError, match="after 2 iterations"):
        found.require_converged()


def test_breakdown_is_reported_not_raised():
    found = solve(logit([0.0, 0.0], 1.0), 1.0, [0, 1], start=[1e4, 1e4])
    assert not found.converged or found.prices.max() < 10.0


def test_a_minimum_is_not_called_an_equilibrium():
    """With buyers far apart in price sensitivity the condition also holds where profit is least."""
    demand = MixedLogit(np.array([4.0]), np.array([5.0, 0.05]), weights=np.array([0.97, 0.03]))
    grid = np.linspace(1.0, 60.0, 4001)
    gain = np.array([demand.expected([p])[0] + (p - 0.2) * demand.jacobian([p])[0, 0] for p in grid])
    upward = np.flatnonzero((gain[:-1] < 0) & (gain[1:] >= 0))
    assert upward.size, "the example must have a local minimum of profit"
    from scipy.optimize import brentq

    j = upward[0]
    worst = brentq(
        lambda p: demand.expected([p])[0] + (p - 0.2) * demand.jacobian([p])[0, 0],
        grid[j],
        grid[j + 1],
        xtol=1e-14,
    )
    stuck = solve(demand, 0.2, [0], start=[worst], tol=1e-9, max_iterations=1)
    assert not stuck.second_order_ok
    best = solve(demand, 0.2, [0])
    assert best.converged
    assert best.second_order_ok


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"costs": [1.0, np.nan]}, "costs"),
        ({"costs": [1.0, 1.0, 1.0]}, "costs"),
        ({"firm_ids": [0]}, "firm_ids"),
        ({"floor": 1e4}, "price of product 0"),
        ({"fixed": [1.0, 1e4]}, "price of product 1"),
        ({"fixed": [1.0]}, "fixed"),
        ({"floor": [2.0, 2.0], "cap": [3.0, 1.0]}, "floor[1]"),
        ({"floor": [np.nan, 1.0]}, "floor"),
        ({"conduct": 1.5}, "conduct"),
        ({"capacity": [0.0, 1.0]}, "capacity"),
        ({"ad_valorem_tax": -1.0}, "ad_valorem_tax"),
        ({"theta": [1.0, 2.0, 3.0]}, "theta"),
    ],
)
def test_bad_input_is_named(options, place):
    arguments = {"costs": [1.0, 1.0], "firm_ids": [0, 1]} | options
    with pytest.raises(InputError) as error:
        solve(textbook(2), **arguments)
    assert any(place in problem.place for problem in error.value.problems)


def test_merging_a_firm_that_is_not_there():
    with pytest.raises(InputError, match="parties"):
        merge([0, 1], 0, 7)
