"""What a record is: a frozen bundle of read-only arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .together import row, spread, stacked

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def read_only(values: NDArray[Any]) -> NDArray[Any]:
    """The same memory as an array that refuses to be written to.

    Args:
        values: an array of any shape.
    """
    view = values.view()
    view.flags.writeable = False
    return view


class Record:
    """A frozen bundle whose arrays are made read-only when it is built.

    In runs that step together its arrays have an axis of runs (`pricewar.base.together`).
    """

    shared: ClassVar[frozenset[str]] = frozenset()
    """Arrays that are the same in all runs, without that axis."""
    axes: ClassVar[dict[str, int]] = {}
    """Where the axis of runs is, for arrays in which it is not the first."""

    def __post_init__(self) -> None:
        for name, value in self.__dict__.items():
            if type(value) is np.ndarray and value.flags.writeable:
                self.__dict__[name] = read_only(value)

    def but(self, **changes: Any) -> Self:
        """A copy with some fields replaced.

        Raises:
            TypeError: no field of that name.
        """
        names = _field_names(type(self))  # type: ignore[arg-type]
        if not changes.keys() <= names:
            unknown = ", ".join(sorted(changes.keys() - names))
            raise TypeError(f"{type(self).__name__} has no field {unknown}")
        copy = object.__new__(type(self))
        held = copy.__dict__
        held.update(self.__dict__)
        if len(held) > len(names):  # what was derived and cached may not hold for the copy
            for derived in held.keys() - names:
                del held[derived]
        held.update(changes)
        for name, value in changes.items():
            if type(value) is np.ndarray and value.flags.writeable:
                held[name] = read_only(value)
        return copy

    def run(self, s: int) -> Self:
        """The record of one of the runs that step together."""
        shared, axes = self.shared, self.axes
        part = object.__new__(type(self))
        held, names = part.__dict__, _field_names(type(self))  # type: ignore[arg-type]
        for name, value in self.__dict__.items():
            if name in names:
                held[name] = value if name in shared else row(value, s, axes.get(name, 0))
        return part

    def spread(self, many: int) -> Self:
        """The same record in each of so many runs."""
        shared, axes = self.shared, self.axes
        names = [name for name in _field_names(type(self)) if name not in shared]  # type: ignore[arg-type]
        return self.but(**{name: spread(getattr(self, name), many, axes.get(name, 0)) for name in names})

    @classmethod
    def together(cls, parts: Sequence[Self]) -> Self:
        """The records of single runs as one."""
        first, axes = parts[0], cls.axes
        names = [name for name in _field_names(cls) if name not in cls.shared]  # type: ignore[arg-type]
        return first.but(**{n: stacked([getattr(p, n) for p in parts], axes.get(n, 0)) for n in names})


@lru_cache(maxsize=256)
def _field_names(record: type[Record]) -> frozenset[str]:
    return frozenset(field.name for field in fields(record))  # type: ignore[arg-type]
