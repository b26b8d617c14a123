"""The page in a real browser: what a class does with it; it holds together on a projector and a phone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from app_server import Client, serving

from pricewar.app.levers import BY_KEY
from pricewar.runs import run
from pricewar.scenario.files import load, shipped_scenarios

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("chromium is not installed (apt-get install chromium)", allow_module_level=True)

pytestmark = pytest.mark.slow
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
LEVERS = list(BY_KEY)
SIZES = {"projector": (1280, 720), "hall": (1920, 1080), "phone": (390, 844)}
SHOTS = os.environ.get("PRICEWAR_SHOTS")
"""A directory to keep screenshots in, for the documentation."""


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
        page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))


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


def to_the_end(page: Any, last: int) -> None:
    page.select_option("#speed", "fast")
    page.click("#run")
    page.wait_for_selector(f"#figures[data-period='{last}']")


def figure(page: Any, key: str, name: str) -> float:
    return float(page.get_attribute(f"#figures td[data-key='{key}'][data-run='{name}']", "data-value"))


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
}"""
"""Codes, addresses and clocks are those of the hour: in a picture they would say that something changed."""


def shot(page: Any, name: str, full: bool = True, code: str = "") -> None:
    if SHOTS:
        page.wait_for_timeout(400)
        page.evaluate("() => document.getElementById('tell').classList.remove('on')")
        page.wait_for_timeout(300)
        page.evaluate(ALWAYS_THE_SAME, [code])
        page.screenshot(path=str(Path(SHOTS) / f"app_{name}.png"), full_page=full)


OVERLAPS = (Path(__file__).parent / "data" / "overlaps.js").read_text("utf-8")


def holds_together(page: Any, width: int) -> None:
    """No sideways scrolling, no text on another, a unit on every chart."""
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    texts, wrong = page.evaluate(OVERLAPS)
    assert texts > 5
    assert wrong == []
    for figures in page.query_selector_all(".chart figure"):
        unit = figures.get_attribute("aria-label").split(", ", 1)[1]
        assert unit
        assert f"↑ {unit}" in figures.text_content()


def test_a_scenario_run_to_its_end_gives_the_figures_of_pricewar_run(visit: Any) -> None:
    page, watch = visit("/explore?scenario=byd-one-third&seed=5")
    last = load("byd-one-third").periods - 1
    page.wait_for_selector(f"#figures[data-period='{last}']")  # the whole run at first sight
    page.click("#reset")
    page.wait_for_selector("#figures[data-period='0']")
    to_the_end(page, last)
    market = run("byd-one-third", [5]).require_complete().market
    for key in ("price_index", "war_index", "units", "producer_surplus", "firms_active"):
        assert figure(page, key, "byd-one-third-a") == market[key].iloc[-1], key
    assert "BYD cuts all prices by a third" in page.inner_text(".ribbon")
    assert watch.errors == []
    assert watch.hosts == {urlsplit(page.url).netloc}


def press_all(page: Any, where: str, but: tuple[str, ...] = ()) -> None:
    """Press each button in order of the page as it stands; a press may draw the page anew."""
    page.context.grant_permissions(["clipboard-write"])
    buttons = page.locator(f"{where} button:visible")
    for place in range(buttons.count()):
        button = buttons.nth(place)
        if place < buttons.count() and button.is_enabled() and button.get_attribute("id") not in but:
            button.click()
            page.wait_for_timeout(60)


def test_the_first_screen_shows_a_war_and_says_what_one_sees(visit: Any) -> None:
    page, watch = visit("/explore")
    page.wait_for_selector("#figures")
    for chart in page.query_selector_all("[data-chart]"):
        assert chart.query_selector_all("[aria-label=line] path"), chart.get_attribute("data-chart")
    told = page.inner_text("#told")
    assert "BYD cuts deepest: 30%" in told
    assert "war index" in told
    assert page.query_selector("#figures[data-period='35']") is not None
    assert watch.errors == []


MOVE_ALL = """(highs) => {
  for (const [key, high] of highs) {
    const slider = document.getElementById(`lever-${key}`);
    if (slider.disabled) continue;
    slider.value = high;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const told = (key) => document.getElementById(`why-${key}`).textContent;
  const dead = (key) => document.getElementById(`lever-${key}`).disabled;
  return highs.map(([key]) => [key, dead(key), told(key)]);
}"""
"""Moves each lever that can be moved to its end, one after the other, faster than the page asks for runs."""


def pulled(page: Any) -> dict[str, str]:
    """Lever -> its value in the address."""
    query = parse_qs(urlsplit(page.url).query)
    return {key.removeprefix("a."): values[0] for key, values in query.items() if key.startswith("a.")}


