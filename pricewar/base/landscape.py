"""The landscape of a market: who makes what, and the state at the start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Flags, Floats, Ints, Record, read_only
from .errors import bad_input
from .sums import by_place


@dataclass(frozen=True)
class Landscape(Record):
    """What never changes within a run and everybody knows: who makes what, and the state at the start."""

    firms: tuple[str, ...]
    """Firm ids, length F."""
    products: tuple[str, ...]
    """Product ids, length J, in order of firms."""
    firm_of: Ints
    """(J,) position of each product's firm."""
    segment_of: Ints
    """(J,) position of each product's segment in `segments`."""
    segments: tuple[str, ...]
    """Names of the segments, small to large."""
    start_price: Floats
    """(J,) transaction price before the first month; for later launches the price planned."""
    start_units: Floats
    """(J,) cars a month before the first month; 0 for later launches."""
    closeness: Floats
    """(J, J) diversion at the start: of the buyers that product j would lose by a price rise, the share
    that goes to k. Rows sum to less than one; the rest goes outside. Own-firm entries are included."""

    @cached_property
    def by_name(self) -> Ints:
        """(F,) positions of the firms in the order of their ids.

        Code that visits all firms one after the other uses this order, so that the order in which a
        scenario lists them makes no difference.
        """
        return read_only(np.argsort(np.array(self.firms), kind="stable"))

    def rival_weights(self, own: Ints, on_sale: Flags) -> Floats:
        """(n, J) weights of rivals on sale for each of a firm's products, by closeness; rows sum to one, or
        to zero where there is no rival. Worked out once for each make-up of the market."""
        key = (own.tobytes(), on_sale.tobytes())
        if key not in self._weights:
            rivals = on_sale & (self.firm_of != self.firm_of[own[0]])
            weight = self.closeness[own] * rivals
            total = weight.sum(axis=1, keepdims=True)
            self._weights[key] = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
        return self._weights[key]

    @cached_property
    def _weights(self) -> dict[tuple[bytes, bytes], Floats]:
        return {}

    def run(self, s: int) -> Landscape:
        """Itself: all runs that step together have one landscape."""
        return self

    def spread(self, many: int) -> Landscape:
        """Itself."""
        return self

    @classmethod
    def together(cls, parts: Sequence[Landscape]) -> Landscape:
        """The first of equal ones."""
        return parts[0]

    def by_start_units(self, values: Floats) -> Floats:
        """(..., F) means over each firm's products of values (..., J), weighted by cars sold at the start."""
        weight = np.maximum(self.start_units, 1e-9)
        return self.by_firm(np.asarray(values) * weight) / self.by_firm(weight)

    def price_change(self, price: Floats) -> Floats:
        """(..., F) mean change of prices (..., J) from the start, a fraction, weighted by cars sold there."""
        return self.by_start_units(price / self.start_price - 1.0)

    def by_product(self, values: NDArray[Any]) -> NDArray[Any]:
        """(..., J) for each product what holds for its firm, from values (..., F)."""
        return np.take(values, self.firm_of, axis=-1)  # in the order of memory that sums count on

    def by_firm(self, values: NDArray[Any]) -> Floats:
        """(..., F) sums over each firm's products of values (..., J); 0 for a firm without products."""
        return by_place(values, self.firm_of, len(self.firms))

    def any_of_firm(self, flags: Flags) -> Flags:
        """(..., F) whether any of a firm's products has its flag, from flags (..., J)."""
        found = np.zeros((*flags.shape[:-1], len(self.firms)), dtype=np.bool_)
        *ahead, at = flags.nonzero()
        found[(*ahead, self.firm_of[at])] = True
        return found

    @cached_property
    def first(self) -> Ints:
        """(F,) position of each firm's first product; products are in order of firms."""
        return read_only(np.searchsorted(self.firm_of, np.arange(len(self.firms))).astype(np.int64))

    def own(self, firm: int) -> Ints:
        """Positions of the products of one firm."""
        return np.flatnonzero(self.firm_of == firm)

    def firm(self, name: str) -> int:
        """Position of the firm called `name`.

        Raises:
            InputError: there is no such firm.
        """
        return _positions("firm", (name,), self.firms)[0]

    def product(self, name: str) -> int:
        """Position of the product called `name`.

        Raises:
            InputError: there is no such product.
        """
        return _positions("product", (name,), self.products)[0]

    def firms_in(self, firms: str | tuple[str, ...]) -> Flags:
        """(F,) which firms a list of ids, or "all", stands for.

        Raises:
            InputError: an id is unknown.
        """
        return _chosen("firm", firms, self.firms)

    def products_in(
        self,
        firms: str | tuple[str, ...] = "all",
        products: str | tuple[str, ...] = "all",
        segments: str | tuple[str, ...] = "all",
    ) -> Flags:
        """(J,) products that lie in all three selections, each a tuple of ids or "all".

        Raises:
            InputError: an id is unknown.
        """
        by_firm: Flags = _chosen("firm", firms, self.firms)[self.firm_of]
        by_segment: Flags = _chosen("segment", segments, self.segments)[self.segment_of]
        return by_firm & by_segment & _chosen("product", products, self.products)


def _positions(sort: str, names: tuple[str, ...], known: tuple[str, ...]) -> list[int]:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise bad_input("market", *((sort, name, f"one of {', '.join(known)}") for name in unknown))
    return [known.index(name) for name in names]


def _chosen(sort: str, names: str | tuple[str, ...], known: tuple[str, ...]) -> Flags:
    if names == "all":
        return np.ones(len(known), dtype=np.bool_)
    listed = (names,) if isinstance(names, str) else names
    flags = np.zeros(len(known), dtype=np.bool_)
    flags[_positions(sort, listed, known)] = True
    return flags
