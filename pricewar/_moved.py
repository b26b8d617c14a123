"""Old paths of modules: importing one works for one more release and says where the module is now.

Only names that are not folders today are here; `pricewar.scenario`, `pricewar.market`, `pricewar.results`
and `pricewar.testing` are folders that export the public names of the modules that had their names.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

HOMES: Final = {
    "base": {
        "arguments": "arguments", "book": "book", "edition": "edition", "errors": "errors",
        "fields": "fields", "landscape": "landscape", "months": "months", "own_code": "own_code",
        "paths": "paths", "record": "arrays", "records": "records", "rules": "rules", "sources": "sources",
        "state": "state", "streams": "luck", "sums": "sums",
    },
    "files": {name: name for name in ("drafts", "folders", "locks", "toml_text")},
    "scenario": {
        "consistency": "checks", "dynamics": "mechanisms", "hints": "hints", "preferences": "preferences",
        "scenario_file": "files", "specs": "parts", "units": "units",
    },
    "results": {name: name for name in ("bounds", "metrics", "schema", "stored")},
    "market": {
        "accrual": "accrual", "agenda": "calendar", "agents": "agents", "batch": "batch",
        "calibrate": "calibrate", "costs": "costs",
        "crowd": "crowd", "firm": "firm", "fit": "calibration_report", "history": "history",
        "model": "model", "production": "production", "reference": "reference", "regulator": "regulator",
        "reported": "reported", "research": "research", "settling": "settling", "supplier": "suppliers",
        "views": "views",
    },
    "demand": {"consumers": "population"},
    "testing": {"testing_events": "events", "testing_interventions": "interventions"},
}  # fmt: skip
"""Folder -> old name of a module -> its name there."""
_NEW: Final = {
    f"pricewar.{old}": f"pricewar.{folder}.{new}"
    for folder, names in HOMES.items()
    for old, new in names.items()
}


class _Moved(MetaPathFinder, Loader):
    """Finds the old name of a module that has moved, and gives the module itself."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec for the old names; None for all others."""
        return ModuleSpec(fullname, self) if fullname in _NEW else None

    def create_module(self, spec: ModuleSpec) -> None:
        """Python's own kind of module, which the next step discards."""

    def exec_module(self, module: ModuleType) -> None:
        """Let the old name mean the module at its new path."""
        old = module.__name__
        new = _NEW[old]
        warnings.warn(
            f"{old} is {new} now; the old name goes with the next release", DeprecationWarning, stacklevel=2
        )
        sys.modules[old] = import_module(new)


def install() -> None:
    """Let old names be found, after all others."""
    if not any(isinstance(finder, _Moved) for finder in sys.meta_path):
        sys.meta_path.append(_Moved())
