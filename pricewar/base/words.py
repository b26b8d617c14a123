"""The words of a market: what its money, its units and its periods are called, and how large its numbers are.

Every table header, axis, page and message takes them from here. They come from the scenario (`[market]
currency`, `unit` and `period`); the model itself never reads them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from .clock import Clock

CARS: Final = "cars"
"""The unit that brings the trade's own words: a firm is a maker, and some buy a petrol car instead."""
_BEFORE_WORDS: Final = {"currency": "CNY", "unit": CARS}
"""What markets were when files could not say it."""
_SAME: Final = 1e-9
"""Relative difference of amounts that is rounding."""
_SOUND_Y: Final = ("uni", "use", "eu", "one")
"""Words with "a" although they begin with a vowel."""
_CLOCK: Final = Clock("2025-05")


@dataclass(frozen=True)
class Scale:
    """What numbers are divided by, and how that is called."""

    size: float
    word: str = ""
    """ "bn", "million", "thousand"; empty for numbers as they are."""

    @property
    def factor(self) -> float:
        """What numbers are multiplied by."""
        return _FACTORS[self.size]

    @classmethod
    def of(cls, usual: float, least: float, scales: Sequence[Scale]) -> Scale:
        """The largest scale of which the usual number is `least` or more."""
        return next((scale for scale in scales if usual >= least * scale.size), scales[-1])


_FACTORS: Final = {1e9: 1e-9, 1e8: 1e-8, 1e6: 1e-6, 1e4: 1e-4, 1e3: 1e-3, 1.0: 1.0}
SCALES: Final = (Scale(1e9, "bn"), Scale(1e6, "million"), Scale(1e3, "thousand"), Scale(1.0))


