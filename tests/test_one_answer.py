"""One scenario, one answer: whatever its types, its money, its order and the noise of its last digits."""

from __future__ import annotations

import copy
import itertools
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Tree, every_scenario, ran, short, tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from pricewar.base.errors import InputError
from pricewar.base.rules import shipped
from pricewar.base.state import State
from pricewar.cli.pages import RULES, TABLES
from pricewar.market.calibrate import calibrate
from pricewar.market.model import PriceWar
from pricewar.market.start import start_state
from pricewar.results.schema import SCHEMA
from pricewar.results.store import Results
from pricewar.runs import run
from pricewar.scenario.files import find, load, merged, shipped_scenarios
from pricewar.scenario.hints import hints
from pricewar.scenario.tree import Scenario, scenario_from
from pricewar.scenario.units import money_fields, times_money

SOME = settings(deadline=None, max_examples=12)
TABLES_OF_A_RUN = ("products", "firms", "market", "open_orders")
MECHANISMS = (
    "waiting", "reference_price", "brand", "loyalty", "pull_forward", "word_of_mouth", "backlog",
    "dealer_stock", "learning",
)  # fmt: skip
RULES_OF_FIRMS: tuple[Any, ...] = (
    "Hold", "CostPlus", "Match", "Undercut", "BestResponse", "StockClearing", {"kind": "MenuCost", "cost": 1},
)  # fmt: skip
MONTH = "2026-02"
EVENTS: dict[str, Tree] = {
    "BrandShock": {"kind": "BrandShock", "firm": "a", "size": 0.2},
    "CampaignCut": {"kind": "CampaignCut", "firm": "a", "cuts": {"a1": 1}},
    "CapacityChange": {"kind": "CapacityChange", "firm": "a", "factor": 0.5},
    "more capacity": {"kind": "CapacityChange", "firm": "a", "units": 50},
    "ChipShock": {"kind": "ChipShock", "firms": ["a"], "cost": 0.3, "capacity_factor": 0.7},
    "CostShock": {"kind": "CostShock", "firms": ["a"], "change": 0.1},
    "Cut": {"kind": "Cut", "firm": "a", "depth": 0.2},
    "cut of list prices": {"kind": "Cut", "firm": "a", "amount": 1.5, "on": "list"},
    "cut to a price": {"kind": "Cut", "firm": "a", "to_price": {"a1": 4.1}},
    "DemandShock": {"kind": "DemandShock", "factor": 0.9},
    "Entry": {"kind": "Entry", "firm": "a"},
    "Exit": {"kind": "Exit", "firm": "a"},
    "FixedCost": {"kind": "FixedCost", "firm": "a", "amount": 0.9},
    "Launch": {"kind": "Launch", "product": "a1", "plan": 70},
    "Subsidy": {"kind": "Subsidy", "amount": 0.4},
}
MEASURES: dict[str, Tree] = {
    "BelowCostBan": {"audit": 1, "compliance": 0, "fine": 3.5},
    "CapacityPermit": {"charge": 0.7}, "CoolingOff": {"months": 2}, "MaximumMonthlyCut": {"cut": 0.05},
    "NoticePeriod": {"months": 1}, "PaymentRule": {"days": 30}, "Pledge": {}, "PriceFloor": {"price": 4.3},
    "PriceProtection": {}, "PublicWarning": {}, "PurchaseTax": {"relief_cap": 0.2},
    "TradeInSubsidy": {"amount": 0.5, "budget": 500, "price_cap": 20},
    "WindfallLevy": {"rate": 0.3, "threshold": 10},
}  # fmt: skip


def scratch(**parts: Any) -> Tree:
    """A market from scratch that states little, in whole numbers where it can: two sellers."""
    tree: Tree = {
        "name": "scratch",
        "start": "2026-01",
        "periods": 5,
        "consumers": {"shoppers": 1000, "draws": 50},
        "firms": {"a": {"name": "A", "strategy": "Hold"}, "b": {"name": "B", "strategy": "Hold"}},
        "products": {
            "a1": {"firm": "a", "name": "A1", "list_price": 5, "units": 100},
            "a2": {"firm": "a", "name": "A2", "list_price": 9, "units": 50},
            "b1": {"firm": "b", "name": "B1", "list_price": 6, "units": 200},
        },
    }
    return copy.deepcopy({**tree, **parts})


