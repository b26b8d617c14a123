"""Runs of one market that step together come out as each would by itself, to the last bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import MECHANISMS, tiny
from hypothesis import HealthCheck, given, settings
from test_laws import wars

from pricewar import run
from pricewar.base.landscape import Landscape
from pricewar.base.records import Flags, Floats, Offers, Quote, Sales, View
from pricewar.base.rules import shipped
from pricewar.base.state import State
from pricewar.campaigns import Board, Draws, QuotaRace
from pricewar.events import Event
from pricewar.interventions import Desk, Intervention
from pricewar.market.history import columns, gather
from pricewar.market.model import PriceWar
from pricewar.market.together import CELLS, MOST, Together, block_size, fits
from pricewar.runs import run_block
from pricewar.scenario.cost_curves import CostCurve, Output
from pricewar.scenario.files import load, shipped_scenarios
from pricewar.scenario.own_mechanism import Notebook, OwnMechanism
from pricewar.scenario.tree import Scenario
from pricewar.strategies import Strategy

SEEDS = (3, 1, 11)
PERSONAL = ("loyalty", "waiting", "pull_forward")
"""Mechanisms that need rows of buyers."""
WAR: dict[str, Any] = {
    "noise.firm_sd": {"bolt": 0.3},
    "events": [
        {"kind": "Cut", "month": "2025-02", "until": "2025-05", "firm": "ace", "depth": 0.25},
        {"kind": "Cut", "month": "2025-03", "firm": "cove", "depth": 0.12, "on": "list"},
    ],
}


def same(scenario: Scenario, seeds: Sequence[int] = SEEDS) -> dict[str, Any]:
    """The columns of all tables, after they were compared with those of each run by itself."""
    assert fits(scenario)
    alone = gather([columns(PriceWar(scenario, seed, collect=False).run_model()) for seed in seeds])
    together = columns(Together(scenario, seeds).run_model())
    assert together.keys() == alone.keys()
    for table, of_table in alone.items():
        assert together[table].keys() == of_table.keys()
        for name, values in of_table.items():
            found = together[table][name]
            assert found.dtype == values.dtype, (table, name)
            assert found.tolist() == values.tolist() or found.tobytes() == values.tobytes(), (table, name)
    return together


def war(**changes: Any) -> Scenario:
    return tiny({**WAR, **changes})


# -- what is shipped -----------------------------------------------------------------------------

NEEDS: Mapping[str, list[dict[str, Any]]] = {
    "Calvo": [{"together": False, "probability": 0.5}, {"target": "Match", "probability": 0.6}],
    "CostPlus": [{}, {"on": "full", "markup": 0.3}],
    "EdgeworthCycle": [{"lead": True, "restore": 0.5}],
    "GrimTrigger": [{}, {"scope": "line", "punishment": "BestResponse"}],
    "Hold": [{}, {"at": "last"}],
    "Learned": [{"policy": [[0, 1, 2], [1, 1, 2], [2, 0, 0]]}],
    "Match": [{"base": "QLearning", "lag": 2, "follow_rise": 0.4, "floor": 1.02}],
    "MenuCost": [{"target": {"kind": "StockClearing", "base": "Calvo"}, "cost": 1e5}],
    "PerSegment": [{"rules": {"A0": "GreenPorter", "C": "BestResponse"}, "otherwise": "QLearning"}],
    "Predation": [{"prey": "bolt", "begin": "2025-02", "months": 3}],
    "RetaliateForgive": [{}, {"scope": "line", "base": "CostPlus"}],
    "TitForTat": [{"generosity": 0.5}],
    "Undercut": [{"lead": True, "closest": 2}],
}
"""Parameters with which a strategy is tried, where not as it stands; inner rules are asked too."""
RULES = [
    {"kind": kind, **parameters}
    for kind in sorted(shipped("pricewar.strategies", Strategy))
    if kind != "Scripted"
    for parameters in NEEDS.get(kind, [{}])
]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_every_strategy(rule: dict[str, Any]) -> None:
    firms = ("ace", "cove") if rule["kind"] == "Predation" else ("ace", "bolt", "cove")
    found = same(war(**{f"firms.{firm}.strategy": rule for firm in firms}))
    orders = found["products"]["orders"].reshape(len(SEEDS), -1)
    assert (orders[0] != orders[1]).any(), "each run has its own luck"


def test_a_script() -> None:
    table = {"2025-02": {"ace-small": -0.1}, "2025-04": {"ace-small": 0.02, "ace-large": -0.2}}
    same(war(**{"firms.ace.strategy": {"kind": "Scripted", "table": table, "base": "Match"}}))


EVENTS: Mapping[str, dict[str, Any]] = {
    "BrandShock": {"firm": "ace", "size": 0.3},
    "CampaignCut": {"firm": "ace", "cuts": {"ace-small": 9_000, "ace-large": 15_000}, "until": "2025-05"},
    "CapacityChange": {"firm": "bolt", "factor": 0.5, "until": "2025-05"},
    "ChipShock": {"firms": ["ace", "cove"], "cost": 2_000, "capacity_factor": 0.7, "until": "2025-06"},
    "CostShock": {"change": 0.1, "until": "2025-05"},
    "Cut": {"firm": "bolt", "amount": 9_000, "until": "2025-05", "on": "list"},
    "DemandShock": {"factor": 1.4, "until": "2025-05"},
    "Entry": {"firm": "dash", "until": "2025-07"},
    "Exit": {"firm": "bolt"},
    "FixedCost": {"firm": "ace", "amount": 1e8, "until": "2025-04"},
    "Launch": {"product": "ace-new", "until": "2025-06"},
    "Subsidy": {"amount": 5_000, "firms": ["ace"], "until": "2025-06"},
}


@pytest.mark.parametrize("kind", sorted(shipped("pricewar.events", Event)))
def test_every_event(kind: str) -> None:
    event = {"kind": kind, "month": "2025-03", **EVENTS[kind]}
    changes: dict[str, Any] = {"events": [*WAR["events"], event]}
    later = {"segment": "B", "list_price": 140_000, "units": 0, "like": "bolt-suv", "powertrain": "BEV"}
    later |= {"battery_kwh": 60, "range_km": 500}
    if kind == "Launch":
        changes["products.ace-new"] = {**later, "firm": "ace", "name": "New"}
    if kind == "Entry":
        changes["firms.dash"] = {"name": "Dash", "capacity": 9_000, "cash": 1e9, "strategy": "Match"}
        changes["products.dash-one"] = {**later, "firm": "dash", "name": "One"}
    same(war(**changes))


MEASURES: Mapping[str, dict[str, Any]] = {
    "BelowCostBan": {"compliance": 0.5, "audit": 0.6, "fine": 1e6},
    "CapacityPermit": {"factor": 0.9, "charge": 3_000},
    "CoolingOff": {"months": 2, "compliance": 0.7},
    "DiscountDisclosure": {"compliance": 0.6},
    "MaximumMonthlyCut": {"cut": 0.05, "compliance": 0.6, "audit": 0.5, "fine": 1e6},
    "NoticePeriod": {"months": 2, "compliance": 0.7},
    "PaymentRule": {"days": 30, "months": 3, "compliance": 0.7},
    "Pledge": {"defection": 0.2},
    "PriceFloor": {"share": 0.9, "compliance": 0.6},
    "PriceProtection": {"compliance": 0.7},
    "PublicWarning": {"compliance": 0.6},
    "PurchaseTax": {"notice": 1},
    "Summons": {"firms": ["ace"], "compliance": 0.5},
    "TradeInSubsidy": {"amount": 8_000, "budget": 4e8, "segments": ["A0"]},
    "WindfallLevy": {"rate": 0.3},
}


@pytest.mark.parametrize("kind", sorted(shipped("pricewar.interventions", Intervention)))
def test_every_measure(kind: str) -> None:
    measure = {"kind": kind, "start": "2025-02", "end": "2025-06", **MEASURES[kind]}
    noise = {"noise.view_lag": 1, "noise.view_sd": 0.02}
    same(war(interventions=[measure], **noise, **{"firms.ace.strategy": "BestResponse"}))


@pytest.mark.parametrize("name", MECHANISMS)
@pytest.mark.parametrize("on", [True, False])
def test_every_mechanism(name: str, on: bool) -> None:
    same(war(**{f"dynamics.{name}.on": on}))


@pytest.mark.parametrize(
    "changes",
    [
        {"demand": {"kind": "NestedLogit", "rho": 0.5}},
        {"demand": {"kind": "NestedLogit", "nests": ["body", "segment"], "rho": [0.3, 0.6]}},
        {"demand": {"kind": "Linear"}, **{f"dynamics.{name}.on": False for name in PERSONAL}},
        {"cost": {"kind": "Rising"}, "dynamics.learning.on": False},
        {"cost": {"kind": "Scale"}, "dynamics.learning.on": False},
        {"dynamics.backlog.cancellation": 0.03, "market.settlement": "order", "market.deposit": 0.1},
        {"market.settlement": "delivery", "consumers.petrol_share": 0.5, "market.petrol_price": 130_000},
        {"noise.view_sd": 0.03, "noise.view_lag": 2},
        {"supply_chain.groups": {}},
        {"firms.ace.capacity": 5_000, "firms.cove.capacity": 1_500},
    ],
    ids=str,
)
def test_every_sort_of_market(changes: dict[str, Any]) -> None:
    same(war(**changes))


@pytest.mark.parametrize("campaigns", [True, False])
@pytest.mark.parametrize("name", shipped_scenarios())
def test_shipped_scenarios(name: str, campaigns: bool) -> None:
    scenario = load(name)
    if scenario.consumers.weight is None and (scenario.campaigns.on or not campaigns):
        found = same(scenario.but({"campaigns.on": campaigns, "consumers.draws": 200}), (5, 2, 9))
        assert bool(len(found["campaigns"]["seed"])) == campaigns


class Shy(QuotaRace):
    """A rule of a user's own, written for one run."""

    def renews(self, board: Board, draws: Draws) -> Flags:
        assert board.able.ndim == 1
        return draws.renewal < 0.5 * board.able.mean()


