"""A class in a real browser: twelve phones in four markets, a desk, a wall, and what goes wrong."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from app_browser import SIZES, Watch, browser, holds_together, set_price  # noqa: F401
from app_server import Killed, free_port

from pricewar.runs import run
from pricewar.scenario.files import load

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
pytestmark = pytest.mark.slow
SHOTS = os.environ.get("PRICEWAR_SHOTS", "")
"""A folder to keep pictures of every room in, app_class_NAME.png, and the log."""
CLASSES = {"two duopolies": (1, 2), "four triopolies": (2, 3)}
"""Markets of each of two treatments, and firms in each market."""
NAMES = ("Ann", "Bo", "Cy", "Dee", "Eve", "Fay", "Gus", "Hal", "Ida", "Jo", "Kim", "Юля")
ROUNDS = 5


class Classroom:
    """A server that can be killed, and pages in contexts of their own; a log of what went wrong."""

    def __init__(self, browser: Any, path: Path) -> None:  # noqa: F811
        self.server = Killed(free_port(), path)
        self.browser = browser
        self.watches: dict[str, Watch] = {}
        self.contexts: list[Any] = []
        self.found: list[str] = []
        self.began = time.monotonic()
        self.log = Path(SHOTS or path.parent) / "class.log"
        self.log.write_text("", encoding="utf-8")

    def note(self, what: str) -> None:
        """Write down what has been seen."""
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{time.monotonic() - self.began:7.1f} s  {what}\n")

    def visit(self, who: str, path: str, size: str) -> Any:
        width, height = SIZES[size]
        phone = size == "phone"
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, is_mobile=phone, has_touch=phone
        )
        context.set_default_timeout(240_000)
        self.contexts.append(context)
        page = context.new_page()
        self.watches[who] = Watch(page)
        page.goto(self.server.client.base + path)
        return page

    def join(self, code: str, name: str) -> Any:
        page = self.visit(name, f"/game?code={code}", "phone")
        page.fill("#name", name)
        page.click("#join")
        page.wait_for_selector("#firm-name")
        return page

    def look(self, page: Any, name: str) -> None:
        """No serious finding of axe; a picture if somebody wants one."""
        page.wait_for_timeout(300)
        if SHOTS:
            page.screenshot(path=str(Path(SHOTS) / f"app_class_{name}.png"), full_page=True)
        for one in axe.Axe().run(page).response["violations"]:
            self.note(f"{name}: axe {one['impact']} {one['id']} {len(one['nodes'])} times")
            if one["impact"] in ("serious", "critical"):
                self.found.append(f"{name}: {one['id']} {[node['html'][:90] for node in one['nodes'][:3]]}")

    def errors(self) -> list[str]:
        """What pages complained about, but for the minutes without a server."""
        away = ("ERR_CONNECTION", "ERR_EMPTY_RESPONSE", "net::ERR", "409", "403")
        return [
            f"{who}: {said}"
            for who, watch in self.watches.items()
            for said in watch.errors
            if not any(word in said for word in away)
        ]


@pytest.fixture
def room(browser: Any, tmp_path: Path) -> Iterator[Classroom]:  # noqa: F811
    found = Classroom(browser, tmp_path / "games.sqlite")
    yield found
    for context in found.contexts:
        context.close()
    found.server.kill()


def at_round(page: Any, number: int) -> None:
    page.wait_for_selector(f"#phase:has-text('ound {number} of')")


def open_class(room: Classroom, markets: int, firms: int) -> tuple[Any, str]:
    """Two treatments with so many markets each; in the second rivals' prices are hidden."""
    desk = room.visit("desk", "/game", "laptop")
    desk.fill("#rounds", str(ROUNDS))
    desk.fill("#seconds", "900")
    desk.fill("#firms", str(firms))
    desk.check("#chat")
    desk.click("#class > summary")
    for number, (name, sees) in enumerate((("open", "prices"), ("dark", "nothing"))):
        desk.click("#add-group")
        desk.fill(f"#group-{number}-name", name)
        desk.fill(f"#group-{number}-markets", str(markets))
        desk.select_option(f"#group-{number}-sees", sees)
    room.look(desk, "open_laptop")
    desk.click("#open")
    desk.wait_for_selector("#game-code")
    return desk, desk.inner_text("#game-code")


