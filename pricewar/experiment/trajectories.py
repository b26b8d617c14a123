"""Tables of the runs of a store, if they are kept: of an experiment those of the market and the firms.

They are written before the chunk of their runs, which names them: until then they do not count, and are
removed when somebody goes on. So a run is in the table and in the trajectories, or in neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from pricewar.base.errors import ResultsError
from pricewar.files.digest import sha256

from .chunks import belongings, chunk_files, drafts, is_chunk_name, plain, put, read_chunk
from .work import Outcome

FOLDER: Final = "trajectories"


def put_tables(
    outcomes: Sequence[Outcome], directory: Path, name: str, tables: Sequence[str]
) -> dict[str, str]:
    """Write the tables of a chunk that is to come.

    Args:
        outcomes: its runs.
        directory: the folder of the store.
        name: of the chunk.
        tables: which tables are kept.

    Returns:
        What the chunk must name: path below the folder of trajectories -> fingerprint.
    """
    made: dict[str, str] = {}
    for table in tables:
        frames = [o.tables[table].assign(run=o.item.run) for o in outcomes if table in o.tables]
        if frames:
            target = directory / FOLDER / table / name
            target.parent.mkdir(parents=True, exist_ok=True)
            put(plain(pd.concat(frames, ignore_index=True)), target)
            made[f"{table}/{name}"] = sha256(target)
    return made


def read_tables(directory: Path, table: str) -> pd.DataFrame:
    """One table of all stored runs, in order of the runs; no rows and columns if there is none.

    Raises:
        ResultsError: a file is damaged.
    """
    named = [name for path in chunk_files(directory / "chunks") for name in belongings(path)]
    ours = sorted(name for name in named if name.startswith(f"{table}/"))
    frames = [read_chunk(directory / FOLDER / name).to_pandas() for name in ours]
    return pd.concat(frames, ignore_index=True).drop(columns="run") if frames else pd.DataFrame()


def settle_tables(directory: Path, tables: Sequence[str]) -> None:
    """Remove what no chunk names, and check that all that chunks name is as it was written.

    Raises:
        ResultsError: a file is missing or was changed; names the chunk to delete so that it is made anew.
    """
    chunk_of = {name: path for path in chunk_files(directory / "chunks") for name in belongings(path)}
    for folder in (directory / FOLDER / table for table in tables):
        for path in drafts(folder):
            path.unlink()
        _remove_unnamed(folder, chunk_of)
    for chunk in dict.fromkeys(chunk_of.values()):
        _check(directory, chunk, belongings(chunk))


def _remove_unnamed(folder: Path, named: Iterable[str]) -> None:
    known = set(named)
    for path in chunk_files(folder):
        if is_chunk_name(path.name) and f"{folder.name}/{path.name}" not in known:
            path.unlink()


def _check(directory: Path, chunk: Path, named: Mapping[str, str]) -> None:
    for name, mark in named.items():
        path = directory / FOLDER / name
        if not path.is_file() or sha256(path) != mark:
            what = "changed since it was written" if path.is_file() else "missing"
            raise ResultsError(
                f"{path}: {what}. Delete {chunk} and run again: its runs are done anew, all others stay"
            )
