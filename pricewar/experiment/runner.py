"""Many runs through any executor: a bounded window of chunks, and no run that takes others down."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from itertools import islice
from statistics import median
from typing import Any, Final

from pricewar.base.errors import PricewarError

from .pool import Isolation, abandon
from .work import Chunk, Item, Outcome, Sent, Work, run_sent

SECONDS: Final = 1.0
"""What a chunk should take: long against the cost of handing it out, short against what a kill may lose."""
LARGEST: Final = 2000
Factory = Callable[[], Executor]


class Pace:
    """How many runs make a chunk of about a second, from the runs so far; at first one."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=50)

    def note(self, outcomes: Iterable[Outcome]) -> None:
        """Learn from finished runs."""
        self._recent.extend(outcome.seconds for outcome in outcomes)

    @property
    def size(self) -> int:
        """Runs in the next chunk."""
        if not self._recent:
            return 1
        return max(1, min(LARGEST, round(SECONDS / max(median(self._recent), 1e-6))))


class Runner:
    """Hands chunks to an executor and takes the answers back as they come."""

    def __init__(
        self, work: Work, make: Factory, *, window: int, time_limit: float, own: bool, rebuild: bool
    ) -> None:
        self._work, self._make, self._window = work, make, window
        self._time_limit, self._own, self._rebuild = time_limit, own, rebuild
        self._executor = make()
        self._sent = self._send()
        self._pending: dict[Future[list[Outcome]], Chunk] = {}
        self._isolation = Isolation()
        self._pace = Pace()

    def run(self, items: Iterable[Item]) -> Iterator[list[Outcome]]:
        """Chunks of finished runs, in the order in which they finish."""
        todo = iter(items)
        try:
            while self._fill(todo) or self._pending:
                done, _ = wait(self._pending, return_when=FIRST_COMPLETED)
                for future in done:
                    outcomes = self._take(future)
                    if outcomes:
                        self._pace.note(outcomes)
                        yield outcomes
        finally:
            self._close()

    def _fill(self, todo: Iterator[Item]) -> bool:
        """Hand out chunks until the window is full; whether there is anything to wait for."""
        while len(self._pending) < self._window:
            items = tuple(islice(todo, self._pace.size))
            if not items:
                break
            chunk = Chunk(self._work, items, self._time_limit, self._own)
            self._pending[self._hand_out(chunk)] = chunk
        return bool(self._pending)

    def _hand_out(self, chunk: Chunk) -> Future[list[Outcome]]:
        try:
            return self._submit(chunk)
        except BrokenExecutor as error:
            if not self._rebuild:
                raise PricewarError(
                    f"the executor is broken ({error}); what was done is stored: run again to go on"
                ) from error
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = self._make()
        self._sent = self._send()
        return self._submit(chunk)

    def _submit(self, chunk: Chunk) -> Future[list[Outcome]]:
        how = chunk.items, chunk.time_limit, chunk.own_process
        return self._executor.submit(run_sent, self._sent, *how)

    def _send(self) -> Any:
        """The work as chunks name it: bytes for processes of our own; on Dask what its workers hold already.

        Any other executor gets the work itself, since what it does with it is not ours to know.
        """
        scatter = getattr(getattr(self._executor, "_client", None), "scatter", None)
        if scatter is not None:
            return scatter(self._work, broadcast=True)
        if not self._own:
            return self._work
        try:
            return Sent(pickle.dumps(self._work))
        except Exception:  # a rule that no process can receive: each run tells it in its row
            return self._work

    def _take(self, future: Future[list[Outcome]]) -> list[Outcome]:
        """Answers of a chunk; a lost chunk goes to isolation, and its answers come later."""
        chunk = self._pending.pop(future)
        try:
            return future.result()
        except Exception:  # a worker died, or the way to it broke: no fault of most of these runs
            self._pending[self._isolation.submit(chunk)] = chunk
            return []

    def _close(self) -> None:
        for future in self._pending:
            future.cancel()
        self._isolation.close()
        if self._own and self._pending:
            abandon(self._executor)
        elif self._own:
            self._executor.shutdown(wait=True)
