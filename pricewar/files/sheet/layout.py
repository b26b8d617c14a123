"""Where the table is in its sheet: the row of names, and what is title, total, repetition or footnote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from pricewar.base.errors import cut_short

from .problems import Wrong
from .raw import Cell, Raw
from .table import Column
from .units import PER_CENT, Unit, names_unit, plain, unit_of

_DEEPEST: Final = 60
"""Rows that are not empty among which the names of the columns are looked for."""
_TOTAL: Final = re.compile(
    r"(grand |sub-?|market |overall )?totals?( market| sales)?|sum|sums|overall"
    r"|all( products| models| firms)?"
    r"|合计|合計|总计|總計|小计|小計|总和|总数|全部|gesamt(summe)?|summe|zwischensumme|insgesamt|sous-total"
    r"|total général|totale|totaal|suma|razem|итого|всего|somma|toplam|計|합계|총계"
)
_FOOT: Final = re.compile(
    r"(sources?|notes?|quelle|anmerkung|remarque|fuente|nota|注|备注|備註|说明|数据来源|来源|资料来源)\b|[*†‡]|注"
)
_BARE: Final = re.compile(r"[\s_\-./:;,'’&]+")
_BRACKETS: Final = re.compile(r"[(\[（【]([^)\]）】]*)[)\]）】]")


@dataclass(frozen=True)
class Header:
    """Which cell of each row belongs to which column."""

    row: int
    places: Mapping[str, int]
    units: Mapping[str, Unit]
    names: tuple[str, ...]
    twice: tuple[tuple[str, str], ...] = ()
    """Names in the file that stand for a column already found, each with that column."""


def bare(name: str) -> str:
    """A name without case, blanks and signs between its words."""
    return _BARE.sub("", plain(name))


class Names:
    """The columns looked for, by all their names."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self.columns = columns
        self.known = {bare(word): name for name, column in columns.items() for word in (*column.words, name)}
        self.find = lru_cache(maxsize=4096)(self._find)

    def _find(self, text: str) -> tuple[str, Unit, bool] | None:
        """The column that a name stands for, the unit in it, and whether the name is the column's own."""
        whole = self.known.get(bare(text))
        if whole is not None:
            return whole, Unit(), bare(text) == bare(whole)
        for name, words in _splits(plain(text)):
            column, unit = self.known.get(bare(name)), unit_of(words)
            if column is not None and unit is not None and self.columns[column].takes(unit):
                return column, unit, bare(name) == bare(column) and unit.scale == PER_CENT
        return None

    def count(self, row: list[str]) -> int:
        """How many of the columns the row names."""
        return len({found[0] for text in row if text and (found := self.find(text)) is not None})

    def header(self, sheet: Raw) -> Header:
        """The row that names most of them, the first one if several do."""
        rows = sheet.rows[:_DEEPEST]
        number, cells = max(rows, key=lambda row: (self.count([cell.text for cell in row[1]]), -row[0]))
        found = {place: self.find(cell.text) for place, cell in enumerate(cells) if cell.text}
        places: dict[str, int] = {}
        units, twice = {}, []
        for own in (True, False):  # beside a column's own name other words for it are other columns
            settled = frozenset(places)
            for place, (name, unit, is_own) in ((p, f) for p, f in found.items() if f is not None):
                if is_own != own or name in settled:
                    continue
                if name in places:
                    twice.append((cells[place].text, name))
                else:
                    places[name], units[name] = place, unit
        for name in [name for name in places if self.columns[name].unless in places]:
            del places[name], units[name]
        return Header(number, places, units, tuple(cell.text for cell in cells), tuple(twice))

    def missing(self, header: Header) -> list[str]:
        """Needed columns that the row does not name."""
        return [name for name, column in self.columns.items() if column.needed and name not in header.places]


def _splits(text: str) -> list[tuple[str, str]]:
    """A name cut into name and unit, in all ways that make sense: price (CNY), price_pct, 售价/万元."""
    found = []
    inside = " ".join(_BRACKETS.findall(text))
    outside = _BRACKETS.sub(" ", text).strip()
    if inside:
        found.append((outside, inside))
    for match in re.finditer(r"[\s_,/:\-]+|(?=[%‰(（\[￥¥$€£])", outside):
        found.append((outside[: match.start()], f"{outside[match.end() :].replace('_', ' ')} {inside}"))
    return found


