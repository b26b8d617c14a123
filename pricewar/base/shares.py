"""Parts of a whole, and how concentrated a market is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Floats


def ratio(part: Floats, whole: Floats, nothing: float = np.nan) -> Floats:
    """(...,) part over whole, and `nothing` where the whole is none."""
    shape = np.broadcast_shapes(np.shape(part), np.shape(whole))
    return np.asarray(np.divide(part, whole, out=np.full(shape, nothing), where=whole > 0))


def hhi(units: ArrayLike) -> Floats:
    """Herfindahl-Hirschman index on the 0 to 10,000 scale.

    Args:
        units: (..., F) units or shares of firms; need not sum to one.

    Returns:
        (...,) 10,000 for a monopoly, 10,000/F for F equal firms, NaN without sales.
    """
    share = np.asarray(units, float)
    return 1e4 * ratio((share**2).sum(axis=-1), share.sum(axis=-1) ** 2)
