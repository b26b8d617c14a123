"""What a record is: a frozen bundle of read-only arrays."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

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
    """A frozen bundle whose arrays are made read-only when it is built."""

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


@lru_cache(maxsize=256)
def _field_names(record: type[Record]) -> frozenset[str]:
    return frozenset(field.name for field in fields(record))  # type: ignore[arg-type]
