"""Lessons: complete, true to their runs, and their sliders lead nowhere that cannot be run."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("tomli_w", reason="the extra `app` is not installed")

from pricewar.app.frames import catalogue
from pricewar.app.lessons import LABELS, LESSONS, facts_of, lesson_page, run_lesson
from pricewar.app.playback import tables
from pricewar.base.errors import InputError
from pricewar.scenario.files import load

CHARTS = {chart["key"] for chart in catalogue()}
ALL = list(LESSONS.values())
by_slug = pytest.mark.parametrize("lesson", ALL, ids=list(LESSONS))


def test_there_are_six_in_a_fixed_order() -> None:
    assert list(LESSONS) == ["bertrand", "first-cut", "matching", "edgeworth", "predation", "warning"]
    assert [lesson_page(lesson)["next"] for lesson in ALL] == [*list(LESSONS)[1:], None]


@by_slug
def test_a_lesson_has_all_its_parts(lesson) -> None:  # type: ignore[no-untyped-def]
    assert len(lesson.options) == 3
    assert len(lesson.discussion) >= 3
    assert 2 <= sum(arm.shown for arm in lesson.arms) <= 4
    assert set(lesson.charts) <= CHARTS
    assert set(lesson.table) <= set(LABELS)
    assert lesson.theory.source
    assert "202" in lesson.case


@by_slug
def test_what_is_shown_before_the_prediction_gives_nothing_away(lesson) -> None:  # type: ignore[no-untyped-def]
    page = lesson_page(lesson)
    assert "explanation" not in page
    assert all(isinstance(option, str) for option in page["options"])


@by_slug
def test_the_explanation_is_filled_with_the_numbers_of_the_runs(lesson) -> None:  # type: ignore[no-untyped-def]
    found = run_lesson(lesson)
    assert not re.search(r"[{}]", found["explanation"])
    assert found["right"] is not None
    facts = [facts_of(tables(plan.scenario), plan.scenario.words) for plan in lesson.plans(None).values()]
    for fact in facts:  # of surplus the text tells differences from the first run only
        gain = float(fact["surplus"]) - float(facts[0]["surplus"])
        fact |= {"gain": gain, "loss": -gain}
    names = re.findall(r"\{([a-z])_(\w+):\.(\d)f\}", lesson.explanation)
    assert names
    for arm, name, digits in names:
        place = [a.key for a in lesson.arms].index(arm)
        assert f"{facts[place][name]:.{digits}f}".replace("-", "\u2212") in found["explanation"]


@by_slug
def test_the_slider_reaches_both_ends_and_rests_where_the_text_speaks(lesson) -> None:  # type: ignore[no-untyped-def]
    slider = lesson.slider
    rest = run_lesson(lesson, slider.rest)
    assert rest["table"] == run_lesson(lesson)["table"]
    ends = [run_lesson(lesson, end) for end in (slider.low, slider.high)]
    assert all(end["explanation"] is None for end in ends)
    assert ends[0]["table"] != ends[1]["table"]
    for beyond in (slider.high + 0.1, slider.low - 1, float("inf"), float("nan")):
        with pytest.raises(InputError, match=rf"allowed: from {slider.low:g} to {slider.high:g}"):
            run_lesson(lesson, beyond)


def value(slug: str, words: str) -> list[float]:
    rows = {row["words"]: row["values"] for row in run_lesson(LESSONS[slug])["table"]}
    return rows[words]


# What the texts claim beyond single numbers. If the engine changes one of these, the text must change too.


def test_bertrand_more_alike_means_a_lower_margin() -> None:
    differ, alike = value("bertrand", "Left's margin at the end")
    assert differ > 30
    assert alike < 10
    # two logit makers: margin = 1/(alpha (1 - share)), shares about a half of the market
    assert value("bertrand", "Price at the end")[1] == pytest.approx(100 * 105_000 / 180_000, rel=0.03)


def test_first_cut_is_a_prisoners_dilemma() -> None:
    left, right = value("first-cut", "Left's profit"), value("first-cut", "Right's profit")
    assert left[1] > left[0] > left[2] > right[1]


def test_matching_costs_the_one_who_cut_most() -> None:
    left, right = value("matching", "Left's profit"), value("matching", "Right's profit")
    assert left[0] > left[2] > left[1]
    assert right[1] > right[2] > right[0]


def test_a_cut_that_nobody_answers_pays() -> None:
    alone, *_, peace = value("matching", "Left's profit")
    assert alone > peace + 0.1


def test_edgeworth_cycles_do_not_settle() -> None:
    assert value("edgeworth", "Rises of more than 10% in a month")[0] == 0
    assert value("edgeworth", "Rises of more than 10% in a month")[1] >= 2
    lowest = value("edgeworth", "Lowest price")
    assert abs(lowest[0] - lowest[1]) < 3


def test_predation_turns_on_cash_and_never_pays_within_four_years() -> None:
    peace, *attacks = value("predation", "Left's profit")
    exits = value("predation", "Right leaves in month")
    assert exits[0] == exits[2] == exits[4] == "never"
    assert value("predation", "Right's profit")[4] > value("predation", "Left's profit")[4]
    assert int(exits[1]) < int(exits[3])
    assert all(profit < peace for profit in attacks)
    weak = {row["words"]: row["values"] for row in run_lesson(LESSONS["predation"], 1.0)["table"]}
    assert weak["Left's profit"][2] > peace


def test_a_ban_takes_more_out_of_the_war_than_a_warning() -> None:
    none, warned, banned = value("warning", "War index, mean")
    assert none > warned > banned
    none, warned, banned = value("warning", "Buyers' gain over the first column")
    assert none == 0 > warned > banned


def test_the_market_of_the_lessons_says_what_its_comment_says() -> None:
    from pricewar.app.benchmarks import StillMarket
    from pricewar.app.lessons import DIRECTORY

    market = StillMarket(load(DIRECTORY / "duopoly.toml"))
    assert market.nash().price == pytest.approx([147_293, 147_293], rel=1e-4)
    assert market.joint().price == pytest.approx([192_500, 192_500], rel=2e-3)
