"""Buyers as columns of arrays: who they are, what they want, what they drive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy.special import ndtri

from pricewar.base.arrays import Floats, Ints, Record
from pricewar.kernels.buying import drive

from .halton import halton

QUINTILES = 5
"""Income groups in which surplus is reported."""
CAR_TASTES = 4
"""Tastes that every population has draws for; those for further ones follow them."""


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
    """(R, K) standard normal draws, one column for each taste."""
    last_brand: Floats
    """(R,) uniform draws that, with the make-up of the fleet, say which brand a row drives."""
    group: Ints
    """(R,) fifth of the income distribution, 0 the poorest."""
    weight: Floats
    """(R,) sum 1."""

    def driven(self, fleet: Floats, by_name: Ints) -> Ints:
        """(R,) the firm whose car each row drives; F for none of them.

        Args:
            fleet: (F + 1,) the brands' shares of the fleet; (S, F + 1) of runs, then (S, R) is returned.
            by_name: (F,) positions of the firms in the order of their ids.
        """
        order, sorted_draws = self._by_draw
        fleets = np.atleast_2d(np.take(fleet, by_name, axis=-1))
        ends = np.searchsorted(sorted_draws, np.cumsum(fleets, axis=-1), side="left")
        brand = np.empty((len(fleets), len(order)), dtype=np.int64)
        drive(ends, order, np.append(by_name, len(by_name)), brand)
        return brand if fleet.ndim > 1 else brand[0]

    @cached_property
    def _by_draw(self) -> tuple[Ints, Floats]:
        order = np.argsort(self.last_brand, kind="stable")
        return order, self.last_brand[order]


@lru_cache(maxsize=16)
def make_population(draws: int, seed: int, tastes: int = CAR_TASTES) -> Population:
    """The same rows for the same arguments, always; more tastes leave the first ones as they are."""
    points = halton(draws, 2 + CAR_TASTES, seed)
    normal = ndtri(np.clip(points, 1e-9, 1 - 1e-9))
    income = normal[:, 0]
    rank = np.empty(draws)
    rank[np.argsort(income, kind="stable")] = np.arange(draws)
    return Population(
        income=income,
        tastes=np.column_stack([normal[:, 1:-1], _further(draws, seed, tastes)]),
        last_brand=points[:, -1].copy(),
        group=(rank * QUINTILES // draws).astype(np.int64),
        weight=np.full(draws, 1.0 / draws),
    )


def _further(draws: int, seed: int, tastes: int) -> Floats:
    """(R, tastes - CAR_TASTES) draws in further dimensions of the sequence."""
    known = 2 + CAR_TASTES
    points = halton(draws, known + tastes - CAR_TASTES, seed)
    return np.asarray(ndtri(np.clip(points[:, known:], 1e-9, 1 - 1e-9)))


def correlated(population: Population, known: int, correlations: Floats) -> Population:
    """The same rows with their tastes after the first `known` correlated (n, n)."""
    if np.array_equal(correlations, np.eye(len(correlations))):
        return population
    further = population.tastes[:, known : known + len(correlations)]
    root = np.linalg.cholesky(correlations)
    mixed = (further[:, None, :] * root).sum(axis=2)
    return population.but(tastes=np.column_stack([population.tastes[:, :known], mixed]))


def price_sensitivity(population: Population, income_elasticity: float, income_log_sd: float) -> Floats:
    """(R,) price sensitivity of each row relative to a buyer of median income."""
    return np.exp(-income_elasticity * income_log_sd * population.income)


def taste_utility(
    population: Population, spreads: Sequence[float], loadings: Sequence[float], attributes: Floats
) -> Floats:
    """(R, J) what each row gets from the attributes (J, K) of each product.

    Args:
        population: the rows.
        spreads: (K,) standard deviation of each taste.
        loadings: (K,) by how much each taste rises with a standard deviation of log income.
        attributes: (J, K).
    """
    count = len(spreads)
    tastes = population.tastes[:, :count] * np.asarray(spreads)
    tastes = tastes + population.income[:, None] * np.asarray(loadings)
    utility = np.zeros((len(tastes), len(attributes)))
    for taste, attribute in zip(tastes.T, attributes.T, strict=True):
        utility += taste[:, None] * attribute
    return utility
