"""The command line: what each command prints and writes, exit codes, and that nothing is half-written."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from pricewar import Results, load, runs
from pricewar.base.errors import InputError
from pricewar.cli import console, options, output
from pricewar.cli.app import app
from pricewar.cli.pool import pool, worker_count
from pricewar.cli.simulate import Request, run_all

SHORT = ("--set", "periods=6", "--set", "noise.taste_sd=0.1")
TABLES = {"products", "firms", "market", "open_orders", "log", "campaigns", "runs"}
WRITTEN = {
    *(f"{name}.parquet" for name in TABLES),
    *(
        f"{name}.csv"
        for name in ("market", "open_orders", "log", "campaigns", "runs", "comparison", "wars", "waves")
    ),
    "figures",
    "report.html",
    "run.json",
}


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """One comparison of two short scenarios, used by all tests that only look."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "deeper.toml").write_text(
        'extends = "textbook-duopoly"\ntitle = "Deeper"\n[[events]]\nkind = "Cut"\nmonth = "2025-03"\n'
        'until = "2025-05"\nfirm = "left"\ndepth = 0.2\n',
        encoding="utf-8",
    )
    done = call(
        "compare", "textbook-duopoly", str(folder / "deeper.toml"), "--seeds", "2", *SHORT,
        "--out", str(folder / "out"), "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder / "out", json.loads(done.stdout)


def test_help_lists_every_command_and_version_is_that_of_the_package() -> None:
    text = call("--help").stdout
    for command in ("list", "check", "schema", "run", "compare", "report", "calibrate"):
        assert command in text
        assert call(command, "--help").exit_code == 0
    assert call("--version").stdout.startswith("pricewar 0.")


def test_list_names_scenarios_and_kinds() -> None:
    listed = call("list").stdout
    assert all(
        text in listed for text in ("Textbook duopoly", "01_cut-depth", "Measures against the price war")
    )
    found = json.loads(call("list", "--strategies", "--events", "--interventions", "--json").stdout)
    assert {"Hold", "BestResponse"} <= set(found["strategies"])
    assert "Cut" in found["events"]
    assert "PublicWarning" in found["interventions"]
    assert all(text for sort in found.values() for text in sort.values())


def test_schema_accepts_what_the_loader_accepts() -> None:
    schema = json.loads(call("schema").stdout)
    assert set(schema["required"]) >= {"firms", "products"}
    assert "demand" in schema["properties"]


def test_compare_writes_everything_and_says_so(compared: tuple[Path, Any]) -> None:
    out, told = compared
    assert {path.name for path in out.iterdir()} == WRITTEN
    assert list((out / "figures").glob("*.png"))
    assert told["baseline"] == "textbook-duopoly"
    assert told["seeds"] == [1, 2]
    assert told["scenarios"]["deeper"]["runs"] == 2
    assert told["command"].startswith("pricewar compare textbook-duopoly")
    table = pd.read_csv(out / "comparison.csv")
    assert list(table.columns[:4]) == ["scenario", "entity", "metric", "period"]
    row = table[(table.scenario == "deeper") & (table.metric == "units") & (table.period == "total")]
    total = told["scenarios"]["deeper"]["total"]["units"]
    assert total["mean"] == pytest.approx(float(row[row.entity == "market"]["mean"].iloc[0]))
    assert total["diff"] > 0  # a deeper cut sells more cars
    found = told["scenarios"]["deeper"]
    assert found["total"]["welfare"]["mean"] is None  # a level of welfare means nothing
    opened = table[(table.scenario == "deeper") & (table.metric == "welfare")].set_index("period")["diff"]
    assert found["total_with_open"]["welfare"]["diff"] == pytest.approx(opened["total_with_open"])
    assert found["total"]["welfare"]["diff"] == pytest.approx(opened["total"])


def test_repeating_the_recorded_command_gives_the_same_bytes(
    compared: tuple[Path, Any], tmp_path: Path
) -> None:
    out, told = compared
    words = told["command"].split()[1:]
    assert call(*words, "--out", str(tmp_path / "again"), "--quiet").exit_code == 0
    for name in sorted(TABLES):
        assert (tmp_path / "again" / f"{name}.parquet").read_bytes() == (out / f"{name}.parquet").read_bytes()
    assert (tmp_path / "again" / "comparison.csv").read_bytes() == (out / "comparison.csv").read_bytes()


def test_report_is_made_anew_from_tables(compared: tuple[Path, Any]) -> None:
    out, _ = compared
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    (out / "report.html").unlink()
    done = call("report", str(out))
    assert done.exit_code == 0, done.output
    assert str(out / "report.html") in done.stdout
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before


def test_report_of_no_results_fails_and_leaves_the_directory(tmp_path: Path) -> None:
    done = call("report", str(tmp_path))
    assert done.exit_code == 1
    assert "run.json" in done.stderr
    assert not list(tmp_path.iterdir())


def test_run_prints_a_summary_and_progress_lines(tmp_path: Path) -> None:
    done = call("run", "textbook-duopoly", "--seed", "3", *SHORT, "--out", str(tmp_path / "o"))
    assert done.exit_code == 0, done.output
    assert "Mean of 1 seed" in done.stdout
    assert not {"surplus", "welfare"} & set(re.findall(r"\w+", done.stdout))  # levels mean nothing
    assert "report.html" in done.stdout
    assert "1/1 runs: textbook-duopoly, seed 3" in done.stderr
    assert Results.load(tmp_path / "o").seeds == (3,)
    again = call("run", "textbook-duopoly", *SHORT, "--out", str(tmp_path / "o"), "--quiet")
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "")
    assert Results.load(tmp_path / "o").seeds == (1,)


