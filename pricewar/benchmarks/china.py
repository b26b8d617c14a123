"""China's electric cars, 2023 to April 2025: wars that firms start, each year simulated without its own
record."""

from __future__ import annotations

from typing import Any, Final

from pricewar.backtest.patterns import Patterns, patterns

from .facts import Facts
from .finding import NAN, Finding, Line
from .how import How

NAME: Final = "china"
INSIDE: Final = "left out: statistics inside"
"""The pattern that counts how much of the record of years left out lies inside the runs."""
SCORE: Final = "left out: sum of these"
EFFORT: Final[dict[str, Any]] = {"runs": 60, "refit_seeds": 12, "steps": 3, "effects": (1.8,)}
"""A third of what `pricewar backtest --wars` runs: the row is to be done in minutes."""
QUICK: Final[dict[str, Any]] = {
    "runs": 4, "refit_seeds": 2, "steps": 1, "effects": (1.8,), "years": ("2025",)
}  # fmt: skip


def china(facts: Facts, how: How) -> Finding:
    """The validation of the campaigns, with fewer runs.

    Args:
        facts: figures of `china`; market and record are those of `china-2023` and `pricewar.data`.
        how: processes.
    """
    return told(patterns(executor=how.executor, **(QUICK if how.quick else EFFORT)), facts)


def told(found: Patterns, facts: Facts) -> Finding:
    """The finding of a table of patterns."""
    middle = dict(zip(found.table["pattern"], found.table["middle"].astype(float), strict=True))
    came = dict(zip(found.table["pattern"], found.table["passed"], strict=True))
    asked = found.table[found.table["passed"].notna() & (found.table["pattern"] != INSIDE)]
    least = facts.figure(NAME, "statistics of left-out years inside 80% of runs, at least")
    lines = (
        Line(
            "statistics of left-out years inside 80% of runs", least.unit, NAN, middle[INSIDE],
            asked=f"at least {least.value:g}", passed=middle[INSIDE] >= least.value, source=least.source,
        ),
        Line(
            "log score of left-out years less that of independent makers", "", NAN, middle[SCORE],
            asked="above 0", passed=bool(came[SCORE]), source="the same",
        ),
        Line("patterns that came out", f"of {len(asked)}", NAN, float(asked["passed"].astype(bool).sum())),
    )  # fmt: skip
    failed = asked.loc[~asked["passed"].astype(bool), "pattern"].tolist()
    notes = (
        "Fewer runs than `pricewar backtest --wars`, whose table is on the page of the campaigns; the "
        "verdicts on single patterns may differ.",
        f"Did not come out: {'; '.join(failed) or 'nothing'}.",
    )
    return Finding(
        NAME, "China's electric cars, 2023 to April 2025", lines, notes, {"china_patterns": found.table}
    )