def test_campaigns_with_a_rule_of_ones_own_warnings_and_firms_that_give_up() -> None:
    scenario = load("byd-one-third").but(
        {
            "consumers.draws": 200,
            "campaigns.rule": Shy(),
            "campaigns.give_up": 1.0,
            "interventions": [
                {"kind": "PublicWarning", "start": "2025-06"},
                {"kind": "BelowCostBan", "start": "2026-01", "line": "full"},
            ],
        }
    )
    found = same(scenario, (1, 2, 3, 4))
    assert len(set(found["campaigns"]["seed"])) == 4
    assert any("gives up" in what for what in found["log"]["what"])


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(wars())
def test_any_war(scenario: Scenario) -> None:
    same(scenario, (scenario.seed, scenario.seed + 1, 77))


def test_firms_may_leave_in_some_runs_and_not_in_others() -> None:
    found = same(
        tiny(
            {
                "firms.bolt.cash": 2e8,
                "firms.bolt.fixed_cost": 1.3e8,
                "firms.bolt.months_to_exit": 2,
                "noise.market_sd": 0.4,
            }
        ),
        range(1, 7),
    )
    log = pd.DataFrame(found["log"])
    gone = log[log["what"].str.contains("runs out of cash")]["seed"].nunique()
    assert 0 < gone < 6


