"""The figures of an experiment: for each one that its file asks for, a table, a drawing and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from pricewar.analysis.interval import NO_LUCK
from pricewar.analysis.structure import Over, has_luck, over_of
from pricewar.base.errors import InputError, ResultsError
from pricewar.base.words import Words
from pricewar.experiment import DIFF, Experiment, Study
from pricewar.experiment.spec import FigureSpec
from pricewar.results.drawn import OF_WHAT
from pricewar.results.schema import SCHEMA

from .style import Drawing


@dataclass(frozen=True)
class Exhibit:
    """A drawing and the table that it draws."""

    drawing: Drawing
    table: pd.DataFrame


@dataclass(frozen=True)
class Ask:
    """What a figure is drawn from: runs with the metric already in the unit wanted."""

    study: Study
    spec: FigureSpec
    name: str

    @property
    def experiment(self) -> Experiment:
        """The experiment."""
        return self.study.experiment

    @property
    def runs(self) -> pd.DataFrame:
        """The table of runs."""
        return self.study.runs

    @property
    def factors(self) -> list[str]:
        """Factors to show."""
        return list(self.spec.factors or self.experiment.factors)

    @property
    def over(self) -> Over:
        """What intervals are over: points where they are a sample, else seeds."""
        return over_of(self.runs, self.factors)

    @property
    def intervals(self) -> str:
        """What intervals are over and of, in words, or why there are none."""
        if self.over == "point":
            return f"95% intervals over {len(self.experiment.points)} points: of parameters"
        if not has_luck(self.runs):
            return f"no intervals: {NO_LUCK}"
        if self.experiment.replicates < 2:
            return "no intervals: one seed"
        of = OF_WHAT[self.experiment.drawn].replace(" alone", "").replace("the ", "")
        return f"95% intervals over {self.experiment.replicates} seeds: of {of}"

    def unsure(self, lo: pd.Series[Any]) -> str:
        """A sentence for a table without any interval; empty for one that has some."""
        if not lo.isna().all():
            return ""
        if self.intervals.startswith("no"):
            return f" {self.intervals[0].upper()}{self.intervals[1:]}."
        return f" No intervals: the {self.over}s do not differ in it."

    def label(self, factor: str) -> str:
        """A factor as an axis names it."""
        return self.experiment.factors[factor].label or factor.replace("_", " ")

    def metric(self, name: str = "") -> str:
        """A metric as a title names it."""
        return metric_words(self.experiment, name or self.spec.metric)

    @property
    def unit(self) -> str:
        """Unit of the axis."""
        return self.told[1] or "value"

    @property
    def told(self) -> tuple[float, str]:
        """What the metric is divided by, and its unit then: as the file has them, else as the market."""
        spec = self.spec
        if spec.unit or spec.scale != 1.0:
            return spec.scale, spec.unit
        found = {unit_of(name, self.experiment.base.words) for name in spec.metrics or (spec.metric,)}
        return found.pop() if len(found) == 1 else (1.0, "")

    @property
    def title(self) -> str:
        """Heading of the figure."""
        text = self.spec.title or self.metric()
        return text[:1].upper() + text[1:]

    def firm(self, key: str) -> str:
        """A firm's name."""
        spec = self.experiment.base.firms.get(key)
        return spec.name if spec is not None else key

    def firms(self, metric: str) -> list[str]:
        """Firms that have a metric in the table."""
        return [key for key in self.experiment.base.firms if f"{metric}.{key}" in self.runs]

    def scaled(self, table: pd.DataFrame, *columns: str) -> pd.DataFrame:
        """A table with some columns in the unit of the figure."""
        return table.assign(**{name: table[name] / self.told[0] for name in columns})


Draw = Callable[[Ask], Exhibit]


def exhibits(study: Study) -> Iterator[Exhibit | str]:
    """All figures that the experiment's file asks for, in its order.

    In place of one that lacks the runs or the library that it needs: why.
    """
    from . import experiment_bars, experiment_lines, experiment_maps, experiment_regions

    drawers: dict[str, Draw] = {
        "heat": experiment_maps.heat_map,
        "survival": experiment_maps.survival,
        "response": experiment_lines.response_curves,
        "tornado": experiment_bars.tornado_bars,
        "effects": experiment_bars.effect_bars,
        "sobol": experiment_bars.sobol_bars,
        "morris": experiment_bars.morris_points,
        "regret": experiment_bars.regret_bars,
        "prim": experiment_regions.prim_box,
        "tree": experiment_regions.tree_bars,
    }
    for place, spec in enumerate(study.experiment.figures, start=1):
        ask = Ask(study, spec, f"{place:02d}-{spec.kind}")
        try:
            yield drawers[spec.kind](ask)
        except (InputError, ResultsError) as error:
            yield f"{ask.title}: not drawn: {error}"


_WORDS: Final = {
    "war_index_max": "peak of the war index",
    "price_index_min": "lowest price index",
    "war_months": "{period}s of depressed prices",
    "war": "share of runs with a price war",
    "war_followers": "firms that join the leader",
    "firms_left": "firms in the market at the end",
    "rivals_price_fall": "fall of rivals' prices",
    "break_even": "break-even {period}",
    "in_the_black": "share of runs that break even",
    "survives": "share of runs survived",
    "share_end": "market share at the end",
    "price_end": "late price",
    "profit_end": "late profit",
    "aim_end": "late profit with growth motive",
    "surplus_end": "late consumer surplus",
    "operating_profit": "operating profit",
    "suppliers_failed": "share of suppliers that fail",
    "producer_surplus": "operating profit of all firms",
    "welfare_with_open": "welfare with open orders",
}


_IN_PERIODS: Final = ("war_months", "break_even")


def unit_of(metric: str, words: Words) -> tuple[float, str]:
    """What a metric of the tables is divided by to be read, and its unit then; (1, "") for other metrics."""
    head = metric.removeprefix(DIFF).partition(".")[0]
    if head in _IN_PERIODS:
        return 1.0, f"{words.period}s"
    column = next((c for table in ("market", "firms") for c in SCHEMA[table] if c.name == head), None)
    if column is None or column.total in ("key", "none"):
        return 1.0, ""
    if column.unit.startswith("money"):
        scale = words.price if column.total == "mean" else words.total
        return scale.size, words.axis(scale)
    if column.unit == "units":
        return words.many.size, f"{words.many.word} {words.units}".strip()
    return 1.0, column.unit.replace("months", f"{words.period}s")


def metric_words(experiment: Experiment, name: str) -> str:
    """A metric in words: `diff.welfare` is "welfare, against baseline"."""
    plain = name.removeprefix(DIFF)
    head, _, argument = plain.partition(".")
    words = experiment.base.words
    text = words.spoken(_WORDS[head]) if head in _WORDS else head.split(":")[-1].replace("_", " ")
    if argument in experiment.base.firms:
        text = f"{text} of {experiment.base.firms[argument].name}"
    elif argument:
        text = f"{text}, {words.period} {argument}"
    against = experiment.but_for.name if experiment.but_for is not None else ""
    return f"{text}, against {against}" if name.startswith(DIFF) else text


def shown(value: object) -> str:
    """A value of a factor as people read it."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
