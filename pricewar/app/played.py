"""The rule of a firm in a person's hand: list price and promotion as decided, month by month.

A game is a scenario that is written while it is played: each decision is an entry of this rule, so the
finished game runs again with `pricewar run`, to the same numbers.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from pricewar.base.clock import Moment
from pricewar.base.records import Quote, View
from pricewar.strategies import Hold, Strategy
from pricewar.strategies.nested import Inner


class Played(Strategy):
    """Prices that a person chose: p_j = (list - promotion) times product j's list price at the start.

    table[month] is (list, promotion), both fractions of the start list price, the same for the firm's whole
    line-up. In a month without an entry the default rule decides.
    """

    table: dict[Moment, tuple[float, float]] = Field(
        default_factory=dict, description="month -> (list price, promotion) over the start list price"
    )
    base: Inner = Field(Hold(at="last"), description="rule for a month without a decision")
    start_list: dict[str, float] = Field(description="product -> list price at the start, money incl. VAT")

    @property
    def kind(self) -> str:
        """Its place, as it is not among the strategies that a market chooses from."""
        return f"{type(self).__module__}:{type(self).__name__}"

    def price(self, view: View) -> Quote:
        """The month's decision, or what the default rule says."""
        chosen = self.table.get(view.month)
        if chosen is None:
            return self.base.quote(view)
        start = np.array([self.start_list[view.landscape.products[j]] for j in view.own])
        return Quote(list_price=start * chosen[0], promotion=start * chosen[1])
