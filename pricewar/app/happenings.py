"""What a hand can do to a running market: events and measures with a size, a unit and a firm where needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pricewar.scenario.files import Tree
from pricewar.scenario.tree import Scenario

LASTS = 6
"""Months for which a cut or a subsidy set by hand lasts."""


@dataclass(frozen=True)
class Happening:
    """One sort of event or measure, as a button."""

    label: str
    unit: str
    meaning: str
    low: int
    high: int
    usual: int
    firm: bool
    """Whether it happens to one firm."""
    words: str
    """What people read when it comes, with the places {firm} and {size}."""
    build: Callable[[str, str, str, int], Tree]
    """(first month, last month, firm, size) -> what it lays over a scenario."""
    public: bool = False
    """Whether it is announced before the month is decided; what is not comes as a surprise."""

    def overlay(self, scenario: Scenario, period: int, firm: str, size: int) -> Tree:
        """The tree for a happening in a period of a scenario."""
        last = max(period, min(period + LASTS, scenario.periods) - 1)
        tree = self.build(scenario.month(period), scenario.month(last), firm, size)
        label = self.told(scenario, firm, size)
        return {part: [{**one, "label": label} for one in rules] for part, rules in tree.items()}

    def told(self, scenario: Scenario, firm: str, size: float) -> str:
        """The happening in words."""
        name = scenario.firms[firm].name if firm in scenario.firms else ""
        return self.words.format(firm=name, size=f"{size:,.0f}")


def _event(**fields: object) -> Tree:
    return {"events": [fields]}


def _measure(**fields: object) -> Tree:
    return {"interventions": [fields]}


HAPPENINGS: dict[str, Happening] = {
    "cut": Happening(
        "Cut",
        "% of price",
        "The firm cuts all its prices for six months",
        1,
        50,
        20,
        True,
        "{firm} cuts all its prices by {size}%",
        lambda first, last, firm, size: _event(
            kind="Cut", month=first, until=last, firm=firm, depth=size / 100
        ),
    ),
    "crash": Happening(
        "Crash",
        "% of orders",
        "A crash and its headlines take orders away; the brand heals slowly",
        5,
        80,
        40,
        True,
        "A crash: {firm} loses {size}% of its orders",
        lambda first, last, firm, size: _event(kind="BrandShock", month=first, firm=firm, size=size / 100),
    ),
    "warning": Happening(
        "Warning",
        "% who listen",
        "A ministry speaks out against cuts; the words fade",
        5,
        100,
        60,
        False,
        "A ministry warns against price cuts",
        lambda first, last, firm, size: _measure(kind="PublicWarning", start=first, compliance=size / 100),
        public=True,
    ),
    "subsidy": Happening(
        "Subsidy",
        "CNY a car",
        "Trade-in money for every buyer, for six months",
        1000,
        20_000,
        10_000,
        False,
        "Trade-in money of {size} CNY a car for six months",
        lambda first, last, firm, size: _measure(
            kind="TradeInSubsidy", start=first, end=last, amount=float(size)
        ),
        public=True,
    ),
    "cost": Happening(
        "Cost shock",
        "% of unit cost",
        "Parts get dearer for everybody, for six months",
        1,
        40,
        10,
        False,
        "Parts make a car {size}% dearer for six months",
        lambda first, last, firm, size: _event(kind="CostShock", month=first, until=last, change=size / 100),
    ),
    "slump": Happening(
        "Slump",
        "% of shoppers",
        "Fewer people shop for a car, for six months",
        5,
        60,
        20,
        False,
        "{size}% fewer people shop for six months",
        lambda first, last, firm, size: _event(
            kind="DemandShock", month=first, until=last, factor=1 - size / 100
        ),
    ),
    "limit": Happening(
        "Cut limit",
        "% a month",
        "From now on no price may fall faster than this",
        1,
        30,
        5,
        False,
        "No price may fall by more than {size}% a month from now on",
        lambda first, last, firm, size: _measure(kind="MaximumMonthlyCut", start=first, cut=size / 100),
        public=True,
    ),
    "below_cost": Happening(
        "Below-cost ban",
        "% who obey",
        "From now on no price below the full cost of a car",
        5,
        100,
        80,
        False,
        "No price below the full cost of a car from now on",
        lambda first, last, firm, size: _measure(
            kind="BelowCostBan", start=first, line="full", compliance=size / 100
        ),
        public=True,
    ),
}
