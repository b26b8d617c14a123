"""The figures of all firms over the rounds played, worked out once for all who look at them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewar.base.records import Flags, Floats
from pricewar.market.model import PriceWar
from pricewar.market.trajectory import Trajectory


@dataclass(frozen=True)
class Books:
    """T rounds, F firms."""

    price: Floats
    """(T, F) mean transaction price against the start, fraction; weights are units sold at the start."""
    units: Floats
    """(T, F) units delivered."""
    share: Floats
    """(T, F) of all units delivered."""
    profit: Floats
    """(T, F) operating profit, money."""
    cash: Floats
    """(T, F) end of the period, money."""
    active: Flags
    """(T, F) in the market in that month."""


def books_of(model: PriceWar) -> Books:
    """The books of a model so far."""
    run = Trajectory.of(model)
    return Books(
        price=run.price_change,
        units=run.sold,
        share=run.sold / np.maximum(run.sold.sum(axis=1, keepdims=True), 1.0),
        profit=run.operating_profit,
        cash=run.cash,
        active=run.active,
    )
