"""Steps that write figures and numbers into pages of prose: demo, cards, what makes the war, lessons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pricewar.app.lessons import DIRECTORY, LESSONS, run_lesson
from pricewar.cli.pool import pool, worker_count
from pricewar.plots import story
from pricewar.plots.firms import PRICES, draw
from pricewar.posterior import spread_of
from pricewar.report import cards, war_page
from pricewar.report.numbers import has_numbers, renewed
from pricewar.runs import compare
from pricewar.scenario.files import load, shipped_scenarios

from .step import Place, Step, sources

DEMO: Final = ("baseline", "byd-may-2025", "byd-one-third")
DEMO_FIGURE: Final = "docs/img/demo.png"
WAR_PAGE: Final = "docs/explanation/what-makes-the-war.md"
LESSONS_PAGE: Final = "docs/explanation/lessons.md"


def digests(*names: str) -> dict[str, str]:
    """Shipped scenario -> its fingerprint, also of the sample of its parameters where seeds draw from one."""
    loaded = {name: load(name) for name in names}
    return {name: spread_of([one], usual="both").digest(one) for name, one in loaded.items()}


def demo_step() -> Step:
    """The first figure of the README: what `make demo` draws."""

    def inputs(place: Place) -> Mapping[str, Any]:
        return {"scenarios": digests(*DEMO), "seeds": place.seeds(20), "code": sources("plots", "analysis")}

    def make(place: Place) -> list[Path]:
        with pool(worker_count(place.workers, len(DEMO) * place.seeds(20))) as executor:
            results = compare([load(name) for name in DEMO], place.seeds(20), executor=executor)
        drawing = draw(story(results.require_complete()), PRICES)
        return [place.picture(drawing).replace(place.path(DEMO_FIGURE))]

    return Step("demo", "the first figure of the README", (DEMO_FIGURE,), inputs, make)


def card_steps(home: Path) -> Iterator[Step]:
    """One step for the page of each shipped scenario that has numbers."""
    for name in shipped_scenarios():
        page = home / "scenarios" / f"{name}.md"
        if page.exists() and has_numbers(page.read_text(encoding="utf-8")):
            yield _card(name)


def _card(name: str) -> Step:
    target = f"scenarios/{name}.md"

    def inputs(place: Place) -> Mapping[str, Any]:
        seeds = place.seeds(cards.SEEDS)
        return {"scenarios": digests("baseline", name), "seeds": seeds, "code": sources("report", "analysis")}

    def make(place: Place) -> list[Path]:
        page = place.page(target)
        cards.renew([page], place.seeds(cards.SEEDS))
        return [page]

    return Step(f"card-{name}", f"the numbers of {target}", (target,), inputs, make)


def war_step() -> Step:
    """The tables of mechanisms."""

    def inputs(place: Place) -> Mapping[str, Any]:
        names = ("baseline", *(cut[0] for cut in war_page.CUTS))
        seeds = place.seeds(war_page.SEEDS)
        return {"scenarios": digests(*names), "seeds": seeds, "code": sources("report", "analysis")}

    def make(place: Place) -> list[Path]:
        page = place.page(WAR_PAGE)
        war_page.renew(page, place.seeds(war_page.SEEDS))
        return [page]

    return Step("war-page", "which mechanism makes the war", (WAR_PAGE,), inputs, make)


def lessons_step() -> Step:
    """The results of the experiments of the lessons: the numbers behind their words."""

    def inputs(place: Place) -> Mapping[str, Any]:
        texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(DIRECTORY.glob("*.toml"))}
        return {"lessons": texts, "china": digests("baseline"), "code": sources("publish")}

    def make(place: Place) -> list[Path]:
        page = place.page(LESSONS_PAGE)
        text = renewed(page.read_text(encoding="utf-8"), lessons_table(), LESSONS_PAGE)
        page.write_text(text, encoding="utf-8", newline="\n")
        return [page]

    return Step("lessons", "the numbers of the lessons", (LESSONS_PAGE,), inputs, make)


def lessons_table() -> str:
    """A table for each lesson: a row for each number that it shows, a column for each of its runs."""
    lines = []
    for number, lesson in enumerate(LESSONS.values(), 1):
        heads = [f"{number}. {lesson.title}", *(arm.label for arm in lesson.arms)]
        lines += [f"| {' | '.join(heads)} |", "|---|" + "---:|" * len(lesson.arms)]
        for row in run_lesson(lesson)["table"]:
            words = ", ".join(filter(None, (row["words"], row["unit"])))
            lines.append(f"| {' | '.join([words, *map(_fact, row['values'])])} |")
        lines.append("")
    return "\n".join(lines[:-1])


def _fact(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:,.1f}"
