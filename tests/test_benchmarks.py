"""Wars of history: facts with sources, rows that move with them, red rows that are told and no failure."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from pricewar.analysis import price_episodes
from pricewar.backtest.patterns import COLUMNS, Patterns
from pricewar.base.errors import InputError, PricewarError
from pricewar.benchmarks import Facts, Finding, How, Line, load_facts, run_benchmarks
from pricewar.benchmarks import study as studies
from pricewar.benchmarks.china import INSIDE, SCORE, china, told
from pricewar.benchmarks.facts import PUBLISHED, ROLES
from pricewar.benchmarks.finding import as_table
from pricewar.benchmarks.page import sections, summary
from pricewar.benchmarks.railroad import demand, spells
from pricewar.benchmarks.study import BENCHMARKS
from pricewar.benchmarks.trigger import start_hazard
from pricewar.cli.app import app

FACTS = load_facts()
QUICK = How(seeds=2, quick=True)


def found(name: str, facts: Facts = FACTS, how: How = QUICK) -> dict[str, Line]:
    """Figure -> line of one benchmark."""
    study = run_benchmarks([name], facts, how)
    assert not study.failed
    return {line.figure: line for line in study.findings[0].lines}


# -- facts -------------------------------------------------------------------------------------


def test_every_published_number_has_a_role_and_a_source() -> None:
    table = FACTS.table(PUBLISHED)
    assert not table.duplicated(["benchmark", "figure"]).any()
    assert set(table["role"]) == set(ROLES)
    assert table["source"].str.len().min() > 5
    assert set(table["benchmark"]) <= set(BENCHMARKS)
    inputs = table[table["role"] == "input"]
    assert inputs["tolerance"].isna().all()
    assert np.isfinite(inputs["value"]).all()


def test_the_series_of_the_railroads_is_that_of_the_published_statistics() -> None:
    weeks = FACTS.table("railroad_weeks")
    assert weeks["week"].tolist() == list(range(1, 329))
    kept = weeks["cartel_kept"].to_numpy() == 1
    wars = spells(kept)
    lengths = [last - first + 1 for first, last in wars]
    assert (len(wars), min(lengths), max(lengths), sum(lengths)) == (11, 1, 37, 125)
    assert start_hazard(~kept) == pytest.approx(11 / 202)  # the last week of peace has no week after it


def test_elasticities_are_those_of_the_textbook() -> None:
    ols, iv, residuals = demand(FACTS.table("railroad_weeks"))
    assert ols[0] == pytest.approx(-0.639, abs=5e-4)
    assert iv[0] == pytest.approx(-0.867, abs=5e-4)
    assert abs(residuals.mean()) < 1e-10


def test_unknown_facts_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="rise of majors"):
        FACTS.figure("petrol", "rise")
    with pytest.raises(InputError, match="us_cars"):
        FACTS.table("cars")
    with pytest.raises(InputError):
        FACTS.but(tables={"nothing": pd.DataFrame()})
    with pytest.raises(InputError):
        FACTS.but({("petrol", "rise"): 1.0})


# -- an input changes, the row changes ---------------------------------------------------------


def without_a_war(weeks: pd.DataFrame) -> pd.DataFrame:
    """The deepest war did not touch rates, and the cartel held."""
    quiet = weeks.copy()
    quiet.loc[75:107, "cartel_kept"] = 1
    quiet.loc[75:107, "dollars_per_100_lb"] = 0.3
    return quiet


@pytest.mark.slow
def test_railroad_moves_with_its_weeks_and_its_firms() -> None:
    before = found("railroad")
    assert before["wars found in the rates"].passed
    assert not before["wars on record that one found meets"].passed
    weeks = without_a_war(FACTS.table("railroad_weeks"))
    after = found("railroad", FACTS.but(tables={"railroad_weeks": weeks}))
    for name in ("mean rate", "elasticity of demand, IV", "weeks with the cartel kept"):
        assert after[name].found != before[name].found
    ratio = "rate in peace over rate in war"
    two = found("railroad", FACTS.but({("railroad", "equal firms"): 2.0}))
    assert two[ratio].found > before[ratio].found + 0.3
    assert not two[ratio].passed


def test_petrol_moves_with_the_step_and_the_depth() -> None:
    rhythm = "days from rise to rise"
    before = found("petrol")
    assert (before[rhythm].found, before[rhythm].passed) == (7.0, True)
    assert before["days of falling prices in a cycle"].found == 6.0
    deep = FACTS.but({("petrol", "rise of majors"): 20.0, ("petrol", "rise of independents"): 18.0})
    after = found("petrol", deep)
    assert after[rhythm].found > 8.0
    assert not after[rhythm].passed


def test_supermarkets_move_with_the_size_of_the_cuts() -> None:
    before = found("supermarkets", how=How(seeds=6))
    small = {
        ("supermarkets", f"{end} announced cut"): value for end, value in (("lowest", 1), ("highest", 5))
    }
    after = found("supermarkets", FACTS.but(small), How(seeds=6))
    assert before["price index"].found < after["price index"].found - 1.0


def test_autos_move_with_cars_prices_and_elasticity() -> None:
    ratio = "cars of 1955 over those of the years around"
    before = found("autos-1955")
    cars = FACTS.table("us_cars").copy()
    cars.loc[cars["year"] == 1955, "general_motors"] += 1000
    cars.loc[cars["year"] == 1955, "price_index"] = 93.0
    after = found("autos-1955", FACTS.but(tables={"us_cars": cars}))
    assert after[ratio].passed
    assert not before[ratio].passed
    assert before["price agrees with Rapson (2009): no switch needed"].found == 1.0
    assert after["price agrees with Bresnahan (1987): Bertrand"].found == 1.0
    bertrand = "price of 1955 with Bertrand"
    steep = found("autos-1955", FACTS.but({("autos-1955", "own-price elasticity"): -6.0}))
    assert steep[bertrand].found > before[bertrand].found


@pytest.mark.parametrize("name", ["cars-1990", "cereals"])
def test_estimated_markets_are_those_of_pyblp_and_move_with_a_cost(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyblp is not there, and one product becomes dearer to make."""
    monkeypatch.setitem(sys.modules, "pyblp", None)
    before = found(name)
    assert all(line.passed for line in before.values())
    key = f"{name.replace('-', '_')}_products"
    products = FACTS.table(key).copy()
    products.loc[0, "cost"] *= 1.1
    after = found(name, FACTS.but(tables={key: products}))
    assert not after["prices after the merger: largest relative difference"].passed
    assert after["shares at the start: largest relative difference"].passed


