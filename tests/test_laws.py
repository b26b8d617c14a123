"""Laws that hold in every run: order, conservation, rest, luck, monotony."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import (
    AT_REST,
    MECHANISMS,
    OFF,
    column,
    every_scenario,
    ran,
    showroom,
    strategies,
    tiny,
    tiny_tree,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar.base.months import DAYS_A_MONTH
from pricewar.base.rules import make_rule, shipped
from pricewar.interventions import Intervention
from pricewar.market.buyers import choose, conditions
from pricewar.market.calibrate import calibrate
from pricewar.market.model import PriceWar
from pricewar.market.start import draw_noise
from pricewar.results.schema import SCHEMA
from pricewar.runs import run
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario, scenario_from
from pricewar.strategies import Strategy

SOME = settings(deadline=None, max_examples=8)
FIRMS = ("ace", "bolt", "cove")
RULES = (
    "Hold", "CostPlus", "Match", "Undercut", "BestResponse", "MenuCost", "Calvo", "StockClearing",
    "RetaliateForgive", "TitForTat", "GrimTrigger", "GreenPorter", "EdgeworthCycle",
    {"kind": "Calvo", "together": False, "probability": 0.5}, {"kind": "TitForTat", "generosity": 0.5},
    {"kind": "EdgeworthCycle", "lead": True, "restore": 0.5},
)  # fmt: skip
MEASURES: dict[str, dict[str, Any]] = {
    "PublicWarning": {"compliance": 0.6},
    "BelowCostBan": {"compliance": 0.4, "audit": 0.5, "fine": 1e6},
    "PaymentRule": {"compliance": 0.5},
    "TradeInSubsidy": {"amount": 5_000, "segments": ["C"]},
    "PurchaseTax": {},
    "PriceProtection": {"compliance": 0.7},
    "WindfallLevy": {"rate": 0.2},
    "Pledge": {"defection": 0.2},
}


@st.composite
def wars(draw: st.DrawFn) -> Scenario:
    """The small market in some war, with some rules, some measures, some capacity, some luck."""
    seed = draw(st.integers(0, 10_000))
    kinds = draw(st.lists(st.sampled_from(sorted(MEASURES)), unique=True, max_size=3))
    changes: dict[str, Any] = {f"firms.{firm}.strategy": draw(st.sampled_from(RULES)) for firm in FIRMS}
    changes |= {f"firms.{firm}.payable_days": draw(st.sampled_from((0, 20, 30.5, 150))) for firm in FIRMS}
    cut = {
        "kind": "Cut", "month": "2025-02", "until": draw(st.sampled_from((None, "2025-04"))),
        "firm": draw(st.sampled_from(FIRMS)), "depth": draw(st.floats(0.05, 0.5)),
        "on": draw(st.sampled_from(("list", "promotion"))),
    }  # fmt: skip
    changes |= {
        "firms.ace.capacity": draw(st.sampled_from((10_000, 15_000, 60_000))),
        "firms.bolt.cash": draw(st.sampled_from((-5e8, 0.0, 2e9))),
        "demand.own_elasticity": draw(st.sampled_from((-2.5, -5.0))),
        "noise.view_lag": draw(st.integers(0, 1)),
        "noise.view_sd": draw(st.sampled_from((0.0, 0.02))),
    }
    changes |= {f"dynamics.{name}.on": draw(st.booleans()) for name in ("backlog", "dealer_stock")}
    changes |= {
        "market.settlement": draw(st.sampled_from(("lower", "order", "delivery"))),
        "market.deposit": draw(st.sampled_from((0.0, 0.05))),
        "dynamics.backlog.cancellation": draw(st.sampled_from((0.0, 0.03))),
        "consumers.petrol_share": draw(st.sampled_from((0.0, 0.5))),
        "market.petrol_price": 120_000.0,
        "market.petrol_margin": 0.15,
        "market.petrol_purchase_tax": 0.1,
    }
    measures = [{"kind": kind, **MEASURES[kind]} for kind in kinds]
    return tiny(changes, seed=seed, events=[cut], interventions=measures)


# -- order -------------------------------------------------------------------------------------


def shuffled(scenario: Scenario, order: np.random.Generator) -> Scenario:
    tree = scenario.model_dump()
    for part in ("firms", "products"):
        keys = list(tree[part])
        order.shuffle(keys)
        tree[part] = {key: tree[part][key] for key in keys}
    return scenario_from(tree, "shuffled")


@SOME
@given(wars(), st.integers(0, 100))
def test_the_order_of_firms_and_products_is_irrelevant(scenario: Scenario, seed: int) -> None:
    one, other = ran(scenario), ran(shuffled(scenario, np.random.default_rng(seed)))
    for table, keys in {"products": ["product"], "firms": ["firm"], "market": []}.items():
        by = ["period", *keys]
        mine, theirs = (model.tables()[table].sort_values(by, ignore_index=True) for model in (one, other))
        for name, values in mine.items():  # of sums that nearly cancel the last digits are noise
            size = float(values.abs().max()) if values.dtype.kind == "f" else 0.0
            pd.testing.assert_series_equal(values, theirs[name], rtol=1e-8, atol=1e-3 + 1e-8 * size)


def test_the_order_is_irrelevant_to_buyers_who_choose_one_by_one() -> None:
    scenario = tiny({"consumers.weight": 1.0}, periods=3, events=[WAR])
    one, other = ran(scenario), ran(shuffled(scenario, np.random.default_rng(1)))
    assert other.landscape.products != one.landscape.products
    by = ["period", "product"]
    mine, theirs = (model.tables()["products"].sort_values(by, ignore_index=True) for model in (one, other))
    pd.testing.assert_frame_equal(mine, theirs, rtol=1e-8, atol=1e-3)
    counted = column(one, "sales", "orders") / column(one, "sales", "shoppers")[:, None]
    whole = counted[0] * round(float(column(one, "sales", "shoppers")[0]))
    assert whole == pytest.approx(np.round(whole), abs=1e-6), "buyers are whole"


# -- cars --------------------------------------------------------------------------------------


@SOME
@given(wars())
def test_cars_are_conserved_and_capacity_and_stock_are_never_overdrawn(scenario: Scenario) -> None:
    start = PriceWar(scenario, collect=False)
    model = ran(scenario)
    produced, units, orders = (column(model, "sales", name) for name in ("produced", "units", "orders"))
    stock, backlog = column(model, "sales", "stock"), column(model, "sales", "backlog")
    active = np.array([month.active for month in model.history])
    leaves = (active & ~np.vstack([active[1:], model.state.active]))[:, model.landscape.firm_of]
    before = {
        "stock": np.vstack([start.state.stock, np.where(leaves, 0.0, stock)[:-1]]),
    }
    scale = model.landscape.start_units.max()
    assert produced - units == pytest.approx(stock - before["stock"], abs=1e-9 * scale)
    voided = np.array([month.sales.bookings.voided for month in model.history])
    before["backlog"] = np.vstack([start.state.backlog, backlog[:-1]])
    assert orders - units - voided == pytest.approx(backlog - before["backlog"], abs=1e-9 * scale)
    for cars in (produced, units, orders, stock, backlog):
        assert cars.min() >= 0.0
    if scenario.dynamics.backlog.on:
        capacity = np.array([month.capacity for month in model.history])
        made = np.add.reduceat(produced, model.calibration.first[:-1], axis=1)
        assert np.all(made <= capacity * (1 + 1e-12))


# -- money -------------------------------------------------------------------------------------


@SOME
@given(wars())
def test_money_is_conserved(scenario: Scenario) -> None:
    start, model = PriceWar(scenario, collect=False), ran(scenario)
    vat = scenario.market.vat
    books = {name: column(model, "accounts", name) for name in (
        "revenue", "cash", "payables", "paid_suppliers", "fixed_cost", "fines", "levy", "deposits",
    )}  # fmt: skip
    booked = [month.sales.bookings for month in model.history]
    active = np.array([month.active for month in model.history])
    firsts = model.calibration.first[:-1]
    back = column(model, "accounts", "protection")
    spent = np.add.reduceat(np.array([month.paid for month in booked]) - back, firsts, axis=1)
    assert spent == pytest.approx(books["revenue"] * (1 + vat), rel=1e-12)
    unit_cost = np.array([month.unit_cost for month in model.history])
    made = np.add.reduceat(column(model, "sales", "produced") * unit_cost, firsts, axis=1)
    bought = made - (1.0 - scenario.supply_chain.purchased_share) * made / (1.0 - squeezed_share(model))
    stays = np.vstack([active[1:], model.state.active])
    kept = np.where(stays, books["payables"], 0.0)
    before = np.vstack([start.state.payables, kept[:-1]])
    assert books["payables"] - before == pytest.approx(bought - books["paid_suppliers"], rel=1e-9, abs=1.0)
    external = np.array([firm.spec.external_income for firm in model.firms]) * active
    held = np.vstack([start.state.deposits, np.where(stays, books["deposits"], 0.0)])
    left = np.vstack([start.state.cash, np.where(stays, books["cash"], books["cash"] - books["deposits"])])
    change = books["cash"] - left[:-1] - (books["deposits"] - held[:-1])
    out = books["paid_suppliers"] + made - bought + books["fixed_cost"] + books["fines"] + books["levy"]
    assert change == pytest.approx(books["revenue"] + external - out, rel=1e-9, abs=1.0)
    fiscal = np.array([month.fiscal_cost for month in model.history])
    paid = np.array([month.state_paid.sum() for month in booked])
    state_pays = paid - (books["fines"] + books["levy"]).sum(axis=1)
    value_added = vat * books["revenue"].sum(axis=1)
    petrol = np.array([month.petrol_taxes for month in model.history])
    assert fiscal == pytest.approx(state_pays - value_added - petrol, rel=1e-9)
    if scenario.consumers.petrol_share:
        assert petrol.min() > 0.0


@settings(max_examples=8, deadline=None)
@given(wars(), st.sampled_from((0.01, 7.3, 40.0)))
def test_the_unit_of_money_is_irrelevant(scenario: Scenario, k: float) -> None:
    """All money times k: all money that comes out times k, and nothing else moves."""
    bare = scenario.but(interventions=[])  # measures have amounts of their own
    tree = bare.model_dump()
    for firm in tree["firms"].values():
        for name in ("fixed_cost", "cash", "external_income"):
            firm[name] *= k
    for product in tree["products"].values():
        for name in ("list_price", "promotion"):
            product[name] *= k
    tree["market"]["pack_price"] *= k
    tree["market"]["petrol_price"] *= k
    tree["dynamics"]["backlog"]["wait_cost"] *= k
    one, other = ran(bare).tables(), ran(scenario_from(tree, "scaled")).tables()
    for name in ("products", "firms", "market", "open_orders"):
        for spec in SCHEMA[name]:
            if spec.dtype != "float":
                continue
            mine, theirs = (table[name][spec.name].to_numpy(float) for table in (one, other))
            expected = mine * (k if spec.unit.startswith("money") else 1.0)
            size = float(np.nanmax(np.abs(expected), initial=0.0))
            np.testing.assert_allclose(
                theirs, expected, rtol=1e-6, atol=1e-7 * size + 1e-9, err_msg=spec.name
            )


def squeezed_share(model: PriceWar) -> Any:
    """(T, F) share of full cost that suppliers give up, by the depth of the maker's cuts last month."""
    chain, start = model.setting.supply_chain, model.landscape
    reference = np.array([month.reference for month in model.history])
    cut = start.by_start_units(np.maximum(0.0, 1.0 - column(model, "offers", "price") / reference))
    fall = np.vstack([np.zeros(len(start.firms)), cut[:-1]])
    return chain.purchased_share * chain.squeeze * fall


