"""What is allowed in a scenario but is probably a mistake: `pricewar check` says so, runs do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pricewar.base.paths import matches

from .columns import labels
from .levels import idle_level, levels
from .preferences import Hotelling, Linear, NestedLogit
from .units import money_fields

if TYPE_CHECKING:
    from .tree import Scenario

LONG_WAIT = 0.25
"""Share of the mean price above which a week's wait is out of scale (cars: 0.002)."""
THIN = 1e-3
"""Share of shoppers who stay outside below which mean utilities may not settle."""
STEEP = 100.0
"""Price sensitivity times the mean price, in utility, above which they may not settle (cars: about 5)."""

OF_BUYERS: Final = ("draws", "income_log_sd", "seed")
"""Fields of `consumers` that describe rows of buyers."""
ONE_BUYER: Final = (Linear, Hotelling)
"""Kinds of demand that are calibrated without looking at any rows."""


def hints(scenario: Scenario) -> Iterator[str]:
    """Lines on what is out of scale or without effect, each with its place."""
    yield from _amounts(scenario)
    yield from _without_effect(scenario)
    yield from _of_nobody(scenario)
    yield from unsettled(scenario)
    yield from _fixed_nowhere(scenario)


def _fixed_nowhere(scenario: Scenario) -> Iterator[str]:
    tree = scenario.model_dump() if scenario.fixed else {}
    for path in scenario.fixed:
        if not any(matches(tree, path)):
            yield f"fixed: {path} leads to no parameter, so it fixes nothing"


def mean_price(scenario: Scenario) -> float:
    """Mean price before the first month, weighted by units; plain if nothing is sold."""
    products = scenario.products.values()
    units = sum(product.units for product in products)
    if units <= 0:
        return sum(product.price for product in products) / len(scenario.products)
    return sum(product.price * product.units for product in products) / units


def unsettled(scenario: Scenario) -> Iterator[str]:
    """Why no mean utilities may be found that reproduce the units: each cause with its place."""
    sold, shoppers = sum(product.units for product in scenario.products.values()), scenario.consumers.shoppers
    if 1.0 - sold / shoppers < THIN:
        yield (
            f"consumers.shoppers: {shoppers:g} for {sold:g} units sold leave almost nobody outside the "
            "market: state more shoppers"
        )
    mean = mean_price(scenario)
    steep = (getattr(scenario.demand, "price_sensitivity", None) or 0.0) * mean
    if steep > STEEP:
        yield (
            f"demand.price_sensitivity: {steep:g} in utility at the mean price of {mean:g}; it is per unit "
            "of money: state a smaller one, or own_elasticity"
        )


def _amounts(scenario: Scenario) -> Iterator[str]:
    mean = mean_price(scenario)
    backlog = scenario.dynamics.backlog
    if backlog.on and backlog.wait_cost > LONG_WAIT * mean:
        ratio = backlog.wait_cost / mean
        yield (
            f"dynamics.backlog.wait_cost: {backlog.wait_cost:g} for a week's wait is {ratio:.2g} times the "
            f"mean price of {mean:g}"
        )
    highest = max(product.list_price for product in scenario.products.values())
    for part in ("events", "interventions"):
        for index, rule in enumerate(getattr(scenario, part)):
            for path, amount, _ in money_fields(rule, f"{part}.{index}"):
                description = type(rule).model_fields[path.split(".")[2]].description or ""
                if "money a unit" in description.lower() and abs(amount) > highest:
                    yield f"{path}: {amount:g} a unit is more than the highest list price of {highest:g}"


def _without_effect(scenario: Scenario) -> Iterator[str]:
    dynamics = scenario.dynamics
    if dynamics.dealer_stock.on and not dynamics.backlog.on:
        yield "dynamics.dealer_stock: works on the order book, so it does nothing while backlog is off"
    idle = [key for key, firm in scenario.firms.items() if firm.capacity is not None]
    if idle and not dynamics.backlog.on:
        yield (
            f"firms.{idle[0]}.capacity: works on the order book, so it does nothing while dynamics.backlog "
            "is off; longest_months = 0 there means that nobody waits, as for seats"
        )
    if isinstance(scenario.demand, NestedLogit):
        columns = [labels(name, scenario.products) or [] for name in levels(scenario.demand.nests)]
        if idle_level(columns):
            yield "demand.rho.0: each outer nest has one inner nest only, so the outer rho does nothing"
    for name, mechanism in dynamics:
        stated = sorted(mechanism.model_fields_set - {"on"})
        if stated and not mechanism.on and "on" not in mechanism.model_fields_set:
            yield f"dynamics.{name}: {', '.join(stated)} stated, but it is off: say on = true"


def _of_nobody(scenario: Scenario) -> Iterator[str]:
    """Rows of buyers that are described, beside a demand that has none; what stands at its default is not."""
    if type(scenario.demand).calibrated not in [kind.calibrated for kind in ONE_BUYER]:
        return
    for name in OF_BUYERS:
        value = getattr(scenario.consumers, name)
        if value != type(scenario.consumers).model_fields[name].default:
            yield (
                f"consumers.{name}: {value:g} has no effect: {scenario.demand.kind} has no rows of buyers "
                "that it could describe"
            )
