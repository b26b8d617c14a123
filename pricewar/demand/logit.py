"""Short ways to a demand: the plain logit, the nested logit, the mixed logit from nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pricewar.base.arguments import number, numbers, takes

from .base import gather
from .mixed import MixedLogit


@takes(alpha=number)
def logit(delta: ArrayLike, alpha: float) -> MixedLogit:
    """Return the plain logit: shares exp(delta_j - alpha p_j) / (1 + sum).

    Args:
        delta: (J,) mean utility without price.
        alpha: utility of one unit of money, above 0.
    """
    return MixedLogit(delta, np.array([alpha], dtype=float), weights=np.ones(1))  # type: ignore[arg-type]


@takes(alpha=number)
def nested_logit(delta: ArrayLike, alpha: float, nests: ArrayLike, rho: ArrayLike) -> MixedLogit:
    """Return the nested logit of one type of buyer, of one level of nests or two.

    Args:
        delta: (J,) mean utility without price.
        alpha: price sensitivity, above zero.
        nests: (J,) labels; of two levels (J, 2), outer and inner label.
        rho: correlation within nests, one number or one per sorted label; of two levels a pair, outer and
            inner, the inner one at least the outer (Verboven 1996).

    Raises:
        InputError: as of `MixedLogit`.
    """
    return MixedLogit(
        delta,  # type: ignore[arg-type]
        np.array([alpha], dtype=float),
        weights=np.ones(1),
        nests=np.asarray(nests),
        rho=rho,
    )


@takes(x=numbers, coefficients=numbers)
def mixed_logit(
    delta: ArrayLike,
    alpha: ArrayLike,
    x: ArrayLike,
    coefficients: ArrayLike,
    weights: ArrayLike | None = None,
    nests: ArrayLike | None = None,
    rho: Any = 0.0,
) -> MixedLogit:
    """Return a mixed logit whose tastes are coefficients_i'x_j.

    Args:
        delta: (J,) mean utility without price.
        alpha: (R,) price sensitivity.
        x: (J, K) characteristics with random coefficients (no price).
        coefficients: (R, K) each type's deviation from the mean coefficient.
        weights: (R,) type weights.
        nests: (J,) nest labels, (J, 2) of two levels, or None.
        rho: correlation within nests; of two levels a pair, outer and inner.
    """
    features, betas = np.atleast_2d(np.asarray(x, float)), np.atleast_2d(np.asarray(coefficients, float))
    wrong = features.shape[1] != betas.shape[1]
    gather((wrong, "x and coefficients", (features.shape, betas.shape), "the same number of columns"))
    labels = None if nests is None else np.asarray(nests)
    return MixedLogit(delta, alpha, betas @ features.T, weights, labels, rho)  # type: ignore[arg-type]
