"""What in a tree is older than the model, or was changed by hand; what people have to read again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pricewar.base.edition import EDITION, marked
from pricewar.report.experiment import BEGIN, END

from .manifest import MANIFEST, Made, fingerprint, read_manifest
from .step import Step

_READ: Final = re.compile(r"<!-- read with model edition (\d+) -->")


def stale(root: Path, steps: Sequence[Step]) -> list[str]:
    """A sentence for each output that is missing, not known, changed, or of another edition.

    Args:
        root: a tree like that of the repository.
        steps: what makes it.

    Raises:
        ResultsError: the manifest cannot be read.
    """
    manifest = read_manifest(root)
    found = [f"{MANIFEST}: not there: make results"] if not manifest else []
    seen = set[str]()
    for step in steps:
        for pattern in step.outputs:
            files = sorted(root.glob(pattern))
            found += [] if files else [f"{pattern}: not there; step {step.name} makes it"]
            for path in files:
                name = path.relative_to(root).as_posix()
                seen.add(name)
                found += _problems(path, name, manifest, step)
    lost = (name for name in manifest if name not in seen)
    return found + [f"{name}: in {MANIFEST}, but no step makes it or the file is gone" for name in lost]


def _problems(path: Path, name: str, manifest: Mapping[str, Made], step: Step) -> Iterator[str]:
    entry = manifest.get(name)
    again = f"make results (step {step.name})"
    if entry is None:
        yield f"{name}: not in {MANIFEST}: {again}"
        return
    if entry.edition != EDITION:
        yield f"{name}: of edition {entry.edition} of the model, this is edition {EDITION}: {again}"
    if entry.sha256 != fingerprint(path):
        yield f"{name}: changed since it was made: {again}"
    stamp = marked(path.read_text(encoding="utf-8")) if path.suffix == ".md" else EDITION
    if stamp != EDITION:
        yield f"{name}: carries edition {stamp}, this is edition {EDITION}: {again}"


def unread(root: Path, prose: Sequence[str], steps: Sequence[Step]) -> list[str]:
    """A sentence for each page whose words nobody has compared with the numbers of this edition.

    A person who has done so writes `<!-- read with model edition N -->` into the page, on pages of results
    into the part that is kept when the page is made anew.

    Args:
        root: a tree like that of the repository.
        prose: hand-written pages that speak of numbers of the model.
        steps: what makes the pages that people write a reading into.
    """
    pages = {name: root / name for name in prose}
    for step in steps:
        for path in step.files(root):
            if path.suffix == ".md" and BEGIN in path.read_text(encoding="utf-8"):
                pages[path.relative_to(root).as_posix()] = path
    found = []
    for name in sorted(pages):
        text = pages[name].read_text(encoding="utf-8")
        part = text.partition(BEGIN)[2].partition(END)[0] if BEGIN in text else text
        read = min(map(int, _READ.findall(part)), default=None)
        if read != EDITION:
            when = "never" if read is None else f"with edition {read}"
            found.append(f"{name}: read {when}: hold its words against edition {EDITION}, then say so in it")
    return found