@st.composite
def markets(draw: st.DrawFn) -> Scenario:
    """A market from scratch with some rules, mechanisms, events and measures, its money small or large."""
    unit = draw(st.sampled_from((0.01, 1, 1000)))
    tree = scratch(seed=draw(st.integers(0, 99)))
    for firm in tree["firms"].values():
        firm["strategy"] = draw(st.sampled_from(RULES_OF_FIRMS))
    for product in tree["products"].values():
        product["list_price"] = draw(st.integers(3, 30)) * unit
    for name in draw(st.lists(st.sampled_from(MECHANISMS), unique=True, max_size=4)):
        tree.setdefault("dynamics", {})[name] = {"on": True}
    if "backlog" in tree.get("dynamics", {}):
        tree["dynamics"]["backlog"]["wait_cost"] = unit * draw(st.sampled_from((0, 0.1)))
        tree["firms"]["b"] |= {"capacity": 250, "backlog": draw(st.sampled_from((0, 150)))}
    if draw(st.booleans()):
        tree["demand"] = {"kind": "MixedLogit", "own_elasticity": -3}
    depth, until = draw(st.sampled_from((0.1, 0.3))), draw(st.sampled_from((None, "2026-03")))
    tree["events"] = [{"kind": "Cut", "month": MONTH, "firm": "a", "depth": depth, "until": until}]
    tree["events"] += [{"kind": "FixedCost", "month": MONTH, "firm": "b", "amount": 0.9 * unit}]
    tree["noise"] = {"market_sd": draw(st.sampled_from((0, 0.05)))}
    return scenario_from(tree, "drawn")


def bytes_of(results: Results) -> dict[str, str]:
    return {name: getattr(results, name).to_csv(index=False) for name in (*TABLES_OF_A_RUN, "log")}


# -- types -------------------------------------------------------------------------------------


def same_as_its_copy(scenario: Scenario) -> None:
    again = scenario.but(name=scenario.name)
    assert again == scenario
    assert again.digest == scenario.digest
    one, other = bytes_of(run(scenario).require_complete()), bytes_of(run(again).require_complete())
    assert one == other


@SOME
@given(markets())
def test_a_scenario_runs_as_its_copy(scenario: Scenario) -> None:
    same_as_its_copy(scenario)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_scenario_with_an_event_runs_as_its_copy(name: str) -> None:
    event = {**EVENTS[name], "month": MONTH}
    same_as_its_copy(scenario_from(scratch(events=[event]), name))


@pytest.mark.parametrize("kind", sorted(MEASURES))
def test_a_scenario_with_a_measure_runs_as_its_copy(kind: str) -> None:
    cut = {**EVENTS["Cut"], "month": MONTH, "depth": 0.4}
    same_as_its_copy(
        scenario_from(scratch(events=[cut], interventions=[{"kind": kind, **MEASURES[kind]}]), kind)
    )


@pytest.mark.parametrize("rule", RULES_OF_FIRMS, ids=str)
def test_a_scenario_with_a_rule_runs_as_its_copy(rule: object) -> None:
    tree = scratch(events=[{**EVENTS["Cut"], "month": MONTH}])
    tree["firms"]["b"]["strategy"] = rule
    same_as_its_copy(scenario_from(tree, "rule"))


@every_scenario
def test_a_shipped_scenario_runs_as_its_copy(name: str) -> None:
    tree = merged(find(name))
    last = scenario_from(tree | {"name": name}, name).month(3)
    for part, when in (("events", "month"), ("interventions", "start")):
        tree[part] = [rule for rule in tree.get(part, []) if rule.get(when, "") <= last]
    tree["consumers"] = tree["consumers"] | {"draws": 60}
    same_as_its_copy(scenario_from({**tree, "name": name, "periods": 4}, name))


