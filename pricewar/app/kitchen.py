"""Work that takes a while: a thread or two of its own, few that wait, and the same thing done once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, TypeVar

from starlette.requests import Request

from .guard import caller
from .hall import Bucket

T = TypeVar("T")
MOST_RUNS = 24
"""Runs asked for that wait or are being worked out; one takes about 0.2 s."""
MOST_DOWNLOADS = 4
MOST_STUDIES = 3
"""Small policy studies that wait or are being worked out; one takes 10 to 30 s."""
MOST_SMALL = 64
"""Looks at a scenario that wait: a few milliseconds each."""


class TooMany(Exception):
    """One caller asks for more than its share."""


class Busy(Exception):
    """So many wait already that an answer would not come soon."""


class Lane:
    """Work done by the threads of a pool, in the order in which it was asked for.

    Whoever asks for what is being worked out already gets the same answer. Use it from one event loop.

    Args:
        pool: the threads; lanes may share them.
        most: most pieces of work that wait or are being done.
        closing: once it is set, what still waits is not begun.
    """

    def __init__(self, pool: ThreadPoolExecutor, most: int, closing: Event) -> None:
        self.pool, self.most, self.closing = pool, most, closing
        self._under_way: dict[Hashable, asyncio.Future[Any]] = {}

    async def do(self, key: Hashable, work: Callable[[], T]) -> T:
        """What `work` returns; work with the same key is the same.

        Raises:
            Busy: too many wait.
            Exception: what `work` raises.
        """
        found = self._under_way.get(key)
        if found is None:
            if len(self._under_way) >= self.most:
                raise Busy
            found = asyncio.get_running_loop().run_in_executor(self.pool, self._begin, work)
            self._under_way[key] = found
            found.add_done_callback(lambda _: self._under_way.pop(key, None))
        answer: T = await asyncio.shield(found)  # one who leaves takes nothing from the others
        return answer

    def _begin(self, work: Callable[[], T]) -> T:
        if self.closing.is_set():
            raise Busy
        return work()


class Kitchen:
    """Where runs are worked out: one thread for runs and downloads, one for what takes milliseconds.

    Policy studies take longer and have one too. Games have threads of their own (`api_game`), so a class
    that plays waits for none of these.
    """

    def __init__(self, closing: Event) -> None:
        runs, small = ThreadPoolExecutor(1, "runs"), ThreadPoolExecutor(1, "small")
        self.runs = Lane(runs, MOST_RUNS, closing)
        self.downloads = Lane(runs, MOST_DOWNLOADS, closing)
        self.small = Lane(small, MOST_SMALL, closing)
        self.studies = Lane(ThreadPoolExecutor(1, "studies"), MOST_STUDIES, closing)
        self.rates = {
            self.runs: Bucket(rate=8.0, burst=60),
            self.downloads: Bucket(rate=0.5, burst=30),
            self.small: Bucket(rate=20.0, burst=200),
            self.studies: Bucket(rate=0.05, burst=10),
        }

    async def make(self, lane: Lane, request: Request, work: Callable[[], T], body: str = "") -> T:
        """What `work` makes of a request; all that ask for the same address at once get the same.

        `body` is what was sent along, where the answer depends on it.

        Raises:
            Busy: so many wait already that it would not come soon.
            TooMany: the caller asks too often.
        """
        if not self.rates[lane].take(caller(request), time.monotonic()):
            raise TooMany
        return await lane.do((request.url.path, request.url.query, body), work)
