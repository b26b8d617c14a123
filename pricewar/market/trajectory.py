"""One run as arrays: what all tables, books, legal lines and metrics of a run read.

T months, J products in the order of the landscape, F firms, G income groups; money in CNY. All that is
derived works on the last axes, so that runs that step together are one trajectory with a leading axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pricewar.base.arrays import Flags, Floats, Record
from pricewar.base.landscape import Landscape
from pricewar.base.shares import ratio
from pricewar.results import metrics

from .reported import Month

if TYPE_CHECKING:
    from .model import PriceWar

_PRODUCTS: Final = "products"
_FIRMS: Final = "firms"


def _product(path: str, kind: type = float) -> dict[str, Any]:
    """A (T, J) array of what lies at a path of a `Month`."""
    return {"path": path, "width": _PRODUCTS, "kind": kind}


def _firm(path: str, kind: type = float) -> dict[str, Any]:
    """A (T, F) array of what lies at a path of a `Month`."""
    return {"path": path, "width": _FIRMS, "kind": kind}


def _month(path: str) -> dict[str, Any]:
    """A (T,) array, or (T, G), of what lies at a path of a `Month`."""
    return {"path": path, "width": "", "kind": float}


@dataclass(frozen=True)
class Trajectory(Record):
    """A run of T months; arrays are called as the columns of the tables are (`pricewar.results.schema`)."""

    landscape: Landscape
    vat: float
    """Value-added tax as a share of the net price."""
    overhead: Floats
    """(J,) the part of unit cost that does not vary with output."""

    list_price: Floats = field(metadata=_product("offers.list_price"))
    promotion: Floats = field(metadata=_product("offers.promotion"))
    price: Floats = field(metadata=_product("offers.price"))
    """(T, J) transaction price incl. VAT."""
    on_sale: Flags = field(metadata=_product("offers.on_sale", bool))
    subsidy: Floats = field(metadata=_product("offers.subsidy"))
    unit_cost: Floats = field(metadata=_product("unit_cost"))
    """(T, J) production cost of one more car, ex VAT."""
    reference_price: Floats = field(metadata=_product("reference"))
    """(T, J) below it lies a cut."""
    cost_index: Floats = field(metadata=_product("cost_index"))
    protection_paid: Floats = field(metadata=_product("accounts.protection"))
    units: Floats = field(metadata=_product("sales.units"))
    """(T, J) cars delivered."""
    orders: Floats = field(metadata=_product("sales.orders"))
    """(T, J) cars ordered at this month's price."""
    produced: Floats = field(metadata=_product("sales.produced"))
    backlog: Floats = field(metadata=_product("sales.backlog"))
    stock: Floats = field(metadata=_product("sales.stock"))
    order_value: Floats = field(metadata=_product("sales.bookings.order_value"))
    paid: Floats = field(metadata=_product("sales.bookings.paid"))
    """(T, J) paid for the cars delivered, incl. VAT."""
    refunds: Floats = field(metadata=_product("sales.bookings.refunds"))
    voided: Floats = field(metadata=_product("sales.bookings.voided"))
    voided_value: Floats = field(metadata=_product("sales.bookings.voided_value"))
    book_value: Floats = field(metadata=_product("sales.bookings.value"))

    active: Flags = field(metadata=_firm("active", bool))
    brand: Floats = field(metadata=_firm("brand"))
    capacity: Floats = field(metadata=_firm("capacity"))
    revenue: Floats = field(metadata=_firm("accounts.revenue"))
    production_cost: Floats = field(metadata=_firm("accounts.production_cost"))
    gross_profit: Floats = field(metadata=_firm("accounts.gross_profit"))
    fixed_cost: Floats = field(metadata=_firm("accounts.fixed_cost"))
    operating_profit: Floats = field(metadata=_firm("accounts.operating_profit"))
    cash: Floats = field(metadata=_firm("accounts.cash"))
    payables: Floats = field(metadata=_firm("accounts.payables"))
    payable_days: Floats = field(metadata=_firm("accounts.payable_days"))
    inventory: Floats = field(metadata=_firm("accounts.inventory"))
    deposits: Floats = field(metadata=_firm("accounts.deposits"))

    shoppers: Floats = field(metadata=_month("sales.shoppers"))
    arrivals: Floats = field(metadata=_month("sales.arrivals"))
    waiting: Floats = field(metadata=_month("sales.waiting"))
    waited: Floats = field(metadata=_month("sales.bookings.waited"))
    """(T,) months that buyers of the cars delivered had waited, added up."""
    state_surprise: Floats = field(metadata=_month("sales.bookings.surprise"))
    feels_cheap: Floats = field(metadata=_month("sales.feels_cheap"))
    petrol_units: Floats = field(metadata=_month("sales.petrol"))
    petrol_profit: Floats = field(metadata=_month("petrol_profit"))
    petrol_taxes: Floats = field(metadata=_month("petrol_taxes"))
    surplus: Floats = field(metadata=_month("surplus"))
    """(T, G) consumer surplus by income group."""
    supplier_profit: Floats = field(metadata=_month("supplier_profit"))
    suppliers_failed: Floats = field(metadata=_month("suppliers_failed"))
    fiscal_cost: Floats = field(metadata=_month("fiscal_cost"))

    @classmethod
    def of(cls, model: PriceWar) -> Trajectory:
        """The months that a model has run so far."""
        land = model.landscape
        widths = {_PRODUCTS: (len(land.products),), _FIRMS: (len(land.firms),)}
        runs = model.state.runs
        stacked = {name: _stack(model.history, *how, widths, runs) for name, how in _HOW.items()}
        return cls(land, model.setting.market.vat, model.calibration.overhead, **stacked)

    @cached_property
    def net_price(self) -> Floats:
        """(T, J) price offered, ex VAT: what legal lines are held to."""
        return self.price / (1.0 + self.vat)

    @cached_property
    def start_units(self) -> Floats:
        """(F,) cars a month before the first month."""
        return self.landscape.by_firm(self.landscape.start_units)

    @cached_property
    def paid_price(self) -> Floats:
        """(T, J) mean price paid for the cars delivered, incl. VAT; NaN without deliveries."""
        return ratio(self.paid, self.units)

    @cached_property
    def sold(self) -> Floats:
        """(T, F) cars delivered."""
        return self.landscape.by_firm(self.units)

    @cached_property
    def share(self) -> Floats:
        """(T, F) of all cars delivered; 0 in a month without deliveries."""
        return ratio(self.sold, self.sold.sum(axis=-1, keepdims=True), 0.0)

    @cached_property
    def price_change(self) -> Floats:
        """(T, F) price against the start, weighted by cars sold there, a fraction."""
        return self.landscape.price_change(self.price)

    @cached_property
    def cut_depth(self) -> Floats:
        """(T, F) depth of cuts below the reference prices, weighted likewise, a fraction."""
        return self.landscape.by_start_units(metrics.cut_depth(self.price, self.reference_price))

    @cached_property
    def depth(self) -> Floats:
        """(T, F) promotion over list price, weighted by cars delivered; 0 without deliveries."""
        promised, listed = self.units * self.promotion, self.units * self.list_price
        return ratio(self.landscape.by_firm(promised), self.landscape.by_firm(listed), 0.0)


_HOW: Final = {
    one.name: (attrgetter(one.metadata["path"]), one.metadata["width"], one.metadata["kind"])
    for one in fields(Trajectory)
    if one.metadata
}
"""Name of an array -> what gives it for a month, what it has one of, type of number."""


def _stack(
    months: Sequence[Month],
    get: attrgetter[Any],
    width: str,
    kind: type,
    widths: dict[str, tuple[int]],
    runs: int | None,
) -> Any:
    """(T, ...) one attribute over all months, (S, T, ...) of runs that step together; of no months an array
    that is as wide as it will be."""
    values: NDArray[Any] = np.array([get(month) for month in months], dtype=kind)
    if runs is not None:
        if values.ndim == 1:  # the same number in all runs
            values = np.repeat(values[:, None], runs, axis=1)
        return np.ascontiguousarray(np.moveaxis(values, 1, 0))
    return values.reshape(len(months), *widths[width]) if width else values
