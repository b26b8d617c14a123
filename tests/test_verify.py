"""`pricewar verify`: the cases pass; a wrong number, an unknown name and a bad file are told apart."""

from __future__ import annotations

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from pricewar.base.errors import InputError
from pricewar.cli.verify import verify
from pricewar.demand import invert_shares
from pricewar.verify import read_case, verify_case
from pricewar.verify.check import relative_error
from pricewar.verify.shipped import FOLDER
from pricewar.verify.state import base_state

CASES = [FOLDER / f"{name}.json" for name in ("logit", "nested_logit", "mixed_logit")]

app = typer.Typer()
app.command()(verify)
run = CliRunner().invoke


def changed(tmp_path, case=CASES[2], **edits):
    """Copy a case with some edits: a function per top-level section."""
    content = json.loads(case.read_text())
    for section, edit in edits.items():
        edit(content[section])
    path = tmp_path / "case.json"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_reference_cases_pass_in_full(path):
    result = verify_case(path)
    assert [row for row in result.rows if not row.passed] == []
    assert result.not_checked == ()
    asked = sum(len(section) for section in json.loads(path.read_text())["outputs"].values())
    assert len(result.rows) + len(result.given) == asked == 84


def test_a_wrong_number_fails_by_its_own_name(tmp_path):
    def spoil(outputs):
        outputs["merger"]["prices"][3] *= 1 + 2e-9

    result = verify_case(changed(tmp_path, outputs=spoil))
    assert [row.output for row in result.rows if not row.passed] == ["merger.prices"]
    assert run(app, [str(changed(tmp_path, outputs=spoil))]).exit_code == 1
    assert run(app, [str(changed(tmp_path, outputs=spoil)), "--tol", "1e-8"]).exit_code == 0


def test_unknown_outputs_are_listed_not_dropped(tmp_path):
    def add(outputs):
        outputs["base"]["price_of_tea"] = 1.0
        outputs["weather"] = {"rain": [1.0]}

    path = changed(tmp_path, outputs=add)
    result = verify_case(path)
    assert result.not_checked == ("base.price_of_tea", "weather.rain")
    text = run(app, [str(path)])
    assert text.exit_code == 0
    assert text.stdout.count("not checked") == 2


def test_json_output_is_json_with_every_error(tmp_path):
    output = run(app, [str(CASES[0]), "--json"])
    content = json.loads(output.stdout)
    assert output.exit_code == 0
    assert content["passed"] is True
    assert len(content["outputs"]) == 77
    assert all(row["error"] <= row["tolerance"] for row in content["outputs"])


def test_subsets_of_outputs_are_enough(tmp_path):
    def keep(outputs):
        for name in list(outputs):
            if name != "merger_screens":
                del outputs[name]
        outputs["merger"] = {"firm_ids": [0] * 8 + [2] * 3 + [3] * 3 + [4] * 3 + [5] * 3}

    result = verify_case(changed(tmp_path, outputs=keep))
    assert result.passed
    assert result.given == ("merger.firm_ids",)


def test_screens_without_a_named_merger_are_not_checked(tmp_path):
    result = verify_case(changed(tmp_path, outputs=lambda o: o.pop("merger")))
    assert "merger_screens.guppi" in result.not_checked
    assert result.passed


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
@pytest.mark.parametrize("mass", [1.0, 0.5])
def test_delta_is_inverted_from_shares_when_the_case_gives_shares(tmp_path, case, mass):
    """Shares in, delta out; with importance weights that do not sum to one when `mass` is not one."""
    known = read_case(case)
    prices = base_state(known).prices
    demand = known.demand
    weights = mass * np.asarray(demand.weights)
    shares = mass * demand.expected(prices)

    def invert(inputs):
        del inputs["delta_excluding_price"], inputs["xi"], inputs["costs"]
        inputs |= {"prices": prices.tolist(), "shares": shares.tolist(), "weights": weights.tolist()}

    def ask(outputs):
        outputs.clear()
        outputs["base"] = {"delta": demand.delta.tolist(), "shares": shares.tolist()}
        outputs["base"]["outside_share"] = 1.0 - shares.sum()

    result = verify_case(changed(tmp_path, case, inputs=invert, outputs=ask))
    assert len(result.rows) == 3
    assert result.passed


def test_delta_is_built_from_beta_when_it_is_not_given(tmp_path):
    assert verify_case(changed(tmp_path, inputs=lambda i: i.pop("delta_excluding_price"))).passed


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (lambda i: i.update(weights=[-1.0] * 200), "weights"),
        (lambda i: i.update(weights=[1.0] * 3), "weights"),
        (lambda i: i.update(pi_price_by_inverse_income=50.0), "alpha"),
        (lambda i: i.pop("costs"), "inputs"),
        (lambda i: i.pop("income"), "income"),
        (lambda i: i.pop("range"), "inputs.range"),
        (lambda i: i.update(sigma_diag_const_price_range=[1.0, 2.0]), "sigma_diag_const_price_range"),
        (lambda i: i.update(costs=["a"] * 20), "inputs"),
        (lambda i: i.update(costs=[float("nan")] * 20), "costs"),
        (lambda i: [i.pop("J"), i.pop("firm_ids")], "inputs.J"),
    ],
)
def test_bad_cases_are_named(tmp_path, edit, place):
    path = changed(tmp_path, inputs=edit)
    with pytest.raises(InputError) as error:
        verify_case(path)
    assert place in str(error.value)
    failed = run(app, [str(path)])
    assert failed.exit_code == 2
    assert failed.stdout == ""


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"inputs": {"J": 1}}', '{"inputs": 3, "outputs": {}}', "\x00"]
)
def test_files_that_are_no_cases(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text)
    assert run(app, [str(path)]).exit_code == 2
    assert run(app, [str(tmp_path / "missing.json")]).exit_code == 2


def test_shares_summing_over_one_are_refused(tmp_path):
    def invert(inputs):
        del inputs["delta_excluding_price"], inputs["xi"]
        inputs |= {"prices": [10.0] * 20, "shares": [0.06] * 20}

    with pytest.raises(InputError, match="a sum below 1"):
        verify_case(changed(tmp_path, inputs=invert))


def test_relative_error_judges_by_the_entry_or_by_the_largest():
    assert relative_error([1.0, 2.0], [1.0, 2.0 * (1 + 1e-7)]) == pytest.approx(1e-7, rel=1e-3)
    assert relative_error([1.0, 3e-15], [1.0, 0.0]) == 0.0
    assert relative_error([1.0, 1e-7], [1.0, 2e-7]) == pytest.approx(1e-2)
    assert np.isinf(relative_error([1.0], [1.0, 2.0]))
    assert np.isnan(relative_error([np.nan], [1.0]))
    assert relative_error(0.0, 0.0) == 0.0


def test_inversion_used_by_the_reader_is_the_public_one():
    case = read_case(CASES[0])
    prices = base_state(case).prices
    found = invert_shares(case.demand, case.demand.expected(prices), prices)
    np.testing.assert_allclose(found.delta, case.demand.delta, atol=1e-11)
