"""What is offered: offers before events and measures touch them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pricewar.base.records import Floats, Offers
from pricewar.base.state import State

if TYPE_CHECKING:
    pass


def start_offers(state: State) -> Offers:
    """What was offered before the first month."""
    return showroom(state, -1, state.list_price, state.promotion)


def showroom(state: State, period: int, list_price: Floats, promotion: Floats) -> Offers:
    """Offers at stated prices, before events and measures."""
    return Offers(
        period=period,
        list_price=list_price,
        promotion=promotion,
        on_sale=state.on_sale & state.landscape.by_product(state.active),
        subsidy=state.subsidy,
        tax=np.zeros(list_price.shape),
        rebate=np.zeros(list_price.shape),
        announced_end=np.full(list_price.shape, -1),
    )
