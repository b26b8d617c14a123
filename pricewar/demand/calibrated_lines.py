"""Linear and Hotelling demand from what was observed."""

from __future__ import annotations

import numpy as np

from .hotelling import Hotelling
from .linear import LinearDemand
from .observed import Observed


def calibrated_linear(observed: Observed, own_elasticity: float, substitution: float) -> LinearDemand:
    """Quadratic utility whose demand has the observed shares and one own-price elasticity for all products.

    The utility's matrix is root_j root_k times 1 on the diagonal and `substitution` off it, so its inverse,
    of n products on sale, is r / root_j^2 on the diagonal with
    r = (1 + (n - 2) substitution) / ((1 - substitution) (1 + (n - 1) substitution)).
    A later launch has the curvature of the product that it is like, and its choke price and its appeal more.
    """
    sold, like = observed.on_sale, observed.like
    price, share = observed.price, np.where(observed.on_sale, observed.share, observed.share[like])
    count = int(sold.sum())
    inverse = (1.0 + (count - 2) * substitution) / ((1.0 - substitution) * (1.0 + (count - 1) * substitution))
    own = inverse * price[like] / (-own_elasticity * share)
    root = np.sqrt(own)
    quadratic = np.outer(root, root) * np.where(np.eye(len(own), dtype=bool), 1.0, substitution)
    bought = np.where(sold, observed.share, 0.0)
    choke = price + (quadratic * bought).sum(axis=1)
    money = share * (1.0 - share) * own / inverse
    choke = np.where(sold, choke, choke[like] + observed.appeal * money[like])
    return LinearDemand(choke, quadratic)


def calibrated_hotelling(observed: Observed, transport: float, surplus: float) -> Hotelling:
    """A street of those who bought, where the buyer who is indifferent gains `surplus` at the start."""
    share, price = observed.share, observed.price
    size = float(share.sum())
    return Hotelling(price + transport * share / size + surplus, transport, size)
