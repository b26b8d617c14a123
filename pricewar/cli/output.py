"""What `run`, `compare` and `report` write: everything beside the target first, then in one move."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..errors import bad_input
from ..results import Results

LAST = "run.json"
"""The file that says that a directory is complete: first to go, last to come."""


def check_target(out: Path) -> None:
    """Refuse a place where no directory can be written.

    Raises:
        InputError: the place, or one it lies in, is a file or may not be written.
    """
    try:
        existing = next(place for place in (out, *out.absolute().parents) if place.exists())
        good = existing.is_dir() and os.access(existing, os.W_OK)
    except (OSError, ValueError):  # a name that no directory can have
        good = False
    if not good:
        raise bad_input("command line", ("--out", str(out), "a directory that can be written"))


@dataclass(frozen=True)
class Outcome:
    """What was written, for the summary."""

    results: Results
    comparison: pd.DataFrame
    wars: int
    baseline: str


def write_all(results: Results, out: Path, baseline: str | None, focus: str) -> Outcome:
    """Tables, comparison.csv, wars.csv, figures and report.html.

    Interrupted or failed, it leaves `out` as it was.
    """
    with replaced(out) as draft:
        results.save(draft)
        outcome = _derive(results, draft, baseline, focus)
    return outcome


def write_derived(results: Results, out: Path, baseline: str | None, focus: str) -> Outcome:
    """All that follows from stored tables, anew; the tables stay."""
    with replaced(out) as draft:
        outcome = _derive(results, draft, baseline, focus)
    return outcome


def _derive(results: Results, draft: Path, baseline: str | None, focus: str) -> Outcome:
    from ..analysis import episodes
    from ..plots import draw_figures, save_figures, story
    from ..report import write_report

    told = story(results, baseline)
    wars = episodes(results, told.baseline)
    for name, table in {"comparison": told.table, "wars": wars}.items():
        table.to_csv(draft / f"{name}.csv", index=False, lineterminator="\n")
    drawings = draw_figures(told, focus)
    save_figures(drawings, draft / "figures")
    write_report(results, draft, told.baseline, told, drawings)
    return Outcome(results, told.table, len(wars), told.baseline)


@contextmanager
def replaced(out: Path) -> Iterator[Path]:
    """A directory to write into; what is in it moves to `out` at the end, or nothing if an error comes."""
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.absolute().parent))
    draft.chmod(0o755)  # a temporary directory is born private
    try:
        yield draft
        _publish(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _publish(draft: Path, out: Path) -> None:
    if not out.exists():
        draft.rename(out)
        return
    parts = sorted(draft.iterdir(), key=lambda path: path.name == LAST)
    if any(path.name == LAST for path in parts):
        (out / LAST).unlink(missing_ok=True)
    for path in parts:
        target = out / path.name
        if target.is_dir():
            shutil.rmtree(target)
        path.replace(target)
