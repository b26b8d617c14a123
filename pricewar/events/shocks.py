"""Shocks to brands, costs, supply, demand and the state's money.

All are changes by an amount or a factor, so that overlapping shocks add up and each can be taken back
alone when its `until` is over.
"""

from __future__ import annotations

import math
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from pricewar.base.fields import Factor, Money, Segments, Selection, named
from pricewar.base.records import Floats
from pricewar.base.state import State
from pricewar.base.words import Words

from .base import Event, put


class BrandShock(Event):
    """A crash, a scandal or a wave of complaints takes away a share of a firm's orders at once.

    Brand equity moves by log(1 - size) in utility. For a small firm under a logit this loses `size` of its
    orders; a firm with share s loses a little less, size * (1 - s) / (1 - size * s). The brand dynamics
    decide how fast it recovers, so `until` is refused.
    """

    firm: str
    """Firm id."""
    size: Annotated[float, Field(gt=-1.0, lt=1.0)]
    """Fraction of orders lost at once; negative: gained."""

    @model_validator(mode="after")
    def _heals_by_itself(self) -> Self:
        if (self.until, self.until_period) != (None, None):
            raise ValueError("a brand heals through the brand dynamics of the scenario: leave out until")
        return self

    def strike(self, state: State) -> None:
        """Shift the firm's brand equity."""
        f = state.landscape.firm(self.firm)
        state.brand = put(state.brand, f, state.brand[f] + math.log1p(-self.size))

    def names(self) -> tuple[tuple[str, str], ...]:
        """The firm."""
        return (("firm", self.firm),)

    def summary(self) -> str:
        """Firm and size."""
        word = "loses" if self.size >= 0 else "gains"
        return f"{self.firm} {word} {abs(self.size):.0%} of its orders to a brand shock"


class CostShock(Event):
    """Unit costs of some firms, or all, change by a fraction (a tariff, lithium, steel)."""

    firms: Selection = "all"
    """Which firms: "all" or a list of ids."""
    change: Annotated[float, Field(gt=-1.0)]
    """Change of unit cost as a fraction; 0.05 = 5% more expensive."""

    def strike(self, state: State) -> None:
        """Scale the cost factor of the firms' products."""
        self._scale(state, 1.0 + self.change)

    def revoke(self, state: State) -> None:
        """Scale it back."""
        self._scale(state, 1.0 / (1.0 + self.change))

    def _scale(self, state: State, factor: float) -> None:
        chosen = state.landscape.products_in(self.firms)
        state.cost_factor = np.where(chosen, state.cost_factor * factor, state.cost_factor)

    def names(self) -> tuple[tuple[str, str], ...]:
        """The firms."""
        return named("firms", self.firms)

    def summary(self) -> str:
        """Firms and change."""
        return f"unit costs of {_list(self.firms)} change by {self.change:+.0%}"


class ChipShock(Event):
    """Exposed firms pay more for a unit and can make fewer while a part is short (chips, say)."""

    firms: Selection
    """Which firms are exposed: "all" or a list of ids."""
    cost: Money = 0.0
    """Added cost, money a unit ex VAT."""
    capacity_factor: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """Share of capacity that is left."""

    def strike(self, state: State) -> None:
        """Add the cost and scale the capacity down."""
        self._shift(state, self.cost, self.capacity_factor)

    def revoke(self, state: State) -> None:
        """Take both back."""
        self._shift(state, -self.cost, 1.0 / self.capacity_factor)

    def _shift(self, state: State, cost: float, factor: float) -> None:
        exposed = state.landscape.firms_in(self.firms)
        state.cost_extra = state.cost_extra + np.where(exposed[state.landscape.firm_of], cost, 0.0)
        state.capacity = np.where(exposed, state.capacity * factor, state.capacity)

    def names(self) -> tuple[tuple[str, str], ...]:
        """The firms exposed."""
        return named("firms", self.firms)

    def in_words(self, words: Words) -> str:
        """Firms, cost and capacity."""
        left = f"{self.capacity_factor:.0%} of capacity left"
        more = f"{words.prices(self.cost)} more {words.a_unit}"
        return f"chip shock: {_list(self.firms)} pay {more}, {left}"


