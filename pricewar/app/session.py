"""A session: one class with one code, in one market or in several that run side by side.

Each market is a `Game` that knows nothing of the others. A session says who sits in which, passes on what the
teacher orders, and closes the rounds of all markets together if the class keeps one pace.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

import numpy as np

from . import names
from .game import Game
from .game_rules import NO_SEAT, GameError, Seat, Ticket, fingerprint
from .quiz import answer
from .session_rules import SessionRules
from .talk import Talk

_DECK: Final = 0x5EA7
"""Name of the stream that deals out seats."""
_CLOCK: Final = ("start", "practice", "pause", "resume", "next", "back")
"""Orders about the clock: with one pace they go to all markets."""
TO_ALL: Final = (*_CLOCK, "end", "board", "happening")
"""Orders that may go to all markets at once; the others are about one seat or one nudge."""


class Session:
    """One class. Every method takes the time as seconds of a clock that never goes back.

    Args:
        rules: what the teacher chose.
        lot: what chance depends on: who sits where, and when a random end comes; None: drawn.
    """

    def __init__(self, rules: SessionRules, lot: int | None = None) -> None:
        self.rules = rules
        self.lot = secrets.randbits(31) if lot is None else lot
        self.games = {key: Game(one, self.lot) for key, one in rules.games().items()}
        self.treatments = rules.treatments()
        self.teacher_token = secrets.token_urlsafe(24)
        self.teacher = fingerprint(self.teacher_token)
        self.talk = {key: Talk() for key, game in self.games.items() if game.rules.chat}
        for game in self.games.values():
            game.waits = self.together

    @property
    def together(self) -> bool:
        """Whether the rounds of all markets close at the same time."""
        return len(self.games) > 1 and self.rules.pace == "together"

    @property
    def version(self) -> int:
        """Counts all changes."""
        return sum(map(self.version_of, self.games))

    def version_of(self, market: str) -> int:
        """Counts the changes of one market: its phones need not hear of the others."""
        return self.games[market].version + (self.talk[market].version if market in self.talk else 0)

    @property
    def deadline(self) -> float:
        """When the next round closes; infinity if no clock runs."""
        return min(game.deadline for game in self.games.values())

    @property
    def seats(self) -> list[Seat]:
        """All seats at which somebody sits or sat."""
        return [seat for game in self.games.values() for seat in tuple(game.seats.values())]

    @property
    def over(self) -> bool:
        """Whether every market is done."""
        return all(game.phase == "over" for game in self.games.values())

    # -- who is who ----------------------------------------------------------------------------

    def is_teacher(self, token: str) -> bool:
        """Whether the secret is the teacher's."""
        return secrets.compare_digest(fingerprint(token), self.teacher)

    def place_of(self, token: str) -> tuple[str, str]:
        """Market and firm that a secret may act for.

        Raises:
            GameError: 401, not a secret of this session.
        """
        for key, game in self.games.items():
            with suppress(GameError):
                return key, game.firm_of(token)
        raise GameError(401, NO_SEAT)

    def join(self, name: str, browser: str = "", market: str = "") -> Ticket:
        """Take a seat: that of the list, the one that was chosen, or the next that was dealt out.

        Raises:
            GameError: the name does not do, is taken or not on the list; no firm is free, or none in the
                market that was chosen; the browser has a seat, or the game is over.
        """
        invited = self._invited(name)
        self._new_here(name, browser)
        if invited or (market and self.rules.assign == "choice"):
            wanted = [invited or market]
        else:
            wanted = list(dict.fromkeys([*self._dealt(), *self.games]))
        if wanted[0] not in self.games:
            raise GameError(422, f"Market: one of {', '.join(self.games)}.")
        refusal = GameError(409, "All firms are taken.")
        for key in wanted:
            try:
                ticket = self.games[key].join(name, browser)
            except GameError as error:
                refusal = error
            else:
                return Ticket(ticket.token, ticket.firm, ticket.pin, key)
        raise refusal

    def _invited(self, name: str) -> str:
        """Key of the market in which the list places a name; "" if it leaves it open.

        Raises:
            GameError: 403, there is a list and the name is not on it.
        """
        if not self.rules.roster:
            return ""
        like = names.skeleton(name)
        for one in self.rules.roster:
            if names.skeleton(one.name) == like:
                return one.market
        raise GameError(403, "That name is not on the list of this class: write it as it stands there.")

    def _new_here(self, name: str, browser: str) -> None:
        """Refuse a name or a browser that has a seat in any of the markets."""
        for game in self.games.values():
            game.seating.clean(name)
            if browser and not self.rules.shared:
                game.seating.one_seat(fingerprint(browser))

    def _dealt(self) -> Iterator[str]:
        """Markets with a free seat, in the order in which seats are dealt out.

        Seats are dealt in rounds, each market once a round in an order drawn anew, so that markets fill
        evenly. Seats of the list are left for those on it.
        """
        kept = {key: sum(one.market == key for one in self._expected()) for key in self.games}
        room = {key: len(game.firms) for key, game in self.games.items()}
        seated = {key: len(game.deciders) + kept[key] for key, game in self.games.items()}
        rng = np.random.default_rng([self.lot, _DECK])
        for turn in range(max(room.values())):
            for i in rng.permutation(len(self.games)):
                key = tuple(self.games)[i]
                if seated[key] <= turn < room[key]:
                    yield key

    def _expected(self) -> list[Any]:
        here = {names.skeleton(seat.name) for seat in self.seats if seat.person}
        return [one for one in self.rules.roster if names.skeleton(one.name) not in here]

    def rejoin(self, name: str, pin: str, browser: str = "") -> Ticket:
        """Bring a seat to another device; the device that had it loses it.

        Raises:
            GameError: 403, no seat has that name and number.
        """
        for key, game in self.games.items():
            with suppress(GameError):
                ticket = game.rejoin(name, pin, browser)
                return Ticket(ticket.token, ticket.firm, ticket.pin, key)
        raise GameError(403, "No seat here has that name and number.")

    # -- playing -------------------------------------------------------------------------------

    def decide(
        self,
        token: str,
        round_: int,
        list_price: float,
        promotion: float,
        now: float,
        firm: str | None = None,
        clock: str = "",
    ) -> bool:
        """Set prices (`Game.decide`). Returns: whether that closed the round.

        Raises:
            GameError: as `Game.decide`.
        """
        game = self.games[self.place_of(token)[0]]
        game.decide(token, round_, list_price, promotion, now, firm, clock)
        self._keep_pace(now)
        return game.round > round_

    def say(self, token: str, text: str, clock: str) -> None:
        """Write to the others of one's market.

        Raises:
            GameError: 409, no chat here, or not while the game stands as it does; 422, nothing to read.
        """
        key, firm = self.place_of(token)
        game = self.games[key]
        if key not in self.talk or game.phase == "over":
            raise GameError(409, "There is no chat here now.")
        self.talk[key].say(game.seats[firm].name, firm, text, game.round, clock)

    def answer(self, token: str, given: Sequence[int]) -> dict[str, Any]:
        """A player answers the questions on the rules (`quiz.answer`).

        Raises:
            GameError: as there.
        """
        key, firm = self.place_of(token)
        return answer(self.games[key], firm, given)

    def tick(self, now: float) -> None:
        """Close the rounds whose time is up."""
        for game in self.games.values():
            game.tick(now)

    def _keep_pace(self, now: float) -> None:
        """Close the rounds of all markets once nobody is thinking; one clock for all."""
        playing = [game for game in self.games.values() if game.phase == "open"]
        if not self.together or not playing:
            return
        if any(game.deciders for game in playing) and not any(game.thinking for game in playing):
            for game in playing:
                game.close_round(now)
        latest = max((game.deadline for game in playing if game.phase == "open"), default=math.inf)
        for game in playing:
            if game.phase == "open":
                game.deadline = latest

    # -- the teacher ---------------------------------------------------------------------------

    def order(self, token: str, do: str, now: float, market: str = "", **what: Any) -> None:
        """Carry out what the teacher wants, in one market or in all (`Game.order`).

        Raises:
            GameError: not the teacher, no such market, or not possible now.
        """
        if not self.is_teacher(token):
            raise GameError(403, "Only the teacher can do that.")
        if market and market not in self.games:
            raise GameError(422, f"Market: one of {', '.join(self.games)}.")
        self.tick(now)
        for game in self._meant(do, market):
            game.order(game.teacher_token, do, now, **what)
        self._keep_pace(now)

    def _meant(self, do: str, market: str) -> list[Game]:
        """The markets that an order is for: of all, those in which it may be given now."""
        if len(self.games) == 1 or (market and not (self.together and do in _CLOCK)):
            return [self.games[market or next(iter(self.games))]]
        if do not in TO_ALL:
            raise GameError(422, "Say in which market.")
        able = [g for g in self.games.values() if g.may(do) and (g.round or do not in ("end", "back"))]
        return able or [next(iter(self.games.values()))]
