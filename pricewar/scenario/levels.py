"""Parameters that are one value, or two where products are nested twice: outer first, then inner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeVar

from pydantic import Field, PlainSerializer, ValidatorFunctionWrapHandler, WrapValidator

T = TypeVar("T")


def levels(value: Any) -> tuple[Any, ...]:
    """The value of each level, the outer one first."""
    return value if isinstance(value, tuple) else (value,)


def _one_or_two(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    if not isinstance(value, (list, tuple)):
        return check(value)
    if len(value) != 2:
        raise ValueError("one value, or two: that of the outer nests and that of the inner ones")
    return tuple(check(part) for part in value)


def _written(value: Any) -> Any:
    """Two values as a list, in which a dotted path finds a place: `demand.rho.1`."""
    return list(value) if isinstance(value, tuple) else value


_Share = Annotated[float, Field(ge=0, lt=1)]
Columns = Annotated[
    str,
    WrapValidator(
        _one_or_two, json_schema_input_type=str | Annotated[list[str], Field(min_length=2, max_length=2)]
    ),
    PlainSerializer(_written),
]
"""A column of the products, or two."""
Correlations = Annotated[
    _Share,
    WrapValidator(
        _one_or_two,
        json_schema_input_type=_Share | Annotated[list[_Share], Field(min_length=2, max_length=2)],
    ),
    PlainSerializer(_written),
]
"""A correlation from 0 to below 1, or two."""


def nest_misfits(
    names: tuple[str, ...], columns: list[list[Any] | None], rho: tuple[float, ...]
) -> Iterator[tuple[str, str, str]]:
    """Why products cannot be nested so: place, found, allowed.

    Args:
        names: column of each level.
        columns: its values, None where there is no such column.
        rho: correlation of each level.
    """
    if len(names) != len(rho):
        allowed = "as many as nests: one number for one column, [outer, inner] for two"
        yield "rho", f"{len(rho)} of them, for {len(names)} columns of nests", allowed
    if len(rho) == 2 and rho[1] < rho[0]:
        yield "rho", f"[{rho[0]:g}, {rho[1]:g}]", "an inner correlation of at least the outer one"
    known = [values for values in columns if values is not None]
    for name, values in zip(names, columns, strict=True):
        if values is None:
            yield "nests", repr(name), "a column of the products, such as segment, body or powertrain"
    if len(known) < len(names):
        return
    within = list(zip(*known, strict=True))
    for name, nests in zip(names, (known[0], within), strict=False):
        if len(set(nests)) == len(nests) > 1 and rho[-1] > 0:
            yield "nests", f"{name!r}, in which each product is alone", "a column that groups products"
            return


def idle_level(columns: list[list[Any]]) -> bool:
    """Whether each outer nest has one inner nest only, so that the outer correlation has no effect."""
    return len(columns) == 2 and len(set(zip(*columns, strict=True))) == len(set(columns[0]))