class CapacityChange(Event):
    """A plant opens, is lost or is idled: set a factor or units a period to add, not both."""

    firm: str
    """Firm id."""
    factor: Factor | None = None
    """Multiplier of the firm's capacity."""
    units: Annotated[float, Field(gt=0.0)] | None = None
    """Units a period added."""

    @property
    def turn(self) -> int:
        """Factors of capacity apply to what was there; what is added comes after them."""
        return 2 if self.units is not None else 1

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.factor is None) == (self.units is None):
            raise ValueError("set exactly one of factor and units")
        return self

    def strike(self, state: State) -> None:
        """Change the firm's capacity."""
        f = state.landscape.firm(self.firm)
        now = state.capacity[f] * (self.factor or 1.0) + (self.units or 0.0)
        state.capacity = put(state.capacity, f, now)

    def revoke(self, state: State) -> None:
        """Change it back; never below 0."""
        f = state.landscape.firm(self.firm)
        now = state.capacity[f] / (self.factor or 1.0) - (self.units or 0.0)
        state.capacity = put(state.capacity, f, max(now, 0.0))

    def names(self) -> tuple[tuple[str, str], ...]:
        """The firm."""
        return (("firm", self.firm),)

    def in_words(self, words: Words) -> str:
        """Firm and change."""
        a_period = f"{words.units} a {words.period}"
        change = f"x {self.factor:g}" if self.factor is not None else f"+ {self.units:,.0f} {a_period}"
        return f"capacity of {self.firm} {change}"


class Subsidy(Event):
    """The state's payment to buyers changes by an amount a unit; for one with a budget see TradeInSubsidy."""

    amount: float
    """Money a unit; negative: a subsidy is withdrawn."""
    firms: Selection = "all"
    """Which firms: "all" or a list of ids."""
    segments: Segments = "all"
    """Which size classes: "all" or a list."""

    def strike(self, state: State) -> None:
        """Add the amount."""
        state.subsidy = state.subsidy + self._per_car(state)

    def revoke(self, state: State) -> None:
        """Take it back."""
        state.subsidy = state.subsidy - self._per_car(state)

    def _per_car(self, state: State) -> Floats:
        chosen = state.landscape.products_in(self.firms, segments=self.segments)
        return np.where(chosen, self.amount, 0.0)

    def names(self) -> tuple[tuple[str, str], ...]:
        """The firms named."""
        return named("firms", self.firms)

    def in_words(self, words: Words) -> str:
        """The amount."""
        sign = "+" if self.amount >= 0 else ""
        return f"subsidy {sign}{words.prices(self.amount)} {words.a_unit}"


class DemandShock(Event):
    """More or fewer people shop."""

    factor: Factor
    """Multiplier of shoppers a month."""

    def strike(self, state: State) -> None:
        """Scale the number of shoppers."""
        state.demand_factor *= self.factor

    def revoke(self, state: State) -> None:
        """Scale it back."""
        state.demand_factor /= self.factor

    def summary(self) -> str:
        """The factor."""
        return f"shoppers x {self.factor:g}"


class FixedCost(Event):
    """A firm takes on (or sheds) a fixed cost, such as a research pledge spread over years."""

    firm: str
    """Firm id."""
    amount: float
    """Money a period; negative: a saving."""

    def strike(self, state: State) -> None:
        """Add it."""
        self._add(state, self.amount)

    def revoke(self, state: State) -> None:
        """Take it back."""
        self._add(state, -self.amount)

    def _add(self, state: State, amount: float) -> None:
        f = state.landscape.firm(self.firm)
        state.fixed_cost = put(state.fixed_cost, f, state.fixed_cost[f] + amount)

    def names(self) -> tuple[tuple[str, str], ...]:
        """The firm."""
        return (("firm", self.firm),)

    def in_words(self, words: Words) -> str:
        """Firm and amount."""
        amount = f"{words.brief(self.amount)} a {words.period}"
        return f"fixed cost of {self.firm} {amount}"


def _list(firms: Selection) -> str:
    return "all firms" if isinstance(firms, str) else ", ".join(firms)
