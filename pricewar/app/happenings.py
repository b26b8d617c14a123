"""What a hand can do to a running market: events and measures with a size, a unit and a firm where needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from pricewar.base.clock import Clock
from pricewar.base.words import PLAIN, Words
from pricewar.scenario.files import Tree
from pricewar.scenario.tree import Scenario

LASTS = 6
"""Periods for which a cut or a subsidy set by hand lasts."""
OF_MONEY: Final = 1e5
"""Sizes in money are for prices of a hundred thousand, and follow a market's prices by powers of ten."""


@dataclass(frozen=True)
class Happening:
    """One sort of event or measure, as a button. Its texts have the market's words in braces."""

    label: str
    unit: str
    meaning: str
    low: float
    high: float
    usual: float
    firm: bool
    """Whether it happens to one firm."""
    words: str
    """What people read when it comes, with the places {firm} and {size} beside the market's words."""
    build: Callable[[str, str, str, float], Tree]
    """(first month, last month, firm, size) -> what it lays over a scenario."""
    public: bool = False
    """Whether it is announced before the month is decided; what is not comes as a surprise."""
    money: bool = False
    """Whether the size is an amount of money."""
    a_period: bool = False
    """Whether the size is a part of a price a period, which rules state a month."""

    def within(self, words: Words) -> Happening:
        """The button of a market: sizes fit its prices, and the texts around the button are in its words."""
        scale = words.usual / OF_MONEY if self.money else 1.0
        return replace(
            self,
            unit=words.spoken(self.unit),
            meaning=words.spoken(self.meaning),
            low=round(self.low * scale, 6),
            high=round(self.high * scale, 6),
            usual=round(self.usual * scale, 6),
        )

    def overlay(self, scenario: Scenario, period: int, firm: str, size: float) -> Tree:
        """The tree for a happening in a period of a scenario."""
        last = max(period, min(period + LASTS, scenario.periods) - 1)
        stated = 100.0 * a_month(size / 100.0, scenario.clock) if self.a_period else size
        tree = self.build(scenario.month(period), scenario.month(last), firm, stated)
        label = self.told(scenario, firm, size)
        return {part: [{**one, "label": label} for one in rules] for part, rules in tree.items()}

    def told(self, scenario: Scenario, firm: str, size: float) -> str:
        """The happening in words."""
        name = scenario.firms[firm].name if firm in scenario.firms else ""
        words = scenario.words
        amount = words.prices(size) if self.money else f"{size:,.10g}"
        return words.spoken(self.words, firm=name, size=amount)

    def as_tree(self) -> dict[str, Any]:
        """The button as plain values, for a page in a browser."""
        hidden = ("build", "words", "a_period")
        return {name: value for name, value in asdict(self).items() if name not in hidden}


def buttons(words: Words) -> list[dict[str, Any]]:
    """All happenings of a market in its words, as plain values."""
    return [{"sort": sort, **one.within(words).as_tree()} for sort, one in HAPPENINGS.items()]


def a_month(part: float, clock: Clock) -> float:
    """The part of a price that may go within a month, where a given part may go each period."""
    if clock.unit == "month":
        return part
    return float(1.0 - (1.0 - part) ** (1.0 / clock.months_a_period))


def _event(**fields: object) -> Tree:
    return {"events": [fields]}


def _measure(**fields: object) -> Tree:
    return {"interventions": [fields]}


HAPPENINGS: dict[str, Happening] = {
    "cut": Happening(
        "Cut",
        "% of price",
        "The firm cuts all its prices for six {period}s",
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
        "{money} {a_unit}",
        "Trade-in money for every buyer, for six {period}s",
        1000,
        20_000,
        10_000,
        False,
        "Trade-in money of {size} {a_unit} for six {period}s",
        lambda first, last, firm, size: _measure(
            kind="TradeInSubsidy", start=first, end=last, amount=float(size)
        ),
        public=True,
        money=True,
    ),
    "cost": Happening(
        "Cost shock",
        "% of unit cost",
        "Everybody's unit cost rises, for six {period}s",
        1,
        40,
        10,
        False,
        "{A_unit} costs {size}% more to make for six {period}s",
        lambda first, last, firm, size: _event(kind="CostShock", month=first, until=last, change=size / 100),
    ),
    "slump": Happening(
        "Slump",
        "% of shoppers",
        "Fewer people think of buying, for six {period}s",
        5,
        60,
        20,
        False,
        "{size}% fewer people shop for six {period}s",
        lambda first, last, firm, size: _event(
            kind="DemandShock", month=first, until=last, factor=1 - size / 100
        ),
    ),
    "limit": Happening(
        "Cut limit",
        "% a {period}",
        "From now on no price may fall faster than this",
        1,
        30,
        5,
        False,
        "No price may fall by more than {size}% a {period} from now on",
        lambda first, last, firm, size: _measure(kind="MaximumMonthlyCut", start=first, cut=size / 100),
        public=True,
        a_period=True,
    ),
    "below_cost": Happening(
        "Below-cost ban",
        "% who obey",
        "From now on no price below the full cost of {a_unit}",
        5,
        100,
        80,
        False,
        "No price below the full cost of {a_unit} from now on",
        lambda first, last, firm, size: _measure(
            kind="BelowCostBan", start=first, line="full", compliance=size / 100
        ),
        public=True,
    ),
}


def in_range(sort: str, size: float, words: Words = PLAIN) -> str:
    """What is allowed in place of a size, in words; "" if it is."""
    known = HAPPENINGS[sort].within(words)
    return "" if known.low <= size <= known.high else f"from {known.low:g} to {known.high:g} {known.unit}"
