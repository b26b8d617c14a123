"""One firm's monthly operating result, with the month from which it earns money."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pricewar.analysis.books import WINDOW, break_even
from pricewar.base.speech import phrase, say

from .data import Story
from .lettering import listed, width
from .ribbon import draw_ribbon, foot, foot_inches
from .style import WIDTH, Drawing, band, fold, house, label_ends, looks, month_axis, zero_line

Table = Mapping[str, Mapping[Hashable, Any]]
"""Scenario -> the break-even of the firm."""


def draw(told: Story, firm: str) -> Drawing:
    """Monthly result by scenario above, break-even months with their spread over runs below."""
    every = break_even(told.results)
    table: Table = {str(row["scenario"]): row for row in every[every["firm"] == firm].to_dict("records")}
    name = told.name(firm)
    strip = 0.32 * len(told.scenarios) + 0.1
    bottom = 0.5 + foot_inches(told)
    height = bottom + strip + 0.12 + 2.7 + 0.5
    names = [line for name in told.scenarios for line in fold(told.said(name)).split("\n")]
    left = max(0.16, 0.0115 * max(map(width, names)))
    with house():
        figure = Figure(figsize=(WIDTH, height))
        below = figure.add_axes((left, bottom / height, 0.835 - left, strip / height))
        above = figure.add_axes((left, (bottom + strip + 0.12) / height, 0.835 - left, 2.7 / height))
        _result(above, told, firm, table)
        _months(below, told, table)
        draw_ribbon(figure, above, told)
        text = phrase("{firm}: {monthly} operating result and break-even")
        title = say(text, firm=name, monthly=told.words.adverb)
        figure.text(0.012, 1 - 0.08 / height, title, fontsize=11, fontweight="bold", va="top")
        foot(figure, told)
    month = told.words.period
    caption = say(
        "Operating result of {firm} a {period} (above; means over {sample}, {bands}) and the {period} from "
        "which the sum of three {period}s stays at or above zero to the end of the run (below; dot: median "
        "over the runs that get there, bar: 95% of them).",
        firm=name, period=month, sample=told.sample, bands=told.bands,
    )  # fmt: skip
    parts = [_sentence(told, scenario, table[scenario]) for scenario in told.scenarios]
    finding = say("{firm} {parts}.", firm=name, parts=listed(parts))
    return Drawing(f"break-even-{firm}", title, caption, finding, figure)


def _result(axes: Axes, told: Story, firm: str, table: Table) -> None:
    styles = looks(told.scenarios, told.baseline)
    x = np.arange(len(told.months))
    ends, scale = {}, told.words.finer(told.words.total)
    for scenario in told.scenarios:
        mean, lo, hi = (part / scale.size for part in told.series(scenario, firm, "operating_profit"))
        band(axes, x, lo, hi, styles[scenario])
        axes.plot(x, mean, **styles[scenario])
        month = table[scenario]["lasting"]
        if np.isfinite(month):
            axes.plot(
                month, np.interp(month, x, mean), "o", color=styles[scenario]["color"], markersize=5, zorder=5
            )
        ends[scenario] = (float(x[-1]), float(np.nan_to_num(mean[-1])))
    zero_line(axes)
    month_axis(axes, told.months, ticks=8)
    axes.tick_params(labelbottom=False)
    money = told.words.axis(scale).replace(" million", " m")
    axes.set_ylabel(say("Operating result,\n{money} a {period}", money=money, period=told.words.period))
    label_ends(axes, ends, styles, {name: told.said(name) for name in ends})


def _months(axes: Axes, told: Story, table: Table) -> None:
    styles = looks(told.scenarios, told.baseline)
    for row, scenario in enumerate(told.scenarios):
        found, color = table[scenario], styles[scenario]["color"]
        if found["lasting_runs"]:
            ends = [found["lasting_lo"], found["lasting_hi"]]
            axes.plot(ends, [row, row], color=color, linewidth=4, alpha=0.4, solid_capstyle="butt")
            axes.plot(found["lasting"], row, "o", color=color, markersize=5)
        place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        axes.annotate(
            _runs(found),
            (1, row),
            xytext=(4, 0),
            va="center",
            fontsize=8,
            color=color,
            annotation_clip=False,
            **place,
        )
    names = [fold(told.said(name)) for name in told.scenarios]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(told.scenarios) - 0.5, -0.5)
    month_axis(axes, told.months, ticks=8)
    axes.set_xlabel(say("Break-even {period}", period=told.words.period))
    axes.grid(axis="y", visible=False)


def _runs(found: Mapping[Hashable, Any]) -> str:
    return say("{some} of {all} runs", some=f"{found['lasting_runs']:.0f}", all=f"{found['runs']:.0f}")


def _sentence(told: Story, scenario: str, found: Mapping[Hashable, Any]) -> str:
    where = told.quoted(scenario)
    if not found["lasting_runs"]:
        text = phrase("in {scenario} does not break even for good in any of {runs} runs")
        return say(text, scenario=where, runs=f"{found['runs']:.0f}")
    names = ("lasting", "lasting_lo", "lasting_hi")
    middle, low, high = (told.month(round(float(found[name]))) for name in names)
    if high == told.month(WINDOW - 1):
        text = phrase("in {scenario} is in the black from the first three {period}s on ({runs})")
        return say(text, scenario=where, period=told.words.period, runs=_runs(found))
    when = middle if low == high else f"{middle} [{low}, {high}]"
    return say("in {scenario} breaks even in {when} ({runs})", scenario=where, when=when, runs=_runs(found))
