"""What a run leaves behind: one `Month` per period, turned into the tables of `schema` at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from . import metrics
from .records import Accounts, Flags, Floats, Offers, Record, Sales
from .results import table

if TYPE_CHECKING:
    from .model import PriceWar


@dataclass(frozen=True)
class Month(Record):
    """Everything of one month that is reported."""

    offers: Offers
    sales: Sales
    accounts: Accounts
    unit_cost: Floats
    active: Flags
    brand: Floats
    capacity: Floats
    supplier_profit: float
    suppliers_failed: float
    fiscal_cost: float


def tables(model: PriceWar) -> dict[str, pd.DataFrame]:
    """The products, firms, market and log tables of one run."""
    return {
        "products": _products(model),
        "firms": _firms(model),
        "market": _market(model),
        "log": _log(model),
    }


def _stack(months: list[Month], *path: str) -> Floats:
    """(T, ...) one attribute over all months."""
    first, *rest = path
    values = [getattr(month, first) for month in months]
    for name in rest:
        values = [getattr(value, name) for value in values]
    return np.array(values)


def _keys(model: PriceWar, width: int) -> dict[str, Any]:
    periods = np.arange(len(model.history))
    months = np.array([model.setting.month(int(t)) for t in periods])
    return {
        "scenario": model.setting.name,
        "seed": model.seed_of_run,
        "period": np.repeat(periods, width),
        "month": np.repeat(months, width),
    }


def _products(model: PriceWar) -> pd.DataFrame:
    history, landscape = model.history, model.landscape
    count, length = len(landscape.products), len(history)
    price = _stack(history, "offers", "price")
    columns = {
        **_keys(model, count),
        "firm": np.tile(np.array(landscape.firms)[landscape.firm_of], length),
        "product": np.tile(np.array(landscape.products), length),
        "segment": np.tile(np.array(landscape.segments)[landscape.segment_of], length),
        "list_price": _stack(history, "offers", "list_price").ravel(),
        "promotion": _stack(history, "offers", "promotion").ravel(),
        "price": price.ravel(),
        "net_price": (price / (1.0 + model.setting.market.vat)).ravel(),
        "unit_cost": _stack(history, "unit_cost").ravel(),
        "on_sale": _stack(history, "offers", "on_sale").ravel(),
        "subsidy": _stack(history, "offers", "subsidy").ravel(),
    }
    for name in ("units", "orders", "produced", "backlog", "stock"):
        columns[name] = _stack(history, "sales", name).ravel()
    return table("products", columns)


def _by_firm(model: PriceWar, values: Floats) -> Floats:
    """(T, F) sums over each firm's products of values (T, J); products are in order of firms."""
    return np.add.reduceat(values, model.calibration.first[:-1], axis=1)


def _firms(model: PriceWar) -> pd.DataFrame:
    history, landscape = model.history, model.landscape
    units = _by_firm(model, _stack(history, "sales", "units"))
    stock = _by_firm(model, _stack(history, "sales", "stock"))
    profit, revenue = _stack(history, "accounts", "gross_profit"), _stack(history, "accounts", "revenue")
    total = units.sum(axis=1, keepdims=True)
    columns: dict[str, Any] = {
        **_keys(model, len(landscape.firms)),
        "firm": np.tile(np.array(landscape.firms), len(history)),
        "active": _stack(history, "active").ravel(),
        "units": units.ravel(),
        "orders": _by_firm(model, _stack(history, "sales", "orders")).ravel(),
        "share": np.divide(units, total, out=np.zeros_like(units), where=total > 0).ravel(),
        "gross_margin": _ratio(profit, revenue).ravel(),
        "stock": stock.ravel(),
        "stock_months": _ratio(stock, units).ravel(),
        "backlog": _by_firm(model, _stack(history, "sales", "backlog")).ravel(),
        "capacity": _stack(history, "capacity").ravel(),
        "brand": _stack(history, "brand").ravel(),
        "price_change": _firm_price_change(model).ravel(),
    }
    for name in (
        "revenue", "production_cost", "gross_profit", "fixed_cost", "operating_profit", "cash", "payables",
        "payable_days", "inventory",
    ):  # fmt: skip
        columns[name] = _stack(history, "accounts", name).ravel()
    return table("firms", columns)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _firm_price_change(model: PriceWar) -> Floats:
    """(T, F) unit-weighted change of price from the start; weights are start units."""
    landscape = model.landscape
    change = _stack(model.history, "offers", "price") / landscape.start_price - 1.0
    weight = np.maximum(landscape.start_units, 1e-9)
    return _by_firm(model, change * weight) / np.add.reduceat(weight, model.calibration.first[:-1])


def _market(model: PriceWar) -> pd.DataFrame:
    history, landscape, vat = model.history, model.landscape, model.setting.market.vat
    units, price = _stack(history, "sales", "units"), _stack(history, "offers", "price")
    on_sale = _stack(history, "offers", "on_sale")
    by_firm = _by_firm(model, units)
    people = _stack(history, "sales", "shoppers")
    surplus = _stack(history, "sales", "surplus")
    producers = _stack(history, "accounts", "operating_profit").sum(axis=1)
    suppliers, fiscal = _stack(history, "supplier_profit"), _stack(history, "fiscal_cost")
    start = (landscape.start_price, landscape.start_units)
    columns: dict[str, Any] = {
        **_keys(model, 1),
        "shoppers": people,
        "units": units.sum(axis=1),
        "outside_share": 1.0 - _stack(history, "sales", "orders").sum(axis=1) / people,
        "waiting": _stack(history, "sales", "waiting"),
        "mean_price": _ratio((price * units).sum(axis=1), units.sum(axis=1)),
        "price_index": metrics.price_index(price, *start, on_sale),
        "discount_depth": metrics.discount_depth(
            _stack(history, "offers", "promotion"), _stack(history, "offers", "list_price"), units
        ),
        "hhi": metrics.hhi(by_firm),
        "effective_firms": metrics.effective_firms(by_firm),
        "war_index": metrics.war_index(price, *start, on_sale),
        "below_cost_share": metrics.below_cost_share(
            price / (1.0 + vat), _stack(history, "unit_cost"), units
        ),
        "consumer_surplus": surplus.sum(axis=1),
        "producer_surplus": producers,
        "supplier_profit": suppliers,
        "suppliers_failed": _stack(history, "suppliers_failed"),
        "fiscal_cost": fiscal,
        "welfare": metrics.welfare(surplus.sum(axis=1), producers, suppliers, fiscal),
        "firms_active": _stack(history, "active").sum(axis=1).astype(float),
    }
    columns |= {f"consumer_surplus_{g + 1}": surplus[:, g] for g in range(surplus.shape[1])}
    return table("market", columns)


def _log(model: PriceWar) -> pd.DataFrame:
    periods = [period for period, _, _ in model.state.log]
    return table(
        "log",
        {
            "scenario": [model.setting.name] * len(periods),
            "seed": [model.seed_of_run] * len(periods),
            "period": periods,
            "month": [model.setting.month(period) for period in periods],
            "entity": [entity for _, entity, _ in model.state.log],
            "what": [what for _, _, what in model.state.log],
        },
    )
