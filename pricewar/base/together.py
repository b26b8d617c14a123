"""Runs of one market that step together: the same records, with a leading axis of S runs.

One run has arrays (J,), (F,) and numbers. S runs that step together have (S, J), (S, F) and (S,), and the
code of a month works on the last axes, so that it serves both. What a user writes for one run is asked run by
run: `row` takes one run out, `stacked` puts runs together again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

PerRun: TypeAlias = Any
"""A number of one run; (S,) numbers of runs that step together."""
T = TypeVar("T")


class Notebooks(dict[str, Any]):
    """A notebook of runs that step together, with one of each run for rules that are asked run by run."""

    def __init__(self, many: int) -> None:
        super().__init__()
        self._of_run: list[dict[str, Any]] = [{} for _ in range(many)]

    def run(self, s: int) -> dict[str, Any]:
        """The notebook of one run."""
        return self._of_run[s]


class Each:
    """Functions of runs that step together: called with arrays (S, ...), each gets the part of its run."""

    def __init__(self, of_run: Callable[[int], Callable[..., Any]], many: int) -> None:
        self.run, self.many = of_run, many

    def __call__(self, *values: Any) -> Any:
        """The answers, put together."""
        return stacked([self.run(s)(*(row(v, s) for v in values)) for s in range(self.many)])


class Lucks:
    """Generators of runs that step together: called, it gives a list of one for each run."""

    def __init__(self, of_run: Callable[[int], np.random.Generator], many: int) -> None:
        self._of_run, self.many = of_run, many

    def __call__(self) -> list[np.random.Generator]:
        """A generator for each run."""
        return [self._of_run(s) for s in range(self.many)]

    def run(self, s: int) -> Callable[[], np.random.Generator]:
        """What gives that of one run."""
        return partial(self._of_run, s)


def number(value: PerRun) -> PerRun:
    """A number of one run as Python has it; of runs that step together as it is."""
    return float(value) if np.ndim(value) == 0 else value


def column(number: PerRun) -> NDArray[Any]:
    """(1,) or (S, 1): a number of each run, to be set against arrays (J,) or (S, J)."""
    return np.asarray(number)[..., None]


def row(value: Any, s: int, axis: int = 0) -> Any:
    """The part of run `s` of whatever has a leading axis of runs; all else as it is."""
    if type(value) is np.ndarray:
        return value[s] if axis == 0 else value[:, s]
    if hasattr(value, "run"):
        return value.run(s)
    if type(value) is dict:
        return {name: row(part, s) for name, part in value.items()}
    return value


def stacked(values: Sequence[Any], axis: int = 0) -> Any:
    """What has a leading axis of runs, from the part of each run."""
    first = values[0]
    if any(value is None for value in values):
        return _with_nothing(values)
    if isinstance(first, (np.ndarray, np.generic, float, int, bool)):
        return np.stack([np.asarray(value) for value in values], axis=axis)
    if hasattr(type(first), "together"):
        return first.together(values)
    if callable(first):
        return Each(values.__getitem__, len(values))
    return first


def _with_nothing(values: Sequence[Any]) -> Any:
    """Arrays of runs of which some have none: zeros there; None where no run has one."""
    known = [value for value in values if value is not None]
    return stacked([np.zeros_like(known[0]) if v is None else v for v in values]) if known else None


def spread(value: Any, many: int, axis: int = 0) -> Any:
    """The same for each of `many` runs: an array of its own with a leading axis, numbers as (S,)."""
    if isinstance(value, (np.ndarray, float)) and not isinstance(value, bool):
        return np.repeat(np.expand_dims(np.asarray(value), axis), many, axis=axis)
    if hasattr(type(value), "spread"):
        return value.spread(many)
    if isinstance(value, Mapping):
        return {name: spread(part, many) for name, part in value.items()}
    return value


def each(record: T, change: Callable[[T, int], T], many: int) -> T:
    """A record of S runs as `change(part of the run, run)` leaves it; what no run changes stays as it is.

    Args:
        record: with arrays (S, ...).
        change: asked once a run.
        many: how many runs S.
    """
    before = [row(record, s) for s in range(many)]
    after = [change(part, s) for s, part in enumerate(before)]
    if all(new is old for new, old in zip(after, before, strict=True)):
        return record
    names = [
        name
        for name in after[0].__dict__
        if name in record.__dict__
        and any(new.__dict__[name] is not old.__dict__[name] for new, old in zip(after, before, strict=True))
    ]
    along = getattr(type(record), "axes", {})
    changed = {name: stacked([p.__dict__[name] for p in after], along.get(name, 0)) for name in names}
    return record.but(**changed)  # type: ignore[attr-defined, no-any-return]
