"""The shipped market is consistent, its pages are in step, and a faulty market is refused in full."""

import dataclasses
import pickle
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar.base.errors import InputError
from pricewar.data import MarketData, load_market_data
from pricewar.data.checks import check_rows
from pricewar.data.moves import answers, depths, follow_ratios, list_price_gaps, summary
from pricewar.data.page import PAGES, table
from pricewar.data.schema import NEEDS_RANGE, RULES, Number, Text

ROOT = Path(__file__).parents[1]
DOCS = {"data": "reference/data.md", "strategies": "explanation/strategies-in-china.md"}


@pytest.fixture(scope="module")
def market() -> MarketData:
    return load_market_data()


@pytest.fixture
def own_market(tmp_path: Path) -> Path:
    """A copy of the shipped market that a test may spoil."""
    home = tmp_path / "mine"
    shutil.copytree(str(files("pricewar.data").joinpath("china_nev_2025_04")), home)
    return home


def edit(path: Path, entity: str, variable: str, column: str, value: str) -> int:
    """Set one cell of a long table; return the line number a reader sees in an editor."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    row = frame.index[frame["entity"].eq(entity) & frame["variable"].eq(variable)][0]
    frame.loc[row, column] = value
    frame.to_csv(path, index=False)
    return int(row) + 2


def problems(home: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_market_data(home)
    return [str(problem) for problem in caught.value.problems]


# --- the shipped market


def test_published_totals(market: MarketData) -> None:
    assert market.firms["units"].sum() == market.market["nev_retail"] == 905_000
    assert market.market["total_retail"] == 1_755_000
    sold = market.products.groupby("firm")["units"].sum()
    pd.testing.assert_series_equal(sold.sort_index(), market.firms["units"].sort_index(), check_names=False)


def test_published_model_counts(market: MarketData) -> None:
    units = market.products["units"]
    assert units["byd-seagull"] == 34_931
    assert units["tesla-model-y"] == 19_984
    assert units.filter(like="geely-xingyuan").sum() == 36_119
    assert units.filter(like="xiaomi-su7").sum() == 28_585
    assert units.filter(like="xpeng-m03").sum() == 14_210
    assert units.filter(like="xiaomi-yu7").tolist() == [0, 0, 0]


def test_announced_campaign_prices(market: MarketData) -> None:
    known = market.products["announced_price"].dropna()
    published = {
        "byd-seagull": 55_800,
        "byd-qin-plus-dmi": 63_800,
        "byd-seal-06-dmi": 76_800,
        "byd-seal-07-dmi": 102_800,
        "byd-qin-ev": 109_800,
    }
    assert known.to_dict() == published
    deepest = (market.products["announced_cut"] / market.products["list_price"]).max()
    assert deepest == pytest.approx(market.market["campaign_largest_cut"], abs=0.005)
    campaign = market.products["in_campaign"]
    assert set(market.products["firm"][campaign]) == {"byd"}
    assert (market.products["announced_cut"] > 0).equals(campaign)


def test_prices_follow_from_list_and_promotion(market: MarketData) -> None:
    p = market.products
    np.testing.assert_allclose(p["transaction_price"], p["list_price"] - p["promotion"])
    np.testing.assert_allclose(p["net_price"] * 1.13, p["transaction_price"])
    stored = set(market.figures["variable"])
    assert not {"transaction_price", "net_price"} & stored


def test_may_campaign_is_mostly_a_restatement(market: MarketData) -> None:
    campaign = market.products[market.products["in_campaign"]]
    new = campaign["announced_cut"] - campaign["promotion"]
    assert new.eq(market.market["campaign_new_part"]).all()


def test_average_prices_near_reported(market: MarketData) -> None:
    p, firms = market.products, market.firms
    paid = (p["transaction_price"] * p["units"]).groupby(p["firm"]).sum() / firms["units"]
    assert paid["byd"] == pytest.approx(firms["domestic_transaction_price"]["byd"], rel=0.06)
    assert paid["xiaomi"] == pytest.approx(1.13 * firms["reported_asp"]["xiaomi"], rel=0.03)
    reported = 1.13 * firms["reported_asp"].drop(["byd", "changan"]).dropna()  # exports; cheap petrol cars
    assert (paid[reported.index] / reported - 1).abs().max() < 0.11


def test_petrol_cars_outside_the_market(market: MarketData) -> None:
    totals, shares = market.market, market.firms["petrol_sales_share"]
    assert 0 < totals["petrol_share"] < 1
    assert totals["petrol_price"] > totals["average_nev_price"] * 0.8
    assert totals["petrol_purchase_tax"] == totals["purchase_tax_rate"]
    assert shares.notna().all()
    assert set(shares.index[shares > 0]) == {
        "geely",
        "changan",
        "wuling",
        "chery",
        "aion",
        "great-wall",
        "others",
    }
    # Chinese brands: 65.5% of the cars of April 2025, 72.8% of them new-energy
    petrol = totals["total_retail"] - totals["nev_retail"]
    assert shares.sum() == pytest.approx(1.15e6 * (1 - 0.728) / petrol, abs=0.01)


def test_petrol_facts_may_be_missing(own_market: Path) -> None:
    for name in ("firms", "market"):
        path = own_market / f"{name}.csv"
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        frame[~frame["variable"].str.startswith("petrol_")].to_csv(path, index=False)
    data = load_market_data(own_market)
    assert data.firms["petrol_sales_share"].isna().all()
    assert "petrol_price" not in data.market


def test_more_petrol_cars_than_are_sold(own_market: Path) -> None:
    for firm, share in (("geely", "0.6"), ("chery", "0.5")):
        edit(own_market / "firms.csv", firm, "petrol_sales_share", "value", share)
        edit(own_market / "firms.csv", firm, "petrol_sales_share", "high", "1")
    assert problems(own_market) == [
        "firms.csv petrol_sales_share: found 'a sum of 1.291'; allowed: at most 1 over all firms"
    ]


def test_xiaomi_loss_comes_out_of_the_books(market: MarketData) -> None:
    firm = market.firms.loc["xiaomi"]
    quarter = 18.1e9 * firm["gross_margin"] - 3 * firm["fixed_cost"]
    assert quarter == pytest.approx(-500e6, rel=0.01)


def test_implied_result_has_the_sign_and_size_of_the_reported(market: MarketData) -> None:
    p, firms = market.products, market.firms
    revenue = (p["net_price"] * p["units"]).groupby(p["firm"]).sum()
    result = revenue * firms["gross_margin"] - firms["fixed_cost"]
    reported = firms["reported_result"].drop(["byd", "geely"]).dropna()
    assert len(reported) == 5
    assert ((result - reported) / revenue)[reported.index].abs().max() < 0.05
    assert result.idxmin() == reported.idxmin() == "nio"
    assert result["xiaomi"] < 0
    assert result["li-auto"] > 0


def test_soft_figures_have_ranges_and_hard_ones_sources(market: MarketData) -> None:
    figures = market.figures
    numbers = figures[pd.to_numeric(figures["value"], errors="coerce").notna()]
    soft = numbers[numbers["confidence"].isin(NEEDS_RANGE)]
    assert len(soft) > 200
    assert soft[["low", "high"]].notna().all(axis=None)
    hard = figures[figures["confidence"].isin(["high", "medium"])]
    assert hard["source"].str.startswith("http").all()
    ranged = numbers.dropna(subset=["low"])
    value = ranged["value"].astype(float)
    assert (ranged["low"] <= value).all()
    assert (value <= ranged["high"]).all()


def test_nothing_from_after_the_base_month(market: MarketData) -> None:
    assert market.history["month"].max() == "2025-04"
    assert market.price_moves["announced"].max() == "2025-05-23"
    assert set(market.price_moves.query("announced > '2025-05-01'")["firm"]) == {"byd"}
    assert not market.elasticities["confidence"].eq("low").any()
    assert not market.elasticities["note"].str.contains("UNVERIFIED").any()


def test_history_keeps_metrics_apart(market: MarketData) -> None:
    history = market.history
    assert not history.duplicated(["month", "entity", "metric"]).any()
    retail = history.query("entity == 'total-nev' and metric == 'retail_domestic'")
    assert len(retail) == 16
    assert retail["value"].iloc[-1] == market.market["nev_retail"]


def test_no_workplace_in_the_data(market: MarketData) -> None:
    for frame in (market.figures, market.price_moves, market.policy_timeline, market.history):
        assert "/work" not in frame.to_csv()


def test_market_data_travels(market: MarketData) -> None:
    copy = pickle.loads(pickle.dumps(market))
    pd.testing.assert_frame_equal(copy.products, market.products)
    with pytest.raises(dataclasses.FrozenInstanceError):
        market.market = {}  # type: ignore[misc]


def test_a_copy_loads_the_same(market: MarketData, own_market: Path) -> None:
    pd.testing.assert_frame_equal(load_market_data(own_market).products, market.products)
    pd.testing.assert_frame_equal(load_market_data(str(own_market)).firms, market.firms)


def test_side_tables_may_be_missing(own_market: Path) -> None:
    for name in ("price_moves", "policy_timeline", "history", "elasticities", "conduct"):
        (own_market / f"{name}.csv").unlink()
    data = load_market_data(own_market)
    assert data.conduct.empty
    assert list(data.price_moves.columns)[:2] == ["firm", "model"]


# --- conduct


def test_conduct_rests_on_rows_of_the_firm(market: MarketData) -> None:
    assert list(market.conduct["firm"]) == list(market.firms.index)
    assert market.conduct["rule"].isin(RULES).all()
    for row in market.conduct.itertuples():
        cited = [int(number) - 2 for number in str(row.evidence).split() if number.isdigit()]
        own = market.price_moves.index[market.price_moves["firm"] == row.firm]
        assert cited == list(own)
        assert cited or row.confidence in ("assumed", "low")


def test_measured_conduct(market: MarketData) -> None:
    moves = market.price_moves
    by_firm = summary(moves)
    assert by_firm["moves"].sum() == len(moves)
    assert by_firm.loc["changan", "median lag, days"] == 0
    assert by_firm.loc["byd", "median lag, days"] == 53
    assert len(answers(moves)) == by_firm["answers"].sum()
    assert list_price_gaps(moves, "tesla") == [74, 220, 151, 100]
    ratios = follow_ratios(market).set_index("firm")["ratio"]
    assert ratios["wuling"] == pytest.approx(5.7 / 20)
    match = market.conduct[market.conduct["rule"] == "Match"]["follow_rate"]
    assert match.between(ratios.min() - 0.05, ratios.max() + 0.05).all()


def test_depth_from_money_and_price() -> None:
    moves = pd.DataFrame(
        {
            "cut_pct": [np.nan, 5.0, np.nan],
            "cut_cny": [10.0, 1.0, 3.0],
            "price_before_cny": [200.0, 1.0, np.nan],
        }
    )
    np.testing.assert_array_equal(depths(moves), [5.0, 5.0, np.nan])


# --- pages


@pytest.mark.parametrize("page", PAGES)
def test_page_in_step_with_the_data(market: MarketData, page: str) -> None:
    written = (ROOT / "docs" / DOCS[page]).read_text(encoding="utf-8")
    assert written == PAGES[page](market), f"python -m pricewar.data.page {page} > docs/{DOCS[page]}"


def test_page_from_the_shell(market: MarketData) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pricewar.data.page", "strategies"], capture_output=True, text=True, check=True
    )
    assert run.stdout == PAGES["strategies"](market)


def test_page_names_every_product_and_firm(market: MarketData) -> None:
    text = PAGES["data"](market)
    assert all(f"| {product} |" in text for product in market.products.index)
    assert all(f"| {name} |" in text for name in market.firms["name"])


def test_table_escapes_and_blanks() -> None:
    assert table(["a"], [["x|y"], [float("nan")], [1234.5]]).splitlines()[2:] == [
        "| x/y |",
        "|  |",
        "| 1,234.5 |",
    ]


# --- bad input


def test_every_problem_at_once_with_its_row(own_market: Path) -> None:
    firms, products = own_market / "firms.csv", own_market / "products.csv"
    margin = edit(firms, "nio", "gross_margin", "value", "1.2")
    sure = edit(firms, "byd", "cash", "confidence", "certain")
    source = edit(firms, "tesla", "capacity", "source", "somebody said so")
    owner = edit(products, "aion-v", "firm", "value", "aionn")
    promo = edit(products, "tesla-model-3", "promotion", "value", "300000")
    drive = edit(products, "byd-seagull", "powertrain", "value", "diesel")
    found = problems(own_market)
    for file, line, word in [
        ("firms", margin, "1.2"),
        ("firms", sure, "certain"),
        ("firms", source, "somebody"),
        ("products", owner, "aionn"),
        ("products", promo, "less than the list price"),
        ("products", drive, "diesel"),
    ]:
        assert any(text.startswith(f"{file}.csv:{line} ") and word in text for text in found), (
            file,
            line,
            found,
        )


@pytest.mark.parametrize(
    ("table_name", "entity", "variable", "column", "value", "word"),
    [
        ("products", "byd-seagull", "list_price", "value", "-1", "above 0"),
        ("products", "byd-seagull", "list_price", "value", "cheap", "finite number"),
        ("products", "byd-seagull", "units", "value", "inf", "finite number"),
        ("products", "byd-seagull", "units", "value", "34930", "sum over its products"),
        ("products", "byd-dolphin", "units", "low", "99999", "around the value"),
        ("products", "byd-dolphin", "units", "low", "few", "around the value"),
        ("products", "byd-seagull", "announced_price", "value", "50000", "list price less announced cut"),
        ("products", "byd-seagull", "launch", "value", "2023-13", "text like"),
        ("products", "byd-seagull", "promotion", "variable", "discount", "one of"),
        ("products", "byd-seagull", "promotion", "variable", "list_price", "one row per figure"),
        ("firms", "xiaomi", "backlog", "variable", "gross_margin", "one row per figure"),
        ("firms", "xiaomi", "backlog", "variable", "reported_asp", "a row with variable backlog"),
        ("firms", "geely", "petrol_sales_share", "value", "1.2", "at most 1"),
        ("market", "market", "petrol_price", "value", "0", "above 0"),
        ("market", "market", "petrol_margin", "value", "1", "at most 0.95"),
        ("firms", "byd", "units", "value", "268000", "sum over its products"),
        ("market", "market", "nev_retail", "value", "900000", "sum over the firms"),
        ("market", "market", "shoppers_per_month", "value", "10", "at least the cars sold"),
        ("market", "market", "vat_rate", "value", "13", "at most 1"),
        ("market", "market", "vat_rate", "source", "assumed", "a URL, because the figure is high"),
        ("market", "market", "vat_rate", "variable", "tax", "a row with variable vat_rate"),
    ],
)
def test_one_spoilt_cell(
    own_market: Path, table_name: str, entity: str, variable: str, column: str, value: str, word: str
) -> None:
    edit(own_market / f"{table_name}.csv", entity, variable, column, value)
    assert any(word in text for text in problems(own_market))


def test_soft_figure_without_range(own_market: Path) -> None:
    line = edit(own_market / "firms.csv", "aion", "cash", "low", "")
    edit(own_market / "firms.csv", "aion", "cash", "high", "")
    assert problems(own_market) == [
        f"firms.csv:{line} low, high: found 'nothing'; allowed: a range, because the figure is assumed"
    ]


def test_firm_without_products(own_market: Path) -> None:
    for product in ("tesla-model-y", "tesla-model-3"):
        edit(own_market / "products.csv", product, "firm", "value", "nio")
    assert any("no product of tesla" in text for text in problems(own_market))


def test_conduct_of_a_stranger(own_market: Path) -> None:
    path = own_market / "conduct.csv"
    path.write_text(path.read_text().replace("xiaomi,Hold", "ximi,Wait"))
    found = problems(own_market)
    assert len(found) == 2
    assert any("'ximi'" in text for text in found)
    assert any("'Wait'" in text for text in found)


@pytest.mark.parametrize(
    "content", ["", "entity,variable\nbyd,units\n", 'entity,"\n', "entity\na,b,c\nd,e,f,g\n"]
)
def test_broken_file(own_market: Path, content: str) -> None:
    (own_market / "firms.csv").write_text(content)
    assert any(text.startswith("firms.csv") for text in problems(own_market))


def test_missing_files_are_all_named(own_market: Path) -> None:
    (own_market / "firms.csv").unlink()
    (own_market / "market.csv").unlink()
    assert [text.split(":")[0] for text in problems(own_market)] == ["firms.csv", "market.csv"]


@pytest.mark.parametrize("name", ["china_nev_1999_01", "/no/such/place", Path("nowhere")])
def test_unknown_market(name: str | Path) -> None:
    with pytest.raises(InputError, match="shipped market or the path of a directory"):
        load_market_data(name)


# --- laws of the rules


@settings(deadline=None, max_examples=50)
@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(-10, 10), st.floats(0, 10))
def test_number_rule_is_an_interval(value: float, low: float, width: float) -> None:
    rule = Number(low, low + width)
    assert rule.accepts(repr(value)) == (low <= value <= low + width)
    assert not Number(low, low + width, strict=True).accepts(repr(low))


@settings(deadline=None, max_examples=50)
@given(st.one_of(st.text(), st.sampled_from(["BEV", "PHEV", "BEVPHEV", "BEV\n"])))
def test_patterns_match_in_full(text: str) -> None:
    assert Text("BEV|PHEV").accepts(text) == (text in ("BEV", "PHEV"))


@settings(deadline=None, max_examples=50)
@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_range_must_hold_the_value(value: float, low: float, high: float) -> None:
    row = {
        "entity": "byd",
        "variable": "units",
        "value": repr(value),
        "unit": "cars/month",
        "low": repr(low),
        "high": repr(high),
        "source": "assumed",
        "confidence": "assumed",
        "note": "",
        "place": "firms.csv:2",
    }
    found = check_rows("firms", pd.DataFrame([row]))
    assert bool(found) == (not low <= value <= high)


# --- columns, and what a market brings beside figures


def test_a_column_twice_is_refused(own_market: Path) -> None:
    for name in ("market", "price_moves"):
        path = own_market / f"{name}.csv"
        head, _, rest = path.read_text(encoding="utf-8").partition("\n")
        last = head.rpartition(",")[2]
        lines = [f"{line}," for line in rest.splitlines()]
        path.write_text("\n".join([f"{head},{last}", *lines]) + "\n", encoding="utf-8")
        assert any(f"{name}.csv:1: found 'columns {last} twice'" in line for line in problems(own_market))


def test_a_market_brings_tables_of_a_scenario(own_market: Path) -> None:
    tables = load_market_data(own_market).scenario
    assert tables["dynamics"]["backlog"] == {"on": True, "wait_cost": 250.0}
    assert tables["demand"]["kind"] == "MixedLogit"
    (own_market / "scenario.toml").unlink()
    assert load_market_data(own_market).scenario == {}


def test_wrong_tables_of_a_scenario_are_named(own_market: Path) -> None:
    path = own_market / "scenario.toml"
    path.write_text("periods = 3\n[market]\nvat = 0.1\n", encoding="utf-8")
    assert any("scenario.toml periods" in line and "tables named" in line for line in problems(own_market))
    path.write_text("[market\n", encoding="utf-8")
    assert any("scenario.toml" in line and "valid TOML" in line for line in problems(own_market))


def test_a_market_without_tables_is_neutral_and_one_that_changes_is_read_anew(
    own_market: Path, tmp_path: Path
) -> None:
    from pricewar.scenario.files import load

    fringe = load(Path(__file__).parent / "golden" / "fringe.toml")
    file = tmp_path / "mine.toml"
    lines = [f'data = "{own_market}"', *(f'firms.{f}.strategy = "Hold"' for f in fringe.firms)]
    later = [key for key, product in fringe.products.items() if not product.units]
    lines += [f'products.{key}.like = "xiaomi-su7"' for key in later]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert load(file).dynamics.backlog.wait_cost == 250.0
    (own_market / "scenario.toml").unlink()
    scenario = load(file)
    assert scenario.dynamics.backlog.wait_cost == 0.0
    assert scenario.demand.kind == "Logit"
    assert scenario.market.vat == 0.13
