"""Whether what a scenario dates fits to its clock: its start, events, measures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from pricewar.base.calendar_time import moments
from pricewar.events import Event
from pricewar.interventions import Intervention
from pricewar.strategies import Strategy

if TYPE_CHECKING:
    from .tree import Scenario

T = TypeVar("T", Event, Intervention)
MONTH: Final = r"\d{4}-\d{2}"


def calendar(scenario: Scenario) -> Iterator[dict[str, str]]:
    """Events that begin within the run, and an end of each event and measure that is not before its begin."""
    if not _can_start(scenario):
        return
    last = scenario.month(scenario.periods - 1)
    here, months = scenario.clock, f"{scenario.start} to {last}, the {scenario.period}s of the run"
    for index, event in given(scenario.events):
        by_month, begins, ends = event.month is not None, event.begins(here), event.last(here)
        if not 0 <= begins < scenario.periods:
            field, allowed = ("month", months) if by_month else ("period", f"0 to {scenario.periods - 1}")
            yield problem(f"events.{index}.{field}", _date(event, field), allowed)
        if ends is not None and ends < begins:
            field = "until_period" if event.until is None else "until"
            yield problem(f"events.{index}.{field}", _date(event, field), f"{event.when} or later")
    for index, measure in given(scenario.interventions):
        first, ends = measure.begins(here), measure.last(here)
        field, allowed = ("start", last) if measure.period is None else ("period", str(scenario.periods - 1))
        if first is not None and first >= scenario.periods:
            yield problem(f"interventions.{index}.{field}", _date(measure, field), f"{allowed} or earlier")
        if first is not None and ends is not None and ends < first:
            end = "until_period" if measure.end is None else "end"
            begun = getattr(measure, field)
            yield problem(f"interventions.{index}.{end}", _date(measure, end), f"{begun} or later")


def _date(rule: Event | Intervention, field: str) -> str:
    return repr(getattr(rule, field))


def clock(scenario: Scenario) -> Iterator[dict[str, str]]:
    """A start that the periods can count from, and nothing that counts months only."""
    unit = scenario.period
    if not _can_start(scenario):
        allowed = "a month" if scenario.clock.by_months else "a month or a date"
        yield problem("start", repr(scenario.start), f"{allowed}, where a period is a {unit}")
    for place, rule in _rules(scenario) if unit == "month" else ():
        for where, moment in (*moments(rule), *_own_dates(rule)):
            if re.fullmatch(MONTH, moment) is None:
                yield problem(f"{place}.{where}", repr(moment), "a month, as periods are")
    if unit != "month" and scenario.campaigns.on:
        allowed = f"false: campaigns are drawn by calendar months, and a period is a {unit}"
        yield problem("campaigns.on", "true", allowed)


def _rules(scenario: Scenario) -> Iterator[tuple[str, Strategy | Event | Intervention]]:
    """Every rule with its place."""
    for key, firm in scenario.firms.items():
        if isinstance(getattr(firm, "strategy", None), Strategy):
            yield f"firms.{key}.strategy", firm.strategy
    yield from ((f"events.{index}", event) for index, event in given(scenario.events))
    yield from ((f"interventions.{index}", measure) for index, measure in given(scenario.interventions))


def _own_dates(rule: Strategy | Event | Intervention) -> Iterator[tuple[str, str]]:
    names = ("month", "until") if isinstance(rule, Event) else ("start", "end")
    for name in () if isinstance(rule, Strategy) else names:
        if (moment := getattr(rule, name)) is not None:
            yield name, moment


def _can_start(scenario: Scenario) -> bool:
    day = "" if scenario.clock.by_months else r"(-\d{2})?"
    return re.fullmatch(MONTH + day, scenario.start) is not None


def given(rules: Sequence[T | None]) -> Iterator[tuple[int, T]]:
    """Rules with their places, except those that were not examined; what could not be read is None."""
    return ((index, rule) for index, rule in enumerate(rules) if rule is not None and rule.looked_at)


def problem(place: str, found: str, allowed: str) -> dict[str, str]:
    """A problem as checks tell it."""
    return {"place": place, "found": found, "allowed": allowed}
