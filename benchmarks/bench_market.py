"""Speed of the China market: one run against buyers as mesa agents, start-up, and how cost grows.

    python benchmarks/bench_market.py [--rounds 7] [--figure docs/img/market_growth.png] [--json]

Contenders run in turn; medians of processor time of one thread are compared. The peer's numbers are compared
with ours before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from plain_market import PlainPriceWar

from pricewar import PriceWar, Results, load, run
from pricewar.market.history import gather
from pricewar.runs import Job, run_one
from pricewar.scenario.tree import Scenario

LIMIT_MS, FASTER, OVER_BARE, CAMPAIGNS = 60.0, 50.0, 1.2, 1.3


def clock(work: Callable[[], object]) -> float:
    """Processor seconds of one call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def one_run(scenario: Scenario) -> PriceWar:
    return PriceWar(scenario, collect=False, threads=1).run_model()


def against_agents(scenario: Scenario, rounds: int) -> dict[str, float]:
    """One run of 36 months, ours and with 2,000 buyers as mesa agents; ours several times a round."""
    ours = one_run(scenario)
    begin = time.process_time()
    peer = PlainPriceWar(scenario, collect=False).run_model()
    agents = [time.process_time() - begin]
    for a, b in zip(ours.history, peer.history, strict=True):
        np.testing.assert_allclose(a.sales.orders, b.sales.orders, rtol=1e-9, atol=1e-6)
    kernels = []
    for _ in range(rounds):
        kernels += [clock(lambda: one_run(scenario)) for _ in range(5)]
        if len(agents) < 3:
            agents.append(clock(lambda: PlainPriceWar(scenario, collect=False).run_model()))
    return {"kernels": float(np.median(kernels)), "agents": float(np.median(agents))}


def one_by_one(scenario: Scenario, seeds: int) -> Results:
    """What `run()` gives, each run by itself."""
    return Results(**gather([run_one(Job(scenario, seed)) for seed in range(1, seeds + 1)]))


def over_bare(scenario: Scenario, rounds: int, seeds: int = 10) -> dict[str, float]:
    """A run by itself, tables checked and gathered, over the bare months: 1 is the end of it."""
    bare, whole = [], []
    for _ in range(rounds):
        bare.append(
            clock(lambda: [PriceWar(scenario, k + 1, collect=False).run_model() for k in range(seeds)])
        )
        whole.append(clock(lambda: one_by_one(scenario, seeds)))
    return {"bare": min(bare) / seeds, "run": min(whole) / seeds}  # the rounds that others disturbed least


def together(scenario: Scenario, rounds: int, seeds: int = 20) -> dict[str, float]:
    """A run of seeds that step together, as `run()` has them, and a run of seeds one after the other.

    Both make the same tables, which are compared. Processor seconds a run; the ratio is the median of rounds
    in which both ran in turn, so that what else the machine does counts for both.
    """
    whole, alone = run(scenario, seeds=seeds), one_by_one(scenario, seeds)
    pd.testing.assert_frame_equal(
        whole.tables["products"], alone.tables["products"], check_exact=True, obj="products"
    )
    pairs = [
        [clock(partial(work, scenario, seeds)) / seeds for work in (one_by_one, run)] for _ in range(rounds)
    ]
    one, many = np.min(pairs, axis=0)
    return {"alone": one, "together": many, "ratio": float(np.median([a / b for a, b in pairs]))}


def campaigns(scenario: Scenario, rounds: int, again: int = 3) -> dict[str, float]:
    """A run in which firms start wars, the same firms' run in which they do not, and one over the other.

    Tables are included. Of `again` runs of each seed, in turn, the one that others disturbed least counts. A
    run with wars has more months: those before the start, in which campaigns are drawn but nobody buys.
    """
    off = scenario.but({"campaigns.on": False})
    found = []
    for seed in range(1, 2 * rounds + 2):
        pairs = [[clock(partial(run, one, [seed])) for one in (scenario, off)] for _ in range(again)]
        found.append(np.min(pairs, axis=0))
    with_wars, without = np.transpose(found[1:])
    ratio = float(np.median(with_wars / without))
    months = 1.0 + scenario.campaigns.warm_up / scenario.periods
    return {
        "with": float(np.median(with_wars)),
        "without": float(np.median(without)),
        "run": ratio,
        "month": ratio / months,
    }


def waits_for_wars() -> dict[str, float]:
    """Wall seconds of what the page on campaigns promises; all cores."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, words in (
            ("60 seeds of china-2023", ["run", "china-2023", "--seeds", "60"]),
            ("compare of two scenarios, 4 seeds", ["compare", "baseline", "byd-one-third", "--seeds", "4"]),
        ):
            begin = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "pricewar", *words, "--quiet", "--out", f"{folder}/{len(found)}"],
                check=True, capture_output=True,
            )  # fmt: skip
            found[name] = time.perf_counter() - begin
    return found


def start_up() -> dict[str, float]:
    """Wall seconds of the commands a person waits for, compiled code on disk."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "check": ["check", str(Path(__file__).parents[1] / "scenarios" / "baseline.toml")],
            "run": ["run", "baseline", "--quiet", "--out", f"{folder}/run"],
        }
        for name, words in commands.items():
            times = []
            for _ in range(4):
                begin = time.perf_counter()
                subprocess.run([sys.executable, "-m", "pricewar", *words], check=True, capture_output=True)
                times.append(time.perf_counter() - begin)
            found[name] = float(np.median(times[1:]))
    return found


