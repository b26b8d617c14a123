"""Arguments of public functions: one of a wrong type is refused by name at the call, before it is used.

@takes(results=Results, window=whole)
def break_even(results, window=3): ...
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from .errors import InputError, Problem, shown

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Sort:
    """What an argument may be: in words, and as a test."""

    words: str
    fits: Callable[[Any], bool]
    table: str = ""
    """The argument that is a table of which this names a column, or several."""

    def wrong(self, name: str, given: dict[str, Any]) -> Problem | None:
        """What is wrong with the argument of this name, if anything is."""
        value = given[name]
        if not self.fits(value):
            return Problem(name, shown(value, 80), self.words)
        known = getattr(given.get(self.table), "columns", None)
        if known is None or value is None:
            return None
        lost = [column for column in ([value] if isinstance(value, str) else value) if column not in known]
        allowed = f"columns of {self.table}: {', '.join(map(str, known))}"
        return Problem(name, shown(lost, 80), allowed) if lost else None


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    if _is_whole(value):
        return bool(abs(int(value)) < 2**63)
    return isinstance(value, (float, np.floating)) and math.isfinite(value)


def _are_numbers(value: object) -> bool:
    try:
        array = np.asarray(value)
        return array.size > 0 and (array.dtype.kind in "fiu" or (array.dtype.kind == "b" and array.ndim > 0))
    except (TypeError, ValueError):
        return False


def _are_labels(value: object) -> bool:
    try:
        array = np.asarray(value)
        return array.ndim == 1 and array.size > 0 and array.dtype.kind in "fiuUb"
    except (TypeError, ValueError):
        return False


def a(kind: type) -> Sort:
    """An object of a class."""
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    return Sort(f"{article} {kind.__name__}", lambda value: isinstance(value, kind))


number = Sort("a finite number", _is_number)
whole = Sort("a whole number", _is_whole)
numbers = Sort("one number or more", _are_numbers)
row = Sort("a list of numbers, one or more", lambda value: _are_numbers(value) and np.ndim(value) == 1)
labels = Sort("a list of labels, one or more", _are_labels)
text = Sort("a text", lambda value: isinstance(value, str))
path = Sort("a path", lambda value: isinstance(value, (str, Path)) and "\0" not in str(value))
flag = Sort("True or False", lambda value: isinstance(value, (bool, np.bool_)))
function = Sort("a function", callable)


def _are_names(value: object) -> bool:
    if isinstance(value, (str, bytes)) or not isinstance(value, Collection):
        return False
    return len(value) > 0 and all(isinstance(name, str) for name in value)


names = Sort("a list of names, one or more", _are_names)
column = Sort("the name of a column of the table", lambda value: isinstance(value, str), "runs")
columns = Sort("names of columns of the table, one or more", _are_names, "runs")
column_or_columns = Sort(
    "names of columns of the table", lambda value: column.fits(value) or columns.fits(value), "runs"
)


def one_of(*known: str) -> Sort:
    """One of some words."""
    return Sort(f"one of {', '.join(known)}", lambda value: isinstance(value, str) and value in known)


def at_least(least: int) -> Sort:
    """A whole number from `least`."""
    return Sort(f"a whole number from {least}", lambda value: _is_whole(value) and least <= value < 2**31)


luck = Sort(
    "a seed: a whole number from 0 to 2^63 - 1", lambda value: _is_whole(value) and 0 <= value < 2**63
)


def check(call: str, **given: tuple[object, Sort]) -> None:
    """Refuse values of a wrong sort by name, where no decorator fits.

    Raises:
        InputError: of the call, with every argument that is wrong.
    """
    values = {name: value for name, (value, _) in given.items()}
    found = (sort.wrong(name, values) for name, (_, sort) in given.items())
    wrong = tuple(problem for problem in found if problem is not None)
    if wrong:
        raise InputError(call, wrong)


def between(least: int, most: int) -> Sort:
    """A whole number from `least` to `most`."""
    return Sort(f"{least:,} to {most:,}", lambda value: _is_whole(value) and least <= value <= most)


def maybe(sort: Sort | type) -> Sort:
    """The same, or None."""
    some = sort if isinstance(sort, Sort) else a(sort)
    return Sort(f"{some.words} or None", lambda value: value is None or some.fits(value), some.table)


def takes(**sorts: Sort | type) -> Callable[[F], F]:
    """Refuse arguments of a wrong sort with an `InputError` that names the function and each argument."""
    tests = {name: sort if isinstance(sort, Sort) else a(sort) for name, sort in sorts.items()}

    def decorate(call: F) -> F:
        order = list(inspect.signature(call).parameters)
        unknown = tests.keys() - set(order)
        assert not unknown, unknown

        @functools.wraps(call)
        def checked(*given: Any, **named: Any) -> Any:
            everything = {**dict(zip(order, given, strict=False)), **named}
            found = (test.wrong(name, everything) for name, test in tests.items() if name in everything)
            wrong = tuple(problem for problem in found if problem is not None)
            if wrong:
                raise InputError(call.__qualname__, wrong)
            return call(*given, **named)

        return checked  # type: ignore[return-value]

    return decorate
