"""The market of April 2025 with its fringe as makers, and data sets that extend another."""

from __future__ import annotations

import hashlib
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import AT_REST, column, ran
from test_data_dates import ALLOWED, cut, found, tables

from pricewar.base.errors import InputError
from pricewar.data import MarketData, load_market_data
from pricewar.data.layers import KEYS, laid
from pricewar.market.calibrate import calibrate
from pricewar.report.inputs import inputs
from pricewar.results.store import Results
from pricewar.scenario.files import data_tree, load, shipped_scenarios
from pricewar.scenario.tree import Scenario

OLD, NEW = "china_nev_2025_04", "china_nev_2025_04b"
RULE = {"kind": "Match", "lag": 1, "follow_rate": 0.3, "ceiling": 0.15, "base": {"kind": "CostPlus"}}
SMALL = ("baic", "im-motors", "hozon")


@pytest.fixture(scope="module")
def old() -> MarketData:
    return load_market_data(OLD)


@pytest.fixture(scope="module")
def new() -> MarketData:
    return load_market_data(NEW)


@pytest.fixture(scope="module")
def makers(old: MarketData, new: MarketData) -> list[str]:
    return [firm for firm in new.firms.index if firm not in old.firms.index]


@pytest.fixture(scope="module")
def scenario(makers: list[str]) -> Scenario:
    """The baseline on the new set, as a file would state it."""
    tree = tomllib.loads(shipped_scenarios()["baseline"].read_text(encoding="utf-8"))
    firms = {firm: rest for firm, rest in tree["firms"].items() if firm != "others"}
    firms |= {firm: {"strategy": RULE} for firm in makers}
    return load(tree | {"name": "fringe", "data": NEW, "firms": firms})


def result_of(data: MarketData) -> pd.Series[float]:
    """Operating result of a month at base, CNY."""
    products = data.products
    revenue = (products["net_price"] * products["units"]).groupby(products["firm"]).sum()
    return revenue * data.firms["gross_margin"] - data.firms["fixed_cost"]


# --- the makers


def test_the_makers_sell_what_the_fringe_sold(old: MarketData, new: MarketData, makers: list[str]) -> None:
    assert 6 <= len(makers) <= 8
    assert "others" not in new.firms.index
    assert not new.products["firm"].eq("others").any()
    assert new.firms["units"][makers].sum() == old.firms["units"]["others"] == 93_639
    assert new.market == old.market
    counts = new.products[new.products["firm"].isin(makers)].groupby("firm").size()
    assert counts.between(1, 3).all()


def test_everybody_else_is_the_same(old: MarketData, new: MarketData) -> None:
    stay = old.firms.index.drop("others")
    pd.testing.assert_frame_equal(new.firms.loc[stay], old.firms.loc[stay])
    kept = old.products[old.products["firm"] != "others"]
    pd.testing.assert_frame_equal(new.products.loc[kept.index], kept)
    share = [data.firms["units"][stay] / data.firms["units"].sum() for data in (old, new)]
    pd.testing.assert_series_equal(*share)
    assert {**new.scenario, "campaigns": {}} == {**old.scenario, "campaigns": {}}
    for table in ("history", "policy_timeline", "elasticities"):
        pd.testing.assert_frame_equal(getattr(new, table), getattr(old, table))


def test_prices_average_near_the_fringe_in_other_classes(
    old: MarketData, new: MarketData, makers: list[str]
) -> None:
    cars = new.products[new.products["firm"].isin(makers)]
    fringe = old.products[old.products["firm"] == "others"]
    mean = [np.average(part["transaction_price"], weights=part["units"]) for part in (cars, fringe)]
    assert mean[0] == pytest.approx(mean[1], rel=0.05)
    assert set(cars["segment"]) >= {"A00", "A0", "A", "B", "C"}
    assert set(cars["powertrain"]) == {"BEV", "PHEV", "EREV"}


def test_some_makers_have_cash_for_less_than_a_year(new: MarketData, makers: list[str]) -> None:
    result = result_of(new)[makers]
    months = (new.firms["cash"][makers] / -result)[result < 0]
    assert set(months.index[months < 12]) == {"im-motors", "hozon"}
    assert 12 < months["baic"] < 24
    assert months.drop(list(SMALL)).min() > 60
    assert result["baic"] == pytest.approx(new.firms["reported_result"]["baic"], rel=0.01)
    reported = new.firms["reported_asp"]["baic"]
    cars = new.products[new.products["firm"] == "baic"]
    assert np.average(cars["net_price"], weights=cars["units"]) == pytest.approx(reported, rel=0.05)


