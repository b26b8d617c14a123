"""A posterior from runs, for any moments: neighbours in what moments say of parameters, moved by regression.

For each parameter, its logit within the prior's range is regressed on the moments and their products (ridge).
What is expected of it given moments is a summary statistic (Fearnhead and Prangle 2012); runs whose summaries
are near those of the record are taken, the nearer the more, and moved by the difference of summaries
(Beaumont, Zhang and Balding 2002; the logit is that of Hamilton et al. 2005). Nothing in it is fitted to the
record, so it can be asked for runs of known parameters, and its coverage be tested
(`pricewar.estimate.proof`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.base.errors import PricewarError

from .record import TARGETS, Target

NEAREST: Final = 0.15
"""Share of the runs that counts, those whose summaries are nearest."""
CLEAR: Final = 0.02
"""Share of a parameter's variance that moments must explain for it to say which runs are near."""
EDGE: Final = 1e-4


@dataclass(frozen=True)
class Neighbours:
    """A posterior as weighted draws: (K, P) quantiles of the prior, and (K,) weights that sum to one."""

    quantiles: Floats
    weights: Floats

    def rank(self, truth: Floats) -> Floats:
        """(P,) weight of the draws that lie below a truth."""
        return np.asarray(((self.quantiles < truth) * self.weights[:, None]).sum(axis=0))

    def resampled(self, count: int, rng: np.random.Generator) -> Floats:
        """(count, P) draws of equal weight: systematic resampling, in random order."""
        places = (rng.random() + np.arange(count)) / count
        chosen = np.searchsorted(np.cumsum(self.weights), places).clip(max=len(self.weights) - 1)
        return np.asarray(self.quantiles[rng.permutation(chosen)])

    def mean(self) -> Floats:
        """(P,) of quantiles."""
        return np.asarray(self.weights @ self.quantiles)

    def sd(self) -> Floats:
        """(P,) of quantiles."""
        return np.asarray(np.sqrt(self.weights @ (self.quantiles - self.mean()) ** 2))


@dataclass(frozen=True)
class Regression:
    """Runs, and what their moments say of parameters."""

    logits: Floats
    """(N, P)."""
    summaries: Floats
    """(N, P) what is expected of the logits given moments."""
    explained: Floats
    """(P,) share of each logit's variance that moments explain, in runs that were not fitted."""
    model: Any
    targets: tuple[Target, ...]

    @classmethod
    def fitted(
        cls,
        quantiles: Floats,
        moments: pd.DataFrame,
        seed: int,
        targets: tuple[Target, ...] = TARGETS,
        folds: int = 5,
    ) -> Regression:
        """Fit to runs.

        Args:
            quantiles: (N, P) of the prior.
            moments: N rows; the errors of targets are added, since the record has them too.
            seed: of these errors.
            targets: the moments that count.
            folds: in which runs are divided, so that no run's summary comes from a fit to itself.

        Raises:
            PricewarError: scikit-learn is not installed.
        """
        features = with_errors(moments, targets, seed)
        logits = logit(quantiles)
        part = np.arange(len(logits)) % folds
        summaries = np.empty_like(logits)
        for fold in range(folds):
            held = part == fold
            summaries[held] = _machine().fit(features[~held], logits[~held]).predict(features[held])
        missed = ((logits - summaries) ** 2).mean(axis=0)
        explained = 1.0 - missed / logits.var(axis=0)
        return cls(logits, summaries, explained, _machine().fit(features, logits), targets)

    def at(self, moments: pd.DataFrame) -> Floats:
        """(M, P) summaries of moments, M rows, as they are: errors are not added."""
        return np.asarray(self.model.predict(moments[[t.name for t in self.targets]].to_numpy(float)))

    def posterior(self, summary: Floats, without: Sequence[int] = ()) -> Neighbours:
        """Draws given one (P,) summary.

        Args:
            summary: as `at` gives it, or of a run.
            without: runs that are left out, such as the one that is asked about.
        """
        clear = np.maximum(self.explained, 0.0) * (self.explained > CLEAR)
        scale = self.summaries.std(axis=0)
        far = ((self.summaries - summary) / np.maximum(scale, 1e-12)) ** 2 @ clear
        far[list(without)] = np.inf
        count = max(int(NEAREST * len(far)), 10)
        near = np.argpartition(far, count)[: count + 1]
        widest = far[near].max()
        near = near[far[near] < widest]
        weights = 1.0 - far[near] / widest
        moved = self.logits[near] + np.where(clear > 0, summary - self.summaries[near], 0.0)
        return Neighbours(expit(moved), weights / weights.sum())


def logit(quantiles: Floats) -> Floats:
    """Log odds of quantiles."""
    inside = np.clip(quantiles, EDGE, 1.0 - EDGE)
    return np.asarray(np.log(inside / (1.0 - inside)))


def expit(logits: Floats) -> Floats:
    """Quantiles of log odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))


def with_errors(moments: pd.DataFrame, targets: tuple[Target, ...], seed: int) -> Floats:
    """(N, M) moments of runs as a record would have them; one that a run does not tell is the usual one."""
    names = [target.name for target in targets]
    values = moments[names].to_numpy(float)
    values = np.where(np.isnan(values), np.nanmedian(values, axis=0), values)
    errors = np.array([target.error for target in targets])
    return np.asarray(values + errors * np.random.default_rng(seed).standard_normal(values.shape))


def _machine() -> Any:
    """Ridge on moments and their products; its strength by leave-one-out."""
    try:
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import PolynomialFeatures, StandardScaler
    except ImportError as error:
        raise PricewarError("a posterior needs scikit-learn: pip install pricewar[discovery]") from error
    return make_pipeline(
        StandardScaler(), PolynomialFeatures(2, include_bias=False), StandardScaler(),
        RidgeCV(np.logspace(0, 4, 9)),
    )  # fmt: skip
