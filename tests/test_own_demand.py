"""A demand of one's own: derivatives are held against differences, and answers against an own solution."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.optimize import fsolve, minimize_scalar

from pricewar.base.errors import InputError
from pricewar.demand import Demand, logit, nested_logit, shubik_levitan
from pricewar.demand.base import numerical_curvature
from pricewar.equilibrium import pass_through, solve
from pricewar.testing import check_demand


class Ces(Demand):
    """Budget shares w p^(1 - sigma) over an outside good: no logit, not linear, and curved."""

    def __init__(self, weights: ArrayLike, sigma: float) -> None:
        self.weights, self.sigma = np.asarray(weights, float), sigma

    @property
    def products(self) -> int:
        return len(self.weights)

    def expected(self, prices: ArrayLike) -> Any:
        p = np.asarray(prices, float)
        return self.weights * p**-self.sigma / (1.0 + (self.weights * p ** (1.0 - self.sigma)).sum())

    def jacobian(self, prices: ArrayLike) -> Any:
        p, q = np.asarray(prices, float), self.expected(prices)
        return np.diag(-self.sigma * q / p) + (self.sigma - 1.0) * np.outer(q, q)


class Flat(Ces):
    """The same, with the zeros of a linear demand."""

    def curvature(self, prices: ArrayLike, margins: Any, internal: Any) -> Any:
        return np.zeros((self.products, self.products))


class Steep(Ces):
    """The same, with a slope that is not that of its shares."""

    def jacobian(self, prices: ArrayLike) -> Any:
        return 1.01 * super().jacobian(prices)


class TwoTypes(Demand):
    """One product, buyers who mind its price much or little: profit has two tops and a valley between."""

    products = 1

    def expected(self, prices: ArrayLike) -> Any:
        return self._mean(lambda s, alpha: s, prices)

    def jacobian(self, prices: ArrayLike) -> Any:
        return self._mean(lambda s, alpha: -alpha * s * (1.0 - s), prices).reshape(1, 1)

    @staticmethod
    def _mean(of: Any, prices: ArrayLike) -> Any:
        p = np.asarray(prices, float)
        parts = ((0.9, 1.5), (0.1, 0.1))
        return sum(w * of(1.0 / (1.0 + np.exp(alpha * p - 3.0)), alpha) for w, alpha in parts)


WEIGHTS, SIGMA, COSTS, OWNERS = [0.6, 0.4, 0.5], 3.0, np.array([1.0, 0.8, 1.2]), np.array([0, 0, 1])


def own_prices(costs: np.ndarray) -> np.ndarray:
    """Bertrand prices from first-order conditions written out here, by scipy."""
    weights = np.array(WEIGHTS)

    def shares(p: np.ndarray) -> np.ndarray:
        return weights * p**-SIGMA / (1.0 + (weights * p ** (1.0 - SIGMA)).sum())

    def foc(p: np.ndarray) -> np.ndarray:
        q = shares(p)
        slope = np.diag(-SIGMA * q / p) + (SIGMA - 1.0) * np.outer(q, q)
        return q + (np.equal.outer(OWNERS, OWNERS) * slope.T) @ (p - costs)

    return fsolve(foc, 1.6 * costs, xtol=1e-14)


def test_pass_through_of_an_own_demand_is_that_of_solving_again() -> None:
    found = solve(Ces(WEIGHTS, SIGMA), COSTS, OWNERS).require_converged()
    assert found.prices == pytest.approx(own_prices(COSTS), rel=1e-10)
    step = 1e-4
    numeric = [
        (own_prices(COSTS + step * unit) - own_prices(COSTS - step * unit)) / (2 * step) for unit in np.eye(3)
    ]
    assert pass_through(found) == pytest.approx(np.array(numeric).T, abs=1e-5)
    assert found.second_order_ok
    assert np.diag(pass_through(found)).min() > 1.0  # more than full; zeros for its curvature would say 0.5


def test_zeros_for_a_curved_demand_are_refused_and_named() -> None:
    found = solve(Flat(WEIGHTS, SIGMA), COSTS, OWNERS).require_converged()
    for ask in (pass_through, lambda e: e.second_order_ok):
        with pytest.raises(InputError, match=r"curvature of Flat: found .*differences of its shares"):
            ask(found)
    with pytest.raises(InputError, match="curvature of Flat"):
        check_demand(Flat(WEIGHTS, SIGMA), COSTS)


def test_the_bottom_of_a_valley_is_no_equilibrium() -> None:
    demand = TwoTypes()

    def profit(p: float) -> float:
        return float(demand.expected(p)) * (p - 1.0)

    valley = minimize_scalar(profit, bounds=(3.0, 20.0), method="bounded", options={"xatol": 1e-10}).x
    top = minimize_scalar(lambda p: -profit(p), bounds=(20.0, 40.0), method="bounded").x
    found = solve(demand, [1.0], [0], start=[26.0]).require_converged()
    assert found.prices[0] == pytest.approx(top, rel=1e-4)
    assert found.second_order_ok
    assert not replace(found, prices=np.array([valley])).second_order_ok


def test_the_kit_tells_right_from_wrong() -> None:
    for demand in (
        Ces(WEIGHTS, SIGMA),
        logit([1.0, 0.5, 0.2], 1.3),
        nested_logit([1.0, 0.5, 0.2], 1.3, [0, 0, 1], 0.5),
        shubik_levitan(3.0, 2.0, [0.2, 0.3, 0.5]),
    ):
        check_demand(demand, [1.0, 1.2, 0.9])
    with pytest.raises(InputError, match=r"Steep: 2 problem.*\n.*jacobian"):
        check_demand(Steep(WEIGHTS, SIGMA), COSTS)

    class Broken(Ces):
        def expected(self, prices: ArrayLike) -> Any:
            return super().expected(prices)[:2]

        def jacobian(self, prices: ArrayLike) -> Any:
            return np.eye(3)

    with pytest.raises(InputError, match=r"expected: found .*shape \(2,\)"):
        check_demand(Broken(WEIGHTS, SIGMA), COSTS)


def test_differences_agree_with_closed_forms() -> None:
    demand = nested_logit([1.0, 0.5, 0.2], 1.3, [0, 0, 1], 0.5)
    prices, margins, internal = np.array([1.0, 1.2, 0.9]), np.array([0.5, 0.2, 0.4]), np.ones((3, 3))
    exact = demand.curvature(prices, margins, internal)
    assert numerical_curvature(demand, prices, margins, internal) == pytest.approx(exact, rel=1e-7, abs=1e-9)


class Later(Ces):
    """Answers at first; its error comes from a function that a method calls, when a price is far off."""

    def expected(self, prices: ArrayLike) -> Any:
        if np.min(prices) > 1.0:
            not_so_dear(prices)
        return super().expected(prices)


class Slopeless(Ces):
    def jacobian(self, prices: ArrayLike) -> Any:
        raise SystemExit(3)


class Uncounted(Ces):
    @property
    def products(self) -> int:
        return 3 // 0


class Listed(Ces):
    def expected(self, prices: ArrayLike) -> Any:
        return [0.1, 0.2, 0.3]


class Square(Ces):
    def jacobian(self, prices: ArrayLike) -> Any:
        return -np.eye(2)


def not_so_dear(prices: ArrayLike) -> None:
    raise LookupError(f"no buyer\nat {np.shape(prices)}")


FILE = r"test_own_demand\.py, line \d+"


@pytest.mark.parametrize(
    ("sort", "says"),
    [
        (Later, rf"Later\.expected: LookupError: no buyer at \(3,\) \(.*{FILE}: raise LookupError"),
        (Slopeless, rf"Slopeless\.jacobian: SystemExit.*{FILE}: raise SystemExit"),
        (Uncounted, rf"Uncounted\.products: ZeroDivisionError: .*{FILE}: return 3 // 0"),
        (Listed, r"a list of .*:Listed\.expected; allowed: an array of numbers of shape \(3,\)"),
        (Square, r"float64 of shape \(2, 2\) of .*:Square\.jacobian; allowed: .* of shape \(3, 3\)"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_an_error_in_an_own_demand_is_told_with_class_method_and_line(
    sort: type[Ces], says: str, check: bool
) -> None:
    if not check and sort in (Listed, Square):
        says = rf":Listed\.jacobian: TypeError: .*{FILE}" if sort is Listed else "Square that cannot be used"
    with pytest.raises(InputError, match=says) as told:
        solve(sort(WEIGHTS, SIGMA), COSTS, OWNERS, check=check)
    assert str(told.value).startswith("equilibrium: 1 problem(s)\n  demand: found ")
    assert len(str(told.value).splitlines()) == 2


def test_an_error_after_the_prices_is_told_too() -> None:
    found = solve(Ces(WEIGHTS, SIGMA), COSTS, OWNERS)
    broken = replace(found, game=replace(found.game, demand=Slopeless(WEIGHTS, SIGMA)))
    for ask in (pass_through, lambda e: e.second_order_ok):
        with pytest.raises(InputError, match=r"Slopeless\.jacobian: SystemExit"):
            ask(broken)
    broken = replace(found, prices=2.0 * found.prices, game=replace(found.game, demand=Later(WEIGHTS, SIGMA)))
    with pytest.raises(InputError, match=r"Later\.expected: LookupError"):
        assert broken.shares.size
