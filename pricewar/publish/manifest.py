"""The list of what was made: path, edition, step, fingerprint; and the fingerprint itself."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pricewar.base.edition import EDITION
from pricewar.base.errors import ResultsError
from pricewar.report.experiment import BEGIN, END
from pricewar.report.numbers import has_numbers, parts

MANIFEST: Final = "docs/results/manifest.json"
"""Below the root."""
_READING: Final = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.S)


@dataclass(frozen=True)
class Made:
    """A file that a step made."""

    edition: int
    step: str
    sha256: str


def fingerprint(path: Path) -> str:
    """SHA-256 of what a step made of a file: not of the sentences that people wrote into it."""
    content = path.read_bytes()
    if path.suffix == ".md":
        text = content.decode("utf-8")
        made = "\n".join(parts(text)) if has_numbers(text) else _READING.sub("", text)
        content = made.encode()
    return hashlib.sha256(content).hexdigest()


def read_manifest(root: Path) -> dict[str, Made]:
    """Path below the root -> what made it; empty if nothing was made yet.

    Raises:
        ResultsError: not readable.
    """
    path = root / MANIFEST
    if not path.exists():
        return {}
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        return {name: Made(**entry) for name, entry in tree.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ResultsError(f"{path}: not readable: {error}") from error


def note(root: Path, step: str, files: Mapping[str, str]) -> None:
    """Put the files (path below the root -> fingerprint) of one step into the manifest, its old ones out."""
    kept = {name: made for name, made in read_manifest(root).items() if made.step != step}
    kept |= {name: Made(EDITION, step, sha256) for name, sha256 in files.items()}
    path = root / MANIFEST
    path.parent.mkdir(parents=True, exist_ok=True)
    tree = {name: asdict(kept[name]) for name in sorted(kept)}
    draft = path.with_suffix(".json.part")
    draft.write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8", newline="\n")
    draft.replace(path)
