"""The classroom in a real browser: fixtures and moves that its tests share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from app_server import Client, serving

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("chromium is not installed (apt-get install chromium)", allow_module_level=True)

ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZES = {"projector": (1280, 720), "laptop": (1366, 768), "hall": (1920, 1080), "phone": (390, 844)}
OVERLAPS = (Path(__file__).parent / "data" / "overlaps.js").read_text("utf-8")


@pytest.fixture(scope="module")
def site() -> Iterator[Client]:
    with serving() as client:
        client.get("/api/catalogue")
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGS)
        yield started
        started.close()


class Watch:
    """What a page asked for and complained about."""

    def __init__(self, page: Any) -> None:
        self.hosts: set[str] = set()
        self.errors: list[str] = []
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("requestfailed", self.note)
        page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))

    def note(self, request: Any) -> None:
        """A request that got no answer; those that a page leaves behind when it goes are no fault."""
        if "ERR_ABORTED" not in (request.failure or ""):
            self.errors.append(f"{request.url}: {request.failure}")


@pytest.fixture
def visit(browser: Any, site: Client) -> Iterator[Any]:
    """visit("/explore", "phone"): a page in a browser context of its own, and what it did."""
    contexts = []

    def go(path: str, size: str = "projector") -> tuple[Any, Watch]:
        width, height = SIZES[size]
        phone = size == "phone"
        context = browser.new_context(
            viewport={"width": width, "height": height},
            is_mobile=phone,
            has_touch=phone,
            accept_downloads=True,
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        watch = Watch(page)
        page.goto(site.base + path)
        return page, watch

    yield go
    for context in contexts:
        context.close()


def holds_together(page: Any, width: int) -> None:
    """No sideways scrolling, no text on another, a unit on every chart with an axis of values."""
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    texts, wrong = page.evaluate(OVERLAPS)
    assert texts > 5
    assert wrong == []
    for figures in page.query_selector_all(".chart figure"):
        unit = figures.get_attribute("aria-label").split(", ", 1)[1]
        assert unit
        timeline = "announced cuts by" in unit
        assert timeline or f"↑ {unit}" in figures.text_content()


def join(visit: Any, code: str, name: str, size: str = "phone") -> tuple[Any, Watch]:
    page, watch = visit(f"/game?code={code}", size)
    page.fill("#name", name)
    page.click("#join")
    page.wait_for_selector("#firm-name")
    return page, watch


def set_price(page: Any, list_price: float, promotion: float = 0) -> None:
    page.wait_for_selector("#decide:enabled")
    page.fill("#list-price", str(list_price))
    page.fill("#promotion", str(promotion))
    page.click("#decide")


def at_round(page: Any, number: int) -> None:
    page.wait_for_selector(f"#phase:has-text('Round {number} of')")


def opened(visit: Any, rounds: int, seconds: int = 90, market: str = "textbook") -> tuple[Any, Watch, str]:
    teacher, watch = visit("/game")
    teacher.wait_for_selector(f"#market option[value='{market}']", state="attached")
    teacher.select_option("#market", market)
    teacher.fill("#rounds", str(rounds))
    teacher.fill("#seconds", str(seconds))
    teacher.click("#open")
    teacher.wait_for_selector("#game-code")
    return teacher, watch, teacher.inner_text("#game-code")
