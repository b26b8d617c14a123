"""From orders to deliveries: production plans, capacity, dealer stock and backlog.

Cars are conserved: orders = deliveries + change of backlog, production = deliveries + change of stock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .dynamics import Dynamics
from .market import lead_months
from .records import Floats, Record
from .state import State


@dataclass(frozen=True)
class Flow(Record):
    """Cars of one month, (J,) each."""

    produced: Floats
    units: Floats
    stock: Floats
    backlog: Floats
    forecast: Floats


def room(state: State, dynamics: Dynamics) -> Floats:
    """(J,) orders a product can still take before its delivery time is longer than firms dare to quote."""
    if not dynamics.backlog.on:
        return np.full_like(state.backlog, np.inf)
    capacity = (state.capacity * state.supply)[state.landscape.firm_of]
    longest = np.maximum(dynamics.backlog.longest_months, state.start_lead * 1.5)
    makes = _capacity_by_product(state, capacity)
    return np.maximum(longest * makes - state.backlog + makes + state.stock, 0.0)


def _capacity_by_product(state: State, capacity: Floats) -> Floats:
    """(J,) capacity of the firm in proportion to what each product is expected to sell."""
    firm_of = state.landscape.firm_of
    total = np.bincount(firm_of, weights=state.forecast, minlength=len(state.active))[firm_of]
    count = np.bincount(firm_of, minlength=len(state.active))[firm_of]
    share = np.divide(state.forecast, total, out=1.0 / count, where=total > 0)
    return capacity * share


def flow(state: State, orders: Floats, dynamics: Dynamics) -> Flow:
    """Plan production, make cars within capacity, deliver, and carry over stock and backlog."""
    spec = dynamics.dealer_stock
    if not dynamics.backlog.on:
        return Flow(produced=orders, units=orders, stock=state.stock, backlog=state.backlog, forecast=orders)
    forecast = (1.0 - spec.forecast_weight) * state.forecast + spec.forecast_weight * orders
    due = (state.backlog + orders) / (1.0 + state.start_lead)
    if spec.on:
        wanted = forecast + (state.start_stock_months * forecast - state.stock) / spec.adjust_months
    else:
        wanted = due - state.stock
    wanted = np.where(state.start_lead > 0, due, wanted + np.maximum(state.backlog - state.stock, 0.0))
    wanted = np.where(state.on_sale, np.maximum(wanted, 0.0), 0.0)
    produced = wanted * _feasible(state, wanted)
    units = np.minimum(np.where(state.start_lead > 0, due, state.backlog + orders), state.stock + produced)
    return Flow(
        produced=produced,
        units=units,
        stock=state.stock + produced - units,
        backlog=state.backlog + orders - units,
        forecast=forecast,
    )


def _feasible(state: State, wanted: Floats) -> Floats:
    """(J,) share of what is wanted that the firm can make."""
    firm_of = state.landscape.firm_of
    total = np.bincount(firm_of, weights=wanted, minlength=len(state.active))
    capacity = state.capacity * state.supply * state.active
    ratio = np.divide(capacity, total, out=np.ones_like(total), where=total > 0)
    return np.minimum(ratio, 1.0)[firm_of]


def stock_months(state: State) -> Floats:
    """(J,) stock in months of the sales that the firm expects."""
    return state.stock / np.maximum(state.forecast, 1.0)


__all__ = ["Flow", "flow", "lead_months", "room", "stock_months"]
