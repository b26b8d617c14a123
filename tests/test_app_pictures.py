"""Every page and every state of the game that matters, on a phone, a laptop and the wall: it holds together.

With PRICEWAR_SHOTS=FOLDER each is kept as a picture, app_NAME_SIZE.png; `pricewar/publish/shots.py` says
which of them the documentation shows.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from app_browser import (  # noqa: F401
    SIZES,
    at_round,
    browser,
    holds_together,
    join,
    opened,
    set_price,
    site,
    visit,
)

from pricewar.app.lessons import LESSONS

pytestmark = pytest.mark.slow
WIDE = {size: SIZES[size] for size in ("phone", "laptop", "hall")}
sizes = pytest.mark.parametrize("size", list(WIDE))
SHOTS = os.environ.get("PRICEWAR_SHOTS")
"""A folder to keep pictures in."""
SMALLEST = 11.0
"""Pixels: type below this is not read."""
SMALL_TYPE = """(least) => {
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const small = new Set();
  while (words.nextNode()) {
    const node = words.currentNode, holder = node.parentElement;
    if (!node.data.trim() || !holder.checkVisibility()) continue;
    const svg = holder.closest("svg");
    const drawn = svg?.viewBox.baseVal.width || svg?.clientWidth;
    const scale = svg ? svg.getBoundingClientRect().width / drawn : 1;
    const size = parseFloat(getComputedStyle(holder).fontSize) * scale;
    if (size < least - 0.05) small.add(`${size.toFixed(1)} px: ${node.data.trim().slice(0, 40)}`);
  }
  return [...small];
}"""
CUT_OFF = """() => [...document.querySelectorAll("button, .button, select, h1, h2, h3, td, th, .tag, .value")]
  .filter((one) => one.checkVisibility() && one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1)
  .filter((one) => {
    const style = getComputedStyle(one);
    return style.overflow !== "visible" || style.whiteSpace === "nowrap";
  })
  .map((one) => `${one.tagName} ${one.id}: ${one.textContent.trim().slice(0, 40)}`)"""
"""Texts that are wider than their box."""


ALWAYS_THE_SAME = """([code]) => {
  for (const clock of document.querySelectorAll("#clock")) {
    const stopped = clock.cloneNode(true);
    stopped.textContent = "1:28";
    clock.replaceWith(stopped);
  }
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const node = words.currentNode;
    let text = node.data.replace(/127\\.0\\.0\\.1:\\d+/, "127.0.0.1:8765");
    if (code) text = text.replaceAll(code, "KB6DN");
    text = text.replace(/PIN \\d{4}/, "PIN 4831");
    if (text !== node.data) node.data = text;
  }
  const typed = document.getElementById("code");
  if (typed && code) typed.value = "KB6DN";
}"""
"""Codes, addresses and clocks are those of the hour: in a picture they would say that something changed."""


def shot(page: Any, name: str, size: str, code: str = "") -> None:
    """Keep a picture: what a wall shows at once, a whole page of a laptop, two screens of a phone."""
    if SHOTS:
        page.evaluate("() => document.getElementById('tell').classList.remove('on')")
        page.wait_for_timeout(300)
        page.evaluate(ALWAYS_THE_SAME, [code])
        width, height = WIDE[size]
        whole = page.evaluate("() => document.documentElement.scrollHeight")
        high = {"hall": height, "laptop": whole, "phone": min(whole, 2 * height)}[size]
        area = {"x": 0, "y": 0, "width": width, "height": high}
        page.screenshot(path=str(Path(SHOTS) / f"app_{name}_{size}.png"), full_page=True, clip=area)


def stands(tab: Any, size: str, charts: bool = True) -> None:
    """Nothing on top of another or beyond the edge, no type too small, no word cut off."""
    width = WIDE[size][0]
    if charts and tab.query_selector("figure svg"):
        holds_together(tab, width)
    assert tab.evaluate("() => document.documentElement.scrollWidth") <= width
    assert tab.evaluate(SMALL_TYPE, SMALLEST) == []
    assert tab.evaluate(CUT_OFF) == []


def look(page: Any, ready: str, name: str, code: str = "", seen_at_once: str = "") -> None:
    """The same place in three new tabs of one browser, one of each size.

    Args:
        page: where it is open already.
        ready: what is there when the tab is drawn.
        name: of the pictures.
        code: of the game, which differs from one day to the next.
        seen_at_once: what a phone must show without scrolling.
    """
    for size, (width, height) in WIDE.items():
        tab = page.context.new_page()
        tab.set_viewport_size({"width": width, "height": height})
        tab.goto(page.url)
        tab.wait_for_selector(ready)
        stands(tab, size)
        if seen_at_once:
            box = tab.locator(seen_at_once).bounding_box()
            assert box["y"] + box["height"] <= height, f"{name}, {size}: {seen_at_once} is below the fold"
        shot(tab, name, size, code)
        tab.close()


EXPLORE = {
    "first": ("", "#figures"),
    "lever": ("?scenario=baseline&a.cut_depth=45&a.follow_rate=120", "#figures"),
    "compare": (
        "?scenario=baseline&a.cut_depth=30&a.follow_rate=60&b.cut_depth=30&b.follow_rate=0",
        "td[data-run='baseline-b']",
    ),
}


@sizes
@pytest.mark.parametrize("state", EXPLORE)
def test_explore(visit: Any, state: str, size: str) -> None:  # noqa: F811
    query, ready = EXPLORE[state]
    page, watch = visit(f"/explore{query}", size)
    page.wait_for_selector(ready)
    stands(page, size)
    assert page.query_selector_all("[data-chart]")
    for chart in page.query_selector_all("[data-chart]:not([data-chart=campaigns])"):
        assert chart.query_selector_all("[aria-label=line] path"), chart.get_attribute("data-chart")
    shot(page, f"explore_{state}", size)
    assert watch.errors == []


@sizes
def test_lessons(visit: Any, size: str) -> None:  # noqa: F811
    page, watch = visit("/lessons", size)
    page.wait_for_selector(".lessonlist a")
    stands(page, size)
    shot(page, "lessons", size)
    for slug in LESSONS:
        page.goto(f"{page.url.split('/lessons')[0]}/lessons/{slug}")
        page.wait_for_selector("#prediction")
        stands(page, size)
        page.check("input[value='0']")
        page.click("#experiment")
        page.wait_for_selector("#facts")
        stands(page, size)
        shot(page, f"lesson_{slug}", size)
    assert watch.errors == []


def test_the_game(visit: Any) -> None:  # noqa: F811
    teacher, watch, code = opened(visit, 5)
    door, _ = visit(f"/game?code={code}")
    look(door, "#join", "game_join", code, seen_at_once="#join")
    look(teacher, "#game-code", "game_hall", code)
    students = [join(visit, code, name) for name in ("Ann", "Team Blue", "Cy")]
    ann, blue, cy = (page for page, _ in students)
    teacher.wait_for_selector("#seats:has-text('Cy')")
    look(ann, "#firm-name", "game_wait", code, seen_at_once="#decide")
    teacher.click("#start")
    look(ann, "#decide:enabled", "game_decide", code, seen_at_once="#decide")
    month(1, ann, blue, cy)
    warned(teacher, ann, code)
    month(2, ann, blue, cy)
    banned(teacher, ann, blue, code)
    at_round(ann, 4)
    look(ann, "#late", "game_late", code, seen_at_once="#decide")
    month(4, ann, blue, cy)
    for page in (ann, blue, cy):
        at_round(page, 5)
        set_price(page, 150_000)
    look(teacher, "#debrief-card", "game_debrief_teacher", code)
    look(ann, "#debrief-card", "game_debrief_player", code)
    assert [error for one in (watch, *(w for _, w in students)) for error in one.errors] == []


def month(number: int, *pages: Any) -> None:
    """All decide: lower from month to month, and each a little lower than the one before."""
    for place, page in enumerate(pages):
        at_round(page, number)
        set_price(page, 180_000 - 5_000 * (number - 1) * (place + 1))


def warned(teacher: Any, ann: Any, code: str) -> None:
    """Second month: a warning stands on all pages, and can still be taken back."""
    at_round(ann, 2)
    teacher.click("#do-warning")
    teacher.click("#do-subsidy")
    teacher.wait_for_selector("#pending:has-text('Trade-in money')")
    look(teacher, "#pending li", "game_pending", code)
    look(ann, "#news li", "game_warned", code, seen_at_once="#decide")


def banned(teacher: Any, ann: Any, blue: Any, code: str) -> None:
    """Third month: a ban gives a price back, one has decided and waits, one is too late."""
    at_round(ann, 3)
    set_price(ann, 80_000)
    ann.wait_for_selector("#decided")
    teacher.click("#do-below_cost")
    look(ann, "#notice", "game_given_back", code)
    set_price(blue, 160_000)
    blue.wait_for_selector("#decided")
    look(blue, "#decided", "game_waiting", code)
    look(teacher, "#seats:has-text('decided')", "game_table", code)
    teacher.click("#next")
