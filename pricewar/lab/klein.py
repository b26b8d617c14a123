"""Klein (2021): Q-learning firms that price in turn, demand 1 - p, homogeneous goods."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import Field

from pricewar.base.arrays import Floats

from . import figures
from .detect import edgeworth_cycle
from .engine import Plays, Protocol, Seller, simulate
from .maskin_tirole import homogeneous_profits
from .report import Comparison, Report, standard_error
from .settings import Number, Settings, Sitting, Whole, published_game

SOURCE = "Klein (2021), Autonomous Algorithmic Collusion, RAND Journal of Economics 52(3)"
PUBLISHED = {6: {"profit": 0.108, "nash": 0.655}, 24: {"undercut_by_one": 0.45, "matched": 0.16}}
PUBLISHED_BENCHMARK = {6: 0.061111, 12: 0.069878, 24: 0.075769}


class Klein(Settings):
    """Settings of `klein`."""

    k: Whole = Field(6, ge=2, multiple_of=2, description="steps of price, an even number")
    alpha: Number = Field(0.3, description="learning rate")
    delta: Number = Field(0.95, description="discount factor")
    periods: Whole = Field(500_000, ge=2, description="periods of learning")
    last_epsilon: Number = Field(1e-6, gt=0, lt=1, description="probability of a random price at the end")
    keep: Whole = Field(1000, ge=1, description="periods measured at the end")


def competitive_profit(k: int) -> float:
    """Mean profit in the textbook cycle: up to one step above monopoly, cuts by one step to zero, again."""
    top = k // 2
    steps = np.arange(top + 1) / k
    return float((steps * (1 - steps)).sum() / (top + 2) / 2)


@published_game("klein", Klein, sessions=100)
def run(s: Klein, how: Sitting) -> Report:
    """Let sessions learn in turn and measure profits, cycles and mutual best replies.

    Raises:
        InputError: settings out of range.
    """
    k = s.k
    prices = np.arange(k + 1) / k
    plays = learn_in_turn(s, prices, how.sessions, how.seed, how.workers, how.progress)
    found, moves = measure(plays, homogeneous_profits(prices), prices, s.delta)
    drawings: dict[str, Callable[[], Figure]] = {"moves": lambda: _moves_figure(moves)}
    if plays.actions.shape[1] >= 60:
        drawings["path"] = lambda: _path_figure(prices[plays.actions[0, -60:]])
    return Report(
        game="klein",
        source=SOURCE,
        settings={**s.model_dump(), "sessions": how.sessions, "seed": how.seed},
        comparisons=compare(s, found),
        summary={
            "sessions": how.sessions,
            "mean_profit": float(found["profit"].mean()),
            "nash": float(found["nash"].mean()),
            "cycles": float(found["cycle"].mean()),
            "mean_price": float(found["price"].mean()),
            "benchmark": competitive_profit(k),
        },
        tables={"sessions": found, "moves": moves.rename("share").rename_axis("steps").reset_index()},
        figures=drawings,
    )


def learn_in_turn(
    s: Klein,
    prices: Floats,
    sessions: int,
    seed: int,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Plays:
    """Two Q-learners that see the rival's standing price and move in turn."""
    pair = homogeneous_profits(prices)
    table = np.stack([pair.ravel(), pair.T.ravel()], axis=1)
    seller = Seller("q", alpha=s.alpha, decay=s.last_epsilon ** (1 / s.periods))
    return simulate(
        table,
        len(prices),
        [seller, seller],
        Protocol(delta=s.delta, rivals_only=True, timing="in turn"),
        sessions=sessions,
        periods=s.periods,
        keep=min(s.keep, s.periods),
        seed=seed,
        workers=workers,
        progress=progress,
    )


def compare(s: Klein, found: pd.DataFrame) -> tuple[Comparison, ...]:
    """Published beside reproduced."""
    k = s.k
    base = s.published("k")
    published = PUBLISHED.get(k, {}) if base else {}
    names = {
        "mean profit": "profit",
        "share of sessions in Nash play on path": "nash",
        "share of sessions flagged as a cycle": "cycle",
        "moves that undercut by one step": "undercut_by_one",
        "moves that match the rival": "matched",
    }
    rows = [
        Comparison(
            name,
            published.get(column),
            float(found[column].mean()),
            standard_error(found[column].to_numpy()),
            sessions=len(found),
        )
        for name, column in names.items()
    ]
    benchmark = Comparison("competitive benchmark", PUBLISHED_BENCHMARK.get(k), competitive_profit(k))
    return (*rows, benchmark)


def _path_figure(path: Floats) -> Figure:
    """Prices of the first session's last periods."""
    series = {f"firm {i + 1}": path[:, i] for i in (0, 1)}
    place = np.arange(len(path))
    return figures.lines(place, series, "period", "price, first session", drawstyle="steps-post")


def _moves_figure(changes: pd.Series) -> Figure:
    """Bars of the moves made, in steps from the rival's price."""
    return figures.shares(changes.index, changes, "own price less rival's price, steps", "share of moves")


def measure(plays: Plays, pair: Floats, prices: Floats, delta: float) -> tuple[pd.DataFrame, pd.Series]:
    """A row per session, and the distribution of moves in steps from the rival's price."""
    rows, steps = [], []
    for k in range(len(plays.actions)):
        path, moved = plays.actions[k], plays.moved[k]
        own = np.concatenate([(path[1:, i] - path[:-1, 1 - i])[moved[1:, i]] for i in (0, 1)])
        steps.append(own)
        market = prices[path].min(axis=1)
        rows.append(
            (
                plays.profits[k].mean(),
                market.mean(),
                nash_on_path(plays.values[k], path, pair, delta),
                edgeworth_cycle(market).cycle if len(market) > 2 else False,
                np.mean(own == -1),
                np.mean(own == 0),
            )
        )
    table = pd.DataFrame(rows, columns=["profit", "price", "nash", "cycle", "undercut_by_one", "matched"])
    counts = pd.Series(np.concatenate(steps)).value_counts(normalize=True).sort_index()
    return table, counts


def nash_on_path(values: Floats, path: NDArray[np.int64], pair: Floats, delta: float) -> bool:
    """Do both greedy strategies best-reply to each other at every price seen on the last 100 periods?

    Values are exact: against a fixed rival a firm faces a Markov chain, solved for the strategies learned and
    compared with the best once-off deviation.
    """
    strategies = [values[i].argmax(axis=1) for i in (0, 1)]
    for i in (0, 1):
        own, rival = strategies[i], strategies[1 - i]
        moving, waiting = _values(own, rival, pair, delta)
        seen = np.unique(path[-100:, 1 - i])
        options = pair.T + delta * waiting[None, :]
        best = options.max(axis=1)[seen]
        if np.any(best - moving[seen] > 1e-9 * np.abs(best) + 1e-12):
            return False
    return True


def _values(
    own: NDArray[np.int64], rival: NDArray[np.int64], pair: Floats, delta: float
) -> tuple[Floats, Floats]:
    """(moving, waiting) values of a firm, by the price it sees, by the price it shows."""
    m = len(pair)
    index = np.arange(m)
    system = np.eye(2 * m)
    system[index, m + own] -= delta
    system[m + index, rival] -= delta
    now = np.concatenate([pair[own, index], pair[index, rival]])
    solved = np.linalg.solve(system, now)
    return solved[:m], solved[m:]
