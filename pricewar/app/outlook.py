"""The month ahead: how low each firm may go under the measures in force, and which price would stand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pricewar.base.records import Floats
from pricewar.base.words import PLAIN, Words
from pricewar.market.model import PriceWar
from pricewar.scenario.tree import Scenario

from .at_table import StrictBan, StrictLimit
from .game_rules import LARGEST_PROMOTION, LIST_RANGE

LEAST = LIST_RANGE[0] * (1.0 - LARGEST_PROMOTION)
"""Lowest price that may be asked for at all, as a fraction of the start list price."""
_SAME = 1e-6
"""Relative difference of prices that a phone does not show."""


@dataclass(frozen=True)
class Outlook:
    """One firm in the month that is decided now. Prices are fractions of each product's start list price."""

    floor: Floats
    """(n,) lowest price of each product of the firm; 0 where no measure holds it."""
    start_list: Floats
    """(n,) list price of each product at the start, money."""
    reference: float
    """Start list price of the firm's reference product, money."""
    reasons: tuple[str, ...] = ()
    """The measures that set it, in words."""
    words: Words = PLAIN
    """Of the market: prices are asked for in whole money, or in whole cents."""

    def stands(self, price: float) -> float:
        """The price of the reference product that buyers would meet.

        Args:
            price: asked for, as a fraction of the start list price; the line-up moves in proportion.
        """
        met = np.maximum(price, self.floor)
        return float(met @ self.start_list / self.start_list.sum())

    @property
    def lowest(self) -> float:
        """The lowest that a buyer may pay for the reference product; 0 where no measure binds every product.

        Where some products are free a lower price still changes theirs, so it may be asked for.
        """
        return self.words.raised(float(self.floor.min()) * self.reference)

    @property
    def list_range(self) -> tuple[float, float]:
        """Lowest and highest list price that may be set."""
        low, high = (self.words.rounded(bound * self.reference) for bound in LIST_RANGE)
        return max(low, self.lowest), max(high, self.lowest)

    def refusal(self, list_price: float, promotion: float) -> str:
        """Why a decision cannot stand, in words; "" if it can. Prices of the reference product."""
        low, high = self.list_range
        if not (math.isfinite(list_price) and low <= list_price <= high):
            bounds = f"{low:,.{self.words.decimals}f} to {self.words.prices(high)}"
            return self._because(f"List price: from {bounds}.")
        if not (math.isfinite(promotion) and 0 <= promotion <= LARGEST_PROMOTION * list_price):
            return f"Promotion: from 0 to {LARGEST_PROMOTION:.0%} of the list price."
        if list_price - promotion < self.lowest - _SAME * self.reference:
            return self._because(f"A buyer pays at least {self.words.prices(self.lowest)}.")
        return ""

    def _because(self, text: str) -> str:
        return " ".join([text, *self.reasons])

    def holds(self, price: float) -> int:
        """How many products of the firm a measure would keep above this price."""
        return int(np.sum(self.floor > price * (1.0 + _SAME)))


def restraints(scenario: Scenario, period: int) -> tuple[str, ...]:
    """The bans and limits in force in a month, in words."""
    return tuple(
        f"{measure.describe()}."
        for measure in scenario.interventions
        if isinstance(measure, (StrictBan, StrictLimit)) and measure.active(scenario.clock, period)
    )


def look_ahead(scenario: Scenario, period: int | None, references: Mapping[str, float]) -> dict[str, Outlook]:
    """What each firm that a person plays may ask for in a month.

    A floor is found as the model itself finds it: the months before are run, every person asks for the lowest
    price there is, and what then stands in the showroom is what the measures allow.

    Args:
        scenario: the game so far, with the rule `Played` at each of the firms.
        period: the month that is decided now; None once the game is over.
        references: firm that a person plays -> start list price of its reference product, money.
    """
    reasons = () if period is None else restraints(scenario, period)
    if period is None or not reasons:
        return {firm: _free(scenario, firm, price) for firm, price in references.items()}
    month = scenario.month(period)
    asked = {f"firms.{firm}.strategy.table.{month}": (LEAST, 0.0) for firm in references}
    model = PriceWar(scenario.but(asked), collect=False)
    for _ in range(period + 1):
        model.step()
    offers = model.history[period].offers
    found = {}
    for firm, price in references.items():
        own = model.landscape.own(model.landscape.firm(firm))
        lists = np.array([scenario.products[model.landscape.products[j]].list_price for j in own])
        stood = offers.price[own] / lists
        floor = np.where(offers.on_sale[own] & (stood > LEAST * (1.0 + _SAME)), stood, 0.0)
        found[firm] = Outlook(floor, lists, price, reasons if floor.any() else (), scenario.words)
    return found


def _free(scenario: Scenario, firm: str, reference: float) -> Outlook:
    lists = np.array([product.list_price for product in scenario.products.values() if product.firm == firm])
    return Outlook(np.zeros(lists.size), lists, reference, words=scenario.words)
