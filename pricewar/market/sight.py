"""What may be seen in a month: all that firms and measures look at, put together once by the step.

Agents receive a `Sight`, not the live model, so that what can be known is a list of fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from pricewar.base.records import Flags, Floats, Landscape, Offers, Record, Sales, read_only
from pricewar.base.state import State
from pricewar.scenario.tree import Scenario

from .costs import fixed_a_car
from .research import Research


@dataclass(frozen=True)
class Sight(Record):
    """The market as it can be seen before a month's prices are set. J products, F firms, t months so far."""

    axes: ClassVar[dict[str, int]] = {"paid": 1, "published": 1}

    setting: Scenario
    landscape: Landscape
    period: int
    seeds: tuple[int, ...]
    """Luck of each run, from which all agents draw theirs by name; of one run it is one."""
    paid: Floats
    """(t + 1, J) prices as they were announced, the start's first, CNY; without campaigns, those paid."""
    published: Floats
    """(t + 1, J) reference prices as they are published, CNY."""
    offers: Offers
    """Last month's, or the start's."""
    sales: Sales | None
    """Last month's; None before the first."""
    research: Research
    """Last month's demand."""
    by_product: dict[str, Floats]
    """(J,) figures of which all firms are shown their own part, named as in `View`."""
    by_firm: dict[str, Floats]
    """(F,) the same of whole firms."""
    on_sale: Flags
    """(J,) whether a product takes orders."""
    cost_lines: dict[str, Floats]
    """(J,) unit cost under each legal cost line, as audited last; CNY ex VAT."""
    stock_months: Floats
    """(J,) stock in months of expected sales."""

    @property
    def runs(self) -> int | None:
        """How many runs are seen at once; None: it is one."""
        return None if self.on_sale.ndim == 1 else len(self.on_sale)

    def run(self, s: int) -> Sight:
        """What may be seen in one of the runs that step together."""
        part = super().run(s)
        part.__dict__["seeds"] = (self.seeds[s],)
        return part

    @cached_property
    def month(self) -> str:
        """The month whose prices are set."""
        return self.setting.month(self.period)


def product_figures(
    state: State, sales: Sales | None, start_cost: Floats, growth: Floats, campaigns: bool = False
) -> dict[str, Floats]:
    """(J,) figures of which all firms are shown their own part.

    Args:
        state: between the months.
        sales: of last month; None before the first.
        start_cost: (J,) unit cost at the start, CNY ex VAT.
        growth: (J,) growth motive, CNY a unit.
        campaigns: whether firms run campaigns; then a rule is shown its own prices without them.
    """
    start = state.landscape
    figures = {
        **_own_prices(state, campaigns),
        "start_price": start.start_price,
        "unit_cost": state.unit_cost,
        "start_cost": start_cost,
        "variable_cost": state.unit_cost - state.overhead,
        "full_cost": state.unit_cost + fixed_a_car(state, sales),
        "growth": growth,
        "orders": sales.orders if sales else start.start_units,
        "units": sales.units if sales else start.start_units,
        "stock": state.stock,
        "start_stock_months": state.start_stock_months,
        "backlog": state.backlog,
    }
    shape = state.on_sale.shape  # what all runs share is shown to each
    return {
        name: read_only(values if values.shape == shape else np.broadcast_to(values, shape))
        for name, values in figures.items()
    }


def _own_prices(state: State, campaigns: bool) -> dict[str, Floats]:
    if not campaigns:
        price = state.list_price - state.promotion
        return {"list_price": state.list_price, "promotion": state.promotion, "price": price}
    asked, price = state.asked_list, state.asked_price
    asked = np.maximum(asked, price)
    return {"list_price": asked, "promotion": asked - price, "price": price}


def firm_figures(state: State) -> dict[str, Floats]:
    """(F,) figures of which all firms are shown their own."""
    return {"capacity": state.capacity * state.supply, "cash": state.cash, "fixed_cost": state.fixed_cost}
