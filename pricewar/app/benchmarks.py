"""What theory says of a game's market: one-shot Nash prices and the prices of highest joint profit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewar.base.records import Floats
from pricewar.market.calibrate import calibrate
from pricewar.market.reference import start_game
from pricewar.scenario.mechanisms import Dynamics
from pricewar.scenario.tree import NoiseSpec, Scenario

TOLERANCE = 1e-10
"""Relative residual at which prices count as found."""


@dataclass(frozen=True)
class Benchmark:
    """Prices (J,) incl. VAT and the operating profit (F,) of a period at them, money."""

    price: Floats
    profit: Floats


class StillMarket:
    """The market before its first month with nothing that carries over: demand, costs, owners."""

    def __init__(self, scenario: Scenario) -> None:
        still = Dynamics.model_validate({name: {"on": False} for name in Dynamics.model_fields})
        self.scenario = scenario.but(
            dynamics=still.model_dump(), events=[], interventions=[], noise=NoiseSpec().model_dump()
        )
        self.calibration = calibrate(self.scenario)
        self.landscape = self.calibration.landscape
        self.start = self.landscape.start_price
        self.on_sale = self.calibration.on_sale

    def nash(self) -> Benchmark:
        """Each firm's prices are best against the others' (profit alone, no growth motive).

        Raises:
            ConvergenceError: best responses do not settle.
        """
        return self._settled(0.0)

    def joint(self) -> Benchmark:
        """The prices that one owner of all firms would set."""
        return self._settled(1.0)

    def profit(self, price: Floats) -> Floats:
        """(F,) operating profit of a period at given prices, money."""
        sold, vat = self.on_sale, self.scenario.market.vat
        units = np.zeros(len(price))
        market = self.calibration.demand.subset(sold)
        units[sold] = market.expected(price[sold]) * self.scenario.consumers.shoppers
        unused = self.calibration.overhead * (self.landscape.start_units - units)
        gross = units * (price / (1.0 + vat) - self.calibration.unit_cost) - unused
        fixed = np.array([firm.fixed_cost for firm in self.scenario.firms.values()])
        return np.asarray(self.landscape.by_firm(gross) - fixed)

    def _settled(self, conduct: float) -> Benchmark:
        vat = self.scenario.market.vat
        found = start_game(self.calibration, vat, conduct, tol=TOLERANCE, growth=False).require_converged()
        price = self.start.copy()
        price[self.on_sale] = found.prices
        return Benchmark(price, self.profit(price))
