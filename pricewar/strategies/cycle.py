"""Edgeworth price cycles: undercut step by step, then jump back to the top."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from pricewar.base.records import Floats, View

from .base import Strategy
from .nested import Inner, chances, cost_price, note, peace_price, recall
from .respond import lowest_rival
from .simple import Hold


class EdgeworthCycle(Strategy):
    """The sawtooth of Maskin & Tirole 1988 (Econometrica 56(3), 571-599), for differentiated products.

    Firms take turns: a price stands for `commitment` months. In its turn a firm sees r_j, the lowest price
    relative to the start among its closest rivals, and undercuts: p_j = base_j r_j (1 - step). Where that
    would pass the trough (a multiple of unit cost) it prices at the trough, or with probability `restore`
    jumps back to base_j. The cycle begins when a rival has cut beyond threshold (or at once, if lead).
    Found at petrol pumps: Noel 2007 (Review of Economics and Statistics 89(2)).
    """

    batched = True

    step: float = Field(0.02, gt=0, lt=0.5, description="distance below the rival, fraction")
    trough: float = Field(1.0, gt=0, le=3, description="bottom of the cycle as a multiple of unit cost")
    restore: float = Field(
        0.3, ge=0, le=1, description="chance, in a turn at the trough, of the jump back up"
    )
    closest: int = Field(1, ge=1, le=1000, description="how many rivals of each product are watched")
    commitment: int = Field(2, ge=1, le=24, description="months a price stands; firms move in turns")
    threshold: float = Field(0.01, ge=0, lt=1, description="rivals' cuts up to this begin no cycle, fraction")
    lead: bool = Field(
        False, description="true: begin the cycle in the first turn, before any rival has moved"
    )
    base: Inner = Field(Hold(), description="rule that sets the price at the top of the cycle")

    def price(self, view: View) -> Floats:
        """Base price before the cycle; within it last month's, or the next step in the firm's turn."""
        peace, rival = peace_price(self.base, view), lowest_rival(view, self.closest)
        cycling = (recall(view, "cycling") > 0) | (rival < -self.threshold) | self.lead
        note(view, "cycling", cycling.astype(np.float64))
        place = int(np.flatnonzero(view.landscape.by_name == view.firm)[0])
        turn = (view.period + place) % self.commitment == 0
        return np.where(cycling, self._react(view, peace, rival) if turn else view.price, peace)

    def _react(self, view: View, peace: Floats, rival: Floats) -> Floats:
        trough = np.minimum(cost_price(view, self.trough), peace)
        lower = peace * np.minimum((1.0 + rival) * (1.0 - self.step), 1.0)
        if np.all(lower > trough):
            return lower
        jumps = chances(view) < self.restore
        return np.where(lower > trough, lower, np.where(jumps, peace, trough))
