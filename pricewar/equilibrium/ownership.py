"""Who decides a price and what they get of each product's profit: labels, a degree of conduct, or a matrix.

Common names: an ownership matrix of partial and cross holdings (O'Brien and Salop 2000), and conduct by pair
of firms, the weight one firm puts on another's profit (0 Nash, 1 joint profit).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pricewar.base.arguments import Sort, number
from pricewar.base.errors import bad_input
from pricewar.demand.base import Floats, Ints, indices


def _is_table(value: object, dimensions: tuple[int, ...]) -> bool:
    try:
        return np.ndim(value) in dimensions and np.asarray(value).dtype.kind in "fiu"  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


CONDUCT = Sort(
    "0 (Nash) to 1 (joint profit), as one number, by firm (F,) or by pair of firms (F, F)",
    lambda value: number.fits(value) or _is_table(value, (1, 2)),
)
OWNERSHIP = Sort(
    "a matrix of numbers, products (J, J) or firms (F, F), or None",
    lambda value: value is None or _is_table(value, (2,)),
)

Weights = tuple[Ints, NDArray[Any], float, Floats | None]


def profit_weights(
    firm_ids: ArrayLike | None, conduct: ArrayLike, ownership: ArrayLike | None, size: int
) -> Weights:
    """Return deciders (J,) as 0..G-1, their names, conduct where it is one number, else weights (J, J)."""
    if ownership is not None:
        return _of_matrix(firm_ids, conduct, np.asarray(ownership, dtype=np.float64), size)
    firms, names = _firms(firm_ids, size)
    one: object = conduct
    if type(one) is float and 0.0 <= one <= 1.0:  # the usual case, fast
        return firms, names, one, None
    table = np.asarray(conduct, dtype=np.float64)
    if not ((table >= 0.0) & (table <= 1.0)).all():
        worst = float(table.flat[int(np.abs(table - 0.5).argmax())])
        raise bad_input("equilibrium", ("conduct", worst, "0 (Nash) to 1 (joint profit)"))
    if table.ndim == 0:
        return firms, names, float(table), None
    if table.shape not in ((names.size,), (names.size, names.size)):
        allowed = f"one number, {names.size} (one for each firm, sorted), or {names.size} x {names.size}"
        raise bad_input("equilibrium", ("conduct", f"shape {table.shape}", allowed))
    by_firm = np.broadcast_to(table[:, None] if table.ndim == 1 else table, (names.size, names.size)).copy()
    np.fill_diagonal(by_firm, 1.0)
    return firms, names, 0.0, by_firm[np.ix_(firms, firms)]


def _firms(firm_ids: ArrayLike | None, size: int) -> tuple[Ints, NDArray[Any]]:
    if firm_ids is None:
        raise bad_input("equilibrium", ("firm_ids", None, f"{size} labels, or ownership of products (J, J)"))
    return indices("firm_ids", firm_ids, size)


def _of_matrix(firm_ids: ArrayLike | None, conduct: ArrayLike, given: Floats, size: int) -> Weights:
    """Weights of an ownership matrix; products whose rows are the same, of one firm, are decided together."""
    if np.any(np.asarray(conduct)):
        raise bad_input("equilibrium", ("conduct", conduct, "0 beside ownership, which says it all"))
    labels = np.zeros(size, dtype=np.int64) if firm_ids is None else firm_ids
    firms, names = indices("firm_ids", labels, size)
    weights = given
    if firm_ids is not None and given.shape == (names.size, names.size) != (size, size):
        weights = given[np.ix_(firms, firms)]
    if weights.shape != (size, size):
        both = "" if firm_ids is None else f", or {names.size} x {names.size} firms (labels sorted)"
        raise bad_input(
            "equilibrium", ("ownership", f"shape {given.shape}", f"{size} x {size} products{both}")
        )
    if not (np.isfinite(weights).all() and (weights >= 0.0).all() and (np.diag(weights) > 0.0).all()):
        allowed = "finite numbers of at least 0, above 0 on the diagonal"
        raise bad_input("equilibrium", ("ownership", given.tolist(), allowed))
    rows = (weights / np.diag(weights)[:, None]).round(12)
    _, deciders = np.unique(np.column_stack([firms, rows]), axis=0, return_inverse=True)
    codes = np.asarray(deciders, dtype=np.int64).ravel()
    first = np.unique(codes, return_index=True)[1]
    owners = names[firms[first]] if firm_ids is not None else np.array([f"of product {j}" for j in first])
    return codes, owners, 0.0, weights
