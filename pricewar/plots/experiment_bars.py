"""Bars of what matters most: tornado, effects of two-level designs, Sobol and Morris indices, regret."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pricewar.analysis import robustness, sensitivity
from pricewar.base.arrays import Floats
from pricewar.experiment.design import Morris
from pricewar.experiment.metrics import WITHOUT_LEVEL

from .experiment import Ask, Exhibit, shown
from .style import BASELINE, PALETTE, WIDTH, Drawing, house, number, with_interval

_MANY, _LARGE = 20, 10.0
"""Bars from which on a figure has larger type, and its size in points."""


def tornado_bars(ask: Ask) -> Exhibit:
    """From a factor's lowest to its highest value, the strongest first."""
    table = sensitivity.tornado(ask.runs, ask.factors, ask.spec.metric, ask.over)
    table = ask.scaled(table, "at_low", "at_high", "swing", "lo", "hi")
    labels = [
        f"{ask.label(row['factor'])}: {shown(row['low'])} → {shown(row['high'])}"
        for row in table.to_dict("records")
    ]
    figure = _bars(ask, labels, table, "swing", f"change, {ask.unit}")
    caption = (
        f"{ask.title}: change of the mean from the lowest to the highest value of each factor (of sampled "
        f"factors: between the medians of the outer bins); {ask.intervals}."
    )
    return Exhibit(
        Drawing(ask.name, ask.title, caption, _strongest(ask, table, "swing", "moves it by"), figure), table
    )


def effect_bars(ask: Ask) -> Exhibit:
    """Main effects of a two-level design."""
    order = {name: ask.experiment.factors[name].shown for name in ask.factors}
    table = sensitivity.effects(ask.runs, ask.factors, ask.spec.metric, order)
    table = ask.scaled(table, "effect", "lo", "hi")
    labels = [ask.label(factor) for factor in table["factor"]]
    figure = _bars(ask, labels, table, "effect", f"effect of switching on, {ask.unit}")
    caption = (
        f"{ask.title}: mean at the second level of each factor less mean at its first, over all settings of "
        f"the others; {ask.intervals}."
    )
    return Exhibit(
        Drawing(ask.name, ask.title, caption, _strongest(ask, table, "effect", "changes it by"), figure),
        table,
    )


def sobol_bars(ask: Ask) -> Exhibit:
    """First-order and total indices."""
    table = sensitivity.sobol(ask.runs, ask.factors, ask.spec.metric)
    height = 0.95 + 0.28 * len(table)
    places = np.arange(len(table))
    with house():
        figure = Figure(figsize=(WIDTH, height))
        labels = [ask.label(factor) for factor in table["factor"]]
        axes = _axes(figure, height, labels)
        for shift, (name, label) in zip(
            (-0.18, 0.18), (("first", "first order"), ("total", "total")), strict=True
        ):
            bars = np.abs(np.array([table[name] - table[f"{name}_lo"], table[f"{name}_hi"] - table[name]]))
            colour = PALETTE[0] if name == "first" else PALETTE[1]
            axes.barh(places + shift, table[name], 0.34, color=colour, label=label)
            axes.errorbar(table[name], places + shift, xerr=bars, fmt="none", ecolor="black", elinewidth=0.8)
            mean, lo, hi = (table[f"{name}{end}"].to_numpy(float) for end in ("", "_lo", "_hi"))
            _values(axes, mean, lo, hi, (places + shift).tolist(), 6.5)
        axes.set_xlim(0.0, 1.12 * max(float(table[["first_hi", "total_hi"]].to_numpy(float).max()), 1e-9))
        _rows(axes, labels, "share of variance")
        axes.legend(loc="lower right")
        figure.text(0.012, 1 - 0.08 / height, ask.title, fontsize=11, fontweight="bold", va="top")
    caption = (
        f"{ask.title}: Sobol indices, the share of variance that a factor explains alone (first order) and "
        "with all its interactions (total); 95% intervals by resampling "
        f"{len(ask.experiment.points)} points: of parameters."
    )
    top = table.iloc[0]
    texts = [with_interval(top[f"{name}{end}"] for end in ("", "_lo", "_hi")) for name in ("first", "total")]
    total = number(float(table["first_estimate"].sum()))
    finding = (
        f"{ask.label(top['factor'])} matters most for {ask.metric()}: first-order index "
        f"{texts[0]}, total {texts[1]}; the estimates of all first-order indices sum to {total}."
    )
    return Exhibit(Drawing(ask.name, ask.title, caption, finding, figure), table)


