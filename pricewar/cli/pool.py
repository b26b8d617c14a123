"""Worker processes: spawned, one numba thread each, the same bytes as one process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

ONE_EACH = 12
"""Runs that make one more worker worth its start (a worker needs about as long to start as for ten runs)."""


def worker_count(asked: int | None, runs: int) -> int:
    """Workers asked for, or as many as there are cores and work for."""
    wanted = min(os.cpu_count() or 1, runs // ONE_EACH) if asked is None else asked
    return max(1, min(wanted, runs))


@contextmanager
def pool(workers: int) -> Iterator[Executor | None]:
    """An executor, or None for one worker: then runs are done here."""
    if workers == 1:
        yield None
        return
    with (
        _environment("NUMBA_NUM_THREADS", "1"),
        ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_die_silently) as executor,
    ):
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=True, cancel_futures=True)
            raise


def _die_silently() -> None:
    """Let Ctrl-C end a worker at once, without its traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set what workers inherit; in this process it is put back."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
