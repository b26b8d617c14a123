"""Calibration: observed units, stated elasticity, reported margins, and rest as a best response."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import AT_REST, tiny, tiny_tree
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import market_twin as oracles

from pricewar.base.errors import ConvergenceError, InputError
from pricewar.demand import calibrated
from pricewar.market.calibrate import _calibrate, calibrate
from pricewar.market.calibration_report import best_prices
from pricewar.market.model import PriceWar
from pricewar.scenario.files import load
from pricewar.scenario.preferences import MixedLogit, Preferences
from pricewar.scenario.tree import Scenario, scenario_from

SOME = settings(deadline=None, max_examples=8)


def china(elasticity: float) -> Scenario:
    return load("baseline").but({"consumers.draws": 300, "demand.own_elasticity": elasticity})


def markets() -> list[Any]:
    ids = [f"{name} {e}" for name in ("tiny", "china") for e in (-2, -4, -6)]
    made = [tiny({"demand.own_elasticity": e}) for e in (-2, -4, -6)] + [china(e) for e in (-2, -4, -6)]
    return [pytest.param(scenario, id=name) for scenario, name in zip(made, ids, strict=True)]


def month(found: Any, price: Any = None) -> dict[str, Any]:
    """The start market, at start prices or others, as the oracles take it."""
    population, land = found.population, found.landscape
    return {
        "tastes": found.base, "delta": np.where(found.on_sale, found.delta, -1e3), "alpha": found.alpha,
        "price": land.start_price if price is None else price, "weight": population.weight,
        "brand": population.driven(found.fleet, land.by_name), "owner": land.firm_of, "loyal": found.loyal,
        "outside": np.ones(len(found.alpha)),
    }  # fmt: skip


def expected(found: Any, price: Any = None) -> Any:
    """(J,) shares at start prices or others, in plain numpy."""
    return oracles.choices(month(found, price))[0][0]


@pytest.mark.parametrize("scenario", markets())
def test_observed_units_stated_elasticity_and_reported_margins_are_met(scenario: Scenario) -> None:
    found = calibrate(scenario)
    observed = np.array([scenario.products[key].units for key in found.landscape.products])
    share = expected(found)
    sold = found.on_sale
    assert share[sold] * scenario.consumers.shoppers == pytest.approx(observed[sold], rel=1e-9)
    assert found.share == pytest.approx(np.where(sold, share, 0.0), rel=1e-9)
    slope = np.diag(oracles.derivatives(month(found)))[sold]
    elasticity = slope * found.landscape.start_price[sold] / share[sold]
    assert found.elasticity[sold] == pytest.approx(elasticity, rel=1e-9)
    assert isinstance(scenario.demand, Preferences)
    stated = scenario.model_dump()["demand"]["own_elasticity"]
    assert np.average(elasticity, weights=observed[sold]) == pytest.approx(stated, rel=1e-6)
    firms = list(scenario.firms.values())
    margin = 1.0 - found.unit_cost / (found.landscape.start_price / 1.13)
    stated_margin = np.array([firms[f].gross_margin for f in found.landscape.firm_of])
    assert margin == pytest.approx(stated_margin, abs=1e-12)


@pytest.mark.parametrize("scenario", markets())
def test_todays_price_is_every_firms_best_response(scenario: Scenario) -> None:
    """Exactly today's prices when the search starts there, and within 1e-6 from 5% away."""
    model = PriceWar(scenario.but(AT_REST), collect=False)
    landscape, value = model.landscape, model.calibration.unit_cost - model.calibration.growth
    on_sale = model.calibration.on_sale
    for f in range(len(landscape.firms)):
        own = landscape.own(f)
        answer = model.sight.research.respond(own, landscape.start_price, value[own])
        assert np.array_equal(answer, landscape.start_price[own])
    price = best_prices(model)
    assert price[on_sale] == pytest.approx(landscape.start_price[on_sale], rel=1e-6)


def objective(found: Any, scenario: Scenario, own: Any, price: Any) -> float:
    share = expected(found, price)
    net = price / (1 + scenario.market.vat)
    return float(((net - found.unit_cost + found.growth) * share)[own].sum()) * scenario.consumers.shoppers


@SOME
@given(st.integers(0, 2), st.lists(st.floats(-0.25, 0.35), min_size=2, max_size=2))
def test_no_other_price_earns_a_firm_more_than_todays(firm: int, change: list[float]) -> None:
    scenario = tiny()
    found = calibrate(scenario)
    own, price = found.landscape.own(firm), found.landscape.start_price.copy()
    today = objective(found, scenario, own, price)
    price[own] *= 1.0 + np.array(change)
    assert objective(found, scenario, own, price) <= today + 1e-6 * abs(today)