def morris_points(ask: Ask) -> Exhibit:
    """Mean size of elementary effects against their spread."""
    design = ask.experiment.design
    assert isinstance(design, Morris)
    quantiles = design.quantiles(ask.experiment.factors)
    table = sensitivity.morris(
        ask.runs, quantiles, list(ask.experiment.factors), ask.spec.metric, design.levels
    )
    table = ask.scaled(table, "mu", "mu_star", "lo", "hi", "sigma")
    with house():
        figure = Figure(figsize=(WIDTH, 3.8))
        axes = figure.add_axes((0.11, 0.13, 0.85, 0.76))
        axes.errorbar(
            table["mu_star"],
            table["sigma"],
            xerr=table["mu_star"] - table["lo"],
            fmt="o",
            markersize=4,
            elinewidth=0.8,
            color=PALETTE[0],
        )
        for row in table.to_dict("records"):
            axes.annotate(
                ask.label(row["factor"]),
                (row["mu_star"], row["sigma"]),
                xytext=(4, 3),
                textcoords="offset points",
                fontsize=7,
            )
        axes.set_xlabel(f"mean size of elementary effects, {ask.unit}")
        axes.set_ylabel(f"their standard deviation, {ask.unit}")
        figure.text(0.012, 0.98, ask.title, fontsize=11, fontweight="bold", va="top")
    caption = (
        f"{ask.title}: Morris screening. To the right: strong factors; upwards: effects that depend on the "
        "other factors. Bars are 95% intervals by resampling trajectories: of parameters."
    )
    return Exhibit(
        Drawing(
            ask.name,
            ask.title,
            caption,
            _strongest(ask, table, "mu_star", "has elementary effects of"),
            figure,
        ),
        table,
    )


def regret_bars(ask: Ask) -> Exhibit:
    """Mean and worst regret of each option over all worlds; `x` is what is decided on, or `factors`."""
    decision = [ask.spec.x] if ask.spec.x else ask.factors
    better = "low" if ask.spec.below is not None else "high"
    enough = ask.spec.below if better == "low" else ask.spec.above
    table = robustness.robustness(
        ask.runs,
        decision,
        list(ask.experiment.factors),
        ask.spec.metric,
        better=better,
        enough=enough,
        over=ask.over,
    )
    money = ("mean", "lo", "hi", "regret_mean", "regret_lo", "regret_hi", "regret_p90", "regret_max")
    table = ask.scaled(table, *money)
    if ask.spec.metric in WITHOUT_LEVEL:
        table = table.assign(**dict.fromkeys(("mean", "lo", "hi"), np.nan))
    drawn = table.rename(columns={"regret_mean": "regret"}).assign(
        lo=table["regret_lo"], hi=table["regret_hi"]
    )
    figure = _bars(
        ask, [str(option) for option in table["option"]], drawn, "regret", f"mean regret, {ask.unit}"
    )
    caption = (
        f"{ask.title}: regret is what an option gives away against the best option in the same world (all "
        f"values of the other factors, and seed); means; {ask.intervals}. "
        f"{_names(ask, decision)}"
    )
    best, worst = table.iloc[0], table.iloc[-1]
    lost = [
        with_interval(row[name] for name in ("regret_mean", "regret_lo", "regret_hi"))
        for row in (best, worst)
    ]
    finding = (
        f"Least mean regret has {best['option']}, {lost[0]} {ask.unit} (worst world "
        f"{number(best['regret_max'])}); most has {worst['option']}, {lost[1]} {ask.unit}."
    )
    if enough is not None:
        share = with_interval(100 * best[name] for name in ("satisfies", "satisfies_lo", "satisfies_hi"))
        finding += f" It is good enough in {share}% of the worlds."
    finding += ask.unsure(table["regret_lo"])
    return Exhibit(Drawing(ask.name, ask.title, caption, finding, figure), table)


