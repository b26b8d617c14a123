"""What a seed stands for: luck, parameters or both; nothing that is fixed is drawn, and seeds stay paired."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import tiny
from typer.testing import CliRunner

from pricewar.analysis.compare import compare_table, pick
from pricewar.analysis.luck import with_luck
from pricewar.base.errors import InputError, ResultsError
from pricewar.base.paths import value_at
from pricewar.cli.app import app
from pricewar.experiment.spec import as_toml
from pricewar.market.model import PriceWar
from pricewar.plots import story
from pricewar.posterior import Draw, changes_of, drawn, load_posterior, spread_of
from pricewar.posterior import spread as spread_module
from pricewar.report import write_report
from pricewar.results.store import Results, concat
from pricewar.runs import compare, run
from pricewar.scenario.files import load, merged
from pricewar.scenario.hints import hints
from pricewar.scenario.tree import Scenario, Uncertainty

CUT = {"kind": "Cut", "month": "2025-02", "firm": "bolt", "depth": 0.3}
NOISE = {"noise.firm_sd": {"ace": 0.1, "bolt": 0.2}, "noise.firm_memory": 0.3}
SAMPLE = pd.DataFrame(
    {
        "own_elasticity": [-2.5, -3.5, -4.5, -3.0, -5.5],
        "pass_through": [0.5, 0.6, 0.9, 0.7, 0.8],
        "squeeze": [0.1, 0.2, 0.3, 0.0, 0.4],
        "learning_rate": [0.02, 0.04, 0.06, 0.08, 0.1],
        "lead_level": [0.5, -0.5, 0.0, 1.0, -1.0],
    }
)
"""Nothing in it is noise, so that luck can be compared between its rows."""


def sample(folder: Path, table: pd.DataFrame = SAMPLE, name: str = "known.csv") -> str:
    table.to_csv(folder / name, index=False)
    return str(folder / name)


def small(posterior: str = "", name: str = "calm", **parts: Any) -> Scenario:
    """The small market, short, with firms' own luck."""
    whole = {"consumers.draws": 50, "periods": 4, "posterior": posterior, "name": name}
    return tiny({**NOISE, **whole, **parts})


def war(posterior: str = "", **parts: Any) -> Scenario:
    return small(posterior, "war", events=[CUT], **parts)


def tables(results: Results) -> dict[str, pd.DataFrame]:
    return {name: frame for name, frame in results.tables.items() if name != "runs"}


def same(one: Results, other: Results) -> bool:
    return all(frame.equals(other.tables[name]) for name, frame in tables(one).items())


def at(scenario: Scenario, path: str) -> Any:
    return value_at(scenario.model_dump(), path)


def values(table: pd.DataFrame, row: int) -> dict[str, float]:
    return {str(name): float(table[name].iloc[row]) for name in table}


def saved(results: Results, folder: Path) -> dict[str, bytes]:
    results.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".parquet", ".csv")}


# --- what is drawn


@pytest.mark.slow
def test_workers_write_the_bytes_of_a_serial_run(tmp_path: Path) -> None:
    known = sample(tmp_path)
    pair = [small(known), war(known)]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        spread = compare(pair, 3, executor=pool)
    serial = saved(compare(pair, 3), tmp_path / "one")
    assert serial == saved(spread, tmp_path / "two")
    assert "draws.csv" in serial


def test_luck_alone_is_what_it_was_byte_for_byte(tmp_path: Path) -> None:
    """Neither a sample that is named nor one that is fixed changes a byte of a run with luck alone."""
    known = sample(tmp_path)
    before = saved(compare([small(), war()], 2), tmp_path / "before")
    held = war(known).but({"demand.own_elasticity": at(war(), "demand.own_elasticity")})
    assert held.fixed == ("demand.own_elasticity",)
    assert saved(compare([small(known), held], 2, uncertainty="luck"), tmp_path / "after") == before
    assert small(known).digest == small().digest == small(known, fixed=("demand.**.x",)).digest


