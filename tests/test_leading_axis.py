"""Runs side by side: what works on one market's arrays works on many, stacked on a leading axis.

State, Offers, Sales and Accounts hold arrays whose last axis is products or firms. A free leading axis may
hold runs; what a month works out element by element is then worked out for all of them at once, bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from conftest import showroom as shown
from conftest import tiny

from pricewar.base.clock import Clock
from pricewar.base.records import Accounts, Offers, Record, Sales
from pricewar.base.state import State
from pricewar.market import buyers, closing, costs, memory, production
from pricewar.market.model import PriceWar
from pricewar.market.showroom import showroom
from pricewar.results import metrics
from pricewar.scenario.cost_curves import Experience, Output, Rising, Scale

RUNS = 3
LEFT_OUT = {"landscape", "book", "voided", "log", "notebooks", "owners"}
"""Fields of a state that are no arrays over products or firms, or that the order book alone works on."""
BY_RUN = {"planned", "demand_factor", "month_luck", "pack_price"}
"""One number a run."""


SCENARIO = tiny({"noise.market_sd": 0.2, "noise.taste_sd": 0.3})
DYNAMICS = SCENARIO.dynamics


@cache
def models() -> list[PriceWar]:
    """Three runs of the small market that have gone apart; made by the first test, not while collecting."""
    made = [PriceWar(SCENARIO, seed=seed, collect=False) for seed in range(RUNS)]
    for model in made:
        for _ in range(3):
            model.step()
    return made


def stacked(records: list[Any]) -> Any:
    """One record whose arrays and numbers have a leading axis of runs."""
    first = records[0]
    values = {field.name: [getattr(record, field.name) for record in records] for field in fields(first)}
    changes = {name: _together(found) for name, found in values.items() if name not in LEFT_OUT}
    return first.but(**changes) if isinstance(first, Record) else replace(first, **changes)


def _together(values: list[Any]) -> Any:
    if isinstance(values[0], np.ndarray):
        return np.stack(values)
    if isinstance(values[0], float):
        return np.array(values)[:, None]
    return stacked(values) if isinstance(values[0], Record) else values[0]


Case = Callable[[State, Offers, Sales, Accounts], Any]


def orders(sales: Sales) -> Any:
    return 1.3 * sales.orders


def remembered(state: State, offers: Offers, sales: Sales) -> State:
    then = replace(state)
    memory.buyers(then, offers, offers.but(promotion=1.1 * offers.promotion), sales, offers.price, SCENARIO)
    memory.trends(then, DYNAMICS, Clock("2025-05"))
    return then


def closed(state: State, accounts: Accounts, sales: Sales) -> State:
    then = replace(state)
    closing.books(then, accounts, production.flow(state, orders(sales), DYNAMICS), state.inventory)
    return then


def full_terms(state: State) -> Any:
    one = models()[0]
    return one.cost_parts.full_terms(state, SCENARIO, one.start_cumulative)


def curve(kind: Any) -> Case:
    def call(state: State, offers: Offers, sales: Sales, accounts: Accounts) -> Any:
        usual = state.landscape.by_firm(state.landscape.start_units)
        planned = state.landscape.by_firm(state.forecast)
        return kind.factor(Output(state.landscape, planned, usual, state.cumulative, 0.5 * state.cumulative))

    return call


CASES: dict[str, Case] = {
    "flow": lambda s, o, x, a: production.flow(s, orders(x), DYNAMICS),
    "turned_away": lambda s, o, x, a: production.turned_away(s, 20.0 * x.orders, DYNAMICS),
    "stock_months": lambda s, o, x, a: production.stock_months(s),
    "fixed_a_car": lambda s, o, x, a: costs.fixed_a_car(s, x),
    "cost_lines": lambda s, o, x, a: costs.cost_lines(
        s.unit_cost, 0.1 * s.unit_cost, costs.fixed_a_car(s, x)
    ),
    "full_terms": lambda s, o, x, a: full_terms(s),
    "squeezed_out": lambda s, o, x, a: costs.squeezed_out(s.unit_cost, 0.01 * s.stock, SCENARIO.supply_chain),
    "purchases": lambda s, o, x, a: costs.purchases(
        s, production.flow(s, orders(x), DYNAMICS), 0.1 * s.unit_cost, SCENARIO.supply_chain
    ),
    "draft": lambda s, o, x, a: costs.draft(
        s, production.flow(s, orders(x), DYNAMICS), x.bookings, 3, 0.13, 0.02
    ),
    "pay": lambda s, o, x, a: costs.pay(a, 0.9 * a.revenue, 0.5 * a.revenue, 0.0 * a.cash, s.deposits),
    "buyers remember": lambda s, o, x, a: remembered(s, o, x),
    "books": lambda s, o, x, a: closed(s, a, x),
    "showroom": lambda s, o, x, a: showroom(s, 4, s.list_price, s.promotion),
    "prices": lambda s, o, x, a: (o.price, o.buyer_price, o.terms),
    "lead_months": lambda s, o, x, a: buyers.lead_months(s),
    "profits": lambda s, o, x, a: (a.gross_profit, a.operating_profit),
    "cut_depth": lambda s, o, x, a: metrics.cut_depth(o.price, s.reference),
    "by_start_units": lambda s, o, x, a: s.landscape.by_start_units(o.price),
    "price_change": lambda s, o, x, a: s.landscape.price_change(o.price),
    "Experience": curve(Experience(rate=0.1)),
    "Rising": curve(Rising()),
    "Scale": curve(Scale()),
}


def parts(answer: Any) -> Iterator[np.ndarray[Any, Any]]:
    """All arrays in an answer, in one order."""
    if isinstance(answer, np.ndarray):
        yield answer
    elif isinstance(answer, (float, np.floating)):
        yield np.array([answer])
    elif isinstance(answer, dict):
        for value in answer.values():
            yield from parts(value)
    elif isinstance(answer, tuple):
        for value in answer:
            yield from parts(value)
    elif isinstance(answer, (Record, State)):
        for field in fields(answer):  # type: ignore[arg-type]
            if field.name not in LEFT_OUT:
                yield from parts(getattr(answer, field.name))


@pytest.mark.parametrize("name", CASES)
def test_runs_stacked_give_each_run_to_the_last_bit(name: str) -> None:
    case = CASES[name]
    given = [(m.state, shown(m), m.sales, m.accounts) for m in models()]
    alone = [list(parts(case(*run))) for run in given]
    together = list(parts(case(*(stacked(list(records)) for records in zip(*given, strict=True)))))
    assert together
    assert len(together) == len(alone[0])
    for k, found in enumerate(together):
        for r in range(RUNS):
            one = np.broadcast_to(found, (RUNS, *found.shape[1:]))[r] if found.ndim > 1 else found
            assert np.array_equal(np.broadcast_to(one, alone[r][k].shape), alone[r][k], equal_nan=True)


def test_the_runs_have_gone_apart() -> None:
    assert len({model.price_index for model in models()}) == RUNS
    assert {field.name for field in fields(State)} >= BY_RUN