def test_what_firms_buy_suppliers_sell() -> None:
    model = PriceWar(tiny(), collect=False)
    sales: list[float] = []
    for supplier in model.suppliers:
        usual = supplier.close

        def spy(sold: float, paid: float, unsqueezed: float, usual: Any = usual, s: Any = supplier) -> None:
            usual(sold, paid, unsqueezed)
            sales.append(sold * s.spec.share)

        supplier.close = spy  # type: ignore[method-assign]
    model.step()
    bought = 0.8 * float(model.sales.produced @ model.history[0].unit_cost)  # type: ignore[union-attr]
    assert sum(sales) == pytest.approx(bought, rel=1e-12)


def test_bills_at_rest_are_what_is_bought() -> None:
    model = ran(tiny(AT_REST))
    assert column(model, "accounts", "payables")[-1] == pytest.approx(
        PriceWar(tiny(AT_REST), collect=False).state.payables, rel=1e-9
    )
    owed_days = model.state.payables / column(model, "accounts", "paid_suppliers")[-1] * DAYS_A_MONTH
    assert owed_days == pytest.approx([120, 20, 60], rel=1e-9)


# -- rest --------------------------------------------------------------------------------------

NEEDS: dict[str, dict[str, Any]] = {
    "Learned": {"policy": ((0, 0), (1, 1), (2, 2))},
    "PerSegment": {"rules": {"C": "Match", "A0": "BestResponse"}},
    "Predation": {"prey": "cove", "begin": "2030-01"},
    "Scripted": {"table": {"2030-01": {}}},
}


