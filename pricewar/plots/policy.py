"""Figures of a policy study: who pays, war avoided against what it costs buyers, which option is best."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pricewar.base.words import Words
from pricewar.policy.spec import NONE, PEACE
from pricewar.policy.study import PolicyStudy
from pricewar.policy.summary import PAYERS, best, effects, payers, pick

from .style import BASELINE, PALETTE, WIDTH, Drawing, house, number, zero_line

COLOURS: Final = (
    "#08306B", "#2171B5", "#4292C6", "#6BAED6", "#9ECAE1", PALETTE[1], "#8C564B", *PALETTE[2:4], "#BDBDBD",
)  # fmt: skip
"""One blue for each fifth of buyers, dark the poorest; then the other groups of `PAYERS`."""


def policy_drawings(study: PolicyStudy) -> list[Drawing]:
    """All three figures."""
    return [who_pays(study), trade_off(study), robustness_bars(study)]


def who_pays(study: PolicyStudy) -> Drawing:
    """Stacked bars: what each group gains or pays against no measure."""
    words = study.spec.base.words
    table = payers(study) / words.total.size
    with house():
        figure = Figure(figsize=(WIDTH, 1.2 + 0.24 * len(table)), layout="constrained")
        draw_payers(figure.subplots(), table, words.axis())
    welfare = table.sum(axis=1).drop(PEACE)
    caption = (
        f"Mean over futures of the difference from no measure, present value, {words.axis()}. Buyers by "
        "income fifth. "
        "The dot is the sum, welfare with open orders. Peace is what it would be without the war."
    )
    finding = (
        f"Welfare with open orders against no measure is highest under {welfare.idxmax()} "
        f"({number(welfare.max(), signed=True)} {words.of_money()}) and lowest under "
        f"{welfare.idxmin()} ({number(welfare.min(), signed=True)} {words.total.word}".rstrip()
        + ")."
    )
    return Drawing("who_pays", "Who gains and who pays", caption, finding, figure)


def draw_payers(axes: Axes, table: pd.DataFrame, money: str, size: float = 7.0) -> None:
    """The bars on given axes; table (options, groups) in the money that is named, such as "CNY bn"."""
    places = np.arange(len(table))
    up, down = np.zeros(len(table)), np.zeros(len(table))
    colours = dict(zip(PAYERS, COLOURS, strict=True))
    for group in map(str, table):
        value = table[group].to_numpy(float)
        left = np.where(value >= 0, up, down)
        axes.barh(places, value, left=left, color=colours[group], height=0.72, label=group)
        up, down = up + np.maximum(value, 0), down + np.minimum(value, 0)
    axes.plot(table.sum(axis=1), places, "o", color="black", markersize=3, label="welfare with open orders")
    axes.axvline(0, color="#808080", linewidth=0.7)
    axes.set_yticks(places, [str(name) for name in table.index], fontsize=size)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"gain over no measure, {money}, present value")
    axes.legend(fontsize=size - 1, ncols=1, loc="center left", bbox_to_anchor=(1.0, 0.5))


def trade_off(study: PolicyStudy) -> Drawing:
    """War avoided against the loss of consumer surplus, with 95% intervals of both."""
    table, words = effects(study), study.spec.base.words
    with house():
        figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
        points = draw_trade_off(figure.subplots(), table, study.spec.options, words)
    cheap = points[points["avoided"] >= 50.0].sort_values("cost")
    finding = (
        f"Of the options that avoid half of the war or more, {cheap.index[0]} costs buyers least: "
        f"{number(cheap['cost'].iloc[0])} {words.of_money()} for {number(cheap['avoided'].iloc[0], 0)}% "
        "of the war."
        if len(cheap)
        else "No option avoids half of the war in the mean."
    )
    caption = (
        f"Across: consumer surplus lost against no measure, present value, {words.axis()}. Up: share of "
        "the fall of "
        "rivals' prices that does not happen; 100% is peace, above it prices are dearer than in peace. Bars: "
        "95% intervals of the means over futures: of parameters."
    )
    return Drawing("trade_off", "War avoided, and what it costs buyers", caption, finding, figure)


def draw_trade_off(
    axes: Axes, table: pd.DataFrame, options: tuple[str, ...], words: Words, size: float = 7.0
) -> pd.DataFrame:
    """The plot on given axes; returns (options) cost in the market's money and war avoided in percent."""
    rows, scale = {}, words.total.size
    for place, option in enumerate(options[1:]):
        cost, gone = pick(table, option, "pv.consumer_surplus"), pick(table, option, "war_avoided")
        x, y = -cost["diff"] / scale, 100 * gone["mean"]
        colour = PALETTE[place % len(PALETTE)]
        axes.errorbar(
            x, y,
            xerr=[[(cost["diff_hi"] - cost["diff"]) / scale], [(cost["diff"] - cost["diff_lo"]) / scale]],
            yerr=[[y - 100 * gone["lo"]], [100 * gone["hi"] - y]], fmt="o", color=colour, markersize=3.5,
            linewidth=0.8,
        )  # fmt: skip
        rows[option] = (x, y, colour)
    _names(axes, rows, size)
    zero_line(axes)
    zero_line(axes, 100.0)
    axes.axvline(0, color="#808080", linewidth=0.7)
    axes.set_xlabel(f"consumer surplus lost, {words.axis()}, present value")
    axes.set_ylabel("war avoided, percent")
    return pd.DataFrame.from_dict(rows, orient="index", columns=["cost", "avoided", "colour"])


