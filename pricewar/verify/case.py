"""Read a case file: a market in the sign convention of pyblp, and the outputs somebody computed for it.

Arrays are named by what they hold, so that a file explains itself: `nodes_const_price_range` has one column
for each of const, price, range; `sigma_diag_...` and `beta_...` likewise; `pi_price_by_inverse_income` is the
loading of the price coefficient on 1 / income. Characteristics are further keys with one number per product.
In the file price coefficients are negative; here alpha = -coefficient is positive.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewar.base.arguments import path as path_
from pricewar.base.arguments import takes
from pricewar.base.errors import InputError, bad_input
from pricewar.demand import MixedLogit, invert_shares
from pricewar.files.toml_text import out_of_bounds

Floats = NDArray[np.float64]

MOST_PRODUCTS = 10_000
"""Products of a case: its Jacobians are squares of them."""
_PRICE = ("price", "prices", "p")
_DELTA = ("delta_excluding_price", "delta")
_SHARES = ("shares", "market_shares", "observed_shares")
_NESTS = ("nesting_ids", "nests", "nest_ids")


@dataclass(frozen=True, eq=False)
class Case:
    """A reference case: the market, what is known of prices and costs, and the outputs to reproduce.

    Attributes:
        name: the file's name for itself.
        demand: the market's demand, delta inverted from shares where the file gives shares only.
        firm_ids: (J,) owners.
        costs: (J,) unit costs, or None where they follow from prices.
        prices: (J,) observed prices, or None where they follow from costs.
        outputs: section -> output -> value as read.
    """

    name: str
    demand: MixedLogit
    firm_ids: NDArray[Any]
    costs: Floats | None
    prices: Floats | None
    outputs: dict[str, Any]


@takes(path=path_)
def read_case(path: Path) -> Case:
    """Read and check a case file; raise `InputError` naming what is missing or malformed."""
    source = str(path)
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError) as error:  # ValueError: not UTF-8, not JSON, too many digits
        raise bad_input(source, ("file", str(error), "a readable JSON file")) from error
    except RecursionError:
        raise bad_input(source, ("file", "lists nested too deep", "a readable JSON file")) from None
    problems = tuple(out_of_bounds(content))
    if problems:
        raise InputError(source, problems)
    inputs, outputs = _section(source, content, "inputs"), _section(source, content, "outputs")
    try:
        return _build(str(content.get("name", path)), _Inputs(inputs), outputs)
    except InputError as error:
        raise InputError(source, error.problems) from error
    except (TypeError, ValueError, KeyError, IndexError, ArithmeticError) as error:
        raise bad_input(
            source, ("inputs", f"{type(error).__name__}: {error}", "arrays of numbers")
        ) from error


def _section(source: str, content: Any, name: str) -> dict[str, Any]:
    section = content.get(name) if isinstance(content, dict) else None
    if not isinstance(section, dict) or not section:
        raise bad_input(source, (name, section, "a table of named values"))
    return section


class _Inputs:
    """The file's inputs, looked up by meaning."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.size = self._products()

    def _products(self) -> int:
        if "J" in self.values:
            size = self.values["J"]
            if not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= MOST_PRODUCTS:
                allowed = f"a whole number from 1 to {MOST_PRODUCTS:,}"
                raise bad_input("case", ("inputs.J", size, allowed))
            return size
        if "firm_ids" in self.values:
            return len(self.values["firm_ids"])
        raise bad_input("case", ("inputs.J", None, "the number of products, or firm_ids"))

    def array(self, *names: str) -> Floats | None:
        """First of `names` that is there, as float64, or None."""
        for name in names:
            if self.values.get(name) is not None:
                return np.asarray(self.values[name], dtype=np.float64)
        return None

    def named(self, prefix: str) -> dict[str, Any]:
        """Split arrays `prefix_a_b_c` into their columns: {a: column, b: column, c: column}."""
        out: dict[str, Any] = {}
        for key, value in self.values.items():
            if key.startswith(prefix) and value is not None:
                names = self._names(key.removeprefix(prefix))
                columns = np.atleast_1d(np.asarray(value, dtype=np.float64)).T
                if len(columns) != len(names):
                    raise bad_input(
                        "case", (f"inputs.{key}", f"{len(columns)} columns", f"one for each of {names}")
                    )
                out.update(zip(names, columns, strict=True))
        return out

    def _names(self, joined: str) -> list[str]:
        """Cut `const_price_fuel_use` into names, trying the longest known one first."""
        parts, names = joined.split("_"), []
        while parts:
            length = next((n for n in range(len(parts), 0, -1) if self._known("_".join(parts[:n]))), 1)
            names.append("_".join(parts[:length]))
            parts = parts[length:]
        return names

    def _known(self, name: str) -> bool:
        return (
            name == "const"
            or name in _PRICE
            or np.shape(np.asarray(self.values.get(name, ()))) == (self.size,)
        )

    def characteristic(self, name: str) -> Floats:
        """(J,) values of a product characteristic."""
        if name in ("const", "constant", "intercept", "1"):
            return np.ones(self.size)
        found = self.array(name)
        if found is None or found.shape != (self.size,):
            shape = None if found is None else found.shape
            raise bad_input("case", (f"inputs.{name}", shape, f"a characteristic with {self.size} numbers"))
        return found

    def demographic(self, name: str) -> Floats:
        """(R,) values of a buyers' attribute, `inverse_` and `log_` included."""
        for prefix, transform in (("inverse_", np.reciprocal), ("log_", np.log)):
            if name.startswith(prefix) and name not in self.values:
                return np.asarray(transform(self.demographic(name.removeprefix(prefix))))
        found = self.array(name)
        if found is None or found.ndim != 1:
            raise bad_input("case", (f"inputs.{name}", None, "a buyers' attribute, one number per draw"))
        return found

    def loadings(self) -> list[tuple[str, Floats]]:
        """(characteristic, its coefficient's shift per draw) for every `pi_<name>_by_<demographic>`."""
        out = []
        for key, value in self.values.items():
            if key.startswith("pi_") and "_by_" in key and value is not None:
                name, demographic = key.removeprefix("pi_").split("_by_", 1)
                out.append((name, float(value) * self.demographic(demographic)))
        return out


