"""Suppliers: groups of makers of parts that are paid late, squeezed, and may fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from pricewar.base.together import PerRun, column, spread
from pricewar.scenario.parts import SupplierSpec

from .agents import Agent

if TYPE_CHECKING:
    from .model import PriceWar


class Supplier(Agent):  # type: ignore[misc]
    """A group of suppliers that differ in cash; each month some may run dry.

    Cash is counted in months of the group's own cost at the start. At rest the ordinary profit is paid out
    and cash stays the same; payments that lag behind cost use it up.
    """

    model: PriceWar

    def __init__(self, model: PriceWar, key: str, spec: SupplierSpec, usual_sales: float) -> None:
        super().__init__(model)
        self.key = key
        self.spec = spec
        self.usual_sales = spec.share * usual_sales
        middle = (np.arange(spec.members) + 0.5) / spec.members
        self.cash = spec.cash_months * np.exp(spec.cash_spread * ndtri(middle))
        self.alive = np.ones(spec.members, dtype=bool)
        self.lost: PerRun = 0.0
        self.failed: PerRun = 0
        """Members that have failed so far."""
        self.profit: PerRun = 0.0

    def spread(self, many: int) -> None:
        """Be the same group in each of so many runs."""
        self.cash, self.alive = spread(self.cash, many), spread(self.alive, many)
        self.lost, self.failed, self.profit = np.zeros(many), np.zeros(many, dtype=np.int64), np.zeros(many)

    def close(self, sales: PerRun, paid: PerRun, unsqueezed: PerRun) -> None:
        """Book one month.

        Args:
            sales: what firms bought this month from all groups, CNY.
            paid: what firms paid this month to all groups, CNY.
            unsqueezed: what the same purchases would have cost at the start's terms, CNY.
        """
        cost = unsqueezed * self.spec.share * (1.0 - self.spec.margin)
        usual_cost = self.usual_sales * (1.0 - self.spec.margin)
        self.profit = sales * self.spec.share - cost
        if usual_cost <= 0:
            return
        flow = (paid * self.spec.share - cost - self.usual_sales * self.spec.margin) / usual_cost
        self.cash = self.cash + column(flow) * self.alive
        before = self.failed
        if self.cash.min() < 0:
            self.alive = self.alive & (self.cash >= 0)
            self.failed = (~self.alive).sum(axis=-1)
        replaced = self.lost / self.spec.recovery_months
        self.lost = np.minimum(1.0, self.lost - replaced + (self.failed - before) / self.spec.members)


def close_all(
    suppliers: Sequence[Supplier], sales: PerRun, paid: PerRun, unsqueezed: PerRun
) -> tuple[PerRun, PerRun]:
    """Close the accounts of all groups; returns their profit, CNY, and the share of members that failed."""
    before = sum(supplier.failed for supplier in suppliers)
    for supplier in suppliers:
        supplier.close(sales, paid, unsqueezed)
    members = max(sum(supplier.spec.members for supplier in suppliers), 1)
    failed = (sum(supplier.failed for supplier in suppliers) - before) / members
    return sum(supplier.profit for supplier in suppliers), failed
