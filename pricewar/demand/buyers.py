"""A month of a mixed logit market by the kernels: shares by group, and a firm's best response."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pricewar.kernels import buying, nested, response
from pricewar.kernels.exp import BITS

from .base import Floats, Ints

if TYPE_CHECKING:
    from .mixed import MixedLogit


def by_group(demand: MixedLogit, prices: Floats) -> tuple[Floats, Floats]:
    """Shares (G, J) of all buyers who belong to a group and choose a product, and inside (R,).

    With nests `inside` is the sum over nests of exp(inclusive value), so that log(outside + inside) is the
    expected utility of a row with nests and without.
    """
    layout, delta = demand.layout, demand.delta * BITS
    shares, inside = np.empty((layout.groups, demand.products)), np.empty(layout.filled.shape)
    if demand.nests is None:
        tables = demand.taste_blocks, demand.alpha_blocks, demand.weight_blocks, delta, prices
        buying.choices64(*tables, *demand.month, layout.group, shares, inside)
    else:
        tree, of_rows = demand.tree, (demand.month[0], layout.group)
        nests = demand.nest_codes, demand.rhos
        nested.nested_choices64(*demand.blocks, delta, prices, *nests, tree, *of_rows, shares, inside)
    return shares, layout.rows(inside)


def first_rows(demand: MixedLogit, n: int) -> MixedLogit:
    """The first n buyer types in the place of all: the same weight in all."""

    def cut(values: Any) -> Any:
        return None if values is None else values[:n]

    weights = np.asarray(demand.weights)
    return replace(
        demand,
        alpha=demand.alpha[:n],
        tastes=cut(demand.tastes),
        weights=weights[:n] * (weights.sum() / weights[:n].sum()),
        outside=cut(demand.outside),
        brand=cut(demand.brand),
        group=cut(demand.group),
    )


def best_response(
    demand: MixedLogit,
    own: Ints,
    weighed: Floats,
    inside: Floats | None,
    extra: Floats,
    value: Floats,
    net: Floats,
    vat: float,
    bounds: tuple[Floats, Floats],
    tolerance: float,
    limit: int,
) -> Floats:
    """(n,) net prices of a firm's products that are its best response.

    Args:
        demand: of the month.
        own: (n,) positions of the firm's products.
        weighed: (J,) what buyers weigh: prices and what is felt on top of them.
        inside: (R,) sums of exp(utility) at the prices weighed; None: to be worked out.
        extra: (J,) money that is weighed on top of the price.
        value: (n,) unit cost less growth motive, net of VAT.
        net: (n,) net prices to start from, which `weighed` contains.
        vat: rate; a buyer pays net * (1 + vat).
        bounds: (n,) lowest and highest net prices.
        tolerance: stop when no price moves by more than this fraction.
        limit: most steps.
    """
    layout = demand.layout
    outside, brand, owner, loyal = demand.month
    appeal, total = np.empty((own.size, *outside.shape)), np.empty(outside.shape)
    alpha, delta = demand.alpha_blocks, demand.delta * BITS
    firm, mine = int(owner[own[0]]), np.array(own)
    response.lure(
        demand.taste_blocks, alpha, delta, np.array(extra), weighed - extra, mine, brand, firm, loyal,
        appeal, total,
    )  # fmt: skip
    if inside is None:
        everything = np.empty(outside.shape)
        tables = demand.taste_blocks, alpha, delta, weighed
        buying.inside64(*tables, brand, owner, loyal, everything)
    else:
        everything = layout.vector(inside)
    rivals = outside + everything - total
    found, (low, high) = net.copy(), bounds
    flat = (
        appeal.reshape(own.size, -1),
        rivals.reshape(-1),
        alpha.reshape(-1),
        demand.weight_blocks.reshape(-1),
    )
    response.best_response(*flat, np.array(value), found, vat, low, high, tolerance, limit)
    return found
