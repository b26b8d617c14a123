"""Rules that do not look at rivals: hold, cost-plus, scripted; and one rule per segment."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from pricewar.base.calendar_time import Stated
from pricewar.base.clock import Moment
from pricewar.base.errors import bad_input
from pricewar.base.fields import SEGMENTS
from pricewar.base.records import Floats, View

from .base import Strategy
from .nested import Inner, ask, note, recall


class Hold(Strategy):
    """Prices stay where they are, whatever happens: the benchmark of every comparison.

    p_j = start_j, or last month's p_j. The kinked demand curve gives a reason not to move: rivals would
    follow a cut but not a rise (Sweezy 1939, Journal of Political Economy 47(4)).
    """

    batched = True

    at: Literal["start", "last"] = Field(
        "start",
        description="start: back to the start prices once an imposed cut is over; "
        "last: whatever last month left, imposed cuts included",
    )

    def price(self, view: View) -> Floats:
        """Start prices, or last month's."""
        return view.start_price if self.at == "start" else view.price


class CostPlus(Strategy):
    """A markup over cost, as most firms say they price (Hall & Hitch 1939, Oxford Economic Papers 2).

    p_j = a_j (1 + pass_through (c_j / c_j0 - 1)) with a_j the start price, or (1 + vat)(1 + markup) c_j0
    where a markup is given; at most (1 + max_rise) a_j. On full cost a fall in sales raises prices, as
    the fixed cost is spread over fewer units.
    """

    batched = True

    on: Literal["unit", "full"] = Field(
        "unit", description="cost that is marked up: unit production cost, or full cost incl. fixed cost"
    )
    markup: float | None = Field(
        None,
        ge=-0.9,
        le=10,
        description="markup over cost ex VAT, fraction; none: what it was at the start, product by product",
    )
    pass_through: float | None = Field(
        None,
        ge=0,
        le=1,
        description="share of a change in cost that reaches the price at an unchanged markup; "
        "none: the market's",
    )
    max_rise: float = Field(1.0, ge=0, le=10, description="largest rise above the anchor price, fraction")

    def price(self, view: View) -> Floats:
        """Anchor price moved with cost."""
        now, start = self._costs(view)
        anchor = view.start_price if self.markup is None else (1 + view.vat) * (1 + self.markup) * start
        share = view.pass_through if self.pass_through is None else self.pass_through
        return np.minimum(anchor * (1 + share * (now / start - 1)), anchor * (1 + self.max_rise))

    def _costs(self, view: View) -> tuple[Floats, Floats]:
        if self.on == "unit":
            return view.unit_cost, view.start_cost
        start = recall(view, "full_cost", view.full_cost)  # the first full cost a product was seen with
        note(view, "full_cost", start)
        return view.full_cost, start


class Scripted(Strategy):
    """Prices from a table; what is not in it follows another rule.

    `table[month][product]` is a price (money incl. VAT) or a change from the start price (fraction), in force
    from that month until the product's next entry. For replays of what firms did.
    """

    batched = True

    table: Annotated[dict[Moment, dict[str, float]], Stated.MOMENT] = Field(
        description='month ("2025-06") -> product id -> price or change'
    )
    unit: Literal["price", "change"] = Field(
        "change",
        description="price: money incl. VAT; change: fraction of the start price, -0.1 is a cut of 10%",
    )
    base: Inner = Field(Hold(), description="rule for products and months without an entry")

    @model_validator(mode="after")
    def _above_zero(self) -> Self:
        least = 0.0 if self.unit == "price" else -1.0
        low = [(m, key, x) for m, row in self.table.items() for key, x in row.items() if x <= least]
        if low:
            raise ValueError(f"table: found {low}; allowed: above {least:g} where unit = {self.unit!r}")
        return self

    def price(self, view: View) -> Floats:
        """The newest entry of each own product, else the base rule's price."""
        entries = self._in_force(view)
        price = np.array(ask(self.base, view, "base"))
        for i, j in enumerate(view.own):
            entry = entries.get(view.landscape.products[j])
            if entry is not None:
                price[..., i] = entry if self.unit == "price" else view.start_price[..., i] * (1 + entry)
        return price

    def names(self) -> Iterable[tuple[str, str]]:
        """Products in the table must exist."""
        yield from super().names()
        yield from ((f"table.{month}.product", key) for month, row in self.table.items() for key in row)

    def misfits(self, own: Collection[str]) -> Iterable[tuple[str, object, str]]:
        """A firm sets the prices of its own products only."""
        yield from super().misfits(own)
        strange = sorted({key for row in self.table.values() for key in row} - set(own))
        if strange:
            yield "table", strange, f"products of the firm: {', '.join(sorted(own))}"

    def _in_force(self, view: View) -> dict[str, float]:
        months = sorted(month for month in self.table if month <= view.month)
        entries = {product: value for month in months for product, value in self.table[month].items()}
        mine = {view.landscape.products[j] for j in view.landscape.own(view.firm)}
        strange = sorted(entries.keys() - mine)
        if strange:
            allowed = f"products of {view.landscape.firms[view.firm]}: {', '.join(sorted(mine))}"
            raise bad_input("Scripted", ("table", strange, allowed))
        return entries


class PerSegment(Strategy):
    """One rule in one segment, another elsewhere: a firm may fight for small ones and hold its large ones.

    p_j = rule of the segment of j, or `otherwise`. Every rule sees the whole firm.
    """

    batched = True

    rules: Annotated[dict[str, Inner], Field(min_length=1)] = Field(description="segment -> rule")
    otherwise: Inner = Field(Hold(), description="rule in all other segments")

    def price(self, view: View) -> Floats:
        """Each product's price from the rule of its segment."""
        price = np.array(ask(self.otherwise, view, "otherwise"))
        segment = view.landscape.segment_of[view.own]
        for stream, (name, rule) in enumerate(self.rules.items(), start=2):
            here = segment == self._position(name, view)
            price[..., here] = ask(rule, view, f"segment {name}", stream)[..., here]
        return price

    def in_peace(self, segment: str) -> Strategy:
        """What the rule of the segment does in peace."""
        return self.rules.get(segment, self.otherwise).in_peace(segment)

    def names(self) -> Iterable[tuple[str, str]]:
        """What the rules of the segments name must exist."""
        yield from super().names()
        for segment, rule in self.rules.items():
            yield from ((f"rules.{segment}.{where}", name) for where, name in rule.names())

    def misfits(self, own: Collection[str]) -> Iterable[tuple[str, object, str]]:
        """The segments must exist, and the rules in them must fit."""
        yield from super().misfits(own)
        for segment, rule in self.rules.items():
            if segment not in SEGMENTS:
                yield f"rules.{segment}", segment, f"one of {', '.join(SEGMENTS)}"
            for where, found, allowed in rule.misfits(own):
                yield f"rules.{segment}.{where}", found, allowed

    @staticmethod
    def _position(name: str, view: View) -> int:
        known = view.landscape.segments
        if name not in known:
            raise bad_input("PerSegment", ("rules", name, f"one of {', '.join(known)}"))
        return known.index(name)
