"""What a class predicts before a lesson's experiment: collected, shown, and only then put to the test."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, Literal

from .game_rules import GameError, fingerprint
from .hall import CODE_LENGTH, IDLE, LETTERS

Stage = Literal["open", "shown", "revealed"]
STAGES: Final[tuple[Stage, ...]] = ("open", "shown", "revealed")
"""Predictions come in; everybody sees them and no more come in; everybody may run the experiment."""
MOST_ASKED: Final = 60
"""Classes that are asked at once."""
MOST_ANSWERS: Final = 300


@dataclass
class Predictions:
    """One class before one lesson."""

    code: str
    lesson: str
    options: int
    teacher: str
    """SHA-256 of the secret of who asks."""
    touched: float
    stage: Stage = "open"
    chosen: dict[str, int] = field(default_factory=dict)
    """Fingerprint of a browser -> place of the option; names are not asked for."""
    lock: Lock = field(default_factory=Lock)

    def predict(self, browser: str, option: int) -> None:
        """Take a prediction, or another one of the same browser in place of it.

        Raises:
            GameError: 409, the predictions are shown already, or there are too many; 422, no such option.
        """
        with self.lock:
            if self.stage != "open":
                raise GameError(409, "The predictions are shown already.")
            if not 0 <= option < self.options:
                raise GameError(422, f"option: from 0 to {self.options - 1}")
            who = fingerprint(browser)
            if who not in self.chosen and len(self.chosen) >= MOST_ANSWERS:
                raise GameError(409, f"There are {MOST_ANSWERS} predictions already.")
            self.chosen[who] = option

    def go_on(self, token: str, stage: Stage) -> None:
        """Show the predictions, or let the class run the experiment; there is no way back.

        Raises:
            GameError: 403, not who asks.
        """
        if not secrets.compare_digest(fingerprint(token), self.teacher):
            raise GameError(403, "Only who asks the class can do that.")
        with self.lock:
            self.stage = max(self.stage, stage, key=STAGES.index)

    def view(self) -> dict[str, Any]:
        """What everybody with the code sees: how many have answered, and what once it is shown."""
        with self.lock:
            given = list(self.chosen.values())
            counts = [given.count(option) for option in range(self.options)]
            shown = counts if self.stage != "open" else None
            return {"lesson": self.lesson, "stage": self.stage, "answers": len(given), "counts": shown}


class Asked:
    """All classes that are being asked, by code; kept in memory only."""

    def __init__(self, most: int = MOST_ASKED) -> None:
        self.most = most
        self._held: OrderedDict[str, Predictions] = OrderedDict()
        self._lock = Lock()

    def ask(self, lesson: str, options: int, now: float) -> tuple[Predictions, str]:
        """Ask a class; the one that nobody has looked at for longest gives way where there is no more room.

        Returns:
            The class, and the secret of who asks it.
        """
        token = secrets.token_urlsafe(24)
        with self._lock:
            for code in [code for code, one in self._held.items() if now - one.touched > IDLE]:
                del self._held[code]
            while len(self._held) >= self.most:
                del self._held[min(self._held, key=lambda code: self._held[code].touched)]
            code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
            made = self._held[code] = Predictions(code, lesson, options, fingerprint(token), now)
        return made, token

    def find(self, code: str, now: float) -> Predictions:
        """The class of a code.

        Raises:
            GameError: 404, there is none.
        """
        found = self._held.get(code.strip().upper())
        if found is None:
            raise GameError(404, "No class is asked with that code.")
        found.touched = now
        return found
