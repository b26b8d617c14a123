"""The market on a spreadsheet: checked cell by cell, made into arrays."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pricewar.base.arguments import flag, maybe, number, takes
from pricewar.base.arguments import path as path_
from pricewar.base.errors import bad_input
from pricewar.demand.base import Floats, Ints

from .sheet import Cell, Record, columns, problems, read_text, records

ROUNDING: Final = 1e-5
"""Part of the market below which those who buy nothing are rounding, and shares sum to one."""
NEAR_ONE: Final = 0.01
"""How far from one rounded shares may sum where there is no outside option; they are then scaled to one."""


@dataclass(frozen=True, eq=False)
class Market:
    """A market of J products as observed.

    Attributes:
        source: where it comes from, for messages.
        products: J names.
        firm_names: distinct firms, sorted; `firms` (J,) indexes them.
        prices: (J,) what buyers pay.
        shares: (J,) part of the whole market, those who buy nothing included; the sum is below one, unless
            the market is closed.
        margins: (J,) (price - marginal cost) / price, NaN where unknown.
        nest_names: distinct nests, sorted, empty without the column; `nests` (J,) indexes them.
        rows: (J,) rows of the spreadsheet.
        size: buyers of the whole market, None if not told.
        unused: columns that were not read.
        closed: whether everybody buys one of the products: there is no outside option, and shares sum to one.
    """

    source: str
    products: tuple[str, ...]
    firm_names: tuple[str, ...]
    firms: Ints
    prices: Floats
    shares: Floats
    margins: Floats
    nest_names: tuple[str, ...] = ()
    nests: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    rows: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    size: float | None = None
    unused: tuple[str, ...] = ()
    closed: bool = False

    @property
    def known(self) -> NDArray[np.bool_]:
        """Products whose margin is known (J,)."""
        return np.isfinite(self.margins)

    @property
    def outside(self) -> float:
        """Share of those who buy none of the products."""
        return 0.0 if self.closed else 1.0 - math.fsum(self.shares)


@takes(path=path_, market_size=maybe(number), outside=flag)
def read_market(path: str | Path, market_size: float | None = None, outside: bool = True) -> Market:
    """Read a CSV with columns product, firm, price, share (or quantity), margin, and nest if there is one.

    Shares and margins are fractions, or per cent where the column's name ends in _pct, _percent or %. Cells
    are separated by commas, semicolons or tabs; the text is UTF-8.

    Args:
        path: the file.
        market_size: buyers of the whole market, those who buy nothing included; needed for quantities.
        outside: whether buyers may buy nothing. False: shares sum to one, and quantities need no market size.

    Raises:
        InputError: every problem of the file, each with row and column.
    """
    source = str(path)
    text = read_text(Path(path), source)
    if market_size is not None and not (math.isfinite(market_size) and market_size > 0):
        raise bad_input(source, ("market size", market_size, "a number above zero"))
    names, found = records(text, source)
    places, scale, unused = columns(names, source, market_size is not None or not outside)
    return _Reader(source, places, scale, found, outside).market(market_size, unused)


@dataclass(frozen=True)
class _Reader:
    """Cells of the known columns, and the checks that need several of them."""

    source: str
    columns: dict[str, int]
    scale: dict[str, float]
    records: list[Record]
    outside: bool = True
    wrong: list[Cell] = field(default_factory=list)

    def market(self, size: float | None, unused: tuple[str, ...]) -> Market:
        products, firms = self.texts("product"), self.texts("firm")
        self.check_names(products)
        prices = self.numbers("price", lambda x: x > 0, "a number above zero")
        margins = self.numbers("margin", lambda x: 0 < x < 1, self.allowed_part("margin"), blank=True)
        shares = self.shares(size)
        nests = self.nests()
        if not self.wrong and not np.isfinite(margins).any():
            self.wrong.append(
                (self.span("margin"), "no number", "one margin at least: it pins how much price matters")
            )
        if self.wrong:
            raise problems(self.source, self.wrong)
        firm_names, firm_codes = np.unique(firms, return_inverse=True)
        nest_names, nest_codes = np.unique(nests, return_inverse=True)
        rows = np.array([row for row, _ in self.records], dtype=np.int64)
        return Market(
            self.source,
            tuple(products),
            tuple(map(str, firm_names)),
            firm_codes.astype(np.int64),
            prices,
            shares,
            margins,
            tuple(map(str, nest_names)),
            nest_codes.astype(np.int64),
            rows,
            size,
            unused,
            not self.outside,
        )

    def span(self, column: str) -> str:
        return f"rows {self.records[0][0]} to {self.records[-1][0]}, column {column}"

    def texts(self, column: str) -> list[str]:
        place = self.columns[column]
        for row, cells in self.records:
            if not cells[place]:
                self.wrong.append((f"row {row}, column {column}", "an empty cell", "a name"))
        return [cells[place] for _, cells in self.records]

    def check_names(self, products: list[str]) -> None:
        first: dict[str, int] = {}
        for (row, _), name in zip(self.records, products, strict=True):
            if name and first.setdefault(name, row) != row:
                self.wrong.append(
                    (f"row {row}, column product", repr(name), f"another name than in row {first[name]}")
                )

    def nests(self) -> list[str]:
        """Labels, or none if the column is missing or empty."""
        place = self.columns.get("nest")
        if place is None or not any(cells[place] for _, cells in self.records):
            return []
        return self.texts("nest")

    def shares(self, size: float | None) -> Floats:
        """Parts of the market; the verdict on their sum does not depend on the order of rows."""
        if "share" in self.columns:
            name, limit = "share", 1.0
            amounts = self.numbers("share", lambda x: 0 < x < 1, self.allowed_part("share"))
        else:
            name = "quantity"
            amounts = self.numbers("quantity", lambda x: x > 0, "a number above zero")
            limit = math.fsum(amounts) if size is None else float(size)
        whole = math.fsum(amounts) / limit
        if any(f"column {name}" in place for place, _, _ in self.wrong):
            return amounts
        if self.outside and not whole < 1.0 - ROUNDING:
            allowed = (
                f"a sum below {limit:g}: shares of the whole market, those who buy nothing included; "
                "if everybody buys one of the products, --no-outside (in Python outside=False)"
            )
            self.wrong.append((self.span(name), f"a sum of {whole * limit:g}", allowed))
        if not self.outside and not abs(whole - 1.0) <= NEAR_ONE:
            allowed = (
                f"a sum of {limit:g}, as everybody buys one of the products (without --no-outside: less)"
            )
            self.wrong.append((self.span(name), f"a sum of {whole * limit:g}", allowed))
        return amounts / limit if self.outside else amounts / math.fsum(amounts)

    def allowed_part(self, column: str) -> str:
        if self.scale.get(column) == 0.01:
            return "per cent, above 0 and below 100"
        return f"a fraction, above 0 and below 1 (for per cent call the column {column}_pct)"

    def numbers(
        self, column: str, fits: Callable[[float], bool], allowed: str, blank: bool = False
    ) -> Floats:
        place, scale = self.columns[column], self.scale[column]
        out = np.full(len(self.records), np.nan)
        for i, (row, cells) in enumerate(self.records):
            if blank and cells[place].lower() in ("", "na", "n/a", "nan"):
                continue
            value = _number(cells[place], scale)
            if value is None or not fits(value):
                self.wrong.append((f"row {row}, column {column}", repr(cells[place]), allowed))
            else:
                out[i] = value
        return out


def _number(text: str, scale: float) -> float | None:
    """The number of a cell, or None; a sign % in the cell says per cent."""
    bare, percent = re.subn(r"\s*%$", "", text)
    try:
        value = float(bare) * (0.01 if percent else scale)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in bare else None
