"""Monthly books of every entity over all draws, and the predicted cells that follow from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats

from .names import BASE, ENTITIES, MONTHS, TOTAL, cells, months_of

QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}


@dataclass(frozen=True)
class Books:
    """D draws, F firms, M = 9 months: the base month and those after it."""

    firms: tuple[str, ...]
    home: Floats
    """(D, F, M) cars sold at home."""
    shown: Floats
    """(D, F, M) cars as the entity reports them: home retail, or deliveries."""
    revenue: Floats
    """(D, F, M) CNY ex VAT."""
    gross: Floats
    """(D, F, M) gross profit, CNY."""
    fixed: Floats
    """(D, F, M) fixed cost, CNY."""
    discount: Floats
    """(D, F, M) change of the discount off list since the base month, percentage points."""
    announced: Floats
    """(D, F, M) the same of the discount as it was announced."""
    market: Floats
    """(D, M) all new-energy cars sold at home."""
    passenger: Floats
    """(D, M) all passenger cars sold."""


@dataclass(frozen=True)
class Forecast:
    """Draws of every predicted cell."""

    cells: tuple[tuple[str, str, str], ...]
    """(entity, period, metric)"""
    draws: Floats
    """(D, C)"""

    def column(self, entity: str, period: str, metric: str) -> Floats:
        """(D,) draws of one cell."""
        return self.draws[:, self.cells.index((entity, period, metric))]

    def table(self) -> pd.DataFrame:
        """entity, period, metric, mean, p05, p25, p50, p75, p95."""
        keys = pd.DataFrame(list(self.cells), columns=["entity", "period", "metric"])
        ends = np.quantile(self.draws, list(QUANTILES.values()), axis=0)
        return keys.assign(mean=self.draws.mean(axis=0), **dict(zip(QUANTILES, ends, strict=True)))


def forecast_of(books: Books) -> Forecast:
    """Every predicted cell.

    Args:
        books: draws of every figure.
    """
    keys = tuple(cells())
    return Forecast(keys, np.stack([_cell(books, *key) for key in keys], axis=1))


def _cell(books: Books, entity: str, period: str, metric: str) -> Floats:
    """(D,) one cell."""
    months = [(BASE, *MONTHS).index(month) for month in months_of(period)]
    names = [ENTITIES[firm] for firm in books.firms]
    rows = list(range(len(names))) if entity == TOTAL else [names.index(entity)]

    def total(values: Floats) -> Floats:
        return np.asarray(values[:, rows][:, :, months].sum(axis=(1, 2)))

    home = np.maximum(total(books.home), 1e-9)
    market, everything = (np.asarray(all_cars[:, months].sum(axis=1))
                          for all_cars in (books.market, books.passenger))  # fmt: skip
    if metric == "units":
        return market if entity == TOTAL else total(books.shown)
    if metric == "nev_share_pct":
        part = market / everything if entity == TOTAL else home / market
        return np.asarray(100.0 * part)
    if metric == "vehicle_gross_margin_pct":
        return 100.0 * total(books.gross) / np.maximum(total(books.revenue), 1e-9)
    if metric == "discount_pp_change":
        return total(books.discount * books.home) / home
    if metric == "announced_discount_pp_change":
        return total(books.announced * books.home) / home
    profit = total(books.gross) - total(books.fixed)
    return profit / 1e6 if metric == "ev_segment_profit_cny_m" else profit / home