def _names(ask: Ask, decision: Sequence[str]) -> str:
    return f"Options: {', '.join(ask.label(name) for name in decision)}."


def _bars(ask: Ask, labels: list[str], table: pd.DataFrame, value: str, unit: str) -> Figure:
    size = _LARGE if len(table) > _MANY else None  # a tall figure is shown smaller
    scale = 1.0 if size is None else size / 8.5
    height = 0.95 + 0.24 * scale * len(table)
    places = np.arange(len(table))
    mean = table[value].to_numpy(float)
    bars = np.nan_to_num(np.abs(np.array([mean - table["lo"], table["hi"] - mean])))
    with house(size):
        figure = Figure(figsize=(WIDTH, height))
        axes = _axes(figure, height, labels, scale)
        axes.barh(places, mean, 0.66, color=[PALETTE[0] if x >= 0 else PALETTE[1] for x in mean])
        axes.errorbar(mean, places, xerr=bars, fmt="none", ecolor="black", elinewidth=0.8)
        axes.axvline(0, color=BASELINE, linewidth=0.7)
        _rows(axes, labels, unit)
        _values(axes, mean, mean - bars[0], mean + bars[1], range(len(table)), 7.5 * scale)
        figure.text(0.012, 1 - 0.08 / height, ask.title, fontsize=11, fontweight="bold", va="top")
    return figure


def _values(axes: Axes, mean: Floats, lo: Floats, hi: Floats, places: Sequence[float], size: float) -> None:
    """The number of each bar behind it, since a bar near zero cannot be seen; with room for the longest."""
    low, high = min(0.0, float(np.nanmin(lo))), max(0.0, float(np.nanmax(hi)))
    room = 0.11 * (high - low or 1.0)
    axes.set_xlim(low - room * bool((mean < 0).any()), high + room)
    for place, value, least, most in zip(places, mean, lo, hi, strict=True):
        up = value >= 0 or not np.isfinite(value)
        axes.annotate(
            number(value), (max(most, 0.0) if up else min(least, 0.0), place), xytext=(4 if up else -4, 0),
            textcoords="offset points", va="center", ha="left" if up else "right", fontsize=size,
        )  # fmt: skip


def _axes(figure: Figure, height: float, labels: Sequence[str], scale: float = 1.0) -> Axes:
    """Axes that leave room for the longest label on their left."""
    left = min(0.55, 0.03 + 0.0092 * scale * max(map(len, labels)))
    return figure.add_axes((left, 0.5 / height, 0.97 - left, 1 - 0.88 / height))


def _rows(axes: Axes, labels: list[str], unit: str) -> None:
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(unit)


def _strongest(ask: Ask, table: pd.DataFrame, value: str, verb: str) -> str:
    parts = []
    for row in table.head(3).to_dict("records"):
        text = with_interval((row[value], row["lo"], row["hi"]), signed=value != "mu_star")
        parts.append(f"{ask.label(row['factor'])} {verb} {text}")
    text = f"{ask.title} ({ask.unit}): {'; '.join(parts)}."
    if table["lo"].isna().all():
        return f"{text}{ask.unsure(table['lo'])}"
    clear = int(((table["lo"] > 0) | (table["hi"] < 0)).sum())
    still = int(table["lo"].isna().sum())
    more = (
        f" {still} of them {'has' if still == 1 else 'have'} no interval: nothing differs." if still else ""
    )
    return f"{text} For {clear} of {len(table)} factors the interval leaves out zero.{more}"


__all__ = ["effect_bars", "morris_points", "regret_bars", "sobol_bars", "tornado_bars"]
