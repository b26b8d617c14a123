"""Asker, Fershtman and Pakes (2024): what a learner does with prices it did not set decides what it learns.

Two greedy sellers without memory, one unit of demand worth 10, cost 2. Asynchronous learners update the price
they charged; synchronous learners update every price with what it would have earned against the rival's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from pydantic import Field

from . import figures
from .engine import Protocol, Seller, simulate
from .report import Comparison, Report, standard_error
from .settings import Misfit, Number, Settings, Sitting, Whole, published_game

SOURCE = "Asker, Fershtman, Pakes (2024), The Impact of AI Design on Pricing, JEMS 33(2)"
COMPETITIVE = (2.028182, 2.129091)


class Asker(Settings):
    """Settings of `asker`."""

    alpha: Number = Field(0.1, description="learning rate")
    delta: Number = Field(0.0, ge=0, lt=1, description="discount factor")
    m: Whole = Field(100, ge=2, description="prices")
    cost: Number = Field(2.0, ge=0, description="unit cost, below worth")
    worth: Number = Field(10.0, description="what the one unit of demand is worth")
    epsilon: Number = Field(0.0, ge=0, le=1, description="probability of a random price")
    periods: Whole = Field(200_000, ge=1, description="periods of asynchronous learners")
    synchronous_periods: Whole = Field(10_000, ge=1, description="periods of synchronous learners")

    def misfits(self) -> Iterator[Misfit]:
        """A price that pays must be there."""
        if self.cost >= self.worth:
            yield "cost", self.cost, f"below worth {self.worth}"


def duopoly_table(prices: np.ndarray, cost: float, worth: float) -> np.ndarray:
    """(m*m, 2) profits: one buyer takes the cheaper offer up to `worth`, ties are split."""
    own, rival = prices[:, None], prices[None, :]
    share = np.where(own < rival, 1.0, np.where(own == rival, 0.5, 0.0)) * (own <= worth)
    pair = share * (own - cost)
    return np.stack([pair.ravel(), pair.T.ravel()], axis=1)


@published_game("asker", Asker, sessions=100)
def run(s: Asker, how: Sitting) -> Report:
    """Let both kinds of learner play and compare where prices settle.

    Raises:
        InputError: settings out of range.
    """
    last = {
        "asynchronous": settle(s, False, s.periods, how.sessions, how.seed, how.workers, how.progress),
        "synchronous": settle(s, True, s.synchronous_periods, how.sessions, how.seed, how.workers),
    }
    slow, fast = last["asynchronous"], last["synchronous"]
    base = s.published("periods", "synchronous_periods")
    rows = compare(slow, fast, base)
    return Report(
        game="asker",
        source=SOURCE,
        settings={**s.model_dump(), "sessions": how.sessions, "seed": how.seed},
        comparisons=rows,
        summary={r.quantity: r.reproduced for r in rows},
        tables={"prices": pd.DataFrame(last)},
        figures={
            "prices": lambda: figures.histogram(
                slow, "market price, asynchronous learners", 8.39, "published median"
            )
        },
        remarks=(
            "Both kinds are greedy and remember nothing: the high prices are mislearning, not collusion.",
        ),
    )


def compare(slow: np.ndarray, fast: np.ndarray, base: bool) -> tuple[Comparison, ...]:
    """Published beside reproduced.

    Args:
        slow, fast: (sessions,) last prices of asynchronous and of synchronous learners.
        base: whether the settings are those of the paper.
    """
    near = np.min(np.abs(fast[:, None] - np.array(COMPETITIVE)), axis=1) < 1e-4
    rows = (
        ("asynchronous: median price", 8.39, float(np.median(slow)), _median_error(slow)),
        ("asynchronous: mean price", None, float(slow.mean()), standard_error(slow)),
        ("synchronous: median price", 2.129, float(np.median(fast)), _median_error(fast)),
        ("synchronous: share at 2.028 or 2.129", 1.0, float(near.mean()), standard_error(near)),
    )
    return tuple(
        Comparison(name, published if base else None, value, error, sessions=len(slow))
        for name, published, value, error in rows
    )


def settle(
    s: Asker,
    counterfactual: bool,
    periods: int,
    sessions: int,
    seed: int,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """(sessions,) mean market price of the last 200 periods; tables open far above any profit."""
    prices = np.linspace(0.01, s.worth, s.m)
    seller = Seller("q", alpha=s.alpha, explore=s.epsilon)
    plays = simulate(
        duopoly_table(prices, s.cost, s.worth),
        s.m,
        [seller, seller],
        Protocol(delta=s.delta, memory=0, counterfactual=counterfactual),
        sessions=sessions,
        periods=periods,
        keep=min(200, periods),
        seed=seed,
        start=lambda rng, shape: rng.uniform(s.worth, 2 * s.worth, shape),
        workers=workers,
        progress=progress,
    )
    return np.asarray(prices[plays.actions].min(axis=2).mean(axis=1))


def _median_error(values: np.ndarray) -> float:
    """Standard error of a median, from its order statistics (half the central 68% interval)."""
    x, n = np.sort(values), len(values)
    reach = np.sqrt(n) / 2
    low, high = int(max(np.floor(n / 2 - reach), 0)), int(min(np.ceil(n / 2 + reach), n - 1))
    return float((x[high] - x[low]) / 2)
