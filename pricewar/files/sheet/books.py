"""Workbooks to cells: XLSX by openpyxl, ODS by its own XML. Formulas count by the value stored with them.

ODS is read here, because the libraries for it return an error or a formula without a value as an empty cell,
and 0.22 for a cell that shows 22%: then nobody can tell what the column's name means (ADR 0102).
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from xml.etree import ElementTree

from .numbers import written
from .problems import problems
from .raw import Block, Cell, Raw
from .units import unit_of

_NEAR: Final = 0.02
"""How far a number that is shown may be rounded, as a part of it."""
_LARGEST: Final = 300_000_000
"""Bytes that a workbook may unpack to."""
_REPEATS: Final = 10_000
"""Empty cells and rows that a sheet repeats to its end are not written out beyond this."""
_DATE: Final = "a date (spreadsheet programs make dates of texts like 3-12)"
_FORMULA: Final = "a formula without a stored value: open the file in a spreadsheet program and save it"
_SCALED: Final = re.compile(r"[0#?],+(?![0#?,])")
_FORMULAS: Final = re.compile(rb"<(?:\w+:)?f[ >/]")
_WORDY: Final = re.compile(r"[万萬千亿億kKmM](?![a-zA-Z])")


def workbook(raw: bytes, source: str) -> list[Raw]:
    """The sheets of an XLSX or ODS file.

    Raises:
        InputError: a workbook that is damaged, too large, or of another sort.
    """
    try:
        found = _opened(raw)
    except Exception as error:  # of packing, XML and openpyxl: whatever went wrong in their parts
        damage = f"a damaged workbook ({type(error).__name__})"
        raise problems(source, [("file", damage, "a workbook that opens in a spreadsheet program")]) from None
    if isinstance(found, str):
        raise problems(source, [("file", found, "a table of products in CSV, XLSX or ODS")])
    return found


def _opened(raw: bytes) -> list[Raw] | str:
    """The sheets, or what the file is instead of a workbook."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = set(archive.namelist())
        if sum(info.file_size for info in archive.infolist()) > _LARGEST:
            return f"more than {_LARGEST:,} bytes unpacked"
        if "content.xml" in names:
            return _ods(archive.read("content.xml"))
        if "xl/workbook.xml" not in names:
            return "a packed file that is no XLSX or ODS"
        sheets = (archive.read(name) for name in names if name.startswith("xl/worksheets/"))
        return _xlsx(raw, formulas=any(_FORMULAS.search(sheet) for sheet in sheets))


def _xlsx(raw: bytes, formulas: bool) -> list[Raw]:
    import openpyxl

    with warnings.catch_warnings(action="ignore"):  # of parts of a workbook that hold no cells
        values = openpyxl.load_workbook(io.BytesIO(raw), data_only=True)
        typed = openpyxl.load_workbook(io.BytesIO(raw)) if formulas else values
    return [_xlsx_sheet(sheet, typed[sheet.title]) for sheet in values.worksheets]


def _xlsx_sheet(sheet: Any, typed: Any) -> Raw:
    """One sheet; `typed` is the same with formulas in place of their values."""
    rows = []
    for number, (line, other) in enumerate(zip(sheet.iter_rows(), typed.iter_rows(), strict=True), 1):
        cells = [_xlsx_cell(cell, asked) for cell, asked in zip(line, other, strict=True)]
        if any(cell.filled for cell in cells):
            rows.append((number, cells))
    merged = tuple(
        Block(b.min_row, b.max_row, b.min_col - 1, b.max_col - 1) for b in sheet.merged_cells.ranges
    )
    hidden = frozenset(number for number, row in sheet.row_dimensions.items() if row.hidden)
    return Raw(sheet.title, rows, merged, hidden, sheet.sheet_state == "visible")


def _xlsx_cell(cell: Any, typed: Any) -> Cell:
    value = cell.value
    if value is None:
        return Cell(str(typed.value), fault=_FORMULA) if typed.data_type == "f" else Cell()
    if cell.data_type == "e":
        return Cell(str(value), fault="an error of a formula")
    if isinstance(value, (datetime, date, time, timedelta)):
        return Cell(str(value), fault=_DATE)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return Cell(str(value).strip())
    look = str(cell.number_format or "").partition(";")[0]
    scaled, money, worded = _read_format(look)
    if worded:
        return Cell(_short(value), fault=f"a number shown with a unit by its format {look}")
    return Cell(_short(value), float(value), percent="%" in look, shown=scaled, money=money)


