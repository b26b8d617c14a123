"""Numbers that the pages on lessons and on teaching tell: held against lessons and server."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from threading import Event
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra `app` is not installed")

from pricewar.app.api_game import GameDesk
from pricewar.app.api_predictions import Questions
from pricewar.app.benchmarks import StillMarket
from pricewar.app.connections import MOST, PATIENCE
from pricewar.app.game_rules import TIME_TO_ANSWER, GameRules
from pricewar.app.hall import IDLE, Bucket, Hall
from pricewar.app.kitchen import MOST_DOWNLOADS, MOST_RUNS, Kitchen
from pricewar.app.lessons import DIRECTORY, LESSONS, run_lesson
from pricewar.app.markets import COST, START
from pricewar.app.web import MOST_GAMES
from pricewar.interventions import PublicWarning
from pricewar.scenario.files import load

HOME = Path(__file__).parents[1]
LESSONS_PAGE = (HOME / "docs/explanation/lessons.md").read_text("utf-8")
TEACH_PAGE = (HOME / "docs/how-to/teach-with-it.md").read_text("utf-8")
EXPLORE = (HOME / "pricewar/app/static/explore.js").read_text("utf-8")


@lru_cache(maxsize=6)
def shown(slug: str) -> dict[str, list[Any]]:
    """Row of the table of a lesson -> its values, as the page of the lesson gets them."""
    rows = run_lesson(LESSONS[slug])["table"]
    return {", ".join(filter(None, (row["words"], row["unit"]))): row["values"] for row in rows}


def told(page: str, pattern: str) -> list[float]:
    """The numbers in a sentence that a page has once; line breaks do not count."""
    found = re.findall(pattern, " ".join(page.split()))
    assert len(found) == 1, f"{pattern}: {len(found)} times in the page"
    numbers = found[0] if isinstance(found[0], tuple) else (found[0],)
    return [float(number.replace(",", "")) for number in numbers]


def tables(page: str) -> list[list[list[str]]]:
    """Tables of a page: rows of cells, without the line below the heads."""
    parts = re.findall(r"(?:^\|.*\n)+", page, re.M)
    lines = [[line for line in part.splitlines() if not line.startswith("|---")] for part in parts]
    return [[[cell.strip() for cell in line.strip("|").split("|")] for line in part] for part in lines]


@pytest.mark.parametrize("slug", LESSONS)
def test_the_page_on_lessons_prints_the_numbers_that_the_lesson_shows(slug: str) -> None:
    number, lesson = list(LESSONS).index(slug) + 1, LESSONS[slug]
    (table,) = (t for t in tables(LESSONS_PAGE) if t[0][0] == f"{number}. {lesson.title}")
    assert table[0][1:] == [arm.label for arm in lesson.arms]
    values = shown(slug)
    assert [row[0] for row in table[1:]] == list(values)
    for words, *cells in table[1:]:
        for cell, value in zip(cells, values[words], strict=True):
            assert cell == (value if isinstance(value, str) else f"{value:,.1f}"), (words, cell)


def test_what_the_page_says_of_predation_is_what_the_lesson_finds() -> None:
    lesson = LESSONS["predation"]
    arms = {arm.key: arm.overlay for arm in lesson.arms}
    months = arms["b"]["firms"]["left"]["strategy"]["months"]
    left, exits = (
        shown("predation")["Left's profit, bn CNY in all"],
        shown("predation")["Right leaves in month"],
    )
    cash = [arms[key]["firms"]["right"]["cash"] / 1e9 for key in "abd"]
    assert told(LESSONS_PAGE, r"\| (\d+) bn CNY of cash: out in month (\d+);") == [cash[0], float(exits[1])]
    assert told(LESSONS_PAGE, r"; (\d+) bn: survives (\d+) months,") == [cash[1], months]
    assert exits[2] == "never"
    built = told(LESSONS_PAGE, r"build ([\d,]+) cars a month fails against (\d+) bn")
    assert built == [arms["d"]["firms"]["left"]["capacity"], cash[2]]
    assert exits[4] == "never"
    assert all(profit < left[0] for profit in left[1:])
    weak = told(LESSONS_PAGE, r"one on a rival with (\d+) bn does")[0]
    rows = {row["words"]: row["values"] for row in run_lesson(lesson, weak)["table"]}
    assert rows["Left's profit"][2] > left[0]
    assert told(LESSONS_PAGE, r"recoupment is a rise of (\d+)%") == [
        100 * arms["b"]["firms"]["left"]["strategy"]["recoup"]
    ]


def test_what_the_page_says_of_the_other_lessons_is_what_they_find() -> None:
    first, last = shown("bertrand")["Left's margin at the end, % of revenue"]
    assert told(LESSONS_PAGE, r"from a margin of a third to about (\d+)%") == [round(last)]
    assert first == pytest.approx(100 / 3, abs=2)
    listen, obey = told(LESSONS_PAGE, r"compliance \(([\d.]+), ([\d.]+)\)")
    measures = [
        arm.overlay["interventions"][0] for arm in LESSONS["warning"].arms if "interventions" in arm.overlay
    ]
    assert [measure["compliance"] for measure in measures] == [listen, obey]
    fades = told(LESSONS_PAGE, r"half-life of words \((\d+) months\)")
    assert fades == [PublicWarning(start="2025-06").half_life]
    cut = LESSONS["first-cut"].arms[1].overlay["events"][0]["depth"]
    assert "a cut of a tenth" in LESSONS_PAGE
    assert cut == 0.1


def test_the_market_of_the_lessons_is_the_one_that_the_page_describes() -> None:
    scenario = load(DIRECTORY / "duopoly.toml")
    car = scenario.products["left-car"]
    assert told(LESSONS_PAGE, r"constant cost of ([\d,]+) CNY") == [car.unit_cost]
    assert told(LESSONS_PAGE, r"start price ([\d,]+)") == [car.list_price]
    assert told(LESSONS_PAGE, r"spread of tastes ([\d,]+)") == [
        round(1 / scenario.demand.price_sensitivity, 6)
    ]
    market = StillMarket(scenario)
    (nash,) = told(LESSONS_PAGE, r"one-shot Nash price is ([\d,]+) CNY")
    assert market.nash().price == pytest.approx([nash, nash], abs=1)
    (joint,) = told(LESSONS_PAGE, r"highest joint profit about ([\d,]+)")
    assert market.joint().price == pytest.approx([joint, joint], abs=100)


def test_the_page_on_teaching_names_the_lessons_and_the_first_sight_as_they_are() -> None:
    (table,) = (t for t in tables(TEACH_PAGE) if t[0][1:] == ["lesson", "needs"])
    titles = [row[1].partition(":")[0] for row in table[1:]]
    assert titles == [lesson.title for lesson in LESSONS.values()]
    depth = told(EXPLORE, r'START = "a.cut_depth=(\d+)"')
    assert told(TEACH_PAGE, r"the biggest maker cuts by (\d+)% in the third month") == depth


def test_the_page_on_teaching_tells_the_rules_of_the_game_as_they_are() -> None:
    bounds = GameRules.model_json_schema()["properties"]["firms"]
    assert told(TEACH_PAGE, r"firms to play \((\d+) to (\d+);") == [bounds["minimum"], bounds["maximum"]]
    assert told(TEACH_PAGE, r"cost ([\d,]+) CNY, start price ([\d,]+),") == [COST, START]
    assert told(TEACH_PAGE, r"with at least (\d+) seconds to answer") == [TIME_TO_ANSWER]
    assert told(TEACH_PAGE, r"up to (\d+) at once \(`--games`\)") == [MOST_GAMES]
    assert "forgotten after six hours" in " ".join(TEACH_PAGE.split())
    assert IDLE == 6 * 3600
    assert told(TEACH_PAGE, r"When (\d+) runs or (\d+) downloads wait") == [MOST_RUNS, MOST_DOWNLOADS]
    assert told(TEACH_PAGE, r"must arrive whole within (\d+) seconds; of (\d+) connections") == [
        PATIENCE,
        MOST,
    ]


def in_words(bucket: Bucket) -> list[str]:
    """A limit as the table of limits tells it."""
    more = f"{bucket.rate:g} a second" if bucket.rate >= 1 else f"one in {1 / bucket.rate:g} seconds"
    return [str(bucket.burst), more]


def test_the_limits_on_the_page_on_teaching_are_those_of_the_server() -> None:
    (table,) = (t for t in tables(TEACH_PAGE) if t[0] == ["what", "at once", "then"])
    desk, kitchen, asked = GameDesk(Hall(), Event()), Kitchen(Event()), Questions()
    buckets = {
        "joining": desk.door.joins,
        "wrong codes": desk.door.misses,
        "made-up secrets": desk.door.strangers,
        "opening games": desk.door.openings,
        "markets in them": desk.door.markets,
        "looks at a wall or a door": desk.door.looks,
        "asking a class": asked.openings,
        "predictions of a class": asked.answers,
        "looks at predictions": asked.looks,
        "runs and lessons": kitchen.rates[kitchen.runs],
        "downloads of data": kitchen.rates[kitchen.downloads],
    }
    found = {what: [once, then.partition(";")[0]] for what, once, then in table[1:]}
    assert found == {what: in_words(bucket) for what, bucket in buckets.items()}
    budget = told(TEACH_PAGE, r"\((\d+) messages and (\d+) looks a second\)")
    assert budget == [desk.door.writes.rate, desk.door.reads.rate]
