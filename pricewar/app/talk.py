"""What the players of one market write to each other, kept with the game."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from . import names
from .game_rules import GameError

LONGEST: Final = 200
"""Characters of a message."""
MOST: Final = 500
"""Messages in one market; the game is a matter of prices."""


@dataclass(frozen=True)
class Said:
    """One message."""

    name: str
    firm: str
    text: str
    round: int
    """Round that was decided when it was written, from 0."""
    clock: str
    """When, as the server's clock has it (UTC)."""


@dataclass
class Talk:
    """The messages of one market, oldest first."""

    said: list[Said] = field(default_factory=list)

    @property
    def version(self) -> int:
        """Counts messages."""
        return len(self.said)

    def say(self, name: str, firm: str, text: str, round_: int, clock: str) -> None:
        """Add a message.

        Raises:
            GameError: 422, it cannot be read; 409, so much has been said that no more fits.
        """
        plain = names.readable(text, LONGEST, "A message")
        if len(self.said) >= MOST:
            raise GameError(409, "So much has been said that no more fits.")
        self.said.append(Said(name, firm, plain, round_, clock))