@pytest.mark.parametrize(
    "kind", [kind for kind, rule in sorted(shipped("pricewar.strategies", Strategy).items()) if rule.rests]
)
def test_at_rest_no_rule_moves_a_price(kind: str) -> None:
    scenario = tiny({**AT_REST, **strategies({"kind": kind, **NEEDS.get(kind, {})})}, periods=12)
    model = ran(scenario)
    price, orders = column(model, "offers", "price"), column(model, "sales", "orders")
    assert np.array_equal(price, np.tile(model.landscape.start_price, (12, 1)))
    assert orders == pytest.approx(np.tile(model.landscape.start_units, (12, 1)), rel=1e-11)


@every_scenario
def test_the_shipped_markets_are_at_rest_without_events_trends_and_luck(name: str) -> None:
    quiet = {**AT_REST, "noise.firm_sd": {}, "campaigns.on": False, "interventions": []}
    model = ran(load(name).but({**quiet, "consumers.draws": 200}, periods=6))
    price, orders = column(model, "offers", "price"), column(model, "sales", "orders")
    assert np.array_equal(price, np.tile(model.landscape.start_price, (6, 1)))
    assert orders == pytest.approx(np.tile(model.landscape.start_units, (6, 1)), rel=1e-10)
    assert np.array_equal(column(model, "sales", "waiting"), np.zeros(6)) or name != "textbook-duopoly"


