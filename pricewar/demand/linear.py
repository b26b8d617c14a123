"""Linear demand from quadratic utility (Shubik and Levitan 1980), products priced out handled exactly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from pricewar.base.arguments import number, row, takes
from pricewar.base.sums import dot, inverted, times

from .base import Demand, Floats, gather, matrix, vector


@dataclass(frozen=True, eq=False)
class LinearDemand(Demand):
    """Demand of a buyer with utility q'choke - q' curvature q / 2 - p'q over quantities q >= 0.

    Where every product sells, q = curvature^-1 (choke - p). A product whose quantity would be negative is
    dropped and the others' demand is that of the smaller market.

    Args:
        choke: (J,) price at which a product alone in the market sells nothing.
        quadratic: (J, J) symmetric positive definite; off-diagonal positive for substitutes.
    """

    choke: Floats
    quadratic: Floats

    def __post_init__(self) -> None:
        size = np.size(self.choke)
        gather((size == 0, "choke", "no product", "one or more"))
        object.__setattr__(self, "choke", vector("choke", self.choke, size))
        object.__setattr__(self, "quadratic", matrix("quadratic", self.quadratic, (size, size)))
        lopsided = not np.allclose(self.quadratic, self.quadratic.T)
        gather((lopsided, "quadratic", "not symmetric", "a symmetric matrix"))
        flat = bool(np.linalg.eigvalsh(self.quadratic)[0] <= 0)
        gather(
            (
                flat,
                "quadratic",
                "not positive definite",
                "a positive definite matrix: own price must lower sales",
            )
        )

    @property
    def products(self) -> int:
        """Number of products J."""
        return self.choke.size

    def expected(self, prices: ArrayLike) -> Floats:
        """Return quantities (J,) per buyer."""
        p = self.check_prices(prices)
        return self._solve(p)[0]

    def _solve(self, prices: Floats) -> tuple[Floats, np.ndarray]:
        """Quantities and the mask of products that sell: drop the most negative until none is."""
        sold = prices < self.choke if self._substitutes else np.ones(self.products, dtype=bool)
        quantities = np.zeros(self.products)
        while sold.any():
            net = (self.choke - prices)[sold]
            trial = times(self._slopes(sold), net)
            if (trial >= 0).all():
                quantities[sold] = trial
                break
            sold[np.flatnonzero(sold)[trial.argmin()]] = False
        return quantities, sold

    @cached_property
    def _substitutes(self) -> bool:
        """Of substitutes none is sold above its choke price; complements may be."""
        return bool((self.quadratic >= 0.0).all())

    @cached_property
    def _inverses(self) -> dict[bytes, Floats]:
        return {}

    def _slopes(self, sold: np.ndarray) -> Floats:
        """Inverse of the quadratic of the products that sell, worked out once for each set of them."""
        key = sold.tobytes()
        if key not in self._inverses:
            self._inverses[key] = inverted(self.quadratic[np.ix_(sold, sold)])
        return self._inverses[key]

    def jacobian(self, prices: ArrayLike) -> Floats:
        """Return d quantity_j / d price_k (J, J); rows and columns of products priced out are zero."""
        sold = self._solve(self.check_prices(prices))[1]
        out = np.zeros((self.products, self.products))
        out[np.ix_(sold, sold)] = -self._slopes(sold)
        return out

    def curvature(self, prices: ArrayLike, margins: Floats, internal: Floats) -> Floats:
        """Linear demand has no curvature: zeros (J, J)."""
        return np.zeros((self.products, self.products))

    def consumer_surplus(self, prices: ArrayLike) -> float:
        """Utility less spending per buyer: q' quadratic q / 2."""
        q = self.expected(prices)
        return float(0.5 * dot(q, times(self.quadratic, q)))


@takes(value=number, substitution=number, weights=row)
def shubik_levitan(value: float, substitution: float, weights: ArrayLike) -> LinearDemand:
    """Return q_j = w_j (value - p_j - substitution (p_j - sum_k w_k p_k)), weights summing to one.

    `substitution` 0 gives separate monopolies, infinity homogeneous goods.

    Args:
        value: price at which nothing is sold.
        substitution: at least 0.
        weights: (J,) above 0, summing to one.
    """
    w = np.asarray(weights, dtype=float)
    gather(
        (
            bool((w <= 0).any() or abs(w.sum() - 1.0) > 1e-9),
            "weights",
            w.tolist(),
            "positive, summing to one",
        ),
        (not substitution >= 0, "substitution", substitution, "zero or more"),
        (not value > 0, "value", value, "above zero"),
    )
    slopes = np.diag(w) * (1.0 + substitution) - substitution * np.outer(w, w)
    quadratic = np.linalg.inv(slopes)
    return LinearDemand(quadratic @ (w * value), (quadratic + quadratic.T) / 2.0)
