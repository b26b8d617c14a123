"""Markets for the game: equal textbook firms, or the makers of the China market."""

from __future__ import annotations

import io
import math
from typing import Any, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from pricewar.base.errors import bad_input
from pricewar.from_table import market_from
from pricewar.lab.benchmarks import LogitMarket
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario, scenario_from

from .opened import known_markets, place_of
from .robots import Campaigner, trained
from .settings import Frozen

APPEAL, COST, SPREAD = 2.0, 100_000.0, 25_000.0
"""Textbook logit: quality in units of cost, unit cost in CNY, and how unlike the cars are in CNY
(a = 2, c = 1, mu = 0.25 of Calvano et al. 2020, AER 110, at 100,000 CNY a unit)."""
SHOPPERS = 100_000.0
START = 180_000.0
"""Start price: between one-shot Nash and joint profit, so that a cut tempts and peace pays."""
_BETWEEN = 0.7
"""Where the start price lies between one-shot Nash and joint profit in a textbook market of other numbers."""


class Textbook(Frozen):
    """The numbers of a textbook market; those that are not given are the usual ones."""

    cost: float = Field(COST, ge=1, le=1e7, description="unit cost, money")
    cost_gap: float = Field(
        0.0, ge=0, le=0.5, description="costs reach from this part below the unit cost to as much above it"
    )
    spread: float = Field(
        SPREAD, gt=0, le=1e7, description="how unlike the products are: mu of the logit, money"
    )
    worth: float = Field(
        APPEAL * COST, gt=0, le=1e8, description="what a product is worth to a usual buyer, money"
    )
    shoppers: float = Field(SHOPPERS, ge=100, le=1e7, description="people who consider buying in a month")
    start: float | None = Field(
        None,
        gt=0,
        le=1e8,
        description="start price, money; None: 180,000 with the usual numbers, else 7/10 of the way from the "
        "one-shot Nash price to that of joint profit",
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not self.cost / 50 <= self.spread <= 2 * self.cost:
            raise ValueError("spread: from a fiftieth of the unit cost to twice that")
        if not self.cost < self.worth <= 10 * self.cost:
            raise ValueError("worth: above the unit cost, at most ten times that")
        if self.start is not None and not self.cost * (1 + self.cost_gap) < self.start <= 2 * self.worth:
            raise ValueError("start: above every firm's cost, at most twice what a product is worth")
        return self

    def costs(self, firms: int) -> tuple[float, ...]:
        """(firms,) unit costs, evenly spaced over the gap, the lowest first."""
        places = np.linspace(-self.cost_gap, self.cost_gap, firms)
        return tuple(float(self.cost * (1.0 + place)) for place in places)

    def start_price(self, firms: int) -> float:
        """Price at the start, the same for all firms."""
        if self.start is not None:
            return self.start
        if self == Textbook():
            return START
        market = LogitMarket((self.worth,) * firms, self.costs(firms), self.spread)
        nash, joint = float(market.nash().mean()), float(market.monopoly().mean())
        return max(float(round(nash + _BETWEEN * (joint - nash))), 1.02 * max(self.costs(firms)))


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
    "campaign": Campaigner().model_dump(),
}
"""Rules that computer firms may follow, besides those of learners, which are made for their market."""
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


def textbook(firms: int, rounds: int, rule: str, seed: int, numbers: Textbook | None = None) -> Scenario:
    """`firms` firms with one car each, plain logit, constant cost; equal unless `numbers` set them apart."""
    shape = numbers or Textbook()
    start, costs = shape.start_price(firms), shape.costs(firms)
    appeal = math.exp((shape.worth - start) / shape.spread)
    units = shape.shoppers * appeal / (1 + firms * appeal)
    keys = [name.lower() for name in NAMES[:firms]]
    learned = rule == "q-learner"
    rules = trained(costs, shape.worth, shape.spread, seed) if learned else (RULES[rule],) * firms
    seats = list(zip(keys, NAMES, costs, rules, strict=False))
    tree: dict[str, Any] = {
        "name": "game",
        "title": f"A game of {firms} {'equal ' if shape.cost_gap == 0 else ''}firms",
        "start": "2025-05",
        "periods": rounds,
        "seed": seed,
        "market": {"currency": "CNY", "unit": "cars", "vat": 0.0},
        "consumers": {"shoppers": shape.shoppers, "draws": 50, "income_log_sd": 0.0},
        "demand": {"kind": "Logit", "price_sensitivity": 1 / shape.spread},
        "supply_chain": {"squeeze": 0.0},
        "dynamics": {name: {"on": False} for name in _OFF},
        "firms": {
            key: {
                "name": name, "strategy": own, "growth": 0.0, "payable_days": 0,
                "fixed_cost": 0.35 * (units * (start - cost)), "cash": 4 * (units * (start - cost)),
            }
            for key, name, cost, own in seats
        },
        "products": {
            f"{key}-car": {
                "firm": key, "name": f"{name} car", "list_price": start, "units": units, "unit_cost": cost,
            }
            for key, name, cost, _ in seats
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


def own(base: Scenario, rounds: int, seed: int) -> Scenario:
    """Any scenario as a market to play in; firms that nobody plays keep their rules."""
    events = [event.model_dump() for event in base.events if event.begins(base.clock) < rounds]
    measures = [one.model_dump() for one in base.interventions if (one.begins(base.clock) or 0) < rounds]
    changes: dict[str, Any] = {
        "noise.view_sd": 0.0, "campaigns.on": False, "dynamics.loyalty.on": False,
    }  # fmt: skip
    changes |= {"events": events, "interventions": measures, "periods": rounds, "seed": seed}
    return base.but({"name": "game", **changes})


def from_text(table: str) -> Scenario:
    """The market of a table of products, as text with a line of names: firm, product, price, quantity, cost.

    Raises:
        InputError: every problem of the table.
    """
    try:
        frame = pd.read_csv(io.StringIO(table), sep=None, engine="python", dtype=str, keep_default_na=False)
    except (ValueError, pd.errors.ParserError) as error:
        allowed = "lines of equal length with commas, semicolons or tabs, names above them"
        raise bad_input("table", ("text", str(error)[:80], allowed)) from error
    return market_from(frame, name="game").scenario


def game_markets() -> tuple[str, ...]:
    """Markets that a game may be played in."""
    return ("textbook", "china", "table", *known_markets())


def make_market(
    name: str, firms: int, rounds: int, rule: str, seed: int, numbers: Textbook | None = None, table: str = ""
) -> Scenario:
    """The scenario of a game before anybody has decided anything."""
    if name == "textbook":
        return textbook(firms, rounds, rule, seed, numbers)
    if name == "china":
        return china(firms, rounds, rule, seed)
    return own(from_text(table) if name == "table" else load(place_of(name)), rounds, seed)


def playable(scenario: Scenario, firms: int) -> tuple[str, ...]:
    """Firms that may be played: the biggest at the start, without collections such as "others"."""
    units = dict.fromkeys(scenario.firms, 0.0)
    for product in scenario.products.values():
        units[product.firm] += product.units
    ranked = sorted((key for key in units if key != "others"), key=lambda key: -units[key])
    return tuple(ranked[:firms])
