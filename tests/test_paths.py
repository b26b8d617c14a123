"""Patterns mean the same everywhere: in `Scenario.but`, in `--set`, in sweeps."""

from __future__ import annotations

import fnmatch
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import tiny
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pricewar.base.errors import InputError
from pricewar.base.paths import change, matches, value_at
from pricewar.cli.app import app
from pricewar.experiment import Experiment
from pricewar.scenario.files import load

CUTS = [
    {"kind": "Cut", "month": "2025-02", "firm": "bolt", "depth": 0.3},
    {"kind": "Exit", "month": "2025-06", "firm": "cove"},
    {"kind": "Cut", "month": "2025-04", "firm": "ace", "depth": 0.1},
]
SETTING = tiny(events=CUTS)
KEYS = st.text("ab_*.", min_size=1, max_size=4).filter(lambda key: "." not in key)

CASES: dict[str, set[str]] = {
    "firms.*.cash": {"firms.ace.cash", "firms.bolt.cash", "firms.cove.cash"},
    "firms.*.strategy.follow_rate": {"firms.ace.strategy.follow_rate"},
    "**.pass_through": {
        "market.pass_through", "firms.ace.strategy.base.pass_through",
    },
    "products.ace-*.promotion": {"products.ace-small.promotion", "products.ace-large.promotion"},
    "products.*-small.promotion": {
        "products.ace-small.promotion", "products.bolt-small.promotion",
    },
    "events.Cut.depth": {"events.0.depth", "events.2.depth"},
    "events.*.month": {"events.0.month", "events.1.month", "events.2.month"},
}  # fmt: skip


@pytest.mark.parametrize("pattern", CASES)
def test_a_pattern_changes_all_that_it_means_and_nothing_else(pattern: str) -> None:
    """What `but` did is what differs between the trees, leaf by leaf."""
    value: Any = "2025-03" if pattern.endswith("month") else 0.0625
    before, after = (part.model_dump() for part in (SETTING, SETTING.but({pattern: value})))
    changed = {path for path, held in leaves(before).items() if leaves(after)[path] != held}
    assert leaves(before).keys() == leaves(after).keys()
    expected = CASES[pattern]
    assert changed <= expected
    assert all(value_at(after, path) == value for path in expected)
    assert changed == {path for path in expected if value_at(before, path) != value}


def leaves(node: Any, place: str = "") -> dict[str, Any]:
    if isinstance(node, dict):
        pairs = [(str(key), child) for key, child in node.items()]
    elif isinstance(node, (list, tuple)):
        pairs = [(str(k), child) for k, child in enumerate(node)]
    else:
        return {place: node}
    return {p: v for key, child in pairs for p, v in leaves(child, f"{place}.{key}".lstrip(".")).items()}


SWEPT = ("firms.*.cash", "products.b*.appeal", "events.Cut.depth", "**.follow_rate")


@pytest.mark.parametrize("pattern", SWEPT)
def test_a_sweep_and_but_change_the_same(pattern: str) -> None:
    swept = Experiment.model_validate(
        {
            "name": "x", "base": SETTING, "metrics": ["welfare"], "replicates": 1,
            "factors": {"f": {"path": pattern, "values": [0.125, 0.25]}}, "design": {"kind": "grid"},
        }
    )  # fmt: skip
    assert len(swept) == 2
    for run, value in enumerate((0.125, 0.25)):
        assert SETTING.but(swept.item(run).changes).digest == SETTING.but({pattern: value}).digest


def test_all_patterns_that_match_nothing_are_named_at_once() -> None:
    with pytest.raises(InputError) as refused:
        SETTING.but(
            {"firms.*.csh": 1, "products.nio_*.promotion": 0, "events.Launch.month": "2025-03", "x.y": 1}
        )
    said = {problem.place: problem.found for problem in refused.value.problems}
    assert set(said) == {"firms.*.csh", "products.nio_*.promotion", "events.Launch.month", "x.y"}
    assert said["firms.*.csh"] == "a pattern that matches nothing"
    assert said["x.y"] == "no such field"


def test_a_value_that_is_not_allowed_is_told_for_each_place() -> None:
    with pytest.raises(InputError) as refused:
        SETTING.but({"firms.*.strategy.follow_rate": -1, "products.*-small.list_price": "much"})
    places = {problem.place for problem in refused.value.problems}
    assert {"products.ace-small.list_price", "products.bolt-small.list_price"} <= places


def test_changes_are_made_in_the_order_given_and_kinds_first() -> None:
    held = SETTING.but({"firms.*.cash": 1e9, "firms.bolt.cash": 2e9})
    assert [firm.cash for firm in held.firms.values()] == [1e9, 2e9, 1e9]
    over = SETTING.but({"firms.bolt.cash": 2e9, "firms.*.cash": 1e9})
    assert [firm.cash for firm in over.firms.values()] == [1e9, 1e9, 1e9]
    rules = SETTING.but({"firms.*.strategy.follow_rate": 0.25, "firms.*.strategy.kind": "Match"})
    assert [firm.strategy.model_dump()["follow_rate"] for firm in rules.firms.values()] == [0.25] * 3


def test_values_are_copied_to_each_place() -> None:
    held = SETTING.but({"firms.*.strategy": {"kind": "Hold"}})
    assert {firm.strategy.kind for firm in held.firms.values()} == {"Hold"}
    assert held.but({"firms.ace.strategy": {"kind": "CostPlus"}}).firms["bolt"].strategy.kind == "Hold"


def test_the_command_line_takes_patterns(tmp_path: Path) -> None:
    runner = CliRunner()
    words = ["run", "textbook-duopoly", "--set", "periods=3", "--quiet", "--out", str(tmp_path / "o")]
    assert runner.invoke(app, [*words, "--set", "firms.*.strategy=Hold"]).exit_code == 0
    record = json.loads((tmp_path / "o" / "run.json").read_text(encoding="utf-8"))
    both = load("textbook-duopoly").but(
        {"periods": 3, "firms.left.strategy": "Hold", "firms.right.strategy": "Hold"}
    )
    assert record["digests"] == {"textbook-duopoly": [both.digest]}
    done = runner.invoke(app, [*words, "--set", "firms.*.strtegy=Hold"])
    assert done.exit_code == 2
    assert "firms.*.strtegy" in done.stderr


@given(st.dictionaries(KEYS, st.integers(), max_size=5), KEYS.filter(lambda key: key != "**"))
def test_a_star_stands_for_any_text_and_nothing_else_is_special(tree: dict[str, int], pattern: str) -> None:
    assert set(matches(tree, pattern)) == {key for key in tree if fnmatch.fnmatchcase(key, pattern)}


def test_signs_of_other_pattern_languages_mean_themselves() -> None:
    assert list(matches({"a?": 1, "ab": 2, "a[b]": 3}, "a?")) == ["a?"]
    assert list(matches({"a[b]": 3, "ab": 1}, "a[b]*")) == ["a[b]"]


def test_a_path_that_does_not_exist_yet_can_be_set_but_not_by_a_pattern() -> None:
    tree: dict[str, Any] = {"firms": {"a": {}}}
    assert change(tree, "firms.b", {"cash": 1}) is None
    assert change(tree, "firms.*.cash", 2) is None
    assert tree == {"firms": {"a": {}, "b": {"cash": 2}}}
