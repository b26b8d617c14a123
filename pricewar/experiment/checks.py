"""Whether an experiment fits together: its size, names, paths, values, metrics and figures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pricewar.base.errors import InputError, Problem, shown
from pricewar.base.paths import matches, value_at
from pricewar.scenario.tree import Scenario

from .design import FromFile
from .factors import Factor
from .metrics import WITHOUT_LEVEL, unknown
from .spec import Experiment

MOST_RUNS: Final = 10_000_000
MOST_POINTS: Final = 1_000_000
RESERVED: Final = frozenset({"run", "point", "seed", "status", "error", "repeat", "seconds"})
"""Columns that the table of runs has in any case."""
DIFFERENCES: Final = ("effects", "morris", "sobol", "regret")
"""Figures that show how a metric differs between settings and not how high it is."""
TRIED: Final = 100
"""Values of a column of numbers that are tried one by one, beside the smallest and the largest."""


def inconsistencies(experiment: Experiment) -> Iterator[Problem]:
    """Everything that is well formed but does not fit: size, names, paths, values, metrics, figures."""
    yield from _size(experiment)
    yield from _names(experiment)
    yield from _fixed(experiment)
    for name, factor in experiment.factors.items():
        yield from _targets(experiment, name, factor)
    for place, metric in enumerate(experiment.metrics):
        reason = unknown(metric, experiment.base)
        if reason:
            yield Problem(f"metrics.{place}", shown(metric), reason)
    yield from _figures(experiment)


def _size(experiment: Experiment) -> Iterator[Problem]:
    """Counted, not made: ten factors of ten values are ten thousand million points."""
    try:
        points = experiment.design.count(experiment.factors)
    except InputError as error:
        yield from error.problems
        return
    if points > MOST_POINTS:
        yield Problem("design", f"{points:,} points", f"at most {MOST_POINTS:,}")
    elif points * experiment.replicates > MOST_RUNS:
        found = f"{points * experiment.replicates:,} runs"
        yield Problem("design", found, f"at most {MOST_RUNS:,}: fewer points or replicates")


def _names(experiment: Experiment) -> Iterator[Problem]:
    """A factor is a column of the table of runs: no other column may have its name."""
    for name in experiment.factors:
        if name in RESERVED or name in experiment.columns:
            taken = "a metric of this experiment" if name in experiment.columns else "a column of every table"
            allowed = f"a name other than {', '.join(sorted(RESERVED))} and those of the metrics"
            yield Problem(f"factors.{name}", f"the name of {taken}", allowed)


def _fixed(experiment: Experiment) -> Iterator[Problem]:
    tree = experiment.tree(experiment.base)
    for pattern, value in experiment.changes.items():
        paths = list(matches(tree, pattern))
        if not paths:
            yield Problem(f"set.{pattern}", "no such field", f"a path into scenario {experiment.base.name}")
        yield from _refused(experiment.base, f"set.{pattern}", dict.fromkeys(paths, value))


def _targets(experiment: Experiment, name: str, factor: Factor) -> Iterator[Problem]:
    """Paths that lead nowhere in the base, and values that the base or the but-for scenario refuses."""
    told = set[tuple[str, str, str]]()
    for pattern in factor.targets:
        if not any(matches(experiment.tree(experiment.base), pattern)):
            found = shown(pattern)
            yield Problem(f"factors.{name}.path", found, f"a path into scenario {experiment.base.name}")
            continue
        for scenario in (experiment.base, experiment.but_for):
            for problem in _values(experiment, name, pattern, scenario) if scenario is not None else ():
                key = (problem.place, problem.found, problem.allowed)
                if key not in told:
                    told.add(key)
                    yield problem


def _values(experiment: Experiment, name: str, pattern: str, scenario: Scenario) -> Iterator[Problem]:
    factor, tree = experiment.factors[name], experiment.tree(scenario)
    held = {path: value_at(tree, path) for path in matches(tree, pattern)}
    if not held:
        return
    place = f"factors.{name}"
    if factor.apply != "set" and not all(_is_number(old) for old in held.values()):
        yield Problem(f"{place}.apply", repr(factor.apply), "set, where a path holds no number")
        return
    for where, value in _tried(experiment, name, factor):
        if factor.apply != "set" and not _is_number(value):
            yield Problem(where, shown(value), f"a number, where apply is {factor.apply!r}")
            continue
        changed = {path: factor.apply_to(old, value) for path, old in held.items()}
        yield from _refused(scenario, where, changed)


def _tried(experiment: Experiment, name: str, factor: Factor) -> Iterator[tuple[str, Any]]:
    """Values that a factor takes, each with its place: all, or enough of them to know the others."""
    if isinstance(experiment.design, FromFile):
        yield from _in_file(experiment.design, experiment.factors, name)
        return
    for i, level in enumerate(factor.levels()):
        where = f"factors.{name}.values.{i}" if factor.values else f"factors.{name}.distribution"
        yield where, factor.at(level)[0]


def _in_file(design: FromFile, factors: dict[str, Factor], name: str) -> Iterator[tuple[str, Any]]:
    """Each different cell of a column; of many numbers some, the ends, and all that are not finite."""
    try:
        column = design.values(factors)[name]
    except InputError:  # told with the size
        return
    cells = {value: row for row, value in reversed(list(enumerate(column.tolist(), start=1)))}
    numbers = [value for value in cells if _is_number(value) and math.isfinite(value)]
    if len(numbers) == len(cells) > TRIED:
        kept = {*sorted(numbers)[:: max(1, len(numbers) // TRIED)], min(numbers), max(numbers)}
        cells = {value: cells[value] for value in numbers if value in kept}
    for value, row in sorted(cells.items(), key=lambda cell: cell[1]):
        yield f"design.file, row {row}, {name}", value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _refused(scenario: Scenario, place: str, changes: Mapping[str, Any]) -> Iterator[Problem]:
    """What the scenario says against changes; one line for each thing it says."""
    try:
        scenario.but(changes)
    except InputError as error:
        for problem in dict.fromkeys((p.found, p.allowed) for p in error.problems):
            yield Problem(place, *problem)


def _figures(experiment: Experiment) -> Iterator[Problem]:
    metrics = set(experiment.columns)
    for place, figure in enumerate(experiment.figures):
        for name in filter(None, (figure.metric, *figure.metrics)):
            if "*" not in name and name not in metrics:
                yield Problem(f"figures.{place}.metric", shown(name), "one of the metrics, or diff. and one")
            elif name in WITHOUT_LEVEL and figure.kind not in DIFFERENCES:
                why = f"diff.{name}, with a but_for: a level of surplus or welfare means nothing"
                yield Problem(f"figures.{place}.metric", shown(name), why)
        for name in filter(None, (figure.x, figure.y, *figure.factors)):
            if name not in experiment.factors:
                yield Problem(f"figures.{place}", shown(name), f"one of {', '.join(experiment.factors)}")
