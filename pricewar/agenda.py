"""The calendar of a run: which events strike, last and end, and which measures begin."""

from __future__ import annotations

from .events import Event
from .months import months_between
from .own_code import FAILURES, blame, the_same_sort
from .records import Offers
from .scenario import Scenario
from .state import State


def happen(scenario: Scenario, state: State, period: int) -> None:
    """Let this month's events strike, take back those that are over, and note both in the log."""
    start = scenario.start
    for place, event in enumerate(scenario.events):
        try:
            _happen(event, state, start, period)
        except FAILURES as error:
            blame(error, event.kind, f"(events.{place}) in {scenario.month(period)}")
            raise
    for place, measure in enumerate(scenario.interventions):
        try:
            if measure.active(start, period) and measure.elapsed(start, period) == 0:
                state.log.append((period, "regulator", measure.describe()))
        except FAILURES as error:
            blame(error, measure.kind, f"(interventions.{place}) in {scenario.month(period)}")
            raise


def _happen(event: Event, state: State, start: str, period: int) -> None:
    if event.strikes(start, period):
        event.strike(state)
        state.log.append((period, event.entity, event.describe()))
    if event.ends(start, period):
        event.revoke(state)
        state.log.append((period, event.entity, f"end of: {event.describe()}"))


def impose(scenario: Scenario, offers: Offers, state: State, period: int) -> Offers:
    """Offers as the events that last this month leave them, in the order of the scenario."""
    for place, event in enumerate(scenario.events):
        try:
            if event.lasts(scenario.start, period):
                until = -1 if event.until is None else months_between(scenario.start, event.until)
                offers = the_same_sort(event.impose(offers, state, until), offers)
        except FAILURES as error:
            blame(error, event.kind, f"(events.{place}) in {scenario.month(period)}")
            raise
    return offers
