"""Columns of the products that demand may look at: what buyers can have a taste for, and nests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

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
MARKS: Final = frozenset(".*:")
"""Characters that mean something in a path or a taste, so that no attribute has them in its name."""


def column_of(name: str, products: Iterable[ProductSpec]) -> list[Any]:
    """The values of a column that all these products have, also of one of their `attributes`."""
    return [product.attributes[name] if name in product.attributes else getattr(product, name)
            for product in products]  # fmt: skip


def further(products: Iterable[ProductSpec]) -> tuple[str, ...]:
    """Names of the attributes that a market's products bring along, in the order of the first product."""
    first = next(iter(products), None)
    return () if first is None else tuple(first.attributes)


def _sorts(products: Mapping[str, ProductSpec]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns of numbers, and columns of words."""
    own = further(products.values())
    wordy = [name for name in own if any(isinstance(product.attributes.get(name), str)
             for product in products.values())]  # fmt: skip
    return (*NUMBERS, *(name for name in own if name not in wordy)), (*WORDS, *wordy)


def attribute_misfits(products: Mapping[str, ProductSpec]) -> Iterator[tuple[str, str, str]]:
    """Attributes that some products lack, that mix numbers and words, or whose names are taken."""
    first = next(iter(products), "")
    names = further(products.values())
    for key, product in products.items():
        place = f"products.{key}.attributes"
        if set(product.attributes) != set(names):
            found = ", ".join(product.attributes) or "none"
            yield place, found, f"the attributes of {first}: {', '.join(names) or 'none'}"
            continue
        for name, value in product.attributes.items():
            if isinstance(value, str) != isinstance(products[first].attributes[name], str):
                yield f"{place}.{name}", repr(value), f"what {first} has: a number, or a word"
    for name in names:
        if name in taken() or MARKS & set(name) or not name.strip():
            allowed = "a name that is no field of a product, without dot, star and colon"
            yield f"products.{first}.attributes", repr(name), allowed


def taken() -> frozenset[str]:
    """Names that no attribute may have: those of the fields of a product."""
    from .parts import ProductSpec

    return frozenset(ProductSpec.model_fields)


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
    numbers, words = _sorts(products)
    return column_of(column, products.values()) if column in (*numbers, *words) else None


def unknown_columns(
    tastes: Iterable[str], products: Mapping[str, ProductSpec]
) -> Iterator[tuple[str, str, str]]:
    """Tastes for what is no column of the products, or in which those on sale do not differ."""
    sold = {key: product for key, product in products.items() if product.units > 0}
    numbers, words = _sorts(products)
    for name in tastes:
        column, colon, word = name.partition(":")
        values = labels(column, sold) if column in (words if colon else numbers) else None
        if values is None:
            allowed = f"{', '.join(numbers)}, or one of {', '.join(words)} with a value, such as body:SUV"
            yield f"tastes.{name}", f"no column {name!r}", allowed
        elif len({value == word for value in values} if colon else set(values)) < 2:
            yield f"tastes.{name}", "no difference between the products on sale", "a column that differs"