@dataclass(frozen=True)
class Body:
    """Rows of values, and what was said of the others."""

    header: Header
    rows: tuple[tuple[int, list[Cell]], ...]
    notes: tuple[str, ...]
    wrong: tuple[Wrong, ...]


def body(sheet: Raw, header: Header, names: Names) -> Body:
    """The rows of values below the names of the columns; every other row that is filled gets a note."""
    notes, wrong = [], list[Wrong]()
    above = [row for row in sheet.rows if row[0] < header.row]
    for number, cells in above:
        text = _line(cells)
        if names_unit(text):
            wrong.append(
                (
                    f"row {number}",
                    repr(cut_short(text, 60)),
                    "the unit in the name of its column, price (万元)",
                )
            )
        notes.append(
            f'Row {number} is above the names of the columns and was not read: "{cut_short(text, 60)}".'
        )
    below = [row for row in sheet.rows if row[0] > header.row]
    header, below = _unit_row(header, below, names, notes)
    last = max((n for n, cells in below if sum(cell.filled for cell in cells) > 1), default=header.row)
    rows, repeated = [], [plain(name) for name in header.names if name]
    for number, cells in below:
        text = _line(cells)
        if [plain(cell.text) for cell in cells if cell.text] == repeated:
            notes.append(f"Row {number} repeats the names of the columns and was not read.")
        elif (kind := _total(cells, header, names)) == "total":
            notes.append(f'Row {number} is a total and was not read: "{cut_short(text, 60)}".')
        elif kind:
            wrong.append(
                (
                    f"row {number}, column {kind}",
                    repr(text),
                    "a name, or a total without any other name in its row",
                )
            )
        elif number > last and (_FOOT.match(plain(text)) or len(text) > 40):
            if names_unit(text):
                wrong.append(
                    (
                        f"row {number}",
                        repr(cut_short(text, 60)),
                        "the unit in the name of its column, price (万元)",
                    )
                )
            notes.append(f'Row {number} is below the table and was not read: "{cut_short(text, 60)}".')
        else:
            rows.append((number, cells))
    return Body(header, tuple(rows), tuple(notes), tuple(wrong))


def _line(cells: list[Cell]) -> str:
    return " ".join(" ".join(cell.text.split()) for cell in cells if cell.text)


def _unit_row(
    header: Header, below: list[tuple[int, list[Cell]]], names: Names, notes: list[str]
) -> tuple[Header, list[tuple[int, list[Cell]]]]:
    """A row of units right under the names is part of the names."""
    if not below:
        return header, below
    number, cells = below[0]
    numeric = {n: p for n, p in header.places.items() if names.columns[n].sort != "text" and p < len(cells)}
    said = {name: cells[place].text for name, place in numeric.items() if cells[place].text}
    units = {name: _unit(text) for name, text in said.items()}
    if not said or any(
        unit is None or not names.columns[name].takes(unit) or header.units[name] != Unit()
        for name, unit in units.items()
    ):
        return header, below
    notes.append(f'Row {number} was read as the units of the columns: "{_line(cells)}".')
    merged = dict(header.units) | {name: unit for name, unit in units.items() if unit is not None}
    return replace(header, units=merged), below[1:]


def _unit(text: str) -> Unit | None:
    """The unit of a cell that holds nothing else."""
    words = text.strip("()（）[] .,/:")
    return unit_of(words) if words else None


def _total(cells: list[Cell], header: Header, names: Names) -> str:
    """ "total" for a row of totals; the column of the word where other names in the row make it doubtful."""
    places = [p for n, p in header.places.items() if names.columns[n].sort == "text" and p < len(cells)]
    words = {p: plain(cells[p].text).strip(" :：") for p in (*places, 0) if cells[p].text}
    said = [p for p, word in words.items() if _TOTAL.fullmatch(word)]
    if not said or cells[said[0]].value is not None:
        return ""
    if all(_TOTAL.fullmatch(word) for word in words.values()):
        return "total"
    return next(
        (n for n, p in header.places.items() if p == said[0]),
        header.names[said[0]] if said[0] < len(header.names) else "1",
    )
