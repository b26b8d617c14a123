"""A month of a mixed logit market by the kernels: shares by group, and a firm's best response."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pricewar.kernels import buying, nested, response
from pricewar.kernels.exp import BITS

from .base import NOT_ON_SALE, Floats, Ints

if TYPE_CHECKING:
    from .mixed import MixedLogit


def by_group_of_runs(demand: MixedLogit, prices: Floats) -> tuple[Floats, Floats]:
    """Shares (S, G, J) and inside (S, R) of a logit without nests at prices (S, J), in one call.

    `demand` is that of S runs: delta (S, J), outside and brand (S, R).
    """
    layout, delta = demand.layout, demand.delta * BITS
    month = demand.month
    shares, inside = np.empty((len(delta), layout.groups, delta.shape[-1])), np.empty(month[0].shape)
    tables = demand.taste_blocks, demand.alpha_blocks, demand.weight_blocks, delta, prices
    buying.choices_of_runs64(*tables, *month, layout.group, shares, inside)
    sold = np.where(demand.delta[:, None, :] <= NOT_ON_SALE, 0.0, shares)
    return sold, layout.rows_of_runs(inside)


def by_group(demand: MixedLogit, prices: Floats) -> tuple[Floats, Floats]:
    """Shares (G, J) of all buyers who belong to a group and choose a product, and inside (R,).

    With nests `inside` is the sum over nests of exp(inclusive value), so that log(outside + inside) is the
    expected utility of a row with nests and without.
    """
    layout, delta = demand.layout, demand.delta * BITS
    shares, inside = np.empty((layout.groups, demand.products)), np.empty(layout.filled.shape)
    if demand.nests is None:
        outside, brand, owner, loyal = demand.month
        tables = demand.taste_blocks, demand.alpha_blocks, demand.weight_blocks, delta[None], prices[None]
        month = outside[None], brand[None], owner, loyal
        buying.choices_of_runs64(*tables, *month, layout.group, shares[None], inside[None])
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
        own: (n,) positions of the firm's products. Of runs that step together, all that follows has an axis
            of runs in front, but for `bounds`.
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
    tables, delta = (demand.taste_blocks, demand.alpha_blocks, demand.weight_blocks), demand.delta * BITS
    if inside is None:
        everything = np.empty(outside.shape)
        if weighed.ndim > 1:
            for s, sums in enumerate(everything):
                buying.inside64(*tables[:2], delta[s], weighed[s], brand[s], owner, loyal, sums)
        else:
            buying.inside64(*tables[:2], delta, weighed, brand, owner, loyal, everything)
    else:
        everything = layout.vector(inside)
    found, around, (low, high) = np.atleast_2d(net.copy()), outside + everything, bounds
    ahead = () if net.ndim > 1 else np.newaxis
    response.responses_of_runs(
        *tables, delta[ahead], np.array(extra)[ahead], (weighed - extra)[ahead], np.array(own), brand[ahead],
        int(owner[own[0]]), loyal, around[ahead], np.array(value)[ahead], found, vat, low, high,
        tolerance, limit,
    )  # fmt: skip
    return found if net.ndim > 1 else found[0]
