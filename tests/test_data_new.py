"""`pricewar data new`: marks are refused all at once, a filled set runs, and nothing later reaches a fit."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from pricewar import InputError, load, run
from pricewar.backtest.as_known import figures_of, known_market, scenario_of
from pricewar.backtest.past import past_of
from pricewar.backtest.study import key_of
from pricewar.cli import app as commands
from pricewar.data import load_market_data
from pricewar.data.begun import AGEING
from pricewar.data.history import LAST, load_history
from pricewar.data.schema import FILL_IN, LONG_TABLES

OLD = load_market_data("china_nev_2025_04b")
FIRST = {"units": "1000", "gross_margin": "0.2", "payable_days": "60", "cash": "1e9", "capacity": "2000",
         "fixed_cost": "1e7", "backlog": "0", "dealer_stock": "1000", "name": "One", "segment": "A",
         "body": "SUV", "powertrain": "BEV", "list_price": "100000", "promotion": "0", "battery_kwh": "50",
         "range_km": "400", "launch": "2026-01", "total_retail": "2000", "nev_retail": "1000",
         "shoppers_per_month": "3000", "vat_rate": "0.1"}  # fmt: skip


def call(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(commands.app, list(words))
    return done.exit_code, done.output


def begin(folder: Path, *more: str, month: str = "2026-03") -> Path:
    """The scenario of a folder of marks."""
    code, said = call("data", "new", month, "--out", str(folder), *more)
    assert code == 0, said
    (scenario,) = folder.glob("*_*_*.toml") if "--blank" not in more else folder.glob("market_*.toml")
    return scenario


def edit(folder: Path, table: str, change: Callable[[dict[str, str]], None]) -> None:
    path = folder / f"{table}.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
    for row in rows:
        change(row)  # type: ignore[arg-type]
    pd.DataFrame(rows).to_csv(path, index=False)


def fill(folder: Path) -> None:
    """Every mark by the old figure from its note, or by a figure of a small market."""

    def put(row: dict[str, str]) -> None:
        if row["value"] == FILL_IN:
            value = row["note"].split(": ")[1].split(" ")[0] if row["note"] else FIRST[row["variable"]]
            row |= {"value": value, "low": value, "high": value, "source": "assumed", "confidence": "assumed"}

    for table in LONG_TABLES:
        edit(folder, table, put)
    tables = folder / "scenario.toml"
    if tables.is_file():
        text = tables.read_text("utf-8")
        tables.write_text(text.replace(f'"{FILL_IN}"  # 2025-04: ', ""), encoding="utf-8")


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """The scenario of a folder that is filled in."""
    scenario = begin(tmp_path / "new")
    fill(tmp_path / "new")
    return scenario


@pytest.mark.parametrize("more", [(), ("--blank",)])
def test_marks_are_refused_all_at_once(more: tuple[str, ...], tmp_path: Path) -> None:
    scenario = begin(tmp_path / "new", *more)
    marks = [line for path in (tmp_path / "new").iterdir() for line in path.read_text("utf-8").splitlines()
             if FILL_IN in line]  # fmt: skip
    code, said = call("check", str(scenario))
    assert code == 2
    assert f"{len(marks)} problem(s)" in said
    assert said.count(FILL_IN) == len(marks)
    fill(tmp_path / "new")
    code, said = call("check", str(scenario))
    assert code == 0, said


def test_what_ages_is_marked_and_the_rest_is_carried_over(tmp_path: Path) -> None:
    begin(tmp_path / "new")
    tables = {name: pd.read_csv(tmp_path / "new" / f"{name}.csv", dtype=str) for name in LONG_TABLES}
    marked = {name: set(t["variable"][t["value"] == FILL_IN]) for name, t in tables.items()}
    assert marked["products"] == {"list_price", "promotion", "units"}
    assert {"units", "gross_margin", "cash", "capacity", "petrol_sales_share"} <= marked["firms"]
    assert marked["market"] == {"total_retail", "nev_retail", "shoppers_per_month"}
    assert set(tables["firms"]["entity"]) == set(OLD.firms.index)
    assert set(tables["products"]["entity"]) == set(OLD.products.index[OLD.products["units"] > 0])


def test_a_filled_set_runs_from_its_own_month(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def more(row: dict[str, str]) -> None:
        if row["variable"] == "list_price":
            row["value"] = row["high"] = str(float(row["value"]) + 7)

    edit(filled.parent, "products", more)
    monkeypatch.chdir("/")  # the data lie beside the file, wherever it is named from
    scenario = load(filled)
    assert (scenario.start, scenario.campaigns.on) == ("2026-04", True)
    market = run(scenario.but({"periods": 3})).require_complete()
    assert market.market["month"].max() == "2026-06"
    sold = market.products.query("month == '2026-04'").set_index("product")
    assert set(sold.index) == set(OLD.products.index[OLD.products["units"] > 0])
    assert scenario.products["byd-seagull"].list_price == OLD.products.loc["byd-seagull", "list_price"] + 7


def test_figures_that_do_not_fit_are_named_together(filled: Path) -> None:
    wrong = {
        ("byd", "units"): "1",
        ("byd-seagull", "promotion"): "99999999",
        ("xiaomi-su7", "launch"): "2026-04",
    }

    def spoil(row: dict[str, str]) -> None:
        value = wrong.get((row["entity"], row["variable"]))
        row |= {} if value is None else {"value": value, "low": "", "high": "", "confidence": "high",
                                         "source": "https://example.org"}  # fmt: skip

    for table in ("firms", "products"):
        edit(filled.parent, table, spoil)
    (filled.parent / "price_moves.csv").write_text(
        "firm,model,announced,trigger,days_after_trigger,cut_pct,cut_cny,kind\n"
        "byd,all,2026-03-31,,,,,cut\nbyd,all,2026-04-01,,,,,cut\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        load(filled)
    places = [problem.place for problem in caught.value.problems]
    for part in (" units", " promotion", " launch", "price_moves.csv:3 announced", " nev_retail"):
        assert any(part in place for place in places), (part, places)
    assert not any("price_moves.csv:2" in place for place in places)


def test_what_was_learnt_from_the_record_stays_in_the_new_set(filled: Path) -> None:
    text = (filled.parent / "scenario.toml").read_text("utf-8")
    assert tomllib.loads(text) == OLD.scenario
    begun = tomllib.loads(
        Path(begin(filled.parent.parent / "again")).with_name("scenario.toml").read_text("utf-8")
    )
    assert begun["market"]["pack_price"] == begun["dynamics"]["loyalty"]["nev_fleet_share"] == FILL_IN
    assert set(AGEING) == {"pack_price", "nev_fleet_share"}
    assert begun["campaigns"] == OLD.scenario["campaigns"]
    rules = load("baseline")
    assert load(filled).noise == rules.noise
    assert load(filled).firms["byd"].strategy == rules.firms["byd"].strategy


def test_a_forecast_refuses_what_it_cannot_have_known(filled: Path) -> None:
    before = key_of(20, 1)
    folder, history = str(filled.parent), load_history()
    assert load_market_data(folder).month == "2026-03"
    assert known_market(folder, "2026-03").month == "2026-03"
    for ask in (
        lambda: known_market(folder, "2026-02"),
        lambda: figures_of(folder, history, LAST, past_of(OLD.history)),
        lambda: scenario_of(folder, history, LAST, OLD.figures),
    ):
        with pytest.raises(InputError, match="of 2026-03"):
            ask()
    assert key_of(20, 1) == before


def test_the_next_month_begins_from_ones_own_and_not_before_it(filled: Path, tmp_path: Path) -> None:
    after = begin(tmp_path / "after", "--like", str(filled.parent), month="2026-06")
    assert "2026-03: " in (after.parent / "firms.csv").read_text("utf-8")
    code, said = call("data", "new", "2026-03", "--like", str(filled.parent), "--out", str(tmp_path / "x"))
    assert (code, "a month after 2026-03" in said) == (2, True)
    code, said = call("data", "new", LAST, "--out", str(tmp_path / "x"))
    assert (code, f"a month after {LAST}" in said) == (2, True)
    for month in ("2026-13", "soon", "2026"):
        assert call("data", "new", month, "--blank", "--out", str(tmp_path / "x"))[0] == 2
    assert call("data", "old", "2026-03", "--out", str(tmp_path / "x"))[0] == 2
    assert not (tmp_path / "x").exists()


def test_a_file_that_is_there_stays(filled: Path) -> None:
    held = {path.name: path.read_bytes() for path in filled.parent.iterdir()}
    code, said = call("data", "new", "2026-03", "--out", str(filled.parent))
    assert code == 2
    assert all(name in said for name in held)
    assert held == {path.name: path.read_bytes() for path in filled.parent.iterdir()}


def test_an_empty_set_runs_when_it_is_filled(tmp_path: Path) -> None:
    scenario = begin(tmp_path / "new", "--blank")
    fill(tmp_path / "new")
    market = run(load(scenario).but({"periods": 2})).require_complete().market
    assert market["units"].round(3).tolist() == [1000.0, 1000.0]


@pytest.mark.parametrize("said", ['month = "2026-3"', "month = 3", 'when = "2026-03"', ""])
def test_a_month_that_is_none_is_refused(said: str, filled: Path) -> None:
    (filled.parent / "data_set.toml").write_text(said, encoding="utf-8")
    with pytest.raises(InputError, match=r"data_set\.toml"):
        load_market_data(filled.parent)