def test_run_draws_luck_unless_it_is_told(tmp_path: Path) -> None:
    known = sample(tmp_path)
    assert same(run(small(known), 2), run(small(), 2))
    assert run(small(known), 2).drawn.uncertainty == "luck"
    assert run(small(known, uncertainty="both"), 2).drawn.uncertainty == "both"
    assert run(small(known, uncertainty="both"), 2, uncertainty="luck").drawn.uncertainty == "luck"
    assert compare([small(known, uncertainty="luck")], 2).drawn.uncertainty == "luck"
    assert compare([small(known)], 2).drawn.uncertainty == "both"


def test_parameters_alone_have_one_luck_in_all_seeds(tmp_path: Path) -> None:
    scenario = small(sample(tmp_path), seed=7)
    spread = spread_of([scenario], "parameters")
    models = []
    for seed in (1, 2, 3):
        draw = spread.draw(seed)
        assert draw.luck == 7
        models.append(PriceWar(drawn(scenario, draw), seed=draw.luck))
    for model in models:
        assert np.array_equal(model._market_luck, models[0]._market_luck)
        assert np.array_equal(model._taste_luck, models[0]._taste_luck)
    results = run(scenario, 3, uncertainty="parameters")
    assert results.market.groupby("seed")["units"].sum().nunique() == 3


def test_parameters_alone_with_one_row_are_one_run_for_all_seeds(tmp_path: Path) -> None:
    scenario = small(sample(tmp_path, SAMPLE.iloc[:1]), seed=7)
    results = run(scenario, 3, uncertainty="parameters")
    assert results.seeds == (1, 2, 3)
    first, *rest = (part.drop(columns="seed").to_numpy() for _, part in results.market.groupby("seed"))
    assert all(np.array_equal(first[:, 3:].astype(float), other[:, 3:].astype(float)) for other in rest)


def test_both_with_one_row_is_luck_on_the_scenario_changed_by_hand(tmp_path: Path) -> None:
    row = SAMPLE.iloc[:1]
    plain = small()
    by_hand = plain.but(changes_of(plain, values(row, 0)))
    assert at(by_hand, "demand.own_elasticity") == -2.5
    assert same(compare([small(sample(tmp_path, row))], 3), compare([by_hand], 3))


def test_the_scenario_of_a_draw_has_its_values_and_nothing_left_to_draw(tmp_path: Path) -> None:
    scenario = small(sample(tmp_path)).but({"campaigns.on": True}, fixed=())
    before = at(scenario, "campaigns.rule.lead_usual")
    made = drawn(scenario, spread_of([scenario], "both").draw(1))
    assert (at(made, "demand.own_elasticity"), made.market.pass_through, made.supply_chain.squeeze) == (
        -3.5,
        0.6,
        0.2,
    )
    assert at(made, "campaigns.rule.lead_usual") == before - 0.5
    assert (made.posterior, made.fixed) == ("", ())
    assert drawn(scenario, Draw(1)) is scenario


def test_rows_come_once_before_any_comes_twice(tmp_path: Path) -> None:
    posterior = load_posterior(sample(tmp_path))
    assert [posterior.row(seed) for seed in range(10)] == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    assert posterior.values(1)["own_elasticity"] == posterior.values(6)["own_elasticity"] == -3.5


def test_seeds_are_paired_in_all_scenarios(tmp_path: Path) -> None:
    known = sample(tmp_path)
    results = compare([small(known), war(known)], [3, 4, 9])
    rows = results.runs.pivot(index="seed", columns="scenario", values="draw")
    assert rows["calm"].tolist() == rows["war"].tolist() == [3, 4, 4]
    told = results.drawn.draws.set_index("seed")
    assert told.loc[3, "own_elasticity"] == -3.0
    assert told["draw"].tolist() == [3, 4, 4]
    alike = compare([small(known), small(known, "twin")], 3)
    assert (compare_table(alike)["diff"].fillna(0.0) == 0.0).all()


