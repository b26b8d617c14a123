"""Errors that name the place, what was found and what is allowed."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

LONGEST_TEXT: Final = 300
"""Characters of a value or of a file's name that a message repeats."""
HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that steer a terminal or the direction of text, or cannot be printed at all."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: where, what was found, what is allowed."""

    place: str
    found: str
    allowed: str

    def __str__(self) -> str:
        return f"{cut_short(self.place)}: found {self.found}; allowed: {self.allowed}"


class PricewarError(Exception):
    """Base of every error a user can cause. All arguments reach `super().__init__`, so it pickles."""


class InputError(PricewarError):
    """An input (file, field, argument) is wrong. Carries every problem found, not the first only."""

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(source, problems)
        self.source = source
        self.problems = problems

    def __str__(self) -> str:
        lines = [f"{cut_short(self.source)}: {len(self.problems)} problem(s)"]
        return "\n".join(lines + [f"  {problem}" for problem in self.problems])


class StrategyError(PricewarError):
    """A strategy returned something that is not one finite positive price per own product."""


class RuleError(PricewarError):
    """A rule of a scenario raised an error; says which, of whom, in which month, and where in its code."""


class ConvergenceError(PricewarError):
    """A solver that must converge did not; the message carries iterations and residual."""


class ResultsError(PricewarError):
    """Stored results are missing, incomplete or not readable."""


class EditionWarning(UserWarning):
    """A file or a result of an older edition of the model: it says what differs."""


class FontWarning(UserWarning):
    """A figure has letters that no font of the machine can draw."""


class CacheWarning(UserWarning):
    """Compiled code is kept in a temporary folder, because no usual place can be written."""


def bad_input(source: str, *problems: tuple[str, object, str]) -> InputError:
    """Build an `InputError` from (place, found, allowed) triples."""
    return InputError(
        source, tuple(Problem(place, shown(found), allowed) for place, found, allowed in problems)
    )


def shown(value: object, longest: int = LONGEST_TEXT) -> str:
    """How a message shows a value: as Python writes it, cut short, whatever the value is."""
    try:
        return cut_short(repr(value), longest)
    except Exception:  # a number of too many digits, a nesting too deep, an object whose own repr fails
        return f"a value of type {type(value).__name__} that cannot be written out"


def cut_short(text: object, longest: int = LONGEST_TEXT) -> str:
    """The text, or its beginning and three dots where it is too long for a message."""
    said = str(text)
    return said if len(said) <= longest else said[: longest - 3] + "..."


def printable(text: str) -> str:
    """The text with everything that could steer a terminal written out, `\\u001b` for an escape.

    Line ends and tabs stay. The form is that of JSON, so JSON stays JSON.
    """
    return "".join(_written_out(c) if unicodedata.category(c) in HIDDEN else c for c in text)


def _written_out(character: str) -> str:
    if character in "\n\t":
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
