"""Parquet files of an experiment: whole or not there, named by their runs, merged as they become many.

A chunk is the one point at which runs are stored. Its own metadata names the files of trajectories that
belong to it, with their fingerprints: what no chunk names does not count.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pricewar.base.errors import ResultsError

GROUP: Final = 50_000
"""Rows of a row group of the final table, and rows held in memory at a time."""
_MERGE: Final = 64
"""Neighbouring chunk files that are merged into one."""
_BELONGS: Final = b"pricewar.trajectories"
"""Key of a chunk's metadata: path below the folder of trajectories -> fingerprint, as JSON."""
_SCHEMA: Final = b"pricewar.columns"
"""Key of the fingerprint of its columns."""
_DRAFT: Final = ".part"
_NAME: Final = re.compile(r"\d{9,}-\d{9,}\.parquet")


def chunk_name(first: int, after: int) -> str:
    """File name of the runs from `first` to the one before `after`."""
    return f"{first:09d}-{after:09d}.parquet"


def chunk_files(folder: Path) -> list[Path]:
    """Chunk files in order of their runs."""
    return sorted(folder.glob("*.parquet"))


def drafts(folder: Path) -> list[Path]:
    """Files of ours that a kill left unfinished."""
    return [path for path in folder.glob(f"*{_DRAFT}") if _NAME.fullmatch(path.name.removesuffix(_DRAFT))]


def is_chunk_name(name: str) -> bool:
    """Whether a file has a name that we give."""
    return _NAME.fullmatch(name) is not None


def read_chunk(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A Parquet file of ours, or some columns of it.

    Raises:
        ResultsError: damaged; says what to do.
    """
    try:
        schema = pq.read_schema(path)
        mark = (schema.metadata or {}).get(_SCHEMA)
        table = pq.read_table(path, columns=columns, page_checksum_verification=True)
        same = mark is None or mark == _mark(schema)
    except (OSError, ValueError, LookupError, pa.ArrowException) as error:
        raise ResultsError(damaged(path, str(error))) from error
    if not same:
        raise ResultsError(damaged(path, "its columns are not those that were written"))
    return table


def marked(schema: pa.Schema, belonging: Mapping[str, str] | None = None) -> pa.Schema:
    """Columns with their fingerprint, and the trajectories that belong to them, if there are any."""
    words = {_SCHEMA: _mark(schema)}
    if belonging:
        words[_BELONGS] = json.dumps(belonging, sort_keys=True).encode()
    return schema.with_metadata(words)


def _mark(schema: pa.Schema) -> bytes:
    """Fingerprint of names and types: pages have checksums of their own, what describes them has none."""
    return hashlib.sha256(str(schema.remove_metadata()).encode()).hexdigest().encode()


def belongings(path: Path) -> dict[str, str]:
    """Files of trajectories that a chunk names: path below their folder -> fingerprint.

    Raises:
        ResultsError: damaged.
    """
    try:
        found = json.loads((pq.read_schema(path).metadata or {}).get(_BELONGS, b"{}"))
        return {str(name): str(mark) for name, mark in found.items()}
    except (OSError, ValueError, AttributeError, pa.ArrowException) as error:
        raise ResultsError(damaged(path, str(error))) from error


@contextmanager
def writing(directory: Path) -> Iterator[None]:
    """Turn a failed write into an error that says what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise ResultsError(
            f"{directory}: cannot write: {reason}. What is stored stays readable; run again to go on"
        ) from error


def put(table: pa.Table, target: Path, belonging: Mapping[str, str] | None = None) -> None:
    """Write a file, whole or not at all, with the trajectories that belong to it."""
    table = table.cast(marked(table.schema.remove_metadata(), belonging))
    draft = target.with_name(target.name + _DRAFT)
    pq.write_table(table, draft, compression="zstd", write_page_checksum=True, write_statistics=False)
    draft.replace(target)


def plain(frame: pd.DataFrame) -> pa.Table:
    """A frame without the version of pandas in it."""
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def span(path: Path) -> tuple[int, int]:
    """First run of a chunk, and the one after its last."""
    first, _, after = path.stem.partition("-")
    if not (first.isdigit() and after.isdigit()):
        raise ResultsError(damaged(path, "not a name of a chunk"))
    return int(first), int(after)


def adjoining(files: Iterable[Path]) -> list[list[Path]]:
    """Files in groups whose runs follow each other without a gap."""
    groups: list[list[Path]] = []
    for path in files:
        if groups and span(groups[-1][-1])[1] == span(path)[0]:
            groups[-1].append(path)
        else:
            groups.append([path])
    return groups


def blocks(files: Iterable[Path]) -> Iterator[pa.Table]:
    """All rows in blocks of a fixed size, so that the bytes do not depend on the chunks."""
    held: list[pa.Table] = []
    for path in files:
        held.append(read_chunk(path).replace_schema_metadata(None))
        while sum(table.num_rows for table in held) >= GROUP:
            whole = pa.concat_tables(held).combine_chunks()
            yield whole.slice(0, GROUP)
            held = [whole.slice(GROUP)]
    if held:
        rest = pa.concat_tables(held).combine_chunks()
        if rest.num_rows:
            yield rest


def damaged(path: Path, why: str) -> str:
    """The message about a file that is not what was written."""
    return f"{path}: damaged ({why}). Delete it and run again: its runs are done anew, all others stay"


def compact(folder: Path) -> None:
    """Merge neighbouring chunk files, so that a long sweep does not leave thousands."""
    files = chunk_files(folder)
    if len(files) < 4 * _MERGE:
        return
    small = [path for path in files if span(path)[1] - span(path)[0] < GROUP // 2]
    for group in adjoining(small):
        for start in range(0, len(group) - _MERGE + 1, _MERGE):
            _merge(group[start : start + _MERGE])


def _merge(files: Sequence[Path]) -> None:
    name = chunk_name(span(files[0])[0], span(files[-1])[1])
    tables = [read_chunk(path).replace_schema_metadata(None) for path in files]
    belonging = {name: mark for path in files for name, mark in belongings(path).items()}
    put(pa.concat_tables(tables), files[0].parent / name, belonging)
    for path in files:
        path.unlink()


def settle(folder: Path) -> None:
    """Remove what a kill left behind, and check that every chunk is what its name says.

    Raises:
        ResultsError: a chunk is damaged, or holds other runs than its name says.
    """
    for draft in drafts(folder):
        draft.unlink()
    before = 0
    for path in sorted(chunk_files(folder), key=lambda path: (span(path)[0], -span(path)[1])):
        first, after = span(path)
        if after <= before:  # a part of a merged file
            path.unlink()
            continue
        if first < before:
            raise ResultsError(damaged(path, "some of its runs are in another chunk too"))
        if read_chunk(path, ["run"])["run"].to_pylist() != list(range(first, after)):
            raise ResultsError(damaged(path, "other runs than its name says"))
        before = after
