"""Sums of products in one order, whatever the machine's threads.

A BLAS splits a long sum over its threads (above 10,000 numbers, for OpenBLAS), so `a @ b` has other last
digits with two threads than with one. numpy's own sums are made by one thread in a fixed order. All code
that a run uses sums with these functions. Matrices of the static analyses, in `demand` and `equilibrium`, are
left to BLAS.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats
from .together import PerRun, number


def dot(one: NDArray[Any], other: NDArray[Any]) -> PerRun:
    """Sum of the products of two vectors (n,); of each run's two, (S,), where they are (S, n)."""
    return total(one * other)


def total(values: NDArray[Any]) -> PerRun:
    """Sum of numbers (n,); of each run's, (S,), where they are (S, n)."""
    return number(np.sum(values, axis=-1))


def by_place(values: NDArray[Any], place: NDArray[np.int64], count: int) -> Floats:
    """(..., count) sums of values (..., n) by the place (n,) of each.

    Numbers are added one by one in their order, so that many rows together and a row by itself give the same
    digits, on every machine.
    """
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim == 1:
        return np.bincount(place, rows, count).astype(np.float64, copy=False)
    ahead = rows.shape[:-1]
    places = np.add.outer(count * np.arange(int(np.prod(ahead))), place)
    sums = np.bincount(places.ravel(), rows.ravel(), places.shape[0] * count)
    return sums.astype(np.float64, copy=False).reshape(*ahead, count)


def times(matrix: NDArray[Any], vector: NDArray[Any]) -> Floats:
    """(...,) sums over the last axis of a matrix (..., n) times a vector (n,)."""
    return np.asarray(np.sum(matrix * vector, axis=-1), dtype=np.float64)


def solved(matrix: NDArray[Any], right: NDArray[Any]) -> Floats:
    """(n,) solution of a linear system (n, n) by elimination with partial pivoting, row by row.

    For the few products of one firm; LAPACK would hand large ones to the threads of BLAS.

    Raises:
        ZeroDivisionError: the matrix is singular.
    """
    left, out = np.array(matrix, dtype=np.float64), np.array(right, dtype=np.float64)
    count = len(out)
    for k in range(count):
        pivot = k + int(np.argmax(np.abs(left[k:, k])))
        if left[pivot, k] == 0.0:
            raise ZeroDivisionError("singular matrix")
        left[[k, pivot]], out[[k, pivot]] = left[[pivot, k]], out[[pivot, k]]
        factor = left[k + 1 :, k] / left[k, k]
        left[k + 1 :, k:] -= factor[:, None] * left[k, k:]
        out[k + 1 :] -= factor * out[k]
    for k in range(count - 1, -1, -1):
        out[k] = (out[k] - dot(left[k, k + 1 :], out[k + 1 :])) / left[k, k]
    return out


def inverted(matrix: NDArray[Any]) -> Floats:
    """(n, n) inverse by elimination with partial pivoting, row by row.

    Raises:
        ZeroDivisionError: the matrix is singular.
    """
    count = len(matrix)
    both = np.column_stack([np.array(matrix, dtype=np.float64), np.eye(count)])
    for k in range(count):
        pivot = k + int(np.argmax(np.abs(both[k:, k])))
        if both[pivot, k] == 0.0:
            raise ZeroDivisionError("singular matrix")
        both[[k, pivot]] = both[[pivot, k]]
        both[k] /= both[k, k]
        factor = both[:, k].copy()
        factor[k] = 0.0
        both -= factor[:, None] * both[k]
    return both[:, count:].copy()
