"""The market's season and growth: cars sold and the part of new-energy cars, from the year before.

    log cars_m  = log cars_(m-12) + g - lap_m g + error          g: growth over the year before
    odds_m      = odds_(m-12) + d (rho^h) + error                odds: log odds of a new-energy car

g and d are means over the newest months that have a year before them (January and February are one: the
spring festival moves between them); growth of new-energy odds fades. The trade-in subsidy was doubled in
mid-August 2024, so months after it are compared with a year that had it: a share `lap` of the growth of
early 2025, anything from none to all, is gone from then on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pricewar.base.arrays import Floats

from .past import Past

LEAST_SD = 0.07
"""Least standard deviation of a month's growth, log points; that of the months of early 2025."""
WALK = 0.02
"""Standard deviation a month by which growth itself wanders, log points; assumed."""
LAPPED = "2024-08"
"""Month from which the year before had the doubled subsidy; half of it had."""
TAIL = 5


class Growth(NamedTuple):
    """Growth over the same months of the year before, log points: mean, and standard deviation of a month."""

    cars: float
    cars_sd: float
    odds: float
    odds_sd: float
    blocks: int
    """Months it rests on; January and February are one."""


class Totals(NamedTuple):
    """(draws, H) paths after the last known month."""

    passenger: Floats
    nev: Floats


def growth(past: Past, newest: int = 4, least_sd: float = LEAST_SD) -> Growth:
    """Growth of the newest months that have a year before them.

    Args:
        past: at least 13 months.
        newest: how many months at most.
        least_sd: least standard deviation of a month's growth, log points.
    """
    length = len(past.months)
    with_year = list(range(max(12, length - newest), length))
    cars, odds = _by_block(past, with_year)
    return Growth(
        float(np.average(cars[:, 0], weights=cars[:, 1])),
        max(least_sd, float(cars[:, 0].std(ddof=1)) if len(cars) > 1 else 0.0),
        float(np.average(odds[-2:])),
        max(least_sd, float(odds.std(ddof=1)) if len(odds) > 1 else 0.0),
        len(odds),
    )


def _by_block(past: Past, months: list[int]) -> tuple[Floats, Floats]:
    """(B, 2) growth of cars with its number of months, and (B,) of odds; January and February together."""
    blocks: dict[str, list[int]] = {}
    for t in months:
        month = past.months[t]
        blocks.setdefault(month[:5] + ("01" if month[5:] in ("01", "02") else month[5:]), []).append(t)
    cars, odds = [], []
    for block in blocks.values():
        now, then = np.array(block), np.array(block) - 12
        total = [past.passenger[t].sum() for t in (now, then)]
        electric = [past.nev[t].sum() for t in (now, then)]
        cars.append((np.log(total[0] / total[1]), len(block)))
        part = [np.log(e / (t - e)) for e, t in zip(electric, total, strict=True)]
        odds.append(part[0] - part[1])
    return np.array(cars), np.array(odds)


def draw_totals(
    past: Past, horizon: int, draws: int, rng: np.random.Generator, seen: Growth | None = None
) -> Totals:
    """Paths of cars sold and of new-energy cars.

    Args:
        past: at least 13 months, and a month a year before each month of the horizon.
        horizon: months ahead, at most 12.
        draws: how many paths.
        rng: their luck.
        seen: growth over the year before; None: as the past shows it.
    """
    seen, length = seen or growth(past), len(past.months)
    before = np.arange(length, length + horizon) - 12
    steps = np.arange(1, horizon + 1)
    shape = (draws, horizon)

    def noise(sd: float) -> Floats:
        """Error of the mean, a month's own error, and wandering."""
        fat = np.sqrt(TAIL / rng.chisquare(TAIL, (draws, 1)))
        mean = sd / np.sqrt(seen.blocks) * rng.standard_normal((draws, 1)) * fat
        own = sd / 2.0 * rng.standard_normal(shape)
        return np.asarray(mean + own + WALK * rng.standard_normal(shape).cumsum(axis=1))

    lapped = np.array([_lapped(past.months[t]) for t in before])
    lap = rng.random((draws, 1)) * lapped
    cars = np.log(past.passenger[before]) + seen.cars * (1.0 - lap) + noise(seen.cars_sd)
    fading = rng.uniform(0.85, 1.0, (draws, 1)) ** steps
    odds = past.penetration[before] + seen.odds * fading + noise(seen.odds_sd)
    passenger = np.exp(cars)
    return Totals(passenger, passenger / (1.0 + np.exp(-odds)))


def _lapped(month: str) -> float:
    return 0.0 if month < LAPPED else 0.5 if month == LAPPED else 1.0
