"""Sweeps that are killed, or whose disk is full, at random moments, against one that nothing stops.

    python benchmarks/kill_sweeps.py [--kills 40] [--disks 10] [--seed 1]

Each sweep keeps trajectories, has two workers and small chunks, so that most of the time something is being
written. It is killed (SIGKILL) again and again and gone on with until it has ended; then the table of runs
must have the bytes, and all trajectories the rows, of the sweep that nothing stopped. Full disks are file
systems in memory of a random small size, made larger before the sweep goes on; they need the right to mount.

Sweeps and their workers are forked from this process, which has loaded the package and run nothing: to start
each anew would take most of the time. Prints the counts; exit code 1 if anything differs.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import pandas as pd

from pricewar.base.errors import PricewarError
from pricewar.experiment import run_experiment, runner
from pricewar.experiment.pool import settle
from pricewar.files.folders import LOCK
from pricewar.files.locks import Lock

TABLES = ("market", "firms")
EXPERIMENT = """
base = "textbook-duopoly"
replicates = 20
trajectories = true
metrics = ["welfare", "war_index_max", "operating_profit.*"]
[set]
periods = 12
"noise.market_sd" = 0.05
[factors.depth]
path = "events.Cut.depth"
values = [0.04, 0.06, 0.08, 0.10, 0.12, 0.14]
"""
FORK = get_context("fork")


def sweep(experiment: Path, store: Path, said: Path) -> None:
    """A sweep in a process of its own; what it says in the end is in a file."""
    runner.SECONDS = 0.03
    try:
        run_experiment(experiment, lambda: ProcessPoolExecutor(2, FORK, settle), store=store, workers=2)
    except PricewarError as error:
        said.write_text(str(error), encoding="utf-8")
        os._exit(1)


@dataclass
class Bench:
    """A folder with the experiment, and the sweep that nothing stops."""

    folder: Path
    luck: random.Random
    seconds: float = 0.0
    """What the writing of a whole sweep takes."""
    counts: dict[str, int] = field(default_factory=dict)
    stores: list[Path] = field(default_factory=list)
    """Sweeps to compare when no process is forked any more."""

    def begin(self) -> None:
        (self.folder / "experiment.toml").write_text(EXPERIMENT)
        process = self.start(self.whole)
        wait_for_writing(process, self.whole)
        begin = time.monotonic()
        self.ended(process)
        self.seconds = time.monotonic() - begin

    @property
    def whole(self) -> Path:
        return self.folder / "whole"

    @property
    def said(self) -> Path:
        return self.folder / "said.txt"

    def start(self, store: Path) -> BaseProcess:
        self.said.unlink(missing_ok=True)
        process = FORK.Process(target=sweep, args=(self.folder / "experiment.toml", store, self.said))
        process.start()
        return process

    def ended(self, process: BaseProcess) -> None:
        process.join()
        assert process.exitcode == 0, self.said.read_text() if self.said.exists() else process.exitcode

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def kill(self, store: Path) -> bool:
        """Start, kill at a random moment of the writing; False if the sweep has ended before."""
        process = self.start(store)
        wait_for_writing(process, store)
        time.sleep(self.luck.uniform(0.0, self.seconds / 3))
        process.kill()
        process.join()
        wait_for_lock(store)
        return process.exitcode == -signal.SIGKILL

    def compare(self, store: Path) -> None:
        same = (store / "runs.parquet").read_bytes() == (self.whole / "runs.parquet").read_bytes()
        self.count("runs.parquet identical" if same else "runs.parquet DIFFERENT")
        for table in TABLES:
            equal = rows(store, table).equals(rows(self.whole, table))
            self.count(f"{table} identical" if equal else f"{table} DIFFERENT")


def rows(store: Path, table: str) -> pd.DataFrame:
    """All rows of a table of trajectories, in order."""
    frame = pd.read_parquet(store / "trajectories" / table)
    keys = [name for name in ("run", "period", "month", "firm") if name in frame]
    return frame.sort_values(keys).reset_index(drop=True)


def files(store: Path) -> int:
    """Files of chunks and trajectories: this grows as something is written."""
    return sum(1 for name in ("chunks", "trajectories") for _ in (store / name).rglob("*.parquet"))


def wait_for_writing(process: BaseProcess, store: Path) -> None:
    """Until the sweep writes or has ended."""
    before = files(store)
    while process.is_alive() and files(store) <= before:
        time.sleep(0.002)


def wait_for_lock(store: Path) -> None:
    """Forked workers hold the lock of their parent until they see that it has gone."""
    lock = None
    while lock is None:
        time.sleep(0.02)
        lock = Lock.take(store / LOCK)
    lock.close()


def killed_sweeps(bench: Bench, kills: int) -> None:
    """Sweeps, each killed until it ends, until there were enough kills."""
    while bench.counts.get("kills", 0) < kills:
        store = bench.folder / f"killed-{bench.counts.get('sweeps killed', 0)}"
        bench.count("sweeps killed")
        for _ in range(min(5, kills - bench.counts.get("kills", 0))):
            if bench.kill(store):
                bench.count("kills")
        bench.ended(bench.start(store))
        bench.stores.append(store)


def full_disks(bench: Bench, disks: int) -> None:
    """Sweeps that meet a full disk once, and go on when there is room."""
    size = sum(path.stat().st_size for path in bench.whole.rglob("*") if path.is_file())
    for number in range(disks):
        disk = bench.folder / f"disk-{number}"
        disk.mkdir()
        room = int(size * bench.luck.uniform(0.05, 0.9))
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", str(disk)], check=True)
        try:
            bench.start(disk / "store").join()
            wait_for_lock(disk / "store")
            said = bench.said.read_text() if bench.said.exists() else ""
            bench.count("full disks" if "No space left" in said else "disks that were NOT full")
            bench.count("said in one line" if len(said.splitlines()) == 1 else "NOT said in one line")
            subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
            bench.ended(bench.start(disk / "store"))
            bench.stores.append(Path(shutil.copytree(disk / "store", bench.folder / f"full-{number}")))
        finally:
            subprocess.run(["umount", str(disk)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--disks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), random.Random(asked.seed))
        bench.begin()
        killed_sweeps(bench, asked.kills)
        full_disks(bench, asked.disks)
        for store in bench.stores:
            bench.compare(store)
    for what, count in bench.counts.items():
        print(f"{what}: {count}")
    bad = [what for what in bench.counts if "DIFFERENT" in what or "NOT" in what]
    sys.exit(1 if bad or bench.counts.get("kills", 0) < asked.kills else 0)


if __name__ == "__main__":
    main()
