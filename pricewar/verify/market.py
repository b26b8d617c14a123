"""One market of a case, built from its inputs; what is said twice must agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewar.base.errors import bad_input
from pricewar.demand import MixedLogit, invert_shares

from .coefficients import random_coefficients
from .inputs import Floats, Inputs, numbers
from .nests import nests_of
from .terms import Terms, deciders_of, read_terms
from .words import cut_names, plain, row_names

#: Part of the largest number by which two statements of one thing may differ (left of rounding in the file).
AGREES = 1e-9


@dataclass(frozen=True, eq=False)
class Case:
    """A market of a reference case, what is known of prices and costs, and the outputs to reproduce.

    Attributes:
        name: the file's name for itself.
        demand: the market's demand, delta inverted from shares where the file gives shares only.
        firm_ids: (J,) owners.
        costs: (J,) unit costs (at no output, if they depend on it), or None where they follow from prices.
        prices: (J,) observed prices, or None where they follow from costs.
        outputs: section -> output -> value as read, the part of this market.
        terms: taxes, ownership, conduct, how costs depend on output.
        stated: prices and shares that the other inputs imply, to be held against what is computed.
        linear: (J,) beta'x without price, None where the file has no beta.
        idle: whether no output depends on `linear`: delta comes from shares, and nobody asks for xi.
        market: the market's id, None where the file has one market without an id.
        places: (J,) places of its products in the file.
        rounding: part of a number by which the file's inputs are rounded, 0 where they have all digits.
    """

    name: str
    demand: MixedLogit
    firm_ids: NDArray[Any]
    costs: Floats | None
    prices: Floats | None
    outputs: dict[str, Any]
    terms: Terms = field(default_factory=Terms)
    stated: dict[str, Floats] = field(default_factory=dict)
    linear: Floats | None = None
    idle: bool = False
    market: str | None = None
    places: NDArray[Any] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    rounding: float = 0.0


def build(name: str, inputs: Inputs, outputs: dict[str, Any]) -> Case:
    """The market of the inputs.

    Raises:
        InputError: something is missing, has a wrong shape, or contradicts something else.
    """
    _tables(inputs)
    firm_ids = _firm_ids(inputs)
    prices, shares = inputs.per_product("prices"), inputs.per_product("shares")
    mean, coefficients = _mean_alpha(inputs), random_coefficients(inputs)
    linear = _linear(inputs)
    delta = _delta(inputs, mean, prices, linear)
    demand = _demand(inputs, np.zeros(inputs.size) if delta is None else delta, mean, coefficients)
    idle = delta is None and linear is not None and not any("xi" in _asked(outputs, part) for part in outputs)
    costs, terms = inputs.per_product("costs"), read_terms(inputs, firm_ids)
    stated: dict[str, Floats] = {}
    if delta is None:
        demand = _inverted(inputs, demand, prices, shares)
    elif shares is not None:
        stated["shares"] = shares
    if costs is None and prices is None:
        raise bad_input("case", ("inputs", list(inputs.values), "costs, or prices to find them from"))
    if delta is not None and costs is not None and prices is not None and "prices" in _asked(outputs, "base"):
        stated["prices"], prices = prices, None
    return Case(name, demand, firm_ids, costs, prices, outputs, terms, stated, linear, idle)


def _asked(outputs: dict[str, Any], section: str) -> set[str]:
    """Names of the outputs of a section."""
    values = outputs.get(section)
    return set(values) if isinstance(values, dict) else set()


def _firm_ids(inputs: Inputs) -> NDArray[Any]:
    given = inputs.get("firm_ids")
    matrix = inputs.get("ownership")
    if given is None:
        return (
            np.zeros(1) if matrix is None else deciders_of(numbers("inputs.ownership", matrix), inputs.size)
        )
    firm_ids = np.asarray(given)
    if firm_ids.shape != (inputs.size,):
        found = f"{len(given)} owners" if np.ndim(firm_ids) else given
        raise bad_input("case", ("inputs.firm_ids", found, f"{inputs.size}, one for each product"))
    if matrix is not None and np.shape(matrix) == (inputs.size, inputs.size):
        _one_will(firm_ids, deciders_of(numbers("inputs.ownership", matrix), inputs.size))
    return firm_ids


def _one_will(firm_ids: NDArray[Any], deciders: NDArray[Any]) -> None:
    """Refuse owners whose products have different rows: the matrix would be used, and the owners not."""
    for firm in np.unique(firm_ids):
        if np.unique(deciders[firm_ids == firm]).size > 1:
            allowed = "one row for all products of a firm, or no firm_ids beside ownership"
            raise bad_input("case", ("inputs.ownership", f"different rows for products of {firm}", allowed))


def _tables(inputs: Inputs) -> None:
    """Columns of X1 and X2 become characteristics by their names."""
    for word in ("x1", "x2"):
        key = next((k for k in inputs.spelt(word) if np.ndim(inputs.values[k]) == 2), None)
        if key is None:
            continue
        table, told = numbers(f"inputs.{key}", inputs.take(key)), inputs.get(f"{word}_names")
        names = [] if told is None else row_names(told)
        if table.shape != (inputs.size, len(names)):
            allowed = f"({inputs.size}, K), and {word}_names with K names"
            raise bad_input("case", (f"inputs.{key}", f"shape {table.shape}, names {names}", allowed))
        for name, column in zip(names, table.T, strict=True):
            _put(inputs, key, plain(name), column)


def _put(inputs: Inputs, key: str, name: str, column: Floats) -> None:
    keys = inputs.spelt("prices") if name == "price" else [name] if name in inputs.values else []
    known = np.ones(inputs.size) if name == "const" else inputs.values[keys[0]] if keys else None
    if known is None:
        inputs.values["prices" if name == "price" else name] = column.tolist()
    else:
        agree(f"inputs.{key}, column {name}", column, numbers(name, known), "the same column elsewhere")


def agree(place: str, stated: Any, implied: Any, other: str) -> None:
    """Refuse two statements of one thing that differ by more than rounding."""
    a, b = np.asarray(stated, dtype=np.float64), np.asarray(implied, dtype=np.float64)
    if a.shape == b.shape and np.abs(a - b).max() <= AGREES * max(1.0, float(np.abs(b).max())):
        return
    apart = f"apart by {np.abs(a - b).max():.3g}" if a.shape == b.shape else f"shape {a.shape}"
    raise bad_input("case", (place, apart, f"what {other} says, or one of the two only"))


# --- mean utility


def _betas(inputs: Inputs) -> dict[str, float]:
    """Mean coefficients by the name of their column."""
    out: dict[str, float] = {}
    for key in inputs.keys("beta"):
        value, joined = inputs.take(key), key.removeprefix("beta").removeprefix("_")
        if isinstance(value, dict):
            out |= {plain(name): float(numbers(f"inputs.{key}.{name}", b)) for name, b in value.items()}
            continue
        told = inputs.get("x1_names") if not joined else None
        names = cut_names(joined, inputs.is_characteristic) if joined else row_names(told or [])
        array = np.atleast_1d(numbers(f"inputs.{key}", value))
        if array.shape != (len(names),):
            allowed = f"one for each of {names or 'x1_names'}"
            raise bad_input("case", (f"inputs.{key}", f"{len(array)} columns", allowed))
        out |= {plain(name): float(b) for name, b in zip(names, array, strict=True)}
    return out


def _mean_alpha(inputs: Inputs) -> Floats:
    """Mean price coefficient, one or (R,): below zero, as `alpha`, `alpha_i` or the beta of the price."""
    given, beta = inputs.array("alpha"), _betas(inputs).get("price")
    if given is None:
        return np.full(1, 0.0 if beta is None else beta)
    key = inputs.spelt("alpha")[0]
    if given.ndim > 1:
        raise bad_input("case", (f"inputs.{key}", f"shape {given.shape}", "one number, or one for each draw"))
    if (given > 0).all() and not any(k.startswith(("sigma", "pi", "beta")) for k in inputs.values):
        given = -given  # a sensitivity, above zero: without coefficients there is no other meaning
    if beta is not None:
        agree(f"inputs.{key}", given, beta, "the beta of the price")
    return np.atleast_1d(given)


def _linear(inputs: Inputs) -> Floats | None:
    """beta'x without price (J,), or None where there is no such beta."""
    linear = {name: beta for name, beta in _betas(inputs).items() if name != "price"}
    if not linear:
        return None
    return np.asarray(sum(beta * inputs.characteristic(name) for name, beta in linear.items()))


