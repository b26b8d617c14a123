"""The calendar of a run: which events begin, last and end, and which measures begin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pricewar.base.own_code import FAILURES, blame, the_same_sort
from pricewar.base.records import Offers
from pricewar.base.state import State
from pricewar.base.together import each
from pricewar.events import Event
from pricewar.scenario.tree import Scenario


def happen(scenario: Scenario, state: State, period: int) -> None:
    """Take back the events that are over, let this month's events begin, and note both in the log."""
    start, events, at = scenario.clock, _by_turn(scenario), _At()
    with _told(at, scenario, period):
        for at.place, at.rule in reversed(events):
            if at.rule.ends(start, period):
                _act(at.rule, "revoke", state)
        for at.place, at.rule in events:
            if at.rule.strikes(start, period):
                _act(at.rule, "strike", state)
        for at.place, at.rule in enumerate(scenario.events):
            if at.rule.strikes(start, period):
                state.tell(period, at.rule.entity, at.rule.describe(scenario.words))
            if at.rule.ends(start, period):
                state.tell(period, at.rule.entity, f"end of: {at.rule.describe(scenario.words)}")
        at.part = "interventions"
        for at.place, at.rule in enumerate(scenario.interventions):
            if at.rule.active(start, period) and at.rule.elapsed(start, period) == 0:
                state.tell(period, "regulator", at.rule.describe())


def _act(rule: Event, method: str, state: State) -> None:
    """Let an event change the state; of runs that step together each by itself, if it must be."""
    act = getattr(rule, method)
    if getattr(type(rule), method) is getattr(Event, method):
        return
    if state.runs is None or rule.batched:
        act(state)
    else:
        state.each(lambda part, _: act(part))


def impose(scenario: Scenario, offers: Offers, state: State, period: int) -> Offers:
    """Offers as the events that last this month leave them."""
    at = _At()
    with _told(at, scenario, period):
        for at.place, at.rule in _by_turn(scenario):
            if type(at.rule).impose is not Event.impose and at.rule.lasts(scenario.clock, period):
                last = at.rule.last(scenario.clock)
                offers = _imposed(at.rule, offers, state, -1 if last is None else last)
    return offers


def _imposed(rule: Event, offers: Offers, state: State, last: int) -> Offers:
    if state.runs is None or rule.batched:
        return the_same_sort(rule.impose(offers, state, last), offers)
    return each(
        offers, lambda part, s: the_same_sort(rule.impose(part, state.run(s), last), part), state.runs
    )


def _by_turn(scenario: Scenario) -> list[tuple[int, Event]]:
    """Place and event, in the order in which those of one month happen, whatever the order of the file."""
    return sorted(enumerate(scenario.events), key=lambda placed: placed[1].turn)


@dataclass
class _At:
    """The rule whose code runs now."""

    part: str = "events"
    place: int = 0
    rule: Any = None


@contextmanager
def _told(at: _At, scenario: Scenario, period: int) -> Iterator[None]:
    """Errors of a rule's code say which rule it was, and in which month."""
    try:
        yield
    except FAILURES as error:
        blame(error, at.rule.kind, f"({at.part}.{at.place}) in {scenario.month(period)}")
        raise
