"""New files for a user to edit: all of them are written or none, and no file that is there is touched."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pricewar.base.errors import ResultsError, bad_input

_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])", re.IGNORECASE)


def is_device(name: str) -> bool:
    """Whether Windows keeps the name, with any ending, for a device: no file there can have it."""
    return _DEVICE.fullmatch(name.partition(".")[0].rstrip()) is not None


def write_new(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write files that are not there yet; the folder is made if it is missing.

    Args:
        folder: where to write.
        texts: name of each file in the folder, and its text.

    Returns:
        The files, in the order given.

    Raises:
        InputError: one or more of them are there already (all are named), or the folder is a file; nothing is
            written.
        ResultsError: the disk refuses; files written before that are removed again.
    """
    paths = {folder / name: text for name, text in texts.items()}
    taken = [(str(path), "a file that is there", "a name that is free") for path in paths if _is_there(path)]
    if taken:
        raise bad_input("new files", *taken)
    if _is_there(folder) and not folder.is_dir():
        raise bad_input("new files", (str(folder), "a file", "a directory, or nothing of that name"))
    made: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in paths.items():
            with path.open("x", encoding="utf-8", newline="\n") as handle:
                made.append(path)
                handle.write(text)
    except (OSError, ValueError) as error:
        for path in made:
            path.unlink(missing_ok=True)
        raise ResultsError(f"{folder}: cannot write: {error}. Nothing was written") from error
    return made


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)
