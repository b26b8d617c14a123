"""Who starts price wars and who follows: the campaigns of one run by firm, and how often over all runs."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from pricewar.analysis.campaigns import ROLES, campaign_rates, of_scenario, ran
from pricewar.analysis.interval import FEW, spread_over_seeds
from pricewar.base.speech import phrase, say, say_many

from .data import Story
from .lettering import commas, seeds_in_words, sentences, width
from .style import PALETTE, WIDTH, Drawing, house, month_axis, number, short

MOST: Final = 25
"""Firms with a row; the others are told in the foot."""
FULL: Final = 0.20
"""Announced cut from which a mark is no bigger."""
_LOOKS: Final[dict[str, dict[str, Any]]] = {
    "lead": {"facecolor": PALETTE[0], "edgecolor": PALETTE[0], "hatch": None},
    "follow": {"facecolor": "white", "edgecolor": PALETTE[1], "hatch": "//////"},
}
_WORDS: Final = {"lead": phrase("starts"), "follow": phrase("follows")}
_MOST_OFTEN: Final = {
    "lead": phrase("{firm} starts most, {number} a year{spread}"),
    "follow": phrase("{firm} follows most, {number} a year{spread}"),
}
_GONE: Final = "#E2E2E2"
_ROW: Final = 0.235
"""Inches of a firm's row."""


def draw_all(told: Story) -> list[Drawing]:
    """A figure for each scenario in which a firm started a campaign."""
    return [draw(told, name) for name in told.scenarios if len(of_scenario(told.results, name))]


def draw(told: Story, scenario: str) -> Drawing:
    """Left the campaigns of the first run, a row for each firm; right campaigns a year over all runs."""
    rates = campaign_rates(told.results, scenario)
    seeds = ran(told.results, scenario)
    table = of_scenario(told.results, scenario)
    table = table[table["period"] < len(told.months)]
    busy = rates.groupby("firm", sort=False)["mean"].sum()
    firms = [str(firm) for firm in busy.index[busy > 0][:MOST]]
    notes = _notes(told, rates, firms)
    rows = _ROW * len(firms)
    bottom, strip, top = 0.47 + 0.14 * len(notes), 0.72, 0.98
    height = bottom + strip + 0.14 + rows + top
    left, middle, right = 0.165, 0.79, 0.985
    with house():
        figure = Figure(figsize=(WIDTH, height))
        floor = (bottom + strip + 0.14) / height
        lines = figure.add_axes((left, floor, 0.765 - left, rows / height))
        bars = figure.add_axes((middle, floor, right - middle, rows / height), sharey=lines)
        sums = figure.add_axes((left, bottom / height, 0.765 - left, strip / height))
        left_at = _gone(lines, told, scenario, seeds[0], firms)
        _timeline(lines, table[table["seed"] == seeds[0]], firms, left_at, len(told.months))
        _rates(bars, rates, firms)
        _sums(sums, table, seeds, told)
        for axes in (lines, sums):
            month_axis(axes, told.months, ticks=7)
        lines.tick_params(labelbottom=False)
        lines.set_yticks(range(len(firms)), [short(told.name(firm)) for firm in firms])
        _head(figure, told.said(scenario), seeds, lines, bars)
        figure.text(0.012, 0.06 / height, "\n".join(notes), fontsize=7, va="bottom")
    title = say("Who starts, who follows in {scenario}", scenario=told.quoted(scenario))
    return Drawing(
        f"campaigns-{scenario}",
        title,
        _caption(told.quoted(scenario), seeds),
        _finding(told, table, rates, seeds),
        figure,
    )


