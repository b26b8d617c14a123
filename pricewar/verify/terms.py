"""What a case says of the game: taxes, ownership, conduct, and how costs depend on output."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewar.base.errors import bad_input
from pricewar.demand import MixedLogit, internalisation
from pricewar.equilibrium import Equilibrium, costs_from_prices, solve

from .inputs import Floats, Inputs, numbers
from .words import GIVEN

#: Prices of a case are solved well below the tolerance they are compared at.
TOLERANCE = 1e-13
COST_FORMS = ("linear", "power", "exponential")


@dataclass(frozen=True, eq=False)
class Terms:
    """Terms of the game.

    Attributes:
        unit_tax: money per unit paid by the seller, one number or (J,).
        ad_valorem_tax: rate t on the price without it; the seller keeps p / (1 + t).
        ownership: (J, J), what the decider on row j gets of the profit of product k; None: from firm ids.
        conduct: what the file says of it, None where it gives ownership or nothing.
        cost_form: how marginal cost depends on the share of the market sold; None for not at all.
        slope, exponent: of that form, see `cost_at`.
    """

    unit_tax: Any = 0.0
    ad_valorem_tax: Any = 0.0
    ownership: Floats | None = None
    conduct: Any = None
    cost_form: str | None = None
    slope: Any = 0.0
    exponent: float = 1.0

    @property
    def plain(self) -> bool:
        """Whether margins are price less cost, and owners get all of their products and nothing else."""
        taxed = np.any(self.unit_tax) or np.any(self.ad_valorem_tax)
        return self.ownership is None and not taxed

    def kept(self, prices: Floats) -> Floats:
        """What sellers keep of the prices (J,)."""
        return np.asarray(prices / (1.0 + np.asarray(self.ad_valorem_tax)) - self.unit_tax)

    def internal(self, firm_ids: NDArray[Any]) -> Floats:
        """What the decider on row j gets of the profit of product k (J, J)."""
        return internalisation(firm_ids, 0.0) if self.ownership is None else self.ownership

    def cost_at(self, costs: Floats, shares: Floats) -> Floats:
        """Marginal costs (J,) at these shares: c + b s, c + b s^e, or c exp(b s)."""
        if self.cost_form is None:
            return costs
        if self.cost_form == "exponential":
            return np.asarray(costs * np.exp(np.asarray(self.slope) * shares))
        return np.asarray(costs + np.asarray(self.slope) * shares**self.exponent)

    def bare_costs(self, costs: Floats, shares: Floats) -> Floats:
        """The c of `cost_at` (J,) from marginal costs at these shares."""
        if self.cost_form == "exponential":
            return np.asarray(costs / self.cost_at(np.ones_like(costs), shares))
        return np.asarray(costs - self.cost_at(np.zeros_like(costs), shares))

    def _game(self) -> dict[str, Any]:
        told: dict[str, Any] = {"unit_tax": self.unit_tax, "ad_valorem_tax": self.ad_valorem_tax}
        return told if self.ownership is None else told | {"ownership": self.ownership}

    def solve(self, demand: MixedLogit, costs: Floats, firm_ids: NDArray[Any], **bounds: Any) -> Equilibrium:
        """The equilibrium, or `ConvergenceError`."""
        charged: Any = costs if self.cost_form is None else CostCurve(self, costs)
        return solve(demand, charged, firm_ids, tol=TOLERANCE, **self._game(), **bounds).require_converged()

    def costs_of(self, demand: MixedLogit, prices: Floats, firm_ids: NDArray[Any]) -> Floats:
        """Marginal costs (J,) at which these prices are an equilibrium."""
        return costs_from_prices(demand, prices, firm_ids, **self._game())


@dataclass(frozen=True, eq=False)
class CostCurve:
    """Marginal costs (J,) as a function of shares (J,), as `solve` takes them."""

    terms: Terms
    costs: Floats

    def __call__(self, shares: Floats) -> Floats:
        """Marginal costs at these shares."""
        return self.terms.cost_at(self.costs, shares)

    def derivative(self, shares: Floats) -> Floats:
        """d marginal cost / d share."""
        slope = np.asarray(self.terms.slope)
        if self.terms.cost_form == "exponential":
            return np.asarray(slope * self(shares))
        return np.asarray(slope * self.terms.exponent * shares ** (self.terms.exponent - 1.0))


def read_terms(inputs: Inputs, firm_ids: NDArray[Any]) -> Terms:
    """The terms of a market."""
    conduct = inputs.get("conduct")
    terms = Terms(
        _or_zero(inputs.per_product("unit_tax")), _or_zero(inputs.per_product("ad_valorem_tax")),
        ownership(inputs.get("ownership"), conduct, firm_ids), conduct,
    )  # fmt: skip
    slope, form, exponent = (
        inputs.per_product("cost_slope"),
        inputs.get("cost_form"),
        inputs.array("cost_exponent"),
    )
    if slope is None and form is None and exponent is None:
        return terms
    form = form or ("linear" if exponent is None else "power")
    wrong: list[tuple[str, object, str]] = []
    if form not in COST_FORMS:
        allowed = f"one of {', '.join(COST_FORMS)}: c + b s, c + b s^e, c exp(b s)"
        wrong.append(("inputs.cost_form", form, allowed))
    if slope is None:
        wrong.append(("inputs.cost_slope", None, "b, one number or one for each product"))
    if (exponent is not None) != (form == "power"):
        told = None if exponent is None else exponent.tolist()
        wrong.append(("inputs.cost_exponent", told, "e, with the form power and no other"))
    if exponent is not None and exponent.ndim:
        wrong.append(("inputs.cost_exponent", exponent.tolist(), "one number"))
    if wrong:
        raise bad_input("case", *wrong)
    return replace(terms, cost_form=form, slope=slope, exponent=1.0 if exponent is None else float(exponent))


def _or_zero(value: Floats | None) -> Any:
    return 0.0 if value is None else value


def ownership(matrix: Any, conduct: Any, firm_ids: NDArray[Any], place: str = "inputs") -> Floats | None:
    """(J, J) weights of product k's profit in the choice of price j; None: owners have their own only."""
    if matrix is not None and conduct is not None:
        raise bad_input("case", (f"{place}.conduct", "given beside ownership", "one of the two"))
    size = firm_ids.size
    if matrix is not None:
        return _square(f"{place}.ownership", matrix, size, firm_ids)
    if conduct is None:
        return None
    firms, codes = np.unique(firm_ids, return_inverse=True)
    if isinstance(conduct, dict):
        conduct = _by_name(place, conduct, [str(firm) for firm in firms])
    array = numbers(f"{place}.conduct", conduct)
    if array.shape == (firms.size, firms.size):
        array = array[np.ix_(codes, codes)]
    elif array.shape == (firms.size,):
        array = np.broadcast_to(array[codes][:, None], (size, size))
    elif array.shape not in ((), (size, size)):
        allowed = f"one number, one for each of {firms.size} firms, or for each pair of them"
        raise bad_input("case", (f"{place}.conduct", f"shape {array.shape}", allowed))
    return np.where(codes[:, None] == codes[None, :], 1.0, array)


