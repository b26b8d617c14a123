"""Make reference cases with pyblp, in the format `pricewar verify` reads.

    python benchmarks/make_market.py blp-1990 case.json     # 131 cars of 1990, importance weights, delta
    inverted python benchmarks/make_market.py random case.json       # a random mixed logit market

Needs the `bench` extra. The first market is the automobile data of Berry, Levinsohn and Pakes (1995) as
shipped with pyblp, at the parameter estimates of the same paper as in pyblp's documentation.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyblp

pyblp.options.verbose = False
pyblp.options.digits = 14

TIGHT = pyblp.Iteration("simple", {"atol": 1e-14, "max_evaluations": 20_000})
BLP_SIGMA = (3.612, 0.0, 4.628, 1.818, 1.050, 2.056)
BLP_PRICE_BY_INVERSE_INCOME = -43.501
BLP_FEATURES = ("hpwt", "air", "mpd", "space")


def blp_1990() -> tuple[Any, dict[str, Any], int]:
    """pyblp's results for the automobile data, the 1990 market's inputs, and its market id."""
    products, agents = (
        pd.read_csv(pyblp.data.BLP_PRODUCTS_LOCATION),
        pd.read_csv(pyblp.data.BLP_AGENTS_LOCATION),
    )
    problem = pyblp.Problem(
        (
            pyblp.Formulation("1 + hpwt + air + mpd + space"),
            pyblp.Formulation("1 + prices + hpwt + air + mpd + space"),
        ),
        products,
        pyblp.Formulation("0 + I(1 / income)"),
        agents,
    )
    pi = np.zeros((6, 1))
    pi[1, 0] = BLP_PRICE_BY_INVERSE_INCOME
    results = problem.solve(
        np.diag(BLP_SIGMA),
        pi,
        optimization=pyblp.Optimization("return"),
        iteration=pyblp.Iteration("squarem", {"atol": 1e-14}),
        method="1s",
    )
    p, a = products[products.market_ids == 1990], agents[agents.market_ids == 1990]
    inputs = {
        "J": len(p),
        "R": len(a),
        "firm_ids": p.firm_ids.tolist(),
        "prices": p.prices.tolist(),
        "shares": p.shares.tolist(),
        **{name: p[name].tolist() for name in BLP_FEATURES},
        "sigma_diag_const_hpwt_air_mpd_space": [BLP_SIGMA[0], *BLP_SIGMA[2:]],
        "nodes_const_hpwt_air_mpd_space": a[[f"nodes{k}" for k in range(5)]].to_numpy().tolist(),
        "pi_price_by_inverse_income": BLP_PRICE_BY_INVERSE_INCOME,
        "income": a.income.tolist(),
        "weights": a.weights.tolist(),
    }
    return results, inputs, 1990


def random_market(
    products: int, draws: int, seed: int = 1, firms: int | None = None
) -> tuple[Any, dict[str, Any]]:
    """A random mixed logit market at its equilibrium: pyblp's results and the inputs."""
    rng = np.random.default_rng(seed)
    owners = firms or max(products // 5, 2)
    x, cost = rng.uniform(1.0, 4.0, products), rng.uniform(1.0, 3.0, products)
    xi, nodes = rng.normal(0.0, 0.4, products), rng.normal(size=(draws, 2))
    income, weights = rng.lognormal(1.5, 0.4, draws), np.full(draws, 1.0 / draws)
    beta, sigma, pi = (-1.0, 0.4), (0.5, 0.3), -3.0
    data = {
        "market_ids": np.zeros(products),
        "firm_ids": np.arange(products) % owners,
        "x": x,
        "shares": np.full(products, 0.5 / products),
        "prices": cost + 1.0,
    }
    agents = {"market_ids": np.zeros(draws), "weights": weights, "nodes": nodes, "income": income}
    simulation = pyblp.Simulation(
        (pyblp.Formulation("1 + x"), pyblp.Formulation("1 + x + prices")),
        data,
        beta=beta,
        sigma=np.diag((*sigma, 0.0)),
        pi=[[0.0], [0.0], [pi]],
        agent_formulation=pyblp.Formulation("0 + I(1 / income)"),
        agent_data=agents | {"nodes": np.c_[nodes, np.zeros(draws)]},
        xi=xi,
    )
    results = simulation.replace_endogenous(costs=cost, prices=cost + 1.0, iteration=TIGHT)
    inputs = {
        "J": products,
        "R": draws,
        "firm_ids": data["firm_ids"].tolist(),
        "costs": cost.tolist(),
        "delta_excluding_price": (beta[0] + beta[1] * x + xi).tolist(),
        "x": x.tolist(),
        "sigma_diag_const_x": list(sigma),
        "nodes_const_x": nodes.tolist(),
        "pi_price_by_inverse_income": pi,
        "income": income.tolist(),
        "weights": weights.tolist(),
    }
    return results, inputs


def outputs_of(results: Any, inputs: dict[str, Any], market: Any) -> dict[str, Any]:
    """Outputs by pyblp: the base state, a merger of the two largest firms, and its screens."""
    firms = np.asarray(inputs["firm_ids"])
    shares = results.compute_shares(market_id=market)
    costs = results.compute_costs(market_id=market)
    base = _state(results, market, None, costs, firms)
    base |= _derivatives(results, market)
    base["costs_from_bertrand_foc"] = _list(costs)
    if "delta_excluding_price" not in inputs:
        base["delta"] = _list(results.compute_delta(market_id=market))
    sizes = {f: float(shares[firms == f].sum()) for f in np.unique(firms)}
    first, second = sorted(sizes, key=sizes.__getitem__)[-2:]
    merged = np.where(firms == second, first, firms)
    prices = results.compute_prices(merged, costs=costs, market_id=market, iteration=TIGHT)
    merger = _state(results, market, prices, costs, merged) | {"firm_ids": merged.tolist()}
    return {"base": base, "merger": merger}


def _state(results: Any, market: Any, prices: Any, costs: Any, firms: Any) -> dict[str, Any]:
    at = {"market_id": market} | ({} if prices is None else {"prices": prices})
    shares = results.compute_shares(**at)
    out = {
        "shares": _list(shares),
        "outside_share": 1.0 - float(shares.sum()),
        "lerner_markups": _list(results.compute_markups(costs=costs, **at)),
        "profits_per_capita": _list(results.compute_profits(shares=shares, costs=costs, **at)),
        "hhi_inside_0_10000": float(results.compute_hhi(firms, shares, market_id=market).item()),
        "consumer_surplus_per_capita": float(results.compute_consumer_surpluses(**at).item()),
    }
    return out if prices is None else {"prices": _list(prices)} | out


def _derivatives(results: Any, market: Any) -> dict[str, Any]:
    elasticities = results.compute_elasticities(market_id=market)
    return {
        "own_elasticities": _list(np.diag(elasticities)),
        "elasticities": elasticities.tolist(),
        "jacobian_ds_row_dp_col": results.compute_demand_jacobians(market_id=market).tolist(),
        "diversion_ratios_row_from_col_to_diag_outside": results.compute_diversion_ratios(
            market_id=market
        ).tolist(),
        "long_run_diversion": results.compute_long_run_diversion_ratios(market_id=market).tolist(),
        "passthrough_dp_row_dc_col": results.compute_passthrough(market_id=market).tolist(),
        "aggregate_elasticity_factor_0.1": float(
            results.compute_aggregate_elasticities(0.1, market_id=market).item()
        ),
    }


def _list(values: Any) -> list[float]:
    return np.asarray(values, dtype=float).ravel().tolist()


def make_case(kind: str) -> dict[str, Any]:
    """The whole case file as a dictionary; `kind` is blp-1990 or random."""
    if kind == "blp-1990":
        results, inputs, market = blp_1990()
    elif kind == "random":
        (results, inputs), market = random_market(30, 300), 0.0
    else:
        raise SystemExit(f"unknown market {kind!r}: blp-1990 or random")
    made_by = {"script": "benchmarks/make_market.py", "pyblp": pyblp.__version__, "numpy": np.__version__}
    outputs = outputs_of(results, inputs, market)
    return {"name": kind, "made_by": made_by, "model": "mixed logit", "inputs": inputs, "outputs": outputs}


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(make_case(sys.argv[1])), encoding="utf-8")
