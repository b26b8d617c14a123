"""Any demand in the months of a market: appeal that changes counts as money, products come and go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .base import NOT_ON_SALE, PRICED_OUT, Demand, Floats, Ints, require_curvature

LEAST = 0.01
"""Part of the start price below which no change of appeal brings what a buyer weighs (assumed)."""


@dataclass(frozen=True, eq=False)
class Anchored(Demand):
    """A demand without mean utilities, as it stands at start prices.

    Args:
        inner: the demand at the start.
        start: (J,) start prices, at which the utility of money is taken.
        appeal: (J,) change of utility since the start, `NOT_ON_SALE` for what nobody can buy.
    """

    inner: Demand
    start: Floats
    appeal: Floats

    @property
    def products(self) -> int:
        """Number of products J."""
        return self.inner.products

    @cached_property
    def worth(self) -> Floats:
        """(J,) money that one unit of utility is worth."""
        steep = self.inner.utility_of_money(self.start)
        return np.divide(1.0, steep, out=np.zeros_like(steep), where=np.isfinite(steep) & (steep > 0))

    @cached_property
    def closed(self) -> NDArray[np.bool_]:
        """(J,) products that are not on sale."""
        return np.asarray(self.appeal <= NOT_ON_SALE)

    def at(self, delta: Floats, outside: Floats | None = None, brand: Ints | None = None) -> Anchored:
        """The demand of a month with other appeal (J,); there are no rows that could wait or be loyal."""
        made = replace(self, appeal=delta)
        made.__dict__["worth"] = self.worth
        return made

    def weighed(self, prices: ArrayLike) -> Floats:
        """(J,) the prices at which the demand of the start is what this one is at `prices`."""
        p, gained = self.check_prices(prices), np.where(self.closed, 0.0, self.appeal) * self.worth
        moved = np.where(gained == 0.0, p, np.maximum(p - gained, np.minimum(p, LEAST * self.start)))
        return np.where(self.closed, PRICED_OUT * self.start, moved)

    def expected(self, prices: ArrayLike) -> Floats:
        """Return expected shares (J,)."""
        return np.where(self.closed, 0.0, self.inner.expected(self.weighed(prices)))

    def jacobian(self, prices: ArrayLike) -> Floats:
        """Return d share_j / d price_k (J, J); zero for what is not on sale."""
        sold = ~self.closed
        return self.inner.jacobian(self.weighed(prices)) * (sold[:, None] & sold)

    def curvature(self, prices: ArrayLike, margins: Floats, internal: Floats) -> Floats:
        """Second derivatives weighted by margins; see `Demand.curvature`."""
        sold = ~self.closed
        both = sold[:, None] & sold
        return require_curvature(self.inner, self.weighed(prices), margins, internal * both) * both

    def consumer_surplus(self, prices: ArrayLike) -> float:
        """Return money per buyer."""
        return self.inner.consumer_surplus(self.weighed(prices))

    def subset(self, keep: ArrayLike) -> Demand:
        """Return the market with the products of `keep` (indices or mask) only."""
        chosen = np.arange(self.products)[np.asarray(keep)]
        return Part(self, chosen)


@dataclass(frozen=True, eq=False)
class Part(Demand):
    """Some products of a demand, the others not on sale.

    Args:
        whole: the demand of all products.
        chosen: (n,) the products that are on sale.
    """

    whole: Anchored
    chosen: Ints

    @cached_property
    def _open(self) -> Anchored:
        appeal = np.full(self.whole.products, NOT_ON_SALE)
        appeal[self.chosen] = self.whole.appeal[self.chosen]
        return self.whole.at(appeal)

    @property
    def products(self) -> int:
        """Number of products n."""
        return len(self.chosen)

    def _spread(self, prices: ArrayLike) -> Floats:
        full = self.whole.start.copy()
        full[self.chosen] = self.check_prices(prices)
        return full

    def expected(self, prices: ArrayLike) -> Floats:
        """Return expected shares (n,)."""
        return self._open.expected(self._spread(prices))[self.chosen]

    def jacobian(self, prices: ArrayLike) -> Floats:
        """Return d share_j / d price_k (n, n)."""
        return self._open.jacobian(self._spread(prices))[np.ix_(self.chosen, self.chosen)]

    def consumer_surplus(self, prices: ArrayLike) -> float:
        """Return money per buyer."""
        return self._open.consumer_surplus(self._spread(prices))
