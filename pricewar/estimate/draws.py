"""Runs at points of the prior: each a calibration and a run, kept as its moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.base.errors import PricewarError
from pricewar.base.sums import dot
from pricewar.equilibrium.motives import growth_motives
from pricewar.experiment.store import Store, read_runs
from pricewar.experiment.study import Hands, Progress, fill
from pricewar.experiment.trajectories import read_tables
from pricewar.experiment.work import Item
from pricewar.files.digest import short_digest
from pricewar.market.calibrate import calibrate
from pricewar.market.model import PriceWar
from pricewar.posterior import PARAMETERS, Parameter, changes_of
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario

from .figures import told
from .moments import MOMENTS, moments_of, seen_in

MARKET: Final = "china-2023-costs"
"""From January 2023, with costs as they fell; no cut is imposed."""
TODAY: Final = "baseline"
"""The market of April 2025, whose prices and margins reveal growth motives."""
ROWS: Final = 500
"""Rows of buyers in each run."""
RULES: Final = ("motive_rms", "motive_slope")
"""Of the growth motives of April 2025, weighted by units: root mean square over the price ex VAT, and slope
of that ratio on the log price. They are consequences of parameters, without luck; no record tells them."""
MOST_LOST: Final = 0.05
"""Largest share of runs that may fail."""
TIME_LIMIT: Final = 120.0
"""Seconds for one run."""
SEEN: Final = "seen"
"""Table of the figures behind the moments."""
FIRST_SEED: Final = 100_001
"""Luck of the runs; seeds of published results are others."""


def points(count: int, seed: int, parameters: Sequence[Parameter] = PARAMETERS) -> Floats:
    """(count, P) quantiles of the prior: a scrambled Sobol sequence (Owen 1998)."""
    from scipy.stats import qmc

    sampler = qmc.Sobol(len(parameters), rng=np.random.default_rng(seed))
    whole = sampler.random_base2(int(np.ceil(np.log2(count))))
    return np.asarray(whole[:count])


def values_at(quantiles: Floats, parameters: Sequence[Parameter] = PARAMETERS) -> pd.DataFrame:
    """Values of parameters, a row a point."""
    return pd.DataFrame(
        {p.name: [p.at(float(q)) for q in column] for p, column in zip(parameters, quantiles.T, strict=True)}
    )


def quantiles_at(values: pd.DataFrame, parameters: Sequence[Parameter] = PARAMETERS) -> Floats:
    """(N, P) quantiles of the prior of values."""
    return np.array([[p.quantile(float(v)) for v in values[p.name]] for p in parameters]).T


@dataclass(frozen=True)
class Points:
    """Points of parameters as what a store holds."""

    scenario: Scenario
    today: Scenario
    values: pd.DataFrame
    first_seed: int = FIRST_SEED
    kept: tuple[str, ...] = ()
    """Tables that a run leaves: none, or `SEEN`."""
    record: ClassVar[str] = "points.json"
    noun: ClassVar[str] = "calibration"
    columns: ClassVar[tuple[str, ...]] = (*MOMENTS, *RULES)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def name(self) -> str:
        """Name of the market."""
        return self.scenario.name

    @property
    def seeds(self) -> range:
        """Of all runs."""
        return range(self.first_seed, self.first_seed + len(self))

    @property
    def table(self) -> pd.DataFrame:
        """A point a row, with its parameters."""
        return self.values.rename_axis("point").reset_index()

    def content(self) -> dict[str, Any]:
        """All that the runs depend on; the points, by their digest."""
        rows = [[float(cell).hex() for cell in row] for row in self.values.to_numpy()]
        return {
            "scenario": self.scenario.digest,
            "today": self.today.digest,
            "points": len(self),
            "seed": self.first_seed,
            "parameters": list(self.values.columns),
            "values": short_digest(rows),
        }

    @property
    def digest(self) -> str:
        """Short name of the content."""
        return short_digest(self.content())

    def described(self) -> dict[str, Any]:
        """The market."""
        return self.scenario.model_dump(mode="json")

    def item(self, run: int) -> Item:
        """The run of a point."""
        drawn = {str(name): float(value) for name, value in self.values.iloc[run].items()}
        return Item(run, run, self.first_seed + run, drawn)

    def command(self, item: Item) -> str:
        """The command line that does what is missing."""
        return "pricewar calibrate --posterior"


@dataclass(frozen=True)
class Measured:
    """The work of one point: a run and its moments, and what prices of April 2025 say of growth motives."""

    scenario: Scenario
    today: Scenario
    keep: bool = False

    def __call__(self, item: Item) -> tuple[Mapping[str, float], Mapping[str, pd.DataFrame]]:
        """All moments; the table `SEEN` if it is kept."""
        drawn = {name: float(value) for name, value in item.changes.items()}
        changed = self.scenario.but(changes_of(self.scenario, drawn))
        model = PriceWar(changed, seed=item.seed, collect=False).run_model()
        seen = seen_in(model)
        kept = {SEEN: told(seen)} if self.keep else {}
        return moments_of(seen) | motives(self.today, drawn), kept


def motives(today: Scenario, drawn: Mapping[str, float]) -> dict[str, float]:
    """What prices of a market say of its firms' growth motives, at these parameters: `RULES`."""
    wanted = {name: drawn[name] for name in ("own_elasticity", "income_elasticity") if name in drawn}
    found = calibrate(today.but(changes_of(today, wanted)))
    vat, sold = today.market.vat, found.on_sale
    cost = float(drawn.get("variable_share", today.market.variable_share)) * found.unit_cost
    land = found.landscape
    start = found.demand.subset(sold)
    theta = growth_motives(start, land.start_price[sold], cost[sold], land.firm_of[sold], vat)
    net = land.start_price[sold] / (1.0 + vat)
    weight = land.start_units[sold] / land.start_units[sold].sum()
    ratio, logs = theta / net, np.log(net)
    centred = logs - dot(weight, logs)
    return {
        "motive_rms": float(np.sqrt(dot(weight, ratio**2))),
        "motive_slope": dot(weight, centred * ratio) / dot(weight, centred**2),
    }


