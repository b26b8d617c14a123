"""The ribbon of events: numbered marks above a time axis, and their key at the foot of the figure."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pricewar.base.speech import retell, say

from .data import Event, Story
from .lettering import commas, width

_MOST: Final = 9
_APART: Final = 0.12
"""Part of the months that a number in a small panel takes."""
_INK: Final = "#303030"


def shown(told: Story) -> tuple[Event, ...]:
    """The events with a mark; more than nine would hide each other."""
    return told.events[:_MOST]


def mark_months(axes: Axes, told: Story, firm: str | None = None) -> None:
    """A thin vertical line at each event; in a firm's panel at its own and those of no firm, with numbers."""
    months = _numbers(told, firm)
    for period in sorted(months):
        axes.axvline(period, color="#B0B0B0", linewidth=0.6, linestyle=(0, (2, 2)), zorder=1)
    right = -np.inf
    for period in sorted(months) if firm is not None else ():
        if period - right >= _APART * len(told.months):
            axes.text(
                period, 0.995, _shown(months, period, _APART * len(told.months)), fontsize=6.5, color=_INK,
                transform=axes.get_xaxis_transform(), ha="center", va="top", zorder=5,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )  # fmt: skip
            right = period


def _numbers(told: Story, firm: str | None) -> dict[int, list[int]]:
    """Period -> the numbers of its events, of a firm and of the whole market, or of all."""
    months: dict[int, list[int]] = {}
    for i, event in enumerate(shown(told), start=1):
        owner = told.firm_of(event.entity)
        if firm is None or not owner or owner == firm:
            months.setdefault(event.period, []).append(i)
    return months


def _shown(months: dict[int, list[int]], period: int, apart: float) -> str:
    """The numbers of a period, with those of periods too near to it for a number of their own."""
    near = [i for at, numbers in months.items() if 0 <= at - period < apart for i in numbers]
    whole = near == list(range(near[0], near[-1] + 1))
    return f"{near[0]}–{near[-1]}" if len(near) > 2 and whole else ",".join(map(str, near))


def draw_ribbon(figure: Figure, below: Axes, told: Story) -> None:
    """Numbered marks in a strip right above the axes, on the same months."""
    mark_months(below, told)
    box = below.get_position()
    strip = figure.add_axes((box.x0, box.y1, box.width, 0.16 / figure.get_figheight()))
    strip.set_xlim(below.get_xlim())
    strip.set_ylim(0, 1)
    strip.set_axis_off()
    for period, numbers in _numbers(told, None).items():
        strip.text(
            period,
            0.5,
            str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}",
            ha="center",
            va="center",
            fontsize=7,
            color=_INK,
        )


def key(told: Story) -> list[str]:
    """One line of text for each mark."""
    lines = []
    for i, event in enumerate(shown(told), start=1):
        where = commas([told.said(name) for name in event.scenarios])
        name, line = told.name(event.entity), retell(event.what)
        plain = told.results.names.get(event.entity, event.entity)
        named = plain.lower() in event.what.lower()
        what = line if named else say("{name}: {what}", name=name, what=line)
        month = told.month(event.period)
        lines.append(
            say("{number}  {month}  {what} ({where})", number=i, month=month, what=what, where=where)
        )
    hidden = len(told.events) - len(lines)
    return [*lines, say("and {hidden} later events, in the log", hidden=hidden)] if hidden else lines


def foot(figure: Figure, told: Story) -> None:
    """The key at the foot of the figure."""
    text = "\n".join(_cut(line) for line in key(told))
    figure.text(0.012, 0.06 / figure.get_figheight(), text, fontsize=6.8, va="bottom", color=_INK)


def _cut(line: str) -> str:
    while width(line) >= 130:
        line = line.removesuffix("…")[:-1] + "…"
    return line


def foot_inches(told: Story) -> float:
    """Height that the key takes."""
    return 0.125 * len(key(told)) + (0.1 if told.events else 0.0)