def test_at_rest_shares_are_the_same_to_the_last_bit() -> None:
    model = ran(tiny({**AT_REST, "dynamics.backlog.on": False}))
    orders = column(model, "sales", "orders")
    assert np.array_equal(orders, np.tile(orders[0], (len(orders), 1)))


@pytest.mark.parametrize("name", MECHANISMS)
def test_at_rest_a_mechanism_leaves_no_trace(name: str) -> None:
    """Switching one on or off changes no price and no order: they act on changes only."""
    with_it = ran(tiny({**AT_REST, f"dynamics.{name}.on": True}, periods=3))
    without = ran(tiny({**AT_REST, f"dynamics.{name}.on": False}, periods=3))
    falls = {"battery": True, "learning": True}.get(name, False)
    orders = [column(model, "sales", "orders") for model in (with_it, without)]
    assert falls or orders[0] == pytest.approx(orders[1], rel=1e-11)
    prices = [column(model, "offers", "price") for model in (with_it, without)]
    assert np.array_equal(*prices) != falls


def test_all_mechanisms_off_only_this_month_matters() -> None:
    """Without mechanisms demand is static: after a passing cut every figure is as before."""
    cut = {"kind": "Cut", "month": "2025-02", "until": "2025-03", "firm": "ace", "depth": 0.3}
    model = ran(tiny({**AT_REST, **strategies("Hold"), "events": [cut]}, dynamics=OFF))
    orders = column(model, "sales", "orders")
    assert orders[1, 0] > 1.5 * orders[0, 0]
    assert np.array_equal(orders[0], orders[4])
    assert np.array_equal(orders[1], orders[2])


# -- measures ----------------------------------------------------------------------------------

