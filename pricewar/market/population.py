"""Buyers as columns of arrays: who they are, what they want, what they drive."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy.stats import norm, qmc

from pricewar.base.records import Floats, Ints, Record
from pricewar.scenario.preferences import TASTES, MixedLogit

QUINTILES = 5
"""Income groups in which surplus is reported."""


@dataclass(frozen=True)
class Population(Record):
    """R rows, each standing for the same number of shoppers; columns are in standard units.

    They are drawn from a scrambled Halton sequence (Halton 1960; Train 2009, ch. 9), so that 2,000 rows
    have the error of many more independent draws. The population belongs to the scenario, not to the luck
    of a run.
    """

    income: Floats
    """(R,) log income in standard deviations."""
    tastes: Floats
    """(R, K) standard normal draws, columns as in `preferences.TASTES`."""
    last_brand: Floats
    """(R,) uniform draws that, with the make-up of the fleet, say which brand a row drives."""
    group: Ints
    """(R,) fifth of the income distribution, 0 the poorest."""
    weight: Floats
    """(R,) sum 1."""

    def driven(self, fleet: Floats, by_name: Ints) -> Ints:
        """(R,) the firm whose car each row drives; F for none of them.

        Args:
            fleet: (F + 1,) the brands' shares of the fleet.
            by_name: (F,) positions of the firms in the order of their ids.
        """
        order, sorted_draws = self._by_draw
        ends = np.searchsorted(sorted_draws, np.cumsum(fleet[by_name]), side="left")
        counts = np.diff(ends, prepend=0, append=len(order))
        brand = np.empty(len(order), dtype=np.int64)
        brand[order] = np.repeat(np.append(by_name, len(by_name)), counts)
        return brand

    @cached_property
    def _by_draw(self) -> tuple[Ints, Floats]:
        order = np.argsort(self.last_brand, kind="stable")
        return order, self.last_brand[order]


@lru_cache(maxsize=16)
def make_population(draws: int, seed: int) -> Population:
    """The same rows for the same arguments, always."""
    points = qmc.Halton(d=2 + len(TASTES), scramble=True, seed=seed).random(draws)
    normal = norm.ppf(np.clip(points, 1e-9, 1 - 1e-9))
    income = normal[:, 0]
    rank = np.empty(draws)
    rank[np.argsort(income, kind="stable")] = np.arange(draws)
    return Population(
        income=income,
        tastes=normal[:, 1:-1].copy(),
        last_brand=points[:, -1].copy(),
        group=(rank * QUINTILES // draws).astype(np.int64),
        weight=np.full(draws, 1.0 / draws),
    )


def price_sensitivity(population: Population, preferences: MixedLogit, income_log_sd: float) -> Floats:
    """(R,) price sensitivity of each row relative to a buyer of median income."""
    return np.exp(-preferences.income_elasticity * income_log_sd * population.income)


def taste_utility(population: Population, preferences: MixedLogit, attributes: Floats) -> Floats:
    """(R, J) what each row gets from the attributes (J, K) of each product."""
    spread = np.asarray(preferences.spreads)
    loading = np.asarray(preferences.loadings)
    tastes = population.tastes * spread + population.income[:, None] * loading
    utility = np.zeros((len(tastes), len(attributes)))
    for taste, attribute in zip(tastes.T, attributes.T, strict=True):
        utility += taste[:, None] * attribute
    return utility
