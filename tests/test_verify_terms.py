"""Taxes, ownership, conduct, costs that rise, imposed prices: right values from an equilibrium of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from own_equilibrium import Game

from pricewar.base.errors import InputError
from pricewar.verify import Verification, verify_case
from pricewar.verify.check import relative_error
from pricewar.verify.inputs import rounding_of

DELTA, COSTS = np.array([1.0, 0.7, 1.2, 0.9]), np.array([1.0, 1.1, 1.3, 1.2])
FIRMS = np.array(["a", "b", "a", "c"])
SAME = (FIRMS[:, None] == FIRMS[None, :]).astype(float)
ALPHA, WEIGHTS, NESTS = np.array([-1.6, -2.4]), np.array([0.4, 0.6]), np.array([1, 1, 2, 2])
INPUTS: dict[str, Any] = {
    "firm_ids": FIRMS.tolist(), "costs": COSTS.tolist(), "delta_excluding_price": DELTA.tolist(),
    "alpha_i": ALPHA.tolist(), "weights": WEIGHTS.tolist(),
}  # fmt: skip
NESTED = {"nesting_ids": NESTS.tolist(), "rho": 0.4}
HOLDINGS = np.where(SAME == 1.0, 1.0, np.array([[0.0], [0.2], [0.0], [0.1]]))
PAIRS = {"a": {"b": 0.3, "c": 0.1}, "b": {"a": 0.3}, "c": {}}


def game(**more: Any) -> Game:
    fields: dict[str, Any] = {"owned": SAME, "cost": lambda shares: COSTS, "nests": None, "rho": 0.0}
    return Game(DELTA, ALPHA, np.zeros((2, 4)), WEIGHTS, **fields | more)


def case(folder: Path, inputs: dict[str, Any], outputs: dict[str, Any]) -> Path:
    path = folder / "case.json"
    path.write_text(json.dumps({"inputs": INPUTS | inputs, "outputs": outputs}), encoding="utf-8")
    return path


def verified(folder: Path, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verification:
    return verify_case(case(folder, inputs, outputs))


def of_pairs(weights: dict[str, dict[str, float]]) -> np.ndarray:
    return np.array([[1.0 if f == g else weights[f].get(g, 0.0) for g in FIRMS] for f in FIRMS])


TAXES = {"unit_tax": 0.2, "ad_valorem_tax": 0.15}
TERMS: dict[str, tuple[dict[str, Any], Game]] = {
    "taxes": (TAXES, game(unit_tax=0.2, rate=0.15)),
    "taxes and nests": (TAXES | NESTED, game(unit_tax=0.2, rate=0.15, nests=NESTS, rho=0.4)),
    "tax by product": ({"unit_tax": [0.1, 0.2, 0.0, 0.3]}, game(unit_tax=np.array([0.1, 0.2, 0.0, 0.3]))),
    "ownership": ({"ownership": HOLDINGS.tolist(), "firm_ids": None}, game(owned=HOLDINGS)),
    "conduct": ({"conduct": 0.25}, game(owned=np.where(SAME == 1.0, 1.0, 0.25))),
    "conduct by firm": (
        {"conduct": [0.1, 0.2, 0.3]},
        game(owned=of_pairs({firm: dict.fromkeys("abc", k / 10) for k, firm in enumerate("abc", 1)})),
    ),
    "conduct by pair": ({"conduct": PAIRS}, game(owned=of_pairs(PAIRS))),
    "costs that rise": ({"cost_slope": 0.8}, game(cost=lambda s: COSTS + 0.8 * s)),
    "costs of a power": (
        {"cost_slope": [0.8, 0.5, 0.9, 0.7], "cost_exponent": 2.0},
        game(cost=lambda s: COSTS + np.array([0.8, 0.5, 0.9, 0.7]) * s**2),
    ),
    "costs of an exponential": (
        {"cost_form": "exponential", "cost_slope": 0.6} | NESTED,
        game(cost=lambda s: COSTS * np.exp(0.6 * s), nests=NESTS, rho=0.4),
    ),
}


@pytest.mark.parametrize("name", TERMS)
def test_the_terms_of_a_game_are_used(tmp_path: Path, name: str) -> None:
    inputs, right = TERMS[name]
    prices = right.prices()
    shares, kept = right.shares(prices), prices / (1.0 + right.rate) - right.unit_tax
    base = {
        "prices": prices.tolist(),
        "shares": shares.tolist(),
        "costs": right.cost(shares).tolist(),
        "costs_from_bertrand_foc": right.cost(shares).tolist(),
        "profits_per_capita": ((kept - right.cost(shares)) * shares).tolist(),
    }
    result = verified(tmp_path, inputs, {"base": base})
    assert result.passed, result.rows
    assert not verified(tmp_path, {"firm_ids": INPUTS["firm_ids"]}, {"base": base}).passed


def test_costs_are_found_from_prices_under_all_terms(tmp_path: Path) -> None:
    """Prices in, costs out; where they rise with output the costs are those at the sales of these prices."""
    for name, (inputs, right) in TERMS.items():
        prices = right.prices()
        asked = {"base": {"costs": right.cost(right.shares(prices)).tolist()}}
        result = verified(tmp_path, inputs | {"costs": None, "prices": prices.tolist()}, asked)
        assert result.passed, name


def test_a_tax_and_an_owner_of_a_section_are_those_of_its_state(tmp_path: Path) -> None:
    taxed, merged = game(rate=0.1), np.where(np.isin(FIRMS, ["a", "b"]), "a", FIRMS)
    together = game(owned=(merged[:, None] == merged[None, :]).astype(float))
    conduct = game(owned=of_pairs(PAIRS))
    sections = {
        "base": {"prices": game().prices().tolist()},
        "tax_10pct": {"ad_valorem_tax": 0.1, "prices": taxed.prices().tolist()},
        "merger": {"firm_ids": merged.tolist(), "prices": together.prices().tolist()},
        "collusion": {"conduct": PAIRS, "prices": conduct.prices().tolist()},
        "holdings": {"ownership": HOLDINGS.tolist(), "prices": game(owned=HOLDINGS).prices().tolist()},
    }
    result = verified(tmp_path, {}, sections)
    assert result.passed, result.rows
    assert result.given == (
        "tax_10pct.ad_valorem_tax", "merger.firm_ids", "collusion.conduct", "holdings.ownership",
    )  # fmt: skip
    prices = {name: {"prices": section.pop("prices")} for name, section in sections.items()}
    path = case(tmp_path, {}, prices)
    tree = json.loads(path.read_text()) | {
        "states": {name: given for name, given in sections.items() if given}
    }
    path.write_text(json.dumps(tree))
    assert verify_case(path).passed


def test_screens_of_a_merger_with_taxes_are_its_first_order_conditions(tmp_path: Path) -> None:
    merged = np.where(np.isin(FIRMS, ["a", "b"]), "a", FIRMS)
    right = game(unit_tax=0.2, rate=0.15, nests=NESTS, rho=0.4)
    prices = right.prices()
    shares, slopes, kept = right.shares(prices), right.slopes(prices), prices / 1.15 - 0.2
    together = (merged[:, None] == merged[None, :]).astype(float)
    compensating = kept + np.linalg.solve(together * slopes, shares / 1.15)
    diversion = -slopes / np.diag(slopes)[:, None]
    gross = ((together - SAME) * diversion) @ (kept - COSTS)
    screens = {
        "compensating_costs": compensating.tolist(),
        "gross_upp_newly_internalised": gross.tolist(),
        "guppi": (gross / prices).tolist(),
        "cmcr_pct_of_cost": (100 * (COSTS - compensating) / COSTS).tolist(),
    }
    outputs = {"merger": {"firm_ids": merged.tolist()}, "merger_screens": screens}
    result = verified(tmp_path, TAXES | NESTED, outputs)
    assert len(result.rows) == 4
    assert result.passed, result.rows


def test_imposed_prices_are_used_as_given(tmp_path: Path) -> None:
    """Rounded to cents they are not a third below the base, and rivals answer the rounded price."""
    base = game().prices()
    imposed = np.where(FIRMS == "a", np.round(base * 2.0 / 3.0, 2), np.nan)
    after = game().prices(imposed)
    assert abs(imposed[0] - base[0] * 2.0 / 3.0) > 1e-4
    fixed = (FIRMS == "a").astype(int).tolist()
    still = np.where(np.isnan(imposed), base, imposed)
    sections = {
        "one_third_cut_rivals_respond": {"firm": "a", "fixed": fixed, "prices": after.tolist()},
        "one_third_cut_no_response": {
            "firm": "a",
            "prices": still.tolist(),
            "shares": game().shares(still).tolist(),
        },
        "posted": {"fixed": [None if np.isnan(p) else p for p in imposed], "prices": after.tolist()},
        "posted_too": {
            "imposed_prices": [None if np.isnan(p) else p for p in imposed],
            "prices": after.tolist(),
        },
    }
    result = verified(tmp_path, {}, sections)
    assert result.passed, result.rows
    sections["one_third_cut_no_response"]["prices"][0] += 0.01
    moved = verified(tmp_path, {}, sections)
    assert [row.output for row in moved.rows if not row.passed] == ["one_third_cut_no_response.shares"]


def test_a_cut_without_prices_is_the_one_of_its_name(tmp_path: Path) -> None:
    base = game().prices()
    after = game().prices(np.where(FIRMS == "b", 0.9 * base, np.nan))
    free = np.flatnonzero(FIRMS != "b")
    shares = game().shares(after).tolist()
    assert verified(tmp_path, {}, {"10pct_cut": {"firm": "b", "shares": shares}}).passed
    assert free.size == 3


@pytest.mark.parametrize(
    ("section", "given", "words"),
    [
        ("cut", {"firm": "a"}, "firm"),
        ("10pct_cut", {}, "firm: found None"),
        ("10pct_cut", {"firm": "z"}, "firm: found 'z'"),
        ("10pct_cut", {"firm": "b", "fixed": [1, 0, 0, 0]}, "fixed"),
        ("sale_no_response", {}, "fixed: found None"),
        ("sale", {"fixed": [1, 0, 0]}, "fixed"),
        ("sale", {"imposed_prices": [1.0]}, "imposed_prices"),
        ("tax", {}, "a change that nothing describes"),
        ("merger", {}, "a change that nothing describes"),
        ("merger", {"firm_ids": ["a", "b"]}, "firm_ids"),
        ("cost_shock_one_firm_plus_10pct", {}, "firm: found None"),
        ("state", {"unit_tax": [1.0, 2.0]}, "unit_tax"),
        ("state", {"conduct": 0.1, "ownership": HOLDINGS.tolist()}, "one of the two"),
        ("state", {"floor": 1.0, "floors": 1.0}, "one of the two"),
        ("state", {"fixd": [1, 0, 0, 0]}, "near to it: fixed"),
    ],
)
def test_what_a_section_is_given_must_count(
    tmp_path: Path, section: str, given: dict[str, Any], words: str
) -> None:
    shares = game().shares(game().prices()).tolist()
    with pytest.raises(InputError, match=rf"(?s)outputs\.{section}.*{words}"):
        verified(tmp_path, {}, {section: given | {"shares": shares}})


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"conduct": 0.1, "ownership": HOLDINGS.tolist()}, "inputs.conduct"),
        ({"conduct": {"a": {"z": 0.1}}}, "inputs.conduct.*'z'"),
        ({"conduct": [0.1, 0.2]}, "inputs.conduct"),
        ({"ownership": [[1.0, 0.0], [0.0, 1.0]]}, "inputs.ownership"),
        (
            {"ownership": np.where(np.eye(4) == 1.0, 1.0, HOLDINGS * [1, 1, 0.5, 1]).tolist()},
            "different rows for products of a",
        ),
        ({"cost_exponent": 2.0}, "inputs.cost_slope"),
        ({"cost_slope": 0.1, "cost_form": "cubic"}, "inputs.cost_form"),
        ({"cost_slope": 0.1, "cost_form": "exponential", "cost_exponent": 2.0}, "inputs.cost_exponent"),
        ({"unit_tax": [0.1, 0.2]}, "inputs.unit_tax"),
        ({"cost_slop": 0.1}, "inputs.cost_slop: .*near to it: cost_slope"),
    ],
)
def test_terms_that_do_not_fit_are_refused(tmp_path: Path, inputs: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        verified(tmp_path, inputs, {"base": {"prices": [1.0] * 4}})


def test_a_matrix_of_the_inputs_is_not_dropped_by_a_merger(tmp_path: Path) -> None:
    outputs = {"merger": {"firm_ids": ["a", "a", "a", "c"], "prices": [1.0] * 4}}
    with pytest.raises(InputError, match="ownership of this state"):
        verified(tmp_path, {"ownership": HOLDINGS.tolist(), "firm_ids": None}, outputs)


def test_stated_prices_and_shares_are_held_against_what_is_computed(tmp_path: Path) -> None:
    prices = game().prices()
    stated = {"prices": prices.tolist(), "shares": game().shares(prices).tolist()}
    outputs = {"base": {"prices": prices.tolist()}}
    result = verified(tmp_path, stated, outputs)
    assert [row.output for row in result.rows] == ["inputs.shares", "inputs.prices", "base.prices"]
    assert result.passed
    for key in stated:
        assert not verified(tmp_path, stated | {key: (np.array(stated[key]) * 1.01).tolist()}, outputs).passed


def test_zero_is_what_is_far_below_the_rounding_of_the_inputs(tmp_path: Path) -> None:
    """Costs of zero come back from prices as rounding of the prices; nobody gets that digit for digit."""
    prices = game(cost=lambda shares: 0.0 * shares).prices()
    inputs = {"costs": None, "prices": prices.tolist()}
    assert verified(
        tmp_path, inputs, {"base": {"costs_from_bertrand_foc": [3e-16, -5e-16, 0.0, 2e-16]}}
    ).passed
    assert not verified(tmp_path, inputs, {"base": {"costs_from_bertrand_foc": [3e-9, 0.0, 0.0, 0.0]}}).passed
    assert relative_error([3e-12], [0.0], zero=1e-11) == 0.0
    assert relative_error([3e-12], [-6e-12], zero=1e-12) == pytest.approx(1.5)


def test_the_rounding_of_inputs_is_that_of_the_shortest_long_number() -> None:
    assert rounding_of({"a": [1.5, 2, "x", None, True], "b": {"c": 0.1234567890123456}}) == 0.0
    assert rounding_of([1.5, 0.12345678901234]) == pytest.approx(1e-13)
    assert rounding_of([-12.34567891, 0.12345678901234]) == pytest.approx(1e-9)
