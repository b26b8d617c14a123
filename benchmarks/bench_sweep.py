"""What a sweep costs besides its runs: this runner, mesa.batch_run and the EMA Workbench on the same models.

    python benchmarks/bench_sweep.py [--runs 200 5000] [--china 20] [--rounds 3]

Each contender runs in a process of its own, one run after the other, and its processor time less that of the
bare model calls is the overhead. The cheap model is a mesa model of one agent and ten steps. Needs the extras
`bench` and `discovery`.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping

import mesa
import pandas as pd

from pricewar import load
from pricewar.experiment.files import experiment_from
from pricewar.experiment.pool import SerialExecutor
from pricewar.experiment.runner import Runner
from pricewar.experiment.spec import Experiment
from pricewar.experiment.store import Store
from pricewar.experiment.work import Item, Work
from pricewar.model import PriceWar

LOW, HIGH = -6.0, -3.0
CHINA = load("byd-one-third").but({"consumers.draws": 500})


class Cheap(mesa.Model):
    """Ten steps of next to nothing."""

    def __init__(self, elasticity: float = -4.0, rng: int | None = None) -> None:
        super().__init__(rng=rng)
        self.price, self.elasticity = 1.0, elasticity
        self.datacollector = mesa.DataCollector({"price": "price"})

    def step(self) -> None:
        for _ in range(200):
            self.price = 0.9 * self.price + 0.1 / (1.0 - 1.0 / self.elasticity)
        self.running = self.steps < 10
        if not self.running:
            self.datacollector.collect(self)


class China(PriceWar):
    """The China market, 36 months, 500 draws, the same way for all contenders."""

    def __init__(self, elasticity: float = -4.0, rng: int | None = None) -> None:
        super().__init__(CHINA, rng=rng, demand__own_elasticity=elasticity)


MODELS = {"cheap": Cheap, "china": China}


def bare(name: str, elasticity: float) -> float:
    model = MODELS[name](elasticity=elasticity, rng=1)
    model.run_model()
    return float(model.price if name == "cheap" else model.price_index)


def grid(runs: int) -> list[float]:
    return [LOW + (HIGH - LOW) * i / max(runs - 1, 1) for i in range(runs)]


def by_nothing(name: str, runs: int) -> None:
    """Bare calls: what all contenders have in common."""
    for elasticity in grid(runs):
        bare(name, elasticity)


def by_mesa(name: str, runs: int) -> None:
    rows = mesa.batch_run(
        MODELS[name], {"elasticity": grid(runs)}, number_processes=1, iterations=1,
        data_collection_period=-1, max_steps=1000, display_progress=False,
    )  # fmt: skip
    assert len(pd.DataFrame(rows).drop_duplicates("RunId")) == runs


def by_ema(name: str, runs: int) -> None:
    warnings.simplefilter("ignore")
    from ema_workbench import Model, RealParameter, ScalarOutcome, SequentialEvaluator

    def function(elasticity: float) -> dict[str, float]:
        return {"price": bare(name, elasticity)}

    model = Model(name, function=function)
    model.uncertainties = [RealParameter("elasticity", LOW, HIGH)]
    model.outcomes = [ScalarOutcome("price")]
    with SequentialEvaluator(model) as evaluator:
        _, outcomes = evaluator.perform_experiments(scenarios=runs)
    assert len(outcomes["price"]) == runs


def by_pricewar(name: str, runs: int) -> None:
    def cheap(item: Item) -> tuple[Mapping[str, float], Mapping[str, pd.DataFrame]]:
        return {"price_index": bare(name, item.changes["demand.own_elasticity"])}, {}

    sweep(_experiment(runs), cheap)


def _experiment(runs: int) -> Experiment:
    spec = {"kind": "uniform", "low": LOW, "high": HIGH}
    return experiment_from(
        {
            "name": "bench",
            "base": CHINA,
            "factors": {"elasticity": {"path": "demand.own_elasticity", "distribution": spec}},
            "design": {"kind": "latin-hypercube", "points": runs},
            "metrics": ("price_index",),
        },
        "bench",
    )


def sweep(experiment: Experiment, work: Work) -> None:
    """Design, runner, store and final table."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(folder, experiment)
        runner = Runner(work, SerialExecutor, window=1, time_limit=600.0, own=False, rebuild=False)
        for outcomes in runner.run(experiment.item(run) for run in store.todo()):
            store.write(outcomes)
        store.finish()
        store.close()


CONTENDERS: dict[str, Callable[[str, int], None]] = {
    "bare calls": by_nothing,
    "pricewar": by_pricewar,
    "mesa.batch_run": by_mesa,
    "EMA Workbench": by_ema,
}


def once(contender: str, name: str, runs: int) -> None:
    """In a process of its own: warm up, run, say what it took."""
    bare(name, -4.0)
    CONTENDERS[contender](name, 3)
    before, wall = time.process_time(), time.perf_counter()
    CONTENDERS[contender](name, runs)
    took = {"cpu": time.process_time() - before, "wall": time.perf_counter() - wall}
    print(json.dumps({**took, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def measured(contender: str, name: str, runs: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", contender, name, str(runs)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(made.stdout.splitlines()[-1])
    return answer


def compare(name: str, runs: int, rounds: int) -> None:
    """Rounds of all contenders in turn; medians."""
    found: dict[str, list[dict[str, float]]] = {contender: [] for contender in CONTENDERS}
    for _ in range(rounds):
        for contender, rows in found.items():
            rows.append(measured(contender, name, runs))
    base = statistics.median(row["cpu"] for row in found["bare calls"])
    print(f"\n{name} model, {runs} runs, one process, median of {rounds} rounds (processor time)")
    print(f"{'':16}{'overhead ms/run':>17}{'runs/s':>10}{'peak MiB':>10}")
    for contender, rows in found.items():
        cpu = statistics.median(row["cpu"] for row in rows)
        memory = statistics.median(row["mib"] for row in rows)
        over = f"{1000 * (cpu - base) / runs:17.3f}" if contender != "bare calls" else f"{'-':>17}"
        print(f"{contender:16}{over}{runs / cpu:10.1f}{memory:10.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[200, 5000])
    parser.add_argument("--china", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=3)
    options = parser.parse_args()
    if options.one:
        once(options.one[0], options.one[1], int(options.one[2]))
        return
    for runs in options.runs:
        compare("cheap", runs, options.rounds)
    if options.china:
        compare("china", options.china, options.rounds)


if __name__ == "__main__":
    main()
