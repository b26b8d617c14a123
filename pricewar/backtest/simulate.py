"""The draws: each a calibration and a run of its own, kept as small arrays."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.base.errors import PricewarError
from pricewar.base.shares import ratio
from pricewar.events.cuts import ImposedCut
from pricewar.experiment.pool import SerialExecutor
from pricewar.experiment.store import Store, read_runs
from pricewar.experiment.study import Hands, Progress, fill
from pricewar.experiment.trajectories import read_tables
from pricewar.experiment.work import Item
from pricewar.files.digest import short_digest
from pricewar.market.model import PriceWar
from pricewar.market.trajectory import Trajectory
from pricewar.scenario.tree import Scenario

MOST_LOST = 0.05
"""Largest share of draws that may fail."""
FIELDS = ("units", "revenue", "gross_profit", "fixed_cost", "depth", "told", "sold_out")
TABLE: Final = "draws"
"""Table that a draw leaves."""
MARGIN: Final = "margin"
"""Column of the gross margin at the start, the same in all months."""
TIME_LIMIT: Final = 900.0
"""Seconds for one draw."""


@dataclass(frozen=True)
class Simulated:
    """All draws that ran. D draws, M months after the start (index 0 is the month before it), F firms."""

    firms: tuple[str, ...]
    months: tuple[str, ...]
    values: dict[str, Floats]
    """Field -> (D, M + 1, F). units: cars a month; revenue, gross_profit, fixed_cost: CNY a month; depth:
    promotion over list price; told: announced discount over list price; sold_out: 1 where the orders in hand
    exceed a month's capacity."""
    margin: Floats
    """(D, F) gross margin at the start, as drawn."""
    lost: tuple[str, ...]
    """Why draws failed."""

    def at_rest(self) -> Simulated:
        """The same without the run: all months as the one before the first, and nobody sold out.

        That a firm cannot make more is what the run knows; season, drift and errors know of no plant.
        """
        values = {
            name: np.repeat(field[:, :1], len(self.months), axis=1) for name, field in self.values.items()
        }
        return replace(self, values=values | {"sold_out": np.zeros_like(values["units"])})

    def scaled(self, cars: float) -> Simulated:
        """All cars and money by one factor, so that this many cars are sold in the month before the first."""
        summed = ("units", "revenue", "gross_profit", "fixed_cost")
        factor = cars / self.values["units"][:, :1].sum(axis=2, keepdims=True)
        values = {n: field * factor if n in summed else field for n, field in self.values.items()}
        return replace(self, values=values)

    def joined(self, names: Sequence[str], rest: str) -> Simulated:
        """Firms that are not named, as one: cars and money are summed, depth and margin are weighted.

        Together they are sold out where makers of more than half of their cars are.

        Args:
            names: firms that stay, in the order wanted; those that are not here are left out.
            rest: name of all others together; where it is among the names, its place is there.
        """
        kept = [name for name in names if name in self.firms and name != rest]
        places = {name: [self.firms.index(name)] for name in kept}
        places[rest] = [at for at, name in enumerate(self.firms) if name not in kept]
        order = [name for name in names if places.get(name)]
        summed = ("units", "revenue", "gross_profit", "fixed_cost")
        values = {
            name: np.stack(
                [
                    field[:, :, places[firm]].sum(axis=2)
                    if name in summed
                    else _weighed(field[:, :, places[firm]], self.values["units"][:, :, places[firm]])
                    for firm in order
                ],
                axis=2,
            )
            for name, field in self.values.items()
        }
        values["sold_out"] = (values["sold_out"] > 0.5).astype(float)
        revenue = self.values["revenue"][:, 0]
        margin = [_weighed(self.margin[:, places[f]], revenue[:, places[f]]) for f in order]
        return Simulated(tuple(order), self.months, values, np.stack(margin, axis=1), self.lost)


@dataclass(frozen=True)
class Draws:
    """The draws of a backtest as what a store holds."""

    scenario: Scenario
    changes: Sequence[dict[str, Any]]
    """What each draw changes in the scenario."""
    seed: int
    """Of the first draw; each has its own luck."""
    record: ClassVar[str] = "draws.json"
    noun: ClassVar[str] = "backtest"
    columns: ClassVar[tuple[str, ...]] = ()
    kept: ClassVar[tuple[str, ...]] = (TABLE,)

    def __len__(self) -> int:
        return len(self.changes)

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.scenario.name

    @property
    def seeds(self) -> range:
        """Of all draws."""
        return range(self.seed, self.seed + len(self))

    @property
    def table(self) -> pd.DataFrame:
        """A draw a row."""
        return pd.DataFrame({"point": range(len(self))})

    def content(self) -> dict[str, Any]:
        """All that the draws depend on; what they change, by its digest."""
        changes = short_digest(list(self.changes))
        return {
            "scenario": self.scenario.digest,
            "draws": len(self),
            "seed": self.seed,
            "changes": changes,
            "fields": list(FIELDS),
        }

    @property
    def digest(self) -> str:
        """Short name of the content."""
        return short_digest(self.content())

    def described(self) -> dict[str, Any]:
        """The scenario."""
        return self.scenario.model_dump(mode="json")

    def item(self, run: int) -> Item:
        """The draw of a number."""
        return Item(run, run, self.seed + run, self.changes[run])

    def command(self, item: Item) -> str:
        """The command line that does what is missing."""
        return "pricewar backtest"


