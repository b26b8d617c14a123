"""History matching: parameters that cannot have made the record are cut away before anything is inferred.

Moments are emulated by polynomials in the parameters. A point is implausible where, for any moment, the
record lies further from what is expected there than three times the spread of luck, of the emulator, and of
what the model leaves out, together (Craig, Goldstein, Seheult and Smith 1997; the three is that of Pukelsheim
1994). What is left is where a posterior is looked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.base.errors import PricewarError
from pricewar.posterior import PARAMETERS, Parameter

from .draws import RULES
from .record import TARGETS, Target

LARGEST: Final = 3.0
"""Standard deviations beyond which a point is implausible."""
MOTIVE: Final = 0.06
"""Largest root mean square of growth motives over prices: the rule. What a car is worth to its maker beyond
its profit should be small beside its price (assumed; range 0.04 to 0.10)."""
RIDGE: Final = 1e-3
BLOCK: Final = 2**14
"""Points that are looked at together."""
MOST: Final = 500
"""Blocks after which there is no space left to speak of."""
BY_DEMAND: Final = ("own_elasticity", "income_elasticity", "variable_share")
"""Parameters on which growth motives depend."""


def powers(x: Floats, degree: int) -> Floats:
    """(N, K) all products of (N, P) columns up to a degree, the constant first."""
    columns, count = [np.ones(len(x))], x.shape[1]
    latest = [(np.ones(len(x)), 0)]
    for _ in range(degree):
        latest = [(column * x[:, p], p) for column, least in latest for p in range(least, count)]
        columns += [column for column, _ in latest]
    return np.column_stack(columns)


@dataclass(frozen=True)
class Emulator:
    """A moment as a polynomial of parameters."""

    degree: int
    at: tuple[int, ...]
    """Which parameters it depends on."""
    weights: Floats
    spread: float
    """Standard deviation of what it misses: luck, and its own error."""
    explained: float
    """Share of the moment's variance over the prior that it explains."""

    @classmethod
    def fitted(cls, quantiles: Floats, values: Floats, degree: int, at: Sequence[int]) -> Emulator:
        """Least squares on (N, P) quantiles of the prior and (N,) values; rows that are NaN are left out."""
        known = np.isfinite(values)
        x, y = powers(2.0 * quantiles[known][:, list(at)] - 1.0, degree), values[known]
        penalty = RIDGE * len(y) * np.eye(x.shape[1])
        penalty[0, 0] = 0.0
        weights = np.asarray(np.linalg.solve(x.T @ x + penalty, x.T @ y), dtype=np.float64)
        missed = y - x @ weights
        spread = float(np.sqrt((missed**2).sum() / max(len(y) - x.shape[1], 1)))
        return cls(degree, tuple(at), weights, spread, 1.0 - float(missed.var() / y.var()))

    def __call__(self, quantiles: Floats) -> Floats:
        """(N,) expected values at (N, P) quantiles."""
        return np.asarray(powers(2.0 * quantiles[:, list(self.at)] - 1.0, self.degree) @ self.weights)

    def slopes(self, quantiles: Floats, step: float = 0.05) -> Floats:
        """(P,) mean change over points for a whole width of each parameter's prior."""
        found = np.zeros(quantiles.shape[1])
        for p in self.at:
            low, high = quantiles.copy(), quantiles.copy()
            low[:, p], high[:, p] = quantiles[:, p] - step, quantiles[:, p] + step
            found[p] = float((self(high) - self(low)).mean() / (2.0 * step))
        return found


@dataclass(frozen=True)
class Match:
    """What is left of the prior's space.

    Attributes:
        emulators: by moment, and by rule.
        record: the moments.
        parameters: in the order of quantiles.
        targets: the moments that count, with their errors.
    """

    emulators: Mapping[str, Emulator]
    record: Mapping[str, float]
    parameters: tuple[Parameter, ...] = PARAMETERS
    targets: tuple[Target, ...] = TARGETS

    @classmethod
    def of(
        cls,
        quantiles: Floats,
        moments: pd.DataFrame,
        record: Mapping[str, float],
        parameters: tuple[Parameter, ...] = PARAMETERS,
    ) -> Match:
        """Emulators of a first wave of runs.

        Args:
            quantiles: (N, P) of the prior.
            moments: N rows of moments and rules.
            record: what came.
            parameters: of the prior.
        """
        names = [parameter.name for parameter in parameters]
        demand = [names.index(name) for name in BY_DEMAND if name in names]
        made = {
            target.name: Emulator.fitted(quantiles, moments[target.name].to_numpy(), 2, range(len(names)))
            for target in TARGETS
        }
        made |= {rule: Emulator.fitted(quantiles, moments[rule].to_numpy(), 5, demand) for rule in RULES}
        return cls(made, dict(record), parameters)

    def implausibility(self, quantiles: Floats) -> pd.DataFrame:
        """A column a moment: distance from the record in standard deviations."""
        found = {}
        for target in self.targets:
            emulator = self.emulators[target.name]
            wide = np.hypot(emulator.spread, target.error)
            found[target.name] = np.abs(emulator(quantiles) - self.record[target.name]) / wide
        return pd.DataFrame(found)

    def left(self, quantiles: Floats, rule: bool = True) -> np.ndarray:
        """(N,) whether each point is left: plausible, and, with the rule, of small growth motives."""
        kept = self.implausibility(quantiles).max(axis=1).to_numpy() <= LARGEST
        return np.asarray(kept & (self.emulators[RULES[0]](quantiles) <= MOTIVE) if rule else kept)

    def table(self, quantiles: Floats) -> pd.DataFrame:
        """What each moment, the rule, and all together cut away of points spread over the prior.

        Returns:
            One row each: `moment`, `record`, `explained` (share of the variance over the prior that the
            parameters explain), `spread` (luck), `error`, `alone` (share of points that it cuts away).
        """
        far = self.implausibility(quantiles) > LARGEST
        rows = [
            (t.name, self.record[t.name], self.emulators[t.name].explained, self.emulators[t.name].spread,
             t.error, float(far[t.name].mean()))
            for t in self.targets
        ]  # fmt: skip
        nan, motive = float("nan"), self.emulators[RULES[0]]
        small = motive(quantiles) <= MOTIVE
        rows.append(
            ("rule: growth motives", MOTIVE, motive.explained, motive.spread, nan, 1.0 - small.mean())
        )
        rows.append(("all moments", nan, nan, nan, nan, float(far.any(axis=1).mean())))
        rows.append(("all, with the rule", nan, nan, nan, nan, 1.0 - self.left(quantiles).mean()))
        return pd.DataFrame(rows, columns=["moment", "record", "explained", "spread", "error", "alone"])


def points_left(match: Match, count: int, seed: int, rule: bool = True) -> Floats:
    """(count, P) quantiles of the prior within what is left, spread by a scrambled Sobol sequence.

    Raises:
        PricewarError: next to nothing is left.
    """
    from scipy.stats import qmc

    sampler = qmc.Sobol(len(match.parameters), rng=np.random.default_rng(seed))
    found, have = list[Floats](), 0
    for _ in range(MOST):
        block = sampler.random(BLOCK)
        kept = block[match.left(block, rule)]
        found.append(kept)
        have += len(kept)
        if have >= count:
            break
    if have < count:
        raise PricewarError(f"{have} of {MOST * BLOCK:,} points of the prior are left; {count} are needed")
    return np.concatenate(found)[:count]
