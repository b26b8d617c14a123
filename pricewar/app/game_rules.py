"""What a game is made of: the teacher's rules, seats with secrets, and how a request is refused."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from .markets import Textbook, game_markets
from .robots import MOST_LEARNERS
from .settings import Frozen

Phase = Literal["lobby", "open", "paused", "over"]
LIST_RANGE = (0.4, 1.6)
"""List prices that may be set, as a multiple of the start list price."""
_ENDS = 0x0E2D
"""Name of the stream that says when a game ends by chance."""
LARGEST_PROMOTION = 0.5
"""Of the list price."""
LONGEST_NAME = 24
PIN_DIGITS = 4
NO_SEAT = "This browser has no seat in this game: join with the code."
TIME_TO_ANSWER = 20.0
"""Seconds that remain at least after a measure has taken a decision back."""


class GameError(Exception):
    """A request that the rules of the game refuse; `status` is the HTTP status that says so."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


class Planned(Frozen):
    """An event or a nudge that a teacher sets before the game, as a treatment."""

    round: int = Field(ge=1, le=36, description="round in whose month it comes into force")
    sort: str = Field(
        max_length=20, description="cut, crash, warning, subsidy, cost, slump, limit or below_cost"
    )
    firm: str = Field("", max_length=60, description="id of the firm that a cut or a crash hits")
    size: float = Field(description="in the unit that the button on the desk has")


class GameRules(Frozen):
    """What a teacher chooses for one market before the class comes in."""

    market: str = Field(
        "textbook", description="`textbook`, `china`, `table`, or the name of a scenario that the page offers"
    )
    firms: int = Field(
        4, ge=2, le=12, description="firms that may be played; free ones are run by the computer"
    )
    rounds: int = Field(12, ge=3, le=36, description="months; with a random end, the most there can be")
    stop: float = Field(
        0.0, ge=0, le=0.5, description="chance that the game ends after a round; 0: the last round is known"
    )
    sure: int = Field(3, ge=1, le=36, description="rounds that are played before chance may end the game")
    seconds: int = Field(90, ge=5, le=900, description="time for a decision")
    computer: Literal["match", "tit-for-tat", "best-response", "hold", "campaign", "q-learner"] = Field(
        "match", description="rule of computer firms in the textbook market; elsewhere firms have their own"
    )
    default: Literal["last", "match", "hold"] = Field("last", description="rule of a player who is too late")
    seed: int = Field(1, ge=0, le=2**31, description="of the market's luck, and of what learners learn")
    board: bool = Field(False, description="whether players see everybody's profit while the game runs")
    rivals: bool = Field(True, description="whether players see rivals' prices while the game runs")
    chat: bool = Field(False, description="whether the players of a market may write to each other")
    quiz: bool = Field(False, description="whether players are asked about the rules before the game")
    shared: bool = Field(False, description="whether several players may sit at one browser")
    textbook: Textbook = Field(Textbook(), description="numbers of the textbook market")
    table: str = Field("", max_length=8000, description="table of products, for the market `table`")
    planned: tuple[Planned, ...] = Field(
        (), max_length=12, description="events and nudges set before the game"
    )

    @field_validator("market")
    @classmethod
    def _offered(cls, name: str) -> str:
        if name not in game_markets():
            raise ValueError(f"one of {', '.join(game_markets())}")
        return name

    @model_validator(mode="after")
    def _plays(self) -> Self:
        if self.computer == "q-learner" and (self.market != "textbook" or self.firms > MOST_LEARNERS):
            raise ValueError(f"q-learner: in the textbook market, with at most {MOST_LEARNERS} firms")
        if (self.market == "table") != bool(self.table.strip()):
            raise ValueError("table: text for the market `table`, and for no other")
        return self


@dataclass
class Seat:
    """A player at a firm."""

    name: str
    token: str
    """SHA-256 of the secret that the player's browser holds."""
    since: int
    """Round in which the seat was taken."""
    pin: str = ""
    """Fingerprint of the number that brings the seat to another device."""
    browser: str = ""
    """Fingerprint of the browser that sits here."""
    person: bool = True
    """Whether somebody sits here; a seat that was freed keeps its past."""
    months: list[str] = field(default_factory=list)
    """Months that were played with a person here."""
    table: dict[str, tuple[float, float]] = field(default_factory=dict)
    """month -> (list price, promotion) over the start list price."""
    late: int = 0
    """Rounds in which the default rule decided."""
    missed: str = ""
    """The last month, if the default rule decided it."""
    spent: dict[str, float] = field(default_factory=dict)
    """month -> seconds from the opening of its round to the decision, pauses left out."""
    times: dict[str, str] = field(default_factory=dict)
    """month -> when it was decided, as the server's clock has it (UTC)."""
    notice: str = ""
    """What this player must be told now."""
    tries: int = 0
    """How often the questions on the rules were answered, up to the first time without a mistake."""
    passed: bool = False
    """Whether all of them have been answered well."""

    def take_back(self, month: str) -> None:
        """Forget that a month was run, and what was decided for it."""
        if month in self.months:
            self.months.remove(month)
            self.late -= month not in self.table
        for kept in (self.table, self.spent, self.times):
            kept.pop(month, None)
        self.missed, self.notice = "", ""


@dataclass(frozen=True)
class Ticket:
    """What a player gets when joining: the secret is told once."""

    token: str
    firm: str
    pin: str = ""
    market: str = ""
    """Key of the market in its session."""


def last_round(rules: GameRules, lot: int) -> int:
    """After how many rounds a game is over: all of them, or as many as chance leaves.

    Args:
        rules: of the game.
        lot: what the draw depends on; games with one lot and one chance end in the same round.
    """
    if not rules.stop:
        return rules.rounds
    more = int(np.random.default_rng([lot, _ENDS]).geometric(rules.stop))
    return min(rules.rounds, max(rules.sure, 1) + more - 1)


def fingerprint(token: str) -> str:
    """SHA-256 of a secret, so that a leaked game record lets nobody in."""
    return hashlib.sha256(token.encode()).hexdigest()
