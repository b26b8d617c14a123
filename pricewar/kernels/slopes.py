"""Derivatives of the zeta map of a logit with any buyers, without nests or with one level of them.

A firm earns m per buyer; W = m without nests. In a nest of correlation rho, with r = 1 / (1 - rho) and e =
rho r, it is W_h = m + e N_h, where N_h is what the firm earns per sale in the nest. The map is

    zeta_j = (a_j s_j + sum_i w alpha s_ij W_ih(j)) / slope_j,    slope_j = r_j sum_i w alpha s_ij,

and with c_l the share within the nest, H_jl what j's firm earns of a unit of l's profit,

    slope_j dzeta_j / dp_l = sum_i w alpha s_ij {s_il X + e_j c_il [same nest] Y} - [j = l] diagonal,
    X = a_j + H_jl a_l + alpha (W_h(j) + W_h(l) - r_j zeta_j - H_jl r_l margin_l),    Y: r_j N_h for W_h(l),
    diagonal = r_j sum_i w alpha s_ij (a_j + alpha (W_h(j) - r_j zeta_j)).

So each pair of products costs one product of vectors, and three where the firm earns from both. Arrays and
units as in `choice.py` and `nested.py`; a_j is `keep`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .choice import _share_among_rivals, attract32
from .exp import FAST, NATS
from .nested import _nest_shares

Array = NDArray[Any]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def _times(pull: Array, shares: Array, row: Array) -> None:
    """Add the sums over lanes of `pull` (B,) times each of `shares` (J, B) to `row` (J,), four at a time."""
    products, lanes = shares.shape
    zero = np.float32(0.0)
    for k in range(0, products - 3, 4):
        t, u, v, w = zero, zero, zero, zero
        for b in range(lanes):
            x = pull[b]
            t += x * shares[k, b]
            u += x * shares[k + 1, b]
            v += x * shares[k + 2, b]
            w += x * shares[k + 3, b]
        row[k] += t
        row[k + 1] += u
        row[k + 2] += v
        row[k + 3] += w
    for k in range(products - products % 4, products):
        t = zero
        for b in range(lanes):
            t += pull[b] * shares[k, b]
        row[k] += t


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def map_slopes32(
    buyers: tuple[Array, Array, Array, Array],
    prices: Array,
    margins: Array,
    zeta: Array,
    keep: Array,
    firms: Array,
    conduct: float,
    out: Array,
) -> None:
    """Write slope_j dzeta_j / dp_l (J, J) of a logit without nests to `out`, good to about 1e-6.

    `buyers` are tastes, alpha, weights and delta in float32; `zeta` (J,) is the map at `prices` (J,).
    """
    tastes, alpha, weights, delta = buyers
    blocks, products, lanes = tastes.shape
    share, total = np.empty((products, lanes), np.float32), np.empty(lanes, np.float32)
    earned, everybody = np.empty((firms.max() + 1, lanes), np.float32), np.empty(lanes, np.float32)
    price, a, pull = prices.astype(np.float32), np.empty(lanes, np.float32), np.empty(lanes, np.float32)
    own, steep = np.empty(lanes, np.float32), np.empty(lanes, np.float32)
    out[:] = 0.0
    for n in range(blocks):
        attract32(tastes[n], alpha[n], delta, price, share, total)
        earned[:] = np.float32(0.0)
        for b in range(lanes):
            total[b] = np.float32(1.0) / total[b]
            a[b] = alpha[n, b] * np.float32(NATS)
        for j in range(products):
            f, margin = firms[j], np.float32(margins[j])
            for b in range(lanes):
                share[j, b] *= total[b]
                earned[f, b] += margin * share[j, b]
        total[:] = np.float32(1.0)
        _share_among_rivals(earned, everybody, total, np.float32(conduct))  # type: ignore[arg-type]
        for j in range(products):
            f, keeps, less, diagonal = firms[j], np.float32(keep[j]), np.float32(zeta[j]), np.float32(0.0)
            for b in range(lanes):
                t = weights[n, b] * a[b] * share[j, b]
                worth = keeps + a[b] * (earned[f, b] - less)
                diagonal += t * worth
                pull[b] = t * (worth + a[b] * earned[f, b])
                own[b] = t
                steep[b] = t * a[b]
            out[j, j] -= diagonal
            _times(pull, share, out[j])
            for k in range(products):
                part = 1.0 if firms[k] == f else conduct
                if part > 0.0:
                    takes, pays = np.float32(part * keep[k]), np.float32(part * margins[k])
                    t = np.float32(0.0)
                    for b in range(lanes):
                        t += (takes * own[b] - pays * steep[b]) * share[k, b]
                    out[j, k] += t


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def _earned(
    firm: int,
    firms: Array,
    conduct: float,
    margins: Array,
    nests: Array,
    inner: Array,
    outer: Array,
    rho: Array,
    near: Array,
    worth: Array,
) -> None:
    """Fill what `firm` earns per sale in each nest, `near`, and W, `worth` (H, B)."""
    near[:], worth[:] = 0.0, 0.0
    for k in range(firms.size):
        part = 1.0 if firms[k] == firm else conduct
        if part > 0.0:
            h, margin = nests[k], part * margins[k]
            for b in range(inner.shape[1]):
                near[h, b] += margin * inner[k, b]
                worth[0, b] += margin * inner[k, b] * outer[h, b]
    for h in range(rho.size - 1, -1, -1):  # the first row holds m until it is turned itself
        extra = rho[h] / (1.0 - rho[h])
        for b in range(inner.shape[1]):
            worth[h, b] = worth[0, b] + extra * near[h, b]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def nested_map_slopes64(
    buyers: tuple[Array, Array, Array, Array],
    prices: Array,
    margins: Array,
    zeta: Array,
    keep: Array,
    firms: Array,
    conduct: float,
    nests: Array,
    rho: Array,
    out: Array,
) -> None:
    """Write slope_j dzeta_j / dp_l (J, J) of a logit with one level of nests to `out`; arguments as above."""
    tastes, alpha, weights, delta = buyers
    blocks, products, lanes = tastes.shape
    nest = (rho.size, lanes)
    inner, outer, top = np.empty((products, lanes)), np.empty(nest), np.empty(nest)
    near, worth, pull, own = np.empty(nest), np.empty(nest), np.empty(nest), np.empty(nest)
    a, inclusive = np.empty(lanes), np.empty(lanes)
    out[:] = 0.0
    for n in range(blocks):
        _nest_shares(tastes[n], alpha[n], delta, prices, nests, rho, None, inner, outer, top, inclusive)
        for b in range(lanes):
            a[b] = alpha[n, b] * NATS
        for f in range(firms.max() + 1):
            _earned(f, firms, conduct, margins, nests, inner, outer, rho, near, worth)
            for j in range(products):
                if firms[j] != f:
                    continue
                here, diagonal = nests[j], 0.0
                stretch, extra = 1.0 / (1.0 - rho[here]), rho[here] / (1.0 - rho[here])
                for h in range(rho.size):
                    within, beside = (extra if h == here else 0.0), stretch if h == here else 0.0
                    for b in range(lanes):
                        t = weights[n, b] * a[b] * inner[j, b] * outer[here, b]
                        x = keep[j] + a[b] * (worth[here, b] - stretch * zeta[j])
                        own[h, b] = t * (outer[h, b] + within)
                        pull[h, b] = t * outer[h, b] * (x + a[b] * worth[h, b])
                        pull[h, b] += within * t * (x + a[b] * beside * near[h, b])
                        diagonal += t * x if h == here else 0.0
                out[j, j] -= stretch * diagonal
                for k in range(products):
                    h, part, t = nests[k], 1.0 if firms[k] == f else conduct, 0.0
                    for b in range(lanes):
                        t += pull[h, b] * inner[k, b]
                    if part > 0.0:
                        takes, pays = part * keep[k], part * margins[k] / (1.0 - rho[h])
                        for b in range(lanes):
                            t += (takes - pays * a[b]) * own[h, b] * inner[k, b]
                    out[j, k] += t
