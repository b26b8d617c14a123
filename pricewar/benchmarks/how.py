"""How much is run: seeds and processes."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass


@dataclass(frozen=True)
class How:
    """Effort of the benchmarks that run markets.

    Attributes:
        seeds: runs of each market.
        executor: where runs go; None for this process.
        quick: a look at the machinery; the numbers mean little.
    """

    seeds: int = 20
    executor: Executor | None = None
    quick: bool = False
