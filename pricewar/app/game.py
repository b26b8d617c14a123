"""A game: one market with its clock, its phases and its orders. Pure state; no web, no clock of its own."""

from __future__ import annotations

import math
import secrets
from typing import Any, Final

from pricewar.base.errors import InputError

from .game_rules import TIME_TO_ANSWER, GameError, GameRules, Phase, Seat, Ticket, fingerprint, last_round
from .nudges import Nudge, added, planned, taken_back
from .outlook import Outlook, look_ahead
from .playing import Playing

_WHEN: Final[dict[str, tuple[Phase, ...]]] = {
    "start": ("lobby",),
    "practice": ("lobby",),
    "pause": ("open",),
    "resume": ("paused",),
    "next": ("open", "paused"),
    "back": ("open", "paused", "over"),
    "board": ("lobby", "open", "paused", "over"),
}
"""Order -> phases in which it may be given; all others may be given until the game is over."""


class Game(Playing):
    """One market that is played. Every method takes the time as seconds of a clock that never goes back."""

    def __init__(self, rules: GameRules, lot: int | None = None) -> None:
        super().__init__(rules)
        self.lot = secrets.randbits(31) if lot is None else lot
        self.last = last_round(rules, self.lot)
        self.teacher_token = secrets.token_urlsafe(24)
        self.teacher = fingerprint(self.teacher_token)
        self.phase: Phase = "lobby"
        self.board = rules.board
        self.deadline = math.inf
        self.left = float(rules.seconds)
        self.version = 0
        self.practice = False
        self.waits = False
        """Whether its rounds are closed from outside, with those of other markets."""
        self._began = 0.0
        self._spent = 0.0
        self._seen: dict[str, Outlook] | None = None

    # -- who is who ----------------------------------------------------------------------------

    def is_teacher(self, token: str) -> bool:
        """Whether the secret is the teacher's."""
        return secrets.compare_digest(fingerprint(token), self.teacher)

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

    @property
    def board_shown(self) -> bool:
        """Whether players see the board: as the teacher says, but not where rivals' prices are hidden."""
        return self.phase == "over" or (self.board and self.rules.rivals)

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
    ) -> None:
        """Set prices for this round; may be changed until the round closes.

        Args:
            token: the player's secret; it alone says for which firm.
            round_: the round that the player saw, so that a slow click does not price the next month.
            list_price: of the firm's reference product; the line-up moves in proportion.
            promotion: money off it.
            now: time, seconds.
            firm: the firm the message claims to act for.
            clock: what a clock on the wall shows, for the record.

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
        seat.spent[self.month], seat.times[self.month] = round(now - self._began, 1), clock
        self.version += 1
        self._close_if_all_decided(now)

    def _close_if_all_decided(self, now: float) -> None:
        if self.phase == "open" and not self.waits and self.deciders and not self.thinking:
            self.close_round(now)

    @property
    def deciders(self) -> tuple[str, ...]:
        """Firms that a person plays and that are still in the market."""
        return tuple(firm for firm, seat in self.seats.items() if seat.person and self._sells(firm))

    @property
    def thinking(self) -> tuple[str, ...]:
        """Of the deciders those who have not decided this round."""
        return tuple(firm for firm in self.deciders if self.month not in self.seats[firm].table)

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

    def close_round(self, now: float) -> None:
        """Run the month with the decisions made; those missing follow the default rule."""
        for key in self.deciders:
            seat = self.seats[key]
            late = self.month not in seat.table
            seat.late, seat.missed, seat.notice = seat.late + late, self.month if late else "", ""
            seat.months.append(self.month)
        self.round += 1
        self.replay()
        self._changed()
        if self.round >= (self.rules.rounds if self.practice else self.last):
            self.phase, self.deadline = "over", math.inf
        elif self.phase == "open":
            self.deadline = now + self.rules.seconds
        self.left, self._began, self._spent = float(self.rules.seconds), now, 0.0

    def take_up(
        self, seats: dict[str, Seat], nudges: list[Nudge], phase: Phase, round_: int, left: float, now: float
    ) -> None:
        """Go on with a game that was kept: all that it does not hold follows from this."""
        self.seating.seats, self.nudges = dict(seats), list(nudges)
        self.phase, self.round, self.left = phase, round_, left
        self.deadline = now + left if phase == "open" else math.inf
        self._began = now - max(self.rules.seconds - left, 0.0)
        self.replay()
        self._changed()

    def tick(self, now: float) -> None:
        """Close the round if its time is up."""
        if self.phase == "open" and now >= self.deadline:
            self.close_round(now)

    # -- the teacher ---------------------------------------------------------------------------

    def order(self, token: str, do: str, now: float, **what: Any) -> None:
        """Carry out what the teacher wants: start, practice, pause, resume, next, back, end, board, free, a
        happening, or undo one.

        Raises:
            GameError: not the teacher, or not possible now.
        """
        if not self.is_teacher(token):
            raise GameError(403, "Only the teacher can do that.")
        self.tick(now)
        if not self.may(do):
            raise GameError(409, f"Not now: the game is {self.phase}.")
        self._carry_out(do, now, what)
        self._changed()

    def may(self, do: str) -> bool:
        """Whether an order is one for the game as it stands."""
        if do == "start" and self.practice:
            return True
        return self.phase in _WHEN.get(do, ("lobby", "open", "paused"))

    def _carry_out(self, do: str, now: float, what: dict[str, Any]) -> None:
        if do in ("start", "practice"):
            self._begin(do == "practice", now)
        elif do == "resume":
            self.phase, self.deadline, self._began = "open", now + self.left, now - self._spent
        elif do == "pause":
            self.phase, self.left, self.deadline = "paused", max(self.deadline - now, 1.0), math.inf
            self._spent = now - self._began
        elif do == "back":
            self._go_back()
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

    def _begin(self, practice: bool, now: float) -> None:
        """Open the first round; what was played for practice is forgotten."""
        if self.practice:
            self.seating.forget_rounds()
            self.nudges, self.round, self.left = planned(self.base, self.rules), 0, float(self.rules.seconds)
            self.replay()
        self.practice = practice
        self.phase, self.deadline, self._began = "open", now + self.left, now

    def _go_back(self) -> None:
        """Take the last round back: it is decided again, once the teacher lets the clock run."""
        if self.round == 0:
            raise GameError(409, "No round has been played yet.")
        for seat in self.seats.values():
            seat.table.pop(self.month, None)
            seat.take_back(self.base.month(self.round - 1))
        self.round -= 1
        self.phase, self.deadline, self.left = "paused", math.inf, float(self.rules.seconds)
        self._spent = 0.0
        self.replay()

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
        for firm in self.deciders:
            seat, start, outlook = self.seats[firm], self.reference(firm), self.outlook(firm)
            chosen = seat.table.get(self.month)
            if chosen is not None and outlook.refusal(chosen[0] * start, chosen[1] * start):
                del seat.table[self.month]
                paid = self.base.words.prices((chosen[0] - chosen[1]) * start)
                asked = f"{paid} is no longer allowed: decide again."
                seat.notice = " ".join([asked, *outlook.reasons])
                self.deadline = max(self.deadline, now + TIME_TO_ANSWER)
