"""A lock file for one process at a time; the system releases it when the process ends, however it ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

HELD_FILES_GO: Final = sys.platform != "win32"
"""Whether the system removes a file that is open."""


class Lock:
    """A lock that is held until `close`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """The lock, or None if another process holds it or has just removed its file.

        Raises:
            OSError: the file cannot be made.
        """
        lock = cls(path, os.open(path, os.O_RDWR | os.O_CREAT, 0o644))
        if lock._seized() and lock._current():
            return lock
        lock.close()
        return None

    def close(self) -> None:
        """Release the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def remove(self) -> None:
        """Remove the file and release the lock; where somebody else has taken the file meanwhile, it stays.

        The file goes while the lock is held, so that nobody takes a file that is about to go. Windows removes
        no file that is open: there it goes afterwards, and a file that somebody else has opened does not.
        """
        if HELD_FILES_GO:
            self._path.unlink(missing_ok=True)
            self.close()
            return
        self.close()
        with suppress(OSError):
            self._path.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _seized(self) -> bool:
        assert self._descriptor is not None
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(self._descriptor, msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _current(self) -> bool:
        """Whether the file is still there: the process that had the lock before may have removed it."""
        assert self._descriptor is not None
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(self._path))
        except FileNotFoundError:
            return False
