"""Rotemberg and Saloner (1986): collusion is hardest when demand is high, so prices fall in booms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import Field

from pricewar.base.arrays import Floats

from . import figures
from .report import Comparison, Report
from .settings import Misfit, Number, Numbers, Settings, Sitting, Whole, published_game

SOURCE = "Rotemberg, Saloner (1986), A Supergame-Theoretic Model of Price Wars during Booms, AER 76(3)"


class RotembergSaloner(Settings):
    """Settings of `rotemberg-saloner`."""

    delta: Number = Field(0.52, ge=0, lt=1, description="discount factor")
    n: Whole = Field(2, ge=2, description="firms")
    size: Numbers = Field((1.0, 1.2), description="of demand size - p, by state; above cost")
    odds: Numbers = Field((0.5, 0.5), description="probability of each state; they sum to 1")
    cost: Number = Field(0.0, description="unit cost")

    def misfits(self) -> Iterator[Misfit]:
        """Sizes and odds that do not belong together."""
        odds = np.asarray(self.odds)
        if len(self.size) != len(odds) or not np.isclose(odds.sum(), 1.0) or np.any(odds < 0):
            yield "odds", self.odds, "a probability for each size, summing to 1"
        if np.any(np.asarray(self.size) <= self.cost):
            yield "size", self.size, f"above the cost {self.cost}"


@dataclass(frozen=True, eq=False)
class BoomPrices:
    """Best collusion under independent demand states.

    Args:
        prices, profits: (states,) collusive price and joint profit in each state of demand `size - p`.
        monopoly_prices, monopoly_profits: the unconstrained ones.
    """

    prices: Floats
    profits: Floats
    monopoly_prices: Floats
    monopoly_profits: Floats


def solve(delta: float, size: Floats, odds: Floats, cost: float = 0.0, firms: int = 2) -> BoomPrices:
    """Most collusive prices that no firm wants to undercut, with Nash reversion.

    A cheat takes the whole joint profit once, so (n-1)/n profit_s <= delta/(1-delta) E[profit]/n in every
    state: profits are capped at delta E[profit] / ((1-delta)(n-1)). The cap falls with itself; iterating
    from the monopoly profits down finds the largest fixed point.
    """
    prices = (size + cost) / 2
    full = (prices - cost) * (size - prices)
    profits = full.copy()
    for _ in range(100_000):
        cap = delta * float(odds @ profits) / ((1 - delta) * (firms - 1))
        capped = np.minimum(full, cap)
        if np.max(np.abs(capped - profits)) <= 1e-15 * full.max():
            break
        profits = capped
    if profits.max() < 1e-9 * full.max():
        profits = np.zeros_like(full)
    half = (size - cost) / 2
    constrained = cost + half - np.sqrt(np.maximum(half**2 - profits, 0.0))
    return BoomPrices(np.where(profits >= full, prices, constrained), profits, prices, full)


def critical_discount(high: float, low: float) -> float:
    """Least delta with full collusion in booms, two firms and two equally likely states: 2H/(3H + L)."""
    return 2 * high / (3 * high + low)


@published_game("rotemberg-saloner", RotembergSaloner, sessions=1)
def run(s: RotembergSaloner, how: Sitting) -> Report:
    """Solve for collusive prices by state of demand, at one delta and over many; nothing is random.

    Raises:
        InputError: a discount factor outside [0, 1), sizes at or below cost, odds that do not sum to 1.
    """
    size, odds = np.asarray(s.size), np.asarray(s.odds)
    found = solve(s.delta, size, odds, s.cost, s.n)
    high, low = int(size.argmax()), int(size.argmin())
    rows = [
        Comparison(
            "price in the boom over the monopoly price",
            None,
            float(found.prices[high] / found.monopoly_prices[high]),
        ),
        Comparison(
            "price in the slump over the monopoly price",
            None,
            float(found.prices[low] / found.monopoly_prices[low]),
        ),
    ]
    if s.n == 2 and len(size) == 2 and np.allclose(odds, 0.5):
        rows += [_critical(found, size, odds, s.cost), _boom_profit(found, s.delta)]
    deltas = np.linspace(0.4, 0.95, 56)
    curve = np.array([solve(float(d), size, odds, s.cost, s.n).prices for d in deltas])
    table = pd.DataFrame(curve, columns=[f"price_{k}" for k in range(len(size))])
    table.insert(0, "delta", deltas)
    series = {f"demand {size[k]:g} - p": curve[:, k] for k in range(len(size))}
    return Report(
        game="rotemberg-saloner",
        source=SOURCE,
        settings=s.model_dump(),
        comparisons=tuple(rows),
        summary={
            "prices": found.prices,
            "profits": found.profits,
            "monopoly_prices": found.monopoly_prices,
            "counter_cyclical": bool(found.prices[high] < found.prices[low]),
        },
        tables={"prices": table},
        figures={"prices": lambda: figures.lines(deltas, series, "discount factor", "collusive price")},
        remarks=(_remark(found, high, low),),
    )


def _critical(found: BoomPrices, size: Floats, odds: Floats, cost: float) -> Comparison:
    """Critical discount: the formula beside a bisection on `solve`."""
    full = found.monopoly_profits
    low, high = 0.0, 1.0 - 1e-12
    for _ in range(60):
        middle = (low + high) / 2
        reached = solve(middle, size, odds, cost).profits.max() >= full.max() * (1 - 1e-12)
        low, high = (low, middle) if reached else (middle, high)
    formula = critical_discount(float(full.max()), float(full.min()))
    return Comparison("least discount factor for full collusion in booms", formula, high)


def _boom_profit(found: BoomPrices, delta: float) -> Comparison:
    """Profit in the boom beside the closed form: min(monopoly, delta/(2 - 3 delta) times the slump's)."""
    high, low = float(found.monopoly_profits.max()), float(found.monopoly_profits.min())
    bound = delta / (2 - 3 * delta) * low if delta < 2 / 3 else high
    formula = 0.0 if delta < 0.5 else min(high, bound)
    return Comparison("joint profit in the boom", formula, float(found.profits.max()))


def _remark(found: BoomPrices, high: int, low: int) -> str:
    if found.profits.max() == 0:
        return "No collusion: at this discount factor prices stand at cost in every state."
    if found.prices[high] < found.prices[low]:
        return "Price war in the boom: the price is lower when demand is high."
    if found.prices[high] < found.monopoly_prices[high]:
        return "The boom price is cut below monopoly, but not below the price of the slump."
    return "Full collusion in every state."
