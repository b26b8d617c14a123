"""Tests of predatory pricing, and how often each errs: the simulator knows what was intended."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from pricewar.base.arrays import Flags, Floats
from pricewar.events.cuts import ImposedCut
from pricewar.experiment.metrics import Run
from pricewar.market.calibrate import calibrate
from pricewar.market.trajectory import Trajectory
from pricewar.results import metrics
from pricewar.results.metrics import cut_depth, present_value, sacrifice_and_recoupment

from .lines import LINES, below, lines_of

CUT: Final = 0.03
"""A price this fraction below the reference price is a cut."""
TESTS: Final = (*LINES, "sacrifice", "no_economic_sense", "as_efficient_competitor", "recoupment")


@dataclass(frozen=True)
class Case:
    """A run before the court, with the but-for run in peace and the same luck."""

    run: Run
    peace: Run
    rate: float = 0.0
    """Discount rate a year."""

    @property
    def ledger(self) -> Trajectory:
        """The run as arrays."""
        return self.run.trajectory

    @property
    def but_for(self) -> Trajectory:
        """The peace as arrays."""
        return self.peace.trajectory

    @property
    def year(self) -> float:
        """Periods in a year."""
        return self.run.scenario.clock.periods_a_year

    @cached_property
    def imposed(self) -> Flags:
        """(T, J) an event of the scenario imposes a cut on the product in this month."""
        scenario, flags = self.run.scenario, np.zeros_like(self.ledger.on_sale)
        landscape = calibrate(scenario).landscape
        for event in scenario.events:
            if isinstance(event, ImposedCut):
                lasts = [event.lasts(scenario.clock, t) for t in range(len(flags))]
                flags |= np.outer(lasts, event.covered(landscape))
        return flags & self.ledger.on_sale

    @cached_property
    def intended(self) -> Flags:
        """(T, J) an imposed cut that sells below production cost: the loss is meant."""
        return self.imposed & metrics.below(self.ledger.net_price, self.ledger.unit_cost)

    @cached_property
    def followed(self) -> Flags:
        """(T, J) another firm's price stands at least `CUT` below what its costs explain: it answers."""
        leads = np.zeros(len(self.ledger.start_units), np.bool_)
        leads[self.ledger.landscape.firm_of[self.imposed.any(axis=0)]] = True
        cut = cut_depth(self.ledger.price, self.ledger.reference_price) >= CUT - 1e-12
        return self.ledger.on_sale & cut & ~leads[self.ledger.landscape.firm_of]

    @cached_property
    def flags(self) -> dict[str, Flags]:
        """(T, J) what each test would call predatory; tests of a firm's conduct flag all its cars."""
        by_firm = {
            "sacrifice": self.sacrifice(),
            "no_economic_sense": self.no_economic_sense(),
            "as_efficient_competitor": self.as_efficient_competitor(),
        }
        firm_of = self.ledger.landscape.firm_of
        found = below(self.ledger) | {
            name: flags[:, firm_of] & self.ledger.on_sale for name, flags in by_firm.items()
        }
        recouped = np.array([self.recouped(f) for f in range(len(self.ledger.start_units))])
        return found | {"recoupment": found["avc"] & recouped[firm_of]}

    def sacrifice(self) -> Flags:
        """(T, F) months in which a firm earns less than in peace (Ordover and Willig 1981)."""
        return (self.ledger.operating_profit < self.but_for.operating_profit) & self.ledger.active

    def no_economic_sense(self) -> Flags:
        """(T, F) the firm's gain over peace, without months after a rival's exit, is a loss (Werden 2006).

        Exits that peace sees too do not count. All months of such a firm are flagged.
        """
        left = (~self.ledger.active & self.but_for.active).any(axis=1)
        before = ~np.logical_or.accumulate(left)
        gain = (self.ledger.operating_profit - self.but_for.operating_profit) * before[:, None]
        senseless = present_value(gain.T, self.rate, self.year) < 0
        return np.asarray(np.broadcast_to(senseless, gain.shape) & self.ledger.active)

    def as_efficient_competitor(self) -> Flags:
        """(T, F) what the cars won over peace bring in on top does not pay their LRAIC.

        Effective price of the contestable part: (money paid less money paid in peace) over cars won, as in
        the EU guidance 2009/C 45/02, 41 to 45, with cars won as the contestable part.
        """
        mine, other, by_firm = self.ledger, self.but_for, self.ledger.landscape.by_firm
        won = np.maximum(mine.units - other.units, 0.0)
        cars = mine.sold - other.sold
        extra = by_firm(mine.paid - other.paid) / (1.0 + mine.vat)
        cost = by_firm(won * lines_of(mine)["lraic"]) / np.maximum(by_firm(won), 1e-9)
        return (cars > 0.01 * mine.start_units) & (cars > 1.0) & (extra < cost * cars)

    def recouped(self, firm: int) -> bool:
        """Whether what a firm gains after it began to lose exceeds what it gave up (Brooke Group 1993)."""
        paths = self.ledger.operating_profit[:, firm], self.but_for.operating_profit[:, firm]
        found = sacrifice_and_recoupment(*paths, annual_rate=self.rate, periods_a_year=self.year)
        return bool(found.recoupment > found.sacrifice > 0)

    def leader_balance(self, periods: int | None = None) -> tuple[float, float]:
        """Sacrifice and recoupment of the firm that cut first, present value, money; of the first periods."""
        firm = self.run.names.index(self.run.leader)
        mine, other = (path.operating_profit[:periods, firm] for path in (self.ledger, self.but_for))
        found = sacrifice_and_recoupment(mine, other, annual_rate=self.rate, periods_a_year=self.year)
        return float(found.sacrifice), float(found.recoupment)


def error_rates(case: Case) -> dict[str, float]:
    """For each test: share of cars ordered under the intended cut it misses, under answers it flags.

    NaN where nothing was intended, or nobody answered.
    """
    cars, table = case.ledger.orders, dict[str, float]()
    for name in TESTS:
        flags = case.flags[name]
        table[f"missed.{name}"] = 1.0 - _share(cars, case.intended, flags)
        table[f"false_alarm.{name}"] = _share(cars, case.followed, flags)
    return table


def _share(cars: Floats, where: Flags, flags: Flags) -> float:
    whole = float((cars * where).sum())
    return float((cars * where * flags).sum()) / whole if whole > 0 else float("nan")
