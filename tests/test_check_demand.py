"""The kit for demands: good ones pass, and each way to be wrong is told with its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from user_demand import Baskets, Ces

from pricewar.base.errors import InputError
from pricewar.demand import Hotelling as Street
from pricewar.demand import LinearDemand, logit, mixed_logit, nested_logit
from pricewar.scenario.preferences import (
    Hotelling,
    Linear,
    Logit,
    MixedLogit,
    NestedLogit,
    Preferences,
    Taste,
)
from pricewar.testing import check_demand, example_observed

SHARE, START = np.array([0.1, 0.2, 0.15]), np.array([1.0, 1.5, 2.0])
PRICES = 1.05 * START
TASTES = {"range_km": Taste(sd=0.3, income=0.1), "body:SUV": Taste(sd=1.0, correlation={"range_km": 0.3})}


class Plain(Baskets):
    """Baskets at a fixed elasticity, for others to break."""

    def __init__(self) -> None:
        super().__init__(SHARE, START, 3.0)


class WrongJacobian(Plain):
    def jacobian(self, prices: ArrayLike) -> Any:
        return 1.01 * super().jacobian(prices)


class WrongCurvature(Plain):
    def curvature(self, prices: ArrayLike, margins: Any, internal: Any) -> Any:
        return np.zeros((3, 3))


class WrongSurplus(Plain):
    def consumer_surplus(self, prices: ArrayLike) -> float:
        return 1.2 * super().consumer_surplus(prices)


class WrongSymmetry(Plain):
    symmetric = True


class WrongOwnSlopes(Plain):
    def own_slopes(self, prices: ArrayLike) -> Any:
        return -super().own_slopes(prices)


class WrongTerms(Plain):
    def markup_terms(self, prices: Any, margins: Any, firms: Any, conduct: float) -> Any:
        shares, slope, gain = super().markup_terms(prices, margins, firms, conduct)
        return shares, slope, 0.5 * gain


class WrongSecondChoices(Plain):
    def second_choices(self, prices: ArrayLike, refused: Any) -> Any:
        return np.full(3, 0.2)


class Short(Plain):
    def expected(self, prices: ArrayLike) -> Any:
        return super().expected(prices)[:2]

    def jacobian(self, prices: ArrayLike) -> Any:
        return np.eye(3)


class Negative(Plain):
    def expected(self, prices: ArrayLike) -> Any:
        return super().expected(prices) - 0.12


class Snobs(Plain):
    def expected(self, prices: ArrayLike) -> Any:
        return 0.1 * np.asarray(prices)


class Loyal(Plain):
    """A tenth of the buyers pay whatever is asked."""

    def expected(self, prices: ArrayLike) -> Any:
        return super().expected(prices) + 0.01


class Steps(Plain):
    """Shares that say nothing of prices near these."""

    def expected(self, prices: ArrayLike) -> Any:
        return np.where(np.asarray(prices) < 10.0, SHARE, 0.0)


@pytest.mark.parametrize(
    "demand",
    [
        Plain(),
        logit([1.0, 0.5, 0.2], 1.3),
        nested_logit([1.0, 0.5, 0.2], 1.3, [0, 0, 1], 0.5),
        mixed_logit([1.0, 0.5, 0.2], [0.8, 1.5], [[1.0], [2.0], [0.0]], [[0.4], [-0.2]], [0.3, 0.7]),
        LinearDemand(np.array([3.0, 3.0, 3.0]), np.eye(3) * 5.0 + 2.0),
    ],
    ids=lambda demand: type(demand).__name__,
)
def test_good_demands_pass(demand: Any) -> None:
    check_demand(demand, PRICES)


def test_streets_pass_where_they_meet_and_where_they_do_not() -> None:
    for value in (3.0, 1.2):
        check_demand(Street(np.array([value, value]), 1.0), [1.0, 1.1])


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        (WrongJacobian, "jacobian"),
        (WrongCurvature, "curvature"),
        (WrongSurplus, "consumer_surplus"),
        (WrongSymmetry, "symmetric"),
        (WrongOwnSlopes, "own_slopes"),
        (WrongTerms, "markup_terms"),
        (WrongSecondChoices, "second_choices"),
        (Short, "expected"),
        (Negative, "expected"),
        (Snobs, "expected"),
        (Loyal, "expected"),
    ],
)
def test_broken_demands_are_caught(broken: Any, place: str) -> None:
    with pytest.raises(InputError) as caught:
        check_demand(broken(), PRICES)
    assert any(place in problem.place for problem in caught.value.problems), caught.value


KINDS: list[Preferences] = [
    Logit(),
    Logit(price_sensitivity=3e-5),
    MixedLogit(size_sd=1.0, suv_sd=2.0),
    MixedLogit(tastes=TASTES),
    NestedLogit(rho=0.7),
    NestedLogit(nests="body", income_elasticity=0.8),
    Linear(),
    Linear(substitution=0.95),
    Linear(substitution=0.0),
    Ces(),
]


@pytest.mark.parametrize("rule", KINDS, ids=lambda rule: rule.kind)
def test_kinds_of_a_scenario_file_pass(rule: Preferences) -> None:
    check_demand(rule)


def test_a_street_passes_with_two_products() -> None:
    check_demand(Hotelling(transport=50_000.0), observed=example_observed(products=2))


@settings(deadline=None, max_examples=8)
@given(st.floats(-8.0, -1.5), st.floats(0.0, 0.95), st.sampled_from(["linear", "nested", "own"]))
def test_kinds_pass_whatever_their_parameters(elasticity: float, degree: float, kind: str) -> None:
    makers: dict[str, Any] = {
        "linear": lambda: Linear(own_elasticity=elasticity, substitution=degree),
        "nested": lambda: NestedLogit(own_elasticity=elasticity, rho=0.9 * degree),
        "own": lambda: Ces(own_elasticity=elasticity),
    }
    check_demand(makers[kind]())


class OtherMoney(Ces):
    """Knows what a car costs in this currency."""

    def calibrated(self, observed: Any) -> Any:
        return Baskets(observed.share, observed.price, 3.0 + observed.price.mean() / 1e5)


class Deaf(Ces):
    """Sells something else than what was observed."""

    def calibrated(self, observed: Any) -> Any:
        return Baskets(1.1 * observed.share, observed.price, 3.0)


class Few(Ces):
    """Forgets a product."""

    def calibrated(self, observed: Any) -> Any:
        return Baskets(observed.share[1:], observed.price[1:], 3.0)


@pytest.mark.parametrize(
    ("broken", "words"),
    [(OtherMoney, "all money times"), (Deaf, "those observed"), (Few, "a Demand of 6 products")],
)
def test_broken_kinds_are_caught(broken: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        check_demand(broken())


def test_what_is_no_demand_is_refused() -> None:
    with pytest.raises(InputError, match="a Demand with prices, or Preferences"):
        check_demand(Plain())


def test_the_default_surplus_is_that_of_the_logit_in_closed_form() -> None:
    from pricewar.demand import Demand

    demand = logit([1.0, 0.5, 0.2], 1.3)
    for prices in (PRICES, 0.5 * PRICES, np.array([0.0, 1.0, -0.5])):
        exact = demand.consumer_surplus(prices)
        assert Demand.consumer_surplus(demand, prices) == pytest.approx(exact, rel=1e-6)


def test_second_choices_by_default_are_those_of_the_logit() -> None:
    from pricewar.demand import Demand

    demand, refused = logit([1.0, 0.5, 0.2], 1.3), np.array([0.4, 0.0, 0.7])
    exact = demand.second_choices(PRICES, refused)
    assert Demand.second_choices(demand, PRICES, refused) == pytest.approx(exact, rel=1e-9)
