"""A game: who sits where, whose turn it is, what was decided. Pure state; no web, no clock of its own.

The market of a game is a Scenario in which each player's firm has the rule `Played`; a round adds one month
of decisions to it and the run is computed anew, which takes milliseconds. So a game holds no hidden state:
`Game.scenario` says all of it, and the file of it runs with `pricewar run`.
"""

from __future__ import annotations

import math
import secrets
from typing import Any

from pricewar.base.errors import InputError
from pricewar.market.model import PriceWar
from pricewar.scenario.files import Tree
from pricewar.scenario.tree import Scenario

from .books import books_of
from .game_rules import TIME_TO_ANSWER, GameError, GameRules, Phase, Seat, Ticket, fingerprint
from .markets import RULES, make_market, playable
from .nudges import Nudge, added, overlay, taken_back
from .outlook import Outlook, look_ahead
from .seating import Seating


class Game:
    """One session. Every method takes the time as seconds of a clock that never goes back."""

    def __init__(self, rules: GameRules) -> None:
        self.rules = rules
        self.base: Scenario = make_market(rules.market, rules.firms, rules.rounds, rules.computer, rules.seed)
        self.firms = playable(self.base, rules.firms)
        self.teacher_token = secrets.token_urlsafe(24)
        self.teacher = fingerprint(self.teacher_token)
        self.phase: Phase = "lobby"
        self.round = 0
        self.board = rules.board
        self.seating = Seating({f: self.base.firms[f].name for f in self.firms}, rules.shared)
        self.nudges: list[Nudge] = []
        self.deadline = math.inf
        self.left = float(rules.seconds)
        self.version = 0
        self._seen: dict[str, Outlook] | None = None
        self._replay()

    # -- who is who ----------------------------------------------------------------------------

    def is_teacher(self, token: str) -> bool:
        """Whether the secret is the teacher's."""
        return secrets.compare_digest(fingerprint(token), self.teacher)

    @property
    def seats(self) -> dict[str, Seat]:
        """Firm -> its seat; only firms at which somebody sits or sat."""
        return self.seating.seats

    def firm_of(self, token: str) -> str:
        """The firm that a secret may act for.

        Raises:
            GameError: 401, not a secret of this game.
        """
        return self.seating.firm_of(token)

    def join(self, name: str, browser: str = "") -> Ticket:
        """Take the next free firm, before or during the game (`Seating.join`).

        Raises:
            GameError: the name does not do or is taken, no firm is free, the browser has a seat, or the game
                is over.
        """
        if self.phase == "over":
            raise GameError(409, "This game is over.")
        selling = [firm for firm in self.firms if self._sells(firm)]
        ticket = self.seating.join(name, browser, selling, self.round)
        self._changed()
        return ticket

    def rejoin(self, name: str, pin: str, browser: str = "") -> Ticket:
        """Bring a seat to another device; the device that had it loses it.

        Raises:
            GameError: 403, no seat has that name and number.
        """
        ticket = self.seating.rejoin(name, pin, browser)
        self._changed()
        return ticket

    def _sells(self, firm: str) -> bool:
        return bool(self.model.state.active[self.model.landscape.firm(firm)])

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
            list_price: of the firm's reference product; the line-up moves in proportion.
            promotion: money off it.
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
        if not self._sells(own):
            raise GameError(409, "Your firm has left the market.")
        start = self.reference(own)
        if refusal := self.outlook(own).refusal(list_price, promotion):
            raise GameError(422, refusal)
        seat = self.seats[own]
        seat.table[self.month], seat.notice = (list_price / start, promotion / start), ""
        self.version += 1
        self._close_if_all_decided(now)

    def _close_if_all_decided(self, now: float) -> None:
        waiting = self._deciders()
        if self.phase == "open" and waiting and all(self.month in self.seats[f].table for f in waiting):
            self.close_round(now)

    def outlook(self, firm: str) -> Outlook:
        """What the measures in force leave a firm that a person plays, in the month that is decided now."""
        if self._seen is None:
            references = {key: self.reference(key) for key in self.seats}
            ahead = None if self.phase == "over" else self.round
            self._seen = look_ahead(self.scenario(), ahead, references)
        return self._seen[firm]

    def _changed(self) -> None:
        """Browsers have something new to see, and the month ahead may look different."""
        self.version += 1
        self._seen = None

    def _deciders(self) -> list[str]:
        return [firm for firm, seat in self.seats.items() if seat.person and self._sells(firm)]

    def close_round(self, now: float) -> None:
        """Run the month with the decisions made; those missing follow the default rule."""
        for key in self._deciders():
            seat = self.seats[key]
            late = self.month not in seat.table
            seat.late, seat.missed, seat.notice = seat.late + late, self.month if late else "", ""
            seat.months.append(self.month)
        self.round += 1
        self._replay()
        self._changed()
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

    def take_up(
        self, seats: dict[str, Seat], nudges: list[Nudge], phase: Phase, round_: int, left: float, now: float
    ) -> None:
        """Go on with a game that was kept: all that it does not hold follows from this."""
        self.seating.seats, self.nudges = dict(seats), list(nudges)
        self.phase, self.round, self.left = phase, round_, left
        self.deadline = now + left if phase == "open" else math.inf
        self._replay()
        self._changed()

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
        self._changed()

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
            self._nudge(str(what.get("sort")), str(what.get("firm") or ""), what.get("size"), now)
        elif do == "undo":
            self.nudges = taken_back(self.nudges, self.round, what.get("number"))
        elif do == "free":
            self._free(str(what.get("firm")), now)
        else:
            raise GameError(422, "No such order.")

    def _end(self) -> None:
        if self.round == 0:
            raise GameError(409, "No round has been played yet.")
        self.phase, self.deadline = "over", math.inf

    @property
    def pending(self) -> list[Nudge]:
        """Nudges of the month that is decided now: they can still be taken back."""
        return [nudge for nudge in self.nudges if nudge.round == self.round]

    def _nudge(self, sort: str, firm: str, size: object, now: float) -> None:
        if sort == "cut" and self.seating.taken(firm):
            raise GameError(409, f"{self.seats[firm].name} sets the prices of {self.base.firms[firm].name}.")
        before, self.nudges = self.nudges, added(self.nudges, self.base, self.round, sort, firm, size)
        self._seen = None
        try:
            self.scenario()
        except InputError as error:  # a game must never hold what cannot be run
            self.nudges = before
            raise GameError(422, str(error)) from error
        self._ask_again(now)

    def _free(self, firm: str, now: float) -> None:
        self.seating.free(firm)
        self.seats[firm].table.pop(self.month, None)
        self._close_if_all_decided(now)

    def _ask_again(self, now: float) -> None:
        """Give back decisions that a new measure no longer allows, with time for another."""
        for firm in self._deciders():
            seat, start, outlook = self.seats[firm], self.reference(firm), self.outlook(firm)
            chosen = seat.table.get(self.month)
            if chosen is not None and outlook.refusal(chosen[0] * start, chosen[1] * start):
                del seat.table[self.month]
                paid = self.base.words.prices((chosen[0] - chosen[1]) * start)
                asked = f"{paid} is no longer allowed: decide again."
                seat.notice = " ".join([asked, *outlook.reasons])
                self.deadline = max(self.deadline, now + TIME_TO_ANSWER)

    # -- the market ----------------------------------------------------------------------------

    @property
    def month(self) -> str:
        """The month that is decided now."""
        return self.base.month(self.round)

    def reference(self, firm: str) -> float:
        """Mean start list price of a firm's line-up, weighted by units sold: its reference product's."""
        own = [p for p in self.base.products.values() if p.firm == firm]
        return sum(p.list_price * p.units for p in own) / sum(p.units for p in own)

    def start_price(self, firm: str) -> float:
        """What buyers paid for the reference product before the first month."""
        own = [p for p in self.base.products.values() if p.firm == firm]
        return sum(p.price * p.units for p in own) / sum(p.units for p in own)

    def start_list(self, firm: str) -> dict[str, float]:
        """Start list prices of a firm's products."""
        return {key: p.list_price for key, p in self.base.products.items() if p.firm == firm}

    def scenario(self) -> Scenario:
        """The game so far as a scenario: decisions as rules, what the teacher did as events and measures."""
        changes: dict[str, Any] = {f"firms.{f}.strategy": self._rule(f) for f in self.seats}
        for part, new in overlay(self.nudges, self.base, self._persons()).items():
            changes[part] = [*(rule.model_dump() for rule in getattr(self.base, part)), *new]
        return self.base.but(changes) if changes else self.base

    def _persons(self) -> dict[str, tuple[str, ...]]:
        """Firm -> months in which a person decides: those played, those to come if somebody sits there."""
        ahead = [self.base.month(period) for period in range(self.round, self.rules.rounds)]
        return {f: (*seat.months, *(ahead if seat.person else ())) for f, seat in self.seats.items()}

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
