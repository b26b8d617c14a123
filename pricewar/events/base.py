"""What an event is: something from outside that happens to the market in a stated month."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from pricewar.base.months import Month, months_between
from pricewar.base.records import Offers
from pricewar.base.rules import Rule
from pricewar.base.state import State


class Event(Rule):
    """Subclass it and write `strike` (once, in its month) or `impose` (each month while it lasts)."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    month: Month
    """The month in which it happens."""
    until: Month | None = None
    """Last month in which it lasts; None: it does not end."""
    label: str | None = None
    """A short line for figures; None: one is made from the parameters."""

    @property
    def entity(self) -> str:
        """The firm or product that it happens to; "market" where it is more than one."""
        ids = {name for _, name in self.names()}
        return ids.pop() if len(ids) == 1 else "market"

    @property
    def turn(self) -> int:
        """Its place among the events of one month, low first; the order in the file makes no difference.

        Events are taken back before others begin, and in the reverse order.
        """
        return 1

    def describe(self) -> str:
        """One short line for the ribbon of events in a figure."""
        return self.label or self.summary()

    def summary(self) -> str:
        """The line that `describe` gives where no label is set."""
        return self.kind

    def strikes(self, start: str, period: int) -> bool:
        """Whether it happens in this very period.

        Args:
            start: first month of the run.
            period: from 0.
        """
        return months_between(start, self.month) == period

    def lasts(self, start: str, period: int) -> bool:
        """Whether it is in force in this period.

        Args:
            start: first month of the run.
            period: from 0.
        """
        after = months_between(start, self.month) <= period
        return after and (self.until is None or period <= months_between(start, self.until))

    def ends(self, start: str, period: int) -> bool:
        """Whether the period is the first after its last month.

        Args:
            start: first month of the run.
            period: from 0.
        """
        return self.until is not None and months_between(start, self.until) + 1 == period

    def strike(self, state: State) -> None:
        """Change the state, once, at the start of the month.

        Args:
            state: of the market; fields get new arrays.
        """

    def revoke(self, state: State) -> None:
        """Undo what `strike` did, in the month after `until`.

        Args:
            state: of the market; fields get new arrays.
        """

    def impose(self, offers: Offers, state: State, last_period: int) -> Offers:
        """Override what firms offer, each month while it lasts.

        Args:
            offers: what the firms proposed.
            state: the market before this month's sales, to read only.
            last_period: period of `until`, or -1.
        """
        return offers

    def names(self) -> Iterable[tuple[str, str]]:
        """(field, firm or product id) pairs that must exist in the market; used to check files."""
        return ()


def put(values: NDArray[Any], where: int | NDArray[Any], new: Any) -> NDArray[Any]:
    """A copy with some entries replaced: records of earlier months may still hold the old memory."""
    copy = np.array(values)
    copy[where] = new
    return copy