def test_small_money_is_not_cut_to_whole_units() -> None:
    """Two equal sellers at 3 reach the Bertrand price of plain logit from whole-number defaults."""
    seller = {"strategy": "BestResponse", "growth": 0.0}
    product = {"list_price": 3, "units": 100, "unit_cost": 2}
    tree = scratch(
        periods=12,
        demand={"kind": "Logit", "own_elasticity": -4},
        firms={key: {"name": key, **seller} for key in "ab"},
        products={f"{key}1": {"firm": key, "name": key, **product} for key in "ab"},
    )
    scenario = scenario_from(tree, "bertrand")
    model = ran(scenario)
    price, alpha = model.offers.price, float(model.calibration.alpha[0])
    share = model.chosen.share
    assert np.all(price % 1 > 0)
    assert price == pytest.approx(2 + 1 / (alpha * (1 - share)), rel=1e-7)


def test_a_fixed_cost_of_less_than_one_is_paid() -> None:
    tree = scratch(events=[{**EVENTS["FixedCost"], "month": MONTH}])
    assert run(scenario_from(tree, "cost")).firms.query("firm == 'a'")["fixed_cost"].tolist()[1:] == [0.9] * 4


@SOME
@given(markets())
def test_all_state_is_of_floats(scenario: Scenario) -> None:
    model = PriceWar(scenario, collect=False)
    only_floats(start_state(scenario, calibrate(scenario)))
    while model.running:
        model.step()
        only_floats(model.state)


def only_floats(state: State) -> None:
    flags = {"on_sale", "active"}
    for name, value in vars(state).items():
        if isinstance(value, np.ndarray):
            assert value.dtype == (np.bool_ if name in flags else np.float64), name


# -- money -------------------------------------------------------------------------------------


def same_market(scenario: Scenario, k: float, within: float = 1e-9) -> None:
    """All money times k: all money that comes out times k, and nothing else moves."""
    one, other = ran(scenario).tables(), ran(scenario.but(times_money(scenario, k))).tables()
    for table in TABLES_OF_A_RUN:
        for spec in SCHEMA[table]:
            if spec.dtype != "float":
                continue
            mine, theirs = (tables[table][spec.name].to_numpy(float) for tables in (one, other))
            expected = mine * (k if spec.unit.startswith("money") else 1.0)
            size = float(np.nanmax(np.abs(expected), initial=0.0))
            flow = float(np.nanmax(np.abs(money_of(one, k)))) if spec.unit.startswith("money") else 0.0
            np.testing.assert_allclose(
                theirs, expected, rtol=within, atol=within * size + 1e-12 * flow + 1e-12, err_msg=spec.name
            )


def money_of(tables: dict[str, pd.DataFrame], k: float) -> Any:
    """The largest amounts of a run, of which small differences keep the last digits."""
    return tables["firms"]["revenue"].to_numpy(float).sum() * k


@SOME
@given(markets(), st.sampled_from((1e-3, 1e3)))
def test_the_unit_of_money_is_irrelevant_to_a_market_from_scratch(scenario: Scenario, k: float) -> None:
    same_market(scenario, k)


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_the_unit_of_money_is_irrelevant_to_a_measure(name: str) -> None:
    cut = {**EVENTS["Cut"], "month": MONTH, "depth": 0.4}
    measures = [{"kind": name, **MEASURES[name]}]
    same_market(scenario_from(scratch(events=[cut], interventions=measures), name), 1e3)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_the_unit_of_money_is_irrelevant_to_an_event(name: str) -> None:
    same_market(scenario_from(scratch(events=[{**EVENTS[name], "month": MONTH}]), name), 1e-3)


@every_scenario
def test_the_unit_of_money_is_irrelevant_to_the_shipped_markets(name: str) -> None:
    same_market(short(name, 4, 60), 1e3)


