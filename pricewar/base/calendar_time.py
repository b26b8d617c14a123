"""Parameters that are stated in calendar time: what kind of figure a month of it is, and what a period has.

A field says so by its annotation, `Annotated[float, Stated.LENGTH]`, also in a user's own rule. Where a
period is a month nothing is converted, to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, TypeVar

from pydantic import BaseModel

from .clock import Clock

B = TypeVar("B", bound=BaseModel)


class Stated(Enum):
    """How a figure that is stated by the month is turned into one by the period."""

    LENGTH = "a duration in months; whole ones stay whole, and are one period or more unless they are 0"
    KEPT = "the part that is left after a month"
    CHANCE = "the part that is gone, or the chance that something happens, within a month"
    SUM = "an amount that adds up over a month"
    SPREAD = "the standard deviation of a month's mean"
    MOMENT = "a date, or a table by dates: the name of the period that holds it"

    def by_period(self, value: Any, clock: Clock) -> Any:
        """The figure of a period that compounds, or adds up, to the stated one of a month."""
        part = clock.months_a_period
        match self:
            case Stated.LENGTH:
                return _length(value, part)
            case Stated.KEPT:
                return value**part
            case Stated.CHANCE:
                return 1.0 - (1.0 - value) ** part
            case Stated.SUM:
                return value * part
            case Stated.SPREAD:
                return value / part**0.5
            case Stated.MOMENT:
                return _named(value, clock)


def by_period(stated: B, clock: Clock) -> B:
    """A copy in which everything that is stated in calendar time is by the period.

    Args:
        stated: a scenario, a table or a rule. With periods of a month it is returned as it is.
        clock: of the market.
    """
    if clock.unit == "month":
        return stated
    changed = {}
    for name, field in type(stated).model_fields.items():
        sort = next((mark for mark in field.metadata if isinstance(mark, Stated)), None)
        was = getattr(stated, name)
        now = _within(was, clock) if sort is None or was is None else sort.by_period(was, clock)
        if now is not was:
            changed[name] = now
    more = {name: _within(value, clock) for name, value in (stated.__pydantic_extra__ or {}).items()}
    return stated.model_copy(update={**changed, **more}) if changed or more else stated


def moments(stated: BaseModel, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, date) of every date in a rule and in the rules within it, but for the dates of events."""
    for name, field in type(stated).model_fields.items():
        value, place = getattr(stated, name), f"{path}.{name}".lstrip(".")
        if Stated.MOMENT in field.metadata:
            yield from ((place, moment) for moment in ([value] if isinstance(value, str) else value or ()))
        for inner in value.values() if isinstance(value, dict) else (value,):
            if isinstance(inner, BaseModel):
                yield from moments(inner, place)


def _within(value: Any, clock: Clock) -> Any:
    if isinstance(value, BaseModel):
        return by_period(value, clock)
    if isinstance(value, dict):
        made = {key: _within(item, clock) for key, item in value.items()}
        return made if any(made[key] is not value[key] for key in value) else value
    if isinstance(value, tuple):
        items = tuple(_within(item, clock) for item in value)
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def _length(months: Any, part: float) -> Any:
    if isinstance(months, int):
        return max(1, round(months / part)) if months else 0
    return months / part


def _named(value: Any, clock: Clock) -> Any:
    if isinstance(value, dict):
        return {clock.label(clock.period_of(moment)): value[moment] for moment in sorted(value)}
    return clock.label(clock.period_of(value))
