"""Demand: derivatives against finite differences, limits, laws, inversion, and what bad input gets told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar.base.errors import ConvergenceError, InputError
from pricewar.demand import (
    Hotelling,
    LinearDemand,
    MixedLogit,
    Nation,
    internalisation,
    invert_shares,
    logit,
    mixed_logit,
    nested_logit,
    shubik_levitan,
)


def market(seed=0, products=6, rows=20, nests=True):
    rng = np.random.default_rng(seed)
    return MixedLogit(
        rng.normal(1.0, 1.0, products),
        rng.uniform(0.5, 1.5, rows),
        rng.normal(0.0, 0.7, (rows, products)),
        rng.uniform(0.5, 1.5, rows) / rows,
        np.array(["a", "b", "a", "b", "c", "a"])[:products] if nests else None,
        (0.4, 0.7, 0.2) if nests else 0.0,
    )


PRICES = np.array([1.0, 1.2, 0.8, 1.5, 0.9, 1.1])
DEMANDS = [
    pytest.param(market(nests=False), id="mixed"),
    pytest.param(market(nests=True), id="mixed nested"),
    pytest.param(logit(np.linspace(0, 1, 6), 1.3), id="logit"),
    pytest.param(nested_logit(np.linspace(0, 1, 6), 1.3, [0, 0, 1, 1, 2, 2], 0.5), id="nested"),
    pytest.param(shubik_levitan(3.0, 2.0, [0.1, 0.2, 0.3, 0.2, 0.1, 0.1]), id="linear"),
]


def slope(function, prices, k, step=1e-5):
    up, down = prices.copy(), prices.copy()
    up[k] += step
    down[k] -= step
    return (function(up) - function(down)) / (2.0 * step)


@pytest.mark.parametrize("demand", DEMANDS)
def test_jacobian_is_the_derivative_of_expected_shares(demand):
    jacobian = demand.jacobian(PRICES)
    for k in range(6):
        np.testing.assert_allclose(slope(demand.expected, PRICES, k), jacobian[:, k], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("demand", DEMANDS)
@pytest.mark.parametrize("conduct", [0.0, 0.3, 1.0])
def test_curvature_is_the_derivative_of_the_weighted_jacobian(demand, conduct):
    margins = np.array([0.5, -0.2, 0.9, 0.3, 0.7, 0.4])
    internal = internalisation(np.array([0, 0, 1, 1, 2, 2]), conduct)
    curvature = demand.curvature(PRICES, margins, internal)
    for k in range(6):
        numeric = slope(lambda p: (internal * demand.jacobian(p).T) @ margins, PRICES, k)
        np.testing.assert_allclose(numeric, curvature[:, k], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("demand", DEMANDS)
def test_markup_terms_are_the_first_order_condition(demand):
    margins, firms = np.array([0.5, -0.2, 0.9, 0.3, 0.7, 0.4]), np.array([0, 0, 1, 1, 2, 2])
    shares, steep, gain = demand.markup_terms(PRICES, margins, firms, 0.3)
    by_jacobian = shares + (internalisation(firms, 0.3) * demand.jacobian(PRICES).T) @ margins
    np.testing.assert_allclose(shares + gain - margins * steep, by_jacobian, atol=1e-13)


@pytest.mark.parametrize("demand", DEMANDS)
def test_surplus_falls_by_the_quantity_bought_when_a_price_rises(demand):
    """Roy's identity: d surplus / d price_j = -share_j."""
    shares = demand.expected(PRICES)
    numeric = [slope(lambda p: np.array([demand.consumer_surplus(p)]), PRICES, k)[0] for k in range(6)]
    np.testing.assert_allclose(numeric, -shares, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("nests", [False, True])
def test_long_run_diversion_is_what_happens_without_the_product(nests):
    demand = market(nests=nests)
    shares, ratios = demand.expected(PRICES), demand.long_run_diversion(PRICES)
    for j in range(6):
        others = np.arange(6) != j
        moved = demand.subset(others).expected(PRICES[others]) - shares[others]
        np.testing.assert_allclose(ratios[j, others], moved / shares[j], rtol=1e-9)
        outside = 1.0 - ratios[j, others].sum()
        assert ratios[j, j] == pytest.approx(outside, rel=1e-10)


def test_logit_closed_forms():
    delta, alpha = np.array([1.0, 0.2, -0.5]), 0.7
    demand, p = logit(delta, alpha), np.array([1.0, 2.0, 0.5])
    e = np.exp(delta - alpha * p)
    s = e / (1 + e.sum())
    np.testing.assert_allclose(demand.expected(p), s, rtol=1e-14)
    np.testing.assert_allclose(np.diag(demand.elasticities(p)), -alpha * p * (1 - s), rtol=1e-13)
    diversion = demand.diversion(p)
    np.testing.assert_allclose(diversion[0, 1], s[1] / (1 - s[0]), rtol=1e-13)
    np.testing.assert_allclose(diversion.sum(axis=1), 1.0, rtol=1e-13)
    np.testing.assert_allclose(
        demand.long_run_diversion(p), diversion, rtol=1e-12
    )  # proportional substitution
    assert demand.consumer_surplus(p) == pytest.approx(np.log(1 + e.sum()) / alpha, rel=1e-14)


def test_nested_logit_without_correlation_is_the_logit():
    delta, p = np.linspace(-1, 1, 6), np.linspace(0.5, 2, 6)
    plain, nested = logit(delta, 0.8), nested_logit(delta, 0.8, [0, 1, 0, 1, 0, 1], 0.0)
    np.testing.assert_allclose(nested.expected(p), plain.expected(p), rtol=1e-13)
    np.testing.assert_allclose(nested.jacobian(p), plain.jacobian(p), rtol=1e-12)
    np.testing.assert_allclose(nested.long_run_diversion(p), plain.long_run_diversion(p), rtol=1e-11)
    assert nested.consumer_surplus(p) == pytest.approx(plain.consumer_surplus(p), rel=1e-13)


def test_nested_logit_with_full_correlation_is_the_best_of_each_nest():
    """As rho goes to one, only the best product of a nest sells; nests compete as their best."""
    delta, nests = np.array([1.0, 0.5, 0.2, 0.7]), [0, 0, 1, 1]
    shares = nested_logit(delta, 1.0, nests, 1.0 - 1e-6).expected(np.zeros(4))
    best = logit(np.array([1.0, 0.7]), 1.0).expected(np.zeros(2))
    np.testing.assert_allclose(shares, [best[0], 0.0, 0.0, best[1]], atol=1e-5)


def test_mixed_logit_with_one_kind_of_buyer_is_the_logit():
    demand = mixed_logit([1.0, 0.0], [0.5, 0.5], [[1.0], [2.0]], [[0.3], [0.3]])
    np.testing.assert_allclose(demand.expected([1, 2]), logit([1.3, 0.6], 0.5).expected([1, 2]), rtol=1e-14)


def test_weights_need_not_sum_to_one():
    demand = MixedLogit(np.zeros(2), np.ones(2), weights=np.array([0.3, 0.2]))
    np.testing.assert_allclose(demand.expected(np.zeros(2)), 0.5 / 3.0, rtol=1e-14)


# --- laws ---

markets = st.builds(
    market, seed=st.integers(0, 10_000), products=st.just(6), rows=st.integers(1, 70), nests=st.booleans()
)
price_lists = st.lists(st.floats(-5.0, 20.0), min_size=6, max_size=6).map(np.array)


@settings(deadline=None, max_examples=30, derandomize=True)
@given(demand=markets, prices=price_lists, j=st.integers(0, 5), rise=st.floats(0.01, 5.0))
def test_a_dearer_product_sells_less_and_its_rivals_no_less(demand, prices, j, rise):
    before, dearer = demand.expected(prices), prices.copy()
    dearer[j] += rise
    after, others = demand.expected(dearer), np.arange(6) != j
    assert after[j] <= before[j] * (1 + 1e-12)
    assert (after[others] >= before[others] * (1 - 1e-12)).all()
    assert demand.consumer_surplus(dearer) <= demand.consumer_surplus(prices) + 1e-12


@settings(deadline=None, max_examples=30, derandomize=True)
@given(demand=markets, prices=price_lists)
def test_shares_and_the_outside_option_exhaust_the_buyers(demand, prices):
    shares, _, value = demand.probabilities(prices)
    outside = np.exp(-value)
    np.testing.assert_allclose(shares.sum(axis=1) + outside, 1.0, atol=1e-12)
    np.testing.assert_allclose(demand.expected(prices), demand.weights @ shares, rtol=1e-11, atol=1e-300)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(demand=markets, prices=st.lists(st.floats(0.0, 3.0), min_size=6, max_size=6).map(np.array))
def test_inversion_gives_back_the_mean_utilities(demand, prices):
    demand = replace(demand, weights=0.9 * demand.weights / demand.weights.sum())
    found = invert_shares(demand, demand.expected(prices), prices)
    assert found.converged
    np.testing.assert_allclose(found.delta, demand.delta, atol=1e-10)


def test_inversion_reports_when_it_stops_early():
    demand = market()
    found = invert_shares(demand, demand.expected(PRICES), PRICES, max_iterations=2)
    assert not found.converged
    assert found.iterations == 2
    with pytest.raises(ConvergenceError, match="2 iterations"):
        found.require_converged()


def test_compensating_variation_by_group_adds_up():
    demand, after = market(), PRICES + 0.1
    groups = np.arange(20) % 3
    by_group = demand.compensating_variation(PRICES, after, groups)
    size = np.bincount(groups, demand.weights)
    loss = demand.consumer_surplus(PRICES) - demand.consumer_surplus(after)
    assert by_group @ size == pytest.approx(loss, rel=1e-12)
    assert (by_group > 0).all()
    assert demand.compensating_variation(PRICES, after)[0] * demand.weights.sum() == pytest.approx(loss)


# --- linear and Hotelling ---


def test_shubik_levitan_is_its_formula():
    w, p = np.array([0.5, 0.3, 0.2]), np.array([0.4, 0.5, 0.6])
    expected = w * (1.0 - p - 2.0 * (p - w @ p))
    np.testing.assert_allclose(shubik_levitan(1.0, 2.0, w).expected(p), expected, rtol=1e-12)


def test_linear_demand_drops_a_product_that_is_too_dear():
    demand = shubik_levitan(1.0, 2.0, [0.5, 0.3, 0.2])
    quantities = demand.expected([0.4, 0.5, 5.0])
    assert quantities[2] == 0.0
    rest = LinearDemand(demand.choke[:2], demand.quadratic[:2, :2]).expected([0.4, 0.5])
    np.testing.assert_allclose(quantities[:2], rest, rtol=1e-12)
    assert (demand.jacobian([0.4, 0.5, 5.0])[2] == 0).all()
    assert demand.expected([9.0, 9.0, 9.0]).sum() == 0.0


def test_hotelling_shares_and_surplus():
    street = Hotelling([3.0, 3.0], 0.5)
    np.testing.assert_allclose(street.expected([1.0, 1.2]), [0.7, 0.3])
    np.testing.assert_allclose(street.expected([1.0, 9.0]), [1.0, 0.0])
    far_apart = Hotelling([1.0, 1.0], 4.0)
    np.testing.assert_allclose(far_apart.expected([0.2, 0.6]), [0.2, 0.1])
    grid = (np.arange(200_000) + 0.5) / 200_000
    best = np.maximum.reduce([3 - 1.0 - 0.5 * grid, 3 - 1.2 - 0.5 * (1 - grid), 0 * grid]).mean()
    assert street.consumer_surplus([1.0, 1.2]) == pytest.approx(best, rel=1e-8)
    for demand, p in ((street, [1.0, 1.2]), (far_apart, [0.2, 0.6])):
        prices = np.array(p)
        columns = [slope(demand.expected, prices, k) for k in range(2)]
        np.testing.assert_allclose(np.array(columns).T, demand.jacobian(prices), atol=1e-8)


# --- bad input ---


@pytest.mark.parametrize(
    ("build", "place"),
    [
        (lambda: MixedLogit(np.zeros(2), -np.ones(1)), "alpha"),
        (lambda: MixedLogit(np.zeros(2), np.zeros(1)), "alpha"),
        (lambda: MixedLogit(np.zeros(2), np.ones(2), weights=np.array([1.5, -0.5])), "weights"),
        (lambda: MixedLogit(np.zeros(2), np.ones(2), weights=np.zeros(2)), "weights"),
        (lambda: MixedLogit(np.zeros(2), np.ones(3), tastes=np.zeros((2, 2))), "tastes"),
        (lambda: MixedLogit(np.array([0.0, np.nan]), np.ones(1)), "delta"),
        (lambda: MixedLogit(np.zeros(0), np.ones(1)), "delta"),
        (lambda: nested_logit(np.zeros(2), 1.0, [0, 1], 1.0), "rho"),
        (lambda: nested_logit(np.zeros(2), 1.0, [0], 0.5), "nests"),
        (lambda: logit(np.zeros(2), 1.0).expected([1.0, np.inf]), "prices"),
        (lambda: logit(np.zeros(2), 1.0).expected([1.0, 2.0, 3.0]), "prices"),
        (lambda: logit(np.zeros(2), 1.0).expected(["a", "b"]), "prices"),
        (lambda: invert_shares(logit(np.zeros(2), 1.0), [0.6, 0.5], [1, 1]), "shares"),
        (lambda: invert_shares(logit(np.zeros(2), 1.0), [0.6, 0.0], [1, 1]), "shares"),
        (lambda: mixed_logit([0.0], [1.0], [[1.0]], [[1.0, 2.0]]), "x and coefficients"),
        (lambda: logit(np.zeros(2), 1.0).draw([1, 1], 0, 0, buyers=[-1]), "buyers"),
        (lambda: LinearDemand(np.ones(2), np.array([[1.0, 2.0], [2.0, 1.0]])), "quadratic"),
        (lambda: shubik_levitan(1.0, -1.0, [0.5, 0.5]), "substitution"),
        (lambda: shubik_levitan(1.0, 1.0, [0.5, 0.6]), "weights"),
        (lambda: Hotelling([1.0, 1.0], 0.0), "transport"),
        (lambda: Nation([0.0], [[1.0]], [1.0], [0.0], -1.0, 0.0, 0.0), "alpha0"),
        (lambda: Nation([0.0], [[1.0]], [-1.0], [0.0], 1.0, 0.0, 0.0), "sigma"),
        (lambda: Nation([0.0], [[1.0]], [1.0], [0.0], 1.0, 0.0, 0.0).sample([1.0], -1, 0, 0), "buyers"),
    ],
)
def test_bad_input_is_named(build, place):
    with pytest.raises(InputError) as error:
        build()
    assert any(place in problem.place for problem in error.value.problems)
    assert "allowed" in str(error.value)


def test_all_problems_are_told_at_once():
    with pytest.raises(InputError) as error:
        MixedLogit(np.zeros(2), -np.ones(2), weights=np.array([-1.0, 1.0]))
    assert {problem.place for problem in error.value.problems} == {"alpha", "weights"}