def _read_format(look: str) -> tuple[bool, str, bool]:
    """Of a number format: whether it divides by thousands, the currency in it, whether it adds a unit."""
    signs = re.findall(r"\[\$([^\]\-]+)", look)
    rest = re.sub(r"\[[^\]]*\]|\\.", "", look)
    words = re.findall(r'"([^"]*)"', rest)
    bare = re.sub(r'"[^"]*"', "", rest)
    units = [unit_of(word) for word in (*signs, *words, *re.findall("[¥￥€£$]", bare)) if word.strip()]
    scaled = bool(_SCALED.search(bare))
    worded = bool(_WORDY.search(bare)) or any(unit is not None and unit.scale for unit in units)
    return scaled, next((unit.money for unit in units if unit is not None and unit.money), ""), worded


def _short(value: float) -> str:
    """The number as text: 3 for 3.0."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


# -- ODS

_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_MORE: Final = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"


def _ods(content: bytes) -> list[Raw]:
    body = ElementTree.fromstring(content)
    hidden = {
        style.get("{urn:oasis:names:tc:opendocument:xmlns:style:1.0}name")
        for style in body.iter("{urn:oasis:names:tc:opendocument:xmlns:style:1.0}style")
        if any(part.get(f"{_TABLE}display") == "false" for part in style)
    }
    return [_ods_sheet(table, hidden) for table in body.iter(f"{_TABLE}table")]


def _ods_sheet(table: ElementTree.Element, hidden: set[str | None]) -> Raw:
    number, rows, merged, unseen = 1, list[tuple[int, list[Cell]]](), list[Block](), set[int]()
    for row in table.iter(f"{_TABLE}table-row"):
        repeats = int(row.get(f"{_TABLE}number-rows-repeated", "1"))
        cells = list(_ods_cells(row, number, merged))
        if any(cell.filled for cell in cells):
            for extra in range(min(repeats, _REPEATS)):
                rows.append((number + extra, cells))
                if row.get(f"{_TABLE}visibility", "visible") != "visible":
                    unseen.add(number + extra)
        number += repeats
    shown = table.get(f"{_TABLE}style-name") not in hidden
    return Raw(table.get(f"{_TABLE}name", ""), rows, tuple(merged), frozenset(unseen), shown)


def _ods_cells(row: ElementTree.Element, number: int, merged: list[Block]) -> Iterator[Cell]:
    place = 0
    for node in row:
        if node.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        tall, wide = (int(node.get(f"{_TABLE}number-{what}-spanned", "1")) for what in ("rows", "columns"))
        if tall > 1 or wide > 1:
            merged.append(Block(number, number + tall - 1, place, place + wide - 1))
        cell = _ods_cell(node) if node.tag == f"{_TABLE}table-cell" else Cell()
        for _ in range(min(int(node.get(f"{_TABLE}number-columns-repeated", "1")), _REPEATS)):
            yield cell
            place += 1


def _ods_cell(node: ElementTree.Element) -> Cell:
    kind = node.get(f"{_OFFICE}value-type", "")
    text = "\n".join("".join(part.itertext()) for part in node.findall(f"{_TEXT}p")).strip()
    formula = node.get(f"{_TABLE}formula")
    if node.get(f"{_MORE}value-type") == "error" or (formula and re.match(r"#\w+[/!?]|Err:\d+", text)):
        return Cell(text or "error", fault="an error of a formula")
    if formula and not kind:
        return Cell(text or formula, fault=_FORMULA)
    if kind in ("date", "time"):
        return Cell(text, fault=_DATE)
    if kind in ("float", "percentage", "currency"):
        value = float(node.get(f"{_OFFICE}value", "nan"))
        unit = unit_of(node.get(f"{_OFFICE}currency", ""))
        money = "" if unit is None else unit.money
        divided, fault = _is_divided(text, value), _hides(text, value)
        return Cell(_short(value), value, kind == "percentage", divided, money, fault)
    return Cell(text)


def _hides(text: str, value: float) -> str:
    """A fault where the sheet shows the number with a unit, as 12.8万 or 120 k."""
    return f"a number shown with a unit: {text}" if _WORDY.search(text) and value == value else ""


def _is_divided(text: str, value: float) -> bool:
    """Whether the sheet shows the number in thousands or millions, as 128.0 for 128,000."""
    part = written(text)
    if part is None or value == 0.0:
        return False
    ratios = [part.value(mark) / value for mark in part.marks]
    if any(abs(ratio - 1.0) < _NEAR for ratio in ratios):
        return False
    return any(abs(ratio * scale - 1.0) < _NEAR for ratio in ratios for scale in (1e3, 1e6))
