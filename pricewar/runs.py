"""Running scenarios: one run is one row of `runs` and its share of the tables.

A run that fails is a row with its error; it never takes the others down.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from pricewar.base.arguments import luck, whole
from pricewar.base.edition import EDITION
from pricewar.base.errors import bad_input
from pricewar.market.history import columns, gather
from pricewar.market.model import PriceWar
from pricewar.market.together import Together, block_size, fits
from pricewar.posterior import Draw, Spread, Uncertainty, drawn, spread_of
from pricewar.results.drawn import Drawn
from pricewar.results.store import Columns, Results
from pricewar.scenario.files import Source, load
from pricewar.scenario.tree import Scenario

MOST_SEEDS = 100_000
"""Runs of one scenario that one call may ask for; more are an experiment."""
Progress = Callable[[str, int], None]
"""Called after each run with the scenario's name and its seed; in long runs after each month."""


@dataclass(frozen=True)
class Job:
    """One run to do: a scenario, a seed, and what the seed stands for."""

    scenario: Scenario
    seed: int
    uncertainty: Uncertainty = "luck"
    draw: Draw | None = None
    """None: luck of the seed, parameters as stated."""
    digest: str = ""
    """Of all inputs; the scenario's own if empty."""

    @property
    def by_luck(self) -> bool:
        """Whether it differs from other runs of its scenario in the luck of its seed alone."""
        return self.draw is None or (self.draw.row < 0 and self.draw.luck == self.seed)


def run(
    scenario: Source,
    seeds: int | Sequence[int] | None = None,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    uncertainty: Uncertainty | None = None,
) -> Results:
    """Run one scenario.

    Runs that differ in their luck alone step together (`pricewar.market.together`): the results are the same,
    in a fraction of the time.

    Args:
        scenario: a Scenario, a shipped name, or a file.
        seeds: how many (1, 2, ...), which, or None: the scenario's own.
        executor: any concurrent.futures executor; None: here, one after the other.
        progress: called after each run.
        uncertainty: what seeds draw: luck, parameters (of the joint sample that the scenario names), or both;
            None: what the scenario states, else luck.

    Returns:
        Results with one run per seed; `Results.require_complete` raises if one failed.

    Raises:
        InputError: the scenario is not valid.
    """
    loaded = load(scenario)
    asked = uncertainty or loaded.uncertainty or "luck"
    return compare([loaded], seeds, executor=executor, progress=progress, uncertainty=asked)


def compare(
    scenarios: Iterable[Source],
    seeds: int | Sequence[int] | None = None,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    uncertainty: Uncertainty | None = None,
) -> Results:
    """Run several scenarios with the same seeds, so that they differ only by what was changed.

    Arguments as for `run`, but seeds draw both luck and parameters unless they are told otherwise; where the
    scenarios name no joint sample of their parameters, luck alone. A seed has the same luck and the same
    parameters in all scenarios, apart from those that a scenario holds `fixed`. Results are in order of
    scenarios and seeds, whatever the executor; `Results.drawn` says what seeds drew.

    Args:
        scenarios: what to compare, each with a name of its own.
        seeds: how many, from 1 on, or which; each scenario's own seed if None.
        executor: any of concurrent.futures; None runs here.
        progress: called as (scenario, seed) when a run is done.
        uncertainty: what seeds draw: luck, parameters or both.

    Raises:
        InputError: a scenario is not valid, or two have one name; scenarios name different samples, or one
            that is not valid.
    """
    if isinstance(scenarios, (str, Path, Scenario, Mapping)) or not isinstance(scenarios, Iterable):
        raise bad_input("compare", ("scenarios", scenarios, "a list of scenarios, shipped names or files"))
    loaded = [load(scenario) for scenario in scenarios]
    if not loaded:
        raise bad_input("compare", ("scenarios", [], "one scenario or more"))
    if executor is not None and not isinstance(executor, Executor):
        raise bad_input("compare", ("executor", executor, "a concurrent.futures executor or None"))
    if progress is not None and not callable(progress):
        raise bad_input("compare", ("progress", progress, "a function or None"))
    _check_names(loaded)
    spread = spread_of(loaded, uncertainty, usual="both")
    jobs = [job for scenario in loaded for job in _jobs(scenario, seeds, spread)]
    parts = list[Mapping[str, Columns]]()
    monthly = progress if progress is not None and executor is None and watched_by_month(loaded) else None
    blocks = _blocks(jobs, 1 if executor is None else os.cpu_count() or 1)
    mapped = (run_block(b, monthly) for b in blocks) if executor is None else executor.map(run_block, blocks)
    for block, made in zip(blocks, mapped, strict=True):
        parts += made
        if progress is not None and monthly is None:
            for job in block:
                progress(job.scenario.name, job.seed)
    names = {key: firm.name for scenario in loaded for key, firm in scenario.firms.items()}
    about = {scenario.name: scenario.title for scenario in loaded}
    inputs = {scenario.name: scenario.model_dump(mode="json") for scenario in loaded}
    code = {module: mark for scenario in loaded for module, mark in scenario.sources.items()}
    tables: dict[str, Any] = gather(parts)
    told = _drawn(spread, [job.seed for job in jobs])
    return Results(**tables, about=about, names=names, inputs=inputs, sources=code, drawn=told)


