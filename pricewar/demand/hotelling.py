"""Hotelling's line: two products at the ends of a street, buyers spread evenly (Hotelling 1929)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .base import Demand, Floats, gather, vector


@dataclass(frozen=True, eq=False)
class Hotelling(Demand):
    """A buyer at x in [0, 1] has value_0 - p_0 - t x, value_1 - p_1 - t (1 - x), or zero at home.

    Args:
        value: (2,) what a product is worth to a buyer who lives next door.
        transport: t > 0, the cost of crossing the street, in money.
        size: buyers on the street per buyer of the market; the others never buy.
    """

    value: Floats
    transport: float
    size: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", vector("value", self.value, 2))
        wrong = not (np.isfinite(self.transport) and self.transport > 0)
        many = not (np.isfinite(self.size) and self.size > 0)
        gather(
            (wrong, "transport", self.transport, "a number above zero"),
            (many, "size", self.size, "a number above zero"),
        )

    @property
    def products(self) -> int:
        """Two."""
        return 2

    def _reach(self, prices: Floats) -> Floats:
        """How far along the street each product is better than staying at home."""
        return (self.value - prices) / self.transport

    def _contested(self, prices: Floats) -> bool:
        reach = np.clip(self._reach(prices), 0.0, 1.0)
        return bool(reach.sum() > 1.0)

    def _meeting_point(self, prices: Floats) -> float:
        net = self.value - prices
        return float(0.5 + (net[0] - net[1]) / (2.0 * self.transport))

    def expected(self, prices: ArrayLike) -> Floats:
        """Return shares (2,): the two markets where they do not meet, the indifferent buyer where they do."""
        return self.size * self._street(self.check_prices(prices))

    def _street(self, p: Floats) -> Floats:
        if not self._contested(p):
            return np.clip(self._reach(p), 0.0, 1.0)
        x = min(max(self._meeting_point(p), 0.0), 1.0)
        return np.array([x, 1.0 - x])

    def jacobian(self, prices: ArrayLike) -> Floats:
        """Return the derivative (2, 2); at a kink, that of the contested side."""
        p = self.check_prices(prices)
        if self._contested(p):
            inside = 0.0 < self._meeting_point(p) < 1.0
            return np.array([[-0.5, 0.5], [0.5, -0.5]]) * (self.size / self.transport * inside)
        reach = self._reach(p)
        return np.diag(np.where((reach >= 0.0) & (reach < 1.0), -self.size / self.transport, 0.0))

    def curvature(self, prices: ArrayLike, margins: Floats, internal: Floats) -> Floats:
        """Shares are piecewise linear: zeros (2, 2)."""
        return np.zeros((2, 2))

    def consumer_surplus(self, prices: ArrayLike) -> float:
        """Surplus per buyer: value less price and travel, summed along the street."""
        p = self.check_prices(prices)
        reach = self._street(p)
        return float(self.size * ((self.value - p) * reach - 0.5 * self.transport * reach**2).sum())
