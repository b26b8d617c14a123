"""Settings of a laboratory game: typed, with bounds, read from numbers or from text of the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, Protocol, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from pricewar.base.errors import InputError, Problem, bad_input
from pricewar.scenario.tree import problems_of

from .report import Report


def _whole(value: Any) -> int:
    """`3`, `3.0` and `1e6` are whole numbers."""
    try:
        number = float(value)
        if number == int(number):
            return int(number)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError("a whole number")


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("a number") from None


def _numbers(value: Any) -> tuple[float, ...]:
    """One number, a list, or text with commas."""
    parts = value.split(",") if isinstance(value, str) else value if hasattr(value, "__len__") else [value]
    try:
        return tuple(float(part) for part in parts)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("a number, or numbers separated by commas") from None


Whole = Annotated[int, BeforeValidator(_whole)]
Number = Annotated[float, BeforeValidator(_number)]
Numbers = Annotated[tuple[float, ...], BeforeValidator(_numbers)]
Misfit = tuple[str, object, str]
"""Setting, what was found, what is allowed."""


class Settings(BaseModel):
    """Settings of one game. The defaults are the published ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def read(cls, game: str, given: Mapping[str, Any] | None = None) -> Self:
        """The defaults with `given` in their place.

        Raises:
            InputError: every unknown name and every value that is not allowed; if there is none, all settings
                that do not go together.
        """
        try:
            made = cls.model_validate(dict(given or {}))
        except ValidationError as error:
            raise InputError(f"lab {game}", tuple(map(cls._told, problems_of(error)))) from None
        found = tuple(made.misfits())
        if found:
            raise bad_input(f"lab {game}", *found)
        return made

    @classmethod
    def _told(cls, problem: Problem) -> Problem:
        """A problem; of an unknown name with the names that there are."""
        place = problem.place.split(".")[0]
        if place in cls.model_fields:
            return Problem(place, problem.found, problem.allowed)
        return Problem(place, problem.found, f"one of {', '.join(sorted(cls.model_fields))}")

    def misfits(self) -> Iterator[Misfit]:
        """What does not go together, each setting being allowed by itself."""
        yield from ()

    def published(self, *but: str) -> bool:
        """Whether all settings, or all but these, are the defaults."""
        rest = {name: field for name, field in type(self).model_fields.items() if name not in but}
        return all(getattr(self, name) == field.default for name, field in rest.items())


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class Sitting:
    """How a game is played: sessions, their luck, and who does the work."""

    sessions: int
    seed: int = 0
    exact: bool = False
    """The published program's own draws, where there is one."""
    workers: int | None = None
    """Threads; None: all cores."""
    progress: Callable[[int], None] | None = None
    """Called with the number of sessions just done."""


class Game(Protocol):
    """What a game is from outside: settings that differ from the published ones in, a report out."""

    def __call__(
        self,
        given: Mapping[str, Any] | None = None,
        *,
        sessions: int = ...,
        seed: int = 0,
        exact: bool = False,
        workers: int | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Report:
        """Play it.

        Raises:
            InputError: settings that are not allowed, all at once.
        """


def published_game(
    name: str, settings: type[S], sessions: int
) -> Callable[[Callable[[S, Sitting], Report]], Game]:
    """Make a game of a function of its settings and of how it is played.

    Args:
        name: as on the command line.
        settings: its settings.
        sessions: how many are played if nobody says.
    """
    usual = sessions

    def wrap(play: Callable[[S, Sitting], Report]) -> Game:
        @wraps(play)
        def run(
            given: Mapping[str, Any] | None = None,
            *,
            sessions: int = usual,
            seed: int = 0,
            exact: bool = False,
            workers: int | None = None,
            progress: Callable[[int], None] | None = None,
        ) -> Report:
            return play(settings.read(name, given), Sitting(sessions, seed, exact, workers, progress))

        return run

    return wrap


def read_pairs(pairs: list[str]) -> dict[str, str]:
    """`["alpha=.1", "n=3"]` as a mapping.

    Raises:
        InputError: a pair without `=`.
    """
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise bad_input("--set", *[("--set", pair, "name=value") for pair in wrong])
    return {name.strip(): value.strip() for name, _, value in (pair.partition("=") for pair in pairs)}