def _jobs(scenario: Scenario, seeds: int | Sequence[int] | None, spread: Spread) -> list[Job]:
    digest = spread.digest(scenario)
    return [
        Job(scenario, seed, spread.uncertainty, spread.draw(seed), digest)
        for seed in seed_list(seeds, scenario)
    ]


def _drawn(spread: Spread, seeds: Sequence[int]) -> Drawn:
    if spread.posterior is None:
        return Drawn()
    sample = spread.posterior
    return Drawn(spread.uncertainty, sample.name, sample.digest, spread.table(seeds))


def _check_names(scenarios: Sequence[Scenario]) -> None:
    names = [scenario.name for scenario in scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        allowed = "names of their own: a table tells scenarios apart by name; vary with but(..., name=...)"
        raise bad_input("compare", *(("scenarios", name, allowed) for name in twice))


def seed_list(seeds: int | Sequence[int] | None, scenario: Scenario) -> list[int]:
    """Seeds asked for: 1..n for a number, the scenario's own for None.

    Raises:
        InputError: no seed at all, a negative one, or one twice.
    """
    if seeds is None:
        return [scenario.seed]
    wrong = bad_input(
        "run", ("seeds", seeds, f"a number from 1 to {MOST_SEEDS:,}, or different integers from 0 below 2^63")
    )
    if isinstance(seeds, (int, np.integer)) and whole.fits(seeds):
        if not 1 <= seeds <= MOST_SEEDS:
            raise wrong
        return list(range(1, int(seeds) + 1))
    if not isinstance(seeds, Iterable) or isinstance(seeds, (str, bytes)):
        raise wrong
    given = list(seeds)
    if not given or not all(map(luck.fits, given)) or len(set(given)) < len(given):
        raise wrong
    return [int(seed) for seed in given]


def watched_by_month(scenarios: Iterable[Scenario]) -> bool:
    """Whether progress is reported month by month, because runs with sampled buyers take long."""
    return any(scenario.consumers.weight is not None for scenario in scenarios)


def _blocks(jobs: Sequence[Job], workers: int) -> list[tuple[Job, ...]]:
    """Jobs that go together, in their order: runs of one scenario that differ in their luck alone step
    together, so many at a time that memory is bounded and no worker stands idle; others go one by one."""
    found = list[tuple[Job, ...]]()
    for _, group in groupby(jobs, lambda job: (id(job.scenario), job.by_luck)):
        alike = tuple(group)
        together = alike[0].by_luck and fits(alike[0].scenario)
        size = min(block_size(alike[0].scenario), -(-len(alike) // workers)) if together else 1
        found += [alike[first : first + size] for first in range(0, len(alike), size)]
    return found


def run_block(jobs: tuple[Job, ...], after_month: Progress | None = None) -> list[dict[str, Columns]]:
    """The columns of the tables of some runs: of all at once if they step together.

    If one of them fails, each is run by itself, so that only the one that fails is told as failed.
    """
    if len(jobs) > 1:
        begin, seeds = time.perf_counter(), [job.seed for job in jobs]
        try:
            made = columns(Together(jobs[0].scenario, seeds).run_model())
        except Exception:
            return [run_one(job) for job in jobs]
        seconds = (time.perf_counter() - begin) / len(jobs)
        return [made, *({"runs": _row(job, "", seconds)} for job in jobs)]
    return [run_one(job, after_month) for job in jobs]


def run_one(job: Job, after_month: Progress | None = None) -> dict[str, Columns]:
    """The columns of the tables of one run, whatever happens in it: of `runs` alone if it fails.

    `after_month` is called with the month, in words, and the seed.
    """
    begin = time.perf_counter()
    draw = Draw(job.seed) if job.draw is None else job.draw
    try:
        model = PriceWar(drawn(job.scenario, draw), seed=draw.luck, collect=False)
        while model.running:
            model.step()
            if after_month is not None:
                after_month(f"{job.scenario.name}, {model.month}", job.seed)
        made = _of_seed(columns(model), job.seed)
    except Exception as failure:  # a failed run is data: its row says what went wrong
        error = f"{type(failure).__name__}: {failure}"
        return {"runs": _row(job, error, time.perf_counter() - begin)}
    return {**made, "runs": _row(job, "", time.perf_counter() - begin)}


def _of_seed(made: Mapping[str, Columns], seed: int) -> dict[str, Columns]:
    """Columns under the seed that was asked for: runs that share their luck are told apart by it."""
    return {name: {**part, "seed": np.full_like(part["seed"], seed)} for name, part in made.items()}


def _row(job: Job, error: str, seconds: float) -> Columns:
    row: dict[str, Any] = {
        "scenario": job.scenario.name,
        "seed": job.seed,
        "uncertainty": job.uncertainty,
        "draw": -1 if job.draw is None else job.draw.row,
        "digest": job.digest or job.scenario.digest,
        "version": version("pricewar"),
        "edition": EDITION,
        "status": "failed" if error else "ok",
        "error": error,
        "seconds": seconds,
    }
    return {
        name: np.array([value], object if isinstance(value, str) else None) for name, value in row.items()
    }
