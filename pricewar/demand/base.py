"""What every demand is: expected shares of prices, their Jacobian, and the measures that follow from the two.

Sign convention of the package: price sensitivity alpha_i is positive, utility is delta_j + tastes_ij -
alpha_i p_j, the outside option has utility zero. Shares are per buyer of the market (units = shares x market
size).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import pairwise
from math import isfinite
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pricewar.base.arguments import number, takes
from pricewar.base.errors import InputError, bad_input
from pricewar.base.sums import times

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_STEP = 6e-6
"""Step of a central difference, as part of the price: the cube root of rounding."""
NOT_ON_SALE = -1.0e3
"""Utility of a product that nobody can buy."""
PRICED_OUT = 1e6
"""A product that is not on sale is asked for at this many times its price: nobody may buy it there."""
_REACH = np.array([0.0, 0.05, 0.15, 0.4, 1.0, 2.0, 4.0, 8.0, 14.0])
"""Ends of the parts in which demand is added up towards prices at which nobody buys, log of the factor."""
AGREES = 1e-4
"""Largest difference between derivatives and differences, as part of the largest slope."""


class Demand(ABC):
    """Demand for J products. A subclass gives `products`, `expected`, and better `jacobian` too.

    All prices are arrays (J,) in the scenario's currency; all shares (J,) are expected purchases per buyer.
    """

    symmetric: ClassVar[bool] = True
    """Whether the cross-price slopes of two products are equal, as wherever utility is linear in money."""

    @property
    @abstractmethod
    def products(self) -> int:
        """Number of products J."""

    @abstractmethod
    def expected(self, prices: ArrayLike) -> Floats:
        """Return expected shares (J,) at `prices` (J,)."""

    @property
    def rows(self) -> int:
        """Number of buyers that can be told apart R; 0 where demand is that of all buyers together."""
        return 0

    def jacobian(self, prices: ArrayLike) -> Floats:
        """Return J[j, k] = d share_j / d price_k, (J, J); by central differences unless given."""
        return numerical_jacobian(self, prices)

    def own_slopes(self, prices: ArrayLike) -> Floats:
        """Return d share_j / d price_j (J,)."""
        return np.diag(self.jacobian(prices)).copy()

    def utility_of_money(self, prices: ArrayLike) -> Floats:
        """Return the utility of one unit of money (J,): that of the logit with these shares and own slopes.

        A change of appeal in utility counts as a change of price by appeal / this.
        """
        p = self.check_prices(prices)
        shares = self.expected(p)
        return np.asarray(-self.own_slopes(p) / (shares * (1.0 - shares)))

    def consumer_surplus(self, prices: ArrayLike) -> float:
        """Return money per buyer: demand added up along prices that rise together until nobody buys.

        By Gauss and Legendre's rule; a demand that has its surplus in closed form should give it.
        """
        p = self.check_prices(prices)
        unit, total = float(np.abs(p).mean()), 0.0
        node, weight = np.polynomial.legendre.leggauss(8)
        for low, high in pairwise(_REACH):
            for x, w in zip(node, weight, strict=True):
                factor = float(np.exp((low + high) / 2.0 + x * (high - low) / 2.0))
                bought = float(self.expected(p + unit * (factor - 1.0)).sum())
                total += w * (high - low) / 2.0 * factor * unit * bought
        return total

    def by_group(self, prices: ArrayLike) -> tuple[Floats, Floats]:
        """Return shares (G, J) by group of buyers, here one for all, and each row's inside sum (R,)."""
        return self.expected(prices)[None, :], np.zeros(0)

    def second_choices(self, prices: ArrayLike, refused: Floats) -> Floats:
        """Return (J,) what each product that turns nobody away gains of all buyers.

        What the others would sell if all that turn somebody away were not on sale, less what they sell, times
        the part of those products' buyers that is turned away.

        Args:
            prices: (J,).
            refused: (J,) share of each product's buyers that it turns away.
        """
        p, full = self.check_prices(prices), refused > 0
        now = self.expected(p)
        wanted = float(now[full].sum())
        if wanted <= 0.0:
            return np.zeros(self.products)
        part = float((refused * now).sum()) / wanted
        alone = self.expected(np.where(full, PRICED_OUT * np.maximum(np.abs(p), 1e-9), p))
        return np.where(full, 0.0, part * np.maximum(alone - now, 0.0))

    def best_response(self, *case: Any) -> Floats | None:
        """Return a firm's own net prices if there is a short way to them (see `demand.buyers`), else None.

        Without one they are found by `pricewar.equilibrium.solve` with the others' prices fixed.
        """
        return None

    def curvature(self, prices: ArrayLike, margins: Floats, internal: Floats) -> Floats:
        """Return X[j, l] = sum_k internal[j, k] margins[k] d2 share_k / (d price_j d price_l), (J, J).

        The only second derivatives that pass-through and second-order conditions need. A subclass that does
        not give them gets central differences of its Jacobian.
        """
        return numerical_curvature(self, prices, margins, internal)

    def markup_terms(
        self, prices: Floats, margins: Floats, firms: Ints, conduct: float
    ) -> tuple[Floats, Floats, Floats]:
        """Return shares, slope, gain (J,): margin_j slope_j = a_j share_j + gain_j prices product j."""
        jacobian = self.jacobian(prices)
        slope = -np.diag(jacobian)
        internal = internalisation(firms, conduct)
        gain = times(internal * jacobian.T, margins) + slope * margins
        return self.expected(prices), slope, gain

    def check_prices(self, prices: ArrayLike) -> Floats:
        """Return `prices` as float64 (J,) or raise `InputError`."""
        return vector("prices", prices, self.products)

    def elasticities(self, prices: ArrayLike) -> Floats:
        """Return E[j, k] = (price_k / share_j) d share_j / d price_k, (J, J)."""
        p = self.check_prices(prices)
        return self.jacobian(p) * p / self.expected(p)[:, None]

    def diversion(self, prices: ArrayLike) -> Floats:
        """Return D[j, k], the part of the sales j loses by a small price rise that k wins, (J, J).

        The diagonal is the diversion to the outside option, as in pyblp (Conlon and Mortimer 2021).
        """
        jacobian = self.jacobian(prices)
        own = np.diag(jacobian)
        ratios = -(jacobian / own).T
        np.fill_diagonal(ratios, jacobian.sum(axis=0) / own)
        return ratios

    def closeness(self, prices: ArrayLike) -> Floats:
        """Return `diversion` with zeros on the diagonal, (J, J); zeros for what nobody buys."""
        jacobian = self.jacobian(prices)
        own = np.diag(jacobian)[:, None]
        ratios = np.divide(-jacobian.T, own, out=np.zeros_like(jacobian), where=own < 0)
        np.fill_diagonal(ratios, 0.0)
        return ratios

    @takes(factor=number)
    def aggregate_elasticity(self, prices: ArrayLike, factor: float = 0.1) -> float:
        """Change of the inside share when every price rises by `factor`, divided by `factor` only."""
        p = self.check_prices(prices)
        return float((self.expected(p * (1.0 + factor)) - self.expected(p)).sum() / factor)


