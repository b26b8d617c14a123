"""The demand of the page write-a-demand, for tests that need one that Python can import by name."""

import numpy as np
from pydantic import Field

from pricewar.demand import Demand
from pricewar.scenario.preferences import Preferences


class Baskets(Demand):
    symmetric = False  # a fixed sum is spent, so utility is not linear in money

    def __init__(self, share, start, substitution):
        self.share, self.start, self.substitution = share, start, substitution

    @property
    def products(self):
        return len(self.share)

    def expected(self, prices):
        dear = np.asarray(prices) / self.start
        spent = self.share * dear ** (1 - self.substitution)
        return spent / dear / (1 - self.share.sum() + spent.sum())


class Ces(Preferences):
    own_elasticity: float = Field(-4.0, lt=-1, ge=-15)

    def calibrated(self, observed):
        mean = observed.mean(observed.share)
        return Baskets(observed.share, observed.price, (-self.own_elasticity - mean) / (1 - mean))
