"""Scenario files: merging, and every kind of bad input named with its place."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from typer.testing import CliRunner

from pricewar import load
from pricewar.base.errors import InputError
from pricewar.cli.app import app
from pricewar.scenario.files import merge, shipped_scenarios
from pricewar.scenario.tree import Scenario
from pricewar.strategies import Strategy

SMALL = """
start = "2025-05"
periods = 6
[consumers]
shoppers = 10000
draws = 100
[firms.north]
name = "North"
strategy = "BestResponse"
[firms.south]
name = "South"
strategy = "Hold"
[products.n1]
firm = "north"
name = "N1"
list_price = 100000
units = 900
[products.s1]
firm = "south"
name = "S1"
list_price = 120000
units = 700
"""
CUT = '[[events]]\nkind = "Cut"\nmonth = "2025-06"\nfirm = "north"\ndepth = 0.1\n'


class Bad(NamedTuple):
    """A change to the small scenario, and what must be said of it."""

    old: str
    new: str
    place: str
    words: str


BAD = {
    "unknown key": Bad("periods = 6", "periods = 6\nperiodes = 7", "periodes", "unknown key"),
    "unknown key deep": Bad("draws = 100", "drawz = 100", "consumers.drawz", "unknown key"),
    "wrong type": Bad("list_price = 100000", 'list_price = "dear"', "products.n1.list_price", "number"),
    "negative price": Bad(
        "list_price = 100000", "list_price = -5", "products.n1.list_price", "greater than 0"
    ),
    "price below promotion": Bad(
        "list_price = 100000",
        "list_price = 100000\npromotion = 100000",
        "products.n1.promotion",
        "list price",
    ),
    "share over 1": Bad(
        "draws = 100",
        "draws = 100\n[supply_chain]\npurchased_share = 1.2",
        "supply_chain.purchased_share",
        "1",
    ),
    "market share over 1": Bad("shoppers = 10000", "shoppers = 1500", "consumers.shoppers", "share under 1"),
    "not a number": Bad("units = 900", "units = nan", "products.n1.units", "finite"),
    "unknown firm of a product": Bad('firm = "south"', 'firm = "east"', "products.s1.firm", "north, south"),
    "two firms with one name": Bad(
        'name = "South"', 'name = "North"', "firms.south.name", "names of their own"
    ),
    "unknown strategy": Bad('"Hold"', '"Bold"', "firms.south.strategy", "unknown kind 'Bold'"),
    "strategy not importable": Bad('"Hold"', '"nolab:Rule"', "firms.south.strategy", "cannot be imported"),
    "not a strategy": Bad('"Hold"', '"pathlib:Path"', "firms.south.strategy", "not a Strategy"),
    "bad month": Bad('"2025-05"', '"2025-13"', "start", "pattern"),
    "no horizon": Bad("periods = 6", "periods = 0", "periods", "greater than or equal to 1"),
    "unknown product in an event": Bad(
        "[firms.north]", CUT + 'products = ["n9"]\n[firms.north]', "events.0.products", "n1, s1"
    ),
    "unknown firm in an event": Bad(
        "[firms.north]", CUT.replace("north", "east") + "[firms.north]", "events.0.firm", "north, south"
    ),
    "month outside the horizon": Bad(
        "[firms.north]",
        CUT.replace("2025-06", "2026-06") + "[firms.north]",
        "events.0.month",
        "2025-05 to 2025-10",
    ),
    "event ends before it starts": Bad(
        "[firms.north]", CUT + 'until = "2025-05"\n[firms.north]', "events.0.until", "2025-06 or later"
    ),
    "depth over 1": Bad("[firms.north]", CUT.replace("0.1", "1.5") + "[firms.north]", "events.0", "1"),
    "unknown event": Bad(
        "[firms.north]", '[[events]]\nkind = "Cat"\n[firms.north]', "events.0", "unknown kind 'Cat'"
    ),
    "event without a kind": Bad("[firms.north]", "[[events]]\ndepth = 1\n[firms.north]", "events.0", "kind"),
    "not TOML": Bad("periods = 6", "periods = = 6", "(file)", "valid TOML"),
    "unknown base": Bad("periods = 6", 'periods = 6\nextends = "nowhere"', "extends", "nowhere"),
    "unknown data": Bad("periods = 6", 'periods = 6\ndata = "atlantis"', "", "atlantis"),
}


def write(folder: Path, text: str, name: str = "small.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        load(path)
    return {problem.place: f"{problem.found}; {problem.allowed}" for problem in caught.value.problems}


def refused(*words: str, folder: Path) -> str:
    """The message of a command that must end with exit code 2, one message, and nothing written."""
    before = sorted(folder.rglob("*"))
    done = CliRunner().invoke(app, [*words])
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert sorted(folder.rglob("*")) == before
    return done.stderr


def test_small_scenario_is_valid(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, SMALL))
    assert scenario.name == "small"
    assert scenario.firms["north"].strategy.kind == "BestResponse"


@pytest.mark.parametrize("case", BAD.values(), ids=list(BAD))
def test_bad_input_is_named_with_its_place(case: Bad, tmp_path: Path) -> None:
    assert case.old in SMALL
    path = write(tmp_path, SMALL.replace(case.old, case.new, 1))
    found = problems(path)
    assert len(found) <= 2, found  # a second one may follow from the first
    place = next(place for place in found if place.startswith(case.place))
    assert case.words in f"{place}: {found[place]}"
    message = refused("check", str(path), folder=tmp_path)
    assert len(message.splitlines()) == 1 + len(found)
    assert refused("run", str(path), "--out", str(tmp_path / "out"), folder=tmp_path) == message


def test_several_problems_are_all_named_at_once(tmp_path: Path) -> None:
    wrong = ("unknown key", "wrong type", "two firms with one name", "share over 1", "unknown event")
    text = SMALL
    for name in wrong:
        text = text.replace(BAD[name].old, BAD[name].new, 1)
    found = problems(write(tmp_path, text))
    for name in wrong:
        assert any(place.startswith(BAD[name].place) for place in found), (name, found)


def test_missing_file_and_unknown_name(tmp_path: Path) -> None:
    assert "no such file" in refused("check", str(tmp_path / "none.toml"), folder=tmp_path)
    assert "baseline" in refused("run", "bazeline", "--out", str(tmp_path / "out"), folder=tmp_path)


def test_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "bytes.toml"
    path.write_bytes(b"name = \xff\xfe")
    assert "UTF-8" in problems(path)["(file)"]


def test_circle_of_extends_names_the_circle(tmp_path: Path) -> None:
    first = write(tmp_path, 'extends = "b"', "a.toml")
    write(tmp_path, 'extends = "c"', "b.toml")
    write(tmp_path, 'extends = "a"', "c.toml")
    assert "a.toml -> b.toml -> c.toml -> a.toml" in problems(first)["extends"]
    assert "a.toml -> b.toml" in refused("check", str(first), folder=tmp_path)


class NotANumber(Strategy):
    def price(self, view):  # type: ignore[no-untyped-def]
        return np.full(view.n, np.nan)


class TooMany(Strategy):
    def price(self, view):  # type: ignore[no-untyped-def]
        return np.ones(view.n + 1)


@pytest.mark.parametrize(
    ("rule", "words"), [(NotANumber, "finite prices above 0"), (TooMany, "allowed: (1,)")]
)
def test_rule_that_answers_nonsense(rule: type[Strategy], words: str, tmp_path: Path) -> None:
    text = SMALL.replace('"Hold"', f'"{rule.__module__}:{rule.__name__}"')
    path = write(tmp_path, text)
    message = refused(
        "run", str(path), "--seeds", "2", "--quiet", "--out", str(tmp_path / "o"), folder=tmp_path
    )
    assert words in message
    assert "'south' in 2025-05" in message
    assert message.count("StrategyError") == 1


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_shipped_scenarios_load_and_keep_their_name(name: str) -> None:
    scenario = load(name)
    assert scenario.name == name
    assert scenario.title
    assert Scenario.model_validate(scenario.model_dump()).digest == scenario.digest


def test_extends_adds_events_and_keeps_the_rest(tmp_path: Path) -> None:
    write(tmp_path, SMALL + CUT, "base.toml")
    path = write(
        tmp_path, 'extends = "base"\n' + CUT.replace("06", "07") + "[consumers]\ndraws = 60", "more.toml"
    )
    scenario = load(path)
    assert [event.month for event in scenario.events] == ["2025-06", "2025-07"]
    assert (scenario.consumers.draws, scenario.consumers.shoppers) == (60, 10000)


def test_another_kind_replaces_the_whole_rule() -> None:
    below = {"strategy": {"kind": "Match", "lag": 2}}
    assert merge(below, {"strategy": {"kind": "Hold"}}) == {"strategy": {"kind": "Hold"}}
    assert merge(below, {"strategy": {"lag": 3}}) == {"strategy": {"kind": "Match", "lag": 3}}


def test_but_names_lost_paths_and_wrong_values(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, SMALL))
    with pytest.raises(InputError, match=r"nowhere\.else"):
        scenario.but({"nowhere.else": 1})
    with pytest.raises(InputError, match=r"products\.n1\.list_price"):
        scenario.but({"products.n1.list_price": -1})
    changed = scenario.but({"products.n1.list_price": 90000})
    assert changed.products["n1"].list_price == 90000
    assert changed.digest != scenario.digest
    assert scenario.but(seed=9, title="other").digest == scenario.digest
