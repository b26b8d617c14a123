"""The layout of the choice kernels: buyers in blocks of lanes, products outside, lanes inside.

A block is (products, lanes): every loop of a kernel then runs over the lanes, which the compiler turns into
vector instructions whatever the number of products or firms, and a block's working set stays in the first
cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Lanes of the float32 tables, the same for every table: a buyer's arithmetic does not depend on the others.
LANES = 64


def lanes_for(*sizes: int) -> int:
    """Lanes per block, a multiple of 8 up to 128: little padding, few blocks (each costs about 4 lanes).

    `sizes` are the numbers of buyers in the groups, which share no block.
    """
    if max(sizes) <= 128:
        return -(-max(sizes) // 8) * 8
    return min(range(128, 24, -8), key=lambda lanes: sum(-(-rows // lanes) for rows in sizes) * (lanes + 4))


def block_vector(values: NDArray[Any], dtype: Any = np.float64, lanes: int | None = None) -> NDArray[Any]:
    """(R,) -> (blocks, lanes), the tail filled with zeros (a buyer of weight zero)."""
    width = lanes or lanes_for(values.size)
    padded = np.zeros(-(-values.size // width) * width, dtype)
    padded[: values.size] = values
    return padded.reshape(-1, width)


def block_matrix(values: NDArray[Any], dtype: Any = np.float64, lanes: int | None = None) -> NDArray[Any]:
    """(R, J) -> (blocks, J, lanes), the tail filled with zeros."""
    rows, products = values.shape
    width = lanes or lanes_for(rows)
    padded = np.zeros((-(-rows // width) * width, products), dtype)
    padded[:rows] = values
    return np.ascontiguousarray(padded.reshape(-1, width, products).transpose(0, 2, 1))


@dataclass(frozen=True, eq=False)
class Layout:
    """Where each of R buyers stands in N blocks of B lanes: no block has buyers of two groups.

    Lanes that are left over repeat a buyer of the group, with weight zero.
    """

    order: NDArray[np.int64]
    """(N * B,) the buyer in each lane."""
    place: NDArray[np.int64]
    """(R,) the lane of each buyer."""
    filled: NDArray[np.float64]
    """(N, B) 1 where a buyer stands, 0 in lanes that are left over."""
    group: NDArray[np.int64]
    """(N,) group of each block."""
    groups: int
    """Number of groups G."""

    @classmethod
    def of(cls, group: NDArray[np.int64]) -> Layout:
        """The layout of buyers who belong to groups (R,), 0 to G - 1."""
        sizes = np.bincount(group)
        lanes = lanes_for(*(int(size) for size in sizes))
        blocks = -(-sizes // lanes)
        start = np.concatenate([[0], np.cumsum(blocks)]) * lanes
        order = np.empty(start[-1], dtype=np.int64)
        filled = np.zeros(start[-1])
        for g in np.flatnonzero(sizes):
            members, first = np.flatnonzero(group == g), start[g]
            order[first : start[g + 1]] = members[0]
            order[first : first + members.size] = members
            filled[first : first + members.size] = 1.0
        place = np.empty(group.size, dtype=np.int64)
        place[order[filled > 0]] = np.flatnonzero(filled)
        owner = np.repeat(np.arange(sizes.size), blocks)
        return cls(order, place, filled.reshape(-1, lanes), owner, sizes.size)

    def vector(self, values: NDArray[Any]) -> NDArray[Any]:
        """(..., R) -> (..., N, B)."""
        return np.take(values, self.order, axis=-1).reshape(*values.shape[:-1], *self.filled.shape)

    def matrix(self, values: NDArray[Any]) -> NDArray[Any]:
        """(R, J) -> (N, J, B)."""
        blocks, lanes = self.filled.shape
        return np.ascontiguousarray(values[self.order].reshape(blocks, lanes, -1).transpose(0, 2, 1))

    def rows(self, blocks: NDArray[Any]) -> NDArray[Any]:
        """(N, B) or (N * B, ...) -> (R, ...)."""
        flat = blocks.reshape(-1) if blocks.shape == self.filled.shape else blocks
        return np.asarray(flat[self.place])

    def rows_of_runs(self, blocks: NDArray[Any]) -> NDArray[Any]:
        """(S, N, B) -> (S, R)."""
        return np.take(blocks.reshape(len(blocks), -1), self.place, axis=-1)
