"""Predation: sell below cost next to a weaker rival until it is gone, then take the money back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import numpy as np
from pydantic import Field

from pricewar.base.calendar_time import Stated
from pricewar.base.clock import Moment
from pricewar.base.errors import bad_input
from pricewar.base.records import Flags, Floats, View
from pricewar.base.sums import times

from .base import Strategy
from .nested import Inner, cost_price, peace_price
from .simple import Hold


class Predation(Strategy):
    """A deep pocket prices the prey out of the market, then recoups.

    From month `begin`, while the prey sells: p_j = min(base_j, depth (1 + vat) c_j) on own products j that
    would lose at least `reach` of their leaving buyers to the prey; base_j on the others. It ends when the
    prey's products are gone (won), when cash < cash_floor, or after `months` (given up). Won: p_j = base_j
    (1 + recoup) on those products for recoup_months; given up: base_j. Bolton, Brodley & Riordan 2000
    (Georgetown Law Journal 88); deep pockets: Telser 1966 (Journal of Law and Economics 9), Bolton &
    Scharfstein 1990 (American Economic Review 80(1)).
    """

    prey: str = Field(description="firm to be driven out")
    begin: Annotated[Moment | None, Stated.MOMENT] = Field(
        None, description="first month of the attack; none: the first month of the run"
    )
    depth: float = Field(0.95, gt=0, le=3, description="price in the attack as a multiple of unit cost")
    reach: float = Field(
        0.05, ge=0, le=1, description="share of leaving buyers going to the prey that makes a target"
    )
    cash_floor: float = Field(0.0, description="cash below which the attack is given up, money")
    months: Annotated[int, Stated.LENGTH] = Field(24, ge=1, le=600, description="longest attack")
    recoup: float = Field(0.1, ge=0, le=3, description="rise above the base price after winning, fraction")
    recoup_months: Annotated[int, Stated.LENGTH] = Field(
        24, ge=0, le=600, description="length of the recoupment"
    )
    base: Inner = Field(Hold(), description="rule that sets prices outside attack and recoupment")

    def price(self, view: View) -> Floats:
        """Attack price, recoupment price or base price, by the phase of the campaign."""
        peace, targets = peace_price(self.base, view), self._targets(view)
        phase = view.memory["phase"] = self._phase(view)
        if phase == "attack":
            return np.where(targets, np.minimum(peace, cost_price(view, self.depth)), peace)
        return np.where(targets, peace * (1.0 + self.recoup), peace) if phase == "recoup" else peace

    def names(self) -> Iterable[tuple[str, str]]:
        """The prey must exist."""
        yield from super().names()
        yield "prey", self.prey

    def _phase(self, view: View) -> str:
        """waiting -> attack -> recoup or gave up -> over, with the months spent in the phase noted."""
        before = view.memory.get("phase", "waiting")
        phase = self._next(before, view)
        view.memory["spent"] = view.memory.get("spent", 0) + 1 if phase == before else 1
        return phase

    def _next(self, phase: str, view: View) -> str:
        sells, spent = self._prey_sells(view), view.memory.get("spent", 0)
        if phase == "waiting":
            return "attack" if sells and (self.begin is None or view.month >= self.begin) else phase
        if phase == "attack":
            if not sells:
                return "recoup" if self.recoup_months else "over"
            return "gave up" if view.cash < self.cash_floor or spent >= self.months else phase
        return "over" if phase == "recoup" and spent >= self.recoup_months else phase

    def _prey(self, view: View) -> Flags:
        firms = view.landscape.firms
        if self.prey not in firms:
            raise bad_input("Predation", ("prey", self.prey, f"one of {', '.join(firms)}"))
        hit: Flags = view.landscape.firm_of == firms.index(self.prey)
        return hit

    def _prey_sells(self, view: View) -> bool:
        return bool(np.any(view.on_sale & self._prey(view)))

    def _targets(self, view: View) -> Flags:
        lost = times(view.landscape.closeness[view.own], self._prey(view))
        return lost >= self.reach