def test_calibrate_prints_the_fit_and_stores_it(tmp_path: Path) -> None:
    done = call("calibrate", "--set", "demand.own_elasticity=-3", "--json", "--out", str(tmp_path / "fit"))
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["market"]["own_elasticity"] == pytest.approx(-3, abs=1e-6)
    assert found["market"]["largest_units_error"] < 1e-9
    assert found["market"]["largest_price_error"] < 1e-6
    assert len(pd.read_csv(tmp_path / "fit" / "products.csv")) == len(found["products"])
    assert (tmp_path / "fit" / "fit.md").read_text(encoding="utf-8").startswith("# Fit of baseline")
    assert "best" not in done.stderr
    assert "elasticity" in call("calibrate", "textbook-duopoly").stdout


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (("compare", "textbook-duopoly", "textbook-duopoly"), "SCENARIO"),
        (("compare", "textbook-duopoly", "--baseline", "other"), "--baseline"),
        (("compare", "textbook-duopoly", "baseline"), "same months"),
        (("run", "textbook-duopoly", "--set", "periods"), "--set"),
        (("run", "textbook-duopoly", "--set", "no.such.path=1"), "no.such.path"),
        (("run", "textbook-duopoly", "--set", "periods=-1"), "periods"),
        (("run", "textbook-duopoly", "--set", "demand.kind=Unknown"), "demand"),
        (("calibrate", "nowhere"), "nowhere"),
    ],
)
def test_wrong_words_are_exit_code_2_and_write_nothing(
    words: tuple[str, ...], place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call(*words)
    assert done.exit_code == 2
    assert place in done.stderr
    assert not list(tmp_path.iterdir())


def test_out_that_is_a_file_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        done = call("run", "textbook-duopoly", "--out", str(out))
        assert done.exit_code == 2
        assert "--out" in done.stderr
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_problems_of_all_scenarios_come_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(
            f'extends = "textbook-duopoly"\n{name} = 1\n', encoding="utf-8"
        )
    done = call("compare", str(tmp_path / "a.toml"), str(tmp_path / "b.toml"), "--out", str(tmp_path / "o"))
    assert done.exit_code == 2
    assert "a.toml" in done.stderr
    assert "b.toml" in done.stderr


def fail_on(seed: int, kind: str) -> Any:
    """`run_one` that fails on one seed, or on all for seed 0."""
    whole = runs.run_one

    def sometimes(job: runs.Job, after_month: object = None) -> dict[str, Any]:
        if seed in (0, job.seed):
            return {"runs": runs._row(job, f"{kind}: on purpose", 0.0)}
        return whole(job)

    return sometimes


def test_a_failed_run_among_many_is_reported_and_results_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "fits", lambda scenario: False)
    monkeypatch.setattr(runs, "run_one", fail_on(2, "ValueError"))
    done = call("run", "textbook-duopoly", "--seeds", "3", *SHORT, "--out", str(tmp_path / "o"), "--quiet")
    assert done.exit_code == 1
    assert "seed 2: ValueError: on purpose" in done.stderr
    assert "1 of 3 runs failed" in done.stderr
    assert list(Results.load(tmp_path / "o").runs["status"]) == ["ok", "failed", "ok"]


