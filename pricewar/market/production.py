"""From orders to deliveries: production plans, capacity, dealer stock and backlog.

Cars are conserved: orders = deliveries + change of backlog, production = deliveries + change of stock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewar.base.records import Floats, Record
from pricewar.base.state import State
from pricewar.scenario.mechanisms import Dynamics

from .buyers import lead_months


@dataclass(frozen=True)
class Flow(Record):
    """Cars of one month, (J,) each."""

    produced: Floats
    units: Floats
    stock: Floats
    backlog: Floats
    forecast: Floats


def turned_away(state: State, wanted: Floats, dynamics: Dynamics) -> Floats:
    """(J,) share of its buyers that each product turns away because the firm's order book is full.

    A firm takes orders until delivery would take longer than `longest_months` at full capacity (or half as
    long again as before the start, where that was longer); beyond that all its products turn buyers away
    alike.
    """
    land = state.landscape
    if not dynamics.backlog.on:
        return np.zeros_like(wanted)
    capacity = state.capacity * state.supply
    usual_lead = land.by_firm(state.start_lead * land.start_units) / np.maximum(
        land.by_firm(land.start_units), 1.0
    )
    longest = np.maximum(dynamics.backlog.longest_months, 1.5 * usual_lead)
    room = np.maximum((longest + 1.0) * capacity + land.by_firm(state.stock - state.backlog), 0.0)
    asked = land.by_firm(wanted)
    return land.by_product(np.where(asked > room, 1.0 - room / np.maximum(asked, 1e-9), 0.0))


def flow(state: State, orders: Floats, dynamics: Dynamics) -> Flow:
    """Plan production, make cars within capacity, deliver, and carry over stock and backlog."""
    spec = dynamics.dealer_stock
    if not dynamics.backlog.on:
        return Flow(produced=orders, units=orders, stock=state.stock, backlog=state.backlog, forecast=orders)
    forecast = state.forecast + spec.forecast_weight * (orders - state.forecast)
    due = (state.backlog + orders) / (1.0 + state.start_lead)
    booked = np.maximum(state.backlog - state.stock, 0.0)  # what was ordered is made, on sale or not
    if spec.on:
        gap = state.start_stock_months * forecast - state.stock
        wanted = forecast + gap / spec.adjust_months + booked
    else:
        wanted = due - state.stock
    wanted = np.where(state.start_lead > 0, due, wanted)
    wanted = np.maximum(np.where(state.on_sale, wanted, np.minimum(wanted, booked)), 0.0)
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
    total = state.landscape.by_firm(wanted)
    capacity = state.capacity * state.supply * state.active
    ratio = np.divide(capacity, total, out=np.ones_like(total), where=total > capacity)
    return state.landscape.by_product(ratio)


def stock_months(state: State) -> Floats:
    """(J,) stock in months of the sales that the firm expects."""
    return state.stock / np.maximum(state.forecast, 1.0)


__all__ = ["Flow", "flow", "lead_months", "stock_months", "turned_away"]
