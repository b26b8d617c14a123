"""The zoo: the battery over every shipped rule, what each does in numbers, and laws."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pricewar.base.errors import InputError, StrategyError
from pricewar.base.records import Floats, Quote, View
from pricewar.base.rules import RuleOf, make_rule, shipped
from pricewar.strategies import (
    BestResponse,
    Calvo,
    CostPlus,
    EdgeworthCycle,
    GreenPorter,
    GrimTrigger,
    Hold,
    Match,
    MenuCost,
    PerSegment,
    Predation,
    RetaliateForgive,
    Scripted,
    StockClearing,
    Strategy,
    TitForTat,
    Undercut,
)
from pricewar.strategies.respond import lowest_rival
from pricewar.testing.strategies import (
    ALPHA,
    SHOPPERS,
    VAT,
    LogitRival,
    check_strategy,
    example_landscape,
    example_view,
)

NEEDED: dict[str, dict[str, Any]] = {
    "Learned": {"policy": ((0, 0), (1, 1), (2, 2))},
    "PerSegment": {"rules": {"small": "Match"}},
    "Predation": {"prey": "gamma", "begin": "2030-01"},
    "Scripted": {"table": {"2030-01": {}}},
}
KINDS = shipped("pricewar.strategies", Strategy)
DOCS = Path(__file__).parents[1] / "docs"


def rule(kind: str, **parameters: Any) -> Strategy:
    return make_rule({"kind": kind, **NEEDED.get(kind, {}), **parameters}, "pricewar.strategies", Strategy)


def run(rule: Strategy, months: int, firm: int = 0, history: Any = 0.0, **changes: Any) -> Floats:
    """(months, n) own prices relative to the start, with one notebook. `history` is every rival's change
    from the start: a number, or one for each month."""
    levels = np.broadcast_to(np.asarray(history, dtype=float), (months,))
    memory: dict[str, Any] = {}
    own = example_landscape().own(firm)
    told = np.zeros((0, 6))
    mine = np.zeros(len(own))
    out = []
    for period in range(months):
        row = np.full(6, levels[period])
        row[own] = mine
        told = np.vstack([told, row])
        now = {name: value[period] if isinstance(value, list) else value for name, value in changes.items()}
        view = example_view(firm, period=period, history=told, **now)
        mine = price_of(rule, view, memory) / view.start_price - 1.0
        out.append(1.0 + mine)
    return np.array(out)


def play(rules: list[Strategy], months: int, shock: float = 0.0) -> Floats:
    """(months, J) prices relative to the start of the example market, when each firm sees last month's.

    `shock` is the change that the first firm's prices showed in the month before the first.
    """
    land = example_landscape()
    memories: list[dict[str, Any]] = [{} for _ in rules]
    seen = [np.where(land.firm_of == 0, shock, 0.0)]
    for period in range(months):
        row = np.zeros(6)
        for firm, its in enumerate(rules):
            view = example_view(firm, period=period, history=np.array(seen), seed=3)
            row[view.own] = price_of(its, view, memories[firm]) / view.start_price - 1.0
        seen.append(row)
    return 1.0 + np.array(seen[1:])


def price_of(rule: Strategy, view: View, memory: dict[str, Any] | None = None) -> Floats:
    """The rule's transaction prices, with an empty notebook unless one is given."""
    quote = rule.quote(view.but(memory={} if memory is None else memory))
    return quote.list_price - quote.promotion


# --- the battery -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_battery(kind: str) -> None:
    check_strategy(rule(kind))


@pytest.mark.parametrize("kind", [k for k, cls in sorted(KINDS.items()) if "base" in cls.model_fields])
def test_battery_on_top_of_another_rule(kind: str) -> None:
    check_strategy(rule(kind, base={"kind": "Match", "base": {"kind": "CostPlus"}}))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_rule_cites_and_describes(kind: str) -> None:
    assert re.search(r"\b(18|19|20)\d\d\b", KINDS[kind].__doc__ or "") or kind in {"Scripted", "PerSegment"}
    for name, field in KINDS[kind].model_fields.items():
        assert name == "instrument" or field.description, f"{kind}.{name} has no description"