WAR = {"kind": "Cut", "month": "2025-02", "firm": "bolt", "depth": 0.3}
IDLE: dict[str, dict[str, Any]] = {
    "PublicWarning": {"strength": 0.0},
    "Summons": {"firms": ["ace"], "compliance": 0.0},
    "Pledge": {"compliance": 0.0},
    "BelowCostBan": {"compliance": 0.0},
    "PriceFloor": {"share": 1.0, "compliance": 0.0},
    "MaximumMonthlyCut": {"cut": 0.01, "compliance": 0.0},
    "NoticePeriod": {"months": 2, "compliance": 0.0, "visible": False},
    "CoolingOff": {"months": 2, "compliance": 0.0},
    "PriceProtection": {"compliance": 0.0},
    "DiscountDisclosure": {"compliance": 0.0},
    "PaymentRule": {"compliance": 0.0},
    "TradeInSubsidy": {"amount": 0.0},
    "PurchaseTax": {"statutory": 0.0, "rate": 0.0},
    "WindfallLevy": {"rate": 0.0},
    "CapacityPermit": {"factor": 1e6},
}
REQUIRED: dict[str, dict[str, Any]] = {
    "Summons": {"firms": ["ace"]},
    "PriceFloor": {"share": 1.0},
    "MaximumMonthlyCut": {"cut": 0.01},
    "NoticePeriod": {"months": 2},
    "CoolingOff": {"months": 2},
    "TradeInSubsidy": {"amount": 1e4},
    "WindfallLevy": {"rate": 0.5},
}


def same_bytes(one: PriceWar, other: PriceWar) -> bool:
    mine, theirs = one.tables(), other.tables()
    return all(
        mine[name].to_csv(float_format="%.17g") == theirs[name].to_csv(float_format="%.17g")
        for name in ("products", "firms", "market")
    )


@pytest.mark.parametrize("kind", sorted(shipped("pricewar.interventions", Intervention)))
def test_a_measure_that_is_not_in_force_changes_nothing_to_the_byte(kind: str) -> None:
    over = {"kind": kind, **REQUIRED.get(kind, {}), "start": "2024-01", "end": "2024-12"}
    assert same_bytes(ran(tiny(events=[WAR])), ran(tiny(events=[WAR], interventions=[over])))


@pytest.mark.parametrize("kind", sorted(shipped("pricewar.interventions", Intervention)))
def test_a_measure_that_nobody_heeds_changes_nothing_to_the_byte(kind: str) -> None:
    idle = {"kind": kind, **IDLE[kind]}
    assert same_bytes(ran(tiny(events=[WAR])), ran(tiny(events=[WAR], interventions=[idle])))


def test_measures_in_force_do_change_the_war() -> None:
    """The two tests above could not fail if measures did nothing at all."""
    for kind in ("MaximumMonthlyCut", "TradeInSubsidy", "WindfallLevy", "PurchaseTax"):
        measure = {"kind": kind, **REQUIRED.get(kind, {})}
        assert not same_bytes(ran(tiny(events=[WAR])), ran(tiny(events=[WAR], interventions=[measure])))


# -- demand ------------------------------------------------------------------------------------


@SOME
@given(st.integers(0, 5), st.floats(0.01, 0.5), st.sampled_from((-2.0, -4.0, -6.0)))
def test_own_price_up_own_demand_down_rivals_up(j: int, rise: float, elasticity: float) -> None:
    model = PriceWar(tiny({"demand.own_elasticity": elasticity}), collect=False)
    price = model.landscape.start_price.copy()
    price[j] *= 1.0 + rise
    found = conditions(model.state, showroom(model, price), model.calibration, model.setting.dynamics)
    before, after = model.chosen.share, choose(found, model.calibration).share
    assert after[j] < before[j]
    assert np.all(np.delete(after, j) > np.delete(before, j))
    assert after.sum() < before.sum()


@SOME
@given(wars())
def test_shares_and_the_outside_option_sum_to_one(scenario: Scenario) -> None:
    model = ran(scenario)
    weight, outside = model.calibration.population.weight, model.found.outside
    nobody = float(weight @ (outside / (outside + model.chosen.inside)))
    if not scenario.dynamics.loyalty.on:
        assert model.chosen.share.sum() + nobody == pytest.approx(1.0, abs=1e-12)
    market = model.tables()["market"]
    assert market["outside_share"].between(0, 1).all()


