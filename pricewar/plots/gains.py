"""Who gains and who loses: the whole run against the baseline, in money."""

from __future__ import annotations

import textwrap
from functools import partial
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pricewar.analysis.compare import WITH_OPEN, Row
from pricewar.analysis.interval import NO_LUCK

from .data import Story
from .style import PALETTE, WIDTH, Drawing, house, number, short, with_interval, zero_line

_GAIN, _LOSS = PALETTE[0], PALETTE[1]


class Bar(NamedTuple):
    """One bar, money."""

    label: str
    mean: float
    lo: float
    hi: float


def draw(told: Story) -> Drawing:
    """A panel for each scenario, a bar for each firm and for consumers, suppliers, state and all."""
    columns, words = min(len(told.others), 3), told.words
    rows = -(-len(told.others) // columns)
    tall = 0.19 * (len(told.firms) + 8) + 0.3
    height = 0.6 + rows * (tall + 0.8)
    with house():
        figure = Figure(figsize=(WIDTH, height))
        panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
        every = {scenario: bars(told, scenario) for scenario in told.others}
        span = _span([bar for drawn in every.values() for bar in drawn])
        for axes, (scenario, drawn) in zip(panels, every.items(), strict=False):
            _panel(
                axes,
                drawn,
                textwrap.fill(told.said(scenario), 30),
                len(drawn) - len(told.firms),
                words.axis(),
                span,
            )
        for axes in panels[len(told.others) :]:
            axes.set_axis_off()
        figure.subplots_adjust(
            left=0.17,
            right=0.975,
            top=1 - 0.83 / height,
            bottom=0.5 / height,
            wspace=0.08,
            hspace=0.8 / tall,
        )
        title = f"Who gains, who loses against {told.quoted(told.baseline)}"
        figure.text(0.012, 1 - 0.08 / height, title, fontsize=11, fontweight="bold", va="top")
    of = told.results.drawn.of_what.replace(" alone", "")
    petrol = f"margin on petrol {words.units}, " if words.petrol else ""
    caption = (
        f"Difference from {told.quoted(told.baseline)} over {words.periods(len(told.months))}, "
        f"{words.axis()}: consumer surplus, profit of suppliers, the state's balance (less fiscal cost), "
        f"{petrol}profit of all firms; the sum of these, and with what open orders come to; operating profit "
        "of each firm. What stands above all together adds up to it, and the firms add up to firms together. "
        "All panels have one scale. "
        + (
            f"Lines are 95% intervals of the paired difference: of {of}."
            if told.luck
            else f"No intervals: {NO_LUCK}."
        )
    )
    return Drawing("who-gains", title, caption, _finding(told), figure)


def bars(told: Story, scenario: str) -> list[Bar]:
    """The bars of one scenario, from top to bottom."""
    total, bar = told.total, partial(_bar, scale=told.words.total.size)
    groups = [
        bar("Consumers", total(scenario, "market", "consumer_surplus")),
        bar("Suppliers", total(scenario, "market", "supplier_profit")),
        bar("State", total(scenario, "market", "fiscal_cost"), sign=-1),
        *([bar("Petrol makers", total(scenario, "market", "petrol_profit"))] if told.words.petrol else []),
        bar("Firms together", total(scenario, "market", "producer_surplus")),
        bar("All together", total(scenario, "market", "welfare")),
    ]
    if told.has("welfare", WITH_OPEN):
        groups.append(bar("with open orders", total(scenario, "market", "welfare", WITH_OPEN)))
    firms = [bar(told.name(firm), total(scenario, firm, "operating_profit")) for firm in told.firms]
    return groups + firms


def _bar(label: str, row: Row, sign: int = 1, *, scale: float) -> Bar:
    ends = sorted((sign * row.diff_lo / scale, sign * row.diff_hi / scale))
    return Bar(label, sign * row.diff / scale, *ends)


def _span(drawn: list[Bar]) -> tuple[float, float]:
    """Ends of the axis of all panels, with room for numbers."""
    ends = np.nan_to_num([bar[1:] for bar in drawn])
    low, high = min(ends.min(), 0.0), max(ends.max(), 0.0)
    room = 0.26 * (high - low or 1.0)
    return low - room, high + room


def _panel(
    axes: Axes, drawn: list[Bar], title: str, apart: int, money: str, span: tuple[float, float]
) -> None:
    places = [i if i < apart else i + 0.7 for i in range(len(drawn))]
    values = np.nan_to_num([bar.mean for bar in drawn])
    axes.barh(places, values, height=0.7, color=[_GAIN if value >= 0 else _LOSS for value in values])
    for place, bar in zip(places, drawn, strict=True):
        axes.plot([bar.lo, bar.hi], [place, place], color="black", linewidth=0.9)
    axes.set_xlim(span)
    for place, bar, value in zip(places, drawn, values, strict=True):
        edge = np.nanmax([value, bar.hi]) if value >= 0 else np.nanmin([value, bar.lo])
        side, away = ("left", 3) if value >= 0 else ("right", -3)
        axes.annotate(
            number(bar.mean),
            (edge, place),
            xytext=(away, 0),
            textcoords="offset points",
            va="center",
            ha=side,
        ).set_fontsize(7)
    axes.axvline(0, color="#404040", linewidth=0.7)
    axes.set_yticks(places, [short(bar.label, 18) for bar in drawn])
    axes.set_ylim(places[-1] + 0.6, -0.6)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.set_title(title, fontweight="bold")
    axes.set_xlabel(f"{money} over the run")
    zero_line(axes, at=apart - 0.15)


def _finding(told: Story) -> str:
    sentences = []
    for scenario in told.others:
        drawn = bars(told, scenario)
        firms = [bar for bar in drawn[-len(told.firms) :] if np.isfinite(bar.mean)]
        worst, best = min(firms, key=lambda bar: bar.mean), max(firms, key=lambda bar: bar.mean)
        money = [with_interval(bar[1:], signed=True) for bar in (drawn[0], worst, best)]
        sentences.append(
            f"In {told.quoted(scenario)} consumer surplus changes by {told.words.amount(money[0])}; "
            "among firms it "
            "goes worst for "
            f"{worst.label}, {money[1]}, and best for {best.label}, {money[2]}."
        )
    return " ".join(sentences)