def _delta(inputs: Inputs, mean: Floats, prices: Floats | None, linear: Floats | None) -> Floats | None:
    """Mean utility without price: given, or beta'x + xi, or None when it has to be inverted from shares."""
    found = {"delta_excluding_price": inputs.per_product("delta_excluding_price")}
    full = inputs.per_product("delta_including_price")
    if full is not None:
        if prices is None or mean.size > 1:
            allowed = "prices and one mean price coefficient beside it"
            raise bad_input("case", ("inputs.delta_including_price", "given alone", allowed))
        found["delta_including_price"] = full - mean * prices
    xi = inputs.per_product("xi")
    if xi is not None and linear is not None:
        found["beta and xi"] = xi + linear
    told = [(name, value) for name, value in found.items() if value is not None]
    if (xi is None) != (linear is None) and (told or xi is not None):
        missing, allowed = (
            "xi" if xi is None else "beta",
            "xi and beta (delta is beta'x + xi), both or neither",
        )
        raise bad_input("case", (f"inputs.{missing}", None, allowed))
    for name, value in told[1:]:
        agree(f"inputs.{told[0][0]}", told[0][1], value, name)
    return told[0][1] if told else None


def _inverted(inputs: Inputs, demand: MixedLogit, prices: Floats | None, shares: Floats | None) -> MixedLogit:
    if shares is None or prices is None:
        allowed = "delta_excluding_price, or shares and prices"
        raise bad_input("case", ("inputs", list(inputs.values), allowed))
    return demand.with_delta(invert_shares(demand, shares, prices).require_converged().delta)


