"""Faults on purpose: the k-th write, rename or removal fails, or is the last thing that a process does."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pricewar.files.locks import Lock


class Killed(BaseException):
    """What stands for the end of a process: no code of ours may catch it."""


class Faults:
    """Counts changes of the file system; at number `at` comes a fault.

    A killed process does nothing more: every later change fails too, so that clean-up code has no effect. A
    full disk lets removals through and refuses the one write; the file is there then, cut short.
    """

    def __init__(self, kind: str, at: int) -> None:
        self.kind, self.at, self.count, self.dead = kind, at, 0, False

    def change(
        self, do: Callable[..., Any], arguments: tuple[Any, ...], more: dict[str, Any], cut: Any
    ) -> Any:
        self.count += 1
        if self.kind == "killed" and (self.dead or self.count == self.at):
            first, self.dead = not self.dead, True
            self._cut(cut if first else None)
            raise Killed
        if self.kind == "full" and self.count == self.at:
            self._cut(cut)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return do(*arguments, **more)

    def _cut(self, path: Any) -> None:
        if path is not None:
            descriptor = _OPEN(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(descriptor, b"PAR1")
            os.close(descriptor)


_OPEN = os.open


@contextmanager
def faults(kind: str, at: int) -> Iterator[Faults]:
    """Faults as long as the block lasts; then the locks of the killed are free, as the system frees them."""
    made, held = Faults(kind, at), list[Lock]()
    with pytest.MonkeyPatch.context() as patch:
        removals = ("unlink", "remove", "rmdir") if kind == "killed" else ()
        for name in ("replace", "rename", "mkdir", *removals):
            patch.setattr(os, name, _watched(made, getattr(os, name), None))
        patch.setattr(pq, "write_table", _watched(made, pq.write_table, 1))
        patch.setattr(pq, "ParquetWriter", _watched(made, pq.ParquetWriter, 0))
        patch.setattr(io, "open", _opened(made, io.open))
        take = Lock.take.__func__  # type: ignore[attr-defined]

        def taken(cls: type[Lock], path: Path) -> Lock | None:
            lock: Lock | None = take(cls, path)
            held.extend([] if lock is None else [lock])
            return lock

        patch.setattr(Lock, "take", classmethod(taken))
        try:
            yield made
        finally:
            if made.dead:
                for lock in held:
                    lock.close()


def _watched(made: Faults, do: Callable[..., Any], place: int | None) -> Callable[..., Any]:
    def watched(*arguments: Any, **more: Any) -> Any:
        return made.change(do, arguments, more, None if place is None else arguments[place])

    return watched


def _opened(made: Faults, do: Callable[..., Any]) -> Callable[..., Any]:
    def opened(file: Any, mode: str = "r", *arguments: Any, **more: Any) -> Any:
        if "r" in mode:
            return do(file, mode, *arguments, **more)
        return made.change(do, (file, mode, *arguments), more, file)

    return opened


def every(work: Callable[[int], Faults], step: int = 1, most: int = 1000) -> int:
    """Call `work` with k = 1, 1 + step, ... until no fault came; returns how many could come."""
    for k in range(1, most, step):
        if work(k).count < k:
            return k - 1
    raise AssertionError(f"more than {most} changes")
