"""Doing steps: those that are not done yet, one after the other, each whole or not at all."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pricewar.base.edition import EDITION
from pricewar.base.errors import ResultsError, bad_input

from .manifest import fingerprint, note, read_manifest
from .step import Place, Step

Tell = Callable[[str], None]


def publish(
    place: Place, steps: Sequence[Step], only: Sequence[str] = (), tell: Tell = lambda line: None
) -> None:
    """Do all steps that are not done.

    Args:
        place: where, and how much.
        steps: in the order in which they are done.
        only: names of steps, or how they begin; all if empty.
        tell: called with a line for people.

    Raises:
        InputError: no step of that name, or small results into the repository.
        ResultsError: a step did not make what it says it makes.
    """
    if place.small and place.root.resolve() == place.home.resolve():
        raise bad_input("command line", ("--small", str(place.root), "a --root that is not the repository"))
    for step in chosen(steps, only):
        obstacle = step.obstacle()
        if obstacle:
            tell(f"{step.name}: left out: {obstacle}")
        elif done(step, place):
            tell(f"{step.name}: is done")
        else:
            tell(f"{step.name}: {step.what}")
            begin = time.monotonic()
            do(step, place)
            tell(f"{step.name}: made in {time.monotonic() - begin:,.0f} s")


def chosen(steps: Sequence[Step], only: Sequence[str]) -> list[Step]:
    """The steps asked for, in order.

    Raises:
        InputError: a name that no step has or begins with.
    """
    names = [step.name for step in steps]
    lost = [word for word in only if not any(name.startswith(word) for name in names)]
    if lost:
        raise bad_input("command line", *(("--only", word, f"one of {', '.join(names)}") for word in lost))
    return [step for step in steps if not only or any(step.name.startswith(word) for word in only)]


def done(step: Step, place: Place) -> bool:
    """Whether the step was done with this edition and these inputs, and all that it made is still there."""
    try:
        stamp = json.loads(_stamp(step, place).read_text(encoding="utf-8"))
        files = dict(stamp["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if stamp.get("edition") != EDITION or stamp.get("inputs") != step.digest(place) or not files:
        return False
    manifest = read_manifest(place.root)
    for name, sha256 in files.items():
        path, entry = place.root / name, manifest.get(name)
        if not path.is_file() or fingerprint(path) != sha256:
            return False
        if entry is None or (entry.edition, entry.sha256) != (EDITION, sha256):
            return False
    return True


def do(step: Step, place: Place) -> None:
    """Make what a step makes, take away what it made before and does not make now, and note it.

    Raises:
        ResultsError: it made a file that is not among its outputs, or nothing for one of them.
    """
    stamp, inputs = _stamp(step, place), step.digest(place)
    stamp.unlink(missing_ok=True)
    made = sorted({path.resolve() for path in step.make(place)})
    _as_promised(step, place.root, made)
    for path in step.files(place.root):
        if path.resolve() not in made:
            path.unlink()
    files = {path.relative_to(place.root.resolve()).as_posix(): fingerprint(path) for path in made}
    note(place.root, step.name, files)
    tree: dict[str, Any] = {"edition": EDITION, "inputs": inputs, "files": files}
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8", newline="\n")


def _as_promised(step: Step, root: Path, made: Iterable[Path]) -> None:
    there = {pattern: {path.resolve() for path in root.glob(pattern)} for pattern in step.outputs}
    promised = set[Path]().union(*there.values())
    strange = [str(path) for path in made if path not in promised]
    missing = [pattern for pattern, files in there.items() if not files & set(made)]
    if strange or missing:
        raise ResultsError(f"step {step.name}: made {strange} beside its outputs, nothing for {missing}")


def _stamp(step: Step, place: Place) -> Path:
    return place.kept / "stamps" / f"{step.name}.json"