@dataclass(frozen=True)
class Words:
    """The words of a market."""

    scales: ClassVar[tuple[Scale, ...]] = SCALES
    """By which numbers are divided, the largest first."""
    of_units: ClassVar[tuple[Scale, ...]] = SCALES[1:]
    """The same of numbers of units: nobody counts cars in billions."""
    unknown: ClassVar[tuple[Scale, Scale, Scale, Scale]] = (*SCALES[:3], SCALES[0])
    """Scales of the total, of units, of prices and of a firm's part where no products are known."""
    currency: str = ""
    """Name of the money; empty where it has none."""
    units: str = "units"
    """What is sold, in the plural."""
    clock: Clock = _CLOCK
    total: Scale = SCALES[-1]
    """Of money over the whole market and run."""
    many: Scale = SCALES[-1]
    """Of units of the whole market."""
    price: Scale = SCALES[-1]
    """Of the price of one unit."""
    part: Scale = SCALES[-1]
    """Of money of one firm in one period."""
    usual: float = 1.0
    """Mean price of one unit at the start, to its power of ten: 100,000 where a car costs 130,000."""
    petrol: bool = False
    """Whether petrol cars are told of: in a market of cars, and where buyers may take one instead."""

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> Words:
        """The words of a scenario, given as a tree of plain values; older ones were of cars in China.

        Args:
            tree: all inputs, as `Scenario.model_dump` or `Results.inputs` hold them; empty: nothing is known.
        """
        named = {**_BEFORE_WORDS, **tree.get("market", {})}
        clock = Clock(tree.get("start", "2025-05"), tree.get("period", "month"))
        goods = [(row["units"], row["list_price"] - row["promotion"]) for row in _products(tree)]
        sold = sum(units for units, _ in goods)
        sales = sum(units * price for units, price in goods)
        mean = sales / sold if sold else max((price for _, price in goods), default=0.0)
        petrol = named["unit"] == CARS or tree.get("consumers", {}).get("petrol_share", 0.0) > 0
        if not goods:
            total, many, price, part = cls.unknown
            return cls(named["currency"], named["unit"], clock, total, many, price, part, 1e5, petrol)
        a_year = clock.periods_a_year
        return cls(
            currency=named["currency"],
            units=named["unit"],
            clock=clock,
            total=Scale.of(a_year * sales, 10.0, cls.scales),
            many=Scale.of(a_year * sold, 1.0, cls.of_units),
            price=Scale.of(mean, 10.0, cls.scales),
            part=Scale.of(sales / max(len(tree.get("firms", ())), 1), 1.0, cls.scales),
            usual=10.0 ** math.floor(math.log10(mean)) if mean > 0.0 else 1.0,
            petrol=petrol,
        )

    @property
    def cars(self) -> bool:
        """Whether it is a market of cars."""
        return self.units == CARS

    @property
    def money(self) -> str:
        """The money: "EUR", or "money" where it has no name."""
        return self.currency or "money"

    @property
    def sold(self) -> str:
        """What is sold, in the plural, as sentences have it."""
        return self.units

    @property
    def unit(self) -> str:
        """What is sold, one of it: "car" of cars, "box" of boxes, "delivery" of deliveries."""
        return singular(self.units)

    @property
    def a_unit(self) -> str:
        """One of it with its article."""
        vowel = self.unit[:1].lower() in "aeiou" and not self.unit.lower().startswith(_SOUND_Y)
        return f"{'an' if vowel else 'a'} {self.unit}"

    @property
    def maker(self) -> str:
        """Who sells."""
        return "maker" if self.cars else "firm"

    @property
    def period(self) -> str:
        """A period: "month"."""
        return self.clock.unit

    @property
    def time(self) -> str:
        """What an axis of time is called: "Month"."""
        return self.period.capitalize()

    def periods(self, many: int) -> str:
        """A number of periods: "1 month", "36 months"."""
        return f"{many} {self.period}" if many == 1 else f"{many} {self.period}s"

    @property
    def adverb(self) -> str:
        """How often something happens once a period: "monthly"."""
        return "daily" if self.period == "day" else f"{self.period}ly"

    @property
    def short_time(self) -> str:
        """Half a year where periods are months; else as many periods."""
        return "half a year" if self.period == "month" else f"six {self.period}s"

    @property
    def counted(self) -> str:
        """Unit of an axis or a table with numbers of units: "million", or "cars"."""
        return self.many.word or self.units

    def finer(self, scale: Scale) -> Scale:
        """A thousand times finer, for a firm's or a period's part of the whole."""
        return SCALES[min(SCALES.index(scale) + 1, len(SCALES) - 1)]

    def axis(self, scale: Scale | None = None) -> str:
        """Unit of an axis or a table with money: "CNY bn"."""
        return f"{self.money} {(scale or self.total).word}".strip()

    def of_money(self, scale: Scale | None = None) -> str:
        """The same in a sentence: "bn CNY"."""
        word = (scale or self.total).word
        return f"{word} {self.currency}".strip() if self.currency else f"{word} of money".removeprefix(" of ")

    def amount(self, number: str, scale: Scale | None = None) -> str:
        """A number of money in a sentence, already scaled: "CNY 1.2 bn"."""
        return " ".join(part for part in (self.currency, number, (scale or self.total).word) if part)

    def as_tree(self) -> dict[str, Any]:
        """The same as plain values, for a page in a browser."""
        return {
            "money": self.money, "total": self.of_money(self.part), "size": self.part.size,
            "units": self.units, "unit": self.unit, "a_unit": self.a_unit, "maker": self.maker,
            "period": self.period, "digits": self.decimals,
        }  # fmt: skip

    @property
    def decimals(self) -> int:
        """Digits after the point that a price of this market has: none, or cents."""
        return 0 if self.price.size > 1.0 else 2

    def rounded(self, amount: float) -> float:
        """A price as it can be asked for: whole money, or whole cents."""
        return round(amount, self.decimals or None)

    def raised(self, amount: float) -> float:
        """The lowest price that can be asked for and is not below an amount."""
        cents: int = 10**self.decimals
        whole: int = math.ceil(amount * cents - _SAME * max(abs(amount * cents), 1.0))
        return whole / cents if self.decimals else whole

    def spoken(self, text: str, **more: str) -> str:
        """A text with words of this market, and more, at its braces: "for six {period}s"."""
        terms = {
            "money": self.money, "total": self.of_money(), "part": self.of_money(self.part),
            "units": self.units, "unit": self.unit, "a_unit": self.a_unit, "period": self.period,
            "maker": self.maker, "many": f"{self.finer(self.many).word} {self.units}".strip(),
            "A_unit": f"{self.a_unit[:1].upper()}{self.a_unit[1:]}", "Period": self.period.capitalize(),
        }  # fmt: skip
        return text.format(**terms, **more)

    def fill(self, text: str) -> str:
        """A text that speaks of money, units and periods in general, in the words of this market.

        What is said of cars in brackets, `(cars: 84)`, is left out elsewhere.
        """
        if not self.cars:
            text = _OF_CARS.sub("", text)
        terms = {"money": self.money, "units": self.units, "a unit": self.a_unit, "unit": self.unit}
        terms |= {"period": self.period, "periods": f"{self.period}s"}

        def said(found: re.Match[str]) -> str:
            term = terms[found[0].lower()]
            return term[:1].upper() + term[1:] if found[0][0].isupper() else term

        return _GENERAL.sub(said, text)

    def brief(self, amount: float) -> str:
        """A change of a firm's money a period, with its sign: "+200M CNY"."""
        scale = self.finer(self.total)
        letter = {"bn": "bn", "million": "M", "thousand": "k"}.get(scale.word, "")
        return f"{amount / scale.size:+,.0f}{letter} {self.currency}".strip()

    def prices(self, amount: float) -> str:
        """A price or an amount a unit, with the digits that it needs: "6.99 EUR", "128,000 CNY"."""
        return f"{amount:,.{digits(amount)}f} {self.currency}".strip()


_OF_CARS: Final = re.compile(r" \(cars: [^)]*\)|; cars: [^;)]*")
_GENERAL: Final = re.compile(
    r"(?<!unit of )\b(money|units|a unit|periods?)\b(?! (cost|expenses))", re.IGNORECASE
)
PLAIN: Final = Words()
"""Money without a name, units, months."""


def digits(amount: float) -> int:
    """Decimals of an amount a unit: cents below a thousand, where there are any."""
    return 0 if abs(amount) >= 1000 or float(amount).is_integer() else 2


def singular(plural: str) -> str:
    """One of what an English plural names; a plural of no known form is its own singular."""
    for ending, one in (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x")):
        if plural.endswith(ending) and len(plural) > len(ending) + 1:
            return plural.removesuffix(ending) + one
    return plural.removesuffix("s") if not plural.endswith(("ss", "us")) else plural


def _products(tree: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(tree.get("products", {}).values())
