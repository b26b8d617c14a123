"""What an intervention is: a measure of the state that rewrites one of three records.

It may rewrite the View before a firm prices, the Offers before buyers see them, or the Accounts before
bills are paid; it touches nothing else, so measures compose and can be tested alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from pydantic import ConfigDict, model_validator

from pricewar.base.clock import Clock, Moment, Period
from pricewar.base.records import Accounts, Floats, Landscape, Offers, Record, Sales, View
from pricewar.base.rules import Rule


@dataclass(frozen=True)
class Desk(Record):
    """What the regulator knows when it looks at a record: public facts and audited costs."""

    period: int
    month: str
    clock: Clock
    """Which dates the periods stand for."""
    elapsed: int
    """Periods since the measure began; 0 in its first one."""
    landscape: Landscape
    before: Offers
    """Last month's offers."""
    last_sales: Sales | None
    """Last month's sales; None in the first month."""
    cost_lines: Mapping[str, Floats]
    """(J,) unit cost of each product under each legal cost line, money ex VAT, as audited at the end of last
    month: "avc" average variable cost, "aac" average avoidable cost, "lraic" long-run average incremental
    cost, "atc" average total cost, "full" production cost plus period expenses."""
    stock_months: Floats
    """(J,) stock in months of sales."""
    vat: float
    memory: MutableMapping[str, Any]
    """The measure's own notebook."""
    luck: Callable[[], np.random.Generator]
    """A generator of the measure's own luck for this month."""


class Intervention(Rule):
    """Subclass it and overwrite one of `see`, `amend`, `settle`."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    start: Moment | None = None
    """First month in force; None: from the first month of the run."""
    end: Moment | None = None
    """Last month in force; None: to the end."""
    period: Period | None = None
    """When it is in force first, counted from 0, in place of `start`. In a market of days or weeks `start`
    may be a date."""
    until_period: Period | None = None
    """When it is in force for the last time, counted from 0, in place of `end`."""
    label: str | None = None
    """A short line for figures; None: one is made from the name."""

    @model_validator(mode="after")
    def _dated(self) -> Self:
        for one, other in (("start", "period"), ("end", "until_period")):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                raise ValueError(f"set {one} or {other}; found both")
        return self

    def describe(self) -> str:
        """One short line for the ribbon of events in a figure."""
        return self.label or re.sub(r"(?<!^)(?=[A-Z])", " ", type(self).__name__).lower()

    def begins(self, clock: Clock | str) -> int | None:
        """The first period in force; None: it is in force from the first one of the run.

        Args:
            clock: of the market, or its first month where periods are months.
        """
        return self.period if self.start is None else Clock.of(clock).period_of(self.start)

    def last(self, clock: Clock | str) -> int | None:
        """The last period in force; None: it does not end."""
        return self.until_period if self.end is None else Clock.of(clock).last_of(self.end)

    def active(self, clock: Clock | str, period: int) -> bool:
        """Whether the measure is in force in this period."""
        first, last = self.begins(clock), self.last(clock)
        return (first is None or first <= period) and (last is None or period <= last)

    def elapsed(self, clock: Clock | str, period: int) -> int:
        """Periods since it came into force."""
        return period - max(0, self.begins(clock) or 0)

    def see(self, view: View, desk: Desk) -> View:
        """Rewrite what a firm knows before it sets prices."""
        return view

    def amend(self, offers: Offers, desk: Desk) -> Offers:
        """Rewrite the offers before buyers see them."""
        return offers

    def settle(self, accounts: Accounts, desk: Desk) -> Accounts:
        """Rewrite the accounts before bills are paid (payment terms, fines, levies)."""
        return accounts

    def names(self) -> Iterable[tuple[str, str]]:
        """(field, firm or product id) pairs that must exist in the market; used to check files."""
        return ()
