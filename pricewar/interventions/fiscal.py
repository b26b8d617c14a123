"""Money between the state, buyers and firms."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from ..fields import Factor, Money, Selection, named
from ..months import months_between
from ..records import Floats, Offers
from .base import Desk, Intervention


class TradeInSubsidy(Intervention):
    """The state pays buyers who hand in an old car, until the budget is used up.

    A car gets `amount`, or `share` of its price up to `amount`. `takeup` of the buyers have a car to hand
    in; the record carries the mean over all buyers of a product. What was spent is counted on cars
    delivered last month, so the last month may overdraw the budget by that month's payments.
    """

    amount: Money
    """CNY a car; with `share`, the most that a car can get."""
    share: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    """Payment as a fraction of the transaction price; None: the flat amount."""
    takeup: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    """Fraction of buyers who qualify."""
    budget: Money | None = None
    """CNY in all; None: no limit."""
    price_cap: Factor | None = None
    """Cars dearer than this get nothing, CNY incl. VAT; None: no limit."""
    firms: Selection = "all"
    segments: Selection = "all"
    end_known: bool = False
    """Whether buyers are told the last month, so that some hurry."""

    def amend(self, offers: Offers, desk: Desk) -> Offers:
        """Add the payment to the offers while there is money."""
        spent = self._spent(desk)
        if self.budget is not None and spent >= self.budget:
            desk.memory["granted"] = np.zeros_like(offers.subsidy)
            return offers
        granted = self._per_car(offers, desk)
        desk.memory["granted"] = granted
        if not granted.any():
            return offers
        paid = offers.but(subsidy=offers.subsidy + granted)
        if not self.end_known or self.end is None:
            return paid
        last = desk.period + months_between(desk.month, self.end)
        ends = np.where(granted > 0, np.maximum(offers.announced_end, last), offers.announced_end)
        return paid.but(announced_end=ends)

    def _per_car(self, offers: Offers, desk: Desk) -> Floats:
        price = offers.price
        flat = np.full_like(price, self.amount)
        paid = flat if self.share is None else np.minimum(price * self.share, flat)
        covered = offers.on_sale & desk.landscape.products_in(self.firms, segments=self.segments)
        if self.price_cap is not None:
            covered = covered & (price <= self.price_cap)
        return np.where(covered, self.takeup * paid, 0.0)

    def _spent(self, desk: Desk) -> float:
        granted: Floats | None = desk.memory.get("granted")
        if granted is not None and desk.last_sales is not None:
            paid = float(granted @ desk.last_sales.units)
            desk.memory["spent"] = desk.memory.get("spent", 0.0) + paid
        return float(desk.memory.get("spent", 0.0))

    def names(self) -> tuple[tuple[str, str], ...]:
        """Firms and segments named."""
        return (*named("firms", self.firms), *named("segments", self.segments))
