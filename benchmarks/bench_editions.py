"""The same work by earlier editions of this repository and now: nothing gets slower unnoticed.

    python benchmarks/bench_editions.py [--rounds 5] [--only runs start] [--work FOLDER]

Each edition is checked out into a folder of its own. Editions run in turn, each in a new process, with this
interpreter and its packages; kernels are compiled before anything is timed. Clock: processor time, children
included, the least of a process's repetitions, then the median of rounds. Exit code 1 if work takes over
`MOST` times as long now as by the last edition in the list.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

EDITIONS = {"1": "521c896", "3": "df87d8c", "4": "3e8e196", "5": "61b2ea4"}
"""The last commit of each edition of the model; of the first and the last, the one that is compared with."""
MOST = 1.1
HERE = Path(__file__).resolve().parents[1]

BEGIN = """
import os, resource, subprocess, sys, tempfile
from pathlib import Path

def clock():
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)

def least(work, times):
    work()
    found = []
    for _ in range(times):
        begin = clock()
        work()
        found.append(clock() - begin)
    print(min(found))

def market():
    "April 2025 with one fringe and without campaigns, the market that all editions know."
    from pricewar import load
    alone = Path("tests/golden/fringe.toml")
    return load(str(alone) if alone.exists() else "baseline")
"""
WORK = {
    "a run of 36 months, no tables": """
from pricewar import PriceWar
scenario = market()
least(lambda: PriceWar(scenario, 3, collect=False).run_model(), 8)
""",
    "20 runs with their tables": """
from pricewar import run
scenario = market()
least(lambda: run(scenario, seeds=20), 1)
""",
    "to put up a market that nobody has seen": """
from pricewar import PriceWar
scenario, seeds = market(), iter(range(100, 200))
least(lambda: PriceWar(scenario.but({"consumers.seed": next(seeds)}), 3, collect=False), 5)
""",
    "prices of 100 products, 1,000 buyers": """
import inspect
import numpy as np
from pricewar.demand import MixedLogit
from pricewar.equilibrium import solve
rng = np.random.default_rng(1)
parts = rng.normal(size=100), rng.uniform(0.5, 3.0, 1000), rng.normal(scale=0.5, size=(1000, 100))
demand, costs, firms = MixedLogit(*parts), rng.uniform(0.5, 1.5, 100), np.arange(100) % 20
told = {"check": False} if "check" in inspect.signature(solve).parameters else {}
least(lambda: [solve(demand, costs, firms, **told) for _ in range(10)], 5)
""",
    "4 sessions of two Q-learners": """
from pricewar.lab.benchmarks import LogitMarket
from pricewar.lab.game import logit_game
from pricewar.lab.learner import QLearner
from pricewar.lab.sessions import run_sessions
game = logit_game(LogitMarket((2.0, 2.0), (1.0, 1.0)))
least(lambda: run_sessions(game, QLearner(), 4, workers=1), 1)
""",
    "pricewar run baseline, start to end": """
def command():
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "pricewar", "run", "baseline", "--out", folder + "/out"]
        subprocess.run(words, check=True, capture_output=True)
least(command, 2)
""",
    "pricewar compare of two scenarios, 4 seeds": """
def command():
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "pricewar", "compare", "baseline", "byd-one-third", "--seeds", "4"]
        subprocess.run([*words, "--out", folder + "/out"], check=True, capture_output=True)
least(command, 1)
""",
}


def seconds(code: str, tree: Path) -> float | None:
    """Processor seconds of one process of an edition; None where the edition cannot do it."""
    inside = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code], cwd=tree, env=inside, capture_output=True, text=True
    )
    return float(done.stdout.split()[-1]) if done.returncode == 0 else None


def checked_out(commit: str, folder: Path) -> Path:
    """The files of a commit, without its history."""
    if not folder.exists():
        folder.mkdir(parents=True)
        packed = subprocess.run(["git", "archive", commit], cwd=HERE, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", str(folder)], input=packed, check=True)
    return folder


def compared(name: str, trees: dict[str, Path], rounds: int) -> dict[str, float | None]:
    """Milliseconds of each edition: median of rounds, in each of which all editions run in turn."""
    found: dict[str, list[float | None]] = {edition: [] for edition in trees}
    for _ in range(rounds):
        for edition, tree in trees.items():
            found[edition].append(seconds(WORK[name], tree))
    known = {edition: [one for one in times if one is not None] for edition, times in found.items()}
    return {edition: 1e3 * statistics.median(times) if times else None for edition, times in known.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], help="rows in which one of these words stands")
    parser.add_argument("--work", type=Path, help="folder for the editions; default: a new one, removed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        work = options.work or Path(spare)
        trees = {name: checked_out(commit, work / commit) for name, commit in EDITIONS.items()}
        trees["now"] = HERE
        wanted = [name for name in WORK if not options.only or any(word in name for word in options.only)]
        slower = []
        print(f"{platform.machine()}, Python {platform.python_version()}; ms of processor time; median of")
        print(f"{options.rounds} rounds\n\n| work | {' | '.join(trees)} | first / now | last / now |")
        print(f"|---|{'---:|' * (len(trees) + 2)}")
        for name in wanted:
            took = compared(name, trees, options.rounds)
            now, last, first = took["now"], took[list(EDITIONS)[-1]], took[next(iter(EDITIONS))]
            cells = [f"{ms:,.0f}" if ms is not None else "–" for ms in took.values()]
            ratios = [f"{one / now:.2f} x" if one and now else "–" for one in (first, last)]
            print(f"| {name} | {' | '.join([*cells, *ratios])} |", flush=True)
            if now is None or (last is not None and now > MOST * last):
                slower.append(name)
    if slower:
        print(f"\nOver {MOST} times as long as the last edition: {'; '.join(slower)}", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
