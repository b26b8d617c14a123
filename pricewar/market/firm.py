"""A firm: a mesa agent that sees a View and answers with prices. It never touches a rival."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pricewar.base.own_code import FAILURES, blame
from pricewar.base.records import Floats, Ints, Quote, View, read_only
from pricewar.base.state import State
from pricewar.scenario.campaigns import unanswered
from pricewar.scenario.parts import FirmSpec

from .agents import Agent

if TYPE_CHECKING:
    from .model import PriceWar


class Firm(Agent):  # type: ignore[misc]
    """One maker with a strategy, a notebook and its books."""

    model: PriceWar

    def __init__(self, model: PriceWar, index: int, key: str, spec: FirmSpec) -> None:
        super().__init__(model)
        self.index = index
        self.key = key
        self.spec = spec
        self.strategy = unanswered(spec.strategy) if model.setting.campaigns.on else spec.strategy
        self.own: Ints = read_only(model.landscape.own(index))
        self.line = slice(int(self.own[0]), int(self.own[-1]) + 1)
        self.memory: dict[str, Any] = {}
        self.proposal: Quote | None = None
        self.view: View | None = None
        self.blur: Floats | None = None

    @property
    def active(self) -> bool:
        """Whether the firm is in the market; in one of them at least, of runs that step together."""
        return bool(self.model.state.active[..., self.index].any())

    @property
    def cash(self) -> float:
        """Cash, CNY."""
        return float(self.model.state.cash[self.index])

    @property
    def price_change(self) -> float:
        """Mean transaction price relative to the start, weighted by cars sold at the start."""
        start = self.model.landscape
        return float(start.price_change(self.model.offers.price)[self.index])

    def propose(self) -> None:
        """See the market and decide list prices and promotions for this month."""
        if not self.active:
            return
        view = self.model.view_of(self)
        try:
            self.proposal = self.strategy.quote(view)
        except FAILURES as error:
            blame(error, self.strategy.kind, f"of firm {self.key!r} in {view.month}")
            raise

    def step(self) -> None:
        """One month of this firm alone; the model calls `propose` for all firms at once."""
        self.propose()


def proposed(firms: Sequence[Firm], state: State) -> tuple[Floats, Floats]:
    """(J,) list prices and (J,) promotions that active firms propose; those of others are last month's."""
    list_price, promotion = state.list_price.copy(), state.promotion.copy()
    for firm in firms:
        if firm.active and firm.proposal is not None:
            list_price[..., firm.line] = firm.proposal.list_price
            promotion[..., firm.line] = firm.proposal.promotion
    if state.active.all():
        return list_price, promotion
    active = state.landscape.by_product(state.active)
    return (
        np.where(active, list_price, state.list_price),
        np.where(active, promotion, state.promotion),
    )
