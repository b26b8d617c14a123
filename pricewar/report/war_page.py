"""Renew the tables of docs/explanation/what-makes-the-war.md: `python -m pricewar.report.war_page PAGE`."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Final

import pandas as pd

from pricewar.analysis.mechanisms import MEASURES, mechanism_table
from pricewar.scenario.files import load

from .numbers import renewed

SEEDS: Final = 20
FEW: Final = ("as calibrated", "no campaigns", "rivals do not match")
CUTS: Final = (("byd-one-third", 6, None), ("byd-may-2025", 2, FEW))
"""Scenario, months that its cut lasts, variants to show (None: all)."""

HEADS: Final = {
    "rivals_price_during": "rivals' prices during the cut, points",
    "rivals_price_after": "after it, points",
    "rivals_following": "rivals 3% or more down",
    "rivals_profit": "rivals' profit, bn CNY",
    "leader_profit": "BYD's profit, bn CNY",
    "consumer_surplus": "consumers, bn CNY",
}


def markdown(table: pd.DataFrame) -> str:
    """One row per variant; each number with its 95% interval over seeds, or alone where seeds agree."""
    lines = [f"| variant | {' | '.join(HEADS.values())} |", "|---|" + "---|" * len(MEASURES)]
    for row in table.to_dict("records"):
        cells = [
            _with_ends(row[name], row[f"{name}_lo"], row[f"{name}_hi"])
            if name != "rivals_following"
            else f"{row[name]:.1f}"
            for name in MEASURES
        ]
        lines.append(f"| {row['variant']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _with_ends(mean: float, lo: float, hi: float) -> str:
    return f"{mean:+.2f}" if math.isnan(lo) else f"{mean:+.2f} [{lo:+.2f}, {hi:+.2f}]"


def renew(page: Path, seeds: int = SEEDS) -> None:
    """Run all variants and write the tables between the markers."""
    parts = []
    for scenario, until, names in CUTS:
        table = mechanism_table(load(scenario), load("baseline"), "byd", seeds, until, names)
        title = (
            f"`{scenario}`, first twelve months, mean of {seeds} seeds, difference from the but-for market"
        )
        parts += [f"{title} [95% interval over seeds, of luck]:", "", markdown(table), ""]
    text = renewed(page.read_text(encoding="utf-8"), "\n".join(parts).rstrip(), str(page))
    page.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    renew(Path(sys.argv[1]))
