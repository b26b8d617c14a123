"""The backtest: history, design, books, scores, and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pricewar.backtest import (
    ENTITIES,
    TOTAL,
    Books,
    Forecast,
    backtest,
    crps,
    forecast_of,
    read_actuals,
    score_rows,
    summarise,
)
from pricewar.backtest import study as study_module
from pricewar.backtest.model_forecast import Start, model_books, share_drift, start_of
from pricewar.backtest.momentum import KEPT, Errors, fit_errors, fit_momentum, past_errors
from pricewar.backtest.naive import LAST_YEAR, NO_CHANGE, naive_books
from pricewar.backtest.names import BASE, MONTHS, QUARTERS, cells, predicted
from pricewar.backtest.past import Past, past_of
from pricewar.backtest.pseudo import pseudo_backtest
from pricewar.backtest.ranges import Range, changes, design, ranges
from pricewar.backtest.score import covered
from pricewar.backtest.simulate import FIELDS, Simulated, simulate
from pricewar.backtest.study import Backtest, draws_table, forecasts_from, key_of, the_scenario
from pricewar.backtest.total import draw_totals, growth
from pricewar.base.errors import InputError, PricewarError
from pricewar.cli.app import app
from pricewar.data import load_market_data
from pricewar.plots.backtest import FANS, draw_backtest

quick = settings(deadline=None, max_examples=15)
FIRMS = tuple(ENTITIES)
DOCS = Path(__file__).parents[1] / "docs" / "explanation" / "backtest.md"


@pytest.fixture(scope="module")
def past() -> Past:
    return past_of(load_market_data().history)


@pytest.fixture(scope="module")
def small() -> Backtest:
    """A real backtest of few draws."""
    return backtest(draws=20, seed=3)


def made_up(draws: int = 300, sold_out: str = "xiaomi") -> Simulated:
    """Draws in which nothing happens: each firm sells, earns and charges as before."""
    units = load_market_data().firms["units"].reindex(FIRMS).to_numpy()
    shape = (draws, 10, len(FIRMS))
    flat = {"units": units, "revenue": units * 1e5, "gross_profit": units * 1.5e4, "fixed_cost": units * 1e4}
    values = {name: np.broadcast_to(row, shape).copy() for name, row in flat.items()}
    values["depth"] = values["told"] = np.full(shape, 0.08)
    values["sold_out"] = np.broadcast_to(np.array([firm == sold_out for firm in FIRMS], float), shape).copy()
    months = (BASE, *MONTHS, "2026-01")
    return Simulated(FIRMS, months, values, np.full((draws, len(FIRMS)), 0.15), ())


def certain() -> Start:
    return Start(np.zeros(len(FIRMS)), np.full(len(FIRMS), np.nan))


# -- history -----------------------------------------------------------------------------------------


def test_the_past_ends_with_the_base_month_and_has_every_series(past: Past) -> None:
    assert (past.months[0], past.months[-1], len(past.months)) == ("2024-01", BASE, 16)
    assert np.isfinite(past.log_share).all()
    assert past.nev[-1] == 905_000
    assert past.passenger[-1] == 1_755_000


def test_nothing_after_the_base_month_is_read(monkeypatch: pytest.MonkeyPatch, small: Backtest) -> None:
    """A month added to history moves no prediction."""
    data = load_market_data()
    later = data.history[data.history["month"] == BASE].assign(month="2025-05")
    later = later.assign(value=later["value"] * 7)
    grown = replace(data, history=pd.concat([data.history, later]))
    monkeypatch.setattr(study_module, "load_market_data", lambda: grown)
    again = backtest(draws=20, seed=3)
    pd.testing.assert_frame_equal(again.predictions, small.predictions)


def planted(slope: float, pattern: tuple[float, float, float], firms: int = 3) -> Past:
    months = tuple(f"{2024 + i // 12}-{i % 12 + 1:02d}" for i in range(16))
    nev = np.full(16, 1e6)
    share = -3.0 + slope * np.arange(16) + np.tile(pattern, 6)[:16]
    names = tuple(f"firm{i}" for i in range(firms))
    return Past(months, np.full(16, 2e6), nev, names, np.tile(np.exp(share) * nev, (firms, 1)))


def test_a_trend_and_a_pattern_without_noise_are_found() -> None:
    found = fit_momentum(planted(0.03, (-0.2, 0.05, 0.15)))
    assert found.slope == pytest.approx(np.full(3, KEPT * 0.03), abs=1e-9)
    assert found.pattern[0] == pytest.approx([-0.2, 0.05, 0.15], abs=1e-9)
    ahead = found.ahead(3, damping=0.5)
    trend = KEPT * 0.03 * np.array([1.0, 1.5, 1.75])
    level = ahead[0] - trend - np.array([0.25, 0.35, 0.0])  # April is the first month of its quarter
    assert np.ptp(level) == pytest.approx(0.0, abs=1e-9)
    assert abs(level[0]) < 0.01


@quick
@given(st.floats(0.01, 100.0), st.integers(0, 5))
def test_the_unit_of_a_series_does_not_matter(past: Past, factor: float, row: int) -> None:
    units = past.units.copy()
    units[row] *= factor
    scaled = Past(past.months, past.passenger, past.nev, past.firms, units)
    assert fit_momentum(scaled).ahead(8) == pytest.approx(fit_momentum(past).ahead(8), abs=1e-8)


def test_errors_of_the_past_use_only_what_was_known(past: Past) -> None:
    errors = past_errors(past)
    cut = past_errors(past.until("2025-01"))
    known = np.isfinite(cut)
    assert errors[: len(cut)][known] == pytest.approx(cut[known], abs=0)


def test_drawn_errors_have_the_variance_that_was_fitted() -> None:
    errors = Errors(now=0.01, walk=0.004, factor={"wild": 4.0})
    drawn = errors.draw(("wild", "calm"), 8, 60_000, np.random.default_rng(5))
    expected = 0.01 + 0.004 * np.arange(1, 9)
    assert drawn.var(axis=0)[1] == pytest.approx(expected, rel=0.08)
    assert drawn.var(axis=0)[0] == pytest.approx(4 * expected, rel=0.08)


def test_fitted_errors_grow_with_the_horizon_and_differ_by_firm(past: Past) -> None:
    found = fit_errors(past_errors(past), past.firms)
    assert found.now > 0
    assert found.walk > 0
    assert found.factor["byd"] < 1 < found.factor["nio"]


def test_growth_counts_january_and_february_as_one(past: Past) -> None:
    cars = past.passenger
    blocks = [np.log(cars[12:14].sum() / cars[:2].sum()), *np.log(cars[14:] / cars[2:4])]
    found = growth(past)
    assert found.cars == pytest.approx(np.average(blocks, weights=[2, 1, 1]))
    assert found.blocks == 3
    assert growth(past.until("2025-02")).cars == pytest.approx(np.log(3_180_000 / 3_130_000))


def test_totals_have_last_years_season(past: Past) -> None:
    drawn = draw_totals(past, 8, 4000, np.random.default_rng(1))
    middle = np.median(drawn.passenger, axis=0)
    growth_found = np.log(middle / past.passenger[4:12])
    assert (growth_found[:3] == pytest.approx(growth(past).cars, abs=0.01)) is True
    assert growth_found[4:] == pytest.approx(np.full(4, growth(past).cars / 2), abs=0.015)  # half is lapped
    assert (drawn.nev < drawn.passenger).all()
    spread = np.log(drawn.nev).std(axis=0)
    assert spread[-1] > spread[0]


def test_the_past_is_covered_as_the_intervals_say(past: Past) -> None:
    """Coverage far from nominal would mean intervals that lie."""
    found = pseudo_backtest(past).set_index("trial")
    shares = found.iloc[1]
    assert shares["cells"] == 216
    assert 0.40 < shares["coverage_50"] < 0.62
    assert 0.82 < shares["coverage_90"] < 0.97


def test_the_page_tells_the_coverage_that_is_found(past: Past) -> None:
    text = DOCS.read_text(encoding="utf-8")
    for row in pseudo_backtest(past).itertuples():
        line = f"| {row.trial} | {row.cells} | {row.coverage_50:.0%} | {row.coverage_90:.0%} |"
        assert line in text


# -- design ------------------------------------------------------------------------------------------


@quick
@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([None, 0.0, 0.3, 1.0]))
def test_a_range_maps_quantiles_in_order(a: float, b: float, likeliest: float | None) -> None:
    one = Range("x", ("x",), 0.0, 1.0, likeliest)
    low, high = sorted((a, b))
    assert 0.0 <= one.at(low) <= one.at(high) <= 1.0
    assert (one.at(0.0), one.at(1.0)) == (0.0, 1.0)


def test_a_triangle_has_its_mode_where_it_was_asked_for() -> None:
    one = Range("x", ("x",), 0.0, 10.0, 2.0)
    drawn = np.array([one.at(q) for q in (np.arange(20_000) + 0.5) / 20_000])
    assert drawn.mean() == pytest.approx(4.0, abs=0.01)  # (low + high + mode) / 3


def _rules(tree: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [part for part in tree.values() if isinstance(part, dict) and "kind" in part]
    return [tree, *(rule for part in inner for rule in _rules(part))]


def test_every_unknown_leads_somewhere_and_matters() -> None:
    scenario = the_scenario()
    unknowns = ranges(scenario, load_market_data().figures)
    assert len({unknown.name for unknown in unknowns}) == len(unknowns)
    assert all(unknown.paths for unknown in unknowns)
    digests = [scenario.but(changes(unknowns, np.full(len(unknowns), q))).digest for q in (0.0, 0.5, 1.0)]
    assert len(set(digests)) == 3
    middle = scenario.but(changes(unknowns, np.full(len(unknowns), 0.5)))
    assert middle.demand.model_dump()["own_elasticity"] == pytest.approx(-4.0)
    assert middle.market.pass_through == pytest.approx(0.7)
    plus = [rule for firm in middle.firms.values() for rule in _rules(firm.strategy.model_dump())]
    # no rule has a pass-through of its own that the range would not reach
    assert {rule["pass_through"] for rule in plus if rule["kind"] == "CostPlus"} == {None}


def test_the_design_fills_every_row_of_every_unknown() -> None:
    scenario = the_scenario()
    unknowns = ranges(scenario, load_market_data().figures)
    plan = design(unknowns, 40, 1)
    for column in plan.T:
        assert sorted(np.floor(column * 40)) == list(range(40))
    assert not np.array_equal(plan, design(unknowns, 40, 2))


def test_a_draw_that_fails_is_told_and_many_stop_the_backtest() -> None:
    scenario = the_scenario().but({"periods": 9, "consumers.draws": 60})
    good: dict[str, float] = {}
    bad = {"demand.own_elasticity": 5.0}
    found = simulate(scenario, [good] * 24 + [bad], seed=1)
    assert found.values["units"].shape == (24, 10, 22)
    assert len(found.lost) == 1
    assert "own_elasticity" in found.lost[0]
    with pytest.raises(PricewarError, match="2 of 4 draws failed"):
        simulate(scenario, [good, good, bad, bad], seed=1)


# -- books -------------------------------------------------------------------------------------------


def test_cells_are_the_ones_that_are_predicted() -> None:
    listed = cells()
    assert len(set(listed)) == len(listed) == 16 * 6 * 11 + 3
    assert all(predicted(*cell) for cell in listed)
    assert not predicted("BYD", "2025Q2", "ev_segment_profit_cny_m")
    assert not predicted("BYD", "2025-04", "units")
    assert not predicted("VW", "2025-05", "units")


@quick
@given(st.integers(0, 2**32 - 1))
def test_months_add_up_to_quarters_and_shares_to_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (4, len(FIRMS), 9)
    home, revenue = rng.uniform(1, 9, shape), rng.uniform(50, 90, shape)
    books = Books(
        firms=FIRMS, home=home, shown=home * 1.1, revenue=revenue, gross=revenue * 0.2, fixed=revenue * 0.1,
        discount=rng.normal(size=shape), announced=rng.normal(size=shape),
        market=home.sum(axis=1), passenger=rng.uniform(300, 400, (4, 9)),
    )  # fmt: skip
    found = forecast_of(books)
    for name in (*ENTITIES.values(), TOTAL):
        months = sum(found.column(name, month, "units") for month in QUARTERS["2025Q3"])
        assert found.column(name, "2025Q3", "units") == pytest.approx(months)
        assert found.column(name, "2025Q4", "vehicle_gross_margin_pct") == pytest.approx(np.full(4, 20.0))
    shares = sum(found.column(name, "2025-07", "nev_share_pct") for name in ENTITIES.values())
    assert shares == pytest.approx(np.full(4, 100.0))
    everyone = 100 * home[:, :, 3].sum(axis=1) / books.passenger[:, 3]
    assert found.column(TOTAL, "2025-07", "nev_share_pct") == pytest.approx(everyone)
    second = books.shown[:, 0, :3].sum(axis=1)
    assert found.column("BYD", "2025Q2", "units") == pytest.approx(second)  # April is in it
    car = found.column("Xiaomi EV", "2025Q3", "profit_per_vehicle_cny")
    sold = home[:, FIRMS.index("xiaomi"), 3:6].sum(axis=1)
    assert found.column("Xiaomi EV", "2025Q3", "ev_segment_profit_cny_m") == pytest.approx(car * sold / 1e6)


def test_where_nothing_happens_the_forecast_is_season_and_drift(past: Past) -> None:
    simulated = made_up()
    books = model_books(simulated, past, certain(), seed=1)
    units = simulated.values["units"][0, 0]
    assert books.home[:, :, 0] == pytest.approx(np.tile(units, (300, 1)))
    season = np.median(books.home.sum(axis=1)[:, 1:], axis=0) / units.sum()
    totals = draw_totals(past, 8, 4000, np.random.default_rng(1))
    assert season == pytest.approx(np.median(totals.nev, axis=0) / past.nev[-1], rel=0.04)
    assert np.median(books.gross / books.revenue) == pytest.approx(0.15, abs=0.01)
    assert np.median(books.discount) == pytest.approx(0.0, abs=0.1)
    tesla = np.median(books.home[:, FIRMS.index("tesla")], axis=0)
    assert tesla[3] < tesla[2] > tesla[0]  # strong last month of a quarter


def test_season_does_not_hurry_a_firm_that_is_sold_out(past: Past) -> None:
    bound = model_books(made_up(), past, certain(), seed=1).home[:, FIRMS.index("xiaomi"), 1:]
    free = model_books(made_up(sold_out=""), past, certain(), seed=1).home[:, FIRMS.index("xiaomi"), 1:]
    start = made_up().values["units"][0, 0, FIRMS.index("xiaomi")]
    assert np.median(bound, axis=0) == pytest.approx(np.full(8, start), rel=0.02)
    assert np.median(free[:, -1]) > 1.3 * start


def test_published_margins_are_met_whatever_was_drawn(past: Past) -> None:
    published = Start(np.zeros(len(FIRMS)), np.full(len(FIRMS), 0.12))
    books = model_books(made_up(), past, published, seed=1)
    assert books.gross[:, :, 0] / books.revenue[:, :, 0] == pytest.approx(np.full((300, 15), 0.12))


def test_a_firm_without_a_record_has_no_drift_of_its_own(past: Past) -> None:
    drift = share_drift(past, ("geely", "xpeng"), 4000, np.random.default_rng(2))
    middle = np.median(drift, axis=0)
    assert middle[0] == pytest.approx(np.zeros(8), abs=0.03)
    assert middle[1, -1] > 0.15


def test_naive_forecasts_are_april_and_last_year(past: Past) -> None:
    simulated, start = made_up(), certain()
    still = forecast_of(naive_books(simulated, past, start, 1, NO_CHANGE, 2000))
    assert np.median(still.column(TOTAL, "2025-12", "units")) == pytest.approx(905_000, rel=0.03)
    year = forecast_of(naive_books(simulated, past, start, 1, LAST_YEAR, 2000))
    now, before = past.nev[12:], past.nev[:4]
    by_hand = past.nev[11] * np.exp(
        np.average(
            [np.log(now[:2].sum() / before[:2].sum()), *np.log(now[2:] / before[2:])], weights=[2, 1, 1]
        )
    )
    assert np.median(year.column(TOTAL, "2025-12", "units")) == pytest.approx(by_hand, rel=0.02)


def test_the_start_reads_ranges_and_published_margins() -> None:
    start = start_of(load_market_data(), FIRMS)
    assert start.margin[FIRMS.index("byd")] == 0.24
    assert np.isnan(start.margin[FIRMS.index("aion")])
    assert start.level_sd[FIRMS.index("byd")] == pytest.approx(7_000 / 3.29 / 268_787)
    assert start.level_sd[FIRMS.index("geely")] == 0


# -- scores ------------------------------------------------------------------------------------------


@quick
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.floats(-1e6, 1e6))
def test_crps_is_its_definition(draws: list[float], actual: float) -> None:
    x = np.array(draws)
    by_hand = np.abs(x - actual).mean() - np.abs(x[:, None] - x).mean() / 2
    assert crps(x[:, None], np.array([actual]))[0] == pytest.approx(by_hand, abs=1e-6, rel=1e-9)


def test_crps_of_a_normal_is_the_published_value() -> None:
    """(sqrt(2) - 1) / sqrt(pi) at the mean of N(0, 1): Gneiting and Raftery 2007, equation 21."""
    from scipy.stats import norm

    quantiles = norm.ppf((np.arange(20_000) + 0.5) / 20_000)[:, None]
    assert crps(quantiles, np.zeros(1))[0] == pytest.approx((np.sqrt(2) - 1) / np.sqrt(np.pi), abs=1e-4)


def test_coverage_counts_both_ends() -> None:
    draws = np.arange(101.0)[:, None] * np.ones(4)
    assert covered(draws, np.array([25.0, 24.9, 75.0, 80.0]), 0.5).tolist() == [True, False, True, False]


def invented(found: Backtest, shift: float = 0.0) -> pd.DataFrame:
    """Actual figures that are the model's medians, moved."""
    table = found.predictions[["entity", "period", "metric", "p50"]].rename(columns={"p50": "value"})
    return table.assign(value=table["value"] + shift * table["value"].abs())


