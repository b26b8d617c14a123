"""Make the cases of pricewar/verify/cases that pyblp computed: `python benchmarks/make_verify_cases.py`.

Inputs are drawn here and rounded to four decimals, so that files hold them exactly; every output is pyblp's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyblp

FOLDER = Path(__file__).parents[1] / "pricewar" / "verify" / "cases"
TIGHT = pyblp.Iteration("simple", {"atol": 1e-15, "max_evaluations": 100_000})
NAMES = ["1", "prices", "range"]
SOURCE = f"pyblp {pyblp.__version__}, benchmarks/make_verify_cases.py"


def drawn(rng: np.random.Generator, low: float, high: float, *shape: int) -> np.ndarray:
    return np.round(rng.uniform(low, high, shape), 4)


def market_inputs(rng: np.random.Generator, products: int, draws: int, mass: float) -> dict[str, Any]:
    """Products of three firms, and draws whose weights sum to `mass`."""
    weights = np.round(rng.dirichlet(np.full(draws, 4.0)) * mass, 4)
    weights[-1] = np.round(mass - weights[:-1].sum(), 4)
    return {
        "firm_ids": [f"f{1 + j % 3}" for j in range(products)],
        "costs": drawn(rng, 1.0, 2.0, products),
        "range": drawn(rng, 0.5, 1.5, products),
        "xi": drawn(rng, -0.3, 0.3, products),
        "weights": weights,
        "nodes": np.round(np.clip(rng.normal(size=(draws, 3)), -2.0, 2.0), 4),
    }


def simulation(inputs: dict[str, Any]) -> pyblp.SimulationResults:
    """The equilibrium of the inputs, by pyblp."""
    count = len(inputs["firm_ids"])
    product_data = {
        "market_ids": inputs.get("market_ids", ["one"] * count),
        "firm_ids": inputs["firm_ids"],
        "range": np.asarray(inputs["range"]),
    }
    if "ownership" in inputs:
        product_data["ownership"] = np.asarray(inputs["ownership"])
    product_data |= {"nesting_ids": inputs["nesting_ids"]} if "nesting_ids" in inputs else {}
    agent_data = {
        "market_ids": inputs.get("agent_market_ids", ["one"] * len(inputs["weights"])),
        "weights": np.asarray(inputs["weights"]),
        "nodes": np.asarray(inputs["nodes"]),
    }
    demographics = np.asarray(inputs.get("demographics", np.zeros((len(inputs["weights"]), 0))))
    names = inputs.get("demographic_names", [])
    agent_data |= dict(zip(names, demographics.T, strict=True))
    costs = np.asarray(inputs["costs"])
    economy = pyblp.Simulation(
        (
            pyblp.Formulation("1 + prices + range"),
            pyblp.Formulation("1 + prices + range"),
            pyblp.Formulation("1"),
        ),
        product_data,
        beta=inputs["beta"],
        sigma=inputs["sigma"],
        pi=inputs.get("pi"),
        rho=inputs.get("rho"),
        gamma=[0.0],
        agent_formulation=pyblp.Formulation("0 + " + " + ".join(names)) if names else None,
        agent_data=agent_data,
        xi=np.asarray(inputs["xi"]),
        omega=costs,
    )
    return economy.replace_endogenous(costs=costs, iteration=TIGHT, constant_costs=True)


def by_market(results: pyblp.SimulationResults, matrix: np.ndarray) -> list[list[float]]:
    """Rows of pyblp's stacked matrix without the fill."""
    return [[float(entry) for entry in row if not np.isnan(entry)] for row in matrix]


