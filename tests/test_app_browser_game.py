"""The game in a real browser: doors, hands, forged messages, a pause, a whole game to its debrief."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from app_browser import (  # noqa: F401
    at_round,
    browser,
    holds_together,
    join,
    opened,
    set_price,
    site,
    visit,
)

pytestmark = pytest.mark.slow


FORGED = """async (code) => {
  const seat = JSON.parse(localStorage.getItem(`seat-${code}`));
  const body = JSON.stringify({ round: 0, list_price: 80000, promotion: 0, firm: "amber" });
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${seat.token}` };
  return (await fetch(`/api/game/${code}/decide`, { method: "POST", headers, body })).status;
}"""


def test_a_wrong_code_opens_nothing(visit: Any) -> None:  # noqa: F811
    lost, _ = visit("/game")
    lost.fill("#code", "ZZZZZ")
    lost.fill("#name", "Lost")
    lost.click("#join")
    lost.wait_for_selector("#join-error:has-text('No game has that code')")


def test_a_hand_in_the_form_is_not_disturbed_by_what_others_decide(visit: Any) -> None:  # noqa: F811
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


def test_script_in_a_name_wrong_prices_forged_messages_and_a_closed_browser(visit: Any) -> None:  # noqa: F811
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


def test_pause_go_on_and_a_round_closed_by_the_teacher(visit: Any) -> None:  # noqa: F811
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


def test_a_game_with_a_teacher_and_three_students_to_its_debrief(visit: Any) -> None:  # noqa: F811
    teacher, watch, code = opened(visit, 5)
    names = ("Ann", "Team Blue", "Cy")
    students = [join(visit, code, name) for name in names]
    teacher.wait_for_selector("#seats:has-text('Cy')")
    teacher.click("#start")
    at_round(teacher, 1)
    teacher.click("#do-warning")
    play(teacher, [page for page, _ in students], 5)
    ann = students[0][0]
    for page in (teacher, ann):
        page.wait_for_selector("#debrief-card")
    text = teacher.inner_text("#debrief-card")
    assert "First to cut by 3% or more" in text
    assert "Profit destroyed" in text
    assert teacher.query_selector("#theory svg") is not None
    holds_together(teacher, 1280)
    holds_together(ann, 390)
    with teacher.expect_download() as down:
        teacher.click("#results")
    assert down.value.suggested_filename == f"{code}-results.csv"
    assert "Ann" in Path(down.value.path()).read_text("utf-8")
    assert [error for one in (watch, *(w for _, w in students)) for error in one.errors] == []
    assert {host for one in (watch, *(w for _, w in students)) for host in one.hosts} == watch.hosts


def play(teacher: Any, students: list[Any], rounds: int) -> None:
    """Prices fall round by round; in the last but one round everybody's page is looked at."""
    for round_ in range(1, rounds + 1):
        for place, page in enumerate(students):
            at_round(page, round_)
            set_price(page, 180_000 - 6_000 * (round_ - 1) * (place + 1))
            if round_ == rounds and place == 1:
                teacher.wait_for_timeout(500)
                holds_together(teacher, 1280)
                holds_together(students[0], 390)


def test_questions_on_the_rules_are_answered_before_the_game(visit: Any) -> None:  # noqa: F811
    teacher, watch = visit("/game")
    teacher.check("#quiz")
    teacher.fill("#firms", "2")
    teacher.click("#open")
    teacher.wait_for_selector("#game-code")
    ann, _ = join(visit, teacher.inner_text("#game-code"), "Ann")
    ann.wait_for_selector("#quiz")
    teacher.wait_for_selector("#understood:has-text('0 of 1')")
    ann.click("#quiz-send")
    ann.wait_for_selector("#quiz-said:has-text('Answer all questions')")
    for number in range(5):
        ann.check(f"input[name=quiz-{number}][value='2']")
    ann.click("#quiz-send")
    ann.wait_for_selector("#quiz-said:has-text('0 of 5 are right')")
    for number, right in enumerate((1, 1, 1, 0, 0)):
        ann.check(f"input[name=quiz-{number}][value='{right}']")
    ann.click("#quiz-send")
    ann.wait_for_selector("#quiz-passed")
    teacher.wait_for_selector("#understood:has-text('1 of 1')")
    teacher.click("#start")
    at_round(ann, 1)
    ann.wait_for_selector("#quiz", state="detached")
    assert watch.errors == []