def test_a_forecast_that_hits_is_scored_as_a_hit(small: Backtest) -> None:
    scores = small.scored(invented(small)).scores
    assert scores is not None
    model = scores[scores["forecast"] == "model"].set_index("metric")
    assert (model["coverage_50"] == 1).all()
    assert model["median_abs_error"].to_numpy() == pytest.approx(0.0)
    ratio = model["crps_ratio"]
    result = "ev_segment_profit_cny_m"  # three figures, of which no change is as near, and narrower
    assert (ratio.drop(result) < 1).all()
    assert ratio[result] < 1.5
    still = scores[scores["forecast"] == NO_CHANGE]
    assert (still["crps_ratio"] == 1).all()
    assert set(scores["forecast"]) == {"model", "no simulator", "stacked", NO_CHANGE, LAST_YEAR}
    assert set(scores["model"]) == {"full", "no_simulator", "stacked", "no_change", "last_year"}
    assert (scores["n"] == scores["figures"]).all()
    logs = scores.set_index("metric")["log_crps"]
    assert logs[["units", "nev_share_pct"]].notna().all()
    assert logs.drop(["units", "nev_share_pct"]).isna().all()
    assert model.loc["discount_pp_change", "median_abs_pct_error"] != 0  # not a ratio: empty


def test_a_forecast_that_misses_is_scored_as_a_miss(small: Backtest) -> None:
    far = invented(small, shift=5.0)
    scores = summarise(score_rows(small.forecasts, far[far["metric"] == "units"]))
    model = scores[scores["forecast"] == "model"].iloc[0]
    assert model["coverage_90"] == 0
    assert model["median_abs_pct_error"] == pytest.approx(100 * 5 / 6, rel=1e-6)