# -- what users write ----------------------------------------------------------------------------


class Moody(Strategy):
    """Written for one run: it draws, remembers, and asks for one number."""

    def price(self, view: View) -> Any:
        view.memory["months"] = view.memory.get("months", 0) + 1
        if view.orders.sum() > 1.1 * view.landscape.start_units[view.own].sum():
            view.memory["busy"] = float(view.cash)
        lift = 0.01 * view.luck().normal() + 0.002 * view.memory["months"] - 0.01 * ("busy" in view.memory)
        return Quote(list_price=1.05 * view.start_price, promotion=0.05 * view.start_price * (1 - lift))


class Calm(Strategy):
    """Written for many runs: it says so."""

    batched = True

    def price(self, view: View) -> Any:
        return view.start_price * (1 - 0.5 * view.rival_cut().max(axis=-1, keepdims=True))


class Strike(Event):
    def impose(self, offers: Offers, state: State, last_period: int) -> Offers:
        low = state.stock < state.stock.mean()
        return offers.with_price(np.where(low, 1.02 * offers.price, offers.price))

    def strike(self, state: State) -> None:
        state.capacity = state.capacity * (0.8 if state.cash.min() < 2e9 else 0.9)
        state.planned *= 0.95


class Odd(Intervention):
    def see(self, view: View, desk: Desk) -> View:
        return view.but(unit_cost=view.unit_cost * (1 + 0.01 * desk.luck().random()))


