"""Editions of the model: what carries them, what an older one says when it is read, what is refused."""

from __future__ import annotations

import json
import re
import tomllib
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from synthetic import results
from typer.testing import CliRunner

from pricewar import load
from pricewar.app.plan import Plan, game_toml
from pricewar.backtest.study import key_of
from pricewar.base.edition import (
    EDITION,
    EDITIONS,
    difference,
    file_edition,
    mark,
    marked,
    require_same,
    result_edition,
)
from pricewar.base.errors import EditionWarning, InputError, ResultsError
from pricewar.cli.app import app
from pricewar.cli.editions_page import RESULTS, SCENARIOS, editions_page
from pricewar.experiment import Study, load_experiment, run_experiment
from pricewar.experiment.pool import SerialExecutor
from pricewar.files.digest import sha256
from pricewar.policy import load_policy
from pricewar.report import write_report
from pricewar.report.experiment import write_page
from pricewar.results.store import Results, concat
from pricewar.runs import run
from pricewar.scenario.former import FORMER

OLD = EDITION - 1
EXPERIMENT = """
name = "two"
base = "textbook-duopoly"
metrics = ["welfare"]
replicates = 1
[set]
"periods" = 4
[factors.depth]
path = "events.Cut.depth"
values = [0.1, 0.2]
"""
POLICY = """
base = "textbook-duopoly"
but_for = "textbook-duopoly"
draws = 2
[set]
"periods" = 4
[factors.elasticity]
path = "demand.price_sensitivity"
distribution = { kind = "uniform", low = 3.0e-5, high = 5.0e-5 }
[[measures.subsidy]]
kind = "TradeInSubsidy"
amount = 5000
"""


def told(work: Callable[[], Any]) -> tuple[Any, list[str]]:
    """What came of the work, and the warnings of editions on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = work()
    return found, [str(one.message) for one in caught if one.category is EditionWarning]


def call(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


def changed(path: Path, **fields: Any) -> None:
    """A JSON file with some fields replaced; None takes one out."""
    tree = json.loads(path.read_text(encoding="utf-8")) | fields
    kept = {name: value for name, value in tree.items() if value is not None}
    path.write_text(json.dumps(kept), encoding="utf-8")


def without(folder: Path, table: str, *columns: str) -> None:
    """A stored table without some columns, as an edition would have written that did not have them."""
    path = folder / f"{table}.parquet"
    pq.write_table(pq.read_table(path).drop_columns(list(columns)), path)
    digests = json.loads((folder / "run.json").read_text(encoding="utf-8"))["sha256"]
    changed(folder / "run.json", sha256=digests | {path.name: sha256(path)})


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Results as edition 1 wrote them: nothing about editions in them."""
    folder = results(("baseline", "byd-one-third"), seeds=2, periods=12).save(tmp_path / "old")
    changed(folder / "run.json", edition=None)
    without(folder, "runs", "edition")
    return folder


# -- the words ---------------------------------------------------------------------------------


def test_every_edition_has_its_sentence() -> None:
    assert list(EDITIONS) == list(range(1, EDITION + 1))
    assert len(set(EDITIONS.values())) == EDITION
    for edition in range(1, EDITION):
        words = difference(edition)
        assert all(EDITIONS[number] in words for number in range(edition, EDITION + 1))
    for edition in (0, EDITION, EDITION + 1):
        with pytest.raises(ValueError, match="older editions"):
            difference(edition)


def test_a_mark_is_read_back_and_the_oldest_counts() -> None:
    assert marked(f"# Page\n{mark()}\n") == EDITION
    assert marked(f"{mark()} text {mark(OLD)}") == OLD
    assert marked("no mark, edition 2 in words only") is None


@pytest.mark.parametrize("found", [0, -1, EDITION + 1, "2", 2.0, True, None])
def test_what_is_no_known_edition_is_refused(found: object) -> None:
    with pytest.raises(InputError, match=r"my.toml.*\n.*edition: found .*; allowed: a whole number from 1"):
        file_edition({"edition": found}, "my.toml")
    with pytest.raises(ResultsError, match=r"run.json: edition: found .*; allowed: a whole number from 1"):
        result_edition({"edition": found}, "run.json")


# -- files -------------------------------------------------------------------------------------


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_edition_of_a_file_is_not_part_of_the_scenario(tmp_path: Path) -> None:
    plain = load(write(tmp_path / "a.toml", 'extends = "textbook-duopoly"\n'))
    stated, silent = told(
        lambda: load(write(tmp_path / "b.toml", f'extends = "textbook-duopoly"\nedition = {EDITION}\n'))
    )
    assert stated.digest == plain.digest
    assert not silent
    older, words = told(
        lambda: load(write(tmp_path / "c.toml", 'extends = "textbook-duopoly"\nedition = 1\n'))
    )
    assert older.digest == plain.digest
    assert len(words) == 1
    assert "c.toml" in words[0]
    assert difference(1)[1:] in words[0]