def test_a_draw_that_does_not_fit_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def misfit(scenario: Scenario, values: Mapping[str, float]) -> dict[str, Any]:
        return {"market.pass_through": 7.0} if values["squeeze"] == 0.2 else {}

    monkeypatch.setattr(spread_module, "changes_of", misfit)
    results = compare([small(sample(tmp_path), "misfit")], 2)
    assert results.runs["status"].tolist() == ["failed", "ok"]
    assert "pass_through" in results.runs["error"].iloc[0]
    assert results.runs["draw"].tolist() == [1, 2]


# --- what is fixed is not drawn


def test_what_a_user_changes_is_not_drawn(tmp_path: Path) -> None:
    scenario = small(sample(tmp_path)).but({"demand.own_elasticity": -3.3})
    made = drawn(scenario, spread_of([scenario], "both").draw(1))
    assert at(made, "demand.own_elasticity") == -3.3
    assert made.market.pass_through == 0.6


@pytest.mark.parametrize(
    ("change", "value"),
    [("demand", None), ("dem*.own_*", -3.3), ("**.own_elasticity", -3.3), ("demand.own_elasticity", -3.3)],
)
def test_parts_and_patterns_are_fixed_too(tmp_path: Path, change: str, value: Any) -> None:
    plain = small(sample(tmp_path))
    scenario = plain.but({change: plain.demand.model_dump() if value is None else value})
    made = drawn(scenario, spread_of([scenario], "both").draw(1))
    assert at(made, "demand.own_elasticity") == at(scenario, "demand.own_elasticity")
    assert made.market.pass_through == 0.6


def test_changes_that_hold_no_parameter_fix_nothing(tmp_path: Path) -> None:
    assert small(sample(tmp_path)).but(periods=3, name="x", events=[CUT]).fixed == ()
    assert small().but({"demand.own_elasticity": -3.3}).fixed == ()


def bare(tree: Any) -> Any:
    """A tree without what is none: TOML has no word for it."""
    if isinstance(tree, dict):
        return {key: bare(value) for key, value in tree.items() if value is not None}
    return [bare(value) for value in tree] if isinstance(tree, list) else tree


def files(folder: Path, **texts: str) -> dict[str, Path]:
    """Files of scenarios; `base` is the small market as it is with its sample beside it."""
    tree = bare(small().model_dump(mode="json") | {"posterior": "known.csv"})
    sample(folder)
    text = "".join(f"{key} = {as_toml(value)}\n" for key, value in tree.items())
    (folder / "base.toml").write_text(text, encoding="utf-8")
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.toml" for name in ("base", *texts)}


def test_a_file_fixes_what_it_changes_in_the_market_that_it_extends(tmp_path: Path) -> None:
    text = 'extends = "base"\nfixed = ["dynamics.learning.rate"]\nsupply_chain.squeeze = 0.35\nperiods = 3\n'
    more = 'extends = "change"\nmarket.pass_through = 0.75\n'
    anew = 'extends = "more"\nposterior = "known.csv"\ndemand.own_elasticity = -3.3\n'
    found = files(tmp_path, change=text, more=more, anew=anew)
    loaded = {name: load(path) for name, path in found.items()}
    assert loaded["base"].fixed == ()
    assert set(loaded["change"].fixed) == {"supply_chain.squeeze", "dynamics.learning.rate"}
    assert set(loaded["more"].fixed) == {*loaded["change"].fixed, "market.pass_through"}
    assert loaded["anew"].fixed == ()
    made = drawn(loaded["more"], spread_of([loaded["more"]], "both").draw(1))
    assert (made.supply_chain.squeeze, made.market.pass_through) == (0.35, 0.75)
    assert made.dynamics.learning.rate == loaded["base"].dynamics.learning.rate
    assert at(made, "demand.own_elasticity") == -3.5


