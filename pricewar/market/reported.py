"""What is reported of a month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pricewar.base.records import Accounts, Flags, Floats, Offers, Record, Sales
from pricewar.base.together import PerRun

from . import settling

if TYPE_CHECKING:
    from .model import PriceWar


@dataclass(frozen=True)
class Month(Record):
    """Everything of one month that is reported."""

    offers: Offers
    sales: Sales
    accounts: Accounts
    unit_cost: Floats
    reference: Floats
    """(J,) reference price of each product: below it lies a cut."""
    cost_index: Floats
    """(J,) what is published of cost in the product's segment, start = 1."""
    surplus: Floats
    """(G,) of the month's orders, with what buyers of earlier orders got beyond what they counted on."""
    petrol_profit: PerRun
    petrol_taxes: PerRun
    active: Flags
    brand: Floats
    capacity: Floats
    supplier_profit: PerRun
    suppliers_failed: PerRun
    fiscal_cost: PerRun


def month_of(
    model: PriceWar,
    offers: Offers,
    sales: Sales,
    accounts: Accounts,
    supplied: tuple[PerRun, ...],
    protected: Floats,
) -> Month:
    """The month that ends.

    Args:
        model: the market, before anybody remembers the month.
        offers, sales, accounts: of the month.
        supplied: profit of suppliers, CNY, and the share of them that failed.
        protected: (G,) what earlier buyers got back.
    """
    state, market = model.state, model.setting.market
    return Month(
        offers=offers,
        sales=sales,
        accounts=accounts,
        unit_cost=state.unit_cost,
        reference=model.reference.own,
        cost_index=model.reference.index,
        surplus=sales.surplus + sales.bookings.afterwards + protected,
        petrol_profit=settling.petrol_profit(sales, market),
        petrol_taxes=settling.petrol_taxes(sales, market),
        active=state.active.copy(),
        brand=state.brand,
        capacity=state.capacity * state.supply * state.active,
        supplier_profit=supplied[0],
        suppliers_failed=supplied[1],
        fiscal_cost=settling.fiscal_cost(sales, accounts, market),
    )