def patterns_of(inside: float, score: float) -> Patterns:
    rows = [
        dict.fromkeys(COLUMNS) | {"pattern": INSIDE, "middle": inside, "passed": inside >= 8},
        dict.fromkeys(COLUMNS) | {"pattern": SCORE, "middle": score, "passed": score > 0},
    ]
    return Patterns(pd.DataFrame(rows), ())


def test_china_tells_what_the_patterns_say() -> None:
    good, bad = told(patterns_of(9.0, 1.0), FACTS), told(patterns_of(7.0, -1.0), FACTS)
    assert good.passed
    assert not bad.passed
    assert [line.found for line in bad.lines[:2]] == [7.0, -1.0]
    asked = ("china", "statistics of left-out years inside 80% of runs, at least")
    assert not told(patterns_of(9.0, 1.0), FACTS.but({asked: 10.0})).passed
    assert SCORE in bad.notes[1]


@pytest.mark.slow
def test_china_runs() -> None:
    lines = china(FACTS, QUICK).lines
    assert np.isfinite([line.found for line in lines]).all()


# -- the detector on anybody's prices ----------------------------------------------------------

PRICES = pd.DataFrame(
    {"red": [10.0, 10, 9, 8, 8, 8, 10, 10, 10], "blue": [20.0, 20, 20, 16, 16, 16, 20, 20, 20]},
    index=[f"w{week}" for week in range(9)],
)


def test_a_war_in_a_table_of_prices() -> None:
    wars = price_episodes(PRICES)
    assert len(wars) == 1
    war = wars.iloc[0]
    assert (war["start"], war["end"], war["outcome"], war["length"]) == ("w2", "w5", "recovered", 4)
    assert (war["leader"], war["followers"], war["breadth"]) == ("red", "blue +1", 2)
    assert war["depth"] == pytest.approx(0.2)


def test_a_fall_that_costs_explain_is_no_war() -> None:
    assert price_episodes(PRICES, costs=PRICES * 0.7).empty
    assert len(price_episodes(PRICES, costs=PRICES * 0 + 5.0)) == 1


