"""What a run leaves behind: one `Month` per period, turned into the tables of `schema` at the end.

Columns are numpy arrays until somebody asks for a table: a set of runs gathers them and makes tables once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pricewar.base.records import Floats
from pricewar.campaigns.base import KINDS
from pricewar.results import metrics, schema
from pricewar.results.store import Columns, table

from .accrual import welfare
from .reported import Month

if TYPE_CHECKING:
    from .model import PriceWar


BOOK = {
    "order_value": "order_value",
    "refunds": "refunds",
    "voided": "voided",
    "voided_value": "voided_value",
    "book_value": "value",
}
"""Columns of the products table that are fields of `Bookings`."""


def tables(model: PriceWar) -> dict[str, pd.DataFrame]:
    """The products, firms, market, open_orders and log tables of one run."""
    return dict(Tables(model))


def columns(model: PriceWar) -> dict[str, Columns]:
    """The columns of the same tables."""
    return {name: _columns(model, name) for name in _COLUMNS}


def gather(runs: Sequence[Mapping[str, Columns]]) -> dict[str, Columns]:
    """The columns of many runs, one run after the other: `Results(**gather(...))` makes each table once.

    Args:
        runs: the columns of the tables of each run; a failed run has those of `runs` alone.
    """
    parts = {name: [run[name] for run in runs if name in run] for name in schema.SCHEMA}
    return {
        name: {column: np.concatenate([part[column] for part in found]) for column in found[0]}
        for name, found in parts.items()
        if found
    }


def _columns(model: PriceWar, name: str) -> Columns:
    """The columns of one table; before the first month a table with a row a month has none."""
    if not model.history and "period" in schema.columns(name):
        return {column: np.empty(0) for column in schema.columns(name)}
    return _COLUMNS[name](model)


class Tables(Mapping[str, pd.DataFrame]):
    """The tables of one run, each made when it is first asked for; the run must have ended."""

    def __init__(self, model: PriceWar) -> None:
        self._model = model
        self._columns: dict[str, Columns] = {}
        self._made: dict[str, pd.DataFrame] = {}

    def columns(self, name: str) -> Columns:
        """The columns of a table: a fifth of the cost of the table itself."""
        if name not in self._columns:
            self._columns[name] = _columns(self._model, name)
        return self._columns[name]

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._made:
            self._made[name] = table(name, self.columns(name))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_COLUMNS)

    def __len__(self) -> int:
        return len(_COLUMNS)


def _stack(months: list[Month], *path: str) -> Floats:
    """(T, ...) one attribute over all months."""
    first, *rest = path
    values = [getattr(month, first) for month in months]
    for name in rest:
        values = [getattr(value, name) for value in values]
    return np.array(values)


def _keys(model: PriceWar, width: int) -> dict[str, Any]:
    length = len(model.history)
    months = [model.setting.month(t) for t in range(length)]
    return {
        **_run_keys(model, length * width),
        "period": np.repeat(np.arange(length), width),
        "month": np.repeat(np.array(months, object), width),
    }


def _run_keys(model: PriceWar, rows: int) -> dict[str, Any]:
    return {
        "scenario": np.full(rows, model.setting.name, object),
        "seed": np.full(rows, model.seed_of_run, np.int64),
    }


def _names(names: Sequence[str]) -> NDArray[np.object_]:
    """Texts as references: a copy of a column copies no text."""
    return np.array(names, object)


def _products(model: PriceWar) -> Columns:
    history, landscape = model.history, model.landscape
    count, length = len(landscape.products), len(history)
    price = _stack(history, "offers", "price")
    columns = {
        **_keys(model, count),
        "firm": np.tile(_names(landscape.firms)[landscape.firm_of], length),
        "product": np.tile(_names(landscape.products), length),
        "segment": np.tile(_names(landscape.segments)[landscape.segment_of], length),
        "list_price": _stack(history, "offers", "list_price").ravel(),
        "promotion": _stack(history, "offers", "promotion").ravel(),
        "price": price.ravel(),
        "net_price": (price / (1.0 + model.setting.market.vat)).ravel(),
        "unit_cost": _stack(history, "unit_cost").ravel(),
        "reference_price": _stack(history, "reference").ravel(),
        "cost_index": _stack(history, "cost_index").ravel(),
        "protection_paid": _stack(history, "accounts", "protection").ravel(),
        "on_sale": _stack(history, "offers", "on_sale").ravel(),
        "subsidy": _stack(history, "offers", "subsidy").ravel(),
    }
    for name in ("units", "orders", "produced", "backlog", "stock"):
        columns[name] = _stack(history, "sales", name).ravel()
    for name, field in BOOK.items():
        columns[name] = _stack(history, "sales", "bookings", field).ravel()
    paid = _stack(history, "sales", "bookings", "paid").ravel()
    return columns | {"paid_price": _ratio(paid, columns["units"])}


def _firms(model: PriceWar) -> Columns:
    history, landscape = model.history, model.landscape
    units = model.landscape.by_firm(_stack(history, "sales", "units"))
    stock = model.landscape.by_firm(_stack(history, "sales", "stock"))
    profit, revenue = _stack(history, "accounts", "gross_profit"), _stack(history, "accounts", "revenue")
    land, price, reference = landscape, _stack(history, "offers", "price"), _stack(history, "reference")
    made = [firm.petrol_sales_share for firm in model.setting.firms.values()]
    total = units.sum(axis=1, keepdims=True)
    columns: dict[str, Any] = {
        **_keys(model, len(landscape.firms)),
        "firm": np.tile(_names(landscape.firms), len(history)),
        "active": _stack(history, "active").ravel(),
        "units": units.ravel(),
        "orders": model.landscape.by_firm(_stack(history, "sales", "orders")).ravel(),
        "share": np.divide(units, total, out=np.zeros_like(units), where=total > 0).ravel(),
        "gross_margin": _ratio(profit, revenue).ravel(),
        "stock": stock.ravel(),
        "stock_months": _ratio(stock, units).ravel(),
        "backlog": model.landscape.by_firm(_stack(history, "sales", "backlog")).ravel(),
        "capacity": _stack(history, "capacity").ravel(),
        "brand": _stack(history, "brand").ravel(),
        "price_change": land.price_change(price).ravel(),
        "reference_change": land.price_change(reference).ravel(),
        "cut_depth": land.by_start_units(metrics.cut_depth(price, reference)).ravel(),
        "refunds": model.landscape.by_firm(_stack(history, "sales", "bookings", "refunds")).ravel(),
        "book_value": model.landscape.by_firm(_stack(history, "sales", "bookings", "value")).ravel(),
        "petrol_profit": np.outer(_stack(history, "petrol_profit"), made).ravel(),
    }
    for name in (
        "revenue", "production_cost", "gross_profit", "fixed_cost", "operating_profit", "cash", "payables",
        "payable_days", "inventory", "deposits",
    ):  # fmt: skip
        columns[name] = _stack(history, "accounts", name).ravel()
    return columns


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _market(model: PriceWar) -> Columns:
    history, landscape, vat = model.history, model.landscape, model.setting.market.vat
    units, price = _stack(history, "sales", "units"), _stack(history, "offers", "price")
    on_sale = _stack(history, "offers", "on_sale")
    by_firm = model.landscape.by_firm(units)
    people = _stack(history, "sales", "shoppers")
    surplus, orders = _stack(history, "surplus"), _stack(history, "sales", "orders")
    reference, petrol = _stack(history, "reference"), _stack(history, "petrol_profit")
    producers = _stack(history, "accounts", "operating_profit").sum(axis=1)
    suppliers, fiscal = _stack(history, "supplier_profit"), _stack(history, "fiscal_cost")
    start = (landscape.start_price, landscape.start_units)
    columns: dict[str, Any] = {
        **_keys(model, 1),
        "shoppers": people,
        "units": units.sum(axis=1),
        "orders": orders.sum(axis=1),
        "outside_share": 1.0 - orders.sum(axis=1) / people,
        "waiting": _stack(history, "sales", "waiting"),
        "mean_price": _ratio((price * units).sum(axis=1), units.sum(axis=1)),
        "price_index": metrics.price_index(price, *start, on_sale),
        "discount_depth": metrics.discount_depth(
            _stack(history, "offers", "promotion"), _stack(history, "offers", "list_price"), units
        ),
        "hhi": metrics.hhi(by_firm),
        "effective_firms": metrics.effective_firms(by_firm),
        "reference_index": metrics.price_index(reference, *start, on_sale),
        "war_index": metrics.war_index(price, reference, landscape.start_units, on_sale),
        "below_cost_share": metrics.below_cost_share(
            price / (1.0 + vat), _stack(history, "unit_cost"), orders
        ),
        "mean_wait": _ratio(_stack(history, "sales", "bookings", "waited"), units.sum(axis=1)),
        "refunds": _stack(history, "sales", "bookings", "refunds").sum(axis=1),
        "state_surprise": _stack(history, "sales", "bookings", "surprise"),
        "feels_cheap": _stack(history, "sales", "feels_cheap"),
        "petrol_units": _stack(history, "sales", "petrol"),
        "petrol_profit": petrol,
        "petrol_taxes": _stack(history, "petrol_taxes"),
        "consumer_surplus": surplus.sum(axis=1),
        "producer_surplus": producers,
        "supplier_profit": suppliers,
        "suppliers_failed": _stack(history, "suppliers_failed"),
        "fiscal_cost": fiscal,
        "welfare": metrics.welfare(surplus.sum(axis=1), producers + petrol, suppliers, fiscal),
        "firms_active": _stack(history, "active").sum(axis=1).astype(float),
    }
    columns |= {f"consumer_surplus_{g + 1}": surplus[:, g] for g in range(surplus.shape[1])}
    return columns


def _open_orders(model: PriceWar) -> Columns:
    land, found_in = model.landscape, model.accruals()
    parts = list[dict[str, Floats]]()
    for found in found_in.values():
        columns = {
            "cars": found.cars, "book_value": found.value, "refunds": found.refunds,
            "producer_surplus": found.margin, "supplier_profit": found.supplier_margin,
            "fiscal_cost": found.fiscal_cost, "consumer_surplus": found.surplus.sum(axis=0),
            "welfare": welfare(found),
        }  # fmt: skip
        columns |= {f"consumer_surplus_{g + 1}": part for g, part in enumerate(found.surplus)}
        parts.append(columns)
    keys = {
        **_run_keys(model, len(found_in) * len(land.products)),
        "book": np.repeat(_names(list(found_in)), len(land.products)),
        "firm": np.tile(_names(land.firms)[land.firm_of], len(parts)),
        "product": np.tile(_names(land.products), len(parts)),
    }
    return keys | {n: np.concatenate([part[n] for part in parts]) for n in parts[0]}


def _log(model: PriceWar) -> Columns:
    log = model.state.log
    return {
        **_run_keys(model, len(log)),
        "period": np.array([period for period, _, _ in log], np.int64),
        "month": _names([model.setting.month(period) for period, _, _ in log]),
        "entity": _names([entity for _, entity, _ in log]),
        "what": _names([what for _, _, what in log]),
    }


def _campaigns(model: PriceWar) -> Columns:
    land, told = model.landscape, model.announcements
    known = told.campaigns.known if told is not None else []
    firms = (*land.firms, "")
    return {
        **_run_keys(model, len(known)),
        "period": np.array([c.period for c in known], np.int64),
        "month": _names([model.setting.month(c.period) for c in known]),
        "firm": _names([firms[c.firm] for c in known]),
        "role": _names(["lead" if c.trigger < 0 else "follow" for c in known]),
        "kind": _names([KINDS[c.kind] for c in known]),
        "announced": np.array([c.announced for c in known]),
        "transaction": np.array([c.transaction for c in known]),
        "coverage": np.array([c.coverage for c in known]),
        "models": _names([",".join(land.products[j] for j in c.models) for c in known]),
        "trigger": _names([firms[c.trigger] for c in known]),
        "lag_months": np.array([c.lag_months for c in known], np.int64),
        "ended": np.array([c.ended for c in known], np.int64),
    }


_COLUMNS: Final[dict[str, Callable[[PriceWar], Columns]]] = {
    "products": _products,
    "firms": _firms,
    "market": _market,
    "open_orders": _open_orders,
    "log": _log,
    "campaigns": _campaigns,
}
"""Who makes the columns of each table."""
