"""The three example markets in a browser: page and game open on each, in its own words, money and digits.

With PRICEWAR_SHOTS=FOLDER each place is kept as a picture of a phone, a laptop and the wall.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from app_browser import at_round, browser, join, opened, set_price, site, visit  # noqa: F401
from test_app_pictures import look
from test_foreign_words import FOREIGN
from test_from_table import ASKED

from pricewar import Scenario, market_from
from pricewar.app.opened import open_markets
from pricewar.from_table.examples import example_tables

pytestmark = pytest.mark.slow
SAID = """() => {
  const others = "#scenario, #market, script, style";
  const texts = [document.title];
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode())
    if (!nodes.currentNode.parentElement.closest(others)) texts.push(nodes.currentNode.data.trim());
  for (const name of ["title", "aria-label", "aria-valuetext", "placeholder"])
    for (const one of document.querySelectorAll(`[${name}]`))
      if (!one.closest(others)) texts.push(one.getAttribute(name));
  return texts;
}"""
"""All that a page says, to eye and ear, but for lists of markets to choose from: others are in them."""
TO_MONTH_FOUR = """() => {
  const time = document.getElementById("time");
  time.value = 4;
  time.oninput({ target: time });
}"""
TOLD = "() => document.getElementById('tell').classList.contains('on')"


@pytest.fixture(scope="module", params=list(ASKED))
def market(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    made = market_from(example_tables()[request.param], **ASKED[request.param])
    open_markets([made.save(tmp_path_factory.mktemp("own") / "market")])
    yield made.scenario
    open_markets([])


def own_words(page: Any, market: Scenario, *wanted: str) -> None:
    said = page.evaluate(SAID)
    assert [text for text in said if FOREIGN.search(text)] == []
    for text in (market.market.currency, *wanted):
        assert any(text in one for one in said), text


def test_the_page_opens_on_it(visit: Any, market: Scenario) -> None:  # noqa: F811
    page, watch = visit("/explore", "laptop")
    page.wait_for_selector("#figures")
    assert page.input_value("#scenario") == market.name
    own_words(page, market, f"{market.period}s", f"% of {market.market.unit}", f"{market.words.a_unit} that")
    for chart in page.query_selector_all("[data-chart]"):
        ticks = chart.query_selector_all("[aria-label='x-axis tick label'] text")
        assert len(ticks) > 1, f"{chart.get_attribute('data-chart')}: no dates on its axis"
    look(page, "#figures", f"own_explore_{market.name}")
    page.evaluate(TO_MONTH_FOUR)
    for act in ("cut", "subsidy", "crash", "warning"):
        page.click(f"#act-{act}")
        page.wait_for_function(TOLD)
        own_words(page, market)
    page.click("#compare")
    page.wait_for_selector(f"td[data-run='{market.name}-b']")
    own_words(page, market)
    look(page, f"td[data-run='{market.name}-b']", f"own_compare_{market.name}")
    assert watch.errors == []


def test_a_game_is_played_on_it(visit: Any, market: Scenario) -> None:  # noqa: F811
    teacher, watch, code = opened(visit, 4, 900, market.name)
    own_words(teacher, market, f"{market.market.currency} {market.words.a_unit}")
    (ann, ann_watch), (bo, bo_watch) = (join(visit, code, name) for name in ("Ann", "Bo"))
    teacher.click("#start")
    for number in (1, 2, 3):
        at_round(ann, number)
        at_round(bo, number)
        if number == 3:
            teacher.click("#do-below_cost")
            teacher.click("#do-subsidy")
            ann.wait_for_selector("#floor")
        for page in (teacher, ann, bo):
            own_words(page, market)
        if number == 2:
            look(ann, "#decide:enabled", f"own_decide_{market.name}", code)
            look(teacher, "#board-table", f"own_board_{market.name}", code)
        was = float(ann.input_value("#list-price"))
        asked = was if number == 3 else round(0.93 * was, 2)
        set_price(ann, asked)
        ann.wait_for_selector("#decided")
        assert f"Decided: {asked:,.2f} {market.market.currency}" in ann.inner_text("#decided")
        set_price(bo, float(bo.input_value("#list-price")))
        if number < 3:
            at_round(ann, number + 1)
            assert float(ann.input_value("#list-price")) == asked  # cents stand over the round
    at_round(ann, 4)
    teacher.click("#end")
    teacher.click("#end-yes")
    for page in (teacher, ann):
        page.wait_for_selector("#debrief-card")
        own_words(page, market)
    look(teacher, "#debrief-card", f"own_debrief_{market.name}", code)
    look(ann, "#debrief-card", f"own_debrief_player_{market.name}", code)
    assert [error for one in (watch, ann_watch, bo_watch) for error in one.errors] == []
