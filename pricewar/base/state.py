"""The state of a market between two months: the only thing that a run changes.

Only the model's step and events write to it. J products, F firms, money in CNY. Runs that step together have
one state, in which every array has a leading axis of runs and every number is an array (S,).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from .book import OrderBook, Voided
from .records import Flags, Floats, Landscape
from .standing import Standing
from .together import Notebooks, PerRun, row, spread, stacked


@dataclass
class State:
    """Everything that is carried from month to month."""

    landscape: Landscape
    list_price: Floats
    """(J,) incl. VAT."""
    promotion: Floats
    """(J,) incl. VAT."""
    on_sale: Flags
    """(J,) launched, and its firm is in the market."""
    active: Flags
    """(F,) firms that have not left the market."""

    delta: Floats
    """(J,) mean utility of each product without its price, as calibrated and then shocked."""
    taste: Floats
    """(J,) passing taste shocks, utility."""
    brand: Floats
    """(F,) brand equity relative to the start, utility."""
    reference: Floats
    """(J,) price that buyers remember, CNY incl. VAT."""
    fleet: Floats
    """(F + 1,) share of each brand among the cars on the road; the last entry is all others."""
    price_trend: Floats
    """(J,) monthly change of price that buyers extrapolate, as a fraction; negative when prices fall."""
    planned: PerRun
    """Households that plan to buy a car in the window ahead, relative to the start (1 at rest)."""
    demand_factor: PerRun
    """Shoppers a month relative to the start, from lasting shocks."""
    month_luck: PerRun
    """Factor on this month's shoppers, from noise."""

    unit_cost: Floats
    """(J,) production cost of a car this month as the books have it, ex VAT."""
    overhead: Floats
    """(J,) the part of it that is paid for the output of the start, made or not, CNY ex VAT."""
    cost_factor: Floats
    """(J,) lasting multiplier of unit cost from shocks."""
    cost_extra: Floats
    """(J,) added cost a car from shocks, CNY."""
    cumulative: Floats
    """(F,) cars ever made, for learning by doing."""
    pack_price: PerRun
    """Battery price relative to the start."""

    capacity: Floats
    """(F,) cars a month with all suppliers in place."""
    supply: Floats
    """(F,) share of capacity that suppliers can feed, 0..1."""
    forecast: Floats
    """(J,) orders a month that the firm plans for."""
    stock: Floats
    backlog: Floats
    start_lead: Floats
    """(J,) months an order waited for its car before the first month."""
    start_stock_months: Floats
    """(J,) dealer stock before the first month, in months of sales, which firms regard as normal."""

    cash: Floats
    payables: Floats
    payable_days: Floats
    inventory: Floats
    fixed_cost: Floats
    """(F,) a month, CNY."""
    subsidy: Floats
    """(J,) paid by the state to buyers, CNY a car."""
    book: OrderBook
    """Open orders by month of order; `backlog` is their number."""
    voided: Voided
    """Orders cancelled or voided since the last month was closed."""
    deposits: Floats
    """(F,) held of buyers whose cars are not delivered yet."""
    owners: Floats
    """(G, J) shares of the income groups among those whose cars were delivered so far."""
    months_broke: Floats
    """(F,) months in a row that the firm ended without cash, and with its credit used up."""
    credit: Floats
    """(F,) money that the firm can borrow: how far below nought its cash may be."""
    standing: Standing
    """Campaigns in force."""
    notebooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What each mechanism of a user's own remembers, by its name in the scenario."""
    log: list[tuple[int, str, str]] = field(default_factory=list)
    """What happened: (period, entity, what), for the ribbon of events in figures."""
    logs: list[list[tuple[int, str, str]]] = field(default_factory=list)
    """The log of each of the runs that step together."""

    @property
    def runs(self) -> int | None:
        """How many runs step together; None: it is the state of one run."""
        return None if self.on_sale.ndim == 1 else len(self.on_sale)

    def tell(self, period: int, entity: str, what: str, where: Flags | None = None) -> None:
        """Put a line in the log; with `where`, in those of the runs (S,) in which it happens."""
        for s, log in enumerate([self.log] if self.runs is None else self.logs):
            if where is None or np.atleast_1d(where)[s]:
                log.append((period, entity, what))

    def run(self, s: int) -> State:
        """The state of one of the runs that step together; its arrays are views."""
        parts = {one.name: row(getattr(self, one.name), s) for one in fields(self)}
        return State(**parts | {"log": self.logs[s], "logs": []})

    def spread(self, many: int) -> State:
        """The same state in each of so many runs."""
        parts = {one.name: spread(getattr(self, one.name), many) for one in fields(self)}
        logs = [list(self.log) for _ in range(many)]
        return State(**parts | {"notebooks": Notebooks(many), "log": [], "logs": logs})

    def each(self, change: Callable[[State, int], None]) -> None:
        """Let `change(state of the run, run)` act on each of the runs that step together."""
        before = [self.run(s) for s in range(self.runs or 0)]
        for s, part in enumerate(before):
            held = dict(part.__dict__)
            change(part, s)
            part.__dict__["_held"] = held
        for one in fields(self):
            if any(p.__dict__[one.name] is not p.__dict__["_held"][one.name] for p in before):
                setattr(self, one.name, stacked([p.__dict__[one.name] for p in before]))

    @property
    def asked_list(self) -> Floats:
        """(J,) list prices as the firms' rules ask for them, campaigns apart."""
        return self.list_price / self.standing.list_lift

    @property
    def asked_price(self) -> Floats:
        """(J,) transaction prices as the firms' rules ask for them, campaigns apart."""
        return (self.list_price - self.promotion) / self.standing.price_lift


def leave(state: State, leaving: Flags) -> None:
    """Take firms (F,), or (S, F), out of the market: nothing on sale, stock written off, bills unpaid.

    Open orders are void; their deposits go back to the buyers in full, whatever is left for others.
    """
    theirs = state.landscape.by_product(leaving)
    state.active = state.active & ~leaving
    state.on_sale = state.on_sale & ~theirs
    state.backlog = np.where(theirs, 0.0, state.backlog)
    state.stock = np.where(theirs, 0.0, state.stock)
    state.inventory = np.where(theirs, 0.0, state.inventory)
    state.forecast = np.where(theirs, 0.0, state.forecast)
    state.payables = np.where(leaving, 0.0, state.payables)
    state.book, gone = state.book.void(theirs.astype(np.float64))
    state.voided = state.voided + gone
    state.cash = np.where(leaving, state.cash - state.deposits, state.cash)
    state.deposits = np.where(leaving, 0.0, state.deposits)
