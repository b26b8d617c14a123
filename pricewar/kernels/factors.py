"""Linear equations, their sums in one order on every machine, which a call of LAPACK does not promise."""

from __future__ import annotations

from typing import Any

from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]


@njit(cache=True, nogil=True, error_model="numpy")
def factor(matrix: Array, order: Array) -> bool:
    """Put the triangular factors of `matrix` (n, n) in its place, and the pivots' rows into `order` (n,).

    Returns False where it is singular.
    """
    n = order.size
    for k in range(n):
        pivot = k
        for r in range(k + 1, n):
            pivot = r if abs(matrix[r, k]) > abs(matrix[pivot, k]) else pivot
        order[k] = pivot
        if not abs(matrix[pivot, k]) > 0.0:
            return False
        if pivot != k:
            for c in range(n):
                matrix[k, c], matrix[pivot, c] = matrix[pivot, c], matrix[k, c]
        upper = matrix[k, k + 1 :]
        for r in range(k + 1, n):
            part = matrix[r, k] / matrix[k, k]
            matrix[r, k] = part
            row = matrix[r, k + 1 :]
            for c in range(upper.size):
                row[c] -= part * upper[c]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def substitute(factors: Array, order: Array, right: Array) -> None:
    """Solve for `right` (n,), in place, with what `factor` made."""
    n = order.size
    for k in range(n):
        right[k], right[order[k]] = right[order[k]], right[k]
    for k in range(n):
        for c in range(k):
            right[k] -= factors[k, c] * right[c]
    for k in range(n - 1, -1, -1):
        for c in range(k + 1, n):
            right[k] -= factors[k, c] * right[c]
        right[k] = right[k] / factors[k, k]
