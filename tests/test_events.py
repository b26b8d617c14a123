"""Events: what each does to the state or the offers, how it is undone, and what it refuses."""

from __future__ import annotations

import copy
import math
import pickle
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pricewar import events
from pricewar.base.book import OrderBook, Voided
from pricewar.base.errors import InputError
from pricewar.base.rules import make_rule, shipped
from pricewar.base.state import State
from pricewar.events import (
    BrandShock,
    CampaignCut,
    CapacityChange,
    ChipShock,
    CostShock,
    Cut,
    DemandShock,
    Entry,
    Event,
    Exit,
    FixedCost,
    Launch,
    Subsidy,
)
from pricewar.testing.interventions import example_market, example_offers

MONTH = "2025-05"
MARKET = example_market()
START = MARKET.start_price


def state(**changes: Any) -> State:
    """The example market between two months: 10% off all list prices, everything on sale."""
    products, firms = len(MARKET.products), len(MARKET.firms)
    known: dict[str, Any] = {
        "landscape": MARKET,
        "list_price": 1.1 * START,
        "promotion": 1.1 * START - START,
        "on_sale": np.ones(products, dtype=bool),
        "active": np.ones(firms, dtype=bool),
        "brand": np.zeros(firms),
        "reference": START.copy(),
        "cost_factor": np.ones(products),
        "capacity": np.array([1e5, 5e4, 2e4]),
        "forecast": MARKET.start_units.copy(),
        "backlog": MARKET.start_units.copy(),
        "fixed_cost": np.array([1e9, 5e8, 2e8]),
        "payables": np.array([3e9, 2e9, 1e9]),
        "months_broke": np.zeros(firms),
        "demand_factor": 1.0,
        "planned": 1.0,
        "pack_price": 1.0,
        "log": [],
        "cash": np.array([5e9, 5e9, 5e9]),
        "deposits": np.array([1e8, 0.0, 0.0]),
        "credit": np.zeros(firms),
        "book": OrderBook.opening(
            MARKET.start_units,
            MARKET.start_units,
            example_offers().terms,
            np.full((5, products), 0.2),
            np.ones(5),
        ),
        "voided": Voided.none(products, 5),
    }
    values = {field.name: known.get(field.name, np.zeros(products)) for field in fields(State)}
    return State(**{**values, **changes})


def frozen(market: State) -> State:
    """The same with arrays that refuse writing: events must put new arrays in place."""
    for field in fields(State):
        value = getattr(market, field.name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return market


EXAMPLES: list[Event] = [
    Cut(month=MONTH, firm="alpha", depth=0.25),
    Cut(month=MONTH, firm="alpha", to_price={"alpha-s": 60_000.0}),
    CampaignCut(month=MONTH, firm="beta", cuts={"beta-s": 9_000.0, "beta-m": 14_000.0}, already_given=0.5),
    Launch(month=MONTH, product="gamma-l", plan=3_000.0),
    Entry(month=MONTH, firm="gamma"),
    Exit(month=MONTH, firm="gamma"),
    BrandShock(month=MONTH, firm="beta", size=0.3),
    CostShock(month=MONTH, change=0.05),
    ChipShock(month=MONTH, firms=("alpha", "gamma"), cost=2_000.0, capacity_factor=0.7),
    CapacityChange(month=MONTH, firm="beta", units=10_000.0),
    Subsidy(month=MONTH, amount=5_000.0, segments=("B",)),
    DemandShock(month=MONTH, factor=0.9),
    FixedCost(month=MONTH, firm="alpha", amount=5e10 / 120),
]


def test_every_shipped_event_is_among_the_examples() -> None:
    assert set(shipped("pricewar.events", Event)) == {event.kind for event in EXAMPLES}
    assert "Event" in events.__all__


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.kind)
def test_survives_pickle_and_table_and_has_a_line_for_figures(event: Event) -> None:
    assert pickle.loads(pickle.dumps(event)) == event
    assert make_rule(event.model_dump(mode="json"), "pricewar.events", Event) == event
    assert 0 < len(event.describe()) <= 80
    assert event.entity in (*MARKET.firms, *MARKET.products, "market")
    assert event.model_copy(update={"label": "short"}).describe() == "short"


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.kind)
def test_writes_into_no_array_that_records_may_share(event: Event) -> None:
    before = frozen(state())
    offers = example_offers()
    event.strike(before)
    event.impose(offers, before, -1)
    event.revoke(before)


