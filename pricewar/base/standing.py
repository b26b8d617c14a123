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
    """(J,) factor that lasting cuts have put on the list price without any campaign."""
    paid: Floats
    """(J,) factor that lasting cuts have put on the transaction price without any campaign."""
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
    list_base: Floats
    """(J,) list prices without any campaign, over those that the firms' rules ask for: above 1 where the
    start price was one with a campaign in force."""
    price_base: Floats
    """(J,) the same for transaction prices."""
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
            list_base=ones,
            price_base=ones,
            moved=np.full(firms, LONG_AGO),
            announced=np.zeros((2, firms)),
        )

    def in_force(self, landscape: Landscape) -> Flags:
        """(F,) firms whose own limited-time offer is in force."""
        return landscape.any_of_firm(self.offered > 0)

    def lists(self, list_price: Floats, price: Floats) -> Floats:
        """(J,) list prices after lasting cuts, given those that the firm's rule asks for; never below what is
        paid."""
        return np.maximum(list_price * self.list_base * self.listed, self.prices(price))

    def headlines(self, list_price: Floats) -> Floats:
        """(J,) prices that are announced: the list price cut as announced, less the limited-time offers.

        Not all of what is announced is new money: it may hold for one version only, or name offers that
        stood before. So buyers may pay more than this.
        """
        return list_price * self.list_base * self.listed * (1.0 - self.offered)

    def prices(self, price: Floats) -> Floats:
        """(J,) transaction prices: what the rule asks for less the new money."""
        return np.asarray(price * self.price_base * self.paid * (1.0 - self.given))

    def from_now_on(self, months: int) -> Standing:
        """As campaigns stand at the start of a run, after months in which they were only thought of.

        The prices at the start are those that buyers paid with these campaigns in force.

        Args:
            months: how many were thought of; their clock ends where that of the run begins.
        """
        return self.but(
            ends=np.where(self.ends < 0.0, -1.0, np.maximum(self.ends - months, 0.0)),
            list_base=1.0 / self.listed,
            price_base=1.0 / (self.paid * (1.0 - self.given)),
            moved=self.moved - months,
        )
