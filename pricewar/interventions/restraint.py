"""What measures on prices share: whom they address, who complies, and what a breach costs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Annotated, ClassVar

import numpy as np

from pricewar.base.calendar_time import Stated
from pricewar.base.fields import Money, Selection, Share, named
from pricewar.base.luck import stream
from pricewar.base.records import Accounts, Flags, Floats, Offers

from .base import Desk, Intervention

ROUNDING = 1e-9
"""Relative difference of prices below which two prices count as the same."""


class Addressed(Intervention):
    """A measure that speaks to all firms or to some, of which each complies or does not.

    Each firm's willingness is drawn once, at the measure's first month, and kept: a firm that complies at
    a compliance probability of 0.4 also complies at 0.6 under the same seed.
    """

    firms: Selection = "all"
    """Whom it addresses: "all" or a list of firm ids."""
    compliance: Share = 1.0
    """Probability that a firm complies."""

    def addressed(self, desk: Desk) -> Flags:
        """(F,) firms that the measure speaks to."""
        return desk.landscape.firms_in(self.firms)

    def complying(self, desk: Desk) -> Flags:
        """(F,) firms that it speaks to and that do as it says."""
        if "willingness" not in desk.memory:
            desk.memory["willingness"] = chances(desk, 0)
        willing: Flags = desk.memory["willingness"] < self.compliance
        return self.addressed(desk) & willing

    def names(self) -> Iterable[tuple[str, str]]:
        """The firms named."""
        return named("firms", self.firms)


class Restraint(Addressed):
    """A measure that gives each product a lowest price allowed this month. Write `lowest`."""

    foreseen: ClassVar[bool] = False
    """Whether firms know the lowest price before they decide on a campaign, and `lowest` remembers nothing:
    then firms that comply announce no cut that goes below it."""

    @abstractmethod
    def lowest(self, offers: Offers, desk: Desk) -> Floats:
        """(J,) lowest transaction price allowed, money incl. VAT; -inf where there is none."""

    def known(self, offers: Offers, desk: Desk) -> Floats:
        """(J,) lowest prices that firms which comply reckon with when they plan; -inf where there is none."""
        if not self.foreseen:
            return np.full(offers.price.shape, -np.inf)
        bound = offers.on_sale & self.complying(desk)[desk.landscape.firm_of]
        return np.where(bound, self.lowest(offers, desk), -np.inf)

    def amend(self, offers: Offers, desk: Desk) -> Offers:
        """Lift complying firms' prices to the lowest allowed; note who of the others is in breach."""
        firm_of = desk.landscape.firm_of
        bound = offers.on_sale & self.addressed(desk)[firm_of]
        lowest = np.where(bound, self.lowest(offers, desk), -np.inf)
        complies = self.complying(desk)
        short = (offers.price < lowest * (1.0 - ROUNDING)) & ~complies[firm_of]
        desk.memory["breach"] = desk.landscape.by_firm(short) > 0
        return raised(offers, np.where(complies[firm_of], lowest, -np.inf))


class Enforced(Restraint):
    """A restraint with audits: a firm in breach is found with a probability each month and fined.

    A firm that was fined complies from the next month on.
    """

    audit: Annotated[Share, Stated.CHANCE] = 0.0
    """Probability a month that a firm in breach is found."""
    fine: Money = 0.0
    """Fine for each finding, money."""

    def complying(self, desk: Desk) -> Flags:
        """(F,) firms that comply of their own will or since they were fined."""
        willing = super().complying(desk)
        return willing | (desk.memory["fined"] & self.addressed(desk)) if "fined" in desk.memory else willing

    def settle(self, accounts: Accounts, desk: Desk) -> Accounts:
        """Fine the firms whose breach, noted this month, is found."""
        breach: Flags = desk.memory.pop("breach", np.zeros(len(desk.landscape.firms), dtype=np.bool_))
        if not breach.any():
            return accounts
        found = breach & (chances(desk, 1) < self.audit)
        if not found.any():
            return accounts
        desk.memory["fined"] = desk.memory.get("fined", np.zeros_like(found)) | found
        return accounts.but(fines=accounts.fines + self.fine * found)


def chances(desk: Desk, purpose: int) -> Floats:
    """(F,) a uniform draw for each firm by its id: neither the order of firms nor one more firm changes it.

    Different purposes get different draws even within one month.
    """
    key = int(desk.luck().integers(2**63))
    return np.array([stream(key, purpose, firm).random() for firm in desk.landscape.firms])


def raised(offers: Offers, lowest: Floats) -> Offers:
    """Transaction prices lifted to `lowest` where they lie below; the same object if none does.

    The promotion shrinks first; the list price rises only where it is itself too low.
    """
    low = offers.price < lowest
    if not low.any():
        return offers
    list_price = np.where(low, np.maximum(offers.list_price, lowest), offers.list_price)
    promotion = np.where(low, list_price - lowest, offers.promotion)
    return offers.but(list_price=list_price, promotion=promotion)
