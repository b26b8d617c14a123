"""Three tables that come with the package, to try the command with. Their numbers are assumed."""

from __future__ import annotations

from pathlib import Path

from pricewar.files.toml_text import is_file
from pricewar.scenario.files import shipped_directory


def example_tables() -> dict[str, Path]:
    """Names of the tables that ship, and their files."""
    return {path.stem: path for path in sorted((shipped_directory("scenarios") / "tables").glob("*.csv"))}


def found(table: Path) -> Path:
    """The file itself, or the example of that name."""
    return table if is_file(table) else example_tables().get(str(table), table)
