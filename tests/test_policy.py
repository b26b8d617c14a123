"""The policy laboratory: files, cost lines, courts, conduct, measures, study, brief, command."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import AT_REST, OFF, tiny
from typer.testing import CliRunner

from pricewar.base.errors import InputError, ResultsError
from pricewar.cli.app import app
from pricewar.experiment.metrics import Run
from pricewar.experiment.pool import SerialExecutor
from pricewar.experiment.work import simulate
from pricewar.market.calibrate import calibrate
from pricewar.market.model import PriceWar
from pricewar.market.trajectory import Trajectory
from pricewar.policy import NONE, PEACE, PolicySpec, PolicyStudy, load_policy, policy_from, run_policy
from pricewar.policy.conduct import conduct_index, start_game
from pricewar.policy.courts import TESTS, Case, error_rates
from pricewar.policy.lines import LINES, below, line_table, lines_of
from pricewar.policy.measures import outcomes, rivals_fall, war_avoided
from pricewar.policy.ranges import PARTIES, gains, party_gain
from pricewar.policy.summary import RANKED, best, buyers, courts, effects, monthly, payers, pick, wide
from pricewar.report.policy import write_brief, write_markdown

CUT = {"kind": "Cut", "month": "2025-02", "until": "2025-04", "firm": "ace", "depth": 0.3}


def tree(**parts: Any) -> dict[str, Any]:
    return {
        "name": "small",
        "base": tiny(events=[CUT]),
        "but_for": tiny(),
        "factors": {
            "elasticity": {
                "path": "demand.own_elasticity",
                "distribution": {"kind": "uniform", "low": -4.0, "high": -3.0},
            },
            "compliance": {
                "path": "interventions.*.compliance",
                "distribution": {"kind": "uniform", "low": 0.5, "high": 1.0},
            },
        },
        "draws": 3,
        "measures": {
            "ban": [{"kind": "BelowCostBan", "line": "full"}],
            "subsidy": [{"kind": "TradeInSubsidy", "amount": 5000}],
            "idle": [{"kind": "PriceFloor", "share": 0.01}],
        },
        "bundles": {"both": ["ban", "subsidy"]},
    } | parts


@cache
def pair() -> tuple[Run, Run]:
    return simulate(tiny(events=[CUT]), 1), simulate(tiny(), 1)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> PolicyStudy:
    spec = policy_from(tree(), "small")
    return run_policy(spec, SerialExecutor(), store=tmp_path_factory.mktemp("study"))


# -- files ------------------------------------------------------------------------------------


def test_shipped_study_is_as_large_as_it_says() -> None:
    spec = load_policy("anti-involution")
    assert len(spec.measures) >= 10
    assert len(spec.bundles) >= 3
    assert len(spec) >= 200
    assert spec.scenario("law").periods == 24
    assert len(spec.scenario("law").interventions) == 3


def test_all_problems_at_once_with_their_place() -> None:
    bad = tree(
        base="no-such-scenario",
        draws=1,
        measures={"a": [{"kind": "Nonsense"}], "b": [{"kind": "PriceFloor", "share": -1}], "peace": []},
        bundles={"x": ["a", "c"], "a": ["b", "b"]},
    )
    with pytest.raises(InputError) as caught:
        policy_from(bad, "bad.toml")
    places = {problem.place for problem in caught.value.problems}
    wanted = {"draws", "measures.a.0", "measures.b.0.share", "measures.peace", "bundles.x", "bundles.a"}
    assert wanted < places
    assert any(place.startswith("base") for place in places)


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"measures": {"a": [{"kind": "Summons", "firms": ["nobody"]}]}, "bundles": {}}, "measures.a"),
        ({"set": {"no.such.path": 1}}, "set.no.such.path"),
        ({"factors": {"x": {"path": "no.such", "values": [1]}}}, "factors.x.path"),
        ({"factors": {"x": {"path": "periods", "values": [-1, 2]}}}, "factors.x"),
    ],
)
def test_what_does_not_fit_is_refused(parts: dict[str, Any], place: str) -> None:
    with pytest.raises(InputError) as caught:
        policy_from(tree(**parts), "bad")
    assert any(problem.place.startswith(place) for problem in caught.value.problems)


def test_futures_are_common_and_reach_measures() -> None:
    spec = policy_from(tree(), "small")
    future = spec.futures[0]
    assert spec.futures == PolicySpec.model_validate(spec).futures
    ban = spec.scenario("ban", future)
    assert ban.interventions[0].model_dump()["compliance"] == future["compliance"]
    assert ban.demand == spec.scenario(PEACE, future).demand
    assert spec.digest != policy_from(tree(draws=4), "small").digest


# -- cost lines and courts --------------------------------------------------------------------


def test_lines_from_tables_are_those_that_the_model_audits() -> None:
    model = PriceWar(tiny(events=[CUT]), seed=1, collect=False)
    audited = []
    while model.running:
        model.step()
        audited.append(model.cost_lines())
    for name, line in lines_of(Trajectory.of(model)).items():
        np.testing.assert_allclose(line, [month[name] for month in audited], rtol=1e-12)


def test_flags_are_nested_as_the_lines_are() -> None:
    ledger = pair()[0].trajectory
    flags, table = below(ledger), line_table(ledger)
    assert not (flags["avc"] & ~flags["aac"]).any()
    assert not (flags["full"] & ~flags["lraic"]).any()
    assert not (flags["lraic"] & ~flags["atc"]).any()
    assert 0 < table["below.full"] <= table["below.atc"] < 1
    assert table["akzo.low"] + table["akzo.middle"] + table["akzo.high"] == pytest.approx(1.0)
    assert all(0 <= table[f"months.{line}"] <= 8 for line in LINES)


def test_only_the_imposed_loss_is_intended() -> None:
    case = Case(*pair())
    owners = case.ledger.landscape.firm_of[case.intended.any(axis=0)]
    assert set(owners) == {0}
    months = np.flatnonzero(case.intended.any(axis=1))
    assert set(months) <= {1, 2, 3}
    assert len(months)
    assert not case.followed[:, case.ledger.landscape.firm_of == 0].any()
    assert not Case(pair()[1], pair()[1]).imposed.any()


def test_error_rates_follow_from_flags() -> None:
    case = Case(*pair())
    rates = error_rates(case)
    assert set(rates) == {f"{kind}.{test}" for kind in ("missed", "false_alarm") for test in TESTS}
    cars, flags = case.ledger.orders, case.flags["aac"]
    missed = (cars * case.intended * ~flags).sum() / (cars * case.intended).sum()
    assert rates["missed.aac"] == pytest.approx(missed)
    assert rates["missed.atc"] == 0.0  # a price below production cost is below total cost
    peace = error_rates(Case(pair()[1], pair()[1]))
    assert np.isnan(peace["missed.aac"])


def test_sacrifice_and_no_sense_are_none_without_a_difference() -> None:
    case = Case(pair()[1], pair()[1])
    assert not case.sacrifice().any()
    assert not case.no_economic_sense().any()
    assert not case.as_efficient_competitor().any()
    assert case.leader_balance() == (0.0, 0.0)


# -- conduct ----------------------------------------------------------------------------------


def test_start_is_nash_and_one_owner_is_dearer() -> None:
    calibration = calibrate(tiny())
    nash, monopoly = (start_game(calibration, 0.13, conduct) for conduct in (0.0, 1.0))
    sold = calibration.on_sale
    np.testing.assert_allclose(nash.prices, calibration.landscape.start_price[sold], rtol=1e-5)
    assert monopoly.converged
    assert (monopoly.prices > nash.prices).all()


def test_conduct_is_zero_at_rest_one_at_monopoly_and_negative_in_war() -> None:
    rest = simulate(tiny(AT_REST, dynamics=OFF), 1)
    np.testing.assert_allclose(conduct_index(rest), 0.0, atol=1e-6)
    top = start_game(calibrate(rest.scenario), 0.13, 1.0).prices
    monopoly = np.tile(top, (len(rest.market), 1))
    vars(rest.tables)["run"] = rest.trajectory.but(price=monopoly)
    np.testing.assert_allclose(conduct_index(rest), 1.0, atol=1e-6)
    assert conduct_index(pair()[0])[2] < -0.2


# -- measures ---------------------------------------------------------------------------------


def test_peace_avoids_all_of_the_war_and_no_measure_none() -> None:
    war, peace = pair()
    assert war_avoided(peace, war, peace) == 1.0
    assert war_avoided(war, war, peace) == 0.0
    assert np.isnan(war_avoided(peace, peace, peace))


def test_the_one_who_cuts_is_the_same_firm_in_war_and_peace() -> None:
    match = {"kind": "Match", "follow_rate": 0.8}
    parts = {"firms.ace.strategy": match, "firms.cove.strategy": match}
    war = simulate(tiny(parts, events=[{**CUT, "firm": "cove"}]), 1)
    peace = simulate(tiny(parts), 1)
    assert (war.leader, peace.leader) == ("cove", "ace")
    others = peace.by_firm("price_change")[:, :2] @ peace.start_units[:2] / peace.start_units[:2].sum()
    assert rivals_fall(peace, "cove") == pytest.approx(-others.mean())
    assert outcomes(peace, war, peace, 0.0)["rivals_fall"] == 0.0
    assert war_avoided(peace, war, peace) == 1.0


def test_money_adds_up() -> None:
    war, peace = pair()
    found = outcomes(war, war, peace, 0.05)
    fifths = sum(found[f"pv.consumer_surplus_{group}"] for group in range(1, 6))
    assert fifths == pytest.approx(found["pv.consumer_surplus"])
    parts = (
        found["producer_surplus"] + found["petrol_profit"] + found["supplier_profit"] - found["fiscal_cost"]
    )
    assert found["welfare"] == pytest.approx(found["consumer_surplus"] + parts)
    whole = found["pv.welfare"] + found["pv.open.welfare"]
    assert found["pv.welfare_with_open"] == pytest.approx(whole)
    book = war.tables["open_orders"].groupby("book")["welfare"].sum()
    assert found["pv.open.welfare"] == pytest.approx((book["closing"] - book["opening"]) * 1.05 ** (-7 / 12))
    assert 0 < found["early_share"] < 1
    assert found["early_loss"] > 0
    assert found["protection_paid"] == 0.0
    assert found["refunds"] == pytest.approx(war.products["refunds"].sum())


# -- study ------------------------------------------------------------------------------------


def test_every_option_meets_every_future(study: PolicyStudy) -> None:
    assert study.futures == 3
    counts = study.options.groupby("option").size()
    assert set(counts.index) == {PEACE, NONE, "ban", "subsidy", "idle", "both"}
    assert (counts == 3).all()
    assert len(study.paths) == 3 * 6 * 8


def test_a_measure_that_never_binds_changes_nothing(study: PolicyStudy) -> None:
    table = wide(study, "welfare")
    assert (table["idle"] == table[NONE]).all()
    assert (table["ban"] != table[NONE]).any()


def test_summaries_agree_with_the_table(study: PolicyStudy) -> None:
    row = pick(effects(study), "subsidy", "fiscal_cost")
    change = wide(study, "fiscal_cost")
    assert row["diff"] == pytest.approx((change["subsidy"] - change[NONE]).mean())
    assert row["diff_lo"] < row["diff"] < row["diff_hi"]
    gains = payers(study).sum(axis=1)
    welfare = wide(study, "pv.welfare_with_open")
    np.testing.assert_allclose(gains["ban"], (welfare["ban"] - welfare[NONE]).mean(), rtol=1e-6)
    ranking = best(study)
    assert ranking["best"].sum() == pytest.approx(1.0)
    assert (ranking["regret_mean"] >= 0).all()
    assert "idle" not in set(ranking[ranking["best"] > 0]["option"])  # a tie goes to no measure
    paths = monthly(study)
    assert len(paths) == 6 * 8
    assert (paths[paths["option"] == NONE]["welfare_gain"] == 0).all(), "no level of welfare is told"
    assert not {"welfare", "consumer_surplus"} & set(paths)
    levels = effects(study).set_index("measure")["mean"]
    assert levels.filter(regex="consumer_surplus|welfare").isna().all()
    assert list(courts(study)["test"]) == list(TESTS)


def test_what_buyers_gain_counts_open_orders_as_welfare_does(study: PolicyStudy) -> None:
    told = buyers(study).set_index(["option", "what"])["mean"]
    by_option = {option: part.set_index("draw") for option, part in study.options.groupby("option")}
    rest = by_option[NONE]
    for option, part in by_option.items():
        counted = {
            what: part[f"pv.{name}"] + part[f"pv.open.{name}"] - rest[f"pv.{name}"] - rest[f"pv.open.{name}"]
            for what, name in (("car", "consumer_surplus"), ("5", "consumer_surplus_5"))
        }
        assert told[option, "car"] == pytest.approx((counted["car"] / rest["orders"]).mean())
        own = rest["pv.consumer_surplus_5"] + rest["pv.open.consumer_surplus_5"]
        assert told[option, "5"] == pytest.approx((100 * counted["5"] / own).mean())
        assert told[option, "money 5"] == pytest.approx(counted["5"].mean())


def test_parties_add_up_to_welfare_with_open_orders(study: PolicyStudy) -> None:
    for option in study.spec.options:
        parts = sum(party_gain(study, option, who) for who in PARTIES)
        np.testing.assert_allclose(parts, gains(study, option, RANKED), rtol=1e-9, atol=1e3)


def test_goes_on_where_it_was_and_refuses_another(study: PolicyStudy, tmp_path: Path) -> None:
    spec = policy_from(tree(draws=2), "small")
    run_policy(spec, SerialExecutor(), store=tmp_path)
    first, second = sorted((tmp_path / "chunks").glob("*.parquet"))
    kept = first.stat().st_mtime_ns
    second.unlink()
    seen = []
    again = run_policy(
        spec,
        SerialExecutor(),
        store=tmp_path,
        progress=lambda done, failed, total: seen.append((done, total)),
    )
    assert seen == [(2, 2)]
    assert again.futures == 2
    assert first.stat().st_mtime_ns == kept
    with pytest.raises(InputError, match=r"(?s)holds another.*discount"):
        run_policy(spec.but(discount=0.08), SerialExecutor(), store=tmp_path)


def test_futures_that_fail_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> Any:
        raise ArithmeticError("no luck")

    monkeypatch.setattr("pricewar.policy.study.outcomes", broken)
    with pytest.raises(ResultsError, match="no luck"):
        run_policy(policy_from(tree(draws=2), "small"), SerialExecutor(), store=tmp_path)


# -- brief and command ------------------------------------------------------------------------


def test_folders_that_the_brief_names_are_there(tmp_path: Path) -> None:
    study = run_policy(policy_from(tree(draws=2), "small"), SerialExecutor(), store=tmp_path)
    write_brief(study, tmp_path, "pricewar policy small")
    text = write_markdown(study, tmp_path / "small.md", "pricewar policy small").read_text(encoding="utf-8")
    named = re.findall(r"(\w+)/ ", text.partition("Policy file")[2])
    assert len(named) == 2
    assert all((tmp_path / name).is_dir() for name in named), named


def test_effects_are_those_of_their_study_whatever_is_done_to_the_table(study: PolicyStudy) -> None:
    one = effects(study)
    one["diff"] = 0.0
    assert (effects(study)["diff"] != 0.0).any()
    for option in ("ban", "subsidy"):  # short-lived studies may follow each other at one place in memory
        other = study.options.assign(welfare=study.options["option"] == option)
        told = effects(PolicyStudy(study.spec, other, study.paths))
        assert pick(told, option, "welfare")["diff"] == 1.0


def test_brief_has_two_pages_and_needs_no_network(study: PolicyStudy, tmp_path: Path) -> None:
    findings = write_brief(study, tmp_path, "pricewar policy small")
    assert 3 <= len(findings) <= 5
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.index(findings[0].split("'")[0]) < page.index("What was run")
    assert "pricewar policy small" in page
    assert 'src="http' not in page
    assert "href=" not in page
    pdf = (tmp_path / "brief.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert b"/Type/Pages/Count 2/" in pdf
    assert {path.stem for path in (tmp_path / "tables").glob("*.csv")} >= {"effects", "payers", "robustness"}
    text = write_markdown(study, tmp_path / "small.md", "pricewar policy small").read_text(encoding="utf-8")
    assert text.count("![") == 3  # two futures are too few for what the result rests on
    assert f"1. {findings[0]}" in text
    assert "| ban |" in text


def test_command_says_what_it_would_run_and_names_what_is_wrong(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["policy", "anti-involution", "--dry-run", "--json"])
    assert done.exit_code == 0
    plan = json.loads(done.stdout)
    assert plan["futures"] == 200
    assert plan["runs"] == 200 * (1 + len(plan["options"]))
    lost = CliRunner().invoke(app, ["policy", "no-such-file"])
    assert lost.exit_code == 2
    assert "anti-involution" in lost.output
    bad = tmp_path / "bad.toml"
    bad.write_text('base = "baseline"\nbut_for = "baseline"\n[measures]\nx = [{kind = "Nothing"}]\n')
    told = CliRunner().invoke(app, ["policy", str(bad)])
    assert told.exit_code == 2
    assert "measures.x.0" in told.output
    assert "factors" in told.output


@pytest.mark.slow
def test_processes_give_the_same_as_one_after_the_other(tmp_path: Path) -> None:
    spec = policy_from(tree(draws=2), "small")
    serial = run_policy(spec, SerialExecutor(), store=tmp_path / "serial")
    pooled = run_policy(spec, store=tmp_path / "pooled", workers=2)
    pd.testing.assert_frame_equal(pooled.options, serial.options, check_exact=True)
    pd.testing.assert_frame_equal(pooled.paths, serial.paths, check_exact=True)


def test_the_last_digits_of_a_sum_make_no_option_the_best(study: PolicyStudy) -> None:
    """An option that does nothing but rounds otherwise ties with no measure, which comes first."""
    table, name = study.options.copy(), "pv.welfare_with_open"
    nothing = table.loc[table["option"] == NONE].set_index(["draw", "seed"])[name]
    idle = table["option"] == "idle"
    places = pd.MultiIndex.from_frame(table.loc[idle, ["draw", "seed"]])
    table.loc[idle, name] = nothing.reindex(places).to_numpy() * (1.0 + 1e-13) + 1e-3
    table.loc[~table["option"].isin((NONE, "idle")), name] -= 1e15
    shares = best(PolicyStudy(study.spec, table, study.paths)).set_index("option")["best"]
    assert shares[NONE] == 1.0
    assert shares["idle"] == 0.0
