"""A joint sample of a market's parameters: a small table, a row a draw."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Final

import pandas as pd

from pricewar.base.errors import InputError, Problem

from .parameters import PARAMETERS, Parameter

SHIPPED: Final = "posteriors"
"""Folder of the package's data that holds the samples."""


@dataclass(frozen=True)
class Posterior:
    """Rows that are equally likely, given what was known before May 2025.

    Attributes:
        name: as scenarios call it.
        table: a column a parameter, a row a draw, in random order.
        digest: of the table's text; with a seed it fixes a draw.
    """

    name: str
    table: pd.DataFrame
    digest: str
    parameters: tuple[Parameter, ...] = field(default=PARAMETERS)

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Parameters that are drawn."""
        return tuple(self.table.columns)

    def values(self, seed: int) -> dict[str, float]:
        """Parameters of a seed: seeds that follow each other have rows that do, and none comes twice before
        all have come once."""
        return dict(self._rows[self.row(seed)])

    @cached_property
    def _rows(self) -> list[dict[str, float]]:
        names = [str(name) for name in self.table]
        return [dict(zip(names, map(float, row), strict=True)) for row in self.table.to_numpy(float)]

    def row(self, seed: int) -> int:
        """Row of a seed, from 0."""
        return seed % len(self)


def shipped_posteriors() -> dict[str, Path]:
    """Names of the samples that come with the package, and where they are."""
    folder = Path(str(files("pricewar.data"))) / SHIPPED
    return {path.stem: path for path in sorted(folder.glob("*.csv"))}


def load_posterior(source: str | Path) -> Posterior:
    """A shipped sample, or the CSV file of one's own: a column a parameter, a row a draw.

    Args:
        source: a shipped name or a file.

    Raises:
        InputError: no such sample; columns that are no parameters; values that are no numbers within the
            ranges of the prior; all at once.
    """
    path = shipped_posteriors().get(str(source), Path(source))
    try:
        stamp = path.stat().st_mtime_ns if path.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        stamp = None
    if stamp is None:
        allowed = " or ".join(["a .csv file that can be read", *shipped_posteriors()])
        raise InputError(str(source), (Problem("(name)", str(source), allowed),))
    return _read(path, stamp)


@lru_cache(maxsize=16)
def _read(path: Path, stamp: int) -> Posterior:
    try:
        text = path.read_text(encoding="utf-8")
        table = pd.read_csv(StringIO(text), comment="#", index_col=False, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(str(path), (Problem("(file)", str(error), "a CSV table in UTF-8"),)) from error
    known = {parameter.name: parameter for parameter in PARAMETERS}
    wrong = [Problem(str(name), "no such parameter", ", ".join(known)) for name in table if name not in known]
    if not len(table):
        wrong.append(Problem("(rows)", "0", "1 or more"))
    for name in (name for name in table if name in known):
        column, ends = pd.Series([_number(cell) for cell in table[name]], dtype=float), known[name]
        inside = (column >= ends.low) & (column <= ends.high)
        if not inside.all():
            at = int((~inside).to_numpy().argmax())
            allowed = f"a number from {ends.low:g} to {ends.high:g}"
            wrong.append(Problem(f"{name}, row {at + 1}", str(table[name].iloc[at]), allowed))
    if wrong:
        raise InputError(str(path), tuple(wrong))
    table = table.map(float)
    mark = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Posterior(path.stem, table, mark)


def _number(text: str) -> float:
    """By Python, so that the last digit does not depend on a library; NaN if it is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
