"""Sampled buyers: with `consumers.weight = 1` every real shopper makes a choice of their own.

Shoppers are made on the fly, block by block, from luck keyed by (seed, shopper) and choose by luck keyed by
(seed, shopper, month, product); nothing is stored for any of them, so memory does not grow with their number
and the result depends on neither threads nor blocks. Expected shares of the rows (`consumers.draws`) still
serve what is a mean in the model too: firms' market research, pull-forward, and second choices.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from os import cpu_count as cores

import numpy as np

from pricewar.base.records import Floats
from pricewar.demand.population import price_sensitivity
from pricewar.demand.sampling import Nation
from pricewar.scenario.preferences import MixedLogit
from pricewar.scenario.tree import Scenario

from .buyers import Conditions
from .calibrate import Calibration

APART = 1 << 34
"""Numbers of shoppers of two months never meet: each month has new ones."""


class Crowd:
    """All shoppers of a market, one by one or each standing for `weight` real ones."""

    def __init__(self, scenario: Scenario, calibration: Calibration, weight: float, seed: int, threads: int):
        assert isinstance(scenario.demand, MixedLogit)
        self.scenario, self.calibration, self.preferences = scenario, calibration, scenario.demand
        self.weight, self.seed, self.threads = weight, seed, threads
        population, spread = calibration.population, scenario.consumers.income_log_sd
        relative = price_sensitivity(population, self.preferences.income_elasticity, spread)
        self.alpha = float(calibration.alpha[0] / relative[0])
        self.ids = np.array([_number(name) for name in calibration.landscape.products])
        place = np.argsort(calibration.landscape.by_name)
        self.owner = place[calibration.landscape.firm_of].astype(np.int32)

    @classmethod
    def of(cls, scenario: Scenario, calibration: Calibration, seed: int, threads: int | None) -> Crowd | None:
        """The shoppers of a scenario that samples them, else None; threads None: one for each core."""
        weight = scenario.consumers.weight
        return None if weight is None else cls(scenario, calibration, weight, seed, threads or cores() or 1)

    def choose(
        self,
        found: Conditions,
        fleet: Floats,
        fall: float,
        people: float,
        period: int,
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Floats, Floats]:
        """Let this month's shoppers choose.

        Args:
            found: what they find.
            fleet: (F + 1,) brands' shares of the cars on the road.
            fall: price fall that they expect, CNY.
            people: how many real shoppers there are.
            period: the month.
            progress: called with the number of shoppers done, from time to time.

        Returns:
            (J,) shares of shoppers that order each product, and (5,) consumer surplus by income group, CNY.
        """
        preferences, dynamics = self.preferences, self.scenario.dynamics
        nation = Nation(
            delta=found.delta,
            x=self.calibration.attributes,
            sigma=np.array(preferences.all_spreads),
            pi=np.array(preferences.all_loadings),
            alpha0=self.alpha,
            income_elasticity=preferences.income_elasticity,
            sigma_y=self.scenario.consumers.income_log_sd,
            product_ids=self.ids,
            owner=self.owner,
            brands=fleet[self.calibration.landscape.by_name],
            loyal=float(np.log(self.calibration.loyal)),
        )
        buyers = max(round(people / self.weight), 1)
        counts, surplus = nation.sample(
            found.price + found.shift,
            buyers,
            self.seed,
            period,
            first=period * APART,
            threads=self.threads,
            fall=fall if dynamics.waiting.on else 0.0,
            free=dynamics.waiting.share,
            progress=progress,
        )
        return counts[:-1] / buyers, surplus * (people / buyers)


def _number(name: str) -> int:
    """A product's own number in the streams of luck, so that one more product moves nobody's choice."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "little") & 0x7FFFFFFF
