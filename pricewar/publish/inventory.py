"""What no step makes: prose that speaks of numbers of the model, and what does not rest on the model.

A test checks that every page and picture is made by a step or named here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from .manifest import MANIFEST
from .step import Step

PROSE: Final = (
    "README.md",
    "README.zh.md",
    "docs/explanation/backtest.md",
    "docs/explanation/benchmarks.md",
    "docs/explanation/campaigns.md",
    "docs/explanation/lessons.md",
    "docs/explanation/limits-in-court.md",
    "docs/explanation/money-and-welfare.md",
    "docs/explanation/odd.md",
    "docs/explanation/price-wars.md",
    "docs/explanation/what-is-a-cut.md",
    "docs/explanation/what-is-known.md",
    "docs/explanation/what-makes-the-war.md",
    "docs/how-to/teach-with-it.md",
    "docs/how-to/train-with-reinforcement-learning.md",
    "docs/reference/measures.md",
    "docs/tutorial/price-war-in-a-course.ipynb",
    "scenarios/anti-involution.md",
    "scenarios/baseline.md",
    "scenarios/byd-may-2025.md",
    "scenarios/byd-one-third.md",
    "scenarios/china-2023.md",
    "scenarios/china-2023-costs.md",
    "scenarios/chip-shock.md",
    "scenarios/forecast-2025.md",
    "scenarios/measures.md",
    "scenarios/premium-defence.md",
    "scenarios/shake-out.md",
    "scenarios/su7-crash.md",
    "scenarios/supply-chain.md",
    "scenarios/textbook-duopoly.md",
    "scenarios/xiaomi-break-even.md",
)
"""Pages whose own sentences say what the model does: new numbers can make them wrong."""

STATIC: Final = {
    MANIFEST: "the list of what was made",
    "docs/index.md": "links",
    "docs/validation.md": "repeated games and learners of the laboratory, which have no market: bench_lab.py",
    "docs/performance*.md": "speed of a machine: make bench",
    "docs/img/lab_*.png": "the laboratory: bench_lab.py",
    "docs/img/*_growth.png": "speed of a machine: make bench",
    "docs/img/screen_prices.png": "a screen of shares and margins, which does not run the market",
    "docs/adr/*.md": "decisions, with what was measured then",
    "docs/explanation/architecture.md": "where code is",
    "docs/explanation/equilibrium.md": "the solver, checked by pricewar verify",
    "docs/explanation/learning.md": "the laboratory",
    "docs/explanation/strategies-in-china.md": "recorded price moves: pricewar.data.page",
    "docs/explanation/what-others-do-better.md": "other packages, from their own pages",
    "docs/how-to/*.md": "steps for people; their examples run in tests",
    "docs/reference/*.md": "definitions; made from the code where make docs does so",
    "docs/tutorial/first-war.md": "its examples run in tests",
    "docs/tutorial/your-own-market.md": "its examples run in tests",
    "experiments/*.md": "questions and what was expected before running",
    "policies/*.md": "questions and what was expected before running",
}
"""Paths that do not rest on the model's numbers, and why. What `PROSE` names is read all the same."""

PLACES: Final = ("docs/**/*", "scenarios/*.md", "experiments/*.md", "policies/*.md", "README*.md")
"""Where pages and pictures are."""


def unclaimed(root: Path, steps: Sequence[Step]) -> Iterator[str]:
    """Pages and pictures that no step makes and that are not named here."""
    claimed = {path for step in steps for path in step.files(root)}
    claimed |= {path for pattern in STATIC for path in root.glob(pattern)}
    claimed |= {root / name for name in PROSE}
    for pattern in PLACES:
        for path in sorted(root.glob(pattern)):
            if path.is_file() and path not in claimed:
                yield path.relative_to(root).as_posix()