def test_every_scenario_every_lever_and_every_button_of_explore(visit: Any) -> None:
    page, watch = visit("/explore")
    page.wait_for_selector("#figures")
    for name in shipped_scenarios():
        page.select_option("#scenario", name)
        page.wait_for_url(f"**scenario={name}**")
        page.wait_for_selector(f"#figures td[data-run='{name}-a']")
        page.evaluate("() => document.querySelectorAll('details').forEach((group) => (group.open = true))")
        levers = page.evaluate(MOVE_ALL, [[key, str(BY_KEY[key].high)] for key in LEVERS])
        for key, dead, why in levers:
            assert why.endswith(".") or not dead, f"{name}: {key} is grey and does not say why"
        alive = [key for key, dead, _ in levers if not dead]
        page.wait_for_function("(keys) => keys.every((k) => location.search.includes(`a.${k}=`))", arg=alive)
        assert {key: float(value) for key, value in pulled(page).items()} == {
            k: BY_KEY[k].high for k in alive
        }
        page.click("#clear")
        page.wait_for_url(lambda url: "a." not in urlsplit(url).query)
    press_all(page, "main")
    for firm in page.locator("#leader option").evaluate_all("(all) => all.map((one) => one.value)"):
        page.select_option("#leader", firm)
        page.wait_for_url(f"**leader={firm}**")
    assert watch.errors == []


def test_each_lever_by_itself_moves_the_run(visit: Any) -> None:
    page, watch = visit("/explore?scenario=baseline")
    page.wait_for_selector("#figures")
    page.evaluate("() => document.querySelectorAll('details').forEach((group) => (group.open = true))")
    for key in LEVERS:
        slider = page.locator(f"#lever-{key}")
        if not slider.is_disabled():
            slider.fill(str(BY_KEY[key].high))
            page.wait_for_url(f"**a.{key}=**")
    assert watch.errors == []


def test_run_pause_step_and_reset(visit: Any) -> None:
    page, _ = visit("/explore?scenario=textbook-duopoly")
    page.wait_for_selector("#figures[data-period='11']")
    page.click("#reset")
    page.wait_for_selector("#figures[data-period='0']")
    page.click("#step")
    page.wait_for_selector("#figures[data-period='1']")
    page.select_option("#speed", "slow")
    page.click("#run")
    page.wait_for_selector("#figures[data-period='2']")
    page.click("#run")
    held = page.get_attribute("#figures", "data-period")
    page.wait_for_timeout(1500)
    assert page.get_attribute("#figures", "data-period") == held
    page.click("#reset")
    page.wait_for_selector("#figures[data-period='0']")


def test_levers_a_b_link_and_downloads(visit: Any, tmp_path: Path) -> None:
    page, watch = visit("/explore?scenario=baseline&a.cut_depth=30")
    page.wait_for_selector("#figures")
    page.click("#compare")
    page.wait_for_selector("td[data-run='baseline-b']")
    page.locator("#lever-cut_depth").fill("10")
    page.wait_for_url("**b.cut_depth=10**")
    page.locator("#time").fill("12")
    page.wait_for_selector("#figures[data-period='11']")
    assert "10 % of price" in page.inner_text(".levers")
    a, b = (figure(page, "war_index", f"baseline-{side}") for side in "ab")
    assert a > b > 0
    assert len(page.query_selector_all(".chart")) == 18
    with page.expect_download() as down:
        page.click("#file-b")
    path = tmp_path / "b.toml"
    down.value.save_as(path)
    assert run(path).market["war_index"].iloc[11] == b
    with page.expect_download() as down:
        page.click(".chart button")
    assert down.value.suggested_filename.endswith(".svg")
    with page.expect_download() as down:
        page.click("#data")
    assert down.value.suggested_filename == "baseline.zip"
    other, _ = visit("/explore" + page.url.split("/explore")[1])
    other.wait_for_selector("td[data-run='baseline-b']")
    other.locator("#time").fill("12")
    other.wait_for_selector("#figures[data-period='11']")
    assert figure(other, "war_index", "baseline-b") == b
    assert watch.errors == []


def test_a_cut_by_hand_starts_a_war_next_month_and_leaves_the_past(visit: Any) -> None:
    page, _ = visit("/explore?scenario=baseline")
    page.locator("#time").fill("6")
    page.wait_for_selector("#figures[data-period='5']")
    before = figure(page, "price_index", "baseline-a")
    page.click("#act-cut")
    page.wait_for_url("**cut%406**")
    page.wait_for_selector("#figures[data-period='6']")
    assert figure(page, "war_index", "baseline-a") > 5
    page.locator("#time").fill("6")
    page.wait_for_selector("#figures[data-period='5']")
    assert figure(page, "price_index", "baseline-a") == before


