"""What an option did: one number for each measure, from its run, the war's and the peace's."""

from __future__ import annotations

from typing import Final

import numpy as np

from pricewar.base.calendar_time import Stated
from pricewar.experiment.metrics import Run, war_months
from pricewar.market.trajectory import Trajectory
from pricewar.results.metrics import present_value

from .conduct import conduct_index
from .courts import TESTS, Case, error_rates
from .lines import LINES, line_table

MONEY: Final = (
    "consumer_surplus", *(f"consumer_surplus_{group}" for group in range(1, 6)), "producer_surplus",
    "petrol_profit", "supplier_profit", "fiscal_cost", "welfare",
)  # fmt: skip
"""Columns of the market table that are added up, as sums and as present values."""
PLAIN: Final = (
    "war_avoided", "rivals_fall", "price_index_end", "orders", "suppliers_failed", "exits", "hhi_end",
    "conduct", "sacrifice", "recouped", "refunds", "protection_paid", "early_loss", "early_share",
    "war_months", "deliveries", "petrol_cars", "entries",
)  # fmt: skip
"""The other measures whose names have no dot: with MONEY, what no factor of a policy file may be called."""
YEARS: Final = (2, 5, 10)
"""Horizons at which recoupment is told, where the study is as long."""
WAIT: Final = 3
"""Months after which an early buyer looks at the price again."""
LEAST_LOSS: Final = 1e-5
"""A fall of the price by less than this part of a usual price is no loss."""
LEAST_WAR: Final = 0.005
"""Below this mean fall of rivals' prices there was no war to avoid."""


def names(periods: int, a_year: float = 12.0) -> tuple[str, ...]:
    """Names of all measures that `outcomes` has.

    Args:
        periods: length of the study.
        a_year: periods of a year.
    """
    years = [f"recouped.{year}" for year in YEARS if periods >= round(a_year * year)]
    lines = [f"{kind}.{line}" for line in LINES for kind in ("below", "months", "depth")]
    tests = [f"{kind}.{test}" for test in TESTS for kind in ("missed", "false_alarm")]
    books = [f"pv.open.{name}" for name in MONEY if name != "petrol_profit"]
    present = [f"pv.{name}" for name in MONEY]
    zones = ["akzo.low", "akzo.middle", "akzo.high"]
    return (*MONEY, *present, *PLAIN, *books, "pv.welfare_with_open", *lines, *zones, *tests, *years)


def outcomes(run: Run, war: Run, peace: Run, rate: float) -> dict[str, float]:
    """All measures of one option in one future.

    Args:
        run: the option.
        war: the war without measures, same luck.
        peace: the market without the war, same luck.
        rate: discount rate a year.
    """
    case = Case(run, peace, rate)
    table = {name: float(run.market[name].sum()) for name in MONEY}
    paths = {name: run.market[name].to_numpy() for name in MONEY}
    table |= {f"pv.{name}": float(present_value(path, rate, case.year)) for name, path in paths.items()}
    table |= {
        "war_avoided": war_avoided(run, war, peace),
        "rivals_fall": rivals_fall(run, war.leader) - rivals_fall(peace, war.leader),
        "price_index_end": float(run.market["price_index"].iloc[-1]),
        "orders": float(run.market["orders"].sum()),
        "suppliers_failed": float(run.market["suppliers_failed"].sum()),
        "exits": exits(case.ledger),
        "hhi_end": float(run.market["hhi"].iloc[-1]),
        "conduct": float(np.nanmean(conduct_index(run))),
        "sacrifice": case.leader_balance()[0],
        "recouped": _recouped(case),
        "refunds": float(case.ledger.refunds.sum()),
        "protection_paid": float(case.ledger.protection_paid.sum()),
        "war_months": war_months(run),
        "deliveries": float(case.ledger.units.sum()),
        "petrol_cars": float(run.market["petrol_units"].sum()),
        "entries": entries(case.ledger),
    }
    ends = {year: round(case.year * year) for year in YEARS}
    table |= {
        f"recouped.{year}": _recouped(case, end) for year, end in ends.items() if len(run.market) >= end
    }
    table |= open_orders(run, rate) | early_buyers(run)
    return table | line_table(case.ledger) | error_rates(case)


def open_orders(run: Run, rate: float) -> dict[str, float]:
    """What the order book comes to at the end, less what that of the start came to, as present values, CNY.

    Surplus is counted at the order and profit at the delivery, so this can decide the sign of welfare.

    Returns:
        `pv.open.welfare` and its parts; `pv.welfare_with_open` the welfare of the run with them.
    """
    table = run.tables["open_orders"]
    kept = [name for name in table if name in MONEY]
    net = table.assign(sign=np.where(table["book"] == "closing", 1.0, -1.0))
    year = run.scenario.clock.periods_a_year
    discount = (1.0 + rate) ** (-(len(run.market) - 1) / year)
    parts = {f"pv.open.{name}": discount * float((net[name] * net["sign"]).sum()) for name in kept}
    run_alone = float(present_value(run.market["welfare"].to_numpy(), rate, year))
    return parts | {"pv.welfare_with_open": run_alone + parts["pv.open.welfare"]}


def rivals_fall(run: Run, leader: str) -> float:
    """Mean over months of the fall of the prices of all firms but one, weighted by start units.

    Firms that have left do not count from then on.
    """
    change = run.trajectory.price_change
    rival = np.array([name != leader for name in run.names])
    weight = run.start_units * rival * run.trajectory.active * ~np.isnan(change)
    total = weight.sum(axis=1)
    fall = -(weight * np.nan_to_num(change)).sum(axis=1)
    return float(np.mean(np.divide(fall, total, out=np.zeros_like(fall), where=total > 0)))


def war_avoided(run: Run, war: Run, peace: Run) -> float:
    """Share of the war's fall of rivals' prices that did not happen; NaN where hardly any did.

    1: as in peace; 0: as in the war; above 1: dearer than peace; below 0: a deeper war.
    """
    fought, calm, now = (rivals_fall(one, war.leader) for one in (war, peace, run))
    return 1.0 - (now - calm) / (fought - calm) if fought - calm > LEAST_WAR else float("nan")


def exits(run: Trajectory) -> float:
    """Firms that were in the market in the first month and are not in the last."""
    return float((run.active[0] & ~run.active[-1]).sum())


def entries(run: Trajectory) -> float:
    """Firms that are in the market in the last month and were not in the first."""
    return float((~run.active[0] & run.active[-1]).sum())


def _recouped(case: Case, periods: int | None = None) -> float:
    gave, got = case.leader_balance(periods)
    return got / gave if gave > 0 else float("nan")


def early_buyers(case: Run) -> dict[str, float]:
    """Loss of those who paid more than the price `WAIT` months after their delivery, and how many they are.

    Returns:
        `early_loss` money incl. VAT, after what price protection paid back; `early_share` share of the units
        whose buyers lost.
    """
    run, wait = case.trajectory, int(Stated.LENGTH.by_period(WAIT, case.scenario.clock))
    if len(run.price) <= wait:
        return {"early_loss": 0.0, "early_share": 0.0}
    there = run.on_sale[:-wait] & run.on_sale[wait:]
    drop = np.where(there, np.maximum(np.nan_to_num(run.paid_price)[:-wait] - run.price[wait:], 0.0), 0.0)
    cars, least = run.units[:-wait], LEAST_LOSS * case.scenario.words.usual
    back = float(run.protection_paid.sum())
    lost = float((cars * (drop > least)).sum()) / max(float(cars.sum()), 1.0)
    return {"early_loss": max(float((cars * drop).sum()) - back, 0.0), "early_share": lost}
