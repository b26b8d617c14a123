"""Rolling origins: nothing later is read, luck is paired, weights are of earlier origins."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_backtest import FIRMS, certain, made_up
from typer.testing import CliRunner

from pricewar.backtest import as_known, crps, log_crps, pit
from pricewar.backtest.books import Forecast
from pricewar.backtest.model_forecast import model_books
from pricewar.backtest.momentum import KEPT, best_kept
from pricewar.backtest.names import BASE, ENTITIES, REST, TOTAL
from pricewar.backtest.origin_study import COLUMNS, FIRST, Rolling, clustered, control_of, drawn_at, rolled
from pricewar.backtest.origins import (
    FULL,
    MODELS,
    ORIGINS,
    STILL,
    WITHOUT,
    Origin,
    actual_figures,
    forecasts_at,
    start_at,
    weights,
    whole_quarters,
)
from pricewar.backtest.past import past_of
from pricewar.backtest.ranges import changes, design, ranges
from pricewar.backtest.simulate import Simulated
from pricewar.backtest.stack import GRID, PRIOR, pool_scores, pooled, shipped_weights, weight_of
from pricewar.backtest.study import known_start, the_scenario
from pricewar.base.edition import EDITION
from pricewar.base.errors import InputError
from pricewar.cli.app import app
from pricewar.cli.origins import pooled_table
from pricewar.data import load_market_data
from pricewar.data.history import History, load_history
from pricewar.plots.origins import draw_origins
from pricewar.publish.origins import margins_table, origins_table, verdict, weights_text

MONTH = "2023-12"
HISTORY = load_history()


def at_rest(month: str, draws: int = 40) -> Simulated:
    """Draws of a market of the origin's makers in which nothing happens."""
    firms = tuple(firm for firm in ENTITIES if firm in load_market_data(ORIGINS[month]).firms.index)
    firms = (*(firm for firm in firms if firm != REST), REST)
    run = made_up(draws, sold_out="")
    rows = [FIRMS.index(firm) for firm in firms]
    values = {name: field[:, :, rows] for name, field in run.values.items()}
    return Simulated(firms, run.months, values, run.margin[:, rows], ())


def changed_after(history: History, month: str) -> History:
    """Figures after a month, and margins that were not printed by its end, seven times as large."""
    monthly, margins = history.monthly.copy(), history.margins.copy()
    monthly.loc[monthly["month"] > month, "value"] *= 7.0
    known = {(row.firm, row.period) for row in as_known.printed(history, month).itertuples()}
    quarters = margins["period"].str.contains("Q").to_numpy()
    later = [(f, p) not in known for f, p in zip(margins["firm"], margins["period"], strict=True)]
    margins.loc[quarters & np.array(later) & (margins["metric"] == as_known.METRIC), "value"] *= 7.0
    return replace(history, monthly=monthly, margins=margins)


@pytest.mark.parametrize("month", ["2022-12", "2023-06", "2024-12"])
def test_nothing_after_an_origin_is_read(month: str) -> None:
    later = changed_after(HISTORY, month)
    found = [Origin.at(month, history) for history in (HISTORY, later)]
    assert found[0].scenario.digest == found[1].scenario.digest
    pd.testing.assert_frame_equal(found[0].figures, found[1].figures)
    run = at_rest(month)
    one, other = (
        forecasts_at(origin, run, history, 3) for origin, history in zip(found, (HISTORY, later), strict=True)
    )
    for name in (FULL, WITHOUT, STILL):
        assert one[name].cells == other[name].cells
        np.testing.assert_array_equal(one[name].draws, other[name].draws)


def test_a_month_before_an_origin_is_read() -> None:
    """So that the test above can fail."""
    earlier = changed_after(HISTORY, "2023-11")
    one, other = (
        forecasts_at(Origin.at(MONTH, history), at_rest(MONTH), history, 3)[FULL].draws
        for history in (HISTORY, earlier)
    )
    assert not np.allclose(one, other)


def test_where_the_run_does_nothing_with_and_without_are_the_same() -> None:
    found = forecasts_at(Origin.at(MONTH, HISTORY), at_rest(MONTH), HISTORY, 3)
    np.testing.assert_allclose(found[FULL].draws, found[WITHOUT].draws, rtol=1e-12)
    run = at_rest(MONTH)
    run.values["units"][:, 1:, 0] *= 1.3
    moved = forecasts_at(Origin.at(MONTH, HISTORY), run, HISTORY, 3)
    np.testing.assert_allclose(moved[WITHOUT].draws, found[WITHOUT].draws, rtol=1e-12)
    place = found[FULL].cells.index(("BYD", "2024-03", "units"))
    assert (moved[FULL].draws[:, place] > found[FULL].draws[:, place]).all()


