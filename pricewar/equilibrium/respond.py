"""Each firm's best response to the others' prices, searched far and wide: who would gain by leaving?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pricewar.demand.base import Floats
from pricewar.demand.mixed import MixedLogit
from pricewar.kernels.exp import BITS
from pricewar.kernels.respond import ENDS, RAY, best_responses

from .game import Game
from .iterate import zeta_step
from .reach import logit_nests

_CLIMB, _CUTS = 60, 12
_LONGEST, _STILL = 64.0, 1e-11
_PASSES = 4
_FAR = 50.0
"""Highest markup tried where demand is no logit, in present markups."""
_NOTHING = 1e-12
"""Profit, as part of that of all firms, below which a firm's own is not worth a gain."""


@dataclass(frozen=True)
class Responses:
    """Best responses found: each product's price in that of its decider (J,), and each decider's gain (G,).

    Gains are parts of the decider's profit.
    """

    prices: Floats
    gains: Floats

    @property
    def largest(self) -> float:
        """The largest gain of any decider."""
        return float(self.gains.max())


def respond(game: Game, prices: Floats, shadow: Floats) -> Responses:
    """Search every decider's best response to `prices` (J,).

    Where capacity binds its shadow price `shadow` counts as cost in the search, and only a response that can
    be delivered counts as a gain.
    """
    answers, found = (
        _kernel_search(game, prices, shadow) if _in_kernel(game) else _search(game, prices, shadow)
    )
    if game.limited:
        found = _deliverable(game, prices, answers)
    scale = np.maximum(np.abs(found[:, 0]), _NOTHING * np.abs(found[:, 0]).sum())
    gain = found[:, 1] - found[:, 0]
    return Responses(answers, np.where(gain > 0.0, gain / np.where(scale > 0.0, scale, 1.0), 0.0))


def unbounded(game: Game) -> bool:
    """Whether some buyer pays any price for a product without a cap: then no response is best."""
    demand = game.demand
    if not isinstance(demand, MixedLogit):
        return False
    eager = bool(((demand.alpha <= 0.0) & (np.asarray(demand.weights) > 0.0)).any())
    return eager and bool(np.isinf(game.high).any())


def _in_kernel(game: Game) -> bool:
    return isinstance(game.demand, MixedLogit) and game.rising is None


def _kernel_search(game: Game, prices: Floats, shadow: Floats) -> tuple[Floats, Floats]:
    demand = game.demand
    assert isinstance(demand, MixedLogit)
    weights = np.zeros((0, prices.size)) if game.weights is None else np.ascontiguousarray(game.parts)
    answers, found = np.empty_like(prices), np.empty((int(game.firms.max()) + 1, 2))
    one = demand.alpha.size == 1  # one lane: the others of its block are padding
    ray = ENDS if one else RAY
    blocks = [np.ascontiguousarray(block[..., :1]) if one else block for block in demand.blocks]
    market = (*blocks, demand.delta * BITS, prices)
    terms = (game.costs + shadow, game.keep, game.low, game.high)
    nests, rho = logit_nests(demand)
    order, parts = np.argsort(game.firms, kind="stable"), (game.conduct, weights)
    best_responses(market, nests, rho, demand.tree, terms, game.firms, order, parts, ray, answers, found)
    return answers, found


def _deliverable(game: Game, prices: Floats, answers: Floats) -> Floats:
    """Profit now and at each answer (G, 2); an answer that sells more than there is changes nothing."""
    parts = game.parts
    earned = game.earned(prices, game.demand.expected(prices))
    found = np.repeat((parts @ earned)[:, None], 2, axis=1)
    for g in range(parts.shape[0]):
        own = game.firms == g
        trial = np.where(own, answers, prices)
        shares = game.demand.expected(trial)
        if (shares[own] <= game.capacity[own] * (1.0 + 1e-9)).all():
            found[g, 1] = parts[g] @ game.earned(trial, shares)
    return found


# --- any demand, any cost: the same search in numpy


def _search(game: Game, prices: Floats, shadow: Floats) -> tuple[Floats, Floats]:
    parts, answers = game.parts, prices.copy()
    found = np.zeros((parts.shape[0], 2))
    for g in range(parts.shape[0]):
        firm = _Firm(game, prices, shadow, (game.firms == g) & (game.low < game.high), parts[g])
        if firm.own.any():
            found[g], answers[firm.own] = firm.search()
    return answers, found


