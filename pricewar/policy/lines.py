"""The legal cost lines month by month, from what a run leaves behind: products and firms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pricewar.base.arrays import Flags, Floats
from pricewar.base.sums import times
from pricewar.experiment.metrics import Run
from pricewar.market.costs import cost_lines
from pricewar.results import metrics

LINES = ("avc", "aac", "lraic", "atc", "full")


@dataclass(frozen=True)
class Ledger:
    """A run as arrays: T months, J products in the order of the tables, F firms. Money in CNY."""

    price: Floats
    """(T, J) transaction price incl. VAT."""
    reference: Floats
    """(T, J) reference price: below it lies a cut."""
    net_price: Floats
    """(T, J) price offered, ex VAT: what legal lines are held to."""
    orders: Floats
    """(T, J) cars ordered at that price."""
    units: Floats
    """(T, J) cars delivered."""
    paid_price: Floats
    """(T, J) mean price paid for the cars delivered, incl. VAT; 0 without deliveries."""
    refunds: Floats
    """(T, J) given back at delivery, CNY incl. VAT."""
    protection: Floats
    """(T, J) paid back to earlier buyers under a measure, CNY incl. VAT."""
    unit_cost: Floats
    """(T, J) production cost of one more car, ex VAT."""
    on_sale: Flags
    """(T, J)."""
    fixed_cost: Floats
    """(T, F)."""
    profit: Floats
    """(T, F) operating profit."""
    revenue: Floats
    """(T, F) ex VAT, after refunds."""
    active: Flags
    """(T, F) in the market."""
    firm_of: NDArray[np.int64]
    """(J,) position of each product's firm."""
    start_units: Floats
    """(F,) cars a month before the first month."""

    @classmethod
    def of(cls, run: Run) -> Ledger:
        """Read a run's tables."""
        months, products = len(run.market), run.products

        def grid(name: str) -> Floats:
            return products[name].to_numpy(float).reshape(months, -1)

        names = products["firm"].iloc[: len(products) // months]
        return cls(
            price=grid("price"),
            reference=grid("reference_price"),
            net_price=grid("net_price"),
            orders=grid("orders"),
            units=grid("units"),
            paid_price=np.nan_to_num(grid("paid_price")),
            refunds=grid("refunds"),
            protection=grid("protection_paid"),
            unit_cost=grid("unit_cost"),
            on_sale=grid("on_sale") > 0,
            fixed_cost=run.by_firm("fixed_cost"),
            profit=run.by_firm("operating_profit"),
            revenue=run.by_firm("revenue"),
            active=run.by_firm("active") > 0,
            firm_of=np.asarray(pd.Index(run.names).get_indexer(pd.Index(names)), np.int64),
            start_units=run.start_units,
        )

    def by_firm(self, values: Floats) -> Floats:
        """(T, F) sums of values (T, J) over each firm's products."""
        member = np.equal.outer(self.firm_of, np.arange(len(self.start_units))).astype(float)
        return times(values[:, None, :], member.T)

    @property
    def fixed_a_car(self) -> Floats:
        """(T, J) the firm's fixed cost per car of the month before, at half the start's volume or more."""
        sold = self.by_firm(self.units)
        before = np.vstack([self.start_units, sold[:-1]])
        normal = np.maximum(np.maximum(before, 0.5 * self.start_units), 1.0)
        return np.asarray((self.fixed_cost / normal)[:, self.firm_of])


def lines_of(ledger: Ledger) -> dict[str, Floats]:
    """(T, J) each cost line of `pricewar.market.costs.cost_lines`, CNY a car ex VAT."""
    return cost_lines(ledger.unit_cost, ledger.fixed_a_car)


def below(ledger: Ledger) -> dict[str, Flags]:
    """(T, J) whether a product on sale has a net price below each cost line."""
    return {
        name: ledger.on_sale & metrics.below(ledger.net_price, line)
        for name, line in lines_of(ledger).items()
    }


def line_table(ledger: Ledger) -> dict[str, float]:
    """How much was ordered below each line, and in the zones of AKZO (C-62/86, 1991).

    Lines are held to the price offered, each month weighted by the cars ordered at it.

    Returns:
        For each line L: `below.L` share of cars, `months.L` months in which a firm sold at least half of its
        cars below it (mean over firms), `depth.L` mean gap to the line over those cars as a fraction of it;
        `akzo.low` (below AVC: presumed abusive), `akzo.middle` (between AVC and ATC: abusive if part of a
        plan), `akzo.high` shares of cars.
    """
    found, lines, cars = below(ledger), lines_of(ledger), ledger.orders
    total, sold = max(float(cars.sum()), 1.0), ledger.by_firm(cars)
    table = dict[str, float]()
    for name in LINES:
        low = cars * found[name]
        gap = (low * (1.0 - ledger.net_price / lines[name])).sum()
        table[f"below.{name}"] = float(low.sum()) / total
        table[f"months.{name}"] = float(((ledger.by_firm(low) >= 0.5 * sold) & (sold > 0)).sum(0).mean())
        table[f"depth.{name}"] = float(gap / low.sum()) if low.sum() > 0 else 0.0
    table["akzo.low"] = table["below.avc"]
    table["akzo.middle"] = table["below.atc"] - table["below.avc"]
    table["akzo.high"] = 1.0 - table["below.atc"]
    return table
