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


def write_all(results: Results, out: Path, baseline: str | None, focus: str) -> Outcome:
    """Tables, comparison.csv, wars.csv, waves.csv, figures and report.html.

    Interrupted or failed, it leaves `out` as it was.

    Raises:
        InputError, ResultsError: as `pricewar.files.folders.replaced`.
    """
    with replaced(out) as draft:
        results.write(draft)
        outcome = _derive(results, draft, baseline, focus)
    return outcome


def write_derived(results: Results, out: Path, baseline: str | None, focus: str) -> Outcome:
    """All that follows from stored tables, anew; the tables stay.

    Raises:
        InputError, ResultsError: as `pricewar.files.folders.replaced`.
    """
    with replaced(out, kept=stays) as draft:
        (draft / RUN).write_bytes((out / RUN).read_bytes())
        outcome = _derive(results, draft, baseline, focus)
    return outcome


def stays(name: str) -> bool:
    """Whether a file of a folder of results does not follow from its tables."""
    return not (name in DERIVED or name.startswith(FIGURES))


def _derive(results: Results, draft: Path, baseline: str | None, focus: str) -> Outcome:
    from pricewar.analysis import episodes, waves
    from pricewar.plots import draw_figures, save_figures, story
    from pricewar.report import write_report

    told = story(results, baseline)
    wars = episodes(results, told.baseline)
    for name, table in {"comparison": told.table, "wars": wars, "waves": waves(results)}.items():
        table.to_csv(draft / f"{name}.csv", index=False, lineterminator="\n")
    drawings = draw_figures(told, focus)
    save_figures(drawings, draft / FIGURES)
    write_report(results, draft, told.baseline, told, drawings)
    return Outcome(results, told.table, len(wars), told.baseline)
