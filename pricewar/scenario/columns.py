"""Columns of the products that demand may look at: what buyers can have a taste for, and nests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pricewar.base.arrays import Flags, Floats

from .parts import SEGMENTS

if TYPE_CHECKING:
    from .parts import ProductSpec

ELECTRIC = ("BEV", "PHEV", "EREV")
"""Powertrains of cars that are bought for being new-energy vehicles."""
NUMBERS = ("list_price", "promotion", "battery_kwh", "range_km", "segment")
"""Columns of numbers; a segment counts by its place from small to large."""
WORDS = ("firm", "segment", "body", "powertrain")
"""Columns of words: a taste for one of them is `column:word`."""


def attributes(columns: Mapping[str, NDArray[Any]], tastes: Iterable[str], on_sale: Flags) -> Floats:
    """(J, K) attributes: those of cars in the order of `preferences.TASTES`, then one for each taste."""
    further = [_attribute(columns, name, on_sale) for name in tastes]
    return np.column_stack([_of_cars(columns), *further])


def _of_cars(columns: Mapping[str, NDArray[Any]]) -> Floats:
    range_km = columns["range_km"]
    far = (columns["powertrain"] == "BEV") & (range_km > 0)
    return np.column_stack(
        [
            np.isin(columns["powertrain"], ELECTRIC).astype(np.float64),
            _number(columns, "segment") - 2.5,
            (columns["body"] == "SUV").astype(np.float64),
            np.where(far, range_km / 100.0 - 5.0, 0.0),
        ]
    )


def _attribute(columns: Mapping[str, NDArray[Any]], name: str, on_sale: Flags) -> Floats:
    column, _, word = name.partition(":")
    if word:
        return np.asarray(columns[column] == word, dtype=np.float64)
    values = _number(columns, column)
    return np.asarray((values - values[on_sale].mean()) / values[on_sale].std())


def _number(columns: Mapping[str, NDArray[Any]], name: str) -> Floats:
    if name == "segment":
        return np.array([SEGMENTS.index(segment) for segment in columns[name]], dtype=np.float64)
    return columns[name].astype(np.float64)


def labels(column: str, products: Mapping[str, ProductSpec]) -> list[Any] | None:
    """The values of a column of the products; None if there is no such column."""
    known = column in WORDS or column in NUMBERS
    return [getattr(product, column) for product in products.values()] if known else None


def unknown_columns(
    tastes: Iterable[str], products: Mapping[str, ProductSpec]
) -> Iterator[tuple[str, str, str]]:
    """Tastes for what is no column of the products, or in which those on sale do not differ."""
    sold = {key: product for key, product in products.items() if product.units > 0}
    for name in tastes:
        column, colon, word = name.partition(":")
        values = labels(column, sold) if column in (WORDS if colon else NUMBERS) else None
        if values is None:
            allowed = f"{', '.join(NUMBERS)}, or one of {', '.join(WORDS)} with a value, such as body:SUV"
            yield f"tastes.{name}", f"no column {name!r}", allowed
        elif len({value == word for value in values} if colon else set(values)) < 2:
            yield f"tastes.{name}", "no difference between the products on sale", "a column that differs"