def outputs(results: pyblp.SimulationResults, inputs: dict[str, Any], merged: list[str]) -> dict[str, Any]:
    costs, markets = results.costs, results.simulation.unique_market_ids.size
    prices, shares = results.product_data.prices, results.product_data.shares
    surplus = results.compute_consumer_surpluses().ravel()
    after = results.compute_prices(firm_ids=np.asarray(merged), costs=costs, iteration=TIGHT)
    sold = results.compute_shares(after)
    loss = results.compute_consumer_surpluses(after).ravel()
    return {
        "base": {
            "prices": prices.ravel().tolist(),
            "shares": shares.ravel().tolist(),
            "costs_from_bertrand_foc": results.compute_costs().ravel().tolist(),
            "consumer_surplus_per_capita": surplus.tolist() if markets > 1 else float(surplus[0]),
            "elasticities": by_market(results, results.compute_elasticities()),
            "diversion_ratios": by_market(results, results.compute_diversion_ratios()),
        },
        "merger": {
            "firm_ids": merged,
            "prices": after.ravel().tolist(),
            "shares": sold.ravel().tolist(),
            "consumer_surplus_per_capita": loss.tolist() if markets > 1 else float(loss[0]),
        },
    }


def partly_owned(found: pyblp.SimulationResults, inputs: dict[str, Any]) -> dict[str, Any]:
    """The state after all holdings in rivals are sold."""
    firms = np.asarray(inputs["firm_ids"])
    matrix = (firms[:, None] == firms[None, :]).astype(float)
    after = found.compute_prices(ownership=matrix, costs=found.costs, iteration=TIGHT)
    return {"holdings_sold": {"ownership": matrix.tolist(), "prices": after.ravel().tolist()}}


def write(name: str, inputs: dict[str, Any]) -> None:
    plain = {
        key: np.asarray(value).tolist() if isinstance(value, np.ndarray) else value
        for key, value in inputs.items()
    }
    merged = ["f1" if firm == "f2" else firm for firm in plain["firm_ids"]]
    results = simulation(plain)
    found = outputs(results, plain, merged)
    if "ownership" in plain:
        found = {"base": found["base"]} | partly_owned(results, plain)
        del plain["firm_ids"]
    case = {
        "name": name,
        "source": SOURCE,
        "inputs": plain | {"x1_names": NAMES, "x2_names": NAMES},
        "outputs": found,
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(case, separators=(",", ":")) + "\n", encoding="utf-8")


def main() -> None:
    rng = np.random.default_rng(2020)
    beta, root = [1.5, -2.2, 0.6], [[0.5, 0.0, 0.0], [-0.15, 0.3, 0.0], [0.2, 0.1, 0.4]]
    write("correlated_coefficients", market_inputs(rng, 5, 12, 1.0) | {"beta": beta, "sigma": root})
    people = {
        "beta": beta,
        "sigma": [[0.4, 0.0, 0.0], [0.0, 0.25, 0.0], [0.0, 0.0, 0.3]],
        "demographics": drawn(rng, -0.6, 0.6, 12, 2),
        "demographic_names": ["income", "age"],
        "pi": [[0.3, -0.2], [0.5, 0.15], [-0.25, 0.35]],
    }
    write("two_demographics_on_three_coefficients", market_inputs(rng, 4, 12, 1.0) | people)
    write("weights_that_sum_to_a_fifth", market_inputs(rng, 4, 8, 0.2) | {"beta": beta, "sigma": root})
    owned = market_inputs(rng, 4, 8, 1.0) | {"beta": beta, "sigma": root}
    firms = np.asarray(owned["firm_ids"])
    stakes = np.where(firms[:, None] == firms[None, :], 1.0, 0.0)
    stakes[np.ix_(firms == "f1", firms == "f2")], stakes[np.ix_(firms == "f3", firms == "f1")] = 0.3, 0.15
    write("partial_ownership", owned | {"ownership": stakes})
    one, two = market_inputs(rng, 5, 8, 1.0), market_inputs(rng, 4, 6, 1.0)
    both = {key: [*np.asarray(one[key]).tolist(), *np.asarray(two[key]).tolist()] for key in one}
    ids = {"market_ids": ["north"] * 5 + ["south"] * 4, "agent_market_ids": ["north"] * 8 + ["south"] * 6}
    nests = {"nesting_ids": ["large", "small", "large", "small", "small", "small", "large", "large", "small"]}
    write("two_markets_with_nests", ids | both | nests | {"rho": [0.3, 0.45], "beta": beta, "sigma": root})


if __name__ == "__main__":
    pyblp.options.verbose = False
    main()
