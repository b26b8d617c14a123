"""A game: who sits where, whose turn it is, what was decided. Pure state; no web, no clock of its own.

The market of a game is a Scenario in which each player's firm has the rule `Played`; a round adds one month
of decisions to it and the run is computed anew, which takes milliseconds. So a game holds no hidden state:
`Game.scenario` says all of it, and the file of it runs with `pricewar run`.
"""

from __future__ import annotations

import math
import secrets
from typing import Any

from ..errors import InputError
from ..model import PriceWar
from ..scenario import Scenario
from ..scenario_file import Tree, merge
from . import names
from .books import books_of
from .game_rules import (
    LARGEST_PROMOTION,
    LIST_RANGE,
    GameError,
    GameRules,
    Phase,
    Seat,
    Ticket,
    fingerprint,
)
from .happenings import HAPPENINGS
from .markets import RULES, make_market, playable


class Game:
    """One session. Every method takes the time as seconds of a clock that never goes back."""

    def __init__(self, rules: GameRules) -> None:
        self.rules = rules
        self.base: Scenario = make_market(rules.market, rules.firms, rules.rounds, rules.computer, rules.seed)
        self.firms = playable(self.base, rules.firms)
        self.teacher_token = secrets.token_urlsafe(24)
        self._teacher = fingerprint(self.teacher_token)
        self.phase: Phase = "lobby"
        self.round = 0
        self.board = rules.board
        self.seats: dict[str, Seat] = {}
        self.happened: Tree = {}
        self.deadline = math.inf
        self.left = float(rules.seconds)
        self.version = 0
        self._replay()

    # -- who is who ----------------------------------------------------------------------------

    def is_teacher(self, token: str) -> bool:
        """Whether the secret is the teacher's."""
        return secrets.compare_digest(fingerprint(token), self._teacher)

    def firm_of(self, token: str) -> str:
        """The firm that a secret may act for.

        Raises:
            GameError: 401, not a secret of this game.
        """
        mark = fingerprint(token)
        for firm, seat in self.seats.items():
            if secrets.compare_digest(seat.token, mark):
                return firm
        raise GameError(401, "This browser has no seat in this game: join with the code.")

    def join(self, name: str) -> Ticket:
        """Take the next free firm, before or during the game.

        Raises:
            GameError: the name does not do or is taken, no firm is free, or the game is over.
        """
        clean = self._clean(name)
        if self.phase == "over":
            raise GameError(409, "This game is over.")
        selling = self.model.state.active
        free = [f for f in self.firms if f not in self.seats and selling[self.model.landscape.firm(f)]]
        if not free:
            raise GameError(409, "All firms are taken.")
        token = secrets.token_urlsafe(24)
        self.seats[free[0]] = Seat(clean, fingerprint(token), self.round)
        self.version += 1
        return Ticket(token, free[0])

    def _clean(self, name: str) -> str:
        clean = names.clean(name)
        if names.skeleton(clean) in (names.skeleton(seat.name) for seat in self.seats.values()):
            raise GameError(409, "Somebody here has that name, or one that looks like it: take another.")
        return clean

    # -- playing -------------------------------------------------------------------------------

    def decide(
        self,
        token: str,
        round_: int,
        list_price: float,
        promotion: float,
        now: float,
        firm: str | None = None,
    ) -> None:
        """Set prices for this round; may be changed until the round closes.

        Args:
            token: the player's secret; it alone says for which firm.
            round_: the round that the player saw, so that a slow click does not price the next month.
            list_price: CNY, of the firm's reference car; the line-up moves in proportion.
            promotion: CNY off it.
            now: time, seconds.
            firm: the firm the message claims to act for.

        Raises:
            GameError: somebody else's firm, no round open, or a price out of range.
        """
        own = self.firm_of(token)
        if firm is not None and firm != own:
            raise GameError(403, "You can set prices for your own firm only.")
        self.tick(now)
        if self.phase != "open" or round_ != self.round:
            raise GameError(409, "That round is closed.")
        if not self.model.state.active[self.model.landscape.firm(own)]:
            raise GameError(409, "Your firm has left the market.")
        start = self.reference(own)
        self._check_range(list_price, promotion, start)
        self.seats[own].table[self.month] = (list_price / start, promotion / start)
        self.version += 1
        if all(self.month in self.seats[key].table for key in self._deciders()):
            self.close_round(now)

    def _check_range(self, list_price: float, promotion: float, start: float) -> None:
        low, high = (round(bound * start) for bound in LIST_RANGE)
        if not (math.isfinite(list_price) and low <= list_price <= high):
            raise GameError(422, f"List price: from {low:,} to {high:,} CNY.")
        if not (math.isfinite(promotion) and 0 <= promotion <= LARGEST_PROMOTION * list_price):
            raise GameError(422, f"Promotion: from 0 to {LARGEST_PROMOTION:.0%} of the list price.")

    def _deciders(self) -> list[str]:
        landscape, active = self.model.landscape, self.model.state.active
        return [firm for firm in self.seats if active[landscape.firm(firm)]]

    def close_round(self, now: float) -> None:
        """Run the month with the decisions made; those missing follow the default rule."""
        for key in self._deciders():
            self.seats[key].late += self.month not in self.seats[key].table
        self.round += 1
        self._replay()
        self.version += 1
        if self.round >= self.rules.rounds:
            self.phase, self.deadline = "over", math.inf
        elif self.phase == "open":
            self.deadline = now + self.rules.seconds
        self.left = float(self.rules.seconds)

    def _replay(self) -> None:
        self.model = PriceWar(self.scenario(), collect=False)
        for _ in range(self.round):
            self.model.step()
        self.books = books_of(self.model)

    def tick(self, now: float) -> None:
        """Close the round if its time is up."""
        if self.phase == "open" and now >= self.deadline:
            self.close_round(now)

    # -- the teacher ---------------------------------------------------------------------------

    def order(self, token: str, do: str, now: float, **what: Any) -> None:
        """Carry out what the teacher wants: start, pause, resume, next, end, board, or a happening.

        Raises:
            GameError: not the teacher, or not possible now.
        """
        if not self.is_teacher(token):
            raise GameError(403, "Only the teacher can do that.")
        self.tick(now)
        allowed = {"start": ("lobby",), "pause": ("open",), "resume": ("paused",), "next": ("open", "paused")}
        if self.phase not in allowed.get(do, (self.phase,)) or (self.phase == "over" and do != "board"):
            raise GameError(409, f"Not now: the game is {self.phase}.")
        self._carry_out(do, now, what)
        self.version += 1

    def _carry_out(self, do: str, now: float, what: dict[str, Any]) -> None:
        if do in ("start", "resume"):
            self.phase, self.deadline = "open", now + self.left
        elif do == "pause":
            self.phase, self.left, self.deadline = "paused", max(self.deadline - now, 1.0), math.inf
        elif do == "next":
            self.close_round(now)
        elif do == "end":
            self._end()
        elif do == "board":
            self.board = bool(what.get("on"))
        elif do == "happening":
            self._happen(str(what.get("sort")), str(what.get("firm") or ""), what.get("size"))
        else:
            raise GameError(422, "No such order.")

    def _end(self) -> None:
        if self.round == 0:
            raise GameError(409, "No round has been played yet.")
        self.phase, self.deadline = "over", math.inf

    def _happen(self, sort: str, firm: str, size: object) -> None:
        known = HAPPENINGS.get(sort)
        if known is None:
            raise GameError(422, f"One of {', '.join(HAPPENINGS)}.")
        if not isinstance(size, (int, float)) or not known.low <= size <= known.high:
            raise GameError(422, f"{known.label}: from {known.low} to {known.high} {known.unit}.")
        if known.firm and firm not in self.base.firms:
            raise GameError(422, f"{known.label}: choose a firm.")
        before = self.happened
        self.happened = merge(before, known.overlay(self.base, self.round, firm, int(size)))
        try:
            self.scenario()
        except InputError as error:  # a game must never hold what cannot be run
            self.happened = before
            raise GameError(422, str(error)) from error

    # -- the market ----------------------------------------------------------------------------

    @property
    def month(self) -> str:
        """The month that is decided now."""
        return self.base.month(self.round)

    def reference(self, firm: str) -> float:
        """Mean start list price of a firm's line-up, weighted by cars sold: its reference car, CNY."""
        own = [p for p in self.base.products.values() if p.firm == firm]
        return sum(p.list_price * p.units for p in own) / sum(p.units for p in own)

    def start_price(self, firm: str) -> float:
        """What buyers paid for the reference car before the first month, CNY."""
        own = [p for p in self.base.products.values() if p.firm == firm]
        return sum(p.price * p.units for p in own) / sum(p.units for p in own)

    def start_list(self, firm: str) -> dict[str, float]:
        """Start list prices of a firm's products, CNY."""
        return {key: p.list_price for key, p in self.base.products.items() if p.firm == firm}

    def scenario(self) -> Scenario:
        """The game so far as a scenario: decisions as rules, what the teacher did as events and measures."""
        changes: dict[str, Any] = {f"firms.{f}.strategy": self._rule(f) for f in self.seats}
        for part, new in self.happened.items():
            changes[part] = [*(rule.model_dump() for rule in getattr(self.base, part)), *new]
        return self.base.but(changes) if changes else self.base

    def _rule(self, firm: str) -> Tree:
        seat = self.seats[firm]
        early = {"last": {"kind": "Hold", "at": "last"}, **RULES}[self.rules.default]
        before = self.base.firms[firm].strategy.model_dump()
        return {
            "kind": "pricewar.app.played:Played",
            "table": dict(seat.table),
            "base": early
            if seat.since == 0
            else before,  # a firm taken over late was the computer's until then
            "start_list": self.start_list(firm),
        }
