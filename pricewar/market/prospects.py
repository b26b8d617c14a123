"""What firms know when they plan a campaign: last month's market, who is near, what the law allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np

from pricewar.base.landscape import Landscape
from pricewar.base.records import Floats, Ints
from pricewar.campaigns import Plan
from pricewar.kernels import gains


@dataclass(frozen=True)
class Known:
    """What the regulator's measures in force mean to firms that comply with them, before they plan."""

    floor: Floats | None
    """(J,) lowest prices that they may ask, -inf where there is none; None: no measure sets any."""
    warned: Floats
    """(F,) how strongly a warning holds with each firm, 0..1: 1 when fresh, 0 with who does not heed."""


@dataclass(frozen=True)
class Market:
    """What the launch decision looks at: the market of last month, as its makers know it."""

    price: Floats
    """(J,) transaction prices."""
    margin: Floats
    """(J,) price net of VAT less variable cost, a unit."""
    room: Floats
    """(F,) units a month that each firm can make."""
    vat: float
    answer: Callable[[Floats, Sequence[slice]], Floats]
    """(K, J) prices, K lines of products -> (K, J) orders a month of the products in the line."""
    floor: Floats | None = None
    """(J,) lowest prices that firms which comply know of, -inf where there is none; None: no measure."""

    @cached_property
    def units(self) -> Floats:
        """(J,) orders a month at these prices; nobody asks in a month in which no campaign is drawn."""
        return np.asarray(self.answer(self.price[None], [slice(0, len(self.price))])[0])

    def changes(self, firms: Sequence[int], lines: Sequence[slice], cuts: Floats) -> Floats:
        """What cuts of all prices make of a month for the firm that plans them.

        Args:
            firms: K firms.
            lines: their products.
            cuts: (K, J) what each expects if it launches its own, as fractions.

        Returns:
            (K, 3) contribution, change of what it sells at last month's prices, log change of its units.
        """
        prices = self.price * (1.0 - cuts)
        orders, ends = self._orders(prices, lines), np.array([(line.start, line.stop) for line in lines])
        found, room = np.empty((len(lines), 3)), self.room[firms]
        now = self.price, self.margin, self.units
        gains.months64(*now, prices, orders, ends, room, self.vat, found)
        found[:, 2] = np.log(found[:, 2])
        return found

    def _orders(self, prices: Floats, lines: Sequence[slice]) -> Floats:
        """`answer`; when it is asked for the first time, for `units` as well: two questions cost more."""
        if "units" in self.__dict__:
            return self.answer(prices, lines)
        whole = slice(0, len(self.price))
        orders = self.answer(np.concatenate([self.price[None], prices]), [whole, *lines])
        self.__dict__["units"] = orders[0]
        return orders[1:]


def nearness(landscape: Landscape) -> Floats:
    """(F, F) share of a firm's lost buyers that go to each rival, over the largest such share.

    Products count by their units at the start; the diagonal is 0.
    """
    weight = np.maximum(landscape.start_units, 1e-9)
    flows = landscape.by_firm(landscape.by_firm(landscape.closeness * weight[:, None]).T).T
    np.fill_diagonal(flows, 0.0)
    top = flows.max(axis=1, keepdims=True)
    near: Floats = np.divide(flows, top, out=np.zeros_like(flows), where=top > 0)
    return near


SMALLEST: Final = 0.1
"""Part of a planned cut below which what the law allows is not worth an announcement (assumed)."""


def lawful(plan: Plan, models: dict[int, Ints], price: Floats, floor: Floats) -> Plan:
    """The plan with cuts as deep as firms may make them: who complies announces no more than that."""
    size, drawn = plan.size.copy(), plan.drawn.copy()
    for f, named in models.items():
        cut = price[named] * plan.size[f] * plan.bite[f]
        room = np.maximum(price[named] - floor[named], 0.0)
        part = float(np.minimum(cut, room).sum() / cut.sum()) if cut.sum() > 0 else 1.0
        size[f] *= part
        drawn[f] &= part >= SMALLEST
    return plan.but(size=size, drawn=drawn)


SAME = 1e-9
"""Gap, as a part of the largest, below which two values are equal: the last digits decide nothing."""


def ranks(values: Floats) -> Floats:
    """Places from 0 to 1, equal values at equal places."""
    return np.array(_places(values.tolist()))


def foremost(many: int, stock: list[float], near: list[float] | None, names: list[int]) -> list[int]:
    """Positions, in order, of the models with the most stock that are nearest a rival; `names` break ties.

    Args:
        many: how many.
        stock: of each model of one firm, in months.
        near: how near each is to the rival; None where there is none.
        names: place of each among the ids of all products.
    """
    rank = _places(stock)
    if near is not None:
        rank = [one + other for one, other in zip(rank, _places(near), strict=True)]
    order = sorted(range(len(rank)), key=lambda j: (-rank[j], names[j]))
    return sorted(order[:many])


def _places(values: list[float]) -> list[float]:
    """`ranks` of the few models of one firm: numbers, because an array of so few costs more."""
    order = sorted(range(len(values)), key=values.__getitem__)
    gap = SAME * max(map(abs, values), default=0.0)
    steps, step = [0] * len(values), 0
    for before, here in pairwise(order):
        step += values[here] - values[before] > gap
        steps[here] = step
    most = max(step, 1)
    return [one / most for one in steps]