def variants(scenario: Scenario) -> dict[str, dict[int, Scenario]]:
    """The same market with more of one thing."""
    return {
        "buyers": {n: scenario.but({"consumers.draws": n}) for n in (500, 1000, 2000, 4000, 8000)},
        "months": {n: scenario.but({"periods": n}) for n in (9, 18, 36, 72, 144)},
        "products": {60 * n: multiplied(scenario, n, firms=False) for n in (1, 2, 4)},
        "firms": {15 * n: multiplied(scenario, n, firms=True) for n in (1, 2, 4)},
    }


def multiplied(scenario: Scenario, times: int, firms: bool) -> Scenario:
    """Every product (and with `firms` every firm) n times, sales shared out; later launches as they are."""
    tree = scenario.model_dump()
    sold = {key: product for key, product in tree["products"].items() if product["units"] > 0}
    for key, product in sold.items():
        product["units"] = product["units"] / times
        for copy in range(1, times):
            owner = f"{product['firm']}-{copy}" if firms else product["firm"]
            tree["products"][f"{key}-{copy}"] = {**product, "firm": owner}
    if firms:
        for key, firm in list(tree["firms"].items()):
            firm["petrol_sales_share"] /= times
            for copy in range(1, times):
                tree["firms"][f"{key}-{copy}"] = {**firm, "name": f"{firm['name']} {copy}"}
        makers = {product["firm"] for product in tree["products"].values()}
        tree["firms"] = {key: firm for key, firm in tree["firms"].items() if key in makers}
    return Scenario.model_validate(tree)


def growth(scenario: Scenario, rounds: int) -> dict[str, dict[int, float]]:
    """Processor milliseconds of a run against the number of buyers, months, products, firms."""
    found: dict[str, dict[int, float]] = {}
    for name, sizes in variants(scenario).items():
        for size, varied in sizes.items():
            one_run(varied)  # calibrate once
            times = [clock(lambda varied=varied: one_run(varied)) for _ in range(rounds)]
            found.setdefault(name, {})[size] = 1e3 * float(np.median(times))
    return found


def slope(points: dict[int, float]) -> float:
    """Log-log slope."""
    return float(np.polyfit(np.log(list(points)), np.log(list(points.values())), 1)[0])


def draw(found: dict[str, dict[int, float]], path: str) -> None:
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FixedLocator, NullLocator

    figure, axis = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for (name, points), marker in zip(found.items(), "osD^", strict=True):
        base = {"buyers": 2000, "months": 36, "products": 60, "firms": 15}[name]
        x = [size / base for size in points]
        axis.loglog(x, list(points.values()), marker=marker, label=f"{name} (slope {slope(points):.2f})")
    axis.set_xlabel("size relative to the China market (2,000 buyers, 36 months, 60 products, 15 firms)")
    axis.set_ylabel("processor time of a run, ms")
    for one, ticks in ((axis.xaxis, (0.25, 0.5, 1, 2, 4)), (axis.yaxis, (20, 50, 100, 200, 500))):
        one.set_major_locator(FixedLocator(ticks))
        one.set_minor_locator(NullLocator())
        one.set_major_formatter("{x:g}")
    axis.grid(True, alpha=0.3)
    axis.legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--figure")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    wars = campaigns(load("baseline"), options.rounds)
    long = waits_for_wars()
    scenario = load("baseline").but({"campaigns.on": False})
    china = (
        f"one China run without campaigns, 36 months, 2,000 buyers, {len(scenario.firms)} firms, "
        f"{len(scenario.products)} products"
    )
    pair = against_agents(scenario, options.rounds)
    tables = over_bare(scenario, options.rounds)
    block = together(scenario, options.rounds)
    waits = start_up()
    found = growth(scenario, options.rounds)
    ratio = pair["agents"] / pair["kernels"]
    rows = [
        (
            china,
            f"<= {LIMIT_MS:.0f} ms",
            f"{1e3 * pair['kernels']:.0f} ms",
        ),
        ("buyers as mesa agents in plain Python / ours", f">= {FASTER:.0f} x", f"{ratio:.0f} x"),
        (
            f"a run by itself with all tables ({1e3 * tables['run']:.0f} ms) / the bare model's months",
            f"<= {OVER_BARE:.2f} x",
            f"{tables['run'] / tables['bare']:.2f} x",
        ),
        (
            f"20 seeds one by one ({1e3 * block['alone']:.0f} ms a run) / run() of 20 seeds, "
            f"which step together ({1e3 * block['together']:.0f} ms)",
            "",
            f"{block['ratio']:.1f} x",
        ),
        (
            f"run() with campaigns ({1e3 * wars['with']:.0f} ms) / without ({1e3 * wars['without']:.0f} ms), "
            "the same firms",
            f"<= {CAMPAIGNS} x",
            f"{wars['run']:.2f} x",
        ),
        ("the same by simulated month, those before the start included", "", f"{wars['month']:.2f} x"),
        *[
            (f"{name}, wall", limit, f"{long[name]:.0f} s")
            for name, limit in zip(long, ("< 600 s", "< 50 s"), strict=True)
        ],
        ("pricewar check, wall", "< 1 s", f"{waits['check']:.2f} s"),
        ("pricewar run of one scenario, wall, with figures and report", "< 5 s", f"{waits['run']:.2f} s"),
        *[(f"log-log slope with {name}", "", f"{slope(points):.2f}") for name, points in found.items()],
    ]
    if options.figure:
        draw(found, options.figure)
    if options.json:
        print(
            json.dumps(
                {
                    "run": pair,
                    "ratio": ratio,
                    "tables": tables,
                    "together": block,
                    "wall": waits | long,
                    "growth": found,
                    "wars": wars,
                }
            )
        )
        return
    print("| work | wanted | reached |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
