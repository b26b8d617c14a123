"""The table of products: read, and every problem of it named by row and column, all at once."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.base.errors import InputError, bad_input
from pricewar.files.sheet import Column, Table, read_table
from pricewar.files.sheet.markets import COLUMNS as COMMON
from pricewar.scenario.columns import taken

from .names import attribute_name, ids
from .wishes import OUTSIDE, SHOPPERS, Wishes, Wrong

WHOLE: Final = 0.01
"""How far from one rounded shares of all sales may sum."""
_NUMBER: Final = re.compile(r"[-+−]?[\d.,'’\s]*\d[\d.,'’\s]*%?")
_FREE: Final = "a number above zero (what is free has no price that a cut could lower: leave the row out)"
COLUMNS: Final = {
    "product": COMMON["product"],
    "firm": COMMON["firm"],
    "price": replace(COMMON["price"], allowed=_FREE),
    "share": replace(COMMON["share"], fits=lambda x: 0.0 < x <= 1.0),
    "quantity": COMMON["quantity"],
    "cost": Column(
        words=(
            "unit cost",
            "marginal cost",
            "成本",
            "单位成本",
            "kosten",
            "stückkosten",
            "coût",
            "coste",
            "costo",
        ),
        needed=False,
        blank=True,
        fits=lambda x: x > 0.0,
        allowed="a number above zero, or an empty cell",
    ),
    "margin": replace(COMMON["margin"], needed=False, fits=lambda x: -1.0 < x < 1.0, tiny=True),
    "capacity": Column(
        words=("seats", "产能", "kapazität", "capacité", "capacidad", "capacità"),
        needed=False,
        blank=True,
        fits=lambda x: x > 0.0,
        allowed="a number above zero, or an empty cell: as much as it can sell",
    ),
}
"""What a market is made of. Every other column is an attribute."""
TableLike = str | Path | pd.DataFrame | Mapping[str, Sequence[Any]]
"""A file, a DataFrame, or columns by name."""


@dataclass(frozen=True, eq=False)
class Goods:
    """J products as the table has them, with what follows for the size of the market.

    Attributes:
        source: the table, for messages and the file's first line.
        rows: (J,) rows of the table.
        firms, products: (J,) names; `firm_ids` and `product_ids` (J,) are the ids made of them.
        prices: (J,) in the market's money.
        units: (J,) sold in a period.
        shoppers: people who consider buying in a period.
        costs: (J,) cost of one more unit; NaN where unknown.
        from_margin: (J,) whether it was told as a margin.
        capacity: (J,) units a period; NaN where there is no limit.
        attributes: name -> (J,) numbers or words.
        nests: name of the attribute that makes nests, or empty.
        currency: as the column of prices names it, or empty.
        notes: sentences on what was left out or guessed.
    """

    source: str
    rows: tuple[int, ...]
    firms: tuple[str, ...]
    products: tuple[str, ...]
    firm_ids: tuple[str, ...]
    product_ids: tuple[str, ...]
    prices: Floats
    units: Floats
    shoppers: float
    costs: Floats
    from_margin: tuple[bool, ...]
    capacity: Floats
    attributes: Mapping[str, tuple[float | str, ...]]
    nests: str
    currency: str
    notes: tuple[str, ...]

    def place(self, j: int, column: str) -> str:
        """Where a value of a product is."""
        return f"row {self.rows[j]}, column {column}"


def read_goods(
    table: TableLike, wishes: Wishes, sheet: str | None = None, decimal: str | None = None
) -> Goods:
    """Read the table of products.

    Raises:
        InputError: every problem of the table and of what is said beside it.
    """
    source, content = _content(table)
    if content is not None and not isinstance(table, (str, Path)):
        decimal = "."
    reader = _Reader(source, wishes, content, {"sheet": sheet, "decimal": decimal})
    return reader.goods()


def _content(table: TableLike) -> tuple[str, bytes | None]:
    """Name of the table, and its text where it is no file."""
    if isinstance(table, (str, Path)):
        return str(table), None
    try:
        frame = table if isinstance(table, pd.DataFrame) else pd.DataFrame(dict(table))
        return "table", frame.to_csv(index=False, lineterminator="\n").encode()
    except (TypeError, ValueError) as error:
        found = f"a {type(table).__name__} ({error})"
        raise bad_input(
            "market_from", ("table", found, "a file, a DataFrame, or columns of one length")
        ) from None


class _Reader:
    """One table, read as numbers and words; further columns in a second look."""

    def __init__(self, source: str, wishes: Wishes, content: bytes | None, how: Mapping[str, Any]) -> None:
        self.source, self.wishes, self.how = source, wishes, {**how, "content": content}
        self.attributes: dict[str, tuple[float | str, ...]] = {}
        self.named: dict[str, str] = {}
        self.left_out: dict[str, str] = {}

    def goods(self) -> Goods:
        read = read_table(self.source, COLUMNS, also=self.problems, **self.how)
        costs = _costs(read)
        firm_ids, product_ids, _ = ids(read.texts["firm"], read.texts["product"])
        units, shoppers = sizes(read, self.wishes)
        told = tuple(f"Column {name} was not read: {why}." for name, why in self.left_out.items())
        return Goods(
            source=self.source,
            rows=read.rows,
            firms=read.texts["firm"],
            products=read.texts["product"],
            firm_ids=firm_ids,
            product_ids=product_ids,
            prices=read.numbers["price"],
            units=units,
            shoppers=shoppers,
            costs=costs,
            from_margin=tuple(bool(x) for x in np.isfinite(_optional(read, "margin"))),
            capacity=_optional(read, "capacity"),
            attributes=self.attributes,
            nests=self.named.get(self.wishes.nests or "", ""),
            currency=read.money["price"],
            notes=(*read.notes, *told),
        )

    def problems(self, read: Table) -> list[Wrong]:
        """What cells alone do not show."""
        wrong: list[Wrong] = [*self.wishes.problems(), *_clashes(read), *_amounts(read, self.wishes)]
        return [*wrong, *_costs_told_twice(read), *_capacities(read, self.wishes), *self._further(read)]

    def _further(self, read: Table) -> Iterator[Wrong]:
        """Read the columns that are attributes."""
        loose = {
            name: Column("text", column.words, needed=False, blank=True) for name, column in COLUMNS.items()
        }
        names = dict.fromkeys(read.unused)
        words = {name: Column("text", needed=False, blank=True) for name in names}
        texts = read_table(self.source, {**loose, **words}, **self.how).texts
        numeric = [n for n in names if texts.get(n) and all(_NUMBER.fullmatch(t) for t in texts[n] if t)]
        full = {n: texts[n] for n in names if all(texts.get(n, ("",)))}
        numbers = {n: Column("number", needed=False) for n in numeric if n in full}
        try:
            values = read_table(self.source, {**loose, **numbers}, **self.how).numbers
        except InputError as error:
            yield from ((p.place, p.found, p.allowed) for p in error.problems)
            return
        for name in names:
            yield from self._attribute(name, full, values, read, texts)
        if self.wishes.nests is not None and self.wishes.nests not in self.named:
            yield from self._no_nests(read, texts)

    def _attribute(
        self,
        name: str,
        full: Mapping[str, Any],
        values: Mapping[str, Any],
        read: Table,
        texts: Mapping[str, Any],
    ) -> Iterator[Wrong]:
        key = attribute_name(name)
        if name not in full:
            empty = [str(read.rows[i]) for i, text in enumerate(texts.get(name, ())) if not text]
            self.left_out[name] = f"it has empty cells (rows {', '.join(empty[:10])})"
        elif key in self.attributes or key in taken() or not key:
            yield read.place(name), repr(name), "a name of its own that is no field of a product"
        else:
            column = values.get(name)
            self.attributes[key] = full[name] if column is None else tuple(map(float, column))
            self.named[name] = self.named[key] = key

    def _no_nests(self, read: Table, texts: Mapping[str, Sequence[str]]) -> Iterator[Wrong]:
        asked = self.wishes.nests or ""
        cells = texts.get(asked)
        if cells is None:
            yield (
                read.place(asked),
                f"only {', '.join([*read.named, *self.named])}",
                "a column of this name (--nests)",
            )
            return
        for i, text in enumerate(cells):
            if not text:
                yield read.place(asked, i), "an empty cell", "a word: each product is in a nest"


def _optional(read: Table, name: str) -> Floats:
    found = read.numbers.get(name)
    return np.full(len(read.rows), np.nan) if found is None else np.asarray(found, dtype=np.float64)


def _costs(read: Table) -> Floats:
    stated, margins = _optional(read, "cost"), _optional(read, "margin")
    return np.asarray(np.where(np.isfinite(stated), stated, (1.0 - margins) * read.numbers["price"]))


def _clashes(read: Table) -> Iterator[Wrong]:
    yield from ids(read.texts.get("firm", ()), read.texts.get("product", ()), read.place)[2]


def _amounts(read: Table, wishes: Wishes) -> Iterator[Wrong]:
    """Quantities, or shares: of the whole market, or of all sales."""
    if not read.has("share") and not read.has("quantity"):
        seen = ", ".join([*read.named.values(), *read.unused])
        yield read.place("quantity"), f"only {seen}", "a column quantity, or share"
        return
    name = "share" if read.has("share") else "quantity"
    amounts = read.numbers[name]
    total = math.fsum(amounts)
    if not math.isfinite(total):
        return
    if name == "quantity" and wishes.market_size is not None and total >= wishes.market_size:
        yield "--market-size", f"{wishes.market_size:g}, for {total:g} sold", "more people than units sold"
    if name == "share" and total > 1.0 + WHOLE:
        allowed = "a sum below 1, or of 1 where they are shares of all sales"
        yield read.span("share"), f"a sum of {total:g}", allowed
    if (
        name == "share"
        and total < 1.0 - WHOLE
        and wishes.outside is not None
        and not _same(wishes.outside, total)
    ):
        found = f"{wishes.outside:g}, where the shares leave {1.0 - total:g}"
        yield "--outside", found, "none: the shares say it already"


def _same(outside: float, total: float) -> bool:
    return abs(1.0 - total - outside) <= WHOLE


def sizes(read: Table, wishes: Wishes) -> tuple[Floats, float]:
    """(J,) units a period, and the people who consider buying."""
    stay = OUTSIDE if wishes.outside is None else wishes.outside
    if not read.has("share"):
        units = np.asarray(read.numbers["quantity"], dtype=np.float64)
        return units, wishes.market_size or math.fsum(units) / (1.0 - stay)
    shares = np.asarray(read.numbers["share"], dtype=np.float64)
    total, shoppers = math.fsum(shares), wishes.market_size or SHOPPERS
    if total >= 1.0 - WHOLE:  # of all sales
        shares = shares / total * (1.0 - stay)
    return shares * shoppers, shoppers


def _costs_told_twice(read: Table) -> Iterator[Wrong]:
    both = np.isfinite(_optional(read, "cost")) & np.isfinite(_optional(read, "margin"))
    for i in np.flatnonzero(both):
        yield (
            read.place("margin", int(i)),
            f"{read.numbers['margin'][i]:g} beside a cost",
            "cost or margin, not both",
        )


def _capacities(read: Table, wishes: Wishes) -> Iterator[Wrong]:
    """A firm has a capacity: all its products state a part of it, or none does."""
    capacity = _optional(read, "capacity")
    if not read.has("capacity") or any(_amounts(read, wishes)):
        return
    units, _ = sizes(read, wishes)
    firms = np.array(read.texts["firm"])
    for firm in dict.fromkeys(read.texts["firm"]):
        own = np.flatnonzero(firms == firm)
        empty = own[np.isnan(capacity[own])]
        if 0 < len(empty) < len(own):
            for i in empty:
                allowed = f"a number, as for the other products of {firm}, or none for all of them"
                yield read.place("capacity", int(i)), "an empty cell", allowed
        elif not len(empty) and units[own].sum() > capacity[own].sum() * (1.0 + 1e-9):
            found = f"{capacity[own].sum():g} for all products of {firm}, which sold {units[own].sum():g}"
            yield read.place("capacity", int(own[0])), found, "at least what was sold in the period"
