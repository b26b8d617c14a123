"""Shares at several vectors of prices of one month: tables are looked up and numbers checked once for all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pricewar.kernels import buying
from pricewar.kernels.exp import BITS

from .base import NOT_ON_SALE, Demand, Floats
from .mixed import MixedLogit


def shares_at(demand: Demand, prices: Floats, wanted: Sequence[slice]) -> Floats:
    """(K, J) shares of all buyers at K vectors of prices (K, J): those of `by_group`, groups added up.

    Args:
        demand: of the month.
        prices: of all products.
        wanted: of each vector the products, side by side, whose shares are asked for; those of others may be
            0 in the answer.
    """
    if not isinstance(demand, MixedLogit) or demand.nests is not None:
        return np.array([demand.by_group(row)[0].sum(axis=0) for row in prices])
    layout, delta = demand.layout, demand.delta * BITS
    shares = np.empty((len(prices), layout.groups, demand.products))
    tables = demand.taste_blocks, demand.alpha_blocks, demand.weight_blocks, delta, prices
    own = np.array([(line.start, line.stop) for line in wanted])
    buying.own_choices64(*tables, *demand.month, layout.group, own, NOT_ON_SALE * BITS, shares)
    return np.asarray(np.add.reduce(shares, axis=1))
