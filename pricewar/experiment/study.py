"""Run an experiment, or read one back: the experiment with its table of runs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd

from pricewar.analysis.structure import seeds_differ
from pricewar.base.edition import EDITION, result_edition
from pricewar.base.errors import ResultsError
from pricewar.results.bounds import DIFF, bounds_of

from .files import experiment_from, load_experiment
from .manifest import read_manifest
from .pool import spawned_pool
from .runner import Factory, Runner
from .spec import Experiment
from .store import Store, read_runs
from .work import Item, Outcome, Simulate, Work
from .writer import Writer

Progress = Callable[[int, int, int], None]
"""Called with runs done, runs that failed, and all runs."""


@dataclass(frozen=True)
class Study:
    """An experiment and what came of it: one row a run."""

    experiment: Experiment
    runs: pd.DataFrame
    compute_seconds: float = float("nan")
    """Time spent in runs, all workers together."""
    edition: int = EDITION
    """Edition of the model that made the runs."""

    def __post_init__(self) -> None:
        """Let the table say what it comes from, so that an analysis of it alone knows."""
        marked = self.runs.copy(deep=False)
        marked.attrs |= {"design": self.experiment.design.kind, "luck": self.luck}
        object.__setattr__(self, "runs", marked)

    @property
    def luck(self) -> bool:
        """Whether seeds differ: by the runs; where only events were counted, by the noise of the base.

        Taken to be so where points have one seed.
        """
        there = [name for name in self.experiment.columns if name in self.runs]
        if (
            self.experiment.drawn != "luck"
            or self.experiment.replicates < 2
            or not there
            or seeds_differ(self.runs, there)
        ):
            return True
        if not all(bounds_of(name.removeprefix(DIFF)).event for name in there):
            return False
        base = self.experiment.base
        noise = base.noise
        shocks = (noise.market_sd, noise.taste_sd, noise.view_sd, *noise.firm_sd.values())
        return max(shocks) > 0 or base.campaigns.on

    @classmethod
    def load(cls, directory: str | Path, partial: bool = False, columns: Sequence[str] | None = None) -> Self:
        """Read the folder of an experiment.

        Args:
            directory: what `run_experiment` wrote.
            partial: take what is there of an unfinished one.
            columns: factors, metrics and texts to read beside `run`, `point`, `seed` and `status`; None: all.
                Of a large study the others are not read at all.

        Runs of an older edition of the model are told by one `EditionWarning`.

        Raises:
            ResultsError: not there, not finished, not readable, or of a newer edition.
        """
        manifest = read_manifest(Path(directory))
        edition = result_edition(manifest, str(directory))
        experiment = experiment_from(manifest["experiment"], str(directory))
        seconds = float(manifest.get("compute_seconds", float("nan")))
        return cls(experiment, read_runs(directory, partial, columns), seconds, edition)

    def require_complete(self) -> Self:
        """This study, if no run failed.

        Raises:
            ResultsError: some did; names the first of them.
        """
        failed = self.failed
        if len(failed):
            lines = [
                f"  run {row.run}: {row.error}\n    {row.repeat}" for row in failed.head(10).itertuples()
            ]
            raise ResultsError("\n".join([f"{len(failed)} of {len(self.runs)} runs failed", *lines]))
        return self

    @property
    def failed(self) -> pd.DataFrame:
        """Rows of runs that failed."""
        return self.runs[self.runs["status"] != "ok"]


def run_experiment(
    experiment: Experiment | str | Path,
    executor: Executor | Factory | None = None,
    *,
    store: str | Path | None = None,
    workers: int | None = None,
    window: int | None = None,
    progress: Progress | None = None,
    command: str = "",
) -> Study:
    """Do all runs of an experiment that are not done yet.

    A run that raises, that takes too long, or that takes its worker down is a row with its error.

    Args:
        experiment: an Experiment, a shipped name, or a file.
        executor: any concurrent.futures executor, or a function that makes one (then it can be made anew
            when it breaks); None: processes of our own, spawned.
        store: folder to write, and to go on with; None: nothing is kept but the answer.
        workers: processes of our own; None: one a core.
        window: chunks under way at a time; None: twice the workers.
        progress: called after each chunk.
        command: the command line, for the manifest.

    Raises:
        InputError: the experiment is not valid, or the folder holds another one.
        ResultsError: the folder cannot be written, or a file in it is damaged.
        PricewarError: an executor that was handed in broke.
    """
    loaded = load_experiment(experiment)
    if store is None:
        with tempfile.TemporaryDirectory(prefix="pricewar-") as folder:
            return run_experiment(
                loaded, executor, store=folder, workers=workers, window=window, progress=progress
            )
    work = Simulate(loaded.base, loaded.but_for, loaded.measured, loaded.trajectories)
    with closing(Store.open(store, loaded, command)) as opened:
        hands = Hands(executor, workers or os.cpu_count() or 1, window)
        fill(opened, work, hands, loaded.time_limit, progress)
        opened.finish()
    return Study.load(store)


@dataclass(frozen=True)
class Hands:
    """Who does runs: an executor, a function that makes one, or (None) processes of our own."""

    executor: Executor | Factory | None = None
    workers: int = 2
    """Processes of our own."""
    window: int | None = None
    """Chunks under way at a time; None: twice the workers."""

    def runner(self, work: Work, time_limit: float) -> Runner:
        """Hands at work."""
        given = self.executor if isinstance(self.executor, Executor) else None
        own = self.executor is None
        make = _made(self.executor, self.workers)
        wide = self.window or 2 * int(getattr(given, "_max_workers", self.workers))
        return Runner(work, make, window=wide, time_limit=time_limit, own=own, rebuild=given is None)


def _made(executor: Executor | Factory | None, workers: int) -> Factory:
    if executor is None:
        return lambda: spawned_pool(workers)
    return (lambda: executor) if isinstance(executor, Executor) else executor


def fill(
    store: Store,
    work: Work,
    hands: Hands,
    time_limit: float,
    progress: Progress | None = None,
    failures: bool = True,
) -> list[Outcome]:
    """Do all runs that are not stored yet.

    Args:
        store: an open one.
        work: what a run does.
        hands: who does the runs.
        time_limit: seconds for one run.
        progress: called after each chunk, which is stored or being stored.
        failures: whether a failed run is stored as such; else it is done again next time.

    Returns:
        The runs that failed.

    Raises:
        ResultsError: the folder cannot be written.
        PricewarError: an executor that was handed in broke.
    """
    todo = items(store)
    first = next(todo, None)
    failed = list[Outcome]()
    if first is None:
        return failed
    total = len(store.plan)
    done = total - sum(1 for _ in store.todo())
    with Writer(store) as writer:
        for outcomes in hands.runner(work, time_limit).run(_chain(first, todo)):
            writer.put([one for one in outcomes if failures or not one.error])
            done += len(outcomes)
            failed += [one for one in outcomes if one.error]
            if progress is not None:
                progress(done, len(failed), total)
    return failed


def _chain(first: Item, rest: Iterator[Item]) -> Iterator[Item]:
    yield first
    yield from rest


def items(store: Store) -> Iterator[Item]:
    """Runs that are not stored yet, in order; points that share a calibration lie together in all designs."""
    for number in list(store.todo()):
        yield store.plan.item(number)


__all__ = ["Hands", "Outcome", "Progress", "Study", "fill", "items", "run_experiment"]
