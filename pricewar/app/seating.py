"""Who sits where: names, secrets, and how a seat is taken, brought to another device, and freed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from . import names
from .game_rules import NO_SEAT, PIN_DIGITS, GameError, Seat, Ticket, fingerprint


class Seating:
    """The seats of one game, by firm. A seat that was freed keeps its past.

    Args:
        firms: firm id -> its name; the firms that may be played, in the order in which they are given out.
        shared: whether several players may sit at one browser.
    """

    def __init__(self, firms: Mapping[str, str], shared: bool) -> None:
        self.firms, self.shared = firms, shared
        self.seats: dict[str, Seat] = {}

    def firm_of(self, token: str) -> str:
        """The firm that a secret may act for.

        Raises:
            GameError: 401, not a secret of this game.
        """
        mark = fingerprint(token)
        for firm, seat in self.seats.items():
            if seat.person and secrets.compare_digest(seat.token, mark):
                return firm
        raise GameError(401, NO_SEAT)

    def join(self, name: str, browser: str, selling: Iterable[str], round_: int) -> Ticket:
        """Take the next free firm.

        Args:
            name: what the class calls the player.
            browser: a secret of the browser, so that one browser takes one seat; "" if it told none.
            selling: firms that are still in the market.
            round_: the round that is decided now.

        Raises:
            GameError: the name does not do or is taken, no firm is free, or the browser has a seat.
        """
        clean = self.clean(name)
        mark = fingerprint(browser) if browser else ""
        if mark and not self.shared:
            self.one_seat(mark)
        still = set(selling)
        free = next((firm for firm in self.firms if firm in still and not self.taken(firm)), None)
        if free is None:
            raise GameError(409, "All firms are taken.")
        return self._sit(free, clean, mark, round_)

    def clean(self, name: str) -> str:
        """A name as the class will read it.

        Raises:
            GameError: it cannot be read, or somebody here has it.
        """
        clean = names.clean(name)
        if names.skeleton(clean) in (names.skeleton(s.name) for s in self.seats.values() if s.person):
            raise GameError(409, "Somebody here has that name, or one that looks like it: take another.")
        return clean

    def one_seat(self, mark: str) -> None:
        """Refuse a browser that has a seat here.

        Args:
            mark: fingerprint of the browser.

        Raises:
            GameError: 409, it has one.
        """
        for firm, seat in self.seats.items():
            if seat.person and secrets.compare_digest(seat.browser, mark):
                text = f"This browser plays {self.firms[firm]} as {seat.name}: go back to that seat."
                raise GameError(409, text)

    def taken(self, firm: str) -> bool:
        """Whether a person plays the firm."""
        return firm in self.seats and self.seats[firm].person

    def _sit(self, firm: str, name: str, browser: str, round_: int) -> Ticket:
        token = secrets.token_urlsafe(24)
        pin = "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))
        seat = Seat(name, fingerprint(token), round_, pin=_pin(firm, pin), browser=browser)
        if (old := self.seats.get(firm)) is not None:
            seat.since, seat.table, seat.months, seat.late = old.since, old.table, old.months, old.late
            seat.spent, seat.times = old.spent, old.times
        self.seats[firm] = seat
        return Ticket(token, firm, pin)

    def rejoin(self, name: str, pin: str, browser: str) -> Ticket:
        """Bring a seat to another device; the device that had it loses it.

        Raises:
            GameError: 403, no seat has that name and number.
        """
        wanted = names.skeleton(name)
        for firm, seat in self.seats.items():
            same = names.skeleton(seat.name) == wanted
            if seat.person and same and secrets.compare_digest(seat.pin, _pin(firm, pin)):
                token = secrets.token_urlsafe(24)
                seat.token, seat.browser = fingerprint(token), fingerprint(browser) if browser else ""
                return Ticket(token, firm, pin)
        raise GameError(403, "No seat here has that name and number.")

    def forget_rounds(self) -> None:
        """Forget all that was decided; everybody stays where they sit."""
        for firm, seat in list(self.seats.items()):
            if not seat.person:
                del self.seats[firm]
            else:
                fresh = Seat(seat.name, seat.token, 0, pin=seat.pin, browser=seat.browser)
                fresh.tries, fresh.passed = seat.tries, seat.passed
                self.seats[firm] = fresh

    def free(self, firm: str) -> None:
        """Take the person from a seat; somebody else may sit down.

        Raises:
            GameError: 409, nobody sits there.
        """
        if not self.taken(firm):
            raise GameError(409, "Nobody sits there.")
        seat = self.seats[firm]
        seat.person, seat.token, seat.pin, seat.browser, seat.notice = False, "", "", "", ""


def _pin(firm: str, pin: str) -> str:
    return fingerprint(f"{firm}:{pin}")