NO_MONEY = {
    "ConsumerSpec.income_log_sd", "FirmSpec.gross_margin", "MarketSpec.petrol_margin", "SupplierSpec.margin",
    "MixedLogit.income_elasticity", "MixedLogit.size_income", "Logit.income_elasticity", "Logit.size_income",
    "MarketSpec.petrol_purchase_tax", "SupplierSpec.cash_months", "SupplierSpec.cash_spread",
    "ReferencePrice.loss_aversion", "NestedLogit.income_elasticity", "NestedLogit.size_income",
    "Taste.income",
}  # fmt: skip
"""Fields that sound like money and are shares, elasticities, months."""
SOUNDS = re.compile(
    r"price|cost|cash|amount|fine$|charge|budget|threshold|income|margin|cap$|pay|tax|growth$"
)


def fields() -> list[tuple[str, str]]:
    found: dict[str, type[BaseModel]] = {model.__name__: model for model in TABLES.values()}
    for package, base, _ in RULES.values():
        found |= shipped(package, base)
    return [
        (f"{name}.{key}", field.description or "")
        for name, model in found.items()
        for key, field in model.model_fields.items()
        if "float" in str(field.annotation) and SOUNDS.search(key)
    ]


def test_no_field_with_money_escapes() -> None:
    """What sounds like money says money in its description, by which it is known, or is known to be none."""
    silent = {name for name, description in fields() if "money" not in description.lower()}
    ratio = re.compile(
        r"fraction|share|factor|multiple|multiplier|rate|days|probability|relative|times", re.I
    )
    unsaid = {name for name, text in fields() if name in silent and not ratio.search(text)}
    assert unsaid - NO_MONEY == set()


def test_the_amounts_of_a_scenario_are_found_wherever_they_stand() -> None:
    table = {"2026-01": {"b1": 5.5}}
    tree = scratch(
        events=[{**EVENTS["CampaignCut"], "month": MONTH}, {**EVENTS["cut to a price"], "month": MONTH}],
        interventions=[{"kind": "TradeInSubsidy", **MEASURES["TradeInSubsidy"]}],
        demand={"kind": "Logit", "price_sensitivity": 0.5},
    )
    tree["firms"]["b"]["strategy"] = {"kind": "Scripted", "unit": "price", "table": table}
    found = {path: (amount, power) for path, amount, power in money_fields(scenario_from(tree, "all"))}
    assert found["products.a1.list_price"] == (5.0, 1)
    assert found["events.0.cuts.a1"] == (1.0, 1)
    assert found["events.1.to_price.a1"] == (4.1, 1)
    assert found["interventions.0.budget"] == (500.0, 1)
    assert found["demand.price_sensitivity"] == (0.5, -1)
    assert found["firms.b.strategy.table.2026-01.b1"] == (5.5, 1)
    assert "products.a1.units" not in found


# -- order -------------------------------------------------------------------------------------


ALL_PAIRS = list(itertools.combinations(EVENTS, 2))
NEIGHBOURS = list(itertools.pairwise([*EVENTS, next(iter(EVENTS))]))
"""Each kind of event with two others."""


@pytest.mark.parametrize(
    "pairs", [NEIGHBOURS, pytest.param(ALL_PAIRS, marks=pytest.mark.slow)], ids=["some", "all"]
)
def test_the_order_of_events_of_one_month_is_irrelevant(pairs: list[tuple[str, str]]) -> None:
    until = "2026-03"
    for pair in ([EVENTS[name] for name in names] for names in pairs):
        endless = {"Exit", "BrandShock"}
        events = [{**e, "month": MONTH, **({} if e["kind"] in endless else {"until": until})} for e in pair]
        one, other = (
            ran(
                scenario_from(scratch(periods=4, events=order, dynamics={"backlog": {"on": True}}), "order")
            ).tables()
            for order in (events, events[::-1])
        )
        for table in TABLES_OF_A_RUN:
            pd.testing.assert_frame_equal(one[table], other[table], rtol=1e-9, atol=1e-9)


@SOME
@given(st.permutations(list(EVENTS)), st.integers(2, 6))
def test_any_number_of_events_may_stand_in_any_order(names: list[str], count: int) -> None:
    events = [{**EVENTS[name], "month": MONTH} for name in names[:count]]
    one, other = (
        ran(scenario_from(scratch(events=order), "order")).tables()
        for order in (events, sorted(events, key=str))
    )
    for table in TABLES_OF_A_RUN:
        pd.testing.assert_frame_equal(one[table], other[table], rtol=1e-9, atol=1e-9)


