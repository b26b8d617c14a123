"""The draws: each a calibration and a run of its own, kept as small arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from pricewar.base.errors import PricewarError
from pricewar.market.model import PriceWar
from pricewar.scenario.tree import Scenario

from .past import Floats

MOST_LOST = 0.05
"""Largest share of draws that may fail."""
FIELDS = ("units", "revenue", "gross_profit", "fixed_cost", "depth", "sold_out")
Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Simulated:
    """All draws that ran. D draws, M months after the start (index 0 is the month before it), F firms."""

    firms: tuple[str, ...]
    months: tuple[str, ...]
    values: dict[str, Floats]
    """Field -> (D, M + 1, F). units: cars a month; revenue, gross_profit, fixed_cost: CNY a month; depth:
    promotion over list price; sold_out: 1 where the orders in hand exceed a month's capacity."""
    margin: Floats
    """(D, F) gross margin at the start, as drawn."""
    lost: tuple[str, ...]
    """Why draws failed."""


@dataclass(frozen=True)
class Task:
    """One draw."""

    scenario: Scenario
    changes: dict[str, Any]
    seed: int


def simulate(
    scenario: Scenario,
    changes: Sequence[dict[str, Any]],
    seed: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Simulated:
    """Run every draw; each has its own luck.

    Raises:
        PricewarError: more than 5% of the draws fail.
    """
    tasks = [Task(scenario, change, seed + row) for row, change in enumerate(changes)]
    kept: list[dict[str, Floats]] = []
    lost: list[str] = []
    mapped = map(draw, tasks) if executor is None else executor.map(draw, tasks, chunksize=4)
    for task, outcome in zip(tasks, mapped, strict=True):
        if isinstance(outcome, str):
            lost.append(outcome)
        else:
            kept.append(outcome)
        if progress is not None:
            progress(scenario.name, task.seed)
    if len(lost) > MOST_LOST * len(tasks):
        raise PricewarError(f"{len(lost)} of {len(tasks)} draws failed; the first: {lost[0]}")
    months = tuple(scenario.month(t) for t in range(-1, scenario.periods))
    values = {name: np.stack([one[name] for one in kept]) for name in FIELDS}
    start = np.stack([one["margin"] for one in kept])
    return Simulated(tuple(scenario.firms), months, values, start, tuple(lost))


def draw(task: Task) -> dict[str, Floats] | str:
    """One run as arrays (M + 1, F), or why it failed."""
    try:
        model = PriceWar(task.scenario.but(task.changes), seed=task.seed, collect=False).run_model()
    except Exception as failure:  # a failed draw is data, as a failed run is
        return f"seed {task.seed}: {type(failure).__name__}: {failure}"
    return _arrays(model)


def _arrays(model: PriceWar) -> dict[str, Floats]:
    start = model.landscape
    products = [model.setting.products[key] for key in start.products]
    listed = np.array([product.list_price for product in products])
    promised = np.array([product.promotion for product in products])
    net = start.start_price / (1.0 + model.setting.market.vat)

    by_firm = start.by_firm
    specs = list(model.setting.firms.values())
    units = by_firm(start.start_units)
    first = {
        "units": units,
        "revenue": by_firm(start.start_units * net),
        "gross_profit": by_firm(start.start_units * (net - model.calibration.unit_cost)),
        "fixed_cost": np.array([firm.fixed_cost for firm in specs]),
        "depth": _ratio(by_firm(start.start_units * promised), by_firm(start.start_units * listed)),
        "sold_out": (np.array([f.backlog for f in specs]) > [f.capacity or np.inf for f in specs]).astype(
            float
        ),
    }
    rows = [first]
    for month in model.history:
        sold, books = month.sales.units, month.accounts
        rows.append(
            {
                "units": by_firm(sold),
                "revenue": books.revenue,
                "gross_profit": books.gross_profit,
                "fixed_cost": books.fixed_cost,
                "depth": _ratio(
                    by_firm(sold * month.offers.promotion), by_firm(sold * month.offers.list_price)
                ),
                "sold_out": (by_firm(month.sales.backlog) > month.capacity).astype(float),
            }
        )
    found = {name: np.stack([np.asarray(row[name], float) for row in rows]) for name in FIELDS}
    return found | {"margin": np.array([firm.gross_margin for firm in specs])}


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
