"""What is still to come of an order book: money of orders that are open when a run begins or ends.

Surplus is counted when a car is ordered, profit and taxes when it is delivered. A run that ends with a long
order book would count the gain of these orders' buyers and not what their cars will cost the makers. So
these orders are accrued, as if all were delivered on the terms and at the costs of the last month. The book
with which the run began is accrued in the same way, at the terms and costs of the start, and is to be
subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewar.base.book import OrderBook, Settlement, Terms
from pricewar.base.records import Floats, Record


@dataclass(frozen=True)
class Accrual(Record):
    """What the open orders of each product come to; money in CNY."""

    cars: Floats
    """(J,) orders not delivered."""
    value: Floats
    """(J,) at the prices of the orders, incl. VAT."""
    refunds: Floats
    """(J,) given back to their buyers at today's prices."""
    margin: Floats
    """(J,) of the makers: money paid net of VAT less variable cost."""
    supplier_margin: Floats
    """(J,) of the suppliers on the parts of these cars."""
    fiscal_cost: Floats
    """(J,) subsidies less taxes, less VAT."""
    surplus: Floats
    """(G, J) what buyers will get beyond what they counted on: refunds, the state's terms of today; less
    rebates that they hoped for."""


def accrue(
    book: OrderBook,
    now: Terms,
    settlement: Settlement,
    variable_cost: Floats,
    supplier_margin: Floats,
    vat: float,
) -> Accrual:
    """Settle a whole order book at once.

    Args:
        book: the open orders.
        now: terms on which they would be delivered.
        settlement: which price they pay.
        variable_cost: (J,) what one more car adds to cost, ex VAT.
        supplier_margin: (J,) what suppliers earn on one more car.
        vat: value added tax contained in prices.
    """
    invoice = book.invoice(book.cars, now, settlement)
    cars, net = book.open, (book.value - invoice.refunds) / (1.0 + vat)
    return Accrual(
        cars=cars,
        value=book.value,
        refunds=invoice.refunds,
        margin=net - cars * variable_cost,
        supplier_margin=cars * supplier_margin,
        fiscal_cost=invoice.state_paid - vat * net,
        surplus=invoice.gained,
    )


def welfare(accrual: Accrual) -> Floats:
    """(J,) what the open orders add to welfare."""
    private = accrual.margin + accrual.supplier_margin + accrual.surplus.sum(axis=-2)
    return np.asarray(private - accrual.fiscal_cost)
