"""Lessons: text and experiments in TOML files; every number in an explanation comes from the runs."""

from __future__ import annotations

import operator
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import Field

from pricewar.base.errors import bad_input
from pricewar.base.words import Words
from pricewar.results.store import Results
from pricewar.scenario.files import Tree

from .plan import Plan
from .playback import frame, tables
from .settings import Frozen

DIRECTORY: Final = Path(str(files("pricewar.app") / "lessons"))
_SIGNS: Final = {"<": operator.lt, ">": operator.gt}
Facts = dict[str, float | str]


class Option(Frozen):
    """One answer to predict; it comes true if `left sign right` holds of the facts of the runs."""

    text: str
    left: str
    sign: str
    right: str | float


class Arm(Frozen):
    """One run of the experiment: what it lays over the lesson's base."""

    key: str
    label: str
    shown: bool = True
    """Whether it has charts; else it stands in the table only."""
    overlay: Tree = Field(default_factory=dict)


class Slider(Frozen):
    """What a student may vary: the value is put at each of `paths` in the arm's overlay."""

    arm: str
    paths: tuple[tuple[str, ...], ...]
    label: str
    unit: str
    meaning: str
    low: float
    high: float
    step: float
    rest: float
    scale: float = 1.0
    """Factor from the unit shown to the scenario's."""


class Theory(Frozen):
    """The card: a result of theory with its source."""

    title: str
    text: str
    source: str


class Lesson(Frozen):
    """A guided lesson."""

    slug: str
    title: str
    question: str
    setting: str
    base: str = "duopoly"
    charts: tuple[str, ...]
    prompt: str
    options: tuple[Option, ...]
    arms: tuple[Arm, ...]
    table: tuple[str, ...]
    """Facts shown beside the charts, each with the arm's key to be put before it."""
    slider: Slider | None = None
    explanation: str
    theory: Theory
    discussion: tuple[str, ...]
    case: str

    def plans(self, value: float | None) -> dict[str, Plan]:
        """The plan of each arm, with the slider at `value`; None leaves it where the lesson has it.

        Raises:
            InputError: the slider does not go there, or the lesson has none.
        """
        self._check(value)
        own = DIRECTORY / f"{self.base}.toml"
        base = str(own) if own.exists() else self.base
        found = {}
        for arm in self.arms:
            tree = {"name": f"{self.slug}-{arm.key}", "title": f"{self.title}: {arm.label}", **arm.overlay}
            if self.slider is not None and self.slider.arm == arm.key and value is not None:
                for path in self.slider.paths:
                    tree = put(tree, path, value * self.slider.scale)
            found[arm.key] = Plan(base, tree)
        return found

    def _check(self, value: float | None) -> None:
        if value is None:
            return
        if self.slider is None:
            raise bad_input("link", ("value", value, "none: this lesson has nothing to set"))
        low, high = self.slider.low, self.slider.high
        if not low <= value <= high:  # so is what is not a number
            raise bad_input("link", ("value", value, f"from {low:g} to {high:g} {self.slider.unit}"))


@dataclass(frozen=True)
class Label:
    """A fact of a run as the table shows it, with the market's words in braces."""

    words: str
    unit: str


LABELS: Final = {
    "price_end": Label("Price at the end", "% of the start"),
    "price_low": Label("Lowest price", "% of the start"),
    "margin_left": Label("Left's margin at the end", "% of revenue"),
    "profit_left": Label("Left's profit", "{total} in all"),
    "profit_right": Label("Right's profit", "{total} in all"),
    "profit_byd": Label("BYD's profit", "{total} in all"),
    "profit_all": Label("Profit of all {maker}s", "{total} in all"),
    "gain": Label("Buyers' gain over the first column", "{total} in all"),
    "war_mean": Label("War index, mean", "%"),
    "swing": Label("Rises of more than 10% in a {period}", "times"),
    "exit_right": Label("Right leaves in {period}", ""),
}


def _read(path: Path) -> Lesson:
    return Lesson.model_validate(
        {"slug": path.stem.split("-", 1)[1]} | tomllib.loads(path.read_text("utf-8"))
    )


LESSONS: Final[Mapping[str, Lesson]] = {
    lesson.slug: lesson for lesson in map(_read, sorted(DIRECTORY.glob("[0-9]-*.toml")))
}


