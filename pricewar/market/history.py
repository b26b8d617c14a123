"""What a run leaves behind: one `Month` per period, turned into the tables of `schema` at the end.

Columns are numpy arrays until a table is needed: a set of runs gathers them and makes tables once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pricewar.base.records import Floats
from pricewar.base.shares import ratio
from pricewar.campaigns.base import KINDS
from pricewar.results import metrics, schema
from pricewar.results.store import Columns, table

from .accrual import welfare
from .trajectory import Trajectory

if TYPE_CHECKING:
    from .model import PriceWar


def tables(model: PriceWar) -> dict[str, pd.DataFrame]:
    """The products, firms, market, open_orders and log tables of one run."""
    return dict(Tables(model))


def columns(model: PriceWar) -> dict[str, Columns]:
    """The columns of the same tables; of runs that step together one run after the other."""
    run = Trajectory.of(model)
    return {name: _columns(model, run, name) for name in _COLUMNS}


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


def _columns(model: PriceWar, run: Trajectory, name: str) -> Columns:
    """The columns of one table; before the first month a table with a row a month has none."""
    if not model.history and "period" in schema.columns(name):
        return {column: np.empty(0) for column in schema.columns(name)}
    return _COLUMNS[name](model, run)


class Tables(Mapping[str, pd.DataFrame]):
    """The tables of one run, each made when it is first asked for; the run must have ended."""

    def __init__(self, model: PriceWar) -> None:
        self._model = model
        self._columns: dict[str, Columns] = {}
        self._made: dict[str, pd.DataFrame] = {}

    @cached_property
    def run(self) -> Trajectory:
        """The run as arrays: what the tables are made of."""
        return Trajectory.of(self._model)

    def columns(self, name: str) -> Columns:
        """The columns of a table: a fifth of the cost of the table itself."""
        if name not in self._columns:
            self._columns[name] = _columns(self._model, self.run, name)
        return self._columns[name]

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._made:
            self._made[name] = table(name, self.columns(name))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_COLUMNS)

    def __len__(self) -> int:
        return len(_COLUMNS)


def _keys(model: PriceWar, width: int) -> dict[str, Any]:
    length, runs = len(model.history), len(model.seeds)
    return {
        **_run_keys(model, length * width),
        "period": np.tile(np.repeat(np.arange(length), width), runs),
        "month": np.tile(np.repeat(_months(model), width), runs),
    }


def _months(model: PriceWar) -> NDArray[np.object_]:
    """Calendar months of the run, by period."""
    return _names([model.setting.month(t) for t in range(len(model.history))])


def _run_keys(model: PriceWar, rows: int) -> dict[str, Any]:
    """What tells runs apart, of so many rows a run."""
    return {
        "scenario": np.full(rows * len(model.seeds), model.setting.name, object),
        "seed": np.repeat(np.array(model.seeds, np.int64), rows),
    }


def _names(names: Sequence[str]) -> NDArray[np.object_]:
    """Texts as references: a copy of a column copies no text."""
    return np.array(names, object)


def _products(model: PriceWar, run: Trajectory) -> Columns:
    land, length = run.landscape, len(model.seeds) * len(model.history)
    keys = {
        **_keys(model, len(land.products)),
        "firm": np.tile(_names(land.firms)[land.firm_of], length),
        "product": np.tile(_names(land.products), length),
        "segment": np.tile(_names(land.segments)[land.segment_of], length),
    }
    return keys | {name: getattr(run, name).ravel() for name in _OF_PRODUCTS}


_OF_PRODUCTS: Final = (
    "list_price", "promotion", "price", "net_price", "unit_cost", "reference_price", "cost_index",
    "protection_paid", "on_sale", "subsidy", "units", "orders", "produced", "backlog", "stock", "order_value",
    "refunds", "voided", "voided_value", "book_value", "paid_price",
)  # fmt: skip
"""Columns of the products table that are arrays of the trajectory."""
_OF_FIRMS: Final = (
    "active", "share", "capacity", "brand", "price_change", "cut_depth", "revenue", "production_cost",
    "gross_profit", "fixed_cost", "operating_profit", "cash", "payables", "payable_days", "inventory",
    "deposits",
)  # fmt: skip
"""Columns of the firms table that are arrays of the trajectory."""
_OF_MARKET: Final = (
    "shoppers", "arrivals", "waiting", "state_surprise", "feels_cheap", "petrol_units", "petrol_profit",
    "petrol_taxes", "supplier_profit", "suppliers_failed", "fiscal_cost",
)  # fmt: skip
"""Columns of the market table that are arrays of the trajectory."""


def _firms(model: PriceWar, run: Trajectory) -> Columns:
    land, by_firm = run.landscape, run.landscape.by_firm
    stock = by_firm(run.stock)
    made = [firm.petrol_sales_share for firm in model.setting.firms.values()]
    derived = {
        "units": run.sold,
        "orders": by_firm(run.orders),
        "gross_margin": ratio(run.gross_profit, run.revenue),
        "stock": stock,
        "stock_months": ratio(stock, run.sold),
        "backlog": by_firm(run.backlog),
        "reference_change": land.price_change(run.reference_price),
        "refunds": by_firm(run.refunds),
        "book_value": by_firm(run.book_value),
        "petrol_profit": np.multiply.outer(run.petrol_profit, made),
    }
    derived |= {name: getattr(run, name) for name in _OF_FIRMS}
    months = len(model.seeds) * len(model.history)
    keys = {**_keys(model, len(land.firms)), "firm": np.tile(_names(land.firms), months)}
    return keys | {name: values.ravel() for name, values in derived.items()}


def _market(model: PriceWar, run: Trajectory) -> Columns:
    start, on_sale = (run.landscape.start_price, run.landscape.start_units), run.on_sale
    units, orders, surplus = run.units.sum(axis=-1), run.orders.sum(axis=-1), run.surplus.sum(axis=-1)
    producers = run.operating_profit.sum(axis=-1)
    columns: dict[str, Any] = {
        "units": units,
        "orders": orders,
        "outside_share": 1.0 - orders / run.shoppers,
        "mean_price": ratio((run.price * run.units).sum(axis=-1), units),
        "price_index": metrics.price_index(run.price, *start, on_sale),
        "discount_depth": metrics.discount_depth(run.promotion, run.list_price, run.units),
        "hhi": metrics.hhi(run.sold),
        "effective_firms": metrics.effective_firms(run.sold),
        "reference_index": metrics.price_index(run.reference_price, *start, on_sale),
        "war_index": metrics.war_index(run.price, run.reference_price, start[1], on_sale),
        "below_cost_share": metrics.below_cost_share(run.net_price, run.unit_cost, run.orders),
        "mean_wait": ratio(run.waited, units),
        "refunds": run.refunds.sum(axis=-1),
        "consumer_surplus": surplus,
        "producer_surplus": producers,
        "welfare": metrics.welfare(
            surplus, producers + run.petrol_profit, run.supplier_profit, run.fiscal_cost
        ),
        "firms_active": run.active.sum(axis=-1).astype(float),
    }
    columns |= {name: getattr(run, name) for name in _OF_MARKET}
    columns |= {f"consumer_surplus_{g + 1}": run.surplus[..., g] for g in range(run.surplus.shape[-1])}
    return _keys(model, 1) | {name: values.ravel() for name, values in columns.items()}


def _open_orders(model: PriceWar, run: Trajectory) -> Columns:
    land, found_in = model.landscape, model.accruals()
    parts = list[dict[str, Floats]]()
    for found in found_in.values():
        columns = {
            "cars": found.cars, "book_value": found.value, "refunds": found.refunds,
            "producer_surplus": found.margin, "supplier_profit": found.supplier_margin,
            "fiscal_cost": found.fiscal_cost, "consumer_surplus": found.surplus.sum(axis=-2),
            "welfare": welfare(found),
        }  # fmt: skip
        groups = range(found.surplus.shape[-2])
        columns |= {f"consumer_surplus_{g + 1}": found.surplus[..., g, :] for g in groups}
        parts.append(columns)
    runs = len(model.seeds)
    keys = {
        **_run_keys(model, len(found_in) * len(land.products)),
        "book": np.tile(np.repeat(_names(list(found_in)), len(land.products)), runs),
        "firm": np.tile(_names(land.firms)[land.firm_of], runs * len(parts)),
        "product": np.tile(_names(land.products), runs * len(parts)),
    }
    return keys | {n: np.stack([part[n] for part in parts], axis=-2).ravel() for n in parts[0]}


def _log(model: PriceWar, run: Trajectory) -> Columns:
    logs = model.state.logs or [model.state.log]
    log = [line for lines in logs for line in lines]
    periods = np.array([period for period, _, _ in log], np.int64)
    return {
        "scenario": np.full(len(log), model.setting.name, object),
        "seed": np.repeat(np.array(model.seeds, np.int64), [len(lines) for lines in logs]),
        "period": periods,
        "month": _months(model)[periods],
        "entity": _names([entity for _, entity, _ in log]),
        "what": _names([what for _, _, what in log]),
    }


def _campaigns(model: PriceWar, run: Trajectory) -> Columns:
    land, told = model.landscape, model.announcements
    of_runs = told.known if told is not None else []
    known = [one for of_run in of_runs for one in of_run]
    firms, periods = (*land.firms, ""), np.array([c.period for c in known], np.int64)
    seeds = np.array(model.seeds[: len(of_runs)], np.int64)
    return {
        "scenario": np.full(len(known), model.setting.name, object),
        "seed": np.repeat(seeds, [len(of_run) for of_run in of_runs]),
        "period": periods,
        "month": _months(model)[periods],
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


_COLUMNS: Final[dict[str, Callable[[PriceWar, Trajectory], Columns]]] = {
    "products": _products,
    "firms": _firms,
    "market": _market,
    "open_orders": _open_orders,
    "log": _log,
    "campaigns": _campaigns,
}
"""The function that makes the columns of each table."""
