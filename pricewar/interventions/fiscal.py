"""Money between the state, buyers and firms."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from pricewar.base.calendar_time import Stated
from pricewar.base.clock import Clock
from pricewar.base.fields import Factor, Money, Segments, Selection, Share, named
from pricewar.base.records import Accounts, Floats, Offers, View
from pricewar.base.sums import dot

from .base import Desk, Intervention

Notice = Annotated[int, Field(ge=0), Stated.LENGTH]


class TradeInSubsidy(Intervention):
    """The state pays buyers who hand in an old one, until the budget is used up.

    A unit gets `amount`, or `share` of its price up to `amount`. `takeup` of the buyers have a unit to hand
    in; the record carries the mean over all buyers of a product. What was spent is counted on units
    delivered last month, so the last month may overdraw the budget by that month's payments.
    """

    amount: Money
    """Money a unit; with `share`, the most that a unit can get."""
    share: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    """Payment as a fraction of the transaction price; None: the flat amount."""
    takeup: Share = 1.0
    """Fraction of buyers who qualify."""
    budget: Money | None = None
    """Money in all; None: no limit."""
    price_cap: Factor | None = None
    """Units that cost more than this get nothing, money incl. VAT; None: no limit."""
    firms: Selection = "all"
    """Which firms: "all" or a list of ids."""
    segments: Segments = "all"
    """Which size classes: "all" or a list."""
    notice: Notice = 0
    """Months before `end` from which buyers reckon with the end, so that some hurry."""

    def amend(self, offers: Offers, desk: Desk) -> Offers:
        """Add the payment to the offers while there is money."""
        spent = self._spent(desk)
        broke = self.budget is not None and spent >= self.budget
        granted = np.zeros_like(offers.subsidy) if broke else self._per_car(offers, desk)
        desk.memory["granted"] = granted
        if not granted.any():
            return offers
        paid = offers.but(subsidy=offers.subsidy + granted)
        return foretold(paid, granted) if self._ends_soon(desk) else paid

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
            paid = dot(granted, desk.last_sales.units)
            desk.memory["spent"] = desk.memory.get("spent", 0.0) + paid
        return float(desk.memory.get("spent", 0.0))

    def _ends_soon(self, desk: Desk) -> bool:
        last = self.last(desk.clock)
        return last is not None and last - desk.period < self.notice

    def names(self) -> tuple[tuple[str, str], ...]:
        """The firms named."""
        return named("firms", self.firms)


class PurchaseTax(Intervention):
    """Buyers pay a tax on the net price; a relief lowers its rate, up to a cap.

    tax = statutory x net - min((statutory - rate) x net, relief_cap), with net = price / (1 + VAT). With
    `notice` buyers know of it that many months before it starts.
    """

    statutory: Share = 0.10
    """Rate without relief, fraction of the net price."""
    rate: Share = 0.05
    """Rate with relief."""
    relief_cap: Money | None = None
    """Most that the relief can be worth, money a unit; None: no cap."""
    firms: Selection = "all"
    """Which firms: "all" or a list of ids."""
    segments: Segments = "all"
    """Which size classes: "all" or a list."""
    notice: Notice = 0
    """Months before `start` from which buyers reckon with the tax."""

    @model_validator(mode="after")
    def _relief_lowers(self) -> Self:
        if self.rate > self.statutory:
            raise ValueError(f"rate {self.rate:g} must not exceed the statutory rate {self.statutory:g}")
        if self.notice and self.start is None and self.period is None:
            raise ValueError("notice needs a start month")
        return self

    def active(self, clock: Clock | str, period: int) -> bool:
        """Whether it is in force, or known to come."""
        return super().active(clock, period) or 0 < (self.begins(clock) or 0) - period <= self.notice

    def amend(self, offers: Offers, desk: Desk) -> Offers:
        """Add the tax, or the knowledge of it."""
        covered = offers.on_sale & desk.landscape.products_in(self.firms, segments=self.segments)
        tax = np.where(covered, self.due(offers.price / (1.0 + desk.vat)), 0.0)
        if not tax.any():
            return offers
        to_come = (self.begins(desk.clock) or 0) > desk.period
        return foretold(offers, tax) if to_come else offers.but(tax=offers.tax + tax)

    def due(self, net: Floats) -> Floats:
        """Tax on net prices, money a unit."""
        relief = (self.statutory - self.rate) * net
        return self.statutory * net - (
            relief if self.relief_cap is None else np.minimum(relief, self.relief_cap)
        )

    def names(self) -> tuple[tuple[str, str], ...]:
        """The firms named."""
        return named("firms", self.firms)


class WindfallLevy(Intervention):
    """The state takes a share of monthly operating profit above a threshold; losses give nothing back."""

    rate: Share
    """Share of the excess profit."""
    threshold: Money = 0.0
    """Operating profit a period that stays free, money a firm."""
    firms: Selection = "all"
    """Which firms: "all" or a list of ids."""

    def settle(self, accounts: Accounts, desk: Desk) -> Accounts:
        """Add the levy to the accounts."""
        excess = np.maximum(accounts.operating_profit - self.threshold, 0.0)
        levy = np.where(desk.landscape.firms_in(self.firms), self.rate * excess, 0.0)
        return accounts.but(levy=accounts.levy + levy) if levy.any() else accounts

    def names(self) -> tuple[tuple[str, str], ...]:
        """The firms named."""
        return named("firms", self.firms)


class CapacityPermit(Intervention):
    """Each firm may make so many units a period; beyond that it pays a charge a unit.

    A firm plans as if its capacity ended at the permit. If it sold more than that last month, the charge is
    part of its unit cost. The bill for last month's units comes this month.
    """

    factor: Factor = 1.0
    """Permit as a multiple of the firm's sales before the first period."""
    charge: Money = 0.0
    """Money for each unit above the permit."""
    firms: Selection = "all"
    """Which firms: "all" or a list of ids."""

    def permits(self, desk: Desk) -> Floats:
        """(F,) units a period; infinite for firms that need none, and for those that sold nothing before."""
        land = desk.landscape
        before = land.by_firm(land.start_units)
        return np.where(land.firms_in(self.firms) & (before > 0), self.factor * before, np.inf)

    def see(self, view: View, desk: Desk) -> View:
        """Show the permit as capacity, and the charge as cost to a firm that is above it."""
        permit = float(self.permits(desk)[view.firm])
        above = self.charge > 0 and self._excess(desk)[view.firm] > 0
        if view.capacity <= permit and not above:
            return view
        charge = self.charge if above else 0.0
        dearer = {name: getattr(view, name) + charge for name in ("unit_cost", "variable_cost", "full_cost")}
        return view.but(capacity=min(view.capacity, permit), **dearer)

    def settle(self, accounts: Accounts, desk: Desk) -> Accounts:
        """Charge for last month's units above the permit."""
        bill = self.charge * self._excess(desk)
        return accounts.but(levy=accounts.levy + bill) if bill.any() else accounts

    def _excess(self, desk: Desk) -> Floats:
        count = len(desk.landscape.firms)
        if desk.last_sales is None or desk.elapsed < 1:
            return np.zeros(count)
        sold = desk.landscape.by_firm(desk.last_sales.units)
        return np.maximum(sold - self.permits(desk), 0.0)

    def names(self) -> tuple[tuple[str, str], ...]:
        """The firms named."""
        return named("firms", self.firms)


def foretold(offers: Offers, rise: Floats) -> Offers:
    """The same offers with a rise of the price that buyers know will come, (J,) money."""
    known = rise if offers.known_rise is None else offers.known_rise + rise
    return offers.but(known_rise=known)
