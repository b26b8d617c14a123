"""Who gains and who loses: the whole run against the baseline, in money."""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pricewar.analysis.compare import WITH_OPEN, Row
from pricewar.analysis.interval import NO_LUCK
from pricewar.base.speech import phrase, say

from .data import Story
from .lettering import fill, sentences
from .style import PALETTE, WIDTH, Drawing, house, number, short, with_interval, zero_line

_GAIN, _LOSS = PALETTE[0], PALETTE[1]


_OF: Final = {
    "luck": phrase("luck, not of the parameters"),
    "parameters": phrase("the parameters, not of luck"),
    "both": phrase("luck and parameters"),
}
"""What intervals of differences are of."""


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
                fill(told.said(scenario), 30),
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
        title = say("Who gains, who loses against {baseline}", baseline=told.quoted(told.baseline))
        figure.text(0.012, 1 - 0.08 / height, title, fontsize=11, fontweight="bold", va="top")
    return Drawing("who-gains", title, _caption(told), _finding(told), figure)


def _caption(told: Story) -> str:
    words = told.words
    over, baseline = words.periods(len(told.months)), told.quoted(told.baseline)
    petrol = say("margin on petrol {units}, ", units=words.sold) if words.petrol else ""
    drawn = told.results.drawn.uncertainty
    end = (
        say("Lines are 95% intervals of the paired difference: of {what}.", what=say(_OF.get(drawn, drawn)))
        if told.luck
        else say("No intervals: {why}.", why=say(NO_LUCK))
    )
    what = say(
        "Difference from {baseline} over {over}, {money}: consumer surplus, profit of suppliers, the state's "
        "balance (less fiscal cost), {petrol}profit of all firms; the sum of these, and with what open "
        "orders come to; operating profit of each firm. What stands above all together adds up to it, and "
        "the firms add up to firms together. All panels have one scale.",
        baseline=baseline, over=over, money=words.axis(), petrol=petrol,
    )  # fmt: skip
    return sentences((what, end))


def bars(told: Story, scenario: str) -> list[Bar]:
    """The bars of one scenario, from top to bottom."""
    total, bar = told.total, partial(_bar, scale=told.words.total.size)
    groups = [
        bar(say("Consumers"), total(scenario, "market", "consumer_surplus")),
        bar(say("Suppliers"), total(scenario, "market", "supplier_profit")),
        bar(say("State"), total(scenario, "market", "fiscal_cost"), sign=-1),
        *(
            [bar(say("Petrol makers"), total(scenario, "market", "petrol_profit"))]
            if told.words.petrol
            else []
        ),
        bar(say("Firms together"), total(scenario, "market", "producer_surplus")),
        bar(say("All together"), total(scenario, "market", "welfare")),
    ]
    if told.has("welfare", WITH_OPEN):
        groups.append(bar(say("with open orders"), total(scenario, "market", "welfare", WITH_OPEN)))
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
    axes.set_xlabel(say("{money} over the run", money=money))
    zero_line(axes, at=apart - 0.15)


def _finding(told: Story) -> str:
    parts = []
    for scenario in told.others:
        drawn = bars(told, scenario)
        firms = [bar for bar in drawn[-len(told.firms) :] if np.isfinite(bar.mean)]
        worst, best = min(firms, key=lambda bar: bar.mean), max(firms, key=lambda bar: bar.mean)
        money = [with_interval(bar[1:], signed=True) for bar in (drawn[0], worst, best)]
        text = phrase(
            "In {scenario} consumer surplus changes by {amount}; among firms it goes worst for {worst}, "
            "{loss}, and best for {best}, {gain}."
        )
        terms = {"amount": told.words.amount(money[0]), "worst": worst.label, "best": best.label}
        parts.append(say(text, scenario=told.quoted(scenario), loss=money[1], gain=money[2], **terms))
    return sentences(parts)
