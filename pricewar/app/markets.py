"""Markets for the game: equal textbook firms, or the makers of the China market."""

from __future__ import annotations

import math
from typing import Any

from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario, scenario_from

from .opened import own_markets, place_of

APPEAL, COST, SPREAD = 2.0, 100_000.0, 25_000.0
"""Textbook logit: quality in units of cost, unit cost in CNY, and how unlike the cars are in CNY
(a = 2, c = 1, mu = 0.25 of Calvano et al. 2020, AER 110, at 100,000 CNY a unit)."""
SHOPPERS = 100_000.0
START = 180_000.0
"""Start price: between one-shot Nash and joint profit, so that a cut tempts and peace pays."""
NAMES = (
    "Amber",
    "Birch",
    "Cedar",
    "Dune",
    "Ember",
    "Fjord",
    "Grove",
    "Harbor",
    "Iris",
    "Juniper",
    "Kestrel",
    "Lotus",
)
RULES: dict[str, dict[str, Any]] = {
    "match": {"kind": "Match", "follow_rate": 0.8, "ceiling": 0.3},
    "tit-for-tat": {"kind": "TitForTat", "threshold": 0.03, "depth": 0.1},
    "best-response": {"kind": "BestResponse", "growth_weight": 0.0},
    "hold": {"kind": "Hold"},
}
"""Rules that computer firms may follow."""
_OFF = (
    "waiting",
    "reference_price",
    "loyalty",
    "pull_forward",
    "backlog",
    "dealer_stock",
    "learning",
    "battery",
    "brand",
)


def textbook(firms: int, rounds: int, rule: str, seed: int) -> Scenario:
    """`firms` equal firms with one car each, plain logit, constant cost."""
    appeal = math.exp((APPEAL * COST - START) / SPREAD)
    units = SHOPPERS * appeal / (1 + firms * appeal)
    margin = units * (START - COST)
    keys = [name.lower() for name in NAMES[:firms]]
    tree: dict[str, Any] = {
        "name": "game",
        "title": f"A game of {firms} equal firms",
        "start": "2025-05",
        "periods": rounds,
        "seed": seed,
        "market": {"currency": "CNY", "unit": "cars", "vat": 0.0},
        "consumers": {"shoppers": SHOPPERS, "draws": 50, "income_log_sd": 0.0},
        "demand": {"kind": "Logit", "price_sensitivity": 1 / SPREAD},
        "supply_chain": {"squeeze": 0.0},
        "dynamics": {name: {"on": False} for name in _OFF},
        "firms": {
            key: {
                "name": name, "strategy": RULES[rule], "growth": 0.0, "payable_days": 0,
                "fixed_cost": 0.35 * margin, "cash": 4 * margin,
            }
            for key, name in zip(keys, NAMES, strict=False)
        },
        "products": {
            f"{key}-car": {
                "firm": key, "name": f"{name} car", "list_price": START, "units": units, "unit_cost": COST,
            }
            for key, name in zip(keys, NAMES, strict=False)
        },
    }  # fmt: skip
    return scenario_from(tree, "textbook game")


def china(firms: int, rounds: int, rule: str, seed: int) -> Scenario:
    """The China market of April 2025; the `firms` biggest makers may be played, the rest keep their rules."""
    base = load("baseline")
    events = [e.model_dump() for e in base.events if e.begins(base.clock) < rounds]
    return base.but(
        {
            "name": "game",
            "title": "A game in the China market of April 2025",
            "dynamics.loyalty.on": False,  # so that one owner of all firms is well defined: see `benchmarks`
            "noise.view_sd": 0.0,
            "noise.firm_sd": {},
            "campaigns.on": False,  # prices are those that players set, and nothing is laid on them
            "periods": rounds,
            "seed": seed,
            "events": events,
        }
    )


def own(name: str, rounds: int, seed: int) -> Scenario:
    """A market of the user's own; firms that nobody plays keep their rules."""
    base = load(place_of(name))
    events = [event.model_dump() for event in base.events if event.begins(base.clock) < rounds]
    changes = {"noise.view_sd": 0.0, "campaigns.on": False, "dynamics.loyalty.on": False}
    return base.but({"name": "game", "periods": rounds, "seed": seed, "events": events, **changes})


def game_markets() -> tuple[str, ...]:
    """Markets that a game may be played in."""
    return ("textbook", "china", *own_markets())


def make_market(name: str, firms: int, rounds: int, rule: str, seed: int) -> Scenario:
    """The scenario of a game before anybody has decided anything."""
    if name in own_markets():
        return own(name, rounds, seed)
    return (textbook if name == "textbook" else china)(firms, rounds, rule, seed)


def playable(scenario: Scenario, firms: int) -> tuple[str, ...]:
    """Firms that may be played: the biggest at the start, without collections such as "others"."""
    units = dict.fromkeys(scenario.firms, 0.0)
    for product in scenario.products.values():
        units[product.firm] += product.units
    ranked = sorted((key for key in units if key != "others"), key=lambda key: -units[key])
    return tuple(ranked[:firms])