HEAD = "entity,period,metric,value\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "VW,2025-05,units,1", ["line 2, entity", "'VW'", "Total NEV"]),
        (HEAD + "BYD,2025-04,units,1", ["line 2, period", "'2025-04'", "2025Q4"]),
        (HEAD + "BYD,2025-05,sales,1", ["line 2, metric", "'sales'", "nev_share_pct"]),
        (HEAD + "BYD,2025-05,units,many", ["line 2, value", "'many'", "a finite number"]),
        (HEAD + "BYD,2025-05,units,", ["line 2, value", "''"]),
        (HEAD + "BYD,2025-05,units,inf", ["line 2, value", "'inf'"]),
        (HEAD + "BYD,2025Q2,ev_segment_profit_cny_m,1", ["line 2", "a cell of predictions.csv"]),
        (HEAD + "BYD,2025-05,units,1\nBYD,2025-05,units,2", ["line 3", "each cell once"]),
        (HEAD, ["at least one figure"]),
        ("entity,period,value\nBYD,2025-05,1", ["line 1", "columns entity, period, metric, value"]),
        ("entity,period,metric,value,value\nBYD,2025-05,units,1,2", ["line 1", "each once"]),
        ("", ["a header"]),
    ],
)
def test_wrong_actuals_are_named(tmp_path: Path, text: str, said: list[str]) -> None:
    path = tmp_path / "actuals.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_actuals(path)
    assert all(part in str(caught.value) for part in said)


