"""The record of 2022 to April 2025: what it says, the markets made from it, and campaigns fitted to it."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pricewar import InputError, load
from pricewar.backtest.moments import refit
from pricewar.backtest.propensity import near, propensities, record
from pricewar.backtest.value import share_values
from pricewar.backtest.wars import simulated, sizes
from pricewar.campaigns import QuotaRace
from pricewar.campaigns.fit import PRIORS, fit
from pricewar.campaigns.record import FIRST, MAKERS, MONTHS, Panel, Waves, follow_ratios, panel
from pricewar.cli.propensity import as_toml, save
from pricewar.data import load_market_data
from pricewar.data.builder import SHIPPED, campaign_table, market_at
from pricewar.data.builder.ambitions import ambitions
from pricewar.data.history import FOLDER, LAST, load_history
from pricewar.runs import run
from pricewar.scenario.tree import Scenario

HISTORY = load_history()


@pytest.fixture(scope="module")
def china() -> Scenario:
    return load("china-2023").but({"consumers.draws": 200})


def test_the_record_has_the_clusters_that_its_page_states() -> None:
    waves = Waves.of(panel(HISTORY).cuts)
    assert waves.cut_months == 34
    assert waves.variance == pytest.approx(1.80, abs=0.01)
    assert waves.autocorrelation == pytest.approx(0.31, abs=0.01)
    assert (waves.largest_pair, waves.busy_months, waves.waves) == (8, 5, 3)


def test_independent_makers_would_not_cut_in_such_clusters() -> None:
    """Of six makers with their own rates and nothing in common, nine in ten vary less than the record."""
    found = panel(HISTORY)
    luck = np.random.default_rng(5).random((4000, *found.cuts.shape))
    waves = Waves.of(luck < found.cuts.mean(axis=0))
    assert np.quantile(waves.variance, 0.9) < 1.8
    assert np.nanquantile(waves.autocorrelation, 0.9) < 0.31


def test_sizes_and_ratios_of_the_record() -> None:
    cuts = HISTORY.cuts()
    own = cuts[(cuts["month"] >= "2022-10") & cuts["firm"].isin(MAKERS)]["size"]
    assert (round(own.median(), 3), own.notna().sum()) == (0.086, 44)
    assert follow_ratios(HISTORY)["ratio"].median() == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize("table", ["moves", "targets", "monthly", "margins", "models", "firms", "market"])
def test_every_row_has_a_source_and_nothing_is_later_than_april_2025(table: str) -> None:
    frame = getattr(HISTORY, table)
    assert frame["source"].notna().all()
    for column in ("announced", "month"):
        if column in frame:
            assert frame[column].str[:7].max() <= LAST


def test_waves_keep_a_leading_axis_of_runs() -> None:
    cuts = np.random.default_rng(1).random((3, 12, 6)) < 0.3
    together = Waves.of(cuts)
    for place in range(3):
        assert Waves.of(cuts[place]).variance == together.variance[place]
    assert np.isnan(Waves.of(np.zeros((4, 2), bool)).autocorrelation)


def test_an_answer_is_to_what_was_announced_before_it() -> None:
    """Xpeng followed Tesla's cut of 6 January 2023 on the 17th; a rival that is less near counts less."""
    flat, halved = panel(HISTORY), panel(HISTORY, pd.DataFrame(0.25, index=MAKERS, columns=MAKERS))
    xpeng = MAKERS.index("xpeng")
    assert flat.announced[0, xpeng] == pytest.approx(0.135)
    assert halved.announced[0, xpeng] == pytest.approx(0.135 / 4)
    assert flat.announced[0, MAKERS.index("tesla")] < 0.135
    assert set(flat.years("2024").months) == {f"2024-{month:02d}" for month in range(1, 13)}


def test_the_fit_finds_the_parameters_that_made_a_record() -> None:
    luck = np.random.default_rng(3)
    shape = (600, 6)
    pull = luck.choice([0.0, 0.03, 0.1, 0.3], shape)
    makers = np.array([-1.5, -1.2, -3.0, -3.2, -2.8, -2.0])
    leads = luck.random(shape) < 1 / (1 + np.exp(-makers))
    logit = -3.5 + 0.6 * np.log1p(100 * pull)
    follows = ~leads & (pull > 0) & (luck.random(shape) < 1 - (1 - 1 / (1 + np.exp(-logit))) ** 2)
    months = tuple(f"{2000 + t // 12}-{t % 12 + 1:02d}" for t in range(600))
    found = fit(Panel(MAKERS, months, leads, follows, pull), HISTORY)
    assert found.value("follow_size") == pytest.approx(0.6, abs=0.15)
    assert found.value("follow_usual") == pytest.approx(-3.5, abs=0.5)
    assert found.makers["lead"].to_numpy() == pytest.approx(makers, abs=0.5)