@pytest.mark.parametrize(
    "event", [e for e in EXAMPLES if not isinstance(e, Launch | Entry | Exit | BrandShock)], ids=repr
)
def test_revoke_undoes_strike(event: Event) -> None:
    market = state()
    was = copy.deepcopy(market)
    event.strike(market)
    event.revoke(market)
    for field in fields(State):
        if field.name not in ("landscape", "log", "book", "voided"):
            np.testing.assert_allclose(
                getattr(market, field.name), getattr(was, field.name), rtol=1e-14, err_msg=field.name
            )


def test_calendar_of_an_event() -> None:
    event = DemandShock(month="2025-07", until="2025-08", factor=0.9)
    periods = range(5)
    assert [event.strikes(MONTH, t) for t in periods] == [False, False, True, False, False]
    assert [event.lasts(MONTH, t) for t in periods] == [False, False, True, True, False]
    assert [event.ends(MONTH, t) for t in periods] == [False, False, False, False, True]
    for_good = DemandShock(month="2025-07", factor=0.9)
    assert [for_good.lasts(MONTH, t) for t in periods] == [False, False, True, True, True]
    assert not any(for_good.ends(MONTH, t) for t in periods)


def test_event_of_ones_own_needs_no_more_than_a_strike() -> None:
    class Rumour(Event):
        def strike(self, state: State) -> None:
            state.planned *= 0.9

    rumour, market, offers = Rumour(month=MONTH), state(), example_offers()
    rumour.strike(market)
    assert market.planned == 0.9
    assert rumour.impose(offers, market, -1) is offers
    assert rumour.entity == "market"
    assert list(rumour.names()) == []
    assert rumour.describe() == rumour.kind
    assert rumour.model_copy(update={"label": "a rumour"}).describe() == "a rumour"


# -- cuts ------------------------------------------------------------------------------------------


def test_cut_takes_its_depth_off_the_start_price_of_one_firm() -> None:
    cut = Cut(month=MONTH, firm="alpha", depth=0.25).impose(example_offers(), state(), -1)
    np.testing.assert_allclose(cut.price, START * [0.75, 0.75, 0.75, 1, 1, 1])
    np.testing.assert_array_equal(cut.list_price, example_offers().list_price)
    assert list(cut.announced_end) == [-1] * 6


def test_cut_on_list_leaves_the_promotion() -> None:
    cut = Cut(month=MONTH, firm="alpha", products=("alpha-m",), amount=12_000.0, on="list")
    offers = cut.impose(example_offers(), state(), -1)
    assert offers.list_price[1] == pytest.approx(120_000.0 * 1.1 - 12_000.0)
    assert offers.price[1] == pytest.approx(108_000.0)
    np.testing.assert_array_equal(offers.promotion, example_offers().promotion)


def test_what_dealers_gave_before_is_not_a_cut() -> None:
    campaign = {"alpha-s": 14_000.0, "alpha-l": 30_000.0}
    cut = CampaignCut(month=MONTH, firm="alpha", cuts=campaign, already_given=0.75)
    price = cut.impose(example_offers(), state(), -1).price
    np.testing.assert_allclose(START - price, [3_500.0, 0, 7_500.0, 0, 0, 0])
    whole = CampaignCut(month=MONTH, firm="alpha", cuts=campaign, already_given=1.0)
    np.testing.assert_allclose(whole.impose(example_offers(), state(), -1).price, START)


def test_limited_offer_names_its_end_and_then_goes_back() -> None:
    cut = Cut(month=MONTH, until="2025-06", firm="alpha", depth=0.2)
    offers = cut.impose(example_offers(), state(), 1)
    assert list(offers.announced_end) == [1, 1, 1, -1, -1, -1]
    market = state(list_price=offers.list_price, promotion=offers.promotion)
    cut.revoke(market)
    np.testing.assert_allclose(market.list_price - market.promotion, START)
    stays = state(list_price=offers.list_price, promotion=offers.promotion)
    cut.model_copy(update={"reverts": False}).revoke(stays)
    np.testing.assert_array_equal(stays.promotion, offers.promotion)


def test_a_war_meanwhile_is_not_taken_back_with_the_offer() -> None:
    lower = example_offers(-0.35)
    market = state(list_price=lower.list_price, promotion=lower.promotion)
    Cut(month=MONTH, until="2025-06", firm="alpha", depth=0.2, on="list").revoke(market)
    np.testing.assert_allclose((market.list_price - market.promotion) / START, [0.85] * 3 + [0.65] * 3)