def test_a_chain_of_older_files_warns_once_and_names_all(tmp_path: Path) -> None:
    write(tmp_path / "below.toml", 'extends = "textbook-duopoly"\nedition = 1\n')
    write(tmp_path / "middle.toml", 'extends = "below"\nedition = 1\n')
    top = write(tmp_path / "top.toml", f'extends = "middle"\nedition = {EDITION}\n')
    _, words = told(lambda: load(top))
    assert len(words) == 1
    assert "below.toml" in words[0]
    assert "middle.toml" in words[0]
    assert "top.toml" not in words[0]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('extends = "textbook-duopoly"\n', load),
        (EXPERIMENT, load_experiment),
        (POLICY, load_policy),
    ],
    ids=["scenario", "experiment", "policy"],
)
def test_all_files_may_state_an_edition(tmp_path: Path, text: str, read: Callable[[Path], Any]) -> None:
    made = read(write(tmp_path / "own.toml", text))
    again, words = told(lambda: read(write(tmp_path / "own.toml", f"edition = 1\n{text}")))
    assert again.digest == made.digest
    assert len(words) == 1
    newer = write(tmp_path / "own.toml", f"edition = {EDITION + 1}\n{text}")
    with pytest.raises(InputError, match=rf"own.toml.*\n  edition: found {EDITION + 1}; allowed: .*newer"):
        read(newer)


def test_the_command_line_tells_of_an_older_file_once_and_refuses_a_newer_one(tmp_path: Path) -> None:
    older = write(tmp_path / "older.toml", 'extends = "textbook-duopoly"\nedition = 1\n')
    done = call("check", str(older), str(older))
    assert done.exit_code == 0
    assert done.stderr.count("warning:") == 1
    assert "older.toml" in done.stderr
    assert "warning" not in done.stdout
    newer = write(tmp_path / "newer.toml", f'extends = "textbook-duopoly"\nedition = {EDITION + 1}\n')
    refused = call("run", str(newer), "--out", str(tmp_path / "out"))
    assert refused.exit_code == 2
    assert f"edition: found {EDITION + 1}; allowed: a whole number from 1 to {EDITION}" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_files_that_the_page_writes_state_the_edition(tmp_path: Path) -> None:
    plan = Plan("textbook-duopoly", {"name": "mine", "periods": 5})
    for text, scenario in ((plan.toml, plan.scenario), (game_toml(plan.scenario), plan.scenario)):
        assert tomllib.loads(text)["edition"] == EDITION
        assert load(write(tmp_path / "mine.toml", text)).digest == scenario.digest


def test_the_page_is_told_the_edition() -> None:
    from pricewar.app.api import _catalogue

    assert _catalogue(())["edition"] == EDITION


# -- results -----------------------------------------------------------------------------------


def test_every_run_and_its_files_carry_the_edition(tmp_path: Path) -> None:
    made = run(load("textbook-duopoly").but({"periods": 6}), 2)
    assert made.runs["edition"].tolist() == [EDITION, EDITION]
    folder = made.save(tmp_path / "run")
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["edition"] == EDITION
    assert pd.read_csv(folder / "runs.csv")["edition"].tolist() == [EDITION, EDITION]
    again, words = told(lambda: Results.load(folder))
    assert again.edition == EDITION
    assert not words


def test_older_results_load_with_one_warning(old: Path) -> None:
    loaded, words = told(lambda: Results.load(old))
    assert len(words) == 1
    assert difference(1)[1:] in words[0]
    assert str(old) in words[0]
    assert loaded.edition == 1
    assert set(loaded.runs["edition"]) == {1}


def test_what_older_results_do_not_have_is_empty_and_the_rest_is_there(old: Path) -> None:
    before, _ = told(lambda: Results.load(old))
    without(old, "market", "welfare", "consumer_surplus_1")
    without(old, "firms", "active")
    without(old, "products", "segment")
    (old / "log.parquet").unlink()
    digests = json.loads((old / "run.json").read_text(encoding="utf-8"))["sha256"]
    changed(old / "run.json", sha256={name: d for name, d in digests.items() if name != "log.parquet"})
    more = pq.read_table(old / "firms.parquet")
    pq.write_table(more.append_column("gone", [["x"] * len(more)]), old / "firms.parquet")
    digests = json.loads((old / "run.json").read_text(encoding="utf-8"))["sha256"]
    changed(old / "run.json", sha256=digests | {"firms.parquet": sha256(old / "firms.parquet")})
    loaded, words = told(lambda: Results.load(old))
    assert len(words) == 1
    assert loaded.market[["welfare", "consumer_surplus_1"]].isna().all(axis=None)
    assert not loaded.firms["active"].any()
    assert set(loaded.products["segment"]) == {""}
    assert loaded.log.empty
    assert "gone" not in loaded.firms
    pd.testing.assert_series_equal(loaded.market["price_index"], before.market["price_index"])


