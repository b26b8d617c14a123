"""The style of all figures: one palette, one type size, units on every axis, the same bytes always.

Colours are those of Okabe and Ito (2008), which colour-blind readers can tell apart; in grey, line styles
    tell scenarios apart.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pricewar.base.chinese import say_date
from pricewar.base.speech import language, say

from .lettering import fill, width
from .letters import families, lacking_told

if TYPE_CHECKING:  # words and numbers of a report are here too, and need no library that draws
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BASELINE: Final = "#808080"
PALETTE: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES: Final = ("solid", (0, (4, 2)), (0, (1.5, 1)), (0, (6, 1.5, 1.5, 1.5)), (0, (8, 2)), (0, (3, 3)))
_STEPS, _OTHER_STEPS = (1, 2, 3, 6, 12, 24), (1, 2, 4, 7, 13, 14, 26, 28, 52)
"""Periods between two ticks: of months, and of anything else."""
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WIDTH: Final = 7.5
"""Inches; fits a printed page."""
_STYLE: Final[Any] = {
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#808080",
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.5,
    "xtick.color": "#404040",
    "ytick.color": "#404040",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "figure.dpi": 150,
    "savefig.dpi": 150,
    "svg.hashsalt": "pricewar",
    "axes.titley": 1.0,  # fixed: to look for room above every panel takes a third of the time of a figure
    "text.parse_math": False,  # names and events may hold a dollar sign
}


_TYPE: Final = ("font.size", "axes.labelsize", "axes.titlesize", "xtick.labelsize", "ytick.labelsize")
"""What has the size of type in a figure."""


PRINT: Final = ("png", "svg", "pdf")
"""What a journal and a page take."""
DPI: Final = 300
"""Of PNG for print."""
_NO_DATE: Final[dict[str, dict[str, Any]]] = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@dataclass(frozen=True)
class Drawing:
    """A finished figure with its words."""

    name: str
    """File name without its ending."""
    title: str
    caption: str
    """What is drawn: measure, unit, interval."""
    finding: str
    """What it shows, with the numbers of these runs."""
    figure: Figure

    def save(
        self, directory: Path, endings: Sequence[str] = ("png", "svg"), dpi: float | None = None
    ) -> tuple[Path, ...]:
        """Write the figure; the same figure gives the same bytes.

        Args:
            directory: made if it is not there.
            endings: of "png", "svg" and "pdf".
            dpi: of PNG; None: 150, for a screen.

        Returns:
            The files, in the order of their endings.
        """
        directory.mkdir(parents=True, exist_ok=True)
        paths = tuple(directory / f"{self.name}.{ending}" for ending in endings)
        for path in paths:
            if path.suffix == ".svg":
                path.write_bytes(self.svg)
                continue
            with house():
                self.figure.savefig(path, dpi=dpi or "figure", metadata=_NO_DATE[path.suffix])
        return paths

    @cached_property
    def svg(self) -> bytes:
        """The figure as SVG without a date; drawn once, for file and report alike."""
        file = io.BytesIO()
        with house():
            self.figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        return file.getvalue()


@contextmanager
def house(size: float | None = None) -> Iterator[None]:
    """The style, for as long as the block lasts.

    Args:
        size: of all type, points; None: as figures of reports have it.
    """
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({**_STYLE, "font.family": families()})
        if size is not None:
            mpl.rcParams.update(dict.fromkeys(_TYPE, size))
        with lacking_told():
            yield


def panel(axes: Axes, letter: str) -> None:
    """The letter of a panel, by which a caption names it."""
    import matplotlib as mpl

    axes.set_title(f"({letter})", loc="left", fontweight="bold", fontsize=mpl.rcParams["axes.titlesize"])


def looks(scenarios: Sequence[str], baseline: str) -> dict[str, dict[str, Any]]:
    """Colour and line style of each scenario: grey for the baseline, the palette for the others."""
    others = [name for name in scenarios if name != baseline]
    below = {"color": BASELINE, "linestyle": "solid", "linewidth": 2.6, "zorder": 3}  # seen under the others
    found: dict[str, dict[str, Any]] = {baseline: below}
    for i, name in enumerate(others):
        dashes = DASHES[(i + 1 + i // len(PALETTE)) % len(DASHES)]  # no look twice
        found[name] = {"color": PALETTE[i % len(PALETTE)], "linestyle": dashes, "zorder": 4}
    return found


def band(axes: Axes, x: NDArray[Any], lo: NDArray[Any], hi: NDArray[Any], look: dict[str, Any]) -> None:
    """An interval behind a line; nothing where there is none."""
    if np.isfinite(lo).any():
        axes.fill_between(x, lo, hi, color=look["color"], alpha=0.18, linewidth=0, zorder=2)


def month_axis(axes: Axes, months: Sequence[str], ticks: int = 6) -> None:
    """Months, weeks, days or quarters on the x axis: as few as fit, none slanted."""
    roomy = ticks > 3
    ticks -= 2 * (roomy and language() == "zh")  # 2025年5月 takes more room than May 25
    by_month = all(len(month) == 7 and month[5:].isdigit() for month in months)
    fits = (step for step in (_STEPS if by_month else _OTHER_STEPS) if len(months) <= step * ticks)
    step = next(fits, 36 if by_month else -(-len(months) // ticks))
    first = 0
    if by_month:
        first = next((i for i, month in enumerate(months) if (int(month[5:]) - 1) % step == 0), 0)
    places = list(range(first, len(months), step))
    axes.set_xticks(places, [short_month(months[i], roomy) for i in places])
    axes.set_xlim(-0.5, len(months) - 0.5)


def short_month(month: str, roomy: bool = False) -> str:
    """2025-05 as May 25, 2025-05-12 as 12 May, 2025-W20 as W20 25, 2025-Q2 as Q2 25; in Chinese 25年5月.

    Args:
        month: or week, day or quarter.
        roomy: whether there is room for all four digits of a year in Chinese.
    """
    if language() == "zh":
        return say_date(month) if roomy else say_date(month)[2:]
    if not month[5:7].isdigit():
        return f"{month[5:]} {month[2:4]}"
    name = _MONTHS[int(month[5:7]) - 1]
    return f"{name} {month[2:4]}" if len(month) == 7 else f"{int(month[8:])} {name}"


def short(name: str, longest: int = 17) -> str:
    """A name that fits above a narrow panel: without its bracket, or cut."""
    if width(name) <= longest:
        return name
    bare = re.split(r" \(|（", name)[0]
    while width(bare) > longest:
        bare = bare.removesuffix("…")[:-1] + "…"
    return bare


def zero_line(axes: Axes, at: float = 0.0) -> None:
    """The level that means no change."""
    axes.axhline(at, color="#808080", linewidth=0.7, zorder=1)


LETTERS: Final = tuple("abcdefghijklmnopqrstuvwxyz")
"""Of panels, in the order in which they are read."""


def fold(name: str) -> str:
    """A name in lines that fit beside a figure."""
    return fill(name, 21 if width(name) == len(name) else 16)


def label_ends(
    axes: Axes,
    ends: dict[str, tuple[float, float]],
    styles: dict[str, dict[str, Any]],
    said: dict[str, str],
) -> None:
    """Names at the ends of lines, moved apart so that they do not overlap.

    Args:
        axes: drawn, with its limits final.
        ends: scenario -> (x, y) of the last point.
        styles: scenario -> look.
        said: scenario -> what it is called.
    """
    low, high = axes.get_ylim()
    names = sorted(ends, key=lambda name: ends[name][1])
    lines = max((fold(said[name]).count("\n") + 1 for name in names), default=1)
    placed = spread([ends[name][1] for name in names], 0.06 * lines * (high - low))
    above = max(placed[-1] - high, 0.0) if placed else 0.0  # many names must not run out of the page
    for name, y in zip(names, [place - above for place in placed], strict=True):
        axes.annotate(
            fold(said[name]), (ends[name][0], y), xytext=(4, 0), textcoords="offset points", va="center",
            fontsize=8, color=styles[name]["color"], annotation_clip=False,
        )  # fmt: skip


def spread(wanted: Sequence[float], apart: float) -> list[float]:
    """Places nearest to the ascending ones wanted, no two closer than `apart` (pooled where they crowd)."""
    pools: list[tuple[float, int]] = []  # mean of what its members want less their offset, size
    for i, place in enumerate(wanted):
        mean, size = place - i * apart, 1
        while pools and pools[-1][0] > mean:
            before, many = pools.pop()
            mean, size = (before * many + mean * size) / (many + size), many + size
        pools.append((mean, size))
    bases = [mean for mean, size in pools for _ in range(size)]
    return [base + i * apart for i, base in enumerate(bases)]


def number(value: float, digits: int | None = None, signed: bool = False) -> str:
    """A number as people read it: three significant digits, a real minus sign, – for none."""
    if not np.isfinite(value):
        return "–"
    places = _places(value) if digits is None else digits
    text = f"{value:{'+' if signed else ''},.{places}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("+-")
    text = text.replace("-", "−")
    return text if language() == "zh" else text.replace(",", "\u202f")


def in_brackets(percent: float) -> str:
    """A per cent behind another number."""
    return f" ({number(percent, 1, True)}%)" if np.isfinite(percent) else " (–)"


ROUNDING: Final = 1.5e-12
"""Part of a mean below which an interval holds nothing but the last digits of long sums."""


def with_interval(values: Iterable[float], signed: bool = False) -> str:
    """(mean, lo, hi) as `mean [lo, hi]`, or the mean alone where there is none but that of rounding."""
    mean, lo, hi = values
    places = _places(mean)
    if not np.isfinite([lo, hi]).all() or 0.0 < hi - lo < ROUNDING * abs(mean):
        return number(mean, places, signed)
    finer = range(places, places + 12)  # ends that look alike would say that nothing is left to chance
    places = next((more for more in finer if number(lo, more) != number(hi, more)), places)
    return f"{number(mean, places, signed)} [{number(lo, places)}, {number(hi, places)}]"


def with_range(values: Iterable[float], signed: bool = False) -> str:
    """(lo, hi) of a range over seeds as `(lo to hi)`; empty where there is none."""
    lo, hi = values
    if not np.isfinite([lo, hi]).all():
        return ""
    finer = range(max(_places(lo), _places(hi)), 13)
    places = next((more for more in finer if number(lo, more) != number(hi, more)), 13)
    return say("({low} to {high})", low=number(lo, places, signed), high=number(hi, places, signed))


def count(many: int, noun: str) -> str:
    """A number with its noun: 1 seed, 20 seeds."""
    return f"{many} {noun}" if many == 1 else f"{many} {noun}s"


def _places(value: float) -> int:
    size = abs(value)
    return 2 if not np.isfinite(size) or size < 1 else max(0, 2 - int(np.log10(size)))