def test_other_money_and_order_of_firms_change_nothing() -> None:
    wars = price_episodes(PRICES)
    pd.testing.assert_frame_equal(price_episodes(PRICES * 1000), wars)
    pd.testing.assert_frame_equal(price_episodes(PRICES[["blue", "red"]]), wars)


def test_lengths_of_the_definition_are_months() -> None:
    """A slow fall of five weeks is fast for weeks and not fast for months."""
    slow = pd.Series([100.0, 99.5, 99.0, 98.5, 98.0, 97.5, 97.0, 96.5, 96.0, *[96.0] * 40])
    assert price_episodes(slow, periods_a_year=12).empty
    assert len(price_episodes(slow, periods_a_year=52)) == 1


def test_a_firm_outside_of_a_war_of_one_is_no_war() -> None:
    alone = PRICES.assign(blue=20.0)
    assert price_episodes(alone).empty
    weighed = price_episodes(alone, weights=pd.Series({"red": 1.0, "blue": 0.0}))
    assert weighed["leader"].tolist() == ["red"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: price_episodes(PRICES.iloc[:2]), "three rows"),
        (lambda: price_episodes(PRICES.replace(9.0, 0.0)), "row w2, column red"),
        (lambda: price_episodes(PRICES.replace(9.0, np.nan)), "row w2, column red"),
        (lambda: price_episodes(PRICES, costs=PRICES[["red"]]), "rows and columns of prices"),
        (lambda: price_episodes(PRICES, weights=pd.Series({"red": 1.0})), "weights"),
        (lambda: price_episodes(PRICES, periods_a_year=0), "periods_a_year"),
    ],
)
def test_bad_tables_are_refused(make: Callable[[], pd.DataFrame], words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()


# -- the study and the command -----------------------------------------------------------------


def finding(passed: bool) -> Finding:
    line = Line("height", "m", 1.0, 2.0, asked="within 0.5", passed=passed, source="a book")
    return Finding("one", "One", (line,), ("A note.",), {"heights": pd.DataFrame({"m": [2.0]})})


def broken(facts: Facts, how: How) -> Finding:
    raise PricewarError("no such thing")


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studies, "BENCHMARKS", {"one": lambda facts, how: finding(False), "two": broken})


def invoke(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["benchmarks", *words])
    return result.exit_code, result.stdout, result.stderr


def test_a_red_row_is_told_and_is_no_failure(two: None, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, text, _ = invoke("one", "--out", str(out), "--workers", "1", "--json")
    assert code == 0
    tree = json.loads(text)
    assert tree["lines"][0] | {"source": ""} == {
        "benchmark": "one", "figure": "height", "unit": "m", "published": 1.0, "found": 2.0, "low": None,
        "high": None, "asked": "within 0.5", "passed": False, "source": "",
    }  # fmt: skip
    table = pd.read_csv(out / "benchmarks.csv")
    assert table["passed"].tolist() == [False]
    assert "**no** (within 0.5)" in (out / "benchmarks.md").read_text(encoding="utf-8")
    assert (out / "heights.csv").read_text(encoding="utf-8") == "m\n2\n"
    assert json.loads((out / "run.json").read_text(encoding="utf-8"))["lines"] == tree["lines"]


def test_a_benchmark_that_does_not_run_is_exit_code_1(two: None, tmp_path: Path) -> None:
    code, _, errors = invoke("--out", str(tmp_path / "out"), "--workers", "1", "--quiet")
    assert code == 1
    assert "two did not run: no such thing" in errors
    assert (tmp_path / "out" / "benchmarks.csv").exists()


def test_unknown_names_and_folders_of_others_are_exit_code_2(tmp_path: Path) -> None:
    code, _, errors = invoke("railway", "petrols", "--out", str(tmp_path / "out"))
    assert code == 2
    assert "railway" in errors
    assert "petrols" in errors
    assert not (tmp_path / "out").exists()
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    code, _, errors = invoke("cereals", "--out", str(tmp_path))
    assert code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_pages_say_what_failed() -> None:
    study = studies.Study((finding(False),), {"two": "no such thing"})
    assert "| One: height, m | 1 | 2 |  | **no** (within 0.5) |" in summary(study)
    assert "| two |  |  |  | **did not run** |" in summary(study)
    assert "Sources: a book." in sections(study)
    assert as_table(study.findings)["passed"].tolist() == [False]
