"""What was worked out before: kept in the user's cache folder, under a digest of all that it follows from.

The key must hold everything that the answer follows from, the source of the code that finds it included
(`source_mark`). Then a file is right or not there: whoever changes an input or the code asks for another
file. A file has its own fingerprint in front, so one that is damaged is found anew; it appears whole or not
at all, so processes may work side by side. What was asked for longest ago goes when there is too much.

`PRICEWAR_CACHE_DIR` names another folder; empty, nothing is kept. Without a folder that can be written, or
with one that others may write to, nothing is kept either.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import stat
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar

T = TypeVar("T")
VARIABLE: Final = "PRICEWAR_CACHE_DIR"
_MARK: Final = hashlib.sha256().digest_size
_DRAFT: Final = ".part"
_STALE: Final = 3600.0
"""Seconds after which a draft is one that a kill left behind."""
_NUMPY: Final = frozenset({"_reconstruct", "_frombuffer", "scalar", "ndarray", "dtype"})
_BROKEN: Final = (OSError, ValueError, EOFError, LookupError, AttributeError, ImportError, TypeError)


class Shelf:
    """A folder of answers of one sort.

    Args:
        name: of the folder.
        most: files that it holds.
        largest: bytes that it holds.
        writes: files that one process may add: a sweep with a new answer for each point must not fill the
            disk with them.
    """

    def __init__(self, name: str, most: int, largest: int, writes: int) -> None:
        self.name, self.most, self.largest = name, most, largest
        self._left = writes

    def get(self, key: bytes, make: Callable[[], T]) -> T:
        """The answer that is kept under a key, or else a new one, kept from now on.

        Args:
            key: digest of all that the answer follows from.
            make: finds the answer; what it raises is raised, and nothing is kept.
        """
        folder = _folder(self.name)
        if folder is None:
            return make()
        path = folder / f"{hashlib.sha256(key).hexdigest()}.kept"
        with suppress(*_BROKEN, pickle.UnpicklingError):
            found: T = _loaded(path.read_bytes())
            os.utime(path)
            return found
        made = make()
        if self._left <= 0:
            return made
        self._left -= 1
        content = pickle.dumps(made, protocol=5)
        with suppress(OSError):
            draft = folder / f"{path.name}.{os.getpid()}{_DRAFT}"
            draft.write_bytes(hashlib.sha256(content).digest() + content)
            draft.replace(path)
            self._tidy(folder)
        again: T = _unpickled(content)  # laid out in memory as it will be when it is read
        return again

    def _tidy(self, folder: Path) -> None:
        """Remove what was asked for longest ago, and drafts that a kill left."""
        entries = []
        for path in folder.iterdir():
            with suppress(OSError):  # another process was faster
                found = path.stat()
                if path.suffix == _DRAFT:
                    if time.time() - found.st_mtime > _STALE:
                        path.unlink()
                elif path.suffix == ".kept":
                    entries.append((found.st_mtime, found.st_size, path))
        held = 0
        for count, (_, size, path) in enumerate(sorted(entries, reverse=True), 1):
            held += size
            if count > self.most or held > self.largest:
                path.unlink(missing_ok=True)


def source_mark(packages: Iterable[str]) -> bytes:
    """Digest of the source of packages: all their modules, whether or not an answer needs each.

    Args:
        packages: full names.
    """
    return _source_mark(tuple(packages))


@lru_cache(maxsize=8)
def _source_mark(packages: tuple[str, ...]) -> bytes:
    mark = hashlib.sha256()
    for package in packages:
        home = Path(str(getattr(find_spec(package), "origin", None))).parent
        for path in sorted(home.rglob("*.py")):
            mark.update(f"{package}/{path.relative_to(home).as_posix()}\n".encode())
            mark.update(hashlib.sha256(path.read_bytes()).digest())
    return mark.digest()


def _folder(name: str) -> Path | None:
    """The folder of a shelf, made if it is not there; None if there can be none that is to be trusted."""
    home = _home()
    if home is None:
        return None
    folder = home / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError:
        return None
    mine = not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)
    return folder if mine and stat.S_ISDIR(found.st_mode) else None


def _home() -> Path | None:
    if VARIABLE in os.environ:
        return Path(os.environ[VARIABLE]) if os.environ[VARIABLE] else None
    try:
        user = Path.home()
    except RuntimeError:  # nobody's home
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or user / "AppData" / "Local") / "pricewar" / "Cache"
    if sys.platform == "darwin":
        return user / "Library" / "Caches" / "pricewar"
    return Path(os.environ.get("XDG_CACHE_HOME") or user / ".cache") / "pricewar"


def _loaded(whole: bytes) -> Any:
    mark, content = whole[:_MARK], whole[_MARK:]
    if hashlib.sha256(content).digest() != mark:
        raise ValueError("damaged")
    return _unpickled(content)


def _unpickled(content: bytes) -> Any:
    return _Ours(io.BytesIO(content)).load()


class _Ours(pickle.Unpickler):
    """Reads plain values, arrays, and classes of this package; a file can name nothing else to be called."""

    def find_class(self, module: str, name: str) -> Any:
        """A class of ours, or what numpy builds arrays with."""
        ours = module.startswith("pricewar.")
        if ours or (module.partition(".")[0] == "numpy" and name in _NUMPY):
            found = super().find_class(module, name)
            if not ours or isinstance(found, type):
                return found
        raise pickle.UnpicklingError(f"{module}.{name}")
