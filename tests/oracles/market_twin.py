"""A month of the mixed logit market in plain numpy: what the kernels are held to.

Rows of buyers R, products J: tastes (R, J), delta and price (J,), alpha, weight, brand and outside (R,),
owner (J,), loyal = exp(utility of one's own brand).
"""

from __future__ import annotations

from typing import Any

import numpy as np


def values(case: dict[str, Any]) -> Any:
    """(R, J) exponentials of utility."""
    value = np.exp(case["tastes"] + case["delta"] - case["alpha"][:, None] * case["price"])
    return value * np.where(case["brand"][:, None] == case["owner"], case["loyal"], 1.0)


def choices(case: dict[str, Any], group: Any = None) -> tuple[Any, Any]:
    """(G, J) shares by group, all in one group unless told, and (R,) sums of exponentials."""
    value = values(case)
    group = np.zeros(len(value), dtype=int) if group is None else group
    inside = value.sum(axis=1)
    chosen = (case["weight"] / (case["outside"] + inside))[:, None] * value
    return np.stack([chosen[group == g].sum(axis=0) for g in range(group.max() + 1)]), inside


def second_choices(case: dict[str, Any], refused: Any) -> Any:
    """(J,) what products that turn nobody away gain, each row's second choice worked out."""
    value, is_open = values(case), refused == 0
    total = case["outside"] + value.sum(axis=1)
    open_total = case["outside"] + value[:, is_open].sum(axis=1)
    scale = case["weight"] * (value @ refused) / (total * open_total)
    return np.where(is_open, scale @ value, 0.0)


def derivatives(case: dict[str, Any]) -> Any:
    """(J, J) d share_j / d price_k."""
    value = values(case)
    share = value / (case["outside"] + value.sum(axis=1))[:, None]
    weighted = (case["weight"] * case["alpha"])[:, None] * share
    return weighted.T @ share - np.diag(weighted.sum(axis=0))


def lure(case: dict[str, Any], shift: Any, own: Any, driven: Any) -> tuple[Any, Any]:
    """(n, R) worth of a firm's products without their prices, and (R,) their sum at prices."""
    appeal = np.exp(case["tastes"][:, own].T + case["delta"][own, None] - shift[own, None] * case["alpha"])
    appeal = appeal * np.where(driven, case["loyal"], 1.0)
    return appeal, (appeal * np.exp(-case["price"][own, None] * case["alpha"])).sum(axis=0)


def best_response(
    appeal: Any, rivals: Any, alpha: Any, weight: Any, value: Any, net: Any, vat: float, low: Any, high: Any,
    tolerance: float, limit: int,
) -> tuple[Any, int]:  # fmt: skip
    """The zeta iteration (Morrow and Skerlos 2011): net prices, and iterations, negative if not met."""
    appeal, a = appeal.T, (alpha * (1.0 + vat))[:, None]
    for iteration in range(1, limit + 1):
        share = appeal * np.exp(-a * net)
        share = share / (rivals[:, None] + share.sum(axis=1, keepdims=True))
        margin = share @ (net - value)
        slope = (weight[:, None] * a * share).sum(axis=0)
        gain = weight @ share + (weight * a[:, 0] * margin) @ share
        new = np.where(slope > 0, value + gain / np.where(slope > 0, slope, 1.0), net)
        new = np.clip(new, low, high)
        moved = np.max(np.abs(new - net) / net)
        net = new
        if moved <= tolerance:
            return net, iteration
    return net, -limit
