"""The market on a spreadsheet: checked cell by cell, made into arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pricewar.base.arguments import flag, maybe, number, takes, text
from pricewar.base.arguments import path as path_
from pricewar.base.errors import bad_input
from pricewar.demand.base import Floats, Ints
from pricewar.files.sheet import Table, read_table
from pricewar.files.sheet.markets import COLUMNS
from pricewar.files.sheet.problems import Wrong

ROUNDING: Final = 1e-5
"""Part of the market below which those who buy nothing are rounding, and shares sum to one."""
NEAR_ONE: Final = 0.01
"""How far from one rounded shares may sum where there is no outside option; they are then scaled to one."""


TINY_MARKET: Final = 0.01
"""Sum of shares in per cent up to which they may as well be fractions under a wrong name."""


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
        margins: (J,) (price - marginal cost) / price, NaN where unknown; below zero where a
            product is sold below cost.
        nest_names: distinct nests, sorted, empty without the column; `nests` (J,) indexes them.
        rows: (J,) rows of the spreadsheet.
        size: buyers of the whole market, None if not told.
        unused: columns that were not read.
        closed: whether everybody buys one of the products: there is no outside option, and shares sum to one.
        notes: what the reader of the file left out, filled in or guessed.
        money: currency of the prices (CNY, EUR), empty if the file does not tell.
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
    notes: tuple[str, ...] = ()
    money: str = ""

    @property
    def known(self) -> NDArray[np.bool_]:
        """Products whose margin is known (J,)."""
        return np.isfinite(self.margins)

    @property
    def fitted(self) -> NDArray[np.bool_]:
        """Products whose margin the calibration rests on (J,): known and above zero."""
        return self.known & (self.margins > 0.0)

    @property
    def outside(self) -> float:
        """Share of those who buy none of the products."""
        return 0.0 if self.closed else 1.0 - math.fsum(self.shares)


@takes(path=path_, market_size=maybe(number), outside=flag, sheet=maybe(text), decimal=maybe(text))
def read_market(
    path: str | Path,
    market_size: float | None = None,
    outside: bool = True,
    *,
    sheet: str | None = None,
    decimal: str | None = None,
    content: bytes | None = None,
) -> Market:
    """Read a table with columns product, firm, price, share (or quantity), margin, and nest if there is one.

    The table is a CSV, XLSX or ODS file, as people write them (`pricewar.files.sheet`). Shares and margins
    are fractions, or per cent where the column's name or the cell says so.

    Args:
        path: the file.
        market_size: buyers of the whole market, those who buy nothing included; needed for quantities.
        outside: whether buyers may buy nothing. False: shares sum to one, and quantities need no market size.
        sheet: name of the sheet, needed where several have these columns.
        decimal: "." or ",", needed where no number of a column tells it.
        content: what is in the file, if it is not to be read from the disk.

    Raises:
        InputError: every problem of the file, each with row and column.
    """
    source = str(path)
    if market_size is not None and not (math.isfinite(market_size) and market_size > 0):
        raise bad_input(source, ("market size", market_size, "a number above zero"))
    rules = _Rules(market_size, outside)
    table = read_table(path, COLUMNS, sheet=sheet, decimal=decimal, also=rules.problems, content=content)
    return rules.market(table)


@dataclass(frozen=True)
class _Rules:
    """What a market needs beyond cells that can be read."""

    size: float | None
    outside: bool

    def problems(self, table: Table) -> list[Wrong]:
        """What is wrong with names, sums and what is not there at all."""
        wrong = self._missing(table)
        for column in ("product", "firm", "nest"):
            wrong += _same_names(table, column)
        margins = table.numbers["margin"]
        if not wrong and not np.isfinite(margins).any():
            wrong.append(
                (table.span("margin"), "no number", "one margin at least: it pins how much price matters")
            )
        elif not wrong and not (margins > 0.0).any():
            allowed = "one margin above zero at least: it pins how much price matters"
            wrong.append((table.span("margin"), "no margin above zero", allowed))
        return wrong + self._sum(table)

    def _missing(self, table: Table) -> list[Wrong]:
        seen = ", ".join([*table.named.values(), *table.unused])
        wrong: list[Wrong] = []
        if not table.has("share") and not table.has("quantity"):
            allowed = "share, or quantity with --market-size"
            wrong.append((table.place("share"), f"only {seen}", allowed))
        elif not table.has("share") and self.size is None and self.outside:
            allowed = "the number of buyers (--market-size): quantities alone give no shares; or --no-outside"
            wrong.append((table.place("quantity"), "no market size", allowed))
        nests = table.texts.get("nest", ())
        if any(nests):
            empty = [i for i, name in enumerate(nests) if not name]
            wrong += [(table.place("nest", i), "an empty cell", "a name") for i in empty]
        return wrong

    def _sum(self, table: Table) -> list[Wrong]:
        """The verdict on the sum of shares does not depend on the order of rows."""
        name = "share" if table.has("share") else "quantity"
        if not table.has(name) or (name == "quantity" and self.size is None and self.outside):
            return []
        amounts, limit = table.numbers[name], self._limit(table, name)
        whole = math.fsum(amounts) / limit if limit else math.nan
        if not math.isfinite(whole):
            return []
        place, found = table.span(name), f"a sum of {whole * limit:g}"
        if name == "share" and table.scales[name] < 1.0 and whole <= TINY_MARKET:
            allowed = "per cent, or fractions under a name without %: as per cent these are nearly nothing"
            return [(place, f"a sum of {100.0 * whole:g}%", allowed)]
        if self.outside and not whole < 1.0 - ROUNDING:
            allowed = (
                f"a sum below {limit:g}: shares of the whole market, those who buy nothing included; "
                "if everybody buys one of the products, --no-outside (in Python outside=False)"
            )
            return [(place, found, allowed)]
        if not self.outside and not abs(whole - 1.0) <= NEAR_ONE:
            allowed = (
                f"a sum of {limit:g}, as everybody buys one of the products (without --no-outside: less)"
            )
            return [(place, found, allowed)]
        return []

    def _limit(self, table: Table, name: str) -> float:
        if name == "share":
            return 1.0
        return math.fsum(table.numbers[name]) if self.size is None else float(self.size)

    def market(self, table: Table) -> Market:
        name = "share" if table.has("share") else "quantity"
        amounts = table.numbers[name]
        shares = amounts / (self._limit(table, name) if self.outside else math.fsum(amounts))
        size = self.size
        if size is None and name == "quantity":  # everybody buys: the buyers are those who bought
            size = math.fsum(amounts)
        nests = table.texts.get("nest", ())
        firm_names, firm_codes = np.unique(table.texts["firm"], return_inverse=True)
        nest_names, nest_codes = np.unique(nests if any(nests) else (), return_inverse=True)
        return Market(
            table.source,
            table.texts["product"],
            tuple(map(str, firm_names)),
            firm_codes.astype(np.int64),
            table.numbers["price"],
            shares,
            table.numbers["margin"],
            tuple(map(str, nest_names)),
            nest_codes.astype(np.int64),
            np.array(table.rows, dtype=np.int64),
            size,
            table.unused,
            not self.outside,
            table.notes,
            table.money["price"],
        )


def _same_names(table: Table, column: str) -> list[Wrong]:
    """Products named twice, and names that differ in nothing but case or blanks: two firms, or one?"""
    first: dict[str, int] = {}
    wrong: list[Wrong] = []
    names = table.texts.get(column, ())
    for i, name in enumerate(names):
        folded = "".join(name.casefold().split())
        earlier = first.setdefault(folded, i)
        if not name or earlier == i:
            continue
        row = table.rows[earlier]
        if column == "product" and names[earlier] == name:
            wrong.append((table.place(column, i), repr(name), f"another name than in row {row}"))
        elif names[earlier] != name:
            allowed = f"written as in row {row}, {names[earlier]!r}, or another name"
            wrong.append((table.place(column, i), repr(name), allowed))
    return wrong