def test_a_fit_states_priors_errors_and_what_the_record_moved() -> None:
    found = fit(panel(HISTORY), HISTORY)
    table = found.parameters.set_index("parameter")
    assert set(PRIORS) <= set(table.index)
    assert (table["se"] > 0).all()
    assert table.loc["follow_size", "se"] < 0.7 * table.loc["follow_size", "prior_sd"]
    assert table.loc["quarters.1", "se"] > 0.7 * table.loc["quarters.1", "prior_sd"], "said to be prior"
    assert QuotaRace.model_validate(found.rule()).lead["tesla"] > -2
    nobody = Panel(("byd",), ("2023-01",), *(np.zeros((1, 1), bool),) * 2, np.zeros((1, 1)))
    with pytest.raises(InputError, match="no lead or no follow"):
        fit(nobody, HISTORY)


@pytest.mark.parametrize("month", SHIPPED)
def test_a_shipped_market_is_what_the_builder_makes(month: str) -> None:
    shipped = files("pricewar.data").joinpath(f"china_nev_{month.replace('-', '_')}")
    for name, frame in market_at(month).items():
        with shipped.joinpath(f"{name}.csv").open(encoding="utf-8") as handle:
            assert handle.read() == frame.to_csv(index=False, lineterminator="\n")
    market = load_market_data(f"china_nev_{month.replace('-', '_')}")
    assert (market.products["launch"] <= month).all()
    assert market.products["units"].sum() == market.market["nev_retail"]


def test_units_of_december_2022_are_those_of_the_quarter() -> None:
    units = load_market_data("china_nev_2022_12").firms["units"]
    assert units.sum() == 598_000
    assert units["byd"] == round(648_857 / 3)
    assert units["tesla"] == round(121_619 / 3)


@pytest.mark.parametrize("month", ["2022-11", "2023-05", "2025-04", "2023", 7])
def test_other_months_are_refused(month: object) -> None:
    with pytest.raises(InputError, match="last month of a quarter"):
        market_at(month)  # type: ignore[arg-type]


def test_ambitions_are_targets_over_last_year_and_expected_growth() -> None:
    found = ambitions(HISTORY, LAST)
    assert found["byd"]["2024"] == pytest.approx(3_600_000 / (3_024_417 * 1.21), abs=0.01)
    assert "2025" not in ambitions(HISTORY, "2024-06").get("byd", {})


def test_the_markets_have_the_campaigns_that_were_fitted() -> None:
    path = files("pricewar.data").joinpath(FOLDER, "campaigns.toml")
    rule = tomllib.loads(path.read_text(encoding="utf-8"))
    for name in ("china_nev_2022_12", "china_nev_2025_04b"):
        held = load_market_data(name).scenario["campaigns"]
        assert held["rule"] == {"kind": "QuotaRace", **rule}
    assert campaign_table(["byd"])["quotas"].keys() == {"byd"}
    assert load("china-2023").campaigns.rule == QuotaRace.model_validate(rule)


def test_runs_are_counted_as_the_record_is(china: Scenario) -> None:
    results = run(china, [1, 2, 3])
    seen = simulated(results.campaigns, [1, 2, 3, 99], FIRST, MONTHS)
    own = results.campaigns[results.campaigns["firm"].isin(MAKERS)]
    months = own.drop_duplicates(["seed", "month", "firm"])
    assert seen.cuts.sum() == len(months)
    assert not seen.cuts[3].any()
    assert 0 < sizes(results)["by_two"] <= 1
    assert seen.waves("2024-01", 12).cut_months.tolist() == seen.cuts[:, 12:24].sum(axis=(1, 2)).tolist()


def test_a_refit_moves_towards_the_record_and_gives_a_rule(china: Scenario, tmp_path: Path) -> None:
    short = propensities(china, seeds=(1001, 1002, 1003, 1004), steps=3, effects=(1.0,))
    moments = short.refit.moments.set_index("moment")
    likelihood = refit(short.fit, record(china), china, (1001, 1002, 1003, 1004), 1, (1.0,)).moments
    first = likelihood.set_index("moment")
    target = moments.loc["cut months as leader", "record"]
    gap = [abs(table.loc["cut months as leader", "simulated"] - target) for table in (first, moments)]
    assert gap[1] <= gap[0] + 2
    assert QuotaRace.model_validate(tomllib.loads(as_toml(short.refit.rule))).lead.keys() == set(MAKERS)
    save(short, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "parameters.csv", "makers.csv", "moments.csv", "values.csv", "campaigns.toml", "run.json",
    }  # fmt: skip
    assert (near(china).to_numpy().diagonal() == 0).all()


def test_what_a_share_is_worth_later_is_small_where_plants_are_free(china: Scenario) -> None:
    values = share_values(china, ("tesla", "nio")).set_index("firm")
    assert (values["gained"] > 0.2).all()
    assert (values["value"].abs() < 0.5).all()


def test_tables_name_no_month_after_the_last_in_their_notes() -> None:
    """A note may say that something was reported later, but no table knows what came after April 2025."""
    text = "".join(str(value) for value in HISTORY.targets["note"].dropna())
    assert not re.search(r"2025-(0[5-9]|1[0-2])", text)
