"""Speed of the demand and equilibrium engine against pyblp and against its own numpy twin.

    python benchmarks/bench_engine.py [--rounds 15] [--figure docs/img/cost_growth.png] [--json]

One function per row. Contenders of a row run in turn, round after round, and medians of processor time are
compared, so that a busy machine slows all of them alike. BLAS is held to one thread; so is numba, which is
used without parallel loops; only the nation is timed by the clock on the wall. Every contender starts from
the same arrays and the numbers it returns are compared before it is timed.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from make_market import random_market
from threadpoolctl import threadpool_limits

from pricewar.demand import MixedLogit, Nation, mixed_logit
from pricewar.equilibrium import solve
from pricewar.kernels import choice, sample
from pricewar.kernels.exp import BITS
from pricewar.kernels.luck import stream

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from oracles import choice_twin as twin

Work = dict[str, Callable[[], Any]]


@dataclass(frozen=True)
class Line:
    """One line of the table: what was asked for, what was measured."""

    work: str
    wanted: str
    reached: float
    unit: str
    ok: bool


def medians(work: Work, rounds: int) -> dict[str, float]:
    """Median processor seconds of each contender over interleaved rounds of 2 ms or one call."""
    repeats = {name: max(1, int(2e-3 / _time(run, 1))) for name, run in work.items()}
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            times[name].append(_time(run, repeats[name]))
    return {name: float(np.median(values)) for name, values in times.items()}


def _time(run: Callable[[], Any], repeats: int) -> float:
    start = time.thread_time()
    for _ in range(repeats):
        run()
    return max((time.thread_time() - start) / repeats, 1e-9)


def at_least(work: str, wanted: float, reached: float, unit: str = "x") -> Line:
    return Line(work, f">= {wanted:g}", reached, unit, reached >= wanted)


def at_most(work: str, wanted: float, reached: float, unit: str) -> Line:
    return Line(work, f"<= {wanted:g}", reached, unit, reached <= wanted)


# --- the markets ---


@dataclass(frozen=True)
class Peer:
    """One market as pyblp and as pricewar hold it."""

    results: Any
    core: Any
    demand: MixedLogit
    costs: np.ndarray
    firms: np.ndarray
    prices: np.ndarray


def peer(products: int, draws: int) -> Peer:
    """A random mixed logit market at equilibrium, in both packages."""
    results, inputs = random_market(products, draws)
    from pyblp.markets.economy_results_market import EconomyResultsMarket

    r = results
    core = EconomyResultsMarket(
        r._economy, 0.0, r._parameters, r._sigma, r._pi, r._rho, r._beta, r._gamma, r._delta, r._data_override
    )
    x = np.c_[np.ones(products), inputs["x"]]
    nodes = np.array(inputs["nodes_const_x"]) * inputs["sigma_diag_const_x"]
    alpha = -inputs["pi_price_by_inverse_income"] / np.array(inputs["income"])
    demand = mixed_logit(inputs["delta_excluding_price"], alpha, x, nodes, inputs["weights"])
    prices = results.product_data.prices.ravel()
    return Peer(results, core, demand, np.array(inputs["costs"]), np.array(inputs["firm_ids"]), prices)


# --- rows ---


def shares(rounds: int, products: int = 100, draws: int = 1000) -> Iterator[Line]:
    """Expected shares against pyblp's public function, its market-level core, and the numpy twin."""
    p = peer(products, draws)
    d, out = p.demand, np.empty(products)
    single = ((d.delta * BITS).astype(np.float32), p.prices.astype(np.float32))
    weights = p.core.agents.weights
    work: Work = {
        "public": lambda: p.results.compute_shares(prices=p.prices, market_id=0.0),
        "core": lambda: p.core.compute_probabilities()[0] @ weights,
        "twin": lambda: twin.shares(d.tastes, d.alpha, d.weights, d.delta, p.prices),
        "ours": lambda: d.expected(p.prices),
        "kernel": lambda: choice.shares64(*d.blocks, d.delta * BITS, p.prices, out),
        "kernel32": lambda: choice.shares32(*d.blocks32, *single, out),
    }
    for name in ("public", "core", "twin"):
        np.testing.assert_allclose(np.ravel(work[name]()), d.expected(p.prices), rtol=1e-9)
    np.testing.assert_allclose(d.expected(p.prices, single=True), d.expected(p.prices), rtol=1e-5)
    t = medians(work, rounds)
    size, name = products * draws, f"shares, J={products}, R={draws}"
    yield at_least(f"{name}: pyblp compute_shares / expected", 15, t["public"] / t["ours"])
    yield at_least(f"{name}: pyblp market-level core / expected", 8, t["core"] / t["ours"])
    yield at_least(f"{name}: pyblp compute_shares / numpy twin", 3, t["public"] / t["twin"])
    yield at_most(f"{name}: float64 kernel", 1.8, 1e9 * t["kernel"] / size, "ns per product and draw")
    yield at_most(f"{name}: float32 kernel", 0.8, 1e9 * t["kernel32"] / size, "ns per product and draw")


