"""Prices before and after a screened change, with intervals."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pricewar.screen import Screen

from .style import BASELINE, PALETTE, WIDTH, Drawing, house, number, short

MOST = 24
"""Products drawn: those whose price moves most."""
MOVED, OTHERS = PALETTE[1], PALETTE[0]


def draw_prices(found: Screen) -> Drawing:
    """Left: prices before and after. Right: the change in per cent with its interval."""
    table = _chosen(found.products)
    with house():
        height = 1.1 + 0.2 * len(table)
        figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, height), sharey=True, layout="constrained")
        places = np.arange(len(table))[::-1]
        colours = np.where(_touched(found, table), MOVED, OTHERS)
        _levels(left, table, places, colours)
        _changes(right, table, places, colours)
        left.set_yticks(places, [short(str(name), 26) for name in table["product"]])
        left.set_ylim(-0.6, len(table) - 0.4)
        plt.close(figure)
    drawn = (
        f"the {len(table)} products whose price moves most"
        if len(table) < len(found.products)
        else "all products"
    )
    interval = (
        f"; lines: 95% of {found.draws - found.lost} draws of the margins" if found.draws > found.lost else ""
    )
    return Drawing(
        name="screen_prices",
        title="Prices before and after",
        caption=(
            f"Price in the money of the spreadsheet (left) and its change (right), {drawn}{interval}. "
            "Red: products of the firms named in the change; blue: the others."
        ),
        finding=_finding(found),
        figure=figure,
    )


def _chosen(products: pd.DataFrame) -> pd.DataFrame:
    """Rows to draw, in the order of the spreadsheet by firm."""
    largest = products["price_change"].abs().sort_values(ascending=False, kind="stable").index[:MOST]
    return products.loc[sorted(largest)].sort_values("firm", kind="stable")


def _touched(found: Screen, table: pd.DataFrame) -> pd.Series:
    change = found.change
    firms = {*change.merge, *change.cut, *change.cost}
    return table["firm"].isin(firms) | table["product"].isin(change.floor)


def _levels(axes: Axes, table: pd.DataFrame, places: np.ndarray, colours: np.ndarray) -> None:
    before, after = table["price"], table["price_after"]
    axes.hlines(places, before, after, color=colours, linewidth=1.2, zorder=2)
    axes.scatter(before, places, s=16, facecolor="white", edgecolor=BASELINE, zorder=3, label="before")
    axes.scatter(after, places, s=16, color=colours, zorder=4, label="after")
    axes.set_xlabel("price: before (hollow), after (filled)")


def _changes(axes: Axes, table: pd.DataFrame, places: np.ndarray, colours: np.ndarray) -> None:
    if "price_change_lo" in table:
        ends = 100.0 * table["price_change_lo"], 100.0 * table["price_change_hi"]
        axes.hlines(places, *ends, color=colours, linewidth=2.4, alpha=0.45, zorder=3)
    axes.scatter(100.0 * table["price_change"], places, s=16, color=colours, zorder=4)
    axes.axvline(0.0, color="#808080", linewidth=0.7, zorder=1)
    axes.set_xlabel("change of price, %")


def _finding(found: Screen) -> str:
    rises = found.products["price_change"].to_numpy()
    most = int(np.abs(rises).argmax())
    mean = 100.0 * found.figure("mean_price_change")
    return (
        f"Prices move by {number(mean, 2, signed=True)}% on average (weighted by shares before), most of all "
        f"{found.products['product'].tolist()[most]} ({number(100.0 * float(rises[most]), 2, signed=True)}%)."
    )
