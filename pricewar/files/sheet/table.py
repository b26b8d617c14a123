"""What is wanted of a table, and what was read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .units import PER_CENT, Unit


def _any(value: float) -> bool:
    return math.isfinite(value)


@dataclass(frozen=True)
class Column:
    """A column that is looked for.

    Attributes:
        sort: "text"; "number"; or "part", a fraction that may be written in per cent.
        words: other names of it, in any language; case, blanks, and signs between words do not count.
        needed: whether a table without it is refused.
        fits: which numbers are allowed.
        allowed: the same in words, for messages. `{name}` is the name of the column.
        allowed_percent: the same where the numbers are in per cent.
        blank: whether a cell may be empty, or say that nothing is known.
        unless: a column in whose presence this one is not read.
        bare: which numbers are allowed, beside `fits`, where neither cell nor name has a unit.
        tiny: whether the numbers of a column in per cent may all be below 1. If not, such a column is
            refused, unless its cells have the sign: fractions under a name in per cent look the same.
        money: whether numbers may be in a currency.
    """

    sort: Literal["text", "number", "part"] = "number"
    words: tuple[str, ...] = ()
    needed: bool = True
    fits: Callable[[float], bool] = _any
    allowed: str = "a number"
    allowed_percent: str = ""
    blank: bool = False
    unless: str = ""
    bare: Callable[[float], bool] = _any
    tiny: bool = True
    money: bool = True

    def takes(self, unit: Unit) -> bool:
        """Whether numbers may be in this unit: per cent for parts, thousands for numbers, none for texts."""
        if self.sort == "part":
            return (unit.scale or PER_CENT) < 1.0 and not unit.money
        return self.sort == "number" and (unit.scale or 1.0) >= 1.0 and (self.money or not unit.money)


@dataclass(frozen=True, eq=False)
class Table:
    """A table of N rows, every value with its place.

    Attributes:
        source: the file, for messages.
        sheet: the sheet it was read from, empty for a text file.
        names_row: number of the row with the names of the columns.
        rows: (N,) numbers of the rows, as a spreadsheet program shows them.
        texts: by column, N texts; empty where the cell is.
        numbers: by column, (N,) numbers in plain units, parts as fractions; NaN where the cell is empty.
        named: by column, how the file calls it.
        scales: by column of numbers, what the unit in its name multiplies them by; 1 without.
        money: by column, the currency that it names (CNY, EUR), empty where none is named.
        unused: names of the columns that were not read.
        notes: whole sentences on what was left out, filled in or guessed.
    """

    source: str
    sheet: str
    names_row: int
    rows: tuple[int, ...]
    texts: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, NDArray[np.float64]]
    named: Mapping[str, str]
    scales: Mapping[str, float]
    money: Mapping[str, str]
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def has(self, column: str) -> bool:
        """Whether the column is in the file."""
        return column in self.named

    def place(self, column: str, i: int | None = None) -> str:
        """Where a value is, as "row 7, column price"; without `i` the place of the column's name."""
        row = self.names_row if i is None else self.rows[i]
        return f"row {row}, column {column}"

    def span(self, column: str) -> str:
        """All rows of a column, as "rows 2 to 9, column share"."""
        return f"rows {self.rows[0]} to {self.rows[-1]}, column {column}"
