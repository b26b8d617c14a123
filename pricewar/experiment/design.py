"""Designs: which points of the unit cube to run. All from scipy.stats.qmc and SALib, grids apart."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field
from scipy.stats import qmc

from pricewar.analysis.indices import unit_cube
from pricewar.base.arrays import Floats
from pricewar.base.errors import bad_input
from pricewar.scenario.parts import Seed, Table

if TYPE_CHECKING:
    from .factors import Factor

Points = Annotated[int, Field(ge=1, le=1_000_000)]


def _power_of_two(points: int) -> int:
    if points & (points - 1):
        raise ValueError("allowed: a power of two")
    return points


PowerOfTwo = Annotated[Points, AfterValidator(_power_of_two)]


class Grid(Table):
    """Every combination of all values."""

    kind: Literal["grid"] = "grid"

    def count(self, factors: dict[str, Factor]) -> int:
        """Points P, without making them."""
        return math.prod(len(factor.levels()) for factor in factors.values())

    def quantiles(self, factors: dict[str, Factor]) -> Floats:
        """(P, D) quantiles."""
        return np.array(list(itertools.product(*(factor.levels() for factor in factors.values()))))


class OneAtATime(Table):
    """The base as it is, then each factor at each of its values with all others as the base has them."""

    kind: Literal["one-at-a-time"] = "one-at-a-time"

    def count(self, factors: dict[str, Factor]) -> int:
        """Points P, without making them."""
        return 1 + sum(len(factor.levels()) for factor in factors.values())

    def quantiles(self, factors: dict[str, Factor]) -> Floats:
        """(P, D) quantiles; NaN: leave the base as it is."""
        rows = [np.full(len(factors), np.nan)]
        for place, factor in enumerate(factors.values()):
            for level in factor.levels():
                rows.append(np.full(len(factors), np.nan))
                rows[-1][place] = level
        return np.array(rows)


class LatinHypercube(Table):
    """Each factor's range cut into as many parts as there are points, each used once (McKay et al. 1979)."""

    kind: Literal["latin-hypercube"] = "latin-hypercube"
    points: Points
    seed: Seed = 0

    def count(self, factors: dict[str, Factor]) -> int:
        """Points P."""
        return self.points

    def quantiles(self, factors: dict[str, Factor]) -> Floats:
        """(P, D) quantiles."""
        sample: Floats = qmc.LatinHypercube(len(factors), rng=self.seed).random(self.points)
        return sample


class SobolSequence(Table):
    """A scrambled low-discrepancy sequence (Sobol 1967; Owen 1998); `points` is a power of two."""

    kind: Literal["sobol-sequence"] = "sobol-sequence"
    points: PowerOfTwo
    seed: Seed = 0

    def count(self, factors: dict[str, Factor]) -> int:
        """Points P."""
        return self.points

    def quantiles(self, factors: dict[str, Factor]) -> Floats:
        """(P, D) quantiles."""
        sample: Floats = qmc.Sobol(len(factors), rng=self.seed).random(self.points)
        return sample


class Saltelli(Table):
    """Points for Sobol indices (Saltelli et al. 2010): `base` times (factors + 2)."""

    kind: Literal["saltelli"] = "saltelli"
    base: PowerOfTwo
    seed: Seed = 0

    def count(self, factors: dict[str, Factor]) -> int:
        """Points P, without making them."""
        return self.base * (len(factors) + 2)

    def quantiles(self, factors: dict[str, Factor]) -> Floats:
        """(P, D) quantiles."""
        from SALib.sample import sobol

        sample: Floats = sobol.sample(unit_cube(factors), self.base, calc_second_order=False, seed=self.seed)
        return sample


class Morris(Table):
    """Elementary effects along random trajectories (Morris 1991): `trajectories` times (factors + 1)."""

    kind: Literal["morris"] = "morris"
    trajectories: Points = 10
    levels: int = Field(4, ge=2, le=100, multiple_of=2)
    seed: Seed = 0

    def count(self, factors: dict[str, Factor]) -> int:
        """Points P, without making them."""
        return self.trajectories * (len(factors) + 1)

    def quantiles(self, factors: dict[str, Factor]) -> Floats:
        """(P, D) quantiles."""
        from SALib.sample import morris

        sample: Floats = morris.sample(unit_cube(factors), self.trajectories, self.levels, seed=self.seed)
        return sample


class Fractional(Table):
    """Two-level fold-over design of a Hadamard matrix (Plackett and Burman 1946): main effects are free of
    two-factor interactions. Each factor is at its lowest or its highest value."""

    kind: Literal["fractional"] = "fractional"

    def count(self, factors: dict[str, Factor]) -> int:
        """Points P, without making them: the fold-over of a matrix of a power of two."""
        return 2 << (len(factors) - 1).bit_length()

    def quantiles(self, factors: dict[str, Factor]) -> Floats:
        """(P, D) quantiles, all 0 or 1; columns of dummies that fill the matrix are left out."""
        from SALib.sample import ff

        sample: Floats = ff.sample(unit_cube(factors), seed=0)[:, : len(factors)]
        return sample


class FromFile(Table):
    """Points from a CSV file with one column for each factor: values, not quantiles of the unit cube."""

    kind: Literal["csv"] = "csv"
    file: Path

    def count(self, factors: dict[str, Factor]) -> int:
        """Points P: rows of the file."""
        return len(self.values(factors))

    def values(self, factors: dict[str, Factor]) -> pd.DataFrame:
        """One row a point, one column a factor.

        Raises:
            InputError: not readable, or a column is missing or unknown.
        """
        try:
            frame = pd.read_csv(self.file, comment="#", skipinitialspace=True)
        except (OSError, ValueError) as error:
            raise bad_input("design", ("design.file", str(self.file), f"a CSV file: {error}")) from error
        if set(frame.columns) != set(factors) or frame.empty or frame.isna().any(axis=None):
            wanted = f"full rows with the columns {', '.join(factors)}"
            raise bad_input("design", ("design.file", list(map(str, frame.columns)), wanted))
        return frame[list(factors)]


Design = Annotated[
    Grid | OneAtATime | LatinHypercube | SobolSequence | Saltelli | Morris | Fractional | FromFile,
    Field(discriminator="kind"),
]
