"""The stage game a laboratory session repeats: a grid of prices and a table of profits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from pricewar.base.arguments import at_least, maybe, number, takes, whole
from pricewar.base.arrays import Floats, Ints
from pricewar.base.errors import bad_input

from .benchmarks import LogitMarket

LARGEST_TABLE: Final = 10_000_000
"""Joint actions of a game: a row of profits for each."""


@dataclass(frozen=True, eq=False)
class StageGame:
    """A finite one-shot game between `n` firms with `m` actions each, and its two benchmarks.

    Args:
        actions: (n, m) price (or quantity) behind each action.
        profits: (m**n, n) profit at each joint action; firm 0 is the most significant digit.
        nash, monopoly: (n,) benchmark actions, not necessarily on the grid.
        nash_profits, monopoly_profits: (n,) profits at the benchmarks.
    """

    actions: Floats
    profits: Floats
    nash: Floats
    monopoly: Floats
    nash_profits: Floats
    monopoly_profits: Floats

    @property
    def firms(self) -> int:
        """Number of firms."""
        return int(self.actions.shape[0])

    @property
    def choices(self) -> int:
        """Number of actions of a firm."""
        return int(self.actions.shape[1])

    @property
    def digits(self) -> Ints:
        """(m**n, n) action of each firm at each joint action."""
        return joint_actions(self.firms, self.choices)

    def gain(self, profits: Floats) -> Floats:
        """Profit gain of mean profits (..., n): 0 at Nash, 1 at joint monopoly (mean over firms)."""
        low, high = self.nash_profits.mean(), self.monopoly_profits.mean()
        return np.asarray((profits.mean(axis=-1) - low) / (high - low))

    def nearest(self, prices: Floats) -> Ints:
        """(n,) action closest to each firm's price."""
        return np.asarray(np.abs(self.actions - prices[:, None]).argmin(axis=1))

    def grid_nash(self) -> Ints:
        """(k, n) pure Nash equilibria of the game on its grid."""
        n, m = self.firms, self.choices
        table = self.profits.reshape((m,) * n + (n,))
        best = np.ones((m,) * n, bool)
        for i in range(n):
            own = table[..., i]
            best &= own >= own.max(axis=i, keepdims=True)
        found: Ints = np.argwhere(best)
        return found


def joint_actions(firms: int, choices: int) -> Ints:
    """(choices**firms, firms) digits of every joint action."""
    index: Ints = np.arange(choices**firms)
    return np.stack([index // choices ** (firms - 1 - i) % choices for i in range(firms)], axis=1)


def price_grid(low: float, high: float, choices: int) -> Floats:
    """Equally spaced prices, built up step by step as the published programs do (last one set outright)."""
    step = (high - low) / (choices - 1)
    grid = [low]
    for _ in range(choices - 2):
        grid.append(grid[-1] + step)
    return np.array([*grid, high])


@takes(
    market=LogitMarket,
    choices=whole,
    xi=number,
    low=maybe(number),
    high=maybe(number),
    decimals=maybe(at_least(0)),
)
def logit_game(
    market: LogitMarket,
    choices: int = 15,
    xi: float = 0.1,
    low: float | None = None,
    high: float | None = None,
    decimals: int | None = 5,
) -> StageGame:
    """The grid game of Calvano et al. (2020) for a logit market.

    Prices run from `nash - xi (monopoly - nash)` to `monopoly + xi (monopoly - nash)`, firm by firm, unless
    `low` or `high` are given. The published programs read benchmarks of five decimals; `decimals=None`
    keeps all.

    Raises:
        InputError: fewer than two prices, or a grid that does not reach around the Nash prices.
    """
    nash, monopoly = market.nash(), market.monopoly()
    if decimals is not None:
        nash, monopoly = np.round(nash, decimals), np.round(monopoly, decimals)
    check_choices(choices)
    if choices**market.products > LARGEST_TABLE:
        allowed = f"a table of at most {LARGEST_TABLE:,} joint actions"
        raise bad_input("price grid", ("choices", f"{choices} ^ {market.products}", allowed))
    lows = nash - xi * (monopoly - nash) if low is None else np.full(market.products, low)
    highs = monopoly + xi * (monopoly - nash) if high is None else np.full(market.products, high)
    if not (np.all(lows <= nash) and np.all(nash <= highs) and np.all(lows < highs)):
        span = [(round(float(a), 5), round(float(b), 5)) for a, b in zip(lows, highs, strict=True)]
        raise bad_input(
            "price grid", ("xi, low, high", span, f"ranges that hold the Nash prices {nash.tolist()}")
        )
    grid = np.stack([price_grid(float(a), float(b), choices) for a, b in zip(lows, highs, strict=True)])
    return StageGame(
        actions=grid,
        profits=logit_table(market, grid),
        nash=nash,
        monopoly=monopoly,
        nash_profits=market.profits(nash),
        monopoly_profits=market.profits(monopoly),
    )


def logit_table(market: LogitMarket, grid: Floats) -> Floats:
    """(m**n, n) logit profits on a grid (n, m), with the C library's exponential, the same on every
    machine."""
    n, m = grid.shape
    weight = np.array(
        [[math.exp(min((market.quality[i] - p) / market.mu, 700.0)) for p in grid[i]] for i in range(n)]
    )
    digits = joint_actions(n, m)
    firms = np.arange(n)
    chosen = weight[firms, digits]
    total = np.zeros(len(digits))
    for i in range(n):
        total = total + chosen[:, i]
    total = total + math.exp(market.outside / market.mu)
    return np.asarray((grid[firms, digits] - np.asarray(market.cost)) * (chosen / total[:, None]))


def check_choices(choices: int) -> None:
    """Raise `InputError` unless there are at least two actions."""
    if choices < 2:
        raise bad_input("price grid", ("choices", choices, "two prices or more"))