def _timeline(
    axes: Axes, table: pd.DataFrame, firms: list[str], left_at: dict[str, int], months: int
) -> None:
    """Offers as bars for as long as they last, list cuts as triangles at their month."""
    place = {firm: row for row, firm in enumerate(firms)}
    for one in table[table["firm"].isin(firms)].to_dict("records"):
        y, depth, look = place[one["firm"]], min(float(one["announced"]) / FULL, 1.0), _LOOKS[one["role"]]
        if one["kind"] == "list":
            size: dict[str, Any] = {"s": _area(depth), "marker": "v", "zorder": 5}
            axes.scatter(one["period"], y, **size | {"s": 1.6 * size["s"], "zorder": 4.5, "color": "white"})
            axes.scatter(
                one["period"],
                y,
                linewidth=0.9,
                facecolor=look["facecolor"],
                edgecolor=look["edgecolor"],
                **size,
            )
            continue
        end = min(one["ended"] if one["ended"] >= 0 else months, left_at.get(one["firm"], months), months)
        high = 0.16 + 0.66 * depth
        axes.add_patch(
            Rectangle((one["period"] - 0.42, y - high / 2), end - one["period"] - 0.16, high, linewidth=0.8,
                      zorder=4, **look)
        )  # fmt: skip
    axes.set_ylim(len(firms) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def _area(depth: float) -> float:
    """Points squared of a triangle whose height grows as that of a bar."""
    return (3.2 + 7.0 * depth) ** 2


def _gone(axes: Axes, told: Story, scenario: str, seed: int, firms: list[str]) -> dict[str, int]:
    """A grey row from the month in which a firm has left; returns these months."""
    rows = told.results.firms
    rows = rows[(rows["scenario"] == scenario) & (rows["seed"] == seed) & ~rows["active"].astype(bool)]
    first = {str(firm): int(period) for firm, period in rows.groupby("firm")["period"].min().items()}
    for y, firm in enumerate(firms):
        if firm in first:
            start = first[firm] - 0.5
            axes.add_patch(Rectangle((start, y - 0.5), len(told.months) - start, 1, color=_GONE, zorder=1.5))
    return first


def _rates(axes: Axes, rates: pd.DataFrame, firms: list[str]) -> None:
    """Two bars a firm, with the range over seeds."""
    for role, shift in zip(ROLES, (-0.2, 0.2), strict=True):
        part = rates[rates["role"] == role].set_index("firm").loc[firms]
        places = np.arange(len(firms)) + shift
        axes.barh(places, part["mean"], height=0.34, linewidth=0.7, **_LOOKS[role])
        axes.hlines(places, part["range_lo"], part["range_hi"], color="black", linewidth=0.9, zorder=5)
    axes.tick_params(axis="y", length=0, labelleft=False)
    axes.grid(axis="y", visible=False)
    axes.set_xlim(left=0.0)
    axes.set_xlabel(say("campaigns a year"))


def _sums(axes: Axes, table: pd.DataFrame, seeds: list[int], told: Story) -> None:
    """Campaigns of all firms that begin in a month: of the first run as bars, of all as a line with range."""
    months = len(told.months)
    counts = np.zeros((len(seeds), len(ROLES), months))
    codes = (pd.Categorical(table["seed"], seeds).codes, pd.Categorical(table["role"], ROLES).codes)
    np.add.at(counts, (*codes, table["period"].to_numpy(int)), 1.0)
    x, under = np.arange(months), np.zeros(months)
    for role, part in zip(ROLES, counts[0], strict=True):
        axes.bar(x, part, bottom=under, width=0.76, linewidth=0.6, zorder=2, **_LOOKS[role])
        under = under + part
    if len(seeds) > 1:
        every = counts.sum(axis=1)
        lo, hi = spread_over_seeds(every)
        axes.fill_between(x, lo, hi, color="#808080", alpha=0.25, linewidth=0, zorder=1.5)
        axes.plot(x, every.mean(axis=0), color="#303030", linewidth=1.8, zorder=4)
    axes.set_ylabel(say("all firms\na month"), fontsize=7.5)
    axes.set_xlabel(say("Month"))
    axes.set_ylim(bottom=0.0)
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))


