"""Market research: how a firm's own sales answer to its own prices, as the market was last month.

A firm that plans a best response knows demand, but not what rivals will do: it takes their prices as it
last saw them.
"""

from __future__ import annotations

import numpy as np

from pricewar.base.records import Floats, Ints
from pricewar.base.together import row
from pricewar.demand.base import NOT_ON_SALE
from pricewar.equilibrium import solve

from .buyers import Choice, Conditions, demand_of, in_one_call
from .calibrate import Calibration

TOLERANCE = 1e-7
"""Prices that would move by less than this fraction stay where they are: rest stays rest."""
STEPS = 200
BOUNDS = (0.3, 3.0)
"""Prices that firms consider, relative to the start."""


class Research:
    """Last month's demand, from which each firm works out its best response."""

    def __init__(
        self, calibration: Calibration, found: Conditions, chosen: Choice, price: Floats, vat: float
    ):
        self.calibration = calibration
        self.found = found
        self.chosen = chosen
        self.price = price
        self.vat = vat

    def run(self, s: int) -> Research:
        """The demand of one of the runs that step together."""
        return Research(self.calibration, self.found.run(s), self.chosen.run(s), row(self.price, s), self.vat)

    def respond(self, own: Ints, seen: Floats, value: Floats) -> Floats:
        """(n,) own transaction prices that maximise profit plus growth motive at the prices seen.

        Args:
            own: (n,) positions of the firm's products.
            seen: (J,) transaction prices of all products as the firm knows them.
            value: (n,) unit cost less growth motive, CNY ex VAT.
        """
        if seen.ndim > 1 and not self._alike(own, seen):
            return np.array([self.run(s).respond(own, seen[s], value[s]) for s in range(len(seen))])
        found, calibration = self.found, self.calibration
        selling = np.atleast_2d(found.delta)[0, own] > NOT_ON_SALE
        price = np.take(self.price, own, axis=-1)
        mine = own[selling]
        if not len(mine):
            return price
        extra = found.price + found.shift - self.price
        weighed = seen + extra
        weighed[..., own] = (self.price + extra)[..., own]
        start = calibration.landscape.start_price[mine] / (1.0 + self.vat)
        net = price[..., selling] / (1.0 + self.vat)
        bounds = BOUNDS[0] * start, BOUNDS[1] * start
        best = self._best(mine, weighed, extra, value[..., selling], net, bounds)
        moved = np.abs(best - net) > TOLERANCE * net
        price[..., selling] = np.where(moved, best * (1.0 + self.vat), price[..., selling])
        return price

    def _alike(self, own: Ints, seen: Floats) -> bool:
        """Whether runs that step together can be answered in one call: the same products are on sale, and
        prices are seen as they are in all runs or in none."""
        sold, felt = self.found.delta[:, own] > NOT_ON_SALE, self.found.price + self.found.shift
        weighed = seen + (felt - self.price)
        weighed[:, own] = (self.price + (felt - self.price))[:, own]
        exact = (weighed == self.price + (felt - self.price)).all(axis=-1)
        return in_one_call(self.calibration) and bool((sold == sold[0]).all() and (exact == exact[0]).all())

    def _best(
        self,
        own: Ints,
        weighed: Floats,
        extra: Floats,
        value: Floats,
        net: Floats,
        bounds: tuple[Floats, Floats],
    ) -> Floats:
        """(n,) net prices: by the demand's own short way, else as an equilibrium with rivals' prices fixed.

        What is weighed on top of a price counts there as a cost that the seller does not pay out of it.
        """
        demand = demand_of(self.found, self.calibration)
        known = np.array_equal(weighed, self.price + extra)
        inside = self.chosen.inside if known else None
        quick = demand.best_response(
            own, weighed, inside, extra, value, net, self.vat, bounds, TOLERANCE / 10, STEPS
        )
        if quick is not None:
            return quick
        vat, felt = 1.0 + self.vat, extra[own]
        fixed, low, high = weighed.copy(), np.full_like(weighed, -np.inf), np.full_like(weighed, np.inf)
        fixed[own], low[own], high[own] = np.nan, bounds[0] * vat + felt, bounds[1] * vat + felt
        costs = np.zeros_like(weighed)
        costs[own] = value + felt / vat
        firms = self.calibration.landscape.firm_of
        answer = solve(
            demand, costs, firms, fixed=fixed, floor=low, cap=high, ad_valorem_tax=self.vat, start=weighed,
            tol=TOLERANCE / 1000, max_iterations=10 * STEPS,
        )  # fmt: skip
        return np.asarray((answer.prices[own] - felt) / vat) if answer.converged else net
