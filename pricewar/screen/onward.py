"""From a screen to a market that can be run: the same demand and costs, as a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pricewar.base.errors import bad_input
from pricewar.from_table import TableMarket, market_from

from .calibrate import Calibration


def market_of(found: Calibration, name: str | None = None, **told: Any) -> TableMarket:
    """The calibrated market of a screen, at rest, with the costs that the screen found.

    Args:
        found: the calibration; `Screen.calibration` of a screen.
        name: of the market; None: that of the table.
        told: what `pricewar.market_from` takes besides: period, start, currency, unit.

    Raises:
        InputError: a market that nobody can stay out of, an elasticity that no scenario may have, or costs at
            or below zero.
    """
    market = found.market
    if market.closed:
        allowed = "shares of all who might buy: a market that is run has people who buy nothing"
        raise bad_input(market.source, ("--no-outside", "a market that nobody can stay out of", allowed))
    own = np.diag(found.demand.elasticities(market.prices))
    table: dict[str, Any] = {
        "firm": np.asarray(market.firm_names)[market.firms],
        "product": market.products,
        "price": market.prices,
        "share": market.shares,
    }
    told = {"market_size": market.size, "currency": market.money or None, **told}
    if found.nested:
        table["nest"] = np.asarray(market.nest_names)[market.nests]
        told |= {"nests": "nest", "rho": found.rho}
    mean = float(np.average(own, weights=market.shares))
    return market_from(table, name=name or Path(market.source).stem, elasticity=mean, **told)
