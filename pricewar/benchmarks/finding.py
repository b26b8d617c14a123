"""What a benchmark hands back: lines of published and found figures, and what they rest on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .facts import Facts, Figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

NAN: Final = float("nan")


class Line(NamedTuple):
    """One published figure beside what was found."""

    figure: str
    unit: str
    published: float
    found: float
    low: float = NAN
    """The interval of what was found; NaN where it has none."""
    high: float = NAN
    asked: str = ""
    passed: bool | None = None
    """Whether it came out; None where nothing is asked."""
    source: str = ""


LINES: Final = ("benchmark", *Line._fields)
"""Columns of the table of all lines."""


@dataclass(frozen=True)
class Finding:
    """What came out of one benchmark.

    Attributes:
        benchmark: its name.
        title: in a few words.
        lines: published and found.
        notes: what the reader has to know, one sentence or two each.
        tables: what the lines rest on, by file name.
        draw: name -> maker of a picture; called only where pictures are wanted.
    """

    benchmark: str
    title: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    draw: Mapping[str, Callable[[], Picture]] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether all that is asked came out."""
        return all(line.passed is not False for line in self.lines)


def judged(
    facts: Facts, benchmark: str, name: str, found: float, spread: ArrayLike | None = None, level: float = 0.8
) -> Line:
    """The line of a published figure: it passes if what was found is within the tolerance.

    Args:
        facts: what was published.
        benchmark: whose figure.
        name: which.
        found: what came out.
        spread: values over seeds or over what is assumed, for the interval.
        level: of that interval; 1 is from the lowest to the highest.
    """
    told = facts.figure(benchmark, name)
    low, high = interval(spread, level)
    passed = None if np.isnan(told.tolerance) else bool(abs(found - told.value) <= told.tolerance + 1e-12)
    return Line(name, told.unit, told.value, float(found), low, high, _asked(told), passed, told.source)


def _asked(told: Figure) -> str:
    return "" if np.isnan(told.tolerance) else f"within {told.tolerance:g}"


def interval(spread: ArrayLike | None, level: float) -> tuple[float, float]:
    """The middle part of some values; NaN where there are fewer than two."""
    values = np.asarray([] if spread is None else spread, dtype=np.float64)
    values = values[np.isfinite(values)]
    if values.size < 2:
        return NAN, NAN
    low, high = np.quantile(values, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def normal(mean: float, error: float) -> list[float]:
    """Ends of the 80% interval of an estimate with this standard error; take it with `level` 1."""
    return [mean - 1.2816 * error, mean + 1.2816 * error]


def as_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """All lines of all findings, columns `LINES`."""
    rows = [(finding.benchmark, *line) for finding in findings for line in finding.lines]
    table = pd.DataFrame(rows, columns=list(LINES))
    return table.astype({"passed": object})
