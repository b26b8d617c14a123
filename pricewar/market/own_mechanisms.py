"""Where a user's own mechanisms act: on appeal, on felt prices, on the number of shoppers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import numpy as np

from pricewar.base.errors import Problem, RuleError, bad_input, shown
from pricewar.base.own_code import FAILURES, blame
from pricewar.base.records import Floats, Offers, Sales
from pricewar.base.state import State
from pricewar.base.together import PerRun
from pricewar.scenario.mechanisms import Dynamics
from pricewar.scenario.own_mechanism import Notebook, OwnMechanism

T = TypeVar("T")
ALLOWED = "{} finite numbers, one a product"


def appeal(state: State, offers: Offers, dynamics: Dynamics) -> Floats | float:
    """(J,) utility that own mechanisms add; 0.0 where there are none."""
    return _sum(state, offers, dynamics, "appeal")


def burden(state: State, offers: Offers, dynamics: Dynamics) -> Floats | float:
    """(J,) CNY that own mechanisms make buyers weigh on top of prices; 0.0 where there are none."""
    return _sum(state, offers, dynamics, "burden")


def shoppers(state: State, offers: Offers, dynamics: Dynamics) -> PerRun:
    """Factor of all own mechanisms on the number of people in the market."""
    if state.runs is not None and dynamics.own:
        return np.array([shoppers(*part, dynamics) for part in _parts(state, offers)])
    factor = 1.0
    for name, rule, memory in _notebooks(state, dynamics):
        given = _told(name, rule, "shoppers", partial(rule.shoppers, state, offers, memory))
        if not (np.isfinite(given) and given >= 0):
            raise RuleError(f"{rule.kind} (dynamics.{name}): shoppers() gives {given}; allowed: 0 or more")
        factor *= given
    return factor


def remember(state: State, offers: Offers, sales: Sales, dynamics: Dynamics) -> None:
    """Let own mechanisms write down what the next month needs."""
    if state.runs is not None and dynamics.own:
        for s, part in enumerate(_parts(state, offers)):
            remember(*part, sales.run(s), dynamics)
        return
    for name, rule, memory in _notebooks(state, dynamics):
        _told(name, rule, "remember", partial(rule.remember, state, offers, sales, memory))


def require_rest(state: State, offers: Offers, dynamics: Dynamics, scenario: str) -> None:
    """Check that own mechanisms are at rest before the first month.

    Raises:
        InputError: one moves the market at the start; all at once.
    """
    found = _notebooks(state, dynamics)
    problems = [problem for each in found for problem in _unrest(state, offers, *each)]
    if problems:
        raise bad_input(scenario, *((p.place, p.found, p.allowed) for p in problems))


def _unrest(
    state: State, offers: Offers, name: str, rule: OwnMechanism, memory: Notebook
) -> Iterator[Problem]:
    for method in ("appeal", "burden"):
        values = _values(state, offers, name, rule, memory, method)
        if values.any():
            found = f"{method} {shown(values.tolist(), 80)} at the start"
            yield Problem(f"dynamics.{name}", found, "zeros: a mechanism acts on changes only")
    given = _told(name, rule, "shoppers", partial(rule.shoppers, state, offers, memory))
    if given != 1.0:
        yield Problem(f"dynamics.{name}", f"shoppers {shown(given)} at the start", "1")


def _sum(state: State, offers: Offers, dynamics: Dynamics, method: str) -> Floats | float:
    if state.runs is not None and dynamics.own:
        return np.array([_sum(*part, dynamics, method) for part in _parts(state, offers)])
    total: Floats | float = 0.0
    for name, rule, memory in _notebooks(state, dynamics):
        total = total + _values(state, offers, name, rule, memory, method)
    return total


def _parts(state: State, offers: Offers) -> Iterator[tuple[State, Offers]]:
    """State and offers of each of the runs that step together: mechanisms are asked run by run."""
    return ((state.run(s), offers.run(s)) for s in range(state.runs or 0))


def _values(
    state: State, offers: Offers, name: str, rule: OwnMechanism, memory: Notebook, method: str
) -> Floats:
    given = _told(name, rule, method, partial(getattr(rule, method), state, offers, memory))
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.full(1, np.nan)
    if values.shape != offers.price.shape or not np.isfinite(values).all():
        allowed = ALLOWED.format(len(offers.price))
        raise RuleError(
            f"{rule.kind} (dynamics.{name}): {method}() gives {shown(given, 80)}; allowed: {allowed}"
        )
    return values


def _notebooks(state: State, dynamics: Dynamics) -> Iterator[tuple[str, OwnMechanism, Notebook]]:
    for name, rule in dynamics.own.items():
        yield name, rule, state.notebooks.setdefault(name, {})


def _told(name: str, rule: OwnMechanism, method: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except FAILURES as error:
        blame(error, rule.kind, f"(dynamics.{name}, {method})")
        raise
