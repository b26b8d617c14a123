"""From a start to prices at which every pricing condition holds: which ways are tried, in which order.

The budget of each way is its own, whatever the caller allows in all: more iterations never change an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pricewar.demand.base import Floats
from pricewar.demand.mixed import MixedLogit
from pricewar.kernels.exp import BITS
from pricewar.kernels.markups import settle_markups
from pricewar.kernels.zeta import MEMORY, iterate_prices

from .game import Game
from .iterate import iterate_generic
from .newton import newton

#: Steps of the mixed iteration; after as many again it has hardly ever gone on to converge.
ACCELERATED = 60
#: Steps of the plain map before Newton's method takes over where it creeps.
PLAIN = 400
#: Steps of the plain map after that.
REST = 3000
#: Rounds of best responses for one type of buyer, which need about five.
ROUNDS = 400


@dataclass(frozen=True)
class Reached:
    """Where a search ended: prices and capacity prices (J,), and by which way."""

    prices: Floats
    shadow: Floats
    converged: bool
    iterations: int
    residual: float
    path: str
    cut_short: bool = False
    """Whether the caller's limit on iterations ended it."""


def reach(game: Game, start: Floats, tol: float, most: int, accelerate: bool, finish: bool) -> Reached:
    """Go from `start` (J,) to the pricing conditions; of ways that all fail, the one that came nearest.

    `finish` allows Newton's method, whose linear algebra may round differently on other machines.
    """
    search = _Search(game, start, tol, most)
    if not accelerate:
        search.zeta("plain", most, 0)
    elif not search.zeta("accelerated", ACCELERATED, MEMORY) and not (one_type(game) and search.markups()):
        creeping = search.zeta("plain", PLAIN, 0)
        if not creeping and not (finish and not game.limited and search.newton()):
            search.zeta("plain", REST, 0)
    return search.end()


def compiled(game: Game) -> bool:
    """Whether the kernels take the game: a logit of any kind, fixed costs, one degree of conduct."""
    return isinstance(game.demand, MixedLogit) and game.weights is None and game.rising is None


def one_type(game: Game) -> bool:
    """Whether markups are roots: one type of buyer, no conduct, no capacity."""
    demand = game.demand
    if not compiled(game) or game.limited or game.conduct > 0.0 or not isinstance(demand, MixedLogit):
        return False
    return demand.alpha.size == 1 and bool(demand.alpha[0] > 0.0)


class _Search:
    """One search: what is left of the budget, and the best point so far."""

    def __init__(self, game: Game, start: Floats, tol: float, most: int) -> None:
        self.game, self.start, self.tol, self.most = game, start, tol, most
        self.used = 0
        self.last = start
        self.best: Reached | None = None

    def zeta(self, path: str, steps: int, memory: int, start: Floats | None = None) -> bool:
        """At most `steps` steps of the zeta map from the original start, mixed over `memory` past ones."""
        game, size = self.game, self.start.size
        steps = min(steps, self.most - self.used)
        if steps <= 0:
            return False
        prices = self.start if start is None else start
        state = np.concatenate([prices, np.zeros(size)]) if game.limited else prices.copy()
        if compiled(game):
            market, firms, nested, tree, terms = _kernel_game(game)
            found = iterate_prices(market, firms, nested, tree, terms, state, self.tol, steps, memory)
        else:
            found = iterate_generic(game, state, self.tol, steps, memory)
        shadow = state[size:].copy() if game.limited else np.zeros(size)
        return self._keep(path, state[:size], shadow, int(found[0]), float(found[1]))

    def markups(self) -> bool:
        """Rounds of best responses with bracketed markups, then the zeta map's own word on the answer."""
        game, prices = self.game, self.start.copy()
        rounds = min(ROUNDS, self.most - self.used)
        if rounds <= 0:
            return False
        used, _ = settle_markups(*_one_type_game(game), game.firms, prices, self.tol, rounds)
        self.used += int(used)
        return bool(np.isfinite(prices).all()) and self.zeta("markups", ACCELERATED, MEMORY, prices)

    def newton(self) -> bool:
        """Newton's method from where the plain map stopped."""
        if self.used >= self.most or not np.isfinite(self.last).all():
            return False
        prices, used, residual = newton(self.game, self.last, self.tol)
        return self._keep("newton", prices, np.zeros_like(prices), used, residual)

    def _keep(self, path: str, prices: Floats, shadow: Floats, used: int, residual: float) -> bool:
        self.used += used
        self.last = prices
        converged = residual <= self.tol
        if converged or self.best is None or residual < self.best.residual:
            self.best = Reached(prices, shadow, converged, self.used, residual, path)
        else:
            self.best = replace(self.best, iterations=self.used)
        return converged

    def end(self) -> Reached:
        """The best point, and whether the limit on iterations ended the search there."""
        assert self.best is not None
        if self.best.converged:
            return self.best
        return replace(self.best, iterations=self.used, cut_short=self.used >= self.most)


def _kernel_game(game: Game) -> tuple[Any, Any, Any, Any, Any]:
    demand = game.demand
    assert isinstance(demand, MixedLogit)
    delta = demand.delta * BITS
    market = (*demand.blocks, delta, *demand.rough_blocks, delta.astype(np.float32))
    nested = None if demand.nests is None else (demand.pairs(game.firms), demand.nest_codes, demand.rhos)
    capacity = game.capacity if game.limited else np.zeros(0)
    terms = game.costs, game.keep, game.low, game.high, capacity, game.conduct
    return market, game.firms, nested, demand.firm_tree(game.firms), terms


def _one_type_game(game: Game) -> tuple[tuple[Any, ...], Any]:
    demand = game.demand
    assert isinstance(demand, MixedLogit)
    nests, rho = logit_nests(demand)
    value = demand.delta + np.asarray(demand.tastes)[0]
    case = value, float(demand.alpha[0]), nests, rho, game.costs, game.keep, game.low, game.high
    return case, demand.tree


def logit_nests(demand: MixedLogit) -> tuple[np.ndarray, Floats]:
    """Nests (J,) and correlations (H,): without nests, one of correlation zero."""
    if demand.nests is None:
        return np.zeros(demand.products, dtype=np.int64), np.zeros(1)
    return demand.nest_codes, demand.rhos
