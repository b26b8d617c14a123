"""Markets of the benchmarks, made from their facts: nothing in them but firms, products and demand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pricewar.scenario.tree import Scenario, scenario_from

STILL: Final = (
    "waiting", "reference_price", "brand", "loyalty", "pull_forward", "backlog", "dealer_stock", "learning",
    "battery",
)  # fmt: skip
"""Mechanisms that none of these markets has."""


def market(
    name: str,
    firms: Mapping[str, Mapping[str, Any]],
    demand: Mapping[str, Any],
    shoppers: float,
    periods: int,
    **parts: Any,
) -> Scenario:
    """A scenario of firms with one product each and unit costs that stand still.

    Args:
        name: of the scenario.
        firms: id -> strategy, price, units, unit_cost; what else there is goes to the product.
        demand: the `[demand]` table.
        shoppers: buyers a period, those who buy nothing included.
        periods: how many.
        parts: further tables of the scenario.
    """
    tree: dict[str, Any] = {
        "name": name,
        "start": "2000-01",  # periods are counted, not dated
        "periods": periods,
        "consumers": {"shoppers": shoppers, "draws": 50, "income_log_sd": 0.0},
        "demand": dict(demand),
        "dynamics": {mechanism: {"on": False} for mechanism in STILL},
        "supply_chain": {"squeeze": 0.0},
        "firms": {key: _firm(key, told) for key, told in firms.items()},
        "products": {f"{key}-product": _product(key, told) for key, told in firms.items()},
    }
    return scenario_from(tree | parts, source=f"benchmark {name}")


def _firm(key: str, told: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": key, "strategy": told["strategy"], "growth": 0.0, "payable_days": 0}


def _product(key: str, told: Mapping[str, Any]) -> dict[str, Any]:
    more = {name: value for name, value in told.items() if name not in ("strategy", "price")}
    return {"firm": key, "name": key, "list_price": told["price"], **more}