@SOME
@given(st.floats(0.01, 0.6))
def test_surplus_falls_for_all_when_all_prices_rise(rise: float) -> None:
    scenario = tiny({**AT_REST, **strategies("Hold")})
    model, dearer = PriceWar(scenario, collect=False), PriceWar(scenario, collect=False)
    dearer.state.list_price = dearer.state.list_price * (1.0 + rise)
    for firm in dearer.firms:
        firm.strategy = make_rule(
            {"kind": "Scripted", "table": {"2025-01": dict.fromkeys(names(dearer, firm.own), rise)}},
            "pricewar.strategies",
            Strategy,
        )
    model.step()
    dearer.step()
    assert model.sales is not None
    assert dearer.sales is not None
    assert np.all(dearer.sales.surplus < model.sales.surplus)


def names(model: PriceWar, own: Any) -> list[str]:
    return [model.landscape.products[j] for j in own]


# -- luck --------------------------------------------------------------------------------------


def with_a_fourth_firm(place: int) -> Scenario:
    tree = tiny_tree()
    dune = {"name": "Dune", "strategy": "Hold"}
    car = {"firm": "dune", "name": "Dune 1", "list_price": 100_000, "units": 500}
    for part, key, value in (("firms", "dune", dune), ("products", "dune-1", car)):
        items = list(tree[part].items())
        items.insert(place, (key, value))
        tree[part] = dict(items)
    return scenario_from(tree, "four")


@pytest.mark.parametrize("place", [0, 3])
def test_one_more_firm_moves_nobody_elses_luck(place: int) -> None:
    three, four = tiny(), with_a_fourth_firm(place)
    names, more = calibrate(three).landscape.products, calibrate(four).landscape.products
    at = [more.index(name) for name in names]
    market, taste = draw_noise(three, names, 7)
    market_4, taste_4 = draw_noise(four, more, 7)
    assert np.array_equal(market, market_4)
    assert np.array_equal(taste, taste_4[:, at])


@pytest.mark.parametrize("place", [0, 3])
def test_one_more_firm_moves_neither_what_others_see_nor_who_complies(place: int) -> None:
    changes = {"noise.view_sd": 0.05, "noise.market_sd": 0.0, "noise.taste_sd": 0.0, **strategies("Hold")}
    pledge = [{"kind": "PublicWarning", "compliance": 0.5}]
    three = PriceWar(tiny(changes, interventions=pledge), collect=False)
    four = PriceWar(with_a_fourth_firm(place).but(changes, interventions=pledge), collect=False)
    at = [four.landscape.products.index(name) for name in three.landscape.products]
    for _ in range(4):
        three.step()
        four.step()
    others = [[firm for firm in model.firms if firm.key != "dune"] for model in (three, four)]
    for mine, theirs in zip(*others, strict=True):
        assert mine.view is not None
        assert theirs.view is not None
        assert mine.view.seen == pytest.approx(theirs.view.seen[:, at], rel=1e-12)
    willing = [model.regulator.notebooks[0]["willingness"] for model in (three, four)]
    firms = [four.landscape.firms.index(firm) for firm in three.landscape.firms]
    assert np.array_equal(willing[0], willing[1][firms])


def test_scenarios_with_one_seed_share_their_luck() -> None:
    calm, war = ran(tiny(), seed=5), ran(tiny(events=[WAR]), seed=5)
    assert np.array_equal(calm._taste_luck, war._taste_luck)
    assert column(calm, "sales", "orders")[0] == pytest.approx(column(war, "sales", "orders")[0], rel=0)
    assert not np.array_equal(column(calm, "sales", "orders")[1], column(war, "sales", "orders")[1])


def test_another_seed_is_other_luck_and_the_same_seed_the_same_bytes(tmp_path: Path) -> None:
    files = []
    for k, seed in enumerate((3, 3, 4)):
        run(tiny(events=[WAR]), [seed]).save(tmp_path / str(k))
        files.append(
            [(tmp_path / str(k) / f"{name}.parquet").read_bytes() for name in ("products", "firms", "market")]
        )
    assert files[0] == files[1]
    assert files[0] != files[2]
