"""Markets taken over from pyblp give what pyblp gives: prices, diversion, surplus, in every form it knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pricewar.base.errors import InputError
from pricewar.demand import from_pyblp, market_from_pyblp
from pricewar.equilibrium import solve

pyblp = pytest.importorskip("pyblp")
pyblp.options.verbose = False
TIGHT = pyblp.Iteration("simple", {"atol": 1e-14, "max_evaluations": 20_000})
RNG = np.random.default_rng(7)
MARKETS = ("north", "south")
SIZES = {"north": 5, "south": 4}
ROOT = [[0.5, 0.0, 0.0], [-0.1, 0.25, 0.0], [0.2, 0.1, 0.3]]


def data(draws: int = 7, mass: float = 1.0, nests: bool = False, ownership: bool = False) -> dict[str, Any]:
    """Products and agents of two markets of different sizes."""
    ids = np.repeat(MARKETS, [SIZES[market] for market in MARKETS])
    rng = np.random.default_rng(11)
    product = {
        "market_ids": ids,
        "firm_ids": np.array(["a", "a", "b", "c", "c", "a", "b", "b", "c"]),
        "x": rng.uniform(0.5, 1.5, ids.size),
        "w": rng.uniform(0.5, 1.5, ids.size),
    }
    if nests:
        product["nesting_ids"] = np.array(["u", "v", "u", "v", "v", "v", "v", "v", "v"])
    if ownership:
        product["ownership"] = pyblp.build_ownership(product, lambda f, g: 1.0 if f == g else 0.2)
    agents = {
        "market_ids": np.repeat(MARKETS, draws),
        "weights": np.concatenate([rng.dirichlet(np.ones(draws)) * mass for _ in MARKETS]),
        "nodes": rng.normal(size=(2 * draws, 3)),
        "income": rng.uniform(-0.5, 0.5, 2 * draws),
        "age": rng.uniform(-0.5, 0.5, 2 * draws),
    }
    return {"product": product, "agents": agents}


def simulation(
    made: dict[str, Any], *, x2: str | None = "1 + prices + x", beta: Any = (1.0, -2.0, 0.5), **told: Any
) -> Any:
    """A simulation that is not solved; plain or nested logit where x2 is None."""
    forms = (pyblp.Formulation(told.pop("x1", "1 + prices + x")), x2 and pyblp.Formulation(x2))
    agents: dict[str, Any] = {"agent_data": made["agents"]} if x2 else {}
    agents |= {"beta": beta, "gamma": [0.8, 0.4], "seed": 3}
    return pyblp.Simulation((*forms, pyblp.Formulation("1 + w")), made["product"], **agents, **told)


def simulated(made: dict[str, Any], **told: Any) -> Any:
    """The same, solved."""
    return simulation(made, **told).replace_endogenous(iteration=TIGHT, error_behavior="raise")


def with_columns(**names: int) -> dict[str, Any]:
    """Agents with a value for each product, in columns name0, name1, ..., as pyblp wants them."""
    made = data()
    rng, count = np.random.default_rng(2), len(made["agents"]["weights"])
    for name in names:
        made["agents"] |= {f"{name}{j}": rng.uniform(-0.5, 0.5, count) for j in range(max(SIZES.values()))}
    return made


PEOPLE = {"agent_formulation": pyblp.Formulation("0 + income + age"), "sigma": ROOT}
FORMS: dict[str, Any] = {
    "logit": lambda: simulated(data(), x2=None),
    "nested": lambda: simulated(data(nests=True), x2=None, rho=0.4),
    "rho by nest": lambda: simulated(data(nests=True), x2=None, rho=[0.3, 0.6]),
    "correlated": lambda: simulated(data(), sigma=ROOT),
    "demographics": lambda: simulated(data(), pi=[[0.4, 0.0], [0.5, -0.3], [0.0, 0.6]], **PEOPLE),
    "weights of .2": lambda: simulated(data(mass=0.2), sigma=ROOT),
    "nests and coefficients": lambda: simulated(data(nests=True), sigma=ROOT, rho=[0.2, 0.5]),
    "two nodes of three": lambda: simulated(
        data() | {"agents": data()["agents"] | {"nodes": data()["agents"]["nodes"][:, :2]}},
        sigma=[[0.5, 0, 0], [0, 0, 0], [0, 0, 0.3]],
    ),
    "log-normal price": lambda: simulated(
        data(), x1="1 + x", beta=(1.0, 0.5), x2="0 + I(-prices)", sigma=0.3, pi=[[0.2, 0.6]],
        agent_formulation=pyblp.Formulation("0 + income + I(1 + 0 * age)"), rc_types=["log"],
    ),
    "demographics by product": lambda: simulated(
        with_columns(tall=9), x2="1 + x", pi=[[0.4], [-0.6]], sigma=[[0.5, 0], [0.2, 0.3]],
        agent_formulation=pyblp.Formulation("0 + tall"),
    ),
    "ownership": lambda: simulated(data(ownership=True), sigma=ROOT),
}  # fmt: skip


@pytest.fixture(scope="module", params=FORMS)
def results(request: pytest.FixtureRequest) -> Any:
    made = FORMS[request.param]()
    assert made.fp_converged.all()
    return made


@pytest.mark.parametrize("market", MARKETS)
def test_shares_diversion_elasticities_and_surplus_are_those_of_pyblp(results: Any, market: str) -> None:
    ours, rows = market_from_pyblp(results, market), results.product_data.market_ids.ravel() == market
    demand, size = from_pyblp(results, market), SIZES[market]
    np.testing.assert_allclose(
        demand.expected(ours.prices), results.product_data.shares[rows].ravel(), rtol=1e-10
    )
    for name, mine in (
        ("compute_diversion_ratios", demand.diversion(ours.prices)),
        ("compute_elasticities", demand.elasticities(ours.prices)),
        ("compute_long_run_diversion_ratios", demand.long_run_diversion(ours.prices)),
    ):
        theirs = getattr(results, name)(market_id=market)[:, :size]
        np.testing.assert_allclose(mine, theirs, rtol=1e-8, atol=1e-12, err_msg=name)
    surplus = results.compute_consumer_surpluses(market_id=market).item()
    assert demand.consumer_surplus(ours.prices) == pytest.approx(surplus, rel=1e-8)


@pytest.mark.parametrize("market", MARKETS)
def test_prices_of_a_merger_are_those_of_pyblp(results: Any, market: str) -> None:
    ours = market_from_pyblp(results, market)
    assert ours.firm_ids is not None
    assert ours.costs is not None
    merged = np.where(ours.firm_ids == "b", "a", ours.firm_ids)
    theirs = results.compute_prices(
        firm_ids=merged, costs=ours.costs, market_id=market, iteration=TIGHT,
        ownership=pyblp.build_ownership({"market_ids": [market] * merged.size, "firm_ids": merged}),
    ).ravel()  # fmt: skip
    found = solve(ours.demand, ours.costs, merged).require_converged().prices
    np.testing.assert_allclose(found, theirs, rtol=1e-8)


def estimates() -> Any:
    """A mixed logit estimated on twenty small markets, demand only."""
    rng = np.random.default_rng(5)
    ids = np.repeat(np.arange(20), 4)
    product = {"market_ids": ids, "firm_ids": np.tile(["a", "a", "b", "c"], 20)}
    product |= {name: rng.uniform(0.5, 1.5, ids.size) for name in ("x", "w")}
    people = {"market_ids": np.repeat(np.arange(20), 9), "weights": np.full(180, 1 / 9)}
    made = {"product": product, "agents": people | {"nodes": rng.normal(size=(180, 1))}}
    solved = simulated(made, x2="0 + prices", sigma=0.3).product_data
    rivals = np.array([product["x"][ids == t].sum() for t in ids]) - product["x"]
    table = product | {"prices": solved.prices, "shares": solved.shares}
    table |= {"demand_instruments": np.column_stack([product["w"], product["w"] ** 2, rivals])}
    forms = pyblp.Formulation("1 + prices + x"), pyblp.Formulation("0 + prices")
    problem = pyblp.Problem(forms, table, agent_data=made["agents"])
    return problem.solve(sigma=0.4, optimization=pyblp.Optimization("l-bfgs-b"), method="1s")


def test_own_estimates_fight_a_price_war() -> None:
    """Estimated, not simulated: one cuts, its rivals answer, and shares and prices are those of pyblp."""
    found = estimates()
    ours = market_from_pyblp(found, 3)
    assert ours.costs is not None
    np.testing.assert_allclose(ours.demand.expected(ours.prices), ours.shares, rtol=1e-8)
    cut = np.where(ours.firm_ids == "a", 0.9 * ours.prices, np.nan)
    war = solve(ours.demand, ours.costs, ours.firm_ids, fixed=cut, start=ours.prices).require_converged()
    theirs = found.compute_shares(war.prices, market_id=3).ravel()
    np.testing.assert_allclose(war.shares, theirs, rtol=1e-8)
    rest = solve(ours.demand, ours.costs, ours.firm_ids, start=ours.prices).require_converged()
    prices = found.compute_prices(market_id=3, iteration=TIGHT, costs=ours.costs).ravel()
    np.testing.assert_allclose(rest.prices, prices, rtol=1e-8)
    assert (war.prices < rest.prices).all()


def test_a_simulation_that_was_not_solved_gives_the_same_demand_and_costs() -> None:
    made = simulated(data(), sigma=ROOT)
    for market in MARKETS:
        solved, raw = market_from_pyblp(made, market), market_from_pyblp(made.simulation, market)
        np.testing.assert_allclose(raw.demand.delta, solved.demand.delta, rtol=1e-10)
        np.testing.assert_allclose(raw.costs, solved.costs, rtol=1e-12)


def test_ownership_comes_beside_the_demand() -> None:
    ours = market_from_pyblp(FORMS["ownership"](), "south")
    assert ours.ownership is not None
    assert ours.ownership.tolist()[0] == [1.0, 0.2, 0.2, 0.2]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: simulation(data(), sigma=ROOT, epsilon_scale=2.0), "epsilon_scale"),
        (
            lambda: simulation(
                with_columns(tall=9),
                x2="1 + prices",
                sigma=np.diag([0.5, 0.3]),
                pi=[[0.0], [0.2]],
                agent_formulation=pyblp.Formulation("0 + tall"),
            ),
            "demographics of prices",
        ),
        (
            lambda: simulation(
                data() | {"agents": data()["agents"] | {"availability": np.eye(14, 5) < 1}}, sigma=ROOT
            ),
            "availability",
        ),
        (lambda: simulation(data(), x2=None, x1="1 + log(prices) + x"), "log(prices)"),
        (lambda: simulation(data(), x2=None, x1="1 + prices + prices:x"), "prices*x"),
    ],
)
def test_what_cannot_be_expressed_is_refused_by_name(make: Any, words: str) -> None:
    with pytest.raises(InputError) as told:
        from_pyblp(make(), "north")
    assert words in str(told.value)


@pytest.mark.parametrize("market", [None, "west", 3, ["north"]])
def test_an_unknown_market_is_refused(market: Any) -> None:
    with pytest.raises(InputError, match=r"market_id: .*one of north, south"):
        from_pyblp(FORMS["logit"](), market)


@pytest.mark.parametrize("thing", [None, "results", [], {}, pyblp.Formulation("1")])
def test_something_else_is_refused(thing: Any) -> None:
    with pytest.raises(InputError, match=r"results: .*pyblp\.ProblemResults"):
        from_pyblp(thing, "north")
