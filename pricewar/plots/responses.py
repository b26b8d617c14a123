"""What each firm does beyond what it would have done: differences from the baseline, who moves most apart.

On one scale with the firm that cuts, the answers of its rivals are a few per cent of the height of a panel.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pricewar.base.speech import phrase, say

from .data import Story
from .firms import MOST, Measure
from .lettering import listed, sentences
from .ribbon import foot, foot_inches, mark_months
from .style import LETTERS, WIDTH, Drawing, band, house, looks, month_axis, number, short, zero_line

_COLUMNS = 4
_APART = 1.5
"""The firm that moves most has a scale of its own if it moves this many times as far as the next."""


def draw(told: Story, measure: Measure) -> Drawing:
    """A panel for each firm with its difference from the baseline, a line for each other scenario."""
    measure = measure.within(told.words)
    firms = told.firms[:MOST]
    size = {firm: _size(told, firm, measure) for firm in firms}
    lead = max(firms, key=lambda firm: size[firm])
    others = [firm for firm in firms if firm != lead]
    rest = max((size[firm] for firm in others), default=0.0)
    apart = size[lead] > _APART * rest
    rows = -(-len(firms) // _COLUMNS)
    top, bottom = 0.62 + 0.17 * -(-len(told.others) // 2), 0.5 + foot_inches(told)
    height = top + bottom + 1.25 * rows
    with house():
        figure = Figure(figsize=(WIDTH, height))
        panels = figure.subplots(rows, _COLUMNS, sharex=True, squeeze=False).ravel()
        for axes, firm, letter in zip(panels, [lead, *others], LETTERS, strict=False):
            _panel(axes, told, firm, measure)
            axes.set_title(letter, loc="right", fontsize=8, color="#606060", pad=3)
        _scales(list(panels[: len(firms)]), apart)
        for axes in panels[len(firms) :]:
            axes.set_axis_off()
        for axes in panels[max(len(firms) - _COLUMNS, 0) : len(firms)]:
            axes.tick_params(labelbottom=True)
        month_axis(panels[0], told.months, ticks=3)
        for axes in panels:
            axes.tick_params(axis="x", labelsize=7)
        figure.subplots_adjust(
            left=0.09, right=0.985, top=1 - top / height, bottom=bottom / height, wspace=0.3, hspace=0.36
        )
        text, baseline = phrase("{measure}: difference from {baseline}"), told.quoted(told.baseline)
        title = say(text, measure=measure.title, baseline=baseline)
        figure.text(0.012, 1 - 0.08 / height, title, fontsize=11, fontweight="bold", va="top")
        middle = (bottom + height - top) / 2 / height
        figure.supylabel(say("Difference, percentage points"), fontsize=8.5, x=0.012, y=middle)
        figure.supxlabel(told.words.time, fontsize=8.5, y=(0.1 + foot_inches(told)) / height)
        styles = looks(told.scenarios, told.baseline)
        keys = [Line2D([], [], label=told.said(name), **styles[name]) for name in told.others]
        place = (0.005, 1 - 0.24 / height)
        figure.legend(handles=keys, loc="upper left", bbox_to_anchor=place, ncols=2, fontsize=8)
        foot(figure, told)
    finding = _finding(told, measure, lead, others)
    return Drawing(f"{measure.name}-difference", title, _caption(told, measure, lead, apart), finding, figure)


def _caption(told: Story, measure: Measure, lead: str, apart: bool) -> str:
    text = say(
        "{measure}, {unit}: difference from {baseline} with the same seeds, percentage points. Means over "
        "{sample}, {bands}.",
        measure=measure.title, unit=measure.unit, baseline=told.quoted(told.baseline), sample=told.sample,
        bands=told.bands,
    )  # fmt: skip
    if not apart:
        return text
    own = say("{firm}, panel a, has a scale of its own; all others share one.", firm=told.name(lead))
    return sentences((text, own))


def _size(told: Story, firm: str, measure: Measure) -> float:
    """Largest difference of a firm in any month and scenario."""
    lines = [told.series(name, firm, measure.metric, diff=True).mean for name in told.others]
    known = np.abs(np.concatenate(lines))
    return measure.times * float(np.nanmax(known)) if np.isfinite(known).any() else 0.0


def _panel(axes: Axes, told: Story, firm: str, measure: Measure) -> None:
    styles, x = looks(told.scenarios, told.baseline), np.arange(len(told.months))
    for scenario in told.others:
        mean, lo, hi = (
            measure.times * part for part in told.series(scenario, firm, measure.metric, diff=True)
        )
        band(axes, x, lo, hi, styles[scenario])
        axes.plot(x, mean, **styles[scenario])
    zero_line(axes)
    mark_months(axes, told, firm)
    axes.set_title(short(told.name(firm), 15), fontweight="bold", pad=3)


def _scales(panels: list[Axes], apart: bool) -> None:
    """One vertical scale for all panels, or for all but the first."""
    together = panels[1:] if apart and len(panels) > 1 else panels
    ends = [axes.get_ylim() for axes in together]
    for axes in together:
        axes.set_ylim(min(low for low, _ in ends), max(high for _, high in ends))
    if apart:
        panels[0].set_facecolor("#F6F6F6")


def _finding(told: Story, measure: Measure, lead: str, others: list[str]) -> str:
    """How far the first moves at most, and which of the others moves most after it."""
    parts = []
    for scenario in told.others:
        found = {firm: _most(told, scenario, firm, measure) for firm in (lead, *others)}
        rival = max(others, key=lambda firm: abs(found[firm]), default=lead)
        text = phrase("in {scenario} {firm} moves by {points} points")
        if rival != lead:
            text = phrase(
                "in {scenario} {firm} moves by {points} points at most, and of the others {rival} most, by "
                "{far}"
            )
        points, far = (number(found[firm], 1, signed=True) for firm in (lead, rival))
        terms = {"firm": told.name(lead), "points": points, "rival": told.name(rival), "far": far}
        parts.append(say(text, scenario=told.quoted(scenario), **terms))
    return say("Against {baseline}, {changes}.", baseline=told.quoted(told.baseline), changes=listed(parts))


def _most(told: Story, scenario: str, firm: str, measure: Measure) -> float:
    line = measure.times * told.series(scenario, firm, measure.metric, diff=True).mean
    return float(line[int(np.nanargmax(np.abs(line)))]) if np.isfinite(line).any() else 0.0
