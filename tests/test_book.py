"""The order book: first in, first out, and what a car pays when it is delivered at another price."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pytest
from conftest import AT_REST, column, every_scenario, ran, strategies, tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pricewar.base.book import OrderBook, Settlement, Terms, deliver
from pricewar.base.book import Voided as Gone
from pricewar.market.accrual import accrue, welfare
from pricewar.market.model import PriceWar
from pricewar.runs import run
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario

PRODUCTS, GROUPS = 2, 5
RULES: tuple[Settlement, ...] = ("lower", "order", "delivery")
SOME = settings(max_examples=40, deadline=None)
CUT = {"kind": "Cut", "month": "2025-02", "until": "2025-04", "firm": "cove", "depth": 0.3}


def terms(
    price: Any, subsidy: float = 0.0, tax: float = 0.0, rebate: float = 0.0, sold: bool = True
) -> Terms:
    def full(value: float) -> np.ndarray[Any, Any]:
        return np.full(PRODUCTS, value, dtype=float)

    return Terms(
        price=np.broadcast_to(np.asarray(price, float), PRODUCTS), subsidy=full(subsidy), tax=full(tax),
        rebate=full(rebate), on_sale=np.full(PRODUCTS, sold),
    )  # fmt: skip


EVEN = np.full((GROUPS, PRODUCTS), 1.0 / GROUPS)


def empty() -> OrderBook:
    zero = np.zeros(PRODUCTS)
    return OrderBook.opening(zero, zero, terms(1.0), EVEN, np.zeros(GROUPS))


def month(
    book: OrderBook, period: int, orders: Any, units: Any, now: Terms, rule: Settlement = "lower"
) -> tuple[OrderBook, Any]:
    orders = np.broadcast_to(np.asarray(orders, float), PRODUCTS)
    full = book.ordered(period, orders, now, EVEN, np.ones(GROUPS))
    return deliver(
        full, np.asarray(units, float), now, period, rule, orders * now.price, Gone.none(PRODUCTS, GROUPS)
    )


# -- the queue ---------------------------------------------------------------------------------

FLOWS = arrays(float, (8, 2, PRODUCTS), elements=st.floats(0, 1))


@SOME
@given(FLOWS, arrays(float, (8, PRODUCTS), elements=st.floats(1e3, 1e6)), st.sampled_from(RULES))
def test_it_does_what_a_queue_of_single_cars_would(flows: Any, prices: Any, rule: Settlement) -> None:
    """Against a plain queue of (cars, price) for each product."""
    queues: list[deque[list[float]]] = [deque() for _ in range(PRODUCTS)]
    book = empty()
    for t, ((orders, part), price) in enumerate(zip(flows, prices, strict=True)):
        units = part * (book.open + orders)
        book, found = month(book, t, orders, units, terms(price), rule)
        paid, back = np.zeros(PRODUCTS), np.zeros(PRODUCTS)
        for j, queue in enumerate(queues):
            queue.append([orders[j], price[j]])
            left = units[j]
            while queue and left > 0:
                cars = min(left, queue[0][0])
                agreed = queue[0][1]
                due = {"order": agreed, "delivery": price[j], "lower": min(agreed, price[j])}[rule]
                paid[j] += cars * due
                back[j] += cars * (agreed - due)
                queue[0][0] -= cars
                left -= cars
                if queue[0][0] <= 0:
                    queue.popleft()
        scale = 1e6 * 8
        assert found.paid == pytest.approx(paid, abs=1e-9 * scale)
        assert found.refunds == pytest.approx(back, abs=1e-9 * scale)
        assert book.open == pytest.approx([sum(c for c, _ in queue) for queue in queues], abs=1e-9)
        assert book.value == pytest.approx(
            [sum(c * p for c, p in queue) for queue in queues], abs=1e-9 * scale
        )
        assert book.cars.min(initial=0.0) >= 0.0


def test_months_that_are_delivered_leave_the_book() -> None:
    book = empty()
    for t in range(50):
        book, _ = month(book, t, [3.0, 7.0], np.add(book.open, [3.0, 7.0]), terms([10.0, 20.0]))
        assert len(book.month) == 0, "nothing is left, not even rounding"


def test_the_wait_is_counted_from_the_order() -> None:
    book, _ = month(empty(), 0, 10.0, np.zeros(PRODUCTS), terms(100.0))
    book, _ = month(book, 1, 10.0, np.zeros(PRODUCTS), terms(100.0))
    _, found = month(book, 3, 0.0, np.full(PRODUCTS, 15.0), terms(100.0))
    assert found.waited == pytest.approx(PRODUCTS * (10 * 3 + 5 * 2))


def test_an_opening_book_holds_the_months_just_past() -> None:
    book = OrderBook.opening(
        np.array([25.0, 0.0]), np.array([10.0, 4.0]), terms([5.0, 6.0]), EVEN, np.ones(GROUPS)
    )
    assert book.month.tolist() == [-3, -2, -1]
    assert book.cars[:, 0].tolist() == [5.0, 10.0, 10.0]
    assert book.open.tolist() == [25.0, 0.0]
    assert book.value.tolist() == [125.0, 0.0]


# -- settlement --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "later", "paid"),
    [
        ("lower", 80.0, 80.0), ("lower", 120.0, 100.0), ("order", 80.0, 100.0), ("order", 120.0, 100.0),
        ("delivery", 80.0, 80.0), ("delivery", 120.0, 120.0),
    ],
)  # fmt: skip
def test_what_a_car_pays(rule: Settlement, later: float, paid: float) -> None:
    book, _ = month(empty(), 0, 1.0, np.zeros(PRODUCTS), terms(100.0), rule)
    _, found = month(book, 1, 0.0, np.ones(PRODUCTS), terms(later), rule)
    assert found.paid == pytest.approx(paid)
    assert found.refunds == pytest.approx(100.0 - paid)
    assert found.afterwards.sum() == pytest.approx(PRODUCTS * (100.0 - paid))


def test_a_car_that_is_no_longer_on_sale_keeps_the_terms_of_its_order() -> None:
    book, _ = month(empty(), 0, 1.0, np.zeros(PRODUCTS), terms(100.0, subsidy=7.0, tax=2.0))
    _, found = month(book, 1, 0.0, np.ones(PRODUCTS), terms(50.0, sold=False))
    assert found.paid == pytest.approx(100.0)
    assert found.state_paid == pytest.approx(5.0)
    assert found.surprise == 0.0


def test_the_state_settles_by_the_month_of_delivery_and_the_difference_is_the_buyers() -> None:
    book, _ = month(empty(), 0, 4.0, np.zeros(PRODUCTS), terms(100.0, subsidy=10.0))
    _, found = month(book, 1, 0.0, np.full(PRODUCTS, 4.0), terms(100.0, tax=3.0))
    assert found.state_paid == pytest.approx(-12.0)
    assert found.surprise == pytest.approx(PRODUCTS * 4 * -13.0)
    assert found.afterwards.sum() == pytest.approx(found.surprise)


def test_a_rebate_hoped_for_is_taken_back_at_delivery() -> None:
    """Price protection is counted when it is paid, not when it is hoped for."""
    book, _ = month(empty(), 0, 2.0, np.zeros(PRODUCTS), terms(100.0, rebate=5.0))
    _, found = month(book, 1, 0.0, np.full(PRODUCTS, 2.0), terms(100.0))
    assert found.afterwards.sum() == pytest.approx(-PRODUCTS * 2 * 5.0)


def test_refunds_go_to_the_groups_that_ordered() -> None:
    poor = np.zeros((GROUPS, PRODUCTS))
    poor[0] = 1.0
    orders = np.ones(PRODUCTS)
    book = empty().ordered(0, orders, terms(100.0), poor, np.zeros(GROUPS))
    book, found = month(book, 1, orders, [2.0, 2.0], terms(60.0))
    assert found.afterwards.tolist() == pytest.approx([80.0, 0, 0, 0, 0])


# -- the model ---------------------------------------------------------------------------------


def books(model: PriceWar) -> dict[str, np.ndarray[Any, Any]]:
    names = ("order_value", "refunds", "voided", "voided_value", "value", "paid")
    found = {name: np.array([getattr(m.sales.bookings, name) for m in model.history]) for name in names}
    start = PriceWar(model.setting, seed=model.seed_of_run, collect=False)
    found["before"] = np.vstack([start.state.book.value, found["value"][:-1]])
    found["cars_before"] = np.vstack([start.state.backlog, column(model, "sales", "backlog")[:-1]])
    return found


def check_identities(model: PriceWar) -> None:
    """Book, cars and revenue of every product and month, to 1e-9 of what was moved."""
    book, vat = books(model), model.setting.market.vat
    moved = book["before"] + book["order_value"] + np.abs(book["refunds"])
    after = book["before"] + book["order_value"] - book["paid"] - book["refunds"] - book["voided_value"]
    assert np.all(np.abs(book["value"] - after) <= 1e-9 * moved + 1e-6)
    orders, units = column(model, "sales", "orders"), column(model, "sales", "units")
    left = book["cars_before"] + orders - units - book["voided"]
    assert column(model, "sales", "backlog") == pytest.approx(left, rel=1e-9, abs=1e-6)
    cars = np.array([m.sales.bookings.cars.sum(axis=0) for m in model.history])
    assert cars == pytest.approx(units, rel=1e-9, abs=1e-6)
    firsts, accounts = model.landscape.first, [m.accounts for m in model.history]
    paid = np.add.reduceat(book["paid"] - np.array([a.protection for a in accounts]), firsts, axis=1)
    revenue = np.array([a.revenue for a in accounts])
    assert revenue * (1.0 + vat) == pytest.approx(paid, rel=1e-9, abs=1.0)


@pytest.mark.parametrize("rule", RULES)
@every_scenario
def test_the_identities_hold_in_every_shipped_scenario(name: str, rule: Settlement) -> None:
    check_identities(ran(load(name).but({"market.settlement": rule, "consumers.draws": 100})))


def test_the_tables_say_the_same() -> None:
    results = run(load("byd-one-third").but({"periods": 12, "consumers.draws": 100})).require_complete()
    table = results.products.sort_values(["product", "period"])
    before = table.groupby("product")["book_value"].shift()
    paid = (table["units"] * table["paid_price"]).fillna(0.0)
    after = before + table["order_value"] - paid - table["refunds"] - table["voided_value"]
    known = before.notna()
    assert table["book_value"][known].to_numpy() == pytest.approx(after[known].to_numpy(), rel=1e-9, abs=1.0)
    assert (table["refunds"] >= 0).all(), "under the lower price nobody pays more than agreed"


@SOME
@given(
    st.sampled_from(RULES), st.floats(0, 0.2), st.floats(0, 0.1), st.floats(0.05, 0.5),
    st.sampled_from((-5e8, 2e9)), st.integers(0, 100),
)  # fmt: skip
def test_the_identities_hold_in_any_war(
    rule: Settlement, cancellation: float, deposit: float, depth: float, cash: float, seed: int
) -> None:
    scenario = tiny(
        {
            "market.settlement": rule, "market.deposit": deposit, "firms.cove.cash": cash,
            "dynamics.backlog.cancellation": cancellation,
        },
        events=[{**CUT, "depth": depth}],
        interventions=[{"kind": "PriceProtection"}],
        seed=seed,
    )  # fmt: skip
    check_identities(ran(scenario))


def cove(rule: Settlement, **changes: Any) -> PriceWar:
    quiet = {
        **AT_REST,
        "market.settlement": rule,
        "dynamics.waiting.on": False,
        **strategies("Hold"),
        **changes,
    }
    return ran(tiny(quiet, events=[CUT]))


def test_a_cut_is_booked_at_the_price_at_which_the_cars_were_sold() -> None:
    """Ordered at -30% and delivered after the cut: by the order they pay -30%, by delivery the full price."""
    order, delivery, lower = (cove(rule) for rule in ("order", "delivery", "lower"))
    units = column(order, "sales", "units")
    assert np.array_equal(units, column(delivery, "sales", "units")), "who pays what moves no car here"
    after = slice(4, None)  # the cut is over, its orders are still being delivered
    paid = {m: books(m)["paid"][after, 4:].sum() / units[after, 4:].sum() for m in (order, delivery, lower)}
    start = (order.landscape.start_price[4:] * units[after, 4:]).sum() / units[after, 4:].sum()
    assert paid[delivery] == pytest.approx(start)
    assert paid[order] < 0.9 * start
    assert paid[lower] == pytest.approx(paid[order]), "what was ordered at the low price keeps it"
    during = slice(1, 4)
    refunds = {m: books(m)["refunds"][during, 4:].sum() for m in (order, delivery, lower)}
    assert refunds[order] == 0.0
    assert refunds[lower] == pytest.approx(refunds[delivery])
    assert refunds[lower] > 0.0, "orders of before the cut pay the lower price"


def test_what_buyers_gain_by_settlement_makers_lose() -> None:
    """Which price a car pays is a transfer: surplus, revenue and VAT add up to the same."""
    whole = {}
    for rule in RULES:
        model = cove(rule)
        market = model.tables()["market"]
        book = model.accruals()["closing"]
        revenue = np.array([m.accounts.revenue.sum() for m in model.history]).sum()
        vat = model.setting.market.vat
        paid = revenue * (1 + vat) + book.value.sum() - book.refunds.sum()
        whole[rule] = market["consumer_surplus"].sum() + book.surplus.sum() + paid
    assert whole["order"] == pytest.approx(whole["lower"], rel=1e-12)
    assert whole["order"] == pytest.approx(whole["delivery"], rel=1e-12)


def test_a_maker_that_leaves_voids_its_book_and_gives_deposits_back() -> None:
    leaves = {"kind": "Exit", "month": "2025-03", "firm": "cove"}
    model = ran(tiny({**AT_REST, "market.deposit": 0.1}, events=[leaves], periods=4))
    tables = model.tables()
    products = tables["products"].query("firm == 'cove'").set_index(["period", "product"])
    before = products.loc[1, "book_value"]
    assert products.loc[2, "voided_value"].to_numpy() == pytest.approx(before.to_numpy())
    assert products.loc[2, "voided"].sum() == pytest.approx(products.loc[1, "backlog"].sum())
    assert (products.loc[2, "book_value"] == 0).all()
    firms = tables["firms"].query("firm == 'cove'").set_index("period")
    assert firms.loc[1, "deposits"] == pytest.approx(0.1 * before.sum())
    assert firms.loc[2, "deposits"] == 0.0
    lost = 0.1 * before.sum()
    stays = ran(tiny({**AT_REST, "market.deposit": 0.0}, events=[leaves], periods=4)).tables()["firms"]
    without = stays.query("firm == 'cove'").set_index("period")["cash"]
    held = firms.loc[1, "cash"] - without[1]
    assert firms.loc[2, "cash"] - without[2] == pytest.approx(held - lost, rel=1e-9)
    surplus = tables["market"]["consumer_surplus"]
    assert surplus[2] < surplus[1], "buyers whose orders are void have not gained what they counted on"


def test_cancelled_orders_leave_the_book_and_what_they_were_worth_the_surplus() -> None:
    quiet = tiny({**AT_REST, "dynamics.backlog.cancellation": 0.1}, periods=1)
    model, calm = ran(quiet), ran(tiny({**AT_REST}, periods=1))
    voided = books(model)["voided"]
    assert voided[0, 4:] == pytest.approx(0.1 * PriceWar(quiet, collect=False).state.backlog[4:])
    assert model.consumer_surplus < calm.consumer_surplus


def test_at_rest_a_book_pays_the_start_price_and_waits_as_before() -> None:
    model = ran(tiny({**AT_REST, **strategies("Hold")}))
    price = np.array([m.sales.bookings.paid / m.sales.units for m in model.history])
    assert price == pytest.approx(np.tile(model.landscape.start_price, (len(price), 1)))
    waits = model.tables()["market"]["mean_wait"].to_numpy()
    lead = 24_000 / 6_000
    share = 6_000 / model.landscape.start_units.sum()
    assert waits == pytest.approx(np.full(len(waits), lead * share), rel=1e-6)


def test_price_protection_does_not_repay_what_the_settlement_has_given() -> None:
    """A car in the book takes the lower price; only cars delivered before the cut are protected."""
    measure = {"kind": "PriceProtection", "months": 12}
    scenario = tiny(
        {**AT_REST, **strategies("Hold"), "market.settlement": "lower"}, events=[CUT], interventions=[measure]
    )
    model = ran(scenario)
    paid = np.array([m.accounts.protection for m in model.history])
    start, units = model.landscape.start_price, column(model, "sales", "units")
    due = units[0] * (start - model.history[1].offers.price)
    assert paid.sum(axis=0) == pytest.approx(np.maximum(due, 0.0), rel=1e-9)


# -- open orders -------------------------------------------------------------------------------


def test_an_accrual_is_what_a_delivery_of_the_whole_book_would_book() -> None:
    book, _ = month(empty(), 0, [10.0, 0.0], np.zeros(PRODUCTS), terms(113.0, subsidy=5.0))
    found = accrue(book, terms(90.4, tax=1.0), "lower", np.full(PRODUCTS, 60.0), np.full(PRODUCTS, 4.0), 0.13)
    assert found.refunds.tolist() == pytest.approx([226.0, 0.0])
    assert found.margin.tolist() == pytest.approx([10 * (80.0 - 60.0), 0.0])
    assert found.supplier_margin.tolist() == pytest.approx([40.0, 0.0])
    assert found.fiscal_cost.tolist() == pytest.approx([10 * (-1.0 - 0.13 * 80.0), 0.0])
    assert found.surplus.sum() == pytest.approx(226.0 - 10 * 6.0)
    parts = found.margin + found.supplier_margin + found.surplus.sum(axis=0) - found.fiscal_cost
    assert welfare(found) == pytest.approx(parts)


def test_open_orders_are_counted_in_a_table_of_their_own() -> None:
    scenario: Scenario = tiny({**AT_REST, "market.settlement": "order"}, events=[CUT], periods=3)
    results = run(scenario).require_complete()
    parts = results.open_orders.drop(columns=["scenario", "seed", "product"])
    table = parts.groupby(["book", "firm"]).sum()
    closing = table.loc[("closing", "cove")]
    last = results.firms.query("firm == 'cove'").iloc[-1]
    assert closing["cars"] == pytest.approx(last["backlog"])
    assert closing["book_value"] == pytest.approx(last["book_value"])
    first = results.products.query("period == 0").set_index("product")
    before = results.open_orders.query("book == 'opening'").set_index("product")["book_value"]
    paid = (first["units"] * first["paid_price"]).fillna(0.0)
    after = before + first["order_value"] - paid - first["refunds"] - first["voided_value"]
    assert first["book_value"].to_numpy() == pytest.approx(after[first.index].to_numpy(), abs=1.0)
    opening = table.loc[("opening", "cove")]
    assert opening["refunds"] == 0.0
    assert opening["book_value"] == pytest.approx(PriceWar(scenario, collect=False).state.book.value.sum())