def test_all_wrong_rows_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "actuals.csv"
    path.write_text(
        HEAD + "VW,2025-05,units,x\nBYD,2026-05,units,1\n Tesla China ,2025-06,units, 7 ", "utf-8"
    )
    with pytest.raises(InputError) as caught:
        read_actuals(path)
    assert len(caught.value.problems) == 3
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00bad")
    for name in ("none.csv", "bytes.csv", "."):
        with pytest.raises(InputError):
            read_actuals(tmp_path / name)


def test_spaces_around_cells_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "actuals.csv"
    path.write_text("value,entity,period,metric\n 7 , Tesla China ,2025-06, units\n", encoding="utf-8")
    assert read_actuals(path).to_dict("records") == [
        {"entity": "Tesla China", "period": "2025-06", "metric": "units", "value": 7.0}
    ]


def test_further_columns_are_not_used_and_said(tmp_path: Path) -> None:
    """As tables of figures come: with sources and notes, in an order of their own."""
    path = tmp_path / "actuals.csv"
    path.write_text("source,value,entity, unit ,period,metric\nCPCA,7,BYD,cars,2025-06,units\n", "utf-8")
    came = read_actuals(path)
    assert came.to_dict("records") == [
        {"entity": "BYD", "period": "2025-06", "metric": "units", "value": 7.0}
    ]
    assert came.attrs["unused"] == ["source", "unit"]
    plain = tmp_path / "plain.csv"
    plain.write_text(HEAD + "BYD,2025-06,units,7\n", "utf-8")
    assert read_actuals(plain).attrs["unused"] == []
    pd.testing.assert_frame_equal(read_actuals(plain), came)


