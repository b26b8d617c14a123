"""A folder that a command writes (`--out`): what in it is ours, and how new files take the place of old ones.

The rule is that only files that we wrote are ever replaced or removed. The folder's record (`run.json`;
`manifest.json` of a sweep, `policy.json` of a policy study) names them with their fingerprints. Files of
others stay. If a file of theirs has the name of one of ours, or if one of ours was edited, the whole folder
is refused and nothing is touched. An edit is work, and only its author can say that it may be removed. A
folder that is not empty and has no record of ours is refused too.

Everything is written into a draft first. A new folder then appears whole. In an existing one a journal
names the old and the new files before the first of them moves, and the record goes first and comes back
last. If the command is killed in between, no reader takes the folder for a complete result, and the next
command still knows it as ours and repairs it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any, Final

from pricewar.base.edition import EDITION
from pricewar.base.errors import InputError, Problem, ResultsError, bad_input

from .digest import sha256
from .drafts import DRAFT, clear_drafts, desk, is_draft
from .locks import Lock

RUN: Final = "run.json"
"""The record of what one command wrote; to readers, a folder without it is incomplete."""
JOURNAL: Final = ".pricewar-journal"
"""Names old and new files while they change places."""
LOCK: Final = ".lock"
"""The lock of the process that adds runs to a store."""
Kept = Callable[[str], bool]


def no_file(name: str) -> bool:
    """What `replaced` keeps unless told otherwise."""
    return False


def require_ours(out: Path, record: str = RUN, kept: Kept = no_file, whole: bool = True) -> None:
    """Refuse a folder that we may not write into.

    Args:
        out: the folder; it need not be there.
        record: name of its record.
        kept: which of our files will stay as they are, by their path below the folder.
        whole: whether a folder with files of others and no record is refused.

    Raises:
        InputError: no folder can be written there; it holds files and no record of ours; or files of ours
            were changed. Nothing is touched.
    """
    _require_place(out)
    folder = out.resolve()
    if not folder.exists():
        return
    ours = _ours(folder, record)
    if ours is None and whole and any(_strangers(folder, record)):
        allowed = f"another --out or an empty folder: this one holds files and no {record} that names them"
        raise bad_input("command line", ("--out", str(out), allowed))
    changed = [n for n, marks in (ours or {}).items() if not kept(n) and _changed(folder, n, marks)]
    if changed:
        raise _refusal(folder, changed, "changed since it was written", "the file as it was, or none")


def _require_place(out: Path) -> None:
    try:
        existing = next(place for place in (out, *out.absolute().parents) if os.path.lexists(place))
        good = existing.is_dir() and os.access(existing, os.W_OK)
        out.resolve().exists()
    except (OSError, ValueError):  # a name that no directory can have
        good = False
    if not good:
        raise bad_input("command line", ("--out", str(out), "a directory that can be written"))


def _refusal(folder: Path, names: Iterable[str], found: str, allowed: str) -> InputError:
    problems = [Problem(name, found, f"{allowed}; or another --out") for name in sorted(names)]
    return InputError(str(folder), tuple(problems[:20]))


def _strangers(folder: Path, record: str) -> Iterator[Path]:
    """What is in a folder, except what a command of ours leaves there if it is killed at its start."""
    for path in folder.iterdir():
        if not (path.name in (LOCK, f"{record}.part") or (path.name == DRAFT and is_draft(path))):
            yield path


def _ours(folder: Path, record: str) -> dict[str, set[str]] | None:
    """Path below the folder -> fingerprints that are ours; None if nothing says what is ours."""
    listed = [_listed(folder / record), _listed(folder / JOURNAL)]
    if all(files is None for files in listed):
        return None
    ours: dict[str, set[str]] = {}
    for files in listed:
        for name, marks in (files or {}).items():
            ours.setdefault(name, set()).update(marks)
    return ours


def _listed(path: Path) -> dict[str, set[str]] | None:
    """The files that a record names; None if it is not ours, or names files outside its folder."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        files = tree["files"].items()
        listed = {name: {marks} if isinstance(marks, str) else set(marks) for name, marks in files}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    parts = [PurePosixPath(name) for name in listed]
    return None if any(one.is_absolute() or ".." in one.parts or not one.parts for one in parts) else listed


def _changed(folder: Path, name: str, marks: set[str]) -> bool:
    """Whether the file differs from what we wrote; a file that is gone is no change."""
    path = folder / name
    if not os.path.lexists(path):
        return False
    return _detour(folder, name) or not path.is_file() or sha256(path) not in marks


def _detour(folder: Path, name: str) -> bool:
    """Whether a path leads through a link or a file: we make neither links nor folders in files."""
    below = [folder / part for part in (PurePosixPath(name), *PurePosixPath(name).parents)][:-1]
    return any(path.is_symlink() for path in below) or any(path.is_file() for path in below[1:])


