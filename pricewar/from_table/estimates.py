"""A market that was estimated with pyblp, as the table and the words that `market_from` reads."""

from __future__ import annotations

from typing import Any

import numpy as np

from pricewar.base.errors import bad_input
from pricewar.demand.pyblp_bridge import PyblpMarket


def told_by(market: PyblpMarket) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns of the table, and what goes beside them.

    Args:
        market: from `pricewar.demand.market_from_pyblp`. Its demand is a plain logit, or a nested one
            with one correlation for all nests.

    Raises:
        InputError: owners or prices that a table cannot express, or buyers who differ.
    """
    _refuse(market)
    demand = market.demand
    own = np.diag(demand.elasticities(market.prices))
    table: dict[str, Any] = {
        "firm": [f"firm {name}" for name in np.asarray(market.firm_ids).tolist()],
        "product": [f"product {j + 1}" for j in range(len(market.prices))],
        "price": market.prices,
        "share": market.shares,
    }
    if market.costs is not None:
        table["cost"] = market.costs
    beside: dict[str, Any] = {"elasticity": float(np.average(own, weights=market.shares))}
    if demand.nests is not None:
        table["nest"] = [f"nest {name}" for name in np.asarray(demand.nests).tolist()]
        beside |= {"nests": "nest", "rho": float(np.ravel(demand.rho)[0])}
    return table, beside


def _refuse(market: PyblpMarket) -> None:
    demand = market.demand
    alike = np.ptp(demand.alpha) == 0.0 and not np.ptp(np.asarray(demand.tastes), axis=0).any()
    rho = np.ravel(demand.rho)
    wrong: list[tuple[str, object, str]] = []
    if not alike:
        allowed = "a plain or nested logit; for random coefficients see docs/how-to/from-pyblp-to-a-war.md"
        wrong.append(("demand", f"{demand.rows} types of buyers who differ", allowed))
    if demand.nests is not None and np.ptp(rho) > 0.0:
        wrong.append(("rho", rho.tolist(), "one correlation for all nests"))
    if market.firm_ids is None or market.ownership is not None:
        wrong.append(("firm_ids", "an ownership matrix", "one owner for each product"))
    if wrong:
        raise bad_input("market_from", *wrong)