def test_a_file_that_names_data_describes_the_market(tmp_path: Path) -> None:
    """A sample beside the data set's own scenario.toml; what the file states with its data is drawn."""
    sample(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "data_set.toml").write_text('extends = "china_nev_2025_04"\n', encoding="utf-8")
    (tmp_path / "mine" / "scenario.toml").write_text('posterior = "own.csv"\n', encoding="utf-8")
    sample(tmp_path / "mine", name="own.csv")
    base = tmp_path / "base.toml"
    base.write_text(f"data = '{tmp_path / 'mine'}'\nmarket.pass_through = 0.7\n", encoding="utf-8")
    change = tmp_path / "change.toml"
    change.write_text('extends = "base"\ndemand.own_elasticity = -3.3\n', encoding="utf-8")
    trees = [merged(path) for path in (base, change)]
    assert [tree["posterior"] for tree in trees] == [str(tmp_path / "mine" / "own.csv")] * 2
    assert [tree.get("fixed") for tree in trees] == [None, ["demand.own_elasticity"]]


def test_a_tree_that_was_kept_is_drawn_as_before(tmp_path: Path) -> None:
    scenario = small(sample(tmp_path)).but({"demand.own_elasticity": -3.3})
    kept = compare([scenario], 2)
    again = load(json.loads(json.dumps(kept.inputs["calm"])))
    assert again == scenario
    assert same(kept, compare([again], 2))


def test_a_fixed_path_that_leads_nowhere_is_a_hint() -> None:
    told = list(hints(small(fixed=("demand.own_elastcity", "demand.own_elasticity"))))
    assert [line for line in told if line.startswith("fixed")] == [
        "fixed: demand.own_elastcity leads to no parameter, so it fixes nothing"
    ]


# --- what is not known, and what is wrong


@pytest.mark.parametrize("asked", ["parameters", "both"])
def test_without_a_sample_seeds_hold_luck_alone_and_it_is_said(asked: Uncertainty) -> None:
    spread = spread_of([small()], asked)
    assert (spread.uncertainty, spread.asked) == ("luck", asked)
    assert spread.note == "calm names no sample of its parameters (posterior): seeds hold luck alone"
    assert not spread_of([small()], "luck").note
    results = compare([small()], 2, uncertainty=asked)
    assert same(results, compare([small()], 2, uncertainty="luck"))
    assert set(results.runs["uncertainty"]) == {"luck"}
    assert set(results.runs["draw"]) == {-1}
    assert results.drawn.uncertainty == "luck"


@pytest.mark.parametrize("other", ["", "other.csv"])
def test_scenarios_of_different_samples_are_refused(tmp_path: Path, other: str) -> None:
    known = sample(tmp_path)
    second = sample(tmp_path, SAMPLE.iloc[:3], other) if other else ""
    with pytest.raises(InputError) as caught:
        compare([small(known), war(second)], 1)
    assert str(caught.value).startswith("scenarios calm, war:")
    assert [problem.place for problem in caught.value.problems] == ["posterior"]
    assert known in str(caught.value)
    assert "one sample" in str(caught.value)
    compare([small(known), war(second)], 1, uncertainty="luck")


def test_scenarios_that_state_different_things_to_draw_are_refused(tmp_path: Path) -> None:
    known = sample(tmp_path)
    pair = [small(known, uncertainty="luck"), war(known, uncertainty="both")]
    with pytest.raises(InputError, match="uncertainty: found calm: luck; war: both"):
        compare(pair, 1)
    assert compare(pair, 1, uncertainty="both").drawn.uncertainty == "both"


def test_what_is_no_kind_of_uncertainty_is_refused() -> None:
    with pytest.raises(InputError, match="luck, parameters, both"):
        compare([small()], 1, uncertainty="all")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="uncertainty"):
        small(uncertainty="all")


