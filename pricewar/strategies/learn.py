"""Rules that learn: tabular Q-learning on a grid of price levels, and the frozen policy it leaves behind.

Both set one common change from the start prices for the firm's whole line. The lab studies the same learner
in the small games of the literature; here it meets a market of many firms, and months instead of millions of
periods.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from pricewar.base.errors import bad_input
from pricewar.base.records import Floats, View
from pricewar.base.sums import dot

from .base import Strategy

Row = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]


class OnGrid(Strategy):
    """What the two have in common: a grid of price levels and a state read from the View."""

    low: float = Field(-0.12, gt=-1, lt=0, description="lowest change from the start price, fraction")
    high: float = Field(0.12, gt=0, le=1, description="highest change from the start price, fraction")

    def levels(self, many: int) -> Floats:
        """(many,) evenly spaced changes from the start price, both ends included."""
        return np.round(np.linspace(self.low, self.high, many), 12)  # the middle is 0, not about 0

    def rest(self, grid: int) -> int:
        """Position on the grid of the level nearest to the start price."""
        return int(np.argmin(np.abs(self.levels(grid))))

    def position(self, view: View, bins: int) -> int:
        """Bin of the rivals' prices: nearest of `bins` levels to their mean change from the start.

        Rivals count by closeness to each own product, own products by units sold at the start.
        """
        weight = np.maximum(view.landscape.start_units[view.own], 1.0)
        change = float(np.average(view.rival_change(), weights=weight))
        return int(np.argmin(np.abs(self.levels(bins) - change)))


class QLearning(OnGrid):
    """Tabular Q-learning as in Calvano, Calzolari, Denicolò & Pastorello 2020 (AER 110(10), 3267-3297).

    Action a: one of `grid` common changes from the start prices. State s: own last action, and the rivals'
    closeness-weighted change in `bins` levels. Each month Q(s, a) moves by alpha of the way to
    r + delta max Q(s', .), r = sum of (net price - c + growth_weight theta) orders of last month over the
    firm's revenue at the start; then a random action is taken with chance exp(-beta t), else the best;
    among equally good actions it is the one nearest to the last. All values begin at r at the start / (1 -
    delta). Watkins & Dayan 1992 (Machine Learning 8, 279-292).
    """

    rests = False

    grid: int = Field(7, ge=2, le=51, description="number of price levels to choose from")
    bins: int = Field(3, ge=1, le=51, description="number of levels in which rivals' prices are seen")
    alpha: float = Field(0.15, gt=0, le=1, description="weight of the newest month in a value")
    beta: float = Field(
        0.02, ge=0, le=100, description="decay of exploration a month: chance exp(-beta t) of a random price"
    )
    delta: float = Field(0.95, ge=0, lt=1, description="discount factor a month")
    growth_weight: float = Field(
        1.0, ge=-1, le=5, description="weight on the growth motive in the reward; 0: profit only"
    )

    def price(self, view: View) -> Floats:
        """Learn from last month, then explore or exploit."""
        memory = view.memory
        if "q" not in memory:
            self._begin(view)
        state = memory["action"], self.position(view, self.bins)
        if memory["months"]:
            self._learn(view, state)
        explore, anything = view.luck().random(2)
        action = best(memory["q"][state], state[0])
        if explore < np.exp(-self.beta * memory["months"]):
            action = int(anything * self.grid)
        memory.update(state=state, action=action, months=memory["months"] + 1)
        change = float(self.levels(self.grid)[action])
        return view.start_price * (1.0 + change)

    def _begin(self, view: View) -> None:
        """All values as if the profit of the start lasted for ever."""
        units = np.maximum(view.landscape.start_units[view.own], 1.0)
        scale = dot(view.start_price, units) / (1.0 + view.vat)
        overhead = view.unit_cost - view.variable_cost
        rest = self._profit(view, view.start_price, view.start_cost - overhead, units) / scale
        value = rest / (1.0 - self.delta)
        table = np.full((self.grid, self.bins, self.grid), value)
        view.memory.update(q=table, range=(self.low, self.high), scale=scale, months=0)
        view.memory["action"] = self.rest(self.grid)

    def _learn(self, view: View, state: tuple[int, int]) -> None:
        """One step of Q-learning on what last month earned."""
        memory = view.memory
        reward = self._profit(view, view.price, view.variable_cost, view.orders) / memory["scale"]
        cell = (*memory["state"], memory["action"])
        target = reward + self.delta * memory["q"][state].max()
        memory["q"][cell] += self.alpha * (target - memory["q"][cell])

    def _profit(self, view: View, price: Floats, cost: Floats, cars: Floats) -> float:
        """What a month's units earn with the growth motive, money ex VAT, before fixed cost."""
        return float(dot(price / (1.0 + view.vat) - cost + self.growth_weight * view.growth, cars))


class Learned(OnGrid):
    """A policy once learned and frozen: own last level and rivals' position -> next level.

    How such policies play after training: Calvano, Calzolari, Denicolò & Pastorello 2020 (AER 110(10)).
    Made by `freeze`, given in the scenario file, or read from a JSON file with the same keys (`file`), whose
    content becomes part of the scenario.
    """

    policy: tuple[Row, ...] = Field(
        (),
        description="next level by own last one (rows) and rivals' position (columns); 0: lowest",
    )
    file: str | None = Field(None, description="JSON file to read the other parameters from")

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, table: Any) -> Any:
        if not isinstance(table, Mapping) or table.get("file") is None:
            return table
        try:
            read = json.loads(Path(table["file"]).read_text(encoding="utf-8"))
        except (OSError, TypeError, ValueError) as error:
            raise ValueError(f"allowed: a readable JSON file; {table['file']}: {error}") from error
        if not isinstance(read, dict):
            raise ValueError(f"allowed: a JSON object; {table['file']} holds a {type(read).__name__}")
        read.pop("kind", None)
        return {**read, **table, "file": None}

    @model_validator(mode="after")
    def _square(self) -> Self:
        widths, levels = {len(row) for row in self.policy}, len(self.policy)
        if levels < 2 or len(widths) != 1:
            raise ValueError("allowed for policy: two rows or more, all of one length")
        if max(map(max, self.policy)) >= levels:
            raise ValueError(f"allowed in policy: 0 to {levels - 1}, the rows")
        return self

    def price(self, view: View) -> Floats:
        """Look the next level up."""
        grid, bins = len(self.policy), len(self.policy[0])
        last = view.memory.get("action", self.rest(grid))
        action = self.policy[last][self.position(view, bins)]
        view.memory["action"] = action
        return view.start_price * (1.0 + self.levels(grid)[action])


def best(values: Floats, last: int) -> int:
    """Action of the highest value; among equally good ones the nearest to the last one."""
    equals = np.flatnonzero(values == values.max())
    return int(equals[np.argmin(np.abs(equals - last))])


def freeze(memory: Mapping[str, Any]) -> Learned:
    """The policy that a trained `QLearning` would play without exploring or learning further.

    Args:
        memory: the notebook of the firm that learned, `model.firms[k].memory` after a run.

    Raises:
        InputError: nobody learned in this notebook.
    """
    if "q" not in memory:
        raise bad_input("freeze", ("memory", sorted(memory), "the notebook of a firm that played QLearning"))
    low, high = memory["range"]
    policy = tuple(tuple(best(row, last) for row in rows) for last, rows in enumerate(memory["q"]))
    return Learned(low=low, high=high, policy=policy)
