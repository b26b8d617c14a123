"""Linear and Hotelling demand from what was observed."""

from __future__ import annotations

import numpy as np

from pricewar.base.errors import ConvergenceError

from .base import Floats
from .hotelling import Hotelling
from .linear import LinearDemand
from .observed import Observed

MOST = 5000
"""Steps in which the weights of linear demand are sought."""


def calibrated_linear(observed: Observed, own_elasticity: float, substitution: float) -> LinearDemand:
    """Linear demand with the observed shares and one own-price elasticity for all products.

    The slopes are those of Shubik and Levitan with weights of their own: c_j (1 - t c_j / C) on the diagonal
    and -t c_j c_k / C off it, where C is the sum of c and t the substitution. So the matrix of the utility is
    diag(1 / c) plus t / (C (1 - t)) everywhere. A later launch is added to it with the c of the product that
    it is like. Its choke price is that of this product and the money that its appeal is worth.

    Raises:
        ConvergenceError: no weights give the elasticity.
    """
    sold, like, price = observed.on_sale, observed.like, observed.price
    steep = -own_elasticity * observed.share[sold] / price[sold]
    weight = np.zeros(len(price))
    weight[sold] = _weights(observed.name, steep, substitution)
    common = substitution / (weight.sum() * (1.0 - substitution))
    weight = weight[like]
    quadratic = np.diag(1.0 / weight) + common
    choke = price + (quadratic * observed.share).sum(axis=1)
    own = np.zeros(len(price))
    own[sold] = steep
    money = observed.share * (1.0 - observed.share) / np.where(sold, own, 1.0)
    choke = np.where(sold, choke, choke[like] + observed.appeal * money[like])
    return LinearDemand(choke, quadratic)


def _weights(name: str, steep: Floats, substitution: float) -> Floats:
    """c (n,) such that c (1 - t c / sum c) are the own slopes `steep`; the map contracts for t < 1."""
    weight = steep
    for _ in range(MOST):
        again = steep / (1.0 - substitution * weight / weight.sum())
        if np.abs(again - weight).max() <= 1e-15 * again.max():
            break
        weight = again
    if not np.abs(again / weight - 1.0).max() < 1e-12:
        raise ConvergenceError(f"{name}: no weights of linear demand give the elasticity asked for")
    return np.asarray(again)


def calibrated_hotelling(observed: Observed, transport: float, surplus: float) -> Hotelling:
    """A street of those who bought, where the buyer who is indifferent gains `surplus` at the start."""
    share, price = observed.share, observed.price
    size = float(share.sum())
    return Hotelling(price + transport * share / size + surplus, transport, size)