WRONG = {
    "no such parameter": (SAMPLE.rename(columns={"squeeze": "squish"}), "squish"),
    "out of range": (SAMPLE.assign(squeeze=[0.1, 0.2, 0.7, 0.1, 0.1]), "squeeze, row 3"),
    "no number": (SAMPLE.assign(squeeze=["0.1", "much", "0.1", "0.1", "0.1"]), "squeeze, row 2"),
    "no rows": (SAMPLE.iloc[:0], "(rows)"),
}


@pytest.mark.parametrize("command", ["compare", "check"])
@pytest.mark.parametrize("case", [*WRONG, "missing"])
def test_a_wrong_sample_is_told_with_its_place(tmp_path: Path, command: str, case: str) -> None:
    path = files(tmp_path)["base"]
    place = "known.csv"
    if case == "missing":
        (tmp_path / "known.csv").unlink()
    else:
        table, place = WRONG[case]
        sample(tmp_path, table)
    options = ["--out", str(tmp_path / "out"), "--quiet"] if command == "compare" else []
    told = CliRunner().invoke(app, [command, str(path), *options])
    code = told.exit_code
    text = told.output + (str(told.exception) if isinstance(told.exception, InputError) else "")
    assert code == 2 or isinstance(told.exception, InputError)
    assert all(part in text for part in (place, "posterior", "known.csv"))
    assert not (tmp_path / "out").exists()


# --- what is told


def test_results_keep_what_was_drawn(tmp_path: Path) -> None:
    known = sample(tmp_path)
    made = compare([small(known), war(known)], 3)
    made = with_luck(made, compare([small(known), war(known)], 3, uncertainty="luck"))
    read = Results.load(made.save(tmp_path / "out"))
    posterior = load_posterior(known)
    assert (read.drawn.uncertainty, read.drawn.posterior, read.drawn.digest) == (
        "both",
        "known",
        posterior.digest,
    )
    pd.testing.assert_frame_equal(read.drawn.draws, made.drawn.draws)
    pd.testing.assert_frame_equal(read.drawn.luck, made.drawn.luck, check_dtype=False)
    assert saved(read, tmp_path / "again") == saved(made, tmp_path / "out")
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert set(record["drawn"]["sha256"]) == {"draws.csv", "luck.csv"}
    (tmp_path / "out" / "draws.csv").write_text("seed\n1\n")
    with pytest.raises(ResultsError, match="exchanged"):
        Results.load(tmp_path / "out")


def test_the_digest_of_runs_names_the_sample_and_what_is_fixed(tmp_path: Path) -> None:
    known, other = sample(tmp_path), sample(tmp_path, SAMPLE.iloc[:3], "other.csv")
    plain = small(known)
    runs = [
        compare([plain], 1, uncertainty="luck"), compare([plain], 1), compare([small(other)], 1),
        run(plain, 1, uncertainty="parameters"), compare([plain.but(fixed=("demand.own_elasticity",))], 1),
    ]  # fmt: skip
    digests = [results.runs["digest"].iloc[0] for results in runs]
    assert digests[0] == plain.digest
    assert len(set(digests)) == len(digests)


def test_results_of_before_hold_luck_alone(tmp_path: Path) -> None:
    folder = run(small(), 2).save(tmp_path / "out")
    record = json.loads((folder / "run.json").read_text())
    assert "drawn" not in record
    loaded = Results.load(folder)
    older = loaded.runs.drop(columns=["uncertainty", "draw"])
    again = loaded.but(runs=older)
    assert set(again.runs["uncertainty"]) == {"luck"}
    assert set(again.runs["draw"]) == {-1}
    assert again.drawn.of_what == "luck alone, not of the parameters"


def test_results_whose_seeds_stand_for_different_things_are_not_one(tmp_path: Path) -> None:
    known = sample(tmp_path)
    both = [compare([small(known)], seeds) for seeds in ([1], [2])]
    assert concat(both).drawn.draws["seed"].tolist() == [1, 2]
    with pytest.raises(ResultsError, match="luck and both"):
        concat([run(small(known), [3]), both[0]])


