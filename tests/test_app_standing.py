"""Levers that are grey move nothing, all others something; the sentence says what was run."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytest.importorskip("tomli_w", reason="the extra `app` is not installed")

from pricewar.app.levers import BY_KEY, LEVERS
from pricewar.app.playback import frame, tables
from pricewar.app.settings import Settings, first_leader
from pricewar.app.standing import NEEDS, standings
from pricewar.app.told import SEEN, told
from pricewar.scenario.files import load, shipped_scenarios

AWAKE = {"cut_depth": 40.0}
"""A war, deeper than any shipped cut, so that each lever has something to act on."""


def shown(scenario: str, values: dict[str, float]) -> Any:
    found = frame(Settings.model_validate({"scenario": scenario, "a": {"levers": values}}).plan("a").scenario)
    return {key: found[key] for key in ("firm", "market", "explained")}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["baseline", "byd-one-third", "shake-out", "textbook-duopoly"])
def test_a_grey_lever_moves_nothing_and_any_other_something(name: str) -> None:
    scenario = load(name)
    still = shown(name, AWAKE)
    for key, standing in standings(scenario, first_leader(scenario)).items():
        lever = BY_KEY[key]
        ends = [shown(name, {**AWAKE, key: value}) for value in (lever.low, lever.high)]
        moved = any(end != still for end in ends)
        assert moved != bool(standing.dead), f"{name}: {key}: {standing}"


@pytest.mark.parametrize("name", ["baseline", "byd-one-third"])
def test_what_shapes_a_cut_moves_nothing_before_there_is_one(name: str) -> None:
    still = shown(name, {})
    for key, movers in NEEDS.items():
        assert shown(name, {key: BY_KEY[key].high}) == still, key
        for mover in movers:
            lever = BY_KEY[mover]
            on = {mover: lever.low if lever.rest == lever.high else lever.high}
            if mover == "cut_depth":
                assert shown(name, {**on, key: lever.low + 5}) != shown(name, on), (key, mover)


@pytest.mark.parametrize("name", sorted(shipped_scenarios()))
def test_every_lever_of_every_scenario_has_a_standing_in_words(name: str) -> None:
    scenario = load(name)
    for leader in scenario.firms:
        found = standings(scenario, leader)
        assert list(found) == [lever.key for lever in LEVERS]
        for key, one in found.items():
            assert not (one.dead and one.shipped), key
            assert one.dead == "" or one.dead.endswith("."), key


def test_the_sentence_names_who_cuts_when_and_how_deep() -> None:
    scenario = load("byd-one-third")
    results = tables(scenario)
    text = told(scenario, results.firms, results.market)
    below = results.firms["reference_change"] - results.firms["price_change"]
    deepest = results.firms.loc[(100 * below.where(results.firms["active"], 0)).idxmax()]
    assert re.match(r"BYD cuts deepest: 3[3-9]%|BYD cuts deepest: 4\d%", text), text
    assert deepest["firm"] == "byd"
    cutters = (100 * below.where(results.firms["active"], 0)).groupby(results.firms["firm"]).max() >= SEEN
    assert f"{cutters.sum() - 1} of 21 rivals cut too" in text
    assert f"peaks at {results.market['war_index'].max():.1f}%" in text


def test_the_sentence_of_a_peace_tells_of_no_war() -> None:
    peace = load("baseline").but({"campaigns.on": False, "noise.firm_sd": {}})
    results = tables(peace)
    assert told(peace, results.firms, results.market).startswith("Peace")
