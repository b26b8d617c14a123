"""From orders to deliveries: plans, capacity, stock, order books."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import OFF, car_dynamics, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar.base.records import Floats
from pricewar.base.state import State, leave
from pricewar.market.model import PriceWar
from pricewar.market.production import flow, stock_months, turned_away
from pricewar.scenario.mechanisms import Dynamics

SOME = settings(deadline=None, max_examples=50)
cars = st.floats(0, 50_000)
six = st.lists(cars, min_size=6, max_size=6).map(np.array)


def start() -> State:
    return PriceWar(tiny(), collect=False).state


START = start()


@SOME
@given(six, six, six, st.lists(st.floats(0, 60_000), min_size=3, max_size=3), st.booleans(), six)
def test_cars_are_conserved_whatever_is_asked(
    orders: Floats, stock: Floats, backlog: Floats, capacity: list[float], plan: bool, want: Floats
) -> None:  # fmt: skip
    state = start_like(stock=stock, backlog=backlog, capacity=np.array(capacity), forecast=want)
    made = flow(state, orders, car_dynamics(dealer_stock={"on": plan}))
    assert made.produced - made.units == pytest.approx(made.stock - stock, abs=1e-6)
    assert orders - made.units == pytest.approx(made.backlog - backlog, abs=1e-6)
    for values in (made.produced, made.units, made.stock, made.backlog, made.forecast):
        assert np.all(values >= 0)
    by_firm = np.bincount(state.landscape.firm_of, weights=made.produced)
    assert np.all(by_firm <= np.array(capacity) * (1 + 1e-12) + 1e-9)


def start_like(**changes: object) -> State:
    state = State(**{**START.__dict__, "log": []})
    for name, value in changes.items():
        setattr(state, name, value)
    return state


def test_without_order_books_every_order_is_made_and_delivered_at_once() -> None:
    orders = np.full(6, 1e5)
    made = flow(start_like(), orders, Dynamics.model_validate(OFF))
    for values in (made.produced, made.units, made.forecast):
        assert np.array_equal(values, orders)
    assert np.array_equal(made.stock, START.stock)
    assert np.array_equal(made.backlog, START.backlog)


def test_a_plan_meets_the_forecast_and_closes_the_gap_in_stock_slowly() -> None:
    state = start_like(stock=START.stock * np.array([0.5, 0.5, 1, 1, 1, 1]), capacity=np.full(3, 1e9))
    made = flow(state, state.landscape.start_units, car_dynamics())
    gap = 0.5 * START.stock[:2]
    assert made.produced[:2] == pytest.approx(state.landscape.start_units[:2] + gap / 3.0)
    assert made.produced[2:4] == pytest.approx(state.landscape.start_units[2:4])


def test_made_to_order_leaves_no_car_in_the_yard_even_after_a_shortage() -> None:
    order = car_dynamics(dealer_stock={"on": False})
    units = START.landscape.start_units
    state = start_like(
        stock=np.zeros(6), backlog=np.zeros(6), start_lead=np.zeros(6), capacity=np.full(3, 9e3)
    )
    made = flow(state, units, order)
    assert made.backlog[:2].sum() == pytest.approx(6_000)
    later = flow(
        start_like(**{**state.__dict__, "backlog": made.backlog, "capacity": np.full(3, 1e6)}), units, order
    )
    assert later.produced == pytest.approx(units + made.backlog)
    assert later.stock == pytest.approx(0.0, abs=1e-9)
    assert later.backlog == pytest.approx(0.0, abs=1e-9)


def test_unsold_cars_pile_up_when_orders_fall_and_production_follows() -> None:
    made = flow(start_like(), 0.5 * START.landscape.start_units, car_dynamics())
    assert np.all(made.stock[:4] > START.stock[:4])
    assert made.forecast == pytest.approx(0.75 * START.landscape.start_units)
    assert np.all(made.produced[:4] < START.landscape.start_units[:4])


def test_an_order_book_is_worked_off_at_the_pace_of_the_start() -> None:
    """A firm with 4 months of orders delivers a fifth of its book a month: half the orders, 90% of cars."""
    made = flow(start_like(), 0.5 * START.landscape.start_units, car_dynamics())
    assert START.start_lead[4:] == pytest.approx([4, 4])
    assert made.units[4:] == pytest.approx(0.9 * START.landscape.start_units[4:])


def test_scarce_capacity_is_shared_in_proportion_and_supply_scales_it() -> None:
    state = start_like(capacity=np.array([7_500.0, 1e6, 1e6]), supply=np.array([1.0, 0.005, 1.0]))
    made = flow(state, state.landscape.start_units, car_dynamics())
    assert made.produced[:2] == pytest.approx(np.array([9_000, 6_000]) / 2)
    assert made.produced[2:4].sum() == pytest.approx(5_000)
    idle = flow(start_like(active=np.array([False, True, True])), START.landscape.start_units, car_dynamics())
    assert np.all(idle.produced[:2] == 0)


def test_a_full_book_turns_away_as_many_as_do_not_fit() -> None:
    state = start_like(capacity=np.array([1_000.0, 1e6, 1e6]), stock=np.zeros(6))
    wanted = START.landscape.start_units * 2
    refused = turned_away(state, wanted, car_dynamics())
    room = (12.0 + 1.0) * 1_000.0
    assert refused[:2] == pytest.approx(1.0 - room / wanted[:2].sum())
    assert np.all(refused[2:] == 0)
    assert np.all(turned_away(state, wanted, Dynamics.model_validate(OFF)) == 0)


def test_who_always_had_a_long_book_is_allowed_half_as_much_again() -> None:
    book = car_dynamics(backlog={"longest_months": 1.0})
    wanted = np.full(6, 1e9)
    refused = turned_away(start_like(), wanted, book)
    room = (1.5 * 4.0 + 1.0) * 6_500.0 - 24_000.0
    assert (1.0 - refused[4]) * 2e9 == pytest.approx(room)


def test_stock_is_counted_in_months_of_expected_sales() -> None:
    assert stock_months(START) == pytest.approx([1.5, 1.5, 0.5, 0.5, 0, 0])
    assert np.all(np.isfinite(stock_months(start_like(forecast=np.zeros(6)))))


def test_leaving_clears_yard_book_and_bills() -> None:
    state = start_like()
    leave(state, np.array([True, False, True]))
    gone = [0, 1, 4, 5]
    for values in (state.backlog, state.stock, state.inventory, state.forecast):
        assert np.all(values[gone] == 0)
    assert state.on_sale.tolist() == [False, False, True, True, False, False]
    assert state.payables[[0, 2]].tolist() == [0, 0]
    assert state.stock[2] > 0
    assert state.payables[1] > 0
