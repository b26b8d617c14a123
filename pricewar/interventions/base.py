"""What an intervention is: a measure of the state that rewrites one of three records.

It may rewrite the View before a firm prices, the Offers before buyers see them, or the Accounts before
bills are paid; it touches nothing else, so measures compose and can be tested alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ConfigDict

from pricewar.base.months import Month, months_between
from pricewar.base.records import Accounts, Floats, Landscape, Offers, Record, Sales, View
from pricewar.base.rules import Rule


@dataclass(frozen=True)
class Desk(Record):
    """What the regulator knows when it looks at a record: public facts and audited costs."""

    period: int
    month: str
    elapsed: int
    """Months since the measure began; 0 in its first month."""
    landscape: Landscape
    before: Offers
    """Last month's offers."""
    last_sales: Sales | None
    """Last month's sales; None in the first month."""
    cost_lines: Mapping[str, Floats]
    """(J,) unit cost of each product under each legal cost line, CNY ex VAT, as audited at the end of last
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

    start: Month | None = None
    """First month in force; None: from the first month of the run."""
    end: Month | None = None
    """Last month in force; None: to the end."""
    label: str | None = None
    """A short line for figures; None: one is made from the name."""

    def describe(self) -> str:
        """One short line for the ribbon of events in a figure."""
        return self.label or re.sub(r"(?<!^)(?=[A-Z])", " ", type(self).__name__).lower()

    def active(self, first_month: str, period: int) -> bool:
        """Whether the measure is in force in this period of a run that starts in `first_month`.

        Args:
            first_month: of the run.
            period: from 0.
        """
        begun = self.start is None or months_between(first_month, self.start) <= period
        return begun and (self.end is None or period <= months_between(first_month, self.end))

    def elapsed(self, first_month: str, period: int) -> int:
        """Months since it came into force.

        Args:
            first_month: of the run.
            period: from 0.
        """
        return period - (0 if self.start is None else max(0, months_between(first_month, self.start)))

    def see(self, view: View, desk: Desk) -> View:
        """Rewrite what a firm knows before it sets prices.

        Args:
            view: what the firm would know without the measure.
            desk: what the regulator sees, and its memory.
        """
        return view

    def amend(self, offers: Offers, desk: Desk) -> Offers:
        """Rewrite the offers before buyers see them.

        Args:
            offers: of all firms, as they propose them.
            desk: what the regulator sees, and its memory.
        """
        return offers

    def settle(self, accounts: Accounts, desk: Desk) -> Accounts:
        """Rewrite the accounts before bills are paid (payment terms, fines, levies).

        Args:
            accounts: draft books of the month.
            desk: what the regulator sees, and its memory.
        """
        return accounts

    def names(self) -> Iterable[tuple[str, str]]:
        """(field, firm or product id) pairs that must exist in the market; used to check files."""
        return ()
