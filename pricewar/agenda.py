"""The calendar of a run: which events strike, last and end, and which measures begin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .events import Event
from .interventions import Intervention
from .months import months_between
from .own_code import FAILURES, blame, the_same_sort
from .records import Offers
from .scenario import Scenario
from .state import State


def happen(scenario: Scenario, state: State, period: int) -> None:
    """Take back the events that are over, let this month's strike, and note both in the log."""
    start, events = scenario.start, _by_turn(scenario)
    for place, event in reversed(events):
        with _told(f"events.{place}", event, scenario, period):
            if event.ends(start, period):
                event.revoke(state)
    for place, event in events:
        with _told(f"events.{place}", event, scenario, period):
            if event.strikes(start, period):
                event.strike(state)
    for place, event in enumerate(scenario.events):
        with _told(f"events.{place}", event, scenario, period):
            if event.strikes(start, period):
                state.log.append((period, event.entity, event.describe()))
            if event.ends(start, period):
                state.log.append((period, event.entity, f"end of: {event.describe()}"))
    for place, measure in enumerate(scenario.interventions):
        with _told(f"interventions.{place}", measure, scenario, period):
            if measure.active(start, period) and measure.elapsed(start, period) == 0:
                state.log.append((period, "regulator", measure.describe()))


def impose(scenario: Scenario, offers: Offers, state: State, period: int) -> Offers:
    """Offers as the events that last this month leave them."""
    for place, event in _by_turn(scenario):
        with _told(f"events.{place}", event, scenario, period):
            if event.lasts(scenario.start, period):
                until = -1 if event.until is None else months_between(scenario.start, event.until)
                offers = the_same_sort(event.impose(offers, state, until), offers)
    return offers


def _by_turn(scenario: Scenario) -> list[tuple[int, Event]]:
    """Place and event, in the order in which those of one month happen, whatever the order of the file."""
    return sorted(enumerate(scenario.events), key=lambda placed: placed[1].turn)


@contextmanager
def _told(place: str, rule: Event | Intervention, scenario: Scenario, period: int) -> Iterator[None]:
    """Errors of a rule's code say which rule it was, and in which month."""
    try:
        yield
    except FAILURES as error:
        blame(error, rule.kind, f"({place}) in {scenario.month(period)}")
        raise
