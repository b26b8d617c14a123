"""What a store can hold: runs by number, each with a row and, if wanted, tables of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import pandas as pd

from .work import Item


class Plan(Protocol):
    """Runs 0 to len - 1 and what each of them leaves behind; an experiment, or futures of a policy study."""

    @property
    def record(self) -> str:
        """File name of the record of the folder: what was asked, by whom."""

    @property
    def noun(self) -> str:
        """What such a folder holds, in one word."""

    @property
    def name(self) -> str:
        """Name of the plan."""

    @property
    def seeds(self) -> Sequence[int]:
        """Seeds of the runs of a point."""

    @property
    def table(self) -> pd.DataFrame:
        """The design: `point`, and what else the rows of its runs tell; one row a point."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Numbers that a run has."""

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the tables that a run leaves."""

    @property
    def digest(self) -> str:
        """Short name of the content."""

    def content(self) -> dict[str, Any]:
        """All that results depend on, as plain values."""

    def described(self) -> dict[str, Any]:
        """The plan with its words, as plain values."""

    def item(self, run: int) -> Item:
        """The run of a number."""

    def command(self, item: Item) -> str:
        """The command line that repeats a run."""

    def __len__(self) -> int: ...
