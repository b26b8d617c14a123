"""Two figures of the rolling origins: scores by origin and model, and whether intervals are as wide as they
should be."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from pricewar.backtest import Rolling
from pricewar.backtest.names import TOTAL
from pricewar.backtest.origin_study import ALL, MAKERS
from pricewar.backtest.origins import FULL, MODELS, STACKED, WITHOUT

from .style import BASELINE, PALETTE, WIDTH, Drawing, house, short_month

COLOURS = dict(zip(MODELS, (PALETTE[0], PALETTE[1], BASELINE, PALETTE[2]), strict=True))
WORDS = {
    "full": "full",
    "no_simulator": "without the simulator",
    "no_change": "no change",
    "stacked": "stacked",
}
BINS = 10
PANELS = {"units": "Cars", "nev_share_pct": "Shares", "vehicle_gross_margin_pct": "Gross margins"}


def draw_origins(found: Rolling) -> list[Drawing]:
    """The figures, by name: backtest_origins, backtest_pit."""
    return [scores(found), pits(found)]


def scores(found: Rolling) -> Drawing:
    """Mean CRPS of log cars and log shares of makers, by origin and model."""
    table = found.scores[found.scores["who"] == MAKERS]
    origins = [origin for origin in dict.fromkeys(table["origin"]) if origin != ALL]
    with house():
        figure, grid = plt.subplots(1, 2, figsize=(WIDTH, 2.9), layout="constrained", sharey=True)
        for axes, (metric, words) in zip(grid, list(PANELS.items())[:2], strict=True):
            own = table[table["metric"] == metric].set_index(["origin", "model"])["log_crps"]
            for place, model in enumerate(MODELS):
                x = np.arange(len(origins)) + 0.2 * (place - 1.5)
                heights = [own[origin, model] for origin in origins]
                axes.bar(x, heights, 0.18, color=COLOURS[model], label=WORDS[model])
            axes.set_xticks(np.arange(len(origins)), [short_month(origin) for origin in origins])
            axes.set_title(words, fontsize=8.5)
        grid[0].set_ylabel("mean CRPS of logs")
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), fontsize=8)
        plt.close(figure)
    return Drawing(
        name="backtest_origins",
        title="Scores of forecasts made at five earlier months",
        caption=(
            "Mean continuous ranked probability score of the logs of makers' cars and shares, by origin and "
            "forecast; lower is better."
        ),
        finding=_finding(found),
        figure=figure,
    )


def _finding(found: Rolling) -> str:
    table = found.scores
    own = table[(table["who"] == MAKERS) & (table["metric"] == "units") & (table["model"] == FULL)]
    single, together = own[own["origin"] != ALL], own[own["origin"] == ALL].iloc[0]
    better = int((single["less"] < 0).sum())
    return (
        f"Cars: with the run lower than without it at {better} of {len(single)} origins; together "
        f"{together['less']:+.4f} (standard error {together['less_se']:.4f}, clustered by maker)."
    )


def pits(found: Rolling) -> Drawing:
    """Histograms of the probability integral transform: even bars are intervals of the right width."""
    rows = found.rows[found.rows["entity"] != TOTAL]
    with house():
        figure, grid = plt.subplots(1, 3, figsize=(WIDTH, 2.4), layout="constrained")
        for axes, (metric, words) in zip(grid, PANELS.items(), strict=True):
            for model in (FULL, WITHOUT, STACKED):
                own = rows[(rows["metric"] == metric) & (rows["model"] == model)]["pit"]
                heights, edges = np.histogram(own, bins=BINS, range=(0.0, 1.0))
                part = heights / max(len(own), 1)
                axes.stairs(part, edges, color=COLOURS[model], label=WORDS[model])
            axes.axhline(1.0 / BINS, color=BASELINE, linewidth=0.8, linestyle="dotted")
            axes.set_title(words, fontsize=8.5)
            axes.set_xlabel("place among the draws")
        grid[0].set_ylabel("part of the figures")
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), fontsize=8)
        plt.close(figure)
    return Drawing(
        name="backtest_pit",
        title="Where what came lay among the draws",
        caption=(
            "Probability integral transform of makers' cars, shares and margins over all origins; dotted: "
            "where all bars would be if intervals were as wide as they should be."
        ),
        finding=_widths(found),
        figure=figure,
    )


def _widths(found: Rolling) -> str:
    table = found.scores
    own = table[(table["origin"] == ALL) & (table["who"] == MAKERS) & (table["model"] == FULL)]
    inside = own.set_index("metric")["coverage_90"]
    parts = [f"{words.lower()} {inside[metric]:.0%}" for metric, words in PANELS.items()]
    return f"Inside the 90% interval: {', '.join(parts)}."


__all__ = ["draw_origins", "pits", "scores"]
