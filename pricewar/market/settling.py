"""The order book in a run: filled at the start, settled each month, accrued at the end; taxes and subsidies.

Money in CNY; G income groups, J products.
"""

from __future__ import annotations

import numpy as np

from pricewar.base.book import Bookings, OrderBook, Terms, Voided, deliver
from pricewar.base.records import Accounts, Floats, Offers, Sales
from pricewar.base.state import State
from pricewar.base.sums import times, total
from pricewar.base.together import PerRun
from pricewar.scenario.parts import MarketSpec
from pricewar.scenario.tree import Scenario

from .accrual import Accrual, accrue


def open_book(state: State, terms: Terms, groups: Floats, surplus: Floats, deposit: float) -> None:
    """Fill the order book with what was ordered before the first month, on the start's terms.

    Args:
        state: with its backlog.
        terms: of the start.
        groups: (G, J) shares of the income groups among those who choose each product at the start.
        surplus: (G,) surplus of a month's buyers at the start, CNY.
        deposit: share of the price that was paid with the order.
    """
    units = state.landscape.start_units
    worth = surplus_a_car(surplus, groups, units)
    state.book = OrderBook.opening(state.backlog, units, terms, groups, worth)
    state.deposits = deposit * state.landscape.by_firm(state.book.value)
    state.owners = groups * units


def surplus_a_car(surplus: Floats, groups: Floats, orders: Floats) -> Floats:
    """(G,) surplus of a month's buyers for each car they order, by income group, CNY."""
    cars = times(groups, orders[..., None, :])
    return np.divide(surplus, cars, out=np.zeros_like(surplus), where=cars > 0)


def cancel(state: State, rate: float) -> None:
    """Let buyers cancel a share of all open orders."""
    if rate > 0:
        state.book, gone = state.book.void(np.full(state.backlog.shape, rate))
        state.voided = state.voided + gone
        state.backlog = state.backlog * (1.0 - rate)


def book_month(
    state: State,
    offers: Offers,
    orders: Floats,
    units: Floats,
    groups: Floats,
    worth: Floats,
    market: MarketSpec,
) -> Bookings:
    """Book a month's orders and settle the cars that are delivered, oldest orders first.

    Args:
        state: whose book is moved on.
        offers: of the month.
        orders: (J,) cars ordered.
        units: (J,) cars delivered.
        groups: (G, J) shares of the income groups among those who choose each product.
        worth: (G,) surplus of the month's orders.
        market: for the settlement.
    """
    now, a_car = offers.terms, surplus_a_car(worth, groups, orders)
    book = state.book.ordered(offers.period, orders, now, groups, a_car)
    state.book, bookings = deliver(
        book, units, now, offers.period, market.settlement, orders * offers.price, state.voided
    )
    state.voided = Voided.none(orders.shape, worth.shape)
    return bookings


def accruals(
    scenario: Scenario,
    start: tuple[OrderBook, Terms, Floats],
    end: tuple[OrderBook, Terms, Floats],
    squeezed: Floats,
    overhead: Floats,
) -> dict[str, Accrual]:
    """What the order book of the start, "opening", and that of the end, "closing", come to.

    Args:
        scenario: for settlement, VAT and the suppliers' margins.
        start: book, terms and unit cost (J,) before the first month.
        end: the same after the last.
        squeezed: (J,) what suppliers gave up on each car of the last month.
        overhead: (J,) the part of unit cost that a car adds nothing to.
    """
    market, chain = scenario.market, scenario.supply_chain
    earned = chain.purchased_share * sum(group.share * group.margin for group in chain.groups.values())
    margins = {"opening": earned * start[2], "closing": earned * (end[2] + squeezed) - squeezed}
    return {
        name: accrue(book, terms, market.settlement, cost - overhead, margins[name], market.vat)
        for name, (book, terms, cost) in {"opening": start, "closing": end}.items()
    }


def protection(state: State, sales: Sales, accounts: Accounts) -> Floats:
    """(G,) what a measure of price protection pays earlier buyers, CNY, by income group of the owners.

    This month's deliveries join the owners afterwards: buyers who take a car now are not paid back yet.
    """
    owners = state.owners / np.maximum(state.owners.sum(axis=-2, keepdims=True), 1e-300)
    state.owners = state.owners + sales.bookings.by_group
    return times(owners, accounts.protection[..., None, :])


def petrol_profit(sales: Sales, market: MarketSpec) -> PerRun:
    """Gross margin of all makers on the month's petrol cars, CNY."""
    return sales.petrol * market.petrol_margin * market.petrol_price / (1.0 + market.vat)


def petrol_taxes(sales: Sales, market: MarketSpec) -> PerRun:
    """VAT and purchase tax on the month's petrol cars, CNY."""
    rate = market.vat + market.petrol_purchase_tax
    return sales.petrol * rate * market.petrol_price / (1.0 + market.vat)


def fiscal_cost(sales: Sales, accounts: Accounts, market: MarketSpec) -> PerRun:
    """What the month costs the state: subsidies less VAT, purchase tax, fines and levies, CNY.

    Taxes on petrol cars count too. The state settles by the month of delivery.
    """
    from_firms = market.vat * accounts.revenue + accounts.fines + accounts.levy
    taxed = total(from_firms) + petrol_taxes(sales, market)
    return total(sales.bookings.state_paid) - taxed
