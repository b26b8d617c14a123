"""Asker, Fershtman and Pakes (2024): what a learner does with prices it did not set decides what it learns.

Two greedy sellers without memory, one unit of demand worth 10, cost 2. Asynchronous learners update the price
they charged; synchronous learners update every price with what it would have earned against the rival's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pricewar.base.errors import bad_input

from . import figures
from .engine import Protocol, Seller, simulate
from .report import Comparison, Report, standard_error
from .settings import Value, read_settings

SOURCE = "Asker, Fershtman, Pakes (2024), The Impact of AI Design on Pricing, JEMS 33(2)"
DEFAULTS: dict[str, Value] = {
    "alpha": 0.1,
    "delta": 0.0,
    "m": 100,
    "cost": 2.0,
    "worth": 10.0,
    "epsilon": 0.0,
    "periods": 200_000,
    "synchronous_periods": 10_000,
}
COMPETITIVE = (2.028182, 2.129091)


def duopoly_table(prices: np.ndarray, cost: float, worth: float) -> np.ndarray:
    """(m*m, 2) profits: one buyer takes the cheaper offer up to `worth`, ties are split."""
    own, rival = prices[:, None], prices[None, :]
    share = np.where(own < rival, 1.0, np.where(own == rival, 0.5, 0.0)) * (own <= worth)
    pair = share * (own - cost)
    return np.stack([pair.ravel(), pair.T.ravel()], axis=1)


def run(
    given: Mapping[str, Any] | None = None,
    *,
    sessions: int = 100,
    seed: int = 0,
    exact: bool = False,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Let both kinds of learner play and compare where prices settle.

    Raises:
        InputError: settings out of range.
    """
    s = read_settings("asker", DEFAULTS, given or {})
    if s["m"] < 2 or not 0 <= s["cost"] < s["worth"] or not 0 <= s["epsilon"] <= 1:
        allowed = "two prices or more, 0 <= cost < worth, epsilon in [0, 1]"
        found = tuple(s[k] for k in ("m", "cost", "worth", "epsilon"))
        raise bad_input("lab asker", ("m, cost, worth, epsilon", found, allowed))
    last = {
        "asynchronous": settle(s, False, s["periods"], sessions, seed, workers, progress),
        "synchronous": settle(s, True, s["synchronous_periods"], sessions, seed, workers),
    }
    slow, fast = last["asynchronous"], last["synchronous"]
    base = all(s[k] == DEFAULTS[k] for k in DEFAULTS if "periods" not in k)
    rows = compare(slow, fast, base)
    return Report(
        game="asker",
        source=SOURCE,
        settings={**s, "sessions": sessions, "seed": seed},
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
    s: Mapping[str, Any],
    counterfactual: bool,
    periods: int,
    sessions: int,
    seed: int,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """(sessions,) mean market price of the last 200 periods; tables open far above any profit."""
    prices = np.linspace(0.01, s["worth"], s["m"])
    seller = Seller("q", alpha=s["alpha"], explore=s["epsilon"])
    plays = simulate(
        duopoly_table(prices, s["cost"], s["worth"]),
        s["m"],
        [seller, seller],
        Protocol(delta=s["delta"], memory=0, counterfactual=counterfactual),
        sessions=sessions,
        periods=periods,
        keep=min(200, periods),
        seed=seed,
        start=lambda rng, shape: rng.uniform(s["worth"], 2 * s["worth"], shape),
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
