"""Products and firms that come and go."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from pricewar.base.fields import Money
from pricewar.base.records import Ints
from pricewar.base.state import State, leave

from .base import Event, put


class Launch(Event):
    """A product goes on sale; with `until` it is taken off the market again.

    Its attributes, price and quality are part of the market from the start; before its launch nobody can
    buy it. Buyers take its launch price as their reference and see no trend in it.
    """

    product: str
    """Product id."""
    plan: Money | None = None
    """Orders a month that the firm plans for at the launch; None: leave the plan as it is."""

    def strike(self, state: State) -> None:
        """Put the product on sale, if its firm is still in the market."""
        j = state.landscape.product(self.product)
        state.on_sale = put(state.on_sale, j, state.active[state.landscape.firm_of[j]])
        _show_price(state, j)
        if self.plan is not None:
            state.forecast = put(state.forecast, j, self.plan)

    def revoke(self, state: State) -> None:
        """Take the product off the market."""
        state.on_sale = put(state.on_sale, state.landscape.product(self.product), False)

    def names(self) -> tuple[tuple[str, str], ...]:
        """The product."""
        return (("product", self.product),)

    def summary(self) -> str:
        """Which product."""
        return f"launch of {self.product}"


class Entry(Event):
    """A firm enters with all its products; with `until` it leaves again."""

    firm: str
    """Firm id."""

    def strike(self, state: State) -> None:
        """Make the firm active and put all its products on sale."""
        f = state.landscape.firm(self.firm)
        own = state.landscape.own(f)
        state.active = put(state.active, f, True)
        state.on_sale = put(state.on_sale, own, True)
        state.months_broke = put(state.months_broke, f, 0)
        _show_price(state, own)

    def revoke(self, state: State) -> None:
        """Leave the market."""
        leave(state, state.landscape.firms_in((self.firm,)))

    def names(self) -> tuple[tuple[str, str], ...]:
        """The firm."""
        return (("firm", self.firm),)

    def summary(self) -> str:
        """Which firm."""
        return f"{self.firm} enters"


class Exit(Event):
    """A firm leaves the market permanently: nothing is on sale, orders are void, bills are unpaid."""

    firm: str
    """Firm id."""

    @model_validator(mode="after")
    def _for_good(self) -> Self:
        if (self.until, self.until_period) != (None, None):
            raise ValueError("an exit is for good: leave out until, and let an Entry bring the firm back")
        return self

    @property
    def turn(self) -> int:
        """A firm that leaves and enters in the same month is in the market afterwards."""
        return 0

    def strike(self, state: State) -> None:
        """Leave the market."""
        leave(state, state.landscape.firms_in((self.firm,)))

    def names(self) -> tuple[tuple[str, str], ...]:
        """The firm."""
        return (("firm", self.firm),)

    def summary(self) -> str:
        """Which firm."""
        return f"{self.firm} leaves the market"


def _show_price(state: State, products: int | Ints) -> None:
    price = state.list_price - state.promotion
    state.reference = put(state.reference, products, price[products])
    state.price_trend = put(state.price_trend, products, 0.0)
