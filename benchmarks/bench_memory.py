"""Memory of a process that makes many runs: python benchmarks/bench_memory.py [RUNS [DRAWS [PERIODS]]].

Prints the resident memory after 100 runs and at the end (Linux), and fails if it grew by more than 50 MB.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from pricewar import load
from pricewar.market.model import PriceWar

EARLY, MOST = 100, 50.0


def resident() -> float:
    """MB in use now, what is swapped out included."""
    gc.collect()
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    found = dict(line.split(":", 1) for line in lines if ":" in line)
    return sum(float(found[name].split()[0]) for name in ("VmRSS", "VmSwap")) / 1024


def main(runs: int = 3_000, draws: int = 100, periods: int = 36) -> int:
    scenario = load("baseline").but({"consumers.draws": draws, "periods": periods})
    early = 0.0
    for seed in range(1, runs + 1):
        PriceWar(scenario, seed=seed, collect=False).run_model().tables()
        if seed == EARLY:
            early = resident()
        if seed % 500 == 0 or seed == EARLY:
            print(f"{seed:6d} runs: {resident():7.1f} MB", flush=True)
    grown = resident() - early
    print(f"grown by {grown:.1f} MB from run {EARLY} to run {runs}")
    return int(grown > MOST)


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:])))
