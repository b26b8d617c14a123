"""The layout of the choice kernels: buyers in blocks of lanes, products outside, lanes inside.

A block is (products, lanes): every loop of a kernel then runs over the lanes, which the compiler turns into
vector instructions whatever the number of products or firms, and a block's working set stays in the first
cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Lanes of the float32 tables, the same for every table: a buyer's arithmetic does not depend on the others.
LANES = 64


def lanes_for(rows: int) -> int:
    """Lanes per block, a multiple of 8 up to 128: little padding, few blocks (each costs about 4 lanes)."""
    if rows <= 128:
        return -(-rows // 8) * 8
    return min(range(128, 24, -8), key=lambda lanes: -(-rows // lanes) * (lanes + 4))


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
