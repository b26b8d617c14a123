"""Figures of the laboratory: drawn on plain matplotlib figures, no global state."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from .game import StageGame

INK, ACCENT, SOFT = "#1f3b57", "#c8502d", "#9aa5b1"
PALETTE = (INK, ACCENT, "#3f8f6b", "#8a6bb1", "#b08a2e")


def canvas(width: float = 6.4, height: float = 4.0) -> tuple[Figure, Axes]:
    """A figure with one quiet pair of axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, color="#e6e9ed", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def histogram(
    values: NDArray[np.float64], label: str, mark: float | None = None, named: str = "published"
) -> Figure:
    """Distribution over sessions, with its mean and a published figure."""
    figure, axes = canvas()
    axes.hist(values, bins=min(30, max(5, len(values) // 10)), color=INK, alpha=0.85)
    axes.axvline(values.mean(), color=ACCENT, linewidth=2, label=f"mean {values.mean():.3f}")
    if mark is not None:
        axes.axvline(mark, color="black", linestyle=":", label=f"{named} {mark:g}")
    axes.set(xlabel=label, ylabel="sessions")
    axes.legend(frameon=False)
    return figure


def responses(table: pd.DataFrame, game: StageGame) -> Figure:
    """Impulse responses: one panel per kind of deviation."""
    kinds = list(table["deviation"].unique())
    figure = Figure(figsize=(4.0 * len(kinds), 3.6), layout="constrained")
    panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    titles = {"best reply": "Cut to the best reply", "nash": "Cut to Nash", "rise": "Rise by two steps"}
    for axes, kind in zip(panels, kinds, strict=True):
        part = table[table["deviation"] == kind]
        axes.plot(part["period"], part["deviator"], "o-", color=ACCENT, markersize=4, label="deviating firm")
        axes.plot(part["period"], part["rival"], "^--", color=INK, markersize=4, label="rival")
        for level, name in ((game.nash.mean(), "Nash"), (game.monopoly.mean(), "monopoly")):
            axes.axhline(level, color=SOFT, linewidth=1)
            axes.annotate(
                name,
                (part["period"].max(), level),
                ha="right",
                va="bottom",
                fontsize=8,
                color="#5d6873",
            )
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(title=titles.get(kind, kind), xlabel="period (the deviation is 1)")
    panels[0].set_ylabel("price")
    panels[0].legend(frameon=False, fontsize=8, loc="center right")
    return figure


def heat(table: pd.DataFrame) -> Figure:
    """Mean gain over alpha (up) and beta (across)."""
    figure, axes = canvas(6.0, 4.4)
    alphas, betas = np.unique(table["alpha"]), np.unique(table["beta"]) * 1e6
    gains = table.sort_values(["alpha", "beta"])["gain"].to_numpy().reshape(len(alphas), len(betas))
    axes.grid(False)
    mesh = axes.pcolormesh(betas, alphas, gains, cmap="viridis", shading="nearest")
    figure.colorbar(mesh, ax=axes, label="mean profit gain")
    for (row, column), gain in np.ndenumerate(gains):
        place = (betas[column], alphas[row])
        axes.annotate(
            f"{gain:.2f}", place, ha="center", va="center", color=_readable(gain, gains), fontsize=8
        )
    axes.set(xlabel="speed of giving up exploration, beta (millionths)", ylabel="learning rate, alpha")
    return figure


def _readable(value: float, values: NDArray[np.float64]) -> str:
    """Black on the light end of the colours, white on the dark one."""
    return "black" if value > 0.3 * values.min() + 0.7 * values.max() else "white"


def lines(
    x: ArrayLike,
    series: dict[str, NDArray[np.float64]],
    xlabel: str,
    ylabel: str,
    marks: dict[str, float] | None = None,
    drawstyle: str = "default",
) -> Figure:
    """Named lines over one axis; `marks` are horizontal lines with a name."""
    figure, axes = canvas()
    for k, (name, values) in enumerate(series.items()):
        style, color = ("-", "--")[k % 2], PALETTE[k % 5]
        axes.plot(x, values, style, color=color, label=name, linewidth=1.8, drawstyle=drawstyle)
    for name, level in (marks or {}).items():
        axes.axhline(level, color=SOFT, linestyle="--", linewidth=1, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend(frameon=False, fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return figure


def shares(places: ArrayLike, heights: ArrayLike, xlabel: str, ylabel: str) -> Figure:
    """One bar per whole number."""
    figure, axes = canvas()
    axes.bar(np.asarray(places), np.asarray(heights), color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel=xlabel, ylabel=ylabel)
    return figure
