"""Maps over two factors: a metric, or who survives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pricewar.analysis import robustness
from pricewar.analysis.sensitivity import heat

from .experiment import Ask, Exhibit, shown
from .style import WIDTH, Drawing, house, with_interval


def heat_map(ask: Ask) -> Exhibit:
    """A metric over two factors, its value and its interval in each cell."""
    spec = ask.spec
    table = ask.scaled(heat(ask.runs, spec.x, spec.y, spec.metric, ask.over), "mean", "lo", "hi")
    columns, rows = _values(table[spec.x]), _values(table[spec.y])
    height = 1.4 + 0.42 * max(len(rows), 3)
    with house():
        figure = Figure(figsize=(WIDTH, height))
        left = 0.09 + 0.0092 * max(len(shown(value)) for value in rows)
        axes = figure.add_axes((left, 0.62 / height, 0.9 - left, 1 - 1.05 / height))
        image = axes.imshow(_grid(table, spec.x, spec.y, "mean", columns, rows), **_colours(table["mean"]))
        _cells(axes, table, spec.x, spec.y, columns, rows)
        _ticks(axes, columns, rows)
        axes.set_xlabel(ask.label(spec.x))
        axes.set_ylabel(ask.label(spec.y))
        bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02)
        bar.set_label(ask.unit)
        bar.outline.set_visible(False)
        figure.text(0.012, 1 - 0.08 / height, ask.title, fontsize=11, fontweight="bold", va="top")
    caption = (
        f"{ask.title} ({ask.unit}), mean over all other factors; below it its interval, where there is "
        f"one; {ask.intervals}."
    )
    return Exhibit(Drawing(ask.name, ask.title, caption, _finding(ask, table), figure), table)


def survival(ask: Ask) -> Exhibit:
    """Share of runs in which each firm is left at the end, by value of one factor."""
    firms = ask.firms("survives")
    table = robustness.survival(ask.runs, ask.spec.x, firms, ask.over)
    worst = table.groupby("firm")["survives"].mean().sort_values(kind="stable")
    order = [firm for firm in worst.index if worst[firm] < 1] or list(worst.index[:1])
    drawn = table[table["firm"].isin(order)]
    columns = _values(drawn[ask.spec.x])
    height = 1.3 + 0.3 * len(order)
    with house():
        figure = Figure(figsize=(WIDTH, height))
        left = 0.03 + 0.0092 * max(len(ask.firm(firm)) for firm in order)
        axes = figure.add_axes((left, 0.62 / height, 0.9 - left, 1 - 1.05 / height))
        image = axes.imshow(
            _grid(drawn, ask.spec.x, "firm", "survives", columns, order),
            cmap="RdYlBu", vmin=0, vmax=1, aspect="auto",
        )  # fmt: skip
        for row in drawn.to_dict("records"):
            place = (columns.index(row[ask.spec.x]), order.index(row["firm"]))
            ink = "white" if row["survives"] in (0.0, 1.0) else "black"
            axes.text(*place, f"{row['survives']:.0%}", ha="center", va="center", fontsize=7.5, color=ink)
        _ticks(axes, columns, [ask.firm(firm) for firm in order])
        axes.set_xlabel(ask.label(ask.spec.x))
        figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02).set_label("share of runs")
        title = ask.spec.title or "Who is left at the end"
        figure.text(0.012, 1 - 0.08 / height, title, fontsize=11, fontweight="bold", va="top")
    safe = len(firms) - len(order) if worst.iloc[0] < 1 else len(firms)
    caption = (
        "Share of runs in which the firm is in the market at the end, over all other factors and seeds. "
        f"{safe} of {len(firms)} firms are left in every run and not shown. "
        f"In the text and in the table: {ask.intervals}."
    )
    return Exhibit(Drawing(ask.name, title, caption, _survivors(ask, table), figure), table)


def _survivors(ask: Ask, table: pd.DataFrame) -> str:
    ends = _values(table[ask.spec.x])
    parts = []
    for end in (ends[0], ends[-1]):
        at = table[table[ask.spec.x] == end].sort_values("survives", kind="stable").iloc[0]
        share = with_interval(100 * at[name] for name in ("survives", "lo", "hi"))
        parts.append(f"at {ask.label(ask.spec.x)} = {shown(end)} {ask.firm(at['firm'])}, {share}% of runs")
    return f"The firm that survives least often: {'; '.join(parts)}.{ask.unsure(table['lo'])}"


def _values(column: pd.Series[Any]) -> list[Any]:
    values = list(dict.fromkeys(column))
    numbers = all(isinstance(value, (int, float, np.number)) for value in values)
    return sorted(values) if numbers else values


def _grid(table: pd.DataFrame, x: str, y: str, value: str, columns: list[Any], rows: list[Any]) -> Any:
    return table.pivot(index=y, columns=x, values=value).reindex(index=rows, columns=columns).to_numpy(float)


def _colours(values: pd.Series[Any]) -> dict[str, Any]:
    """Blue to orange around zero where signs differ, otherwise light to dark."""
    low, high = float(values.min()), float(values.max())
    if low < 0 < high:
        reach = max(-low, high)
        return {"cmap": "PuOr_r", "vmin": -reach, "vmax": reach, "aspect": "auto", "origin": "lower"}
    cmap = "YlGnBu" if high > 0 else "YlGnBu_r"
    return {"cmap": cmap, "vmin": low, "vmax": high + 1e-12, "aspect": "auto", "origin": "lower"}


def _cells(axes: Axes, table: pd.DataFrame, x: str, y: str, columns: list[Any], rows: list[Any]) -> None:
    colours = axes.images[0]
    for row in table.to_dict("records"):
        red, green, blue, _ = colours.cmap(colours.norm(row["mean"]))
        ink = "white" if 0.3 * red + 0.59 * green + 0.11 * blue < 0.5 else "black"
        text = with_interval(row[name] for name in ("mean", "lo", "hi")).replace(" [", "\n[")
        place = (columns.index(row[x]), rows.index(row[y]))
        axes.text(*place, text, ha="center", va="center", fontsize=6.2, color=ink, linespacing=0.95)


def _ticks(axes: Axes, columns: list[Any], rows: list[Any]) -> None:
    axes.set_xticks(range(len(columns)), [shown(value) for value in columns])
    axes.set_yticks(range(len(rows)), [shown(value) for value in rows])
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _finding(ask: Ask, table: pd.DataFrame) -> str:
    spec, parts = ask.spec, []
    for name, row in (
        ("highest", table.iloc[int(table["mean"].argmax())]),
        ("lowest", table.iloc[int(table["mean"].argmin())]),
    ):
        value = with_interval(row[column] for column in ("mean", "lo", "hi"))
        where = f"{ask.label(spec.x)} = {shown(row[spec.x])}, {ask.label(spec.y)} = {shown(row[spec.y])}"
        parts.append(f"{name} {value} at {where}")
    return f"{ask.title} ({ask.unit}): {', '.join(parts)}.{ask.unsure(table['lo'])}"
