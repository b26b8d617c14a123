"""Gauges of a market that mesa's tools read: a few current numbers, for collectors and pages."""

from __future__ import annotations

import mesa

from pricewar.base.records import Floats, Landscape, Offers, Sales
from pricewar.base.state import State
from pricewar.results import metrics

from .firm import Firm
from .production import stock_months
from .reference import PriceReference
from .reported import Month


class Gauges(mesa.Model):  # type: ignore[misc]
    """What can be read off a market between two months."""

    landscape: Landscape
    state: State
    offers: Offers
    sales: Sales | None
    reference: PriceReference
    history: list[Month]

    @property
    def price_index(self) -> float:
        """Fixed-basket price index, start = 100."""
        start = self.landscape
        return float(metrics.price_index(self.offers.price, start.start_price, start.start_units))

    @property
    def war_index(self) -> float:
        """Mean depth of price cuts, percent."""
        start = self.landscape
        return float(metrics.war_index(self.offers.price, self.reference.own, start.start_units))

    @property
    def units(self) -> float:
        """Cars delivered last month."""
        return float(self.sales.units.sum()) if self.sales else float(self.landscape.start_units.sum())

    @property
    def consumer_surplus(self) -> float:
        """Consumer surplus of last month, CNY."""
        return float(self.history[-1].surplus.sum()) if self.history else float("nan")

    def stock_months(self) -> Floats:
        """(J,) stock in months of expected sales."""
        return stock_months(self.state)

    @property
    def firms_active(self) -> int:
        """Firms in the market."""
        return int(self.state.active.sum())


MARKET_GAUGES = {
    name: name for name in ("price_index", "war_index", "units", "consumer_surplus", "firms_active")
} | {"seed": "seed_of_run"}
FIRM_GAUGES = {
    "firm": lambda agent: getattr(agent, "key", None),
    "price_change": lambda agent: getattr(agent, "price_change", None),
    "cash": lambda agent: agent.cash if isinstance(agent, Firm) else None,
}
