"""The step: events, exits, entries, launches, offers that end, order books, views."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import AT_REST, OFF, column, ran, short, strategies, tiny, tiny_tree

from pricewar.base.errors import InputError, StrategyError
from pricewar.base.records import Floats, View
from pricewar.market import closing
from pricewar.market.model import PriceWar
from pricewar.scenario.tree import Scenario, scenario_from
from pricewar.strategies import Hold, Strategy

QUIET = {**AT_REST, **strategies("Hold")}
PRICE = "offers", "price"


def event(kind: str, month: str = "2025-03", **parameters: Any) -> dict[str, Any]:
    return {"kind": kind, "month": month, **parameters}


# -- months and horizon --------------------------------------------------------------------------


def test_a_run_ends_at_its_horizon_and_steps_no_further() -> None:
    model = ran(tiny(periods=3))
    assert model.period == 3
    assert not model.running
    model.step()
    assert model.period == 3
    assert len(model.history) == 3


def test_tables_are_there_after_each_month_and_grow() -> None:
    model = PriceWar(tiny(), collect=False)
    for month in range(1, 4):
        model.step()
        assert len(model.tables()["market"]) == month
        assert len(model.tables()["firms"]) == 3 * month
        assert len(model.tables()["products"]) == 6 * month
    assert model.tables()["market"]["month"].tolist() == ["2025-01", "2025-02", "2025-03"]


def test_seed_and_rng_are_the_same_and_default_to_the_scenario() -> None:
    scenario = tiny(seed=9)
    assert PriceWar(scenario).seed_of_run == 9
    assert PriceWar(scenario, seed=4).seed_of_run == PriceWar(scenario, rng=4).seed_of_run == 4
    one, other = (PriceWar(scenario, **{how: 4}).run_model() for how in ("seed", "rng"))
    pd.testing.assert_frame_equal(one.tables()["market"], other.tables()["market"])


def test_keyword_arguments_change_the_scenario_by_path() -> None:
    model = PriceWar(tiny(), demand__own_elasticity=-6, periods=2)
    assert model.setting.periods == 2
    mean = np.average(model.calibration.elasticity, weights=model.landscape.start_units)
    assert mean == pytest.approx(-6, rel=1e-6)
    with pytest.raises(InputError, match="own_elastcity"):
        PriceWar(tiny(), demand__own_elastcity=-6)
    with pytest.raises(InputError, match="no such field"):
        PriceWar(tiny(), demnd__own_elasticity=-6)
    with pytest.raises(InputError, match="no-such-market"):
        PriceWar("no-such-market")


# -- offers that end -----------------------------------------------------------------------------


@pytest.mark.parametrize("on", ["list", "promotion"])
@pytest.mark.parametrize("rule", ["Hold", {"kind": "Hold", "at": "last"}, "CostPlus"])
def test_a_limited_offer_ends_and_the_price_is_what_it_was(rule: object, on: str) -> None:
    cut = event("Cut", "2025-02", until="2025-03", firm="ace", depth=0.2, on=on)
    model = ran(tiny({**AT_REST, **strategies(rule), "supply_chain.squeeze": 0.0}, events=[cut]))
    relative = column(model, *PRICE)[:, :2] / model.landscape.start_price[:2]
    assert relative[[0, 3]] == pytest.approx(1.0, rel=1e-12)
    assert relative[[1, 2]] == pytest.approx(0.8, rel=1e-12)
    named = "list_price" if on == "list" else "promotion"
    assert column(model, "offers", named)[3] == pytest.approx(column(model, "offers", named)[0], rel=1e-12)


def test_an_offer_that_does_not_revert_stays_for_a_rule_that_goes_on_from_last_month() -> None:
    cut = event("Cut", "2025-02", until="2025-03", firm="ace", depth=0.2, reverts=False)
    rule = strategies({"kind": "Hold", "at": "last"})
    price = column(ran(tiny({**AT_REST, **rule}, events=[cut])), *PRICE)
    assert price[-1, :2] == pytest.approx(0.8 * price[0, :2], rel=1e-12)


def test_buyers_hurry_when_an_offer_is_known_to_end_and_when_a_tax_is_known_to_come() -> None:
    lasting = event("Cut", "2025-02", firm="ace", depth=0.1)
    ending = {**lasting, "until": "2025-03"}
    calm, hurry = (ran(tiny(QUIET, events=[cut])).tables()["market"] for cut in (lasting, ending))
    assert hurry["waiting"][1] < calm["waiting"][1]
    assert hurry["units"][1] > calm["units"][1]
    tax = {"kind": "PurchaseTax", "start": "2025-04", "notice": 2}
    known = ran(tiny(QUIET, interventions=[tax])).tables()["market"]["waiting"]
    unknown = ran(tiny(QUIET, interventions=[{**tax, "notice": 0}])).tables()["market"]["waiting"]
    assert known[0] == pytest.approx(0.0, abs=1e-6)
    assert known[1] < -100
    assert unknown[1] == pytest.approx(0.0, abs=1e-6)


# -- exits and entries ---------------------------------------------------------------------------


def test_an_exit_stops_sales_voids_bills_and_sends_buyers_elsewhere() -> None:
    model = ran(tiny(QUIET, events=[event("Exit", firm="ace")]))
    orders, cash = column(model, "sales", "orders"), column(model, "accounts", "cash")
    assert np.all(orders[2:, :2] == 0.0)
    assert np.all(orders[2, 2:] > orders[1, 2:])
    assert orders[2, 2:].sum() - orders[1, 2:].sum() < orders[1, :2].sum()
    assert np.all(column(model, "accounts", "payables")[2:, 0] == 0.0)
    assert np.all(column(model, "accounts", "fixed_cost")[2:, 0] == 0.0)
    assert np.all(cash[2:, 0] == cash[1, 0])
    assert np.all(column(model, "sales", "produced")[2:, :2] == 0.0)
    assert np.all(column(model, "sales", "stock")[2:, :2] == 0.0)
    assert [month.active[0] for month in model.history] == [True] * 2 + [False] * 6


def test_a_firm_without_cash_leaves_after_its_months_of_grace() -> None:
    broke = {"firms.bolt.cash": -1e11, "firms.bolt.months_to_exit": 2, "firms.ace.cash": -1.0}
    model = ran(tiny({**QUIET, **broke}))
    assert [bool(month.active[1]) for month in model.history] == [True, True] + [False] * 6
    assert model.state.active.tolist() == [True, False, True], "ace earns its way out of debt"
    log = model.tables()["log"]
    assert log["what"].tolist() == ["Bolt runs out of cash and leaves"]
    assert log["month"].tolist() == ["2025-02"]
    assert model.firms_active == 2
    assert not model.firms[1].active
    assert np.all(column(model, "sales", "units")[2:, 2:4] == 0)


def test_firms_that_left_propose_nothing() -> None:
    class Forbidden(Hold):
        def price(self, view: View) -> Floats:
            raise AssertionError("asked after its exit")

    model = PriceWar(tiny(QUIET, events=[event("Exit", firm="bolt")]), collect=False)
    for _ in range(2):
        model.step()
    model.firms[1].strategy = Forbidden()
    model.run_model()


def entrant(events: list[dict[str, Any]]) -> Scenario:
    tree = tiny_tree()
    tree["firms"]["dune"] = {"name": "Dune", "strategy": "Hold", "fixed_cost": 1e7, "cash": 1e9}
    car = {
        "firm": "dune",
        "name": "Dune 1",
        "list_price": 90_000,
        "units": 0,
        "like": "ace-small",
        "segment": "A0",
    }
    tree["products"]["dune-1"] = car
    return scenario_from(tree, "entrant").but(QUIET, events=events)


def test_an_entrant_is_outside_until_it_enters_and_pays_nothing() -> None:
    model = ran(entrant([event("Entry", firm="dune")]))
    active = [bool(month.active[3]) for month in model.history]
    assert active == [False] * 2 + [True] * 6
    assert np.all(column(model, "accounts", "cash")[:2, 3] == 1e9)
    orders = column(model, "sales", "orders")
    assert np.all(orders[:2, 6] == 0)
    assert orders[2, 6] > 0
    assert np.all(orders[2, :6] < orders[1, :6])


def test_an_entrant_knows_what_the_mean_firm_knows() -> None:
    model = ran(entrant([event("Entry", firm="dune")]).but({"dynamics.learning.on": True}))
    assert model.start_cumulative[3] == pytest.approx(model.start_cumulative[:3].mean())
    assert model.history[-1].unit_cost[6] > 0.95 * model.cost_parts.start[6]


def test_best_response_of_a_firm_with_nothing_on_sale_is_its_list() -> None:
    later = entrant([event("Launch", product="dune-1")]).but({"firms.dune.strategy": "BestResponse"})
    price = column(ran(later), *PRICE)[:, 6]
    assert np.all(price[:3] == 90_000)


def test_when_all_have_left_the_market_is_empty_and_the_run_goes_on() -> None:
    gone = [event("Exit", firm=firm) for firm in ("ace", "bolt", "cove")]
    model = ran(tiny(events=gone))
    market = model.tables()["market"]
    assert (market["units"][2:] == 0).all()
    assert (market["firms_active"][2:] == 0).all()
    assert market["outside_share"][2:].to_numpy() == pytest.approx(1.0)
    back = (market["shoppers"] - market["arrivals"])[
        3:
    ]  # who had waited finds nothing of what waiting was worth
    lost = back * model.worth_at_rest.sum()
    np.testing.assert_allclose(market["consumer_surplus"][3:] + lost, 0.0, atol=1e-9 * abs(lost).max() + 1e-5)
    assert market["consumer_surplus"][2] < 0, "orders that were void when all had left"


def test_one_firm_with_one_car_is_a_market() -> None:
    tree = tiny_tree()
    tree["firms"] = {"ace": tree["firms"]["ace"]}
    tree["products"] = {"ace-small": tree["products"]["ace-small"]}
    model = ran(scenario_from(tree, "one").but({"consumers.draws": 50}, periods=2))
    assert model.tables()["market"]["hhi"].to_numpy() == pytest.approx(10_000.0)


def test_an_entry_with_an_end_is_an_exit_again() -> None:
    model = ran(entrant([event("Entry", firm="dune", until="2025-04")]))
    orders = column(model, "sales", "orders")[:, 6]
    assert (orders > 0).tolist() == [False, False, True, True, False, False, False, False]


# -- launches ------------------------------------------------------------------------------------


def launched(**more: Any) -> PriceWar:
    tree = tiny_tree()
    tree["products"]["cove-new"] = {
        "firm": "cove", "name": "Cove New", "segment": "C", "body": "SUV", "list_price": 250_000,
        "like": "cove-suv", "powertrain": "BEV",
    }  # fmt: skip
    scenario = scenario_from(tree, "launch").but(QUIET, events=[event("Launch", product="cove-new", **more)])
    return ran(scenario)


def test_a_launch_starts_at_zero_and_sells() -> None:
    model = launched()
    new = model.landscape.product("cove-new")
    orders, units = column(model, "sales", "orders")[:, new], column(model, "sales", "units")[:, new]
    assert np.all(orders[:2] == 0)
    assert np.all(units[:2] == 0)
    assert np.all(orders[2:] > 0)
    assert np.all(units[2:] > 0)
    assert not column(model, "offers", "on_sale")[1, new]
    assert model.landscape.start_units[new] == 0
    assert np.isnan(model.calibration.elasticity[new])


def test_a_launch_takes_more_from_the_close_than_from_the_far() -> None:
    model = launched()
    orders = column(model, "sales", "orders")
    lost = 1.0 - orders[2] / orders[1].clip(1.0)
    close, far = model.landscape.product("cove-suv"), model.landscape.product("bolt-small")
    assert lost[close] > 2 * lost[far] > 0


def test_cars_ordered_before_a_model_is_withdrawn_are_still_delivered() -> None:
    model = launched(until="2025-05")
    new = model.landscape.product("cove-new")
    backlog, orders = column(model, "sales", "backlog")[:, new], column(model, "sales", "orders")[:, new]
    assert backlog[4] > 100
    assert np.all(orders[5:] == 0)
    assert backlog[-1] < 1e-6


def test_a_launch_plan_sets_what_the_firm_makes_in_the_first_month() -> None:
    units = [column(launched(plan=plan), "sales", "produced")[2, -1] for plan in (0, 4_000)]
    assert units[1] > units[0] + 1_000


# -- order books ---------------------------------------------------------------------------------


def test_a_firm_with_an_order_book_delivers_from_it_after_a_brand_shock() -> None:
    shock = event("BrandShock", "2025-02", firm="cove", size=0.4)
    model = ran(tiny({**QUIET, "dynamics.brand.half_life": 6.0}, events=[shock]))
    orders = column(model, "sales", "orders")[:, 4:].sum(axis=1)
    units = column(model, "sales", "units")[:, 4:].sum(axis=1)
    assert 1 - orders[1] / orders[0] == pytest.approx(0.35, abs=0.06), "a little less than 40%: a logit"
    assert 0 < 1 - units[1] / units[0] < 0.5 * (1 - orders[1] / orders[0])
    brand = np.array([month.brand[2] for month in model.history])
    assert brand[1] == pytest.approx(np.log(0.6))
    assert brand[7] == pytest.approx(np.log(0.6) / 2, rel=1e-9), "half healed after a half-life"


def test_full_order_books_turn_buyers_to_their_second_choice() -> None:
    cut = event("Cut", "2025-02", firm="cove", depth=0.45)
    books = {"dynamics.backlog.longest_months": 1.0}
    small, large = (
        ran(tiny({**QUIET, **books, "firms.cove.capacity": capacity}, events=[cut]))
        for capacity in (6_500, 1e6)
    )
    rivals = [column(model, "sales", "orders")[1, :4].sum() for model in (small, large)]
    assert rivals[0] > rivals[1] + 100
    room = small.state.backlog[4:].sum() / (1.5 * 4.0 + 1.0) / 6_500
    assert room <= 1.0 + 1e-9


def test_the_longer_the_wait_the_fewer_the_orders() -> None:
    cut = event("Cut", "2025-02", until="2025-04", firm="bolt", depth=0.3)
    patient, hasty = (
        column(ran(tiny({**QUIET, "dynamics.backlog.wait_cost": cost}, events=[cut])), "sales", "orders")
        for cost in (0.0, 3_000.0)
    )
    assert hasty[3, 2:4].sum() < patient[3, 2:4].sum()


# -- what firms see ------------------------------------------------------------------------------


class Spy(Strategy):
    """Holds, and keeps what it saw."""

    def price(self, view: View) -> Floats:
        view.memory.setdefault("saw", []).append(view)
        return view.start_price


def saw(**noise: float) -> tuple[PriceWar, list[View]]:
    cut = event("Cut", "2025-02", firm="ace", depth=0.2)
    changes = {**QUIET, **{f"noise.{key}": value for key, value in noise.items()}}
    model = PriceWar(tiny(changes, events=[cut]), collect=False)
    model.firms[1].strategy = Spy()
    model.run_model()
    return model, model.firms[1].memory["saw"]


def test_a_firm_sees_last_months_prices_exactly_without_noise() -> None:
    model, views = saw()
    for period, view in enumerate(views):
        assert view.seen.shape == (period + 1, 6)
        assert np.array_equal(view.seen[-1], model.price_history[period])
        assert not view.seen.flags.writeable


def test_a_late_view_shows_rivals_late_and_oneself_now() -> None:
    model, views = saw(view_lag=2)
    for period, view in enumerate(views):
        rivals = [0, 1, 4, 5]
        assert np.array_equal(view.seen[-1, rivals], model.price_history[max(period - 2, 0), rivals])
        assert np.array_equal(view.seen[-1, view.own], model.price_history[period, view.own])


def test_a_blurred_view_keeps_the_past_as_it_was_seen() -> None:
    model, views = saw(view_sd=0.03)
    seen = views[-1].seen
    assert np.array_equal(seen[0], model.price_history[0])
    assert np.array_equal(views[3].seen[:, [0, 1]], seen[:4, [0, 1]])
    errors = np.log(seen[1:, [0, 1, 4, 5]] / model.price_history[1:8, [0, 1, 4, 5]])
    assert 0.015 < errors.std() < 0.045
    assert np.array_equal(seen[1:, [2, 3]], model.price_history[1:8, [2, 3]])


def test_a_view_shows_own_figures_only() -> None:
    model, views = saw()
    view = views[-1]
    assert view.own.tolist() == [2, 3]
    assert view.n == 2
    assert view.cash == pytest.approx(float(model.history[-2].accounts.cash[1]))
    assert view.units == pytest.approx(model.history[-2].sales.units[2:4])
    assert view.stock == pytest.approx(model.history[-2].sales.stock[2:4])
    assert view.capacity == pytest.approx(model.history[-1].capacity[1])
    assert view.capacity < 16_000, "suppliers fail under the squeeze and take capacity with them"
    assert view.month == "2025-08"


def test_a_rule_that_answers_with_nonsense_stops_the_run_and_says_who() -> None:
    class Wrong(Hold):
        def price(self, view: View) -> Floats:
            return np.full(view.n, np.nan)

    model = PriceWar(tiny(), collect=False)
    model.firms[0].strategy = Wrong()
    with pytest.raises(StrategyError, match=r"'ace' in 2025-01: found .*nan"):
        model.step()


def test_a_firm_agent_alone_can_be_asked_for_its_proposal() -> None:
    model = PriceWar(tiny(), collect=False)
    model.step()
    model.firms[0].proposal = None
    model.firms[0].step()
    assert model.firms[0].proposal is not None
    assert model.firms[0].proposal.list_price.shape == (2,)


# -- demand that shifts --------------------------------------------------------------------------


def test_a_passing_demand_shock_scales_every_order_and_leaves_no_trace() -> None:
    shock = event("DemandShock", "2025-02", until="2025-03", factor=0.5)
    orders = column(ran(tiny({**QUIET, "dynamics.backlog.on": False}, events=[shock])), "sales", "orders")
    assert orders[1] == pytest.approx(0.5 * orders[0], rel=1e-4)
    off = {name: {"on": False} for name in OFF}
    exact = column(ran(tiny(QUIET, events=[shock], dynamics=off)), "sales", "orders")
    assert exact[1] == pytest.approx(0.5 * exact[0], rel=1e-12)
    assert exact[3] == pytest.approx(exact[0], rel=1e-12)


def test_a_war_borrows_buyers_from_the_months_after_it() -> None:
    cut = event("Cut", "2025-02", until="2025-04", firm="ace", depth=0.3)
    changes = {**QUIET, "dynamics.reference_price.on": False, "dynamics.waiting.on": False}
    people = ran(tiny(changes, events=[cut])).tables()["market"]["shoppers"]
    assert people[1] > people[0]
    assert people[4] < people[0]


def test_subsidies_reach_buyers_and_cost_the_state() -> None:
    gift = event("Subsidy", "2025-02", until="2025-02", amount=10_000, segments=["C"])
    model = ran(tiny(QUIET, events=[gift]))
    market, products = model.tables()["market"], model.tables()["products"]
    paid = products[products["period"] == 1]
    cost = float((paid["subsidy"] * paid["units"]).sum())
    vat = 0.13 * float(column(model, "accounts", "revenue")[1].sum())
    assert market["fiscal_cost"][1] == pytest.approx(cost - vat, rel=1e-12)
    assert cost > 1e7
    assert set(paid.loc[paid["subsidy"] > 0, "segment"]) == {"C"}
    assert market["consumer_surplus"][1] > market["consumer_surplus"][0]


def test_loyalty_makes_owners_stay() -> None:
    share = {}
    for strength in (0.0, 2.0):
        model = PriceWar(tiny({"dynamics.loyalty.strength": strength, **QUIET}, periods=1), collect=False)
        price = model.landscape.start_price.copy()
        price[:2] *= 1.2
        model.state.list_price = model.state.promotion + price
        model.firms[0].strategy = Hold(at="last")
        share[strength] = model.run_model().history[0].sales.orders[:2].sum()
    assert share[2.0] > share[0.0]


def test_word_of_mouth_helps_whoever_grows() -> None:
    cut = event("Cut", "2025-01", until="2025-06", firm="ace", depth=0.4)
    after = {}
    for on in (False, True):
        changes = {f"dynamics.{name}.on": False for name in OFF} | {"dynamics.word_of_mouth.on": on}
        model = ran(tiny({**QUIET, **changes, "dynamics.word_of_mouth.strength": 2.0}, events=[cut]))
        after[on] = column(model, "sales", "orders")[7]
    assert after[True][:2].sum() > after[False][:2].sum()


def test_the_shipped_baseline_runs_and_keeps_its_firms() -> None:
    model = ran(short("baseline", 4))
    assert model.firms_active == 22
    assert model.price_index == pytest.approx(100, abs=2)
    assert model.units > 0
    assert model.consumer_surplus > 0
    assert model.war_index < 3
    assert np.isnan(PriceWar(tiny()).consumer_surplus)
    assert PriceWar(tiny()).units == pytest.approx(33_000, rel=1e-9)


def test_months_out_of_cash_are_counted_in_a_row(market: PriceWar) -> None:
    """A month with cash in hand starts the count anew: two and two do not make three running."""
    market.step()
    assert market.accounts is not None
    counts = []
    for cash in (-1.0, -1.0, 1.0, -1.0, -1.0, -1.0):
        books = market.accounts.but(cash=np.array([cash, 1.0, -1.0]))
        closing.books(market.state, books, market.made, market.state.inventory)
        counts.append(market.state.months_broke.tolist())
        left = np.flatnonzero(closing.exits(market.state, [3, 3, 99])).tolist()
    assert [count[0] for count in counts] == [1, 2, 0, 1, 2, 3]
    assert [count[1] for count in counts] == [0] * 6
    assert [count[2] for count in counts] == [1, 2, 3, 4, 5, 6]
    assert left == [0]