def test_the_forecast_of_april_is_paired_too() -> None:
    data = load_market_data()
    past = past_of(data.history)
    run = made_up(60, sold_out="")
    start = known_start(certain(), the_scenario(), run.firms, HISTORY)
    with_run, without = (model_books(one, past, start, 2) for one in (run, run.at_rest()))
    for name in ("home", "gross", "discount", "fixed"):
        np.testing.assert_allclose(getattr(with_run, name), getattr(without, name), rtol=1e-12, atol=1e-12)
    assert start.age is not None
    assert start.age.max() <= 4


def test_the_first_month_of_a_maker_with_a_record_is_its_own_figure() -> None:
    origin, run = Origin.at(MONTH, HISTORY), at_rest(MONTH).scaled(945_000.0)
    assert run.values["units"][:, 0].sum(axis=1) == pytest.approx(np.full(40, 945_000.0))
    start = start_at(origin, run, HISTORY)
    assert start.export is not None
    at = run.firms.index("tesla")
    assert start.export[at] * run.values["units"][0, 0, at] == pytest.approx(75_805)


def test_what_an_origin_knows_of_growth() -> None:
    """Without a year before it, the forecast in print; with one, its months, lockdown left out."""
    first = as_known.constants(as_known.record(HISTORY, "2022-12"), HISTORY).seen
    assert first is not None
    assert (first.cars, first.blocks) == (0.0, 1)
    part = 5_670_000 / 20_540_000
    then = part * 8.4 / 6.5
    assert first.odds == pytest.approx(np.log(then / (1 - then)) - np.log(part / (1 - part)))
    past = as_known.record(HISTORY, "2023-06")
    assert past.locked == ("2022-04", "2022-05")
    assert past.even.passenger[3] > 1.3 * past.passenger[3]
    assert past.even.passenger[4:6][1] == past.passenger[5]
    assert best_kept(past_of(load_market_data().history)) == KEPT


def test_a_market_of_an_origin_has_no_campaigns_and_what_was_announced() -> None:
    origin = Origin.at("2022-12", HISTORY)
    assert not origin.scenario.campaigns.on
    rises = {event.firms[0]: event.amount for event in origin.scenario.events}
    assert rises["byd"] == -4000
    assert "li-auto" not in rises  # above 300,000 CNY there was no subsidy
    assert origin.scenario.firms["nio"].gross_margin == pytest.approx(0.164)
    assert Origin.at("2023-06", HISTORY).scenario.events == ()


def test_quarters_that_lie_within_the_months() -> None:
    assert whole_quarters([f"2024-{k:02d}" for k in range(1, 9)]) == ["2024Q1", "2024Q2"]


# -- pool --------------------------------------------------------------------------------------------


def test_the_score_of_a_pool_is_that_of_its_draws() -> None:
    rng = np.random.default_rng(1)
    one, other, actual = rng.normal(0, 1, (40, 3)), rng.normal(1, 2, (40, 3)), np.array([0.0, 1.0, 3.0])
    found = pool_scores(one, other, actual, np.array([0.0, 0.25, 1.0]))
    assert found[0] == pytest.approx(crps(other, actual))
    assert found[2] == pytest.approx(crps(one, actual))
    mixed = np.concatenate([one, *([other] * 3)])
    assert found[1] == pytest.approx(crps(mixed, actual))
    with pytest.raises(InputError, match="shapes"):
        pool_scores(one, other[:5], actual)


def test_a_weight_begins_at_one_half_and_is_drawn_to_it() -> None:
    assert weight_of([]) == 0.5
    assert weight_of([np.empty((len(GRID), 0))]) == 0.5
    towards_one = (1.0 - GRID)[:, None]
    assert weight_of([towards_one]) == pytest.approx((1.0 + PRIOR * 0.5) / (1.0 + PRIOR))
    assert weight_of([towards_one] * 3) > weight_of([towards_one])


