"""What theory says of a game's market: one-shot Nash prices and the prices of highest joint profit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewar.base.errors import ConvergenceError
from pricewar.base.records import Floats
from pricewar.market.buyers import choose, conditions
from pricewar.market.model import PriceWar
from pricewar.market.research import Research
from pricewar.scenario.mechanisms import Dynamics
from pricewar.scenario.tree import NoiseSpec, Scenario

SWEEPS = 400
TOLERANCE = 1e-8
"""Relative move of the last sweep at which prices count as found."""


@dataclass(frozen=True)
class Benchmark:
    """Prices (J,) CNY incl. VAT and the operating profit (F,) of a month at them, CNY."""

    price: Floats
    profit: Floats


class StaticMarket:
    """The market before its first month with nothing that carries over: demand, costs, owners."""

    def __init__(self, scenario: Scenario) -> None:
        still = Dynamics.model_validate({name: {"on": False} for name in Dynamics.model_fields})
        bare = scenario.but(
            dynamics=still.model_dump(), events=[], interventions=[], noise=NoiseSpec().model_dump()
        )
        self.model = PriceWar(bare, collect=False)
        self.start = self.model.landscape.start_price
        self.on_sale = self.model.calibration.on_sale

    def nash(self) -> Benchmark:
        """Each firm's prices are best against the others' (profit alone, no growth motive).

        Raises:
            ConvergenceError: best responses do not settle.
        """
        landscape = self.model.landscape
        return self._settle([landscape.own(f) for f in range(len(landscape.firms))])

    def joint(self) -> Benchmark:
        """The prices that one owner of all firms would set."""
        return self._settle([np.arange(len(self.start))])

    def profit(self, price: Floats) -> Floats:
        """(F,) operating profit of a month at given prices, CNY."""
        model = self.model
        found = conditions(
            model.state, model.offers.with_price(price), model.calibration, model.setting.dynamics
        )
        units = choose(found, model.calibration).share * model.setting.consumers.shoppers
        gross = units * (price / (1.0 + model.setting.market.vat) - model.calibration.unit_cost)
        return model.landscape.by_firm(gross) - model.state.fixed_cost

    def _settle(self, owners: list[np.ndarray[tuple[int], np.dtype[np.int64]]]) -> Benchmark:
        price = self.start.copy()
        for _ in range(SWEEPS):
            before = price.copy()
            for own in owners:
                price[own] = self._research(price).respond(own, price, self.model.calibration.unit_cost[own])
            if np.max(np.abs(price / before - 1.0)) < TOLERANCE:
                return Benchmark(price, self.profit(price))
        raise ConvergenceError(f"best responses: still moving by {np.max(np.abs(price / before - 1.0)):.2g}")

    def _research(self, price: Floats) -> Research:
        model = self.model
        found = conditions(
            model.state, model.offers.with_price(price), model.calibration, model.setting.dynamics
        )
        return Research(
            model.calibration, found, choose(found, model.calibration), price, model.setting.market.vat
        )
