"""Regions of the factors in which the cases lie: the box of PRIM, the leaves of a tree."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pricewar.analysis import discovery

from .experiment import Ask, Exhibit
from .style import BASELINE, PALETTE, WIDTH, Drawing, house, number

_EVENTS: Final = {"war": "a price war"}


def prim_box(ask: Ask) -> Exhibit:
    """The box as a bar on the range of each factor that limits it."""
    spec = ask.spec
    box = discovery.prim(ask.runs, ask.factors, spec.metric, spec.above, spec.below)
    height = 1.0 + 0.36 * max(len(box.limits), 1)
    with house():
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes((0.3, 0.3 / height, 0.6, 1 - 0.75 / height))
        for place, row in enumerate(box.limits.to_dict("records")):
            low, high = _ends(ask.runs, row)
            axes.plot([0, 1], [place, place], color="#D0D0D0", linewidth=5, solid_capstyle="butt", zorder=1)
            axes.plot(
                [low, high], [place, place], color=PALETTE[0], linewidth=5, solid_capstyle="butt", zorder=2
            )
            axes.annotate(
                _limits(row), (high, place), xytext=(0, 6), textcoords="offset points", fontsize=7, ha="right"
            )
        axes.set_yticks(range(len(box.limits)), [ask.label(str(name)) for name in box.limits["factor"]])
        axes.set_ylim(len(box.limits) - 0.4, -0.7)
        axes.set_xticks([])
        axes.tick_params(length=0)
        axes.grid(visible=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        figure.text(0.012, 1 - 0.08 / height, ask.title, fontsize=11, fontweight="bold", va="top")
    caption = (
        f"The box of PRIM for runs with {_case(ask)}: grey the whole range of a factor, blue the part in the "
        "box. Factors that do not limit it are not shown."
    )
    finding = (
        f"{_case(ask)} is found in {number(100 * box.base_rate, 0)}% of the runs, and in "
        f"{number(100 * box.density, 0)}% of those with {box.words()}; the box has "
        f"{number(100 * box.coverage, 0)}% of all cases."
    )
    table = box.limits.assign(
        coverage=box.coverage, density=box.density, mass=box.mass, base_rate=box.base_rate
    )
    return Exhibit(Drawing(ask.name, ask.title, caption, finding[:1].upper() + finding[1:], figure), table)


def tree_bars(ask: Ask) -> Exhibit:
    """Leaves of a tree by their share of cases."""
    spec = ask.spec
    table = discovery.tree(ask.runs, ask.factors, spec.metric, spec.above, spec.below)
    height = 1.0 + 0.34 * len(table)
    with house():
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes((0.55, 0.5 / height, 0.41, 1 - 0.9 / height))
        places = np.arange(len(table))
        axes.barh(places, 100 * table["density"], 0.62, color=PALETTE[0])
        for place, row in enumerate(table.to_dict("records")):
            axes.text(
                1.5 + 100 * row["density"],
                place,
                f"{row['runs']} runs",
                va="center",
                fontsize=7,
                color=BASELINE,
            )
        axes.set_yticks(places, list(table["condition"]), fontsize=6.8)
        axes.set_ylim(len(table) - 0.4, -0.6)
        axes.set_xlim(0, 118)
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("% of runs that are cases")
        figure.text(0.012, 1 - 0.08 / height, ask.title, fontsize=11, fontweight="bold", va="top")
    caption = f"Leaves of a classification tree (CART) for runs with {_case(ask)}."
    top = table.iloc[0]
    finding = (
        f"{_case(ask)} is most frequent where {top['condition']}: {number(100 * top['density'], 0)}% of "
        f"{top['runs']} runs, {number(100 * top['coverage'], 0)}% of all cases."
    )
    return Exhibit(Drawing(ask.name, ask.title, caption, finding[:1].upper() + finding[1:], figure), table)


def _case(ask: Ask) -> str:
    spec = ask.spec
    if spec.metric in _EVENTS and spec.above == 1.0:
        return _EVENTS[spec.metric]
    word, value = ("at least", spec.above) if spec.above is not None else ("at most", spec.below)
    scale, unit = ask.told
    return f"{ask.metric()} {word} {number((value or 0.0) / scale)} {unit}".rstrip()


def _ends(runs: pd.DataFrame, row: dict[Hashable, Any]) -> tuple[float, float]:
    values = runs[str(row["factor"])]
    if isinstance(row["low"], str) or not pd.api.types.is_numeric_dtype(values):
        return 0.0, 1.0
    start, width = float(values.min()), float(values.max() - values.min())
    low = start if row["low"] is None or row["low"] != row["low"] else float(str(row["low"]))
    high = start + width if row["high"] is None or row["high"] != row["high"] else float(str(row["high"]))
    return (low - start) / width, (high - start) / width


def _limits(row: dict[Hashable, Any]) -> str:
    return discovery.condition(row).removeprefix(str(row["factor"])).strip()
