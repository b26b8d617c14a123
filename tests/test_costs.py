"""What a car costs, what a month earns, when bills are paid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import AT_REST, column, ran, strategies, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar.base.months import DAYS_A_MONTH
from pricewar.base.records import Accounts
from pricewar.market.costs import (
    BATTERY_CEILING,
    CostParts,
    cost_lines,
    fixed_a_car,
    pay,
    squeezed_out,
)
from pricewar.market.model import PriceWar

SOME = settings(deadline=None, max_examples=30)
QUIET = {**AT_REST, **strategies("Hold")}


def curve(changes: dict[str, Any] | None = None) -> tuple[PriceWar, CostParts]:
    model = PriceWar(tiny(changes or {}), collect=False)
    return model, model.cost_parts


def test_a_battery_costs_its_size_times_the_pack_price_up_to_a_ceiling() -> None:
    model, parts = curve()
    assert parts.start == pytest.approx(model.calibration.unit_cost)
    assert parts.battery[0] == pytest.approx(38 * 680)
    _, dear = curve({"market.pack_price": 5_000})
    assert dear.battery[0] == pytest.approx(BATTERY_CEILING * model.calibration.unit_cost[0])


def test_learning_takes_the_rate_off_per_doubling() -> None:
    model, parts = curve({"dynamics.learning.rate": 0.2})
    model.state.cumulative = model.start_cumulative * np.array([1.0, 2.0, 4.0])
    cost = parts.full_terms(model.state, model.setting, model.start_cumulative)
    factor = np.repeat([1.0, 0.8, 0.64], 2)
    assert cost == pytest.approx(parts.battery + factor * parts.rest)
    still, parts = curve({"dynamics.learning.on": False})
    still.state.cumulative = still.start_cumulative * 8
    assert parts.full_terms(still.state, still.setting, still.start_cumulative) == pytest.approx(parts.start)


def test_shocks_scale_and_add_and_batteries_have_their_own_path() -> None:
    model, parts = curve({"dynamics.learning.on": False})
    model.state.cost_factor, model.state.cost_extra = np.full(6, 1.1), np.full(6, 500.0)
    model.state.pack_price = 0.5
    cost = parts.full_terms(model.state, model.setting, model.start_cumulative)
    assert cost == pytest.approx((0.5 * parts.battery + parts.rest) * 1.1 + 500)


def test_suppliers_give_up_their_part_of_a_fall() -> None:
    chain = tiny({"supply_chain.squeeze": 0.3}).supply_chain
    given = squeezed_out(np.array([100.0, 100.0]), np.array([0.0, 0.2]), chain)
    assert given == pytest.approx([0.0, 100 * 0.8 * 0.3 * 0.2])


def test_battery_prices_fall_by_the_stated_rate_a_year() -> None:
    model = ran(
        tiny({**QUIET, "dynamics.battery.on": True, "dynamics.battery.change_a_year": -0.12}, periods=13)
    )
    cost = np.array([month.unit_cost for month in model.history])
    battery = model.cost_parts.battery
    assert cost[12] == pytest.approx(model.cost_parts.rest + 0.88 * battery, rel=1e-9)


def test_learning_lowers_costs_in_a_run_as_cars_are_made() -> None:
    model = ran(tiny({**QUIET, "dynamics.learning.on": True}))
    cost = np.array([month.unit_cost for month in model.history])
    assert np.all(np.diff(cost, axis=0) < 0)
    made = 3 * 12 + np.arange(8.0)
    expected = model.cost_parts.battery[0] + model.cost_parts.rest[0] * (made / 36) ** np.log2(0.95)
    assert cost[:, 0] == pytest.approx(expected, rel=1e-6)


@SOME
@given(st.floats(1e3, 1e6), st.floats(0, 1e5))
def test_cost_lines_stand_in_order(unit_cost: float, fixed: float) -> None:
    lines = cost_lines(np.array([unit_cost]), np.zeros(1), np.array([fixed]))
    assert lines["avc"] <= lines["aac"] <= lines["lraic"] <= lines["atc"] == unit_cost + fixed
    assert unit_cost <= lines["full"] <= lines["atc"]


def blank(**changes: Any) -> Accounts:
    zero = np.zeros(1)
    names = (
        "revenue", "production_cost", "fixed_cost", "fines", "levy", "paid_suppliers", "payables",
        "payable_days", "cash", "inventory", "deposits", "protection",
    )  # fmt: skip
    return Accounts(period=0, **{**dict.fromkeys(names, zero), **changes})


@SOME
@given(st.floats(0, 400), st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0, 1))
def test_paying_conserves_money(days: float, payables: float, made: float, share: float) -> None:
    bought = np.array([share * made])
    books = blank(payables=np.array([payables]), payable_days=np.array([days]), cash=np.array([5.0]))
    paid = pay(books, np.array([made]), bought, np.array([7.0]), np.zeros(1))
    assert paid.payables - payables == pytest.approx(bought - paid.paid_suppliers, abs=1e-3)
    assert paid.cash == pytest.approx(5 + 7 - paid.paid_suppliers - (made - bought), abs=1e-3)
    assert paid.payables >= -1e-6
    assert paid.paid_suppliers >= 0


@pytest.mark.parametrize("days", [0, 15, DAYS_A_MONTH, 60, 200])
def test_a_steady_firm_owes_its_days_of_purchases(days: float) -> None:
    books = blank(payable_days=np.array([float(days)]))
    for _ in range(400):
        books = pay(books, np.array([100.0]), np.array([80.0]), np.zeros(1), np.zeros(1))
    assert books.payables == pytest.approx(80.0 * days / DAYS_A_MONTH, rel=1e-6, abs=1e-9)
    assert books.paid_suppliers == pytest.approx(80.0, rel=1e-6)


def test_shorter_terms_cost_cash_once() -> None:
    rule = {"kind": "PaymentRule", "start": "2025-03", "days": 60}
    free, ruled = (ran(tiny(QUIET, interventions=measures)) for measures in ([], [rule]))
    cash = column(free, "accounts", "cash")[:, 0] - column(ruled, "accounts", "cash")[:, 0]
    assert np.all(cash[:2] == 0)
    owed = column(free, "accounts", "payables")[:, 0] - column(ruled, "accounts", "payables")[:, 0]
    assert cash == pytest.approx(owed, rel=1e-9)
    assert cash[2] > 0
    assert column(ruled, "accounts", "payable_days")[-1].tolist() == [60, 20, 60]


def test_stock_is_booked_at_cost_and_leaves_at_its_average() -> None:
    shock = {"kind": "CostShock", "month": "2025-02", "change": 0.2}
    model = ran(tiny(QUIET, events=[shock]))
    cost = column(model, "accounts", "production_cost")[:, 0]
    units, unit_cost = column(model, "sales", "units"), np.array([m.unit_cost for m in model.history])
    now = (units * unit_cost)[:, :2].sum(axis=1)
    assert cost[0] == pytest.approx(now[0], rel=1e-9)
    assert cost[0] < cost[1] < now[1], "cars made before the shock are sold after it"
    made = (column(model, "sales", "produced") * unit_cost)[:, :2].sum(axis=1)
    inventory = column(model, "accounts", "inventory")[:, 0]
    assert np.diff(inventory) == pytest.approx((made - cost)[1:], rel=1e-6)


def test_gross_and_operating_profit() -> None:
    books = blank(
        revenue=np.array([100.0]), production_cost=np.array([70.0]), fixed_cost=np.array([10.0]),
        fines=np.array([1.0]), levy=np.array([2.0]),
    )  # fmt: skip
    assert books.gross_profit == 30
    assert books.operating_profit == 17


def test_full_cost_spreads_fixed_cost_over_normal_volume_at_least() -> None:
    model = PriceWar(tiny(QUIET), collect=False)
    assert fixed_a_car(model.state, None)[0] == pytest.approx(2e8 / 15_000)
    model.step()
    assert model.sales is not None
    few = model.sales.but(units=model.sales.units / 100)
    assert fixed_a_car(model.state, few)[0] == pytest.approx(2e8 / 7_500)


def test_cost_lines_are_what_a_hand_computes() -> None:
    """A car of 100,000 with 10,000 of fixed cost on it, by the shares that the sources give."""
    lines = cost_lines(np.array([100_000.0]), np.zeros(1), np.array([10_000.0]))
    expected = {"avc": 88_000.0, "aac": 90_500.0, "lraic": 108_000.0, "atc": 110_000.0, "full": 105_500.0}
    assert {name: float(value[0]) for name, value in lines.items()} == pytest.approx(expected)