# --- buyers


def _demand(inputs: Inputs, delta: Floats, mean: Floats, coefficients: dict[str, Floats]) -> MixedLogit:
    weights = inputs.array("weights")
    rows = _rows(inputs, weights, mean, coefficients)
    tastes, alpha = np.zeros((rows, inputs.size)), np.broadcast_to(-mean, rows).copy()
    if not mean.any() and "price" not in coefficients:
        raise bad_input(
            "case", ("inputs.alpha", None, "a price coefficient: alpha, beta_price, or pi of price")
        )
    for name, coefficient in coefficients.items():
        if name == "price":
            alpha -= coefficient
        else:
            tastes += np.multiply.outer(np.broadcast_to(coefficient, rows), inputs.characteristic(name))
    if (alpha <= 0.0).all():
        found = f"price coefficients from {-alpha.max():g} to {-alpha.min():g}"
        raise bad_input("case", ("inputs.alpha", found, "coefficients of the price in utility: below zero"))
    nests, rho = nests_of(inputs)
    return MixedLogit(delta, alpha, tastes, weights, nests, rho)


def _rows(inputs: Inputs, weights: Floats | None, mean: Floats, coefficients: dict[str, Floats]) -> int:
    """Number of draws R; all that has one number for each draw has as many."""
    sizes = {f"coefficient of {name}": value.size for name, value in coefficients.items()}
    sizes |= {"alpha": mean.size} | ({} if weights is None else {"weights": weights.size})
    rows = max(sizes.values())
    told = inputs.get("R")
    wrong = [
        (f"inputs: {name}", f"{n} draws", f"{rows} draws") for name, n in sizes.items() if n not in (1, rows)
    ]
    if weights is not None and weights.size != rows:
        wrong.append(("inputs.weights", f"{weights.size} weights", f"{rows}, one for each draw"))
    if told is not None and told != rows:
        wrong.append(("inputs.R", told, f"{rows}, the number of draws"))
    stated = inputs.get("K")
    if stated is not None and stated != len(coefficients):
        wrong.append(("inputs.K", stated, f"{len(coefficients)}, the coefficients that vary"))
    if wrong:
        raise bad_input("case", *wrong)
    return rows
