"""Market research: how a firm's own sales answer to its own prices, as the market was last month.

A firm that plans a best response knows demand, but not what rivals will do: it takes their prices as it
last saw them.
"""

from __future__ import annotations

import numpy as np

from pricewar.base.records import Floats, Ints
from pricewar.kernels.market import choices
from pricewar.kernels.response import best_response, lure

from .buyers import Choice, Conditions
from .calibrate import NOT_ON_SALE, Calibration
from .population import QUINTILES

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

    def respond(self, own: Ints, seen: Floats, value: Floats) -> Floats:
        """(n,) own transaction prices that maximise profit plus growth motive at the prices seen.

        Args:
            own: (n,) positions of the firm's products.
            seen: (J,) transaction prices of all products as the firm knows them.
            value: (n,) unit cost less growth motive, CNY ex VAT.
        """
        found, calibration = self.found, self.calibration
        selling = found.delta[own] > NOT_ON_SALE
        price = self.price[own].copy()
        mine = own[selling]
        if not len(mine):
            return price
        extra = found.price + found.shift - self.price
        rows = len(found.outside)
        appeal, total = np.empty((len(mine), rows)), np.empty(rows)
        driven = found.brand == calibration.landscape.firm_of[mine[0]]
        lure(
            calibration.base, found.delta, extra, self.price, calibration.alpha, mine, driven,
            calibration.loyal, appeal, total,
        )  # fmt: skip
        rivals = found.outside + self._inside(own, seen, extra) - total
        start = calibration.landscape.start_price[mine] / (1.0 + self.vat)
        net = price[selling] / (1.0 + self.vat)
        before = net.copy()
        best_response(
            appeal, rivals, calibration.alpha, calibration.population.weight, value[selling], net, self.vat,
            BOUNDS[0] * start, BOUNDS[1] * start, TOLERANCE / 10, STEPS,
        )  # fmt: skip
        moved = np.abs(net - before) > TOLERANCE * before
        price[selling] = np.where(moved, net * (1.0 + self.vat), price[selling])
        return price

    def _inside(self, own: Ints, seen: Floats, extra: Floats) -> Floats:
        """(R,) sums of exponentials with rivals at the prices seen and own prices as they are."""
        weighed = seen + extra
        weighed[own] = (self.price + extra)[own]
        if np.array_equal(weighed, self.price + extra):
            return self.chosen.inside
        calibration = self.calibration
        share, inside = np.empty((QUINTILES, len(weighed))), np.empty(len(self.found.outside))
        choices(
            calibration.base, self.found.delta, weighed, calibration.alpha, calibration.population.weight,
            self.found.brand, calibration.first, calibration.loyal, self.found.outside,
            calibration.population.group, share, inside,
        )  # fmt: skip
        return inside
