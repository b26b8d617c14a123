"""Long horizons: recoupment by year, who enters, jobs as ranges, the shipped study of ten years."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import tiny
from test_policy import CUT, tree

from pricewar.experiment.metrics import Run
from pricewar.experiment.pool import SerialExecutor
from pricewar.experiment.work import simulate
from pricewar.policy import NONE, PEACE, PolicyStudy, load_policy, policy_from, run_policy
from pricewar.policy.courts import Case
from pricewar.policy.jobs import FOLLOW, PER_THOUSAND, jobs
from pricewar.policy.measures import names, outcomes
from pricewar.report.policy import write_tables
from pricewar.results.metrics import sacrifice_and_recoupment

NEW = {"units": 0.0, "like": "ace-small"}


def long(periods: int, **parts: Any) -> Run:
    return simulate(tiny(periods=periods, **parts), 1)


def test_recoupment_is_told_at_each_horizon_that_the_run_reaches() -> None:
    peace, war = long(60), long(60, events=[CUT])
    found = outcomes(war, war, peace, 0.05)
    assert found["recouped.5"] == found["recouped"]
    assert "recouped.10" not in found
    case, firm = Case(war, peace, 0.05), war.names.index(war.leader)
    paths = [x.operating_profit[:24, firm] for x in (case.ledger, case.but_for)]
    alone = sacrifice_and_recoupment(*paths, annual_rate=0.05)
    assert found["recouped.2"] == pytest.approx(alone.recoupment / alone.sacrifice)
    assert found["recouped.2"] < found["recouped.5"]  # what was lost in four months comes back with time
    assert set(names(60)) - set(names(23)) == {"recouped.2", "recouped.5"}


def test_who_enters_is_counted() -> None:
    enters = {"kind": "Entry", "month": "2025-04", "firm": "bolt"}
    later = {
        f"products.{name}.{part}": value for name in ("bolt-small", "bolt-suv") for part, value in NEW.items()
    }
    without = simulate(tiny(later, periods=8), 1)
    entered = simulate(tiny(later, periods=8, events=[enters]), 1)
    assert outcomes(without, without, without, 0.0)["entries"] == 0.0
    assert outcomes(entered, entered, entered, 0.0)["entries"] == 1.0


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> PolicyStudy:
    return run_policy(policy_from(tree(), "s"), SerialExecutor(), store=tmp_path_factory.mktemp("s"))


def test_jobs_follow_cars_within_the_assumed_ranges(study: PolicyStudy) -> None:
    """By hand: a thousand cars more a year are at least 20 x 0.3 and at most 60 jobs at makers."""
    flat = study.options.assign(deliveries=1e6, petrol_cars=5e5)
    years = study.spec.scenario(NONE).periods / 12.0
    flat.loc[flat["option"] == "ban", "deliveries"] -= 3000.0 * years
    flat.loc[flat["option"] == "ban", "petrol_cars"] += 1000.0 * years
    table = jobs(PolicyStudy(study.spec, flat, study.paths)).set_index(["option", "where"])
    assert (table.loc[NONE].to_numpy() == 0).all()
    for where, (low, high) in PER_THOUSAND.items():
        row = table.loc[("ban", where)]
        assert -2.0 * high * FOLLOW[1] <= row["p05"] < row["mean"] < row["p95"] <= -2.0 * low * FOLLOW[0]
        middle = (low + high) / 2 * sum(FOLLOW) / 2
        assert row["mean"] == pytest.approx(-2.0 * middle, rel=0.03)
    parts = table.loc["ban"].drop("all")["mean"].sum()
    assert table.loc[("ban", "all"), "mean"] == pytest.approx(parts)


def test_jobs_are_among_the_tables(study: PolicyStudy, tmp_path: Path) -> None:
    write_tables(study, tmp_path)
    table = pd.read_csv(tmp_path / "jobs.csv")
    assert set(table["option"]) == {PEACE, *study.spec.options}
    assert np.isfinite(table[["mean", "p05", "p95"]]).all().all()


def test_the_shipped_study_of_ten_years() -> None:
    spec = load_policy("long-run")
    months = {spec.futures[i]["entry"] for i in range(len(spec.futures))}
    assert len(months) == 4
    war = spec.scenario("payment", spec.futures[0])
    assert war.periods == 120
    assert war.firms["newcomer"].cash == spec.futures[0]["newcomer"]
    assert {firm.credit_months for firm in war.firms.values()} == {spec.futures[0]["credit"]}
    assert [event.month for event in war.events if event.kind == "Entry"] == [spec.futures[0]["entry"]]
