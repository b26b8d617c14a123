"""The market of a game: who sits where and what was decided so far, as a scenario.

It is a Scenario in which each player's firm has the rule `Played`; a round adds one month of decisions to it
and the run is computed anew, which takes milliseconds. So a game holds no hidden state: `Playing.scenario`
says all of it, and the file of it runs with `pricewar run`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pricewar.market.model import PriceWar
from pricewar.scenario.files import Tree
from pricewar.scenario.tree import Scenario

from .books import books_of
from .game_rules import GameRules, Seat
from .markets import RULES, make_market, playable
from .nudges import Nudge, overlay, planned
from .seating import Seating


class Playing:
    """One market and what was decided in it.

    Args:
        rules: what the teacher chose.
    """

    def __init__(self, rules: GameRules) -> None:
        self.rules = rules
        self.base: Scenario = make_market(
            rules.market, rules.firms, rules.rounds, rules.computer, rules.seed, rules.textbook, rules.table
        )
        self.firms = playable(self.base, rules.firms)
        self.seating = Seating({f: self.base.firms[f].name for f in self.firms}, rules.shared)
        self.nudges: list[Nudge] = planned(self.base, rules)
        self.round = 0
        self.replay()

    @property
    def seats(self) -> dict[str, Seat]:
        """Firm -> its seat; only firms at which somebody sits or sat."""
        return self.seating.seats

    def _sells(self, firm: str) -> bool:
        return bool(self.model.state.active[self.model.landscape.firm(firm)])

    def replay(self) -> None:
        """Run the rounds played, from the decisions."""
        self.model = PriceWar(self.scenario(), collect=False)
        for _ in range(self.round):
            self.model.step()
        self.books = books_of(self.model)

    @property
    def month(self) -> str:
        """The month that is decided now."""
        return self.base.month(self.round)

    def reference(self, firm: str) -> float:
        """Mean start list price of a firm's line-up, weighted by units sold: its reference product's."""
        own = [p for p in self.base.products.values() if p.firm == firm]
        return sum(p.list_price * p.units for p in own) / sum(p.units for p in own)

    def start_price(self, firm: str) -> float:
        """What buyers paid for the reference product before the first month."""
        own = [p for p in self.base.products.values() if p.firm == firm]
        return sum(p.price * p.units for p in own) / sum(p.units for p in own)

    def unit_cost(self, firm: str) -> float:
        """What a unit costs the firm now, mean over its products by their start sales."""
        own = self.model.landscape.own(self.model.landscape.firm(firm))
        weights = self.model.landscape.start_units[own] + 1e-9
        return float(np.average(self.model.state.unit_cost[own], weights=weights))

    def start_list(self, firm: str) -> dict[str, float]:
        """Start list prices of a firm's products."""
        return {key: p.list_price for key, p in self.base.products.items() if p.firm == firm}

    def scenario(self) -> Scenario:
        """The game so far as a scenario: decisions as rules, what the teacher did as events and measures."""
        changes: dict[str, Any] = {f"firms.{f}.strategy": self._rule(f) for f in self.seats}
        for part, new in overlay(self.nudges, self.base, self._persons()).items():
            changes[part] = [*(rule.model_dump() for rule in getattr(self.base, part)), *new]
        return self.base.but(changes) if changes else self.base

    def _persons(self) -> dict[str, tuple[str, ...]]:
        """Firm -> months in which a person decides: those played, those to come if somebody sits there."""
        ahead = [self.base.month(period) for period in range(self.round, self.rules.rounds)]
        return {f: (*seat.months, *(ahead if seat.person else ())) for f, seat in self.seats.items()}

    def _rule(self, firm: str) -> Tree:
        seat = self.seats[firm]
        early = {"last": {"kind": "Hold", "at": "last"}, **RULES}[self.rules.default]
        before = self.base.firms[firm].strategy.model_dump()
        return {
            "kind": "pricewar.app.played:Played",
            "table": dict(seat.table),
            "base": early
            if seat.since == 0
            else before,  # a firm taken over late was the computer's until then
            "start_list": self.start_list(firm),
        }
