"""Waves of campaigns: who began, who answered whom, and when the last of it was over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from synthetic import results

from pricewar import run
from pricewar.analysis import episodes, waves
from pricewar.results.schema import CAMPAIGNS, WAVES
from pricewar.results.store import Results

MONTHS = 6


@pytest.fixture(scope="module")
def quiet() -> Results:
    return results(seeds=2)


def row(period: int, firm: str, trigger: str = "", lag: int = -1, **more: object) -> dict[str, object]:
    """A campaign of `byd-one-third` with seed 1."""
    return {
        "scenario": "byd-one-third", "seed": 1, "period": period, "month": f"2025-{4 + period:02d}",
        "firm": firm, "role": "follow" if trigger else "lead", "kind": "limited", "announced": 0.1,
        "transaction": 0.05, "coverage": 1.0, "models": f"{firm}-1", "trigger": trigger, "lag_months": lag,
        "ended": -1, **more,
    }  # fmt: skip


def told(quiet: Results, *rows: dict[str, object]) -> Results:
    table = pd.DataFrame(list(rows), columns=[column.name for column in CAMPAIGNS])
    return quiet.but(campaigns=table)


def found(quiet: Results, *rows: dict[str, object]) -> list[dict[str, Any]]:
    table = waves(told(quiet, *rows))
    assert list(table) == [column.name for column in WAVES]
    assert table["campaigns"].sum() == len(rows)
    return table.to_dict("records")


def test_an_answer_to_an_answer_is_of_the_same_wave(quiet: Results) -> None:
    (wave,) = found(
        quiet,
        row(0, "geely", ended=2),
        row(0, "nio", "geely", 0, ended=1, announced=0.2),
        row(1, "xpeng", "nio", 1, ended=4),
    )
    assert (wave["start"], wave["end"], wave["outcome"]) == ("2025-04", "2025-07", "over")
    assert (wave["starter"], wave["joined"]) == ("geely", "nio +0, xpeng +1")
    assert (wave["length"], wave["firms"], wave["campaigns"], wave["spread"]) == (4, 3, 3, 1)
    assert wave["announced"] == 0.2


def test_two_leaders_in_one_month_begin_two_waves(quiet: Results) -> None:
    first, second = found(
        quiet, row(1, "geely", ended=2), row(1, "nio", ended=2), row(1, "xpeng", "nio", 0, ended=2)
    )
    assert (first["starter"], first["joined"], first["firms"]) == ("geely", "", 1)
    assert (second["starter"], second["joined"], second["firms"]) == ("nio", "xpeng +0", 2)


def test_who_cuts_again_in_its_own_wave_does_not_join_it(quiet: Results) -> None:
    (wave,) = found(
        quiet,
        row(0, "geely", ended=1),
        row(0, "nio", "geely", 0, ended=1),
        row(1, "geely", "nio", 1, ended=2),
    )
    assert (wave["joined"], wave["firms"], wave["campaigns"], wave["end"]) == ("nio +0", 2, 3, "2025-05")


def test_answers_to_an_imposed_cut_are_one_wave_that_begins_with_it(quiet: Results) -> None:
    (wave,) = found(quiet, row(0, "geely", "byd", 0, ended=1), row(1, "nio", "byd", 1, ended=2))
    assert (wave["start"], wave["starter"], wave["joined"]) == ("2025-04", "byd", "geely +0, nio +1")
    (before,) = found(quiet, row(0, "geely", "byd", 1, ended=1))
    assert (before["start"], before["starter"]) == ("2025-04", "byd"), "announced before the first month"


def test_a_list_cut_counts_for_six_months_and_an_offer_until_the_end(quiet: Results) -> None:
    last = str(quiet.market["month"].max())
    months = int(quiet.market["period"].max()) + 1
    (listed,) = found(quiet, row(0, "geely", kind="list"))
    assert listed["length"] == min(6, months)
    assert listed["outcome"] == ("over" if months > 6 else "open")
    (stands,) = found(quiet, row(0, "geely"))
    assert (stands["outcome"], stands["end"], stands["length"]) == ("open", last, months)


def test_waves_of_runs_are_apart(quiet: Results) -> None:
    two = found(quiet, row(0, "geely", ended=1), row(0, "nio", "geely", 0, seed=2, ended=1))
    assert [(wave["seed"], wave["starter"], wave["firms"]) for wave in two] == [
        (1, "geely", 1),
        (2, "geely", 2),
    ]


def test_without_campaigns_there_are_no_waves_and_wars_are_told_by_prices_alone(quiet: Results) -> None:
    assert waves(quiet).empty
    table = episodes(quiet)
    assert len(table)
    assert (table["campaigns"] == 0).all()
    assert (table["starter"] == "").all()
    assert (table["joined"] == "").all()


def test_stored_results_without_campaigns_have_no_waves(quiet: Results, tmp_path: Path) -> None:
    quiet.save(tmp_path / "kept")
    again = Results.load(tmp_path / "kept")
    assert waves(again).empty
    assert (episodes(again)["campaigns"] == 0).all()


def test_a_war_by_prices_says_who_began_its_widest_wave(quiet: Results) -> None:
    before, names = episodes(quiet), ["campaigns", "starter", "joined"]
    start = str(before[before["seed"] == 1]["start"].iloc[0])
    first = [row(1, "nio"), row(1, "geely"), row(1, "xpeng", "geely", 0), row(2, "nio", "xpeng", 1)]
    after = episodes(told(quiet, *first))
    pd.testing.assert_frame_equal(after.drop(columns=names), before.drop(columns=names))
    war = after[after["seed"] == 1].iloc[0]
    assert start == "2025-05"
    assert (war["campaigns"], war["starter"], war["joined"]) == (4, "geely", "xpeng +0, nio +1")
    assert after[after["seed"] == 2].iloc[0]["campaigns"] == 0


def test_waves_of_a_run_hold_each_campaign_once() -> None:
    made = run("china-2023", [1, 2])
    table = waves(made)
    assert table["campaigns"].sum() == len(made.campaigns)
    leads = made.campaigns[made.campaigns["role"] == "lead"]
    assert len(table) >= len(leads) > 0
    assert (table["firms"] >= 3).any(), "some cuts are answered"
    assert (table["length"] >= 1).all()
    assert set(table["outcome"]) <= {"over", "open"}
