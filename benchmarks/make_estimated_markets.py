"""Makes the facts of the benchmarks on estimated demand anew: parameters, buyers, and what pyblp itself
answers.

    python benchmarks/make_estimated_markets.py [cereals] [cars_1990]

pyblp brings the data of both studies. Cars: the market of 1990 at the estimates of Berry, Levinsohn and
Pakes (1995), Table IV. Cereals: one market of Nevo's (2000) data, with the parameters that pyblp estimates as
its tutorial does. Prices of a merger and answers to a cut of one third are pyblp's own; the package must find
the same numbers without it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyblp

from pricewar.demand import market_from_pyblp
from pricewar.equilibrium import costs_from_prices, solve

FACTS = Path(__file__).parents[1] / "pricewar" / "benchmarks" / "facts"
TIGHT = pyblp.Iteration("simple", {"atol": 1e-13, "max_evaluations": 20_000})
CUT = 1 / 3


def cars() -> tuple[Any, Any, tuple[int, int], int, Any]:
    """Estimates of cars, their market, the merging firms, the firm that cuts, and the products' names."""
    product = pd.read_csv(pyblp.data.BLP_PRODUCTS_LOCATION)
    agents = pd.read_csv(pyblp.data.BLP_AGENTS_LOCATION)
    forms = (
        pyblp.Formulation("1 + hpwt + air + mpd + space"),
        pyblp.Formulation("1 + prices + hpwt + air + mpd + space"),
        pyblp.Formulation("1 + log(hpwt) + air + log(mpg) + log(space) + trend"),
    )
    people = pyblp.Formulation("0 + I(1 / income)")
    problem = pyblp.Problem(forms, product, people, agents, costs_type="log")
    found = problem.solve(
        np.diag([3.612, 0, 4.628, 1.818, 1.050, 2.056]),
        np.c_[[0, -43.501, 0, 0, 0, 0]],
        optimization=pyblp.Optimization("return"),
        method="1s",
        costs_bounds=(0.001, None),
        W_type="clustered",
        se_type="clustered",
    )
    labels = product.loc[product["market_ids"] == 1990, "clustering_ids"]
    return found, 1990, (19, 16), 19, labels.to_numpy()


def cereals() -> tuple[Any, Any, tuple[int, int], int, Any]:
    """The same of cereals."""
    product = pd.read_csv(pyblp.data.NEVO_PRODUCTS_LOCATION)
    agents = pd.read_csv(pyblp.data.NEVO_AGENTS_LOCATION)
    forms = (
        pyblp.Formulation("0 + prices", absorb="C(product_ids)"),
        pyblp.Formulation("1 + prices + sugar + mushy"),
    )
    people = pyblp.Formulation("0 + income + income_squared + age + child")
    problem = pyblp.Problem(forms, product, people, agents)
    found = problem.solve(
        np.diag([0.3302, 2.4526, 0.0163, 0.2441]),
        [
            [5.4819, 0, 0.2037, 0],
            [15.8935, -1.2000, 0, 2.6342],
            [-0.2506, 0, 0.0511, 0],
            [1.2650, 0, -0.8091, 0],
        ],
        optimization=pyblp.Optimization("bfgs", {"gtol": 1e-5}),
        method="1s",
    )
    labels = product.loc[product["market_ids"] == "C01Q1", "product_ids"]
    return found, "C01Q1", (1, 2), 1, labels.to_numpy()


def prices(found: Any, market: Any, firms: np.ndarray, costs: np.ndarray, start: np.ndarray) -> np.ndarray:
    """pyblp's equilibrium prices."""
    return found.compute_prices(
        firm_ids=firms, costs=costs, market_id=market, prices=start, iteration=TIGHT
    ).ravel()


