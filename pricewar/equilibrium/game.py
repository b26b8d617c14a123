"""A pricing game: who decides which price, what they get of every product's profit, and the bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pricewar.base.errors import bad_input
from pricewar.demand.base import Demand, Floats, Ints, internalisation, vector

from .ownership import profit_weights
from .rising import Rising

Costs = ArrayLike | Callable[[Floats], ArrayLike]
"""Marginal costs (J,), or a function of shares (J,) that gives them."""


@dataclass(frozen=True, eq=False)
class Game:
    """One pricing game, made by `solve`: who owns what, at which cost, under which constraints; arrays (J,).

    Firm f chooses its prices to maximise sum over its products of (keep_j p_j - cost_j) share_j, with
    keep = 1 / (1 + ad valorem rate) and cost = unit cost + unit tax - growth motive. With `weights` (J, J)
    the decider of product j maximises sum over k of weights[j, k] times that of k.
    """

    demand: Demand
    firms: Ints
    costs: Floats
    keep: Floats
    low: Floats
    high: Floats
    capacity: Floats
    conduct: float
    names: NDArray[Any]
    weights: Floats | None = None
    rising: Rising | None = None
    limited: bool = False

    def margins(self, prices: Floats, shadow: Floats | None = None) -> Floats:
        """What the objective gains per unit, less the shadow price of capacity."""
        margins = self.keep * prices - self.costs
        return margins if shadow is None or not shadow.size else margins - shadow

    def costs_at(self, shares: Floats) -> Floats:
        """Marginal costs (J,) at these shares: fixed ones, or those of `rising` with taxes and growth."""
        return self.costs if self.rising is None else self.rising(shares)

    def earned(self, prices: Floats, shares: Floats) -> Floats:
        """What each product brings at these prices and shares (J,), taxes and growth motive counted."""
        cost = self.costs * shares if self.rising is None else self.rising.total(shares)
        return np.asarray(self.keep * prices * shares - cost)

    @property
    def internal(self) -> Floats:
        """How much each product's owner cares about each other product, its own being 1 (J, J)."""
        if self.weights is None:
            return internalisation(self.firms, self.conduct)
        return np.asarray(self.weights / np.diag(self.weights)[:, None])

    @property
    def parts(self) -> Floats:
        """What each decider gets of every product's profit (G, J)."""
        first = np.unique(self.firms, return_index=True)[1]
        if self.weights is None:
            owns = self.firms == np.arange(first.size)[:, None]
            return np.where(owns, 1.0, self.conduct)
        return np.asarray(self.weights[first])


def make_game(
    demand: Demand,
    costs: Costs,
    firm_ids: ArrayLike | None,
    bounds: tuple[ArrayLike | None, ArrayLike | None, ArrayLike | None],
    money: tuple[ArrayLike, ArrayLike, ArrayLike],
    conduct: ArrayLike,
    ownership: ArrayLike | None,
    capacity: ArrayLike | None,
) -> Game:
    """Check the arguments of `solve` and hold them as arrays; `bounds` = fixed, floor, cap."""
    size = demand.products
    unit_tax, rate, theta = (
        vector(name, values, size)
        for name, values in zip(("unit_tax", "ad_valorem_tax", "theta"), money, strict=True)
    )
    low, high = _bounds(size, *bounds)
    limit = _extended("capacity", capacity, size, np.inf)
    wrong = [
        (place, found, allowed)
        for bad, place, found, allowed in (
            (float(rate.min()) <= -1.0, "ad_valorem_tax", float(rate.min()), "a rate above -1"),
            (float(limit.min()) <= 0.0, "capacity", float(limit.min()), "above zero"),
        )
        if bad
    ]
    if wrong:
        raise bad_input("equilibrium", *wrong)
    firms, names, uniform, weights = profit_weights(firm_ids, conduct, ownership, size)
    added = unit_tax - theta
    rising = Rising(costs, added) if callable(costs) else None
    fixed_costs = np.zeros(size) if callable(costs) else vector("costs", costs, size) + added
    effective = fixed_costs if rising is None else rising(np.zeros(size))
    keep = 1.0 / (1.0 + rate)
    limited = capacity is not None
    return Game(demand, firms, effective, keep, low, high, limit, uniform, names, weights, rising, limited)


def first_prices(game: Game, start: ArrayLike | None) -> Floats:
    """Where the search begins (J,): `start`, or marginal cost, within the bounds."""
    prices = game.costs / game.keep if start is None else game.demand.check_prices(start)
    return np.minimum(np.maximum(prices, game.low), game.high)


def check_floor(game: Game, prices: Floats) -> None:
    """A floor that nobody would pay leaves nothing to solve: say so instead of dividing by zero."""
    at_floor = prices <= game.low
    if not at_floor.any():
        return
    unsold = at_floor & ~(game.demand.expected(prices) > 1e-12)
    if unsold.any():
        j = int(np.flatnonzero(unsold)[0])
        allowed = (
            "a price that at least one buyer in 10^12 pays (floor or imposed price above any buyer's value)"
        )
        raise bad_input("equilibrium", (f"price of product {j}", float(prices[j]), allowed))


def _bounds(
    size: int, fixed: ArrayLike | None, floor: ArrayLike | None, cap: ArrayLike | None
) -> tuple[Floats, Floats]:
    low, high = _extended("floor", floor, size, -np.inf), _extended("cap", cap, size, np.inf)
    if floor is not None and cap is not None and (low > high).any():
        j = int((low - high).argmax())
        raise bad_input("equilibrium", (f"floor[{j}]", float(low[j]), f"at most the cap {high[j]:g}"))
    if fixed is None:
        return low, high
    try:
        imposed = np.asarray(fixed, dtype=float)
    except (TypeError, ValueError) as error:
        raise bad_input("equilibrium", ("fixed", fixed, "prices, NaN where free")) from error
    if imposed.shape != (size,) or np.isinf(imposed).any():
        raise bad_input("equilibrium", ("fixed", f"shape {imposed.shape}", f"{size} prices, NaN where free"))
    free = np.isnan(imposed)
    return np.where(free, low, imposed), np.where(free, high, imposed)


def _extended(place: str, values: ArrayLike | None, size: int, default: float) -> Floats:
    """Like `vector`, but the infinity that means "no bound" is allowed."""
    if values is None:
        return np.full(size, default)
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise bad_input("equilibrium", (place, values, "numbers")) from error
    unbounded = array == default
    checked = vector(place, np.where(unbounded, 0.0, array), size)
    return np.where(np.broadcast_to(unbounded, (size,)), default, checked)
