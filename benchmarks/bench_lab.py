"""Published figures of the laboratory at full size, and its speed.

    python benchmarks/bench_lab.py figures [--scale 1.0] [--only calvano] [--skip 0] [--out FOLDER]
    python benchmarks/bench_lab.py speed
    python benchmarks/bench_lab.py published FILE
    python benchmarks/bench_lab.py misread

`figures` runs every game at about the size of its paper (most of an hour on two cores) and prints one
table in Markdown, the one kept in docs/validation.md. `speed` interleaves exact and fast kernel and prints
medians. `published` compares the exact mode, session by session, with the run file `InfoExperiment_1.txt`
that the replication package of Calvano et al. (2020) holds for its baseline (table A2): periods, price
cycles and every action of every strategy. `misread` shows what the published gain of memory 2 rests on.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

CALVANO = [
    ({}, 1000, True),
    ({}, 1000, False),
    ({"delta": 0.0, "memory": 0, "alpha": 0.25, "beta": 1e-3}, 1000, False),
    ({"memory": 0}, 300, False),
    ({"costs": "1,.75"}, 1000, False),
    ({"costs": "1,.5"}, 300, False),
    ({"costs": "1,.25"}, 1000, False),
    ({"mu": 0.5}, 300, False),
    ({"mu": 0.1}, 1000, False),
    ({"mu": 0.01}, 300, False),
    ({"delta": 0.0}, 300, False),
    ({"delta": 0.35}, 300, False),
    ({"delta": 0.5}, 300, False),
    ({"delta": 0.8}, 300, False),
    ({"delta": 0.99}, 300, False),
    ({"m": 50}, 300, False),
    ({"n": 3}, 300, False),
    ({"n": 4}, 50, False),
    ({"memory": 2}, 100, False),
]
OTHERS = [
    ("klein", {}, 1000),
    ("klein", {"k": 24}, 500),
    ("maskin-tirole", {}, 1),
    ("green-porter", {}, 1),
    ("rotemberg-saloner", {}, 1),
    ("edgeworth", {}, 1),
    ("asker", {}, 200),
    ("waltman-kaymak", {}, 60),
]


def figures(scale: float, only: str | None, out: Path | None, skip: int) -> None:
    from pricewar.lab.games import game
    from pricewar.lab.report import save

    print("| game | settings | sessions | quantity | published | reproduced | s.e. |")
    print("|---" * 7 + "|")
    runs = [("calvano", given, count, exact) for given, count, exact in CALVANO]
    runs += [(name, given, count, False) for name, given, count in OTHERS]
    for number, (name, given, count, exact) in enumerate(runs):
        if number < skip or (only and name != only):
            continue
        sessions = max(2, int(count * scale))
        report = game(name)(given, sessions=sessions, seed=1, exact=exact)
        label = ", ".join(f"{k}={v}" for k, v in given.items()) or "baseline"
        label += ", exact" if exact else ""
        for c in report.comparisons:
            if c.published is None and c.quantity != "mean_gain":
                continue
            error = "" if not c.error or c.error != c.error else f"{c.error:.2g}"
            shown = "" if c.published is None else f"{c.published:.6g}"
            print(
                f"| {name} | {label} | {sessions} | {c.quantity} | {shown} | {c.reproduced:.5g} | {error} |",
                flush=True,
            )
        if out:
            save(report, out / f"{number:02d}-{name}")


def speed(repeats: int = 5) -> None:
    from pricewar.lab.benchmarks import LogitMarket
    from pricewar.lab.game import logit_game
    from pricewar.lab.learner import QLearner
    from pricewar.lab.sessions import run_sessions

    game = logit_game(LogitMarket((2.0, 2.0), (1.0, 1.0)))
    learner = QLearner()
    cases = [("exact", True, 1), ("fast", False, 1), ("fast, 2 threads", False, 2)]
    for _, exact, workers in cases:
        run_sessions(game, QLearner(patience=10, most=20), 1, exact=exact, workers=workers)
    rates: dict[str, list[float]] = {name: [] for name, _, _ in cases}
    wall: dict[str, list[float]] = {name: [] for name, _, _ in cases}
    for _ in range(repeats):
        for name, exact, workers in cases:
            begun = time.perf_counter()
            play = run_sessions(game, learner, 8, exact=exact, workers=workers)
            wall[name].append(time.perf_counter() - begun)
            rates[name].append(play.periods.sum() / wall[name][-1] / 1e6)
    for name in rates:
        print(f"{name}: median {statistics.median(rates[name]):.1f} M periods/s (8 converged sessions)")
    ratio = statistics.median(rates["fast, 2 threads"]) / statistics.median(rates["fast"])
    print(f"two threads over one: {ratio:.2f}")


def published(file: Path) -> None:
    from pricewar.lab.benchmarks import LogitMarket
    from pricewar.lab.diagnosis import diagnose
    from pricewar.lab.game import logit_game
    from pricewar.lab.learner import QLearner
    from pricewar.lab.sessions import run_sessions

    records = list(read_published(file))
    game = logit_game(LogitMarket((2.0, 2.0), (1.0, 1.0)))
    play = run_sessions(game, QLearner(), len(records), exact=True)
    found = diagnose(play)
    times = cycles = strategies = 0
    for session, episodes, cycle, strategy in records:
        k = session - 1
        times += abs((play.periods[k] - 100_000) / 25_000 - episodes) < 0.00501
        cycles += found.cycle_length[k] == cycle
        strategies += np.array_equal(play.strategies[k], strategy)
    total = len(records)
    print(
        f"{total} published sessions; equal: times {times}, cycle lengths {cycles}, strategies {strategies}"
    )


def misread(sessions: int = 60) -> None:
    """Memory 2: gain from where the firms were, and from the last state decoded in the published order."""
    from pricewar.lab.benchmarks import LogitMarket
    from pricewar.lab.game import logit_game
    from pricewar.lab.kernels.diagnose import cycle_from, follow
    from pricewar.lab.learner import QLearner
    from pricewar.lab.report import standard_error
    from pricewar.lab.sessions import run_sessions

    game = logit_game(LogitMarket((2.0, 2.0), (1.0, 1.0)))
    play = run_sessions(game, QLearner(memory=2), sessions, seed=3)
    profits: dict[str, list[np.ndarray]] = {"last state": [], "misread": []}
    for strategy, last in zip(play.strategies, play.last_state, strict=True):
        played, after = follow(strategy, 15, 2)
        digits = np.unravel_index(int(last), (15,) * 4)
        other = np.ravel_multi_index(tuple(digits[k] for k in (0, 2, 1, 3)), (15,) * 4)
        for name, state in (("last state", int(last)), ("misread", int(other))):
            profits[name].append(game.profits[played[cycle_from(after, state)]].mean(axis=0))
    for name, rows in profits.items():
        gain = game.gain(np.stack(rows))
        print(f"memory 2, from the {name}: gain {gain.mean():.3f} (s.e. {standard_error(gain):.3f})")


def read_published(file: Path) -> Iterator[tuple[int, float, int, np.ndarray]]:
    """(session, episodes to convergence, cycle length, strategies (225, 2) from 0) of a run file."""
    lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    size = 7 + 225
    for at in range(0, len(lines), size):
        head, strategy = lines[at : at + 7], np.array(lines[at + 7 : at + size], int) - 1
        yield int(head[0][0]), float(head[2][0]), int(head[3][0]), strategy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["figures", "speed", "published", "misread"])
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only")
    parser.add_argument("--skip", type=int, default=0, help="leave out the first runs")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.what == "figures":
        figures(given.scale, given.only, given.out, given.skip)
    elif given.what == "published":
        published(given.file)
    elif given.what == "misread":
        misread()
    else:
        speed()
