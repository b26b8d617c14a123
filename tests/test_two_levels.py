"""Nests within nests: the closed form, one level as special case, equilibria, scenario and case files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Tree, tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import choice_twin as twin
from own_equilibrium import Game as Own

from pricewar import run
from pricewar.base.errors import InputError
from pricewar.demand import MixedLogit, invert_shares, nested_logit
from pricewar.demand.base import Demand, internalisation, numerical_curvature, numerical_jacobian
from pricewar.equilibrium import solve
from pricewar.equilibrium.reach import _one_type_game
from pricewar.equilibrium.respond import _kernel_search, _search
from pricewar.kernels.markups import settle_markups
from pricewar.market.calibrate import calibrate
from pricewar.scenario.hints import hints
from pricewar.scenario.preferences import NestedLogit
from pricewar.testing import check_demand, example_observed
from pricewar.verify import verify_case

OUTER = np.array(["suv", "suv", "suv", "suv", "sedan", "sedan", "sedan", "van", "van"])
INNER = np.array(["small", "small", "large", "large", "small", "small", "large", "small", "small"])
NESTS = np.column_stack([OUTER, INNER])
FIRMS = np.array([0, 1, 1, 0, 0, 2, 2, 2, 1])
COSTS = np.linspace(0.5, 1.3, 9)
PRICES = np.linspace(1.9, 1.1, 9)


def market(
    rho: Any = (0.4, 0.7), rows: int = 5, seed: int = 0, nests: Any = NESTS, level: float = 1.0
) -> MixedLogit:
    rng = np.random.default_rng(seed)
    return MixedLogit(
        level * rng.normal(size=9), rng.uniform(0.6, 2.0, rows), level * rng.normal(0, 0.7, (rows, 9)),
        rng.uniform(0.2, 2.0, rows) / rows, nests, rho,
    )  # fmt: skip


def same(one: MixedLogit, other: MixedLogit, rel: float = 1e-12) -> None:
    """Two demands agree in all that is asked of them."""
    for name in ("expected", "jacobian", "own_slopes", "long_run_diversion", "surplus_by_type"):
        np.testing.assert_allclose(
            getattr(one, name)(PRICES), getattr(other, name)(PRICES), rtol=rel, atol=1e-15, err_msg=name
        )
    for conduct in (0.0, 0.4):
        margins, internal = 0.3 * PRICES, internalisation(FIRMS, conduct)
        for ours, theirs in zip(
            one.markup_terms(PRICES, margins, FIRMS, conduct),
            other.markup_terms(PRICES, margins, FIRMS, conduct),
            strict=True,
        ):
            np.testing.assert_allclose(ours, theirs, rtol=rel)
        ours, theirs = (demand.curvature(PRICES, margins, internal) for demand in (one, other))
        np.testing.assert_allclose(ours, theirs, rtol=rel, atol=rel * np.abs(theirs).max())
    for ours, theirs in zip(one.by_group(PRICES), other.by_group(PRICES), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rel)


# --- the closed form


@pytest.mark.parametrize("rho", [(0.4, 0.7), (0.0, 0.9), (0.6, 0.6), (0.0, 0.0), (0.2, 0.97)])
@pytest.mark.parametrize("rows", [1, 7, 130])
def test_shares_are_those_of_the_closed_form(rho: tuple[float, float], rows: int) -> None:
    demand = market(rho, rows)
    found = demand.probabilities(PRICES)
    exact = twin.subnested(np.asarray(demand.tastes), demand.alpha, demand.delta, PRICES, NESTS.tolist(), rho)
    for ours, theirs in zip(found, exact, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-300)
    shares = demand.weights @ exact[0]
    np.testing.assert_allclose(demand.expected(PRICES), shares, rtol=1e-12)
    grouped, inside = demand.by_group(PRICES)
    np.testing.assert_allclose(grouped.sum(axis=0), shares, rtol=1e-12)
    np.testing.assert_allclose(np.log1p(inside), exact[2], rtol=1e-12)


@settings(deadline=None, max_examples=25)
@given(st.floats(0.0, 0.95), st.floats(0.0, 1.0), st.integers(1, 70), st.integers(0, 10_000))
def test_everything_agrees_with_differences(inner: float, part: float, rows: int, seed: int) -> None:
    demand = market((part * inner, inner), rows, seed)
    check_demand(demand, PRICES)
    jacobian = demand.jacobian(PRICES)
    size = np.abs(jacobian).max()
    np.testing.assert_allclose(jacobian, numerical_jacobian(demand, PRICES), atol=1e-7 * size)
    for conduct in (0.0, 0.3):
        margins, internal = 0.3 * PRICES, internalisation(FIRMS, conduct)
        curved = demand.curvature(PRICES, margins, internal)
        differences = numerical_curvature(demand, PRICES, margins, internal)
        np.testing.assert_allclose(curved, differences, atol=1e-6 * max(size, np.abs(curved).max()))
        _, slope, gain = demand.markup_terms(PRICES, margins, FIRMS, conduct)
        _, steep, won = Demand.markup_terms(demand, PRICES, margins, FIRMS, conduct)
        np.testing.assert_allclose(margins * slope - gain, margins * steep - won, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("level", [-2e4, 800.0, 2e4])
def test_huge_utilities_neither_overflow_nor_lose_the_winner(level: float) -> None:
    demand = market().with_delta(np.full(9, level))
    shares, _, value = demand.probabilities(np.zeros(9))
    assert np.isfinite(value).all()
    np.testing.assert_allclose(shares.sum(axis=1), float(level > 0), atol=1e-12)


# --- one level is a special case


def test_equal_correlations_make_one_level_of_the_outer_nests() -> None:
    same(market((0.6, 0.6)), market(0.6, nests=OUTER))


def test_no_outer_correlation_makes_one_level_of_the_inner_nests() -> None:
    pairs = [f"{outer} {inner}" for outer, inner in NESTS]
    same(market((0.0, 0.6)), market(0.6, nests=pairs))


@pytest.mark.parametrize("outer", [0.0, 0.3, 0.6])
def test_one_column_twice_is_one_level(outer: float) -> None:
    same(market((outer, 0.6), nests=np.column_stack([OUTER, OUTER])), market(0.6, nests=OUTER))


def test_each_nest_may_have_its_own_correlations() -> None:
    """Three outer nests, five inner ones in the order of their labels, outer before inner."""
    inner = np.array([0.7, 0.6, 0.5, 0.9, 0.8])  # sedan large, sedan small, suv large, suv small, van small
    demand = market(([0.5, 0.4, 0.0], inner))
    check_demand(demand, PRICES)
    one = market([0.6, 0.5, 0.2], nests=OUTER)
    same(market(([0.6, 0.5, 0.2], [0.6, 0.6, 0.5, 0.5, 0.2])), one)
    kept = np.flatnonzero(OUTER != "sedan")
    part = demand.subset(kept)
    np.testing.assert_array_equal(part.rhos, inner[2:])
    assert part.tree is not None
    np.testing.assert_array_equal(part.tree[1], [0.4, 0.0])


def test_rivals_in_the_inner_nest_are_closest() -> None:
    closeness = market((0.4, 0.7), 1).closeness(PRICES)
    per_share = closeness / market((0.4, 0.7), 1).expected(PRICES)
    assert per_share[0, 1] > per_share[0, 2] > per_share[0, 4]
    assert per_share[0, 2] == pytest.approx(per_share[0, 3], rel=1e-12)


def test_what_is_sold_without_a_product_is_its_long_run_diversion() -> None:
    demand = market((0.4, 0.7), 3)
    ratios, shares = demand.long_run_diversion(PRICES), demand.expected(PRICES)
    for j in range(9):
        left = np.arange(9) != j
        gained = (demand.subset(left).expected(PRICES[left]) - shares[left]) / shares[j]
        np.testing.assert_allclose(ratios[j, left], gained, rtol=1e-9)
    refused = np.zeros(9)
    refused[2] = 0.5
    gained = demand.second_choices(PRICES, refused)
    np.testing.assert_allclose(np.delete(gained, 2), 0.5 * shares[2] * np.delete(ratios[2], 2), rtol=1e-6)


def test_mean_utilities_of_one_type_are_known_in_closed_form() -> None:
    """log s_j - log s_0 = delta_j - alpha p_j + rho2 log s_j|hg + rho1 log s_h|g (Verboven 1996)."""
    demand = market((0.4, 0.7), 1)
    demand = MixedLogit(demand.delta, demand.alpha, None, np.ones(1), NESTS, (0.4, 0.7))
    found = invert_shares(demand, demand.expected(PRICES), PRICES).require_converged()
    assert found.iterations == 1
    np.testing.assert_allclose(found.delta, demand.delta, rtol=1e-11, atol=1e-12)
    many = market((0.5, 0.9), 60)
    again = invert_shares(many, many.expected(PRICES), PRICES).require_converged()
    np.testing.assert_allclose(again.delta, many.delta, rtol=1e-9, atol=1e-10)


def test_draws_have_the_shares_and_a_luck_of_their_own() -> None:
    rows = 40_000
    demand = MixedLogit(market(rows=1).delta, np.ones(rows), None, None, NESTS, (0.4, 0.7))
    drawn = demand.draw(PRICES, seed=3, period=1)
    found = np.bincount(drawn + 1, minlength=10) / rows
    expected = demand.expected(PRICES)
    spread = np.sqrt(expected * (1.0 - expected) / rows)
    assert (np.abs(found[1:] - expected) < 4.5 * spread).all()
    few = MixedLogit(demand.delta, np.ones(50), None, None, NESTS, (0.4, 0.7))
    np.testing.assert_array_equal(few.draw(PRICES, seed=3, period=1), drawn[:50])


# --- equilibria


@pytest.mark.parametrize(("rows", "seed"), [(1, 0), (1, 1), (6, 2), (40, 3)])
@pytest.mark.parametrize("rho", [(0.4, 0.7), (0.0, 0.5), (0.6, 0.6)])
def test_prices_solve_conditions_written_out_once_more(
    rho: tuple[float, float], rows: int, seed: int
) -> None:
    demand = market(rho, rows, seed)
    pairs = np.array([f"{outer} {inner}" for outer, inner in NESTS])
    own = Own(
        demand.delta, -demand.alpha, np.asarray(demand.tastes), np.asarray(demand.weights),
        (FIRMS[:, None] == FIRMS).astype(float), lambda shares: COSTS, pairs, rho[1], OUTER, rho[0],
    )  # fmt: skip
    found = solve(demand, COSTS, FIRMS).require_converged()
    np.testing.assert_allclose(found.prices, own.prices(), rtol=1e-10)
    assert found.second_order_ok


@pytest.mark.parametrize("rows", [1, 5, 140])
@pytest.mark.parametrize("terms", [{}, {"conduct": 0.3}, {"fixed": np.where(np.arange(9) == 2, 1.6, np.nan)}])
def test_best_responses_of_the_kernel_are_those_of_any_demand(rows: int, terms: Tree) -> None:
    for seed, rho in enumerate([(0.4, 0.7), (0.0, 0.6), (0.5, 0.5)]):
        game = solve(market(rho, rows, seed), COSTS, FIRMS, **terms).game
        away = np.clip(PRICES, game.low, game.high)
        ours, theirs = (search(game, away, np.zeros(9)) for search in (_kernel_search, _search))
        np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-10)
        np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-4)


def test_a_stake_in_a_rival_and_full_factories_are_solved_too() -> None:
    demand, holds = market(), (FIRMS[:, None] == FIRMS).astype(float)
    holds[FIRMS == 0] += 0.25 * (FIRMS == 1)
    free = solve(demand, COSTS, FIRMS).require_converged()
    partial = solve(demand, COSTS, FIRMS, ownership=holds).require_converged()
    assert (partial.prices[FIRMS == 0] > free.prices[FIRMS == 0]).all()
    limited = solve(demand, COSTS, FIRMS, capacity=0.8 * free.shares.max()).require_converged()
    assert limited.shares.max() <= 0.8 * free.shares.max() * (1.0 + 1e-9)


def test_bracketed_markups_reach_the_same_prices_at_any_correlation() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        inner = rng.uniform(0.5, 0.99)
        demand = nested_logit(rng.normal(0, 2, 9), rng.uniform(0.5, 2), NESTS, (inner * rng.uniform(), inner))
        found = solve(demand, COSTS, FIRMS).require_converged()
        prices = COSTS.copy()
        case, tree = _one_type_game(found.game)
        _, residual = settle_markups(case, tree, FIRMS, prices, 1e-12, 400)
        assert residual <= 1e-12
        np.testing.assert_allclose(prices, found.prices, rtol=1e-8)
    one = nested_logit(np.ones(9), 1.0, OUTER, 0.9)
    two = nested_logit(np.ones(9), 1.0, NESTS, (0.9, 0.9))
    reached = []
    for demand in (one, two):
        prices = COSTS.copy()
        settle_markups(*_one_type_game(solve(demand, COSTS, FIRMS).game), FIRMS, prices, 1e-13, 400)
        reached.append(prices)
    np.testing.assert_allclose(reached[1], reached[0], rtol=1e-11)


# --- what is wrong is told


@pytest.mark.parametrize(
    ("nests", "rho", "words"),
    [
        (NESTS, (0.7, 0.4), "at least those of their outer nests"),
        (NESTS, ([0.5, 0.0, 0.0], 0.4), "at least those of their outer nests"),
        (NESTS, (0.4, 1.0), "0 <= rho < 1"),
        (NESTS, (-0.1, 0.5), "0 <= rho < 1"),
        (NESTS, (0.1, 0.2, 0.3), "one number, or a pair"),
        (NESTS, ([0.1, 0.2], 0.5), "rho, outer"),
        (NESTS[:5], (0.4, 0.7), "9 labels, or 9 pairs"),
        (np.column_stack([NESTS, OUTER]), (0.4, 0.7), "9 labels, or 9 pairs"),
        ([["a", "b"]] * 8 + [["a"]], (0.4, 0.7), "rows of different lengths"),
    ],
)
def test_nests_that_cannot_be_are_refused(nests: Any, rho: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        market(rho, nests=nests)


# --- scenario files


TWICE: Tree = {"kind": "NestedLogit", "nests": ["body", "segment"], "rho": [0.3, 0.6]}


@pytest.mark.parametrize(
    "rule",
    [
        NestedLogit(nests=("segment", "body"), rho=(0.5, 0.7)),
        NestedLogit(nests=("body", "firm"), rho=(0.0, 0.9), income_elasticity=0.8),
        NestedLogit(nests=("body", "powertrain"), rho=(0.3, 0.3), size_sd=0.5),
    ],
)
def test_the_kind_of_a_scenario_file_passes_the_battery(rule: NestedLogit) -> None:
    check_demand(rule)


def test_a_calibrated_market_with_equal_correlations_is_that_of_one_level() -> None:
    observed = example_observed()
    one = NestedLogit(nests="body", rho=0.6).calibrated(observed)
    for nests in (("body", "firm"), ("body", "body")):
        two = NestedLogit(nests=nests, rho=(0.6, 0.6)).calibrated(observed)
        for name in ("expected", "consumer_surplus", "own_slopes"):
            ours, theirs = (getattr(demand, name)(1.1 * observed.price) for demand in (two, one))
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_months_with_equal_correlations_are_those_of_one_level() -> None:
    """To the tolerance of best responses: one level takes derivatives on its way, two levels do not."""
    one = run(tiny(demand={"kind": "NestedLogit", "nests": "body", "rho": 0.5}, periods=8))
    for nests in (["body", "segment"], ["body", "body"]):
        two = run(tiny(demand={"kind": "NestedLogit", "nests": nests, "rho": [0.5, 0.5]}, periods=8))
        for column in ("orders", "price", "unit_cost"):
            np.testing.assert_allclose(two.products[column], one.products[column], rtol=1e-9)
        np.testing.assert_allclose(two.market["consumer_surplus"], one.market["consumer_surplus"], rtol=1e-9)


def test_inner_nests_bind_more_than_outer_ones() -> None:
    wide, narrow = (calibrate(tiny(demand=TWICE | {"rho": [0.3, rho]})).landscape for rho in (0.3, 0.9))
    a, b = wide.product("ace-large"), wide.product("cove-one")
    other = wide.product("bolt-small")
    assert narrow.closeness[a, b] > wide.closeness[a, b]
    assert narrow.closeness[a, other] < wide.closeness[a, other]


REFUSED: list[tuple[Tree, str, str]] = [
    ({"rho": [0.7, 0.5]}, "demand.rho", "at least the outer one"),
    ({"rho": [0.2, 1.0]}, "demand.rho", "less than 1"),
    ({"rho": [0.1, 0.2, 0.3]}, "demand.rho", "one value, or two"),
    ({"rho": 0.5}, "demand.rho", r"[outer, inner]"),
    ({"rho": [0.2, 0.5], "nests": "body"}, "demand.rho", "as many as nests"),
    ({"nests": ["body", "colour"]}, "demand.nests", "a column of the products"),
    ({"nests": ["body", "list_price"]}, "demand.nests", "groups products"),
    ({"nests": ["body"]}, "demand.nests", "one value, or two"),
]


@pytest.mark.parametrize(("changes", "place", "words"), REFUSED, ids=lambda case: str(case)[:40])
def test_check_refuses_with_the_place_what_cannot_be(changes: Tree, place: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        tiny(demand=TWICE | changes)
    told = {problem.place: problem for problem in caught.value.problems}
    assert words in told[place].allowed


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        tiny(demand=TWICE | {"nests": ["colour", "taste"], "rho": [0.5, 0.2]})
    assert [problem.place for problem in caught.value.problems] == [
        "demand.rho",
        "demand.nests",
        "demand.nests",
    ]


def test_one_level_keeps_its_digest_and_a_path_finds_a_level() -> None:
    assert tiny(demand={"kind": "NestedLogit"}).digest == "726e0ffe9c0a8bae"
    twice = tiny(demand=TWICE)
    assert twice.but({"demand.rho.1": 0.8}).model_dump()["demand"]["rho"] == [0.3, 0.8]
    assert twice.but({"demand.rho.1": 0.6}).digest == twice.digest
    assert twice.but({"demand.rho.1": 0.8}).digest != twice.digest


def test_an_outer_correlation_without_effect_is_hinted_at() -> None:
    idle = tiny(demand=TWICE | {"nests": ["body", "body"]})
    assert any(line.startswith("demand.rho.0") for line in hints(idle))
    assert not any(line.startswith("demand.rho") for line in hints(tiny(demand=TWICE)))


# --- case files


def case(folder: Path, inputs: Tree, prices: Any) -> Path:
    path = folder / "case.json"
    tree = {"name": "case", "inputs": inputs, "outputs": {"base": {"prices": prices}}}
    path.write_text(json.dumps(tree), encoding="utf-8")
    return path


def inputs_of(demand: MixedLogit, nests: Any, rho: Any, costs: Any = COSTS) -> Tree:
    return {
        "firm_ids": FIRMS.tolist(), "costs": np.asarray(costs).tolist(), "alpha": -float(demand.alpha[0]),
        "delta_excluding_price": demand.delta.tolist(), "nesting_ids": nests.tolist(), "rho": rho,
    }  # fmt: skip


@pytest.mark.parametrize("rho", [[0.4, 0.7], [[0.4, 0.4, 0.4], 0.7], [0.4, [0.7] * 5]])
def test_verify_reads_pairs_of_nests(tmp_path: Path, rho: Any) -> None:
    demand = nested_logit(market().delta, 1.2, NESTS, (0.4, 0.7))
    own = Own(
        demand.delta, -demand.alpha, np.zeros((1, 9)), np.ones(1), (FIRMS[:, None] == FIRMS).astype(float),
        lambda shares: COSTS, np.array([" ".join(pair) for pair in NESTS]), 0.7, OUTER, 0.4,
    )  # fmt: skip
    right = own.prices().tolist()
    assert verify_case(case(tmp_path, inputs_of(demand, NESTS, rho), right)).passed
    assert not verify_case(case(tmp_path, inputs_of(demand, NESTS, [0.4, 0.6]), right)).passed


def test_each_of_several_markets_has_the_correlations_of_its_nests(tmp_path: Path) -> None:
    """The second market lacks the sedans."""
    left = OUTER != "sedan"
    outer, inner = np.array([0.5, 0.4, 0.0]), np.array([0.7, 0.6, 0.5, 0.9, 0.8])
    whole = nested_logit(market().delta, 1.2, NESTS, (outer, inner))
    some = whole.subset(left)
    prices = [solve(whole, COSTS, FIRMS).prices, solve(some, COSTS[left], FIRMS[left]).prices]

    def both(first: np.ndarray) -> list[Any]:
        return [*first.tolist(), *first[left].tolist()]

    inputs = inputs_of(whole, NESTS, [outer.tolist(), inner.tolist()]) | {
        "firm_ids": both(FIRMS), "costs": both(COSTS), "delta_excluding_price": both(whole.delta),
        "nesting_ids": both(NESTS), "market_ids": [1] * 9 + [2] * int(left.sum()),
    }  # fmt: skip
    assert verify_case(case(tmp_path, inputs, np.concatenate(prices).tolist())).passed
    with pytest.raises(InputError, match=r"inputs.rho\[1\]"):
        verify_case(case(tmp_path, inputs | {"rho": [outer.tolist(), [0.5] * 4]}, [1.0]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nesting_ids": [["a", "b"]] * 8 + [["a"]]}, "inputs.nesting_ids"),
        ({"rho": [0.1, 0.2, 0.3]}, r"\[outer, inner\]"),
        ({"rho": {"suv": 0.5}}, r"\[outer, inner\]"),
        ({"rho": [0.7, 0.2]}, "at least those of their outer nests"),
    ],
)
def test_a_case_with_nests_that_cannot_be_is_refused(tmp_path: Path, changes: Tree, words: str) -> None:
    inputs = inputs_of(nested_logit(market().delta, 1.2, OUTER, 0.5), NESTS, [0.4, 0.7]) | changes
    with pytest.raises(InputError, match=words):
        verify_case(case(tmp_path, inputs, [1.0] * 9))