@settings(deadline=None, max_examples=50)
@given(
    proposed=st.floats(-0.6, 0.3), first=st.floats(0.01, 0.9), second=st.floats(0.01, 0.9),
    on=st.sampled_from(["promotion", "list"]),
)  # fmt: skip
def test_of_two_cuts_and_a_proposal_the_lowest_price_stands(
    proposed: float, first: float, second: float, on: str
) -> None:
    cuts = [Cut(month=MONTH, firm="alpha", depth=depth, on=on) for depth in (first, second)]
    offers = example_offers(proposed)
    one = cuts[1].impose(cuts[0].impose(offers, state(), -1), state(), -1)
    two = cuts[0].impose(cuts[1].impose(offers, state(), -1), state(), -1)
    np.testing.assert_allclose(one.price, two.price)
    np.testing.assert_allclose(one.price[:3], START[:3] * min(1 + proposed, 1 - first, 1 - second))
    np.testing.assert_array_equal(one.price[3:], offers.price[3:])


def test_to_price_sets_the_price_and_never_raises_it() -> None:
    cut = Cut(month=MONTH, firm="alpha", to_price={"alpha-s": 60_000.0, "alpha-m": 500_000.0})
    np.testing.assert_allclose(cut.impose(example_offers(), state(), -1).price, [60_000.0, *START[1:]])


def test_cut_that_leaves_no_price_or_is_on_another_firms_product_is_refused() -> None:
    event = CampaignCut(month=MONTH, firm="alpha", cuts={"alpha-s": 80_000.0, "beta-s": 1_000.0})
    with pytest.raises(InputError) as error:
        event.impose(example_offers(), state(), -1)
    assert "alpha-s: found 80000.0; allowed: a cut below 80000" in str(error.value)
    assert "beta-s: found 1000.0; allowed: products of alpha only" in str(error.value)


# -- launches, entries, exits -----------------------------------------------------------------------


def test_launch_puts_a_product_on_sale_without_history() -> None:
    market = state(on_sale=np.arange(6) < 5, price_trend=np.full(6, -0.02), reference=0.9 * START)
    Launch(month=MONTH, product="gamma-l", plan=3_000.0).strike(market)
    assert market.on_sale.all()
    assert market.forecast[5] == 3_000.0
    assert market.reference[5] == pytest.approx(260_000.0)
    np.testing.assert_array_equal(market.price_trend, [-0.02] * 5 + [0.0])
    Launch(month=MONTH, product="gamma-l").revoke(market)
    assert not market.on_sale[5]


def test_firm_that_left_launches_nothing() -> None:
    market = state(on_sale=np.arange(6) < 5, active=np.array([True, True, False]))
    Launch(month=MONTH, product="gamma-l").strike(market)
    assert not market.on_sale[5]


def test_exit_and_entry_concern_one_firm() -> None:
    market = state()
    Exit(month=MONTH, firm="alpha").strike(market)
    assert list(market.active) == [False, True, True]
    assert list(market.on_sale) == [False] * 3 + [True] * 3
    assert market.backlog[:3].sum() == 0
    assert market.book.open[:3].sum() == 0
    assert market.voided.cars.tolist() == [*MARKET.start_units[:3], 0, 0, 0]
    assert market.cash.tolist() == [4.9e9, 5e9, 5e9], "deposits go back to the buyers"
    assert list(market.payables) == [0.0, 2e9, 1e9], "unwanted: suppliers of the firm are not paid"
    Entry(month=MONTH, firm="alpha").strike(market)
    assert market.active.all()
    assert market.on_sale.all()


# -- shocks -----------------------------------------------------------------------------------------


def test_brand_shock_loses_the_stated_share_of_orders() -> None:
    market = state()
    BrandShock(month=MONTH, firm="beta", size=0.3).strike(market)
    assert market.brand[1] == pytest.approx(math.log(0.7))
    share = 0.05
    odds = share / (1 - share) * math.exp(market.brand[1])
    lost = 1 - odds / (1 + odds) / share
    assert lost == pytest.approx(0.3 * (1 - share) / (1 - 0.3 * share))
    BrandShock(month=MONTH, firm="beta", size=-0.2).strike(market)
    assert market.brand[1] == pytest.approx(math.log(0.7 * 1.2))


def test_cost_and_chip_shocks_hit_those_exposed() -> None:
    market = state()
    CostShock(month=MONTH, firms=("beta",), change=-0.1).strike(market)
    np.testing.assert_allclose(market.cost_factor, [1, 1, 1, 0.9, 0.9, 1])
    ChipShock(month=MONTH, firms=("gamma",), cost=4_000.0, capacity_factor=0.5).strike(market)
    np.testing.assert_array_equal(market.cost_extra, [0, 0, 0, 0, 0, 4_000.0])
    np.testing.assert_array_equal(market.capacity, [1e5, 5e4, 1e4])


