"""Logit and nested logit by sums over firms and nests: no table of product by product is ever made.

With shares s, shares within the nest c, r = 1 / (1 - rho) and k = rho / (1 - rho), demand of one type of
buyer has ds_j/dp_l = -alpha s_j (r [j = l] - k c_l [same nest] - s_l). All of the following is that line,
summed. The plain logit is rho = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pricewar.demand.base import Floats, Ints

FAR: Final = 60.0
"""Utility by which a closed market beats the outside option, whose share is e^-60, below rounding."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Who owns what, where: firms (J,) and nests (J,) as whole numbers from zero, shares (J,).

    In a closed market there is no outside option, and shares sum to one.
    """

    firms: Ints
    nests: Ints
    shares: Floats
    closed: bool = False

    @cached_property
    def outside(self) -> float:
        """Share of those who buy nothing; none in a closed market."""
        return 0.0 if self.closed else 1.0 - math.fsum(self.shares)

    @cached_property
    def within(self) -> Floats:
        """Share within the nest (J,)."""
        return np.asarray(self.shares / np.bincount(self.nests, self.shares)[self.nests])

    @cached_property
    def pairs(self) -> Ints:
        """Number of each product's pair of firm and nest (J,)."""
        codes = np.unique(self.firms * (self.nests.max() + 1) + self.nests, return_inverse=True)[1]
        return codes.astype(np.int64)

    @cached_property
    def nest_part(self) -> Floats:
        """Share of the nest that belongs to the product's owner (J,)."""
        return self.by_pair(self.within)

    def by_firm(self, values: Floats) -> Floats:
        """Sum over the owner's products (J,)."""
        return np.asarray(np.bincount(self.firms, values)[self.firms])

    def by_pair(self, values: Floats) -> Floats:
        """Sum over the owner's products in the nest (J,)."""
        return np.asarray(np.bincount(self.pairs, values)[self.pairs])

    def owned_by(self, firms: Ints) -> Layout:
        """The same products with other owners."""
        return Layout(firms, self.nests, self.shares, self.closed)


def markup_factors(layout: Layout, rho: float) -> Floats:
    """alpha times the Nash margin in money (J,): 1 / ((1 - G_f) (r - k C_fh)).

    C_fh is the firm's part of the nest, G_f = sum over its products of s / (r - k C_fh). Of the condition
    1 = alpha (r m_j - k sum c m - sum s m), solved by hand; rho = 0 gives 1 / (1 - S_f).
    """
    r = 1.0 / (1.0 - rho)
    tight = r - (r - 1.0) * layout.nest_part
    return np.asarray(1.0 / ((1.0 - layout.by_firm(layout.shares / tight)) * tight))


def steepness(layout: Layout, rho: float) -> Floats:
    """-(ds_j/dp_j) / (alpha s_j) (J,)."""
    r = 1.0 / (1.0 - rho)
    return np.asarray(r - (r - 1.0) * layout.within - layout.shares)


def mean_utilities(layout: Layout, prices: Floats, alpha: float, rho: float) -> Floats:
    """Mean utility without price (J,) from shares (Berry 1994).

    A closed market is one whose products are all better than the outside option by `FAR`.
    """
    outside = math.exp(-FAR) if layout.closed else layout.outside
    return np.asarray(np.log(layout.shares / outside) - rho * np.log(layout.within) + alpha * prices)


def gross_pressure(layout: Layout, merged: Layout, margins: Floats, rho: float) -> Floats:
    """Diversion to products new under the owner's roof, times their margin in money (J,)."""
    k, everywhere, near = rho / (1.0 - rho), layout.shares * margins, layout.within * margins
    gained = merged.by_firm(everywhere) - layout.by_firm(everywhere)
    gained += k * (merged.by_pair(near) - layout.by_pair(near))
    return np.asarray(gained / steepness(layout, rho))


def diversion_to(layout: Layout, winners: NDArray[np.bool_], rho: float) -> Floats:
    """Part of each product's lost sales (J,) that the other products of `winners` (J,) win."""
    k = rho / (1.0 - rho)
    won = np.where(winners, layout.shares, 0.0)
    near = np.bincount(layout.nests, np.where(winners, layout.within, 0.0))[layout.nests]
    own = np.where(winners, layout.shares + k * layout.within, 0.0)
    return np.asarray((won.sum() + k * near - own) / steepness(layout, rho))


def own_firm_diversion(layout: Layout, rho: float) -> Floats:
    """Part of each product's lost sales (J,) that other products of its owner win."""
    k = rho / (1.0 - rho)
    won = layout.by_firm(layout.shares) - layout.shares + k * (layout.nest_part - layout.within)
    return np.asarray(won / steepness(layout, rho))


def outside_diversion(layout: Layout, rho: float) -> Floats:
    """Part of each product's lost sales (J,) that buys nothing."""
    return np.asarray(layout.outside / steepness(layout, rho))


def firm_diversion(layout: Layout, chosen: Ints, rho: float) -> Floats:
    """(F, F + 1): where the sales go that a chosen firm loses when all its prices rise by one small amount.

    Columns are the chosen firms, the last one the outside option; the diagonal is zero. Rows sum to one if
    all firms are chosen.
    """
    r, nests = 1.0 / (1.0 - rho), int(layout.nests.max()) + 1
    inside = np.stack(
        [np.bincount(layout.nests, np.where(layout.firms == f, layout.shares, 0.0), nests) for f in chosen]
    )
    part = inside / np.bincount(layout.nests, layout.shares, nests)
    whole = inside.sum(axis=1)
    lost = whole * (r - whole) - (r - 1.0) * (inside * part).sum(axis=1)
    won = np.outer(whole, whole) + (r - 1.0) * inside @ part.T
    np.fill_diagonal(won, 0.0)
    outside = whole * layout.outside
    return np.asarray(np.column_stack([won, outside]) / lost[:, None])


def market_elasticity(layout: Layout, prices: Floats, alpha: float) -> float:
    """Per cent change of all sales when all prices rise by one per cent."""
    return float(-alpha * layout.outside * (layout.shares @ prices) / layout.shares.sum()) + 0.0