def test_a_report_of_older_results_is_written_and_says_so(old: Path) -> None:
    without(old, "market", "consumer_surplus_1", "consumer_surplus_5")
    done = call("report", str(old), "--quiet")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("warning:") == 1
    page = (old / "report.html").read_text(encoding="utf-8")
    assert marked(page) == 1
    assert "Model edition 1." in page


def test_missing_columns_of_this_edition_are_still_an_error(tmp_path: Path) -> None:
    folder = results(seeds=1, periods=6).save(tmp_path / "run")
    without(folder, "market", "welfare")
    with pytest.raises(ResultsError, match="columns missing"):
        Results.load(folder)


def test_newer_results_are_refused_by_name(tmp_path: Path) -> None:
    folder = results(seeds=1, periods=6).save(tmp_path / "run")
    changed(folder / "run.json", edition=EDITION + 1)
    with pytest.raises(
        ResultsError, match=rf"run.json: edition: found {EDITION + 1}; allowed: .* to {EDITION};"
    ):
        Results.load(folder)
    done = call("report", str(folder))
    assert done.exit_code == 1
    assert "newer pricewar" in done.stderr


def test_editions_are_not_mixed_in_one_set_of_results(old: Path) -> None:
    older, _ = told(lambda: Results.load(old))
    with pytest.raises(ResultsError, match=rf"editions \[1, {EDITION}\]"):
        concat([older, results(seeds=1, periods=12)])


def test_reports_pages_and_keys_carry_the_edition(tmp_path: Path) -> None:
    page = write_report(results(seeds=2, periods=12), tmp_path).read_text(encoding="utf-8")
    assert marked(page) == EDITION
    assert f"Model edition {EDITION}." in page
    assert key_of(20, 1)["edition"] == EDITION
    assert f"(model edition {EDITION})" in call("--version").stdout


# -- folders that can be gone on with ----------------------------------------------------------


def test_a_sweep_of_another_edition_is_read_with_a_warning_but_not_gone_on_with(tmp_path: Path) -> None:
    file = write(tmp_path / "two.toml", EXPERIMENT)
    folder = tmp_path / "sweep"
    study = run_experiment(file, SerialExecutor(), store=folder)
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["edition"] == EDITION
    assert marked(write_page(study, tmp_path / "page.md").read_text(encoding="utf-8")) == EDITION
    changed(folder / "manifest.json", edition=None)
    older, words = told(lambda: Study.load(folder))
    assert older.edition == 1
    assert len(words) == 1
    pd.testing.assert_frame_equal(older.runs, study.runs)
    text = write_page(older, tmp_path / "page.md").read_text(encoding="utf-8")
    assert marked(text) == 1
    assert "model edition 1." in text
    done = call("sweep", str(file), "--out", str(folder), "--quiet")
    assert done.exit_code == 2
    assert re.search(rf"edition: found 1; allowed: {EDITION}, .*another folder", done.stderr)
    changed(folder / "manifest.json", edition=EDITION + 1)
    with pytest.raises(ResultsError, match="newer pricewar"):
        Study.load(folder)
    refused = call("sweep", str(file), "--out", str(folder), "--quiet")
    assert refused.exit_code == 2
    assert f"edition: found {EDITION + 1}; allowed: {EDITION}" in refused.stderr


def test_a_policy_folder_of_another_edition_is_not_gone_on_with(tmp_path: Path) -> None:
    from pricewar.policy import run_policy

    spec = load_policy(write(tmp_path / "own.toml", POLICY))
    folder = tmp_path / "policy"
    run_policy(spec, SerialExecutor(), store=folder)
    assert json.loads((folder / "policy.json").read_text(encoding="utf-8"))["edition"] == EDITION
    run_policy(spec, SerialExecutor(), store=folder)  # its own it goes on with
    changed(folder / "policy.json", edition=None)
    done = call("policy", str(tmp_path / "own.toml"), "--out", str(folder), "--quiet")
    assert done.exit_code == 2
    assert "edition: found 1" in done.stderr
    assert "another folder" in done.stderr


def test_a_backtest_of_another_edition_is_not_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "backtest"
    folder.mkdir()
    write(folder / "run.json", json.dumps({"draws": 20, "seed": 1}))
    done = call("backtest", "--draws", "20", "--out", str(folder), "--quiet")
    assert done.exit_code == 2
    assert "edition: found 1" in done.stderr
    assert json.loads((folder / "run.json").read_text(encoding="utf-8")) == {"draws": 20, "seed": 1}


