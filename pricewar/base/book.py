"""The order book: open orders by the month in which they were placed, first in, first out.

An order keeps what was agreed: price, subsidy, tax, rebate. What a car pays in the end is settled when it is
delivered. V months of order, oldest first; J products; G income groups of buyers. Money in CNY incl. VAT.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, Self

import numpy as np

from .arrays import Flags, Floats, Ints, Record
from .sums import total
from .together import PerRun, number

Settlement = Literal["lower", "order", "delivery"]
"""Which price a delivered car pays: the lower of the two, that of the order, or that of its delivery."""
DUST = 1e-12
"""Share of a product's book below which what is left of a month of order is rounding, not cars."""


@dataclass(frozen=True)
class Terms(Record):
    """What is offered, (J,): the terms that an order agrees on and at which a delivery is invoiced."""

    price: Floats
    subsidy: Floats
    tax: Floats
    rebate: Floats
    on_sale: Flags


@dataclass(frozen=True)
class Bookings(Record):
    """What the order book did in one month."""

    order_value: Floats
    """(J,) orders taken, at their price."""
    cars: Floats
    """(V, J) cars delivered, by month of order."""
    price: Floats
    """(V, J) price that each of them paid."""
    by_group: Floats
    """(G, J) cars delivered, by income group of the buyer."""
    refunds: Floats
    """(J,) price of the order less price paid, summed over cars delivered; negative where more was paid."""
    state_paid: Floats
    """(J,) subsidies less taxes of the cars delivered, from the state to their buyers."""
    voided: Floats
    """(J,) orders cancelled, or voided because the maker left, cars."""
    voided_value: Floats
    """(J,) the same at the price of the order."""
    value: Floats
    """(J,) open orders at their prices, end of month."""
    afterwards: Floats
    """(G,) what buyers got in this month beyond what they had counted on when they ordered, CNY: refunds,
    subsidies and taxes as invoiced; less rebates that they had hoped for; less what voided orders were worth
    to them."""
    surprise: PerRun
    """Subsidies less taxes as invoiced beyond what buyers counted on when they ordered, CNY."""
    waited: PerRun
    """Months from order to delivery, summed over cars delivered."""

    @property
    def paid(self) -> Floats:
        """(J,) money paid for the cars delivered."""
        return np.asarray((self.cars * self.price).sum(axis=-2))

    @classmethod
    def at_once(cls, units: Floats, price: Floats) -> Self:
        """A month in which all that is ordered is delivered, without a state and without a book."""
        zero = np.zeros(len(units))
        return cls(
            order_value=units * price, cars=units[None], price=price[None], by_group=units[None],
            refunds=zero, state_paid=zero, voided=zero, voided_value=zero, value=zero,
            afterwards=np.zeros(0), surprise=0.0, waited=0.0,
        )  # fmt: skip


@dataclass(frozen=True)
class Voided(Record):
    """Orders that were cancelled or voided and have not been reported yet."""

    cars: Floats
    """(J,)"""
    value: Floats
    """(J,) at the price of the order."""
    worth: Floats
    """(G,) surplus that their buyers had been credited with when they ordered."""

    def __add__(self, other: Voided) -> Voided:
        """Both together."""
        return Voided(self.cars + other.cars, self.value + other.value, self.worth + other.worth)

    @classmethod
    def none(cls, products: int | tuple[int, ...], groups: int | tuple[int, ...]) -> Self:
        """Nothing voided: zeros of these shapes, (J,) and (G,), or of S runs (S, J) and (S, G)."""
        return cls(np.zeros(products), np.zeros(products), np.zeros(groups))


