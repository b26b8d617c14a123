"""Whether an experiment fits together: its paths, values, metrics and figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..errors import InputError, Problem
from ..paths import matches, value_at
from ..scenario import Scenario
from .factors import Factor
from .metrics import WITHOUT_LEVEL, unknown
from .spec import Experiment

MOST_RUNS: Final = 10_000_000
DIFFERENCES: Final = ("effects", "morris", "sobol", "regret")
"""Figures that show how a metric differs between settings and not how high it is."""


def inconsistencies(experiment: Experiment) -> Iterator[Problem]:
    """Everything that is well formed but does not fit: paths, values, metrics, figures, size."""
    yield from _fixed(experiment)
    for name, factor in experiment.factors.items():
        yield from _targets(experiment, name, factor)
    for place, metric in enumerate(experiment.metrics):
        reason = unknown(metric, experiment.base)
        if reason:
            yield Problem(f"metrics.{place}", repr(metric), reason)
    yield from _figures(experiment)
    if len(experiment) > MOST_RUNS:
        yield Problem("design", f"{len(experiment):,} runs", f"at most {MOST_RUNS:,}")


def _fixed(experiment: Experiment) -> Iterator[Problem]:
    tree = experiment.tree(experiment.base)
    for pattern, value in experiment.changes.items():
        paths = list(matches(tree, pattern))
        if not paths:
            yield Problem(f"set.{pattern}", "no such field", f"a path into scenario {experiment.base.name}")
        yield from _refused(experiment.base, f"set.{pattern}", dict.fromkeys(paths, value))


def _targets(experiment: Experiment, name: str, factor: Factor) -> Iterator[Problem]:
    tree, place = experiment.tree(experiment.base), f"factors.{name}"
    for pattern in factor.targets:
        paths = list(matches(tree, pattern))
        if not paths:
            yield Problem(f"{place}.path", repr(pattern), f"a path into scenario {experiment.base.name}")
            continue
        held = {path: value_at(tree, path) for path in paths}
        if factor.apply != "set" and not all(isinstance(old, (int, float)) for old in held.values()):
            yield Problem(f"{place}.apply", repr(factor.apply), "set, where a path holds no number")
            continue
        for i, level in enumerate(factor.levels()):
            value, _ = factor.at(level)
            where = f"{place}.values.{i}" if factor.values else f"{place}.distribution"
            changed = {path: factor.apply_to(old, value) for path, old in held.items()}
            yield from _refused(experiment.base, where, changed)


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
                yield Problem(f"figures.{place}.metric", repr(name), "one of the metrics, or diff. and one")
            elif name in WITHOUT_LEVEL and figure.kind not in DIFFERENCES:
                why = f"diff.{name}, with a but_for: a level of surplus or welfare means nothing"
                yield Problem(f"figures.{place}.metric", repr(name), why)
        for name in filter(None, (figure.x, figure.y, *figure.factors)):
            if name not in experiment.factors:
                yield Problem(f"figures.{place}", repr(name), f"one of {', '.join(experiment.factors)}")
