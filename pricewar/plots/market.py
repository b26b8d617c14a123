"""The market as a whole over time: prices, war index, and consumer surplus against the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from pricewar.base.speech import phrase, say

from .data import Series, Story
from .firms import THIN
from .lettering import listed
from .ribbon import draw_ribbon, foot, foot_inches
from .style import (
    WIDTH,
    Drawing,
    band,
    house,
    label_ends,
    looks,
    month_axis,
    number,
    with_interval,
    zero_line,
)

NO_LINES: Final[Mapping[str, Series]] = MappingProxyType({})


def price_index(told: Story) -> Drawing:
    """Prices of the whole market, and what costs explain of them."""
    lines, explained = (
        {name: told.series(name, "market", metric) for name in told.scenarios}
        for metric in ("price_index", "reference_index")
    )
    title = say("Price index; thin lines: what costs explain")
    figure = over_time(told, lines, title, say("Start = 100"), explained, level=100.0)
    ends = []
    for name in told.scenarios:
        price, cost = (number(float(part[name].mean[-1]), 1) for part in (lines, explained))
        text = phrase("{price} in {scenario}, where costs alone would bring {cost}")
        ends.append(say(text, price=price, scenario=told.quoted(name), cost=cost))
    caption = say(
        "Price of the basket of {units} sold before the start, products still on sale; start = 100; the axis "
        "does not begin at zero. Means over {sample}, {bands}; thin lines are the same basket at reference "
        "prices, which move with the {maker}s' own costs: only what lies below is a cut. Numbers above are "
        "events.",
        units=told.words.sold, sample=told.sample, bands=told.bands, maker=told.words.maker,
    )  # fmt: skip
    finding = say("The price index ends at {ends}.", ends=say("; at ").join(ends))
    return Drawing("price-index", say("Price index by scenario"), caption, finding, figure)


def war_index(told: Story) -> Drawing:
    """Depth of price cuts across the market."""
    lines = {name: told.series(name, "market", "war_index") for name in told.scenarios}
    figure = over_time(told, lines, say("War index"), say("Mean cut below the reference price, %"))
    peaks = []
    for name in told.others:
        above = told.series(name, "market", "war_index", diff=True)
        if np.isfinite(above.mean).any():
            top = int(np.nanargmax(above.mean))
            value = with_interval((float(part[top]) for part in above), signed=True)
            text = phrase("{scenario} differs most in {month}, by {value} points")
            peaks.append(say(text, scenario=told.quoted(name), month=told.month(top), value=value))
    caption = say(
        "War index: mean depth of cuts below the {maker}s' reference prices, which move with their own "
        "costs, over all products on sale, weighted by start units. Means over {sample}, {bands}; numbers "
        "above are events.",
        maker=told.words.maker, sample=told.sample, bands=told.bands,
    )  # fmt: skip
    return Drawing("war-index", say("War index by scenario"), caption, _sentence(peaks, told), figure)


def consumer_surplus(told: Story) -> Drawing:
    """What buyers gain against the baseline, month by month."""
    words = told.words
    lines = {
        name: Series(
            *(part / words.total.size for part in told.series(name, "market", "consumer_surplus", diff=True))
        )
        for name in told.others
    }
    unit = say("Difference, {money} a {period}", money=words.axis(), period=words.period)
    figure = over_time(told, lines, say("Consumer surplus against the baseline"), unit)
    totals = []
    for name in told.others:
        row = told.total(name, "market", "consumer_surplus")
        value = with_interval((part / words.total.size for part in row.change), signed=True)
        text = phrase("consumer surplus over the whole run changes by {amount} in {scenario}")
        totals.append(say(text, amount=words.amount(value), scenario=told.quoted(name)))
    caption = say(
        "Consumer surplus, difference from {baseline} with the same seeds, seed by seed; {bands}; numbers "
        "above are events.",
        baseline=told.quoted(told.baseline), bands=told.bands,
    )  # fmt: skip
    title = say("Consumer surplus by scenario")
    return Drawing("consumer-surplus", title, caption, _sentence(totals, told), figure)


def over_time(
    told: Story,
    lines: Mapping[str, Series],
    title: str,
    unit: str,
    thin: Mapping[str, Series] = NO_LINES,
    level: float = 0.0,
) -> Figure:
    """One axis over the months, a line for each scenario with its name at its end.

    Args:
        told: the comparison.
        lines: scenario -> its line.
        title: heading.
        unit: of the vertical axis.
        thin: scenario -> a thin line in its colour.
        level: that means no change.
    """
    styles = looks(told.scenarios, told.baseline)
    bottom = 0.5 + foot_inches(told)
    height = 3.0 + bottom + 0.5
    x = np.arange(len(told.months))
    with house():
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes((0.085, bottom / height, 0.75, 3.0 / height))
        for name, series in lines.items():
            band(axes, x, series.lo, series.hi, styles[name])
            axes.plot(x, series.mean, **styles[name])
        for name, series in thin.items():
            axes.plot(x, series.mean, **THIN | {"color": styles[name]["color"]})
        zero_line(axes, level)
        month_axis(axes, told.months, ticks=8)
        axes.set_xlabel(told.words.time)
        axes.set_ylabel(unit)
        ends = {name: _last(series) for name, series in lines.items()}
        label_ends(axes, ends, styles, {name: told.said(name) for name in lines})
        draw_ribbon(figure, axes, told)
        figure.text(0.012, 1 - 0.08 / height, title, fontsize=11, fontweight="bold", va="top")
        foot(figure, told)
    return figure


def _last(series: Series) -> tuple[float, float]:
    known = np.flatnonzero(np.isfinite(series.mean))
    return (float(known[-1]), float(series.mean[known[-1]])) if len(known) else (0.0, 0.0)


def _sentence(parts: Sequence[str], told: Story) -> str:
    if not parts:
        return say("There is no other scenario to compare with.")
    return say("Against {baseline}, {changes}.", baseline=told.quoted(told.baseline), changes=listed(parts))
