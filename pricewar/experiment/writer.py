"""Storing beside the runs: who hands out runs does not wait for the disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from .store import Store
from .work import Outcome

AHEAD: Final = 16
"""Chunks that may wait to be written: in the end a slow disk slows the runs, and memory stays bounded."""


class Writer:
    """One thread that writes chunks in the order in which they come; leaving the block waits for the last.

    Args:
        store: an open one; nobody else writes to it meanwhile.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, "store")
        self._waiting: deque[Future[None]] = deque()

    def put(self, outcomes: Sequence[Outcome]) -> None:
        """Have finished runs stored.

        Args:
            outcomes: of one chunk.

        Raises:
            ResultsError: an earlier chunk could not be written.
        """
        while self._waiting and (self._waiting[0].done() or len(self._waiting) >= AHEAD):
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self._store.write, outcomes))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until all that was handed in is stored, also when the runs were interrupted.

        Raises:
            ResultsError: a chunk could not be written, and nothing else went wrong before.
        """
        self._thread.shutdown(wait=True)
        if error is None:
            for one in self._waiting:
                one.result()