class Weary(OwnMechanism):
    def appeal(self, state: State, offers: Offers, memory: Notebook) -> Floats:
        return -memory.get("cut", np.zeros(len(offers.price)))

    def shoppers(self, state: State, offers: Offers, memory: Notebook) -> float:
        return 1.0 - min(0.2, float(np.sum(memory.get("cut", 0.0))))

    def remember(self, state: State, offers: Offers, sales: Sales, memory: Notebook) -> None:
        memory["cut"] = np.maximum(1 - offers.price / state.landscape.start_price, 0.0)


class Steep(CostCurve):
    def factor(self, output: Output) -> Floats:
        land: Landscape = output.landscape
        assert output.planned.ndim == 1
        return land.by_product(output.pace**0.1)


def test_rules_of_a_users_own_are_asked_run_by_run() -> None:
    changes = {
        "firms.ace.strategy": Moody(),
        "firms.bolt.strategy": {"kind": "Match", "base": Moody()},
        "firms.cove.strategy": Calm(),
        "events": [*WAR["events"], Strike(month="2025-03", until="2025-06")],
        "interventions": [Odd(start="2025-02")],
        "dynamics.weary": Weary(),
        "cost": Steep(),
        "dynamics.learning.on": False,
    }
    same(war(**changes))


# -- run ------------------------------------------------------------------------------------------


class Late(Strategy):
    """Fails in the month in which luck says so."""

    def price(self, view: View) -> Any:
        if view.period == 4 and view.luck().random() < 0.5:
            raise ValueError("out of ideas")
        return view.start_price


def test_one_that_fails_takes_no_other_down() -> None:
    scenario = war(**{"firms.ace.strategy": Late()})
    found = run(scenario, seeds=6).runs
    assert set(found["status"]) == {"ok", "failed"}
    alone = [run(scenario, [seed]).runs.iloc[0] for seed in range(1, 7)]
    assert list(found["status"]) == [one["status"] for one in alone]
    assert list(found["error"]) == [one["error"] for one in alone]


def test_run_gives_the_same_tables_whatever_goes_together(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(war(), seeds=5)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        pooled = run(war(), seeds=5, executor=pool)
    monkeypatch.setattr("pricewar.runs.fits", lambda scenario: False)
    alone = run(war(), seeds=5)
    timed = {"runs": ["seconds"]}
    for name, table in whole.tables.items():
        for other in (alone, pooled):
            pair = (each.drop(columns=timed.get(name, [])) for each in (table, other.tables[name]))
            pd.testing.assert_frame_equal(*pair, check_exact=True)


def test_memory_is_that_of_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = list[int]()
    monkeypatch.setattr(
        "pricewar.runs.run_block", lambda jobs, month=None: sizes.append(len(jobs)) or run_block(jobs, month)
    )
    scenario = tiny({"consumers.draws": CELLS // 4, "periods": 1})
    assert block_size(scenario) == 4
    run(scenario, seeds=9)
    assert sizes == [4, 4, 1]
    assert block_size(tiny({"consumers.draws": 50})) == MOST


@pytest.mark.parametrize(
    "changes",
    [
        {"consumers.weight": 1_000.0},
        {"events": [{"kind": "Entry", "month": "2025-04", "firm": "ace"}]},
    ],
    ids=str,
)
def test_what_does_not_fit_runs_one_by_one(changes: dict[str, Any]) -> None:
    scenario = tiny({"periods": 2, **changes}, periods=4)
    assert not fits(scenario)
    assert fits(tiny())
    assert list(run(scenario, seeds=2).runs["status"]) == ["ok", "ok"]


def test_strategies_that_serve_many_runs() -> None:
    """Rules that work product by product do; those with one state for the whole firm are asked run by run."""
    kinds = shipped("pricewar.strategies", Strategy)
    alone = {kind for kind, rule in kinds.items() if not rule.batched}
    assert alone == {"GreenPorter", "Learned", "Predation", "QLearning"}
