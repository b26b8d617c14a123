"""The calendar of a run: which events strike, last and end, and which measures begin."""

from __future__ import annotations

from .events import Event
from .months import months_between
from .records import Offers
from .scenario import Scenario
from .state import State


def happen(scenario: Scenario, state: State, period: int) -> None:
    """Take back the events that are over, let this month's strike, and note both in the log."""
    start, events = scenario.start, _by_turn(scenario)
    for event in reversed(events):
        if event.ends(start, period):
            event.revoke(state)
    for event in events:
        if event.strikes(start, period):
            event.strike(state)
    for event in scenario.events:
        if event.strikes(start, period):
            state.log.append((period, event.entity, event.describe()))
        if event.ends(start, period):
            state.log.append((period, event.entity, f"end of: {event.describe()}"))
    for measure in scenario.interventions:
        if measure.active(start, period) and measure.elapsed(start, period) == 0:
            state.log.append((period, "regulator", measure.describe()))


def impose(scenario: Scenario, offers: Offers, state: State, period: int) -> Offers:
    """Offers as the events that last this month leave them."""
    for event in _by_turn(scenario):
        if event.lasts(scenario.start, period):
            until = -1 if event.until is None else months_between(scenario.start, event.until)
            offers = event.impose(offers, state, until)
    return offers


def _by_turn(scenario: Scenario) -> list[Event]:
    """Events in the order in which those of one month happen, whatever the order of the file."""
    return sorted(scenario.events, key=lambda event: event.turn)
