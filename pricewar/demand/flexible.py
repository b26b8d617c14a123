"""Demands known at one point only: shares, prices and slopes there, and a form that says how slopes change.

What a merger does beyond its first pressure is the curvature, and there these forms differ (Crooke, Froeb,
Tschantz and Werden 1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from pricewar.base.sums import times

from .base import Demand, Floats

_CHEAPEST = 1e-6
"""Part of the price at the point below which a logarithm is not taken."""


@dataclass(frozen=True, eq=False)
class LogLinear(Demand):
    """Elasticities are the same at all prices: log q = log q0 + E (log p - log p0).

    Args:
        point: (J,) prices at which the rest is known.
        shares: (J,) shares there.
        table: (J, J) elasticities of the row's sales in the column's price.
    """

    symmetric: ClassVar[bool] = False
    point: Floats
    shares: Floats
    table: Floats

    @property
    def products(self) -> int:
        """Number of products J."""
        return self.point.size

    def expected(self, prices: ArrayLike) -> Floats:
        """Return quantities (J,) per buyer; they may sum to more than one."""
        return np.asarray(self.shares * np.exp(times(self.table, self._rise(prices))))

    def jacobian(self, prices: ArrayLike) -> Floats:
        """Return d quantity_j / d price_k (J, J)."""
        return self.expected(prices)[:, None] * self.table / self.check_prices(prices)

    def _rise(self, prices: ArrayLike) -> Floats:
        return np.asarray(np.log(np.maximum(self.check_prices(prices) / self.point, _CHEAPEST)))


@dataclass(frozen=True, eq=False)
class Pcaids(Demand):
    """AIDS whose diversion is in proportion to revenue (Epstein and Rubinfeld 2002).

    Parts of spending: w_i = w0_i + sum_j b_ij log(p_j / p0_j), with b_jj = slope w0_j (1 - w0_j) and b_ij =
    -slope w0_i w0_j, so that they sum to one and a rise of all prices moves none. Spending on all products
    changes with Stone's index of prices, to the power of 1 + market_elasticity.

    Args:
        point: (J,) prices at which the rest is known.
        shares: (J,) shares there.
        slope: below zero; the further, the closer substitutes are.
        market_elasticity: of all sales in all prices, at most 0.
    """

    symmetric: ClassVar[bool] = False
    point: Floats
    shares: Floats
    slope: float
    market_elasticity: float

    @property
    def products(self) -> int:
        """Number of products J."""
        return self.point.size

    @property
    def spent(self) -> Floats:
        """(J,) parts of spending at the point."""
        revenue = self.point * self.shares
        return np.asarray(revenue / revenue.sum())

    @property
    def moves(self) -> Floats:
        """(J, J) b: change of the row's part of spending with the log of the column's price."""
        w = self.spent
        return self.slope * (np.diag(w) - np.outer(w, w))

    def elasticities_there(self) -> Floats:
        """(J, J) elasticities at the point, the row's sales in the column's price."""
        w = self.spent
        return self.moves / w[:, None] + (1.0 + self.market_elasticity) * w - np.eye(w.size)

    def expected(self, prices: ArrayLike) -> Floats:
        """Return quantities (J,) per buyer; nothing of what is priced out."""
        p = self.check_prices(prices)
        parts, spending = self._state(p)
        return np.maximum(parts, 0.0) * spending / p

    def jacobian(self, prices: ArrayLike) -> Floats:
        """Return d quantity_j / d price_k (J, J)."""
        p = self.check_prices(prices)
        parts, spending = self._state(p)
        out = self.moves + (1.0 + self.market_elasticity) * np.outer(parts, self.spent) - np.diag(parts)
        return np.where(parts[:, None] > 0.0, spending * out / np.outer(p, p), 0.0)

    def _state(self, prices: Floats) -> tuple[Floats, float]:
        """Parts of spending (J,), and spending per buyer."""
        rise = np.log(np.maximum(prices / self.point, _CHEAPEST))
        parts = self.spent + times(self.moves, rise)
        index = (1.0 + self.market_elasticity) * float((self.spent * rise).sum())
        return parts, float((self.point * self.shares).sum() * np.exp(index))
