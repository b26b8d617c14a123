"""Screens: the reference cases from shares and margins alone, laws of the formulas, and bad spreadsheets."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pricewar.base.errors import InputError
from pricewar.cli.app import app
from pricewar.demand import nested_logit
from pricewar.equilibrium import costs_from_prices, gross_upward_pressure, pass_through, solve, upp
from pricewar.screen import Change, Market, Screen, calibrate, read_market, screen
from pricewar.screen import formulas as law
from pricewar.screen.measure import responses
from pricewar.verify.shipped import FOLDER

HERE = Path(__file__).parent / "data"
CASES = {
    f"case{place}_{name}": json.loads((FOLDER / f"{name}.json").read_text())
    for place, name in ((1, "logit"), (2, "nested_logit"))
}
TOLERANCE = 1e-6
MERGE = Change(merge=("firm 0", "firm 1"))
HEADER = "product,firm,price,share,margin"
GOOD = f"{HEADER}\na,x,10,0.2,0.3\nb,y,12,0.1,\nc,z,9,0.15,0.25\n"


def close(found: Any, published: Any) -> None:
    np.testing.assert_allclose(
        np.asarray(found, float), np.asarray(published, float), rtol=TOLERANCE, atol=TOLERANCE
    )


def run(case: str, change: Change | None = None, **options: Any) -> Screen:
    name = "case1" if case == "case1_logit" else "case2"
    return screen(read_market(HERE / "screen" / f"{name}.csv"), change, draws=0, **options)


# --- the reference cases, from prices, shares and one or two margins

MODELS = [
    ("case1_logit", {}),
    ("case2_nested_logit", {"nests": True}),
    ("case2_nested_logit", {"rho": 0.55}),
]


@pytest.mark.parametrize(("case", "model"), MODELS)
def test_the_market_of_a_case_comes_back(case: str, model: dict[str, Any]) -> None:
    given, base = CASES[case]["inputs"], CASES[case]["outputs"]["base"]
    found = run(case, **model)
    close(found.calibration.alpha, -given["alpha"])
    close(found.calibration.rho, given.get("rho", 0.0))
    close(found.calibration.demand.delta, given["delta_excluding_price"])
    close(found.products["cost"], given["costs"])
    close(found.products["margin_implied"], base["lerner_markups"])
    close(found.products["own_elasticity"], base["own_elasticities"])
    close(found.products["diversion_outside"], base["diversion_to_outside"])
    close(found.products["pass_through_own"], base["passthrough_own"])
    close(found.products["pass_through_all"], base["passthrough_row_sums"])
    close(found.figure("hhi"), base["hhi_inside_0_10000"])
    close(found.calibration.demand.consumer_surplus(base["prices"]), base["consumer_surplus_per_capita"])


@pytest.mark.parametrize(("case", "model"), MODELS)
def test_the_merger_of_a_case(case: str, model: dict[str, Any]) -> None:
    outputs = CASES[case]["outputs"]
    merger, screens = outputs["merger"], outputs["merger_screens"]
    found = run(case, MERGE, full=True, **model)
    close(found.products["price_after"], merger["prices"])
    close(found.products["share_after"], merger["shares"])
    close(found.products["margin_after"], merger["lerner_markups"])
    close(found.products["profit_after"], merger["profits_per_capita"])
    close(found.products["upp_gross"], screens["gross_upp_newly_internalised"])
    close(found.products["guppi"], screens["guppi"])
    c = found.calibration
    after = MERGE.owners(c.market)
    net = upp(c.demand, c.market.prices, c.costs, c.market.firms, after, efficiency=0.1)
    close(found.products["upp"], net)
    close(100.0 * found.products["cmcr"], screens["cmcr_pct_of_cost"])
    close(found.products["compensating_cost"], screens["compensating_costs"])
    close(found.products["party"], screens["parties"])
    close(found.figure("hhi_change"), screens["delta_hhi_at_base_shares"])
    close(found.figure("hhi_after"), merger["hhi_inside_0_10000"])
    close(found.figure("consumer_harm_per_head"), -screens["delta_consumer_surplus_per_capita"])
    assert found.full_diversion is not None
    published = np.array(next(v for k, v in outputs["base"].items() if k.startswith("diversion_ratios")))
    inside = found.full_diversion.drop(columns=["from", "(outside)"]).to_numpy()
    close(inside + np.diag(found.full_diversion["(outside)"]), published)


@pytest.mark.parametrize(("case", "model"), MODELS)
def test_cuts_costs_and_floors_of_a_case(case: str, model: dict[str, Any]) -> None:
    outputs = CASES[case]["outputs"]
    floors = outputs["price_floor_bertrand_kkt"]["floor"]
    cut = {"firm 2": 1.0 / 3.0}
    changes = {
        "one_third_cut_rivals_best_respond": Change(cut=cut),
        "one_third_cut_no_response": Change(cut=cut, respond=False),
        "cost_shock_one_firm_plus_10pct": Change(cost={"firm 0": 0.1}),
        "price_floor_bertrand_kkt": Change(floor={f"product {j}": p for j, p in enumerate(floors)}),
    }
    surplus = outputs["base"]["consumer_surplus_per_capita"]
    for section, change in changes.items():
        found = run(case, change, **model)
        close(found.products["price_after"], outputs[section]["prices"])
        close(found.products["share_after"], outputs[section]["shares"])
        close(
            surplus - found.figure("consumer_harm_per_head"), outputs[section]["consumer_surplus_per_capita"]
        )


def test_taxes_are_those_of_the_solver() -> None:
    found = run("case2_nested_logit", Change(tax=0.05, unit_tax=0.3), nests=True)
    c = found.calibration
    after = solve(c.demand, c.costs, c.market.firms, ad_valorem_tax=0.05, unit_tax=0.3).require_converged()
    close(found.products["price_after"], after.prices)
    tax = (after.prices * 0.05 / 1.05 + 0.3) @ after.shares
    close(found.figure("tax_revenue_per_head"), tax)
    harm, gain = found.figure("consumer_harm_per_head"), found.figure("profit_change_per_head")
    close(found.figure("welfare_change_per_head"), gain + tax - harm)
    assert found.figure("welfare_change_per_head") < 0 < harm  # prices above cost already: a tax adds a loss


# --- laws


@st.composite
def markets(draw: st.DrawFn) -> tuple[law.Layout, np.ndarray, float, float]:
    size = draw(st.integers(2, 9))
    numbers = st.lists(st.integers(0, 3), min_size=size, max_size=size)
    parts = np.array(draw(st.lists(st.floats(0.05, 1.0), min_size=size + 1, max_size=size + 1)))
    prices = np.array(draw(st.lists(st.floats(5.0, 30.0), min_size=size, max_size=size)))
    firms, nests = (np.unique(draw(numbers), return_inverse=True)[1].astype(np.int64) for _ in range(2))
    layout = law.Layout(firms, nests, (parts / parts.sum())[:size])
    return layout, prices, draw(st.floats(0.05, 1.0)), draw(st.floats(0.0, 0.9))


@settings(deadline=None, max_examples=50)
@given(markets())
def test_sums_over_firms_are_the_tables_of_products(
    made: tuple[law.Layout, np.ndarray, float, float],
) -> None:
    layout, prices, alpha, rho = made
    delta = law.mean_utilities(layout, prices, alpha, rho)
    demand = nested_logit(delta, alpha, layout.nests, rho)
    margins = law.markup_factors(layout, rho) / alpha
    merged = layout.owned_by(np.where(layout.firms == 1, 0, layout.firms))
    costs = prices - margins
    table = demand.diversion(prices)
    inside = np.where(np.eye(prices.size, dtype=bool), 0.0, table)
    same = layout.firms[:, None] == layout.firms[None, :]
    tight = {"rtol": 1e-8, "atol": 1e-9}
    np.testing.assert_allclose(demand.expected(prices), layout.shares, **tight)
    np.testing.assert_allclose(costs_from_prices(demand, prices, layout.firms), costs, **tight)
    np.testing.assert_allclose(
        np.diag(demand.elasticities(prices)), -alpha * prices * law.steepness(layout, rho), **tight
    )
    np.testing.assert_allclose(law.outside_diversion(layout, rho), np.diag(table), **tight)
    np.testing.assert_allclose(law.own_firm_diversion(layout, rho), (inside * same).sum(axis=1), **tight)
    pressure = gross_upward_pressure(demand, prices, costs, layout.firms, merged.firms)
    np.testing.assert_allclose(law.gross_pressure(layout, merged, margins, rho), pressure, **tight)
    slope = (demand.expected(prices * 1.00001).sum() / layout.shares.sum() - 1.0) / 0.00001
    assert law.market_elasticity(layout, prices, alpha) == pytest.approx(slope, rel=1e-3)
    flow = law.firm_diversion(layout, np.arange(layout.firms.max() + 1), rho)
    np.testing.assert_allclose(flow.sum(axis=1), 1.0, **tight)


def test_pass_through_without_the_table_is_that_of_the_table() -> None:
    market = read_market(HERE / "screen" / "case1.csv")
    many = 51  # 612 products: above the size up to which the table is made
    copied = Market(
        "copies", tuple(f"{n} {i}" for i in range(many) for n in market.products), market.firm_names,
        np.tile(market.firms, many), np.tile(market.prices, many), np.tile(market.shares / many, many),
        np.tile(market.margins, many), rows=np.arange(12 * many),
    )  # fmt: skip
    found = calibrate(copied)
    without = responses(found)
    assert set(without) == {"pass_through_all"}
    table = pass_through(solve(found.demand, found.costs, copied.firms, start=copied.prices))
    np.testing.assert_allclose(without["pass_through_all"], table.sum(axis=1), rtol=1e-5)


def test_least_squares_are_the_least() -> None:
    """No other price sensitivity or correlation comes nearer to margins that no model fits."""
    path = HERE / "screen" / "case2.csv"
    market = read_market(path)
    margins = np.clip(np.array(CASES["case2_nested_logit"]["outputs"]["base"]["lerner_markups"]), 0, 1)
    noisy = margins * (1.0 + 0.05 * np.sin(np.arange(15)))
    market = Market(**{**market.__dict__, "margins": noisy})
    best = calibrate(market, nests=True)
    layout = best.layout

    def miss(alpha: float, rho: float) -> float:
        return float(((law.markup_factors(layout, rho) / alpha / market.prices - noisy) ** 2).sum())

    least = miss(best.alpha, best.rho)
    assert least > 1e-4
    for up in (0.9, 0.999, 1.001, 1.1):
        assert miss(best.alpha * up, best.rho) > least
        assert miss(best.alpha, best.rho * up) > least
        assert miss(calibrate(market, rho=best.rho * up).alpha, best.rho * up) > least
    assert best.rmse == pytest.approx(np.sqrt(least / 15))


# --- intervals


def test_intervals_hold_the_point_shrink_and_repeat() -> None:
    market = read_market(HERE / "screen" / "case1.csv")
    wide, narrow, again = (screen(market, MERGE, margin_sd=sd, draws=200) for sd in (0.02, 0.002, 0.02))
    for found in (wide, narrow):
        rows = found.figures.set_index("figure").loc["consumer_harm_per_head"]
        assert rows["lo"] < rows["value"] < rows["hi"]
        assert (found.products["price_after_lo"] <= found.products["price_after"]).all()
        assert (found.products["price_after_hi"] >= found.products["price_after"]).all()
    span = [f.products["price_after_hi"] - f.products["price_after_lo"] for f in (wide, narrow)]
    assert 5.0 < (span[0] / span[1])[0] < 20.0
    assert wide.figures.equals(again.figures)
    assert wide.products.equals(again.products)
    assert wide.lost == 0


def test_an_interval_is_that_of_the_margin() -> None:
    """One margin, logit: 1/alpha is proportional to it, so the interval of alpha is known."""
    market = read_market(HERE / "screen" / "case1.csv")
    found = screen(market, margin_sd=0.01, draws=2000)
    mean = float(market.margins[market.known][0])
    row = found.figures.set_index("figure").loc["alpha"]
    for end, z in (("lo", 1.96), ("hi", -1.96)):
        assert row[end] == pytest.approx(row["value"] * mean / (mean + z * 0.01), rel=0.01)


def test_notes_say_what_limits_the_answer(tmp_path: Path) -> None:
    one = run("case1_logit").notes
    assert any("One margin fits exactly" in note for note in one)
    odd = tmp_path / "odd.csv"
    odd.write_text(GOOD.replace("0.3\n", "0.9\n").replace("0.25", "0.05"))
    notes = screen(read_market(odd), draws=20).notes
    assert any("more than their assumed error" in note for note in notes)
    nested = screen(read_market(HERE / "screen" / "case2.csv"), draws=0).notes
    assert "The column nest was not used (--nests)." in nested


# --- spreadsheets


def test_per_cent_semicolons_and_other_scripts() -> None:
    market = read_market(HERE / "screen" / "percent.csv")
    assert market.firm_names == ("Tesla", "小米", "比亚迪")
    close(market.shares, [0.125, 0.04, 0.03, 0.05])
    np.testing.assert_allclose(market.margins, [0.21, np.nan, 0.17, np.nan])
    assert market.rows.tolist() == [2, 3, 4, 6]
    assert market.unused == ("remark",)


def test_quantities_with_a_market_size(tmp_path: Path) -> None:
    path = tmp_path / "market.csv"
    path.write_text("product,firm,price,quantity,margin\na,x,10,200,0.3\nb,y,12,100,\n")
    market = read_market(path, 1000.0)
    close(market.shares, [0.2, 0.1])
    found = screen(market, Change(merge=("x", "y")), draws=0)
    close(found.figure("consumer_harm"), 1000.0 * found.figure("consumer_harm_per_head"))


BAD = {
    "share over 1": (GOOD.replace("0.15", "15"), "row 4, column share", "share_pct"),
    "shares over 100%": (GOOD.replace("0.15", "0.75"), "rows 2 to 4, column share", "a sum of 1.05"),
    "nobody stays outside": (GOOD.replace("0.15", "0.7"), "rows 2 to 4, column share", "a sum of 1"),
    "text in a number": (GOOD.replace("12", "about 12"), "row 3, column price", "about 12"),
    "two decimal marks": (
        GOOD.replace("9,0.15", '"9,5",0.15').replace("12", "12.5"), "row 4, column price", "9,5",
    ),
    "not a number": (GOOD.replace("0.1,", "nan,"), "row 3, column share", "nan"),
    "infinite": (GOOD.replace("12", "inf"), "row 3, column price", "inf"),
    "margin over 1": (GOOD.replace("0.25", "25"), "row 4, column margin", "margin_pct"),
    "margin far below zero": (GOOD.replace("0.25", "-25"), "row 4, column margin", "margin_pct"),
    "no margin above zero": (
        GOOD.replace("0.3\n", "-0.3\n").replace("0.25", "0"), "rows 2 to 4, column margin", "above zero",
    ),
    "negative price": (GOOD.replace("12", "-12"), "row 3, column price", "above zero"),
    "zero share": (GOOD.replace("0.15", "0"), "row 4, column share", "above 0"),
    "missing column": (GOOD.replace("price", "cost"), "row 1, column price", "only product, firm, cost"),
    "column twice": (GOOD.replace("firm", "price"), "row 1, column price", "second column"),
    "no share": (GOOD.replace("share", "part"), "row 1, column share", "--market-size"),
    "quantity alone": (GOOD.replace("share", "quantity"), "row 1, column quantity", "--market-size"),
    "empty file": ("", "row 1, column 1", "empty file"),
    "blank file": ("\n  \n", "row 1, column 1", "empty file"),
    "no rows": (HEADER + "\n", "row 2, column 1", "one row for each product"),
    "product twice": (GOOD.replace("c,z", "a,z"), "row 4, column product", "in row 2"),
    "no name": (GOOD.replace("b,y", "b,"), "row 3, column firm", "a name"),
    "no margin": (GOOD.replace("0.3\n", "\n").replace("0.25", ""), "rows 2 to 4, column margin", "one"),
    "thousands": (GOOD.replace("10,", "1,000,"), "row 2, column 6", "comma"),
    "open quote": (GOOD.replace("b,y", '"b,y'), "row 3", "quotes"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BAD))
def test_bad_spreadsheets_are_refused_with_row_and_column(name: str, tmp_path: Path) -> None:
    text, place, word = BAD[name]
    path = tmp_path / "market.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_market(path)
    assert any(problem.place == place for problem in caught.value.problems), str(caught.value)
    assert word in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("encoding", ["gb18030", "latin-1", "utf-16", "utf-16-le"])
def test_encodings_are_found(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "market.csv"
    name = "é" if encoding == "latin-1" else "比亚迪"
    path.write_bytes(GOOD.replace("b,y", f"b,{name}").encode(encoding))
    assert name in read_market(path).firm_names


def test_an_encoding_that_bytes_do_not_tell_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "market.csv"
    path.write_bytes(GOOD.replace("b,y", "b,Лада").encode("cp1251"))
    with pytest.raises(InputError, match="UTF-8") as caught:
        read_market(path)
    assert caught.value.problems[0].place == "row 3, column 2"


def test_all_problems_come_at_once_and_not_without_end(tmp_path: Path) -> None:
    path = tmp_path / "market.csv"
    path.write_text(GOOD.replace("12", "?").replace("0.15", "?").replace("0.25", "7"))
    with pytest.raises(InputError) as caught:
        read_market(path)
    assert len(caught.value.problems) == 3
    path.write_text(HEADER + "\n" + "".join(f"p{i},x,?,0.0001,0.2\n" for i in range(1000)))
    with pytest.raises(InputError, match="980 more problems"):
        read_market(path)


def test_no_such_file_and_no_such_size(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_market(tmp_path / "none.csv")
    path = tmp_path / "market.csv"
    path.write_text(GOOD)
    with pytest.raises(InputError, match="market size"):
        read_market(path, -3.0)


CHANGES = [
    (Change(merge=("x", "nobody")), "nobody"),
    (Change(merge=("x", "x")), "each once"),
    (Change(cut={"nobody": 0.1}), "one of x, y, z"),
    (Change(cut={"x": 33.0}), "a part of the price"),
    (Change(floor={"q": 3.0}), "one of a, b, c"),
    (Change(floor={"a": -3.0}), "above zero"),
    (Change(cost={"x": -1.5}), "more than -100%"),
    (Change(tax=-2.0), "rate above -1"),
    (Change(unit_tax=float("nan")), "--unit-tax"),
    (Change(respond=False), "--no-response"),
]


@pytest.mark.parametrize(("change", "word"), CHANGES, ids=[word for _, word in CHANGES])
def test_changes_that_do_not_fit(change: Change, word: str, tmp_path: Path) -> None:
    path = tmp_path / "market.csv"
    path.write_text(GOOD)
    with pytest.raises(InputError) as caught:
        screen(read_market(path), change)
    assert word in str(caught.value)


NESTED = f"{HEADER},nest\na,x,10,0.2,0.3,n\nb,y,12,0.1,,n\nc,z,9,0.15,0.25,m\nd,w,9,0.05,,k\n"
UNIDENTIFIED = {
    "one margin": (NESTED.replace("0.25", ""), "second margin"),
    "alone in their nests": (
        NESTED.replace("0.3,n", ",n").replace("9,0.05,", "9,0.05,0.2"),
        "alone in its nest",
    ),
    "no nests": (GOOD, "column nest"),
    "blank nests": (
        NESTED.replace(",n\n", ",\n").replace(",m\n", ",\n").replace(",k\n", ",\n"),
        "column nest",
    ),
}


@pytest.mark.parametrize("name", list(UNIDENTIFIED))
def test_nests_that_cannot_be_told_from_prices(name: str, tmp_path: Path) -> None:
    text, word = UNIDENTIFIED[name]
    path = tmp_path / "market.csv"
    path.write_text(text)
    with pytest.raises(InputError, match="column") as caught:
        calibrate(read_market(path), nests=True)
    assert word in str(caught.value)


def test_some_nests_blank_and_rho_out_of_range(tmp_path: Path) -> None:
    path = tmp_path / "market.csv"
    path.write_text(NESTED.replace(",k\n", ",\n"))
    with pytest.raises(InputError, match="row 5, column nest"):
        read_market(path)
    path.write_text(NESTED)
    with pytest.raises(InputError, match="rho"):
        calibrate(read_market(path), rho=1.0)
    alone = calibrate(read_market(path), rho=0.5)  # given, a nest of one product is no obstacle
    assert alone.margins[3] == pytest.approx(1.0 / (alone.alpha * 0.95))


def large(path: Path, products: int, firms: int) -> Path:
    rng = np.random.default_rng(0)
    weights = rng.lognormal(size=products)
    shares = 0.6 * weights / weights.sum()
    rows = (
        f"p{j},f{j % firms},{10 + j % 17},{shares[j]:.12g},{0.3 if j < 3 else ''},n{j % 7}"
        for j in range(products)
    )
    path.write_text("\n".join([f"{HEADER},nest", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(("firms", "model"), [(50, {"nests": True}), (10_000, {})])
def test_ten_thousand_rows(firms: int, model: dict[str, Any], tmp_path: Path) -> None:
    path = large(tmp_path / "large.csv", 10_000, firms)
    start = time.perf_counter()
    found = screen(read_market(path), Change(merge=("f0", "f1")), draws=20, **model)
    assert time.perf_counter() - start < 60.0  # measured: below 3 s
    assert len(found.products) == 10_000
    parties = found.products[found.products["party"]]
    assert (parties["price_change"] > 0).all()
    assert len(found.diversion) == 12
    with pytest.raises(InputError, match="3000"):
        screen(read_market(path), full=True)


def test_small_and_extreme_markets(tmp_path: Path) -> None:
    path = tmp_path / "market.csv"
    path.write_text(f"{HEADER}\nonly,one,10,0.999,0.99\n")
    alone = screen(read_market(path), Change(cost={"one": 0.5}, tax=-0.1), draws=20)
    assert np.isfinite(alone.figures["value"]).all()
    path.write_text(f"{NESTED}e,v,30,1e-9,,k\n")
    market = read_market(path)
    everybody = screen(market, Change(merge=market.firm_names), rho=0.95, draws=20)
    assert everybody.figure("hhi_after") == pytest.approx(10_000.0)
    assert (everybody.products["price_change"] > 0).all()


# --- command line


def call(*words: str) -> Any:
    return CliRunner().invoke(app, ["screen", *words])


CASE2 = str(HERE / "screen" / "case2.csv")


def test_command_prints_tables_and_writes_files(tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = (CASE2, "--nests", "--merge", "firm 0", "firm 1", "--draws", "30", "--market-size", "1000000")
    done = call(*words, "--full", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert "consumer harm per head" in done.stdout
    names = {"products", "firms", "figures", "fit", "diversion", "diversion_products", "forms", "thresholds"}
    assert {path.stem for path in out.glob("*.csv")} == names
    assert (out / "figures" / "screen_prices.png").stat().st_size > 10_000
    report = (out / "report.md").read_text(encoding="utf-8")
    assert "22,876" in report  # consumer harm of the case's merger, for a million heads
    tree = json.loads((out / "screen.json").read_text(encoding="utf-8"))
    close(tree["figures"]["consumer_harm_per_head"]["value"], 0.022876319088197)


def test_command_as_json_with_all_changes() -> None:
    words = (
        CASE2,
        "--rho",
        "0.55",
        "--cut",
        "firm 2=33.3%",
        "--floor",
        "product 0=13.2",
        "--cost",
        "firm 3=+10%",
    )
    done = call(*words, "--tax", "5%", "--unit-tax", "0.1", "--draws", "0", "--json")
    assert done.exit_code == 0, done.output
    tree = json.loads(done.stdout)
    floor = {"product 0": 13.2}
    change = Change(cut={"firm 2": 0.333}, floor=floor, cost={"firm 3": 0.1}, tax=0.05, unit_tax=0.1)
    found = run("case2_nested_logit", change, rho=0.55)
    close([row["price_after"] for row in tree["products"]], found.products["price_after"])
    assert tree["model"] == "nested logit"


@pytest.mark.parametrize(
    "words",
    [
        ("--merge", "firm 0", "nobody"), ("--cut", "firm 2"), ("--cut", "firm 2=a third"),
        ("--floor", "product 0=5%"), ("--cost", "firm 1=0.1", "--cost", "firm 1=0.2"), ("--tax", "much"),
        ("--margin-sd", "2"), ("--draws", "-1"), ("--rho", "1"), ("--efficiency", "1.5"),
        ("--floor", "product 0=100000"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_options_are_refused_and_nothing_is_written(words: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = call(CASE2, *words, "--out", str(out))
    assert done.exit_code == 2, done.output
    assert "found" in done.stderr
    assert not out.exists()
    assert not list(tmp_path.iterdir())


def test_a_look_without_a_change(tmp_path: Path) -> None:
    done = call(CASE2, "--draws", "0", "--out", str(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert "price after" not in done.stdout
    assert not (tmp_path / "out" / "figures").exists()
