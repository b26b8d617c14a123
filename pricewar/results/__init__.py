"""The tables of runs: their schema, the metrics in them, and how they are stored and read back (`store`).

>>> from pricewar.results import Results
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .store import Results

__all__ = ["Results"]


def __getattr__(name: str) -> Any:
    if name != "Results":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .store import Results  # pandas is loaded when tables are, not when a column is looked up

    return Results
