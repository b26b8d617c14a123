"""Elasticity and costs of a market, from what the table knows of them.

Of all elasticities the one is taken whose Bertrand margins, by the demand's own first-order conditions with
the owners of the table, are nearest to the known ones: least squares over the products, in parts of the
price, as Taragin and Sandfort's R package antitrust does for the logit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from pricewar.base.arrays import Floats
from pricewar.base.errors import InputError, Problem
from pricewar.equilibrium.motives import bertrand_margins
from pricewar.market.calibrate import calibrate
from pricewar.scenario.tree import Scenario

from .goods import Goods
from .wishes import ELASTICITY, HIGHEST, LOWEST

STEP = 1e-3
"""Step of the differences in log elasticity; a calibration meets its elasticity to 1e-8."""
EDGE = 1e-4
"""How near to an end of its range an elasticity is at the end, in logs."""
LARGE = 0.06
"""Growth motive, as part of the price, above which a warning says that costs and demand disagree."""


@dataclass(frozen=True, eq=False)
class Fit:
    """What is known of elasticity and costs after the fit.

    Attributes:
        elasticity: unit-weighted mean own-price elasticity.
        source: "given", "fitted" or "assumed".
        margins: (J,) Bertrand margins in money.
        costs: (J,) those of the table, and elsewhere price less margin.
        misfit: a row per firm with known costs: margin_given, margin_implied, difference (unit-weighted, as
            parts of the price), growth_motive (as part of the price); empty where no cost is known.
        notes: sentences on what does not fit.
    """

    elasticity: float
    source: str
    margins: Floats
    costs: Floats
    misfit: pd.DataFrame
    notes: tuple[str, ...]


def fit(goods: Goods, scenario: Scenario, elasticity: float | None) -> Fit:
    """Find the elasticity, unless it is given, and the costs that are not.

    Args:
        goods: the table.
        scenario: the market, with any elasticity and costs.
        elasticity: as given; None: fitted to the known costs, or assumed where there are none.

    Raises:
        InputError: costs at or below zero follow for a product.
        ConvergenceError: the demand cannot be calibrated to this market.
    """
    known = np.isfinite(goods.costs)
    source = "given"
    notes: list[str] = []
    if elasticity is None:
        source = "fitted" if known.any() else "assumed"
        elasticity = _fitted(goods, scenario, known, notes) if known.any() else ELASTICITY
    margins = implied(goods, scenario, elasticity)
    costs = np.where(known, goods.costs, goods.prices - margins)
    _require_positive(goods, costs, elasticity)
    motive = (costs - goods.prices + margins) / goods.prices
    notes += _large(goods, motive)
    return Fit(elasticity, source, margins, costs, _misfit(goods, margins, motive, known), tuple(notes))


def implied(goods: Goods, scenario: Scenario, elasticity: float) -> Floats:
    """(J,) margins in money at which each firm's prices are its best answer, in the order of the table."""
    calibration = calibrate(scenario.but({"demand.own_elasticity": elasticity}))
    land = calibration.landscape
    margins = bertrand_margins(calibration.demand, land.start_price, land.firm_of, scenario.market.vat)
    return margins[[land.products.index(key) for key in goods.product_ids]]


def _fitted(goods: Goods, scenario: Scenario, known: Floats, notes: list[str]) -> float:
    observed = (1.0 - goods.costs / goods.prices)[known]

    def gap(log_size: Floats) -> Floats:
        margins = implied(goods, scenario, -float(np.exp(log_size[0])))
        return np.asarray((margins / goods.prices)[known] - observed)

    ends = np.log([-HIGHEST * (1.0 + 1e-9), -LOWEST])
    found = least_squares(
        gap, [np.log(-ELASTICITY)], bounds=([ends[0]], [ends[1]]), jac="3-point", diff_step=STEP,
        xtol=1e-14, ftol=1e-14, gtol=1e-14,
    )  # fmt: skip
    if min(found.x[0] - ends[0], ends[1] - found.x[0]) < EDGE:
        notes.append(
            "The elasticity was driven to the end of its range: these costs do not fit this demand. State "
            "--elasticity, or look at the units of price and cost."
        )
    if known.sum() == 1:
        notes.append("One known cost fits exactly whatever is true: the fit tests nothing.")
    return -float(np.exp(found.x[0]))


def _require_positive(goods: Goods, costs: Floats, elasticity: float) -> None:
    wrong = [
        Problem(
            goods.place(int(j), "price"),
            f"{goods.prices[j]:g}, for which a cost of {costs[j]:.3g} follows from an elasticity of "
            f"{elasticity:.3g} and the firm's share",
            "costs above zero: state a cost, or an elasticity further from 0 (--elasticity)",
        )
        for j in np.flatnonzero(costs <= 0)
    ]
    if wrong:
        raise InputError(goods.source, tuple(wrong[:20]))


def _large(goods: Goods, motive: Floats) -> list[str]:
    place = [j for j in np.argsort(-np.abs(motive), kind="stable") if abs(motive[j]) > LARGE]
    if not place:
        return []
    named = ", ".join(f"{goods.products[j]} (row {goods.rows[j]}) {motive[j]:+.1%}" for j in place[:6])
    more = f" and {len(place) - 6} more" if len(place) > 6 else ""
    return [
        f"Costs and demand disagree by more than {LARGE:.0%} of the price for {named}{more}. The growth "
        "motive takes the rest; above 0, the price is lower than is best for profit alone. Look at these "
        "costs, at the elasticity and at the outside share."
    ]


def _misfit(goods: Goods, margins: Floats, motive: Floats, known: Floats) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "firm": goods.firms,
            "margin_given": goods.units * (1.0 - goods.costs / goods.prices),
            "margin_implied": goods.units * margins / goods.prices,
            "growth_motive": goods.units * motive,
            "units": goods.units,
        }
    )[known]
    total = frame.groupby("firm", sort=False).sum()
    means = total.div(total.pop("units"), axis=0).reset_index()
    means.insert(3, "difference", means["margin_implied"] - means["margin_given"])
    return means