def prices(rounds: int, products: int, draws: int, wanted: float) -> Iterator[Line]:
    """Bertrand-Nash prices from the same start and to the same tolerance, pyblp's 1e-12."""
    p, owners = peer(products, draws), np.unique
    d, start = p.demand, p.costs + 1.0
    firms = owners(p.firms, return_inverse=True)[1]
    arrays = (d.tastes, d.alpha, d.weights, d.delta)
    tol = 1e-12 / p.prices.max()  # pyblp stops at 1e-12 in money, solve relative to prices
    work: Work = {
        "public": lambda: p.results.compute_prices(costs=p.costs, prices=start, market_id=0.0),
        "twin": lambda: twin.solve_prices(arrays, p.costs, firms, start, tol)[0],
        "ours": lambda: solve(d, p.costs, p.firms, start=start, tol=tol, check=False).prices,
        "checked": lambda: solve(d, p.costs, p.firms, start=start, tol=tol).prices,
    }
    for name in ("public", "twin", "checked"):
        np.testing.assert_allclose(np.ravel(work[name]()), work["ours"](), rtol=1e-10)
    t = medians(work, rounds)
    name = f"Bertrand-Nash, J={products}, R={draws}"
    yield at_least(f"{name}: pyblp compute_prices / solve", wanted, t["public"] / t["ours"])
    yield at_most(f"{name}: best responses of all firms", 200, 1e3 * (t["checked"] - t["ours"]), "ms")
    yield at_least(f"{name}: pyblp compute_prices / numpy twin", 3, t["public"] / t["twin"])


def automobiles(rounds: int) -> Iterator[Line]:
    """Prices of the 131 cars of 1990 from cost, beside pyblp's default iteration and its fastest."""
    import pyblp
    from make_market import BLP_PRICE_BY_INVERSE_INCOME, blp_1990

    results, inputs, year = blp_1990()
    of = results.problem.products.market_ids.ravel() == year
    costs, firms = results.compute_costs(market_id=year).ravel(), np.array(inputs["firm_ids"])
    features = [inputs[name] for name in ("hpwt", "air", "mpd", "space")]
    x = np.column_stack([np.ones(of.sum()), *features])
    nodes = np.array(inputs["nodes_const_hpwt_air_mpd_space"]) * inputs["sigma_diag_const_hpwt_air_mpd_space"]
    alpha = -BLP_PRICE_BY_INVERSE_INCOME / np.array(inputs["income"])
    demand = mixed_logit(results.delta.ravel()[of], alpha, x, nodes, inputs["weights"])
    squarem = pyblp.Iteration("squarem", {"atol": 1e-12})
    at: dict[str, Any] = {"costs": costs, "prices": costs, "market_id": year}
    tol = 1e-12
    work: Work = {
        "default": lambda: results.compute_prices(**at),
        "squarem": lambda: results.compute_prices(**at, iteration=squarem),
        "ours": lambda: solve(demand, costs, firms, tol=tol, check=False).prices,
        "checked": lambda: solve(demand, costs, firms, tol=tol),
    }
    for name in ("default", "squarem"):
        np.testing.assert_allclose(np.ravel(work[name]()), work["ours"](), rtol=1e-9)
    t = medians(work, rounds)
    name = "prices of the 131 cars of 1990"
    yield at_least(f"{name}: pyblp compute_prices / solve", 27, t["default"] / t["ours"])
    yield at_least(f"{name}: pyblp compute_prices, squarem / solve", 13.7, t["squarem"] / t["ours"])
    yield at_most(f"{name}: best responses of all firms", 200, 1e3 * (t["checked"] - t["ours"]), "ms")


def sampled(rounds: int, products: int = 45, buyers: int = 50_000) -> Iterator[Line]:
    """Sampled choices of a table of buyers, float32, one core."""
    rng = np.random.default_rng(0)
    demand = MixedLogit(
        rng.normal(size=products), rng.uniform(0.2, 0.4, buyers), rng.normal(size=(buyers, products))
    )
    price = rng.uniform(8.0, 15.0, products).astype(np.float32)
    tastes, alpha, weights = demand.blocks32
    delta, names, start = (
        (demand.delta * BITS).astype(np.float32),
        np.arange(products, dtype=np.uint32),
        stream(1, 1),
    )
    people = np.arange(alpha.size, dtype=np.uint64).reshape(alpha.shape)
    choices, out = np.empty(alpha.shape, np.int32), np.empty(products)
    work: Work = {
        "expected": lambda: choice.shares32(tastes, alpha, weights, delta, price, out),
        "drawn": lambda: sample.draw32(tastes, alpha, delta, price, start, people, names, choices),
    }
    work["drawn"]()
    counted = np.bincount(choices.ravel()[:buyers], minlength=products + 1)[:products] / buyers
    assert np.abs(counted - demand.expected(price)).max() < 0.01
    t = medians(work, rounds)
    name = f"sampled choices, {products} products, float32, one core"
    yield at_least(f"{name} (15 M on four)", 3.75, buyers / t["drawn"] / 1e6, "million buyers a second")
    yield at_most(f"{name}: time over expected shares", 2.0, t["drawn"] / t["expected"], "x")