def test_overlapping_shocks_can_be_taken_back_in_any_order() -> None:
    market = state()
    first = ChipShock(month=MONTH, firms="all", cost=1_000.0, capacity_factor=0.8)
    second = CapacityChange(month=MONTH, firm="alpha", factor=0.5)
    for event in (first, second):
        event.strike(market)
    assert market.capacity[0] == pytest.approx(4e4)
    first.revoke(market)
    assert market.capacity[0] == pytest.approx(5e4)
    second.revoke(market)
    np.testing.assert_allclose(market.capacity, [1e5, 5e4, 2e4])


def test_capacity_never_goes_below_zero() -> None:
    plant = CapacityChange(month=MONTH, firm="gamma", units=30_000.0)
    market = state()
    plant.strike(market)
    assert market.capacity[2] == 50_000.0
    ChipShock(month=MONTH, firms=("gamma",), capacity_factor=0.1).strike(market)
    plant.revoke(market)
    assert market.capacity[2] == 0.0


def test_subsidy_demand_and_fixed_cost() -> None:
    market = state()
    Subsidy(month=MONTH, amount=5_000.0, firms=("alpha",), segments=("A0", "A")).strike(market)
    assert list(market.subsidy) == [5_000.0, 0, 0, 0, 0, 0], "alpha-s is the only car of alpha in A"
    Subsidy(month=MONTH, amount=-2_000.0).strike(market)
    assert list(market.subsidy) == [3_000.0] + [-2_000.0] * 5
    DemandShock(month=MONTH, factor=0.8).strike(market)
    assert market.demand_factor == 0.8
    FixedCost(month=MONTH, firm="beta", amount=5e10 / 120).strike(market)
    assert market.fixed_cost[1] - 5e8 == pytest.approx(416_666_666.67)


# -- bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"kind": "Cut", "firm": "a", "depth": 1.2}, "less than 1"),
        ({"kind": "Cut", "firm": "a", "depth": 0.0}, "greater than 0"),
        ({"kind": "Cut", "firm": "a"}, "exactly one of depth, amount, to_price; found none"),
        ({"kind": "Cut", "firm": "a", "depth": 0.1, "amount": 5.0}, "found depth and amount"),
        ({"kind": "Cut", "firm": "a", "to_price": {}}, "non-empty table"),
        ({"kind": "Cut", "firm": "a", "to_price": {"x": 5.0}, "already_given": 0.5}, "already_given"),
        ({"kind": "Cut", "firm": "a", "depth": 0.1, "already_given": 1.5}, "less than or equal to 1"),
        ({"kind": "Cut", "firm": "a", "depth": 0.1, "on": "rebate"}, "'promotion' or 'list'"),
        ({"kind": "CampaignCut", "firm": "a", "cuts": {}}, "at least 1"),
        ({"kind": "CampaignCut", "firm": "a", "cuts": {"x": -1.0}}, "greater than or equal to 0"),
        ({"kind": "Exit", "firm": "a", "until": "2025-06"}, "an exit is for good"),
        ({"kind": "BrandShock", "firm": "a", "size": 1.0}, "less than 1"),
        ({"kind": "BrandShock", "firm": "a", "size": 0.1, "until": "2025-06"}, "leave out until"),
        ({"kind": "CostShock", "change": -1.0}, "greater than -1"),
        ({"kind": "ChipShock", "firms": []}, "at least 1"),
        ({"kind": "ChipShock", "firms": "all", "capacity_factor": 0.0}, "greater than 0"),
        ({"kind": "CapacityChange", "firm": "a"}, "exactly one of factor and units"),
        ({"kind": "DemandShock", "factor": float("nan")}, "finite"),
        ({"kind": "Subsidy", "amount": 1.0, "segments": ["small"]}, "'A00'"),
        ({"kind": "Launch", "product": "x", "month": "2025-13"}, "match pattern"),
        ({"kind": "Launch", "product": "x", "colour": "red"}, "Extra inputs"),
    ],
)
def test_bad_parameters_are_refused(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make_rule({"month": MONTH, **table}, "pricewar.events", Event)


def test_unknown_ids_are_named() -> None:
    with pytest.raises(InputError, match="firm: found 'delta'; allowed: one of alpha, beta, gamma"):
        Entry(month=MONTH, firm="delta").strike(state())
    with pytest.raises(InputError, match="product: found 'alpha-x'"):
        Launch(month=MONTH, product="alpha-x").strike(state())
    assert list(Cut(month=MONTH, firm="a", depth=0.1, products=("x", "y")).names()) == [
        ("firm", "a"),
        ("products", "x"),
        ("products", "y"),
    ]