def test_what_ends_in_a_month_is_over_before_what_begins_in_it() -> None:
    first = {**EVENTS["CapacityChange"], "month": "2026-01", "until": "2026-01"}
    then = {**EVENTS["more capacity"], "month": MONTH}
    base = scratch()
    base["firms"]["a"]["capacity"] = 400
    ends = [
        ran(scenario_from({**base, "events": order}, "x")).state.capacity[0]
        for order in ([first, then], [then, first])
    ]
    assert ends == [450.0, 450.0]


# -- last digits -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["textbook-duopoly", "baseline"])
def test_noise_in_the_last_digits_of_a_price_stays_there(name: str) -> None:
    scenario = short(name, 8, 100)
    key = next(iter(scenario.products))
    moved = scenario.but({f"products.{key}.list_price": scenario.products[key].list_price * (1 + 1e-9)})
    one, other = ran(scenario).tables(), ran(moved).tables()
    for table, columns in {"products": ("price", "units", "orders"), "market": ("units", "welfare")}.items():
        for column in columns:
            mine, theirs = (tables[table][column].to_numpy(float) for tables in (one, other))
            np.testing.assert_allclose(
                theirs, mine, rtol=1e-6, atol=1e-6 * np.abs(mine).max(), err_msg=column
            )


# -- neutral defaults --------------------------------------------------------------------------

PRICES = (6, 9, 11, 13, 16, 20, 27, 35)


def streaming(k: float = 1.0, cut: bool = True, **parts: Any) -> Scenario:
    """Eight streaming services, EUR 6 to 35 a month, one of which cuts by a quarter for half a year."""
    tree = scratch(
        name="streaming",
        periods=24,
        consumers={"shoppers": 20_000_000},
        demand={"own_elasticity": -3},
        firms={f"f{i}": {"name": f"F{i}", "strategy": "Hold"} for i in range(8)},
        products={
            f"p{i}": {"firm": f"f{i}", "name": f"P{i}", "list_price": k * price, "units": 1_500_000}
            for i, price in enumerate(PRICES)
        },
        events=[{"kind": "Cut", "month": "2026-03", "until": "2026-08", "firm": "f3", "depth": 0.25}] * cut,
        **parts,
    )
    return scenario_from(tree, "streaming")


def test_another_market_answers_a_cut_as_it_should() -> None:
    peace, war = ran(streaming(cut=False)).tables()["market"], ran(streaming()).tables()["market"]
    for column in ("units", "consumer_surplus"):
        change = war[column] / peace[column] - 1
        assert change[2:8].min() > 0.001, f"a price cut raises {column}"
        assert change.drop(range(2, 8)).abs().max() < 1e-9


@pytest.mark.parametrize("rule", ["Hold", "CostPlus", "Match", "BestResponse", "Undercut"])
def test_another_market_stays_at_rest(rule: str) -> None:
    scenario = streaming(cut=False)
    scenario = scenario.but({f"firms.{firm}.strategy": rule for firm in scenario.firms})
    if rule == "Undercut":
        scenario = scenario.but({"firms.f0.strategy": "Hold"})
    units = ran(scenario).tables()["market"]["units"]
    assert units.to_numpy() == pytest.approx(np.full(24, 12e6), rel=1e-9)


def test_another_currency_gives_the_same_changes() -> None:
    peace = ran(streaming(cut=False)).tables()["market"]
    usual = ran(streaming()).tables()["market"]
    for k in (10, 100, 1000):
        calm, market = ran(streaming(k, cut=False)).tables()["market"], ran(streaming(k)).tables()["market"]
        for column in ("units", "consumer_surplus", "welfare"):
            mine, theirs = usual[column] / peace[column], market[column] / calm[column]
            assert theirs.to_numpy() == pytest.approx(mine.to_numpy(), rel=1e-9), (k, column)