def made_forecasts(seed: int = 1) -> dict[str, dict[str, Forecast]]:
    """Forecasts about what came, without any run."""
    came, rng = actual_figures(HISTORY), np.random.default_rng(seed)
    found: dict[str, dict[str, Forecast]] = {}
    for month in ORIGINS:
        cells = tuple(cell for cell in forecast_cells(month) if cell in came)
        middle = np.array([came[cell] for cell in cells])
        found[month] = {
            name: Forecast(cells, middle * np.exp(rng.normal(off, 0.2, (60, len(cells)))))
            for name, off in ((FULL, 0.05), (WITHOUT, 0.2), (STILL, 0.3), (FIRST, 0.1))
        }
        keep = [place for place, cell in enumerate(cells) if cell[2] == "vehicle_gross_margin_pct"]
        first = found[month][FIRST].draws[:, keep]
        found[month][FIRST] = Forecast(tuple(cells[place] for place in keep), first)
    return found


def forecast_cells(month: str) -> tuple[tuple[str, str, str], ...]:
    return forecasts_at(Origin.at(month, HISTORY), at_rest(month, 2), HISTORY, 1)[FULL].cells


@pytest.fixture(scope="module")
def forecasts() -> dict[str, dict[str, Forecast]]:
    return made_forecasts()


@pytest.fixture(scope="module")
def found(forecasts: dict[str, dict[str, Forecast]]) -> Rolling:
    return rolled(forecasts, HISTORY, {"draws": 60, "seed": 1, "edition": EDITION}, ())


def test_weights_are_of_months_of_earlier_origins(forecasts: dict[str, dict[str, Forecast]]) -> None:
    came = actual_figures(HISTORY)
    told = weights(forecasts, came)
    assert list(told) == [*ORIGINS, BASE]
    assert told["2022-12"] == 0.5
    assert told["2023-06"] > 0.5
    for month in ("2023-06", "2024-06"):
        later = {cell: value * (7.0 if cell[1] > month else 1.0) for cell, value in came.items()}
        other = dict(forecasts)
        for one in (one for one in ORIGINS if one >= month):
            other[one] = {name: Forecast(f.cells, f.draws * 3.0) for name, f in forecasts[one].items()}
        again = weights(other, later)
        assert {k: v for k, v in again.items() if k <= month} == {k: v for k, v in told.items() if k <= month}
        assert again[BASE] != told[BASE]


def test_rows_of_a_pool_are_whole(forecasts: dict[str, dict[str, Forecast]]) -> None:
    one, other = forecasts[MONTH][FULL], forecasts[MONTH][WITHOUT]
    pool = pooled(one, other, 0.25, 1)
    of_run = (pool.draws == one.draws).all(axis=1)
    assert of_run.sum() == 15
    assert (pool.draws[~of_run] == other.draws[~of_run]).all()


def test_shipped_weights_are_of_all_origins() -> None:
    told = shipped_weights()
    assert list(told) == [*ORIGINS, BASE]
    assert told["2022-12"] == 0.5
    assert all(0.0 <= weight <= 1.0 for weight in told.values())


# -- scores ------------------------------------------------------------------------------------------


def test_scores_of_logs_and_places_among_the_draws() -> None:
    draws = np.array([[1.0, -2.0], [2.0, 5.0], [4.0, 5.0], [8.0, 9.0]])
    told = log_crps(draws, np.array([2.0, -1.0]))
    assert told[0] == pytest.approx(crps(np.log(draws[:, :1]), np.log([2.0]))[0])
    assert np.isnan(told[1])
    assert pit(draws, np.array([3.0, 5.0])).tolist() == [0.5, 0.5]


def test_a_clustered_error_counts_groups() -> None:
    values = np.repeat([1.0, 3.0, 5.0, 7.0], 10)
    groups = np.repeat(list("abcd"), 10)
    assert clustered(values, groups) == pytest.approx(np.std([1, 3, 5, 7], ddof=1) / 2)
    assert np.isnan(clustered(values, np.repeat("a", 40)))


def test_the_tables_of_origins(found: Rolling) -> None:
    assert tuple(found.rows.columns) == COLUMNS
    assert set(found.rows["model"]) == set(MODELS)
    assert found.rows[["value", "p05", "p50", "p95", "crps", "pit"]].notna().all().all()
    logs = found.rows["metric"].isin(("units", "nev_share_pct"))
    assert (found.rows["log_crps"].notna() == logs).all()
    every = found.scores[(found.scores["origin"] == "all") & (found.scores["who"] == "makers")]
    cars = every[every["metric"] == "units"].set_index("model")
    own = found.rows[(found.rows["metric"] == "units") & (found.rows["entity"] != TOTAL)]
    assert cars.loc[FULL, "log_crps"] == pytest.approx(own[own["model"] == FULL]["log_crps"].mean())
    assert cars.loc[FULL, "less"] == pytest.approx(cars.loc[FULL, "log_crps"] - cars.loc[WITHOUT, "log_crps"])
    assert cars.loc[WITHOUT, "less"] == 0.0
    assert cars.loc[STILL, "crps_ratio"] == 1.0
    assert cars["n"].unique().tolist() == [216]
    assert cars.loc[FULL, "less_se"] > 0


