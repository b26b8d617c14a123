"""Announced annual targets against last year's sales: how much faster than its market a maker means to
grow."""

from __future__ import annotations

from typing import Final

from pricewar.data.history import History

EXPECTED: Final = {"2023": 8.4 / 6.5, "2024": 1.21, "2025": 1.25}
"""Growth of new-energy sales that was expected for each year when it began. 2023: 8.4 million (Global
Times, 9 November 2022) after 6.5 million sold to dealers in 2022; 2024 and 2025: the makers' association,
as recollected, range 0.05."""
LEAST: Final = 10_000
"""Cars a year below which a target says nothing about a market (a start-up's first year)."""


def ambitions(history: History, announced: str) -> dict[str, dict[str, float]]:
    """Maker -> year -> target over last year's sales and the market's expected growth.

    Of several rows of a year the first announced counts: revisions follow from what was sold. Targets of
    all cars and of cars abroad are left out, and so are years without the sales of the year before.

    Args:
        history: the record.
        announced: last month, "2025-04": what was announced later is not known.
    """
    targets = history.targets
    home = ~targets["scope"].str.contains("all cars|overseas")
    known = targets[home & targets["target_units"].notna() & (targets["announced"] <= announced)]
    sold = targets[home & targets["actual_units"].notna()].drop_duplicates(["firm", "year"])
    before = {(str(row.firm), str(row.year)): float(str(row.actual_units)) for row in sold.itertuples()}
    found: dict[str, dict[str, float]] = {}
    for row in known.sort_values("announced", kind="stable").itertuples():
        firm, year = str(row.firm), str(row.year)
        last = before.get((firm, str(int(year) - 1)), 0.0)
        if year in EXPECTED and last >= LEAST:
            ambition = round(float(str(row.target_units)) / (last * EXPECTED[year]), 2)
            found.setdefault(firm, {}).setdefault(year, ambition)
    return found