# -- the whole ---------------------------------------------------------------------------------------


def test_predictions_have_every_cell_with_ordered_quantiles(small: Backtest) -> None:
    table = small.predictions
    assert list(table.columns) == ["entity", "period", "metric", "mean", "p05", "p25", "p50", "p75", "p95"]
    assert len(table) == len(cells())
    ends = table[["p05", "p25", "p50", "p75", "p95"]].to_numpy()
    assert np.isfinite(ends).all()
    assert (np.diff(ends, axis=1) >= 0).all()
    assert small.lost == ()


def test_draws_differ_and_come_again_with_their_seed(small: Backtest) -> None:
    model = small.forecasts["model"]
    assert (model.draws.std(axis=0) > 0).all()
    units = [place for place, cell in enumerate(model.cells) if cell[2] == "units"]
    again = backtest(draws=20, seed=4).forecasts["model"]
    assert not np.allclose(again.draws[:, units], model.draws[:, units])


def test_draws_survive_the_table(small: Backtest) -> None:
    back = forecasts_from(draws_table(small))
    for name, forecast in small.forecasts.items():
        assert back[name].cells == forecast.cells
        assert np.array_equal(back[name].draws, forecast.draws)
    short = replace(small, forecasts={"model": Forecast(model_cells(small), short_draws(small))})
    joined = {**small.forecasts, **short.forecasts}
    assert len(forecasts_from(draws_table(replace(small, forecasts=joined)))["model"].draws) == 7


