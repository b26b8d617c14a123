"""Every kind of figure, the page and the command, on a market of two firms."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pricewar.cli.app import app
from pricewar.experiment import Study, run_experiment
from pricewar.experiment.files import experiment_from
from pricewar.experiment.pool import SerialExecutor
from pricewar.plots.experiment import Exhibit, exhibits
from pricewar.plots.style import number
from pricewar.report.experiment import BEGIN, END, write_page, write_study

FACTORS = {
    "depth": {"path": "events.Cut.depth", "values": (0.02, 0.2), "label": "depth"},
    "until": {"path": "events.Cut.until", "values": ("2025-03", "2025-05"), "names": ("short", "long")},
}
FIGURES = (
    {"kind": "heat", "metric": "diff.welfare", "x": "depth", "y": "until", "scale": 1e9, "unit": "CNY bn"},
    {"kind": "response", "metric": "war_index_max", "factors": ["depth"], "y": "until", "unit": "%"},
    {"kind": "response", "metrics": ["diff.welfare", "diff.consumer_surplus"], "scale": 1e9},
    {"kind": "tornado", "metric": "diff.welfare", "scale": 1e9, "unit": "CNY bn"},
    {"kind": "effects", "metric": "war_index_max", "unit": "%"},
    {"kind": "regret", "metric": "operating_profit.left", "x": "depth", "above": 0.0, "scale": 1e6},
    {"kind": "survival", "x": "depth"},
    {"kind": "tree", "metric": "war_index_max", "above": 5.0},
    {"kind": "prim", "metric": "war_index_max", "above": 5.0},
)


def study(**parts: object) -> Study:
    tree = {
        "name": "figures",
        "title": "All figures",
        "question": "Are they drawn?",
        "base": "textbook-duopoly",
        "but_for": "textbook-duopoly",
        "set": {"noise.market_sd": 0.1, "periods": 8},
        "factors": FACTORS,
        "replicates": 3,
        "metrics": ("welfare", "consumer_surplus", "war_index_max", "survives.*", "operating_profit.*"),
        "figures": FIGURES,
    }
    return run_experiment(experiment_from({**tree, **parts}, "test"), SerialExecutor())


@pytest.fixture(scope="module")
def made() -> Study:
    pytest.importorskip("ema_workbench")
    return study()


def test_every_figure_is_drawn_with_its_table_and_a_sentence(made: Study) -> None:
    found = list(exhibits(made))
    assert not [one for one in found if isinstance(one, str)]
    for one, spec in zip(found, FIGURES, strict=True):
        assert isinstance(one, Exhibit)
        assert one.drawing.name.endswith(str(spec["kind"]))
        assert len(one.table) > 0
        assert one.drawing.finding.endswith(".")
        assert "nan" not in one.drawing.finding
    effects = next(one for one in found if isinstance(one, Exhibit) and "effects" in one.drawing.name)
    assert effects.table["factor"].iloc[0] == "depth"
    assert effects.table["effect"].iloc[0] > 0


def test_regret_of_welfare_is_told_without_its_level(made: Study) -> None:
    experiment = made.experiment
    runs = made.runs
    levels = []
    for metric in ("welfare", "operating_profit.left"):
        figure = {"kind": "regret", "metric": metric, "x": "depth", "scale": 1e6}
        (one,) = exhibits(Study(experiment.but(figures=(figure,)), runs))
        assert isinstance(one, Exhibit)
        assert one.table["regret_mean"].notna().all()
        levels.append(one.table[["mean", "lo", "hi"]].notna().all(axis=None))
        assert one.table["mean"].isna().all() == (metric == "welfare")
    assert levels == [False, True]


def test_indices_are_drawn_from_their_designs() -> None:
    uniform = {"kind": "uniform", "low": 0.01, "high": 0.2}
    factors = {
        "depth": {"path": "events.Cut.depth", "distribution": uniform},
        "rate": {"path": "market.discount_rate", "distribution": uniform},
    }
    for kind, size in (("saltelli", "base"), ("morris", "trajectories")):
        figure = {"kind": "sobol" if kind == "saltelli" else "morris", "metric": "war_index_max"}
        parts = {"design": {"kind": kind, size: 4}, "replicates": 1, "figures": (figure,)}
        (one,) = exhibits(study(factors=factors, **parts))
        assert isinstance(one, Exhibit)
        assert one.table["factor"].iloc[0] == "depth"


def test_the_sum_of_sobol_indices_is_of_the_estimates_not_of_what_is_cut_at_zero() -> None:
    uniform = {"kind": "uniform", "low": 0.01, "high": 0.2}
    paths = {"depth": "events.Cut.depth", "rate": "market.discount_rate"}
    factors = {name: {"path": path, "distribution": uniform} for name, path in paths.items()}
    figures = ({"kind": "sobol", "metric": "war_index_max"},)
    parts = {"design": {"kind": "saltelli", "base": 8}, "replicates": 1, "figures": figures}
    whole = study(factors=factors, **parts)
    depth, rate = (whole.runs[name] / 0.19 for name in paths)
    both = np.cos(30 * depth) * np.cos(30 * rate)  # hardly any effect of one factor alone
    (one,) = exhibits(Study(whole.experiment, whole.runs.assign(war_index_max=both)))
    assert isinstance(one, Exhibit)
    kept, cut = (number(one.table[name].sum()) for name in ("first_estimate", "first"))
    assert kept != cut, "an estimate lies below zero"
    assert f"first-order indices sum to {kept}." in one.drawing.finding


def test_a_figure_that_cannot_be_drawn_says_why(made: Study) -> None:
    figure = {"kind": "tree", "metric": "war_index_max", "above": 99.0}
    broken = Study(made.experiment.but(figures=(figure,)), made.runs)
    (why,) = exhibits(broken)
    assert isinstance(why, str)
    assert "nothing to tell apart" in why


def test_the_page_keeps_what_people_wrote(made: Study, tmp_path: Path) -> None:
    page = write_page(made, tmp_path / "01.md")
    text = page.read_text(encoding="utf-8")
    assert "12 runs, 0 failed" in text
    assert len(list((tmp_path / "01").glob("*.png"))) == len(FIGURES)
    page.write_text(text.replace("_Not read yet._", "Deep cuts are deep."), encoding="utf-8")
    again = write_page(made, page).read_text(encoding="utf-8")
    assert f"{BEGIN}\nDeep cuts are deep.\n{END}" in again


def test_the_folder_gets_figures_tables_and_findings(made: Study, tmp_path: Path) -> None:
    words = write_study(made, tmp_path)
    assert json.loads((tmp_path / "findings.json").read_text(encoding="utf-8")) == words
    assert len(list((tmp_path / "tables").glob("*.csv"))) == len(FIGURES)


def test_the_command_says_what_it_would_run(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["sweep", "01", "--small", "--dry-run", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["runs"] == 32


def test_the_command_runs_and_reports(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(
        'base = "textbook-duopoly"\n[factors.depth]\npath = "events.Cut.depth"\nvalues = [0.1, 0.2]\n'
        '[[figures]]\nkind = "response"\nmetric = "war_index_max"\n'
    )
    out = str(tmp_path / "out")
    command = ["sweep", str(file), "--workers", "1", "--out", out, "--page", str(tmp_path / "page.md")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "runs: 2" in done.stdout
    assert (tmp_path / "page.md").exists()
    refused = CliRunner().invoke(
        app, ["sweep", str(file), "--out", out, "--dask", "tcp://x", "--workers", "2"]
    )
    assert refused.exit_code == 2
