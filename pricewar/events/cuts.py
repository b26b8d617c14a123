"""Cuts that are imposed on a firm, whatever its own rule proposes."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from pricewar.base.errors import bad_input
from pricewar.base.fields import Factor, Money, Selection, Share, named
from pricewar.base.records import Flags, Floats, Landscape, Offers
from pricewar.base.state import State
from pricewar.base.words import Words

from .base import Event


class ImposedCut(Event):
    """Base of the cuts: while it lasts no product in it costs more than its target price.

    The firm's own rule may go lower; of two cuts on one product the deeper one applies. Targets are
    measured from the price before the first period (`Landscape.start_price`), so a cut that lasts for months
    is made once, not every month anew.
    """

    batched: ClassVar[bool] = True

    firm: str
    """Firm id."""
    on: Literal["promotion", "list"] = "promotion"
    """Which of the two moves: a promotion can be taken back quietly, a list price cannot."""
    already_given: Share = 0.0
    """Share of the announced cut that dealers gave before: only the rest lowers transaction prices."""
    reverts: bool = True
    """Whether the price goes back when `until` is over; false: the firm's rule goes on from the cut price."""

    @property
    def turn(self) -> int:
        """List prices are cut first, promotions come on top."""
        return 0 if self.on == "list" else 1

    @abstractmethod
    def announced(self, landscape: Landscape) -> Floats:
        """(J,) announced cut of each product, money incl. VAT; 0 where it does not apply."""

    def covered(self, landscape: Landscape) -> Flags:
        """(J,) products in the cut."""
        return self.announced(landscape) > 0

    def effective(self, landscape: Landscape) -> Floats:
        """(J,) by how much transaction prices fall: (1 - already_given) x announced cut, money.

        Raises:
            InputError: a cut leaves no price above 0, or a product is not this firm's.
        """
        cut = (1.0 - self.already_given) * self.announced(landscape)
        firm = landscape.firm(self.firm)
        problems = [
            (f"events.{self.kind} {self.when}, product {landscape.products[j]}", float(cut[j]), allowed)
            for j in np.flatnonzero(cut > 0)
            for bad, allowed in (
                (cut[j] >= landscape.start_price[j], f"a cut below {landscape.start_price[j]:.10g}"),
                (landscape.firm_of[j] != firm, f"products of {self.firm} only"),
            )
            if bad
        ]
        if problems:
            raise bad_input("events", *problems)
        return cut

    def impose(self, offers: Offers, state: State, last_period: int) -> Offers:
        """Lower each product in the cut to its target, if the firm itself asks for more."""
        cut = self.effective(state.landscape)
        covered = self.covered(state.landscape)
        target = np.where(covered, state.landscape.start_price - cut, np.inf)
        ends = np.where(covered, np.maximum(offers.announced_end, last_period), offers.announced_end)
        kept = state.promotion if self.on == "list" else None
        lowered = _lowered(offers, target, kept).but(announced_end=ends)
        if offers.headline is None:
            return lowered
        told = np.where(covered, self.told(state.landscape, state.list_price), np.inf)
        return lowered.but(headline=np.minimum(offers.headline, told))

    def told(self, landscape: Landscape, list_price: Floats) -> Floats:
        """(J,) price that is announced, money incl. VAT, at these list prices."""
        return landscape.start_price - self.announced(landscape)

    def told_cut(self, landscape: Landscape, list_price: Floats) -> Floats:
        """(J,) announced cut as a fraction of the price it is counted from; 0 where it does not apply."""
        return self.announced(landscape) / landscape.start_price

    def revoke(self, state: State) -> None:
        """The offer is over: put back what it took off, but not above the start price."""
        if not self.reverts:
            return
        start = state.landscape.start_price
        price = state.list_price - state.promotion
        back = np.clip(start - price, 0.0, self.effective(state.landscape))
        if self.on == "list":
            state.list_price = state.list_price + back
            return
        state.list_price = np.where(back > 0, np.maximum(state.list_price, price + back), state.list_price)
        state.promotion = np.where(back > 0, state.list_price - (price + back), state.promotion)