@dataclass(frozen=True)
class OrderBook(Record):
    """Open orders of all products by month of order."""

    shared: ClassVar[frozenset[str]] = frozenset({"month"})

    month: Ints
    """(V,) period in which they were placed; negative before the first month."""
    cars: Floats
    """(V, J) cars not yet delivered."""
    agreed: Floats
    """(V, 4, J) price agreed, subsidy that buyers counted on, tax that they reckoned with, rebate that they
    expected back from the maker later: one array, because the book is rebuilt each month."""
    groups: Floats
    """(V, G, J) shares of the income groups among those who ordered; they sum to one over G."""
    worth: Floats
    """(V, G) surplus credited for each order, CNY a car."""

    @property
    def price(self) -> Floats:
        """(V, J) transaction price agreed."""
        return self.agreed[..., 0, :]

    @cached_property
    def open(self) -> Floats:
        """(J,) cars ordered and not delivered."""
        return np.asarray(self.cars.sum(axis=-2))

    @cached_property
    def value(self) -> Floats:
        """(J,) open orders at their prices."""
        return np.asarray((self.cars * self.price).sum(axis=-2))

    @classmethod
    def opening(cls, backlog: Floats, monthly: Floats, terms: Terms, groups: Floats, worth: Floats) -> Self:
        """The book before the first month; all of it has the terms of the start.

        Args:
            backlog: (J,) open orders.
            monthly: (J,) orders a month; the book holds those of the months just past.
            terms: of the start.
            groups: (G, J) shares of the income groups among buyers at the start.
            worth: (G,) surplus of a buyer at the start, CNY a car.
        """
        lead = np.divide(backlog, monthly, out=np.zeros_like(backlog), where=monthly > 0)
        length = int(np.ceil(lead.max(initial=0.0) - 1e-9))
        month = np.arange(-length, 0)
        cars = np.clip(backlog + (month[:, None] + 1) * monthly, 0.0, monthly)
        cars = np.where(monthly > 0, cars, 0.0)

        def each(values: Floats) -> Floats:
            return np.tile(values, (length, *([1] * values.ndim)))

        return cls(
            month=month, cars=cars, agreed=each(_agreed(terms)), groups=each(groups), worth=each(worth)
        )

    def ordered(self, period: int, orders: Floats, terms: Terms, groups: Floats, worth: Floats) -> OrderBook:
        """The book with one more month of orders (J,), by groups (G, J), worth (G,) a car."""
        join = np.concatenate
        return OrderBook(
            month=np.append(self.month, period),
            cars=join([self.cars, orders[..., None, :]], axis=-2),
            agreed=join([self.agreed, _agreed(terms)[..., None, :, :]], axis=-3),
            groups=join([self.groups, groups[..., None, :, :]], axis=-3),
            worth=join([self.worth, worth[..., None, :]], axis=-2),
        )

    def void(self, share: Floats) -> tuple[OrderBook, Voided]:
        """The book without a share (J,) of all open orders, and what was taken out."""
        lost = self.cars * share[..., None, :]
        gone = Voided(
            lost.sum(axis=-2),
            (lost * self.price).sum(axis=-2),
            np.einsum("...vj,...vgj,...vg->...g", lost, self.groups, self.worth),
        )
        return self.but(cars=self.cars - lost), gone

    def take(self, units: Floats) -> tuple[OrderBook, Floats]:
        """Deliver cars (J,), oldest orders first.

        Returns:
            The book without them, and (V, J) the cars delivered by month of order.
        """
        through = np.cumsum(self.cars, axis=-2)
        left = np.maximum(np.minimum(self.cars, through - units[..., None, :]), 0.0)
        left[left < DUST * self.open[..., None, :]] = 0.0
        of_runs = np.atleast_2d(np.asarray(left.any(axis=-1)))
        held = np.asarray(of_runs.any(axis=0)).reshape(-1)  # in any of the runs that step together
        first = int(np.argmax(held)) if held.any() else len(held)
        rest = OrderBook(
            month=self.month[first:],
            cars=left[..., first:, :],
            agreed=self.agreed[..., first:, :, :],
            groups=self.groups[..., first:, :, :],
            worth=self.worth[..., first:, :],
        )
        return rest, self.cars - left

    def invoice(self, cars: Floats, now: Terms, settlement: Settlement) -> Invoice:
        """What cars (V, J) of this book pay, get and lose if they are delivered on the terms of now."""
        now = now.but(**{name: getattr(now, name)[..., None, :] for name in now.__dict__})
        paid = agreed_price(self.price, now, settlement)
        back = cars * (self.price - paid)
        refunds = back.sum(axis=-2)
        subsidy, tax, rebate = (self.agreed[..., k, :] for k in (1, 2, 3))
        if not (
            self.agreed[..., 1:, :].any() or now.subsidy.any() or now.tax.any()
        ):  # the usual case: no state in it
            gained = np.einsum("...vj,...vgj->...gj", back, self.groups)
            nothing = np.zeros_like(refunds)
            return Invoice(paid, refunds, nothing, gained, total(nothing))
        state = cars * (np.where(now.on_sale, now.subsidy, subsidy) - np.where(now.on_sale, now.tax, tax))
        surprise = state - cars * (subsidy - tax)
        gained = np.einsum("...vj,...vgj->...gj", back + surprise - cars * rebate, self.groups)
        return Invoice(paid, refunds, state.sum(axis=-2), gained, total(surprise.sum(axis=-2)))


