"""The figures of all firms over the rounds played, worked out once for all who look at them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewar.base.records import Flags, Floats
from pricewar.market.model import PriceWar


@dataclass(frozen=True)
class Books:
    """T rounds, F firms."""

    price: Floats
    """(T, F) mean transaction price against the start, fraction; weights are cars sold at the start."""
    units: Floats
    """(T, F) cars delivered."""
    share: Floats
    """(T, F) of all cars delivered."""
    profit: Floats
    """(T, F) operating profit, CNY."""
    cash: Floats
    """(T, F) end of the month, CNY."""
    active: Flags
    """(T, F) in the market in that month."""


def books_of(model: PriceWar) -> Books:
    """The books of a model so far."""
    landscape, months = model.landscape, model.history
    shape = (len(months), len(landscape.firms))
    if not months:
        nothing = np.zeros(shape)
        return Books(nothing, nothing, nothing, nothing, nothing, nothing.astype(bool))
    units = landscape.by_firm(np.array([month.sales.units for month in months]))
    return Books(
        price=landscape.price_change(np.array([month.offers.price for month in months])),
        units=units,
        share=units / np.maximum(units.sum(axis=1, keepdims=True), 1.0),
        profit=np.array([month.accounts.operating_profit for month in months]),
        cash=np.array([month.accounts.cash for month in months]),
        active=np.array([month.active for month in months]),
    )