def test_every_figure_of_the_makers_is_marked(new: MarketData, makers: list[str]) -> None:
    own = new.figures[
        new.figures["entity"].isin([*makers, *new.products.index[new.products["firm"].isin(makers)]])
    ]
    bare = own[own["source"].eq("assumed") & ~own["confidence"].isin(["assumed", "low"])]
    assert bare.empty
    assert "/work" not in own.to_csv()


def test_petrol_cars_of_the_joint_ventures_are_counted(old: MarketData, new: MarketData) -> None:
    share = new.firms["petrol_sales_share"]
    chinese = share[["saic", "dongfeng", "faw", "baic", "im-motors", "hozon"]].sum()
    assert chinese == pytest.approx(old.firms["petrol_sales_share"]["others"])
    assert share.sum() <= 1


def test_conduct_rests_on_rows_of_the_firm(new: MarketData) -> None:
    assert list(new.conduct["firm"]) == list(new.firms.index)
    for row in new.conduct.itertuples():
        cited = [int(number) - 2 for number in str(row.evidence).split() if number.isdigit()]
        assert cited == list(new.price_moves.index[new.price_moves["firm"] == row.firm])


def test_no_cell_tells_of_a_later_time() -> None:
    used: set[Any] = set(ALLOWED)
    for name, table in tables(files("pricewar.data").joinpath(NEW)):
        for column_name in set(table) - {"value", "low", "high"}:
            for text in table[column_name]:
                assert not found(cut(name, column_name, text, used)), (name, column_name, text)


def test_the_first_set_keeps_its_bytes() -> None:
    home = files("pricewar.data").joinpath(OLD)
    both = b"".join(home.joinpath(f"{table}.csv").read_bytes() for table in ("firms", "products"))
    assert hashlib.sha256(both).hexdigest()[:16] == "d00c7100877cc556"


# --- in the model


def test_the_set_calibrates_to_what_was_sold(scenario: Scenario, new: MarketData) -> None:
    few = scenario.but({"consumers.draws": 200})
    made = calibrate(few)
    sold = new.products["units"] / few.consumers.shoppers
    assert made.share == pytest.approx(sold.loc[list(made.landscape.products)].to_numpy(), abs=1e-9)
    assert np.isfinite(made.growth).all()
    assert (made.unit_cost > 0).all()


def test_the_set_is_at_rest_without_events_trends_and_luck(scenario: Scenario) -> None:
    model = ran(scenario.but({**AT_REST, "consumers.draws": 200, "interventions": []}, periods=6))
    price, orders = column(model, "offers", "price"), column(model, "sales", "orders")
    assert np.array_equal(price, np.tile(model.landscape.start_price, (6, 1)))
    assert orders == pytest.approx(np.tile(model.landscape.start_units, (6, 1)), rel=1e-10)


def test_small_makers_can_leave_and_large_ones_stay(scenario: Scenario, makers: list[str]) -> None:
    changes = {**AT_REST, "consumers.draws": 200, "interventions": []}
    firms = ran(scenario.but(changes, periods=30)).tables()["firms"]
    last = firms[firms["period"] == 29].set_index("firm")["active"].astype(bool)
    gone = set(last.index[~last])
    assert {"hozon", "im-motors"} <= gone & set(makers) <= set(SMALL)


def test_a_run_is_the_same_twice(scenario: Scenario) -> None:
    few = scenario.but({"consumers.draws": 200}, periods=4)
    one, other = (ran(few).tables() for _ in range(2))
    for table in one:
        pd.testing.assert_frame_equal(one[table], other[table], check_exact=True)
    again = load_market_data(NEW)
    pd.testing.assert_frame_equal(again.products, load_market_data(NEW).products, check_exact=True)


def test_a_report_shows_sources_of_both_sets(scenario: Scenario) -> None:
    kept = Results(inputs={"fringe": scenario.model_dump(mode="json")})
    told = {row.path: row for row in inputs(kept, "fringe")[0].rows}
    assert told["firms.hozon.cash"].source.startswith(f"{NEW}: assumed")
    assert told["firms.byd.cash"].source.startswith(f"{OLD}: ")


# --- data sets that extend another

HEAD = "entity,variable,value,unit,low,high,source,confidence,note\n"


def made(home: Path, said: str, **texts: str) -> Path:
    home.mkdir(exist_ok=True)
    (home / "data_set.toml").write_text(said, encoding="utf-8")
    for name, text in texts.items():
        (home / f"{name}.csv").write_text(text, encoding="utf-8")
    return home