def numerical_jacobian(demand: Demand, prices: ArrayLike) -> Floats:
    """`Demand.jacobian` by central differences of the shares, (J, J)."""
    p = demand.check_prices(prices)
    return np.stack([_difference(demand.expected, p, place) for place in range(p.size)], axis=1)


def numerical_curvature(demand: Demand, prices: ArrayLike, margins: Floats, internal: Floats) -> Floats:
    """`Demand.curvature` by central differences of the Jacobian, whatever the demand says of it, (J, J)."""
    p = demand.check_prices(prices)
    slopes = (_difference(demand.jacobian, p, place) for place in range(p.size))
    return np.stack([(internal * slope.T) @ margins for slope in slopes], axis=1)


def _difference(function: Callable[[Floats], Floats], prices: Floats, place: int) -> Floats:
    """Central difference of a function of prices in one of them."""
    move = np.zeros_like(prices)
    move[place] = _STEP * max(abs(prices[place]), float(np.abs(prices).mean()))
    return np.asarray((function(prices + move) - function(prices - move)) / (2.0 * move[place]))


def require_curvature(demand: Demand, prices: ArrayLike, margins: Floats, internal: Floats) -> Floats:
    """The curvature of a demand, held against differences of its Jacobian where it is not our own.

    Zeros for a demand that is not linear would make second-order conditions and pass-through wrong.

    Raises:
        InputError: they differ.
    """
    given = demand.curvature(prices, margins, internal)
    if type(demand).__module__.startswith("pricewar.demand."):
        return given
    found = numerical_curvature(demand, prices, margins, internal)
    size = max(float(np.abs(found).max()), float(np.abs(demand.jacobian(prices)).max()))
    if np.shape(given) == found.shape and np.abs(given - found).max() <= AGREES * size:
        return given
    name = f"curvature of {type(demand).__name__}"
    differences = "second differences of its shares; leave the method out and they are taken"
    raise bad_input("demand", (name, np.asarray(given).tolist(), f"{found.tolist()}, {differences}"))


