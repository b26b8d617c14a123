"""Detectors for price series: Edgeworth cycles and episodes of war, with measured error rates.

A cycle is many small cuts and few large rises. Three published criteria must agree: the median of the
changes is negative (Lewis 2009), the mean rise exceeds the mean cut (Eckert 2002), and there are several
restorations, rises that undo at least a third of the price range (Holt, Igami and Scheidegger 2024 compare
such rules). A war is a spell in which the margin stays well below its normal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pricewar.base.arrays import Floats
from pricewar.base.errors import bad_input


@dataclass(frozen=True)
class CycleFlag:
    """Verdict on one series.

    Args:
        cycle: all criteria hold.
        median_change: median of the nonzero changes.
        rise_over_cut: mean rise over mean cut; NaN where there is none of one.
        restorations: number of rises of at least a third of the range.
        length: mean periods between restorations; NaN for fewer than two.
    """

    cycle: bool
    median_change: float
    rise_over_cut: float
    restorations: int
    length: float


def edgeworth_cycle(
    prices: ArrayLike, cost: ArrayLike = 0.0, ratio: float = 1.5, least: int = 3
) -> CycleFlag:
    """Is this price series an Edgeworth cycle?

    Args:
        prices: (periods,) price of the market or of one firm.
        cost: unit cost, one number or (periods,). Without it, prices that follow cost up at once and down
            slowly look like a cycle.
        ratio: least mean rise over mean cut.
        least: least number of restorations.

    Raises:
        InputError: fewer than three prices, or prices that are not finite.
    """
    p = _series(np.asarray(prices, float) - np.asarray(cost, float))
    change = np.diff(p)
    moves = change[np.abs(change) > 1e-12 * max(1.0, float(np.abs(p).max()))]
    rises, cuts = moves[moves > 0], -moves[moves < 0]
    places = np.flatnonzero(change > (p.max() - p.min()) / 3) if len(rises) else np.empty(0, int)
    over = float(rises.mean() / cuts.mean()) if len(rises) and len(cuts) else float("nan")
    median = float(np.median(moves)) if len(moves) else 0.0
    apart = float(np.diff(places).mean()) if len(places) > 1 else float("nan")
    return CycleFlag(
        bool(median < 0 and over >= ratio and len(places) >= least), median, over, len(places), apart
    )


@dataclass(frozen=True)
class War:
    """One episode: first and last period at war, its length, and the mean share of the normal margin lost."""

    start: int
    end: int
    length: int
    depth: float


def war_episodes(
    prices: ArrayLike, cost: ArrayLike = 0.0, depth: float = 0.3, least: int = 3, gap: int = 2
) -> list[War]:
    """Spells in which the margin is at least `depth` below normal for `least` periods or more.

    The normal margin is the 75th percentile of the series, so wars may fill up to three quarters of it. A
    running median of three takes out single periods, cheap or dear.

    Args:
        prices: (periods,) market price.
        cost: unit cost, one number or (periods,).
        depth: share of the normal margin that must be lost.
        least: least length of a war.
        gap: up to this many better periods do not end a war.

    Raises:
        InputError: fewer than three prices, or numbers that are not finite.
    """
    margin = _series(np.asarray(prices, float) - np.asarray(cost, float))
    normal = float(np.quantile(margin, 0.75))
    if normal <= 0:
        return []
    low = _running_median(margin) <= (1 - depth) * normal
    wars = []
    for start, end in _spells(low, gap):
        spell = margin[start : end + 1]
        if np.count_nonzero(low[start : end + 1]) >= least:
            wars.append(War(start, end, end - start + 1, float(1 - spell.mean() / normal)))
    return wars


def _running_median(x: Floats) -> Floats:
    """Median of each value and its two neighbours; the ends are kept."""
    middle = np.median(np.stack([x[:-2], x[1:-1], x[2:]]), axis=0)
    return np.concatenate([x[:1], middle, x[-1:]])


def _spells(flags: NDArray[np.bool_], gap: int) -> Iterator[tuple[int, int]]:
    """(first, last) of runs of true, runs at most `gap` apart joined."""
    places = np.flatnonzero(flags)
    if not len(places):
        return
    breaks = np.flatnonzero(np.diff(places) > gap + 1)
    firsts = np.concatenate([[0], breaks + 1])
    lasts = np.concatenate([breaks, [len(places) - 1]])
    for a, b in zip(firsts, lasts, strict=True):
        yield int(places[a]), int(places[b])


def _series(values: ArrayLike) -> Floats:
    x = np.asarray(values, float)
    if x.ndim != 1 or len(x) < 3 or not np.isfinite(x).all():
        raise bad_input("price series", ("prices", x.shape, "a line of three or more finite numbers"))
    return x


Maker = Callable[[np.random.Generator, int], tuple[Floats, Floats]]
"""Draws (prices, cost) of a given length."""


def sawtooth(rng: np.random.Generator, periods: int) -> tuple[Floats, Floats]:
    """Edgeworth cycle: cuts of random size down to near cost, then back to the top."""
    p = np.empty(periods)
    level = 2.0
    for t in range(periods):
        p[t] = level
        level -= rng.uniform(0.03, 0.15)
        if level < 1.1:
            level = rng.uniform(1.9, 2.1)
    return p, np.ones(periods)


def wars_and_peace(rng: np.random.Generator, periods: int) -> tuple[Floats, Floats]:
    """Green-Porter: collusion at 2, wars of six periods near cost, one in ten periods sets one off."""
    p = np.full(periods, 2.0)
    t = int(rng.integers(5, 15))
    while t < periods:
        p[t : t + 6] = rng.uniform(1.1, 1.3)
        t += 6 + 1 + int(rng.geometric(0.1))
    return p, np.ones(periods)


def steady(rng: np.random.Generator, periods: int) -> tuple[Floats, Floats]:
    """A focal price that does not move."""
    return np.full(periods, float(rng.uniform(1.5, 2.0))), np.ones(periods)


def wandering(rng: np.random.Generator, periods: int) -> tuple[Floats, Floats]:
    """A mean-reverting price, symmetric up and down."""
    p = np.empty(periods)
    x = 0.0
    for t in range(periods):
        x = 0.9 * x + rng.normal(0, 0.04)
        p[t] = 1.8 + x
    return p, np.ones(periods)


def passed_through(rng: np.random.Generator, periods: int) -> tuple[Floats, Floats]:
    """Cost wanders and price follows with a constant margin: no war, however low the price."""
    cost = 1.0 + 0.5 * (wandering(rng, periods)[0] - 1.8) / 0.1
    return cost + 0.8, cost


def sticky(rng: np.random.Generator, periods: int) -> tuple[Floats, Floats]:
    """Rare steps, up or down alike (menu costs)."""
    step = rng.choice([-0.1, 0.1], size=periods) * (rng.random(periods) < 0.1)
    return 1.8 + 0.3 * np.tanh(np.cumsum(step)), np.ones(periods)


def rockets_and_feathers(rng: np.random.Generator, periods: int) -> tuple[Floats, Floats]:
    """Cost jumps up now and then and falls back; price follows up at once, down slowly. No rivalry."""
    cost, p = np.empty(periods), np.empty(periods)
    c, price = 1.0, 1.8
    for t in range(periods):
        c = 1.0 + 0.8 * (c - 1.0) + (rng.uniform(0.2, 0.5) if rng.random() < 0.05 else 0.0)
        goal = c + 0.8
        price = goal if goal > price else price + 0.25 * (goal - price)
        cost[t], p[t] = c, price
    return p, cost


CYCLES: dict[str, tuple[Maker, bool]] = {
    "sawtooth": (sawtooth, True),
    "steady": (steady, False),
    "wandering": (wandering, False),
    "passed through": (passed_through, False),
    "sticky": (sticky, False),
    "rockets and feathers": (rockets_and_feathers, False),
    "wars and peace": (wars_and_peace, False),
}
WARS: dict[str, tuple[Maker, bool]] = {
    "wars and peace": (wars_and_peace, True),
    "steady": (steady, False),
    "wandering": (wandering, False),
    "passed through": (passed_through, False),
    "sticky": (sticky, False),
    "rockets and feathers": (rockets_and_feathers, False),
}


DETECTORS: tuple[tuple[str, dict[str, tuple[Maker, bool]], Callable[[Floats, Floats], bool]], ...] = (
    ("cycle", CYCLES, lambda prices, cost: edgeworth_cycle(prices).cycle),
    ("cycle, cost known", CYCLES, lambda prices, cost: edgeworth_cycle(prices, cost).cycle),
    ("war", WARS, lambda prices, cost: bool(war_episodes(prices, cost))),
)
NOISE = (0.0, 0.03, 0.1, 0.2)


def error_rates(
    draws: int = 200, periods: int = 200, noise: tuple[float, ...] = NOISE, seed: int = 0
) -> pd.DataFrame:
    """Share of wrong verdicts of both detectors on series whose nature is known.

    Args:
        draws: series of each kind and noise.
        periods: length of each.
        noise: standard deviations of the error added to prices, money; margins are about 1.
        seed: seed of the draws.

    Returns:
        A row per detector, kind and noise: `positive` (truth), `wrong` (share of wrong verdicts).
    """
    rows: list[tuple[str, str, bool, float, float]] = []
    for detector, kinds, judge in DETECTORS:
        for kind, (make, truth) in kinds.items():
            for level in noise:
                rng = np.random.Generator(np.random.Philox(key=[seed, len(rows)]))
                wrong = 0
                for _ in range(draws):
                    prices, cost = make(rng, periods)
                    wrong += judge(prices + rng.normal(0, level, periods), cost) != truth
                rows.append((detector, kind, truth, level, wrong / draws))
    return pd.DataFrame(rows, columns=["detector", "series", "positive", "noise", "wrong"])
