"""What a laboratory game hands back, and how it is written down.

Every game returns a `Report`: the published figure beside the reproduced one with its standard error,
tables, figures, and a flat summary. `save` writes it as CSV, Parquet, PNG, SVG and one `run.json`.
"""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pricewar.files.folders import RUN, replaced


@dataclass(frozen=True)
class Comparison:
    """One line: what was published, what came out, and how sure that is.

    Args:
        quantity: what is measured.
        published: the figure in the literature, or None where these settings have none.
        reproduced: the figure measured here.
        error: its standard error; None or 0 for exact results.
        note: where it differs, why.
        sessions: how many sessions `error` is over; None where there are none.
        published_sessions: how many the paper used; None if it does not say.
        published_sd: standard deviation over sessions in the paper; None if it does not say.
        unit: of the last digit printed in the paper: its rounding is part of the error.
        solved: the published figure is a solution and has no sampling error.
    """

    quantity: str
    published: float | None
    reproduced: float
    error: float | None = None
    note: str = ""
    sessions: int | None = None
    published_sessions: int | None = None
    published_sd: float | None = None
    unit: float = 0.0
    solved: bool = False

    @property
    def session_sd(self) -> float | None:
        """Standard deviation over sessions: the paper's, else the one measured here; None if unknown."""
        if self.published_sd is not None:
            return self.published_sd
        if self.sessions is None or not self.error or not math.isfinite(self.error):
            return None
        return self.error * math.sqrt(self.sessions)

    @property
    def z(self) -> float | None:
        """How many standard errors of the difference the two figures are apart; None where not known.

        Both are means over sessions, so the standard error is sd sqrt(1/n + 1/N), with n sessions here and N
        in the paper, and the rounding of what is printed there. Beyond 2 in size is rare (1 in 20) if both
        come from the same learners.
        """
        sd, many = self.session_sd, self.published_sessions
        if self.published is None or not self.sessions or not sd or not (many or self.solved):
            return None
        paper = 0.0 if self.solved or not many else 1.0 / many
        variance = sd**2 * (1.0 / self.sessions + paper) + self.unit**2 / 12.0
        return (self.reproduced - self.published) / math.sqrt(variance)

    @property
    def judged(self) -> str:
        """The z in words, or why there is none; empty without a published figure."""
        if self.published is None:
            return ""
        if self.z is not None:
            return f"{self.z:+.1f}"
        if self.sessions is None:
            return "exact"
        return "sessions do not differ" if self.published_sessions or self.solved else "no published error"


@dataclass(frozen=True, eq=False)
class Report:
    """Everything one game produced.

    Args:
        game: name on the command line.
        source: the paper.
        settings: settings in force.
        comparisons: published beside reproduced.
        summary: what `--json` prints.
        tables: name to data frame.
        figures: name to a function that draws it.
        remarks: sentences a reader must see, such as a verdict on collusion.
    """

    game: str
    source: str
    settings: Mapping[str, Any]
    comparisons: tuple[Comparison, ...]
    summary: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    figures: Mapping[str, Callable[[], Figure]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def comparison_table(self) -> pd.DataFrame:
        """The comparisons as a data frame."""
        columns = {
            "quantity": "quantity", "published": "published", "published_sessions": "published_sessions",
            "published_sd": "published_sd", "reproduced": "reproduced", "sessions": "sessions",
            "standard_error": "error", "z": "z", "note": "note",
        }  # fmt: skip
        rows = [[getattr(c, name) for name in columns.values()] for c in self.comparisons]
        whole = dict.fromkeys(("published_sessions", "sessions"), "Int64")
        return pd.DataFrame(rows, columns=list(columns)).astype(whole)


def standard_error(values: NDArray[Any]) -> float:
    """Standard error of the mean of independent values; NaN for fewer than two."""
    x = np.asarray(values, float)
    return float(x.std(ddof=1) / math.sqrt(len(x))) if len(x) > 1 else math.nan


def clustered_error(values: NDArray[Any], cluster: NDArray[np.int64]) -> float:
    """Standard error of the mean of values that are only independent between clusters."""
    x = np.asarray(values, float)
    sums = np.bincount(cluster, weights=x - x.mean())
    return float(np.sqrt(np.sum(sums**2)) / len(x)) if len(sums) > 1 else math.nan


def plain(value: Any) -> Any:
    """`value` with numpy types turned into Python's and NaN into None, fit for JSON."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def as_json(report: Report) -> str:
    """The summary as JSON."""
    return json.dumps(plain(report.summary), indent=2)


def save(report: Report, folder: Path) -> list[Path]:
    """Write tables (CSV, Parquet), figures (PNG, SVG) and run.json into `folder`; return the files written.

    Raises:
        InputError, ResultsError: as `pricewar.files.folders.replaced`.
    """
    with replaced(folder) as draft:
        written = [*_write(report, draft), draft / RUN]
    return [folder / path.name for path in written]


def _write(report: Report, folder: Path) -> list[Path]:
    written: list[Path] = []
    for name, table in {"comparison": report.comparison_table(), **report.tables}.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        table.to_parquet(folder / f"{name}.parquet", index=False)
        written += [folder / f"{name}.csv", folder / f"{name}.parquet"]
    for name, draw in report.figures.items():
        figure = draw()
        for ending in ("png", "svg"):
            figure.savefig(folder / f"{name}.{ending}", dpi=150)
            written.append(folder / f"{name}.{ending}")
    run = {
        "game": report.game,
        "source": report.source,
        "settings": report.settings,
        "summary": report.summary,
        "comparisons": report.comparison_table().to_dict("records"),
        "remarks": report.remarks,
        "versions": versions(),
    }
    (folder / RUN).write_text(json.dumps(plain(run), indent=2) + "\n", encoding="utf-8", newline="\n")
    return written


def versions() -> dict[str, str]:
    """Versions of what produced the numbers."""
    found = {"python": platform.python_version()}
    for name in ("pricewar", "numpy", "numba", "scipy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found
