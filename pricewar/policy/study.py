"""Run a policy study: in every future, peace, the war, and the war under each option with the same luck."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import pandas as pd

from pricewar.base.errors import ResultsError, bad_input
from pricewar.experiment.manifest import read_manifest
from pricewar.experiment.metrics import Run
from pricewar.experiment.store import Store
from pricewar.experiment.study import Hands, Progress, fill
from pricewar.experiment.trajectories import read_tables
from pricewar.experiment.work import Item, simulate
from pricewar.posterior import drawn

from .files import load_policy
from .measures import MONEY, outcomes
from .spec import NONE, PEACE, PolicySpec

PATHS: Final = ("price_index", "war_index", "hhi", *MONEY)
"""Columns of the market table whose monthly paths are kept."""
NAMES: Final = ("options", "paths")
"""Tables that a future leaves."""
TIME_LIMIT: Final = 900.0
"""Seconds for all runs of one future."""
ABOUT: Final = "policy.json"
"""Says what was asked and by whom, and names what was added to the folder."""


@dataclass(frozen=True)
class Future:
    """The work of one future: all its runs, measured."""

    spec: PolicySpec

    def __call__(self, item: Item) -> tuple[Mapping[str, float], Mapping[str, pd.DataFrame]]:
        """No metrics; the tables `options` (a row an option) and `paths` (a row an option and month)."""
        future = self.spec.futures[item.point]
        peace, war = (self._run(option, future, item) for option in (PEACE, NONE))
        runs = {PEACE: peace, NONE: war}
        keys = {"draw": item.point, "seed": item.seed}
        rows, paths = [], []
        for option in (PEACE, *self.spec.options):
            run = runs.get(option) or self._run(option, future, item)
            found = outcomes(run, war, peace, self.spec.discount)
            rows.append(keys | future | {"option": option} | found)
            paths.append(_path(run, keys | {"option": option}))
        return {}, {"options": pd.DataFrame(rows), "paths": pd.concat(paths, ignore_index=True)}

    def _run(self, option: str, future: Mapping[str, Any], item: Item) -> Run:
        return simulate(drawn(self.spec.scenario(option, future), item.drawn), item.drawn.luck)


def _path(run: Run, keys: Mapping[str, Any]) -> pd.DataFrame:
    kept = run.market[["month", *PATHS]]
    return kept.assign(**keys)


@dataclass(frozen=True)
class Futures:
    """The futures of a policy study as what a store holds: seeds of one draw follow each other."""

    spec: PolicySpec
    record: ClassVar[str] = ABOUT
    noun: ClassVar[str] = "study"
    columns: ClassVar[tuple[str, ...]] = ()
    kept: ClassVar[tuple[str, ...]] = NAMES

    def __len__(self) -> int:
        return len(self.spec)

    @property
    def name(self) -> str:
        """Name of the study."""
        return self.spec.name

    @property
    def digest(self) -> str:
        """Short name of the content."""
        return self.spec.digest

    @property
    def seeds(self) -> range:
        """Seeds of all futures: each has its own."""
        return range(self.spec.seed, self.spec.seed + len(self))

    @property
    def table(self) -> pd.DataFrame:
        """A draw a row; its parameters are in the table of options."""
        return pd.DataFrame({"point": range(self.spec.draws_in_all)})

    def content(self) -> dict[str, Any]:
        """All that results depend on, but for futures that were added: those there stay as they are."""
        return {name: part for name, part in self.spec.content().items() if name != "more"}

    def described(self) -> dict[str, Any]:
        """The study with its words."""
        return self.spec.model_dump(mode="json", by_alias=True)

    def item(self, run: int) -> Item:
        """The future of a number."""
        draw, seed = run // self.spec.seeds, self.spec.seed + run
        return Item(run, draw, seed, draw=self.spec.draw(draw, seed))

    def command(self, item: Item) -> str:
        """The command line that does what is missing."""
        return shlex.join(["pricewar", "policy", self.spec.origin or self.spec.name])


def grown(spec: PolicySpec, folder: Path) -> PolicySpec:
    """The study with the futures that a folder holds already as its first ones, and what is missing as more.

    Args:
        spec: what is asked for.
        folder: of a study with as many futures or fewer; or without one, then `spec` is returned as it is.

    Raises:
        InputError: the folder holds more futures than are asked for.
        ResultsError: its record is damaged.
    """
    if not ((folder / ABOUT).exists() and (folder / "chunks").exists()):
        return spec  # nothing is begun here; whether the folder may be used is asked as it is opened
    stored = read_manifest(folder, ABOUT)["experiment"]
    try:
        held = (int(stored["draws"]), *map(int, stored.get("more", ())))
    except (KeyError, TypeError, ValueError) as error:
        raise ResultsError(f"{folder / ABOUT}: experiment: draws and more are not whole numbers") from error
    asked, there = spec.draws_in_all, sum(held)
    if held == spec.blocks[: len(held)]:
        return spec
    if asked < there or spec.more:
        allowed = f"{there} futures or more, as stored; or another --out"
        raise bad_input(f"{folder} holds another study", ("draws", asked, allowed))
    rest = (asked - there,) if asked > there else ()
    return spec.but(draws=held[0], more=held[1:] + rest)


@dataclass(frozen=True)
class PolicyStudy:
    """A policy study and what came of it."""

    spec: PolicySpec
    options: pd.DataFrame
    """A row for each future and option: draw, seed, factors, option, and all measures."""
    paths: pd.DataFrame
    """A row for each future, option and month: columns `PATHS`."""
    failed: tuple[str, ...] = ()
    """Futures that failed, each with its error."""

    @property
    def futures(self) -> int:
        """Futures that ran."""
        return len(self.options.groupby(["draw", "seed"])) if len(self.options) else 0


def run_policy(
    source: PolicySpec | str | Path,
    executor: Executor | None = None,
    *,
    store: str | Path,
    workers: int = 2,
    progress: Progress | None = None,
    command: str = "",
) -> PolicyStudy:
    """Do all futures that are not done yet; a future that fails is told, and tried again next time.

    Args:
        source: a PolicySpec, a shipped name, or a file.
        executor: any concurrent.futures executor; None: processes of our own, one thread each.
        store: folder to write, and to go on with; futures that it lacks are added to those that it has.
        workers: processes of our own.
        progress: called as futures are done.
        command: the command line, for the record.

    Raises:
        InputError: the file is not valid, or the folder holds another study.
        ResultsError: no future ran.
    """
    futures = Futures(grown(load_policy(source), Path(store)))
    with closing(Store.open(store, futures, command)) as opened:
        hands = Hands(executor, workers)
        lost = fill(opened, Future(futures.spec), hands, TIME_LIMIT, progress, failures=False)
        failed = tuple(f"draw {o.item.point}, seed {o.item.seed}: {o.error}" for o in lost)
        options, paths = (read_tables(opened.directory, name) for name in NAMES)
        if options.empty:
            raise ResultsError("\n".join(["no future ran", *failed[:5]]))
        if not failed:
            opened.finish()
    return PolicyStudy(futures.spec, options, paths, failed)
