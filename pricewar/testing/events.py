"""Test kit for your own events: the tests that every shipped one passes, in any market."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final

import numpy as np

from pricewar.base.errors import InputError, PricewarError
from pricewar.base.records import Offers
from pricewar.base.rules import make_rule
from pricewar.base.state import State
from pricewar.events import Event
from pricewar.market.model import PriceWar
from pricewar.market.showroom import start_offers
from pricewar.scenario.files import Source, load
from pricewar.scenario.tree import Scenario

AFTER: Final = 3
"""Months that the market is run on after the event has begun."""
_LONGEST: Final = 80
"""Characters that the ribbon of a figure has room for."""


def check_event(event: Event, setting: Source = "textbook-duopoly", *, undone: bool | None = None) -> None:
    """Put an event through the tests that every shipped one passes.

    It must be frozen, picklable and survive the way to a table and back, and have a line for figures. It must
    name firms and products that the market has. `strike` and `revoke` must put new arrays in the place of
    old ones, of the same shape and with finite numbers, and do the same twice; `impose` must give back Offers
    with prices above 0 and leave the state alone. The months before it must be those of a market without it,
    and the market must run on with it.

    Args:
        event: the event, with its parameters.
        setting: the market it is for, with the event's month among the months of its run.
        undone: whether `revoke` must leave the state as it was before `strike`; None: if `until` is set.

    Raises:
        AssertionError: naming every check that failed.
        InputError: the market is not valid.
    """
    bare = load(setting).but(events=[])
    problems = list(_frozen(event))
    try:
        with_it = bare.but(events=[event.model_dump()] if not problems else [event])
    except InputError as error:
        problems += [f"{p.place}: found {p.found}; allowed: {p.allowed}" for p in error.problems]
    else:
        ends = (event.until, event.until_period) != (None, None) if undone is None else undone
        problems += [*_state(event, bare, ends), *_offers(event, bare)]
        problems += [] if problems else _runs(bare, with_it, event)
    assert not problems, f"{event.kind}: " + "; ".join(dict.fromkeys(problems))


def _frozen(event: Event) -> Iterator[str]:
    try:
        if pickle.loads(pickle.dumps(event)) != event:
            yield "pickling changes it"
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        yield f"it does not pickle: {error}"
    for table in (event.model_dump(), event.model_dump(mode="json")):
        try:
            if make_rule(table, "pricewar.events", Event) != event:
                yield f"its table form makes another event: {table}"
        except ValueError as error:
            yield f"its table form is refused: {error}"
    if not 0 < len(event.describe()) <= _LONGEST:
        yield f"its line for figures has {len(event.describe())} characters; allowed: 1 to {_LONGEST}"


def _market(scenario: Scenario) -> State:
    """The state before the first month; its arrays cannot be written to, because records may share them."""
    state = copy.deepcopy(PriceWar(scenario, collect=False).state)
    for value in vars(state).values():
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return state


def _state(event: Event, scenario: Scenario, undone: bool) -> Iterator[str]:
    before, first, second = (_market(scenario) for _ in range(3))
    try:
        event.strike(first)
        event.strike(second)
        yield from (f"strike {what}" for what in _unsound(before, first))
        if not _same(first, second):
            yield "strike does not do the same twice: the same state gave two"
        event.revoke(first)
    except (PricewarError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        yield f"strike or revoke raises {type(error).__name__}: {error}"
        return
    yield from (f"revoke {what}" for what in _unsound(before, first))
    if undone:
        left = [name for name in _differences(before, first) if name != "log"]
        yield from (f"revoke does not undo strike: {name} differs" for name in left)


def _unsound(before: State, after: State) -> Iterator[str]:
    for field in fields(State):
        was, now = getattr(before, field.name), getattr(after, field.name)
        if isinstance(was, (np.ndarray, float)):
            found = np.asarray(now)
            if found.shape != np.shape(was) or found.dtype.kind not in "fib":
                yield f"leaves {field.name} with shape {found.shape}; allowed: numbers of {np.shape(was)}"
            elif not np.isfinite(found).all():
                yield f"leaves numbers in {field.name} that are not finite"
        elif type(now) is not type(was):
            yield f"leaves {field.name} as {type(now).__name__}; allowed: {type(was).__name__}"
    added = vars(after).keys() - {field.name for field in fields(State)}
    yield from (f"adds {name} to the state; allowed: the fields of State" for name in sorted(added))


def _differences(one: State, other: State) -> Iterator[str]:
    for field in fields(State):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if isinstance(left, (np.ndarray, float)):
            if not np.allclose(left, right, rtol=1e-9, atol=1e-9):
                yield field.name
        elif pickle.dumps(left) != pickle.dumps(right):
            yield field.name


def _same(one: State, other: State) -> bool:
    return not any(_differences(one, other))


def _offers(event: Event, scenario: Scenario) -> Iterator[str]:
    before, state = _market(scenario), _market(scenario)
    offers = start_offers(state)
    last = event.last(scenario.clock)
    until = -1 if last is None else last
    try:
        found: Any = event.impose(offers, state, until)
    except (PricewarError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        yield f"impose raises {type(error).__name__}: {error}"
        return
    if not isinstance(found, Offers):
        yield f"impose returns {type(found).__name__}; allowed: Offers"
        return
    for field in fields(offers):
        was, now = getattr(offers, field.name), getattr(found, field.name)
        if isinstance(was, np.ndarray) and np.shape(now) != was.shape:
            yield f"impose leaves {field.name} with shape {np.shape(now)}; allowed: {was.shape}"
            return
    if not (np.isfinite(found.price).all() and (found.price > 0).all()):
        yield "impose leaves prices that are not above 0"
    yield from (f"impose changes {name} of the state" for name in _differences(before, state))


def _runs(bare: Scenario, with_it: Scenario, event: Event) -> Iterator[str]:
    begins = event.begins(bare.clock)
    without, model = (PriceWar(scenario, collect=False) for scenario in (bare, with_it))
    try:
        while model.running and model.period < begins + AFTER:
            model.step()
            if model.period <= begins:
                without.step()
                if not np.array_equal(model.history[-1].sales.orders, without.history[-1].sales.orders):
                    yield f"it leaves a trace in {model.month}, before its month"
    except (PricewarError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        yield f"the market stops in {model.month}: {type(error).__name__}: {error}"
        return
    last = model.history[-1]
    if not (np.isfinite(last.accounts.cash).all() and np.isfinite(last.sales.orders).all()):
        yield f"orders or cash are not finite in {model.month}"
