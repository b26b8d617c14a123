"""The reference cases that come with the package: markets with answers computed by others."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "cases"


def shipped_cases() -> tuple[Path, ...]:
    """Files of the cases, by name."""
    return tuple(sorted(FOLDER.glob("*.json")))
