"""What a game is made of: the teacher's rules, seats with secrets, and how a request is refused."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field, field_validator

from .markets import game_markets
from .settings import Frozen

Phase = Literal["lobby", "open", "paused", "over"]
LIST_RANGE = (0.4, 1.6)
"""List prices that may be set, as a multiple of the start list price."""
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


class GameRules(Frozen):
    """What a teacher chooses before the class comes in."""

    market: str = "textbook"
    firms: int = Field(
        4, ge=2, le=12, description="firms that may be played; free ones are run by the computer"
    )
    rounds: int = Field(12, ge=3, le=36, description="months")
    seconds: int = Field(90, ge=5, le=900, description="time for a decision")
    computer: Literal["match", "tit-for-tat", "best-response", "hold"] = "match"
    default: Literal["last", "match", "hold"] = Field("last", description="rule of a player who is too late")
    seed: int = Field(1, ge=0, le=2**31)
    board: bool = Field(False, description="whether players see everybody's profit while the game runs")
    shared: bool = Field(False, description="whether several players may sit at one browser")

    @field_validator("market")
    @classmethod
    def _offered(cls, name: str) -> str:
        if name not in game_markets():
            raise ValueError(f"one of {', '.join(game_markets())}")
        return name


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
    notice: str = ""
    """What this player must be told now."""


@dataclass(frozen=True)
class Ticket:
    """What a player gets when joining: the secret is told once."""

    token: str
    firm: str
    pin: str = ""


def fingerprint(token: str) -> str:
    """SHA-256 of a secret, so that a leaked game record lets nobody in."""
    return hashlib.sha256(token.encode()).hexdigest()