def _head(figure: Figure, scenario: str, seeds: list[int], lines: Axes, bars: Axes) -> None:
    height = figure.get_figheight()
    title = say("Who starts, who follows: {scenario}", scenario=scenario)
    figure.text(0.012, 1 - 0.08 / height, title, fontsize=11, fontweight="bold", va="top")
    lines.set_title(say("Campaigns of one run (seed {seed})", seed=seeds[0]), fontsize=8.5)
    mean = say("One run") if len(seeds) == 1 else say("Mean of {seeds}", seeds=seeds_in_words(len(seeds)))
    bars.set_title(mean, fontsize=8.5)
    ink: dict[str, Any] = {"facecolor": "#BBBBBB", "edgecolor": "#404040"}
    dots: dict[str, Any] = {
        "linestyle": "",
        "marker": "v",
        "markerfacecolor": "#BBBBBB",
        "markeredgecolor": "#404040",
    }
    handles: list[Any] = [
        *(Patch(label=say(_WORDS[role]), linewidth=0.8, **_LOOKS[role]) for role in ROLES),
        Line2D([], [], label=say("cut of list price"), markersize=_area(0.5) ** 0.5, **dots),
        Patch(label=say("offer or subsidy, while it stands"), **ink),
        *(
            Line2D([], [], label=words, markersize=_area(cut / FULL) ** 0.5, **dots)
            for cut, words in (
                (0.05, say("5% announced")),
                (0.10, "10%"),
                (FULL, say("{cut} or more", cut=f"{FULL:.0%}")),
            )
        ),
        Patch(label=say("has left"), color=_GONE),
    ]
    if len(seeds) > 1:
        lie = say("5 to 95% of runs") if len(seeds) >= FEW else say("least to greatest run")
        thin = say("thin line, shade: {lie}", lie=lie)
        handles.append(Line2D([], [], label=say("mean of all seeds"), color="#303030", linewidth=1.8))
        handles.append(Line2D([], [], label=thin, color="black", linewidth=0.8))
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.005, 1 - 0.26 / height), ncols=5, fontsize=7.5,
        handlelength=1.6, columnspacing=1.0,
    )  # fmt: skip


def _notes(told: Story, rates: pd.DataFrame, firms: list[str]) -> list[str]:
    """What of the firms has no row."""
    busy = rates.groupby("firm", sort=False)["mean"].sum()
    rest = busy[~busy.index.isin(firms)]
    few, none = rest[rest > 0], rest[rest == 0]
    notes = []
    if len(few):
        row = say_many(
            "Without a row: {many} firm, {number} campaigns a year in all.",
            "Without a row: {many} firms, {number} campaigns a year in all.",
            len(few),
            number=number(few.sum(), 1),
        )
        notes.append(row)
    if len(none):
        names = commas([told.name(str(firm)) for firm in none.index])
        names = names if width(names) < 100 else say_many("{many} firm", "{many} firms", len(none))
        notes.append(say("Without any campaign in any run: {firms}.", firms=names))
    return notes


def _caption(scenario: str, seeds: list[int]) -> str:
    lie = say("5 to 95% of runs") if len(seeds) >= FEW else say("from the least to the greatest run")
    many = (
        say("means over {seeds}, thin lines {lie}", seeds=seeds_in_words(len(seeds)), lie=lie)
        if len(seeds) > 1
        else say("one seed, no range")
    )
    text = say(
        "Campaigns in {scenario}, firms with most of them over all seeds first. Left: the run with seed "
        "{seed}; triangles are cuts of list prices, bars are limited offers and subsidies for as long as "
        "they stand; the bigger a mark, the deeper the announced cut. Full marks start, hatched bars and "
        "empty triangles answer a rival. Right: campaigns a year, {means}. Below: campaigns of all firms "
        "that begin in a month, in this run.",
        scenario=scenario, seed=seeds[0], means=many,
    )  # fmt: skip
    if len(seeds) == 1:
        return text
    shade = say(
        "The line below is the mean over all seeds, its shade {lie}: a range of runs, no error of a mean.",
        lie=lie,
    )
    return sentences((text, shade))


def _finding(told: Story, table: pd.DataFrame, rates: pd.DataFrame, seeds: list[int]) -> str:
    """Who starts most and who follows most, and how many campaigns are answers."""
    answers = number(100 * float((table["role"] == "follow").mean()), 0)
    parts = []
    for role in ROLES:
        part = rates[rates["role"] == role]
        top = part.iloc[int(part["mean"].to_numpy(float).argmax())]
        spread = _spread(top, len(seeds)) if np.isfinite(top["range_lo"]) else ""
        terms = {"firm": told.name(str(top["firm"])), "number": number(top["mean"], 1), "spread": spread}
        parts.append(say(_MOST_OFTEN[role], **terms))
    firms = say("{one} and {other}", one=parts[0], other=parts[1])
    if len(seeds) == 1:
        return say("{share}% of the campaigns answer a rival's; {firms}.", share=answers, firms=firms)
    return say(
        "{share}% of the campaigns over {seeds} answer a rival's; {firms}.",
        share=answers,
        seeds=seeds_in_words(len(seeds)),
        firms=firms,
    )


def _spread(row: pd.Series, seeds: int) -> str:
    low, high = (number(row[name], 1) for name in ("range_lo", "range_hi"))
    if seeds >= FEW:
        return say(" (90% of runs: {low} to {high})", low=low, high=high)
    return say(" (runs: {low} to {high})", low=low, high=high)
