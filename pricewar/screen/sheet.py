"""A spreadsheet as text: bytes to cells, names of columns to places. Row 1 is the line of names."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Final

from pricewar.base.errors import InputError, Problem

MOST_PROBLEMS: Final = 20
"""Problems named one by one; more are counted."""
COLUMNS: Final = ("product", "firm", "price", "share", "quantity", "margin", "nest")
Cell = tuple[str, str, str]
"""Place, what was found, what is allowed."""
Record = tuple[int, list[str]]
"""Row of the spreadsheet, and its cells."""
_ENCODING: Final = "text in UTF-8 (Excel: save as CSV UTF-8)"
_TOO_LONG: Final = "as many cells as names in row 1 (a number like 1,234 needs to lose its comma)"


def problems(source: str, wrong: list[Cell]) -> InputError:
    """An error naming the first problems, and how many more there are."""
    made = [Problem(*cell) for cell in wrong[:MOST_PROBLEMS]]
    if len(wrong) > MOST_PROBLEMS:
        made.append(Problem("further rows", f"{len(wrong) - MOST_PROBLEMS} more problems", "none"))
    return InputError(source, tuple(made))


def read_text(path: Path, source: str) -> str:
    """The text of the file, or `InputError` with the place of the first byte that is none."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise problems(source, [("file", error.strerror or "nothing readable", "a CSV file")]) from None
    if b"\0" in raw or raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise problems(source, [("row 1, column 1", "UTF-16, or no text", _ENCODING)])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before, byte = raw[: error.start], raw[error.start]
        place = f"row {before.count(bytes([10])) + 1}, column {_cell_number(before)}"
        raise problems(source, [(place, f"the byte 0x{byte:02x}", _ENCODING)]) from None
    if not text.strip():
        allowed = "a line of names: product, firm, price, share, margin"
        raise problems(source, [("row 1, column 1", "an empty file", allowed)])
    return text


def _cell_number(before: bytes) -> int:
    """Which cell of its row the next byte is in."""
    return len(re.findall(rb"[,;\t]", before.rpartition(b"\n")[2])) + 1


def records(text: str, source: str) -> tuple[list[str], list[Record]]:
    """Names of the columns, and each line that is not blank."""
    first = text.lstrip().splitlines()[0]
    delimiter = next((mark for mark in (",", ";", "\t") if mark in first), ",")
    reader, filled = (
        csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True),
        list[Record](),
    )
    row = 0
    try:
        for row, line in enumerate(reader, 1):
            cells = [cell.strip() for cell in line]
            if any(cells):
                filled.append((row, cells))
    except csv.Error as error:
        allowed = "cells in straight quotes, closed again"
        raise problems(source, [(f"row {row + 1}", str(error), allowed)]) from None
    (_, names), found = filled[0], filled[1:]
    if not found:
        raise problems(source, [("row 2, column 1", "no product", "one row for each product")])
    wide = len(names)
    long = [(f"row {r}, column {wide + 1}", repr(c[wide]), _TOO_LONG) for r, c in found if any(c[wide:])]
    if long:
        raise problems(source, long)
    return names, [(r, (cells + [""] * wide)[:wide]) for r, cells in found]


def columns(
    names: list[str], source: str, sized: bool
) -> tuple[dict[str, int], dict[str, float], tuple[str, ...]]:
    """Place of each known column, its scale (0.01 for per cent), and the names not read."""
    places: dict[str, int] = {}
    scale, unused, wrong = {}, [], list[Cell]()
    for place, name in enumerate(names):
        plain, percent = re.subn(r"[\s_(\[]*(%|pct|percent)[)\]]*$", "", name.strip().lower())
        if plain not in COLUMNS or (percent and plain not in ("share", "margin")):
            unused.append(name)
        elif plain in places:
            wrong.append((f"row 1, column {name}", f"a second column of {plain}", "one"))
        else:
            places[plain], scale[plain] = place, 0.01 if percent else 1.0
    seen = ", ".join(name for name in names if name)
    missing = [name for name in ("product", "firm", "price", "margin") if name not in places]
    wrong += [(f"row 1, column {name}", f"only {seen}", "a column of this name") for name in missing]
    if "share" in places:
        unused += [names[places.pop("quantity")]] if "quantity" in places else []
    elif "quantity" not in places:
        wrong.append(("row 1, column share", f"only {seen}", "share, or quantity with --market-size"))
    elif not sized:
        allowed = "the number of buyers (--market-size): quantities alone give no shares; or --no-outside"
        wrong.append(("row 1, column quantity", "no market size", allowed))
    if wrong:
        raise problems(source, wrong)
    return places, scale, tuple(name for name in unused if name)
