"""Every public method and property of a model and its firms works before, between and after the months."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import mesa
import numpy as np
import pandas as pd
import pytest
from conftest import tiny

from pricewar.base.records import Floats, View
from pricewar.market.firm import Firm
from pricewar.market.gauges import Gauges
from pricewar.market.model import PriceWar
from pricewar.results.schema import SCHEMA, columns
from pricewar.results.store import Results
from pricewar.runs import run

CUT = {"kind": "Cut", "month": "2025-02", "firm": "bolt", "depth": 0.3}
MEASURES = [{"kind": "DiscountDisclosure"}, {"kind": "BelowCostBan"}, {"kind": "NoticePeriod", "months": 1}]
SETTING = tiny(events=[CUT], periods=4)
MONTHS = (0, 1, 4)


def model_after(months: int, **changes: Any) -> PriceWar:
    model = PriceWar(SETTING.but(changes) if changes else SETTING, seed=3)
    for _ in range(months):
        model.step()
    return model


CALLS: dict[str, Callable[[PriceWar], object]] = {
    "view_of": lambda model: model.view_of(model.firms[1]),
    "cost_lines": lambda model: model.cost_lines(),
    "accruals": lambda model: model.accruals(),
    "choose": lambda model: model.choose(model.found),
    "stock_months": lambda model: model.stock_months(),
    "tables": lambda model: model.tables(),
    "run_model": lambda model: model.run_model(),
    "step": lambda model: model.step(),
    "price_index": lambda model: model.price_index,
    "war_index": lambda model: model.war_index,
    "units": lambda model: model.units,
    "consumer_surplus": lambda model: model.consumer_surplus,
    "firms_active": lambda model: model.firms_active,
}
OF_FIRM: dict[str, Callable[[Firm], object]] = {
    "active": lambda firm: firm.active,
    "cash": lambda firm: firm.cash,
    "price_change": lambda firm: firm.price_change,
    "propose": lambda firm: firm.propose(),
    "step": lambda firm: firm.step(),
}


def public(kind: type) -> set[str]:
    own = {name for name, value in vars(kind).items() if callable(value) or isinstance(value, property)}
    return {name for name in own if not name.startswith("_")}


def test_no_public_name_is_left_out() -> None:
    assert public(PriceWar) | public(Gauges) == set(CALLS)
    assert public(Firm) == set(OF_FIRM)


@pytest.mark.parametrize("months", MONTHS)
@pytest.mark.parametrize("name", CALLS)
def test_everything_of_the_model_works_at_any_time(name: str, months: int) -> None:
    CALLS[name](model_after(months))
    CALLS[name](model_after(months, interventions=MEASURES))


@pytest.mark.parametrize("months", MONTHS)
@pytest.mark.parametrize("name", OF_FIRM)
def test_everything_of_a_firm_works_at_any_time(name: str, months: int) -> None:
    for firm in model_after(months, interventions=MEASURES).firms:
        OF_FIRM[name](firm)


@pytest.mark.parametrize("months", MONTHS)
def test_all_agents_can_be_asked_at_once(months: int) -> None:
    model = model_after(months)
    model.agents.do("step")
    quotes = [firm.proposal for firm in model.firms]
    assert all(quote is not None and np.all(quote.list_price > 0) for quote in quotes)
    assert model.agents.select(agent_type=Firm).get("cash") == [firm.cash for firm in model.firms]
    assert isinstance(model.datacollector, mesa.DataCollector)


def test_nothing_public_is_missing_before_the_first_month() -> None:
    """What a model has after a month, it has before one."""
    before, after = vars(model_after(0)), vars(model_after(1))
    assert {name for name in after if not name.startswith("_")} <= set(before)


def full_cost(model: PriceWar, sold: Floats) -> Floats:
    """(J,) unit cost and the firm's fixed cost a car, at half the start's volume or more, by hand."""
    land, cost = model.landscape, model.state.unit_cost.copy()
    for firm in model.firms:
        cars = max(sold[firm.own].sum(), 0.5 * land.start_units[firm.own].sum())
        cost[firm.own] += firm.spec.fixed_cost / cars
    return cost


def test_before_the_first_month_everything_is_as_at_the_start() -> None:
    model = model_after(0)
    start = model.landscape
    for firm in model.firms:
        view = model.view_of(firm)
        assert view.month == "2025-01"
        np.testing.assert_array_equal(view.price, start.start_price[firm.own])
        np.testing.assert_array_equal(view.orders, start.start_units[firm.own])
        np.testing.assert_array_equal(view.unit_cost, model.calibration.unit_cost[firm.own])
        assert view.cash == firm.spec.cash
    np.testing.assert_allclose(model.cost_lines()["atc"], full_cost(model, start.start_units))
    assert model.price_index == pytest.approx(100.0)
    assert model.war_index == 0.0
    assert np.isnan(model.consumer_surplus)
    opening, closing = model.accruals().values()
    assert opening.cars.sum() == pytest.approx(24_000)
    np.testing.assert_array_equal(opening.cars, closing.cars)


def test_between_months_a_firm_sees_what_has_happened() -> None:
    model = model_after(2)
    assert model.sales is not None
    for firm in model.firms:
        view: View = model.view_of(firm)
        assert (view.period, view.month) == (2, "2025-03")
        np.testing.assert_array_equal(view.orders, model.sales.orders[firm.own])
        np.testing.assert_array_equal(view.stock, model.state.stock[firm.own])
        np.testing.assert_array_equal(view.price, model.offers.price[firm.own])
        assert view.cash == firm.cash
    before = model.history[0].sales.units  # audits of the second month know the sales of the first
    np.testing.assert_allclose(model.cost_lines()["atc"], full_cost(model, before))


def test_tables_before_the_first_month_have_all_columns_and_no_month() -> None:
    tables = model_after(0).tables()
    for name, frame in tables.items():
        assert list(frame) == columns(name)
        assert len(frame) == (12 if name == "open_orders" else 0), name
    frames: dict[str, Any] = tables
    kept = Results(**frames)
    whole = run(SETTING)
    for name in SCHEMA:
        for column in columns(name):
            kinds = {frame[column].dtype.kind for frame in (getattr(kept, name), getattr(whole, name))}
            assert len(kinds) == 1, (name, column)


@pytest.mark.parametrize("name", [name for name in CALLS if name not in ("step", "run_model")])
def test_looking_changes_no_month(name: str) -> None:
    """The same luck, the same bytes, whether somebody looked before and between the months or not."""
    alone = model_after(0).run_model().tables()
    model = model_after(0)
    while model.running:
        CALLS[name](model)
        model.step()
    CALLS[name](model)
    for key, frame in model.tables().items():
        pd.testing.assert_frame_equal(frame, alone[key])


def test_every_public_method_is_documented() -> None:
    for kind in (PriceWar, Firm):
        assert all(inspect.getdoc(getattr(kind, name)) for name in public(kind))