@takes(conduct=number)
def internalisation(firms: Ints, conduct: float) -> Floats:
    """Return H (J, J): 1 where one firm owns both products, `conduct` elsewhere (0 Nash, 1 joint profit).

    Args:
        firms: (J,) owner of each product, a number.
        conduct: part of a rival's profit that counts as one's own, 0 to 1.
    """
    owner = np.asarray(firms)
    if owner.ndim != 1:
        raise bad_input("internalisation", ("firms", firms, "(J,) owners"))
    same = owner[:, None] == owner[None, :]
    return np.where(same, 1.0, conduct)


def vector(place: str, values: ArrayLike, size: int) -> Floats:
    """Return `values` as a finite float64 array of `size` (a scalar is spread), or raise `InputError`."""
    number: Any = values
    if type(number) is float and isfinite(number):
        return np.full(size, number)
    array = _floats(place, values)
    if array.ndim == 0:
        array = np.full(size, float(array))
    if array.shape != (size,):
        raise bad_input("demand", (place, f"shape {array.shape}", f"{size} numbers"))
    if not np.isfinite(array).all():
        raise bad_input("demand", (place, "NaN or infinity", "finite numbers"))
    return array


def matrix(place: str, values: ArrayLike, shape: tuple[int, int]) -> Floats:
    """Return `values` as a finite float64 array of `shape`, or raise `InputError`."""
    array = _floats(place, values)
    if array.shape != shape:
        raise bad_input("demand", (place, f"shape {array.shape}", f"shape {shape}"))
    if not np.isfinite(array).all():
        raise bad_input("demand", (place, "NaN or infinity", "finite numbers"))
    return array


def indices(place: str, labels: ArrayLike, size: int) -> tuple[Ints, NDArray[Any]]:
    """Return labels as 0..n-1 (size,) and the sorted distinct labels, or raise `InputError`."""
    array = np.asarray(labels)
    if array.shape != (size,):
        raise bad_input("demand", (place, f"shape {array.shape}", f"{size} labels"))
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise bad_input("demand", (place, "NaN or infinity", "labels"))
    if array.dtype.kind in "iu" and array.min() >= 0 and array.max() < 4 * size:  # the usual labels, fast
        there = np.bincount(array) > 0
        return (there.cumsum() - 1)[array], np.flatnonzero(there)
    names, codes = np.unique(array, return_inverse=True)
    return codes.astype(np.int64), names


def _floats(place: str, values: ArrayLike) -> Floats:
    try:
        return np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise bad_input("demand", (place, values, "numbers")) from error


def gather(*checks: tuple[bool, str, object, str]) -> None:
    """Raise one `InputError` naming every check (wrong, place, found, allowed) that is wrong."""
    problems = [(place, found, allowed) for wrong, place, found, allowed in checks if wrong]
    if problems:
        raise bad_input("demand", *problems)


__all__ = [
    "AGREES",
    "NOT_ON_SALE",
    "PRICED_OUT",
    "Demand",
    "Floats",
    "InputError",
    "Ints",
    "gather",
    "indices",
    "internalisation",
    "matrix",
    "numerical_curvature",
    "numerical_jacobian",
    "require_curvature",
    "vector",
]
