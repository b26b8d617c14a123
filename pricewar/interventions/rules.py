"""Rules of conduct: how price cuts are announced and kept, what is disclosed, when suppliers are paid."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from pricewar.base.calendar_time import Stated
from pricewar.base.fields import Share
from pricewar.base.records import Accounts, Floats, Offers, View

from .base import Desk
from .restraint import ROUNDING, Addressed, Enforced

Months = Annotated[int, Field(ge=1), Stated.LENGTH]


class NoticePeriod(Enforced):
    """A cut takes effect only after it was announced for some months; rises need no notice.

    The price may fall to the highest of the firm's proposals of the last `months` months: a cut that is
    withdrawn meanwhile never happens. While `visible`, rivals see the price announced, not the one paid.
    """

    months: Months
    """Notice, months."""
    visible: bool = True
    """Whether rivals see announced cuts before they take effect."""

    def see(self, view: View, desk: Desk) -> View:
        """Show rivals' announced prices in the newest month known."""
        if not self.visible or "announced" not in desk.memory:
            return view
        rival = (desk.landscape.firm_of != view.firm) & desk.before.on_sale
        newest = np.where(rival, np.minimum(view.seen[-1], desk.memory["announced"][-1]), view.seen[-1])
        return _with_newest(view, newest)

    def lowest(self, offers: Offers, desk: Desk) -> Floats:
        """(J,) highest proposal of the months of notice."""
        history = desk.memory.get("announced", [desk.before.price] * self.months)
        desk.memory["announced"] = [*history, offers.price][-self.months :]
        return np.where(desk.before.on_sale, np.max(history, axis=0), -np.inf)


class CoolingOff(Enforced):
    """After a cut no further cut of the same product for some months."""

    months: Months
    """Months without a further cut."""
    ignore: Share = 0.0
    """Cuts of less than this fraction do not count."""

    def lowest(self, offers: Offers, desk: Desk) -> Floats:
        """(J,) last month's price of products that were cut not long ago."""
        last: Floats = desk.memory.get("last cut", np.full(len(offers.price), -np.inf))
        cooling = (desk.period - last <= self.months) & desk.before.on_sale
        return np.where(cooling, desk.before.price, -np.inf)

    def amend(self, offers: Offers, desk: Desk) -> Offers:
        """Undo cuts that come too soon; remember those that remain."""
        amended = super().amend(offers, desk)
        least = desk.before.price * (1.0 - max(self.ignore, ROUNDING))
        cut = (amended.price < least) & desk.before.on_sale & amended.on_sale
        last = desk.memory.get("last cut", np.full(len(offers.price), -np.inf))
        desk.memory["last cut"] = np.where(cut, desk.period, last)
        return amended


