"""Published facts of the wars of history: numbers with their sources, and tables, as files of the package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final

import pandas as pd

from pricewar.base.errors import bad_input

PUBLISHED: Final = "published"
"""Name of the table of single numbers."""
ROLES: Final = ("input", "target")
"""What a number is used for: the benchmark starts from it, or must come out at it."""


@dataclass(frozen=True)
class Figure:
    """One published number.

    Attributes:
        value: the number.
        tolerance: how far what is found may be from it; NaN where nothing is asked.
        unit: of both.
        source: where it was published, or why it is assumed.
    """

    value: float
    tolerance: float
    unit: str
    source: str


@dataclass(frozen=True)
class Facts:
    """All facts of all benchmarks.

    Attributes:
        tables: name -> table, as in the files `NAME.csv`; do not write to them, take `but`.
    """

    tables: Mapping[str, pd.DataFrame] = field(repr=False)

    def figure(self, benchmark: str, name: str) -> Figure:
        """One published number.

        Raises:
            InputError: no such benchmark or number.
        """
        row = self._published(benchmark, name).iloc[0]
        return Figure(float(row["value"]), float(row["tolerance"]), str(row["unit"]), str(row["source"]))

    def value(self, benchmark: str, name: str) -> float:
        """One published number, without its unit and source."""
        return self.figure(benchmark, name).value

    def table(self, name: str) -> pd.DataFrame:
        """One table.

        Raises:
            InputError: no such table.
        """
        if name not in self.tables:
            raise bad_input("benchmarks", ("table", name, f"one of {', '.join(self.tables)}"))
        return self.tables[name]

    def but(
        self,
        numbers: Mapping[tuple[str, str], float] | None = None,
        tables: Mapping[str, pd.DataFrame] | None = None,
    ) -> Facts:
        """A copy with other numbers or tables, to see what a benchmark owes to them.

        Args:
            numbers: (benchmark, figure) -> value.
            tables: name -> table.

        Raises:
            InputError: a number or table that there is not.
        """
        for name in tables or {}:
            self.table(name)
        published = self.tables[PUBLISHED].copy()
        for place, value in (numbers or {}).items():
            published.loc[self._published(*place).index, "value"] = value
        return replace(self, tables={**self.tables, PUBLISHED: published, **(tables or {})})

    def _published(self, benchmark: str, name: str) -> pd.DataFrame:
        table = self.tables[PUBLISHED]
        found = table[(table["benchmark"] == benchmark) & (table["figure"] == name)]
        if found.empty:
            known = ", ".join(table.loc[table["benchmark"] == benchmark, "figure"]) or "none"
            raise bad_input("benchmarks", (benchmark, name, f"a published figure; there are: {known}"))
        return found


@cache
def load_facts() -> Facts:
    """The facts that ship with the package."""
    folder = files(__package__) / "facts"
    kinds: dict[str, Any] = {PUBLISHED: {"tolerance": float, "value": float}}
    tables = {}
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name, _, ending = entry.name.partition(".")
        if ending == "csv":
            with entry.open(encoding="utf-8") as file:
                tables[name] = pd.read_csv(file, comment="#", dtype=kinds.get(name))
    tables[PUBLISHED] = tables[PUBLISHED].fillna({"unit": ""})
    return Facts(tables)