def test_going_on_is_refused_whatever_stands_there() -> None:
    require_same({"edition": EDITION}, "folder")
    for found in (1, EDITION + 1, "2", True):
        with pytest.raises(InputError, match="edition"):
            require_same({"edition": found}, "folder")


def test_a_study_knows_its_edition_without_a_folder() -> None:
    made = Study(load_experiment("01"), pd.DataFrame())
    assert made.edition == EDITION
    assert replace(made, edition=1).edition == 1


# -- what an older edition means now -----------------------------------------------------------


def test_every_older_edition_is_explained_on_the_page() -> None:
    assert list(SCENARIOS) == list(RESULTS) == list(range(1, EDITION))
    page = editions_page()
    assert f"computes **edition {EDITION}**" in page
    for text in (*EDITIONS.values(), *SCENARIOS.values(), *RESULTS.values(), *FORMER, *FORMER.values()):
        assert text[1:] in page


def test_a_key_that_is_no_more_names_what_took_its_place(tmp_path: Path) -> None:
    text = """
    extends = "textbook-duopoly"
    [products.left-car]
    launch = "2025-09"
    [[interventions]]
    kind = "TradeInSubsidy"
    start = "2025-06"
    amount = 10
    end_known = true
    no_such_key = 1
    """
    done = call("check", str(write(tmp_path / "old.toml", text)))
    assert done.exit_code == 2
    said = " ".join((done.stderr + done.stdout).split())
    assert f"launch: found unknown key with value '2025-09'; allowed: {FORMER['products.*.launch']}" in said
    assert (
        f"end_known: found unknown key with value True; allowed: {FORMER['interventions.*.end_known']}"
        in said
    )
    assert "no_such_key: found unknown key with value 1; allowed: known keys only" in said


def test_what_takes_the_place_of_a_former_key_can_be_written(tmp_path: Path) -> None:
    text = """
    extends = "textbook-duopoly"
    periods = 8
    [[interventions]]
    kind = "TradeInSubsidy"
    start = "2025-06"
    end = "2025-09"
    amount = 10
    notice = 2
    """
    assert load(write(tmp_path / "new.toml", text)).interventions[0].model_dump()["notice"] == 2


def test_editions_meet_in_a_comparison_as_one_with_a_warning(tmp_path: Path) -> None:
    """Files of several editions all run with this model, so what is compared is of one market."""
    older = write(tmp_path / "older.toml", 'extends = "textbook-duopoly"\nedition = 2\nperiods = 4\n')
    newer = write(
        tmp_path / "newer.toml",
        f'extends = "textbook-duopoly"\nedition = {EDITION}\nperiods = 4\nmarket.vat = 0.1\n',
    )
    out = tmp_path / "out"
    words = [
        "compare",
        str(newer),
        str(older),
        "--seeds",
        "1",
        "--figures",
        "none",
        "--out",
        str(out),
        "--quiet",
    ]
    done = call(*words)
    assert done.exit_code == 0, done.output
    assert done.stderr.count("warning:") == 1
    assert "older.toml" in done.stderr
    assert "newer.toml: written" not in done.stderr
    made, silent = told(lambda: Results.load(out))
    assert set(made.runs["edition"]) == {EDITION}
    assert not silent


def test_a_new_run_takes_the_place_of_older_results_whole(old: Path) -> None:
    record = json.loads((old / "run.json").read_text(encoding="utf-8"))
    digests = {name: sha256(old / name) for name in record["files"]}
    changed(old / "run.json", files=digests)
    words = [
        "run",
        "textbook-duopoly",
        "--set",
        "periods=3",
        "--figures",
        "none",
        "--out",
        str(old),
        "--quiet",
    ]
    assert call(*words).exit_code == 0
    again, silent = told(lambda: Results.load(old))
    assert again.edition == EDITION
    assert not silent


def test_inputs_of_older_results_run_with_this_model(tmp_path: Path) -> None:
    folder = run(load("textbook-duopoly").but({"periods": 3}), 1).save(tmp_path / "run")
    changed(folder / "run.json", edition=OLD)
    held, words = told(lambda: Results.load(folder))
    assert len(words) == 1
    (name,) = held.inputs
    assert load(held.inputs[name]).digest == load("textbook-duopoly").but({"periods": 3}).digest


@pytest.mark.parametrize("edition", [OLD, EDITION + 1])
def test_no_study_of_another_edition_is_gone_on_with(edition: int, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    write(folder / "run.json", json.dumps({"draws": 20, "seed": 1, "edition": edition, "files": {}}))
    before = (folder / "run.json").read_bytes()
    done = call("backtest", "--draws", "20", "--out", str(folder), "--quiet")
    assert done.exit_code == 2, done.output
    assert f"edition: found {edition}" in done.stderr
    assert (folder / "run.json").read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["run.json"]
