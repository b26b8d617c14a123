"""Small multiples, one panel for each firm: prices, shares, gross margins, cash."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pricewar.base.speech import phrase, say
from pricewar.base.words import Words
from pricewar.results.bounds import bounds_of

from .data import Story
from .lettering import listed, width
from .ribbon import foot, foot_inches, key, mark_months
from .style import LETTERS, WIDTH, Drawing, band, house, looks, month_axis, short, with_interval, zero_line

_COLUMNS = 4
MOST: Final = 16
"""Firms that get a panel, the largest; more would be too small to read, and the tables have them."""
THIN: Final[dict[str, Any]] = {"linewidth": 0.7, "linestyle": "solid", "zorder": 3.5}
"""How a reference price is drawn, in the colour of its scenario."""


@dataclass(frozen=True)
class Measure:
    """A column of the firms table as a figure shows it."""

    metric: str
    name: str
    title: str
    axis: str
    """What its axis is called, with the unit and the market's words in braces."""
    unit: str
    """The unit in a sentence, likewise."""
    scale: float | None
    """What values are multiplied by; None: money of the whole market."""
    common: bool
    """All panels on one y axis."""
    zero: bool
    """A line at zero."""
    reference: str = ""
    """The column that says what of it costs explain, drawn as a thin line."""

    def within(self, words: Words) -> Measure:
        """The measure in the words and numbers of a market."""
        terms = {"units": words.sold, "period": words.period, "money": words.axis()}
        title, axis, unit = (say(text, **terms) for text in (self.title, self.axis, self.unit))
        scale = words.total.factor if self.scale is None else self.scale
        return replace(self, title=title, axis=axis, unit=unit, scale=scale)

    @property
    def times(self) -> float:
        """What values are multiplied by."""
        return 1.0 if self.scale is None else self.scale


PRICES = Measure(
    "price_change",
    "prices",
    phrase("Prices by firm"),
    phrase("Prices, change from the start, %"),
    phrase("change from the start, %"),
    100,
    True,
    True,
    "reference_change",
)
SHARES = Measure(
    "share",
    "shares",
    phrase("Market shares by firm"),
    phrase("Market shares, share of {units} delivered, %"),
    phrase("share of {units} delivered, %"),
    100,
    False,
    False,
)
MARGINS = Measure(
    "gross_margin",
    "gross-margin",
    phrase("Gross margin by firm"),
    phrase("Gross margin, % of revenue"),
    phrase("% of revenue"),
    100,
    True,
    True,
)
CASH = Measure(
    "cash",
    "cash",
    phrase("Cash by firm"),
    phrase("Cash, end of {period}, {money}"),
    phrase("end of {period}, {money}"),
    None,
    False,
    True,
)


