"""Every kind of demand drives the market: runs, sweeps, calibration pages, and the static engine's Nash."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import AT_REST, OFF, Tree, ran, tiny, tiny_tree
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar import compare, run
from pricewar.base.errors import InputError
from pricewar.demand.anchored import Anchored
from pricewar.experiment import run_experiment
from pricewar.experiment.files import experiment_from
from pricewar.experiment.pool import SerialExecutor, spawned_pool
from pricewar.market.buyers import choose
from pricewar.market.calibrate import calibrate
from pricewar.market.calibration_report import best_prices, fit
from pricewar.market.model import PriceWar
from pricewar.market.reference import start_game
from pricewar.scenario.tree import Scenario, scenario_from
from pricewar.scenario.units import times_money

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "write-a-demand.md"
ROWS: dict[str, Tree] = {
    "logit": {"kind": "Logit", "own_elasticity": -3.5},
    "mixed": {"kind": "MixedLogit", "size_sd": 0.8, "size_income": 0.4, "electric_sd": 1.0},
    "tastes": {
        "kind": "MixedLogit",
        "tastes": {
            "range_km": {"sd": 0.5, "income": 0.2},
            "body:SUV": {"sd": 1.0, "correlation": {"range_km": 0.5}},
        },
    },
    "nested": {"kind": "NestedLogit", "rho": 0.5},
    "nested twice": {"kind": "NestedLogit", "nests": ["body", "segment"], "rho": [0.3, 0.6]},
    "nested tastes": {"kind": "NestedLogit", "nests": "body", "rho": 0.3, "size_sd": 0.5},
}
WHOLE: dict[str, Tree] = {
    "linear": {"kind": "Linear", "substitution": 0.7, "own_elasticity": -3.0},
    "own": {"kind": "user_demand:Ces", "own_elasticity": -3.0},
    "hotelling": {"kind": "Hotelling", "transport": 24_000.0, "surplus": 60_000.0},
}
KINDS = ROWS | WHOLE
kinds = pytest.mark.parametrize("kind", list(KINDS))
STILL: Tree = {"dynamics": OFF, "noise.market_sd": 0.0, "noise.taste_sd": 0.0}


def market(kind: str, changes: Tree | None = None, /, **parts: Any) -> Scenario:
    """The small market with a demand; two of its products, of two firms, on a street."""
    more: Tree = (
        {} if kind in ROWS else {f"dynamics.{n}.on": False for n in ("loyalty", "waiting", "pull_forward")}
    )
    tree = tiny_tree()
    if kind == "hotelling":
        tree["products"] = {key: tree["products"][key] for key in ("ace-small", "bolt-small")}
        tree["firms"] = {key: tree["firms"][key] for key in ("ace", "bolt")}
        tree["dynamics"] = tree["dynamics"] | {
            n: {"on": False} for n in ("loyalty", "waiting", "pull_forward")
        }
    return scenario_from(tree, kind).but({**more, "demand": KINDS[kind], **(changes or {}), **parts})


def players(kind: str) -> Scenario:
    """All firms play best responses for profit alone; nothing else moves."""
    scenario = market(kind, {**STILL, "supply_chain.squeeze": 0.0}, periods=60)
    firms = {f"firms.{key}.strategy": "BestResponse" for key in scenario.firms}
    motives = {f"firms.{key}.growth": 0.0 for key in scenario.firms}
    many = {f"firms.{key}.capacity": None for key in scenario.firms}
    return scenario.but({**firms, **motives, **many})


@kinds
def test_what_was_observed_is_sold_and_the_stated_elasticity_is_met(kind: str) -> None:
    scenario = market(kind)
    found = calibrate(scenario)
    observed = np.array([scenario.products[key].units for key in found.landscape.products])
    assert found.landscape.start_units == pytest.approx(observed, rel=1e-9)
    stated = scenario.model_dump()["demand"].get("own_elasticity")
    if stated is not None:
        assert np.average(found.elasticity, weights=observed) == pytest.approx(stated, rel=1e-6)
    assert np.all(found.landscape.closeness >= 0)
    assert np.all(found.landscape.closeness.sum(axis=1) < 1 + 1e-9)


@kinds
def test_every_kind_runs_compares_and_is_reported(kind: str) -> None:
    cut = {"kind": "Cut", "month": "2025-02", "firm": "bolt", "depth": 0.15, "until": "2025-05"}
    peace, war = market(kind, periods=6), market(kind, periods=6, events=[cut], name="war")
    found = compare([peace, war], seeds=2).require_complete()
    units = found.products.query("product == 'bolt-small'").groupby("scenario")["orders"].sum()
    assert units["war"] > 1.02 * units["tiny"], "a cheaper product sells more"
    surplus = found.market.groupby("scenario")["consumer_surplus"].sum()
    assert surplus["war"] > surplus["tiny"], "and its buyers gain"
    page = fit(peace)
    assert page.market["largest_units_error"] < 1e-9
    assert page.market["largest_price_error"] < 2e-5


@kinds
def test_a_market_at_rest_stays_at_rest(kind: str) -> None:
    model = ran(market(kind, {**STILL, **AT_REST}, periods=4))
    start = model.landscape.start_price
    assert all(np.array_equal(month.offers.price, start) for month in model.history)
    units = np.array([month.sales.orders for month in model.history])
    assert units == pytest.approx(np.tile(model.landscape.start_units, (4, 1)), rel=1e-9)


@kinds
def test_best_responses_end_at_the_static_engines_nash_prices(kind: str) -> None:
    scenario = players(kind)
    model = ran(scenario)
    nash = start_game(calibrate(scenario), scenario.market.vat, tol=1e-11).require_converged()
    assert model.offers.price == pytest.approx(nash.prices, rel=1e-6)
    assert np.abs(nash.prices / model.landscape.start_price - 1).max() > 0.01, "they had some way to go"


@kinds
def test_another_currency_is_the_same_market(kind: str) -> None:
    scenario = market(kind, periods=4)
    other = scenario.but({path: value for path, value in times_money(scenario, 0.125).items() if value})
    usual, same = (run(s).market["units"].to_numpy() for s in (scenario, other))
    assert same == pytest.approx(usual, rel=1e-6)


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Executor]:
    """Two processes as a sweep starts them, for all kinds: to start them takes longer than the runs."""
    with spawned_pool(2) as pool:
        yield pool


@pytest.mark.slow
@kinds
def test_a_sweep_with_workers_gives_the_bytes_of_one_process(
    kind: str, tmp_path: Path, two_workers: Executor
) -> None:
    path, values = "demand.own_elasticity", (-3.0, -3.5)
    if kind == "hotelling":
        path, values = "demand.transport", (20_000.0, 24_000.0)
    tree = {
        "name": "kinds", "base": market(kind, periods=3), "replicates": 2, "metrics": ("welfare",),
        "factors": {"steep": {"path": path, "values": values}},
    }  # fmt: skip
    found = []
    for name, executor in (("here", SerialExecutor()), ("there", two_workers)):
        store = tmp_path / name
        study = run_experiment(experiment_from(tree, "test"), executor, store=store, workers=2)
        assert set(study.runs["status"]) == {"ok"}
        found.append((store / "runs.parquet").read_bytes())
    assert found[0] == found[1]
    welfare = study.runs.groupby("steep")["welfare"].mean()
    assert welfare.nunique() == 2


@pytest.mark.parametrize("kind", ["linear", "own"])
@settings(deadline=None, max_examples=10)
@given(st.lists(st.floats(-0.4, 0.4), min_size=6, max_size=6), st.integers(0, 5))
def test_appeal_is_worth_money_and_what_is_not_on_sale_sells_nothing(
    kind: str, appeal: list[float], shut: int
) -> None:
    model = PriceWar(market(kind), collect=False)
    found, calibration = model.found, model.calibration
    assert isinstance(calibration.demand, Anchored)
    moved = choose(found.but(delta=np.array(appeal)), calibration).share
    money = np.array(appeal) * calibration.demand.worth
    assert moved == pytest.approx(choose(found.but(shift=found.shift - money), calibration).share, rel=1e-9)
    closed = found.delta.copy()
    closed[shut] = -1e3
    share = choose(found.but(delta=closed), calibration).share
    assert share[shut] == 0.0
    assert np.all(np.delete(share - model.chosen.share, shut) >= -1e-12), "rivals gain"


@pytest.mark.parametrize("kind", ["mixed", "tastes", "nested", "linear"])
def test_a_later_launch_has_the_appeal_it_is_given(kind: str) -> None:
    def share(appeal: float) -> float:
        tree = market(kind).model_dump()
        new = tree["products"]["bolt-suv"] | {"name": "New", "units": 0, "like": "bolt-suv", "appeal": appeal}
        tree["products"]["bolt-new"] = new
        found = calibrate(scenario_from(tree, "launch"))
        assert found.share[found.landscape.product("bolt-new")] == 0.0
        assert np.isfinite(found.growth).all()
        return float(found.demand.expected(found.landscape.start_price)[found.landscape.product("bolt-new")])

    assert share(0.3) > share(0.0) > 0.0


def test_the_mean_of_a_taste_is_what_a_launch_has_over_its_like() -> None:
    def appeal(mean: float) -> float:
        tree = market("tastes").model_dump()
        tree["demand"]["tastes"]["range_km"]["mean"] = mean
        far = {"name": "Far", "units": 0, "like": "bolt-small", "range_km": 800}
        tree["products"]["bolt-far"] = tree["products"]["bolt-small"] | far
        found = calibrate(scenario_from(tree, "launch"))
        return float(found.delta[found.landscape.product("bolt-far")])

    assert appeal(1.0) > appeal(0.0) + 1.0


def test_each_parameter_of_a_taste_has_an_effect() -> None:
    taste, suv = {"sd": 0.5, "income": 0.2}, {"sd": 1.0}
    related = {"sd": 1.0, "correlation": {"range_km": 0.5}}
    variants: list[Tree] = [
        {},
        {"range_km": taste},
        {"range_km": {**taste, "sd": 0.6}},
        {"range_km": {**taste, "income": 0.3}},
        {"range_km": taste, "body:SUV": suv},
        {"range_km": taste, "body:SUV": related},
    ]
    found = [calibrate(tiny(demand={"kind": "MixedLogit", "tastes": tastes})).base for tastes in variants]
    assert len({base.tobytes() for base in found}) == len(variants)


def test_without_further_tastes_a_scenario_keeps_its_digest_and_its_draws() -> None:
    plain, stated = tiny(), tiny({"demand.tastes": {}})
    assert plain.digest == stated.digest
    assert "tastes" in plain.model_dump()["demand"]
    few, many = (calibrate(s).population for s in (plain, market("tastes")))
    assert np.array_equal(few.tastes, many.tastes[:, :4])
    assert np.array_equal(few.last_brand, many.last_brand)


def test_nests_make_rivals_within_closer() -> None:
    loose, tight = (
        calibrate(tiny(demand={"kind": "NestedLogit", "rho": rho})).landscape for rho in (0.0, 0.8)
    )
    same = (loose.segment_of[:, None] == loose.segment_of) & ~np.eye(6, dtype=bool)
    assert np.all(tight.closeness[same] > loose.closeness[same])
    plain = calibrate(tiny(demand={"kind": "Logit"})).landscape.closeness
    assert loose.closeness == pytest.approx(plain, rel=1e-7)


REFUSED: list[tuple[Tree, str, str]] = [
    ({"demand": {"kind": "Linear"}}, "dynamics.loyalty.on", "no rows of buyers"),
    ({"demand": {"kind": "user_demand:Ces"}}, "dynamics.waiting.on", "no rows of buyers"),
    ({"demand": {"kind": "Linear"}, "dynamics": OFF, "consumers.weight": 1.0}, "consumers.weight", "sampled"),
    ({"demand": {"kind": "NestedLogit"}, "consumers.weight": 1.0}, "consumers.weight", "sampled one by one"),
    ({"demand": {"kind": "Hotelling", "transport": 1e4}, "dynamics": OFF}, "demand.kind", "two products"),
    ({"demand": {"kind": "NestedLogit", "nests": "colour"}}, "demand.nests", "a column of the products"),
    ({"demand": {"kind": "NestedLogit", "nests": "list_price"}}, "demand.nests", "groups products"),
    ({"demand.tastes": {"colour": {"sd": 1.0}}}, "demand.tastes.colour", "list_price"),
    ({"demand.tastes": {"body:MPV": {"sd": 1.0}}}, "demand.tastes.body:MPV", "differs"),
    ({"demand.tastes": {"range_km": {}}}, "demand.tastes.range_km", "at least one"),
    ({"demand.tastes": {"range_km": {"sd": 1, "mean": 1}}}, "demand.tastes.range_km.mean", "launched"),
    (
        {"demand.tastes": {"range_km": {"sd": 1, "correlation": {"units": 0.5}}}},
        "demand.tastes.range_km.correlation",
        "another of range_km",
    ),
]


@pytest.mark.parametrize(("changes", "place", "words"), REFUSED, ids=lambda case: str(case)[:40])
def test_check_refuses_with_the_place_what_cannot_be_simulated(changes: Tree, place: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        tiny(changes)
    told = {problem.place: problem for problem in caught.value.problems}
    assert words in told[place].allowed


def test_surplus_of_a_demand_without_rows_is_spread_evenly() -> None:
    months = ran(market("linear", periods=2)).history
    assert months[0].surplus == pytest.approx(np.full(5, months[0].surplus.mean()))


def test_the_page_shows_what_is_tested() -> None:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert code is not None
    assert len(code[1].splitlines()) <= 34
    assert (Path(__file__).parent / "user_demand.py").read_text(encoding="utf-8").endswith(code[1])
    assert np.isfinite(best_prices(PriceWar(market("own"), collect=False))).all()