def test_growth_motive_is_zero_where_the_price_is_the_monopoly_price_of_a_profit_maximiser() -> None:
    found = calibrate(load("textbook-duopoly").but({"firms.left.growth": None, "firms.right.growth": None}))
    assert found.growth == pytest.approx(np.zeros(2), abs=0.01)


def test_stated_cost_and_growth_motive_are_taken_as_stated() -> None:
    found = calibrate(tiny({"products.ace-small.unit_cost": 50_000, "firms.bolt.growth": 123.0}))
    assert found.unit_cost[0] == 50_000
    assert found.growth[2:4].tolist() == [123.0, 123.0]


def test_price_sensitivity_may_be_stated_instead() -> None:
    found = calibrate(tiny({"demand.price_sensitivity": 3e-5, "demand.income_elasticity": 0.0}))
    assert found.alpha == pytest.approx(3e-5)


def test_closeness_is_diversion_and_sums_with_the_outside_to_one() -> None:
    found = calibrate(tiny())
    closeness = found.landscape.closeness
    slope = oracles.derivatives(month(found))
    assert np.all(np.diag(closeness) == 0)
    assert closeness[2, 0] == pytest.approx(-slope[0, 2] / slope[2, 2], rel=1e-9)
    assert np.all(closeness.sum(axis=1) < 1.0)
    assert np.all(closeness >= 0)
    names = found.landscape.products
    large, suv = names.index("cove-one"), names.index("cove-suv")
    small = names.index("bolt-small")
    assert closeness[large, suv] / found.share[suv] > closeness[large, small] / found.share[small]


def test_a_later_launch_shares_the_appeal_of_another_and_adds_its_own() -> None:
    tree = tiny_tree()
    new = {**tree["products"]["bolt-suv"], "name": "New", "units": 0, "like": "bolt-suv", "appeal": 0.5}
    tree["products"]["bolt-new"] = new
    found = calibrate(scenario_from(tree, "launch"))
    at = found.landscape.product
    assert found.delta[at("bolt-new")] == pytest.approx(found.delta[at("bolt-suv")] + 0.5)
    assert found.share[at("bolt-new")] == 0
    assert not found.on_sale[at("bolt-new")]
    assert found.landscape.start_units[at("bolt-new")] == 0
    assert np.isfinite(found.growth).all()


def test_products_stand_in_order_of_firms_whatever_the_file_says() -> None:
    tree = tiny_tree()
    tree["products"] = dict(reversed(tree["products"].items()))
    landscape = calibrate(scenario_from(tree, "reversed")).landscape
    assert landscape.firm_of.tolist() == [0, 0, 1, 1, 2, 2]
    assert landscape.products[0] == "ace-large"


def test_equal_inputs_are_calibrated_once() -> None:
    one = calibrate(tiny())
    assert calibrate(tiny({"firms.ace.cash": 1.0, "noise.taste_sd": 0.5}, periods=3)) is one
    for path, value in {
        "firms.ace.gross_margin": 0.1,
        "products.ace-small.units": 9_001,
        "demand.suv_sd": 0.9,
        "dynamics.loyalty.strength": 0.5,
        "consumers.seed": 3,
    }.items():
        assert calibrate(tiny({path: value})) is not one


def test_impossible_inputs_are_refused_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    _calibrate.cache_clear()  # what another test has calibrated would not be sought again
    with pytest.raises(InputError, match="more shoppers than units"):
        tiny({"consumers.shoppers": 33_000})
    with monkeypatch.context() as few:
        few.setattr(calibrated, "LIMIT", 3)
        with pytest.raises(ConvergenceError, match="mean utilities do not settle after 3 iterations"):
            calibrate(tiny({"demand.electric_sd": 5.9}))
    monkeypatch.setattr(calibrated, "TRIALS", 1)
    with pytest.raises(ConvergenceError, match="no price sensitivity"):
        calibrate(tiny({"consumers.draws": 50}))


class Deaf(MixedLogit):
    """A demand of one's own that sells something else than what was observed."""

    def calibrated(self, observed: Any) -> Any:
        found = super().calibrated(observed)
        return found.with_delta(found.delta + 0.1)


class Short(MixedLogit):
    """Another that forgets a product."""

    def calibrated(self, observed: Any) -> Any:
        return super().calibrated(observed).subset(np.arange(2))


@pytest.mark.parametrize(("kind", "words"), [(Deaf, "the observed"), (Short, "Demand of 6 products")])
def test_a_demand_that_does_not_meet_the_market_is_refused(kind: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        calibrate(tiny(demand=kind()))
