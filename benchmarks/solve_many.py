"""How often, and in how many steps, prices are solved and verified: random markets and pyblp's data.

    python benchmarks/solve_many.py [--markets 450] [--small 50000] [--nested 6000] [--no-pyblp] [--seed 1]

For each sort of market: how many end in an equilibrium that no firm would leave, how many are refused and
for which reason, by which way the answer came, and the median number of iterations beside the plain map's.
Seeded: the same numbers every time. Needs the `bench` extra for the data of pyblp.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pricewar.demand import MixedLogit
from pricewar.equilibrium import Equilibrium, solve

Market = tuple[MixedLogit, np.ndarray, np.ndarray]


def random_market(rng: np.random.Generator) -> Market:
    """3 to 60 products, 1 to 200 draws, four in ten with nests of correlation up to .99."""
    products, draws = int(rng.integers(3, 61)), int(np.exp(rng.uniform(0.0, np.log(201.0))))
    nests, rho = None, np.zeros(0)
    if rng.random() < 0.4:
        nests = rng.integers(0, int(rng.integers(1, 6)), products)
        rho = rng.uniform(0.0, 0.99, np.unique(nests).size)
    demand = MixedLogit(
        rng.normal(1.0, 1.0, products),
        np.exp(rng.normal(0.0, rng.uniform(0.0, 0.5), draws)),
        rng.normal(0.0, rng.uniform(0.0, 1.0), (draws, products)),
        rng.dirichlet(np.ones(draws)),
        nests,
        rho,
    )
    return demand, rng.uniform(0.5, 5.0, products), rng.integers(0, max(2, products // 2), products)


def small_market(rng: np.random.Generator) -> Market:
    """1 to 6 products, 2 to 6 types of buyers whose price sensitivities differ by a factor of up to 60."""
    products, types = int(rng.integers(1, 7)), int(rng.integers(2, 7))
    demand = MixedLogit(
        rng.normal(2.0, 2.0, products),
        np.exp(rng.uniform(np.log(0.05), np.log(3.0), types)),
        rng.normal(0.0, 1.0, (types, products)),
        rng.dirichlet(np.ones(types)),
    )
    return (
        demand,
        rng.uniform(0.5, 8.0, products),
        rng.integers(0, int(rng.integers(1, products + 1)), products),
    )


def nested_market(rng: np.random.Generator) -> Market:
    """One type of buyer, 2 to 12 products in up to 4 nests of correlation .9 to .99."""
    products = int(rng.integers(2, 13))
    demand = MixedLogit(
        rng.normal(1.0, 2.0, products),
        np.exp(rng.uniform(np.log(0.1), np.log(3.0), 1)),
        None,
        np.ones(1),
        rng.integers(0, int(rng.integers(1, 5)), products),
        float(rng.uniform(0.9, 0.99)),
    )
    return (
        demand,
        rng.uniform(0.5, 8.0, products),
        rng.integers(0, int(rng.integers(1, products + 1)), products),
    )


def seeded(make: Callable[[np.random.Generator], Market], count: int, seed: int) -> Iterator[Market]:
    """`count` markets, each with a stream of its own."""
    for number in range(count):
        yield make(np.random.default_rng([seed, number]))


def blp_markets() -> Iterator[Market]:
    """The twenty years of automobiles of Berry, Levinsohn and Pakes, costs from pyblp's conditions."""
    import pandas as pd
    import pyblp
    from make_market import BLP_FEATURES, BLP_PRICE_BY_INVERSE_INCOME, BLP_SIGMA, blp_1990

    results, _, _ = blp_1990()
    products, people = (
        pd.read_csv(pyblp.data.BLP_PRODUCTS_LOCATION),
        pd.read_csv(pyblp.data.BLP_AGENTS_LOCATION),
    )
    sigma, costs = np.array([BLP_SIGMA[0], *BLP_SIGMA[2:]]), results.compute_costs().ravel()
    x = np.column_stack([np.ones(len(products)), products[list(BLP_FEATURES)]])
    for year in products.market_ids.unique():
        of, who = (products.market_ids == year).to_numpy(), people[people.market_ids == year]
        nodes = who[[f"nodes{k}" for k in range(5)]].to_numpy() * sigma
        alpha = -BLP_PRICE_BY_INVERSE_INCOME / who.income.to_numpy()
        demand = MixedLogit(results.delta.ravel()[of], alpha, nodes @ x[of].T, who.weights.to_numpy())
        yield demand, costs[of], products.firm_ids.to_numpy()[of]


