"""What Explore holds a run against: its peace, and the same run with other luck."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from app_server import Client, serving

from pricewar.app.peace import SEEDS, peace, series
from pricewar.runs import run
from pricewar.scenario.files import load

WAR = "scenario=byd-may-2025&a.cut_depth=30&a.warning=60"
SHORT = "scenario=textbook-duopoly"


@pytest.fixture(scope="module")
def site() -> Iterator[Client]:
    with serving() as client:
        yield client


def prices(of: dict[str, Any], firm: str) -> np.ndarray[Any, Any]:
    return np.array(of["firm"]["price_change"][firm], float)


def test_peace_has_no_cut_and_no_campaign_and_keeps_all_else() -> None:
    war = load("byd-may-2025")
    calm = peace(war)
    assert {event.kind for event in war.events} - {event.kind for event in calm.events} == {"CampaignCut"}
    assert war.campaigns.on
    assert not calm.campaigns.on
    assert calm.interventions == war.interventions
    assert calm.firms == war.firms
    assert calm.seed == war.seed
    assert peace(calm).digest == calm.digest


def test_the_page_gets_the_peace_of_each_run_with_the_same_luck(site: Client) -> None:
    both = site.get(f"/api/run?{WAR}&seed=4&compare=1&peace=1").json
    assert [len(both[part]) for part in ("runs", "peace")] == [2, 2]
    assert "peace" not in site.get(f"/api/run?{WAR}&seed=4").json
    calm = peace(load("byd-may-2025")).but(seed=4)
    found = run(calm, uncertainty="luck").require_complete()
    byd = found.firms[found.firms["firm"] == "byd"]["price_change"].to_numpy()
    np.testing.assert_array_equal(prices(both["peace"][1], "byd"), 100 * byd)
    war, rest = (prices(one, "byd") for one in (both["runs"][0], both["peace"][0]))
    assert (war - rest).min() < -20
    index = [max(both[part][0]["market"]["war_index"]) for part in ("runs", "peace")]
    assert index[1] < index[0] / 3


def test_a_strand_of_the_band_is_the_run_with_that_seed(site: Client) -> None:
    strand = site.get(f"/api/luck?{WAR}&number=7&seed=3&peace=1").json
    again = site.get(f"/api/run?{WAR}&seed=7&peace=1").json
    assert strand["runs"][0]["firm"]["share"] == again["runs"][0]["firm"]["share"]
    assert strand["peace"] == again["peace"]
    assert strand["runs"] != site.get(f"/api/luck?{WAR}&number=8").json["runs"]
    assert set(strand["runs"][0]["firm"]) == {"price_change", "share", "gross_margin", "runway"}


@pytest.mark.parametrize("number", ["", "0", str(SEEDS + 1), "1.5", "x", "²", "9" * 400])
def test_the_number_of_a_strand_is_checked(site: Client, number: str) -> None:
    answer = site.get(f"/api/luck?{SHORT}&number={quote(number)}")
    assert answer.status == 422
    assert f"allowed: a whole number from 1 to {SEEDS}" in answer.json["error"]


def test_series_are_kept_and_say_only_what_charts_draw() -> None:
    scenario = load("textbook-duopoly")
    first = series(scenario)
    assert series(scenario) is first
    assert set(first) == {"firm", "market"}
    assert set(first["market"]) == {"war_index", "buyers_gain"}
