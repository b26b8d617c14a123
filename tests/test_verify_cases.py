"""`pricewar verify` without a file: the cases that ship are there, have a source, and are recomputed."""

from __future__ import annotations

import json
import shutil
import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import fsolve
from typer.testing import CliRunner

from pricewar.cli.app import app
from pricewar.verify import read_case, shipped

ROOT = Path(__file__).parents[1]
OWN = ["random_coefficients_and_demographics", "random_intercept_and_range"]
NAMES = [
    "correlated_coefficients", "logit", "mixed_logit", "nested_logit", "partial_ownership", *OWN,
    "two_demographics_on_three_coefficients", "two_markets_with_nests", "weights_that_sum_to_a_fifth",
]  # fmt: skip


def verify(*words: str):
    return CliRunner().invoke(app, ["verify", *words])


def test_the_cases_are_in_the_package() -> None:
    """Not beside it: a wheel holds what lies in its folders, and none of it is left out."""
    there = {entry.name for entry in files("pricewar.verify").joinpath("cases").iterdir()}
    assert there == {f"{name}.json" for name in NAMES}
    assert [path.stem for path in shipped.shipped_cases()] == NAMES
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert wheel["targets"]["wheel"]["packages"] == ["pricewar"]
    assert "exclude" not in wheel["targets"]["wheel"]
    assert sum(path.stat().st_size for path in shipped.shipped_cases()) < 150_000


def test_every_case_names_its_source() -> None:
    for path in shipped.shipped_cases():
        tree = json.loads(path.read_text(encoding="utf-8"))
        assert set(tree) == {"name", "source", "inputs", "outputs"}
        assert tree["name"] == path.stem
        assert len(tree["source"]) > 10


def test_all_shipped_cases_are_recomputed() -> None:
    done = verify("--json")
    assert done.exit_code == 0, done.output
    tree = json.loads(done.stdout)
    assert tree["passed"]
    assert [case["case"] for case in tree["cases"]] == NAMES
    assert sum(case["outputs"] for case in tree["cases"]) == 3 * 77 + 2 + 4 * 9 + 7
    assert all(float(case["error"]) < 1e-8 for case in tree["cases"])


def test_the_small_cases_hold_against_first_order_conditions_of_our_own() -> None:
    """Their prices were not made by this package: solved here from shares written out once more."""
    for name in OWN:
        case = read_case(shipped.FOLDER / f"{name}.json")
        demand = case.demand
        weight = np.asarray(demand.weights)

        def foc(price: np.ndarray) -> np.ndarray:
            worth = np.exp(demand.delta + demand.tastes - np.outer(demand.alpha, price))  # noqa: B023
            share = worth / (1.0 + worth.sum(axis=1, keepdims=True))
            slope = weight @ (-demand.alpha[:, None] * share * (1.0 - share))  # noqa: B023
            return weight @ share + slope * (price - case.costs)  # noqa: B023

        price = fsolve(foc, case.costs + 1.0, xtol=1e-13)
        assert price == pytest.approx(case.outputs["base"]["prices"], rel=1e-10)


@pytest.mark.parametrize("json_", [True, False])
def test_one_wrong_case_is_told_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, json_: bool
) -> None:
    for name in OWN:
        shutil.copy(shipped.FOLDER / f"{name}.json", tmp_path)
    path = tmp_path / f"{OWN[0]}.json"
    tree = json.loads(path.read_text(encoding="utf-8"))
    tree["outputs"]["base"]["prices"][1] *= 1.001
    path.write_text(json.dumps(tree), encoding="utf-8")
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    done = verify(*["--json"] * json_)
    assert done.exit_code == 1
    if json_:
        verdicts = {case["case"]: case["passed"] for case in json.loads(done.stdout)["cases"]}
        assert verdicts == {OWN[0]: False, OWN[1]: True}
    else:
        assert "1 of 2 cases within tolerance" in done.stdout
        assert "1.0e-03" in done.stdout


def test_a_package_without_cases_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    assert verify().exit_code == 1


def test_a_tolerance_of_nothing_is_refused() -> None:
    done = verify("--tol", "0")
    assert done.exit_code == 2
    assert "a number above zero" in done.output
