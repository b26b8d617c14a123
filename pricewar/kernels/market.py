"""Kernels of the market: shares of a mixed logit with brand loyalty and waiting.

R rows of buyers, J products in order of firms, F firms. Products of firm f are `first[f] : first[f + 1]`.
Each has a numpy twin (`*_numpy`) that tests hold it to.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .exp import FAST, exp64

Array = NDArray[Any]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def choices(
    base: Array,
    delta: Array,
    price: Array,
    alpha: Array,
    weight: Array,
    brand: Array,
    first: Array,
    loyal: float,
    outside: Array,
    group: Array,
    shares: Array,
    inside: Array,
) -> None:
    """Expected market shares at given prices by group of buyers, and each row's sum of exponentials.

    Args:
        base: (R, J) x_j' taste_r.
        delta: (J,) utility apart from price and tastes; very negative when not on sale.
        price: (J,) what a buyer weighs, CNY.
        alpha: (R,) price sensitivity per CNY, positive.
        weight: (R,) weights of rows, sum 1.
        brand: (R,) firm whose car a row drives; F for none of them.
        first: (F + 1,) first product of each firm.
        loyal: exp(utility of one's own brand).
        outside: (R,) exponential of the outside option, 1 at rest.
        group: (R,) group of each row, 0 to G - 1.
        shares: (G, J) written: share of all buyers who belong to the group and choose the product.
        inside: (R,) written: sum over products of exp(V).
    """
    rows, products = base.shape
    firms = first.shape[0] - 1
    value = np.empty(products)
    for g in range(shares.shape[0]):
        for j in range(products):
            shares[g, j] = 0.0
    for r in range(rows):
        a = alpha[r]
        for j in range(products):
            value[j] = exp64(base[r, j] + delta[j] - a * price[j])
        own = brand[r]
        if own < firms:
            for j in range(first[own], first[own + 1]):
                value[j] *= loyal
        total = 0.0
        for j in range(products):
            total += value[j]
        inside[r] = total
        scale = weight[r] / (outside[r] + total)
        g = group[r]
        for j in range(products):
            shares[g, j] += scale * value[j]


def choices_numpy(
    base: Array,
    delta: Array,
    price: Array,
    alpha: Array,
    weight: Array,
    brand: Array,
    first: Array,
    loyal: float,
    outside: Array,
    group: Array,
) -> tuple[Array, Array]:
    """Twin of `choices`: returns (shares, inside)."""
    value = np.exp(base + delta - alpha[:, None] * price)
    firm_of = np.repeat(np.arange(len(first) - 1), np.diff(first))
    value = value * np.where(brand[:, None] == firm_of, loyal, 1.0)
    inside = value.sum(axis=1)
    chosen = (weight / (outside + inside))[:, None] * value
    return np.stack([chosen[group == g].sum(axis=0) for g in range(group.max() + 1)]), inside


@njit(cache=True, nogil=True, fastmath=FAST)
def second_choices(
    base: Array,
    delta: Array,
    price: Array,
    alpha: Array,
    weight: Array,
    brand: Array,
    first: Array,
    loyal: float,
    outside: Array,
    refused: Array,
    gained: Array,
) -> None:
    """Where buyers go whose first choice takes no more orders: exact second choices of the mixed logit.

    Args:
        refused: (J,) share of a product's buyers that it turns away, 0..1.
        gained: (J,) written: share of all shoppers that comes to each product that turns nobody away.
    """
    rows, products = base.shape
    firms = first.shape[0] - 1
    value = np.empty(products)
    for j in range(products):
        gained[j] = 0.0
    for r in range(rows):
        a = alpha[r]
        for j in range(products):
            value[j] = exp64(base[r, j] + delta[j] - a * price[j])
        own = brand[r]
        if own < firms:
            for j in range(first[own], first[own + 1]):
                value[j] *= loyal
        total = outside[r]
        turned_away = 0.0
        open_total = outside[r]
        for j in range(products):
            total += value[j]
            turned_away += value[j] * refused[j]
            if refused[j] == 0.0:
                open_total += value[j]
        scale = weight[r] * turned_away / (total * open_total)
        for j in range(products):
            if refused[j] == 0.0:
                gained[j] += scale * value[j]


def second_choices_numpy(
    base: Array,
    delta: Array,
    price: Array,
    alpha: Array,
    weight: Array,
    brand: Array,
    first: Array,
    loyal: float,
    outside: Array,
    refused: Array,
) -> Array:
    """Twin of `second_choices`: returns gained (J,)."""
    value = np.exp(base + delta - alpha[:, None] * price)
    firm_of = np.repeat(np.arange(len(first) - 1), np.diff(first))
    value = value * np.where(brand[:, None] == firm_of, loyal, 1.0)
    is_open = refused == 0
    total = outside + value.sum(axis=1)
    open_total = outside + value[:, is_open].sum(axis=1)
    scale = weight * (value @ refused) / (total * open_total)
    return np.where(is_open, scale @ value, 0.0)


@njit(cache=True, nogil=True, fastmath=FAST)
def derivatives(
    base: Array,
    delta: Array,
    price: Array,
    alpha: Array,
    weight: Array,
    brand: Array,
    first: Array,
    loyal: float,
    outside: Array,
    jacobian: Array,
) -> None:
    """Write the (J, J) derivatives of shares, d share_j / d price_k, per CNY."""
    rows, products = base.shape
    firms = first.shape[0] - 1
    value = np.empty(products)
    jacobian[:, :] = 0.0
    for r in range(rows):
        a = alpha[r]
        total = outside[r]
        for j in range(products):
            value[j] = exp64(base[r, j] + delta[j] - a * price[j])
        own = brand[r]
        if own < firms:
            for j in range(first[own], first[own + 1]):
                value[j] *= loyal
        for j in range(products):
            total += value[j]
        for j in range(products):
            value[j] /= total
        scale = weight[r] * a
        for j in range(products):
            product = scale * value[j]
            jacobian[j, j] -= product
            for k in range(products):
                jacobian[j, k] += product * value[k]


def derivatives_numpy(
    base: Array,
    delta: Array,
    price: Array,
    alpha: Array,
    weight: Array,
    brand: Array,
    first: Array,
    loyal: float,
    outside: Array,
) -> Array:
    """Twin of `derivatives`: returns the (J, J) matrix."""
    value = np.exp(base + delta - alpha[:, None] * price)
    firm_of = np.repeat(np.arange(len(first) - 1), np.diff(first))
    value = value * np.where(brand[:, None] == firm_of, loyal, 1.0)
    share = value / (outside + value.sum(axis=1))[:, None]
    weighted = (weight * alpha)[:, None] * share
    slopes: Array = weighted.T @ share - np.diag(weighted.sum(axis=0))
    return slopes