def decide(room: Classroom, pages: dict[str, Any], round_: int, but: tuple[str, ...] = ()) -> None:
    """Everybody sets a price of their own, once their page shows the round."""
    room.note(f"round {round_}: {len(pages) - len(but)} phones decide")
    deciding = {name: page for name, page in pages.items() if name not in but}
    for i, page in enumerate(deciding.values()):
        at_round(page, round_)
        set_price(page, 172_000 - 900 * i - 2_500 * round_, 100 * i)
    done = (f"ound {round_ + 1} of", "Game over")
    for page in deciding.values():
        page.wait_for_selector(", ".join(["#decided", *(f"#phase:has-text('{text}')" for text in done)]))


@pytest.mark.parametrize("sizes", CLASSES.values(), ids=list(CLASSES))
def test_a_class_in_several_markets(room: Classroom, sizes: tuple[int, int]) -> None:
    players = 2 * sizes[0] * sizes[1]
    desk, code = open_class(room, *sizes)
    wall = room.visit("wall", f"/game/{code}/wall", "hall")
    phones = {name: room.join(code, name) for name in (*NAMES[: players - 1], NAMES[-1])}
    wall.wait_for_selector(f"#count:has-text('{players} of {players}')")
    lobby = {"desk_lobby_laptop": desk, "wall_lobby_hall": wall, "lobby_phone": phones["Ann"]}
    for name, page in lobby.items():
        room.look(page, name)
    join_twice(room, phones["Ann"], code)
    practise(room, desk, phones)
    first_round(room, desk, wall, phones)
    second_round(room, desk, phones, code)
    killed_in_the_third(room, wall, phones)
    key = desk.evaluate(f"JSON.parse(localStorage.getItem('seat-{code}')).token")
    back_to_the_third(room, phones, code, key)
    for round_ in (4, 5):
        decide(room, phones, round_)
    ended(room, desk, wall, phones["Ann"])
    assert_same_as_the_model(room, code, key, set(phones))


def join_twice(room: Classroom, page: Any, code: str) -> None:
    """The browser has a seat: it is told so, and led back."""
    page.goto(f"{room.server.client.base}/game?code={code}")
    page.fill("#name", "Ann2")
    page.click("#join")
    page.wait_for_selector("#join-error:has-text('go back to that seat')")
    page.click(f'[data-code="{code}"]')
    page.wait_for_selector("#firm-name")
    room.note("joined twice, one seat")


def practise(room: Classroom, desk: Any, phones: dict[str, Any]) -> None:
    """A round that counts for nothing."""
    desk.click("#practice")
    decide(room, phones, 1)
    at_round(phones["Ann"], 2)
    desk.click("#start")
    for page in phones.values():
        at_round(page, 1)
    room.note("practised, and started for real")


def first_round(room: Classroom, desk: Any, wall: Any, phones: dict[str, Any]) -> None:
    """A page is loaded anew, a message stays in its market, hidden prices are hidden."""
    ann = phones["Ann"]
    set_price(ann, 171_000)
    ann.wait_for_selector("#decided")
    ann.reload()
    ann.wait_for_selector("#decided")
    ann.fill("#chat-text", "Shall we hold?")
    ann.click("#send")
    ann.wait_for_selector("#said:has-text('Shall we hold?')")
    assert "Shall we hold?" not in "".join(page.inner_text("body") for page in elsewhere(phones, ann))
    wall.wait_for_selector(f"#count:has-text('1 of {len(phones)}')")
    decide(room, phones, 1, but=("Ann",))
    for page in phones.values():
        at_round(page, 2)
    for page, name in ((desk, "desk_laptop"), (wall, "wall_hall"), (ann, "round_phone")):
        room.look(page, name)
    for page in phones.values():
        assert ("Your price against" in page.inner_text("#figures")) == (letter(page) in dark(desk))


