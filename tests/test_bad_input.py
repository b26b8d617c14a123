"""Bad input by kind: what the words say, that all problems come at once, that nothing hangs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from conftest import tiny, tiny_tree
from fuzz_corpus import command

from pricewar import load, load_experiment, run
from pricewar.base.errors import InputError, bad_input, printable, shown
from pricewar.base.paths import matches
from pricewar.cli.check import checked
from pricewar.experiment.checks import RESERVED
from pricewar.experiment.design import (
    Fractional,
    Grid,
    LatinHypercube,
    Morris,
    OneAtATime,
    Saltelli,
    SobolSequence,
)
from pricewar.experiment.factors import Factor
from pricewar.experiment.files import experiment_from
from pricewar.experiment.metrics import Run
from pricewar.experiment.work import simulate
from pricewar.files.toml_text import DEEPEST, out_of_bounds, parse
from pricewar.policy import load_policy, shipped_policies
from pricewar.policy.files import RESERVED as OF_POLICIES
from pricewar.policy.measures import outcomes
from pricewar.runs import MOST_SEEDS, seed_list

FACTOR = {"e": {"path": "demand.own_elasticity", "values": [-3.0, -4.0]}}


def experiment(**parts: Any) -> Any:
    return experiment_from({"name": "x", "base": tiny(periods=2), "factors": FACTOR, **parts}, "x.toml")


def problems(**parts: Any) -> dict[str, str]:
    """Place -> what is found and allowed, of an experiment that is refused."""
    with pytest.raises(InputError) as caught:
        experiment(**parts)
    return {p.place: f"{p.found}; {p.allowed}" for p in caught.value.problems}


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "below", ["periods = \n", "edition = 99\n", 'data = "nowhere"\n', 'extends = "lost"\n', "x = 9e\n"]
)
def test_an_error_in_an_extended_file_names_both(tmp_path: Path, below: str) -> None:
    (tmp_path / "base.toml").write_text(below)
    (tmp_path / "middle.toml").write_text('extends = "base.toml"\n')
    given = tmp_path / "given.toml"
    given.write_text('extends = "middle.toml"\n')
    with pytest.raises(InputError) as caught:
        load(given)
    assert caught.value.source == str(given)
    assert all(p.place.startswith(f"extends {tmp_path / 'base.toml'}, ") for p in caught.value.problems)


def test_integers_and_nesting_are_bounded_with_their_places() -> None:
    tree = parse(f"a = {2**63 - 1}\nb = [1, {2**63}]\nc.d = 0x{'f' * 5000}\ne = -{2**63}\n")
    assert sorted(p.place for p in out_of_bounds(tree)) == ["b.1", "c.d", "e"]
    fine: Any = 1
    for _ in range(DEEPEST):
        fine = {"x": fine}
    assert not list(out_of_bounds(fine))
    assert len(list(out_of_bounds({"x": fine}))) == 1


@pytest.mark.parametrize(
    "text", ["x = [" * 1000, f"{'a.' * 20_000}a = 1", f"x = {'9' * 5000}", "x = {a = " * 3000]
)
def test_a_text_that_the_parser_cannot_follow_is_a_value_error_at_once(text: str) -> None:
    begin = time.process_time()
    with pytest.raises(ValueError, match=r"nested too deep|Exceeds the limit|Invalid|Unclosed|Expected"):
        parse(text)
    assert time.process_time() - begin < 30, "the parser alone takes minutes for a key of 100,000 parts"


def test_a_message_is_short_and_can_be_made_of_anything() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError

    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (Odd(), 10**5000, deep, "x" * 10**6, b"\xff", {1: Odd()}):
        text = str(bad_input("file" * 1000, ("place" * 1000, value, "less")))
        assert len(text) < 1000
        assert len(shown(value)) <= 300


@pytest.mark.parametrize("seed", [2**63, -1, 2**64])
def test_seeds_are_those_that_a_table_holds(seed: int) -> None:
    with pytest.raises(InputError, match="seed"):
        tiny(seed=seed)
    with pytest.raises(InputError, match="seeds"):
        run(tiny(periods=1), [seed])
    assert run(tiny(periods=1, seed=2**63 - 1)).require_complete().seeds == (2**63 - 1,)


def test_seeds_are_counted_before_they_are_listed() -> None:
    with pytest.raises(InputError, match=f"{MOST_SEEDS:,}"):
        seed_list(10**12, tiny())
    for words in (
        ["--seeds", str(10**9)],
        ["--seed", str(2**64)],
        ["--seeds", "2", "--seed", str(2**63 - 1)],
    ):
        assert command(["run", "textbook-duopoly", *words])[0] == 2


@pytest.mark.parametrize("month", ["２０２５-05", "2025-０5", "٢٠٢٥-05", "9999-12", "0999-01"])
def test_months_are_written_in_plain_digits(month: str) -> None:
    with pytest.raises(InputError, match="start"):
        tiny(start=month)


@pytest.mark.parametrize("part", ["²", "２", "٢", "9" * 5000])
def test_places_in_lists_are_plain_digits(part: str) -> None:
    with pytest.raises(InputError, match="no such field"):
        tiny(events=[{"kind": "Exit", "month": "2025-03", "firm": "ace"}]).but(
            {f"events.{part}.firm": "bolt"}
        )


@pytest.mark.parametrize(
    "words", [["--focus", "zz"], ["--set", "firms.left.strategy=.x:y"], ["--set", f"periods={2**70}"]]
)
def test_options_that_mean_nothing_are_refused(words: list[str], tmp_path: Path) -> None:
    code, said = command(["run", "textbook-duopoly", "--out", str(tmp_path / "out"), *words])
    assert code == 2
    assert "allowed: " in said
    assert not (tmp_path / "out").exists()


def test_out_that_no_folder_can_have_is_refused() -> None:
    for name in ("x" * 5000, "a\0b"):
        assert command(["run", "textbook-duopoly", "--out", name])[0] == 2


def test_rows_that_are_made_are_bounded_however_they_are_asked_for() -> None:
    with pytest.raises(InputError, match=r"consumers\.weight: found 1e-09; allowed: at least 0\.01"):
        tiny({"consumers.weight": 1e-9})
    assert tiny({"consumers.weight": 0.01}).consumers.weight == 0.01


@pytest.mark.parametrize("name", ["a.b", "*", "", " ", "x\u202ey", "x\x1b", "x" * 300])
def test_an_id_can_be_named_in_a_path_and_printed(name: str) -> None:
    tree = tiny_tree()
    tree["products"][name] = {**tree["products"]["ace-small"], "name": "New"}
    tree["firms"][name] = {**tree["firms"]["ace"], "name": "New"}
    with pytest.raises(InputError) as caught:
        load(tree)
    assert {p.place for p in caught.value.problems} >= {"firms", "products"}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"events": [{"kind": "Cut", "month": "2025-02", "firm": "ace", "amount": 1e9}]}, "events.0"),
        (
            {
                "events": [
                    {"kind": "CampaignCut", "month": "2025-02", "firm": "ace", "cuts": {"bolt-suv": 1.0}}
                ]
            },
            "events.0",
        ),
        (
            {"firms.ace.strategy": {"kind": "Scripted", "table": {"2025-02": {"bolt-suv": 0.1}}}},
            "firms.ace.strategy.table",
        ),
        (
            {"firms.ace.strategy": {"kind": "PerSegment", "rules": {"Z": "Hold"}}},
            "firms.ace.strategy.rules.Z",
        ),
        (
            {"firms.ace.strategy": {"kind": "Match", "base": {"kind": "PerSegment", "rules": {"Z": "Hold"}}}},
            "firms.ace.strategy.base.rules.Z",
        ),
    ],
)
def test_check_refuses_what_a_run_would_refuse(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(InputError) as caught:
        tiny(changes)
    assert caught.value.problems[0].place.startswith(place)


# -- what is printed -------------------------------------------------------------------------------


def test_what_steers_a_terminal_is_written_out() -> None:
    steer = "\x1b[31m \x9b31m \x07 \r \x7f \u202e \u2066 \u200b \ufeff \u2028 \ud800 \U000e0041"
    assert printable(steer).isascii()
    assert printable("\x1b\x9b\u202e") == "\\u001b\\u009b\\u202e"
    harmless = "Zeile\n\tBYD 比亚迪 é 🚗 ²"
    assert printable(harmless) == harmless


def test_no_word_of_a_file_reaches_the_terminal_raw(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(
        'extends = "textbook-duopoly"\ntitle = "t"\n"k\\u001b[2J" = "v\\u009b\\u202e"\n', encoding="utf-8"
    )
    code, said = command(["check", str(file)])
    assert code == 2
    assert "\\u001b[2J" in said
    assert not {"\x1b", "\x9b", "\u202e"}.intersection(said)


# -- experiments and policies ----------------------------------------------------------------------


@pytest.mark.parametrize("name", [*sorted(RESERVED), "welfare", "war_index_max", "diff.welfare"])
def test_a_factor_has_no_name_of_another_column(name: str) -> None:
    found = problems(factors={name: FACTOR["e"]}, but_for=tiny(periods=2, name="other"))
    assert f"factors.{name}" in found


def test_the_reserved_names_are_the_columns_of_a_table_of_runs() -> None:
    from pricewar.experiment.store import schema_of

    made = experiment()
    assert set(schema_of(made).names) == RESERVED | set(made.factors) | set(made.columns)


def test_the_reserved_names_of_policies_are_the_columns_of_its_table() -> None:
    base = tiny(periods=2)
    done: Run = simulate(base, 1)
    plain = {name for name in outcomes(done, done, done, 0.05) if "." not in name}
    assert plain | {"draw", "seed", "option"} == OF_POLICIES


def test_a_policy_s_factor_has_no_name_of_a_measure(tmp_path: Path) -> None:
    text = shipped_policies()["anti-involution"].read_text(encoding="utf-8")
    first = next(line for line in text.splitlines() if line.startswith("[factors."))
    file = tmp_path / "p.toml"
    file.write_text(text.replace(first, "[factors.orders]"), encoding="utf-8")
    with pytest.raises(InputError, match=r"factors\.orders: found the name of a column"):
        load_policy(file)


def test_ten_factors_of_ten_values_are_counted_and_not_built() -> None:
    many = {f"f{k}": {"path": "noise.taste_sd", "values": [i / 10 for i in range(10)]} for k in range(10)}
    found = problems(factors=many)
    assert found["design"].startswith("10,000,000,000 points")


@pytest.mark.parametrize(
    "design",
    [
        Grid(),
        OneAtATime(),
        LatinHypercube(points=7),
        SobolSequence(points=8),
        Saltelli(base=4),
        Morris(trajectories=3),
        Fractional(),
    ],
)
@pytest.mark.parametrize("many", [1, 2, 3, 5])
def test_a_design_has_as_many_points_as_it_counts(design: Any, many: int) -> None:
    factors = {f"f{k}": Factor(path="x", values=tuple(range(2 + k % 2))) for k in range(many)}
    assert design.count(factors) == len(design.quantiles(factors))


@pytest.mark.parametrize(
    ("cell", "words"),
    [("hello", "'hello'"), ("inf", "inf"), ("-99", "-99"), ("1.0", "1"), ("true", "'true'")],
)
def test_cells_of_a_design_are_checked_before_anything_runs(tmp_path: Path, cell: str, words: str) -> None:
    (tmp_path / "d.csv").write_text(f"e\n-3.0\n-4.0\n{cell}\n")
    (tmp_path / "x.toml").write_text(
        'base = "textbook-duopoly"\n[factors.e]\npath = "demand.own_elasticity"\nvalues = [-3.0]\n'
        '[design]\nkind = "csv"\nfile = "d.csv"\n'
    )
    with pytest.raises(InputError) as caught:
        load_experiment(tmp_path / "x.toml")
    told = [p for p in caught.value.problems if p.place == "design.file, row 3, e"]
    assert told
    assert words in told[0].found


def test_of_many_cells_the_worst_is_found(tmp_path: Path) -> None:
    rows = [f"{-3.0 - k / 1e4}" for k in range(5000)]
    rows[1234] = "-99.0"
    (tmp_path / "d.csv").write_text("e\n" + "\n".join(rows) + "\n")
    found = problems(design={"kind": "csv", "file": str(tmp_path / "d.csv")})
    assert "design.file, row 1235, e" in found


def test_small_is_looked_at_whether_or_not_it_is_used(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text('base = "textbook-duopoly"\nsmall = 3\n[factors.e]\npath = "periods"\nvalues = [2]\n')
    with pytest.raises(InputError, match="small: found 3"):
        load_experiment(file)


def test_a_value_must_fit_the_but_for_scenario_too() -> None:
    other = tiny({"firms.ace.strategy": {"kind": "CostPlus", "max_rise": 1.0}}, periods=2, name="other")
    base = tiny({"firms.ace.strategy": {"kind": "CostPlus", "max_rise": 0.0}}, periods=2)
    factors = {"x": {"path": "firms.ace.strategy.**.max_rise", "apply": "scale", "values": [-1.0]}}
    assert "factors.x.values.0" in problems(base=base, but_for=other, factors=factors)


@pytest.mark.parametrize("pattern", ["**", "firms.**", "**.**", "a." * 2000 + "a"])
def test_two_stars_are_followed_by_a_name(pattern: str) -> None:
    assert not list(matches(tiny().model_dump(), pattern))
    assert "factors.e.path" in problems(factors={"e": {"path": pattern, "values": [1.0]}})


def test_check_knows_an_experiment_and_a_policy(tmp_path: Path) -> None:
    assert "experiment on byd-one-third: 4 factors" in checked("01")
    assert "policy study of byd-one-third" in checked(str(shipped_policies()["anti-involution"]))
    file = tmp_path / "x.toml"
    file.write_text('base = "textbook-duopoly"\nmetrics = ["nix"]\n[factors.e]\npath = "nix"\nvalues = [2]\n')
    code, said = command(["check", str(file)])
    assert code == 2
    assert "factors.e.path: found 'nix'" in said
    assert "metrics.0: found 'nix'" in said
    assert "firms: found nothing" not in said
    file.write_text(
        file.read_text().replace("nix", "welfare", 1).replace('"nix"', '"periods"') + "[small]\nseed = -1\n"
    )
    assert command(["check", str(file)])[0] == 2, "the small version is checked too"
