"""From a table of products to a market: what is read, fitted, written, and the laws that hold of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from pricewar import compare, load, market_from, run
from pricewar.base.errors import InputError
from pricewar.cli.app import app
from pricewar.demand import MixedLogit, PyblpMarket, logit, nested_logit
from pricewar.equilibrium import solve
from pricewar.from_table.examples import example_tables
from pricewar.market.calibrate import calibrate
from pricewar.screen import calibrate as screen_calibrate
from pricewar.screen import read_market

SHOP = {
    "firm": ["Alpha", "Alpha", "Beta", "Gamma", "Delta"],
    "product": ["Basket", "Fresh", "Basket", "Basket", "Bio"],
    "price": [52.4, 61.9, 47.8, 49.5, 68.0],
    "quantity": [310_000, 120_000, 280_000, 190_000, 60_000],
    "organic": [0, 1, 0, 0, 1],
    "format": ["big", "big", "discount", "big", "small"],
}
ASKED: dict[str, dict[str, Any]] = {
    "supermarkets": {"period": "week", "currency": "EUR", "unit": "baskets"},
    "streaming": {"period": "month", "currency": "USD", "unit": "subscriptions"},
    "airline": {"period": "day", "currency": "EUR", "unit": "seats", "outside": 0.3},
}


def with_columns(**columns: Any) -> dict[str, Any]:
    return {**SHOP, **columns}


def write(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


# -- at rest it stays at rest, and a cut gains the cutter units --------------------------------


@pytest.mark.parametrize("name", list(ASKED))
def test_an_example_rests_and_its_cut_gains_units(name: str, tmp_path: Path) -> None:
    made = market_from(example_tables()[name], **ASKED[name])
    saved = load(made.save(tmp_path / "out"))
    assert saved.digest == made.scenario.digest
    assert load(tmp_path / "out" / f"{name}-cut.toml").digest == made.cut.digest
    assert (saved.market.currency, saved.market.unit, saved.period) == tuple(
        ASKED[name][key] for key in ("currency", "unit", "period")
    )
    results = compare([saved.but(periods=6), made.cut.but(periods=12)], seeds=1).require_complete()
    sold = results.products.set_index(["scenario", "period", "product"]).sort_index()
    rest = sold.loc[name]
    for column in ("price", "units", "unit_cost"):
        by_product = rest[column].groupby("product")
        assert (by_product.max() / by_product.min() - 1).max() < 1e-9, column
    (event,) = made.cut.events
    own = sold["firm"] == event.entity
    units = sold["units"][own].groupby(["scenario", "period"]).sum()
    assert units[f"{name}-cut", 3] > 1.05 * units[name, 3]
    assert abs(units[f"{name}-cut", 1] / units[name, 1] - 1) < 1e-9


def test_seats_are_never_sold_twice() -> None:
    made = market_from(example_tables()["airline"], **ASKED["airline"])
    sold = run(made.cut.but(periods=8)).firms
    azur = sold[sold["firm"] == "azur"]["units"]
    assert azur.max() == pytest.approx(made.scenario.firms["azur"].capacity)
    assert azur.min() < 0.9 * azur.max()


def test_what_one_firm_cannot_seat_goes_to_others() -> None:
    made = market_from(example_tables()["airline"], **ASKED["airline"])
    ample = made.cut.but({"firms.azur.capacity": 1e6, "periods": 4})
    sold = {tight: run(one).products for tight, one in ((True, made.cut.but(periods=4)), (False, ample))}
    others = {tight: table[(table["firm"] != "azur") & (table["period"] == 2)]["units"].sum()
              for tight, table in sold.items()}  # fmt: skip
    assert others[True] > others[False]


# -- laws ----------------------------------------------------------------------------------------


def shares(scenario: Any) -> pd.Series:
    table = run(scenario.but(periods=5)).products
    return table.set_index(["period", "product"])["units"].sort_index() / scenario.consumers.shoppers


def test_money_times_a_thousand_is_the_same_market() -> None:
    small = market_from(with_columns(cost=[33, 42, 30, 32, 52]))
    large = market_from(
        with_columns(cost=[33e3, 42e3, 30e3, 32e3, 52e3], price=[1e3 * p for p in SHOP["price"]])
    )
    assert large.scenario.demand.own_elasticity == pytest.approx(
        small.scenario.demand.own_elasticity, rel=1e-7
    )
    np.testing.assert_allclose(shares(small.cut), shares(large.cut), rtol=1e-7)


def test_rows_and_names_may_be_in_any_order() -> None:
    frame = pd.DataFrame(with_columns(cost=[33, 42, 30, 32, 52]))
    one = shares(market_from(frame).cut)
    turned = shares(market_from(frame.iloc[::-1]).cut)
    pd.testing.assert_series_equal(one, turned, rtol=1e-7)
    other = {"Alpha": "Zeta", "Beta": "Beta 2", "Gamma": "Alpha", "Delta": "Beta"}
    renamed = shares(market_from(frame.assign(firm=frame["firm"].map(other))).cut)
    np.testing.assert_allclose(np.sort(one), np.sort(renamed), rtol=1e-7)


@pytest.mark.parametrize("rho", [None, 0.4])
def test_the_fit_recovers_a_truth_that_the_model_made(rho: float | None) -> None:
    costs, firms = np.array([1.0, 1.2, 0.9, 1.1, 1.3]), np.array([0, 0, 1, 2, 3])
    delta, alpha = np.array([2.4, 2.5, 2.2, 2.3, 2.0]), 1.7
    nests = np.array([0, 0, 1, 1, 0])
    demand = logit(delta, alpha) if rho is None else nested_logit(delta, alpha, nests, rho)
    found = solve(demand, costs, firms)
    sold = demand.expected(found.prices)
    truth = float(np.average(np.diag(demand.elasticities(found.prices)), weights=sold))
    table = with_columns(
        price=found.prices, share=sold, cost=costs, quantity=sold, nest_of=["a", "a", "b", "b", "a"]
    )
    del table["quantity"]
    more: dict[str, Any] = {} if rho is None else {"nests": "nest_of", "rho": rho}
    made = market_from(table, **more)
    assert made.scenario.demand.own_elasticity == pytest.approx(truth, rel=1e-6)
    assert made.misfit["difference"].abs().max() < 1e-6
    assert not made.notes


def test_the_fit_is_that_of_the_screen(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "product,firm,price,share,margin\nA,F,12.8,.06,.22\nB,F,19.5,.035,.16\nC,G,11.2,.045,\nD,H,14.6,.03,.18\n",
    )
    made = calibrate(market_from(path).scenario)
    assert float(np.median(made.alpha)) == pytest.approx(screen_calibrate(read_market(path)).alpha, rel=1e-6)


def test_where_nothing_is_known_costs_make_today_s_prices_best() -> None:
    made = market_from(SHOP)
    assert made.scenario.demand.own_elasticity == -3.0
    found = calibrate(made.scenario)
    assert np.abs(found.growth).max() < 1e-9 * 50.0
    assert float(np.average(found.elasticity, weights=found.share)) == pytest.approx(-3.0, abs=1e-6)
    sources = dict(made.values[["part", "source"]].to_numpy())
    assert sources["demand.own_elasticity"].startswith("assumed")
    assert "assumed: 50.0% of them buy nothing" in sources["consumers.shoppers"]


def test_with_costs_and_elasticity_the_growth_motive_takes_the_rest() -> None:
    made = market_from(with_columns(cost=[20, 42, 30, 32, 52]), elasticity=-3)
    found = calibrate(made.scenario)
    motive = dict(zip(found.landscape.products, found.growth / found.landscape.start_price, strict=True))
    assert motive["alpha-basket"] < -0.06
    (note,) = made.notes
    assert "Basket (row 2)" in note
    assert "6% of the price" in note
    assert np.abs(run(made.scenario.but(periods=3)).products.groupby("product")["price"].std()).max() < 1e-9


def test_a_cost_that_is_not_known_is_implied() -> None:
    made = market_from(with_columns(cost=[33, None, 30, 32, None]))
    assert list(made.products["source"]) == ["given", "implied by the price", "given", "given",
                                             "implied by the price"]  # fmt: skip
    assert len(made.misfit) == 3


# -- attributes ------------------------------------------------------------------------------------


def test_attributes_make_nests_and_tastes() -> None:
    made = market_from(SHOP, nests="format", rho=0.6)
    assert made.scenario.demand.kind == "NestedLogit"
    assert made.scenario.products["bio"].attributes == {"organic": 1.0, "format": "small"}
    plain = calibrate(market_from(SHOP).scenario).landscape.closeness
    nested = calibrate(made.scenario).landscape
    a, gamma = nested.products.index("alpha-basket"), nested.products.index("gamma-basket")
    assert nested.closeness[a, gamma] > plain[a, gamma]
    tastes = {"organic": {"sd": 2.0}, "format:big": {"sd": 1.0}}
    mixed = market_from(SHOP, demand="MixedLogit").scenario.but({"demand.tastes": tastes})
    close = calibrate(mixed).landscape.closeness
    fresh, bio = nested.products.index("fresh"), nested.products.index("bio")
    assert close[fresh, bio] > plain[fresh, bio]


def test_attributes_must_be_the_same_ones_for_all_products() -> None:
    scenario = market_from(SHOP).scenario
    tree = scenario.model_dump()
    tree["products"]["bio"]["attributes"] = {"organic": "yes", "format": "small"}
    tree["products"]["fresh"]["attributes"] = {}
    with pytest.raises(InputError) as error:
        load(tree)
    places = {problem.place for problem in error.value.problems}
    assert places == {"products.fresh.attributes", "products.bio.attributes.organic"}


def test_a_market_without_attributes_keeps_its_digest() -> None:
    tree = load("textbook-duopoly").model_dump()
    assert all(product.pop("attributes") == {} for product in tree["products"].values())
    assert load(tree).digest == load("textbook-duopoly").digest


# -- what is wrong is told, all at once ------------------------------------------------------------


def places(**how: Any) -> set[str]:
    table = how.pop("table")
    with pytest.raises(InputError) as error:
        market_from(table, **how)
    return {problem.place for problem in error.value.problems}


def test_every_problem_is_named_by_row_and_column(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "firm,product,price,quantity,cost,margin,capacity\n"
        "Alpha,One,0,100,,,500\nAlpha,Two,12,abc,,,\nBeta,Three,9,80,4,0.3,\nbeta,Three,9,80,-1,,\n,Four,8,5,,,\n",
    )
    found = places(table=path, outside=1.5, period="year", demand="Nest", elasticity=-0.2)
    assert found >= {
        "row 2, column price", "row 3, column quantity", "row 4, column margin", "row 5, column cost",
        "row 5, column firm", "row 5, column product", "row 6, column firm", "--outside", "--period",
        "--demand", "--elasticity",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "how", "place"),
    [
        ({"quantity": None}, {}, "row 1, column quantity"),
        ({}, {"market_size": 900_000}, "--market-size"),
        ({}, {"outside": 0.2, "market_size": 9e6}, "--outside"),
        ({}, {"nests": "colour"}, "row 1, column colour"),
        ({"format": ["a", None, "b", "b", "a"]}, {"nests": "format"}, "row 3, column format"),
        ({"capacity": [1e6, None, 3e5, 2e5, 1e5]}, {}, "row 3, column capacity"),
        ({"capacity": [1e6, 1e5, 3e5, 1e5, 1e5]}, {}, "row 5, column capacity"),
        ({"segment": list("ABCDA")}, {}, "row 1, column segment"),
        ({}, {"elasticity": -0.6}, "row 2, column price"),
    ],
)
def test_a_problem_is_named(change: dict[str, Any], how: dict[str, Any], place: str) -> None:
    table = {key: column for key, column in with_columns(**change).items() if column is not None}
    assert place in places(table=table, **how)


def test_shares_of_all_sales_leave_those_who_stay_away() -> None:
    table = {key: column for key, column in SHOP.items() if key != "quantity"}
    of_sales = market_from({**table, "share": [0.3, 0.2, 0.2, 0.2, 0.1]}, outside=0.4).scenario
    sold = sum(product.units for product in of_sales.products.values())
    assert sold / of_sales.consumers.shoppers == pytest.approx(0.6)
    of_all = market_from({**table, "share": [0.2, 0.1, 0.1, 0.1, 0.1]}, market_size=1000).scenario
    assert sum(p.units for p in of_all.products.values()) == pytest.approx(600)


def test_a_table_as_people_write_them(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "Firma;Produkt;Preis (EUR);Menge;Marge\nAlpha;Korb;52,40;1.310.000;27%\nBeta;Korb;47,80;280.000;-\n",
    )
    made = market_from(path)
    assert made.scenario.products["alpha-korb"].list_price == 52.4
    assert made.scenario.products["alpha-korb"].units == 1_310_000
    assert made.scenario.market.currency == "EUR"


# -- the command -----------------------------------------------------------------------------------


def test_the_command_writes_and_prints_the_next_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["market", "streaming", "--currency", "USD", "--out", "tv"])
    assert done.exit_code == 0, done.output
    assert "pricewar compare tv/streaming.toml tv/streaming-cut.toml" in done.output
    text = Path("tv/streaming.toml").read_text(encoding="utf-8")
    assert 'currency = "USD"' in text
    assert "# assumed" in text
    Path("tv/streaming.toml").write_text(text + "# mine\n", encoding="utf-8")
    again = CliRunner().invoke(app, ["market", "streaming", "--out", "tv"])
    assert again.exit_code == 2
    assert Path("tv/streaming.toml").read_text(encoding="utf-8").endswith("# mine\n")
    assert CliRunner().invoke(app, ["check", "tv/streaming.toml", "tv/streaming-cut.toml"]).exit_code == 0


def test_a_wrong_table_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "firm,product,price,quantity\nA,One,-,3\n")
    done = CliRunner().invoke(app, ["market", "table.csv", "--out", "x"])
    assert done.exit_code == 2
    assert "row 2, column price" in done.output
    assert not Path("x").exists()


# -- from a screen, from estimates -----------------------------------------------------------------

TABLE = (
    "product,firm,price,share,margin,nest\nA,F,12.8,.06,.22,u\nB,F,19.5,.035,.16,v\nC,G,11.2,.045,.24,u\n"
    "D,H,14.6,.03,.18,v\nE,H,9.8,.05,,u\n"
)


@pytest.mark.parametrize("options", [[], ["--nests", "--rho", "0.4"]])
def test_a_screen_hands_its_market_on(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, TABLE)
    sized = ["--margin-sd", "0", "--market-size", "1000"]
    command = ["screen", "table.csv", *options, *sized, "--market", "war"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "pricewar compare war/table.toml war/table-cut.toml" in done.output
    market = read_market("table.csv", 1000)
    screened = screen_calibrate(market, rho=0.4 if options else None)
    scenario = load("war/table.toml")
    found = calibrate(scenario)
    cost = dict(zip(found.landscape.products, found.unit_cost, strict=True))
    np.testing.assert_allclose([cost[name.lower()] for name in market.products], screened.costs, rtol=1e-6)
    assert np.abs(found.growth).max() < 1e-8
    assert sum(product.units for product in scenario.products.values()) == pytest.approx(220)


def test_estimates_become_a_market() -> None:
    delta, alpha, nests = np.array([2.4, 2.5, 2.2, 2.3]), 1.7, np.array([0, 0, 1, 1])
    demand = nested_logit(delta, alpha, nests, 0.3)
    costs, firms = np.array([1.0, 1.2, 0.9, 1.1]), np.array(["a", "a", "b", "c"])
    prices = solve(demand, costs, firms).prices
    estimated = PyblpMarket(demand, firms, None, prices, demand.expected(prices), costs)
    made = market_from(estimated, name="estimated", market_size=1e5)
    found = calibrate(made.scenario)
    assert float(np.median(found.alpha)) == pytest.approx(alpha, rel=1e-6)
    assert np.abs(found.growth).max() < 1e-6
    mixed = MixedLogit(delta, np.array([1.0, 2.0]))
    with pytest.raises(InputError, match="2 types of buyers who differ"):
        market_from(PyblpMarket(mixed, firms, None, prices, mixed.expected(prices), costs))
