"""What `run`, `compare` and `report` write: tables, comparison, figures and report in one folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from pricewar.files.folders import RUN, replaced
from pricewar.results.store import Results

DERIVED: Final = ("comparison.csv", "wars.csv", "waves.csv", "report.html")
FIGURES: Final = "figures/"


@dataclass(frozen=True)
class Outcome:
    """What was written, for the summary."""

    results: Results
    comparison: pd.DataFrame
    wars: int
    baseline: str
    figures: int = 0
    """How many were drawn."""


@dataclass(frozen=True)
class Wish:
    """What of all that follows from tables is wanted."""

    baseline: str | None = None
    """Scenario to compare with; None: `Results.baseline`."""
    focus: str = ""
    """Firm whose break-even is drawn."""
    figures: str = "all"
    """few: those of the whole market, as SVG; all: each as PNG and SVG; none."""


def write_all(results: Results, out: Path, wish: Wish) -> Outcome:
    """Tables, comparison.csv, wars.csv, waves.csv, figures and report.html.

    Interrupted or failed, it leaves `out` as it was.

    Raises:
        InputError, ResultsError: as `pricewar.files.folders.replaced`.
    """
    with replaced(out) as draft:
        results.write(draft)
        outcome = _derive(results, draft, wish)
    return outcome


def write_derived(results: Results, out: Path, wish: Wish) -> Outcome:
    """All that follows from stored tables, anew; the tables stay.

    Raises:
        InputError, ResultsError: as `pricewar.files.folders.replaced`.
    """
    with replaced(out, kept=stays) as draft:
        (draft / RUN).write_bytes((out / RUN).read_bytes())
        outcome = _derive(results, draft, wish)
    return outcome


def stays(name: str) -> bool:
    """Whether a file of a folder of results does not follow from its tables."""
    return not (name in DERIVED or name.startswith(FIGURES))


def _derive(results: Results, draft: Path, wish: Wish) -> Outcome:
    from pricewar.analysis import waves
    from pricewar.plots import draw_figures, save_figures, story
    from pricewar.report import write_report

    told = story(results, wish.baseline)
    for name, table in {"comparison": told.table, "wars": told.wars, "waves": waves(results)}.items():
        table.to_csv(draft / f"{name}.csv", index=False, lineterminator="\n")
    few, none = wish.figures == "few", wish.figures == "none"
    drawings = [] if none else draw_figures(told, wish.focus, few)
    if drawings:
        save_figures(drawings, draft / FIGURES, png=not few)
    write_report(results, draft, told.baseline, told, drawings)
    return Outcome(results, told.table, len(told.wars), told.baseline, len(drawings))
