"""Results: the tables of one or many runs, checked against the schema, stored and read back.

The tables of two runs with the same inputs have the same bytes on disk; whatever differs between two
runs (wall time, command line, versions) is in run.json alone.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .arguments import a, check, takes
from .arguments import path as place
from .edition import EDITION, oldest, result_edition
from .errors import ResultsError, bad_input
from .schema import SCHEMA, columns
from .stored import read_record, read_table, seconds_of, sha256

_ARROW: Final = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
_NUMPY: Final = {"int": np.dtype("int64"), "float": np.dtype("float64"), "bool": np.dtype("bool")}
_CSV: Final = ("market", "open_orders", "log", "runs")
_ABOUT: Final = "run.json"


def table(name: str, data: Mapping[str, Any] | pd.DataFrame) -> pd.DataFrame:
    """Columns of one table in the order and with the types of the schema.

    Args:
        name: products, firms, market, log or runs.
        data: one array per column, all of one length; a scalar is repeated.

    Raises:
        ResultsError: a column is missing, unknown, or of another type.
    """
    frame = pd.DataFrame(data)
    _check_columns(name, frame)
    frame = frame[columns(name)].reset_index(drop=True)
    try:
        other = {c.name: c.dtype for c in SCHEMA[name] if not _is(frame[c.name], c.dtype)}
        return frame.astype(other) if other else frame
    except (ValueError, TypeError) as error:
        raise ResultsError(f"table {name}: {error}") from error


def _is(column: pd.Series, dtype: str) -> bool:
    """Whether a column needs no cast: casting all of them would take half of the time of a table."""
    if dtype == "str":
        return pd.api.types.infer_dtype(column, skipna=False) == "string"
    return bool(column.dtype == _NUMPY[dtype])


def fitted(name: str, frame: pd.DataFrame, edition: int) -> pd.DataFrame:
    """A table of an older edition in the columns of today.

    What it does not have is empty: NaN, "", 0 or False by type; its edition is known. Columns that the schema
    no longer has are left out.
    """
    blank: dict[str, Any] = {"str": "", "int": 0, "float": np.nan, "bool": False}
    known = {"edition": edition, "seconds": np.nan}
    missing = {c.name: known.get(c.name, blank[c.dtype]) for c in SCHEMA[name] if c.name not in frame}
    return frame.assign(**missing)[columns(name)]


def empty(name: str) -> pd.DataFrame:
    """A table without rows."""
    return table(name, {column: [] for column in columns(name)})


@dataclass(frozen=True)
class Results:
    """The tables of a set of runs. Columns, units and meanings: `pricewar.schema`."""

    products: pd.DataFrame = field(default_factory=lambda: empty("products"))
    firms: pd.DataFrame = field(default_factory=lambda: empty("firms"))
    market: pd.DataFrame = field(default_factory=lambda: empty("market"))
    open_orders: pd.DataFrame = field(default_factory=lambda: empty("open_orders"))
    log: pd.DataFrame = field(default_factory=lambda: empty("log"))
    runs: pd.DataFrame = field(default_factory=lambda: empty("runs"))
    about: Mapping[str, str] = field(default_factory=dict)
    """Scenario -> what it is and what it changes, in words."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Id of a firm -> its name as people write it; ids without one are shown as they are."""
    command: str = ""
    """The command line that repeats the runs."""

    def __post_init__(self) -> None:
        for name in SCHEMA:
            given = getattr(self, name)
            if not isinstance(given, (pd.DataFrame, Mapping)):
                raise bad_input("Results", (name, given, "a table: a DataFrame, or columns by name"))
            try:
                object.__setattr__(self, name, table(name, given))
            except (TypeError, ValueError) as error:
                raise bad_input("Results", (name, given, f"the columns of the schema ({error})")) from error
        check("Results", about=(self.about, a(Mapping)), names=(self.names, a(Mapping)))

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables by name."""
        return {name: getattr(self, name) for name in SCHEMA}

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Scenarios in the order in which they were run."""
        return tuple(self.runs["scenario"].unique())

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds, ascending."""
        return tuple(int(seed) for seed in np.unique(self.runs["seed"]))

    @property
    def edition(self) -> int:
        """The edition of the model that made the runs; the current one if there are none."""
        return oldest(self.runs["edition"])

    @property
    def baseline(self) -> str:
        """The scenario that others are compared with: "baseline" if there is one, else the first."""
        if not self.scenarios:
            raise ResultsError("no runs, hence no scenario to compare with")
        return "baseline" if "baseline" in self.scenarios else self.scenarios[0]

    def but(self, **changes: Any) -> Self:
        """A copy with some fields replaced."""
        return replace(self, **changes)

    def only(self, *scenarios: str) -> Self:
        """The rows of some scenarios."""
        if not all(isinstance(name, str) for name in scenarios):
            raise bad_input("only", ("scenarios", scenarios, "names of scenarios"))
        kept: dict[str, Any] = {
            name: frame[frame["scenario"].isin(scenarios)] for name, frame in self.tables.items()
        }
        about = {name: text for name, text in self.about.items() if name in scenarios}
        return replace(self, **kept, about=about)

    def require_complete(self) -> Self:
        """These results, if there are runs and none failed.

        Raises:
            ResultsError: no runs, or at least one failed; names each run and its error.
        """
        if self.runs.empty:
            raise ResultsError("no runs")
        failed = self.runs[self.runs["status"] != "ok"]
        if len(failed):
            lines = [f"  {run.scenario}, seed {run.seed}: {run.error}" for run in failed.itertuples()]
            raise ResultsError("\n".join([f"{len(failed)} of {len(self.runs)} runs failed", *lines]))
        return self

    @takes(directory=place)
    def save(self, directory: str | Path) -> Path:
        """Write all tables into a directory; other files in it stay.

        Everything is written beside the target first. A new directory appears whole or not at all; in an
        existing one run.json goes first and comes back last, so that a broken save cannot be loaded.
        """
        target = Path(directory)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            self._write(draft)
            _put(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return target

    def _write(self, draft: Path) -> None:
        for name, frame in self.tables.items():
            stored = _stored(name, frame)
            pq.write_table(_arrow(name, stored), draft / f"{name}.parquet", compression="zstd")
            if name in _CSV:
                stored.to_csv(draft / f"{name}.csv", index=False, lineterminator="\n")
        record = json.dumps(self._record(draft), indent=2, ensure_ascii=False, allow_nan=False)
        (draft / _ABOUT).write_text(record + "\n", encoding="utf-8")

    def _record(self, draft: Path) -> dict[str, Any]:
        seconds = self.runs["seconds"].to_numpy()
        return {
            "version": sorted(self.runs["version"].unique()),
            "edition": self.edition,
            "command": self.command,
            "about": dict(self.about),
            "names": dict(self.names),
            "seeds": list(self.seeds),
            "digests": {
                name: sorted(part["digest"].unique()) for name, part in self.runs.groupby("scenario")
            },
            "seconds": [float(value) if np.isfinite(value) else None for value in seconds],
            "versions": software(),
            "sha256": {path.name: sha256(path) for path in sorted(draft.glob("*.parquet"))},
        }

    @classmethod
    @takes(directory=place)
    def load(cls, directory: str | Path) -> Self:
        """Read what `save` wrote.

        Results of an older edition are told by one `EditionWarning`; columns and tables that they do not
        have come back empty, those that the schema no longer has are left out.

        Raises:
            ResultsError: a file is missing, not readable, not the one that was written, or of a newer
                edition.
        """
        folder = Path(directory)
        record = read_record(folder / _ABOUT)
        edition = result_edition(record, str(folder / _ABOUT))
        frames: dict[str, Any] = {}
        for name in SCHEMA:
            absent = edition < EDITION and f"{name}.parquet" not in record["sha256"]
            frame = empty(name) if absent else read_table(folder / f"{name}.parquet", record["sha256"])
            frames[name] = fitted(name, frame, edition) if edition < EDITION else frame
        frames["runs"]["seconds"] = seconds_of(record, folder / _ABOUT, len(frames["runs"]))
        text: dict[str, Any] = {name: record[name] for name in ("about", "names", "command")}
        return cls(**frames, **text)


def concat(parts: Iterable[Results]) -> Results:
    """Many results as one, in the order given; the command is that of the first part that has one.

    Raises:
        ResultsError: parts of different editions of the model: their numbers are not comparable.
    """
    parts = list(parts)
    editions = sorted({part.edition for part in parts if len(part.runs)})
    if len(editions) > 1:
        raise ResultsError(f"results of editions {editions} of the model; allowed: one edition in one set")
    joined: dict[str, Any] = {
        name: pd.concat([part.tables[name] for part in parts], ignore_index=True) if parts else empty(name)
        for name in SCHEMA
    }
    about = {name: text for part in parts for name, text in part.about.items()}
    names = {firm: text for part in parts for firm, text in part.names.items()}
    command = next((part.command for part in parts if part.command), "")
    return Results(**joined, about=about, names=names, command=command)


def software() -> dict[str, str]:
    """Versions of Python and of the libraries whose arithmetic the results rest on."""
    libraries = ("numpy", "scipy", "numba", "mesa", "pandas", "pyarrow")
    return {"python": platform.python_version(), **{name: _version(name) for name in libraries}}


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "absent"


def _check_columns(name: str, frame: pd.DataFrame) -> None:
    missing = [column for column in columns(name) if column not in frame]
    unknown = [str(column) for column in frame if column not in columns(name)]
    if missing or unknown:
        raise ResultsError(f"table {name}: columns missing {missing}, unknown {unknown}")


def _stored(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="seconds") if name == "runs" else frame


def _arrow(name: str, frame: pd.DataFrame) -> pa.Table:
    fields = [(c.name, _ARROW[c.dtype]) for c in SCHEMA[name] if c.name in frame]
    made = pa.Table.from_pandas(frame, schema=pa.schema(fields), preserve_index=False)
    return made.replace_schema_metadata(None)  # else the pandas version would be in the bytes


def _put(draft: Path, target: Path) -> None:
    if not target.exists():
        draft.chmod(0o755)  # a temporary directory is born private
        draft.rename(target)
        return
    (target / _ABOUT).unlink(missing_ok=True)
    for path in sorted(draft.iterdir(), key=lambda path: path.name == _ABOUT):
        os.replace(path, target / path.name)
