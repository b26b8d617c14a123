"""What luck alone would say, beside what luck and parameters say together."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pandas as pd

from pricewar.results.store import Results

from .compare import OPEN, TOTAL, WITH_OPEN, compare_table

PROFIT: Final = "operating_profit"
"""Of each firm; beside it all totals of the market are told."""


def with_luck(results: Results, alone: Results, baseline: str | None = None) -> Results:
    """Results with what the same scenarios and seeds say when parameters stay as they are stated.

    Args:
        results: runs in which parameters were drawn.
        alone: runs of the same scenarios and seeds with luck alone.
        baseline: the scenario to compare with; `results.baseline` if None.

    Returns:
        The results; their `drawn.luck` holds totals of the market and of firms' operating profit, with the
        columns of a comparison.

    Raises:
        ResultsError: as `compare_table`.
    """
    base = results.baseline if baseline is None else baseline
    table = headlines(compare_table(alone, base))
    return results.but(drawn=replace(results.drawn, luck=table, baseline=base))


def headlines(comparison: pd.DataFrame) -> pd.DataFrame:
    """The rows of a comparison that are told of luck alone: totals of the market, and profits of firms."""
    whole = comparison["period"].isin([TOTAL, OPEN, WITH_OPEN])
    told = (comparison["entity"] == "market") | (comparison["metric"] == PROFIT)
    return comparison[whole & told].reset_index(drop=True)


def luck_of(results: Results, baseline: str) -> pd.DataFrame:
    """Rows of luck alone against this baseline; none where they were not made, or against another one."""
    drawn = results.drawn
    return drawn.luck if drawn.baseline == baseline else drawn.luck.iloc[:0]
