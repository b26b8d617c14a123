"""What seeds drew beside luck: which sample, which rows, and what luck alone would have said.

Stored as draws.csv and luck.csv, each only where it has rows, beside the tables of the runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

import pandas as pd

from pricewar.base.errors import ResultsError
from pricewar.base.speech import phrase, say
from pricewar.files.digest import sha256

from .schema import COMPARISON

OF_WHAT: Final = {
    "luck": phrase("luck alone, not of the parameters"),
    "parameters": phrase("the parameters alone, not of luck"),
    "both": phrase("luck and parameters"),
}
"""What intervals and ranges over seeds are of."""
_DIFFERS: Final = {
    "luck": phrase("luck alone"),
    "parameters": phrase("parameters alone"),
    "both": OF_WHAT["both"],
}
_NAMED: Final = {"luck": phrase("luck"), "parameters": phrase("parameters"), "both": OF_WHAT["both"]}
_TEXTS: Final = frozenset(column.name for column in COMPARISON if column.dtype == "str")
_FILES: Final = {"draws": "draws.csv", "luck": "luck.csv"}


@dataclass(frozen=True)
class Drawn:
    """What differs between the seeds of a set of runs.

    Attributes:
        uncertainty: luck, parameters or both.
        posterior: name of the joint sample that parameters were drawn from; empty where they were not.
        digest: of the sample.
        draws: a row a seed: seed, draw (row of the sample, from 0), and one column a parameter.
        luck: headline rows of a comparison (`schema.COMPARISON`) of the same scenarios and seeds with luck
            alone; without rows where it was not made.
        baseline: what `luck` compares with.
    """

    uncertainty: str = "luck"
    posterior: str = ""
    digest: str = ""
    draws: pd.DataFrame = field(default_factory=pd.DataFrame)
    luck: pd.DataFrame = field(default_factory=pd.DataFrame)
    baseline: str = ""

    @property
    def of_what(self) -> str:
        """What intervals over seeds are of, in words."""
        return say(OF_WHAT.get(self.uncertainty, self.uncertainty))

    @property
    def what_differs(self) -> str:
        """The same in short: luck alone, parameters alone, or luck and parameters."""
        return say(_DIFFERS.get(self.uncertainty, self.uncertainty))

    @property
    def named(self) -> str:
        """The same in one word or three: luck, parameters, or luck and parameters."""
        return say(_NAMED.get(self.uncertainty, self.uncertainty))

    @property
    def _mark(self) -> tuple[str, str]:
        return self.uncertainty, self.digest

    def only(self, scenarios: Sequence[str]) -> Self:
        """What is said of some scenarios."""
        if self.luck.empty:
            return self
        return replace(self, luck=self.luck[self.luck["scenario"].isin(scenarios)])

    def joined(self, other: Drawn) -> Drawn:
        """With the seeds of other results.

        Raises:
            ResultsError: their seeds stand for something else.
        """
        if self._mark != other._mark:
            words = [f"{one.uncertainty} {one.posterior} {one.digest}".strip() for one in (self, other)]
            raise ResultsError(
                f"results whose seeds draw {' and '.join(words)}; allowed: the same in one set"
            )
        draws = pd.concat([self.draws, other.draws], ignore_index=True)
        luck = pd.concat([self.luck, other.luck], ignore_index=True)
        once = draws.drop_duplicates("seed", ignore_index=True) if len(draws) else draws
        return replace(self, draws=once, luck=luck if self.baseline == other.baseline else pd.DataFrame())

    # -- files -------------------------------------------------------------------------------

    def write(self, folder: Path) -> dict[str, Any]:
        """Write the tables that have rows; what the record says of them, nothing where luck alone differs."""
        if self.uncertainty == "luck":
            return {}
        marks = {}
        for name, file in _FILES.items():
            table: pd.DataFrame = getattr(self, name)
            if len(table):
                table.to_csv(folder / file, index=False, lineterminator="\n")
                marks[file] = sha256(folder / file)
        words = {name: getattr(self, name) for name in ("uncertainty", "posterior", "digest", "baseline")}
        return {"drawn": words | {"sha256": marks}}

    @classmethod
    def read(cls, record: Mapping[str, Any], folder: Path) -> Self:
        """What `write` wrote; results from before there was a choice hold luck alone.

        Raises:
            ResultsError: a table is missing, not readable, or not the one that was written.
        """
        said = record.get("drawn", {})
        try:
            marks = dict(said.get("sha256", {}))
            parts: dict[str, Any] = {str(k): str(v) for k, v in said.items() if k != "sha256"}
            for name, file in _FILES.items():
                parts |= {name: _table(folder / file, marks[file])} if file in marks else {}
            made = cls(**parts)
        except (TypeError, ValueError, AttributeError) as error:
            raise ResultsError(f"{folder}: not readable: what seeds drew: {error}") from error
        return made


def _table(path: Path, mark: str) -> pd.DataFrame:
    try:
        same = sha256(path) == mark
        table = pd.read_csv(path, dtype=str, keep_default_na=False) if same else pd.DataFrame()
    except OSError as error:
        raise ResultsError(f"{path}: missing or not readable: {error}") from error
    if not same:
        raise ResultsError(f"{path}: damaged or exchanged: not the file that run.json names")
    return table.apply(_read)


def _read(column: pd.Series) -> pd.Series:
    """Texts of one column as what they were; by Python, which reads back every digit that it wrote."""
    if column.name in _TEXTS:
        return column
    number = int if column.name in ("seed", "draw") else float
    return pd.Series([number(text) if text else float("nan") for text in column], column.index)
