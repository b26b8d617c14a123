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
    if nests is not None:
        return _nested(_utility(tastes, alpha, delta, prices), np.asarray(nests), np.asarray(rho))
    attraction, total, top = _attract(tastes, alpha, delta, prices)
    attraction /= total[:, None]
    return attraction, attraction, top + np.log(total)


def _utility(tastes: Floats, alpha: Floats, delta: Floats, prices: Floats) -> Floats:
    """Utility (R, J); the price and delta terms by one matrix product of rank two."""
    utility = np.column_stack([alpha, np.ones_like(alpha)]) @ np.stack([-prices, delta])
    utility += tastes
    return np.asarray(utility)


def _attract(
    tastes: Floats, alpha: Floats, delta: Floats, prices: Floats
) -> tuple[Floats, Floats, Floats | float]:
    """exp(utility) (R, J), its sum with the outside option (R,), and what was subtracted from utility."""
    attraction = _utility(tastes, alpha, delta, prices)
    if attraction.max() < 600.0:
        np.exp(attraction, out=attraction)
        return attraction, attraction.sum(axis=1) + 1.0, 0.0
    top = np.maximum(attraction.max(axis=1), 0.0)
    attraction -= top[:, None]
    np.exp(attraction, out=attraction)
    return attraction, attraction.sum(axis=1) + np.exp(-top), top


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


def subnested(
    tastes: Floats, alpha: Floats, delta: Floats, prices: Floats, nests: Any, rho: tuple[float, float]
) -> tuple[Floats, Floats, Floats]:
    """`probabilities` of two levels in closed form (Verboven 1996), product by product; no safe exponentials.

    `nests` (J, 2) outer and inner labels, an inner one counts within its outer one; `rho` outer and inner.
    """
    attraction, (outer, inner) = np.exp(_utility(tastes, alpha, delta, prices)), rho
    pairs = [tuple(pair) for pair in np.asarray(nests).tolist()]
    within = {
        pair: sum(attraction[:, j] ** (1 / (1 - inner)) for j, own in enumerate(pairs) if own == pair)
        for pair in pairs
    }
    groups = {
        group: sum(within[p] ** ((1 - inner) / (1 - outer)) for p in within if p[0] == group)
        for group, _ in pairs
    }
    everything = 1.0 + sum(total ** (1 - outer) for total in groups.values())
    conditional = np.stack(
        [attraction[:, j] ** (1 / (1 - inner)) / within[pair] for j, pair in enumerate(pairs)], axis=1
    )
    of_nest = {
        p: within[p] ** ((1 - inner) / (1 - outer)) * groups[p[0]] ** -outer / everything for p in within
    }
    return (
        conditional * np.stack([of_nest[pair] for pair in pairs], axis=1),
        conditional,
        np.log(everything),
    )


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
    if nests is not None:
        return np.asarray(weights @ probabilities(tastes, alpha, delta, prices, nests, rho)[0])
    attraction, total, _ = _attract(tastes, alpha, delta, prices)
    return np.asarray((weights / total) @ attraction)


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
    owns = (firms[:, None] == np.arange(firms.max() + 1)).astype(float)
    internal = (1.0 - conduct) * owns + conduct
    if nests is None:
        s, total, _ = _attract(tastes, alpha, delta, prices)
        c, scale = s, 1.0 / total
    else:
        s, c, _ = probabilities(tastes, alpha, delta, prices, nests, rho)
        scale = np.ones(alpha.size)
    sensitive = weights * alpha * scale
    earned = s @ (margins[:, None] * internal)
    gain = ((earned * (sensitive * scale)[:, None]).T @ s)[firms, np.arange(firms.size)]
    slope = sensitive @ s
    if nests is None:
        return (weights * scale) @ s, slope, gain
    stretch = 1.0 / (1.0 - np.asarray(rho)[nests])
    for h in range(np.asarray(rho).size):
        inside = nests == h
        near = s[:, inside] @ (margins[:, None] * internal)[inside]
        extra = (near * sensitive[:, None]).T @ c[:, inside]
        gain[inside] += (stretch[inside] - 1.0) * extra[firms[inside], np.arange(inside.sum())]
    return weights @ s, slope * stretch, gain


def solve_prices(
    market: tuple[Floats, Floats, Floats, Floats],
    costs: Floats,
    firms: NDArray[Any],
    start: Floats,
    tolerance: float,
    most: int = 5000,
    memory: int = 5,
) -> tuple[Floats, int, float]:
    """Numpy twin of `zeta.iterate_prices` without bounds and capacity; returns prices, iterations, residual.

    `market` = (tastes, alpha, weights, delta). Past steps are mixed by least squares.
    """
    prices, residual = start, np.inf
    past: list[tuple[Floats, Floats]] = []
    for iteration in range(1, most + 1):
        shares_, slope, gain = markup_terms(*market, prices, prices - costs, firms)
        image = costs + (shares_ + gain) / slope
        move, before = image - prices, residual
        residual = float(np.abs(move).max() / (np.abs(costs) + shares_ / slope).max())
        if residual <= tolerance:
            return image, iteration, residual
        if residual > 2.0 * before:
            past = []
        proposal = image
        if past:
            changes = np.array([move - (i - p) for p, i in past]).T
            mix = np.linalg.lstsq(changes, move, rcond=None)[0]
            proposal = image - np.array([image - i for _, i in past]).T @ mix
        past = [*past, (prices, image)][-memory:]
        prices = proposal
    return prices, most, residual