def _square(place: str, matrix: Any, size: int, firm_ids: NDArray[Any]) -> Floats:
    """A matrix by product, or by firm in sorted order, as (J, J)."""
    array, firms = numbers(place, matrix), np.unique(firm_ids)
    if array.shape == (size, size):
        return array
    if array.shape == (firms.size, firms.size):
        codes = np.searchsorted(firms, firm_ids)
        return np.asarray(array[np.ix_(codes, codes)])
    raise bad_input(
        "case", (place, f"shape {array.shape}", f"({size}, {size}), products in rows and columns")
    )


def deciders_of(matrix: Floats, size: int) -> NDArray[Any]:
    """Products whose rows of the ownership matrix are the same, up to scale, are decided by one."""
    if matrix.shape != (size, size) or not (np.diag(matrix) > 0.0).all():
        allowed = f"({size}, {size}), products in rows and columns, above zero on the diagonal"
        raise bad_input("case", ("inputs.ownership", f"shape {matrix.shape}", allowed))
    rows = (matrix / np.diag(matrix)[:, None]).round(12)
    return np.asarray(np.unique(rows, axis=0, return_inverse=True)[1]).ravel()


def _by_name(place: str, conduct: dict[str, Any], firms: list[str]) -> Any:
    """Conduct as a table: firm -> number, or firm -> firm -> number; what is not named is 0."""
    rows = {name: row for name, row in conduct.items() if isinstance(row, dict)}
    lost = [
        name for name in [*conduct, *(other for row in rows.values() for other in row)] if name not in firms
    ]
    if lost or (rows and len(rows) != len(conduct)):
        allowed = f"firms of the market ({', '.join(firms)}), each with one number or with a table of firms"
        raise bad_input("case", (f"{place}.conduct", lost or "numbers beside tables", allowed))
    if not rows:
        return [conduct.get(name, 0.0) for name in firms]
    return [[rows.get(name, {}).get(other, 0.0) for other in firms] for name in firms]


def owners(values: dict[str, Any], before: NDArray[Any], terms: Terms) -> tuple[NDArray[Any], Terms]:
    """Owners and ownership of a section; conduct of the inputs holds for the new owners, too."""
    firms = before if values.get("firm_ids") is None else np.asarray(values["firm_ids"])
    if firms.shape != before.shape:
        raise bad_input("case", ("firm_ids", f"shape {firms.shape}", f"{before.size}, one for each product"))
    given = {
        word: next((values[k] for k in GIVEN[word] if k in values), None) for word in ("ownership", "conduct")
    }
    if given["ownership"] is None and given["conduct"] is None:
        if terms.ownership is not None and terms.conduct is None:
            allowed = (
                "ownership of this state: the inputs give it as a matrix, which other owners do not change"
            )
            raise bad_input("case", ("ownership", None, allowed))
        given["conduct"] = terms.conduct
    matrix = ownership(given["ownership"], given["conduct"], firms, "section")
    if given["ownership"] is not None and values.get("firm_ids") is None and matrix is not None:
        firms = deciders_of(matrix, firms.size)
    return firms, replace(terms, ownership=matrix, conduct=given["conduct"])
