"""Rules of computer firms that only a game has: one that runs campaigns, and one that has learned to play."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
from pydantic import Field

from pricewar.base.records import Floats, View
from pricewar.lab.benchmarks import LogitMarket
from pricewar.lab.game import logit_game
from pricewar.lab.learner import QLearner
from pricewar.lab.sessions import run_sessions
from pricewar.strategies import Strategy

GRID: Final = {2: 15, 3: 11, 4: 7}
"""Firms -> prices on the grid of learners: 15 as in Calvano et al. (2020), fewer where tables grow large."""
MOST_LEARNERS: Final = max(GRID)
_DECAY: Final = 2e-5
"""Decay of exploration a period, in the upper half of the range that Calvano et al. (2020) study: learning
takes half a million periods and less than a second."""
_REST: Final = 50_000
"""Periods at rest that end the learning."""


class _Placed(Strategy):
    """A rule of a game: its kind is its place, as it is not among those that a market chooses from."""

    @property
    def kind(self) -> str:
        """Its place."""
        return f"{type(self).__module__}:{type(self).__name__}"


class Campaigner(_Placed):
    """Holds the start price, and answers lost sales by a campaign.

    If last month's orders were below (1 - tolerance) times those of the start, price = (1 - depth) times the
    start price for `months` months; then the start price for at least one month.
    """

    depth: float = Field(0.1, gt=0, lt=1, description="depth of a campaign, fraction of the start price")
    months: int = Field(3, ge=1, le=12, description="months that a campaign lasts")
    tolerance: float = Field(0.05, ge=0, lt=1, description="loss of orders that starts none, fraction")

    def price(self, view: View) -> Floats:
        """The campaign's price while one runs, else the start price."""
        left = int(view.memory.get("left", 0))
        if left == 0 and self._loses(view):
            left = self.months + 1
        view.memory["left"] = max(left - 1, 0)
        return view.start_price * (1.0 - self.depth * (left > 1))

    def _loses(self, view: View) -> bool:
        usual = float(view.landscape.start_units[view.own].sum())
        return view.period > 0 and float(view.orders.sum()) < (1.0 - self.tolerance) * usual


class Trained(_Placed):
    """A Q-learner of the laboratory after its training, as Calvano et al. (2020, AER 110(10)) train theirs.

    It reads the prices of all firms of last month, takes each for the nearest on that firm's grid, and looks
    up its own next price. It explores no more and learns no more. It is made for a market in which each firm
    has one product.
    """

    rests = False

    grid: tuple[tuple[float, ...], ...] = Field(
        description="a row for each product of the market: its prices, money"
    )
    policy: tuple[int, ...] = Field(
        description="position of the next price, by last month's positions as digits, first product first"
    )

    def price(self, view: View) -> Floats:
        """The price that was learned for what was seen last month."""
        grid = np.array(self.grid)
        near = np.abs(grid - view.seen[-1][:, None]).argmin(axis=1)
        state = int(np.ravel_multi_index(tuple(near), (grid.shape[1],) * len(grid)))
        return np.array([grid[view.own[0], self.policy[state]]])


@lru_cache(maxsize=32)
def trained(costs: tuple[float, ...], worth: float, spread: float, seed: int) -> tuple[dict[str, Any], ...]:
    """The rules of Q-learners that have learned a logit market by playing it against each other.

    Args:
        costs: (n,) unit cost of each firm, money; n from 2 to `MOST_LEARNERS`.
        worth: quality of each product, money.
        spread: differentiation mu, money.
        seed: of the learning.

    Returns:
        (n,) a rule for each firm, as plain values.
    """
    unit = float(np.mean(costs))
    market = LogitMarket((worth / unit,) * len(costs), tuple(cost / unit for cost in costs), spread / unit)
    game = logit_game(market, GRID[len(costs)])
    learned = run_sessions(game, QLearner(beta=_DECAY, patience=_REST), 1, seed=seed, workers=1)
    grid = (game.actions * unit).round(2).tolist()
    kind = f"{__name__}:{Trained.__name__}"
    return tuple(
        {"kind": kind, "grid": grid, "policy": learned.strategies[0][:, firm].tolist()}
        for firm in range(len(costs))
    )