def _in_turn(values: Floats) -> PerRun:
    """Sum over months of order (V,), one after the other: empty months at the head change no digit."""
    return number(np.cumsum(values, axis=-1)[..., -1])


def _agreed(terms: Terms) -> Floats:
    return np.stack([terms.price, terms.subsidy, terms.tax, terms.rebate], axis=-2)


@dataclass(frozen=True)
class Invoice(Record):
    """What a delivery comes to."""

    price: Floats
    """(V, J) price paid a car."""
    refunds: Floats
    """(J,) price of the order less price paid."""
    state_paid: Floats
    """(J,) subsidies less taxes as invoiced."""
    gained: Floats
    """(G, J) what buyers get beyond what they counted on: refunds, the state's surprise, less rebates."""
    surprise: PerRun
    """Subsidies less taxes as invoiced beyond what buyers had counted on."""


def agreed_price(order: Floats, now: Terms, settlement: Settlement) -> Floats:
    """(V, J) price that a car pays if it was ordered at `order` and is delivered now, on terms (1, J).

    A product that is no longer on sale has no price of today. Its cars pay the price of the order, except
    under "delivery", which takes the last price.
    """
    if settlement == "order":
        return order
    if settlement == "delivery":
        return np.broadcast_to(now.price, order.shape)
    return np.where(now.on_sale, np.minimum(order, now.price), order)


def deliver(
    book: OrderBook,
    units: Floats,
    now: Terms,
    period: int,
    settlement: Settlement,
    order_value: Floats,
    voided: Voided,
) -> tuple[OrderBook, Bookings]:
    """Deliver cars (J,) from a book that already contains this month's orders, and settle them.

    Args:
        book: with the orders of `period` in it.
        units: (J,) cars delivered.
        now: terms of this month.
        period: this month.
        settlement: which price they pay.
        order_value: (J,) orders taken this month, at their price.
        voided: what was cancelled or voided since last month.
    """
    after, cars = book.take(units)
    invoice = book.invoice(cars, now, settlement)
    bookings = Bookings(
        order_value=order_value,
        cars=cars,
        price=invoice.price,
        by_group=np.einsum("...vj,...vgj->...gj", cars, book.groups),
        refunds=invoice.refunds,
        state_paid=invoice.state_paid,
        voided=voided.cars,
        voided_value=voided.value,
        value=after.value,
        afterwards=invoice.gained.sum(axis=-1) - voided.worth,
        surprise=invoice.surprise,
        waited=_in_turn(cars.sum(axis=-1) * (period - book.month)),
    )
    return after, bookings