def test_all_is_exported() -> None:
    assert {
        "Hold", "CostPlus", "Match", "Undercut", "BestResponse", "MenuCost", "Calvo", "RetaliateForgive",
        "TitForTat", "GrimTrigger", "GreenPorter", "EdgeworthCycle", "StockClearing", "Predation", "Scripted",
    } <= set(KINDS)  # fmt: skip


def test_json_schema_of_nested_rules_ends() -> None:
    schema = TypeAdapter(Annotated[Strategy, RuleOf("pricewar.strategies", Strategy)])
    assert {s["properties"]["kind"].get("const") for s in schema.json_schema()["anyOf"]} >= set(KINDS)


class Broken(Strategy):
    how: str = "nan"

    def price(self, view: View) -> Any:
        match self.how:
            case "nan":
                return np.full(view.n, np.nan)
            case "shape":
                return view.price[:1].repeat(view.n + 1)
            case "negative":
                return -view.price
            case "moves":
                return 0.99 * view.price
            case "forges":
                view.seen.base.flags.writeable = True
                view.seen.base[-1] *= 0.9
                return view.price
            case "unseeded":
                return view.price * np.random.default_rng().uniform(0.9, 1.1, view.n)
            case "hides":
                view.memory["f"] = lambda: 0
                return view.price
            case _:
                raise KeyError("a bug")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("nan", "finite prices above 0"),
        ("shape", "found shape"),
        ("negative", "finite prices above 0"),
        ("moves", "at rest, firm 0, month 0"),
        ("forges", "writes to view.seen"),
        ("unseeded", "another answer"),
        ("hides", "does not pickle"),
        ("bug", "raises KeyError"),
    ],
)
def test_battery_catches(how: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_strategy(Broken(how=how))


def test_battery_catches_a_rule_that_cannot_travel() -> None:
    class Local(Hold):
        pass

    with pytest.raises(AssertionError, match=r"does not pickle.*its table form is refused"):
        check_strategy(Local())


def test_battery_lets_a_leader_move_first() -> None:
    check_strategy(Undercut(lead=True), rests=False)
    with pytest.raises(AssertionError, match="at rest"):
        check_strategy(Undercut(lead=True))


# --- the example market ------------------------------------------------------------------------------


def test_example_view_is_at_rest_and_refuses_writing() -> None:
    for firm in range(3):
        view = example_view(firm)
        assert np.allclose(view.respond(view.unit_cost - view.growth), view.start_price, rtol=1e-12)
        assert np.all(view.rival_change() == 0)
        with pytest.raises(ValueError, match="read-only"):
            view.price[0] = 1.0
    assert example_view("beta").firm == 1


def test_example_respond_is_a_maximum_of_profit() -> None:
    land, firm = example_landscape(), 0
    rival = LogitRival(firm, land)
    seen = land.start_price * (1 + 0.1 * np.cos(np.arange(6)))
    value = 0.7 * land.start_price[rival.own] / (1 + VAT)

    def profit(own: Floats) -> float:
        prices = seen.copy()
        prices[rival.own] = own
        weight = np.exp(rival.delta - ALPHA * prices)
        share = weight / (1 + weight.sum())
        return float(SHOPPERS * (own / (1 + VAT) - value) @ share[rival.own])

    best = rival.respond(seen, np.ones(6), value)
    top = profit(best)
    for step in (-100.0, 100.0):
        for i in range(3):
            assert profit(best + step * np.eye(3)[i]) < top


# --- what each does, in numbers ----------------------------------------------------------------------


def test_hold_returns_to_the_start_or_keeps_the_last() -> None:
    view = example_view(0, history=-0.2)
    assert np.array_equal(price_of(Hold(), view), view.start_price)
    assert np.array_equal(price_of(Hold(at="last"), view), 0.8 * view.start_price)


def test_cost_plus_passes_cost_through() -> None:
    view = example_view(0)
    dear = view.but(unit_cost=1.1 * view.unit_cost)
    assert price_of(CostPlus(), dear) == pytest.approx(1.1 * view.start_price)
    assert price_of(CostPlus(pass_through=0.5), dear) == pytest.approx(1.05 * view.start_price)
    assert price_of(CostPlus(max_rise=0.02), dear) == pytest.approx(1.02 * view.start_price)
    assert price_of(CostPlus(markup=0.5), view) == pytest.approx(1.13 * 1.5 * view.unit_cost)


def test_cost_plus_on_full_cost_raises_prices_when_sales_fall() -> None:
    full = example_view(0).full_cost
    costs = [full, full, 1.2 * full]
    path = run(CostPlus(on="full"), 3, full_cost=costs)
    assert path[:, 0] == pytest.approx([1.0, 1.0, 1.2])


def test_scripted_follows_its_table() -> None:
    table = {"2025-06": {"alpha-s": -0.1}, "2025-08": {"alpha-s": 0.0, "alpha-l": -0.2}}
    path = run(Scripted(table=table), 4)
    assert path[:, 0] == pytest.approx([1.0, 0.9, 0.9, 1.0])
    assert path[:, 1] == pytest.approx([1.0] * 4)
    assert path[:, 2] == pytest.approx([1.0, 1.0, 1.0, 0.8])
    view = example_view(0)
    priced = price_of(Scripted(unit="price", table={"2025-05": {"alpha-m": 99_800}}), view)
    assert priced.tolist() == [80_000.0, 99_800.0, 210_000.0]


def test_scripted_refuses_a_product_that_is_not_its_own() -> None:
    with pytest.raises(InputError, match=r"beta-s.*allowed: products of alpha: alpha-l, alpha-m, alpha-s"):
        Scripted(table={"2025-05": {"beta-s": -0.1}}).price(example_view(0))


def test_per_segment_uses_each_rule_in_its_segment() -> None:
    split = PerSegment(rules={"small": {"kind": "Match", "follow_rate": 1.0}}, otherwise="Hold")
    assert run(split, 1, history=-0.1)[0] == pytest.approx([0.9, 1.0, 1.0])
    with pytest.raises(InputError, match="allowed: one of small, large"):
        PerSegment(rules={"medium": "Hold"}).price(example_view(0))


def test_match_follows_in_part_after_its_lag() -> None:
    rivals = [0.0, -0.1, -0.1, -0.1]
    assert run(Match(follow_rate=0.6), 4, history=rivals)[:, 0] == pytest.approx([1.0, 0.94, 0.94, 0.94])
    late = run(Match(follow_rate=0.6, lag=3), 4, history=rivals)
    assert late[:, 0] == pytest.approx([1.0, 1.0, 1.0, 0.94])


def test_match_ceiling_threshold_and_floor_bind() -> None:
    assert run(Match(follow_rate=1, ceiling=0.15), 1, history=-0.3)[0] == pytest.approx([0.85] * 3)
    assert np.all(run(Match(threshold=0.05), 1, history=-0.049) == 1.0)
    deep = Match(follow_rate=1, ceiling=0.5, floor=1.05)  # unit cost is 0.8 of the price net of VAT
    assert run(deep, 1, history=-0.4)[0] == pytest.approx([0.84] * 3)


def test_match_recovers_at_its_own_speed() -> None:
    path = run(Match(follow_rate=1, recovery=0.5), 4, history=[-0.1, 0.0, 0.0, 0.0])
    assert path[:, 0] == pytest.approx([0.9, 0.95, 0.975, 0.9875])
    assert run(Match(follow_rate=1, recovery=0), 3, history=[-0.1, 0, 0])[:, 0] == pytest.approx([0.9] * 3)
    assert run(Match(follow_rise=0.5, recovery=1), 1, history=0.1)[0] == pytest.approx([1.05] * 3)
    assert run(Match(), 1, history=0.1)[0] == pytest.approx([1.0] * 3)


def test_a_war_of_matchers_dies_out_unless_they_match_in_full() -> None:
    mild = play([Match(follow_rate=0.6, threshold=0)] * 3, 60, shock=-0.1)
    assert mild[1].min() < 0.97
    assert mild[-1] == pytest.approx(np.ones(6), abs=1e-3)
    full = play([Match(follow_rate=1.0, threshold=0)] * 3, 60, shock=-0.1)
    assert full[-1].max() < 0.97


def test_match_weighs_rivals_by_closeness() -> None:
    history = np.zeros((1, 6))
    history[0, 5] = -0.2  # only gamma-l moves: 7 of the rivals' 30 thousand cars
    view = example_view(0, history=history)
    expected = 1 - 0.5 * 0.2 * 7 / 30
    assert price_of(Match(follow_rate=0.5), view) / view.start_price == pytest.approx([expected] * 3)


def test_undercut_steps_below_the_lowest_of_the_closest() -> None:
    history = np.array([[0, 0, 0, -0.03, -0.05, -0.2]])
    view = example_view(0, history=history)  # by diversion: beta-m, beta-s, gamma-l
    assert lowest_rival(view, 1).tolist() == pytest.approx([-0.05] * 3)
    assert price_of(Undercut(step=0.02, closest=2), view) == pytest.approx(0.95 * 0.98 * view.start_price)
    assert price_of(Undercut(closest=3, ceiling=0.1), view) == pytest.approx(0.9 * view.start_price)
    alone = view.but(on_sale=view.landscape.firm_of == 0)
    assert price_of(Undercut(), alone) == pytest.approx(view.start_price)


def test_two_undercutters_walk_each_other_down_to_cost() -> None:
    path = play([Undercut(step=0.05, closest=1), Undercut(step=0.05, closest=1), Hold()], 12, shock=-0.1)
    assert path[-1] == pytest.approx([0.8, 0.8, 0.8, 0.8, 0.8, 1.0])
    assert np.all(path >= 0.8 - 1e-12)
    mild = [Undercut(step=0.05, closest=1, ceiling=0.12)] * 2
    assert play([*mild, Hold()], 12, shock=-0.1)[-1, :5] == pytest.approx([0.88] * 5)


def test_best_response_goes_part_of_the_way_and_stays_in_bounds() -> None:
    view = example_view(0, history=np.array([[0, 0, 0, -0.3, -0.3, -0.3]]))
    best = view.respond(view.unit_cost - view.growth)
    full, half = price_of(BestResponse(), view), price_of(BestResponse(speed=0.5), view)
    assert np.all(full < view.start_price)
    assert full == pytest.approx(best)
    assert half == pytest.approx((view.start_price + best) / 2)
    assert price_of(BestResponse(max_cut=0.001), view) == pytest.approx(0.999 * view.start_price)


def test_best_response_without_the_growth_motive_raises_prices() -> None:
    view = example_view(0)
    gap = price_of(BestResponse(growth_weight=0), view) - view.start_price
    assert np.all(gap[view.growth > 0] > 0)
    assert price_of(BestResponse(growth_weight=0, max_rise=0.05), view) == pytest.approx(
        np.minimum(1.05 * view.start_price, view.start_price + gap)
    )


def test_menu_cost_waits_until_the_gap_is_worth_it() -> None:
    target = {"kind": "Scripted", "table": {"2025-05": {"alpha-s": -0.02, "alpha-m": -0.05, "alpha-l": 0.04}}}
    view = example_view(0)
    assert price_of(MenuCost(target=target, band=0.03), view) / view.start_price == pytest.approx(
        [1.0, 0.95, 1.04]
    )
    # alpha-l sells 12,000 cars at 210,000: the cost whose band is exactly its gap of 4%
    revenue = 12_000 * 210_000 / 1.13
    cost = 0.5 * 3 * revenue * 0.04**2 * 6
    for factor, moved in ((0.99, 1.04), (1.01, 1.0)):
        wise = MenuCost(target=target, band=0, cost=factor * cost, elasticity=4, months=6)
        assert price_of(wise, view)[2] / 210_000 == pytest.approx(moved)


def test_calvo_moves_the_line_together_or_each_product_alone() -> None:
    target = {"kind": "Match", "follow_rate": 1}
    moved = [price_of(Calvo(target=target), example_view(0, period=t, history=-0.1)) for t in range(40)]
    ratio = np.array(moved) / example_view(0).start_price
    assert np.all((ratio == ratio[:, :1]).all(axis=1))
    view = example_view(0, history=np.array([[0, 0, 0, -0.1, -0.1, -0.1]]))
    assert price_of(Calvo(target=target, probability=1), view) == pytest.approx(0.9 * view.start_price)
    assert np.array_equal(price_of(Calvo(target=target, probability=0), view), view.start_price)


@pytest.mark.parametrize("together", [True, False])
def test_calvo_frequency_is_its_probability(together: bool) -> None:
    law = Calvo(target={"kind": "Match", "follow_rate": 1}, probability=0.25, together=together)
    history = np.array([[0, 0, 0, -0.1, -0.1, -0.1]])
    trials = 1500
    moved = np.array(
        [price_of(law, example_view(0, history=history, seed=s)) < 0.95 * 80_000 for s in range(trials)]
    )[:, 0]
    assert abs(moved.mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / trials)


def test_inner_rule_draws_luck_of_its_own() -> None:
    nested = Calvo(probability=0.5, target=Calvo(probability=0.5, target=Match(follow_rate=1)))
    history = np.array([[0, 0, 0, -0.1, -0.1, -0.1]])
    moved = [price_of(nested, example_view(0, history=history, seed=s))[0] < 79_000 for s in range(1000)]
    assert abs(np.mean(moved) - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 1000)  # 0.5 if both drew the same


def test_retaliation_lasts_its_months_then_accepts_the_new_level() -> None:
    rivals = [0, -0.1, -0.1, -0.1, -0.1, -0.2, -0.2, -0.2, -0.2]
    path = run(RetaliateForgive(months=3), 9, history=rivals)[:, 0]
    assert path == pytest.approx([1, 0.9, 0.9, 0.9, 1, 0.8, 0.8, 0.8, 1])
    crept = run(RetaliateForgive(months=1), 7, history=[-0.02, -0.04, -0.06, -0.08, -0.1, -0.12, -0.14])
    assert crept[:, 0] == pytest.approx([1, 1, 0.94, 1, 1, 0.88, 1])  # small steps add up
    capped = run(RetaliateForgive(strength=2, ceiling=0.15), 1, history=-0.1)
    assert capped[0] == pytest.approx([0.85] * 3)


def test_tit_for_tat_copies_and_two_tats_wait() -> None:
    rivals = [0, -0.1, 0, -0.1, -0.1, 0]
    assert run(TitForTat(), 6, history=rivals)[:, 0] == pytest.approx([1, 0.9, 1, 0.9, 0.9, 1])
    assert run(TitForTat(patience=2), 6, history=rivals)[:, 0] == pytest.approx([1, 1, 1, 1, 0.9, 1])
    assert np.all(run(TitForTat(generosity=1), 6, history=rivals) == 1.0)


def test_generous_tit_for_tat_ends_a_feud_that_strict_ones_keep_up() -> None:
    strict, generous = TitForTat(scope="line"), TitForTat(scope="line", generosity=0.3)
    feud = play([strict, strict, Hold()], 24, shock=-0.1)
    assert feud[-2:, :5].min() == pytest.approx(0.9)
    assert play([generous, generous, Hold()], 24, shock=-0.1)[-1] == pytest.approx(np.ones(6))


def test_grim_trigger_never_forgives() -> None:
    rivals = [0, -0.04, -0.1, 0, 0]
    assert run(GrimTrigger(), 5, history=rivals)[:, 0] == pytest.approx([1, 1, 0.85, 0.85, 0.85])
    nash = GrimTrigger(punishment="BestResponse")
    view = example_view(0, history=np.array([[0, 0, 0, -0.1, -0.1, -0.1]]))
    assert price_of(nash, view) == pytest.approx(view.respond(view.unit_cost - view.growth))


def test_scope_line_answers_with_the_whole_line() -> None:
    history = np.zeros((1, 6))
    history[0, 3] = -0.5
    view = example_view(2, history=history)
    history[0, [4, 0, 1, 2]] = -0.01
    assert price_of(GrimTrigger(scope="line", threshold=0.04), view)[0] < view.start_price[0]
    closeness = example_landscape().closeness.copy()
    closeness[1:3, 3] = 0.0  # only alpha-s competes with beta-s
    land = example_landscape().but(closeness=closeness)
    local = example_view(0, history=np.where(np.arange(6) == 3, -0.5, 0.0)[None], landscape=land)
    assert price_of(GrimTrigger(), local) / local.start_price == pytest.approx([0.85, 1, 1])
    assert price_of(GrimTrigger(scope="line"), local) / local.start_price == pytest.approx([0.85] * 3)


def test_green_porter_punishes_bad_luck_too_and_returns() -> None:
    normal = example_view(0).orders
    orders = [normal, 0.8 * normal, 0.7 * normal, *[normal] * 5]
    path = run(GreenPorter(months=3, tolerance=0.25), 8, orders=orders)[:, 0]
    assert path == pytest.approx([1, 1, 0.9, 0.9, 0.9, 1, 1, 1])


def test_green_porter_gets_used_to_a_slow_decline() -> None:
    normal = example_view(0).orders
    slow = [normal * 0.98**t for t in range(40)]
    assert np.all(run(GreenPorter(memory_rate=0.3), 40, orders=slow) == 1.0)
    assert run(GreenPorter(memory_rate=0.0), 40, orders=slow).min() == pytest.approx(0.9)


def test_edgeworth_cycle_is_a_sawtooth() -> None:
    first = EdgeworthCycle(step=0.1, restore=1.0, lead=True)
    second = EdgeworthCycle(step=0.1, restore=1.0)
    path = play([first, second, Hold()], 8)
    assert path[:, 0] == pytest.approx([0.9, 0.9, 1.0, 1.0, 0.81, 0.81, 0.9, 0.9])
    assert path[:, 3] == pytest.approx([1.0, 0.81, 0.81, 0.9, 0.9, 1.0, 1.0, 0.81])


def test_edgeworth_cycle_waits_at_the_trough_when_nobody_restores() -> None:
    path = play([EdgeworthCycle(restore=0, lead=True), EdgeworthCycle(restore=0), Hold()], 40)
    assert path[-1, :5] == pytest.approx([0.8] * 5)
    assert np.all(np.diff(path[:, 0]) <= 1e-12)


def test_stock_clearing_cuts_in_proportion_and_ends_when_cleared() -> None:
    units = example_view(0).units
    months = [1.5, 1.9, 3.5, 1.8, 1.5, 1.8, 9.0]
    path = run(StockClearing(), 7, stock=[m * units for m in months])[:, 0]
    assert path == pytest.approx([1, 1, 0.92, 0.988, 1, 1, 0.85])


def test_stock_clearing_comes_on_top_of_its_base() -> None:
    both = StockClearing(base=Match(follow_rate=1))
    view = example_view(0, history=np.array([[0, 0, 0, -0.1, -0.1, -0.1]]))
    full = view.but(stock=3.5 * view.units)
    assert price_of(both, full) == pytest.approx(0.9 * 0.92 * view.start_price)


def test_cut_on_top_does_not_feed_on_itself() -> None:
    units = example_view(0).units
    kept = StockClearing(base=Hold(at="last"))
    path = run(kept, 4, stock=[3.5 * units, 3.5 * units, 3.5 * units, 1.5 * units])[:, 0]
    assert path == pytest.approx([0.92, 0.92, 0.92, 1.0])


def prey_gone() -> np.ndarray:
    return np.array([True] * 5 + [False])


def test_predation_attacks_until_the_prey_is_gone_then_recoups() -> None:
    hunt = Predation(prey="gamma", reach=0.01, depth=0.95, recoup=0.1, recoup_months=2, begin="2025-06")
    on_sale = [np.ones(6, dtype=bool)] * 3 + [prey_gone()] * 3
    path = run(hunt, 6, on_sale=on_sale)[:, 0]
    assert path == pytest.approx([1, 0.76, 0.76, 1.1, 1.1, 1])


def test_predation_gives_up_without_cash_or_time() -> None:
    hunt = Predation(prey="gamma", reach=0.0, months=2)
    assert run(hunt, 4)[:, 0] == pytest.approx([0.76, 0.76, 1, 1])
    poor = run(Predation(prey="gamma", reach=0, cash_floor=1e9), 3, cash=[2e9, 0.5e9, 2e9])
    assert poor[:, 0] == pytest.approx([0.76, 1, 1])


def test_predation_spares_products_far_from_the_prey() -> None:
    view = example_view(1)  # gamma takes 7/491 of beta-s, 7/486 of beta-m
    reach = (7 / 491 + 7 / 486) / 2
    assert price_of(Predation(prey="gamma", reach=reach), view) / view.start_price == pytest.approx([1, 0.76])
    with pytest.raises(InputError, match="allowed: one of alpha, beta, gamma"):
        Predation(prey="delta").price(view)


def test_names_reach_into_inner_rules() -> None:
    deep = StockClearing(base=PerSegment(rules={"small": Predation(prey="gamma")}))
    assert list(deep.names()) == [("base.rules.small.prey", "gamma")]
    scripted = Scripted(table={"2025-05": {"alpha-s": -0.1}})
    assert list(scripted.names()) == [("table.2025-05.product", "alpha-s")]


def test_notes_stay_with_their_product_when_the_line_changes() -> None:
    memory: dict[str, Any] = {}
    history = np.array([[0, 0, 0, -0.1, -0.1, -0.1]])
    price_of(Match(follow_rate=1, recovery=0), example_view(0, history=history), memory)
    calm = example_view(0, period=1)
    arrays = [name for name, value in vars(calm).items() if np.shape(value) == (3,)]
    two = calm.but(**{name: getattr(calm, name)[[2, 1]] for name in arrays})
    assert price_of(Match(follow_rate=1, recovery=0), two, memory) == pytest.approx([189_000, 108_000])
    fresh = price_of(Match(follow_rate=1, recovery=0), calm, {"cut": (np.array([2]), np.array([0.1]))})
    assert fresh == pytest.approx([80_000, 120_000, 189_000])


def test_list_instrument_moves_the_list_price() -> None:
    view = example_view(0, history=np.array([[0, 0, 0, -0.1, -0.1, -0.1]]))
    quote = Match(follow_rate=1, instrument="list").quote(view)
    assert quote.promotion == pytest.approx(view.promotion)
    assert quote.list_price == pytest.approx(0.9 * view.start_price + view.promotion)


class AsQuote(Strategy):
    def price(self, view: View) -> Quote:
        return Quote(list_price=view.list_price, promotion=view.promotion)


def test_an_inner_rule_may_answer_with_a_quote() -> None:
    check_strategy(StockClearing(base=AsQuote()))


def test_a_bad_inner_rule_is_named() -> None:
    with pytest.raises(StrategyError, match=r"Broken of firm 'alpha' in 2025-05.*finite prices above 0"):
        StockClearing(base=Broken()).quote(example_view(0))


# --- laws --------------------------------------------------------------------------------------------

fraction = st.floats(0, 0.6)
levels = st.lists(st.floats(-0.6, 0.3), min_size=1, max_size=5)


@settings(deadline=None, max_examples=50)
@given(levels=levels, follow=st.floats(0, 1.5), ceiling=fraction, recovery=st.floats(0, 1))
def test_match_never_cuts_deeper_than_its_ceiling(
    levels: list[float], follow: float, ceiling: float, recovery: float
) -> None:
    path = run(
        Match(follow_rate=follow, ceiling=ceiling, recovery=recovery), len(levels), history=np.array(levels)
    )
    assert path.min() >= 1 - ceiling - 1e-12
    assert path.max() <= 1 + 1e-12


@settings(deadline=None, max_examples=50)
@given(levels=levels, step=st.floats(0.001, 0.4), floor=st.floats(0, 1.5), dear=st.floats(0.5, 2))
def test_undercut_never_sells_below_its_floor(
    levels: list[float], step: float, floor: float, dear: float
) -> None:
    cost = dear * example_view(0).unit_cost
    path = run(Undercut(step=step, floor=floor, ceiling=0.9), len(levels), history=levels, unit_cost=cost)
    lowest = np.minimum(floor * 1.13 * cost / example_view(0).start_price, 1.0)
    assert np.all(path >= lowest - 1e-12)


@settings(deadline=None, max_examples=50)
@given(low=st.floats(0.2, 2), more=st.floats(0, 1), share=st.floats(0, 1), markup=st.none() | st.floats(0, 1))
def test_cost_plus_rises_with_cost(low: float, more: float, share: float, markup: float | None) -> None:
    view = example_view(0)
    plus = CostPlus(pass_through=share, markup=markup, max_rise=5)
    cheap = price_of(plus, view.but(unit_cost=low * view.unit_cost))
    dear = price_of(plus, view.but(unit_cost=(low + more) * view.unit_cost))
    assert np.all(dear >= cheap * (1 - 1e-12))


@settings(deadline=None, max_examples=30)
@given(kind=st.sampled_from(sorted(set(KINDS) - {"Scripted"})), scale=st.floats(0.1, 10))
def test_the_unit_of_money_does_not_matter(kind: str, scale: float) -> None:
    view = example_view(0, history=np.array([[0, 0, 0, -0.1, -0.2, -0.05]]))
    money = ("list_price", "promotion", "price", "start_price", "unit_cost", "start_cost",
             "variable_cost", "full_cost", "growth", "cash", "fixed_cost", "seen", "reference")  # fmt: skip
    land = view.landscape.but(start_price=scale * view.landscape.start_price)
    scaled = view.but(
        **{name: scale * getattr(view, name) for name in money},
        landscape=land,
        respond=lambda value: scale * view.respond(value / scale),
    )
    its = rule(kind)
    assert price_of(its, scaled) == pytest.approx(scale * price_of(its, view), rel=1e-9)


# --- bad parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "parameters", "said"),
    [
        ("Match", {"follow_rate": -1}, "follow_rate"),
        ("Match", {"ceiling": 1.0}, "ceiling"),
        ("Match", {"lag": 0}, "lag"),
        ("Match", {"lagg": 1}, "lagg"),
        ("Undercut", {"step": 0}, "step"),
        ("BestResponse", {"speed": 0}, "speed"),
        ("BestResponse", {"growth_weight": float("nan")}, "growth_weight"),
        ("Calvo", {"probability": 1.5}, "probability"),
        ("Calvo", {"target": "Nobody"}, "unknown kind 'Nobody'; known: BestResponse"),
        ("Calvo", {"target": {"kind": "Match", "ceiling": 2}}, "ceiling"),
        ("MenuCost", {"elasticity": 1.0}, "elasticity"),
        ("CostPlus", {"on": "sunk"}, "'unit' or 'full'"),
        ("GreenPorter", {"months": 0}, "months"),
        ("GrimTrigger", {"punishment": "no.such:Rule"}, "cannot be imported"),
        ("Predation", {"begin": "2025-13"}, "begin"),
        ("Scripted", {"table": {"May": {}}}, "table"),
        ("Scripted", {"table": {"2025-05": {"a": -1.0}}}, "above -1"),
        ("Scripted", {"unit": "price", "table": {"2025-05": {"a": 0.0}}}, "above 0"),
        ("PerSegment", {"rules": {}}, "rules"),
    ],
)
def test_bad_parameters_are_refused(kind: str, parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        rule(kind, **parameters)


# --- docs --------------------------------------------------------------------------------------------


def bounds(field: Any) -> str:
    """The range of a parameter as the reference page writes it."""
    ends = {
        name: getattr(m, name)
        for m in field.metadata
        for name in ("ge", "gt", "le", "lt")
        if hasattr(m, name)
    }
    low = f"[{ends['ge']:g}" if "ge" in ends else f"({ends['gt']:g}" if "gt" in ends else ""
    high = f"{ends['le']:g}]" if "le" in ends else f"{ends['lt']:g})" if "lt" in ends else ""
    return f"{low or '(-inf'}, {high or 'inf)'}" if low or high else ""


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_reference_page_has_each_parameter_with_its_default_and_range(kind: str) -> None:
    page = (DOCS / "reference" / "strategies.md").read_text()
    section = page.split(f"\n### {kind}\n")[1].split("\n### ")[0]
    table = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    rows = {cells[0].strip("`"): cells for cells in table}
    fields = {name: f for name, f in KINDS[kind].model_fields.items() if name != "instrument"}
    assert set(rows) == set(fields)
    for name, field in fields.items():
        default = "required" if field.is_required() else field.default
        shown = default.kind if isinstance(default, Strategy) else str(default).lower()
        assert [c.strip() for c in rows[name][2:5]] == [shown, bounds(field), field.description], name


def test_how_to_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "how-to" / "write-a-strategy.md").read_text(), re.S)
    assert len(blocks[0].splitlines()) <= 20
    monkeypatch.syspath_prepend(tmp_path)
    for name, block in zip(("mylab", "mylab_try", "mylab_more"), blocks, strict=True):
        (tmp_path / f"{name}.py").write_text(block)
        monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.import_module(name)


def test_files_stay_small() -> None:
    for name in ("simple", "respond", "sticky", "punish", "cycle", "stock", "predation", "nested", "learn"):
        module = __import__(f"pricewar.strategies.{name}", fromlist=["x"])
        assert len(inspect.getsource(module).splitlines()) <= 200
