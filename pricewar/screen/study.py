"""The screen: calibrate, measure, repeat with other margins, and put the answers in tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import truncnorm

from pricewar.base.arguments import at_least, flag, maybe, number, takes, whole
from pricewar.base.errors import ConvergenceError, bad_input
from pricewar.demand.base import Floats

from .calibrate import Calibration, calibrate, calibrate_draws
from .change import Change
from .forms import forms_table, spread
from .formulas import Layout
from .measure import Point, measure
from .table import Market
from .tables import (
    INTERVALS,
    diversion_table,
    figures_table,
    firms_table,
    fit_table,
    full_diversion,
    notes,
    products_table,
)
from .thresholds import thresholds_table

LARGEST_TABLE: Final = 3000
"""Products up to which a table of product by product may be asked for."""


@dataclass(frozen=True, eq=False)
class Screen:
    """The answer, as tables; parts are fractions, money is that of the prices.

    Attributes:
        calibration: the market with numbers on it.
        change: what was done to it.
        products, firms: one row each.
        figures: figure, value, lo, hi.
        fit: known margins, observed and implied.
        diversion: firm by firm, and to the outside option.
        full_diversion: product by product, only if asked for.
        draws, lost: repetitions asked for, and those without an equilibrium.
        notes: what the reader must know.
        efficiency: part of the parties' costs that `upp` credits.
        thresholds: where a merger stands against guidelines; empty without one.
        forms: the same change under several forms of demand; empty where nothing changes.
    """

    calibration: Calibration
    change: Change
    products: pd.DataFrame
    firms: pd.DataFrame
    figures: pd.DataFrame
    fit: pd.DataFrame
    diversion: pd.DataFrame
    full_diversion: pd.DataFrame | None
    draws: int
    lost: int
    margin_sd: float
    notes: tuple[str, ...]
    efficiency: float
    thresholds: pd.DataFrame
    forms: pd.DataFrame

    @property
    def spread(self) -> str:
        """How far the answer hangs on the form of demand, in a sentence; empty where nothing was compared."""
        return spread(self.forms)

    def figure(self, name: str) -> float:
        """One of the figures."""
        return float(self.figures["value"].to_numpy()[self.figures["figure"].tolist().index(name)])

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables by name."""
        named = {name: getattr(self, name) for name in ("figures", "products", "firms", "fit", "diversion")}
        extra = {"thresholds": self.thresholds, "forms": self.forms}
        named |= {name: table for name, table in extra.items() if len(table)}
        return named if self.full_diversion is None else named | {"diversion_products": self.full_diversion}


@takes(
    market=Market,
    change=maybe(Change),
    nests=flag,
    rho=maybe(number),
    margin_sd=number,
    draws=whole,
    seed=at_least(0),
    efficiency=number,
    full=flag,
)
def screen(
    market: Market,
    change: Change | None = None,
    *,
    nests: bool = False,
    rho: float | None = None,
    margin_sd: float = 0.02,
    draws: int = 500,
    seed: int = 1,
    efficiency: float = 0.1,
    full: bool = False,
) -> Screen:
    """Screen a market.

    Args:
        market: from `read_market`.
        change: what is done to it; None for a look at the market as it is.
        nests, rho: see `calibrate`.
        margin_sd: standard deviation of the error in each known margin, as a part of price; normal, cut off
            at 0 and 1. 0 for no intervals.
        draws: repetitions of calibration and equilibrium with margins drawn anew.
        seed: of the draws.
        efficiency: part of the parties' costs that the merger is credited with in `upp`.
        full: make the tables of product by product, too.

    Raises:
        InputError: the market cannot be calibrated, or the change does not fit it.
        ConvergenceError: the changed market has no equilibrium within reach.
    """
    asked = Change() if change is None else change
    _check(market, asked, margin_sd, draws, efficiency, full)
    found = calibrate(market, nests, rho)
    merged = found.layout.owned_by(asked.owners(market))
    point = measure(found, asked, merged, efficiency)
    drawn = calibrate_draws(market, _margins(market, margin_sd, draws, seed), nests, rho)
    repeated = [other for one in drawn if (other := _again(one, asked, merged, efficiency)) is not None]
    lost = len(drawn) - len(repeated)
    products = products_table(found, asked, point, repeated, full)
    return Screen(
        calibration=found,
        change=asked,
        products=products,
        firms=firms_table(found, products),
        figures=figures_table(point, repeated),
        fit=fit_table(found),
        diversion=diversion_table(found, asked),
        full_diversion=full_diversion(found) if full else None,
        draws=len(drawn),
        lost=lost,
        margin_sd=margin_sd,
        notes=notes(found, drawn, margin_sd, lost),
        efficiency=efficiency,
        thresholds=thresholds_table(market, asked, *_concentration(point)),
        forms=forms_table(found, asked),
    )


def _concentration(point: Point) -> tuple[float, float]:
    return point.figures["hhi"], point.figures.get("hhi_change", 0.0)


def _check(market: Market, change: Change, sd: float, draws: int, efficiency: float, full: bool) -> None:
    change.check(market)
    wrong: list[tuple[str, object, str]] = []
    if not 0.0 <= sd < 1.0:
        wrong.append(("--margin-sd", sd, "0 or more, below 1"))
    if draws < 0:
        wrong.append(("--draws", draws, "0 or more"))
    if not 0.0 <= efficiency < 1.0:
        wrong.append(("--efficiency", efficiency, "0 or more, below 1"))
    if full and market.firms.size > LARGEST_TABLE:
        wrong.append(("--full", f"{market.firms.size} products", f"at most {LARGEST_TABLE}"))
    if wrong:
        raise bad_input(market.source, *wrong)


def _margins(market: Market, sd: float, draws: int, seed: int) -> Floats:
    """Known margins drawn anew (N, K): the parametric bootstrap. No row where there is no error."""
    known = market.margins[market.fitted]
    if sd == 0.0:
        return np.empty((0, known.size))
    luck = np.random.default_rng(seed).random((draws, known.size))
    return np.asarray(truncnorm.ppf(luck, -known / sd, (1.0 - known) / sd, loc=known, scale=sd))


def _again(found: Calibration, change: Change, merged: Layout, efficiency: float) -> Point | None:
    """The point of a draw, without the columns that get no interval; None if there is no equilibrium."""
    try:
        point = measure(found, change, merged, efficiency)
    except ConvergenceError:
        return None
    return Point({name: point.products[name] for name in INTERVALS if name in point.products}, point.figures)