@lru_cache(maxsize=1)
def markets() -> tuple[Scenario, Scenario]:
    """The market of the runs, and that of April 2025, with fewer rows of buyers.

    In the first, costs fall as reported costs did, batteries included: their price does not fall once more.
    """
    past = load(MARKET).but({"consumers.draws": ROWS, "dynamics.battery.on": False})
    return past, load(TODAY).but({"consumers.draws": ROWS})


def measure_points(
    values: pd.DataFrame,
    store: str | Path,
    first_seed: int = FIRST_SEED,
    executor: Executor | None = None,
    workers: int = 2,
    progress: Progress | None = None,
    changes: Mapping[str, Any] | None = None,
    keep: bool = False,
) -> pd.DataFrame:
    """Moments at points of parameters; those that are in the folder are not run again.

    Args:
        values: a row a point, a column a parameter.
        store: folder to write, and to go on with.
        first_seed: luck of the first; each point has its own.
        executor: any concurrent.futures executor; None: processes of our own.
        workers: of our own.
        progress: called as runs are done.
        changes: of the market, by path: another demand, another rule.
        keep: whether the figures behind the moments are kept too (`seen_of`).

    Returns:
        A row a point, in order: `MOMENTS` and `RULES`; NaN in all where its run failed.

    Raises:
        InputError: the folder holds other points.
        PricewarError: more than 5% of the runs fail.
    """
    scenario, today = markets()
    scenario = scenario.but(dict(changes)) if changes else scenario
    plan = Points(scenario, today, values, first_seed, (SEEN,) if keep else ())
    with closing(Store.open(store, plan)) as opened:
        fill(opened, Measured(scenario, today, keep), Hands(executor, workers), TIME_LIMIT, progress)
        opened.finish()
    runs = read_runs(store)
    failed = runs[runs["status"] != "ok"]
    if len(failed) > MOST_LOST * len(values):
        raise PricewarError(
            f"{len(failed)} of {len(values)} runs failed; the first: {failed['error'].iloc[0]}"
        )
    return runs.sort_values("run")[list(Points.columns)].reset_index(drop=True)


def figures_of(store: str | Path) -> pd.DataFrame:
    """Figures behind the moments of all runs of a folder (`pricewar.estimate.figures`), a row a run."""
    table = read_tables(Path(store), SEEN)
    width = table["figure"].nunique()
    values = table["value"].to_numpy().reshape(-1, width)
    return pd.DataFrame(values, columns=table["figure"].iloc[:width].to_numpy())