def _names(axes: Axes, rows: dict[str, tuple[float, float, str]], size: float) -> None:
    """Names in a column at the right, each joined to its point by a thin line."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    (left, right) = axes.get_xlim()
    axes.set_xlim(left, right)
    ordered = sorted(rows, key=lambda name: (rows[name][1], -rows[name][0]))
    places = np.linspace(low, high, len(ordered))
    for name, place in zip(ordered, places, strict=True):
        x, y, colour = rows[name]
        axes.annotate(
            name, (x, y), xytext=(right + 0.06 * (right - left), place), textcoords="data", fontsize=size,
            va="center", color=colour, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": colour, "alpha": 0.5, "shrinkB": 2},
        )  # fmt: skip


def robustness_bars(study: PolicyStudy) -> Drawing:
    """Share of futures in which each option is best, and mean regret."""
    table, words = best(study), study.spec.base.words
    with house():
        figure = Figure(figsize=(WIDTH, 1.0 + 0.22 * len(table)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        draw_best(left, table)
        draw_regret(right, table, words)
    first, often = table.iloc[0], table.sort_values("best", ascending=False).iloc[0]
    finding = (
        f"{often['option']} is best in {number(100 * often['best'], 0)}% of the futures; least is lost in "
        f"the mean with {first['option']} ({number(first['regret_mean'] / words.total.size)} "
        f"{words.of_money()} below the best of "
        "each future)."
    )
    caption = (
        "By welfare with open orders, present value. Left: share of futures in which the option is best, "
        "with 95% intervals over futures (Clopper-Pearson). Right: mean loss against the best option of each "
        "future, with 95% intervals over futures, which end above 0. Of options that tie the first of the "
        f"file counts, {NONE} before all."
    )
    return Drawing("robustness", "Which option holds up", caption, finding[:1].upper() + finding[1:], figure)


def draw_best(axes: Axes, table: pd.DataFrame, size: float = 7.0) -> None:
    """Bars of the share of futures in which each option is best."""
    share, lo, hi = (100 * table[name].to_numpy(float) for name in ("best", "best_lo", "best_hi"))
    places = np.arange(len(table))
    axes.barh(places, share, color=PALETTE[0], height=0.7)
    ends = np.maximum([share - lo, hi - share], 0.0)
    axes.errorbar(share, places, xerr=ends, fmt="none", color="black", linewidth=0.7)
    axes.set_yticks(places, list(table["option"]), fontsize=size)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("best in % of futures")


def draw_regret(axes: Axes, table: pd.DataFrame, words: Words) -> None:
    """Bars of mean regret in the order of the table."""
    scale = words.total.size
    mean, lo, hi = (table[name].to_numpy(float) / scale for name in ("regret_mean", "regret_lo", "regret_hi"))
    places = np.arange(len(table))
    axes.barh(places, mean, color=BASELINE, height=0.7)
    axes.errorbar(
        mean, places, xerr=np.array([mean - lo, hi - mean]), fmt="none", color="black", linewidth=0.7
    )
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"mean regret, {words.axis()} of welfare")
