"""The folder of an experiment or another plan: what was asked, what is done so far, and in the end one table.

    manifest.json   experiment, digest, version, edition, seeds, commands, machines
    design.parquet  point and the value of each factor
    chunks/         finished runs, one Parquet file for each chunk, named by its runs
    trajectories/   tables of these runs, if they are kept: what a chunk names counts
    runs.parquet    all runs sorted by number: the same bytes whoever ran them, and in what order

Every file appears whole or not at all, the manifest first: it says that the folder is an experiment's. Wall
times are in chunks and manifest alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pricewar.base.edition import EDITION
from pricewar.base.errors import ResultsError, bad_input
from pricewar.files.folders import LOCK, alone, require_ours
from pricewar.files.locks import Lock
from pricewar.results.software import software

from .chunks import (
    GROUP,
    blocks,
    chunk_files,
    chunk_name,
    compact,
    is_chunk_name,
    marked,
    plain,
    put,
    read_chunk,
    settle,
    span,
    writing,
)
from .manifest import MANIFEST, now, read_manifest, require_content, session
from .plan import Plan
from .trajectories import FOLDER, put_tables, settle_tables
from .work import Outcome

TABLE: Final = "runs.parquet"
DESIGN: Final = "design.parquet"
KEYS: Final = ("run", "point", "seed")


class Store:
    """A folder that holds the runs of one plan; opened once, by one process at a time."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        self.directory = directory
        self.plan = plan
        self.chunks = directory / "chunks"
        self.schema = schema_of(plan)
        self._design = plan.table
        self._lock: Lock | None = None

    # -- open and close ----------------------------------------------------------------------

    @classmethod
    def open(cls, directory: str | Path, plan: Plan, command: str = "") -> Store:
        """Begin a plan in a folder, or go on with it.

        Raises:
            InputError: the folder holds another plan (the difference is shown) or files of others, or
                cannot be written.
            ResultsError: a file in it is damaged, or another process is at work in it.
        """
        store = cls(Path(directory), plan)
        if store.chunks.exists() and store._begun:
            read_manifest(store.directory, plan.record)  # a damaged one is told as such
        require_ours(store.directory, plan.record)
        if store._begun:
            read_manifest(store.directory, plan.record)
        store._make()
        try:
            store._enter(command)
        except BaseException:
            store.close()
            raise
        return store

    def _make(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._lock = alone(self.directory)
        except OSError as error:
            allowed = f"a directory that can be written ({error.strerror})"
            raise bad_input("store", ("store", str(self.directory), allowed)) from error

    def _enter(self, command: str) -> None:
        stored = read_manifest(self.directory, self.plan.record) if self._begun else self._asked()
        self._same(stored)
        stored["sessions"].append(session(command))
        stored["experiment"] = self.plan.described()
        self._write_manifest(stored)
        with writing(self.directory):
            self.chunks.mkdir(exist_ok=True)
            settle(self.chunks)
            settle_tables(self.directory, self.plan.kept)
            put(plain(self._design), self.directory / DESIGN)

    @property
    def _begun(self) -> bool:
        return (self.directory / self.plan.record).exists()

    def close(self) -> None:
        """Let others into the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _asked(self) -> dict[str, Any]:
        """A new manifest."""
        return {
            "name": self.plan.name,
            "experiment": self.plan.described(),
            "content": json.loads(json.dumps(self.plan.content())),
            "digest": self.plan.digest,
            "version": version("pricewar"),
            "edition": EDITION,
            "sources": self.plan.content().get("sources", {}),
            "runs": len(self.plan),
            "seeds": list(self.plan.seeds),
            "versions": software(),
            "sessions": [],
            "files": {},
        }

    def _same(self, stored: Mapping[str, Any]) -> None:
        """Refuse another experiment, and runs of another edition of the model.

        Raises:
            InputError: with every difference.
        """
        require_content(stored, self.plan.content(), str(self.directory), self.plan.noun)

    def _write_manifest(self, tree: Mapping[str, Any]) -> None:
        with writing(self.directory):
            draft = self.directory / f"{self.plan.record}.part"
            text = json.dumps(tree, indent=1, ensure_ascii=False, allow_nan=False)
            draft.write_text(text + "\n", encoding="utf-8", newline="\n")
            draft.replace(self.directory / self.plan.record)

    # -- chunks ------------------------------------------------------------------------------

    def todo(self) -> Iterator[int]:
        """Numbers of the runs that are not stored yet, ascending."""
        place = 0
        for path in chunk_files(self.chunks):
            first, after = span(path)
            yield from range(place, first)
            place = max(place, after)
        yield from range(place, len(self.plan))

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Store finished runs.

        Raises:
            ResultsError: the folder cannot be written (disk full); what is there stays readable.
        """
        ordered = sorted(outcomes, key=lambda outcome: outcome.item.run)
        for part in _neighbours(ordered):
            name = chunk_name(part[0].item.run, part[-1].item.run + 1)
            with writing(self.directory):
                kept = put_tables(part, self.directory, name, self.plan.kept)
                put(self._rows(part), self.chunks / name, kept)
                compact(self.chunks)

    def _rows(self, outcomes: Sequence[Outcome]) -> pa.Table:
        at = [outcome.item.point for outcome in outcomes]
        frame = self._design.iloc[at].reset_index(drop=True)
        frame.insert(0, "run", [outcome.item.run for outcome in outcomes])
        frame.insert(2, "seed", [outcome.item.seed for outcome in outcomes])
        values = [[o.values.get(name, float("nan")) for o in outcomes] for name in self.plan.columns]
        more: dict[str, Any] = dict(zip(self.plan.columns, values, strict=True))
        more["status"] = ["failed" if outcome.error else "ok" for outcome in outcomes]
        more["error"] = [outcome.error for outcome in outcomes]
        more["repeat"] = [self.plan.command(o.item) if o.error else "" for o in outcomes]
        more["seconds"] = [outcome.seconds for outcome in outcomes]
        whole = pd.concat([frame, pd.DataFrame(more)], axis=1)
        made = pa.Table.from_pandas(whole, schema=self.schema, preserve_index=False)
        return made.replace_schema_metadata(None)

    # -- the end -----------------------------------------------------------------------------

    def finish(self) -> Path:
        """Write the final table; memory does not grow with the number of runs.

        Raises:
            ResultsError: runs are missing or a chunk is damaged.
        """
        target = self.directory / TABLE
        draft = target.with_suffix(".parquet.part")
        kept = marked(self.schema.remove(self.schema.get_field_index("seconds")))
        rows, seconds = 0, 0.0
        with writing(self.directory), _writer(draft, kept) as writer:
            for block in blocks(chunk_files(self.chunks)):
                seconds += float(pa.compute.sum(block["seconds"]).as_py())
                rows += block.num_rows
                writer.write_table(block.drop_columns("seconds"), row_group_size=GROUP)
        if rows != len(self.plan):
            draft.unlink()
            raise ResultsError(f"{self.directory}: {rows:,} of {len(self.plan):,} runs")
        with writing(self.directory):
            draft.replace(target)
        manifest = read_manifest(self.directory, self.plan.record)
        manifest["sessions"][-1]["finished"] = now()
        self._write_manifest({**manifest, "compute_seconds": seconds})
        return target


def discard(directory: Path, record: str, kept: Sequence[str] = ()) -> None:
    """Remove our files of a store that is no longer wanted, and folders that are empty then.

    The record goes last: what a kill leaves in between is a store still.

    Args:
        directory: the folder.
        record: file name of its record.
        kept: names of the tables that its runs left.
    """
    folders = [
        directory / "chunks",
        *(directory / FOLDER / table for table in kept),
        directory / FOLDER,
    ]
    for path in (path for folder in folders for path in chunk_files(folder) if is_chunk_name(path.name)):
        path.unlink()
    for folder in folders:
        _remove_empty(folder)
    for name in (TABLE, DESIGN, record, LOCK):
        (directory / name).unlink(missing_ok=True)
    _remove_empty(directory)


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def schema_of(plan: Plan) -> pa.Schema:
    """Columns of the table of runs, and the seconds that chunks add."""
    kinds = {"bool": pa.bool_(), "int64": pa.int64(), "float64": pa.float64()}
    factors = plan.table.drop(columns="point")
    fields = [(name, pa.int64()) for name in KEYS]
    fields += [(str(name), kinds.get(str(factors[name].dtype), pa.string())) for name in factors]
    fields += [(name, pa.float64()) for name in plan.columns]
    fields += [(name, pa.string()) for name in ("status", "error", "repeat")]
    return pa.schema([*fields, ("seconds", pa.float64())])


def read_runs(
    directory: str | Path, partial: bool = False, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """The table of runs.

    Args:
        directory: the folder of an experiment.
        partial: what is there so far, from the chunks; damaged ones are left out.
        columns: which columns, beside those that say which run it is and how it ended; None: all.

    Raises:
        ResultsError: not finished, or not readable; a column that is not there.
    """
    folder = Path(directory)
    wanted = None if columns is None else list(dict.fromkeys((*KEYS, "status", *columns)))
    if not partial:
        if not (folder / TABLE).exists():
            raise ResultsError(f"{folder / TABLE}: not there; the sweep is not finished: run it again")
        _require_columns(folder / TABLE, columns or ())
        return _marked(read_chunk(folder / TABLE, wanted).to_pandas(), folder)
    readable = []
    for path in sorted((folder / "chunks").glob("*.parquet")):
        try:
            readable.append(read_chunk(path, wanted).to_pandas())
        except ResultsError:
            continue
    whole = pd.concat(readable, ignore_index=True) if readable else pd.DataFrame()
    return _marked(whole, folder)


def _writer(path: Path, columns: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, columns, compression="zstd", write_page_checksum=True)


def _require_columns(table: Path, columns: Sequence[str]) -> None:
    absent = sorted(set(columns) - set(pq.read_schema(table).names)) if columns else []
    if absent:
        raise ResultsError(f"{table}: no column {', '.join(absent)}")


def _marked(runs: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The table with the kind of its design, where the folder says it: it decides what intervals are over."""
    if (folder / MANIFEST).exists():
        design = read_manifest(folder).get("experiment", {}).get("design", {})
        runs.attrs |= {"design": design.get("kind", "grid")}
    return runs


def _neighbours(outcomes: Iterable[Outcome]) -> list[list[Outcome]]:
    parts: list[list[Outcome]] = []
    for outcome in outcomes:
        if parts and parts[-1][-1].item.run + 1 == outcome.item.run:
            parts[-1].append(outcome)
        else:
            parts.append([outcome])
    return parts
