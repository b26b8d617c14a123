"""The fit page: what it shows is measured on the model, and it notices what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from pricewar import PriceWar, load
from pricewar.market.buyers import choose
from pricewar.market.calibration_report import Fit, aggregate_elasticity, best_prices, fit
from pricewar.scenario.tree import Scenario


@pytest.fixture(scope="module")
def baseline() -> Scenario:
    return load("baseline").but({"consumers.draws": 500})


@pytest.fixture(scope="module")
def page(baseline: Scenario) -> Fit:
    return fit(baseline)


def test_the_market_is_met(page: Fit, baseline: Scenario) -> None:
    assert page.market["largest_units_error"] < 1e-9
    assert page.market["largest_price_error"] < 1e-6
    assert page.market["largest_margin_error"] < 1e-9
    assert page.market["own_elasticity"] == pytest.approx(-4, abs=1e-6)
    assert set(page.products["product"]) == {key for key, p in baseline.products.items() if p.units > 0}
    assert page.products["units_observed"].sum() == pytest.approx(page.firms["units"].sum())
    assert page.segments["units"].sum() == pytest.approx(page.firms["units"].sum())


def test_averages_are_weighted_by_units(page: Fit) -> None:
    products = page.products
    for row in page.firms.itertuples():
        own = products[products["firm"] == row.firm]
        assert row.theta == pytest.approx(np.average(own["theta"], weights=own["units_observed"]))
    mean = np.average(page.segments["elasticity"], weights=page.segments["units"])
    assert mean == pytest.approx(page.market["own_elasticity"])
    assert list(page.segments["segment"]) == ["A00", "A0", "A", "B", "C", "D"]


def test_a_stated_growth_motive_moves_the_fitted_price_away(baseline: Scenario, page: Fit) -> None:
    revealed = page.firms.set_index("firm")["theta"]["byd"]
    eager = fit(baseline.but({"firms.byd.growth": revealed + 5000}))
    gap = eager.products.set_index("product")["price_error"]
    assert gap[gap.index.str.startswith("byd-")].mean() < -0.01  # would rather sell more than it does
    assert gap[~gap.index.str.startswith("byd-")].abs().max() < 1e-6  # others answer today's prices


def test_a_stated_cost_shows_in_the_margin(baseline: Scenario) -> None:
    found = fit(baseline.but({"products.byd-seagull.unit_cost": 45_000.0}))
    byd = found.firms.set_index("firm").loc["byd"]
    assert byd["margin_fitted"] < byd["margin_observed"]
    assert found.market["largest_margin_error"] == pytest.approx(abs(byd["margin_error"]))


def test_best_prices_maximise_the_objective(baseline: Scenario) -> None:
    model = PriceWar(baseline, collect=False)
    calibration, vat = model.calibration, 1 + baseline.market.vat
    own = model.landscape.own(model.landscape.firms.index("xiaomi"))
    own = own[calibration.on_sale[own]]
    value = (calibration.unit_cost - calibration.growth)[own]

    def objective(price: np.ndarray) -> float:
        share = choose(model.found.but(price=price), calibration).share[own]
        return float(share @ (price[own] / vat - value))

    best = model.landscape.start_price.copy()
    best[own] = best_prices(model)[own]
    top = objective(best)
    for j in own:
        for factor in (0.98, 1.02):
            other = best.copy()
            other[j] *= factor
            assert objective(other) < top


def test_aggregate_elasticity_is_the_slope_of_total_units(baseline: Scenario) -> None:
    model = PriceWar(baseline, collect=False)
    step = 1e-5
    up, down = (
        choose(model.found.but(price=model.found.price * f), model.calibration).share.sum()
        for f in (1 + step, 1 - step)
    )
    slope = (np.log(up) - np.log(down)) / (np.log1p(step) - np.log1p(-step))
    assert aggregate_elasticity(model, model.calibration.on_sale) == pytest.approx(slope, rel=1e-6)
