"""What simulated wars must show beside the record, and a year left out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import tiny
from typer.testing import CliRunner

from pricewar import load, run
from pricewar.backtest.left_out import NULL_DRAWS, Fold, independent
from pricewar.backtest.patterns import COLUMNS, followed, monthly_sd, patterns
from pricewar.backtest.wars import simulated
from pricewar.campaigns.record import MAKERS, Waves, panel
from pricewar.cli.app import app
from pricewar.cli.wars import as_markdown, save
from pricewar.data.history import load_history
from pricewar.experiment.campaign_metrics import CAMPAIGN_METRICS
from pricewar.experiment.metrics import Run, measure


def waves(variance: np.ndarray, pair: np.ndarray) -> Waves:
    zero = np.zeros_like(variance)
    return Waves(zero, variance, zero, pair, zero, zero)


def fold(runs: float, null: float) -> Fold:
    """A record at variance 2 and pair 6; runs and independent makers scatter around other places."""
    luck = np.random.default_rng(1).standard_normal((2, 2, 400))
    return Fold(
        "2025",
        {},
        waves(np.array(2.0), np.array(6.0)),
        waves(runs + 0.5 * luck[0, 0], 3 * runs + luck[0, 1]),
        waves(null + 0.5 * luck[1, 0], 3 * null + luck[1, 1]),
    )


def test_the_score_is_higher_where_the_record_lies() -> None:
    rule, null = fold(2.0, 1.0).scores()
    assert rule > null + 1.0
    turned = fold(1.0, 2.0).scores()
    assert turned[0] < turned[1] - 1.0
    same = fold(1.5, 1.5).scores()
    assert abs(same[0] - same[1]) < 0.3


def test_the_score_does_not_depend_on_the_unit_of_a_statistic() -> None:
    plain = fold(2.0, 1.0)

    def scaled(one: Waves) -> Waves:
        return replace(one, variance=100.0 * one.variance)

    other = replace(plain, record=scaled(plain.record), runs=scaled(plain.runs), null=scaled(plain.null))
    assert other.scores() == pytest.approx(plain.scores())


def test_independent_makers_cut_as_often_as_the_record_and_in_no_clusters() -> None:
    record = panel(load_history())
    null = independent(record, 28)
    assert null.cut_months.shape == (NULL_DRAWS,)
    assert null.cut_months.mean() == pytest.approx(record.cuts.sum(), rel=0.03)
    assert abs(np.nanmean(null.autocorrelation)) < 0.06


def test_answers_are_counted_in_the_month_and_the_next() -> None:
    leads, follows = np.zeros((4, 3), bool), np.zeros((4, 3), bool)
    leads[0, 0], follows[1, 1], follows[2, 2] = True, True, True
    assert followed(leads, follows) == pytest.approx(0.5)
    assert np.isnan(followed(np.zeros((4, 3), bool), follows))


def test_scatter_by_the_month_leaves_slow_moves_and_the_quarter_out() -> None:
    months = np.arange(60)
    slow = 0.1 * np.exp(0.02 * months) * np.where(months % 3 == 2, 1.4, 1.0)
    assert monthly_sd(slow) < 0.02
    shaken = slow * np.exp(0.2 * np.random.default_rng(2).standard_normal(60))
    assert monthly_sd(shaken) == pytest.approx(0.2, rel=0.25)


@pytest.mark.slow
def test_the_table_has_a_row_for_each_pattern_and_says_what_failed(tmp_path: Path) -> None:
    market = load("china-2023").but({"consumers.draws": 100})
    found = patterns(runs=6, refit_seeds=2, steps=1, effects=(1.8,), years=("2023", "2025"), scenario=market)
    table = found.table.set_index("pattern")
    assert tuple(found.table.columns) == COLUMNS
    assert table.index.is_unique
    assert table.loc["fit, all years: variance", "record"] == pytest.approx(1.80, abs=0.01)
    assert table.loc["left out: statistics inside", "asked"] == "6 of 7"
    asked = found.table["asked"] != ""
    assert found.table.loc[asked, "passed"].isin((True, False)).all()
    assert {fold.year for fold in found.folds} == {"2023", "2025"}
    assert found.folds[0].rule != found.folds[1].rule
    text = as_markdown(found)
    assert text.count("\n") == len(found.table) + 2
    save(found, tmp_path / "wars", quick=True)
    told = json.loads((tmp_path / "wars" / "run.json").read_text())
    assert set(told["rules"]) == {"2023", "2025"}


def test_months_alone_are_those_that_are_named() -> None:
    results = run(load("china-2023").but({"consumers.draws": 60, "periods": 8}), seeds=2)
    whole = simulated(results.campaigns, (1, 2), "2023-01", 8, MAKERS)
    some = whole.only(("2023-03", "2023-04"))
    assert np.array_equal(some.leads, whole.leads[:, 2:4])


def test_metrics_of_campaigns_count_the_table() -> None:
    eager = {"kind": "QuotaRace", "lead_usual": -0.5, "follow_usual": 0.5, "patience": None}
    scenario = tiny({"campaigns.on": True, "campaigns.rule": eager, "periods": 12})
    results = run(scenario, seeds=[3]).require_complete()
    one = Run(scenario, 3, results.tables)
    found = measure(one, list(CAMPAIGN_METRICS))
    table = results.campaigns
    assert found["campaigns"] == pytest.approx(len(table) / one.by_firm("active").sum() * 12)
    assert found["campaign_leads"] == (table["role"] == "lead").sum()
    assert found["campaign_depth"] == pytest.approx(100 * table["announced"].median())
    busy = table.groupby("period")["firm"].nunique() >= 2
    assert found["waves"] >= 1
    assert found["waves"] * found["wave_months"] == pytest.approx(busy.sum())
    assert 2 <= found["wave_firms"] <= 3
    peace = tiny({"periods": 12})
    quiet = measure(Run(peace, 3, run(peace, seeds=[3]).tables), list(CAMPAIGN_METRICS))
    assert (quiet["campaigns"], quiet["waves"]) == (0.0, 0.0)
    assert np.isnan(quiet["campaign_depth"])


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--quick"], ["--quick"]),
        (["--wars", "--seed", "3", "--draws", "30"], ["--seed", "--draws"]),
        (["--wars", "--actuals", "none.csv"], ["--actuals"]),
    ],
)
def test_options_that_would_be_ignored_are_refused(words: list[str], named: list[str]) -> None:
    done = CliRunner().invoke(app, ["backtest", *words])
    assert done.exit_code == 2
    assert all(name in done.output + done.stderr for name in named)
