"""What buyers remember from one month to the next: prices, brands, what they drive, plans to buy."""

from __future__ import annotations

import numpy as np

from pricewar.base.clock import Clock
from pricewar.base.records import Floats, Offers, Sales
from pricewar.base.state import State
from pricewar.results.metrics import cut_depth
from pricewar.scenario.mechanisms import Dynamics
from pricewar.scenario.tree import Scenario


def buyers(
    state: State, before: Offers, offers: Offers, sales: Sales, reference: Floats, scenario: Scenario
) -> None:
    """What buyers remember: prices, brands, what they drive, and whether they still plan to buy."""
    dynamics = scenario.dynamics
    state.list_price, state.promotion = offers.list_price, offers.promotion
    state.reference = _toward(state.reference, offers.buyer_price, dynamics.reference_price.memory)
    change = np.where(offers.on_sale & before.on_sale, offers.price / before.price - 1.0, 0.0)
    state.price_trend = _toward(state.price_trend, change, 1.0 - dynamics.waiting.learning)
    state.brand = _brand(state, offers, reference, dynamics)
    if dynamics.loyalty.on or dynamics.word_of_mouth.on:
        state.fleet = _fleet(state, sales, dynamics)
    if dynamics.pull_forward.on:
        usual = scenario.consumers.shoppers * state.demand_factor * state.month_luck
        left = 1.0 - sales.shoppers / usual + sales.waiting / usual
        state.planned = np.maximum(0.1, state.planned + left / dynamics.pull_forward.window_months)


def _toward(old: Floats, new: Floats, memory: float) -> Floats:
    """Exponential smoothing that leaves a value at rest exactly where it is."""
    return old + (1.0 - memory) * (new - old)


def _brand(state: State, offers: Offers, reference: Floats, dynamics: Dynamics) -> Floats:
    spec = dynamics.brand
    if not spec.on:
        return state.brand
    depth = state.landscape.by_start_units(cut_depth(offers.price, reference))
    healed = state.brand * 0.5 ** (1.0 / spec.half_life)
    return np.asarray(healed - spec.erosion * depth, dtype=np.float64)


def _fleet(state: State, sales: Sales, dynamics: Dynamics) -> Floats:
    """Brands' shares of the cars on the road move with deliveries above or below the usual ones.

    The fleet at the start is taken as in balance with sales at the start.
    """
    sold = state.landscape.by_firm(sales.units)
    usual = state.landscape.by_firm(state.landscape.start_units)
    total = max(float(usual.sum()), 1.0)
    turnover = 1.0 / dynamics.loyalty.replacement_months
    here = state.fleet[..., :-1]
    own = here + turnover * (sold - usual) / total * here.sum(axis=-1, keepdims=True)
    own = np.maximum(own, 1e-9)
    own = own / np.maximum(own.sum(axis=-1, keepdims=True), 1.0)
    others = np.maximum(1.0 - own.sum(axis=-1, keepdims=True), 1e-9)
    return np.concatenate([own, others], axis=-1)


def trends(state: State, dynamics: Dynamics, clock: Clock) -> None:
    """Battery prices."""
    if dynamics.battery.on:
        state.pack_price *= (1.0 + dynamics.battery.change_a_year) ** (1.0 / clock.periods_a_year)
