"""A step: what it makes, from what, and where."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pricewar.base.edition import EDITION
from pricewar.plots.style import Drawing
from pricewar.scenario.files import shipped_directory


def repository() -> Path:
    """The folder that holds scenarios/, docs/ and README.md, if the package lies in a clone."""
    return shipped_directory("scenarios").parent


@dataclass(frozen=True)
class Place:
    """Where results go, and how much is done."""

    root: Path
    """Folder that stands for the repository: pages are written below it."""
    work: Path
    """Folder for what is kept between two calls; each edition and size has its own part of it."""
    small: bool = False
    """A few seeds, draws and points: to try the machinery, not to be read."""
    workers: int = 2
    quiet: bool = False
    home: Path = field(default_factory=repository)
    """The repository: pages that people write in are taken from here where `root` has none."""

    @property
    def kept(self) -> Path:
        """The part of `work` for this edition and size."""
        return self.work / f"edition-{EDITION}" / ("small" if self.small else "full")

    def seeds(self, full: int, small: int = 2) -> int:
        """How many seeds or draws."""
        return small if self.small else full

    def page(self, name: str) -> Path:
        """A page below `root`, with its hand-written text.

        Raises:
            OSError: the repository has no such page, or `root` cannot be written.
        """
        page = self.path(name)
        if not page.exists():
            page.write_bytes((self.home / name).read_bytes())
        return page

    def path(self, name: str) -> Path:
        """A file below `root`; its folder is made."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def picture(self, drawing: Drawing) -> Path:
        """The PNG of a figure in docs/img."""
        png, svg = drawing.save(self.path(f"docs/img/{drawing.name}.png").parent)
        svg.unlink()
        return png


@dataclass(frozen=True)
class Step:
    """One step."""

    name: str
    what: str
    """What it makes, in a few words."""
    outputs: tuple[str, ...]
    """What it makes: paths below the root; * stands for any file that this step alone writes."""
    inputs: Callable[[Place], Mapping[str, Any]]
    """What it depends on, beside the edition: plain values by name."""
    make: Callable[[Place], Iterable[Path]]
    """Make it; gives the files written."""
    obstacle: Callable[[], str] = lambda: ""
    """Why this machine cannot do it; empty if it can."""

    def files(self, root: Path) -> Iterator[Path]:
        """What there is of its outputs."""
        for pattern in self.outputs:
            yield from sorted(root.glob(pattern))

    def digest(self, place: Place) -> str:
        """Short name of all inputs."""
        text = json.dumps(self.inputs(place), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def sources(*packages: str) -> str:
    """Short name of all files of parts of the package ("report", "plots"): other words give other pages."""
    digest = hashlib.sha256()
    for name in packages:
        for path in sorted((Path(__file__).parents[1] / name).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
