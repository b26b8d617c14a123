"""A pool of processes that nobody waits for is gone when `abandon` comes back, whatever it was at."""

from __future__ import annotations

import threading
import time

import pytest

from pricewar.experiment.pool import abandon, spawned_pool


def _busy(seconds: float, load: bytes) -> int:
    time.sleep(seconds)
    return len(load)


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.0, 0.3, 3.0])
def test_nothing_of_an_abandoned_pool_is_left(after: float) -> None:
    before = set(threading.enumerate())
    pool = spawned_pool(2)
    futures = [pool.submit(_busy, 0.2, bytes(500_000)) for _ in range(60)]  # more than a pipe holds
    time.sleep(after)
    processes = list(pool._processes.values())
    begin = time.monotonic()
    abandon(pool)
    assert time.monotonic() - begin < 30
    assert not [process for process in processes if process.is_alive()]
    assert not set(threading.enumerate()) - before
    assert all(future.done() for future in futures)
