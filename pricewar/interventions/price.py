"""Rules on how low, or how fast down, a price may go."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from pricewar.base.calendar_time import Stated
from pricewar.base.fields import Factor, Segments
from pricewar.base.records import Floats, Landscape, Offers

from .base import Desk
from .restraint import Enforced

CostLine = Literal["avc", "aac", "lraic", "atc", "full"]
"""Legal cost lines, from the lowest to the highest as a rule: see `Desk.cost_lines`."""


class BelowCostBan(Enforced):
    """No price, net of VAT, below a cost line of the product.

    With `basis` "industry" the line is the mean over the units sold in the product's segment, so that the
    costs of less efficient rivals may bind an efficient firm. A line that contains fixed cost rises without
    limit as sales fall, so it counts only up to `up_to` times the price before the first period: a firm that
    asks that much has not cut.
    """

    foreseen: ClassVar[bool] = True

    line: CostLine = "full"
    """Which cost line."""
    basis: Literal["own", "industry"] = "own"
    """Whose cost: the product's own, or the unit-weighted mean of its segment."""
    overstock: Annotated[Factor | None, Stated.LENGTH] = None
    """Products with more months of sales in stock than this are exempt; None: no exemption."""
    up_to: Factor | None = 1.0
    """Highest floor as a multiple of the start price; None: no limit."""

    def lowest(self, offers: Offers, desk: Desk) -> Floats:
        """(J,) cost line plus VAT; -inf for exempt products and where there is no cost to audit."""
        cost = np.asarray(desk.cost_lines[self.line], dtype=np.float64)
        if self.basis == "industry":
            cost = _segment_mean(cost, _weights(desk), desk.landscape)
        exempt = np.zeros(len(cost), dtype=np.bool_)
        if self.overstock is not None:
            exempt = desk.stock_months > self.overstock
        floor = np.where(np.isfinite(cost) & ~exempt, cost * (1.0 + desk.vat), -np.inf)
        return floor if self.up_to is None else np.minimum(floor, self.up_to * desk.landscape.start_price)


class PriceFloor(Enforced):
    """No price below an amount or below a fraction of the price before the first period; set one."""

    foreseen: ClassVar[bool] = True

    price: Factor | None = None
    """Lowest transaction price, money incl. VAT."""
    share: Factor | None = None
    """Lowest transaction price as a fraction of the start price."""
    segments: Segments = "all"
    """Segments that it covers."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.price is None) == (self.share is None):
            raise ValueError("set exactly one of price and share")
        return self

    def lowest(self, offers: Offers, desk: Desk) -> Floats:
        """(J,) the floor; -inf outside the segments covered."""
        start = desk.landscape.start_price
        floor = start * self.share if self.share is not None else np.full(len(start), self.price)
        return np.where(desk.landscape.products_in(segments=self.segments), floor, -np.inf)


class MaximumMonthlyCut(Enforced):
    """No price may fall by more than a fraction of last month's price; products new on sale are free."""

    foreseen: ClassVar[bool] = True

    cut: Annotated[float, Field(ge=0.0, lt=1.0), Stated.CHANCE]
    """Largest cut allowed from one month to the next, as a fraction."""

    def lowest(self, offers: Offers, desk: Desk) -> Floats:
        """(J,) last month's price less the largest cut."""
        return np.where(desk.before.on_sale, desk.before.price * (1.0 - self.cut), -np.inf)


def _weights(desk: Desk) -> Floats:
    units = desk.landscape.start_units if desk.last_sales is None else desk.last_sales.units
    return np.where(desk.before.on_sale, units, 0.0)


def _segment_mean(cost: Floats, units: Floats, landscape: Landscape) -> Floats:
    known = np.isfinite(cost)
    weight = np.where(known, units, 0.0)
    count = len(landscape.segments)
    total = np.bincount(landscape.segment_of, weight, count)
    value = np.bincount(landscape.segment_of, weight * np.where(known, cost, 0.0), count)
    mean = np.divide(value, total, out=np.full(count, np.nan), where=total > 0)
    return np.where(total > 0, mean, np.nan)[landscape.segment_of]