class Cut(ImposedCut):
    """One depth for a firm's whole line-up or some of its products; set one of depth, amount, to_price.

    With `depth` d or `amount` a the transaction price becomes start - (1 - already_given) * d * start, or
    start - (1 - already_given) * a; with `to_price` it becomes the price in the table.
    """

    products: Selection = "all"
    """Which of the firm's products: "all" or a list of ids."""
    depth: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    """Announced cut as a fraction of the transaction price before the first period."""
    amount: Factor | None = None
    """Announced cut, money a unit."""
    to_price: dict[str, Factor] | None = None
    """Product -> transaction price, money; a product that already costs less keeps its price."""
    headline: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    """Cut that is announced, as a fraction of the list price: what rivals and the regulator see where firms
    run campaigns. None: the cut of transaction prices is what is announced."""

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        given = [name for name in ("depth", "amount", "to_price") if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"set exactly one of depth, amount, to_price; found {found}")
        if self.to_price is not None and (
            self.already_given > 0 or self.products != "all" or not self.to_price
        ):
            raise ValueError(
                "to_price is a non-empty table of transaction prices, which names its products and holds "
                "what dealers give: leave out products and already_given"
            )
        return self

    def announced(self, landscape: Landscape) -> Floats:
        """(J,) announced cut of each product, money incl. VAT."""
        start = landscape.start_price
        if self.to_price is not None:
            target = start.copy()
            for name, price in self.to_price.items():
                target[landscape.product(name)] = price
            return np.maximum(start - target, 0.0)
        firms = self.firm if self.products == "all" else "all"
        chosen = landscape.products_in(firms, self.products)
        return np.where(chosen, start * (self.depth or 0.0) + (self.amount or 0.0), 0.0)

    def told(self, landscape: Landscape, list_price: Floats) -> Floats:
        """(J,) price that is announced: off the list price, where a headline is stated."""
        if self.headline is None:
            return super().told(landscape, list_price)
        return list_price * (1.0 - self.headline)

    def told_cut(self, landscape: Landscape, list_price: Floats) -> Floats:
        """(J,) announced cut as a fraction: the headline, where one is stated."""
        cut = super().told_cut(landscape, list_price)
        return cut if self.headline is None else np.where(cut > 0, self.headline, 0.0)

    def names(self) -> tuple[tuple[str, str], ...]:
        """The firm and the products named."""
        table = tuple(("to_price", name) for name in self.to_price or ())
        return (("firm", self.firm), *named("products", self.products), *table)

    @property
    def entity(self) -> str:
        """The firm that cuts."""
        return self.firm

    def in_words(self, words: Words) -> str:
        """Firm and depth."""
        if self.depth is not None:
            return f"{self.firm} cuts prices by {self.depth:.0%}"
        what = (
            f"by {words.prices(self.amount)}"
            if self.amount is not None
            else f"of {len(self.to_price or ())} products"
        )
        return f"{self.firm} cuts prices {what}"


class CampaignCut(ImposedCut):
    """A campaign with its own announced cut for each product, as firms announce them in a table."""

    cuts: Annotated[dict[str, Money], Field(min_length=1)]
    """Product -> announced cut, money a unit."""

    def announced(self, landscape: Landscape) -> Floats:
        """(J,) announced cut of each product, money incl. VAT."""
        cut = np.zeros(len(landscape.products))
        for name, amount in self.cuts.items():
            cut[landscape.product(name)] = amount
        return cut

    def told(self, landscape: Landscape, list_price: Floats) -> Floats:
        """(J,) price that is announced: the table counts from list prices."""
        return list_price - self.announced(landscape)

    def told_cut(self, landscape: Landscape, list_price: Floats) -> Floats:
        """(J,) announced cut as a fraction of the list price."""
        return self.announced(landscape) / list_price

    def names(self) -> tuple[tuple[str, str], ...]:
        """The firm and the products in the table."""
        return (("firm", self.firm), *(("cuts", name) for name in self.cuts))

    @property
    def entity(self) -> str:
        """The firm that cuts."""
        return self.firm

    def in_words(self, words: Words) -> str:
        """Firm, number of products and the largest cut."""
        top = words.prices(max(self.cuts.values()))
        return f"{self.firm} cuts {len(self.cuts)} {'models' if words.cars else 'products'} by up to {top}"


def _lowered(offers: Offers, target: Floats, kept: Floats | None) -> Offers:
    """Offers at the target or below it; with `kept`, (J,) promotions that stay, the list price moves."""
    dearer = offers.price > target
    if not dearer.any():
        return offers
    if kept is not None:  # what the rule proposes may have eaten up the promotion to get back to its price
        list_price = np.where(dearer, target + kept, offers.list_price)
        return offers.but(list_price=list_price, promotion=np.where(dearer, kept, offers.promotion))
    return offers.but(promotion=np.where(dearer, offers.list_price - target, offers.promotion))
