"""The three example markets in a browser: page and game open on each, in its own words, money and digits.

With PRICEWAR_SHOTS=FOLDER each place is kept as a picture of a phone, a laptop and the wall.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from app_browser import Watch, at_round, browser, opened, set_price, site, visit  # noqa: F401
from test_app_pictures import look
from test_foreign_words import FOREIGN
from test_from_table import ASKED

from pricewar import Scenario, market_from
from pricewar.app.opened import open_markets
from pricewar.from_table.examples import example_tables

pytestmark = pytest.mark.slow
SEEN = """() => {
  const texts = [], words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const node = words.currentNode;
    if (!node.parentElement.closest("#scenario, #market, script, style")) texts.push(node.data.trim());
  }
  for (const one of document.querySelectorAll("[title], [aria-label], [aria-valuetext], [placeholder]"))
    if (!one.closest("#scenario, #market"))
      for (const name of ["title", "aria-label", "aria-valuetext", "placeholder"]) texts.push(one.getAttribute(name) ?? "");
  return [document.title, ...texts];
}"""
"""All that a page says, to the eye and to the ear, but for the lists of markets to choose from: others are in them."""


@pytest.fixture(scope="module", params=list(ASKED))
def market(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    made = market_from(example_tables()[request.param], **ASKED[request.param])
    open_markets([made.save(tmp_path_factory.mktemp("own") / "market")])
    yield made.scenario
    open_markets([])


def own_words(page: Any, market: Scenario, *wanted: str) -> None:
    said = page.evaluate(SEEN)
    assert [text for text in said if FOREIGN.search(text)] == []
    for text in (market.market.currency, *wanted):
        assert any(text in one for one in said), text


def test_the_page_opens_on_it(visit: Any, market: Scenario) -> None:  # noqa: F811
    page, watch = visit("/explore", "laptop")
    page.wait_for_selector("#figures")
    assert page.input_value("#scenario") == market.name
    own_words(page, market, f"{market.period}s", f"% of {market.market.unit}")
    look(page, "#figures", f"own_explore_{market.name}")
    page.evaluate("() => { document.getElementById('time').value = 4; document.getElementById('time').oninput({target: document.getElementById('time')}); }")
    for act in ("cut", "subsidy", "crash", "warning"):
        page.click(f"#act-{act}")
        page.wait_for_function("() => document.getElementById('tell').classList.contains('on')")
        own_words(page, market)
    page.click("#compare")
    page.wait_for_selector(f"td[data-run='{market.name}-b']")
    own_words(page, market)
    look(page, f"td[data-run='{market.name}-b']", f"own_compare_{market.name}")
    assert watch.errors == []


def test_a_game_is_played_on_it(visit: Any, market: Scenario) -> None:  # noqa: F811
    teacher, watch, code = opened(visit, 4)
    own_words(teacher, market, f"{market.market.currency} {market.words.a_unit}")
    pages = [seat(visit, code, name) for name in ("Ann", "Bo")]
    (ann, ann_watch), (bo, bo_watch) = pages
    look(teacher, "#game-code", f"own_hall_{market.name}", code)
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
        first = float(ann.input_value("#list-price"))
        cut = round(0.93 * first, 2) if number < 3 else first
        asked_and_stands(ann, cut)
        asked_and_stands(bo, float(bo.input_value("#list-price")))
    at_round(ann, 4)
    teacher.click("#end")
    teacher.click("#end-yes")
    for page in (teacher, ann):
        page.wait_for_selector("#debrief-card")
        own_words(page, market, f"{market.period}")
    look(teacher, "#debrief-card", f"own_debrief_{market.name}", code)
    look(ann, "#debrief-card", f"own_debrief_player_{market.name}", code)
    assert [error for one in (watch, ann_watch, bo_watch) for error in one.errors] == []


def seat(visit: Any, code: str, name: str) -> tuple[Any, Watch]:  # noqa: F811
    from app_browser import join

    return join(visit, code, name)


def asked_and_stands(page: Any, price: float) -> None:
    """Cents that are asked for are cents that stand, on the player's page and in the next month's books."""
    set_price(page, price)
    page.wait_for_function(
        "(price) => [...document.querySelectorAll('#decided, #tell.on')].length > 0", arg=price
    )
    decided = page.query_selector("#decided")
    if decided:
        assert f"{price:,.2f}" in decided.inner_text()
