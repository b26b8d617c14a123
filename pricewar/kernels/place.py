"""Where compiled kernels are kept when no usual place can be written.

numba keeps compiled code beside the source or in the user's cache folder, and refuses to compile for a cache
when it may write to neither: a read-only installation run by a user without a home. Then a private folder
among the temporary files takes its place.
"""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
import warnings
from pathlib import Path

from numba import config, njit

from pricewar.base.errors import CacheWarning, PricewarError

VARIABLE = "NUMBA_CACHE_DIR"


def ensure_place() -> None:
    """See to it that kernels can be cached, before the first of them is made.

    Raises:
        PricewarError: no folder for temporary files either.
    """
    if _has_place():
        return
    try:
        folder = private_folder(Path(tempfile.gettempdir()))
    except OSError as error:
        raise PricewarError(
            f"no folder for compiled code can be written ({error}): set {VARIABLE} to one that can"
        ) from error
    os.environ[VARIABLE] = str(folder)  # for worker processes, and for numba when it reads it again
    config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
    told = (
        f"compiled code is kept in {folder}: no cache folder can be written; set {VARIABLE} to one that lasts"
    )
    warnings.warn_explicit(told, CacheWarning, __name__, 1)  # a name that is no file: one line, no source


def _has_place() -> bool:
    """Whether numba finds a place: it looks for one when a function is decorated, before it compiles."""
    try:
        njit(cache=True)(_nothing)
    except RuntimeError as error:
        if "no locator" not in str(error):
            raise
        return False
    return True


def _nothing() -> None:
    return None


def private_folder(parent: Path) -> Path:
    """A folder under `parent` that only this user can enter: the same one for each run, if it can be trusted.

    Code from it will be executed, so a folder of another user, a link, or one that others may write to is
    left alone; then a new one is made, which goes when the process ends.

    Raises:
        OSError: nothing can be written under `parent`.
    """
    usual = parent / f"pricewar-numba-{_user()}"
    try:
        usual.mkdir(mode=0o700, exist_ok=True)
        if _is_private(usual):
            return usual
    except OSError:
        pass
    fresh = Path(tempfile.mkdtemp(prefix="pricewar-numba-", dir=parent))
    atexit.register(shutil.rmtree, fresh, ignore_errors=True)
    return fresh


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "me"


def _is_private(folder: Path) -> bool:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or not os.access(folder, os.W_OK):
        return False
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o077)