def nevo_markets() -> Iterator[Market]:
    """The 94 markets of Nevo's cereal data, at the parameters from which pyblp's tutorial starts."""
    import pandas as pd
    import pyblp

    pyblp.options.verbose = False
    problem = pyblp.Problem(
        (
            pyblp.Formulation("0 + prices", absorb="C(product_ids)"),
            pyblp.Formulation("1 + prices + sugar + mushy"),
        ),
        pd.read_csv(pyblp.data.NEVO_PRODUCTS_LOCATION),
        pyblp.Formulation("0 + income + income_squared + age + child"),
        pd.read_csv(pyblp.data.NEVO_AGENTS_LOCATION),
    )
    sigma = np.diag([0.3302, 2.4526, 0.0163, 0.2441])
    pi = np.array(
        [[5.4819, 0, 0.2037, 0], [15.8935, -1.2, 0, 2.6342], [-0.2506, 0, 0.0511, 0], [1.265, 0, -0.8091, 0]]
    )
    results = problem.solve(sigma, pi, optimization=pyblp.Optimization("return"), method="1s")
    price, costs = float(results.beta[0, 0]), results.compute_costs().ravel()
    data, people = problem.products, problem.agents
    for market in problem.unique_market_ids:
        of, who = data.market_ids.ravel() == market, people.market_ids.ravel() == market
        random = people.nodes[who] @ sigma + people.demographics[who] @ pi.T
        x = data.X2[of]
        tastes = random[:, [0, 2, 3]] @ x[:, [0, 2, 3]].T
        delta = results.delta.ravel()[of] - price * data.prices.ravel()[of]
        demand = MixedLogit(delta, -(price + random[:, 1]), tastes, people.weights[who].ravel())
        yield demand, costs[of], data.firm_ids.ravel()[of]


@dataclass
class Tally:
    """What became of the markets of one sort."""

    name: str
    steps: list[int] = field(default_factory=list)
    plain: list[int] = field(default_factory=list)
    ways: Counter[str] = field(default_factory=Counter)
    reasons: list[str] = field(default_factory=list)
    local: int = 0
    moved: int = 0
    seconds: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def add(self, demand: MixedLogit, costs: np.ndarray, firms: np.ndarray) -> None:
        """Solve one market three ways: verified, unverified for the time, and by the plain map."""
        start = time.thread_time()
        found = solve(demand, costs, firms)
        middle = time.thread_time()
        quick = solve(demand, costs, firms, check=False)
        self.seconds[0] += middle - start
        self.seconds[1] += time.thread_time() - middle
        plain = solve(demand, costs, firms, accelerate=False, check=False)
        self.steps.append(quick.iterations)
        self.plain.append(plain.iterations)
        self._count(found)

    def _count(self, found: Equilibrium) -> None:
        if not found.converged:
            self.reasons.append(found.reason)
            return
        self.ways[found.path] += 1
        self.moved += found.deviations > 0
        self.local += not found.best_response_gain < 1e-9

    def row(self) -> str:
        """One line of the table."""
        count = len(self.steps)
        verified = sum(self.ways.values()) - self.local
        ways = ", ".join(f"{way} {number}" for way, number in self.ways.most_common())
        return (
            f"| {self.name} | {count} | {verified} ({100 * verified / count:.2f}%) | {self.local} |"
            f" {len(self.reasons)} | {self.moved} | {np.median(self.steps):g} | {np.median(self.plain):g} |"
            f" {ways} | {self.seconds[0]:.1f} | {self.seconds[1]:.1f} |"
        )


HEAD = (
    "| markets | number | verified | local | refused | after a deviation | median iterations |"
    " of the plain map | way | seconds | without the check |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def tally(name: str, markets: Iterator[Market]) -> Tally:
    """Solve all and print the line."""
    found = Tally(name)
    for market in markets:
        found.add(*market)
    print(found.row(), flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--markets", type=int, default=450)
    parser.add_argument("--small", type=int, default=50_000)
    parser.add_argument("--nested", type=int, default=6_000)
    parser.add_argument("--no-pyblp", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(HEAD)
    sorts: list[tuple[str, Iterator[Market]]] = [
        ("random", seeded(random_market, options.markets, options.seed)),
        ("small mixed logits", seeded(small_market, options.small, options.seed + 1)),
        ("nested, rho .9 to .99", seeded(nested_market, options.nested, options.seed + 2)),
    ]
    if not options.no_pyblp:
        sorts += [("automobiles (BLP)", blp_markets()), ("cereals (Nevo)", nevo_markets())]
    found: list[Any] = [tally(name, markets) for name, markets in sorts]
    for one in found:
        for reason, number in Counter(one.reasons).most_common(3):
            print(f"{one.name}: {number} x {reason}")


if __name__ == "__main__":
    main()
