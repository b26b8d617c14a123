"""The inputs of a case, by meaning. What is looked up counts as read; what nobody read is an error."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewar.base.errors import bad_input

from .words import ALL_WORDS, CONSTANT, PRICE, SPELLINGS, plain

Floats = NDArray[np.float64]

MOST_PRODUCTS = 10_000
"""Products of a case: its Jacobians are squares of them."""
_SIZED = ("firm_ids", "costs", "delta_excluding_price", "shares", "prices", "xi")
"""Inputs with one value for each product, by which products are counted where J is not given."""


class Inputs:
    """The inputs of one market.

    Attributes:
        values: what the file says, less the values null, which say nothing.
        read: keys that something has used.
        size: number of products J.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = {key: value for key, value in values.items() if value is not None}
        self.read: set[str] = set()
        self.size = self._products()

    def _products(self) -> int:
        counts = [len(self.values[k]) for w in _SIZED for k in self.spelt(w) if np.ndim(self.values[k]) == 1]
        size = self.get("J", counts[0] if counts else None)
        known = "firm_ids" in self or "ownership" in self or size == 1
        if isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= MOST_PRODUCTS:
            allowed = f"a whole number of products from 1 to {MOST_PRODUCTS:,}"
            raise bad_input("case", ("inputs.J", size, allowed))
        if not known:
            allowed = "the owner of each product (or ownership, a matrix; inputs.J alone does not say)"
            raise bad_input("case", ("inputs.firm_ids", None, allowed))
        return size

    def spelt(self, word: str) -> list[str]:
        """Keys of the file that mean `word`."""
        return [key for key in SPELLINGS.get(word, (word,)) if key in self.values]

    def __contains__(self, word: str) -> bool:
        return bool(self.spelt(word))

    def get(self, word: str, otherwise: Any = None) -> Any:
        """The value of `word` in any of its spellings, now read; `otherwise` where there is none."""
        keys = self.spelt(word)
        if len(keys) > 1:
            raise bad_input("case", (f"inputs.{keys[1]}", f"given beside {keys[0]}", "one of the two"))
        self.read.update(keys)
        return self.values[keys[0]] if keys else otherwise

    def array(self, word: str) -> Floats | None:
        """`get` as float64, or None."""
        value = self.get(word)
        return None if value is None else numbers(f"inputs.{self.spelt(word)[0]}", value)

    def per_product(self, word: str) -> Floats | None:
        """`array` with one number for each product; one number alone is spread."""
        array = self.array(word)
        if array is None:
            return None
        if array.shape not in ((), (self.size,)):
            allowed = f"{self.size} numbers, one for each product"
            raise bad_input("case", (f"inputs.{self.spelt(word)[0]}", f"shape {array.shape}", allowed))
        return np.broadcast_to(array, (self.size,)).copy()

    def keys(self, prefix: str) -> list[str]:
        """Keys of the file that begin so, in its order."""
        return [key for key in self.values if key.startswith(prefix)]

    def take(self, key: str) -> Any:
        """The value of a key as written, now read."""
        self.read.add(key)
        return self.values[key]

    def is_characteristic(self, name: str) -> bool:
        """Whether the name can be a column of products: the constant, the price, or J numbers of the file."""
        if name in CONSTANT or name in PRICE:
            return True
        return name in self.values and np.shape(self.values[name]) == (self.size,)

    def characteristic(self, name: str) -> Floats:
        """(J,) values of a product characteristic."""
        if plain(name) == "const":
            return np.ones(self.size)
        if name not in self.values or np.shape(self.values[name]) != (self.size,):
            shape = np.shape(self.values[name]) if name in self.values else None
            raise bad_input("case", (f"inputs.{name}", shape, f"a characteristic with {self.size} numbers"))
        return numbers(f"inputs.{name}", self.take(name))

    def unread(self, pages: Iterable[set[str]] = ()) -> list[tuple[str, object, str]]:
        """One problem for each key that nothing used, here or in the other markets of the file."""
        used = self.read.union(*pages)
        return [unknown(f"inputs.{key}", key) for key in self.values if key not in used]


def unknown(place: str, key: str, words: Iterable[str] = ALL_WORDS) -> tuple[str, object, str]:
    """The problem of a key that nothing reads, with the words nearest to it."""
    known = list(words)
    near = get_close_matches(key, known, 3, 0.6)
    meant = f"; near to it: {', '.join(near)}" if near else ""
    allowed = f"a name that verify uses in this case (docs/reference/case-format.md){meant}"
    return place, "a key that nothing reads", allowed


def numbers(place: str, value: Any) -> Floats:
    """`value` as float64, or `InputError` at `place`."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise bad_input("case", (place, value, "numbers, in rows of one length")) from error
    if not np.isfinite(array).all():
        raise bad_input("case", (place, "NaN or infinity", "finite numbers"))
    return array


def rounding_of(inputs: Any) -> float:
    """Part of a number by which rounding may have moved it, from the shortest of 10 to 15 digits.

    Shorter numbers are taken for exact, longer ones are as exact as a number can be.
    """
    if isinstance(inputs, (dict, list)):
        inner = inputs.values() if isinstance(inputs, dict) else inputs
        return max((rounding_of(value) for value in inner), default=0.0)
    if not isinstance(inputs, float):
        return 0.0
    digits = len(repr(inputs).partition("e")[0].replace(".", "").lstrip("-0"))
    return 10.0 ** (1 - digits) if 10 <= digits <= 15 else 0.0
