"""Equilibrium of a mixed and nested logit written out once more in numpy, solved by scipy: right values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import root

Array = np.ndarray


@dataclass(frozen=True)
class Game:
    """Utility delta_j + taste_ij + alpha_i p_j (alpha below zero); rows of `owned` are the deciders."""

    delta: Array
    alpha: Array
    tastes: Array
    weights: Array
    owned: Array
    cost: Callable[[Array], Array]
    nests: Array | None = None
    rho: float = 0.0
    outer: Array | None = None
    outer_rho: float = 0.0
    unit_tax: float = 0.0
    rate: float = 0.0

    def shares(self, prices: Array) -> Array:
        nests = np.arange(self.delta.size) if self.nests is None else self.nests
        value = (self.delta + self.tastes + np.outer(self.alpha, prices)) / (1.0 - self.rho)
        inside = np.stack([np.exp(value[:, nests == h]).sum(axis=1) for h in np.unique(nests)], axis=1)
        codes = np.unique(nests, return_inverse=True)[1]
        nest_value = inside ** (1.0 - self.rho)
        if self.outer is None:
            nest_share = nest_value / (1.0 + nest_value.sum(axis=1, keepdims=True))
        else:
            nest_share = self._twice(nest_value, codes)
        return self.weights @ (np.exp(value) / inside[:, codes] * nest_share[:, codes])

    def _twice(self, nest_value: Array, codes: Array) -> Array:
        """Shares of inner nests, each of which lies in one outer nest."""
        above = np.unique(self.outer, return_inverse=True)[1][np.unique(codes, return_index=True)[1]]
        stretched = nest_value ** (1.0 / (1.0 - self.outer_rho))
        inside = np.stack([stretched[:, above == g].sum(axis=1) for g in np.unique(above)], axis=1)
        value = inside ** (1.0 - self.outer_rho)
        share = value / (1.0 + value.sum(axis=1, keepdims=True))
        return stretched / inside[:, above] * share[:, above]

    def slopes(self, prices: Array) -> Array:
        """d share_k / d price_j by complex steps, exact to rounding, (j, k)."""
        lift = 1e-30j
        return np.stack([self.shares(prices + lift * row).imag / 1e-30 for row in np.eye(self.delta.size)])

    def conditions(self, prices: Array) -> Array:
        kept, shares = prices / (1.0 + self.rate) - self.unit_tax, self.shares(prices)
        return shares / (1.0 + self.rate) + (self.owned * self.slopes(prices)) @ (kept - self.cost(shares))

    def prices(self, fixed: Array | None = None) -> Array:
        """Prices where all conditions hold; `fixed` are imposed where they are not NaN."""
        free = np.isnan(fixed) if fixed is not None else np.full(self.delta.size, True)
        start = (self.cost(np.full(self.delta.size, 0.05)) + self.unit_tax) * (1.0 + self.rate)
        for _ in range(100):  # markups at these prices, half of the way: near enough for a root finder
            shares = self.shares(start)
            margins = -np.linalg.solve(self.owned * self.slopes(start), shares / (1.0 + self.rate))
            start = (start + (self.cost(shares) + margins + self.unit_tax) * (1.0 + self.rate)) / 2.0
        whole = start if fixed is None else np.where(free, start, fixed)

        def of_free(some: Any) -> Array:
            every = whole.astype(float)
            every[free] = some
            return self.conditions(every)[free]

        found = root(of_free, whole[free], tol=1e-14)
        assert np.abs(found.fun).max() < 1e-13, found.message
        whole[free] = found.x
        return whole
