"""Data sets that extend another: of which directories a market is made, and how their tables are laid."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import pandas as pd

from pricewar.base.errors import bad_input

from .checks import Finding

DATA_SET: Final = "data_set.toml"
"""File in which a data set says what it extends, and which month it is of."""
KEYS: Final[dict[str, tuple[str, ...]]] = {
    "firms": ("entity", "variable"),
    "products": ("entity", "variable"),
    "market": ("entity", "variable"),
    "price_moves": ("model", "announced"),
    "policy_timeline": ("date", "actor", "instrument"),
    "history": ("month", "entity", "metric"),
    "elasticities": ("paper", "market", "parameter"),
    "conduct": ("firm",),
}
"""Columns that tell which row of a table is meant."""
MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
LONGEST_CHAIN: Final = 20
"""Data sets that extend each other."""


@dataclass(frozen=True)
class Layer:
    """One directory of a market.

    Attributes:
        home: The directory.
        label: What stands before the names of its files in errors; empty for the set that was asked for.
        extends: The set on which it builds; empty for none.
        without: Firms of the sets below that it leaves out.
        month: The month that its figures are of, "2025-12"; empty where it does not say.
    """

    home: Traversable
    label: str = ""
    extends: str = ""
    without: tuple[str, ...] = ()
    month: str = ""


def layers(name: str | Path) -> list[Layer]:
    """The directories of a market, from the set that is asked for down to the one that extends nothing.

    Args:
        name: A market that ships with the package, or the path of a directory.

    Raises:
        InputError: A set is not there, its data_set.toml is wrong, or sets extend each other in a circle.
    """
    home, label, chain = home_of(name), "", list[Layer]()
    while True:
        problems: list[Finding] = []
        said = _said(home, label, problems)
        extends = said.get("extends", "")
        below = None
        if not problems and extends:
            below = _below(home, extends)
            circle = below in (home, *(layer.home for layer in chain))
            if below is None:
                allowed = "a shipped market, or a directory, also one beside this"
            else:
                allowed = f"a chain of at most {LONGEST_CHAIN} sets that ends"
            if below is None or circle or len(chain) == LONGEST_CHAIN:
                problems.append((f"{label}{DATA_SET} extends", extends, allowed))
        if problems:
            raise bad_input(str(name), *problems)
        chain.append(Layer(home, label, extends, tuple(said.get("without", ())), said.get("month", "")))
        if below is None:
            return chain
        home, label = below, f"{below.name}/"


def home_of(name: str | Path) -> Traversable:
    """The directory of a market.

    Raises:
        InputError: `name` is neither a shipped market nor a directory.
    """
    allowed = "a shipped market or the path of a directory"
    if not isinstance(name, (str, Path)):
        raise bad_input("load_market_data", ("name", name, allowed))
    home = _found(name)
    if home is None:
        raise bad_input(str(name), ("market", str(name), allowed))
    return home


def _found(name: str | Path) -> Traversable | None:
    try:
        shipped = files("pricewar.data").joinpath(str(name))
        home = shipped if isinstance(name, str) and name.isidentifier() and shipped.is_dir() else Path(name)
        return home if home.is_dir() else None
    except (OSError, ValueError):  # a name that no directory can have
        return None


def _below(home: Traversable, name: str) -> Traversable | None:
    """The set that another one extends: beside it, or as any name of a market."""
    beside = _found(home.resolve().parent / name) if isinstance(home, Path) else None
    return beside if beside is not None else _found(name)


def _said(home: Traversable, label: str, problems: list[Finding]) -> dict[str, Any]:
    """What data_set.toml says; nothing if there is none. Report what is wrong into `problems`."""
    path, place = home.joinpath(DATA_SET), f"{label}{DATA_SET}"
    if not path.is_file():
        return {}
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append((place, str(error), "valid TOML in UTF-8"))
        return {}
    allowed = "one of " + ", ".join(_RULES)
    problems += [(f"{place} {key}", said[key], allowed) for key in sorted(said.keys() - _RULES.keys())]
    if not said.keys() & {"extends", "month"}:
        problems.append((f"{place} extends", "nothing", "the name or directory of one data set, or a month"))
    problems += [
        (f"{place} {key}", said.get(key, "nothing"), allowed)
        for key, (allowed, holds) in _RULES.items()
        if not holds(said.get(key))
    ]
    return said


_RULES: Final[dict[str, tuple[str, Any]]] = {
    "extends": (
        "the name or directory of one data set",
        lambda value: value is None or (isinstance(value, str) and value),
    ),
    "month": (
        "a month like 2025-12",
        lambda value: value is None or (isinstance(value, str) and MONTH.fullmatch(value)),
    ),
    "without": (
        "a list of ids of firms",
        lambda value: (
            value is None or (isinstance(value, list) and all(isinstance(firm, str) for firm in value))
        ),
    ),
}
"""Key -> what is allowed, and whether a value is that; None: not given."""


def laid(tables: Sequence[pd.DataFrame], key: Iterable[str]) -> pd.DataFrame:
    """Lay tables upon each other.

    Args:
        tables: Text with the column `place`, from the top down.
        key: Columns that tell which row is meant. A row whose key is found below takes the place of the
            first such row; others follow. So a row that comes twice in one table is still there twice.

    Returns:
        One table, with the columns of all; what a table has no column for is blank.
    """
    by, columns = list(key), dict.fromkeys(column for table in reversed(tables) for column in table.columns)
    rows: list[dict[Any, Any]] = []
    for table in reversed(tables):
        where = {tuple(row[column] for column in by): n for n, row in reversed(list(enumerate(rows)))}
        for row in table.to_dict("records"):
            found = where.pop(tuple(row[column] for column in by), None)
            if found is None:
                rows.append(row)
            else:
                rows[found] = row
    return pd.DataFrame(rows, columns=list(columns), dtype=object).fillna("").astype(str)


def left_out(tables: dict[str, pd.DataFrame], firms: Iterable[str]) -> dict[str, pd.DataFrame]:
    """The tables without some firms, their products, their price moves and their conduct.

    Args:
        tables: Laid tables by name.
        firms: Ids of firms that go.
    """
    gone, products = set(firms), tables["products"]
    owned = products["entity"][products["variable"].eq("firm") & products["value"].isin(gone)]
    rows = {
        "firms": tables["firms"]["entity"].isin(gone),
        "products": products["entity"].isin(set(owned)),
        "price_moves": tables["price_moves"]["firm"].isin(gone),
        "conduct": tables["conduct"]["firm"].isin(gone),
    }
    return tables | {name: tables[name][~drop].reset_index(drop=True) for name, drop in rows.items()}


def strangers(stack: Sequence[Layer], firms: Sequence[pd.DataFrame]) -> list[Finding]:
    """Firms that a set leaves out although no set below has them.

    Args:
        stack: The sets, from the top down.
        firms: Their tables of firms, in the same order.
    """
    problems: list[Finding] = []
    for n, layer in enumerate(stack):
        known = list(dict.fromkeys(firm for table in firms[n + 1 :] for firm in table["entity"]))
        problems += [
            (f"{layer.label}{DATA_SET} without", firm, "one of " + ", ".join(known))
            for firm in layer.without
            if firm not in known
        ]
    return problems
