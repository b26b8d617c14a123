"""What a campaign rule sees, draws and answers. F firms, J products; a leading axis of runs is allowed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar

import numpy as np
from pydantic import Field

from pricewar.base.records import Flags, Floats, Ints, Landscape, Record
from pricewar.base.rules import Rule

KINDS: Final = ("list", "limited", "subsidy")
"""A lasting cut of the list price; a limited-time offer; money that the firm adds for a time."""
LIST, LIMITED, SUBSIDY = range(len(KINDS))
ROUNDS: Final = 2
"""How often a month is answered: an answer can set off another within the month."""


def tells_campaign(entity: str, what: str) -> bool:
    """Whether a line of a run's log is that of a campaign, which the table of campaigns has too.

    Args:
        entity: whom the line is about.
        what: the line.
    """
    return what.startswith((f"{entity} leads: ", f"{entity} follows "))


@dataclass(frozen=True)
class Board(Record):
    """What all firms can see before a month's campaigns are drawn, and each firm's own books."""

    landscape: Landscape
    period: int
    month: str
    """Calendar month, "2025-05"."""
    able: Flags
    """(F,) in the market, with something on sale."""
    in_force: Flags
    """(F,) whose own limited-time offer is in force."""
    since: Ints
    """(F,) months since the last own campaign; large where there was none."""
    shortfall: Floats
    """(F,) by how much sales run behind the announced target, 0..1; 0 without a target."""
    overstock: Floats
    """(F,) months of stock above what the firm holds to be normal, >= 0."""
    warned: Floats
    """(F,) how strongly a warning of the regulator holds with each firm, 0..1: 1 when fresh, 0 with firms
    that do not heed it."""
    announced: Floats
    """(F,) largest cut announced by each firm this month or last, as a fraction; 0 where none was."""
    nearness: Floats
    """(F, F) how near firm k is to firm f: the share of f's lost buyers that go to k, over the largest such
    share; 0 on the diagonal."""

    def trigger(self, announced: Floats) -> tuple[Floats, Ints]:
        """(F,) the nearest rival's announced cut times nearness, at its largest, and (F,) whose it is.

        Args:
            announced: (F,) cuts as fractions.
        """
        pull = self.nearness * announced[..., None, :]
        return pull.max(axis=-1), pull.argmax(axis=-1)


@dataclass(frozen=True)
class Draws(Record):
    """The luck of a month's campaigns, (F,) each: drawn whether needed or not, so that runs stay paired."""

    lead: Floats
    """Uniform."""
    follow: Floats
    """(ROUNDS, F) uniform."""
    size: Floats
    """Standard normal."""
    kind: Floats
    """Uniform."""
    coverage: Floats
    """Uniform."""
    bite: Floats
    """Uniform."""
    length: Floats
    """Uniform."""
    launch: Floats
    """Uniform."""
    renewal: Floats
    """Uniform."""
    habit: Floats
    """Uniform, the same in all months of a run: what sort of firm it is."""


@dataclass(frozen=True)
class Plan(Record):
    """Campaigns that firms draw up, (F,) each; what is said of firms outside `drawn` counts for nothing."""

    drawn: Flags
    size: Floats
    """Announced cut, as a fraction."""
    bite: Floats
    """Share of it that is new money for buyers, 0..1; the rest repackages standing offers."""
    kind: Ints
    """Position in `KINDS`."""
    coverage: Floats
    """Share of the own products on sale that the campaign names, 0..1."""
    days: Floats
    """How long the offer stands; infinite for a list cut."""
    trigger: Ints
    """Position of the firm that is answered; -1 for a leader."""

    @classmethod
    @lru_cache(maxsize=64)  # most rounds of most months end with it
    def none(cls, firms: int) -> Plan:
        """No campaign."""
        zeros, places = np.zeros(firms), np.zeros(firms, dtype=np.int64)
        return cls(np.zeros(firms, dtype=np.bool_), zeros, zeros, places, zeros, zeros, places - 1)


Method = TypeVar("Method", bound=Callable[..., Any])


def for_many(method: Method) -> Method:
    """Mark a method of a rule that answers for several firms at once as well as for one.

    A subclass that writes its own, without the mark, is asked firm by firm.
    """
    vars(method)["for_many"] = True
    return method


class CampaignRule(Rule):
    """How firms start, answer, renew and end campaigns. Subclass it, write `lead_plan` and
    `follow_plan`, and overwrite any other."""

    horizon: float = Field(24.0, gt=0, le=120, description="months of a lasting cut that firms look ahead")
    edition_keeps: float = Field(
        0.5, ge=0, le=1, description="part of lasting cuts that a model's new edition keeps (assumed; 0 to 1)"
    )

    @abstractmethod
    def lead_plan(self, board: Board, draws: Draws) -> Plan:
        """Campaigns that firms start of their own accord.

        Args:
            board: what can be seen.
            draws: the month's luck.
        """

    @abstractmethod
    def follow_plan(self, board: Board, draws: Draws, announced: Floats, answer: int) -> Plan:
        """Campaigns that answer others.

        Args:
            board: what can be seen.
            draws: the month's luck.
            announced: (F,) cuts announced this month or last, those of this month's leaders included.
            answer: which round of answers this is, from 0.
        """

    def willing(self, gain: Floats, contribution: Floats, draws: Draws) -> Flags:
        """(F,) which of the campaigns drawn are launched.

        Args:
            gain: (F,) expected gain over the campaign's life, in the market's currency.
            contribution: (F,) a usual month's contribution (price less variable cost, times units).
            draws: the month's luck.
        """
        return np.ones(gain.shape, dtype=np.bool_)

    def renews(self, board: Board, draws: Draws) -> Flags:
        """(F,) which firms renew their limited-time offers that end this month."""
        return np.zeros(board.able.shape, dtype=np.bool_)

    def expected_answers(self, board: Board, firm: int, size: float) -> Floats:
        """(F,) cuts of transaction prices that a firm expects of its rivals if it announces `size`."""
        return np.zeros(board.able.shape)

    def unit_value(self, board: Board, firm: int) -> float:
        """What one more unit is worth to a firm beyond its margin, as a share of its price."""
        return 0.0

    def later_value(self, board: Board, firm: int, growth: float) -> float:
        """What a share that was won is worth after the campaign, in months of a usual month's contribution.

        Args:
            board: what can be seen.
            firm: position of the firm.
            growth: log change of its units by the campaign.
        """
        return 0.0
