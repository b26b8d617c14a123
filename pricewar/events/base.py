"""What an event is: something from outside that happens to the market in a stated month."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, model_validator

from pricewar.base.clock import Clock, Moment, Period
from pricewar.base.records import Offers
from pricewar.base.rules import Rule
from pricewar.base.state import State
from pricewar.base.words import PLAIN, Words


class Event(Rule):
    """Subclass it and write `strike` (once, in its month) or `impose` (each month while it lasts)."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    batched: ClassVar[bool] = False
    """Whether `revoke` and `impose` serve many runs of a market at once, with arrays (S, J) in place of (J,);
    else they are called run by run."""
    month: Moment | None = None
    """The month in which it happens."""
    until: Moment | None = None
    """Last month in which it lasts; None: it does not end."""
    period: Period | None = None
    """When it happens, counted from 0, in place of `month`. In a market of days or weeks `month` may be a
    date."""
    until_period: Period | None = None
    """When it lasts for the last time, counted from 0, in place of `until`."""
    label: str | None = None
    """A short line for figures; None: one is made from the parameters."""

    @model_validator(mode="after")
    def _dated(self) -> Self:
        if self.looked_at and (self.month is None) == (self.period is None):
            found = "none" if self.month is None else "both"
            raise ValueError(f"set one of month and period; found {found}")
        if self.until is not None and self.until_period is not None:
            raise ValueError("set until or until_period; found both")
        return self

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

    def describe(self, words: Words | None = None) -> str:
        """One short line for the ribbon of events in a figure.

        Args:
            words: what money and units are called in the market that it happens to; None: "units", and
                money without a name.
        """
        return self.label or self.in_words(words or PLAIN)

    def in_words(self, words: Words) -> str:
        """The line that `describe` gives where no label is set, in the words of a market."""
        return self.summary()

    def summary(self) -> str:
        """The same of an event that speaks of no money and of no units."""
        return self.kind

    @property
    def when(self) -> str:
        """Its month, date or period, in words."""
        return f"period {self.period}" if self.month is None else self.month

    def begins(self, start: Clock | str) -> int:
        """The period in which it happens; negative before the run.

        Args:
            start: clock of the market, or its first month where periods are months.
        """
        if self.month is None:
            return self.period or 0
        return Clock.of(start).period_of(self.month)

    def last(self, start: Clock | str) -> int | None:
        """The last period in which it lasts; None: it does not end."""
        return self.until_period if self.until is None else Clock.of(start).last_of(self.until)

    def strikes(self, start: Clock | str, period: int) -> bool:
        """Whether it happens in this very period."""
        return self.begins(start) == period

    def lasts(self, start: Clock | str, period: int) -> bool:
        """Whether it is in force in this period."""
        last = self.last(start)
        return self.begins(start) <= period and (last is None or period <= last)

    def ends(self, start: Clock | str, period: int) -> bool:
        """Whether the period is the first after its last one."""
        last = self.last(start)
        return last is not None and last + 1 == period

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
            last_period: the last one in which it lasts, or -1.
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