def answers(found: Any, market: Any, ours: Any, cutter: Any) -> np.ndarray | None:
    """Equilibrium prices of the rivals while one firm charges a third less; None if pyblp does not say.

    pyblp holds no price fixed. Costs at which that firm would choose the low prices are found first; with
    them pyblp solves the whole game and must come out at the low prices. It need not: its iteration can leave
    prices that meet all conditions but are no maximum for a firm with such costs.
    """
    own = ours.firm_ids == cutter
    fixed = np.where(own, (1 - CUT) * ours.prices, np.nan)
    ready = solve(ours.demand, ours.costs, ours.firm_ids, fixed=fixed, start=ours.prices, check=False).prices
    costs = np.where(own, costs_from_prices(ours.demand, ready, ours.firm_ids), ours.costs)
    reached = prices(found, market, ours.firm_ids, costs, ready)
    gap = np.abs(reached[own] / fixed[own] - 1).max()
    print(" cut reached within", gap)
    return reached if gap < 1e-8 else None


def keep(name: str, found: Any, market: Any, parties: tuple[Any, Any], cutter: Any, labels: Any) -> None:
    """Write one market: products with pyblp's answers, and buyers."""
    ours = market_from_pyblp(found, market)
    demand, x = ours.demand, linear(found, market)
    tastes = np.linalg.lstsq(x, demand.tastes.T, rcond=None)[0].T
    assert np.abs(tastes @ x.T - demand.tastes).max() < 1e-9, "tastes are not linear in the columns"
    merged = np.where(ours.firm_ids == parties[1], parties[0], ours.firm_ids)
    columns = [f"x{place}" for place in range(x.shape[1])]
    product = pd.DataFrame(
        {"product": labels, "firm": ours.firm_ids, "price": ours.prices, "share": ours.shares}
    )
    product[["delta", "cost"]] = np.column_stack([demand.delta, ours.costs])
    product[columns] = x
    product["own_elasticity"] = np.diag(found.compute_elasticities(market_id=market)[:, : demand.delta.size])
    product["price_merged"] = prices(found, market, merged, ours.costs, ours.prices)
    print(name, "merger done")
    answered = answers(found, market, ours, cutter)
    if answered is not None:
        product["price_cut"] = answered
    imposed = np.where(ours.firm_ids == cutter, (1 - CUT) * ours.prices, ours.prices)
    after = imposed if answered is None else answered
    product["share_cut"] = found.compute_shares(after, market_id=market).ravel()
    buyers = pd.DataFrame({"weight": demand.weights, "alpha": demand.alpha})
    buyers[[f"taste_{column}" for column in columns]] = tastes
    for part, table in (("products", product), ("buyers", buyers)):
        text = table.to_csv(index=False, lineterminator="\n", float_format="%.15g")
        (FACTS / f"{name}_{part}.csv").write_text(HEADS[name, part] + text, encoding="utf-8")
    print(name, product.describe().T.to_string())


def linear(found: Any, market: Any) -> np.ndarray:
    """(J, K) the columns whose tastes differ between buyers, price apart."""
    rows = found.problem.products.market_ids.ravel() == market
    names = [str(one) for one in found.problem._X2_formulations]
    return found.problem.products.X2[rows][:, [place for place, name in enumerate(names) if name != "prices"]]


SOURCES = {
    "cars_1990": "US cars of 1990, estimates of Berry, Levinsohn and Pakes (1995, Econometrica 63)",
    "cereals": "Cereals, market C01Q1 of Nevo (2000), Journal of Economics & Management Strategy 9(4)",
}
WHAT = {
    "products": "Products: data, mean utility without price, marginal cost, and what pyblp computes for them",
    "buyers": "Buyers: weight, price sensitivity, tastes for the columns x of the products",
}
MADE = f"Made with pyblp {pyblp.__version__}, benchmarks/make_estimated_markets.py"
HEADS = {
    (name, part): f"# {source}.\n# {what}.\n# {MADE}.\n"
    for name, source in SOURCES.items()
    for part, what in WHAT.items()
}

MARKETS = {"cereals": cereals, "cars_1990": cars}

if __name__ == "__main__":
    pyblp.options.verbose = False
    for chosen in sys.argv[1:] or MARKETS:
        keep(chosen, *MARKETS[chosen]())