def test_growth_in_place_of_the_runs_is_a_control(forecasts: dict[str, dict[str, Forecast]]) -> None:
    """Where cars are predicted too high, growth makes it worse."""
    came = actual_figures(HISTORY)
    control = control_of(forecasts, came).set_index("origin")["log_crps"]
    still = [log_crps(f.draws[:, k], np.array([came[c] for c in cells]))
             for f, k, cells in (units_of(found[WITHOUT]) for found in forecasts.values())]  # fmt: skip
    assert list(control.index) == [*ORIGINS, "all"]
    assert control["all"] > np.concatenate(still).mean()


def units_of(f: Forecast) -> tuple[Forecast, list[int], list[tuple[str, str, str]]]:
    places = [k for k, cell in enumerate(f.cells) if cell[2] == "units" and cell[0] != TOTAL]
    return f, places, [f.cells[k] for k in places]


def test_the_record_ends_with_april(found: Rolling) -> None:
    assert found.rows[found.rows["origin"] == "2024-12"]["period"].max() == "2025Q1"
    assert found.rows[found.rows["metric"] == "units"]["period"].max() == BASE


def test_the_page_says_what_came_out(found: Rolling) -> None:
    assert verdict(found).startswith("**The simulator helps")
    worse = found.scores.assign(less=found.scores["less"].abs() + 0.01)
    assert verdict(replace(found, scores=worse)).startswith("**The simulator does not help")
    assert origins_table(found).count("\n|") == 2 + 4 * 6
    assert "first edition" in margins_table(found)
    assert '"2025-04" = ' in weights_text(found)
    assert list(pooled_table(found)["origin"]) == [*ORIGINS, "all"]
    assert [drawing.name for drawing in draw_origins(found)] == ["backtest_origins", "backtest_pit"]


# -- the whole ---------------------------------------------------------------------------------------


def test_an_origin_is_drawn_and_scored() -> None:
    origin = Origin.at("2024-12", HISTORY)
    small = replace(origin, scenario=origin.scenario.but({"consumers.draws": 60}))
    drawn, lost = drawn_at(small, HISTORY, 4, 1)
    assert lost == ()
    assert set(drawn) == {FULL, WITHOUT, STILL, FIRST}
    assert not np.allclose(drawn[FULL].draws, drawn[WITHOUT].draws)
    unknowns = [one for one in ranges(small.scenario, small.figures) if one.paths]
    assert len({one.name for one in unknowns}) == len(unknowns)
    ends = [small.scenario.but(changes(unknowns, row)).digest for row in design(unknowns, 2, 1)]
    assert len(set(ends)) == 2


def test_the_command_writes_origins_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: Rolling
) -> None:
    key = {"digest": "x", "edition": EDITION, "draws": 20, "seed": 1}
    monkeypatch.setattr("pricewar.backtest.origin_study.key_of", lambda draws, seed: key | {"seed": seed})
    monkeypatch.setattr("pricewar.backtest.rolling", lambda *args: replace(found, key=key))
    out, runner = tmp_path / "out", CliRunner()
    call = ["backtest", "--origins", "--draws", "20", "--workers", "1", "--out", str(out), "--quiet"]
    done = runner.invoke(app, call)
    assert done.exit_code == 0, done.output
    written = {path.name for path in out.iterdir()}
    assert written == {
        "origins.csv", "origins_scores.csv", "margins.csv", "control.csv", "weights.csv", "figures",
        "run.json",
    }  # fmt: skip
    told = pd.read_csv(out / "origins.csv")
    assert tuple(told.columns) == COLUMNS

    def never(*args: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr("pricewar.backtest.rolling", never)
    again = runner.invoke(app, [*call[:-1], "--json"])
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["weights"] == pytest.approx(found.weights)
    other = runner.invoke(app, [*call, "--seed", "2"])
    assert isinstance(other.exception, AssertionError)  # other draws are not taken for these


@pytest.mark.parametrize("other", [["--wars"], ["--actuals", "x.csv"]])
def test_origins_go_alone(tmp_path: Path, other: list[str]) -> None:
    (tmp_path / "x.csv").write_text("entity,period,metric,value\nBYD,2025-06,units,1\n")
    done = CliRunner().invoke(app, ["backtest", "--origins", *other, "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "--origins" in done.output
