"""What is done in a worker: one run and its but-for run, measured; whatever happens is a row."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from types import FrameType
from typing import Any, Final

import pandas as pd

from pricewar.base.errors import PricewarError
from pricewar.base.keys import Keyed
from pricewar.market.history import Tables
from pricewar.market.model import PriceWar
from pricewar.posterior import Draw, drawn, keyed
from pricewar.results.bounds import DIFF
from pricewar.scenario.tree import Scenario

from .metrics import Run, measure

GRACE: Final = 2.0
"""Seconds after the time limit in which a run may still answer before its process is ended."""
KEPT: Final = ("market", "firms")
"""Tables that trajectories keep."""


@dataclass(frozen=True)
class Item:
    """One run to do: its number, its point of the design, its seed, and what to change."""

    run: int
    point: int
    seed: int
    changes: Mapping[str, Any] = field(default_factory=dict)
    but_for: Mapping[str, Any] = field(default_factory=dict)
    draw: Draw | None = None
    """What the seed stands for; None: luck alone."""

    @property
    def drawn(self) -> Draw:
        """What the seed stands for."""
        return Draw(self.seed) if self.draw is None else self.draw


@dataclass(frozen=True)
class Outcome:
    """What came of a run: metrics, or why there are none."""

    item: Item
    values: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


Work = Callable[[Item], tuple[Mapping[str, float], Mapping[str, pd.DataFrame]]]
"""What a run does: metrics, and tables to keep."""


@dataclass(frozen=True)
class Chunk:
    """Runs that go to a worker together."""

    work: Work
    items: tuple[Item, ...]
    time_limit: float
    own_process: bool = False
    """Whether the process may be ended when a run does not heed its time limit."""


class OverTime(BaseException):
    """A run took too long. Not an Exception, so that no rule can swallow it."""


class RunFailed(PricewarError):
    """A run of an experiment failed; the message is the error of the run."""


@dataclass(frozen=True)
class Simulate:
    """Run a scenario and its but-for scenario with one seed and measure both."""

    base: Scenario
    but_for: Scenario | None
    metrics: tuple[str, ...]
    keep_tables: bool = False

    def __call__(self, item: Item) -> tuple[Mapping[str, float], Mapping[str, pd.DataFrame]]:
        """Metrics of the run and their differences; the tables if they are kept."""
        draw = item.drawn
        scenario = _changed(keyed(self.base), _texts(item.changes))
        run = simulate(drawn(scenario, draw), draw.luck)
        values = measure(run, self.metrics)
        if self.but_for is not None:
            other = _changed(keyed(self.but_for), _texts(item.but_for))
            level = measured(keyed(other), _same(draw), self.metrics)
            values |= {f"{DIFF}{name}": values[name] - level[name] for name in self.metrics}
        kept = {name: run.tables[name].assign(seed=item.seed) for name in KEPT} if self.keep_tables else {}
        return values, kept


def simulate(scenario: Scenario, seed: int) -> Run:
    """One run; its tables are made when they are asked for.

    Args:
        scenario: what to run.
        seed: of its luck.
    """
    model = PriceWar(scenario, seed=seed, collect=False).run_model()
    return Run(scenario, seed, Tables(model))


def _same(draw: Draw) -> Keyed[Draw]:
    """A draw that is equal to another with the same luck and parameters."""
    return Keyed(draw, (draw.luck, draw.row, tuple(sorted(draw.values.items()))))


def _texts(changes: Mapping[str, Any]) -> Keyed[Mapping[str, Any]]:
    """Changes that are equal to others with the same text."""
    return Keyed(changes, repr(sorted(changes.items())))


@lru_cache(maxsize=16)
def _changed(base: Keyed[Scenario], changes: Keyed[Mapping[str, Any]]) -> Scenario:
    """The scenario of a point: made once for all its seeds."""
    return base.content.but(changes.content) if changes.content else base.content


@lru_cache(maxsize=4096)
def measured(scenario: Keyed[Scenario], draw: Keyed[Draw], metrics: tuple[str, ...]) -> Mapping[str, float]:
    """Metrics of a but-for run: points that share it compute it once a process."""
    return measure(simulate(drawn(scenario.content, draw.content), draw.content.luck), metrics)


@dataclass(frozen=True)
class Sent:
    """Work as it travels to other processes: turned into bytes once, and back once in each of them.

    So its scenarios are the same objects in all chunks that a process does, and what is remembered of them
    (fingerprints, calibrations) is found again.
    """

    content: bytes

    @property
    def work(self) -> Work:
        """The work itself."""
        return _received(self.content)


@lru_cache(maxsize=2)
def _received(content: bytes) -> Work:
    made: Work = pickle.loads(content)
    return made


def run_sent(
    sent: Sent | Work, items: tuple[Item, ...], time_limit: float, own_process: bool
) -> list[Outcome]:
    """All runs of a chunk whose work came by itself.

    Args:
        sent: the work.
        items: the runs.
        time_limit: seconds for one run.
        own_process: as in `Chunk`.
    """
    work = sent.work if isinstance(sent, Sent) else sent
    return run_chunk(Chunk(work, items, time_limit, own_process))


def run_chunk(chunk: Chunk) -> list[Outcome]:
    """All runs of a chunk, one after the other."""
    return [attempt(chunk, item) for item in chunk.items]


def attempt(chunk: Chunk, item: Item) -> Outcome:
    """One run, whatever happens in it short of the end of the process."""
    begin = time.perf_counter()
    values: Mapping[str, float] = {}
    tables: Mapping[str, pd.DataFrame] = {}
    error = ""
    try:
        with at_most(chunk.time_limit, chunk.own_process):
            values, tables = chunk.work(item)
    except OverTime:
        error = over_time(chunk.time_limit)
    except Exception as failure:  # a failed run is data: its row says what went wrong
        error = f"{type(failure).__name__}: {failure}"
    return Outcome(item, values, error, time.perf_counter() - begin, tables)


def over_time(limit: float) -> str:
    """The error of a run that took too long."""
    return f"OverTime: no result within the time limit of {limit:g} s"


@contextmanager
def at_most(seconds: float, own_process: bool) -> Iterator[None]:
    """Raise `OverTime` inside when time is up; end the process if that has no effect and it is ours."""
    if own_process:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            faulthandler.dump_traceback_later(seconds + GRACE, exit=True, file=nowhere)
            try:
                with _alarm(seconds):
                    yield
            finally:
                faulthandler.cancel_dump_traceback_later()
        return
    with _alarm(seconds):
        yield


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    in_main = threading.current_thread() is threading.main_thread()
    with _signal(seconds) if in_main and hasattr(signal, "setitimer") else _interrupt(seconds):
        yield


@contextmanager
def _signal(seconds: float) -> Iterator[None]:
    def ring(number: int, frame: FrameType | None) -> None:
        raise OverTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _interrupt(seconds: float) -> Iterator[None]:
    """The same for a thread that is not the main one, as Dask's workers have: no signals there."""
    thread, lock, over = threading.get_ident(), threading.Lock(), threading.Event()

    def ring() -> None:
        with lock:
            if not over.is_set():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(OverTime))

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            over.set()
        timer.cancel()
