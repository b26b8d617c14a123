"""Peace is peace: what costs explain is no cut, whatever the follow rates, the squeeze and the noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import AT_REST, OFF, column, ran, strategies, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar.market.model import PriceWar
from pricewar.market.reference import pass_through
from pricewar.results.metrics import cut_depth, reference_price
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario
from pricewar.strategies import CostPlus, Hold, Match, MenuCost, PerSegment

SOME = settings(max_examples=25, deadline=None)
FOLLOWERS = ("Match", "Undercut", "TitForTat", "RetaliateForgive", "GrimTrigger", "EdgeworthCycle")


def follow(scenario: Scenario, rate: float) -> Scenario:
    """All firms that match follow at this rate."""
    changes = {}
    for key, firm in scenario.firms.items():
        path, rule = f"firms.{key}.strategy", firm.strategy
        while not isinstance(rule, Match) and hasattr(rule, "base"):
            path, rule = f"{path}.base", rule.base
        if isinstance(rule, Match):
            changes[f"{path}.follow_rate"] = rate
    return scenario.but(changes)


def peace(market: Scenario, **changes: Any) -> list[tuple[float, float]]:
    """(price index at the end, highest war index) for follow rates from 0 to 0.9."""
    found = []
    for rate in (0.0, 0.3, 0.6, 0.9):
        table = ran(follow(market, rate).but(changes)).tables()["market"]
        found.append((float(table["price_index"].iloc[-1]), float(table["war_index"].max())))
    return found


QUIET = {"campaigns.on": False, "noise.firm_sd": {}}
"""Peace is peace where firms start no war of their own."""


@pytest.mark.parametrize("squeeze", [0.0, 0.15, 0.5])
def test_the_shipped_peace_contains_no_war(squeeze: float) -> None:
    found = peace(
        load("baseline").but({"consumers.draws": 500, **QUIET}), **{"supply_chain.squeeze": squeeze}
    )
    index, war = zip(*found, strict=True)
    assert max(index) - min(index) < 0.5
    assert max(war) < 0.5


def test_nor_where_rivals_prices_are_seen_late_and_blurred() -> None:
    noise = {"noise.view_sd": 0.02, "noise.view_lag": 1}
    index, war = zip(*peace(load("baseline").but({"consumers.draws": 200, **QUIET}), **noise), strict=True)
    assert max(index) - min(index) < 0.5
    assert max(war) < 0.5


@SOME
@given(
    st.sampled_from(FOLLOWERS), st.floats(0.0, 0.2), st.floats(-0.3, 0.3), st.floats(0.0, 1.0),
    st.floats(-0.15, 0.15), st.sampled_from((0.0, 0.5)),
)  # fmt: skip
def test_costs_that_move_alike_start_no_war(
    kind: str, learning: float, battery: float, share: float, shock: float, squeeze: float
) -> None:
    """Whatever answers rivals: where the costs of all move by one factor, nobody sees a cut."""
    rule = {"kind": kind, "base": {"kind": "CostPlus"}}
    if kind == "EdgeworthCycle":
        rule |= {"restore": 0.0}
    scenario = tiny(
        {
            **AT_REST, **strategies({"kind": "CostPlus"} if kind == "EdgeworthCycle" else rule),
            "market.pass_through": share, "supply_chain.squeeze": squeeze,
            "events": [{"kind": "CostShock", "month": "2025-03", "until": "2025-05", "change": shock}],
        },
    )  # fmt: skip
    model = ran(scenario)
    assert model.tables()["market"]["war_index"].max() < 1e-9
    expected = reference_price(1.0, 1.0 + shock, share)
    assert column(model, "offers", "price")[2] == pytest.approx(model.landscape.start_price * expected)


def test_a_squeeze_does_not_justify_the_cut_that_caused_it() -> None:
    """Suppliers that give in make cars cheaper; the reference knows the cost at full terms only."""
    cut = {"kind": "Cut", "month": "2025-02", "firm": "ace", "depth": 0.3}
    references = {}
    for squeeze in (0.0, 0.5):
        model = ran(
            tiny({**AT_REST, **strategies("CostPlus"), "supply_chain.squeeze": squeeze}, events=[cut])
        )
        references[squeeze] = np.array([month.reference for month in model.history])
        paid = np.array([month.unit_cost for month in model.history])[3, 0]
        assert (paid < model.calibration.unit_cost[0]) == (squeeze > 0)
    assert np.array_equal(references[0.0], references[0.5])


def test_in_a_chip_shock_nobody_sees_a_cut_and_nobody_makes_one() -> None:
    """Costs of some rise: who is not exposed holds, and not raising a price is no cut."""
    model = PriceWar(load("chip-shock").but({"consumers.draws": 200, **QUIET}), collect=False)
    while model.running:
        model.step()
        for firm in model.firms:
            assert firm.view is not None
            assert firm.view.rival_cut().max() < 0.01, (firm.key, model.month)
    assert model.tables()["firms"]["cut_depth"].max() < 0.005


def test_not_raising_is_no_cut_but_taking_a_rise_back_is() -> None:
    up = {"kind": "CostShock", "month": "2025-02", "change": 0.2}
    held = ran(tiny({**AT_REST, **strategies("Hold")}, events=[up]))
    assert held.tables()["market"]["war_index"].max() == 0.0
    scripted = {
        "kind": "Scripted", "base": {"kind": "CostPlus"}, "table": {"2025-04": {"ace-small": 0.0}},
    }  # fmt: skip
    raised = ran(tiny({**AT_REST, **strategies("CostPlus"), "firms.ace.strategy": scripted}, events=[up]))
    depth = cut_depth(
        column(raised, "offers", "price"), np.array([month.reference for month in raised.history])
    )
    assert depth[:3].max() == 0.0
    assert depth[3, 0] == pytest.approx(1 - 1 / 1.2), "it had charged 20% more, and its cost is still there"


def test_one_makers_rise_does_not_hide_anothers_cut() -> None:
    cut = {"kind": "Cut", "month": "2025-02", "firm": "bolt", "depth": 0.2}
    rise = {"kind": "Scripted", "table": {"2025-02": {"cove-one": 0.5, "cove-suv": 0.5}}}
    follower = {"kind": "Match", "follow_rate": 0.5, "ceiling": 0.5}
    calm = {**AT_REST, **strategies("Hold"), "firms.ace.strategy": follower}
    alone = ran(tiny(calm, events=[cut]))
    hidden = ran(tiny({**calm, "firms.cove.strategy": rise}, events=[cut]))
    prices = [column(model, "offers", "price")[-1, :2] for model in (alone, hidden)]
    assert np.array_equal(*prices)
    assert np.all(prices[0] < alone.landscape.start_price[:2])


def test_a_later_product_starts_at_its_launch_price_and_the_cost_of_that_month() -> None:
    tree: dict[str, Any] = {
        **AT_REST, **strategies("CostPlus"), "dynamics.battery.on": True,
        "dynamics.battery.change_a_year": -0.5,
        "products.late": {
            "firm": "ace", "name": "Late", "segment": "B", "list_price": 150_000, "battery_kwh": 60,
            "like": "bolt-suv",
        },
        "events": [{"kind": "Launch", "month": "2025-05", "product": "late"}],
    }  # fmt: skip
    model = ran(tiny(tree))
    j = model.landscape.product("late")
    price = column(model, "offers", "price")[:, j]
    reference = np.array([month.reference[j] for month in model.history])
    assert reference[4] == price[4]
    assert cut_depth(price[4:], reference[4:]).max() < 0.01
    assert reference[-1] < reference[4], "and it moves with cost from there"


def test_rivals_see_the_index_of_the_segment_and_nobodys_cost() -> None:
    """What is published of two markets is the same when only the split of cost between makers differs."""
    shock = {"kind": "CostShock", "month": "2025-02", "change": -0.1}
    model = ran(tiny({**AT_REST, **strategies("CostPlus")}, events=[shock]))
    published = model.reference.published
    start, segment = model.landscape.start_price, model.landscape.segment_of
    ratio = published / start
    for s in np.unique(segment):
        assert np.ptp(ratio[:, segment == s], axis=1).max() < 1e-12
    assert ratio[2] == pytest.approx(np.full(len(start), 0.9))


# -- whose pass-through ------------------------------------------------------------------------


def test_each_maker_is_held_to_its_own_pass_through() -> None:
    scenario = tiny(
        {
            "market.pass_through": 0.4,
            "firms.ace.strategy": Match(base=CostPlus()),
            "firms.bolt.strategy": PerSegment(rules={"B": CostPlus(pass_through=0.9)}, otherwise=Hold()),
            "firms.cove.strategy": MenuCost(target=CostPlus(pass_through=0.1)),
        }
    )
    found = pass_through(scenario, PriceWar(scenario, collect=False).calibration)
    assert found.tolist() == [0.4, 0.4, 0.0, 0.9, 0.1, 0.1]


def test_other_rules_are_held_to_what_an_equilibrium_shows() -> None:
    """On best responses to costs that fall, the reference follows the prices that the rule really sets."""
    shock = {"kind": "CostShock", "month": "2025-02", "change": -0.05}
    quiet = {**AT_REST, **strategies("BestResponse")}
    model = ran(tiny(quiet, events=[shock], periods=30, dynamics=OFF))
    price = column(model, "offers", "price")[-1]
    found = pass_through(model.setting, model.calibration)
    assert price == pytest.approx(model.landscape.start_price * (1 - 0.05 * found), rel=1e-3)
    assert model.tables()["market"]["war_index"].iloc[-1] < 0.1


def test_cost_plus_follows_the_market_unless_it_states_its_own() -> None:
    shock = {"kind": "CostShock", "month": "2025-02", "change": -0.1}
    base = tiny({**AT_REST, **strategies("CostPlus"), "market.pass_through": 0.5}, events=[shock], periods=3)
    own = base.but({"firms.ace.strategy.pass_through": 1.0})
    prices = [column(ran(scenario), "offers", "price")[-1] for scenario in (base, own)]
    start = PriceWar(base, collect=False).landscape.start_price
    assert prices[0] == pytest.approx(0.95 * start)
    assert prices[1][:2] == pytest.approx(0.9 * start[:2])
