"""What wanders beside a run's prices, costs and discounts: prices, margins, editions.

A margin is that of the run, moved to the one that was printed last, plus an error of the law of recorded
changes (`margin_law`): one draw a quarter since that print, so that the error is there at the base month
already. Unit cost follows from price and margin, so gross profit, results and margins are of one draw. The
part of a quarter's change that prices explain has the luck of the prices.

A new edition of a model, once a year, sets its discount to zero, and from then on it grows again.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from pricewar.base.arrays import Floats
from pricewar.base.months import month_after

from .margin_law import MarginLaw, fit_margins, quarter_of, quarters_between

PRICE_WALK: Final = 0.006
"""Log points a month by which a firm's prices wander beyond its rule; docs/explanation/backtest.md."""
BY_PRICE: Final = 0.45
"""Correlation of a quarter's change of margin with its change of prices: prices wander by 0.6% a month, and
costs were taken to wander by 1.2%; assumed."""
YEAR: Final = 12
"""Months from one edition of a model to the next."""
DEEPENS: Final = 1.0 / 9.0
"""Part of a model's usual discount by which it deepens in a month between two editions; assumed, so that
a line-up with editions in all months of the year keeps its discount for about eight months."""


LEAST_MODELS: Final = 4
"""Models that a maker has at least: the data hold its main ones; assumed."""


class Start(NamedTuple):
    """What is known of the base month, (F,) each; None: nothing beside the run."""

    level_sd: Floats
    """Standard deviation of log sales."""
    margin: Floats
    """Printed gross margin; NaN where there is none."""
    age: Floats | None = None
    """Quarters from that of the printed margin to that of the base month; None: it is of the base month's
    quarter."""
    export: Floats | None = None
    """Cars as the maker reports them over cars sold at home; None: those of April 2025."""
    models: Floats | None = None
    """Models on sale, of which editions are drawn; None: no edition."""
    law: MarginLaw | None = None
    """Of changes of margins; None: its prior."""


class Money(NamedTuple):
    """(D, F, M) each; the base month first."""

    price: Floats
    """Log change of prices."""
    margin: Floats
    """Error of the gross margin, a fraction."""


def draw_money(
    start: Start, firms: tuple[str, ...], base: str, shape: tuple[int, ...], luck: np.random.Generator
) -> Money:
    """Prices and margins that wander.

    Args:
        start: of the firms.
        firms: names, for scales of their own.
        base: the base month.
        shape: (D, F, M), the base month counted.
        luck: of the draws.
    """
    law = start.law or fit_margins({})
    normals = luck.standard_normal(shape)
    normals[:, :, 0] = 0.0
    age = np.zeros(len(firms), int) if start.age is None else np.asarray(start.age, int)
    oldest = int(age.max())
    quarters = [quarters_between(quarter_of(base), quarter_of(month_after(base, m))) for m in range(shape[2])]
    steps = luck.standard_normal((*shape[:2], oldest + quarters[-1]))
    for ahead in range(1, quarters[-1] + 1):
        months = [m for m, quarter in enumerate(quarters) if quarter == ahead]
        prices = normals[:, :, months].sum(axis=2) / len(months) ** 0.5
        at = oldest + ahead - 1
        steps[:, :, at] = BY_PRICE * prices + (1.0 - BY_PRICE**2) ** 0.5 * steps[:, :, at]
    changes = law.draw(law.draw_scales(firms, shape[0], luck), steps, luck) / 100.0
    later = np.arange(changes.shape[2]) >= (oldest - age)[:, None]
    level = np.concatenate([np.zeros((*shape[:2], 1)), (changes * later).cumsum(axis=2)], axis=2)
    return Money(PRICE_WALK * normals.cumsum(axis=2), level[:, :, [oldest + quarter for quarter in quarters]])


def editions(models: Floats | None, shape: tuple[int, ...], luck: np.random.Generator) -> Floats:
    """(D, F, M) change of a firm's discount by editions, over its discount at the base month.

    Each model's next edition comes in a month drawn from the next twelve; a model without one deepens its
    discount by `DEEPENS` a month, one with it begins at zero and does the same.

    Args:
        models: (F,) models on sale; None: nothing changes.
        shape: (D, F, M), the base month counted.
        luck: of the months.
    """
    change = np.zeros(shape)
    if models is None:
        return change
    months = np.arange(shape[2])
    for firm, count in enumerate(np.asarray(models, int)):
        due = luck.integers(1, YEAR + 1, (shape[0], max(count, LEAST_MODELS)))[:, :, None]
        since = months - due
        each = np.where(since >= 0, DEEPENS * since - 1.0, DEEPENS * months)
        change[:, firm] = each.mean(axis=1)
    return change