def second_round(room: Classroom, desk: Any, phones: dict[str, Any], code: str) -> None:
    """One nudge is taken back and one stays; a phone dies, and another takes its seat."""
    desk.fill("#size-slump", "30")
    desk.click("#do-slump")
    desk.click("#pending button:has-text('Take back')")
    desk.wait_for_selector("#pending:not(:has(li))", state="attached")
    desk.select_option("#nudge-market", "A")
    desk.click("#do-below_cost")
    desk.wait_for_selector("#pending:has-text('market A')")
    pin = phones["Bo"].inner_text("#pin").split()[-1]
    phones["Bo"].context.close()
    fresh = room.visit("Bo again", f"/game?code={code}", "phone")
    fresh.fill("#name", "Bo")
    fresh.click("#other-device > summary")
    fresh.fill("#rejoin-pin", pin)
    fresh.click("#join")
    fresh.wait_for_selector("#firm-name")
    phones["Bo"] = fresh
    room.note("a nudge taken back, a phone replaced")
    decide(room, phones, 2)


def killed_in_the_third(room: Classroom, wall: Any, phones: dict[str, Any]) -> None:
    """The server is killed while half the class has decided, and started again."""
    names = tuple(phones)
    half = len(names) // 2
    decide(room, phones, 3, but=names[half:])
    wall.wait_for_selector(f"#count:has-text('{half} of {len(names)}')")
    room.server.kill()
    room.server.start()
    room.note("the server was killed and started again")
    decide(room, phones, 3, but=names[:half])
    for page in phones.values():
        at_round(page, 4)


def back_to_the_third(room: Classroom, phones: dict[str, Any], code: str, key: str) -> None:
    """The teacher's link on another device; a round is taken back and played again."""
    second = room.visit("second desk", f"/game/{code}/desk#key={key}", "laptop")
    second.wait_for_selector("#markets")
    assert "key" not in second.url
    second.click("#back")
    phones["Ann"].wait_for_selector("#phase:has-text('Paused')")
    second.click("#resume")
    decide(room, phones, 3)
    at_round(phones["Ann"], 4)
    room.note("a round was taken back and played again")


def ended(room: Classroom, desk: Any, wall: Any, ann: Any) -> None:
    """The debrief on all three pages, with nothing cut off and nothing wrong on the way."""
    for page, selector in ((desk, "#joint-table"), (wall, "#joint-table"), (ann, "#debrief-card")):
        page.wait_for_selector(selector)
    for page, name in ((desk, "over_laptop"), (wall, "joint_hall"), (ann, "over_phone")):
        room.look(page, name)
    holds_together(ann, 390)
    for page, width in ((desk, 1366), (wall, 1920)):
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert room.errors() == []
    assert room.found == []
    room.note("over: no page error, no serious finding of axe")


def letter(page: Any) -> str:
    """The market of a phone."""
    return str(page.inner_text("#player-name").split("market ")[1][0])


def dark(desk: Any) -> str:
    """Letters of the markets in which rivals' prices are hidden."""
    rows = desk.query_selector_all("#markets tbody tr")
    return "".join(row.inner_text()[0] for row in rows if "dark" in row.inner_text())


def elsewhere(phones: dict[str, Any], page: Any) -> list[Any]:
    """Phones of the other markets."""
    return [one for one in phones.values() if letter(one) != letter(page)]


def assert_same_as_the_model(room: Classroom, code: str, key: str, names: set[str]) -> None:
    """The table of decisions is what runs of the scenario files give, with no difference at all."""
    ask = room.server.client
    text = ask.get(f"/api/game/{code}/decisions.csv", key).body.decode("utf-8-sig")
    table = pd.read_csv(io.StringIO(text), dtype=str)
    assert set(table["participant.label"]) == names
    assert len(table) == len(names) * ROUNDS
    for letter, rows in table.groupby("group.market"):
        path = room.server.path.with_name(f"{letter}.toml")
        path.write_bytes(ask.get(f"/api/game/{code}/scenario.toml?market={letter}", key).body)
        firms = run(load(str(path)), uncertainty="luck").require_complete().firms
        wanted = firms[firms["period"] < ROUNDS].sort_values(["period", "firm"])
        rows = rows.sort_values(["subsession.round_number", "player.role"])
        for field, column in (("units", "units"), ("payoff", "operating_profit"), ("cash", "cash")):
            np.testing.assert_array_equal(rows[f"player.{field}"].astype(float), wanted[column])
