"""Logit choice over blocks of buyers: shares, the markup terms of the pricing condition, inclusive values.

Arrays, everywhere in this file (N blocks of B lanes, J products):
    tastes (N, J, B), alpha (N, B) price sensitivity > 0, weights (N, B), delta (J,), prices (J,).
Utility is delta_j + tastes_ij - alpha_i p_j, the outside option has utility zero. Utility, and with it
tastes, alpha and delta, is in bits (natural units times `exp.BITS`): exp of utility is then 2^x, the cheapest
exponential. Prices, margins, weights and everything that comes out are in natural units. `twin.py` says the
same in numpy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .exp import FAST, NATS, power32, power64

Array = NDArray[Any]

_SAFE64, _SAFE32 = 1e290, np.float32(1e30)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _attract64(
    tastes: Array, alpha: Array, delta: Array, prices: Array, attraction: Array, total: Array
) -> None:
    """Fill exp(utility) (J, B) and its sum with the outside option, shifted only where it must be."""
    products, lanes = tastes.shape
    total[:] = 1.0
    for j in range(products):
        d, p = delta[j], prices[j]
        for b in range(lanes):
            value = power64(d + tastes[j, b] - alpha[b] * p)
            attraction[j, b] = value
            total[b] += value
    largest = 0.0
    for b in range(lanes):
        largest = total[b] if total[b] > largest else largest
    if not largest < _SAFE64:
        _attract_shifted(tastes, alpha, delta, prices, attraction, total)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _attract_shifted(
    tastes: Array, alpha: Array, delta: Array, prices: Array, attraction: Array, total: Array
) -> None:
    products, lanes = tastes.shape
    for b in range(lanes):
        top = 0.0
        for j in range(products):
            top = max(top, delta[j] + tastes[j, b] - alpha[b] * prices[j])
        total[b] = np.exp2(-top)
        for j in range(products):
            attraction[j, b] = np.exp2(delta[j] + tastes[j, b] - alpha[b] * prices[j] - top)
            total[b] += attraction[j, b]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def shares64(tastes: Array, alpha: Array, weights: Array, delta: Array, prices: Array, shares: Array) -> None:
    """Expected shares (J,) = sum_i w_i s_ij, written into `shares`."""
    blocks, products, lanes = tastes.shape
    attraction, total = np.empty((products, lanes)), np.empty(lanes)
    shares[:] = 0.0
    for n in range(blocks):
        _attract64(tastes[n], alpha[n], delta, prices, attraction, total)
        for b in range(lanes):
            total[b] = weights[n, b] / total[b]
        for j in range(products):
            s = 0.0
            for b in range(lanes):
                s += attraction[j, b] * total[b]
            shares[j] += s


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def attract32(
    tastes: Array, alpha: Array, delta: Array, prices: Array, attraction: Array, total: Array
) -> None:
    """Fill exp(utility) (J, B) and its sum with the outside option, shifted only where it must be."""
    products, lanes = tastes.shape
    total[:] = np.float32(1.0)
    for j in range(products):
        d, p = delta[j], prices[j]
        for b in range(lanes):
            value = power32(d + tastes[j, b] - alpha[b] * p)
            attraction[j, b] = value
            total[b] += value
    if not total.max() < _SAFE32:
        _attract_shifted(tastes, alpha, delta, prices, attraction, total)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def shares32(tastes: Array, alpha: Array, weights: Array, delta: Array, prices: Array, shares: Array) -> None:
    """The same in float32 (`shares` is float64); a block whose sum leaves float32's range is shifted."""
    blocks, products, lanes = tastes.shape
    attraction, total = np.empty((products, lanes), np.float32), np.empty(lanes, np.float32)
    shares[:] = 0.0
    for n in range(blocks):
        attract32(tastes[n], alpha[n], delta, prices, attraction, total)
        for b in range(lanes):
            total[b] = weights[n, b] / total[b]
        for j in range(products):
            s = np.float32(0.0)
            for b in range(lanes):
                s += attraction[j, b] * total[b]
            shares[j] += s


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def markup_terms64(
    tastes: Array,
    alpha: Array,
    weights: Array,
    delta: Array,
    prices: Array,
    margins: Array,
    firms: Array,
    conduct: float,
    shares: Array,
    slope: Array,
    gain: Array,
) -> None:
    """Terms of the pricing condition s_j a_j = margin_j slope_j - gain_j, in O(R J) without a J x J matrix.

    shares_j = sum_i w_i s_ij, slope_j = sum_i w_i alpha_i s_ij, gain_j = sum_i w_i alpha_i s_ij m_i,f(j),
    where m_if = sum of margins_k s_ik over the products of firm f, plus `conduct` times that of the other
    firms (Morrow and Skerlos 2011). `firms` (J,) are indices 0..F-1.
    """
    blocks, products, lanes = tastes.shape
    attraction, total = np.empty((products, lanes)), np.empty(lanes)
    earned, everybody = np.empty((firms.max() + 1, lanes)), np.empty(lanes)
    inverse, weight, sensitive = np.empty(lanes), np.empty(lanes), np.empty(lanes)
    shares[:], slope[:], gain[:] = 0.0, 0.0, 0.0
    for n in range(blocks):
        _attract64(tastes[n], alpha[n], delta, prices, attraction, total)
        for b in range(lanes):
            inverse[b] = 1.0 / total[b]
            weight[b] = weights[n, b] * inverse[b]
            sensitive[b] = weight[b] * alpha[n, b]
        earned[:] = 0.0
        for j in range(products):
            f, margin = firms[j], margins[j]
            for b in range(lanes):
                earned[f, b] += margin * attraction[j, b]
        _share_among_rivals(earned, everybody, inverse, conduct)
        for j in range(products):
            f, s, d, g = firms[j], 0.0, 0.0, 0.0
            for b in range(lanes):
                a = attraction[j, b]
                t = a * sensitive[b]
                s += a * weight[b]
                d += t
                g += t * earned[f, b]
            shares[j] += s
            slope[j] += d * NATS
            gain[j] += g * NATS


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, inline="always")
def markup_terms32(
    tastes: Array,
    alpha: Array,
    weights: Array,
    delta: Array,
    prices: Array,
    margins: Array,
    firms: Array,
    conduct: float,
    shares: Array,
    slope: Array,
    gain: Array,
) -> None:
    """The same in float32 within a block, good to about 1e-6: for steps far from the solution."""
    blocks, products, lanes = tastes.shape
    attraction, total = np.empty((products, lanes), np.float32), np.empty(lanes, np.float32)
    earned, everybody = np.empty((firms.max() + 1, lanes), np.float32), np.empty(lanes, np.float32)
    weight, sensitive = np.empty(lanes, np.float32), np.empty(lanes, np.float32)
    shares[:], slope[:], gain[:] = 0.0, 0.0, 0.0
    for n in range(blocks):
        total[:] = np.float32(1.0)
        earned[:] = np.float32(0.0)
        for j in range(products):
            d, p, f, margin = delta[j], np.float32(prices[j]), firms[j], np.float32(margins[j])
            for b in range(lanes):
                value = power32(d + tastes[n, j, b] - alpha[n, b] * p)
                attraction[j, b] = value
                total[b] += value
                earned[f, b] += margin * value
        for b in range(lanes):
            total[b] = np.float32(1.0) / total[b]
            weight[b] = weights[n, b] * total[b]
            sensitive[b] = weight[b] * alpha[n, b]
        _share_among_rivals(earned, everybody, total, np.float32(conduct))  # type: ignore[arg-type]
        for j in range(products):
            f, s, d, g = firms[j], np.float32(0.0), np.float32(0.0), np.float32(0.0)
            for b in range(lanes):
                a = attraction[j, b]
                t = a * sensitive[b]
                s += a * weight[b]
                d += t
                g += t * earned[f, b]
            shares[j] += s
            slope[j] += d * NATS
            gain[j] += g * NATS


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _share_among_rivals(earned: Array, everybody: Array, scale: Array, conduct: float) -> None:
    """earned_f <- scale * ((1 - conduct) earned_f + conduct * sum over firms)."""
    groups, lanes = earned.shape
    own = earned.dtype.type(1.0) - conduct
    everybody[:] = 0.0
    if conduct > 0.0:
        for f in range(groups):
            for b in range(lanes):
                everybody[b] += conduct * earned[f, b]
    for f in range(groups):
        for b in range(lanes):
            earned[f, b] = scale[b] * (own * earned[f, b] + everybody[b])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def probabilities64(
    tastes: Array, alpha: Array, delta: Array, prices: Array, out: Array, inclusive: Array
) -> None:
    """Choice probabilities of each buyer, out (N*B, J), and inclusive values log(1 + sum exp) (N*B,)."""
    blocks, products, lanes = tastes.shape
    for n in range(blocks):
        for b in range(lanes):
            top = 0.0
            for j in range(products):
                top = max(top, delta[j] + tastes[n, j, b] - alpha[n, b] * prices[j])
            row, total = n * lanes + b, power64(-top)
            for j in range(products):
                out[row, j] = power64(delta[j] + tastes[n, j, b] - alpha[n, b] * prices[j] - top)
                total += out[row, j]
            inclusive[row] = (top + np.log2(total)) * NATS
            for j in range(products):
                out[row, j] /= total