def test_values_appear_under_the_pointer(visit: Any) -> None:
    page, _ = visit("/explore?scenario=byd-one-third")
    page.locator("#time").fill("36")
    page.wait_for_selector("#figures[data-period='35']")
    box = page.locator("[data-chart=war_index] svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.5)
    page.locator("[data-chart=war_index] [aria-label=tip] text").wait_for()
    assert "% mean depth of cuts" in page.inner_html("[data-chart=war_index] [aria-label=tip]")


def test_a_lesson_from_start_to_end(visit: Any) -> None:
    page, watch = visit("/lessons")
    page.click("a[href='/lessons/first-cut']")
    page.wait_for_selector("#prediction")
    assert page.is_disabled("#experiment")
    assert "What happened" not in page.inner_text("main")
    page.check("input[value='1']")
    page.fill("#why", "because it is cheaper")
    page.click("#experiment")
    page.wait_for_selector("#facts")
    assert page.query_selector(".option.true").get_attribute("data-option") == "0"
    assert page.query_selector(".option.false").get_attribute("data-option") == "1"
    text = page.inner_text("main")
    for part in (
        "Not as you predicted",
        "What happened",
        "Theory:",
        "For discussion",
        "The real case: May 2025",
    ):
        assert part in text
    rest = page.inner_text("#facts")
    page.locator("#vary").fill("40")
    page.wait_for_timeout(200)
    for _ in range(100):
        if page.inner_text("#facts") != rest:
            break
        page.wait_for_timeout(100)
    assert page.inner_text("#facts") != rest
    page.click("text=Next lesson")
    page.wait_for_url("**/lessons/matching")
    assert watch.errors == []


def join(visit: Any, code: str, name: str, size: str = "phone") -> tuple[Any, Watch]:
    page, watch = visit(f"/game?code={code}", size)
    page.fill("#name", name)
    page.click("#join")
    page.wait_for_selector("#firm-name")
    return page, watch


def set_price(page: Any, list_price: int, promotion: int = 0) -> None:
    page.wait_for_selector("#decide:enabled")
    page.fill("#list-price", str(list_price))
    page.fill("#promotion", str(promotion))
    page.click("#decide")


def at_round(page: Any, number: int) -> None:
    page.wait_for_selector(f"#phase:has-text('Round {number} of')")


def opened(visit: Any, rounds: int) -> tuple[Any, Watch, str]:
    teacher, watch = visit("/game")
    teacher.fill("#rounds", str(rounds))
    teacher.click("#open")
    teacher.wait_for_selector("#game-code")
    return teacher, watch, teacher.inner_text("#game-code")


def test_a_wrong_code_opens_nothing(visit: Any) -> None:
    lost, _ = visit("/game")
    lost.fill("#code", "ZZZZZ")
    lost.fill("#name", "Lost")
    lost.click("#join")
    lost.wait_for_selector("#join-error:has-text('No game has that code')")


def test_a_hand_in_the_form_is_not_disturbed_by_what_others_decide(visit: Any) -> None:
    teacher, _, code = opened(visit, 3)
    players = [join(visit, code, name, "projector")[0] for name in ("Slow", "Quick", "Third")]
    slow, quick, third = players
    teacher.wait_for_selector("#seats:has-text('Third')")
    teacher.click("#start")
    for page in players:
        at_round(page, 1)
    slow.fill("#promotion", "0")
    slow.click("#list-price", click_count=3)
    slow.keyboard.type("17")
    set_price(quick, 165_000)  # tells all pages something new
    quick.wait_for_selector("#decided")
    slow.wait_for_timeout(500)
    slow.keyboard.type("0000")
    box = slow.locator("#decide").bounding_box()
    slow.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    slow.mouse.down()
    set_price(quick, 166_000)
    quick.wait_for_selector("#decided:has-text('166')")
    slow.wait_for_timeout(500)
    slow.mouse.up()
    slow.wait_for_selector("#decided:has-text('170')")
    set_price(third, 160_000)
    for page in players:
        at_round(page, 2)


FORGED = """async (code) => {
  const seat = JSON.parse(localStorage.getItem(`seat-${code}`));
  const body = JSON.stringify({ round: 0, list_price: 80000, promotion: 0, firm: "amber" });
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${seat.token}` };
  return (await fetch(`/api/game/${code}/decide`, { method: "POST", headers, body })).status;
}"""


def test_script_in_a_name_wrong_prices_forged_messages_and_a_closed_browser(visit: Any) -> None:
    teacher, _, code = opened(visit, 5)
    script = "<img src=x onerror=1>"
    (ann, _), (bo, watch), (cy, _) = (join(visit, code, name) for name in ("Ann", script, "Cy"))
    teacher.wait_for_selector("#seats:has-text('Cy')")
    for page, place in ((teacher, "#seats"), (bo, "#player-name")):
        assert script in page.inner_text(place)
        assert page.query_selector("main img") is None
    teacher.click("#start")
    at_round(ann, 1)
    set_price(ann, 5)
    ann.wait_for_selector("#decide-error:has-text('from 72')")
    set_price(ann, 160_000, 2_000)
    ann.wait_for_selector("#decided:has-text('158')")
    assert bo.evaluate(FORGED, code) == 403
    assert "158" in ann.inner_text("#decided")
    set_price(bo, 170_000)
    bo.wait_for_selector("#decided")
    context = cy.context
    cy.close()
    again = context.new_page()
    again.goto(teacher.url)
    again.wait_for_selector("#player-name:has-text('Cy')")
    set_price(again, 165_000)
    for page in (ann, bo, again):
        at_round(page, 2)
    assert [error for error in watch.errors if "403" not in error] == []


def test_pause_go_on_and_a_round_closed_by_the_teacher(visit: Any) -> None:
    teacher, _, code = opened(visit, 5)
    (ann, _), _ = (join(visit, code, name) for name in ("Ann", "Bo"))
    teacher.click("#start")
    at_round(ann, 1)
    teacher.click("#pause")
    teacher.wait_for_selector("#resume")
    ann.wait_for_selector("#phase:has-text('Paused')")
    assert ann.is_disabled("#decide")
    teacher.click("#resume")
    at_round(ann, 1)
    set_price(ann, 150_000)
    ann.wait_for_selector("#decided")
    teacher.click("#next")
    at_round(ann, 2)
    teacher.wait_for_selector("#seats:has-text('thinking')")


def test_a_game_with_a_teacher_and_three_students_to_its_debrief(visit: Any) -> None:
    teacher, watch, code = opened(visit, 5)
    names = ("Ann", "Team Blue", "Cy")
    students = [join(visit, code, name) for name in names]
    teacher.wait_for_selector("#seats:has-text('Cy')")
    teacher.click("#start")
    at_round(teacher, 1)
    teacher.click("#do-warning")
    play(teacher, [page for page, _ in students], 5, code)
    ann = students[0][0]
    for page in (teacher, ann):
        page.wait_for_selector("#debrief-card")
    text = teacher.inner_text("#debrief-card")
    assert "First to cut by 3% or more" in text
    assert "Profit destroyed" in text
    assert teacher.query_selector("#theory svg") is not None
    holds_together(teacher, 1280)
    holds_together(ann, 390)
    shot(teacher, "game_debrief", code=code)
    with teacher.expect_download() as down:
        teacher.click("#results")
    assert down.value.suggested_filename == f"{code}-results.csv"
    assert "Ann" in Path(down.value.path()).read_text("utf-8")
    assert [error for one in (watch, *(w for _, w in students)) for error in one.errors] == []
    assert {host for one in (watch, *(w for _, w in students)) for host in one.hosts} == watch.hosts


def play(teacher: Any, students: list[Any], rounds: int, code: str) -> None:
    """Prices fall round by round; in the last but one round everybody's page is looked at."""
    for round_ in range(1, rounds + 1):
        for place, page in enumerate(students):
            at_round(page, round_)
            set_price(page, 180_000 - 6_000 * (round_ - 1) * (place + 1))
            if round_ == rounds and place == 1:
                teacher.wait_for_timeout(500)
                holds_together(teacher, 1280)
                holds_together(students[0], 390)
                shot(teacher, "game_teacher", code=code)
                shot(students[0], "game_player_phone", code=code)


@pytest.mark.parametrize("size", list(SIZES))
def test_explore_holds_together(visit: Any, size: str) -> None:
    page, _ = visit("/explore", size)
    page.wait_for_selector("#figures")
    to_the_end(page, 35)
    holds_together(page, SIZES[size][0])
    shot(page, f"explore_{size}", full=size != "hall")
    page.click("#compare")
    page.wait_for_selector("td[data-run='baseline-b']")
    holds_together(page, SIZES[size][0])
    if size == "projector":
        shot(page, "compare")


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("slug", ["bertrand", "edgeworth", "predation", "warning"])
def test_lessons_hold_together(visit: Any, size: str, slug: str) -> None:
    page, _ = visit(f"/lessons/{slug}", size)
    page.check("input[value='0']")
    page.click("#experiment")
    page.wait_for_selector("#facts")
    holds_together(page, SIZES[size][0])
    if (slug, size) in (("edgeworth", "projector"), ("edgeworth", "phone")):
        shot(page, f"lesson_{size}")


def test_a_link_with_a_mistake_says_so(visit: Any) -> None:
    page, _ = visit("/explore?scenario=baseline&a.cut_depth=300")
    page.wait_for_selector("text=That did not work")
    assert "cut_depth" in page.inner_text("main")
