"""Derivatives of logit shares from the table of probabilities, as matrix products.

Everywhere: s (R, J) probabilities, c (R, J) shares within the nest, nests (J,) and rho (H,), both empty for a
logit without nests (then c is unused). Per type, with r = 1/(1 - rho), k = rho/(1 - rho) and I = same nest:
ds_j/dp_l = -alpha s_j (r d_jl - k c_l I_jl - s_l).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .curvature_two import Tree, subnested_gain

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def logit_curvature(
    s: Floats, c: Floats, weights: Floats, nests: Ints, rho: Floats, margins: Floats, internal: Floats
) -> Floats:
    """Return sum_k H_jk margin_k d2 share_k / (dp_j dp_l), (J, J).

    `weights` are w_i alpha_i^2, H is `internal`.
    """
    ws = s * weights[:, None]
    earned = (s * margins) @ internal.T
    ss, mss = ws.T @ s, (ws * earned).T @ s
    if not rho.size:
        own = margins * ws.sum(axis=0) - np.einsum("ij,ij->j", ws, earned)
        return np.diag(own) + 2.0 * mss - (margins[:, None] + internal * margins) * ss
    r = 1.0 / (1.0 - rho[nests])
    k, same = r - 1.0, _same(nests)
    near = (s * margins) @ (internal * same).T
    wc = c * weights[:, None]
    own = r * (r * margins * ws.sum(axis=0) - k * (wc * near).sum(axis=0) - (ws * earned).sum(axis=0))
    rm, cn = r * margins, wc * near
    out = np.diag(own) - (rm[:, None] + internal * rm) * ss + 2.0 * mss + k[:, None] * (cn.T @ s)
    local = -(k * rm)[:, None] * (ws.T @ c) + (k * r + k * k)[:, None] * (cn.T @ c)
    local += -k[:, None] * internal * rm * (wc.T @ s) + k[:, None] * ((ws * earned).T @ c)
    out += same * local
    for h in range(rho.size):
        inside = nests == h
        nearest = (s * margins)[:, inside] @ internal[:, inside].T
        out[:, inside] += k[inside] * ((ws * nearest).T @ c[:, inside])
    return np.asarray(out)


def logit_long_run_diversion(
    s: Floats, c: Floats, weights: Floats, nests: Ints, rho: Floats, tree: Tree | None = None
) -> Floats:
    """Return (share_k without j - share_k) / share_j (J, J), diagonal the outside option's part.

    `tree` as in `kernels.nested`, where nests have two levels. Written with expm1 and log1p so that small
    shares do not cancel.
    """
    shares = weights @ s
    ratios = np.empty((shares.size, shares.size))
    for j in range(shares.size):
        gain = (
            _gain_without(j, s, c, nests, rho)
            if tree is None
            else subnested_gain(j, s, c, (nests, rho, tree))
        )
        ratios[j] = weights @ (s * gain) / shares[j]
    np.fill_diagonal(ratios, 0.0)
    np.fill_diagonal(ratios, 1.0 - ratios.sum(axis=1))
    return ratios


def _gain_without(j: int, s: Floats, c: Floats, nests: Ints, rho: Floats) -> Any:
    """Relative gain of every probability when product j is taken off the shelf, (R, J) or (R, 1)."""
    if not rho.size:
        return np.asarray(s[:, j] / (1.0 - s[:, j]))[:, None]
    correlation, mates = rho[nests[j]], nests == nests[j]
    mates = mates & (np.arange(nests.size) != j)
    with np.errstate(divide="ignore"):
        log_rest = np.log1p(-c[:, j])
    nest_share = s[:, j] / c[:, j]
    lost = -nest_share * np.expm1((1.0 - correlation) * log_rest)
    gain = np.repeat((lost / (1.0 - lost))[:, None], nests.size, axis=1)
    if mates.any():
        near = (np.expm1(-correlation * log_rest) + lost) / (1.0 - lost)
        gain[:, mates] = near[:, None]
    return gain


def _same(nests: Ints) -> Floats:
    return np.asarray(nests[:, None] == nests[None, :], dtype=np.float64)
