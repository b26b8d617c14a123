"""Figures of a policy study: who pays, the war that is left, which option is best, what the result rests on.

Lines are ranges of outcomes over futures, 5 to 95%; with fewer than `FEW` futures each future is a dot.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pricewar.base.arrays import Floats
from pricewar.policy.carriers import SHOWN, Carrier, carriers
from pricewar.policy.measures import LEAST_WAR
from pricewar.policy.ranges import FEW, PARTIES, buyers_gain, gains, levels, outcome, party_gain
from pricewar.policy.spec import NONE, PEACE
from pricewar.policy.study import PolicyStudy
from pricewar.policy.summary import RANKED, best, fifths_percent, wide
from pricewar.policy.verdict import verdict

from .style import BASELINE, PALETTE, WIDTH, Drawing, house, number, panel

FIFTHS: Final = tuple(mpl.colors.to_hex(mpl.colormaps["cividis"](x)) for x in (0.0, 0.25, 0.5, 0.72, 0.9))
"""Poorest to richest, dark to light, told apart by colour-blind readers and in grey."""
_WHO: Final = ("poorest fifth", "2nd", "3rd", "4th", "richest fifth")
_COLOURS: Final = dict(zip((*PARTIES, "all together"), (*PALETTE[:5], "#000000"), strict=True))


class Series(NamedTuple):
    """One group in each row of a figure."""

    label: str
    colour: str
    values: list[Floats]
    """(rows) of (futures,)."""


def policy_drawings(study: PolicyStudy) -> list[Drawing]:
    """All figures; that of what the result rests on where futures are enough to tell."""
    ranked = [one.option for one in verdict(study).standings]
    found = carriers(study, ranked[0])
    drawings = [who_pays(study, [PEACE, *ranked]), war_left(study, [PEACE, NONE, *ranked])]
    drawings.append(robustness_bars(study))
    return [*drawings, rests_on(study, ranked[0], found)] if found else drawings


def who_pays(study: PolicyStudy, options: Sequence[str], width: float = WIDTH, size: float = 8.0) -> Drawing:
    """What each party, and each income fifth of buyers, gains over no measure.

    Args:
        study: what was run.
        options: rows, in this order.
        width: inches.
        size: of type, points.
    """
    words = study.spec.base.words
    names = [_named(study, option) for option in options]
    with house(size):
        height = 1.15 + len(options) * (0.085 + 0.058 * size)
        figure = Figure(figsize=(width, height), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        draw_ranges(left, names, _parties(study, options), size)
        draw_ranges(right, names, _fifths(study, options), size)
        left.set_xlabel(f"gain over no measure, {words.axis()}")
        right.set_xlabel("gain, % of the fifth's own surplus")
        for letter, axes in zip("ab", (left, right), strict=True):
            panel(axes, letter)
            axes.legend(
                loc="lower left", bbox_to_anchor=(0.1, 1.0), ncols=2, fontsize=size, handlelength=1.0,
                columnspacing=1.0, labelspacing=0.2, borderaxespad=0.2, handletextpad=0.4,
            )  # fmt: skip
    first = options[1] if options[0] == PEACE and len(options) > 1 else options[0]
    shown = outcome(party_gain(study, first, "buyers")), outcome(party_gain(study, first, "firms"))
    finding = (
        f"{_upper(study.spec.said(first))} changes what buyers have by "
        f"{_spread(shown[0], words.total.factor)} {words.of_money()}, and what firms have by "
        f"{_spread(shown[1], words.total.factor)}."
    )
    caption = (
        f"(a) Difference from no measure, present value, open orders counted, {words.axis()}. The "
        "means of the "
        "parties add up to all together. (b) Buyers by income fifth, per cent of the surplus that the fifth "
        "has without measures; nothing where a future leaves it next to none. "
        f"{_lines(study)} The scales of the two panels differ."
    )
    return Drawing("who_pays", "Who gains and who pays", caption, finding, figure)


def _parties(study: PolicyStudy, options: Sequence[str]) -> list[Series]:
    factor = study.spec.base.words.total.factor
    parties = [p for p in PARTIES if study.spec.base.words.petrol or "petrol" not in p]
    made = [
        Series(who, _COLOURS[who], [factor * party_gain(study, option, who) for option in options])
        for who in parties
    ]
    whole = [factor * gains(study, option, RANKED) for option in options]
    return [*made, Series("all together", _COLOURS["all together"], whole)]


def _fifths(study: PolicyStudy, options: Sequence[str]) -> list[Series]:
    made = [
        Series(_WHO[g - 1], FIFTHS[g - 1], [fifths_percent(study, option, g) for option in options])
        for g in range(1, 6)
    ]
    return [one for one in made if any(np.isfinite(values).any() for values in one.values)]


def draw_ranges(axes: Axes, names: Sequence[str], series: Sequence[Series], size: float) -> None:
    """Rows of groups: mean and 5 to 95% of futures; every future as a dot where they are few."""
    step = 0.8 / len(series)
    for place, one in enumerate(series):
        offset = (place - (len(series) - 1) / 2) * step
        for row, values in enumerate(one.values):
            found, y = outcome(values), row + offset
            if np.isfinite(found.low):
                axes.plot([found.low, found.high], [y, y], color=one.colour, linewidth=1.6, zorder=2)
            elif found.futures:
                axes.plot(values, np.full(len(values), y), ".", color=one.colour, markersize=3, alpha=0.6)
            axes.plot([found.mean], [y], "-o", color=one.colour, markersize=3.6, zorder=3,
                      markeredgecolor="white", markeredgewidth=0.4,
                      label=one.label if row == 0 else None)  # fmt: skip
    axes.axvline(0, color=BASELINE, linewidth=0.8, zorder=1)
    _rows(axes, names, size)
    for edge in range(1, len(names)):
        axes.axhline(edge - 0.5, color="#E6E6E6", linewidth=0.6, zorder=0)


def _rows(axes: Axes, names: Sequence[str], size: float) -> None:
    folded = [textwrap.fill(name, 20, break_long_words=False) for name in names]
    axes.set_yticks(range(len(names)), folded, fontsize=size)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def war_left(study: PolicyStudy, options: Sequence[str]) -> Drawing:
    """How much of the war each option leaves, and what buyers have for it; one row an option."""
    words, size = study.spec.base.words, 8.0
    names = [_named(study, option) for option in options]
    left_over = {option: 100 * levels(study, option, "rivals_fall") for option in options}
    bill = {option: words.total.factor * buyers_gain(study, option) for option in options}
    with house(size):
        figure = Figure(figsize=(WIDTH, 0.9 + 0.29 * len(options)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        draw_ranges(left, names, [Series("war", PALETTE[1], list(left_over.values()))], size)
        draw_ranges(right, names, [Series("buyers", PALETTE[0], list(bill.values()))], size)
        left.set_xlabel("rivals' prices below peace, points")
        right.set_xlabel(f"what buyers gain, {words.axis()}")
        for letter, axes in zip("ab", (left, right), strict=True):
            panel(axes, letter)
    caption = (
        f"(a) Mean over {words.period}s of the fall of rivals' prices against the same future in peace, "
        "points of the start price; below 0 prices are dearer than in peace. (b) Consumer surplus over no "
        "measure, "
        f"open orders counted, present value, {words.axis()}. {_lines(study)}"
    )
    return Drawing("war_left", "War left, and what buyers have for it", caption, _halving(study), figure)


def _halving(study: PolicyStudy) -> str:
    """Which options halve the war in the mean, and at what price for buyers."""
    words, fall = study.spec.base.words, outcome(levels(study, NONE, "rivals_fall")).mean
    if fall <= LEAST_WAR:
        return "There is hardly a war in the mean: rivals' prices stay at those of peace."
    found = {
        option: outcome(buyers_gain(study, option))
        for option in study.spec.options[1:]
        if outcome(levels(study, option, "rivals_fall")).mean <= fall / 2
    }
    if not found:
        return "No option halves the war in the mean."
    cheap = max(found, key=lambda option: found[option].mean)
    return (
        f"Of the options that halve the war in the mean, {study.spec.said(cheap)} costs buyers least: a "
        f"change of {_spread(found[cheap], words.total.factor)} {words.of_money()}."
    )


def robustness_bars(study: PolicyStudy) -> Drawing:
    """Share of futures in which each option is best, and regret."""
    table, words, size = best(study), study.spec.base.words, 8.0
    names = [_named(study, str(option)) for option in table["option"]]
    with house(size):
        figure = Figure(figsize=(WIDTH, 1.0 + 0.27 * len(table)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        draw_best(left, table, names, size)
        regrets = [words.total.factor * _regret(study, str(option)) for option in table["option"]]
        draw_ranges(right, names, [Series("regret", BASELINE, regrets)], size)
        right.set_xlabel(f"regret, {words.axis()} of welfare")
        for letter, axes in zip("ab", (left, right), strict=True):
            panel(axes, letter)
    first, often = table.iloc[0], table.sort_values("best", ascending=False, kind="stable").iloc[0]
    finding = (
        f"{study.spec.said(str(often['option']))} is best in {number(100 * often['best'], 0)}% of the "
        f"futures; least is lost in the mean with {study.spec.said(str(first['option']))} "
        f"({number(first['regret_mean'] / words.total.size)} {words.of_money()} below the best of each "
        "future)."
    )
    caption = (
        "By welfare with open orders, present value. (a) Share of futures in which the option is best; bars: "
        "95% intervals of the share over futures (Clopper-Pearson). (b) Loss against the best option of each "
        f"future. {_lines(study)} Of options that tie the first of the file counts, {NONE} before all."
    )
    return Drawing("robustness", "Which option holds up", caption, _upper(finding), figure)


def _regret(study: PolicyStudy, option: str) -> Floats:
    table = wide(study, RANKED)[list(study.spec.options)].dropna()
    return np.asarray((table.max(axis=1) - table[option]).to_numpy(float))


def draw_best(axes: Axes, table: pd.DataFrame, names: Sequence[str], size: float) -> None:
    """Bars of the share of futures in which each option is best."""
    share, lo, hi = (100 * table[name].to_numpy(float) for name in ("best", "best_lo", "best_hi"))
    places = np.arange(len(table))
    axes.barh(places, share, color=PALETTE[0], height=0.7)
    ends = np.maximum([share - lo, hi - share], 0.0)
    axes.errorbar(share, places, xerr=ends, fmt="none", color="black", linewidth=0.7)
    _rows(axes, names, size)
    axes.set_xlabel("best in % of futures")


def rests_on(
    study: PolicyStudy, option: str, found: list[Carrier], width: float = WIDTH, size: float = 8.0
) -> Drawing:
    """A tornado: the assumptions that move an option's gain most, and where each turns its sign.

    Args:
        study: what was run.
        option: whose gain over no measure.
        found: assumptions, the one that moves most first; the first `SHOWN` are drawn.
        width: inches.
        size: of type, points.
    """
    words, told = study.spec.base.words, found[:SHOWN]
    factor, who = words.total.factor, study.spec.said(option)
    with house(size):
        figure = Figure(figsize=(width, 0.7 + len(told) * 0.042 * size), layout="constrained")
        axes = figure.subplots()
        for row, one in enumerate(told):
            for end, colour, side in ((one.low, PALETTE[0], "low"), (one.high, PALETTE[1], "high")):
                axes.errorbar(
                    factor * end.mean, row, xerr=2 * factor * end.error, fmt="o", color=colour,
                    markersize=5, linewidth=0.9, zorder=3, label=side if row == 0 else None,
                )  # fmt: skip
            axes.plot([factor * one.low.mean, factor * one.high.mean], [row, row], color="#B0B0B0",
                      linewidth=4.5, alpha=0.6, zorder=1, solid_capstyle="butt")  # fmt: skip
        mean = factor * float(np.nanmean(gains(study, option, RANKED)))
        axes.axvline(mean, color="#404040", linewidth=0.7, linestyle=(0, (4, 2)))
        axes.axvline(0, color=BASELINE, linewidth=0.9)
        axes.set_yticks(range(len(told)), [textwrap.fill(one.label, 36) for one in told], fontsize=size)
        axes.set_ylim(len(told) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(f"welfare over no measure with {who}, {words.axis()}", fontsize=size)
        beside = axes.secondary_yaxis("right")
        beside.set_yticks(range(len(told)), [_flip(one) for one in told], fontsize=size)
        beside.tick_params(length=0)
        beside.spines["right"].set_visible(False)
    first = told[0]
    finding = (
        f"{_upper(first.label)} moves the result most: from {number(factor * first.low.mean, signed=True)} "
        f"where it is low to {number(factor * first.high.mean, signed=True)} {words.of_money()} where "
        "it is high."
    )
    caption = (
        f"Mean welfare over no measure with {who}, in futures in which an assumption is low (lowest "
        "fifth) and "
        "high (highest fifth); of an assumption with a few values, in those of the first and of the last. "
        "Bars: two standard errors. Dashed: mean of all futures. At the right: the values, and where a line "
        "through all futures crosses zero."
    )
    return Drawing("rests_on", "What the result rests on", caption, finding, figure)


def _flip(one: Carrier) -> str:
    turn = f"turns at {one.flip}".replace("at between", "between") if one.flip else "does not turn"
    return f"{one.low.value} | {one.high.value}\n{turn}"


def _named(study: PolicyStudy, option: str) -> str:
    return study.spec.said(option)


def _lines(study: PolicyStudy) -> str:
    """What dots and lines are."""
    if len(wide(study, RANKED)) < FEW:
        return f"Large dot: mean; small dots: every future, of fewer than {FEW}."
    return "Dot: mean over futures; line: where 90% of futures lie (5 to 95%)."


def _spread(found: tuple[float, ...], factor: float) -> str:
    mean, low, high = (factor * value for value in found[:3])
    text = number(mean, signed=True)
    return f"{text} ({number(low)} to {number(high)})" if np.isfinite(low) else text


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
