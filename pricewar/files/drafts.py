"""Drafts: where the files of a folder are written before they take their place.

A draft contains `files` and `lock`, which its owner keeps as long as it lives. So a draft whose owner was
killed is recognised, and the next command to the same place removes it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pricewar.base.errors import ResultsError

from .locks import Lock

DRAFT: Final = ".pricewar-draft"
"""Name of a draft in the folder that it is for, and end of its name beside a folder that is not there yet."""
_PATIENCE: Final = 120.0
"""Seconds to wait for another command that writes into the same folder; writing takes a few."""


@contextmanager
def desk(folder: Path) -> Iterator[Path]:
    """An empty directory on the folder's own file system, ours alone as long as the block lasts."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    place, lock = _seat(folder)
    try:
        shutil.rmtree(place / "files", ignore_errors=True)  # of one that was killed
        (place / "files").mkdir()
        yield place / "files"
    finally:
        _leave(place, lock)


def _seat(folder: Path) -> tuple[Path, Lock]:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        place = _place(folder)
        lock = _locked(place)
        if lock is not None and place == _place(folder):
            return place, lock
        if lock is not None:  # the folder has come meanwhile
            _leave(place, lock)
        time.sleep(0.02)
    raise ResultsError(f"{folder}: another command is writing into this folder")


def _place(folder: Path) -> Path:
    return folder / DRAFT if folder.is_dir() else folder.with_name(f".{folder.name}{DRAFT}")


def _locked(place: Path) -> Lock | None:
    try:
        place.mkdir(exist_ok=True)
        return Lock.take(place / "lock")
    except FileNotFoundError:  # its last owner has just removed it
        return None


def _leave(place: Path, lock: Lock) -> None:
    """Remove a draft that is ours: its files, its lock, and the folder if nobody came meanwhile."""
    shutil.rmtree(place / "files", ignore_errors=True)
    with suppress(OSError):
        lock.remove()
        place.rmdir()
    lock.close()


def is_draft(place: Path) -> bool:
    """Whether a path of that name is a draft of ours, judged by its content."""
    return (
        place.is_dir() and not place.is_symlink() and {p.name for p in place.iterdir()} <= {"lock", "files"}
    )


def clear_drafts(folder: Path) -> None:
    """Remove drafts of commands that were killed, in the folder and beside it; those at work keep theirs."""
    for place in (folder / DRAFT, *folder.parent.glob(f".*{DRAFT}")):
        with suppress(OSError):  # not ours to write, or just removed by its owner
            lock = _locked(place) if is_draft(place) else None
            if lock is not None:
                _leave(place, lock)
