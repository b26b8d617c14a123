"""A market data set as a tree: firms, products, and the tables of its scenario.toml."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from pricewar.base.errors import InputError, Problem, bad_input
from pricewar.files.kept import Shelf, source_mark

from .laying import Tree, beside, merge

CODE = ("pricewar.base", "pricewar.data", "pricewar.scenario")
"""Packages whose code a data set is read with."""
SHELF = Shelf("data", most=64, largest=20_000_000, writes=32)
"""Where data sets are kept as they were read: 20 kB in place of tables with a source for each figure."""
PETROL_MARKET = ("petrol_price", "petrol_margin", "petrol_purchase_tax")
FIRM = (
    "gross_margin", "fixed_cost", "cash", "capacity", "payable_days", "dealer_stock", "backlog",
    "petrol_sales_share",
)  # fmt: skip
"""Figures of a data set that go into a scenario under the same names."""


def data_tree(name: object, source: str) -> Tree:
    """Firms, products and own tables of a market data set, as a tree.

    Raises:
        InputError: no such data set, or one that does not hold together.
    """
    if not isinstance(name, str):
        raise bad_input(source, ("data", name, "the name or directory of one data set"))
    try:
        changed = tuple((str(file), file.stat().st_mtime_ns) for file in _files_of(name))
        return _data_tree(name, changed)
    except (OSError, ValueError) as error:  # a name that no directory can have
        raise bad_input(source, ("data", name, f"the name or directory of one data set ({error})")) from error
    except InputError as error:
        raise InputError(source, tuple(under("data", p) for p in error.problems)) from error


def under(field: str, problem: Problem) -> Problem:
    """A problem of what a field names."""
    return Problem(f"{field}, {problem.place}", problem.found, problem.allowed)


def _homes(data: str) -> list[Path]:
    from pricewar.data.layers import layers

    return [layer.home for layer in layers(data) if isinstance(layer.home, Path)]


def _files_of(data: str) -> list[Path]:
    """The files that a data set is read from, also those of the sets that it extends."""
    found = (file for home in _homes(data) for file in home.iterdir())
    return sorted(file for file in found if file.suffix in (".csv", ".toml"))


@lru_cache(maxsize=16)
def _data_tree(name: str, changed: tuple[tuple[str, int], ...]) -> Tree:
    read = hashlib.sha256(f"{sys.version}\n{name}\n{Path.cwd()}\n".encode())
    for file, _ in changed:
        read.update(f"{file}\n".encode() + hashlib.sha256(Path(file).read_bytes()).digest())
    return SHELF.get(read.digest() + source_mark(CODE), partial(_read, name))


def _read(name: str) -> Tree:
    from pricewar.data import load_market_data

    market = load_market_data(name)
    firms = market.firms
    products = market.products
    figures: Tree = {
        "firms": {str(key): _firm(dict(row)) for key, row in firms.iterrows()},
        "products": {str(key): _product(dict(row)) for key, row in products.iterrows()},
        "market": {"vat": market.market["vat_rate"], **_given(market.market, PETROL_MARKET)},
        "consumers": {
            "shoppers": market.market["shoppers_per_month"],
            **_given(market.market, ("petrol_share",)),
        },
    }
    whole = merge(figures, market.scenario)
    for home in _homes(name) if "posterior" in whole else ():
        whole["posterior"] = beside(whole["posterior"], home)
    return whole


def _given(figures: Mapping[str, float], names: tuple[str, ...]) -> Tree:
    return {name: figures[name] for name in names if name in figures}


def _firm(row: Mapping[str, Any]) -> Tree:
    known = {key: float(row[key]) for key in FIRM if key in row and row[key] == row[key]}
    return {"name": str(row["name"]), **known}


def _product(row: Mapping[str, Any]) -> Tree:
    texts = ("firm", "name", "segment", "body", "powertrain")
    numbers = ("list_price", "promotion", "units", "battery_kwh", "range_km")
    tree: Tree = {key: str(row[key]) for key in texts}
    tree |= {key: float(row[key]) for key in numbers if row[key] == row[key]}
    return tree
