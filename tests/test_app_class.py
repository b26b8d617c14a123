"""A class of twelve in real browsers: refresh, second join, dead phone, nudges, a server started anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from app_browser import SIZES, Watch, at_round, browser, set_price  # noqa: F401
from app_server import serving

pytestmark = pytest.mark.slow
PLAYERS = 12
ROUNDS = 5
EXPECTED = ("Failed to load resource", "net::ERR", "502", "503", "409", "401", "422")
"""What a browser says of its own when the server is away or refuses, as it must here."""


class Class:
    """The browsers of a class on one server; each has a context of its own."""

    def __init__(self, started: Any, base: str) -> None:
        self.started, self.base = started, base
        self.watches: list[Watch] = []

    def open(self, path: str, size: str = "phone", context: Any = None) -> Any:
        width, height = SIZES[size]
        if context is None:
            context = self.started.new_context(viewport={"width": width, "height": height})
            context.set_default_timeout(60_000)
        page = context.new_page()
        self.watches.append(Watch(page))
        page.goto(self.base + path)
        return page

    def join(self, code: str, name: str) -> Any:
        page = self.open(f"/game?code={code}")
        page.fill("#name", name)
        page.click("#join")
        page.wait_for_selector("#firm-name")
        return page

    def errors(self) -> list[str]:
        said = [text for watch in self.watches for text in watch.errors]
        return [text for text in said if not any(known in text for known in EXPECTED)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "games.sqlite"


def test_a_class_of_twelve_meets_no_lie_and_no_loss(browser: Any, store: Path) -> None:  # noqa: F811
    with serving(store=store) as site:
        port = int(site.base.rsplit(":", 1)[1])
        group = Class(browser, site.base)
        teacher, code, pages = opened(group)
        second_join(group, pages[0], code)
        teacher.click("#start")
        for page in pages:
            at_round(page, 1)
        pages[1].reload()
        at_round(pages[1], 1)
        first_round(teacher, pages)
        second_round(group, teacher, pages, code)
        third_round_begins(pages)
    with serving(store=store, port=port):
        third_round_goes_on(teacher, pages)
        last_rounds(teacher, pages)
        way_back(group, teacher, code)
        assert group.errors() == []


def opened(group: Class) -> tuple[Any, str, list[Any]]:
    teacher = group.open("/game", "projector")
    for name, value in (("firms", PLAYERS), ("rounds", ROUNDS), ("seconds", 600)):
        teacher.fill(f"#{name}", str(value))
    teacher.click("#open")
    teacher.wait_for_selector("#game-code")
    code = teacher.inner_text("#game-code")
    pages = [group.join(code, f"Team {place + 1}") for place in range(PLAYERS)]
    teacher.wait_for_selector(f"#seats:has-text('Team {PLAYERS}')")
    return teacher, code, pages


def second_join(group: Class, page: Any, code: str) -> None:
    """Who scans the code twice finds the way back, and cannot take a second firm."""
    again = group.open(f"/game?code={code}", context=page.context)
    again.wait_for_selector(f"#back a:has-text('{code}')")
    assert "Team 1" in again.inner_text("#back")
    again.fill("#name", "Team 1 again")
    again.click("#join")
    again.wait_for_selector("#join-error:has-text('Team 1')")
    again.click(f"#back a[data-code='{code}']")
    again.wait_for_selector("#player-name:has-text('Team 1')")
    again.close()


def first_round(teacher: Any, pages: list[Any]) -> None:
    """A warning is read at once and binds nobody; a subsidy ordered three times stands once, and goes."""
    teacher.click("#do-warning")
    teacher.wait_for_selector("#pending:has-text('A ministry warns')")
    for page in pages:
        page.wait_for_selector("text=A ministry warns against price cuts")
    for _ in range(3):
        teacher.click("#do-subsidy")
        teacher.wait_for_selector("#pending:has-text('Trade-in money')")
    assert teacher.locator("#pending li").count() == 2
    teacher.locator("#pending li", has_text="Trade-in").locator("button").click()
    teacher.wait_for_function("() => !document.querySelector('#pending').textContent.includes('Trade-in')")
    pages[3].wait_for_function("() => !document.body.textContent.includes('Trade-in money')")
    for page in pages:
        set_price(page, 150_000)
    for page in pages:
        at_round(page, 2)
        assert "150" in page.inner_text(".play")  # the price that stood is the one asked for


def second_round(group: Class, teacher: Any, pages: list[Any], code: str) -> None:
    """A ban gives a forbidden price back; a dead phone is replaced with the PIN, another by the teacher."""
    set_price(pages[0], 80_000)
    pages[0].wait_for_selector("#decided:has-text('80')")
    teacher.click("#do-below_cost")
    pages[0].wait_for_selector("#notice:has-text('no longer allowed')")
    pages[1].wait_for_selector("#floor:has-text('at least')")
    set_price(pages[1], 80_000)
    pages[1].wait_for_selector("#decide-error:has-text('full cost')")
    pin = pages[2].inner_text("#pin").split()[-1]
    pages[2].context.close()
    pages[2] = group.open(f"/game?code={code}")
    pages[2].fill("#name", "Team 3")
    pages[2].click("#other-device summary")
    pages[2].fill("#rejoin-pin", pin)
    pages[2].click("#join")
    pages[2].wait_for_selector("#player-name:has-text('Team 3')")
    pages[3].context.close()
    row = teacher.locator("#seats tr", has_text="Team 4")
    row.locator("button").click()
    teacher.wait_for_function("() => !document.querySelector('#seats').textContent.includes('Team 4')")
    pages[3] = group.join(code, "Team 4 again")
    for page in pages:
        set_price(page, 145_000)
    for page in pages:
        at_round(page, 3)


def third_round_begins(pages: list[Any]) -> None:
    for page in pages[:6]:
        set_price(page, 140_000)
        page.wait_for_selector("#decided")


def third_round_goes_on(teacher: Any, pages: list[Any]) -> None:
    """The server was ended and is back: who has decided has decided, and the round goes on."""
    at_round(teacher, 3)
    for page in pages[:6]:
        page.reload()
        page.wait_for_selector("#decided:has-text('140')")
    for page in pages[6:]:
        set_price(page, 138_000)
    for page in pages:
        at_round(page, 4)


def last_rounds(teacher: Any, pages: list[Any]) -> None:
    """Who is too late is told; ending a game takes two clicks; all see the debrief."""
    for page in pages[1:]:
        set_price(page, 136_000)
    pages[0].fill("#list-price", "131000")
    teacher.click("#next")
    pages[0].wait_for_selector("#late:has-text('too late in round 4')")
    assert "140" in pages[0].inner_text("#late")
    assert "131" in pages[0].inner_text("#late")
    teacher.click("#end")
    teacher.click("#end-no")
    assert teacher.query_selector("#end-yes") is None
    teacher.click("#end")
    teacher.click("#end-yes")
    for page in (teacher, *pages):
        page.wait_for_selector("#debrief-card")


def way_back(group: Class, teacher: Any, code: str) -> None:
    """The door knows the teacher's own games."""
    door = group.open("/game", "projector", context=teacher.context)
    door.click(f"#back a[data-code='{code}']")
    door.wait_for_selector("#debrief-card")
