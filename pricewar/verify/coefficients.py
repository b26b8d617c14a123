"""Random coefficients of a case: coefficient_i = mean + sigma nodes_i + pi demographics_i, column by column.

As in pyblp (Conlon and Gortmaker 2020): K columns, `sigma` the lower-triangular root of their covariance
(K, K) or its diagonal (K,), `nodes` (R, K), `pi` (K, D), `demographics` (R, D). Columns have names: at the
end of a key (`sigma_diag_const_price`, `nodes_const_price`), or in `x2_names` for keys without any.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from pricewar.base.errors import bad_input

from .demographics import Demographics
from .inputs import Floats, Inputs, numbers
from .words import cut_names, plain, row_names

_SIGMA = re.compile(
    r"(?:sigma|(?=cov))(_squared|cov(?:ariance)?)?(?:_(diag(?:onal)?|root|chol(?:esky)?|lower))?(?:_(.+))?"
)
_PI = re.compile(r"pi(?:_rows)?_(.+?)_(?:by|cols|columns)_(.+)")
_NODES = re.compile(r"(?:integration_)?nodes?(?:_(.+)|_?(\d+))")


def random_coefficients(inputs: Inputs) -> dict[str, Floats]:
    """Deviation of each coefficient that varies, name -> (R,) or one number for all."""
    reader = _Reader(inputs)
    out: dict[str, Floats] = {}
    for name, shift in [*reader.unobserved(), *reader.observed()]:
        out[name] = out.get(name, np.zeros(1)) + shift
    reader.demographics.check_used()
    return out


class _Reader:
    """Sigma, nodes, pi and demographics of one market, matched by the names of their columns."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.demographics = Demographics(inputs)
        stated = inputs.get("x2_names")
        self.names = [plain(name) for name in row_names(stated)] if stated is not None else []
        self.stated = stated is not None

    def columns(self, joined: str | None, key: str, count: int | None) -> list[str]:
        """Names at the end of a key, or those of x2_names."""
        if joined is None:
            if not self.names or count not in (None, len(self.names)):
                allowed = (
                    f"x2_names: a name for each of its {count or 'K'} columns (or {key}_const_price ...)"
                )
                raise bad_input(
                    "case", (f"inputs.{key}", f"columns named {self.names or 'nowhere'}", allowed)
                )
            return self.names
        names = [plain(name) for name in cut_names(joined, self.inputs.is_characteristic)]
        self.names += [] if self.stated else [name for name in names if name not in self.names]
        return names

    # --- sigma nodes

    def unobserved(self) -> list[tuple[str, Floats]]:
        """(name, sigma nodes_i) for each row of each sigma."""
        keys = [*self.matches("sigma", _SIGMA), *self.matches("cov", _SIGMA)]
        roots = [self.root(key, match) for key, match in keys]
        pairs = [(name, root[:, k]) for names, root in roots for k, name in enumerate(names)]
        varying = [name for name, column in pairs if column.any()]
        nodes = self.nodes([name for name, _ in pairs], varying)
        lost = [name for name in varying if name not in nodes]
        if lost:
            found = f"{' and '.join(lost)} varies" if len(lost) == 1 else f"{' and '.join(lost)} vary"
            allowed = f"nodes_{'_'.join(lost)}, the nodes of every coefficient that varies"
            raise bad_input("case", (f"sigma of {', '.join(lost)}", found, allowed))
        extra = [name for name in nodes if name not in dict(pairs)]
        if extra:
            allowed = f"sigma_diag_{'_'.join(extra)}, what they are multiplied by"
            raise bad_input("case", (f"nodes of {', '.join(extra)}", "columns that nothing reads", allowed))
        return [
            (names[row], self.line(root[row], names, nodes))
            for names, root in roots
            for row in range(len(names))
        ]

    def line(self, weights: Floats, names: list[str], nodes: dict[str, Floats]) -> Floats:
        """One row of sigma times the nodes, (R,)."""
        used = [w * nodes[name] for w, name in zip(weights, names, strict=True) if w != 0.0]
        return np.asarray(sum(used)) if used else np.zeros(1)

    def matches(self, prefix: str, pattern: re.Pattern[str]) -> list[tuple[str, re.Match[str]]]:
        """Keys that a pattern fits as a whole."""
        found = ((key, pattern.fullmatch(key)) for key in self.inputs.keys(prefix))
        return [(key, match) for key, match in found if match is not None]

    def root(self, key: str, match: re.Match[str]) -> tuple[list[str], Floats]:
        """Names and lower-triangular root (K, K) of one key."""
        value = self.inputs.take(key)
        if isinstance(value, dict):
            names, array = [plain(name) for name in value], numbers(f"inputs.{key}", list(value.values()))
            self.names += [name for name in names if name not in self.names]
        else:
            array = np.atleast_1d(numbers(f"inputs.{key}", value))
            names = self.columns(match[3], key, len(array))
        size = len(names)
        self.check_shape(
            key, array, names, [(size,)] if match[2] in ("diag", "diagonal") else [(size,), (size, size)]
        )
        if array.ndim == 1:
            return names, np.diag(np.sqrt(self.not_negative(key, array)) if match[1] else array)
        return names, self.cholesky(key, array) if match[1] else self.lower(key, array)

    def lower(self, key: str, root: Floats) -> Floats:
        if np.triu(root, 1).any():
            allowed = "zeros: sigma is a lower-triangular root (a covariance is called sigma_squared)"
            raise bad_input("case", (f"inputs.{key}", "numbers above the diagonal", allowed))
        return root

    def not_negative(self, key: str, variances: Floats) -> Floats:
        if (variances < 0).any():
            raise bad_input("case", (f"inputs.{key}", float(variances.min()), "variances of at least zero"))
        return variances

    def cholesky(self, key: str, covariance: Floats) -> Floats:
        """Root of a covariance; columns of zeros stay zeros."""
        alive = np.diag(covariance) != 0.0
        root, block = np.zeros_like(covariance), covariance[np.ix_(alive, alive)]
        same = np.array_equal(covariance, covariance.T) and not covariance[~alive].any()
        try:
            root[np.ix_(alive, alive)] = np.linalg.cholesky(block)
        except np.linalg.LinAlgError:
            same = False
        if not same:
            allowed = "a covariance: symmetric and positive semidefinite"
            raise bad_input("case", (f"inputs.{key}", covariance.tolist(), allowed))
        return root

    def check_shape(self, key: str, array: Floats, names: list[str], shapes: list[tuple[int, ...]]) -> None:
        if array.shape not in shapes:
            found = f"{len(array)} columns" if array.ndim == 1 else f"shape {array.shape}"
            allowed = f"one for each of {names}: shape {' or '.join(map(str, shapes))}"
            raise bad_input("case", (f"inputs.{key}", found, allowed))

    def nodes(self, rows: list[str], varying: list[str]) -> dict[str, Floats]:
        """Nodes by the name of their column, (R,) each."""
        out: dict[str, Floats] = {}
        numbered = []
        for key, match in self.matches("node", _NODES):
            if match[1] is not None and not match[1].isdigit():
                if key in self.inputs.spelt("node_names"):
                    continue
                names, table = self.columns(match[1], key, None), self.table(key)
                self.check_width(key, table, names)
                out |= dict(zip(names, table.T, strict=True))
            else:
                numbered.append((int(match[1] or match[2]), self.table(key)))
        bare = self.inputs.spelt("nodes")
        tables = [self.table(key) for key in bare] + [
            t for _, t in sorted(numbered, key=lambda pair: pair[0])
        ]
        if tables:
            table = np.column_stack(tables)
            place = bare[0] if bare else "nodes0"
            out |= dict(zip(self.node_names(place, table, rows, varying), table.T, strict=True))
        return out

    def table(self, key: str) -> Floats:
        """(R, columns) of a key."""
        array = numbers(f"inputs.{key}", self.inputs.take(key))
        return array[:, None] if array.ndim == 1 else np.atleast_2d(array)

    def check_width(self, key: str, table: Floats, names: list[str]) -> None:
        if table.ndim != 2 or table.shape[1] != len(names):
            raise bad_input(
                "case",
                (
                    f"inputs.{key}",
                    f"{table.shape[-1]} columns",
                    f"one for each of {names}, a row for each draw",
                ),
            )

    def node_names(self, key: str, table: Floats, rows: list[str], varying: list[str]) -> list[str]:
        """Names of columns without a name: those told, all of sigma, or those that vary (as in pyblp)."""
        told = self.inputs.get("node_names")
        if told is not None:
            names = [plain(name) for name in row_names(told)]
        else:
            order = self.names if self.stated else rows
            names = order if table.shape[1] == len(order) else [name for name in order if name in varying]
        self.check_width(key, table, names)
        return names

    # --- pi demographics

    def observed(self) -> list[tuple[str, Floats]]:
        """(name, pi demographics_i) for each coefficient that moves with buyers' attributes."""
        out = []
        for key in self.inputs.keys("pi"):
            match = _PI.fullmatch(key)
            if match is not None:
                who = self.demographics.cut(match[2])
                out += self.shifts(key, self.columns(match[1], key, None), who, self.inputs.take(key))
            elif key == "pi" or key.startswith("pi_"):
                out += self.all_shifts(key, key.removeprefix("pi").removeprefix("_") or None)
        return out

    def all_shifts(self, key: str, joined: str | None) -> list[tuple[str, Floats]]:
        """Shifts of a key that names no attributes: they are all columns of the demographics, in order."""
        value = self.inputs.take(key)
        if isinstance(value, dict):
            return [
                shift
                for name, row in value.items()
                for shift in self.shifts(key, [plain(name)], list(row), list(row.values()))
            ]
        who = self.demographics.names
        array = np.atleast_1d(numbers(f"inputs.{key}", value))
        return self.shifts(key, self.columns(joined, key, len(array) if joined is None else None), who, value)

    def shifts(self, key: str, names: list[str], who: list[str], value: Any) -> list[tuple[str, Floats]]:
        """One shift for each name, from `value` (K, D), a row or a column of it, or one number."""
        array, shape = numbers(f"inputs.{key}", value), (len(names), len(who))
        if array.size != len(names) * len(who) or (array.ndim == 2 and array.shape != shape) or not who:
            allowed = f"rows {names}, columns {who or 'demographics, of which there are none'}"
            raise bad_input("case", (f"inputs.{key}", f"shape {array.shape}", allowed))
        draws = np.column_stack([self.demographics.column(name) for name in who])
        return list(zip(names, array.reshape(shape) @ draws.T, strict=True))
