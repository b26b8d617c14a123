"""Who is let in to a game, and how often: a flood or a wrong code never uses up what somebody else has."""

from __future__ import annotations

import secrets

from .game_rules import NO_SEAT, GameError, fingerprint
from .hall import Bucket
from .session import Session


class Door:
    """Limits on rates. Who has a seat has a budget of their own; all others share that of their address.

    A class comes from one address more often than not, so nothing that a stranger may do at will (guess a
    code, make up a secret) takes from the budget of those who join, or who sit.
    """

    def __init__(self) -> None:
        self.openings = Bucket(rate=0.2, burst=20)
        self.markets = Bucket(rate=0.5, burst=60)
        self.misses = Bucket(rate=0.2, burst=20)
        self.joins = Bucket(rate=2.0, burst=120)
        self.looks = Bucket(rate=5.0, burst=120)
        self.strangers = Bucket(rate=5.0, burst=60)
        self.reads = Bucket(rate=20.0, burst=100)
        self.writes = Bucket(rate=10.0, burst=40)

    def open(self, who: str, now: float) -> None:
        """Somebody opens a game.

        Raises:
            GameError: 429, too often from this address.
        """
        _take(self.openings, who, now, "Too many games opened from here: wait a minute.")

    def furnish(self, who: str, markets: int, now: float) -> None:
        """A game that is opened has so many markets.

        Raises:
            GameError: 429, too many from this address.
        """
        for _ in range(markets):
            _take(self.markets, who, now, "Too many markets opened from here: wait a minute.")

    def wrong_code(self, who: str, now: float) -> None:
        """Somebody told a code that no game has.

        Raises:
            GameError: 429, too often from this address. A right code opens all the same.
        """
        _take(self.misses, who, now, "Too many wrong codes: wait a minute.")

    def join(self, who: str, now: float) -> None:
        """Somebody without a seat asks for one.

        Raises:
            GameError: 429, too often from this address: more than a class would.
        """
        _take(self.joins, who, now, "Too many requests: wait a moment.")

    def look(self, who: str, now: float) -> None:
        """Somebody looks at what hangs on the wall, or at the door: whoever has the code may.

        Raises:
            GameError: 429, too often from this address.
        """
        _take(self.looks, who, now, "Too many looks from here: wait a moment.")

    def sit(self, session: Session, token: str, writes: bool, who: str, now: float) -> None:
        """Somebody acts at a game, with the secret of a seat or of the teacher.

        Raises:
            GameError: 401, no such secret; 429, too often with this secret, or too often without one.
        """
        if holds(session, token):
            _take(self.writes if writes else self.reads, token, now, "Too many requests: wait a moment.")
            return
        _take(self.strangers, who, now, "Too many requests without a seat: wait a moment.")
        raise GameError(401, NO_SEAT)


def _take(bucket: Bucket, key: str, now: float, refusal: str) -> None:
    if not bucket.take(key, now):
        raise GameError(429, refusal)


def holds(session: Session, token: str) -> bool:
    """Whether a secret is the teacher's or a player's of this session.

    It is asked before the game's lock is: a copy of the seats is made in one step, so a player who sits down
    meanwhile does no harm, and a flood of made-up secrets waits for no game and no game for it.
    """
    mark = fingerprint(token)
    return session.is_teacher(token) or any(
        secrets.compare_digest(seat.token, mark) for seat in session.seats
    )
