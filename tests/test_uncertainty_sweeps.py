"""What seeds stand for in experiments and policy studies: points are paired, factors win over the draw."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import tiny
from test_experiment_runs import run_serial
from test_memory import living
from test_uncertainty import CUT, NOISE, SAMPLE, at, files, sample
from typer.testing import CliRunner

from pricewar.base.errors import InputError
from pricewar.cli.app import app
from pricewar.experiment import Experiment
from pricewar.experiment.files import experiment_from
from pricewar.experiment.metrics import measure
from pricewar.experiment.study import Study
from pricewar.experiment.work import Item, Simulate, simulate
from pricewar.plots.experiment import Ask
from pricewar.policy import PolicySpec, policy_from
from pricewar.policy.study import Future, Futures
from pricewar.posterior import drawn
from pricewar.posterior import spread as spread_module
from pricewar.runs import compare
from pricewar.scenario.tree import Scenario

SHORT = {"consumers.draws": 50, "periods": 4}


def market(posterior: str = "", **parts: Any) -> Scenario:
    return tiny({**NOISE, **SHORT, "posterior": posterior, **parts})


def experiment(posterior: str = "", changes: Mapping[str, Any] | None = None, **parts: Any) -> Experiment:
    """Four runs: two points, two seeds, each paired with a run in peace."""
    tree = {
        "name": "small",
        "base": market(posterior, events=[CUT]).but({**(changes or {}), "fixed": ()}),
        "but_for": market(posterior, name="peace"),
        "factors": {"depth": {"path": "events.0.depth", "values": (0.1, 0.3)}},
        "replicates": 2,
        "metrics": ("welfare", "mean_price"),
    }
    return experiment_from({**tree, **parts}, "test")


ELASTICITY = {"elasticity": {"path": "demand.own_elasticity", "values": (-3.0, -4.0)}}


def test_points_share_the_draws_of_their_seeds(tmp_path: Path) -> None:
    made = experiment(sample(tmp_path))
    items = [made.item(run) for run in range(len(made))]
    assert [item.drawn.row for item in items] == [1, 2, 1, 2]
    runs = run_serial(made, tmp_path / "out").runs
    for item, row in zip(items, runs.to_dict("records"), strict=True):
        scenario = drawn(made.scenario_at(item.point), item.drawn)
        assert at(scenario, "demand.own_elasticity") == SAMPLE["own_elasticity"][item.seed]
        run = measure(simulate(scenario, item.seed), ("mean_price",))
        peace = measure(
            simulate(drawn(made.scenario_at(item.point, True), item.drawn), item.seed), ("mean_price",)
        )
        assert row["mean_price"] == run["mean_price"]
        assert row["diff.mean_price"] == run["mean_price"] - peace["mean_price"]


@pytest.mark.parametrize("kind", ["grid", "latin-hypercube", "sobol-sequence", "morris"])
def test_factors_win_over_the_draw(tmp_path: Path, kind: str) -> None:
    ends = {"kind": "uniform", "low": -4.0, "high": -3.0}
    sampled = {"elasticity": {"path": "demand.own_elasticity", "distribution": ends}}
    sizes = {"latin-hypercube": {"points": 4}, "sobol-sequence": {"points": 4}, "morris": {"trajectories": 2}}
    factors = ELASTICITY if kind == "grid" else sampled
    made = experiment(sample(tmp_path), factors=factors, design={"kind": kind, **sizes.get(kind, {})})
    for run in range(len(made)):
        item = made.item(run)
        for scenario in (made.scenario_at(item.point), made.scenario_at(item.point, True)):
            found = drawn(scenario, item.drawn)
            assert at(found, "demand.own_elasticity") == made.points[item.point]["elasticity"]
            assert found.market.pass_through == SAMPLE["pass_through"][item.seed]


def test_what_is_set_for_all_runs_wins_too(tmp_path: Path) -> None:
    made = experiment(sample(tmp_path), set={"market.pass_through": 0.33})
    assert drawn(made.scenario_at(0), made.item(0).drawn).market.pass_through == 0.33


def test_workers_write_the_bytes_of_a_serial_sweep(tmp_path: Path) -> None:
    from pricewar.experiment import run_experiment

    made = experiment(sample(tmp_path))
    run_serial(made, tmp_path / "serial")
    run_experiment(made, store=tmp_path / "pool", workers=2)
    serial, pool = ((tmp_path / name / "runs.parquet").read_bytes() for name in ("serial", "pool"))
    assert serial == pool


def test_luck_alone_has_the_digest_and_rows_of_before(tmp_path: Path) -> None:
    known = sample(tmp_path)
    before = experiment()
    for made in (experiment(uncertainty="both"), experiment(known, uncertainty="luck")):
        assert made.digest == before.digest
        assert made.content() == before.content()
        assert not {"uncertainty", "drawn"} & made.content().keys()
        pd.testing.assert_frame_equal(run_serial(made, tmp_path / made.base.posterior[-4:] / "out").runs,
                                      run_serial(before, tmp_path / f"b{made.uncertainty}").runs)  # fmt: skip
    assert experiment(uncertainty="both").spread.note
    assert not before.but(uncertainty="luck").spread.note


def test_parameters_alone_have_one_luck_at_all_points(tmp_path: Path) -> None:
    made = experiment(sample(tmp_path), uncertainty="parameters")
    assert {made.item(run).drawn.luck for run in range(len(made))} == {made.base.seed}
    kept = made.but(trajectories=True)
    _, tables = Simulate(kept.base, kept.but_for, kept.measured, True)(kept.item(1))
    assert set(tables["market"]["seed"]) == {2}


def test_a_sweep_that_goes_on_refuses_another_sample(tmp_path: Path) -> None:
    made = experiment(sample(tmp_path))
    run_serial(made, tmp_path / "out")
    other = experiment(sample(tmp_path, SAMPLE.iloc[:3], "other.csv"))
    luck = experiment(made.base.posterior, uncertainty="luck")
    for another in (other, luck):
        with pytest.raises(InputError, match="drawn"):
            run_serial(another, tmp_path / "out")
    again = run_serial(experiment(sample(tmp_path, name="copy.csv")), tmp_path / "out")
    assert again.experiment.base.posterior.endswith("copy.csv")


def test_a_stored_sweep_is_read_without_its_sample(tmp_path: Path) -> None:
    known = sample(tmp_path)
    run_serial(experiment(known), tmp_path / "out")
    Path(known).unlink()
    study = Study.load(tmp_path / "out")
    assert study.experiment.drawn == "both"
    assert study.luck


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("luck", "luck, not of parameters"),
        ("parameters", "parameters, not of luck"),
        ("both", "luck and parameters"),
    ],
)
def test_figures_say_what_intervals_are_of(tmp_path: Path, asked: str, words: str) -> None:
    study = run_serial(experiment(sample(tmp_path), uncertainty=asked), tmp_path / "out")
    figure = {"kind": "response", "metric": "diff.welfare", "x": "depth"}
    spec = study.experiment.but(figures=[figure]).figures[0]
    assert Ask(study, spec, "diff.welfare").intervals == f"95% intervals over 2 seeds: of {words}"


def test_a_run_can_be_repeated_alone(tmp_path: Path) -> None:
    path = files(tmp_path)["base"]
    tree = {"name": "alone", "base": str(path), "factors": ELASTICITY, "metrics": ("mean_price",)}
    made = experiment_from(tree, "test")
    study = run_serial(made, tmp_path / "sweep")
    words = shlex.split(made.command(made.item(1)))
    assert words[-4:] == ["--uncertainty", "both", "--seed", "1"]
    told = CliRunner().invoke(app, [*words[1:], "--out", str(tmp_path / "run"), "--quiet"])
    assert told.exit_code == 0, told.output
    table = pd.read_csv(tmp_path / "run" / "market.csv")
    assert table["mean_price"].mean() == pytest.approx(study.runs["mean_price"][1], rel=1e-12)


def test_the_command_line_chooses(tmp_path: Path) -> None:
    base = files(tmp_path)["base"]
    file = tmp_path / "sweep.toml"
    lines = [f"base = '{base}'", 'metrics = ["mean_price"]', "replicates = 2"]
    lines += ["[factors.pass]", 'path = "market.pass_through"', "values = [0.5, 1.0]"]
    file.write_text("\n".join(lines), encoding="utf-8")
    for asked, expected in ((["--uncertainty", "luck"], "luck"), ([], "both")):
        told = CliRunner().invoke(app, ["sweep", str(file), "--dry-run", "--json", *asked])
        assert json.loads(told.stdout)["uncertainty"] == expected
    Path(tmp_path / "known.csv").unlink()
    told = CliRunner().invoke(app, ["sweep", str(file), "--dry-run"])
    assert isinstance(told.exception, InputError) or told.exit_code == 2


def test_drawn_scenarios_are_made_once_for_all_points_and_few_are_kept(tmp_path: Path) -> None:
    made = experiment(sample(tmp_path))
    spread_module._drawn.cache_clear()
    work = Simulate(made.base, made.but_for, made.measured)
    for run in range(len(made)):
        work(made.item(run))
    kept = spread_module._drawn.cache_info()
    assert kept.misses == 6  # two points and peace, with two seeds
    for seed in range(100, 170):
        drawn(made.base, made.spread.draw(seed, row=seed))
    assert spread_module._drawn.cache_info().currsize <= 64


# --- policy studies


def policy(posterior: str = "", **parts: Any) -> PolicySpec:
    ends = {"kind": "uniform", "low": -4.0, "high": -3.0}
    tree = {
        "name": "small",
        "base": market(posterior, events=[CUT]),
        "but_for": market(posterior, name="peace"),
        "factors": {"elasticity": {"path": "demand.own_elasticity", "distribution": ends}},
        "draws": 3,
        "seeds": 2,
        "measures": {"ban": [{"kind": "BelowCostBan", "line": "full"}]},
    }
    return policy_from({**tree, **parts}, "small")


def test_futures_have_parameters_by_draw_and_luck_of_their_own(tmp_path: Path) -> None:
    spec = policy(sample(tmp_path))
    items = [Futures(spec).item(run) for run in range(len(spec))]
    assert [item.drawn.row for item in items] == [1, 1, 2, 2, 3, 3]
    assert [item.drawn.luck for item in items] == [1, 2, 3, 4, 5, 6]
    future = spec.futures[1]
    for option in ("peace", "no measure", "ban"):
        made = drawn(spec.scenario(option, future), items[2].drawn)
        assert at(made, "demand.own_elasticity") == future["elasticity"]
        assert made.market.pass_through == SAMPLE["pass_through"][2]


def test_policy_studies_without_a_sample_are_what_they_were(tmp_path: Path) -> None:
    known = sample(tmp_path)
    before = policy()
    assert policy(known, uncertainty="luck").digest == before.digest == policy(uncertainty="both").digest
    assert policy(known).digest != before.digest
    assert before.spread.note.startswith("tiny names no sample")
    luck = [Future(spec)(Item(0, 0, 1))[1] for spec in (before, policy(known, uncertainty="luck"))]
    pd.testing.assert_frame_equal(luck[0]["options"], luck[1]["options"])
    both = Future(policy(known))(Futures(policy(known)).item(0))[1]
    assert not both["options"].equals(luck[0]["options"])


def test_no_model_of_a_draw_lives_on(tmp_path: Path) -> None:
    scenario = market(sample(tmp_path))
    before = living()
    assert compare([scenario], 6).require_complete().drawn.uncertainty == "both"
    assert living() == before
