"""Cells of one column to its values: the column settles decimal mark, unit and currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pricewar.base.errors import shown

from .numbers import BLANK, Written, written
from .problems import Wrong
from .raw import Cell
from .table import Column
from .units import Unit, plain

_SMALL: Final = 1000.0
"""Numbers below this, without a unit, beside others with one (12.8万 and 13.5), may have lost theirs."""


@dataclass
class Values:
    """One column of numbers being read; problems collect in `wrong`."""

    name: str
    column: Column
    unit: Unit
    rows: Sequence[int]
    cells: Sequence[Cell]
    decimal: str | None = None
    wrong: list[Wrong] = field(default_factory=list)
    money: str = ""

    def read(self) -> NDArray[np.float64]:
        """The numbers (N,), NaN where nothing is known or where there is a problem."""
        parts = [self._part(i) for i in range(len(self.cells))]
        mark = self._mark(parts)
        out = np.full(len(parts), np.nan)
        for i, part in enumerate(parts):
            if part is not None:
                out[i] = self._scaled(i, part, mark)
        self._check_units(parts)
        self._check_tiny(parts, mark)
        self._check_money(parts)
        return out

    def refuse(self, i: int, found: str, allowed: str | None = None) -> None:
        """Note a problem of one cell."""
        place = f"row {self.rows[i]}, column {self.name}"
        self.wrong.append((place, found, allowed or self.allowed))

    @property
    def allowed(self) -> str:
        """The numbers allowed, in words."""
        percent = self.unit.scale is not None and self.unit.scale < 1.0 and self.column.allowed_percent
        return (percent or self.column.allowed).format(name=self.name)

    def _part(self, i: int) -> Written | None:
        cell = self.cells[i]
        if cell.fault:
            self.refuse(i, f"{cell.text!r}, {cell.fault}")
            return None
        if cell.value is not None:
            return self._typed(i, cell, cell.value)
        made = written(cell.text)
        if made is not None and self.column.takes(made.unit):
            return made
        if plain(cell.text) not in BLANK:
            self.refuse(i, shown(cell.text, 60))
        elif not self.column.blank:
            self.refuse(i, repr(cell.text) if cell.text else "an empty cell")
        return None

    def _typed(self, i: int, cell: Cell, value: float) -> Written | None:
        if cell.percent and self.column.sort != "part":
            self.refuse(i, f"{cell.text}, shown in per cent")
            return None
        own = cell.percent or cell.shown  # what the name of the column says does not count for this cell
        return Written(cell.text, "", ".,", Unit(1.0 if own else None, cell.money), fixed=value)

    def _mark(self, parts: list[Written | None]) -> str:
        """The decimal mark of the column; cells that contradict it, or leave it open, are problems."""
        proofs = {
            mark: [i for i, p in enumerate(parts) if p and p.proves and p.marks == mark] for mark in ".,"
        }
        if self.decimal is None and proofs["."] and proofs[","]:
            first = min(proofs["."][0], proofs[","][0])
            mark = "." if first in proofs["."] else ","
            told = f"a decimal mark as in row {self.rows[first]}, {self.cells[first].text!r}"
        else:
            mark = self.decimal or ("," if proofs[","] else ".")
            told = f"the decimal mark that was told, {mark!r}"
        for i in proofs["," if mark == "." else "."]:
            self.refuse(i, repr(self.cells[i].text), told)
            parts[i] = None
        if self.decimal is None and not proofs["."] and not proofs[","]:
            self._refuse_doubtful(parts)
        return mark

    def _refuse_doubtful(self, parts: list[Written | None]) -> None:
        for i, part in enumerate(parts):
            if part is not None and part.doubtful:
                readings = " or ".join(f"{part.value(mark):g}" for mark in ",.")
                allowed = (
                    f"{readings}: no number of the column settles which mark is the decimal one; "
                    "tell it (--decimal, in Python decimal=)"
                )
                self.refuse(i, repr(part.text), allowed)
                parts[i] = None

    def _scaled(self, i: int, part: Written, mark: str) -> float:
        scale = part.unit.scale if part.unit.scale is not None else self.unit.scale
        number = part.value(mark)
        value = number if scale is None else number * scale
        if self.column.fits(value) and (scale is not None or self.column.bare(value)):
            return value
        self.refuse(i, repr(part.text))
        return float("nan")

    def _check_units(self, parts: list[Written | None]) -> None:
        """Numbers without a unit beside others with one: which unit they lost, nobody can tell."""
        some = [
            (i, part)
            for i, part in enumerate(parts)
            if part is not None and part.value(part.marks[:1] or ".") != 0.0
        ]
        is_part = self.column.sort == "part"
        own = [i for i, part in some if part.unit.scale not in ((None,) if is_part else (None, 1.0))]
        if not own or (self.unit.scale is not None and not is_part):
            return
        model = f"row {self.rows[own[0]]}, {self.cells[own[0]].text!r}"
        typed = any(self.cells[i].percent for i in own)
        for i, part in some:
            small = abs(part.value(".")) < (1.0 if self.unit.scale else _SMALL)
            if part.unit.scale is not None or (self.unit.scale and not (typed and small)):
                continue
            if is_part or small:
                self.refuse(i, repr(part.text), f"a number with its unit, as in {model}")

    def _check_tiny(self, parts: list[Written | None], mark: str) -> None:
        some = [(i, part) for i, part in enumerate(parts) if part is not None]
        sizes = [abs(part.value(mark)) for _, part in some]
        bare = all(part.unit.scale is None for _, part in some)
        if self.column.tiny or self.unit.scale is None or not bare or not 0.0 < max(sizes, default=0.0) < 1.0:
            return
        allowed = "per cent, as its name says (22, not 0.22), a cell below 1% with its sign (0.5%)"
        self.refuse(some[0][0], f"{some[0][1].text!r}, and no number of 1 or more in the column", allowed)

    def _check_money(self, parts: list[Written | None]) -> None:
        self.money, first = self.unit.money, self.name
        for i, part in enumerate(parts):
            if part is None or part.unit.money in ("", self.money):
                continue
            if self.money:
                self.refuse(i, repr(part.text), f"{self.money}, the currency of {first}")
            else:
                self.money, first = part.unit.money, f"row {self.rows[i]}"
