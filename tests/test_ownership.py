"""Who decides a price and what it costs: holdings, conduct by pair, rising cost, both signs of alpha."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_equilibrium_safe import SAME, games

from pricewar.base.errors import ConvergenceError, InputError
from pricewar.demand import LinearDemand, MixedLogit, logit, nested_logit
from pricewar.equilibrium import costs_from_prices, merge, pass_through, profits, solve

# --- who decides, what it costs ---

LOGIT, COSTS = logit([2.0, 1.5, 1.8], 1.2), [1.0, 0.8, 1.1]
HOLDINGS = [[1.0, 1.0, 0.3], [1.0, 1.0, 0.3], [0.0, 0.0, 1.0]]


@pytest.mark.parametrize(
    ("firms", "terms"),
    [
        (None, {"ownership": HOLDINGS}),
        ([0, 0, 1], {"ownership": HOLDINGS}),
        (["x", "x", "y"], {"ownership": [[1.0, 0.3], [0.0, 1.0]]}),
        (["x", "x", "y"], {"ownership": [[2.0, 0.6], [0.0, 5.0]]}),
        (["x", "x", "y"], {"conduct": [[0.0, 0.3], [0.0, 0.0]]}),
        (["x", "x", "y"], {"conduct": [0.3, 0.0]}),
    ],
)
def test_partial_ownership(firms, terms):
    found = solve(LOGIT, COSTS, firms, **terms)
    np.testing.assert_allclose(
        found.prices, [2.3683470477858948, 2.1683470477858946, 2.150005718341101], **SAME
    )
    assert found.second_order_ok
    np.testing.assert_allclose(costs_from_prices(LOGIT, found.prices, firms, **terms), COSTS, rtol=1e-9)
    step = np.array([0.0, 1e-5, 0.0])
    up, down = (solve(LOGIT, COSTS + s, firms, tol=1e-14, **terms).prices for s in (step, -step))
    np.testing.assert_allclose(pass_through(found)[:, 1], (up - down) / 2e-5, atol=1e-7)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(game=games, conduct=st.floats(0.0, 1.0))
def test_a_matrix_says_what_a_number_says(game, conduct):
    demand, costs, firms = game
    count = np.unique(firms).size
    found = solve(demand, costs, firms, conduct=conduct, check=False)
    matrix = solve(demand, costs, firms, conduct=np.full((count, count), conduct), check=False)
    if found.converged and matrix.converged and found.path == matrix.path == "accelerated":
        np.testing.assert_allclose(matrix.prices, found.prices, rtol=1e-6)
        own = firms[:, None] == firms[None, :]
        holdings = np.where(own, 1.0, conduct)
        again = solve(demand, costs, firms, ownership=holdings, check=False)
        np.testing.assert_allclose(again.prices, matrix.prices, rtol=1e-9)


class Line:
    """Marginal cost base + slope x share."""

    def __init__(self, slope):
        self.slope = slope

    def __call__(self, shares):
        return 1.0 + self.slope * shares

    def derivative(self, shares):
        return np.full_like(shares, self.slope)


@pytest.mark.parametrize("slope", [0.0, 0.5, 30.0, 3000.0])
@pytest.mark.parametrize("demand", [LOGIT, nested_logit([2.0, 1.5, 1.8], 1.2, [0, 0, 1], 0.6)])
def test_cost_that_rises_with_sales(demand, slope):
    rising, firms = Line(slope), [0, 0, 1]
    found = solve(demand, rising, firms)
    assert found.converged
    assert found.second_order_ok
    fixed = solve(demand, rising(found.shares), firms, check=False)
    np.testing.assert_allclose(fixed.prices, found.prices, rtol=1e-8)
    spent = found.shares + 0.5 * slope * found.shares**2
    np.testing.assert_allclose(profits(found), found.prices * found.shares - spent, rtol=1e-10)
    plain = solve(demand, lambda shares: 1.0 + slope * shares, firms)
    np.testing.assert_allclose(plain.prices, found.prices, rtol=1e-9)


class Unfit(Exception):
    """An error of a user's own, of none of Python's usual sorts."""


class Fails(Line):
    """Rises as it should for some calls; then something is wrong."""

    def __init__(self, method, calls=0):
        super().__init__(1.0)
        self.method, self.calls = method, calls

    def __call__(self, shares):
        self.calls -= 1
        if self.method == "__call__" and self.calls < 0:
            raise Unfit("no cost\nis known")
        return super().__call__(shares)

    def derivative(self, shares):
        if self.method == "derivative":
            raise Unfit("no slope")
        return super().derivative(shares)


def fails(shares):
    raise SystemExit(3)


HERE = re.escape(__file__)


@pytest.mark.parametrize(
    ("costs", "says"),
    [
        (
            Fails("__call__"),
            r"costs: found an error of test_ownership:Fails\.__call__: Unfit: no cost is known",
        ),
        (
            Fails("__call__", 9),
            r"costs: found an error of test_ownership:Fails\.__call__: Unfit: no cost is known",
        ),
        (
            Fails("derivative"),
            r"costs\.derivative: found an error of test_ownership:Fails\.derivative: Unfit: no",
        ),
        (fails, r"costs: found an error of test_ownership:fails: SystemExit: the code calls sys\.exit\(3\)"),
    ],
)
def test_an_error_in_a_cost_function_is_told_with_class_method_and_line(costs, says):
    with pytest.raises(InputError, match=rf"equilibrium: 1 problem.*\n  {says}.*\({HERE}, line \d+: raise "):
        solve(LOGIT, costs, [0, 0, 1])


def test_an_error_of_ours_in_a_cost_function_passes_as_it_is():
    def costs(shares):
        raise ConvergenceError("as it is")

    with pytest.raises(ConvergenceError, match=r"^as it is$"):
        solve(LOGIT, costs, [0, 0, 1])


def test_pass_through_where_cost_rises_with_sales():
    rising, firms = Line(2.0), [0, 0, 1]
    matrix, step = pass_through(solve(LOGIT, rising, firms)), 1e-5 * np.array([1.0, 0.0, 0.0])
    up, down = (solve(LOGIT, rising, firms, unit_tax=s, tol=1e-14).prices for s in (step, -step))
    np.testing.assert_allclose(matrix[:, 0], (up - down) / 2e-5, atol=1e-7)


def test_linear_demand_under_partial_ownership():
    """q_j = 1 - 2 p_j + p_k; firm 0 holds a third of firm 1: the conditions are two lines."""
    demand = LinearDemand([1.0, 1.0], np.array([[2.0, 1.0], [1.0, 2.0]]) / 3.0)
    found = solve(demand, 0.2, [0, 1], ownership=[[1.0, 1 / 3], [0.0, 1.0]])
    jacobian = demand.jacobian(found.prices)
    own = demand.expected(found.prices) + np.diag(jacobian) * (found.prices - 0.2)
    own[0] += jacobian[1, 0] / 3 * (found.prices[1] - 0.2)
    np.testing.assert_allclose(own, 0.0, atol=1e-10)


def test_price_coefficients_of_both_signs():
    with pytest.warns(UserWarning, match="1 of 4 types of buyers"):
        demand = MixedLogit([1.0, 0.5], [1.0, 1.5, 2.0, -0.05], weights=[0.33, 0.33, 0.33, 0.01])
    with pytest.warns(UserWarning, match="some buyers pay any price"):
        found = solve(demand, [1.0, 1.0], [0, 1])
    assert found.converged
    assert np.isinf(found.best_response_gain)
    np.testing.assert_allclose(costs_from_prices(demand, found.prices, [0, 1]), 1.0, rtol=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        capped = solve(demand, [1.0, 1.0], [0, 1], cap=6.0)
    np.testing.assert_allclose(capped.prices, found.prices, rtol=1e-9)
    assert capped.best_response_gain <= 1e-9
    assert np.isfinite(demand.expected([1e6, -1e6])).all()
    with pytest.raises(InputError, match="alpha"):
        demand.consumer_surplus(found.prices)


def test_taxes_and_nests_together():
    """Three products in two nests of correlation .9, a value tax of a tenth: conditions solved by hand."""
    demand = nested_logit([2.0, 1.5, 1.8], 1.2, ["n", "s", "s"], 0.9)
    found = solve(demand, COSTS, [0, 1, 2], ad_valorem_tax=0.1)
    keep = 1 / 1.1
    gain = keep * found.shares + np.diag(demand.jacobian(found.prices)) * (keep * found.prices - COSTS)
    np.testing.assert_allclose(gain, 0.0, atol=1e-11)
    assert found.best_response_gain <= 1e-9


# --- what is refused ---


@pytest.mark.parametrize(
    ("terms", "place"),
    [
        ({"firm_ids": None}, "firm_ids"),
        ({"ownership": [[1.0, 0.0], [0.0, 1.0]], "firm_ids": None}, "ownership"),
        ({"ownership": [[1.0, 0.3], [0.0, 0.0]], "firm_ids": [0, 0, 1]}, "ownership"),
        ({"ownership": "all"}, "ownership"),
        ({"ownership": np.eye(3), "conduct": 0.5}, "conduct"),
        ({"conduct": [0.5, 0.5, 0.5, 0.5]}, "conduct"),
        ({"conduct": [0.5, 1.5, 0.5]}, "conduct"),
        ({"conduct": [None]}, "conduct"),
        ({"costs": lambda shares: shares[:2]}, "costs"),
        ({"costs": lambda shares: shares.sum() + 0 * shares}, "costs"),
        ({"costs": lambda shares: "dear"}, "costs"),
        ({"starts": 3}, "starts"),
        ({"starts": []}, "starts"),
        ({"starts": [[1.0]]}, "prices"),
        ({"check": "yes"}, "check"),
        ({"accelerate": None}, "accelerate"),
    ],
)
def test_bad_input_is_named(terms, place):
    with pytest.raises(InputError) as error:
        solve(LOGIT, **({"costs": COSTS, "firm_ids": [0, 1, 2]} | terms))
    assert any(place in problem.place for problem in error.value.problems)


def test_a_merger_may_be_a_matrix():
    firms = np.array([0, 1, 2])
    merged = solve(LOGIT, COSTS, merge(firms, 0, 1))
    whole = solve(LOGIT, COSTS, None, ownership=[[1, 1, 0], [1, 1, 0], [0, 0, 1]])
    np.testing.assert_allclose(whole.prices, merged.prices, rtol=1e-10)
