"""One market in the many ways people write it; and what is wrong with a layout is said by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from own_equilibrium import Game

from pricewar.base.errors import InputError
from pricewar.verify import read_case, read_cases, verify_case
from pricewar.verify.state import base_state

RNG = np.random.default_rng(3)
FUEL = np.array([0.6, 1.1, 0.9])
NODES = np.round(RNG.normal(size=(6, 3)), 3)
PEOPLE = np.round(RNG.uniform(-0.5, 0.5, size=(6, 2)), 3)
SIGMA = np.array([0.5, 0.3, 0.4])
ROOT = np.array([[0.5, 0.0, 0.0], [-0.2, 0.3, 0.0], [0.1, 0.15, 0.4]])
PI = np.array([[0.3, 0.0], [0.4, -0.3], [0.0, 0.5]])
WEIGHTS = np.array([0.1, 0.2, 0.15, 0.25, 0.2, 0.1])
DELTA, COSTS, FIRMS = np.array([1.0, 0.7, 1.2]), np.array([1.0, 1.1, 1.3]), ["a", "b", "a"]
X2 = np.column_stack([np.ones(3), np.zeros(3), FUEL])


def right(root: np.ndarray, pi: np.ndarray = PI) -> list[float]:
    coefficients = NODES @ root.T + PEOPLE @ pi.T
    owned = np.array([[one == other for other in FIRMS] for one in FIRMS], dtype=float)
    tastes, alpha = coefficients @ X2.T, -2.0 + coefficients[:, 1]
    return Game(DELTA, alpha, tastes, WEIGHTS, owned, lambda s: COSTS).prices().tolist()


DIAGONAL, CORRELATED = right(np.diag(SIGMA)), right(ROOT)
COMMON: dict[str, Any] = {
    "firm_ids": FIRMS,
    "costs": COSTS.tolist(),
    "delta_excluding_price": DELTA.tolist(),
    "alpha": -2.0,
    "fuel_use": FUEL.tolist(),
    "weights": WEIGHTS.tolist(),
}
NAMES = {"x2_names": ["1", "prices", "fuel_use"]}
FORMULA = {"x2_formulation": "1 + prices + fuel_use"}
BY_NAME = {
    "income": PEOPLE[:, 0].tolist(), "age": PEOPLE[:, 1].tolist(),
    "pi_const_by_income": 0.3, "pi_price_by_income": 0.4, "pi_price_by_age": -0.3, "pi_fuel_use_by_age": 0.5,
}  # fmt: skip
BARE = {"demographics": PEOPLE.tolist(), "pi": PI.tolist()}
NUMBERED = {f"nodes{k}": NODES[:, k].tolist() for k in range(3)}
DIAG = {"sigma_diag_const_price_fuel_use": SIGMA.tolist(), "nodes_const_price_fuel_use": NODES.tolist()}
LAYOUTS: dict[str, dict[str, Any]] = {
    "names in keys": DIAG | BY_NAME,
    "sizes": DIAG | BY_NAME | {"J": 3, "R": 6, "K": 3, "D": 2},
    "plain sigma": {"sigma_const_prices_fuel_use": SIGMA.tolist(), "nodes": NODES.tolist()} | BY_NAME,
    "names of a list": NAMES | {"sigma": SIGMA.tolist(), "nodes": NODES.tolist()} | BARE,
    "names of a formula": FORMULA | {"sigma": np.diag(SIGMA).tolist(), "nodes": NODES.tolist()} | BARE,
    "nodes by number": NAMES | {"sigma": SIGMA.tolist()} | NUMBERED | BARE,
    "one by one": {"sigma_intercept": 0.5, "sigma_p": 0.3, "sigma_fuel_use": 0.4} | NUMBERED | BY_NAME,
    "another order": {
        "sigma_diag_fuel_use_price_const": SIGMA[::-1].tolist(),
        "nodes_price_const_fuel_use": NODES[:, [1, 0, 2]].tolist(),
    } | BY_NAME,
    "variances": BY_NAME
    | {"sigma_squared_const_price_fuel_use": (SIGMA**2).tolist(), "nodes": NODES.tolist()},
    "tables": {
        "sigma": dict(zip(("const", "price", "fuel_use"), SIGMA.tolist(), strict=True)),
        "nodes": NODES.tolist(),
        "demographics": {"income": PEOPLE[:, 0].tolist(), "age": PEOPLE[:, 1].tolist()},
        "pi": {"const": {"income": 0.3}, "price": {"income": 0.4, "age": -0.3}, "fuel_use": {"age": 0.5}},
    },
    "demographics by number": DIAG | NAMES | {"pi": PI.tolist()}
    | {f"demographics{d}": PEOPLE[:, d].tolist() for d in range(2)},
    "demographics by name": DIAG | {"demographics_income_age": PEOPLE.tolist()}
    | {"pi_const_price_fuel_use_by_income_age": PI.tolist()},
    "rows and columns": DIAG | {"demographics": PEOPLE.tolist(), "demographic_names": ["income", "age"]}
    | {"pi_rows_const_price_fuel_use_cols_income_age": PI.tolist()},
    "attributes named by pi": DIAG | {"demographics": PEOPLE.tolist()}
    | {"pi_rows_const_price_fuel_use_cols_income_age": PI.tolist()},
    "pi without attributes": DIAG | {"demographics": PEOPLE.tolist(), "pi_const_price_fuel_use": PI.tolist()},
    "alpha of each": {"alpha_i": (-2.0 + NODES[:, 1] * 0.3).tolist(), "alpha": None}
    | {"sigma_diag_const_fuel_use": [0.5, 0.4], "nodes_const_fuel_use": NODES[:, [0, 2]].tolist()} | BY_NAME,
    "matrix of X2": NAMES | {"fuel_use": None, "X2": np.column_stack([np.ones(3), DIAGONAL, FUEL]).tolist()}
    | {"sigma": SIGMA.tolist(), "nodes": NODES.tolist()} | BARE,
    "delta with the price": DIAG | BY_NAME | {"delta_excluding_price": None, "prices": DIAGONAL}
    | {"delta_including_price": (DELTA - 2.0 * np.array(DIAGONAL)).tolist()},
    "beta of a list": DIAG | BY_NAME | {"alpha": None, "delta_excluding_price": None}
    | {"beta": [0.4, -2.0, 0.3], "x1_names": ["1", "prices", "fuel_use"]}
    | {"xi": (DELTA - 0.4 - 0.3 * FUEL).tolist()},
    "beta of a table": DIAG | BY_NAME | {"alpha": None, "delta_excluding_price": None}
    | {"beta": {"const": 0.4, "price": -2.0}, "xi": (DELTA - 0.4).tolist()},
    "said twice": DIAG | BY_NAME | {"beta_const_price": [0.4, -2.0], "xi": (DELTA - 0.4).tolist()},
    "pyblp's tables": dict.fromkeys(COMMON) | NAMES | {
        "alpha": -2.0, "sigma": SIGMA.tolist(), "pi": PI.tolist(),
        "product_data": {k: COMMON[k] for k in ("firm_ids", "costs", "delta_excluding_price", "fuel_use")},
        "agent_data": {"weights": WEIGHTS.tolist(), "demographics": PEOPLE.tolist()} | NUMBERED,
    },
}  # fmt: skip
ROOTS: dict[str, dict[str, Any]] = {
    "root": NAMES | {"sigma": ROOT.tolist(), "nodes": NODES.tolist()} | BARE,
    "root by name": BY_NAME
    | {"sigma_const_price_fuel_use": ROOT.tolist(), "nodes_const_price_fuel_use": NODES.tolist()},
    "covariance by name": {"covariance_const_price_fuel_use": (ROOT @ ROOT.T).tolist()} | NUMBERED | BY_NAME,
    "root called so": NAMES | {"sigma_cholesky": ROOT.tolist()} | NUMBERED | BARE,
    "covariance": NAMES | {"sigma_squared": (ROOT @ ROOT.T).tolist()} | NUMBERED | BARE,
}  # fmt: skip


def write(folder: Path, inputs: dict[str, Any], outputs: Any) -> Path:
    path = folder / "case.json"
    path.write_text(
        json.dumps({"name": "case", "inputs": COMMON | inputs, "outputs": outputs}), encoding="utf-8"
    )
    return path


@pytest.mark.parametrize("layout", [*LAYOUTS, *ROOTS])
def test_the_same_market_in_other_words(tmp_path: Path, layout: str) -> None:
    prices = DIAGONAL if layout in LAYOUTS else CORRELATED
    result = verify_case(write(tmp_path, (LAYOUTS | ROOTS)[layout], {"base": {"prices": prices}}))
    assert result.passed, result.rows
    assert result.not_checked == ()


def test_columns_that_do_not_vary_need_no_nodes(tmp_path: Path) -> None:
    """As in pyblp, which leaves their nodes out."""
    inputs = NAMES | {"sigma": [0.5, 0.0, 0.4], "nodes": NODES[:, [0, 2]].tolist()} | BARE
    prices = right(np.diag([0.5, 0.0, 0.4]))
    assert verify_case(write(tmp_path, inputs, {"base": {"prices": prices}})).passed


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "misspelt rho": (DIAG | BY_NAME | {"nesting_ids": [1, 1, 2], "rhoo": 0.4}, "inputs.rho"),
    "rho without nests": (DIAG | BY_NAME | {"rho": 0.4}, "inputs.nesting_ids"),
    "misspelt tax": (DIAG | BY_NAME | {"unit_taxs": 0.4}, "inputs.unit_taxs.*near to it: unit_tax"),
    "misspelt nests": (DIAG | BY_NAME | {"nestings_ids": [1, 1, 2]}, "inputs.nestings_ids.*nesting_ids"),
    "misspelt owners": (
        DIAG | BY_NAME | {"firm_ids": None, "firmids": FIRMS}, "(?s)inputs.firm_ids.*inputs.firmids"),
    "an idle characteristic": (DIAG | BY_NAME | {"power": [1, 2, 3]}, "inputs.power"),
    "deviations without nodes": (BY_NAME | {"sigma_diag_const": 0.5}, "nodes_const"),
    "nodes without deviations": (BY_NAME | {"nodes_const_price_fuel_use": NODES.tolist()}, "nodes of const"),
    "above the diagonal": (
        NAMES | BARE | {"sigma": ROOT.T.tolist(), "nodes": NODES.tolist()}, "sigma_squared"),
    "no covariance": (NAMES | BARE | {"sigma_squared": ROOT.tolist(), "nodes": NODES.tolist()}, "symmetric"),
    "a negative variance": (
        NAMES | BARE | {"sigma_squared": [0.1, -0.1, 0.1], "nodes": NODES.tolist()}, "variances"),
    "no names": (BARE | {"sigma": SIGMA.tolist(), "nodes": NODES.tolist()}, "x2_names"),
    "too many nodes": (NAMES | BARE | {"sigma": SIGMA.tolist(), "nodes": PEOPLE.tolist()}, "inputs.nodes"),
    "an idle attribute": (DIAG | {"demographics": PEOPLE.tolist(), "demographic_names": ["a", "b"]}
                          | {"pi_price_by_a": 0.1}, "demographics b"),
    "wrong pi": (DIAG | NAMES | {"demographics": PEOPLE.tolist(), "pi": PI.T.tolist()}, "inputs.pi"),
    "no price": (NAMES | {"alpha": None, "sigma": [0.5, 0, 0.4], "nodes": NODES.tolist()}, "below zero"),
    "no price at all": ({"alpha": None, "fuel_use": None}, "inputs.alpha"),
    "above zero": (DIAG | BY_NAME | {"alpha": 4.0}, "inputs.alpha.*below zero"),
    "wrong D": (DIAG | BY_NAME | {"D": 3}, "inputs.D"),
    "wrong K": (DIAG | BY_NAME | {"K": 2}, "inputs.K"),
    "wrong R": (DIAG | BY_NAME | {"R": 5}, "inputs.R"),
    "wrong J": (DIAG | BY_NAME | {"J": 4}, "inputs.firm_ids"),
    "wrong weights": (DIAG | BY_NAME | {"weights": [0.5, 0.5]}, "inputs.weights"),
    "two spellings": (DIAG | BY_NAME | {"marginal_costs": COSTS.tolist()}, "marginal_costs.*one of the two"),
    "two statements": (DIAG | BY_NAME | {"beta_const_price": [0.4, -2.0], "xi": [0.6, 0.3, 0.9]}, "apart by"),
    "two alphas": (DIAG | BY_NAME | {"beta_price": -2.1}, "inputs.alpha"),
    "xi without beta": (DIAG | BY_NAME | {"xi": [0.0, 0.0, 0.0]}, "inputs.beta"),
    "a table too much": (DIAG | BY_NAME | {"product_data": {"costs": COSTS.tolist()}}, "product_data.costs"),
    "three dimensions": (DIAG | NAMES | {"demographics": [PEOPLE.tolist()], "pi": PI.tolist()}, "by product"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_with_a_layout_is_said_by_name(tmp_path: Path, name: str) -> None:
    inputs, words = BAD[name]
    with pytest.raises(InputError, match=words):
        verify_case(write(tmp_path, inputs, {"base": {"prices": DIAGONAL}}))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda tree: tree.update(ownership=[[1.0]]), "ownership: found .numbers that nothing reads"),
        (lambda tree: tree.update(right={"prices": [1.0]}), "right"),
        (lambda tree: tree.update(states={"cut": {"firm": "a"}}), "states.cut"),
        (
            lambda tree: tree["outputs"]["base"].update(unit_tx=0.1),
            "outputs.base.unit_tx.*near to it: unit_tax",
        ),
        (lambda tree: tree["outputs"]["base"].update(unit_tax=0.1), "outputs.base: unit_tax"),
    ],
)
def test_what_stands_elsewhere_in_the_file_is_not_passed_over(
    tmp_path: Path, edit: Callable[[Any], None], words: str
) -> None:
    path = write(tmp_path, DIAG | BY_NAME, {"base": {"prices": DIAGONAL}})
    tree = json.loads(path.read_text())
    edit(tree)
    path.write_text(json.dumps(tree))
    with pytest.raises(InputError, match=words):
        verify_case(path)


def test_outputs_may_stand_alone_and_notes_may_hold_anything(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    tree = {"inputs": COMMON | DIAG | BY_NAME, "right": {"prices": DIAGONAL}, "notes": {"pages": [1, 2]}}
    path.write_text(json.dumps(tree))
    assert verify_case(path).passed


# --- several markets


def two_markets(**more: Any) -> dict[str, Any]:
    """The market twice, the second with dearer products; same buyers."""
    twice = {key: [*COMMON[key], *COMMON[key]] for key in ("firm_ids", "delta_excluding_price", "fuel_use")}
    costs = [*COSTS.tolist(), *(COSTS + 0.5).tolist()]
    return DIAG | BY_NAME | twice | {"costs": costs, "market_ids": [1, 1, 1, 2, 2, 2]} | more


def prices_of(folder: Path, costs: np.ndarray) -> list[float]:

    return base_state(
        read_case(write(folder, DIAG | BY_NAME | {"costs": costs.tolist()}, {"base": {}}))
    ).prices.tolist()


def test_several_markets_are_compared_product_by_product_and_market_by_market(tmp_path: Path) -> None:
    both = [prices_of(tmp_path, COSTS), prices_of(tmp_path, COSTS + 0.5)]
    for prices in ([*both[0], *both[1]], both, {"1": both[0], "2": both[1]}):
        path = write(tmp_path, two_markets(), {"base": {"prices": prices}})
        result = verify_case(path)
        assert result.passed
        assert result.rows[0].values == 6
    assert [case.market for case in read_cases(path)] == ["1", "2"]
    assert read_case(path, "2").places.tolist() == [3, 4, 5]
    wrong = write(tmp_path, two_markets(), {"base": {"prices": [*both[1], *both[0]]}})
    assert not verify_case(wrong).passed
    turned = two_markets(market_ids=[10, 10, 10, 9, 9, 9])  # numbers are sorted as numbers, as in pyblp
    assert verify_case(write(tmp_path, turned, {"base": {"prices": both[::-1]}})).passed
    by_market = {"1": {"base": {"prices": both[0]}}, "2": {"base": {"prices": both[1]}}}
    assert verify_case(write(tmp_path, two_markets(), by_market)).passed


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"J": 5}, "inputs.J"),
        ({"T": 3}, "inputs.T"),
        ({"agent_market_ids": [1] * 6}, "inputs.agent_market_ids"),
        ({"market_ids": [[1, 1, 1], [2, 2, 2]]}, "inputs.market_ids"),
        ({"market_ids": None, "market_idds": [1, 1, 1, 2, 2, 2]}, "inputs"),
    ],
)
def test_markets_that_do_not_fit_are_refused(tmp_path: Path, more: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        verify_case(write(tmp_path, two_markets(**more), {"base": {"prices": [1.0] * 6}}))


def test_one_of_several_markets_must_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, two_markets(), {"base": {"prices": [1.0] * 6}})
    for market in (None, "3"):
        with pytest.raises(InputError, match=r"market_id: .*one of 1, 2"):
            read_case(path, market)