def model_cells(found: Backtest) -> tuple[tuple[str, str, str], ...]:
    return found.forecasts["model"].cells


def short_draws(found: Backtest) -> np.ndarray:
    return found.forecasts["model"].draws[:7]


def test_the_figure_shows_every_entity_and_the_actual_figures(small: Backtest) -> None:
    came = invented(small)
    drawings = draw_backtest(small.scored(came[came["period"].isin(MONTHS[:3])]))
    assert [drawing.name for drawing in drawings][:1] == ["backtest_units"]
    axes = drawings[0].figure.axes
    assert [one.get_title(loc="left") for one in axes] == [*ENTITIES.values(), TOTAL]
    points = next(line for line in axes[0].lines if line.get_label() == "actual")
    assert len(points.get_xdata()) == 3
    assert "100% in the 50%" in drawings[0].finding
    assert "actual" not in draw_backtest(small)[0].finding


def test_the_command_writes_then_scores_the_same_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: Backtest
) -> None:
    monkeypatch.setattr("pricewar.backtest.backtest", lambda *args: small)
    monkeypatch.setattr("pricewar.plots.backtest.FANS", FANS[:1])  # figures take long
    out, runner = tmp_path / "out", CliRunner()
    call = ["backtest", "--draws", "20", "--seed", "3", "--workers", "1", "--out", str(out), "--quiet"]
    assert runner.invoke(app, call).exit_code == 0
    written = {path.name for path in out.iterdir()}
    assert written == {
        "predictions.csv", "draws.parquet", "ranges.csv", "past.csv", "figures", "report.md", "run.json",
    }  # fmt: skip
    predicted_now = pd.read_csv(out / "predictions.csv")
    assert list(predicted_now.columns) == [*small.predictions.columns, "model"]
    assert set(predicted_now["model"]) == {"full", "no_simulator", "no_change", "stacked"}
    assert len(predicted_now) == 4 * len(cells())
    before = (out / "predictions.csv").read_bytes()
    came = tmp_path / "actuals.csv"
    invented(small).to_csv(came, index=False)

    def never(*args: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr("pricewar.backtest.backtest", never)
    done = runner.invoke(app, [*call[:-1], "--actuals", str(came), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["draws"] == 20
    assert {row["coverage_90"] for row in told["scores"] if row["forecast"] == "model"} == {1.0}
    assert (out / "predictions.csv").read_bytes() == before
    assert len(pd.read_csv(out / "scored.csv")) == 5 * len(cells())
    assert "## Score" in (out / "report.md").read_text(encoding="utf-8")
    other = runner.invoke(app, [*call[:3], *["--seed", "9"], *call[5:]])
    assert isinstance(other.exception, AssertionError)  # other draws are not taken for these


def test_wrong_actuals_end_the_command_before_it_begins(tmp_path: Path) -> None:
    came = tmp_path / "actuals.csv"
    came.write_text(HEAD + "BYD,2025-05,units,about 300000\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["backtest", "--actuals", str(came), "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "line 2, value" in done.output
    assert not (tmp_path / "out").exists()


def test_the_key_names_what_the_draws_depend_on() -> None:
    assert key_of(20, 3) == key_of(20, 3)
    assert key_of(20, 3) != key_of(20, 4)
    assert set(key_of(1, 1)) >= {"digest", "data", "version"}
    assert set(FIELDS) >= {"units", "sold_out"}


def test_makers_together_have_their_cars_and_money_and_are_sold_out_when_most_are() -> None:
    found = simulate(the_scenario().but({"periods": 9, "consumers.draws": 60}), [{}] * 2, seed=1)
    joined = found.joined(("byd", "others", "tesla"), "others")
    assert joined.firms == ("byd", "others", "tesla")
    for name in ("units", "revenue", "gross_profit", "fixed_cost"):
        np.testing.assert_allclose(joined.values[name].sum(axis=2), found.values[name].sum(axis=2))
        kept = found.firms.index("tesla")
        np.testing.assert_allclose(joined.values[name][:, :, 2], found.values[name][:, :, kept])
    rest = [at for at, firm in enumerate(found.firms) if firm not in ("byd", "tesla")]
    small = min(rest, key=lambda at: found.values["units"][:, :, at].mean())
    for full, told in (([small], 0.0), (rest, 1.0)):
        flags = np.zeros_like(found.values["sold_out"])
        flags[:, :, full] = 1.0
        case = replace(found, values=found.values | {"sold_out": flags})
        assert (case.joined(("byd", "others"), "others").values["sold_out"][:, :, 1] == told).all()
