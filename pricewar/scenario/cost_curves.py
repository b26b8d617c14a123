"""How unit cost moves with output: the `[cost]` table of a scenario.

A curve multiplies the part of unit cost that is not battery. Every curve is at rest at the start: it acts on
changes of output only, so that a market without an event keeps its costs.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import Field

from pricewar.base.records import Floats, Landscape, Record
from pricewar.base.rules import Rule


@dataclass(frozen=True)
class Output(Record):
    """What a cost curve looks at. F firms, J products; units a month unless stated."""

    shared: ClassVar[frozenset[str]] = frozenset({"usual"})

    landscape: Landscape
    planned: Floats
    """(F,) units that each firm plans to make this month."""
    usual: Floats
    """(F,) units that each firm sold a month before the first month; 0 for entrants."""
    made: Floats
    """(F,) units ever made."""
    made_at_start: Floats
    """(F,) units made before the first month."""

    @property
    def pace(self) -> Floats:
        """(F,) planned output relative to the usual one; 1 where a firm has no usual one or no plans."""
        known = (self.usual > 0) & (self.planned > 0)
        return np.divide(self.planned, self.usual, out=np.ones(known.shape), where=known)


class CostCurve(Rule):
    """Subclass it and write `factor`."""

    @abstractmethod
    def factor(self, output: Output) -> Floats:
        """(J,) positive factors on the non-battery part of unit cost this month; 1 at the start.

        Args:
            output: what has been made and is planned.
        """


class Constant(CostCurve):
    """Unit cost does not move with output."""

    def factor(self, output: Output) -> Floats:
        """Ones."""
        return np.ones(len(output.landscape.products))


class Experience(CostCurve):
    """Cost falls with units ever made, c = c0 (E/E0)^-b (Wright 1936).

    The same as the mechanism `dynamics.learning`, for markets that state their costs here. One of the two can
    be on.
    """

    rate: float = Field(
        0.05, ge=0, le=0.4, description="fall of cost per doubling of units ever made; assumed, 0 to 0.15"
    )

    def factor(self, output: Output) -> Floats:
        """(E/E0)^log2(1 - rate) of each product's firm."""
        grown = (output.made / output.made_at_start) ** np.log2(1.0 - self.rate)
        return output.landscape.by_product(grown)


class Rising(CostCurve):
    """Marginal cost rises with the firm's output of the month, c = c0 (q/q0)^e.

    Overtime and the last machines are expensive. The elasticity is assumed, range 0 to 1: no study of this
    cost was found. Firms see what a unit costs at the output they plan; a best response takes that cost as
    given.
    """

    elasticity: float = Field(0.2, ge=0, le=2, description="d log cost / d log output (assumed, 0 to 1)")

    def factor(self, output: Output) -> Floats:
        """(q/q0)^e of each product's firm."""
        return output.landscape.by_product(output.pace**self.elasticity)


class Scale(CostCurve):
    """Part of unit cost is a sum that a plant spends whatever it makes, c = c0 ((1 - s) + s q0/q).

    `fixed_cost` of a firm is booked apart; this is the part of production cost that is spread over units,
    such as depreciation of tools. The share is assumed; range 0 to 0.3.
    """

    share: float = Field(0.1, ge=0, lt=1, description="of unit cost that is spread over output (assumed)")
    most: float = Field(3.0, gt=1, le=20, description="largest rise of that part when output falls (assumed)")

    def factor(self, output: Output) -> Floats:
        """(1 - s) + s q0/q of each product's firm, q0/q at most `most`."""
        spread = 1.0 - self.share + self.share * np.minimum(1.0 / output.pace, self.most)
        return output.landscape.by_product(spread)


__all__ = ["Constant", "CostCurve", "Experience", "Output", "Rising", "Scale"]
