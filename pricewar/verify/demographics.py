"""Buyers' attributes of a case: columns of a table, or keys of their own, with logarithms and reciprocals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from pricewar.base.errors import bad_input

from .inputs import Floats, Inputs, numbers
from .words import cut_names, row_names

_NUMBERED = re.compile(r"demographics_?(\d+)")
_TRANSFORMS = (("inverse_", np.reciprocal), ("log_", np.log))
_LOADING = re.compile(r"pi_.+?_(?:by|cols|columns)_(.+)")


def attributes(inputs: Mapping[str, Any]) -> frozenset[str]:
    """Keys that are attributes of buyers, since a loading `pi_<name>_by_<attribute>` names them."""
    ends = [match[1] for key in inputs if (match := _LOADING.fullmatch(key))]
    cut = [cut_names(end, lambda name: _bare(name, inputs) in inputs) for end in ends]
    return frozenset({_bare(name, inputs) for names in cut for name in names} & set(inputs))


def _bare(name: str, inputs: Mapping[str, Any]) -> str:
    """The attribute that a logarithm or a reciprocal is of."""
    for prefix, _ in _TRANSFORMS:
        if name.startswith(prefix) and name not in inputs:
            return _bare(name.removeprefix(prefix), inputs)
    return name


class Demographics:
    """Attributes by name, (R,) each; those of the table must all be used."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.table: dict[str, Floats] = {}
        self.used: set[str] = set()
        self.unnamed = False
        self._read_table()
        self._read_named()

    def _read_table(self) -> None:
        value, told = self.inputs.get("demographics"), self.inputs.get("demographic_names")
        if told is not None and not isinstance(value, list):
            allowed = "demographics, a matrix with a column for each name"
            raise bad_input("case", ("inputs.demographics", None, allowed))
        if isinstance(value, dict):
            self.table |= {
                name: numbers(f"inputs.demographics.{name}", column) for name, column in value.items()
            }
        elif value is not None:
            array = numbers("inputs.demographics", value)
            array = array[:, None] if array.ndim == 1 else array
            names = [f"demographics{d}" for d in range(array.shape[-1])] if told is None else row_names(told)
            self.unnamed = told is None
            if array.ndim != 2 or array.shape[1] != len(names):
                found = f"shape {array.shape}"
                allowed = f"a row for each draw, a column for each of {names}; not by product"
                raise bad_input("case", ("inputs.demographics", found, allowed))
            self.table |= dict(zip(names, array.T, strict=True))

    def _read_named(self) -> None:
        """Keys `demographics0` (pyblp's) and `demographics_income_age`."""
        for key in self.inputs.keys("demographics"):
            if key in self.inputs.read or _NUMBERED.fullmatch(key):
                continue
            names = cut_names(key.removeprefix("demographics_"), self.known)
            array = numbers(f"inputs.{key}", self.inputs.take(key))
            array = array[:, None] if array.ndim == 1 else array
            if array.shape[-1] != len(names):
                raise bad_input(
                    "case", (f"inputs.{key}", f"shape {array.shape}", f"a column for each of {names}")
                )
            self.table |= dict(zip(names, array.T, strict=True))
        numbered = (
            (int(m[1]), key) for key in self.inputs.keys("demographics") if (m := _NUMBERED.fullmatch(key))
        )
        for _, key in sorted(numbered):
            self.table[key] = numbers(f"inputs.{key}", self.inputs.take(key))

    @property
    def names(self) -> list[str]:
        """Columns of the table, in order."""
        return list(self.table)

    def known(self, name: str) -> bool:
        """Whether there is such an attribute, also as a logarithm or a reciprocal."""
        if name in self.table or name in self.inputs.values:
            return True
        return any(
            name.startswith(prefix) and self.known(name.removeprefix(prefix)) for prefix, _ in _TRANSFORMS
        )

    def cut(self, joined: str) -> list[str]:
        """Names of attributes in the end of a key; the first such key names the columns of a bare matrix."""
        names = cut_names(joined, self.known)
        if self.unnamed and len(names) == len(self.table) and not any(self.known(name) for name in names):
            self.table = dict(zip(names, self.table.values(), strict=True))
            self.unnamed = False
        return names

    def column(self, name: str) -> Floats:
        """(R,) values of an attribute."""
        if name in self.table:
            self.used.add(name)
            return self.table[name]
        for prefix, transform in _TRANSFORMS:
            if name.startswith(prefix) and name not in self.inputs.values:
                return np.asarray(transform(self.column(name.removeprefix(prefix))))
        if name not in self.inputs.values or np.ndim(self.inputs.values[name]) != 1:
            raise bad_input("case", (f"inputs.{name}", None, "a buyers' attribute, one number per draw"))
        self.used.add(name)
        return numbers(f"inputs.{name}", self.inputs.take(name))

    def check_used(self) -> None:
        """Refuse a column of the table that no loading uses, and another number of columns than D."""
        lost = [name for name in self.table if name not in self.used]
        if lost:
            allowed = "columns with a loading: pi, or pi_price_by_income"
            raise bad_input(
                "case", (f"demographics {', '.join(lost)}", "columns that nothing reads", allowed)
            )
        told = self.inputs.get("D")
        if told is not None and told != len(self.used):
            raise bad_input("case", ("inputs.D", told, f"{len(self.used)}, the attributes that count"))
