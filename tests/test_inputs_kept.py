"""Results hold their inputs: as they were run, loadable again, and told in the report."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from conftest import tiny
from typer.testing import CliRunner

from pricewar.base.errors import InputError
from pricewar.cli.app import app
from pricewar.data import load_market_data
from pricewar.report import write_report
from pricewar.report.inputs import DATA, Row, inputs
from pricewar.results.store import Results, concat
from pricewar.runs import compare, run
from pricewar.scenario.files import load, shipped_scenarios
from pricewar.scenario.tree import Scenario

CUT = {"kind": "Cut", "month": "2025-02", "firm": "bolt", "depth": 0.3}
EVIL = "<script>alert('x')</script> & \"more\""
WAR = tiny(events=[CUT], name="war", title="Bolt cuts")
CALM = tiny(name="calm")
SHORT = ("--set", "periods=3", "--set", "consumers.draws=100", "--quiet")


@pytest.fixture(scope="module")
def both() -> Results:
    return compare([CALM, WAR], 1)


def rows(results: Results, baseline: str = "calm") -> dict[str, dict[str, Row]]:
    return {one.scenario: {row.path: row for row in one.rows} for one in inputs(results, baseline)}


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_every_shipped_scenario_comes_back_the_same(name: str) -> None:
    """Through the text of run.json and back: all inputs, seed and words too."""
    scenario = load(name)
    text = json.dumps(scenario.model_dump(mode="json"), allow_nan=False)
    back = load(json.loads(text))
    assert back == scenario
    assert back.digest == scenario.digest


def test_saved_results_hold_what_was_run(both: Results, tmp_path: Path) -> None:
    kept = Results.load(both.save(tmp_path / "o"))
    assert set(kept.inputs) == {"calm", "war"}
    for scenario in (CALM, WAR):
        again = load(kept.inputs[scenario.name])
        assert again == scenario
        assert {again.digest} == set(kept.runs[kept.runs["scenario"] == again.name]["digest"])
    assert run(load(kept.inputs["war"]), 1).market.equals(both.only("war").market)


def test_the_command_line_keeps_overrides_and_merged_files(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('extends = "textbook-duopoly"\n[demand]\nown_elasticity = -3.5\n', encoding="utf-8")
    words = ["compare", "textbook-duopoly", str(file), *SHORT, "--out", str(tmp_path / "o")]
    assert CliRunner().invoke(app, words).exit_code == 0
    file.unlink()
    record = json.loads((tmp_path / "o" / "run.json").read_text(encoding="utf-8"))
    for name, elasticity in (("textbook-duopoly", load("textbook-duopoly").demand), ("mine", None)):
        again = load(record["inputs"][name])
        assert record["digests"][name] == [again.digest]
        assert (again.periods, again.consumers.draws) == (3, 100)
        assert again.demand == elasticity if elasticity else again.demand.own_elasticity == -3.5


def test_parts_of_results_keep_their_inputs(both: Results) -> None:
    assert set(both.only("war").inputs) == {"war"}
    joined = concat([both.only("war"), both.only("calm")])
    assert joined.inputs == both.inputs
    assert concat([]).inputs == {}


def test_results_without_inputs_are_read_and_reported(both: Results, tmp_path: Path) -> None:
    folder = both.save(tmp_path / "o")
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    del record["inputs"]
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    old = Results.load(folder)
    assert old.inputs == {}
    assert inputs(old, "calm") == []


def test_a_tree_that_is_no_scenario_is_refused_with_every_problem() -> None:
    tree = WAR.model_dump(mode="json")
    tree["periods"], tree["demnd"] = 0, {}
    with pytest.raises(InputError) as refused:
        load(tree)
    assert {problem.place for problem in refused.value.problems} >= {"periods", "demnd"}
    assert refused.value.source == "scenario war"
    with pytest.raises(InputError):
        load({})


def test_every_parameter_of_the_baseline_is_told_with_its_value(both: Results) -> None:
    """Each leaf of the tree is a row, a word, or the default of a firm, a product or the clock."""
    told = rows(both)["calm"]
    missing = {path for path in leaves(both.inputs["calm"]) if path not in told}
    words = {"market.currency", "market.unit", "period"}
    assert all(path.startswith(("firms.", "products.")) for path in missing - words)
    assert told["demand.own_elasticity"].value == f"{CALM.demand.model_dump()['own_elasticity']:g}"
    assert told["firms.bolt.cash"].value == "2,000,000,000"
    assert told["firms.bolt.cash"].meaning.startswith("CNY the firm can lose")
    assert told["dynamics.word_of_mouth.on"].value == "yes"
    assert told["dynamics.word_of_mouth.on"].source == "scenario"
    assert told["dynamics.waiting.share"].source == "default of the model"
    assert told["dynamics.backlog.wait_cost"].source == f"{DATA}: scenario.toml of the data set"
    assert told["market.discount_rate"].confidence == "assumed"


def leaves(node: Any, place: str = "") -> set[str]:
    if isinstance(node, dict) and node:
        return set().union(
            *(
                leaves(child, f"{place}.{key}".lstrip("."))
                for key, child in node.items()
                if place or key not in ("name", "title")
            )
        )
    if isinstance(node, list) and any(isinstance(child, dict) for child in node):
        return set().union(*(leaves(child, f"{place}.{k}") for k, child in enumerate(node)))
    return {place}


def test_another_scenario_is_told_by_what_differs(both: Results) -> None:
    told = rows(both)["war"]
    assert {path.rpartition(".")[0] for path in told} == {"events.0"} | ({""} if "events" in told else set())
    assert told["events.0.depth"].value == "0.3"
    back = rows(both, "war")["calm"]
    assert back["events.0.depth"].value == "not in this scenario"


def test_figures_of_the_data_have_its_source_and_confidence() -> None:
    """Against the data set read by its own reader."""
    scenario = load("baseline")
    told = rows(Results(inputs={"baseline": scenario.model_dump(mode="json")}), "baseline")["baseline"]
    figures = load_market_data(DATA).figures
    for table, entity, variable, path in (
        ("firms", "byd", "fixed_cost", "firms.byd.fixed_cost"),
        ("firms", "xiaomi", "backlog", "firms.xiaomi.backlog"),
        ("products", "byd-seagull", "list_price", "products.byd-seagull.list_price"),
        ("market", "market", "vat_rate", "market.vat"),
        ("market", "market", "shoppers_per_month", "consumers.shoppers"),
    ):
        found = figures[
            (figures["table"] == table) & (figures["entity"] == entity) & (figures["variable"] == variable)
        ]
        row = told[path]
        assert row.source == f"{DATA}: {found['source'].iloc[0]}", path
        assert row.confidence == found["confidence"].iloc[0], path
        assert row.meaning.startswith(found["unit"].iloc[0]), path
    changed = scenario.but({"firms.byd.fixed_cost": 1.0})
    other = rows(Results(inputs={"baseline": changed.model_dump(mode="json")}), "baseline")["baseline"]
    assert other["firms.byd.fixed_cost"].source == "scenario"


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        held = dict(attrs)
        self.ids |= {str(held["id"])} if "id" in held else set()
        self.links |= {str(held[name]) for name in ("href", "src") if name in held}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    evil = tiny({"firms.bolt.name": EVIL, "events": [{**CUT, "label": EVIL}]}, name="war", title=EVIL)
    where = tmp_path_factory.mktemp("report")
    written = write_report(compare([CALM, evil], 1), where, drawings=())
    return Page(written.read_text(encoding="utf-8"))


def test_the_report_folds_the_inputs_in_and_needs_no_network(page: Page) -> None:
    assert page.tags.count("details") == page.tags.count("summary") == 1
    assert "events.0.depth" in page.text
    assert all(link.startswith(("#", "data:")) for link in page.links)


def test_each_part_that_is_linked_is_explained_on_the_page(page: Page) -> None:
    anchors = {link[1:] for link in page.links if link.startswith("#")}
    assert len(anchors) > 15
    assert anchors <= page.ids
    assert "Buyers wait when they expect prices to fall" in page.text
    assert "Prices are judged against a remembered price" in page.text


def test_texts_of_a_scenario_are_never_markup(page: Page) -> None:
    assert "script" not in page.tags
    assert EVIL in page.text


def test_a_rule_that_is_not_at_hand_any_more_is_told_without_its_meaning() -> None:
    tree = json.loads(json.dumps(CALM.model_dump(mode="json")))
    tree["firms"]["ace"]["strategy"] = {"kind": "gone_module:Rule", "depth": 0.5}
    told = rows(Results(inputs={"calm": tree}))["calm"]
    assert told["firms.ace.strategy.depth"].value == "0.5"
    assert told["firms.ace.strategy.depth"].part == ""
    with pytest.raises(InputError, match="gone_module"):
        load(tree)


def test_trees_are_plain_values(both: Results) -> None:
    assert json.loads(json.dumps(both.inputs)) == both.inputs
    assert re.fullmatch(r"[0-9a-f]{16}", Scenario.model_validate(both.inputs["war"]).digest)