class _Firm:
    """One decider who looks for better prices while the others' stand still."""

    def __init__(
        self, game: Game, prices: Floats, shadow: Floats, own: NDArray[np.bool_], part: Floats
    ) -> None:
        self.game, self.prices, self.own, self.part = game, prices, own, part
        self.shadow = shadow if game.limited else shadow[:0]
        self._base = (game.costs_at(game.demand.expected(prices)) / game.keep)[own]

    def search(self) -> tuple[tuple[float, float], Floats]:
        """Profit now and at the best prices found, and those."""
        now = self._profit(self.prices[self.own])
        tops = [self._climb(start) for start in [self.prices[self.own], *self._starts()]]
        profit, best = max(tops, key=lambda top: top[0])
        if best.size > 1:
            profit, best = self._aside(profit, best)
        return (now, profit), best

    def _aside(self, profit: float, best: Floats) -> tuple[float, Floats]:
        """Move one product to its highest other top while the others stay, until that is no help."""
        for _ in range(_PASSES):
            trials = [trial for j in range(best.size) for trial in self._tops_of(j, best)]
            if not trials:
                break
            found, prices = self._climb(max(trials, key=self._profit))
            if not found > profit + 1e-7 * abs(profit):
                break
            profit, best = found, prices
        return profit, best

    def _tops_of(self, j: int, best: Floats) -> list[Floats]:
        """Own prices with product j at another top of profit along its markups."""
        base = self._base[j]
        markup = max(abs(best[j] - base), 1e-6 * abs(base), 1e-12)
        part = np.geomspace(1.0 / _FAR, _FAR, 2 * RAY + 1)  # the present price is the middle one
        low, high = self.game.low[self.own][j], self.game.high[self.own][j]
        tried = np.repeat(best[None, :], part.size, axis=0)
        tried[:, j] = np.clip(base + markup * part, low, high)
        profit = [self._profit(prices) for prices in tried]
        tops = (i for i in range(1, 2 * RAY) if profit[i - 1] < profit[i] > profit[i + 1])
        return [tried[i] for i in tops if abs(i - RAY) > 1]

    def _starts(self) -> list[Floats]:
        """Marginal cost, far above, and the tops of profit along equal markups."""
        game, own = self.game, self.own
        low, high = game.low[own], game.high[own]
        base = self._base
        markup = max(float(np.abs(self.prices[own] - base).max()), 1e-6 * float(np.abs(base).max()), 1e-12)
        ray = [np.clip(base + m, low, high) for m in markup * np.geomspace(0.05, _FAR, RAY)]
        profit = [self._profit(prices) for prices in ray]
        tops = [ray[i] for i in range(1, RAY - 1) if profit[i - 1] < profit[i] > profit[i + 1]]
        return [ray[0], *tops, ray[-1]]

    def _whole(self, own: Floats) -> Floats:
        prices = self.prices.copy()
        prices[self.own] = own
        return prices

    def _profit(self, own: Floats) -> float:
        """Profit at own prices; minus infinity where the demand has no meaning (a share below zero)."""
        prices = self._whole(own)
        shares = self.game.demand.expected(prices)
        if not (np.isfinite(shares).all() and shares.min() >= -1e-12):
            return -np.inf
        return float(self.part @ self.game.earned(prices, shares))

    def _climb(self, own: Floats) -> tuple[float, Floats]:
        """Zeta steps cut back until profit does not fall, tried twice as long after one that helps."""
        game, profit, stride = self.game, self._profit(own), 1.0
        low, high = game.low[self.own], game.high[self.own]
        for _ in range(_CLIMB):
            state = np.concatenate([self._whole(own), self.shadow])
            step = zeta_step(self.game, state)[0][: self.prices.size][self.own] - own
            parts = [stride, *(0.5**cut for cut in range(_CUTS))]
            trials = ((part, np.clip(own + part * step, low, high)) for part in parts)
            tried = ((self._profit(trial), part, trial) for part, trial in trials)
            better, part, trial = next((t for t in tried if t[0] >= profit), (-np.inf, 0.0, own))
            if not np.isfinite(better):
                return profit, own
            arrived, profit, own = better - profit <= _STILL * abs(profit), better, trial
            if arrived and part <= 1.0:
                return profit, own
            stride = 1.0 if arrived or part < 1.0 else min(2.0 * part, _LONGEST)
        return profit, own
