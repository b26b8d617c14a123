"""Errors that name the place, what was found and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: where, what was found, what is allowed."""

    place: str
    found: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.place}: found {self.found}; allowed: {self.allowed}"


class PricewarError(Exception):
    """Base of every error a user can cause. All arguments reach `super().__init__`, so it pickles."""


class InputError(PricewarError):
    """An input (file, field, argument) is wrong. Carries every problem found, not the first only."""

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(source, problems)
        self.source = source
        self.problems = problems

    def __str__(self) -> str:
        lines = [f"{self.source}: {len(self.problems)} problem(s)"]
        return "\n".join(lines + [f"  {problem}" for problem in self.problems])


class StrategyError(PricewarError):
    """A strategy returned something that is not one finite positive price per own product."""


class ConvergenceError(PricewarError):
    """A solver that must converge did not; the message carries iterations and residual."""


class ResultsError(PricewarError):
    """Stored results are missing, incomplete or not readable."""


class EditionWarning(UserWarning):
    """A file or a result of an older edition of the model: it says what differs."""


class CacheWarning(UserWarning):
    """Compiled code is kept in a temporary folder, because no usual place can be written."""


def bad_input(source: str, *problems: tuple[str, object, str]) -> InputError:
    """Build an `InputError` from (place, found, allowed) triples."""
    return InputError(
        source, tuple(Problem(place, repr(found), allowed) for place, found, allowed in problems)
    )