WORDS = {
    "luck": "of luck alone, not of the parameters",
    "parameters": "of the parameters alone, not of luck",
    "both": "of luck and parameters",
}


@pytest.mark.parametrize("asked", list(WORDS))
def test_a_report_names_what_its_intervals_are_of(tmp_path: Path, asked: Uncertainty) -> None:
    known = sample(tmp_path)
    results = compare([small(known), war(known)], 2, uncertainty=asked)
    page = write_report(results, tmp_path, drawings=[]).read_text(encoding="utf-8")
    assert WORDS[asked] in page
    assert not any(words in page for name, words in WORDS.items() if name != asked)
    assert ("digest" in page.split('id="method"')[1].split("Totals are")[0]) == (asked != "luck")
    bands = {"luck": "luck alone", "parameters": "parameters alone", "both": "luck and parameters"}
    assert story(results).bands.endswith(f"of {bands[asked]}")


def test_compare_tells_luck_alone_and_both(tmp_path: Path) -> None:
    text = f'extends = "base"\nname = "war"\nevents = [{as_toml(CUT)}]\n'
    found = files(tmp_path, war=text)
    out = tmp_path / "out"
    command = ["compare", str(found["base"]), str(found["war"]), "--seeds", "2", "--out", str(out)]
    told = CliRunner().invoke(app, command)
    assert told.exit_code == 0, told.output
    assert "of luck and parameters" in told.output
    assert "luck alone" in told.output
    results = Results.load(out)
    base, other = load(found["base"]), load(found["war"])
    alone = compare_table(compare([base, other], 2, uncertainty="luck"))
    row = ("war", "market", "mean_price", "total")
    numbers = [pick(table, *row) for table in (results.drawn.luck, alone)]
    assert numbers[0] == numbers[1]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "How sure: war, difference from calm" in page
    again = CliRunner().invoke(app, ["report", str(out), "--json"])
    tree = json.loads(again.stdout)
    assert (tree["uncertainty"], tree["posterior"]) == ("both", "known")
    assert tree["scenarios"]["war"]["luck_alone"]["mean_price"]["diff"] == numbers[0].diff
    assert (out / "report.html").read_text(encoding="utf-8") == page
    other_way = CliRunner().invoke(app, ["report", str(out), "--json", "--baseline", "war"])
    assert "luck_alone" not in json.loads(other_way.stdout)["scenarios"]["calm"]


def test_a_set_on_the_command_line_wins_over_the_draw(tmp_path: Path) -> None:
    path = files(tmp_path)["base"]
    out = tmp_path / "out"
    options = ["--set", "demand.own_elasticity=-3.3", "--seeds", "2", "--out", str(out), "--quiet"]
    told = CliRunner().invoke(app, ["run", str(path), "--uncertainty", "both", *options])
    assert told.exit_code == 0, told.output
    read = Results.load(out)
    assert "--uncertainty both" in read.command
    row = SAMPLE.iloc[:3].drop(columns="own_elasticity")
    by_hand = [
        run(small().but({"demand.own_elasticity": -3.3, **changes_of(small(), values(row, seed))}), [seed])
        for seed in (1, 2)
    ]
    assert read.market.equals(concat(by_hand).market)


def test_the_command_line_says_where_no_sample_is_known(tmp_path: Path) -> None:
    path = files(tmp_path)["base"]
    path.write_text(path.read_text(encoding="utf-8").replace("known.csv", ""), encoding="utf-8")
    told = CliRunner().invoke(app, ["compare", str(path), "--out", str(tmp_path / "out")])
    assert "calm names no sample of its parameters (posterior): seeds hold luck alone" in told.output
    wrong = CliRunner().invoke(app, ["compare", str(path), "--uncertainty", "all"])
    assert wrong.exit_code == 2
    assert "parameters" in wrong.output
