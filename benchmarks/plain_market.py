"""The peer: the same market with each row of buyers a mesa agent in plain Python.

Written as a modeller without kernels would write it: an agent knows its tastes, looks at each product
on sale, works out utilities, and adds its choice probabilities to the market's tally. Firms, suppliers,
books and calendar are those of `PriceWar`, so the two give the same numbers and differ in the buyers alone.
"""

from __future__ import annotations

import math

import mesa
import numpy as np

from pricewar.demand.population import QUINTILES
from pricewar.market.buyers import Choice, Conditions
from pricewar.market.calibrate import NOT_ON_SALE
from pricewar.market.model import PriceWar


class Buyer(mesa.Agent):
    """One row of the population."""

    def __init__(
        self, model: PlainPriceWar, tastes: list[float], alpha: float, weight: float, group: int
    ) -> None:
        super().__init__(model)
        self.tastes, self.alpha, self.weight, self.group = tastes, alpha, weight, group
        self.brand = 0
        self.outside = 1.0
        self.inside = 0.0

    def step(self) -> None:
        """Weigh every product and add the probabilities to the tally."""
        model = self.model
        worth = []
        for product in model.showroom:
            utility = product["delta"] - self.alpha * product["price"]
            for attribute, taste in zip(product["attributes"], self.tastes, strict=True):
                utility += attribute * taste
            value = math.exp(utility)
            if product["firm"] == self.brand:
                value *= model.loyal
            worth.append(value)
        self.inside = sum(worth)
        total = self.outside + self.inside
        for product, value in zip(model.showroom, worth, strict=True):
            model.tally[self.group][product["place"]] += self.weight * value / total


class PlainPriceWar(PriceWar):
    """PriceWar with buyers as agents."""

    def __init__(self, *args, **options) -> None:
        self.buyers: list[Buyer] = []
        super().__init__(*args, **options)
        preferences, population = self.setting.demand, self.calibration.population
        spreads, loadings = np.array(preferences.spreads), np.array(preferences.loadings)
        tastes = population.tastes * spreads + population.income[:, None] * loadings
        columns = tastes, self.calibration.alpha, population.weight, population.group
        rows = zip(*(column.tolist() for column in columns), strict=True)
        self.buyers = [Buyer(self, *row) for row in rows]
        self.attributes = self.calibration.attributes.tolist()
        self.loyal = self.calibration.loyal

    def choose(self, found: Conditions) -> Choice:
        """Ask every buyer in turn."""
        self.tally = [[0.0] * len(found.delta) for _ in range(QUINTILES)]
        price = (found.price + found.shift).tolist()
        firm_of = self.landscape.firm_of.tolist()
        self.showroom = [
            {"place": j, "delta": d, "price": price[j], "attributes": self.attributes[j], "firm": firm_of[j]}
            for j, d in enumerate(found.delta.tolist())
            if d > NOT_ON_SALE
        ]
        for buyer, brand, outside in zip(self.buyers, found.brand, found.outside, strict=True):
            buyer.brand, buyer.outside = int(brand), float(outside)
        for buyer in self.buyers:
            buyer.step()
        inside = np.array([buyer.inside for buyer in self.buyers])
        return Choice(by_group=np.array(self.tally), inside=inside)
