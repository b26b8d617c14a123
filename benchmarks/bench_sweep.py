"""What a sweep costs besides its runs: this runner, mesa.batch_run and the EMA Workbench on the same models.

    python benchmarks/bench_sweep.py [--runs 200 5000] [--china 4 24] [--processes 1 2] [--rounds 3]

Each contender runs in a process of its own, children included; its processor time less that of bare model
calls is the overhead. The cheap model is a mesa model of one agent and ten steps. Needs the extras
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
from functools import partial

import mesa
import pandas as pd

from pricewar import load
from pricewar.experiment.files import experiment_from
from pricewar.experiment.pool import SerialExecutor
from pricewar.experiment.spec import Experiment
from pricewar.experiment.store import Store
from pricewar.experiment.study import Hands, fill
from pricewar.experiment.work import Item, Work
from pricewar.market.model import PriceWar

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


def by_nothing(name: str, runs: int, processes: int) -> None:
    """Bare calls: what all contenders have in common."""
    for elasticity in grid(runs):
        bare(name, elasticity)


def by_mesa(name: str, runs: int, processes: int) -> None:
    rows = mesa.batch_run(
        MODELS[name], {"elasticity": grid(runs)}, number_processes=processes, iterations=1,
        data_collection_period=-1, max_steps=1000, display_progress=False,
    )  # fmt: skip
    assert len(pd.DataFrame(rows).drop_duplicates("RunId")) == runs


def for_ema(elasticity: float, which: str) -> dict[str, float]:
    return {"price": bare(which, elasticity)}


def by_ema(name: str, runs: int, processes: int) -> None:
    warnings.simplefilter("ignore")
    import ema_workbench as ema

    model = ema.Model(name, function=for_ema)
    model.uncertainties = [ema.RealParameter("elasticity", LOW, HIGH)]
    model.constants = [ema.Constant("which", name)]
    model.outcomes = [ema.ScalarOutcome("price")]
    one = processes == 1
    made = ema.SequentialEvaluator(model) if one else ema.MultiprocessingEvaluator(model, processes)
    with made as evaluator:
        _, outcomes = evaluator.perform_experiments(scenarios=runs)
    assert len(outcomes["price"]) == runs


def for_pricewar(item: Item, name: str) -> tuple[Mapping[str, float], Mapping[str, pd.DataFrame]]:
    return {"price_index": bare(name, item.changes["demand.own_elasticity"])}, {}


def by_pricewar(name: str, runs: int, processes: int) -> None:
    sweep(_experiment(runs), partial(for_pricewar, name=name), processes)


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


def sweep(experiment: Experiment, work: Work, processes: int) -> None:
    """Design, runner, store and final table."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(folder, experiment)
        hands = Hands(SerialExecutor() if processes == 1 else None, processes)
        fill(store, work, hands, time_limit=600.0)
        store.finish()
        store.close()


CONTENDERS: dict[str, Callable[[str, int, int], None]] = {
    "bare calls": by_nothing,
    "pricewar": by_pricewar,
    "mesa.batch_run": by_mesa,
    "EMA Workbench": by_ema,
}


def once(contender: str, name: str, runs: int, processes: int) -> None:
    """In a process of its own: warm up, run, say what it took, children included."""
    bare(name, -4.0)
    before, wall = _cpu(), time.perf_counter()
    CONTENDERS[contender](name, runs, processes)
    took = {"cpu": _cpu() - before, "wall": time.perf_counter() - wall}
    print(json.dumps({**took, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def measured(contender: str, name: str, runs: int, processes: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", contender, name, str(runs), str(processes)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(made.stdout.splitlines()[-1])
    return answer


def compare(name: str, few: int, many: int, processes: int, rounds: int) -> None:
    """Rounds of all contenders in turn; the difference of two sizes, so that starting falls out."""
    found: dict[str, list[tuple[float, float, float]]] = {contender: [] for contender in CONTENDERS}
    for _ in range(rounds):
        for contender, rows in found.items():
            short, long = (measured(contender, name, runs, processes) for runs in (few, many))
            each = [(long[key] - short[key]) / (many - few) for key in ("cpu", "wall")]
            rows.append((each[0], each[1], long["mib"]))
    middle = {name: [statistics.median(x) for x in zip(*rows, strict=True)] for name, rows in found.items()}
    base = middle["bare calls"][0]
    print(f"\n{name} model, {few} and {many} runs, {processes} process(es), medians of {rounds} rounds")
    print(f"{'':16}{'overhead ms/run':>17}{'runs/s (wall)':>15}{'peak MiB':>10}   (overhead: processor time)")
    for contender, (cpu, wall, memory) in middle.items():
        print(f"{contender:16}{1000 * (cpu - base):17.3f}{1 / wall:15.1f}{memory:10.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, nargs=2, default=[200, 5000])
    parser.add_argument("--china", type=int, nargs=2, default=[4, 24], help="0 0: leave out")
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=4)
    options = parser.parse_args()
    if options.one:
        once(options.one[0], options.one[1], int(options.one[2]), int(options.one[3]))
        return
    for processes in options.processes:
        compare("cheap", *options.runs, processes, options.rounds)
    if options.china[1]:
        compare("china", *options.china, 1, options.rounds)


if __name__ == "__main__":
    main()