def nation(
    products: int = 50, features: int = 5, buyers: int = 63_000_000, threads: int = 2
) -> Iterator[Line]:
    """One decision of every buyer of a nation, tastes made on the fly."""
    rng = np.random.default_rng(0)
    market = Nation(
        rng.normal(1.0, 1.0, products),
        rng.normal(size=(products, features)),
        np.full(features, 0.5),
        np.full(features, 0.3),
        0.3,
        0.5,
        0.6,
    )
    price = rng.uniform(8.0, 15.0, products)
    market.sample(price, 1000, 1, 1)
    before, start = _memory(), time.perf_counter()
    counts, _ = market.sample(price, buyers, 1, 2, threads=threads)
    seconds = time.perf_counter() - start
    assert counts.sum() == buyers
    name = f"{buyers / 1e6:g} M decisions of {products} products, {threads} threads"
    yield at_most(name, 20.0, seconds, "s")
    yield at_most(f"{name}: memory added", 0.1, (_memory() - before) / 2**20, "GiB")


def _memory() -> float:
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def all_rows(rounds: int) -> Iterator[Line]:
    """Every row of the table."""
    yield from shares(rounds)
    yield from prices(rounds, 20, 200, 24)
    yield from prices(rounds, 100, 1000, 14)
    yield from automobiles(rounds)
    yield from sampled(rounds)
    yield from nation()


# --- how cost grows ---


def growth(rounds: int) -> dict[str, dict[str, tuple[list[int], list[float]]]]:
    """Seconds against buyers (50 products) and against products (1000 buyers), for three kinds of work."""
    sizes = {"buyers": [(50, r) for r in (250, 1000, 4000, 16000, 64000)]}
    sizes["products"] = [(j, 1000) for j in (10, 25, 50, 100, 200, 400)]
    out: dict[str, dict[str, tuple[list[int], list[float]]]] = {}
    for axis, grid in sizes.items():
        seconds: dict[str, list[float]] = {}
        for products, rows in grid:
            for name, value in medians(_growth_work(products, rows), rounds).items():
                seconds.setdefault(name, []).append(value)
        steps = [rows if axis == "buyers" else products for products, rows in grid]
        out[axis] = {name: (steps, values) for name, values in seconds.items()}
    return out


def _growth_work(products: int, rows: int) -> Work:
    rng = np.random.default_rng(products + rows)
    demand = MixedLogit(
        rng.normal(size=products) - np.log(products),
        rng.uniform(0.5, 1.0, rows),
        0.5 * rng.normal(size=(rows, products)),
    )
    costs, firms = rng.uniform(1.0, 3.0, products), np.arange(products) % max(products // 5, 2)
    price = solve(demand, costs, firms).prices
    return {
        "expected shares": lambda: demand.expected(price),
        "sampled choices": lambda: demand.draw(price, 1, 1),
        "Bertrand-Nash prices": lambda: solve(demand, costs, firms),
    }


def slopes(measured: dict[str, dict[str, tuple[list[int], list[float]]]]) -> dict[str, dict[str, float]]:
    """Log-log slope over the upper half of each curve (fixed costs bend the lower half)."""
    return {
        axis: {name: _slope(*curve) for name, curve in curves.items()} for axis, curves in measured.items()
    }


def _slope(steps: list[int], seconds: list[float]) -> float:
    half = len(steps) // 2
    return float(np.polyfit(np.log(steps[half:]), np.log(seconds[half:]), 1)[0])


def draw_growth(measured: dict[str, dict[str, tuple[list[int], list[float]]]], path: Path) -> None:
    """Write the log-log figure."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    fixed = {"buyers": "50 products", "products": "1,000 buyers"}
    for panel, (axis, curves) in zip(panels, measured.items(), strict=True):
        for name, (steps, seconds) in curves.items():
            panel.loglog(steps, seconds, marker="o", label=f"{name}: slope {_slope(steps, seconds):.2f}")
        panel.set(xlabel=f"{axis} ({fixed[axis]})", ylabel="seconds, one core")
        panel.legend(frameon=False, fontsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


# --- printing ---


def table(lines: list[Line]) -> str:
    """The lines as a Markdown table."""
    rows = ["| work | wanted | reached | unit | |", "|---|---|---|---|---|"]
    for line in lines:
        verdict = "ok" if line.ok else "short"
        rows.append(f"| {line.work} | {line.wanted} | {line.reached:.3g} | {line.unit} | {verdict} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--figure", type=Path, help="also measure how cost grows, and draw it here")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with threadpool_limits(1):
        lines = list(all_rows(options.rounds))
        measured = growth(max(options.rounds // 3, 3)) if options.figure else None
    if measured is not None:
        draw_growth(measured, options.figure)
    found = slopes(measured) if measured else None
    if options.json:
        print(
            json.dumps({"machine": platform.machine(), "lines": [asdict(x) for x in lines], "slopes": found})
        )
    else:
        print(table(lines))
        if found:
            print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
