"""Explore and the lessons in a real browser: what a class does with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from app_browser import browser, site, visit  # noqa: F401

from pricewar.app.levers import BY_KEY
from pricewar.runs import run
from pricewar.scenario.files import load, shipped_scenarios

pytestmark = pytest.mark.slow
LEVERS = list(BY_KEY)


def to_the_end(page: Any, last: int) -> None:
    page.select_option("#speed", "fast")
    page.click("#run")
    page.wait_for_selector(f"#figures[data-period='{last}']")


def figure(page: Any, key: str, name: str) -> float:
    return float(page.get_attribute(f"#figures td[data-key='{key}'][data-run='{name}']", "data-value"))


def test_a_scenario_run_to_its_end_gives_the_figures_of_pricewar_run(visit: Any) -> None:  # noqa: F811
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


def test_the_first_screen_shows_a_war_and_says_what_one_sees(visit: Any) -> None:  # noqa: F811
    page, watch = visit("/explore")
    page.wait_for_selector("#figures")
    for chart in page.query_selector_all("[data-chart]"):
        mark = "rect" if chart.get_attribute("data-chart") == "campaigns" else "line"
        assert chart.query_selector_all(f"[aria-label={mark}] {mark.replace('line', 'path')}"), mark
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


def test_every_scenario_every_lever_and_every_button_of_explore(visit: Any) -> None:  # noqa: F811
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


def test_each_lever_by_itself_moves_the_run(visit: Any) -> None:  # noqa: F811
    page, watch = visit("/explore?scenario=baseline")
    page.wait_for_selector("#figures")
    page.evaluate("() => document.querySelectorAll('details').forEach((group) => (group.open = true))")
    for key in LEVERS:
        slider = page.locator(f"#lever-{key}")
        if not slider.is_disabled():
            slider.fill(str(BY_KEY[key].high))
            page.wait_for_url(f"**a.{key}=**")
    assert watch.errors == []


def test_run_pause_step_and_reset(visit: Any) -> None:  # noqa: F811
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


def test_levers_a_b_link_and_downloads(visit: Any, tmp_path: Path) -> None:  # noqa: F811
    page, watch = visit("/explore?scenario=baseline&a.cut_depth=30")
    page.wait_for_selector("#figures")
    page.click("#compare")
    page.wait_for_selector("td[data-run='baseline-b']")
    page.locator("#time").fill("6")
    page.wait_for_selector("#figures[data-period='5']")
    before = figure(page, "war_index", "baseline-b")
    page.locator("#lever-cut_depth").fill("10")
    page.wait_for_url("**b.cut_depth=10**")
    page.wait_for_function(
        "(before) => Number(document.querySelector(\"[data-key=war_index][data-run='baseline-b']\")"
        ".dataset.value) !== before",
        arg=before,
    )
    page.locator("#time").fill("6")
    page.wait_for_selector("#figures[data-period='5']")
    assert "10 % of price" in page.inner_text(".levers")
    a, b = (figure(page, "war_index", f"baseline-{side}") for side in "ab")
    assert a > b > 0
    assert len(page.query_selector_all(".chart")) == 6 * 3 + 2, "six figures, and campaigns of both sides"
    with page.expect_download() as down:
        page.click("#file-b")
    path = tmp_path / "b.toml"
    down.value.save_as(path)
    assert run(path).market["war_index"].iloc[5] == b
    with page.expect_download() as down:
        page.click(".chart button")
    assert down.value.suggested_filename.endswith(".svg")
    with page.expect_download() as down:
        page.click("#data")
    assert down.value.suggested_filename == "baseline.zip"
    other, _ = visit("/explore" + page.url.split("/explore")[1])
    other.wait_for_selector("td[data-run='baseline-b']")
    other.locator("#time").fill("6")
    other.wait_for_selector("#figures[data-period='5']")
    assert figure(other, "war_index", "baseline-b") == b
    assert watch.errors == []


def test_a_cut_by_hand_starts_a_war_next_month_and_leaves_the_past(visit: Any) -> None:  # noqa: F811
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


def test_a_scenario_with_campaigns_shows_who_starts_and_who_follows(visit: Any) -> None:  # noqa: F811
    page, watch = visit("/explore?scenario=china-2023")
    page.wait_for_selector("[data-chart=campaigns]")
    marks = "[data-chart=campaigns] [aria-label=rect] rect, [data-chart=campaigns] [aria-label=dot] path"
    whole = page.locator(marks).count()
    fills = page.locator(marks).evaluate_all("(all) => all.map((one) => one.getAttribute('fill'))")
    assert set(fills) == {"#0072b2", "var(--paper)"}, "leaders are full, followers hollow"
    assert "Tesla" in page.inner_text("[data-chart=campaigns]")
    page.locator("#time").fill("6")
    page.wait_for_selector("#figures[data-period='5']")
    assert 0 < page.locator(marks).count() < whole / 2
    page.click("#compare")
    page.wait_for_function("() => document.querySelectorAll('[data-chart=campaigns]').length === 2")
    page.select_option("#scenario", "textbook-duopoly")
    page.wait_for_selector("#figures td[data-run='textbook-duopoly-a']")
    assert page.locator("[data-chart=campaigns]").count() == 0
    assert watch.errors == []


def test_values_appear_under_the_pointer(visit: Any) -> None:  # noqa: F811
    page, _ = visit("/explore?scenario=byd-one-third")
    page.locator("#time").fill("36")
    page.wait_for_selector("#figures[data-period='35']")
    page.locator("[data-chart=war_index] svg").scroll_into_view_if_needed()
    box = page.locator("[data-chart=war_index] svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.5)
    page.locator("[data-chart=war_index] [aria-label=tip] text").wait_for()
    assert "% mean depth of cuts" in page.inner_html("[data-chart=war_index] [aria-label=tip]")


def test_a_lesson_from_start_to_end(visit: Any) -> None:  # noqa: F811
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


def test_a_link_with_a_mistake_says_so(visit: Any) -> None:  # noqa: F811
    page, _ = visit("/explore?scenario=baseline&a.cut_depth=300")
    page.wait_for_selector("text=That did not work")
    assert "cut_depth" in page.inner_text("main")


def test_a_class_predicts_together_before_the_experiment(visit: Any) -> None:  # noqa: F811
    teacher, watch = visit("/lessons/bertrand")
    teacher.click("#ask-class")
    teacher.wait_for_selector("#asked img")
    address = teacher.inner_text("#asked .address").split("/", 1)[1]
    phones = [visit(f"/{address}", "phone")[0] for _ in range(2)]
    for phone, option in zip(phones, (0, 2), strict=True):
        phone.check(f"[data-option='{option}'] input")
        phone.click("#predict")
        phone.wait_for_selector("#class-said:has-text('is in')")
        assert phone.is_disabled("#experiment")
    teacher.wait_for_selector("#answers:has-text('2 predictions')")
    assert teacher.query_selector(".said") is None, "nobody sees what was predicted"
    teacher.click("#go-on")
    for page in (teacher, *phones):
        page.wait_for_selector("[data-option='2'] .said:has-text('1 of 2')")
    assert phones[0].is_disabled("#predict")
    teacher.check("[data-option='0'] input")
    teacher.click("#go-on")
    teacher.wait_for_selector("#facts")
    phones[1].wait_for_selector("#experiment:enabled")
    phones[1].click("#experiment")
    phones[1].wait_for_selector("#facts")
    assert phones[1].evaluate("() => document.documentElement.scrollWidth") <= 390
    assert watch.errors == []
