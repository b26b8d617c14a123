"""Settings of the page: links, levers, and the file that says the same as the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("tomli_w", reason="the extra `app` is not installed")

from pricewar.app.api import csv_files
from pricewar.app.frames import buyers_gain
from pricewar.app.happenings import HAPPENINGS
from pricewar.app.levers import LEVERS, best_sellers, overlay
from pricewar.app.playback import frame, tables
from pricewar.app.settings import Act, Settings, read_settings
from pricewar.base.errors import InputError
from pricewar.runs import run
from pricewar.scenario.files import load, shipped_scenarios

LINK = {
    "scenario": "byd-may-2025",
    "seed": "7",
    "leader": "geely",
    "a.cut_depth": "25",
    "a.cut_breadth": "40",
    "a.follow_rate": "90",
    "a.acts": "crash@4:xiaomi:40,warning@6::60",
    "b.elasticity": "-3",
    "compare": "1",
}


def lever_values() -> st.SearchStrategy[dict[str, float]]:
    on_grid = {
        lever.key: st.integers(0, round((lever.high - lever.low) / lever.step)).map(
            lambda n, lever=lever: lever.low + n * lever.step
        )
        for lever in LEVERS
    }
    return st.fixed_dictionaries({}, optional=on_grid)


def test_a_link_is_read_back_as_it_was_written() -> None:
    found = read_settings(LINK)
    assert read_settings(found.query) == found
    assert found.a.acts[0] == Act(sort="crash", period=4, firm="xiaomi", size=40)
    assert found.b is not None
    assert found.b.levers == {"elasticity": -3.0}


@settings(deadline=None, max_examples=25)
@given(lever_values())
def test_any_setting_of_the_levers_is_a_valid_scenario_and_survives_its_link(
    values: dict[str, float],
) -> None:
    chosen = Settings.model_validate({"scenario": "baseline", "a": {"levers": values}})
    assert read_settings(chosen.query) == chosen
    scenario = chosen.plan("a").scenario
    assert scenario.periods == load("baseline").periods
    assert bool(values.get("cut_depth")) == (len(scenario.events) > len(load("baseline").events))


@pytest.mark.parametrize("name", sorted(shipped_scenarios()))
def test_every_scenario_can_be_explored_and_cut(name: str) -> None:
    chosen = Settings.model_validate(
        {"scenario": name, "a": {"levers": {"cut_depth": 20.0, "warning": 50.0}}}
    )
    scenario = chosen.plan("a").scenario
    assert len(scenario.events) == len(load(name).events) + 1
    assert len(scenario.interventions) == len(load(name).interventions) + 1


@pytest.mark.parametrize("side", ["a", "b"])
def test_the_file_of_the_page_runs_to_the_same_numbers(tmp_path: Path, side: str) -> None:
    plan = read_settings(LINK).plan(side)  # type: ignore[arg-type]
    path = tmp_path / f"{plan.scenario.name}.toml"
    path.write_text(plan.toml, encoding="utf-8")
    assert load(path) == plan.scenario
    shown, again = frame(plan.scenario), run(path).market
    assert np.array_equal(np.array(shown["raw"]["price_index"]), again["price_index"])
    assert np.array_equal(np.array(shown["raw"]["buyers_gain"]), buyers_gain(load(path), again))


def test_the_page_shows_the_campaigns_of_the_run_where_they_are_on() -> None:
    scenario = read_settings({"scenario": "china-2023"}).plan("a").scenario
    shown, held = frame(scenario)["campaigns"], tables(scenario)
    table = held.campaigns.sort_values("period", kind="stable")
    assert [one["firm"] for one in shown] == list(table["firm"])
    np.testing.assert_allclose([one["announced"] for one in shown], 100 * table["announced"])
    left = held.firms[~held.firms["active"]].groupby("firm")["period"].min()
    for one, ended in zip(shown, table["ended"], strict=True):
        assert one["period"] < one["end"] <= min(scenario.periods, left.get(one["firm"], scenario.periods))
        assert ended in (-1, one["end"]) or one["end"] == left[one["firm"]]
        assert (one["trigger"] == "") == (one["role"] == "lead")
    assert "china-2023-a-campaigns.csv" in csv_files(held, "china-2023-a")
    quiet = read_settings({"scenario": "textbook-duopoly"}).plan("a").scenario
    assert frame(quiet)["campaigns"] is None
    assert "quiet-campaigns.csv" not in csv_files(tables(quiet), "quiet")


def test_an_act_leaves_the_months_before_it_as_they_were() -> None:
    before = tables(read_settings({"scenario": "baseline"}).plan("a").scenario).products
    after = tables(
        read_settings({"scenario": "baseline", "a.acts": "cut@9:byd:30"}).plan("a").scenario
    ).products
    past = before["period"] < 9
    assert before.loc[past, "units"].equals(after.loc[past, "units"])
    assert not before.loc[~past, "units"].equals(after.loc[~past, "units"])


@pytest.mark.parametrize("sort", sorted(HAPPENINGS))
def test_every_act_changes_the_run(sort: str) -> None:
    happening = HAPPENINGS[sort]
    act = f"{sort}@6:{'byd' if happening.firm else ''}:{happening.usual}"
    link = {
        "scenario": "baseline",
        "a.cut_depth": "40",
        "a.cut_start": "6",
        "b.cut_depth": "40",
        "b.cut_start": "6",
    }
    found = read_settings({**link, "b.acts": act})
    if sort == "cut":  # the deeper cut holds, so against a cut of 40% one must be deeper
        found = read_settings({**link, "b.acts": "cut@6:geely:30"})
    one, other = (tables(found.plan(side).scenario).market for side in ("a", "b"))  # type: ignore[arg-type]
    assert np.abs(one["consumer_surplus"] - other["consumer_surplus"]).max() > 0


def test_levers_move_what_they_name() -> None:
    base = load("baseline")
    tree = overlay(base, "byd", {"follow_rate": 80.0, "cash": 50.0, "waiting": 0.0, "elasticity": -3.0})
    changed = (
        Settings.model_validate(
            {"a": {"levers": {"follow_rate": 80.0, "cash": 50.0, "waiting": 0.0, "elasticity": -3.0}}}
        )
        .plan("a")
        .scenario
    )
    assert changed.firms["geely"].strategy.follow_rate == 0.8  # type: ignore[attr-defined]
    assert changed.firms["byd"].strategy == base.firms["byd"].strategy
    assert changed.firms["nio"].cash == base.firms["nio"].cash / 2
    assert changed.firms["byd"].cash == base.firms["byd"].cash
    assert not changed.dynamics.waiting.on
    assert tree["demand"]["own_elasticity"] == -3.0


@given(share=st.floats(0.01, 1.0))
@settings(deadline=None, max_examples=30)
def test_breadth_takes_best_sellers_first_and_no_more_than_needed(share: float) -> None:
    base = load("baseline")
    units = {key: p.units for key, p in base.products.items() if p.firm == "byd" and p.units > 0}
    chosen = best_sellers(base, "byd", share)
    sold, whole = sum(units[key] for key in chosen), sum(units.values())
    assert sold >= share * whole * (1 - 1e-6)
    assert sold - units[chosen[-1]] < share * whole
    assert min(units[key] for key in chosen) >= max(
        [u for key, u in units.items() if key not in chosen], default=0
    )


@pytest.mark.parametrize(
    ("link", "place"),
    [
        ({"scenario": "no-such"}, "scenario"),
        ({"seed": "-1"}, "seed"),
        ({"seed": "x"}, "seed"),
        ({"leader": "ford"}, "leader"),
        ({"a.cut_depth": "90"}, "a.levers"),
        ({"a.no_lever": "1"}, "a.levers"),
        ({"a.cut_depth": "deep"}, "a.cut_depth"),
        ({"a.cut_depth": "nan"}, "a.levers"),
        ({"a.acts": "cut@2:byd:99"}, "a.acts"),
        ({"a.acts": "flood@2:byd:9"}, "a.acts"),
        ({"a.acts": "cut@2::20"}, "a.acts"),
        ({"a.acts": "cut at two"}, "a.acts"),
    ],
)
def test_a_wrong_link_names_its_place(link: dict[str, str], place: str) -> None:
    with pytest.raises(InputError) as error:
        read_settings({"scenario": "baseline", **link})
    assert any(problem.place.startswith(place) for problem in error.value.problems)


def test_an_act_on_an_unknown_firm_or_after_the_end_is_refused() -> None:
    for act in ("cut@4:ford:20", "warning@400::60"):
        with pytest.raises(InputError):
            _ = read_settings({"scenario": "baseline", "a.acts": act}).plan("a").scenario


def test_units_of_all_charts_and_levers_are_given() -> None:
    from pricewar.app.frames import PALETTE, catalogue
    from pricewar.plots import style

    assert all(chart["unit"] for chart in catalogue())
    assert all(lever.unit and lever.meaning for lever in LEVERS)
    assert PALETTE == style.PALETTE
