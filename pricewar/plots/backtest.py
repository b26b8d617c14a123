"""Fan charts of a backtest: a panel for each entity, with the two naive forecasts and actual figures."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pricewar.backtest import ENTITIES, TOTAL, Backtest
from pricewar.backtest.names import MONTHS

from .style import BASELINE, PALETTE, WIDTH, Drawing, house, month_axis, number, zero_line

MODEL, STILL, YEAR = "model", "no change", "last year"
MEDIAN, ACTUAL = PALETTE[0], PALETTE[1]


@dataclass(frozen=True)
class Fan:
    """One figure."""

    metric: str
    title: str
    unit: str
    scale: float = 1.0
    zero: bool = False


FANS = (
    Fan("units", "Cars a month", "thousand cars", 1e-3),
    Fan("nev_share_pct", "Share of new-energy retail", "% (total: of all cars)"),
    Fan("vehicle_gross_margin_pct", "Gross margin of cars", "%"),
    Fan("discount_pp_change", "Discount off list since April 2025", "percentage points", zero=True),
)
COLUMNS = 4


def draw_backtest(found: Backtest) -> list[Drawing]:
    """A figure for each of the monthly metrics that a chart can show."""
    return [draw(found, fan) for fan in FANS]


def draw(found: Backtest, fan: Fan) -> Drawing:
    """Fan charts of one metric for all entities."""
    entities = (*ENTITIES.values(), TOTAL)
    rows = -(-len(entities) // COLUMNS)
    with house():
        figure, grid = plt.subplots(rows, COLUMNS, figsize=(WIDTH, 1.55 * rows + 0.5), layout="constrained")
        for axes, entity in zip(grid.ravel(), entities, strict=True):
            _panel(axes, found, fan, entity)
        for axes in grid[:-1].ravel():
            axes.tick_params(labelbottom=False)
        figure.supylabel(fan.unit, fontsize=8.5)
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), fontsize=8)
        plt.close(figure)
    return Drawing(
        name=f"backtest_{fan.metric}",
        title=fan.title,
        caption=(
            f"{fan.title}, {fan.unit}, May to December 2025 as predicted from April 2025. Dark band: middle "
            "half of the draws; light band: 5% to 95%; line: median; grey: no change since April (dashed) "
            "and last year's months with this year's growth (dotted)."
        ),
        finding=_finding(found, fan),
        figure=figure,
    )


def _panel(axes: Axes, found: Backtest, fan: Fan, entity: str) -> None:
    x = np.arange(len(MONTHS), dtype=float)
    ends = _quantiles(found, MODEL, fan, entity)
    axes.fill_between(x, ends[0], ends[4], color=MEDIAN, alpha=0.18, linewidth=0, label="90%")
    axes.fill_between(x, ends[1], ends[3], color=MEDIAN, alpha=0.35, linewidth=0, label="50%")
    axes.plot(x, ends[2], color=MEDIAN, label="median")
    for name, dashes in ((STILL, (0, (4, 2))), (YEAR, (0, (1.2, 1.2)))):
        middle = _quantiles(found, name, fan, entity)[2]
        axes.plot(x, middle, color=BASELINE, linestyle=dashes, linewidth=1.0, label=name)
    months, values = _actual(found, fan, entity)
    if found.actuals is not None:  # an empty one keeps the legend whole
        axes.plot(months, values, "o", color=ACTUAL, markersize=3, zorder=5, label="actual")
    if fan.zero:
        zero_line(axes)
    axes.set_title(entity, fontsize=8)
    month_axis(axes, MONTHS, ticks=3)
    axes.tick_params(labelsize=7)


def _quantiles(found: Backtest, name: str, fan: Fan, entity: str) -> NDArray[np.float64]:
    forecast = found.forecasts[name]
    columns = np.stack([forecast.column(entity, month, fan.metric) for month in MONTHS], axis=1)
    return np.asarray(np.quantile(columns, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)) * fan.scale


def _actual(found: Backtest, fan: Fan, entity: str) -> tuple[list[int], list[float]]:
    if found.actuals is None:
        return [], []
    chosen = found.actuals[(found.actuals["entity"] == entity) & (found.actuals["metric"] == fan.metric)]
    chosen = chosen[chosen["period"].isin(MONTHS)]
    months = [MONTHS.index(str(period)) for period in chosen["period"]]
    return months, [float(value) * fan.scale for value in chosen["value"]]


def _finding(found: Backtest, fan: Fan) -> str:
    """What the figure says of the total, and how well it did if that is known."""
    ends = _quantiles(found, MODEL, fan, TOTAL)[:, -1]
    text = (
        f"December 2025, {TOTAL}: median {number(ends[2])} {fan.unit.split(' (')[0]}, 90% of draws between "
        f"{number(ends[0])} and {number(ends[4])}."
    )
    if found.scores is None:
        return text
    row = found.scores[(found.scores["metric"] == fan.metric) & (found.scores["forecast"] == MODEL)]
    if row.empty:
        return text
    first = row.iloc[0]
    return (
        f"{text} Of {first['figures']:.0f} actual figures {first['coverage_90']:.0%} lie in the 90% and "
        f"{first['coverage_50']:.0%} in the 50% interval."
    )


__all__ = ["FANS", "Fan", "draw", "draw_backtest"]