def problems(home: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_market_data(home)
    return [str(problem) for problem in caught.value.problems]


def test_a_row_takes_the_place_of_the_row_below(tmp_path: Path, old: MarketData) -> None:
    row = "nio,cash,1e9,CNY,0,2e9,assumed,assumed,\n"
    home = made(tmp_path / "mine", f'extends = "{OLD}"\n', firms=HEAD + row)
    data = load_market_data(home)
    assert data.firms["cash"]["nio"] == 1e9
    pd.testing.assert_frame_equal(data.firms.drop(columns="cash"), old.firms.drop(columns="cash"))
    figures = data.figures[(data.figures["entity"] == "nio") & (data.figures["variable"] == "cash")]
    assert list(figures["confidence"]) == ["assumed"]


def test_sets_may_extend_sets_beside_them_in_a_chain(tmp_path: Path) -> None:
    made(tmp_path / "lower", f'extends = "{NEW}"\n', firms=HEAD + "hozon,cash,5,CNY,0,9,assumed,assumed,\n")
    home = made(
        tmp_path / "upper", 'extends = "lower"\n', firms=HEAD + "saic,cash,7,CNY,0,9,assumed,assumed,\n"
    )
    (home / "scenario.toml").write_text("[market]\npack_price = 1.0\n", encoding="utf-8")
    data = load_market_data(home)
    assert data.firms["cash"][["hozon", "saic"]].tolist() == [5, 7]
    assert data.scenario["market"] == {"pack_price": 1.0}
    assert data.scenario["demand"]["kind"] == "MixedLogit"


def test_a_change_in_a_set_below_is_seen(tmp_path: Path) -> None:
    lower = made(tmp_path / "lower", f'extends = "{OLD}"\n')
    upper = made(tmp_path / "upper", 'extends = "lower"\n')
    before = data_tree(str(upper), "test")["firms"]["nio"]["cash"]
    made(lower, f'extends = "{OLD}"\n', firms=HEAD + "nio,cash,3,CNY,0,9,assumed,assumed,\n")
    assert before != 3
    assert data_tree(str(upper), "test")["firms"]["nio"]["cash"] == 3


def test_rows_below_and_above_are_named_by_their_files(tmp_path: Path) -> None:
    rows = "nio,cash,-1,CNY,-2,9,assumed,assumed,\nnio,cash,2,CNY,0,9,assumed,assumed,\n"
    rows += "byd,units,3,cars,1,9,assumed,low,\n"
    home = made(tmp_path / "mine", f'extends = "{OLD}"\nwithout = ["tesla"]\n', firms=HEAD + rows)
    told = problems(home)
    assert any(text.startswith("firms.csv:2 cash: found '-1'") for text in told)
    assert any(text.startswith("firms.csv:3: found 'nio cash'; allowed: one row per figure") for text in told)
    assert any(text.startswith("firms.csv:4 units") and "sum over its products" in text for text in told)
    assert any(text.startswith(f"{OLD}/market.csv:3 nev_retail") for text in told)
    assert not any("tesla" in text for text in told)


def test_firms_that_go_must_be_there(tmp_path: Path) -> None:
    told = problems(made(tmp_path / "mine", f'extends = "{OLD}"\nwithout = ["otters", "nio2"]\n'))
    assert [text.split(";")[0] for text in told[:2]] == [
        "data_set.toml without: found 'otters'",
        "data_set.toml without: found 'nio2'",
    ]
    assert "others" in told[0]


@pytest.mark.parametrize(
    ("said", "places"),
    [
        ("extends = 3\nwithout = 'others'\nfirms = 1\n", ["firms", "extends", "without"]),
        ("without = ['others']\n", ["extends"]),
        ("extends = ''\n", ["extends"]),
        ("extends = 'china_nev_1999_01'\n", ["extends"]),
        ("extends = 'mine'\n", ["extends"]),
        ("extends = 'round'\n", ["extends"]),
        ("extends = \n", [""]),
        (f"extends = '{OLD}'\nwithout = [1]\n", ["without"]),
    ],
)
def test_what_is_wrong_in_data_set_toml(tmp_path: Path, said: str, places: list[str]) -> None:
    made(tmp_path / "round", "extends = 'mine'\n")
    told = problems(made(tmp_path / "mine", said))
    assert len(told) == len(places)
    for text, place in zip(told, places, strict=True):
        assert f"data_set.toml {place}".rstrip() + ": found" in text
    with pytest.raises(InputError, match="data, "):
        data_tree(str(tmp_path / "mine"), "a file")


def test_laid_tables_keep_rows_that_come_twice() -> None:
    below = pd.DataFrame({"firm": ["a", "b"], "rule": ["Hold", "Hold"], "place": ["1", "2"]})
    above = pd.DataFrame(
        {"firm": ["b", "b", "c"], "rule": ["x", "y", "z"], "more": list("pqr"), "place": list("345")}
    )
    table = laid([above, below], KEYS["conduct"])
    assert table["rule"].tolist() == ["Hold", "x", "y", "z"]
    assert table["more"].tolist() == ["", "p", "q", "r"]
    assert laid([below], KEYS["conduct"]).equals(below)
