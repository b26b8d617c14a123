"""Rules that answer rivals' prices within the month they know: match, undercut, best response."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from pricewar.base.records import Floats, View

from .base import Strategy
from .nested import Inner, at_least, note, peace_price, recall
from .simple import Hold


def lowest_rival(view: View, closest: int, lag: int = 1) -> Floats:
    """(n,) lowest change, as a fraction of the published reference, among the closest rivals of each product.

    Zero where a product has no rival. The closest rivals are those that would win most of the buyers that
    the product loses.
    """
    change = view.change(lag - 1)
    weight = view.landscape.closeness[view.own] * view.rivals[..., None, :]
    order = np.argsort(-weight, axis=-1, kind="stable")[..., :closest]
    near = np.take_along_axis(weight, order, axis=-1) > 0
    theirs = np.take_along_axis(change[..., None, :], order, axis=-1)
    low = np.where(near, theirs, np.inf).min(axis=-1)
    return np.where(np.isfinite(low), low, 0.0)


def ratchet(view: View, target: Floats, recovery: float) -> Floats:
    """(n,) cut after this month: a deeper target is taken at once, a shallower one approached slowly.

    Without it two firms that see each other a month late would take turns in cutting and not cutting.
    """
    before = recall(view, "cut")
    cut = np.where(target >= before, target, before + recovery * (target - before))
    note(view, "cut", cut)
    return cut


class Match(Strategy):
    """Follow rivals' cuts, in part, after a lag and down to a ceiling; follow them back up.

    d_j = closeness-weighted cut of rivals' prices below what costs explain, `lag` months old. Target cut
    = min(ceiling, follow_rate * d_j) if d_j > threshold; a deeper cut is made at once, a shallower one
    at the speed of recovery: cut += recovery (target - cut). p_j = base_j (1 - cut), not below floor.
    Meeting competition: Hay 1982 (Cornell Law Review 67), Salop 1986 (in Stiglitz & Mathewson, New
    Developments in the Analysis of Market Structure). Following cuts but not rises (follow_rise = 0) is
    the kinked demand curve: Sweezy 1939 (JPE 47(4)), Hall & Hitch 1939 (Oxford Economic Papers 2).
    """

    batched = True

    lag: int = Field(1, ge=1, le=24, description="months from a rival's move to the own one; 1 is next month")
    follow_rate: float = Field(0.3, ge=0, le=1.5, description="own cut as a share of rivals' cut")
    follow_rise: float = Field(0.0, ge=0, le=1.5, description="own rise as a share of rivals' rise")
    ceiling: float = Field(0.15, ge=0, lt=1, description="deepest own cut, fraction of the base price")
    threshold: float = Field(0.01, ge=0, lt=1, description="changes up to this are ignored, fraction")
    recovery: float = Field(
        0.25, ge=0, le=1, description="share of the gap closed each month when rivals go back up; 0: never"
    )
    floor: float = Field(0.0, ge=0, le=3, description="lowest price as a multiple of unit cost; 0: none")
    base: Inner = Field(Hold(), description="rule that sets the price on which the cut is made")

    def price(self, view: View) -> Floats:
        """Base price less the cut."""
        peace = peace_price(self.base, view)
        return at_least(self.floor, peace * (1.0 - self._cut(view)), peace, view)

    def _cut(self, view: View) -> Floats:
        cut = view.rival_cut(self.lag - 1)
        followed = np.where(cut > self.threshold, self.follow_rate * cut, 0.0)
        if self.follow_rise > 0:
            rise = view.rival_rise(self.lag - 1)
            followed = followed - np.where(rise > self.threshold, self.follow_rise * rise, 0.0)
        return ratchet(view, np.minimum(followed, self.ceiling), self.recovery)


class Undercut(Strategy):
    """Stay a step below the lowest of the closest rivals, down to a floor on cost (Bertrand 1883).

    r_j = lowest price relative to its reference among the closest rivals, `lag` months old. Target cut =
    min(ceiling, 1 - r_j (1 - step)) if r_j < 1 - threshold (or lead), else 0; deeper at once, shallower at
    the speed of recovery. p_j = base_j (1 - cut), not below floor times unit cost. Two undercutters lower
    each other's prices down to their floors and stay there. Bertrand 1883, Journal des Savants 67; the walk
    as a process: Edgeworth 1925 (Papers Relating to Political Economy I).
    """

    batched = True

    step: float = Field(0.02, gt=0, lt=0.5, description="distance below the rival, fraction")
    closest: int = Field(3, ge=1, le=1000, description="how many rivals of each product are watched")
    lag: int = Field(1, ge=1, le=24, description="months from a rival's move to the own one")
    threshold: float = Field(0.01, ge=0, lt=1, description="rivals' cuts up to this are ignored, fraction")
    ceiling: float = Field(0.3, ge=0, lt=1, description="deepest own cut, fraction of the base price")
    recovery: float = Field(
        0.25, ge=0, le=1, description="share of the gap closed each month when rivals go back up; 0: never"
    )
    floor: float = Field(1.0, ge=0, le=3, description="lowest price as a multiple of unit cost")
    lead: bool = Field(False, description="true: undercut from the first month, before any rival has moved")
    base: Inner = Field(Hold(), description="rule that sets the price in peace")

    def price(self, view: View) -> Floats:
        """A step below the lowest close rival, once there is a war."""
        peace = peace_price(self.base, view)
        rival = lowest_rival(view, self.closest, self.lag)
        below = np.clip(1.0 - (1.0 + rival) * (1.0 - self.step), 0.0, self.ceiling)
        target = np.where(self.lead | (rival < -self.threshold), below, 0.0)
        cut = ratchet(view, target, self.recovery)
        return at_least(self.floor, peace * (1.0 - cut), peace, view)


class BestResponse(Strategy):
    """The price that is best against the prices seen, with a weight on growth.

    p_j = q_j + speed (p*_j - q_j), q_j last month's price, p* = argmax over own prices of the sum of
    (net price - c_j + growth_weight * theta_j) units_j, with c_j what varies of unit cost and theta the
    growth motive that makes the start prices optimal. Within (1 - max_cut, 1 + max_rise) of the start price
    where set.
    Bertrand 1883 (Journal des Savants 67); sales beside profit as an aim: Baumol 1958 (Economica 25(99)).
    """

    batched = True

    growth_weight: float = Field(
        1.0,
        ge=-1,
        le=5,
        description="weight on the growth motive; 1: as calibrated, so that rest is rest; 0: profit only",
    )
    speed: float = Field(1.0, gt=0, le=1, description="share of the way to the best response made each month")
    max_cut: float | None = Field(None, ge=0, lt=1, description="deepest cut below the start price, fraction")
    max_rise: float | None = Field(None, ge=0, le=10, description="largest rise above it, fraction")

    def price(self, view: View) -> Floats:
        """Part of the way from last month's price to the best response."""
        best = np.asarray(view.respond(view.variable_cost - self.growth_weight * view.growth))
        price = view.price + self.speed * (best - view.price)
        low = 0.0 if self.max_cut is None else 1.0 - self.max_cut
        high = np.inf if self.max_rise is None else 1.0 + self.max_rise
        return np.clip(price, low * view.start_price, high * view.start_price)
