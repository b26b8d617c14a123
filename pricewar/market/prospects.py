"""What firms know when they plan a campaign: last month's market, who is near, what the law allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from pricewar.base.landscape import Landscape
from pricewar.base.records import Floats, Ints
from pricewar.campaigns import Plan


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
    units: Floats
    """(J,) orders a month at these prices."""
    room: Floats
    """(F,) units a month that each firm can make."""
    vat: float
    answer: Callable[[Floats], Floats]
    """(J,) prices -> (J,) orders a month."""
    floor: Floats | None = None
    """(J,) lowest prices that firms which comply know of, -inf where there is none; None: no measure."""


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
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    steps = np.cumsum(np.append(False, np.diff(ordered) > SAME * np.abs(ordered).max()))
    places = np.empty(len(values))
    places[order] = steps / max(int(steps[-1]), 1)
    return places
