from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic import results, run

from pricewar.base.errors import ResultsError
from pricewar.results.page import as_markdown
from pricewar.results.schema import SCHEMA, columns, measures
from pricewar.results.store import Results, concat, empty, table


@pytest.fixture(scope="module")
def two():
    return results(("baseline", "byd-one-third"), seeds=2, periods=6)


def same(left: Results, right: Results) -> None:
    for name in SCHEMA:
        pd.testing.assert_frame_equal(left.tables[name], right.tables[name])


def test_round_trip_keeps_every_value(two, tmp_path):
    same(Results.load(two.save(tmp_path / "run")), two)
    loaded = Results.load(tmp_path / "run")
    assert loaded.about == two.about
    assert loaded.command == two.command


def test_nan_and_empty_tables_survive(two, tmp_path):
    firms = two.firms.assign(gross_margin=np.nan)
    part = two.but(firms=firms, log=empty("log"))
    same(Results.load(part.save(tmp_path / "run")), part)


def test_same_tables_same_bytes_whatever_the_clock(two, tmp_path):
    slower = two.but(runs=two.runs.assign(seconds=9.0), command="another")
    for results_, name in ((two, "a"), (slower, "b")):
        results_.save(tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == sorted(
        ["run.json", *(f"{name}.csv" for name in ("market", "open_orders", "log", "campaigns", "runs"))]
        + [f"{name}.parquet" for name in SCHEMA]
    )
    for name in files:
        equal = (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert equal == (name != "run.json"), name


def test_run_json_says_how_to_repeat(two, tmp_path):
    two.save(tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["seeds"] == [1, 2]
    assert record["digests"] == {"baseline": ["d-baseline"], "byd-one-third": ["d-byd-one-third"]}
    assert record["command"].startswith("pricewar compare")
    assert record["versions"]["numpy"] == np.__version__
    assert len(record["seconds"]) == 4


def test_save_leaves_other_files_and_no_drafts(two, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")
    two.save(tmp_path / "run")
    two.save(tmp_path / "run")
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_failed_save_leaves_the_old_results(two, tmp_path, monkeypatch):
    two.save(tmp_path / "run")
    monkeypatch.setattr("pricewar.results.store.software", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        two.only("baseline").save(tmp_path / "run")
    same(Results.load(tmp_path / "run"), two)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("name", ["run.json", "market.parquet", "products.parquet"])
def test_missing_file_is_named(two, tmp_path, name):
    two.save(tmp_path / "run")
    (tmp_path / "run" / name).unlink()
    with pytest.raises(ResultsError, match=rf"{name}: missing"):
        Results.load(tmp_path / "run")


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("market.parquet", b"PAR1 not", "damaged or exchanged"),
        ("run.json", b"{", "not readable"),
        ("run.json", b"[]", "not readable"),
        ("run.json", b"{}", "without"),
        ("run.json", b"\xff\xfe", "not readable"),
    ],
)
def test_corrupt_file_is_named_with_its_cause(two, tmp_path, name, content, cause):
    two.save(tmp_path / "run")
    (tmp_path / "run" / name).write_bytes(content)
    with pytest.raises(ResultsError, match=rf"{name}: {cause}"):
        Results.load(tmp_path / "run")


def test_run_json_of_another_set_of_runs_is_found(two, tmp_path):
    two.save(tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    (tmp_path / "run" / "run.json").write_text(json.dumps(record | {"seconds": [1.0]}))
    with pytest.raises(ResultsError, match=r"run.json: seconds of 1 runs"):
        Results.load(tmp_path / "run")


def test_exchanged_table_is_found(two, tmp_path):
    two.save(tmp_path / "a")
    two.only("baseline").save(tmp_path / "b")
    (tmp_path / "b" / "firms.parquet").replace(tmp_path / "a" / "firms.parquet")
    with pytest.raises(ResultsError, match=r"firms.parquet: damaged or exchanged"):
        Results.load(tmp_path / "a")


def test_table_orders_columns_and_repeats_scalars():
    data = dict.fromkeys(reversed(columns("market")), 0) | {
        "period": [0, 1],
        "month": ["2025-05", "2025-06"],
    }
    made = table("market", data)
    assert list(made) == columns("market")
    assert made["units"].dtype == float
    assert len(made) == 2


def test_table_names_missing_and_unknown_columns():
    with pytest.raises(ResultsError, match=r"table log: columns missing \['what'\], unknown \['why'\]"):
        table("log", empty("log").rename(columns={"what": "why"}))


def test_table_refuses_a_wrong_type():
    row = {"scenario": "a", "seed": "one", "period": 0, "month": "2025-05", "entity": "x", "what": "y"}
    with pytest.raises(ResultsError, match="table log"):
        table("log", {name: [value] for name, value in row.items()})


def test_failed_runs_are_rows_and_complete_raises(two):
    assert two.require_complete() is two
    runs = two.runs.copy()
    runs.loc[1, ["status", "error"]] = ["failed", "StrategyError: nan"]
    with pytest.raises(ResultsError, match=r"1 of 4 runs failed\n  baseline, seed 2: StrategyError: nan"):
        two.but(runs=runs).require_complete()


def test_nothing_is_not_complete():
    with pytest.raises(ResultsError, match="no runs"):
        Results().require_complete()
    with pytest.raises(ResultsError, match="no runs"):
        _ = Results().baseline


def test_concat_of_parts_is_the_whole(two):
    parts = [two.only("baseline"), two.only("byd-one-third")]
    same(concat(parts), two)
    assert concat(parts).about == two.about
    assert concat([]).runs.empty


def test_scenarios_seeds_and_baseline(two):
    assert two.scenarios == ("baseline", "byd-one-third")
    assert two.seeds == (1, 2)
    assert two.baseline == "baseline"
    assert two.only("byd-one-third").baseline == "byd-one-third"


def test_schema_is_one_row_per_name_and_every_measure_has_a_unit():
    for name in SCHEMA:
        assert len(set(columns(name))) == len(columns(name))
        assert all(column.unit for column in SCHEMA[name] if column.name in measures(name))
        assert all(column.meaning for column in SCHEMA[name])


def test_accounting_of_the_generator_itself():
    tables = run("byd-one-third", 1, 6)
    share = tables["firms"].groupby("period")["share"].sum()
    np.testing.assert_allclose(share, 1.0)


def test_reference_page_is_the_schema():
    page = Path(__file__).parents[1] / "docs" / "reference" / "outputs.md"
    assert page.read_text(encoding="utf-8") == as_markdown()
