"""Numpy twins of the choice kernels: the same numbers from whole-array expressions.

Arrays here are in the plain layout: tastes (R, J), alpha and weights (R,), delta, prices, margins (J,).
`nests` is None for the plain logit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def probabilities(
    tastes: Floats, alpha: Floats, delta: Floats, prices: Floats, nests: Any = None, rho: Any = None
) -> tuple[Floats, Floats, Floats]:
    """Return probabilities (R, J), conditional shares within nests (R, J), inclusive values (R,)."""
    utility = np.multiply.outer(alpha, -prices)
    utility += tastes
    utility += delta
    if nests is None:
        top = np.maximum(utility.max(axis=1), 0.0)
        utility -= top[:, None]
        np.exp(utility, out=utility)
        total = utility.sum(axis=1) + np.exp(-top)
        utility /= total[:, None]
        return utility, utility, top + np.log(total)
    return _nested(utility, np.asarray(nests), np.asarray(rho))


def _nested(utility: Floats, nests: NDArray[Any], rho: Floats) -> tuple[Floats, Floats, Floats]:
    conditional = np.empty_like(utility)
    value = np.empty((utility.shape[0], rho.size))
    for h in range(rho.size):
        v = utility[:, nests == h]
        top = v.max(axis=1)
        e = np.exp((v - top[:, None]) / (1.0 - rho[h]))
        total = e.sum(axis=1)
        conditional[:, nests == h] = e / total[:, None]
        value[:, h] = top + (1.0 - rho[h]) * np.log(total)
    top = np.maximum(value.max(axis=1), 0.0)
    e = np.exp(value - top[:, None])
    total = e.sum(axis=1) + np.exp(-top)
    return conditional * (e / total[:, None])[:, nests], conditional, top + np.log(total)


def shares(
    tastes: Floats,
    alpha: Floats,
    weights: Floats,
    delta: Floats,
    prices: Floats,
    nests: Any = None,
    rho: Any = None,
) -> Floats:
    """Expected shares (J,)."""
    return np.asarray(weights @ probabilities(tastes, alpha, delta, prices, nests, rho)[0])


def markup_terms(
    tastes: Floats,
    alpha: Floats,
    weights: Floats,
    delta: Floats,
    prices: Floats,
    margins: Floats,
    firms: NDArray[Any],
    conduct: float = 0.0,
    nests: Any = None,
    rho: Any = None,
) -> tuple[Floats, Floats, Floats]:
    """Return shares, slope and gain (J,) of the pricing condition; see `choice.markup_terms64`."""
    s, c, _ = probabilities(tastes, alpha, delta, prices, nests, rho)
    owns = (firms[:, None] == np.arange(firms.max() + 1)).astype(float)
    internal = (1.0 - conduct) * owns + conduct
    sensitive = weights * alpha
    earned = s @ (margins[:, None] * internal)
    gain = ((earned * sensitive[:, None]).T @ s)[firms, np.arange(firms.size)]
    slope = sensitive @ s
    if nests is None:
        return weights @ s, slope, gain
    stretch = 1.0 / (1.0 - np.asarray(rho)[nests])
    for h in range(np.asarray(rho).size):
        inside = nests == h
        near = s[:, inside] @ (margins[:, None] * internal)[inside]
        extra = (near * sensitive[:, None]).T @ c[:, inside]
        gain[inside] += (stretch[inside] - 1.0) * extra[firms[inside], np.arange(inside.sum())]
    return weights @ s, slope * stretch, gain
