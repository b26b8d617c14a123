"""Run a policy study: in every future, peace, the war, and the war under each option with the same luck."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd

from pricewar.base.edition import EDITION, require_same
from pricewar.base.errors import ResultsError, bad_input
from pricewar.experiment.chunks import damaged, plain, put, read_chunk, writing
from pricewar.experiment.manifest import differences
from pricewar.experiment.metrics import Run
from pricewar.experiment.pool import spawned_pool
from pricewar.experiment.runner import Runner
from pricewar.experiment.work import Item, Outcome, simulate
from pricewar.files.folders import alone, require_ours

from .files import load_policy
from .measures import MONEY, outcomes
from .spec import NONE, PEACE, PolicySpec

PATHS: Final = ("price_index", "war_index", "hhi", *MONEY)
"""Columns of the market table whose monthly paths are kept."""
NAMES: Final = ("options", "paths")
"""Tables of a future, a file each."""
FUTURES: Final = "futures"
TIME_LIMIT: Final = 900.0
"""Seconds for all runs of one future."""
ABOUT: Final = "policy.json"
"""Says what was asked, and names what was added to the folder."""
Progress = Callable[[int, int, int], None]
"""Called with futures done, futures that failed, and all futures."""


@dataclass(frozen=True)
class Future:
    """The work of one future: all its runs, measured."""

    spec: PolicySpec

    def __call__(self, item: Item) -> tuple[Mapping[str, float], Mapping[str, pd.DataFrame]]:
        """No metrics; the tables `options` (a row an option) and `paths` (a row an option and month)."""
        future = self.spec.futures[item.point]
        peace = simulate(self.spec.scenario(PEACE, future), item.seed)
        war = simulate(self.spec.scenario(NONE, future), item.seed)
        runs = {PEACE: peace, NONE: war}
        keys = {"draw": item.point, "seed": item.seed}
        rows, paths = [], []
        for option in (PEACE, *self.spec.options):
            run = runs.get(option) or simulate(self.spec.scenario(option, future), item.seed)
            found = outcomes(run, war, peace, self.spec.discount)
            rows.append(keys | future | {"option": option} | found)
            paths.append(_path(run, keys | {"option": option}))
        return {}, {"options": pd.DataFrame(rows), "paths": pd.concat(paths, ignore_index=True)}


def _path(run: Run, keys: Mapping[str, Any]) -> pd.DataFrame:
    kept = run.market[["month", *PATHS]]
    return kept.assign(**keys)


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
) -> PolicyStudy:
    """Do all futures that are not done yet; a future that fails is told, and tried again next time.

    Args:
        source: a PolicySpec, a shipped name, or a file.
        executor: any concurrent.futures executor; None: processes of our own, one thread each.
        store: folder to write, and to go on with.
        workers: processes of our own.
        progress: called as futures are done.

    Raises:
        InputError: the file is not valid, or the folder holds another study.
        ResultsError: no future ran.
    """
    spec = load_policy(source)
    target = Path(store)
    with _opened(target, spec):
        return _study(spec, target / FUTURES, executor, workers, progress)


def _study(
    spec: PolicySpec, folder: Path, executor: Executor | None, workers: int, progress: Progress | None
) -> PolicyStudy:
    items = [
        Item(draw * spec.seeds + k, draw, spec.seed + k)
        for draw in range(spec.draws)
        for k in range(spec.seeds)
    ]
    todo = [item for item in items if not all(_file(folder, item, name).exists() for name in NAMES)]
    failed = list[str]()
    done = len(items) - len(todo)
    for outcome in _outcomes(spec, todo, executor, workers):
        failed += _kept(folder, outcome)
        done += 1
        if progress is not None:
            progress(done, len(failed), len(items))
    options, paths = (_read(folder, items, name) for name in NAMES)
    if options.empty:
        raise ResultsError("\n".join(["no future ran", *failed[:5]]))
    return PolicyStudy(spec, options, paths, tuple(failed))


def _outcomes(
    spec: PolicySpec, todo: list[Item], executor: Executor | None, workers: int
) -> Iterator[Outcome]:
    if not todo:
        return
    make = (lambda: spawned_pool(workers)) if executor is None else (lambda: executor)
    runner = Runner(
        Future(spec), make, window=2 * workers, time_limit=TIME_LIMIT, own=executor is None,
        rebuild=executor is None,
    )  # fmt: skip
    for chunk in runner.run(todo):
        yield from chunk


def _kept(folder: Path, outcome: Outcome) -> list[str]:
    """Store a future, which is done when both of its files are there. What failed is told."""
    if outcome.error:
        return [f"draw {outcome.item.point}, seed {outcome.item.seed}: {outcome.error}"]
    with writing(folder.parent):
        for name in NAMES:
            put(plain(outcome.tables[name]), _file(folder, outcome.item, name))
    return []


def _file(folder: Path, item: Item, name: str) -> Path:
    return folder / f"{item.run:06d}-{name}.parquet"


def _read(folder: Path, items: list[Item], name: str) -> pd.DataFrame:
    stored = [item for item in items if all(_file(folder, item, each).exists() for each in NAMES)]
    parts = [_future(_file(folder, item, name), item) for item in stored]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _future(path: Path, item: Item) -> pd.DataFrame:
    """One table of a future.

    Raises:
        ResultsError: damaged, or that of another future.
    """
    frame: pd.DataFrame = read_chunk(path).to_pandas()
    keys = frame[["draw", "seed"]].drop_duplicates().values.tolist() if {"draw", "seed"} <= {*frame} else []
    if keys != [[item.point, item.seed]]:
        raise ResultsError(damaged(path, "another future than its name says"))
    return frame


@contextmanager
def _opened(target: Path, spec: PolicySpec) -> Iterator[None]:
    """The folder of this study, nobody else's as long as the block lasts.

    Raises:
        InputError: it holds another study, one of another edition of the model or of other code, or files of
            others; every difference is named.
        ResultsError: it cannot be read or written, or another process is at work in it.
    """
    require_ours(target, ABOUT)
    with writing(target):
        target.mkdir(parents=True, exist_ok=True)
        lock = alone(target)
    with lock:
        asked = {
            "name": spec.name,
            "digest": spec.digest,
            "version": version("pricewar"),
            "edition": EDITION,
            "sources": spec.sources,
        }
        if (target / ABOUT).exists():
            _same(target, asked)
        else:
            with writing(target):
                draft = target / f"{ABOUT}.part"
                draft.write_text(json.dumps(asked | {"files": {}}, indent=2) + "\n", encoding="utf-8")
                draft.replace(target / ABOUT)
        with writing(target):
            (target / FUTURES).mkdir(exist_ok=True)
        yield


def _same(target: Path, asked: Mapping[str, Any]) -> None:
    try:
        then = json.loads((target / ABOUT).read_text(encoding="utf-8"))
        stored = {name: then.get(name, {} if name == "sources" else None) for name in asked}
    except (OSError, ValueError, AttributeError) as error:
        raise ResultsError(f"{target}: not usable: {error}") from error
    require_same(then, str(target))
    found = list(differences(stored, dict(asked)))
    if found:
        problems = [(place, new, f"{old!r}, as stored; or another --out") for place, old, new in found]
        raise bad_input(f"{target} holds another study", *problems[:20])
