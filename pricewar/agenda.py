"""The calendar of a run: which events strike, last and end, and which measures begin."""

from __future__ import annotations

from .months import months_between
from .records import Offers
from .scenario import Scenario
from .state import State


def happen(scenario: Scenario, state: State, period: int) -> None:
    """Let this month's events strike, take back those that are over, and note both in the log."""
    start = scenario.start
    for event in scenario.events:
        if event.strikes(start, period):
            event.strike(state)
            state.log.append((period, event.entity, event.describe()))
        if event.ends(start, period):
            event.revoke(state)
            state.log.append((period, event.entity, f"end of: {event.describe()}"))
    for measure in scenario.interventions:
        if measure.active(start, period) and measure.elapsed(start, period) == 0:
            state.log.append((period, "regulator", measure.describe()))


def impose(scenario: Scenario, offers: Offers, state: State, period: int) -> Offers:
    """Offers as the events that last this month leave them, in the order of the scenario."""
    for event in scenario.events:
        if event.lasts(scenario.start, period):
            until = -1 if event.until is None else months_between(scenario.start, event.until)
            offers = event.impose(offers, state, until)
    return offers