def test_what_is_not_stated_has_no_effect() -> None:
    scenario = streaming()
    assert scenario.demand.kind == "Logit"
    assert not any(mechanism.on for _, mechanism in scenario.dynamics)
    model = ran(scenario)
    assert not model.calibration.base.any()
    assert model.calibration.loyal == 1.0
    assert model.landscape.start_units.sum() == pytest.approx(12e6)
    amounts = {path for path, amount, _ in money_fields(scenario) if amount}
    assert amounts == {f"products.p{i}.list_price" for i in range(8)}, "no money but what is stated"


def test_the_size_of_a_market_must_be_stated() -> None:
    tree = scratch()
    del tree["consumers"]
    with pytest.raises(InputError, match=r"consumers\.shoppers.*more than the units sold"):
        scenario_from(tree, "no size")


# -- hints -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"dynamics": {"backlog": {"on": True, "wait_cost": 250}}}, "dynamics.backlog.wait_cost: 250"),
        ({"dynamics": {"dealer_stock": {"on": True}}}, "dynamics.dealer_stock"),
        ({"dynamics": {"waiting": {"share": 0.3}}}, "dynamics.waiting: share stated, but it is off"),
        ({"consumers": {"shoppers": 350.001, "draws": 50}}, "consumers.shoppers"),
        ({"demand": {"price_sensitivity": 100}}, "demand.price_sensitivity"),
        ({"events": [{"kind": "Subsidy", "month": MONTH, "amount": 5000}]}, "events.0.amount: 5000"),
    ],
)
def test_what_is_out_of_scale_or_without_effect_is_told(parts: Tree, place: str) -> None:
    told = list(hints(scenario_from(scratch(**parts), "odd")))
    assert len(told) == 1
    assert told[0].startswith(place)


@pytest.mark.parametrize("demand", [{"kind": "Linear"}, {"kind": "Hotelling", "transport": 20.0}])
def test_rows_that_a_demand_does_not_have_are_told_where_they_are_described(demand: Tree) -> None:
    """And the hint is true: a run with other rows is the same run."""
    usual, rows = {"shoppers": 1000.0}, {"draws": 300, "seed": 7, "income_log_sd": 0.2}
    two_ends = {key: product for key, product in scratch()["products"].items() if key != "a2"}
    plain, other, logit = (
        scenario_from(scratch(demand=kind, consumers=consumers, products=two_ends), "odd")
        for kind, consumers in ((demand, usual), (demand, usual | rows), ({"kind": "Logit"}, usual | rows))
    )
    assert list(hints(logit)) == []
    assert list(hints(plain)) == []
    assert [hint.split(" has no")[0] for hint in hints(other)] == [
        "consumers.draws: 300",
        "consumers.income_log_sd: 0.2",
        "consumers.seed: 7",
    ]
    cut = [{"kind": "Cut", "month": "2026-02", "firm": "a", "depth": 0.1}]
    one, two = (run(setting.but(events=cut)).require_complete() for setting in (plain, other))
    assert one.market.equals(two.market)
    assert one.products.equals(two.products)


@pytest.mark.parametrize("name", sorted(shipped_scenarios()))
def test_of_shipped_scenarios_there_is_nothing_to_tell(name: str) -> None:
    assert list(hints(load(name))) == []


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"demand.price_sensitivity": 1.0}, "demand.price_sensitivity"),
    ],
)
def test_a_market_that_cannot_be_calibrated_says_why(changes: Tree, cause: str) -> None:
    failed = run(tiny({**changes, "consumers.draws": 50})).runs.iloc[0]
    assert failed["status"] == "failed"
    assert "do not settle" in failed["error"]
    assert cause in failed["error"]
    assert "taste spreads" not in failed["error"]


def test_a_market_in_which_almost_nobody_stays_outside_is_met_all_the_same() -> None:
    crowded = tiny({"consumers.shoppers": 33_000.000001, "consumers.draws": 50, "demand.electric_sd": 6.0})
    found = calibrate(crowded)
    observed = [crowded.products[key].units for key in found.landscape.products]
    assert found.landscape.start_units == pytest.approx(observed, rel=1e-9)
