"""Response curves: a metric against each factor, over all values of the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pricewar.analysis.sensitivity import response

from .experiment import Ask, Exhibit, shown
from .style import DASHES, PALETTE, WIDTH, Drawing, house, with_interval, zero_line

LETTER: Final = 0.052
"""Width of a letter in a legend, inches."""


def response_curves(ask: Ask) -> Exhibit:
    """A panel for each factor; with `y` a line for each of its values, with `metrics` one for each metric."""
    drawn = [ask.spec.x] if ask.spec.x else ask.factors
    tables = {factor: _lines(ask, factor) for factor in drawn}
    across = min(len(drawn), 3)
    down = -(-len(drawn) // across)
    height = 0.95 + 2.35 * down
    with house():
        figure = Figure(figsize=(WIDTH, height))
        panels = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
        for axes, factor in zip(panels, drawn, strict=False):
            _panel(axes, ask, factor, tables[factor])
        for axes in panels[len(drawn) :]:
            axes.set_axis_off()
        for axes in panels[::across]:
            axes.set_ylabel(ask.unit)
        handles, lines = panels[0].get_legend_handles_labels()
        room = 0.0
        if len(lines) > 1:
            columns = _columns(lines)
            figure.legend(
                handles,
                lines,
                loc="upper left",
                bbox_to_anchor=(0.005, 1 - 0.3 / height),
                ncols=columns,
                fontsize=7.5,
            )
            room = 0.22 * -(-len(lines) // columns)
        figure.subplots_adjust(
            left=0.1, right=0.97, top=1 - (0.5 + room) / height, bottom=0.5 / height, hspace=0.45, wspace=0.12
        )
        figure.text(0.012, 1 - 0.08 / height, ask.title, fontsize=11, fontweight="bold", va="top")
    caption = f"{ask.title} ({ask.unit}), mean over all other factors; {ask.intervals}."
    whole = pd.concat([table.assign(factor=name) for name, table in tables.items()], ignore_index=True)
    return Exhibit(Drawing(ask.name, ask.title, caption, _finding(ask, tables), figure), whole)


def _columns(lines: Sequence[str]) -> int:
    """How many names fit side by side in a legend as wide as the figure."""
    return max(1, min(4, int(WIDTH / (0.5 + LETTER * max(map(len, lines))))))


def _lines(ask: Ask, factor: str) -> pd.DataFrame:
    """Columns line, level, mean, lo, hi, runs."""
    if ask.spec.metrics:
        parts = [(ask.metric(name), ask.runs, name) for name in ask.spec.metrics]
    elif ask.spec.y:
        parts = [(_name(ask, value), part, ask.spec.metric) for value, part in _split(ask)]
    else:
        parts = [("", ask.runs, ask.spec.metric)]
    tables = [response(part, factor, name, ask.over).assign(line=line) for line, part, name in parts]
    return ask.scaled(pd.concat(tables, ignore_index=True), "mean", "lo", "hi")


def _split(ask: Ask) -> list[tuple[Any, pd.DataFrame]]:
    """Runs by value of the factor that tells lines apart, in the order of the experiment's file."""
    held = ask.runs[ask.spec.y]
    values = ask.experiment.factors[ask.spec.y].shown or tuple(sorted(held.unique()))
    return [(value, ask.runs[held == value]) for value in values if (held == value).any()]


def _name(ask: Ask, value: Any) -> str:
    return value if isinstance(value, str) else f"{ask.label(ask.spec.y)} {value}"


def _panel(axes: Axes, ask: Ask, factor: str, table: pd.DataFrame) -> None:
    lines = list(dict.fromkeys(table["line"]))
    numeric = all(isinstance(x, (int, float, np.number)) and not isinstance(x, bool) for x in table["level"])
    places = list(dict.fromkeys(table["level"]))
    for i, line in enumerate(lines):
        part = table[table["line"] == line]
        x = part["level"].to_numpy(float) if numeric else [places.index(level) for level in part["level"]]
        bars = np.array([part["mean"] - part["lo"], part["hi"] - part["mean"]])
        look: dict[str, Any] = {"color": PALETTE[i % len(PALETTE)], "linestyle": DASHES[i % len(DASHES)]}
        axes.errorbar(
            x, part["mean"], yerr=np.nan_to_num(bars), marker="o", markersize=3, elinewidth=0.9, capsize=2,
            label=line, **look,
        )  # fmt: skip
    if not numeric:
        axes.set_xticks(range(len(places)), [str(place) for place in places])
        axes.set_xlim(-0.5, len(places) - 0.5)
    if table["lo"].min() < 0 < table["hi"].max():
        zero_line(axes)
    axes.set_xlabel(ask.label(factor))


def _finding(ask: Ask, tables: dict[str, pd.DataFrame]) -> str:
    sentences = []
    many = any(table["line"].nunique() > 1 for table in tables.values())
    widest = max(tables, key=lambda factor: float(np.ptp(tables[factor]["mean"])))
    for factor, table in {widest: tables[widest]}.items() if many else tables.items():
        for line, part in table.groupby("line", sort=False):
            first, last = part.iloc[0], part.iloc[-1]
            ends = [with_interval(row[name] for name in ("mean", "lo", "hi")) for row in (first, last)]
            levels = [shown(row["level"]) for row in (first, last)]
            who = f"{line!s}: " if line else ""
            sentences.append(f"{who}{ends[0]} at {ask.label(factor)} {levels[0]}, {ends[1]} at {levels[1]}")
    none = ask.unsure(pd.concat([table["lo"] for table in tables.values()]))
    return f"{ask.title} ({ask.unit}): {'; '.join(sentences)}.{none}"
