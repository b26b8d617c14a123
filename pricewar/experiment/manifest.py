"""The manifest of an experiment's folder: what was asked, by whom, on which machine."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from pricewar.base.edition import require_same
from pricewar.base.errors import ResultsError, bad_input

MANIFEST: Final = "manifest.json"


_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "experiment": (dict,),
    "content": (dict,),
    "digest": (str,),
    "version": (str,),
    "sessions": (list,),
    "runs": (int,),
    "compute_seconds": (int, float),
    "versions": (dict,),
    "seeds": (list,),
    "files": (dict,),
}
_NEEDED: Final = ("experiment", "content", "digest", "version", "sessions")


def read_manifest(directory: Path, record: str = MANIFEST) -> dict[str, Any]:
    """What was asked.

    Args:
        directory: the folder of a store.
        record: file name of its manifest.

    Raises:
        ResultsError: not there, not readable, or a part of it is missing or of the wrong type; names each.
    """
    path = directory / record
    try:
        tree: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        missing = sorted(set(_NEEDED) - tree.keys())
    except (OSError, ValueError, AttributeError) as error:
        raise ResultsError(f"{path}: not readable: {error}") from error
    if missing:
        raise ResultsError(f"{path}: without {missing}")
    wrong = list(_wrong(tree))
    if wrong:
        raise ResultsError(f"{path}: {'; '.join(wrong)}")
    return tree


def _wrong(tree: dict[str, Any]) -> Iterator[str]:
    words = {dict: "a table", list: "a list", str: "text", int: "a whole number", float: "a number"}
    for name, kinds in _KINDS.items():
        value = tree.get(name)
        if name in tree and (not isinstance(value, kinds) or isinstance(value, bool)):
            yield f"{name}: found {value!r:.60}; allowed: {words[kinds[-1]]}"
    sessions = tree.get("sessions")
    if isinstance(sessions, list) and not all(isinstance(one, dict) for one in sessions):
        yield "sessions: found something else than tables in it; allowed: a list of tables"


def require_content(stored: Mapping[str, Any], content: Mapping[str, Any], place: str, noun: str) -> None:
    """Refuse to go on with another content than a record has, or with another edition of the model.

    Args:
        stored: the record.
        content: all that results depend on, as it is now.
        place: the folder, for the message.
        noun: what such a folder holds.

    Raises:
        InputError: with every difference.
    """
    require_same(stored, place)
    now = {"version": version("pricewar"), **content}
    then = {"version": stored["version"], **stored["content"]}
    found = list(differences(then, json.loads(json.dumps(now))))
    if found:
        problems = [(where, new, f"{old!r}, as stored; or another --out") for where, old, new in found]
        raise bad_input(f"{place} holds another {noun}", *problems[:20])


def differences(then: Any, now: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(place, then, now) wherever two trees differ."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted({*then, *now}):
            yield from differences(then.get(key), now.get(key), f"{place}.{key}" if place else str(key))
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for i, (old, new) in enumerate(zip(then, now, strict=True)):
            yield from differences(old, new, f"{place}.{i}")
    elif then != now:
        yield place, then, now


def session(command: str) -> dict[str, Any]:
    """A sitting: its command line, time and machine."""
    return {
        "command": command,
        "started": now(),
        "machine": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "memory_gib": _memory(),
        },
    }


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def now() -> str:
    """The time, for people."""
    return datetime.now(UTC).isoformat(timespec="seconds")
