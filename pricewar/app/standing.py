"""Where each lever stands in a scenario as shipped; which of them can move nothing there, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from pricewar.events.cuts import ImposedCut
from pricewar.market.model import PriceWar
from pricewar.scenario.tree import Scenario
from pricewar.strategies import Strategy
from pricewar.strategies.respond import Match

from .levers import BY_KEY, LEVERS

NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "cut_breadth": ("cut_depth",),
    "cut_length": ("cut_depth",),
    "cut_start": ("cut_depth", "warning", "monthly_cut", "below_cost", "payment_days"),
}
"""Levers that shape what another one sets in motion: they move nothing while all of these stand at rest."""


@dataclass(frozen=True)
class Standing:
    """One lever in one scenario."""

    shipped: str = ""
    """The scenario's own value in the lever's unit, as people read it; "" where it has none."""
    note: str = ""
    """What one should know before one moves it."""
    dead: str = ""
    """Why it moves nothing in this scenario; "" if it does."""


def standings(scenario: Scenario, leader: str) -> dict[str, Standing]:
    """Lever key -> where it stands.

    Args:
        scenario: as shipped.
        leader: id of the firm that cuts.
    """
    return {lever.key: _LOOK.get(lever.key, _plain)(scenario, leader) for lever in LEVERS}


def _plain(scenario: Scenario, leader: str) -> Standing:
    return Standing()


def _depth(scenario: Scenario, leader: str) -> Standing:
    own = [event for event in scenario.events if isinstance(event, ImposedCut) and event.firm == leader]
    if not own:
        return Standing()
    landscape = PriceWar(scenario, collect=False).landscape
    deepest = max(float((cut.effective(landscape) / landscape.start_price).max()) for cut in own)
    shipped = f"up to {100 * deepest:.0f}"
    return Standing(shipped, f"The scenario's own cut of {shipped}% stands: a shallower one adds nothing.")


def _breadth(scenario: Scenario, leader: str) -> Standing:
    if sum(product.firm == leader for product in scenario.products.values()) == 1:
        text = f"The leader sells one {scenario.words.unit}: there is no part of its line-up to cut."
        return Standing(dead=text)
    return Standing()


def _matches(rule: Strategy) -> Iterator[Match]:
    """Every Match in a rule and in the rules inside it."""
    if isinstance(rule, Match):
        yield rule
    for _, part in rule:
        if isinstance(part, Strategy):
            yield from _matches(part)


def _follow(field: str) -> Callable[[Scenario, str], Standing]:
    def look(scenario: Scenario, leader: str) -> Standing:
        found = [
            100 * float(getattr(match, field))
            for key, firm in scenario.firms.items()
            if key != leader
            for match in _matches(firm.strategy)
        ]
        if not found:
            return Standing(dead="No rival here follows by a rate: their rules answer in other ways.")
        return Standing(_range(found), CAMPAIGNS if scenario.campaigns.on else "")

    return look


CAMPAIGNS: Final = (
    "Here firms start and answer cuts by campaigns of their own; once this is moved, they answer by it alone"
)


def _range(values: list[float]) -> str:
    low, high = f"{min(values):g}", f"{max(values):g}"
    return low if low == high else f"{low} to {high}"


def _elasticity(scenario: Scenario, leader: str) -> Standing:
    demand = scenario.demand
    if getattr(demand, "price_sensitivity", None) is not None:
        return Standing(dead="This scenario fixes the price sensitivity itself, and the elasticity follows.")
    return Standing(f"{demand.own_elasticity:.3g}" if hasattr(demand, "own_elasticity") else "")


def _waiting(scenario: Scenario, leader: str) -> Standing:
    waiting = scenario.dynamics.waiting
    return Standing(f"{100 * waiting.share:g}" if waiting.on else "0")


def _cash(scenario: Scenario, leader: str) -> Standing:
    if not any(firm.cash for key, firm in scenario.firms.items() if key != leader):
        return Standing(dead="The firms of this scenario have no cash in their books.")
    return Standing("100")


def _days(scenario: Scenario, leader: str) -> Standing:
    days = np.array([firm.payable_days for firm in scenario.firms.values()])
    if days.max() <= BY_KEY["payment_days"].low:
        return Standing(dead=f"All suppliers are paid within {BY_KEY['payment_days'].low:g} days already.")
    return Standing(f"{days.min():.0f} to {days.max():.0f}")


_LOOK: Final[Mapping[str, Callable[[Scenario, str], Standing]]] = {
    "cut_depth": _depth,
    "cut_breadth": _breadth,
    "follow_rate": _follow("follow_rate"),
    "follow_limit": _follow("ceiling"),
    "elasticity": _elasticity,
    "waiting": _waiting,
    "cash": _cash,
    "payment_days": _days,
}
