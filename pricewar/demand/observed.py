"""What a market shows before its first month: all that a demand is calibrated from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewar.base.arrays import Flags, Floats, Ints, Record, read_only

from .population import Population


@dataclass(frozen=True)
class Observed(Record):
    """A market in the month before the first. J products in order of firms, R rows of buyers."""

    name: str
    """Of the scenario, for messages."""
    price: Floats
    """(J,) transaction prices, tax included; of later launches those planned."""
    units: Floats
    """(J,) sold in the month; 0 for later launches."""
    shoppers: float
    """People who consider buying in a month."""
    like: Ints
    """(J,) product whose appeal a later launch shares; itself for all others."""
    appeal: Floats
    """(J,) utility added to that of `like`."""
    firm_of: Ints
    """(J,) position of each product's firm."""
    columns: Mapping[str, NDArray[Any]]
    """The columns of the table of products, (J,) each, numbers and texts."""
    population: Population
    """Rows of buyers."""
    income_log_sd: float
    """Standard deviation of log income."""
    brand: Ints
    """(R,) firm whose product each row has."""
    loyal: float
    """Utility of a product of the firm whose product one has."""
    causes: tuple[str, ...] = ()
    """Why shares of this market may not be met, in words."""

    @cached_property
    def share(self) -> Floats:
        """(J,) of shoppers who bought each product."""
        return read_only(self.units / self.shoppers)

    @cached_property
    def on_sale(self) -> Flags:
        """(J,) sold before the first month."""
        return np.asarray(self.units > 0)

    def mean(self, values: Floats) -> float:
        """Unit-weighted mean over products on sale."""
        return float(np.average(values[self.on_sale], weights=self.units[self.on_sale]))
