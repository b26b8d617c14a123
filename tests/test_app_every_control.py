"""Every control of the lessons and of the game: pressed, chosen, moved once, and no page complains.

Explore has a test of its own (`test_app_browser.py`). What a page offers is read off the page, so that a
control that is new is pressed too.
"""

from __future__ import annotations

from typing import Any

import pytest
from app_browser import (  # noqa: F401
    Watch,
    at_round,
    browser,
    join,
    opened,
    playwright,
    set_price,
    site,
    visit,
)

from pricewar.app.lessons import LESSONS

pytestmark = pytest.mark.slow


CONTROLS = """(where) => {
  document.querySelectorAll("details").forEach((one) => (one.open = true));
  const all = document.querySelectorAll(`${where} :is(button, select, input, textarea)`);
  return [...all]
    .filter((one) => one.checkVisibility() && !one.disabled)
    .map((one, place) => [one.type || one.tagName.toLowerCase(), (one.id ||= `control-${place}`)]);
}"""


def controls(page: Any, where: str) -> list[tuple[str, str]]:
    """(sort, id) of every control that can be used now; those without an id are found by their place."""
    found = page.evaluate(CONTROLS, where)
    return [(str(sort), str(name)) for sort, name in found]


def use(page: Any, sort: str, name: str) -> None:
    """Use one control as a hand would."""
    page.set_default_timeout(10_000)
    one = page.locator(f"[id='{name}']")
    if sort in {"checkbox", "radio"}:
        one.click()
    elif sort == "range":
        for end in ("max", "min"):
            one.fill(one.get_attribute(end))
    elif sort.startswith("select"):
        for value in one.locator("option").evaluate_all("(all) => all.map((option) => option.value)"):
            one.select_option(value)
    elif sort == "number":
        one.fill(one.get_attribute("min") or "1")
    elif sort in {"text", "textarea", "search"}:
        one.fill("<b>A & b</b>")
    else:
        one.click()


def use_all(page: Any, where: str, but: tuple[str, ...] = ()) -> list[str]:
    """Use all controls, those too that a press brings forth; returns their ids."""
    done: list[str] = []
    while True:
        fresh = [found for found in controls(page, where) if found[1] not in (*done, *but)]
        if not fresh:
            return done
        sort, name = fresh[0]
        done.append(name)
        try:
            use(page, sort, name)
        except playwright.TimeoutError:  # drawn anew between the look and the hand
            assert page.locator(f"[id='{name}']:enabled").count() == 0, name
        finally:
            page.set_default_timeout(60_000)
        page.wait_for_timeout(60)


def test_every_control_of_every_lesson(visit: Any) -> None:  # noqa: F811
    page, watch = visit("/lessons")
    page.wait_for_selector("main a")
    slugs = list(LESSONS)
    assert {f"/lessons/{slug}" for slug in slugs} <= set(
        page.eval_on_selector_all("main a", "(all) => all.map((one) => new URL(one.href).pathname)")
    )
    for slug in slugs:
        page.goto(page.url.split("/lessons")[0] + f"/lessons/{slug}")
        page.wait_for_selector("#prediction")
        options = page.locator("input[type=radio]")
        for place in range(options.count()):
            options.nth(place).check()
        page.fill("#why", "<i>because</i>")
        page.click("#experiment")
        page.wait_for_selector("#facts")
        assert "vary" in use_all(page, "main"), slug
        page.wait_for_selector("#facts")
        assert watch.errors == [], slug
        for link in ("Next lesson", "Now play it", "All lessons"):
            found = page.locator("main a", has_text=link)
            assert found.count() == 0 or found.first.get_attribute("href").startswith("/"), slug


def test_every_control_of_a_game_from_the_door_to_the_debrief(visit: Any) -> None:  # noqa: F811
    door, at_door = visit("/game")
    door.wait_for_selector("#open")
    offered = set(use_all(door, "main", ("open", "join")))
    assert {"code", "name", "rounds", "firms", "seconds", "add-group", "group-0-sees", "roster"} <= offered

    teacher, watch, code = opened(visit, 3)
    students = [join(visit, code, name) for name in ("Ann", "Bo")]
    pages = [page for page, _ in students]
    teacher.wait_for_selector("#seats:has-text('Bo')")
    assert "copy-desk" in use_all(teacher, "main", ("start", "end", "next", "practice"))
    teacher.wait_for_selector("#seats:not(:has-text('Ann'))")  # a seat was freed, and is taken again
    pages = [taken(visit, code, name, page) for name, page in zip(("Ann", "Bo"), pages, strict=True)]
    teacher.wait_for_selector("#seats:has-text('Bo')")
    teacher.click("#start")
    for page, _ in pages:
        at_round(page, 1)
    at_round(teacher, 1)
    pressed = use_all(teacher, "main", ("next", "end", *frees(teacher)))
    assert {"pause", "show-board", "nudge-firm"} <= set(pressed)
    assert any(name.startswith("do-") for name in pressed)
    assert any(name.startswith("undo-") for name in pressed), "an order that is pending can be taken back"
    goes_on(teacher)
    for page, _ in pages:
        page.wait_for_selector("#decide:enabled")
        assert {"list-price", "promotion"} <= set(use_all(page, "main", ("decide",)))
    for page, _ in pages:
        set_price(page, 160_000)
    for page, _ in pages:  # both have decided
        at_round(page, 2)
    set_price(pages[0][0], 150_000)
    teacher.wait_for_selector("#next:enabled")
    teacher.click("#next")
    for page, _ in pages:
        at_round(page, 3)
    teacher.click("#end")
    teacher.click("#end-no")
    teacher.click("#end")
    teacher.click("#end-yes")
    teacher.wait_for_selector("#debrief-card")
    with teacher.expect_download():
        teacher.click("#results")
    assert {"decisions-csv", "decisions-xlsx", "replay"} <= set(use_all(teacher, "main", ("results", "back")))
    for page, _ in pages:
        page.wait_for_selector("#debrief-card")
        use_all(page, "main")
    told = [text for one in (at_door, watch, *(w for _, w in pages)) for text in one.errors]
    assert [text for text in told if not expected(text)] == []


def goes_on(teacher: Any) -> None:
    """Let a game go on as it was: nothing pending, not paused.

    The page is opened anew, since on a slow machine it may not have heard yet what its presses did.
    """
    teacher.reload()
    teacher.wait_for_selector("#pause:enabled, #resume:enabled")
    while teacher.locator("[id^='undo-']").count():
        left = teacher.locator("[id^='undo-']").count()
        teacher.locator("[id^='undo-']").first.click()
        teacher.wait_for_function(
            "(left) => document.querySelectorAll(`[id^='undo-']`).length < left", arg=left
        )
    if teacher.locator("#resume").count():
        teacher.click("#resume")
    teacher.wait_for_selector("#pause:enabled")


def frees(page: Any) -> tuple[str, ...]:
    """Ids of the buttons that free a seat: pressed in the lobby, and kept out of the game."""
    return tuple(name for _, name in controls(page, "main") if name.startswith("free-"))


def taken(visit: Any, code: str, name: str, page: Any) -> tuple[Any, Watch]:  # noqa: F811
    """The page of a player whose seat was freed, and who takes one again."""
    page.close()
    return join(visit, code, name)


def expected(text: str) -> bool:
    """Whether a browser tells of an answer that the server must give: a seat that was freed is no seat."""
    return any(status in text for status in ("401", "404", "409", "422"))