def put(tree: Any, path: tuple[str, ...], value: float) -> Any:
    """A copy of a tree with a value at a path; numbers in the path index lists."""
    head, *rest = path
    node: Any = list(tree) if isinstance(tree, list) else dict(tree)
    place: Any = int(head) if isinstance(node, list) else head
    below = node[place] if isinstance(node, list) else node.get(place, {})
    node[place] = put(below, tuple(rest), value) if rest else value
    return node


def lesson_page(lesson: Lesson) -> dict[str, Any]:
    """What is shown before the experiment."""
    hidden = {"explanation", "arms", "table", "base"}
    page = lesson.model_dump(exclude=hidden)
    page["options"] = [option.text for option in lesson.options]
    page["arms"] = [{"key": arm.key, "label": arm.label} for arm in lesson.arms]
    page["number"] = list(LESSONS).index(lesson.slug) + 1
    page["next"] = next(iter(list(LESSONS)[page["number"] :]), None)
    return page


def run_lesson(lesson: Lesson, value: float | None = None) -> dict[str, Any]:
    """Run all arms.

    Returns:
        Frames of the arms, a table of facts, which option came true, and the explanation in numbers (None
        once the slider was moved).

    Raises:
        InputError: the slider's value makes no valid scenario.
    """
    plans = lesson.plans(value)
    words = plans[lesson.arms[0].key].scenario.words
    facts: Facts = {}
    for key, plan in plans.items():
        found = facts_of(tables(plan.scenario), plan.scenario.words)
        facts |= {f"{key}_{name}": fact for name, fact in found.items()}
    peace = float(facts[f"{lesson.arms[0].key}_surplus"])
    facts |= {f"{key}_gain": float(facts[f"{key}_surplus"]) - peace for key in plans}
    facts |= {f"{key}_loss": peace - float(facts[f"{key}_surplus"]) for key in plans}
    return {
        "runs": [
            frame(plan.scenario) | {"label": arm.label, "shown": arm.shown}
            for arm, plan in zip(lesson.arms, plans.values(), strict=True)
        ],
        "table": [
            {
                "words": words.spoken(LABELS[name].words),
                "unit": words.spoken(LABELS[name].unit),
                "values": [facts[f"{arm.key}_{name}"] for arm in lesson.arms],
            }
            for name in lesson.table
        ],
        "right": came_true(lesson, facts),
        "explanation": written(lesson.explanation, facts) if _at_rest(lesson, value) else None,
    }


def written(text: str, facts: Facts) -> str:
    """The text with its numbers, minus signs as printed."""
    return re.sub(r"(?<=\s)-(?=\d)", "\u2212", text.format_map(facts))


def _at_rest(lesson: Lesson, value: float | None) -> bool:
    """Whether the experiment is the one that the explanation speaks of."""
    return value is None or lesson.slider is None or value == lesson.slider.rest


def came_true(lesson: Lesson, facts: Facts) -> int | None:
    """Position of the first option that holds; None if none does."""

    def value(of: str | float) -> float:
        return float(facts[of]) if isinstance(of, str) else of

    for place, option in enumerate(lesson.options):
        if _SIGNS[option.sign](value(option.left), value(option.right)):
            return place
    return None


def facts_of(results: Results, words: Words) -> Facts:
    """Numbers of one run that lessons speak of: sums of money, and prices in % of the start."""
    size = words.total.size
    firms, index = results.firms, results.market["price_index"].to_numpy(float)
    facts: Facts = {
        "price_end": float(index[-1]),
        "price_low": float(np.nanmin(index)),
        "profit_all": float(results.market["producer_surplus"].sum() / size),
        "surplus": float(results.market["consumer_surplus"].sum() / size),  # told as a difference only
        "war_mean": float(results.market["war_index"].mean()),
        "swing": float(np.sum(index[1:] / index[:-1] > 1.1)),
    }
    for firm, part in firms.groupby("firm"):
        facts[f"profit_{firm}"] = float(part["operating_profit"].sum() / size)
        facts[f"margin_{firm}"] = float(100 * part["gross_margin"].iloc[-1])
        gone = part.loc[~part["active"], "period"]
        left = int(gone.iloc[0]) + 1 if len(gone) else None
        facts[f"exit_{firm}"] = "never" if left is None else str(left)
        facts[f"left_{firm}"] = "never left" if left is None else f"left in {words.period} {left}"
    return facts
