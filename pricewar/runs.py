"""Running scenarios: one run is one row of `runs` and its share of the tables.

A run that fails is a row with its error; it never takes the others down.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from pricewar.base.arguments import luck, whole
from pricewar.base.edition import EDITION
from pricewar.base.errors import bad_input
from pricewar.market.history import columns, gather
from pricewar.market.model import PriceWar
from pricewar.results.store import Columns, Results
from pricewar.scenario.files import Source, load
from pricewar.scenario.tree import Scenario

MOST_SEEDS = 100_000
"""Runs of one scenario that one call may ask for; more are an experiment."""
Progress = Callable[[str, int], None]
"""Called after each run with the scenario's name and its seed; in long runs after each month."""


@dataclass(frozen=True)
class Job:
    """One run to do: a scenario and a seed."""

    scenario: Scenario
    seed: int


def run(
    scenario: Source,
    seeds: int | Sequence[int] | None = None,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Results:
    """Run one scenario.

    Args:
        scenario: a Scenario, a shipped name, or a file.
        seeds: how many (1, 2, ...), which, or None: the scenario's own.
        executor: any concurrent.futures executor; None: here, one after the other.
        progress: called after each run.

    Returns:
        Results with one run per seed; `Results.require_complete` raises if one failed.

    Raises:
        InputError: the scenario is not valid.
    """
    return compare([scenario], seeds, executor=executor, progress=progress)


def compare(
    scenarios: Iterable[Source],
    seeds: int | Sequence[int] | None = None,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Results:
    """Run several scenarios with the same seeds, so that they differ only by what was changed.

    Arguments as for `run`. Results are in order of scenarios and seeds, whatever the executor.

    Raises:
        InputError: a scenario is not valid, or two have one name.
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
    jobs = [Job(scenario, seed) for scenario in loaded for seed in seed_list(seeds, scenario)]
    parts = list[Mapping[str, Columns]]()
    monthly = progress if progress is not None and executor is None and watched_by_month(loaded) else None
    mapped = (run_one(job, monthly) for job in jobs) if executor is None else executor.map(run_one, jobs)
    for job, part in zip(jobs, mapped, strict=True):
        parts.append(part)
        if progress is not None and monthly is None:
            progress(job.scenario.name, job.seed)
    names = {key: firm.name for scenario in loaded for key, firm in scenario.firms.items()}
    about = {scenario.name: scenario.title for scenario in loaded}
    inputs = {scenario.name: scenario.model_dump(mode="json") for scenario in loaded}
    code = {module: mark for scenario in loaded for module, mark in scenario.sources.items()}
    tables: dict[str, Any] = gather(parts)
    return Results(**tables, about=about, names=names, inputs=inputs, sources=code)


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


def run_one(job: Job, after_month: Progress | None = None) -> dict[str, Columns]:
    """The columns of the tables of one run, whatever happens in it: of `runs` alone if it fails.

    `after_month` is called with the month, in words, and the seed.
    """
    begin = time.perf_counter()
    try:
        model = PriceWar(job.scenario, seed=job.seed, collect=False)
        while model.running:
            model.step()
            if after_month is not None:
                after_month(f"{job.scenario.name}, {model.month}", job.seed)
        made = columns(model)
    except Exception as failure:  # a failed run is data: its row says what went wrong
        error = f"{type(failure).__name__}: {failure}"
        return {"runs": _row(job, error, time.perf_counter() - begin)}
    return {**made, "runs": _row(job, "", time.perf_counter() - begin)}


def _row(job: Job, error: str, seconds: float) -> Columns:
    row: dict[str, Any] = {
        "scenario": job.scenario.name,
        "seed": job.seed,
        "digest": job.scenario.digest,
        "version": version("pricewar"),
        "edition": EDITION,
        "status": "failed" if error else "ok",
        "error": error,
        "seconds": seconds,
    }
    return {
        name: np.array([value], object if isinstance(value, str) else None) for name, value in row.items()
    }
