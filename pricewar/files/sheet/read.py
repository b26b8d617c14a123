"""The one way in: a file and the columns looked for; out comes a table, or every problem."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pricewar.base.errors import cut_short

from .books import workbook
from .encoding import text_of
from .layout import Body, Header, Names, body
from .problems import Wrong, problems
from .raw import Cell, Raw
from .table import Column, Table
from .texts import text_sheet
from .units import Unit
from .values import Values

_NOTHING: Final = frozenset({"-", "–", "—", "n/a", "nan", "null"})
_OLD: Final = bytes.fromhex("d0cf11e0a1b11ae1")
"""How workbooks of before 2007 begin, and those locked by a password."""


def read_table(
    path: str | Path,
    columns: Mapping[str, Column],
    *,
    sheet: str | None = None,
    decimal: str | None = None,
    also: Callable[[Table], Sequence[Wrong]] | None = None,
    content: bytes | None = None,
) -> Table:
    """Read a table from CSV (any separator), XLSX or ODS, as people write them.

    The encoding, the separator, the row of names, the decimal mark and the units are found from the file.
    Rows that are no values (titles, totals, repeated names, footnotes) are left out, each with a note. What
    cannot be settled is refused.

    Args:
        path: the file.
        columns: what is looked for, by the name that the result uses.
        sheet: name of the sheet; None: the only one that has all needed columns.
        decimal: "." or ","; None: each column tells it.
        also: further checks, run on a table whose cells may still be wrong; their problems (place, found,
            allowed) join the others.
        content: what is in the file, if it is not to be read from the disk.

    Raises:
        InputError: every problem of the file, each with row and column.
    """
    source = str(path)
    if decimal not in (None, ".", ","):
        raise problems(source, [("decimal", repr(decimal), "a point or a comma")])
    names = Names(columns)
    raw = _bytes(Path(path), source) if content is None else content
    found = _chosen(_sheets(raw, source, names), names, source, sheet)
    reader = _Reader(source, names, found, names.header(found), decimal)
    return reader.table(also)


def _bytes(path: Path, source: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise problems(
            source, [("file", error.strerror or "nothing readable", "a CSV, XLSX or ODS file")]
        ) from None


def _sheets(raw: bytes, source: str, names: Names) -> list[Raw]:
    if raw.startswith(_OLD):
        found = "a workbook of before 2007 (xls), or one locked by a password"
        raise problems(source, [("file", found, "CSV, XLSX or ODS without a password")])
    if raw.startswith(b"PK\x03\x04"):
        return workbook(raw, source)
    text, guessed = text_of(raw, source)
    notes = (f"The text was read as {guessed}.",) if guessed else ()
    return [text_sheet(text, source, names.count, notes)]


def _chosen(sheets: list[Raw], names: Names, source: str, asked: str | None) -> Raw:
    """The sheet asked for, or the only one that fits."""
    listed = ", ".join(repr(one.name) for one in sheets if one.name) or "no sheets: it is a text file"
    if asked is not None:
        named = [one for one in sheets if one.name == asked]
        if not named:
            raise problems(source, [("sheet", repr(asked), listed)])
        return _filled(named[0], names, source)
    shown = [one for one in sheets if one.visible and not one.empty]
    if len(shown) <= 1:
        return _filled(shown[0] if shown else sheets[0] if sheets else Raw("", []), names, source)
    fitting = [one for one in shown if not names.missing(names.header(one))]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        lost = [
            (
                f"sheet {one.name}",
                f"no column {', '.join(names.missing(names.header(one)))}",
                "a sheet with all of them",
            )
            for one in shown
        ]
        raise problems(source, lost)
    fit = ", ".join(repr(one.name) for one in fitting)
    raise problems(
        source, [("sheet", f"{len(fitting)} that fit: {fit}", "the name of one (--sheet, in Python sheet=)")]
    )


def _filled(sheet: Raw, names: Names, source: str) -> Raw:
    if sheet.empty:
        needed = ", ".join(name for name, column in names.columns.items() if column.needed)
        raise problems(source, [("row 1, column 1", "an empty file", f"a line of names: {needed}")])
    return sheet


@dataclass
class _Reader:
    """One sheet with its row of names."""

    source: str
    names: Names
    sheet: Raw
    header: Header
    decimal: str | None
    wrong: list[Wrong] = field(default_factory=list)

    def table(self, also: Callable[[Table], Sequence[Wrong]] | None) -> Table:
        self._check_header()
        found = body(self.sheet, self.header, self.names)
        self.header = found.header
        if not found.rows:
            row = self.header.row + 1
            raise problems(self.source, [(f"row {row}, column 1", "no product", "one row for each product")])
        self._check_width(found)
        self.wrong += found.wrong
        notes = [*self.sheet.notes, *found.notes]
        table = self._values(found, notes)
        if also is not None:
            self.wrong += also(table)
        if self.wrong:
            raise problems(self.source, self.wrong)
        return table

    def _check_header(self) -> None:
        """Refuse names that stand twice or not at all."""
        row = self.header.row
        wrong = [
            (f"row {row}, column {name}", f"a second column of {column}", "one")
            for name, column in self.header.twice
        ]
        seen = ", ".join(name for name in self.header.names if name)
        for name in self.names.missing(self.header):
            words = self.names.columns[name].words
            others = f", or as one of {', '.join(words[:6])}" if words else ""
            wrong.append(
                (f"row {row}, column {name}", f"only {cut_short(seen)}", f"a column of this name{others}")
            )
        if wrong:
            raise problems(self.source, wrong)

    def _check_width(self, found: Body) -> None:
        """Refuse rows of a text that have more cells than names: a comma in a number has moved the others."""
        if not self.sheet.exact:
            return
        wide = len(self.header.names)
        lengths = {len(cells) for _, cells in found.rows}
        wrong = [
            (
                f"row {row}, column {wide + 1}",
                repr(cells[wide].text) if cells[wide].text else f"{len(cells)} cells",
                f"as many cells as names in row {self.header.row} (1,234 needs quotes, or loses its comma)",
            )
            for row, cells in found.rows
            if len(cells) > wide and (len(lengths) > 1 or any(cell.filled for cell in cells[wide:]))
        ]
        if wrong:
            raise problems(self.source, wrong)

    def _values(self, found: Body, notes: list[str]) -> Table:
        rows = tuple(row for row, _ in found.rows)
        hidden = [row for row in rows if row in self.sheet.hidden]
        if hidden:
            notes.append(f"Rows that the sheet hides were read: {', '.join(map(str, hidden[:20]))}.")
        texts: dict[str, tuple[str, ...]] = {}
        numbers: dict[str, NDArray[np.float64]] = {}
        money, scales = dict[str, str](), dict[str, float]()
        for name, place in self.header.places.items():
            cells = [cells[place] if place < len(cells) else Cell() for _, cells in found.rows]
            column = self.names.columns[name]
            cells = self._unmerged(name, place, cells, rows, notes)
            if column.sort == "text":
                texts[name] = self._texts(name, column, cells, rows)
                continue
            unit = self.header.units.get(name, Unit())
            values = Values(name, column, unit, rows, cells, self.decimal)
            numbers[name] = values.read()
            self.wrong += values.wrong
            money[name], scales[name] = values.money, unit.scale or 1.0
            if scales[name] > 1.0:
                notes.append(
                    f"Numbers of column {name} were multiplied by {scales[name]:,.0f}, as its name says."
                )
        named = {name: self.header.names[place] for name, place in self.header.places.items()}
        unused = tuple(
            n for i, n in enumerate(self.header.names) if n and i not in self.header.places.values()
        )
        return Table(
            self.source,
            self.sheet.name,
            self.header.row,
            rows,
            texts,
            numbers,
            named,
            scales,
            money,
            unused,
            tuple(notes),
        )

    def _unmerged(
        self, name: str, place: int, cells: list[Cell], rows: tuple[int, ...], notes: list[str]
    ) -> list[Cell]:
        """Names in merged cells are written out; one number for several rows is refused."""
        out = list(cells)
        for block in self.sheet.merged:
            inside = [i for i, row in enumerate(rows) if block.first_row <= row <= block.last_row]
            if not block.first_column <= place <= block.last_column or len(inside) < 2:
                continue
            told = f"rows {rows[inside[0]]} to {rows[inside[-1]]}, column {name}"
            if self.names.columns[name].sort != "text":
                self.wrong.append((told, "one merged cell", "a number in each row"))
                continue
            for i in inside:
                out[i] = cells[inside[0]]
            notes.append(f"A merged cell was read for each of its rows: {told}.")
        return out

    def _texts(self, name: str, column: Column, cells: list[Cell], rows: tuple[int, ...]) -> tuple[str, ...]:
        made = []
        for row, cell in zip(rows, cells, strict=True):
            text = _clean(cell.text)
            if cell.fault and cell.value is None:
                self.wrong.append((f"row {row}, column {name}", f"{cell.text!r}, {cell.fault}", "a name"))
            elif not text and not column.blank:
                self.wrong.append((f"row {row}, column {name}", "an empty cell", "a name"))
            made.append(text)
        return tuple(made)


def _clean(text: str) -> str:
    """A name in one width, without signs that have no shape, blanks single; nothing where it says nothing."""
    narrow = "".join(unicodedata.normalize("NFKC", c) if "\uff01" <= c <= "\uff5e" else c for c in text)
    kept = "".join(c for c in unicodedata.normalize("NFC", narrow) if unicodedata.category(c) != "Cf")
    bare = " ".join(kept.split())
    return "" if bare.lower() in _NOTHING else bare