def draw(told: Story, measure: Measure) -> Drawing:
    """A panel for each firm, a line for each scenario, bands for 95% intervals."""
    measure = measure.within(told.words)
    firms = told.firms[:MOST]
    rows = -(-len(firms) // _COLUMNS)
    top, bottom = 0.61 + 0.17 * -(-(len(told.scenarios) + 2) // _abreast(told)), 0.5 + foot_inches(told)
    height = top + bottom + 1.25 * rows
    with house():
        figure = Figure(figsize=(WIDTH, height))
        panels = figure.subplots(rows, _COLUMNS, sharex=True, sharey=measure.common, squeeze=False).ravel()
        for axes, firm in zip(panels, firms, strict=False):
            _panel(axes, told, firm, measure)
        for axes in panels[: len(firms)]:
            _no_impossible_axis(axes, measure)
        _hide_spare(panels, len(firms))
        month_axis(panels[0], told.months, ticks=3)
        for axes, letter in zip(panels, LETTERS, strict=False):
            axes.tick_params(axis="x", labelsize=7)
            axes.set_title(letter if axes.axison else "", loc="right", fontsize=8, color="#606060", pad=3)
        figure.subplots_adjust(
            left=0.09, right=0.985, top=1 - top / height, bottom=bottom / height, wspace=0.3, hspace=0.32
        )
        if measure.common:
            figure.subplots_adjust(wspace=0.12)
        middle = (bottom + height - top) / 2 / height
        figure.supylabel(measure.axis, fontsize=8.5, x=0.012, y=middle)
        figure.supxlabel(told.words.time, fontsize=8.5, y=(0.1 + foot_inches(told)) / height)
        _head(figure, told, measure)
        foot(figure, told)
    means = say("lines are means over {sample}, {bands}", sample=told.sample, bands=told.bands)
    clauses = [_which(told), _scales(measure), means]
    if measure.reference:
        clauses.append(say("thin lines are what the firm's costs explain: only what lies below is a cut"))
    if key(told):
        clauses.append(say("numbered verticals are the events below, of the firm or the whole market"))
    text = phrase("{title}: {unit}. {clauses}.")
    caption = say(text, title=measure.title, unit=measure.unit, clauses=listed(clauses))
    return Drawing(measure.name, measure.title, caption, _finding(told, measure), figure)


def _scales(measure: Measure) -> str:
    return say("all panels have one scale") if measure.common else say("each panel has a scale of its own")


def _abreast(told: Story) -> int:
    """Entries of the key in a line."""
    return 4 if max(width(told.said(name)) for name in told.scenarios) <= 18 else 2


def _which(told: Story) -> str:
    left = len(told.firms) - MOST
    baseline = told.quoted(told.baseline)
    if left <= 0:
        return say("Firms by units in {baseline}, largest first", baseline=baseline)
    text = phrase("Firms by units in {baseline}, largest first; the {left} smallest are in the tables alone")
    return say(text, baseline=baseline, left=left)


def _panel(axes: Axes, told: Story, firm: str, measure: Measure) -> None:
    styles = looks(told.scenarios, told.baseline)
    x = np.arange(len(told.months))
    for scenario in told.scenarios:
        series = told.series(scenario, firm, measure.metric)
        mean, lo, hi = (measure.times * part for part in series)
        band(axes, x, lo, hi, styles[scenario])
        axes.plot(x, mean, **styles[scenario])
        if measure.reference:
            explained = told.series(scenario, firm, measure.reference).mean
            axes.plot(x, measure.times * explained, **THIN | {"color": styles[scenario]["color"]})
    if measure.zero:
        zero_line(axes)
    mark_months(axes, told, firm)
    axes.set_title(short(told.name(firm), 15), fontweight="bold", pad=3)


def _no_impossible_axis(axes: Axes, measure: Measure) -> None:
    """The axis ends where the measure does: room below it would show prices under zero."""
    bounds, (low, high) = bounds_of(measure.metric), axes.get_ylim()
    axes.set_ylim(max(low, measure.times * bounds.low), min(high, measure.times * bounds.high))


def _hide_spare(panels: np.ndarray, used: int) -> None:
    for axes in panels[used:]:
        axes.set_axis_off()
    for axes in panels[max(used - _COLUMNS, 0) : used]:
        axes.tick_params(labelbottom=True)


def _head(figure: Figure, told: Story, measure: Measure) -> None:
    inch = 1 / figure.get_figheight()
    figure.text(0.012, 1 - 0.08 * inch, measure.title, fontsize=11, fontweight="bold", va="top")
    styles = looks(told.scenarios, told.baseline)
    handles: list[Artist] = [Line2D([], [], label=told.said(name), **styles[name]) for name in told.scenarios]
    if measure.reference:
        handles.append(Line2D([], [], label=say("thin: what costs explain"), color="#404040", **THIN))
    if told.luck and len(told.results.seeds) > 1:
        label = say("shade: interval of the mean")
        handles.append(Patch(label=label, color="#404040", alpha=0.18, linewidth=0))
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.005, 1 - 0.24 * inch), ncols=_abreast(told),
        handlelength=2.6, fontsize=8,
    )  # fmt: skip


def _finding(told: Story, measure: Measure) -> str:
    """The firm that moved most in each scenario, in total."""
    parts = []
    for scenario in told.others:
        rows = {firm: told.total(scenario, firm, measure.metric) for firm in told.firms}
        known = {firm: row for firm, row in rows.items() if np.isfinite(row.diff)}
        if known:
            firm = max(known, key=lambda name: abs(known[name].diff))
            change = with_interval((measure.times * value for value in known[firm].change), signed=True)
            text = phrase("{firm} by {change} in {scenario}")
            parts.append(say(text, firm=told.name(firm), change=change, scenario=told.quoted(scenario)))
    if not parts:
        return say("There is no other scenario to compare with.")
    unit = (
        say("{money} at the end of the run", money=told.words.axis())
        if measure.metric == "cash"
        else say("percentage points, mean of the run")
    )
    text = phrase("Against {baseline} ({unit}) the firm that moves most: {firms}.")
    return say(text, baseline=told.quoted(told.baseline), unit=unit, firms=listed(parts))