@dataclass(frozen=True)
class Draw:
    """The work of one draw: a calibration and a run."""

    scenario: Scenario

    def __call__(self, item: Item) -> tuple[Mapping[str, float], Mapping[str, pd.DataFrame]]:
        """No metrics; the table `draws`: a row for each month, one before the first too, and firm."""
        model = PriceWar(self.scenario.but(item.changes), seed=item.seed, collect=False).run_model()
        found = _arrays(model)
        return {}, {TABLE: pd.DataFrame({name: found[name].ravel() for name in (*FIELDS, MARGIN)})}


def simulate(
    scenario: Scenario,
    changes: Sequence[dict[str, Any]],
    seed: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
    store: str | Path | None = None,
) -> Simulated:
    """Run every draw that is not stored yet; each has its own luck.

    Args:
        scenario: of the month before the first.
        changes: what each draw changes in it.
        seed: of the first draw.
        executor: any concurrent.futures executor; None: here.
        progress: called as draws are done.
        store: folder to write, and to go on with; None: nothing is kept but the answer.

    Raises:
        InputError: the folder holds other draws.
        PricewarError: more than 5% of the draws fail.
    """
    if store is None:
        with tempfile.TemporaryDirectory(prefix="pricewar-") as folder:
            return simulate(scenario, changes, seed, executor, progress, folder)
    draws = Draws(scenario, changes, seed)
    with closing(Store.open(store, draws)) as opened:
        fill(opened, Draw(scenario), Hands(executor or SerialExecutor()), TIME_LIMIT, progress)
        opened.finish()
        runs, table = read_runs(opened.directory), read_tables(opened.directory, TABLE)
    failed = runs[runs["status"] != "ok"]
    lost = tuple(f"seed {row.seed}: {row.error}" for row in failed.itertuples())
    if len(lost) > MOST_LOST * len(draws):
        raise PricewarError(f"{len(lost)} of {len(draws)} draws failed; the first: {lost[0]}")
    months = tuple(scenario.month(t) for t in range(-1, scenario.periods))
    shape = (len(draws) - len(lost), len(months), len(scenario.firms))
    values = {name: table[name].to_numpy().reshape(shape) for name in (*FIELDS, MARGIN)}
    start = values.pop(MARGIN)[:, 0]
    return Simulated(tuple(scenario.firms), months, values, start, lost)


def _weighed(values: Floats, weights: Floats) -> Floats:
    """Mean over the last axis; of one value, that value."""
    return np.asarray((values * weights).sum(axis=-1) / np.maximum(weights.sum(axis=-1), 1e-9))


def _arrays(model: PriceWar) -> dict[str, Floats]:
    """Fields of a run, the month before it first."""
    start, run = _before(model), Trajectory.of(model)
    found = {
        "units": run.sold,
        "revenue": run.revenue,
        "gross_profit": run.gross_profit,
        "fixed_cost": run.fixed_cost,
        "depth": run.depth,
        "told": _told(model, run),
        "sold_out": (run.landscape.by_firm(run.backlog) > run.capacity).astype(float),
    }
    arrays = {name: np.vstack([start[name], found[name]]) for name in FIELDS}
    margin = np.array([firm.gross_margin for firm in model.setting.firms.values()], dtype=float)
    return arrays | {MARGIN: np.broadcast_to(margin, arrays["units"].shape)}


def _told(model: PriceWar, run: Trajectory) -> Floats:
    """(T, F) announced discount over list price, weighted by cars delivered; 0 without deliveries.

    What buyers get off list, and the part of announced cuts that dealers had given before. Where firms run
    campaigns, the headline of their offers counts if it lies lower.
    """
    setting, land = model.setting, run.landscape
    announced = np.asarray(model.price_history[1 : len(run.list_price) + 1])
    off = run.list_price - np.minimum(announced, run.price)
    before = np.zeros_like(off)
    for event in setting.events:
        if isinstance(event, ImposedCut):
            lasts = [event.lasts(setting.clock, period) for period in range(len(off))]
            before[lasts] = np.maximum(before[lasts], event.already_given * event.announced(land))
    return ratio(land.by_firm(run.units * (off + before)), land.by_firm(run.units * run.list_price), 0.0)


def _before(model: PriceWar) -> dict[str, Floats]:
    """(F,) the same fields of the month before the first."""
    start, specs = model.landscape, list(model.setting.firms.values())
    products = [model.setting.products[key] for key in start.products]
    listed = np.array([product.list_price for product in products])
    promised = np.array([product.promotion for product in products])
    net = start.start_price / (1.0 + model.setting.market.vat)
    given, asked = start.start_units * promised, start.start_units * listed
    depth = ratio(start.by_firm(given), start.by_firm(asked), 0.0)
    full = np.array([firm.backlog for firm in specs]) > [firm.capacity or np.inf for firm in specs]
    return {
        "units": start.by_firm(start.start_units),
        "revenue": start.by_firm(start.start_units * net),
        "gross_profit": start.by_firm(start.start_units * (net - model.calibration.unit_cost)),
        "fixed_cost": np.array([firm.fixed_cost for firm in specs]),
        "depth": depth,
        "told": depth,
        "sold_out": full.astype(float),
    }
