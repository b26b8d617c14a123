"""Rules that change prices only now and then: menu cost and Calvo. Each wraps the rule it aims at."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from pricewar.base.calendar_time import Stated
from pricewar.base.records import Floats, View

from .base import Strategy
from .nested import Inner, ask, chances, uniform
from .respond import BestResponse


class MenuCost(Strategy):
    """Change a price only when it is far enough from where it should be: an (S, s) rule.

    g_j = target_j / p_j - 1; p_j := target_j if |g_j| > max(band, b_j), else p_j stays.
    b_j = sqrt(2 cost / ((elasticity - 1) R_j months)): the gap at which `months` of forgone profit equal the
    cost of a change, R_j net revenue a month. (To second order a gap g loses (elasticity - 1) R g^2 / 2 a
    month around the optimum of a constant-elasticity monopolist.) Sheshinski & Weiss 1977 (Review of
    Economic Studies 44(2)); Golosov & Lucas 2007 (Journal of Political Economy 115(2)).
    """

    batched = True

    target: Inner = Field(BestResponse(), description="rule whose price is aimed at")
    band: float = Field(0.03, ge=0, lt=1, description="gap up to which a price stays, fraction")
    cost: float = Field(0.0, ge=0, description="cost of changing one product's price, money")
    elasticity: float = Field(
        4.0, gt=1, le=50, description="own-price elasticity, absolute, that the firm counts with"
    )
    months: Annotated[float, Stated.LENGTH] = Field(
        4.0, gt=0, le=120, description="months a new price is expected to last"
    )

    def price(self, view: View) -> Floats:
        """The target where the gap is wide enough, last month's price elsewhere."""
        target = ask(self.target, view, "target")
        return np.where(np.abs(target / view.price - 1.0) > self._band(view), target, view.price)

    def _band(self, view: View) -> Floats:
        revenue = np.maximum(view.orders, 1.0) * view.price / (1.0 + view.vat)
        return np.maximum(self.band, np.sqrt(2 * self.cost / ((self.elasticity - 1) * revenue * self.months)))


class Calvo(Strategy):
    """Each month a firm may change its prices only with a given probability.

    With probability q: p_j := target_j, else p_j stays; a price lasts 1/q months on average.
    Calvo 1983 (Journal of Monetary Economics 12(3)).
    """

    batched = True

    target: Inner = Field(BestResponse(), description="rule whose price is set when the firm may change")
    probability: float = Field(0.25, ge=0, le=1, description="chance a month of being allowed to change")
    together: bool = Field(True, description="true: one draw for the whole line; false: one for each product")

    def price(self, view: View) -> Floats:
        """The target where luck allows, last month's price elsewhere."""
        target = ask(self.target, view, "target")
        draws = uniform(view) if self.together else chances(view)
        return np.where(draws < self.probability, target, view.price)
