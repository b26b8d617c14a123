"""Maskin and Tirole (1988): firms that move in turn; focal prices and cycles as Markov-perfect play."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from pricewar.base.arrays import Floats
from pricewar.base.errors import bad_input

from . import figures
from .detect import edgeworth_cycle
from .report import Comparison, Report
from .settings import Number, Settings, Sitting, Whole, published_game

SOURCE = "Maskin, Tirole (1988), A Theory of Dynamic Oligopoly II, Econometrica 56(3)"


class MaskinTirole(Settings):
    """Settings of `maskin-tirole`."""

    delta: Number = Field(0.95, ge=0, lt=1, description="discount factor")
    steps: Whole = Field(6, ge=6, le=6, description="steps of price: the published equilibria have six")
    periods: Whole = Field(200, ge=1, description="moves played")


def homogeneous_profits(prices: Floats) -> Floats:
    """(m, m) profit at own (row) and rival's price (column): demand 1 - p for the cheaper, no cost."""
    sale = prices * (1.0 - prices)
    own, rival = prices[:, None], prices[None, :]
    share = np.where(own < rival, 1.0, np.where(own == rival, 0.5, 0.0))
    return np.asarray(share * sale[:, None])


@dataclass(frozen=True, eq=False)
class MarkovCheck:
    """Values of a reaction and the most anybody could gain by leaving it.

    Args:
        moving: (m,) value of the firm about to move, by the rival's price.
        waiting: (m,) value of the firm whose price stands, by that price.
        gain: the largest gain over all states from moving otherwise once.
    """

    moving: Floats
    waiting: Floats
    gain: float


def check_markov(reaction: Floats, profits: Floats, delta: float) -> MarkovCheck:
    """Is a symmetric reaction Markov-perfect? It is if `gain` is zero but for rounding.

    The firm about to move sees the rival's price r and draws its own from row r. With R the reaction, its
    value is V(r) = sum_p R(r, p) [profit(p, r) + delta W(p)], and the waiting firm's W(p) = sum_r R(p, r)
    [profit(p, r) + delta V(r)]: two linear systems. One-step deviations suffice.

    Args:
        reaction: (m, m) probabilities, a row per rival's price.
        profits: (m, m) profit at own (row) and rival's (column) price.
        delta: discount factor of one move, in [0, 1).

    Raises:
        InputError: rows that are not probabilities, or delta out of range.
    """
    found: list[tuple[str, object, str]] = []
    if not 0 <= delta < 1:
        found.append(("delta", delta, "at least 0 and below 1"))
    if np.any(reaction < 0) or not np.allclose(reaction.sum(axis=1), 1.0, atol=1e-12):
        found.append(("reaction", reaction.sum(axis=1).tolist(), "rows of probabilities that sum to 1"))
    if found:
        raise bad_input("reaction", *found)
    m = len(profits)
    now = np.sum(reaction * profits.T, axis=1)
    held = np.sum(reaction * profits, axis=1)
    system = np.eye(2 * m)
    system[:m, m:] -= delta * reaction
    system[m:, :m] -= delta * reaction
    values = np.linalg.solve(system, np.concatenate([now, held]))
    moving, waiting = values[:m], values[m:]
    best = (profits.T + delta * waiting[None, :]).max(axis=1)
    return MarkovCheck(moving, waiting, float(np.max(best - moving)))


def kinked_demand(delta: float) -> Floats:
    """(7, 7) reaction of the kinked-demand equilibrium on prices i/6: the focal price is 1/2.

    Above the focal price firms come down to it, below it they undercut or relent; at 1/6 a war of attrition
    decides who relents first.
    """
    b = (5 + delta) / (5 * delta + 9 * delta**2)
    reaction = np.zeros((7, 7))
    for i in (3, 4, 5, 6, 0):
        reaction[i, 3] = 1.0
    reaction[2, 1] = 1.0
    reaction[1, 1], reaction[1, 3] = b, 1.0 - b
    return reaction


def edgeworth_cycle_reaction(delta: float) -> Floats:
    """(7, 7) reaction of the Edgeworth-cycle equilibrium on prices i/6: undercut to cost, then relent."""
    a = (3 * delta**2 - 1) * (1 + delta**2 + delta**4) / (8 + 7 * delta**2 + 2 * delta**4 + 3 * delta**6)
    reaction = np.zeros((7, 7))
    for i, j in ((6, 4), (5, 4), (4, 3), (3, 2), (2, 1), (1, 0)):
        reaction[i, j] = 1.0
    reaction[0, 0], reaction[0, 5] = a, 1.0 - a
    return reaction


def play(reaction: Floats, periods: int, seed: int, start: int = 6) -> NDArray[np.int64]:
    """(periods, 2) price indices: firms 0 and 1 move in turn from `start`."""
    rng = np.random.Generator(np.random.Philox(key=[seed, 0x3D]))
    current = [start, start]
    path = np.empty((periods, 2), np.int64)
    for t in range(periods):
        row = reaction[current[1 - t % 2]]
        current[t % 2] = int(np.searchsorted(np.cumsum(row), rng.random() * row.sum(), side="right"))
        path[t] = current
    return path


@published_game("maskin-tirole", MaskinTirole, sessions=1)
def run(s: MaskinTirole, how: Sitting) -> Report:
    """Check both published equilibria and play them; `sessions`, `exact`, `workers` have no effect.

    Raises:
        InputError: a discount factor outside [0, 1), or a grid other than the published one of six steps.
    """
    delta = s.delta
    prices = np.arange(7) / 6
    profits = homogeneous_profits(prices)
    reactions = {"kinked demand": kinked_demand(delta), "Edgeworth cycle": edgeworth_cycle_reaction(delta)}
    rows, paths = [], {}
    for name, reaction in reactions.items():
        rows.append(Comparison(f"{name}: gain from deviating", 0.0, _gain(reaction, profits, delta)))
        path = prices[play(reaction, s.periods, how.seed)]
        paths[name] = path
        rows.append(Comparison(f"{name}: mean market price", None, float(path.min(axis=1)[20:].mean())))
    flags = {name: edgeworth_cycle(path.min(axis=1)) for name, path in paths.items()}
    for name, flag in flags.items():
        rows.append(
            Comparison(f"{name}: flagged as a cycle", float(name == "Edgeworth cycle"), float(flag.cycle))
        )
    table = pd.DataFrame({"period": np.arange(1, s.periods + 1)})
    for name, path in paths.items():
        table[f"{name}, firm 1"], table[f"{name}, firm 2"] = path[:, 0], path[:, 1]
    shown = min(40, s.periods)
    return Report(
        game="maskin-tirole",
        source=SOURCE,
        settings={**s.model_dump(), "seed": how.seed},
        comparisons=tuple(rows),
        summary={row.quantity: row.reproduced for row in rows},
        tables={"paths": table},
        figures={
            "paths": lambda: figures.lines(
                np.arange(shown),
                {name: path.min(axis=1)[:shown] for name, path in paths.items()},
                "move",
                "market price",
                drawstyle="steps-mid",
            )
        },
    )


def _gain(reaction: Floats, profits: Floats, delta: float) -> float:
    """Gain from deviating, NaN where the published mixing weights are no probabilities at this delta."""
    if reaction.min() < 0:
        return float("nan")
    return check_markov(reaction, profits, delta).gain
