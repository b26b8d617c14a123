"""The tables of a mixed logit market in the layout of the kernels, each made when it is asked for."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from pricewar.kernels.blocks import LANES, Layout, block_matrix, block_vector
from pricewar.kernels.exp import BITS

from .base import Demand, Floats, Ints
from .nests import parents_of

_MONTHLY: Final = ("month", "folded_blocks", "rough_blocks", "blocks32")
RESTS_ON: Final = {
    "alpha": ("alpha_blocks", "rough_blocks", "blocks32"), "outside": _MONTHLY, "brand": _MONTHLY,
}  # fmt: skip
"""Field -> the tables that must be made anew when it changes."""


class Tables(Demand):
    """What `MixedLogit` hands to the kernels; the fields are described there."""

    delta: Floats
    alpha: Floats
    tastes: Floats | None
    weights: Floats | None
    nests: NDArray[Any] | None
    rho: Any
    outside: Floats | None
    brand: Ints | None
    owner: Ints | None
    loyal: float
    group: Ints | None

    @property
    def products(self) -> int:
        """Number of products J."""
        return self.delta.size

    @property
    def rows(self) -> int:
        """Number of buyer types R."""
        return self.alpha.size

    @cached_property
    def layout(self) -> Layout:
        """Where each type stands in the kernels' blocks."""
        return Layout.of(np.zeros(self.rows, dtype=np.int64) if self.group is None else self.group)

    @cached_property
    def taste_blocks(self) -> Floats:
        """(N, J, B) tastes in bits, made once for all months."""
        return self.layout.matrix(self._tastes * BITS)

    @cached_property
    def alpha_blocks(self) -> Floats:
        """(N, B) price sensitivity in bits."""
        return self.layout.vector(self.alpha * BITS)

    @cached_property
    def weight_blocks(self) -> Floats:
        """(N, B) weights, zero in lanes that are left over."""
        return np.asarray(self.layout.vector(self._weights) * self.layout.filled)

    def laid_out(self) -> Self:
        """Itself, with the tables made that all months share: a month is a copy, and would make its own."""
        _ = self.layout, self.taste_blocks, self.alpha_blocks, self.weight_blocks
        return self

    @cached_property
    def month(self) -> tuple[Floats, Ints, Ints, float]:
        """What differs from month to month, for the kernels: outside and brand (N, B), owner (J,), loyal.

        Of runs that step together outside and brand are (S, N, B).
        """
        shape = self.layout.filled.shape
        outside = np.ones(shape) if self.outside is None else self.layout.vector(self.outside)
        if self.loyal == 0.0 or self.brand is None or self.owner is None:
            return (
                outside,
                np.zeros(outside.shape, dtype=np.int64),
                np.zeros(self.products, dtype=np.int64),
                1.0,
            )
        return outside, self.layout.vector(self.brand), self.owner, float(np.exp(self.loyal))

    @property
    def blocks(self) -> tuple[Floats, Floats, Floats]:
        """Tastes and alpha in bits, and weights, for kernels whose outside option is worth nothing."""
        return self.folded_blocks, self.alpha_blocks, self.weight_blocks

    @cached_property
    def folded_blocks(self) -> Floats:
        """`taste_blocks` with the own brand and the outside option in it: the same choices."""
        if self.outside is None and self.loyal == 0.0:
            return self.taste_blocks
        outside, brand, owner, loyal = self.month
        own = np.where(brand[:, None, :] == owner[None, :, None], np.log2(loyal), 0.0)
        return np.asarray(self.taste_blocks + own - np.log2(outside)[:, None, :])

    @cached_property
    def rough_blocks(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """`blocks` rounded to float32, for the first steps of the price iteration."""
        tastes, alpha, weights = self.blocks
        return tastes.astype(np.float32), alpha.astype(np.float32), weights.astype(np.float32)

    @cached_property
    def blocks32(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """The same in float32, in the order of the types, for `expected(..., single=True)` and `draw`."""
        single = np.float32
        folded = self.layout.rows(self.folded_blocks.transpose(0, 2, 1).reshape(-1, self.products))
        return (
            block_matrix(folded, single, LANES),
            block_vector(self.alpha * BITS, single, LANES),
            block_vector(self._weights, single, LANES),
        )

    @cached_property
    def rhos(self) -> Floats:
        """Correlation of each nest (H,), of two levels the inner ones; empty without nests."""
        if self.nests is None:
            return np.zeros(0)
        return np.asarray(self.rho[1] if self.nests.ndim == 2 else self.rho, dtype=np.float64)

    @property
    def _tastes(self) -> Floats:
        return np.asarray(self.tastes)

    @property
    def _weights(self) -> Floats:
        return np.asarray(self.weights)

    @cached_property
    def nest_codes(self) -> Ints:
        """Nest index of each product (J,), of the inner one of two levels; empty without nests."""
        if self.nests is None:
            return np.zeros(0, dtype=np.int64)
        return np.array(self.nests if self.nests.ndim == 1 else self.nests[:, 1], dtype=np.int64)

    @cached_property
    def tree(self) -> tuple[Ints, Floats] | None:
        """Outer nest of each inner one (H,), and outer correlations (G,); None without two levels."""
        if self.nests is None or self.nests.ndim == 1:
            return None
        return parents_of(self.nests), self.rho[0]
