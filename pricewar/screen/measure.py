"""One calibrated market before and after a change: columns (J,) by product, and single figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewar.demand import MixedLogit
from pricewar.demand.base import Floats
from pricewar.equilibrium import Equilibrium, hhi, hhi_change, pass_through, solve

from . import formulas
from .calibrate import Calibration
from .change import Change
from .formulas import Layout

SMALL = 500
"""Products up to which the table of pass-through, product by product, is solved unasked."""
_STEP = 1e-3


@dataclass(frozen=True, eq=False)
class Point:
    """What one set of margins says."""

    products: dict[str, Floats]
    figures: dict[str, float]


def measure(found: Calibration, change: Change, merged: Layout, efficiency: float) -> Point:
    """All that is repeated for each draw of the margins.

    Args:
        found: the market with numbers on it.
        change: what is done to it.
        merged: its layout with the owners after the change.
        efficiency: part of the parties' costs credited to a merger.

    Raises:
        ConvergenceError: the changed market has no equilibrium within reach.
    """
    products, figures = _base(found)
    if change.merge:
        products |= _pressure(found, merged, efficiency)
        figures["hhi_change"] = hhi_change(found.market.shares, found.market.firms, merged.firms)
    if not change.empty:
        changed, welfare = _changed(found, change, change.apply(found))
        products, figures = products | changed, figures | welfare
    return Point(products, figures)


def _base(found: Calibration) -> tuple[dict[str, Floats], dict[str, float]]:
    market, layout = found.market, found.layout
    elasticity = -found.alpha * market.prices * formulas.steepness(layout, found.rho)
    products = {
        "margin_implied": found.implied,
        "cost": found.costs,
        "own_elasticity": elasticity,
        "diversion_own_firm": formulas.own_firm_diversion(layout, found.rho),
        "diversion_outside": formulas.outside_diversion(layout, found.rho),
    }
    figures = {
        "alpha": found.alpha,
        "rho": found.rho,
        "margin_rmse": found.rmse,
        "market_elasticity": formulas.market_elasticity(layout, market.prices, found.alpha),
        "mean_own_elasticity": float(np.average(elasticity, weights=market.shares)),
        "hhi": hhi(market.shares, market.firms),
    }
    return products, figures


def _pressure(found: Calibration, merged: Layout, efficiency: float) -> dict[str, Floats]:
    """Pricing pressure of a merger at today's prices; zero for those who do not merge."""
    layout, prices = found.layout, found.market.prices
    gross = formulas.gross_pressure(layout, merged, found.margins, found.rho)
    partner = formulas.own_firm_diversion(merged, found.rho) - formulas.own_firm_diversion(layout, found.rho)
    party = merged.by_firm(layout.shares) != layout.by_firm(layout.shares)
    markups = formulas.markup_factors(merged, found.rho) / found.alpha
    rise = np.where(party, markups - found.margins, 0.0)
    cmcr = np.full(rise.size, np.nan)
    np.divide(rise, found.costs, out=cmcr, where=found.costs > 0)
    return {
        "diversion_partner": np.where(party, partner, 0.0),
        "upp_gross": gross,
        "upp": gross - np.where(party, efficiency * found.costs, 0.0),
        "guppi": gross / prices,
        "cmcr": cmcr,
        "compensating_cost": found.costs - rise,
    }


def _changed(
    found: Calibration, change: Change, after: Equilibrium
) -> tuple[dict[str, Floats], dict[str, float]]:
    """Prices, shares, profits and welfare after the change."""
    market, costs = found.market, change.costs(found)
    kept = after.prices / (1.0 + change.tax) - change.unit_tax
    before, profit = found.margins * market.shares, (kept - costs) * after.shares
    products = {
        "price_after": after.prices,
        "price_change": after.prices / market.prices - 1.0,
        "share_after": after.shares,
        "margin_after": (kept - costs) / after.prices,
        "profit": before,
        "profit_after": profit,
    }
    harm = _harm(found, after)
    tax = float(((after.prices - kept) * after.shares).sum())
    gain = float(profit.sum() - before.sum())
    figures = {
        "hhi_after": hhi(after.shares, change.owners(market)),
        "mean_price_change": float(np.average(products["price_change"], weights=market.shares)),
        "inside_share_change": 0.0 if market.closed else float(after.shares.sum() - market.shares.sum()),
        "consumer_harm_per_head": harm,
        "profit_change_per_head": gain,
        "tax_revenue_per_head": tax,
        "welfare_change_per_head": gain + tax - harm,
    }
    if market.size is not None:
        names = ("consumer_harm", "profit_change", "tax_revenue", "welfare_change")
        figures |= {name: figures[f"{name}_per_head"] * market.size for name in names}
    return products, figures


def _harm(found: Calibration, after: Equilibrium) -> float:
    """Compensating variation per head: what the change of the log-sum is worth (Small and Rosen 1981)."""
    market = found.market
    if market.closed:  # the share that buys nothing, whose logarithm it is otherwise, is zero
        demand = after.game.demand
        assert isinstance(demand, MixedLogit)  # `Calibration.lifted`: better by one amount everywhere
        lift = float(demand.delta[0] - found.demand.delta[0]) / found.alpha
        return found.demand.consumer_surplus(market.prices) + lift - demand.consumer_surplus(after.prices)
    return float(np.log((1.0 - after.shares.sum()) / market.outside) / found.alpha)


def responses(found: Calibration, full: bool = False) -> dict[str, Floats]:
    """Pass-through at today's prices (J,): of the own cost, and of one unit on everybody's cost.

    The first needs a table of product by product; it is left out above `SMALL` products unless asked for.
    """
    market = found.market
    if market.firms.size <= SMALL or full:
        table = pass_through(solve(found.demand, found.costs, market.firms, start=market.prices, check=False))
        return {"pass_through_own": np.diag(table).copy(), "pass_through_all": table.sum(axis=1)}
    step = _STEP * float(market.prices.mean())
    up, down = (
        solve(
            found.demand,
            found.costs + sign * step,
            market.firms,
            start=market.prices + sign * step,
            check=False,
        )
        .require_converged()
        .prices
        for sign in (1.0, -1.0)
    )
    return {"pass_through_all": (up - down) / (2.0 * step)}
