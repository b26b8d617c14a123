"""Experiment files, designs, factors, metrics: what goes in and what may not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pricewar.base.errors import InputError
from pricewar.base.paths import matches
from pricewar.experiment import Experiment, load_experiment, run_experiment, shipped_experiments
from pricewar.experiment.factors import Factor
from pricewar.experiment.files import experiment_from
from pricewar.experiment.metrics import find_metric, measure
from pricewar.experiment.pool import SerialExecutor
from pricewar.experiment.spec import as_toml
from pricewar.experiment.work import simulate
from pricewar.results.schema import without_level
from pricewar.scenario.files import load

DEPTH = {"path": "events.Cut.depth", "values": (0.05, 0.1, 0.2)}
GROWTH = {"path": "firms.*.growth", "distribution": {"kind": "uniform", "low": 0.0, "high": 5000.0}}
TOTALS = ("welfare", "firms_active", "suppliers_failed", "price_index")
BASE = {"name": "duopoly", "base": "textbook-duopoly"}


def make(**parts: object) -> Experiment:
    return experiment_from({**BASE, "factors": {"depth": DEPTH}, **parts}, "test")


def test_shipped_experiments_load_in_both_sizes() -> None:
    assert len(shipped_experiments()) >= 8
    for name in shipped_experiments():
        small, full = load_experiment(name, small=True), load_experiment(name)
        assert 0 < len(small) <= 40 < len(full), name
        assert small.figures == full.figures
        assert small.title
        assert small.question


def test_every_problem_is_listed_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(
        'base = "textbook-duopoly"\nreplicates = 0\nmetrics = ["welfare", "wellfare", "survives.nobody"]\n'
        '[set]\n"dynamics.nothing" = 1\n'
        '[factors.depth]\npath = "events.Cut.depth"\nvalues = [0.1, 1.5]\n'
        '[factors.lost]\npath = "firms.nobody.cash"\nvalues = [1.0]\n'
    )
    with pytest.raises(InputError) as caught:
        load_experiment(file)
    assert [p.place for p in caught.value.problems] == ["replicates"]
    file.write_text(file.read_text().replace("replicates = 0", "replicates = 2"))
    with pytest.raises(InputError) as caught:
        load_experiment(file)
    places = {problem.place for problem in caught.value.problems}
    assert places == {
        "set.dynamics.nothing",
        "factors.depth.values.1",
        "factors.lost.path",
        "metrics.1",
        "metrics.2",
    }


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"factors": {}}, "factors"),
        ({"factors": {"a": {"path": "periods"}}}, "factors.a"),
        ({"factors": {"a": {"path": "periods", "values": [[1]]}}}, "factors.a"),
        ({"factors": {"a": {"path": "name", "apply": "scale", "values": [2.0]}}}, "factors.a.apply"),
        ({"design": {"kind": "saltelli", "base": 12}}, "design.saltelli.base"),
        ({"design": {"kind": "csv", "file": "nowhere.csv"}}, "design.file"),
        ({"figures": [{"kind": "heat", "metric": "diff.welfare", "x": "depth"}]}, "figures.0.metric"),
        ({"figures": [{"kind": "heat", "metric": "welfare", "x": "breadth"}]}, "figures.0"),
        ({"figures": [{"kind": "response", "metric": "welfare"}]}, "figures.0.metric"),
        ({"unknown": 1}, "unknown"),
        ({"base": "no-such-scenario"}, "base: (name)"),
        ({"design": {"kind": "latin-hypercube", "points": 200}, "replicates": 10**5}, "design"),
    ],
)
def test_bad_input_names_its_place(parts: dict[str, object], place: str) -> None:
    with pytest.raises(InputError) as caught:
        make(**parts)
    assert place in [problem.place for problem in caught.value.problems]


def test_small_must_be_there_to_be_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('base = "baseline"\n[factors.a]\npath = "periods"\nvalues = [12]\n')
    with pytest.raises(InputError, match="small"):
        load_experiment(file, small=True)


def test_paths_of_a_csv_and_a_base_are_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("depth\n0.15\n0.25\n")
    (tmp_path / "mine.toml").write_text('extends = "textbook-duopoly"\nperiods = 6\n')
    file = tmp_path / "a.toml"
    file.write_text(
        'base = "mine.toml"\n[design]\nkind = "csv"\nfile = "points.csv"\n'
        '[factors.depth]\npath = "events.Cut.depth"\nvalues = [0.1]\n'
    )
    experiment = load_experiment(file)
    assert experiment.base.periods == 6
    assert [point["depth"] for point in experiment.points] == [0.15, 0.25]
    assert str(tmp_path / "mine.toml") in experiment.command(experiment.item(0))


# -- designs -----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 4), st.integers(0, 5), st.sampled_from(["latin-hypercube", "saltelli", "morris"]))
def test_designs_have_their_size_and_come_back_the_same(many: int, seed: int, kind: str) -> None:
    names = ["electric_sd", "size_sd", "suv_sd", "range_sd"][:many]
    factors = {
        name: {"path": f"demand.{name}", "distribution": {"kind": "uniform", "low": 0.0, "high": 1.0}}
        for name in names
    }
    size = {"latin-hypercube": "points", "saltelli": "base", "morris": "trajectories"}[kind]
    parts = {"base": "baseline", "design": {"kind": kind, size: 8, "seed": seed}, "factors": factors}
    first, again, other = make(**parts), make(**parts), make(**{**parts, "replicates": 3})
    expected = {"latin-hypercube": 8, "saltelli": 8 * (many + 2), "morris": 8 * (many + 1)}[kind]
    assert len(first) == expected
    assert len(other) == 3 * expected
    pd.testing.assert_frame_equal(first.table, again.table)
    assert first.digest == again.digest != other.digest
    values = first.table[names].to_numpy()
    assert ((values >= 0) & (values <= 1)).all()


def test_latin_hypercube_uses_each_stratum_once() -> None:
    experiment = make(factors={"growth": GROWTH}, design={"kind": "latin-hypercube", "points": 20})
    strata = np.floor(experiment.table["growth"] / 250).astype(int)
    assert sorted(strata) == list(range(20))


def test_fractional_design_is_balanced_and_orthogonal() -> None:
    names = ("waiting", "brand", "loyalty", "learning", "battery")
    factors = {name: {"path": f"dynamics.{name}.on", "values": (False, True)} for name in names}
    table = make(base="baseline", factors=factors, design={"kind": "fractional"}).table[list(names)]
    signs = np.where(table.to_numpy(bool), 1, -1)
    assert len(signs) == 16  # of 32 in full
    np.testing.assert_array_equal(signs.T @ signs, 16 * np.eye(5))


def test_one_at_a_time_leaves_the_base_alone_elsewhere() -> None:
    scaled = {"path": "firms.*.payable_days", "apply": "add", "values": (30.0,)}
    experiment = make(design={"kind": "one-at-a-time"}, factors={"depth": DEPTH, "days": scaled})
    assert experiment.points == [{}, {"depth": 0.05}, {"depth": 0.1}, {"depth": 0.2}, {"days": 30.0}]
    assert experiment.table["depth"].tolist() == [0.1, 0.05, 0.1, 0.2, 0.1]
    assert experiment.table["days"].tolist() == [0.0, 0.0, 0.0, 0.0, 30.0]
    assert experiment.changes_at(4, experiment.base) == {
        "firms.left.payable_days": 30.0,
        "firms.right.payable_days": 30.0,
    }


# -- factors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "frozen"),
    [
        ({"kind": "uniform", "low": -6, "high": -2}, stats.uniform(-6, 4)),
        ({"kind": "loguniform", "low": 0.1, "high": 10}, stats.loguniform(0.1, 10)),
        ({"kind": "triangular", "low": 0, "mode": 1, "high": 4}, stats.triang(0.25, 0, 4)),
        ({"kind": "normal", "mean": 1, "sd": 2, "low": 0, "high": 3}, stats.truncnorm(-0.5, 1, 1, 2)),
    ],
)
def test_distributions_are_those_of_scipy(spec: dict[str, object], frozen: object) -> None:
    factor = Factor.model_validate({"path": "a", "distribution": spec})
    for u in (0.0, 0.01, 0.3, 0.5, 0.99, 1.0):
        assert factor.at(u)[0] == pytest.approx(frozen.ppf(u), rel=1e-9, abs=1e-12)  # type: ignore[attr-defined]


@given(st.floats(0, 1), st.integers(1, 9))
def test_every_quantile_is_one_of_the_values(u: float, many: int) -> None:
    factor = Factor(path="a", values=tuple(range(many)))
    assert factor.at(u)[0] in range(many)
    assert [factor.at(level)[0] for level in factor.levels()] == list(range(many))


def test_patterns_find_what_they_mean() -> None:
    tree = {
        "firms": {"a": {"rule": {"x": 1}}, "b": {"rule": {"base": {"x": 2}}}},
        "events": [{"kind": "Cut", "depth": 1}, {"kind": "Launch"}, {"kind": "Cut", "depth": 3}],
    }
    assert list(matches(tree, "firms.*.rule.x")) == ["firms.a.rule.x"]
    assert list(matches(tree, "firms.*.rule.**.x")) == ["firms.a.rule.x", "firms.b.rule.base.x"]
    assert list(matches(tree, "events.Cut.depth")) == ["events.0.depth", "events.2.depth"]
    assert list(matches(tree, "events.2.depth")) == ["events.2.depth"]
    assert list(matches(tree, "events.1.depth")) == []


def test_the_but_for_run_takes_the_factors_that_it_has() -> None:
    elastic = {"path": "demand.own_elasticity", "values": (-3.0, -5.0)}
    experiment = make(base="byd-one-third", but_for="baseline", factors={"depth": DEPTH, "e": elastic})
    item = experiment.item(len(experiment) - 1)
    assert set(item.changes.values()) == {0.2, -5.0}
    assert item.but_for == {"demand.own_elasticity": -5.0}


def test_names_stand_for_values_in_the_table() -> None:
    until = {"path": "events.Cut.until", "values": ("2025-03", "2025-05"), "names": (1, 3)}
    experiment = make(factors={"months": until})
    assert experiment.table["months"].tolist() == [1, 3]
    assert experiment.changes_at(1, experiment.base) == {"events.0.until": "2025-05"}


@pytest.mark.parametrize(
    "value", [True, 3, -2.5, 1e-7, "a 'b' \"c\"", [1, "x"], {"kind": "Hold", "at": "last"}, [["a"], []]]
)
def test_values_survive_the_command_line(value: object) -> None:
    from pricewar.cli.options import read_changes

    assert read_changes([f"a.b={as_toml(value)}"]) == {"a.b": value}


# -- metrics -----------------------------------------------------------------------------------


def test_metrics_agree_with_the_analysis_of_the_same_run() -> None:
    from pricewar import compare
    from pricewar.analysis import break_even, compare_table, episodes
    from pricewar.analysis.compare import pick

    changed = load("byd-one-third").but({"consumers.draws": 100, "name": "war"})
    results = compare([changed], seeds=[3], uncertainty="luck")
    found = measure(
        simulate(changed, 3),
        (*TOTALS, "operating_profit.byd", "cash.nio", "war_months", "war", "break_even.xiaomi"),
    )
    table = compare_table(results)
    levels = [name for name in TOTALS if name not in without_level("market")]
    expected = {name: pick(table, "war", "market", name).mean for name in levels}
    assert found["welfare"] == pytest.approx(results.market["welfare"].sum(), rel=1e-12)
    expected["operating_profit.byd"] = pick(table, "war", "byd", "operating_profit").mean
    expected["cash.nio"] = pick(table, "war", "nio", "cash").mean
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    wars = episodes(results)
    assert found["war_months"] == wars["depressed_months"].sum()
    assert found["war"] == (len(wars) > 0)
    books = break_even(results)
    lasting = books[books["firm"] == "xiaomi"]["lasting"].iloc[0]
    assert found["break_even.xiaomi"] == pytest.approx(lasting + 1, nan_ok=True)


def test_rivals_fall_counts_rivals_only() -> None:
    held = load("textbook-duopoly").but({"firms.right.strategy": "Hold"})
    run = simulate(held, 1)
    assert run.leader == "left"
    assert measure(run, ("rivals_price_fall.4",))["rivals_price_fall.4"] == pytest.approx(0.0, abs=1e-9)
    assert measure(run, ("war_index_max",))["war_index_max"] == pytest.approx(5.0)


def test_unknown_metrics_say_what_there_is() -> None:
    with pytest.raises(LookupError, match="war_months"):
        find_metric("nonsense", ("byd",))
    with pytest.raises(LookupError, match=r"survives\. and one of byd"):
        find_metric("survives.ford", ("byd",))


def test_a_function_of_ones_own_is_a_metric() -> None:
    experiment = make(metrics=["experiment_rules:last_price", "price_index"])
    study = run_experiment(experiment, SerialExecutor())
    assert study.runs["experiment_rules:last_price"].gt(0).all()
    assert list(study.runs["depth"]) == [0.05, 0.1, 0.2]
    assert (np.diff(study.runs["price_index"]) < 0).all()