def _build(name: str, inputs: _Inputs, outputs: dict[str, Any]) -> Case:
    firm_ids = np.asarray(inputs.values.get("firm_ids", np.arange(inputs.size)))
    prices, shares = inputs.array("prices", "observed_prices"), inputs.array(*_SHARES)
    delta = _delta(inputs)
    demand = _demand(inputs, np.zeros(inputs.size) if delta is None else delta)
    if delta is None:
        if shares is None or prices is None:
            raise bad_input(
                "case", ("inputs", list(inputs.values), "delta_excluding_price, or shares and prices")
            )
        demand = demand.with_delta(invert_shares(demand, shares, prices).require_converged().delta)
    costs = inputs.array("costs")
    if costs is None and prices is None:
        raise bad_input("case", ("inputs", list(inputs.values), "costs, or prices to find them from"))
    return Case(name, demand, firm_ids, costs, prices, outputs)


def _delta(inputs: _Inputs) -> Floats | None:
    """Mean utility without price: given, or beta'x + xi, or None when it has to be inverted from shares."""
    given = inputs.array(*_DELTA)
    if given is not None:
        return given
    betas, xi = inputs.named("beta_"), inputs.array("xi")
    if xi is None or not betas:
        return None
    return xi + sum(float(b) * inputs.characteristic(k) for k, b in betas.items() if k not in _PRICE)


def _demand(inputs: _Inputs, delta: Floats) -> MixedLogit:
    coefficients = _coefficients(inputs)
    weights = inputs.array("weights")
    rows = max([np.size(c) for c in coefficients.values()] + [1 if weights is None else weights.size])
    tastes, alpha = np.zeros((rows, inputs.size)), np.zeros(rows)
    for name, coefficient in coefficients.items():
        if name in _PRICE:
            alpha -= coefficient
        else:
            tastes += np.multiply.outer(np.broadcast_to(coefficient, rows), inputs.characteristic(name))
    nests = next((np.asarray(inputs.values[k]) for k in _NESTS if inputs.values.get(k) is not None), None)
    rho = 0.0 if nests is None else np.asarray(inputs.values.get("rho", 0.0), dtype=np.float64)
    return MixedLogit(delta, alpha, tastes, weights, nests, rho)


def _coefficients(inputs: _Inputs) -> dict[str, Any]:
    """Deviation of each random coefficient per draw; for the price, the whole coefficient."""
    out: dict[str, Any] = {}
    nodes, mean = inputs.named("nodes_"), inputs.array("alpha", "alpha_i", "beta_price")
    for name, sigma in inputs.named("sigma_diag_").items():
        if name not in nodes and float(sigma) != 0.0:
            raise bad_input(
                "case", (f"sigma of {name}", float(sigma), "nodes for every coefficient that varies")
            )
        out[name] = out.get(name, 0.0) + float(sigma) * nodes.get(name, 0.0)
    for name, shift in inputs.loadings():
        out[name] = out.get(name, 0.0) + shift
    betas = inputs.named("beta_")
    average = mean if mean is not None else next((betas[p] for p in _PRICE if p in betas), 0.0)
    price = next((p for p in _PRICE if p in out), "price")
    out[price] = out.get(price, 0.0) + average
    return out
