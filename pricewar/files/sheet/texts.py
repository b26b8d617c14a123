"""Text files to cells: the mark between cells is the one that shows most of the names that are looked for."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Final

from .problems import problems
from .raw import Cell, Raw

_BETWEEN: Final = (",", ";", "\t", "|", "，", "；")


def text_sheet(text: str, source: str, matches: Callable[[list[str]], int], notes: tuple[str, ...]) -> Raw:
    """The rows of a text.

    Args:
        text: what the file holds.
        source: the file, for messages.
        matches: how many of the columns looked for a row names.
        notes: what was guessed before.

    Raises:
        InputError: quotes that do not close, with the row.
    """
    best, most = _tried(text, ","), -1
    for mark in _BETWEEN:
        if mark in text:
            found = _tried(text, mark)
            seen = max((matches([cell.strip() for cell in row]) for row in found[0][:60]), default=0)
            if seen > most:
                best, most = found, seen
    rows, fault = best
    if fault:
        raise problems(source, [(f"row {len(rows) + 1}", fault, "cells in straight quotes, closed again")])
    made = [(number, [Cell(cell.strip()) for cell in row]) for number, row in enumerate(rows, 1)]
    if made and 1 <= len(made[0][1]) <= 2 and made[0][1][0].text.lower().startswith("sep="):
        made = made[1:]
    filled = [(number, cells) for number, cells in made if any(cell.filled for cell in cells)]
    return Raw("", filled, notes=notes, exact=True)


def _tried(text: str, mark: str) -> tuple[list[list[str]], str]:
    """Rows up to the first that cannot be read, and what is wrong with that one."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True):
            rows.append(row)
    except csv.Error as error:
        return rows, str(error)
    return rows, ""
