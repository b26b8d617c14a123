"""Campaigns in force between two months: what each product's announced and paid price owes to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Flags, Floats, Ints, Record
from .landscape import Landscape

LONG_AGO = -10_000
"""Period of the last campaign of a firm that has had none."""


@dataclass(frozen=True)
class Standing(Record):
    """Arrays may have a leading axis of runs. F firms, J products; fractions of price."""

    listed: Floats
    """(J,) factor that lasting cuts have put on the list price."""
    paid: Floats
    """(J,) factor that lasting cuts have put on the transaction price."""
    offered: Floats
    """(J,) announced cut of the limited-time offer in force; 0 where there is none."""
    given: Floats
    """(J,) the part of it that is new money for buyers."""
    ends: Floats
    """(J,) when the offer is over, months from the start of the run; -1 where there is none."""
    days: Floats
    """(J,) how long the offer was announced to last: a renewal is as long."""
    list_lift: Floats
    """(J,) factor that campaigns have put on last month's list price, the month's own caps included."""
    price_lift: Floats
    """(J,) the same for the transaction price."""
    moved: Ints
    """(F,) period of each firm's last campaign."""
    announced: Floats
    """(2, F) largest cut that each firm announced this month and last."""

    @classmethod
    def none(cls, products: int, firms: int) -> Standing:
        """Nothing announced, nothing in force."""
        ones, zeros = np.ones(products), np.zeros(products)
        return cls(
            listed=ones,
            paid=ones,
            offered=zeros,
            given=zeros,
            ends=np.full(products, -1.0),
            days=zeros,
            list_lift=ones,
            price_lift=ones,
            moved=np.full(firms, LONG_AGO),
            announced=np.zeros((2, firms)),
        )

    def in_force(self, landscape: Landscape) -> Flags:
        """(F,) firms whose own limited-time offer is in force."""
        return np.asarray(landscape.by_firm(self.offered > 0) > 0)

    def lists(self, list_price: Floats) -> Floats:
        """(J,) list prices after lasting cuts, given those that the firm's rule asks for."""
        return list_price * self.listed

    def headlines(self, list_price: Floats) -> Floats:
        """(J,) prices that are announced: list prices less the limited-time offers."""
        return self.lists(list_price) * (1.0 - self.offered)

    def prices(self, list_price: Floats, price: Floats) -> Floats:
        """(J,) transaction prices: what the rule asks for less the new money, at most what is announced."""
        return np.minimum(price * self.paid * (1.0 - self.given), self.headlines(list_price))
