"""Static benchmarks of a logit price game: Nash, joint monopoly, and anything between by ownership.

With logit demand every product of one owner carries the same markup, and that markup has a closed form in
Lambert's W (Aravindakshan and Ratchford 2011). Written with the Wright omega function, omega(x) = W(exp x),
nothing
overflows: mu = 0.001 is solved as easily as mu = 0.25, where root finders lose their way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, wrightomega

from pricewar.base.arguments import check, number, row
from pricewar.base.errors import ConvergenceError, bad_input

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class LogitMarket:
    """Logit demand for `n` products and an outside good; utilities are (quality - price)/mu.

    Args:
        quality: (n,) vertical index a_j of each product, money.
        cost: (n,) unit cost c_j, money.
        mu: horizontal differentiation, money; positive.
        outside: index a_0 of the outside good, money.

    Raises:
        InputError: unequal lengths, no product, mu not positive, numbers not finite.
    """

    quality: tuple[float, ...]
    cost: tuple[float, ...]
    mu: float = 0.25
    outside: float = 0.0

    def __post_init__(self) -> None:
        check(
            "LogitMarket",
            quality=(self.quality, row),
            cost=(self.cost, row),
            mu=(self.mu, number),
            outside=(self.outside, number),
        )
        found: list[tuple[str, object, str]] = []
        if not self.quality or len(self.quality) != len(self.cost):
            found.append(("quality, cost", (self.quality, self.cost), "one number each per product"))
        if not (self.mu > 0 and np.isfinite(self.mu)):
            found.append(("mu", self.mu, "a positive number"))
        if not np.isfinite([*self.quality, *self.cost, self.outside]).all():
            found.append(
                ("quality, cost, outside", (self.quality, self.cost, self.outside), "finite numbers")
            )
        if found:
            raise bad_input("logit market", *found)

    @property
    def products(self) -> int:
        """Number of products inside the market."""
        return len(self.quality)

    def shares(self, prices: Vector) -> Vector:
        """Market shares at `prices` (..., n)."""
        utility = (np.asarray(self.quality) - prices) / self.mu
        outside = np.full((*utility.shape[:-1], 1), self.outside / self.mu)
        total = logsumexp(np.concatenate([utility, outside], axis=-1), axis=-1, keepdims=True)
        return np.asarray(np.exp(utility - total))

    def profits(self, prices: Vector) -> Vector:
        """Profit of each product at `prices` (..., n)."""
        return np.asarray((prices - np.asarray(self.cost)) * self.shares(prices))

    def equilibrium(self, owners: tuple[int, ...] | None = None, tolerance: float = 1e-13) -> Vector:
        """Prices at which every owner best-responds; owners default to one per product.

        Args:
            owners: owner of each product; `(0, 0)` is joint monopoly, `(0, 1)` duopoly.
            tolerance: largest relative change of a markup at the solution.

        Raises:
            ConvergenceError: the best-response iteration did not settle.
        """
        owner = np.arange(self.products) if owners is None else np.asarray(owners)
        value = (np.asarray(self.quality) - np.asarray(self.cost)) / self.mu
        groups = [np.flatnonzero(owner == o) for o in np.unique(owner)]
        markup = np.full(self.products, self.mu)
        for _ in range(10_000):
            before = markup.copy()
            for own in groups:
                others = np.setdiff1d(np.arange(self.products), own)
                rivals = logsumexp(
                    np.append(value[others] - markup[others] / self.mu, self.outside / self.mu)
                )
                power = logsumexp(value[own]) - 1.0 - rivals
                markup[own] = self.mu * (1.0 + float(np.real(wrightomega(power))))
            if np.all(np.abs(markup - before) <= tolerance * markup):
                return np.asarray(np.asarray(self.cost) + markup)
        raise ConvergenceError(
            f"logit best responses: 10000 rounds, last change {np.abs(markup - before).max():.3g}"
        )

    def nash(self) -> Vector:
        """One-shot Bertrand-Nash prices, one owner per product."""
        return self.equilibrium()

    def monopoly(self) -> Vector:
        """Prices that maximise the sum of profits."""
        return self.equilibrium((0,) * self.products)

    def pass_through(self, step: float = 1e-5) -> Vector:
        """(n, n) derivative of the Nash price of j (row) in the cost of k (column), by central
        differences."""
        columns = []
        for k in range(self.products):
            up, down = list(self.cost), list(self.cost)
            up[k] += step
            down[k] -= step
            high = LogitMarket(self.quality, tuple(up), self.mu, self.outside).nash()
            low = LogitMarket(self.quality, tuple(down), self.mu, self.outside).nash()
            columns.append((high - low) / (2 * step))
        return np.stack(columns, axis=1)

    def grim_discount(self) -> float:
        """Least discount factor at which grim trigger holds joint monopoly, over the products.

        A deviator plays its best reply once and Nash for ever after (Friedman 1971).
        """
        high, low = self.monopoly(), self.nash()
        kept, lost = self.profits(high), self.profits(low)
        best = np.empty(self.products)
        for j in range(self.products):
            rivals = np.delete((np.asarray(self.quality) - high) / self.mu, j)
            power = (self.quality[j] - self.cost[j]) / self.mu - 1.0
            power -= float(logsumexp(np.append(rivals, self.outside / self.mu)))
            prices = high.copy()
            prices[j] = self.cost[j] + self.mu * (1.0 + float(np.real(wrightomega(power))))
            best[j] = self.profits(prices)[j]
        return float(np.max((best - kept) / (best - lost)))
