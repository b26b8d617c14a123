"""Worker processes: spawned, one numba thread each, the same bytes as one process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager

from pricewar.base.errors import PricewarError

ONE_EACH = 12
"""Runs that make one more worker worth its start (a worker needs about as long to start as for ten runs)."""


def worker_count(asked: int | None, runs: int) -> int:
    """Workers asked for, or as many as there are cores and work for."""
    wanted = min(os.cpu_count() or 1, runs // ONE_EACH) if asked is None else asked
    return max(1, min(wanted, runs))


@contextmanager
def pool(workers: int) -> Iterator[Executor | None]:
    """An executor, or None for one worker: then runs are done here.

    Raises:
        PricewarError: a worker died, as when memory is short.
    """
    if workers == 1:
        yield None
        return
    from pricewar.experiment.pool import abandon, spawned_pool

    executor = spawned_pool(workers)
    try:
        yield executor
    except BrokenExecutor as error:
        raise PricewarError("a worker process died (out of memory?); --workers 1 needs least") from error
    except BaseException:
        abandon(executor)
        raise
    executor.shutdown(wait=True)
