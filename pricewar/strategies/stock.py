"""Clear excess stock: cut while stock is above normal, and go back when it is gone."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from pricewar.base.calendar_time import Stated
from pricewar.base.records import Floats, View

from .base import Strategy
from .nested import Inner, at_least, note, peace_price, recall
from .simple import Hold


class StockClearing(Strategy):
    """Cut in proportion to excess stock, on top of what another rule asks for.

    m_j = stock in months of orders, m_j0 its normal. Clearing begins when m_j > m_j0 + tolerance and ends
    when m_j <= m_j0; in between p_j = base_j (1 - min(ceiling, depth (m_j - m_j0))), not below floor times
    unit cost. A build-to-stock firm's price falls as its stock rises: Reagan 1982 (Review of Economic
    Studies 49(1)); in retailing: Copeland, Dunn & Hall 2011 (RAND Journal of Economics 42(1)).
    """

    batched = True

    tolerance: Annotated[float, Stated.LENGTH] = Field(
        0.5, ge=0, le=24, description="months of stock above normal that are put up with"
    )
    depth: Annotated[float, Stated.SUM] = Field(
        0.04, ge=0, le=1, description="cut for each month of excess stock, fraction"
    )
    ceiling: float = Field(0.15, ge=0, lt=1, description="deepest cut, fraction of the base price")
    floor: float = Field(0.0, ge=0, le=3, description="lowest price as a multiple of unit cost; 0: none")
    base: Inner = Field(Hold(), description="rule that sets the price on which the cut is made")

    def price(self, view: View) -> Floats:
        """Base price less the clearing cut."""
        peace = peace_price(self.base, view)
        excess = view.stock_months - view.start_stock_months
        clearing = (excess > self.tolerance) | ((recall(view, "clearing") > 0) & (excess > 0))
        note(view, "clearing", clearing.astype(np.float64))
        cut = np.where(clearing, np.clip(self.depth * excess, 0.0, self.ceiling), 0.0)
        return at_least(self.floor, peace * (1.0 - cut), peace, view)
