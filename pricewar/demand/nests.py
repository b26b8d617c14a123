"""Nests of products, one level or two: labels become indices, and each nest has its correlation.

Of two levels each product says its outer and its inner nest. An inner nest belongs to one outer nest: where
one label stands in two of them, these are two inner nests. So any two columns of the products may be given.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pricewar.base.errors import bad_input

from .base import Floats, Ints, indices, vector

Rho = Floats | tuple[Floats, Floats]
"""Correlation of each nest (H,); of two levels those of the outer nests (G,) and of the inner ones (H,)."""


def read_nests(labels: ArrayLike, rho: Any, products: int) -> tuple[Ints, Rho]:
    """Return indices of nests and their correlations.

    Args:
        labels: (J,) nest of each product; of two levels (J, 2), its outer and its inner nest.
        rho: one number or one for each sorted label; of two levels one number or a pair, outer and inner,
            each one number or one for each nest: outer ones sorted, inner ones by outer and inner label.
        products: number of products J.

    Raises:
        InputError: wrong shapes, NaN.
    """
    try:
        array = np.asarray(labels)
    except ValueError as error:
        found = "rows of different lengths"
        raise bad_input("demand", ("nests", found, f"{products} labels, or pairs of labels")) from error
    if array.ndim < 2:
        codes, names = indices("nests", array, products)
        return codes, vector("rho", rho, names.size)
    if array.shape != (products, 2):
        allowed = f"{products} labels, or {products} pairs, outer and inner"
        raise bad_input("demand", ("nests", f"shape {array.shape}", allowed))
    outer, groups = indices("nests", array[:, 0], products)
    second, below = indices("nests", array[:, 1], products)
    inner, pairs = indices("nests", outer * below.size + second, products)
    first, last = _pair(rho)
    return np.column_stack([outer, inner]), (
        vector("rho, outer", first, groups.size),
        vector("rho, inner", last, pairs.size),
    )


def _pair(rho: Any) -> tuple[Any, Any]:
    several = isinstance(rho, (list, tuple)) or (isinstance(rho, np.ndarray) and rho.ndim > 0)
    if not several:
        return rho, rho
    if len(rho) == 2:
        return rho[0], rho[1]
    raise bad_input("demand", ("rho", rho, "one number, or a pair: of the outer nests and of the inner ones"))


def some_nests(nests: NDArray[Any], rho: Rho, chosen: NDArray[Any]) -> tuple[NDArray[Any], Rho]:
    """Return nests and correlations of the products `chosen` (indices or mask) only."""
    kept = nests[chosen]
    if isinstance(rho, tuple):
        return kept, (rho[0][np.unique(kept[:, 0])], rho[1][np.unique(kept[:, 1])])
    return kept, rho[np.unique(kept)]


def parents_of(nests: Ints) -> Ints:
    """Outer nest of each inner one (H,), from the pairs of indices (J, 2)."""
    first = np.unique(nests[:, 1], return_index=True)[1]
    return np.asarray(nests[first, 0], dtype=np.int64)


def rho_problems(nests: NDArray[Any] | None, rho: Any) -> list[tuple[bool, str, object, str]]:
    """What may be wrong with correlations, as `base.gather` takes it."""
    levels = rho if isinstance(rho, tuple) else (np.asarray(rho),)
    told = [level.tolist() for level in levels]
    found: object = told if len(told) > 1 else told[0]
    wrong = any(bool(((level < 0) | (level >= 1)).any()) for level in levels)
    checks: list[tuple[bool, str, object, str]] = [(wrong, "rho", found, "0 <= rho < 1")]
    if len(levels) > 1 and nests is not None and not wrong:
        below = bool((levels[1] < levels[0][parents_of(nests)]).any())
        allowed = "inner correlations of at least those of their outer nests"
        checks.append((below, "rho", found, allowed))
    return checks
