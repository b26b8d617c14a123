"""Results: the tables of one or many runs, checked against the schema, stored and read back.

The tables of two runs with the same inputs have the same bytes on disk. What differs between two runs (wall
time, command line, versions) is only in run.json.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import reduce
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pandas as pd

from pricewar.base.arguments import a, check, takes
from pricewar.base.arguments import path as place
from pricewar.base.chinese import words_here
from pricewar.base.edition import EDITION, oldest, result_edition
from pricewar.base.errors import ResultsError, bad_input
from pricewar.base.words import Words
from pricewar.files.digest import sha256
from pricewar.files.folders import RUN, replaced

from .drawn import Drawn
from .schema import SCHEMA, columns
from .software import software
from .stored import completed, fitted, read_record, read_table, seconds_of, write_table

_NUMPY: Final = {"int": np.dtype("int64"), "float": np.dtype("float64"), "bool": np.dtype("bool")}

Columns = Mapping[str, Any]
"""Columns of one table by name: arrays of one length."""


def table(name: str, data: Columns | pd.DataFrame) -> pd.DataFrame:
    """Columns of one table in the order and with the types of the schema.

    Args:
        name: products, firms, market, log or runs.
        data: one array per column, all of one length; a scalar is repeated.

    Raises:
        ResultsError: a column is missing, unknown, or of another type.
    """
    frame = completed(name, pd.DataFrame(data))
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


def empty(name: str) -> pd.DataFrame:
    """A table without rows."""
    return table(name, {column: [] for column in columns(name)})


@dataclass(frozen=True)
class Results:
    """The tables of a set of runs, all in long form, and what was run.

    Units, meanings and how months become one number: `pricewar.results.schema.SCHEMA` and
    docs/reference/outputs.md.
    """

    products: pd.DataFrame = field(default_factory=lambda: empty("products"))
    firms: pd.DataFrame = field(default_factory=lambda: empty("firms"))
    market: pd.DataFrame = field(default_factory=lambda: empty("market"))
    open_orders: pd.DataFrame = field(default_factory=lambda: empty("open_orders"))
    campaigns: pd.DataFrame = field(default_factory=lambda: empty("campaigns"))
    log: pd.DataFrame = field(default_factory=lambda: empty("log"))
    runs: pd.DataFrame = field(default_factory=lambda: empty("runs"))
    about: Mapping[str, str] = field(default_factory=dict)
    """Scenario -> what it is and what it changes, in words."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Id of a firm -> its name as people write it; ids without one are shown as they are."""
    command: str = ""
    """The command line that repeats the runs."""
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Scenario -> all its inputs as they were run, as a tree: `pricewar.load(results.inputs["name"])`."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """The user's own code that the scenarios name: module -> SHA-256 (`pricewar.base.sources`)."""
    drawn: Drawn = field(default_factory=Drawn)
    """What differs between seeds: luck, parameters or both; with the parameters of each seed."""

    def words(self, scenario: str | None = None) -> Words:
        """What money, units and periods are called in the market of a scenario, the baseline's if None."""
        return words_here(self.inputs.get(scenario or self.baseline, {}))

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
        """A copy with some fields replaced; tables that stay are not checked again.

        Args:
            changes: fields to replace, by name.

        Raises:
            TypeError: no field of that name.
            ResultsError: a table that is not one.
        """
        unknown = changes.keys() - {field.name for field in fields(self)}
        if unknown:
            raise TypeError(f"Results has no field {', '.join(sorted(unknown))}")
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        given = SCHEMA.keys() & changes
        wrong = [name for name in given if not isinstance(changes[name], pd.DataFrame)]
        if wrong:
            raise bad_input("but", *((name, changes[name], "a table") for name in sorted(wrong)))
        for name, value in changes.items():
            copy.__dict__[name] = table(name, value) if name in SCHEMA else value
        return copy

    def only(self, *scenarios: str) -> Self:
        """The rows of some scenarios.

        Args:
            scenarios: their names.
        """
        if not all(isinstance(name, str) for name in scenarios):
            raise bad_input("only", ("scenarios", scenarios, "names of scenarios"))
        kept: dict[str, Any] = {
            name: frame[frame["scenario"].isin(scenarios)] for name, frame in self.tables.items()
        }
        about, inputs = (
            {name: held for name, held in words.items() if name in scenarios}
            for words in (self.about, self.inputs)
        )
        return self.but(**kept, about=about, inputs=inputs, drawn=self.drawn.only(scenarios))

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

        A new directory appears whole or not at all; in an existing one run.json goes first and comes back
        last, so that a broken save cannot be loaded (`pricewar.files.folders`).

        Args:
            directory: where to; made if it is not there.

        Raises:
            InputError: a file of others has the name of one of ours, or one of ours was changed.
            ResultsError: the directory cannot be written.
        """
        with replaced(Path(directory), kept=lambda name: True, whole=False) as draft:
            self.write(draft)
        return Path(directory)

    def write(self, draft: Path) -> None:
        """Write all tables and their record into an empty directory, `draft`."""
        for name, frame in self.tables.items():
            write_table(name, frame, draft)
        record = json.dumps(self._record(draft), indent=2, ensure_ascii=False, allow_nan=False)
        (draft / RUN).write_text(record + "\n", encoding="utf-8", newline="\n")

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
            "sources": dict(self.sources),
            "sha256": {path.name: sha256(path) for path in sorted(draft.glob("*.parquet"))},
            "inputs": self.inputs,
            **self.drawn.write(draft),
        }

    @classmethod
    @takes(directory=place)
    def load(cls, directory: str | Path) -> Self:
        """Read what `save` wrote.

        Results of an older edition are told by one `EditionWarning`; columns and tables that they do not
        have come back empty, those that the schema no longer has are left out.

        Args:
            directory: what `save` wrote into.

        Raises:
            ResultsError: a file is missing, not readable, not the one that was written, or of a newer
                edition.
        """
        folder = Path(directory)
        record = read_record(folder / RUN)
        edition = result_edition(record, str(folder / RUN))
        frames: dict[str, Any] = {}
        for name in SCHEMA:
            absent = edition < EDITION and f"{name}.parquet" not in record["sha256"]
            frame = empty(name) if absent else read_table(folder / f"{name}.parquet", record["sha256"])
            frames[name] = fitted(name, frame, edition) if edition < EDITION else frame
        frames["runs"]["seconds"] = seconds_of(record, folder / RUN, len(frames["runs"]))
        text: dict[str, Any] = {name: record[name] for name in ("about", "names", "command")}
        drawn = Drawn.read(record, folder)
        own = {"inputs": record.get("inputs", {}), "sources": record.get("sources", {}), "drawn": drawn}
        return cls(**frames, **text, **own)


def _named() -> str:
    """The tables and their columns, for `help(Results)`."""
    wrap = textwrap.TextWrapper(104, initial_indent=" " * 4, subsequent_indent=" " * 8)
    rows = (wrap.fill(f"{name}: {', '.join(columns(name))}") for name in SCHEMA)
    return "\n".join(["    Tables and their columns:\n", *rows])


Results.__doc__ = f"{Results.__doc__}\n{_named()}\n"


def concat(parts: Iterable[Results]) -> Results:
    """Many results as one, in the order given; the command is that of the first part that has one.

    Raises:
        ResultsError: parts of different editions of the model, or whose seeds stand for different things:
            their numbers are not comparable.
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
    inputs = {name: tree for part in parts for name, tree in part.inputs.items()}
    code = {module: mark for part in parts for module, mark in part.sources.items()}
    drawn = reduce(Drawn.joined, [part.drawn for part in parts if len(part.runs)] or [Drawn()])
    words: dict[str, Any] = {"about": about, "names": names, "command": command}
    return Results(**joined, **words, inputs=inputs, sources=code, drawn=drawn)


def _check_columns(name: str, frame: pd.DataFrame) -> None:
    missing = [column for column in columns(name) if column not in frame]
    unknown = [str(column) for column in frame if column not in columns(name)]
    if missing or unknown:
        raise ResultsError(f"table {name}: columns missing {missing}, unknown {unknown}")
