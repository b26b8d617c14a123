"""The files of a directory of results: the same rows are the same bytes, and what is read back is checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pricewar.base.errors import ResultsError
from pricewar.files.digest import sha256

from .schema import SCHEMA, columns

_ARROW: Final = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
_CSV: Final = ("market", "open_orders", "log", "campaigns", "runs")
LATER: Final[Mapping[str, Mapping[str, Any]]] = {"runs": {"uncertainty": "luck", "draw": -1}}
"""Columns that came within an edition, and what they are in results that do not have them."""


def write_table(name: str, frame: pd.DataFrame, folder: Path) -> None:
    """A table as Parquet, and as CSV where people read it; wall times are left to run.json."""
    kept = frame.drop(columns="seconds") if name == "runs" else frame
    fields = [(c.name, _ARROW[c.dtype]) for c in SCHEMA[name] if c.name in kept]
    made = pa.Table.from_pandas(kept, schema=pa.schema(fields), preserve_index=False)
    bare = made.replace_schema_metadata(None)  # else the pandas version would be in the bytes
    pq.write_table(bare, folder / f"{name}.parquet", compression="zstd")
    if name in _CSV:
        kept.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


def seconds_of(record: Mapping[str, Any], path: Path, runs: int) -> np.ndarray:
    """Wall times in seconds, one a run; NaN for a time that was not taken.

    Raises:
        ResultsError: no numbers, or not one for each run.
    """
    try:
        seconds = np.array(record["seconds"], dtype=float)
    except (TypeError, ValueError) as error:
        raise ResultsError(f"{path}: seconds are not numbers: {error}") from error
    if seconds.shape != (runs,):
        raise ResultsError(f"{path}: seconds of {seconds.size} runs; the runs table has {runs}")
    return seconds


def read_record(path: Path) -> dict[str, Any]:
    """The content of run.json.

    Raises:
        ResultsError: missing, not readable, or without what is needed to read the tables.
    """
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        missing = {"sha256", "seconds", "about", "names", "command"} - record.keys()
    except FileNotFoundError as error:
        raise ResultsError(f"{path}: missing; not a directory of results, or its save was cut off") from error
    except (OSError, ValueError, AttributeError) as error:
        raise ResultsError(f"{path}: not readable: {error}") from error
    if missing:
        raise ResultsError(f"{path}: without {sorted(missing)}")
    tables = [name for name in ("sha256", "about", "names", "sources") if name in record]
    wrong = [name for name in tables if not isinstance(record[name], dict)]
    if wrong:
        raise ResultsError(f"{path}: not readable: {', '.join(wrong)}: found no table; allowed: a table")
    return record


def read_table(path: Path, digests: Mapping[str, str]) -> pd.DataFrame:
    """A table, if it has the fingerprint that `digests` (file name -> sha256) names.

    Raises:
        ResultsError: missing, not readable, or another file.
    """
    try:
        same = sha256(path) == digests.get(path.name)
        frame: pd.DataFrame = pq.read_table(path).to_pandas() if same else pd.DataFrame()
    except FileNotFoundError as error:
        raise ResultsError(f"{path}: missing") from error
    except (OSError, pa.ArrowException) as error:
        raise ResultsError(f"{path}: not readable: {error}") from error
    if not same:
        raise ResultsError(f"{path}: damaged or exchanged: not the file that run.json names")
    return frame


def fitted(name: str, frame: pd.DataFrame, edition: int) -> pd.DataFrame:
    """A table of an older edition in the columns of today.

    What it does not have is empty: NaN, "", 0 or False by type; its edition is known. Columns that the schema
    no longer has are left out.
    """
    blank: dict[str, Any] = {"str": "", "int": 0, "float": np.nan, "bool": False}
    known = {"edition": edition, "seconds": np.nan, **LATER.get(name, {})}
    missing = {c.name: known.get(c.name, blank[c.dtype]) for c in SCHEMA[name] if c.name not in frame}
    return frame.assign(**missing)[columns(name)]


def completed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A table of this edition with the columns that came while it stood."""
    return frame.assign(**{k: v for k, v in LATER.get(name, {}).items() if k not in frame})
