"""How well a calibration meets the market it was made from: units, prices and margins, observed and fitted.

Nothing here is true by construction alone: units are those that the market of the model sells before the
first month, and a fitted price is the best response that each firm's market research finds when the search
starts 5% above today's prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pricewar.base.records import Flags, Floats
from pricewar.base.shares import ratio
from pricewar.base.sums import times
from pricewar.scenario.tree import SEGMENTS, Scenario

from .buyers import choose, demand_of
from .model import PriceWar
from .research import Research

START = 1.05
"""Where the search for best responses starts, relative to observed prices."""


@dataclass(frozen=True)
class Fit:
    """The fit page of one scenario. Money in CNY; errors relative to what was observed."""

    scenario: str
    products: pd.DataFrame
    """A row per product on sale: firm, product, segment, units_observed, units_fitted, units_error,
    price_observed, price_fitted, price_error (incl. VAT), unit_cost, margin (ex VAT), elasticity,
    theta (growth motive, CNY a car)."""
    firms: pd.DataFrame
    """A row per firm: units, margin_observed, margin_fitted, margin_error, elasticity, theta."""
    segments: pd.DataFrame
    """A row per segment: products, units, elasticity."""
    market: Mapping[str, float]
    """own_elasticity (unit-weighted mean), aggregate_elasticity (of all units to all prices),
    price_sensitivity (alpha of a buyer of median income, per thousand CNY; NaN without rows), inside_share,
    largest_units_error, largest_price_error, largest_margin_error."""


def fit(scenario: Scenario) -> Fit:
    """Calibrate a scenario and compare the result with the data.

    Args:
        scenario: the market; its first month is what it is fitted to.

    Raises:
        InputError: demand of a kind that cannot be calibrated.
        ConvergenceError: no mean utilities reproduce the observed units.
    """
    model = PriceWar(scenario, collect=False)
    products = _products(model)
    firms = _firms(products, model)
    largest = {
        f"largest_{what}_error": float(table[f"{what}_error"].abs().max())
        for what, table in (("units", products), ("price", products), ("margin", firms))
    }
    return Fit(scenario.name, products, firms, _segments(products), _market(products, model) | largest)


def _products(model: PriceWar) -> pd.DataFrame:
    calibration, landscape = model.calibration, model.landscape
    units = model.chosen.share * model.setting.consumers.shoppers
    observed = np.array([model.setting.products[key].units for key in landscape.products])
    price = best_prices(model)
    net = landscape.start_price / (1.0 + model.setting.market.vat)
    frame = pd.DataFrame(
        {
            "firm": [landscape.firms[f] for f in landscape.firm_of],
            "product": list(landscape.products),
            "segment": [landscape.segments[s] for s in landscape.segment_of],
            "units_observed": observed,
            "units_fitted": units,
            "units_error": _relative(units, observed),
            "price_observed": landscape.start_price,
            "price_fitted": price,
            "price_error": _relative(price, landscape.start_price),
            "unit_cost": calibration.unit_cost,
            "margin": 1.0 - calibration.unit_cost / net,
            "elasticity": calibration.elasticity,
            "theta": calibration.growth,
        }
    )
    return frame[calibration.on_sale].reset_index(drop=True)


def best_prices(model: PriceWar) -> Floats:
    """(J,) best response of each firm to the others' start prices, CNY incl. VAT.

    For a model before its first step. The search starts away from observed prices. So it comes back to them
    only if they are an optimum, and not merely a point where the search stops.
    """
    calibration, landscape = model.calibration, model.landscape
    start = landscape.start_price * START
    found = model.found.but(price=np.where(calibration.on_sale, start, model.found.price))
    research = Research(calibration, found, choose(found, calibration), start, model.setting.market.vat)
    value = calibration.unit_cost - calibration.overhead - calibration.growth
    price = np.empty(len(start))
    for firm in range(len(landscape.firms)):
        own = landscape.own(firm)
        price[own] = research.respond(own, landscape.start_price, value[own])
    return price


def _firms(products: pd.DataFrame, model: PriceWar) -> pd.DataFrame:
    net = products["price_observed"] / (1.0 + model.setting.market.vat)
    books = products.assign(
        revenue=products["units_fitted"] * net,
        cost=products["units_fitted"] * products["unit_cost"],
        elastic=products["units_observed"] * products["elasticity"],
        motive=products["units_observed"] * products["theta"],
    )
    total = books.groupby("firm", sort=False).sum(numeric_only=True)
    observed = [model.setting.firms[str(firm)].gross_margin for firm in total.index]
    fitted = (1.0 - total["cost"] / total["revenue"]).to_numpy()
    return pd.DataFrame(
        {
            "firm": total.index,
            "units": total["units_observed"].to_numpy(),
            "margin_observed": observed,
            "margin_fitted": fitted,
            "margin_error": fitted - np.array(observed),
            "elasticity": (total["elastic"] / total["units_observed"]).to_numpy(),
            "theta": (total["motive"] / total["units_observed"]).to_numpy(),
        }
    )


def _segments(products: pd.DataFrame) -> pd.DataFrame:
    weighed = products.assign(elastic=products["units_observed"] * products["elasticity"])
    order = pd.CategoricalDtype(list(SEGMENTS), ordered=True)
    by_size = weighed.astype({"segment": order}).groupby("segment", observed=True)
    units = by_size["units_observed"].sum()
    frame = pd.DataFrame(
        {"products": by_size.size(), "units": units, "elasticity": by_size["elastic"].sum() / units}
    )
    return frame.reset_index().astype({"segment": str})


def _market(products: pd.DataFrame, model: PriceWar) -> dict[str, float]:
    calibration, on_sale = model.calibration, model.calibration.on_sale
    alpha = calibration.alpha
    return {
        "own_elasticity": float(np.average(products["elasticity"], weights=products["units_observed"])),
        "aggregate_elasticity": aggregate_elasticity(model, on_sale),
        "price_sensitivity": float(np.median(alpha) * 1000.0) if len(alpha) else float("nan"),
        "inside_share": float(model.chosen.share.sum()),
    }


def aggregate_elasticity(model: PriceWar, on_sale: Flags) -> float:
    """Relative change of all units sold when all prices rise by one per cent, over one per cent."""
    calibration, found = model.calibration, model.found
    matrix = demand_of(found, calibration).jacobian(found.price)
    sold = matrix[np.ix_(on_sale, on_sale)]
    return float(times(sold, found.price[on_sale]).sum() / model.chosen.share[on_sale].sum())


def _relative(fitted: Floats, observed: Floats) -> Floats:
    return ratio(fitted, observed) - 1.0
