"""The notes for instructors cover every lesson, and say of it what its experiment shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("tomli_w", reason="the extra `app` is not installed")

from pricewar.app.lessons import LESSONS

NOTES = (Path(__file__).parents[1] / "docs/how-to/notes-for-instructors.md").read_text("utf-8")
PARTS = ["Question.", "What students think.", "Answer."]


def sections() -> dict[str, str]:
    found = re.split(r"^## (.+)$", NOTES, flags=re.M)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


def test_each_lesson_has_a_question_a_misconception_and_an_answer() -> None:
    lessons = [f"{i + 1}. {lesson.title}" for i, lesson in enumerate(LESSONS.values())]
    assert list(sections()) == [*lessons, "The game", "Three things to say at the end"]
    for title in [*lessons, "The game"]:
        assert re.findall(r"\*\*(.+?)\*\*", sections()[title]) == PARTS, title


def test_the_notes_hold_no_number_that_a_new_model_would_change() -> None:
    told = "".join(text for title, text in sections().items() if title[0].isdigit())
    assert re.findall(r"\d+", told.replace("month 6", "")) == []


def test_the_month_of_the_court_is_that_of_the_discussion() -> None:
    assert "in month 6" in sections()["5. Who can bleed longest"]
    assert any("in month 6" in question for question in LESSONS["predation"].discussion)
