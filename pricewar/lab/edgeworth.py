"""Bertrand-Edgeworth duopoly: prices under capacity, mixed where no pure equilibrium exists.

Demand 1 - p, no cost up to capacity, the cheaper firm is served first and the other has what is left of
the same demand curve (efficient rationing), as in Kreps and Scheinkman (1983). Firm 0 has the larger
capacity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.optimize import brentq

from pricewar.base.arrays import Floats
from pricewar.base.errors import bad_input

from . import figures
from .detect import edgeworth_cycle
from .report import Comparison, Report
from .settings import Misfit, Number, Numbers, Settings, Sitting, Whole, published_game

SOURCE = "Kreps, Scheinkman (1983), Bell Journal 14(2); Edgeworth (1897); Levitan, Shubik (1972)"


class Edgeworth(Settings):
    """Settings of `edgeworth`."""

    capacity: Numbers = Field(
        (0.45, 0.45),
        min_length=2,
        max_length=2,
        description="of the two firms",
    )
    step: Number = Field(0.01, gt=0, le=0.2, description="of the grid of prices in the undercutting")
    periods: Whole = Field(200, ge=10, description="moves of the undercutting")

    def misfits(self) -> Iterator[Misfit]:
        """Capacities that are none."""
        if not all(capacity > 0 for capacity in self.capacity):
            yield "capacity", self.capacity, "two positive numbers"


@dataclass(frozen=True)
class MixedPrices:
    """Equilibrium of one capacity pair.

    Args:
        kind: `mixed`, `clearing` (pure, both sell out) or `bertrand` (pure, price at cost).
        capacity: larger first.
        low, high: support of prices.
        profits: expected profit of each firm.
    """

    kind: str
    capacity: tuple[float, float]
    low: float
    high: float
    profits: tuple[float, float]

    def cdf(self, firm: int, prices: Floats) -> Floats:
        """Probability that `firm` prices at or below; the larger firm may keep an atom at `high`."""
        p = np.asarray(prices, float)
        if self.kind != "mixed":
            return np.asarray(p >= self.low, float)
        rival = 1 - firm
        inside = np.clip(p, self.low, self.high)
        first, second = sales_first(self.capacity[rival], inside), sales_second(self.capacity, rival, inside)
        probability = (first - self.profits[rival] / inside) / (first - second)
        return np.where(p < self.low, 0.0, np.where(p >= self.high, 1.0, np.clip(probability, 0.0, 1.0)))

    def payoff(self, firm: int, prices: Floats) -> Floats:
        """Expected profit of `firm` at sure prices against the rival's mixture."""
        p = np.asarray(prices, float)
        below = self.cdf(1 - firm, p)
        first = sales_first(self.capacity[firm], p)
        second = sales_second(self.capacity, firm, p)
        return np.asarray(p * ((1 - below) * first + below * second))


def sales_first(own: float, prices: Floats) -> Floats:
    """Sales of the cheaper firm."""
    return np.clip(1.0 - prices, 0.0, own)


def sales_second(capacity: tuple[float, float], firm: int, prices: Floats) -> Floats:
    """Sales of the dearer firm: its capacity or the demand its rival leaves."""
    return np.clip(1.0 - prices - capacity[1 - firm], 0.0, capacity[firm])


def mixed_prices(first: float, second: float) -> MixedPrices:
    """Solve for two capacities.

    The larger firm can always serve the residual demand at its monopoly price: that is its profit. The
    lowest price is where selling first earns it the same; the smaller firm's profit is what it earns there.

    Raises:
        InputError: capacities that are not positive.
    """
    if not (first > 0 and second > 0):
        raise bad_input("capacity", ("capacity", (first, second), "two positive numbers"))
    big, small = max(first, second), min(first, second)
    capacity = (big, small)
    if small >= 1.0:
        return MixedPrices("bertrand", capacity, 0.0, 0.0, (0.0, 0.0))
    reply = (1.0 - small) / 2
    if big <= reply:
        price = 1.0 - big - small
        return MixedPrices("clearing", capacity, price, price, (price * big, price * small))
    profit = reply**2

    def spare(p: float) -> float:
        return p * min(big, 1.0 - p) - profit

    low = float(brentq(spare, 0.0, reply, xtol=1e-16))
    return MixedPrices("mixed", capacity, low, reply, (profit, low * min(small, 1.0 - low)))


def undercutting_path(capacity: tuple[float, float], step: float, periods: int) -> Floats:
    """(periods, 2) prices of firms that take turns at the best reply on a grid: Edgeworth's own cycle."""
    grid = np.arange(step, 1.0, step)
    prices = [float(grid[-1]), float(grid[-1])]
    path = np.empty((periods, 2))
    for t in range(periods):
        i = t % 2
        rival = prices[1 - i]
        first, second = sales_first(capacity[i], grid), sales_second(capacity, i, grid)
        sales = np.where(
            grid < rival - 1e-12, first, np.where(grid > rival + 1e-12, second, (first + second) / 2)
        )
        prices[i] = float(grid[np.argmax(grid * sales)])
        path[t] = prices
    return path


@published_game("edgeworth", Edgeworth, sessions=1)
def run(s: Edgeworth, how: Sitting) -> Report:
    """Solve the mixed equilibrium, check that no price beats it, and play Edgeworth's undercutting.

    Raises:
        InputError: capacities that are not two positive numbers, a step outside (0, 0.2].
    """
    found = mixed_prices(s.capacity[0], s.capacity[1])
    grid = np.linspace(1e-6, 1.0 - 1e-6, 20_001)
    best = [float(found.payoff(i, grid[(grid < found.high) | (grid > found.high)]).max()) for i in (0, 1)]
    path = undercutting_path(found.capacity, s.step, s.periods)
    flag = edgeworth_cycle(path.min(axis=1)[20:])
    shown = path[20:80]
    base = s.published("step", "periods")
    rows = (
        Comparison("lowest price", 0.168056 if base else None, found.low),
        Comparison("highest price", 0.275 if base else None, found.high),
        Comparison("profit of the larger firm", 0.075625 if base else None, found.profits[0]),
        Comparison("profit of the smaller firm", 0.075625 if base else None, found.profits[1]),
        Comparison(
            "most a sure price gains over the mixture",
            0.0,
            max(b - p for b, p in zip(best, found.profits, strict=True)),
        ),
        Comparison("undercutting: flagged as a cycle", None, float(flag.cycle)),
    )
    support = np.linspace(max(found.low - 0.02, 0.0), found.high + 0.02, 400)
    table = pd.DataFrame({"price": support, **{f"cdf_{i}": found.cdf(i, support) for i in (0, 1)}})
    series = {f"firm {i + 1}": table[f"cdf_{i}"].to_numpy() for i in (0, 1)}
    return Report(
        game="edgeworth",
        source=SOURCE,
        settings=s.model_dump(),
        comparisons=rows,
        summary={"kind": found.kind, "low": found.low, "high": found.high, "profits": found.profits},
        tables={"cdf": table, "path": pd.DataFrame(path, columns=["price_0", "price_1"])},
        figures={
            "cdf": lambda: figures.lines(support, series, "price", "probability at or below"),
            "path": lambda: figures.lines(
                np.arange(len(shown)),
                {"firm 1": shown[:, 0], "firm 2": shown[:, 1]},
                "move",
                "price",
                {"lowest mixed price": found.low, "highest mixed price": found.high},
            ),
        },
    )
