"""Bounds that parameters of rules share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Share = Annotated[float, Field(ge=0.0, le=1.0)]
"""A fraction or probability, 0 to 1."""
Money = Annotated[float, Field(ge=0.0)]
"""An amount of money, not negative."""
Factor = Annotated[float, Field(gt=0.0)]
"""A multiplier, above 0."""
Ids = Annotated[tuple[str, ...], Field(min_length=1)]
"""One id or more."""
Selection = Literal["all"] | Ids
"""Which firms or products: "all" or a list of ids."""
SEGMENTS = ("A00", "A0", "A", "B", "C", "D")
"""Size classes from city car to large, as the trade counts them."""
Segments = (
    Literal["all"] | Annotated[tuple[Literal["A00", "A0", "A", "B", "C", "D"], ...], Field(min_length=1)]
)
"""Which size classes: "all" or a list, from city car to large."""


def named(field: str, selection: Selection) -> tuple[tuple[str, str], ...]:
    """(field, id) pairs of a selection; none for "all"."""
    return () if isinstance(selection, str) else tuple((field, name) for name in selection)