@contextmanager
def replaced(out: Path, record: str = RUN, kept: Kept = no_file, whole: bool = True) -> Iterator[Path]:
    """A directory to write into; at the end its files take the place of ours in `out`.

    Files of ours that are not written anew are removed. If an error comes, `out` stays as it was.

    Args:
        out: the folder.
        record: name of its record. If it is not written, that of `out` is taken, or a new one begun.
        kept: which of our files stay although they are not written anew, by their path below the folder.
        whole: as in `require_ours`.

    Raises:
        InputError: as `require_ours`, or a file of others has the name of a new one; nothing is touched.
        ResultsError: the folder cannot be written (disk full), or another command keeps writing there.
    """
    require_ours(out, record, kept, whole)
    folder = out.resolve()
    try:
        clear_drafts(folder)
        with desk(folder) as draft:
            yield draft
            _publish(draft, folder, record, _settled(draft, folder, record, kept))
    except OSError as error:
        reason = error.strerror or str(error)
        moving = (folder / JOURNAL).exists()
        state = "It is between old and new files: run again" if moving else "Nothing in it was changed"
        raise ResultsError(f"{out}: cannot write: {reason}. {state}") from error


@contextmanager
def added(directory: Path, manifest: str) -> Iterator[Path]:
    """A directory to write into; at the end its files take the place of those added to a store before.

    Args:
        directory: the folder of a store, or any other; then as `replaced`, with files of others left alone.
        manifest: name of the store's record.

    Raises:
        InputError, ResultsError: as `replaced`.
    """
    if not (directory / manifest).exists():
        with replaced(directory, whole=False) as draft:
            yield draft
        return
    with alone(directory), replaced(directory, manifest, whole=False) as draft:
        yield draft


def alone(store: Path) -> Lock:
    """The lock of a store.

    Raises:
        ResultsError: another process is at work in it.
        OSError: it cannot be written.
    """
    lock = Lock.take(store / LOCK)
    if lock is None:
        raise ResultsError(f"{store}: another command is at work in this folder")
    return lock


def _settled(draft: Path, folder: Path, record: str, kept: Kept) -> dict[str, str]:
    """Put the record into the draft; path -> fingerprint of all that will be ours.

    Raises:
        InputError: a file of others, or one of ours that was changed meanwhile, is in the way.
    """
    new = {name: sha256(draft / name) for name in _files(draft) if name != record}
    ours = _ours(folder, record) or {}
    stay = {name: marks for name, marks in ours.items() if kept(name) and name not in new}
    taken = [n for n in {*new, *ours} - {*stay} if _changed(folder, n, ours.get(n, set()))]
    taken += [name for name in new if _detour(folder, name)]
    if taken:
        found, allowed = "a file that pricewar did not write", "nothing of that name"
        raise _refusal(folder, set(taken), found, allowed)
    source = next((place / record for place in (draft, folder) if (place / record).is_file()), None)
    tree: dict[str, Any] = {"version": version("pricewar"), "edition": EDITION}
    tree |= {} if source is None else json.loads(source.read_text(encoding="utf-8"))
    listed = dict(sorted({**_as_found(folder, stay), **new}.items()))
    _write_json(draft / record, tree | {"files": listed})
    return listed


def _as_found(folder: Path, stay: Mapping[str, set[str]]) -> dict[str, str]:
    """The fingerprints of files that stay; one that was changed keeps that of what we wrote."""
    there = {name: sha256(folder / name) for name in stay if (folder / name).is_file()}
    return {name: mark if mark in stay[name] else min(stay[name]) for name, mark in there.items()}


def _files(folder: Path) -> list[str]:
    """All files below a folder, as paths below it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _write_json(path: Path, tree: Mapping[str, Any]) -> None:
    text = json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _publish(draft: Path, folder: Path, record: str, listed: Mapping[str, str]) -> None:
    if not folder.exists():
        draft.rename(folder)
        return
    new = [name for name in _files(draft) if name != record]
    ours = _ours(folder, record) or {}
    journal = {
        name: sorted({*ours.get(name, ()), *listed.get(name, "").split()}) for name in {*ours, *listed}
    }
    _write_json(draft / JOURNAL, {"files": journal})
    (draft / JOURNAL).replace(folder / JOURNAL)
    for name in new:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    if record == RUN:  # a store's manifest says what was asked: it is replaced, never away
        (folder / RUN).unlink(missing_ok=True)
    for name in new:
        (draft / name).replace(folder / name)
    for name in ours.keys() - listed.keys():
        _remove(folder, name)
    (draft / record).replace(folder / record)
    (folder / JOURNAL).unlink()


def _remove(folder: Path, name: str) -> None:
    """Remove a file of ours, and the folders that it leaves empty."""
    (folder / name).unlink(missing_ok=True)
    for parent in (folder / above for above in PurePosixPath(name).parents[:-1]):
        if not parent.is_dir() or any(parent.iterdir()):
            return
        parent.rmdir()
