"""What `curvature.py` has for one level of nests, for two: second derivatives and the gains of an exit.

s (R, J) probabilities, c (R, J) shares within the inner nest, g (R, J) those within the outer nest. Nests are
inner nests (J,), their correlations (H,), and the tree (outer nest of each inner one (H,), outer correlations
(G,)). With r = 1 / (1 - inner), r' = 1 / (1 - outer), k = r - r', k' = r' - 1 and I, I' = same inner, outer
nest, per type and in utility:

    ds_j/dV_l = s_j A_jl,  A_jl = r d_jl - k c_l I_jl - k' g_l I'_jl - s_l,
    dc_j/dV_l = c_j r (d_jl - c_l I_jl),  dg_j/dV_l = g_j (r d_jl - k c_l I_jl - r' g_l I'_jl).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Tree = tuple[Ints, Floats]
"""Outer nest of each inner one (H,), outer correlations (G,)."""
Nests = tuple[Ints, Floats, Tree]
"""Inner nest of each product (J,), inner correlations (H,), and the tree."""


def subnested_curvature(
    s: Floats, c: Floats, weights: Floats, nests: Nests, margins: Floats, internal: Floats
) -> Floats:
    """Return sum_k H_jk margin_k d2 share_k / (dp_j dp_l), (J, J), in O(R J (J + H)).

    `weights` are w_i alpha_i^2, H is `internal`.
    """
    inner, rho, (parents, outer_rho) = nests
    outer = parents[inner]
    in_nest, in_outer = _members(inner, rho.size), _members(outer, outer_rho.size)
    r, above = 1.0 / (1.0 - rho[inner]), 1.0 / (1.0 - outer_rho[outer])
    k, far = r - above, above - 1.0
    g = _part(s, s @ in_outer, outer)
    out = np.empty((inner.size, inner.size))
    for j in range(inner.size):
        same, same_outer = inner == inner[j], outer == outer[j]
        this = np.arange(inner.size) == j
        weighed = s * (internal[j] * margins)
        mine = internal[j] * r * margins * s
        by_nest, by_outer = weighed @ in_nest, weighed @ in_outer
        near, wide = by_nest[:, inner[j], None], by_outer[:, outer[j], None]
        earned = weighed.sum(axis=1)[:, None]
        cj, gj, sj = c[:, j, None], g[:, j, None], s[:, j, None]
        kc, kg = k * c, far * g
        slope = r * this - kc * same - kg * same_outer - s  # A_jl
        # Sums over k of H_jk margin_k s_k A_kl: over j's inner nest, its outer nest, and all products.
        within = same * mine - (kc * same + kg * same_outer + s) * near
        across = same_outer * (mine - kc * by_nest[:, inner]) - (kg * same_outer + s) * wide
        every = mine - kc * by_nest[:, inner] - kg * by_outer[:, outer] - s * earned
        row = (
            (margins[j] * r[j] - earned) * sj * slope - k[j] * cj * within - far[j] * gj * across - sj * every
        )
        row -= k[j] * r[j] * cj * near * (this - c * same)
        row -= far[j] * gj * wide * (r[j] * this - kc * same - above * g * same_outer)
        out[j] = weights @ row
    return out


def subnested_gain(j: int, s: Floats, c: Floats, nests: Nests) -> Floats:
    """Relative gain of every probability when product j is taken off the shelf, (R, J)."""
    inner, rho, (parents, outer_rho) = nests
    outer = parents[inner]
    others, sigma = np.arange(inner.size) != j, outer_rho[outer[j]]
    ratio = (1.0 - rho[inner[j]]) / (1.0 - sigma)
    outer_share = s[:, outer == outer[j]].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_rest = np.log1p(-c[:, j])
        part = s[:, j] / c[:, j] / outer_share  # of the inner nest in the outer one
        log_nests = np.log1p(np.maximum(part * np.expm1(ratio * log_rest), -1.0))
        lost = -outer_share * np.expm1((1.0 - sigma) * log_nests)
        gain = np.repeat((lost / (1.0 - lost))[:, None], inner.size, axis=1)
        wide = (np.expm1(-sigma * log_nests) + lost) / (1.0 - lost)
        near = (np.expm1((ratio - 1.0) * log_rest - sigma * log_nests) + lost) / (1.0 - lost)
    gain[:, others & (outer == outer[j])] = wide[:, None]
    gain[:, others & (inner == inner[j])] = near[:, None]
    return gain


def _members(codes: Ints, size: int) -> Floats:
    """(J, size) one where a product belongs."""
    return np.asarray(codes[:, None] == np.arange(size), dtype=np.float64)


def _part(s: Floats, whole: Floats, codes: Ints) -> Floats:
    """(R, J) share of each product in its nest; zero where nobody buys in it."""
    total = whole[:, codes]
    return np.divide(s, total, out=np.zeros_like(s), where=total > 0.0)
