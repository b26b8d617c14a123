"""Parquet files of an experiment: whole or not there, named by their runs, merged as they become many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import ResultsError

GROUP: Final = 50_000
"""Rows of a row group of the final table, and rows held in memory at a time."""
_MERGE: Final = 64
"""Neighbouring chunk files that are merged into one."""


def chunk_name(first: int, after: int) -> str:
    """File name of the runs from `first` to the one before `after`."""
    return f"{first:09d}-{after:09d}.parquet"


def chunk_files(folder: Path) -> list[Path]:
    """Chunk files in order of their runs."""
    return sorted(folder.glob("*.parquet"))


def read_chunk(path: Path) -> pa.Table:
    """A Parquet file of ours.

    Raises:
        ResultsError: damaged; says what to do.
    """
    try:
        return pq.read_table(path, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise ResultsError(damaged(path, str(error))) from error


def chunk_rows(path: Path) -> int:
    """Rows of a Parquet file, from its footer.

    Raises:
        ResultsError: damaged.
    """
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException) as error:
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


def put(table: pa.Table, target: Path) -> None:
    """Write a file, whole or not at all."""
    draft = target.with_name(target.name + ".part")
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
        held.append(read_chunk(path))
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
    put(pa.concat_tables([read_chunk(path) for path in files]), files[0].parent / name)
    for path in files:
        path.unlink()


def settle(folder: Path) -> None:
    """Remove what a kill left behind, and check that every chunk is what its name says.

    Raises:
        ResultsError: a chunk is damaged.
    """
    after = -1
    for path in sorted(chunk_files(folder), key=lambda path: (span(path)[0], -span(path)[1])):
        if span(path)[1] <= after:  # a part of a merged file
            path.unlink()
            continue
        after = span(path)[1]
        if chunk_rows(path) != after - span(path)[0]:
            raise ResultsError(damaged(path, "another number of rows than its name says"))