@pytest.mark.parametrize(("kind", "code"), [("ValueError", 1), ("StrategyError", 2), ("InputError", 2)])
def test_a_scenario_that_never_runs_writes_nothing(
    kind: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "fits", lambda scenario: False)
    monkeypatch.setattr(runs, "run_one", fail_on(0, kind))
    done = call("run", "textbook-duopoly", "--seeds", "3", *SHORT, "--out", str(tmp_path / "o"), "--quiet")
    assert done.exit_code == code
    assert done.stderr.count("on purpose") == 1
    assert not list(tmp_path.iterdir())


def test_a_failure_while_writing_leaves_the_old_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "o"
    assert call("run", "textbook-duopoly", *SHORT, "--out", str(target), "--quiet").exit_code == 0
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(output, "_derive", stop)
    done = call("run", "textbook-duopoly", "--seed", "9", *SHORT, "--out", str(target), "--quiet")
    assert done.exit_code == 130
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["o"]


@pytest.mark.slow
def test_ctrl_c_ends_with_130_and_nothing_written(tmp_path: Path) -> None:
    words = ["-m", "pricewar", "compare", "baseline", "byd-one-third", "--seeds", "100", "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, *words, "--out", str(tmp_path / "o")], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    while "runs" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    error = process.communicate(timeout=120)[1]
    assert process.returncode == 130, error
    assert time.monotonic() - begin < 60
    assert "Traceback" not in error
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_worker_processes_give_the_same_bytes(tmp_path: Path) -> None:
    loaded = [load(name).but({"periods": 8}) for name in ("baseline", "byd-one-third")]
    for workers in (1, 2):
        request = Request("compare", [], seeds=2, workers=workers, quiet=True)
        run_all(request, loaded).save(tmp_path / str(workers))
    for name in sorted(TABLES):
        one, two = (tmp_path / workers / f"{name}.parquet" for workers in ("1", "2"))
        assert one.read_bytes() == two.read_bytes(), name


def test_workers_are_as_many_as_there_is_work_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert [worker_count(None, n) for n in (1, 12, 24, 60)] == [1, 1, 2, 4]
    assert worker_count(8, 3) == 3
    with pool(1) as executor:
        assert executor is None


def test_one_numba_thread_in_workers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    with pool(2) as executor:
        assert executor is not None
        assert executor.submit(os.getenv, "NUMBA_NUM_THREADS").result() == "1"
    assert "NUMBA_NUM_THREADS" not in os.environ


@pytest.mark.parametrize(
    ("text", "value"),
    [("-3", -3), ("0.5", 0.5), ("true", True), ('["byd"]', ["byd"]), ("Hold", "Hold"), ('"4"', "4"),
     ("{ on = false }", {"on": False}), ("1\nvalue2 = 3", "1\nvalue2 = 3"), ("", "")],
)  # fmt: skip
def test_values_are_toml_or_text(text: str, value: object) -> None:
    assert options.toml_value(text) == value


def test_every_bad_pair_is_named() -> None:
    with pytest.raises(InputError) as caught:
        options.read_changes(["a=1", "b", "=2"])
    assert len(caught.value.problems) == 2


def test_seeds() -> None:
    assert options.seed_list(None, None) is None
    assert options.seed_list(7, None) == [7]
    assert options.seed_list(None, 3) == [1, 2, 3]
    assert options.seed_list(5, 2) == [5, 6]


def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with console.progress(40, quiet=False) as tick:
        assert tick is not None
        for seed in range(40):
            tick("small", seed)
    assert len(capsys.readouterr().err.splitlines()) == console.LINES
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with console.progress(2, quiet=False) as tick:
        assert tick is not None
        tick("small", 1)
    with console.progress(2, quiet=True) as tick:
        assert tick is None


def test_main_finds_rules_in_the_current_directory(tmp_path: Path) -> None:
    (tmp_path / "mylab.py").write_text(
        "from pricewar.strategies import Strategy\n"
        "class Stay(Strategy):\n    def price(self, view):\n        return view.price\n",
        encoding="utf-8",
    )
    (tmp_path / "mine.toml").write_text(
        'extends = "textbook-duopoly"\n[firms.right]\nstrategy = "mylab:Stay"\n', encoding="utf-8"
    )
    script = "import sys; sys.path.remove(''); from pricewar.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "check", "mine.toml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