class PriceProtection(Addressed):
    """Buyers of the last months get back what the price has fallen since, as most-favoured customers.

    Each month a firm that complies pays every protected buyer the difference between the lowest price they
    have been settled at and today's. Buyers are protected once their unit is delivered; an open order has
    its own settlement. This month's buyers count on the mean paid back per protected unit this month
    (`Offers.rebate`). Firms that set prices by best response foresee the cost of a cut.
    """

    months: Months = 3
    """Months for which a buyer is protected."""
    share: Share = 1.0
    """Share of the fall that is paid back."""
    foreseen: bool = True
    """Whether best responses count the cost of a cut."""

    def see(self, view: View, desk: Desk) -> View:
        """Let the best response reckon with protected buyers: it has a kink at the price they paid.

        Below the price paid each further unit of money is also owed to the N protected buyers, as if a unit
        cost N / q times its margin more, where q is units a period.
        """
        cohorts = _protected(desk, self.months)
        if not self.foreseen or not cohorts or not self.complying(desk)[view.firm]:
            return view
        cars = self.share * np.sum([units for _, units, _ in cohorts], axis=0)[view.own]
        prices = [np.where(units > 0, price, np.inf) for _, units, price in cohorts]
        paid = np.min(prices, axis=0)[view.own]
        respond = view.respond

        def kinked(value: Floats) -> Floats:
            free = respond(value)
            margin = np.maximum(view.price / (1.0 + view.vat) - value, 0.0)
            owing = respond(value + cars / np.maximum(view.units, 1.0) * margin)
            return np.where(free >= paid, free, np.clip(owing, free, paid))

        return view.but(respond=kinked)

    def amend(self, offers: Offers, desk: Desk) -> Offers:
        """Work out what is owed, and what this month's buyers will expect to get back."""
        cohorts = _protected(desk, self.months)
        price = np.where(offers.on_sale, offers.price, np.inf)
        complies = self.complying(desk)[desk.landscape.firm_of]
        cars = np.where(complies, np.sum([units for _, units, _ in cohorts], axis=0), 0.0)
        owed = np.zeros(len(price))
        for _, units, paid in cohorts:
            owed += np.where(complies, self.share * units * np.maximum(paid - price, 0.0), 0.0)
        desk.memory["cohorts"] = [(month, units, np.minimum(paid, price)) for month, units, paid in cohorts]
        desk.memory["owed"] = owed
        if not owed.any():
            return offers
        return offers.but(
            rebate=offers.rebate + np.divide(owed, cars, out=np.zeros_like(owed), where=cars > 0)
        )

    def settle(self, accounts: Accounts, desk: Desk) -> Accounts:
        """Pay it out of this month's revenue, net of VAT."""
        owed: Floats | None = desk.memory.get("owed")
        if owed is None or not owed.any():
            return accounts
        return accounts.but(
            revenue=accounts.revenue - desk.landscape.by_firm(owed) / (1.0 + desk.vat),
            protection=accounts.protection + owed,
        )


class DiscountDisclosure(Addressed):
    """Firms publish what buyers really paid last month: rivals see it at once and exactly.

    It removes the scenario's lag and noise from the newest row of `View.seen`, for the products of firms
    that comply.
    """

    def see(self, view: View, desk: Desk) -> View:
        """Put true transaction prices of last month in the newest row."""
        shown = self.complying(desk)[desk.landscape.firm_of] & desk.before.on_sale
        return _with_newest(view, np.where(shown, desk.before.price, view.seen[-1]))


class PaymentRule(Addressed):
    """Suppliers are paid within a number of days, reached step by step."""

    days: Annotated[float, Field(ge=0.0)] = 60.0
    """Longest term allowed, days."""
    months: Months = 1
    """Months in which a firm comes down to it in equal steps; 1: at once."""

    def settle(self, accounts: Accounts, desk: Desk) -> Accounts:
        """Shorten the terms of complying firms that pay later than allowed."""
        start: Floats = desk.memory.setdefault("days at start", accounts.payable_days)
        share = min(1.0, (desk.elapsed + 1) / self.months)
        cap = start - share * np.maximum(start - self.days, 0.0)
        late = self.complying(desk) & (accounts.payable_days > cap)
        if not late.any():
            return accounts
        return accounts.but(payable_days=np.where(late, cap, accounts.payable_days))


def _with_newest(view: View, newest: Floats) -> View:
    if np.array_equal(newest, view.seen[-1]):
        return view
    return view.but(seen=np.vstack([view.seen[:-1], newest]))


Cohort = tuple[int, Floats, Floats]
"""Month of delivery, units (J,) and the price (J,) they have been settled at."""


def _protected(desk: Desk, months: int) -> list[Cohort]:
    """Units delivered in the last months under the measure, oldest first, by the price that they paid."""
    cohorts: list[Cohort] = desk.memory.get("cohorts", [])
    counted = desk.memory.get("counted", desk.period - 1)
    if desk.last_sales is not None and desk.elapsed >= 1 and counted < desk.period:
        lots = desk.last_sales.bookings
        sold = zip(lots.cars, lots.price, strict=True)
        new = [(desk.period, cars, price) for cars, price in sold if cars.any()]
        cohorts = [cohort for cohort in cohorts if cohort[0] > desk.period - months] + new
        desk.memory["counted"], desk.memory["cohorts"] = desk.period, cohorts
    return cohorts
