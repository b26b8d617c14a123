"""The form of a policy study on the page: its file is the study, and what is wrong is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from app_server import Client, serving

from pricewar.policy import NONE, PEACE, load_policy
from pricewar.policy.assumptions import assumptions, signature
from pricewar.scenario.files import shipped_scenarios


@pytest.fixture(scope="module")
def site() -> Iterator[Client]:
    with serving() as client:
        yield client


def asked(**parts: Any) -> dict[str, Any]:
    return {
        "question": 'Does a "limit" end it?',
        "war": "byd-one-third",
        "peace": "baseline",
        "months": 6,
        "futures": 2,
        "unknown": {"depth": {"low": 0.2, "high": 0.3}},
        "measures": [
            {"name": "limit", "kind": "MaximumMonthlyCut", "start": "2025-06", "values": {"cut": 0.02}},
            {"name": "call", "kind": "Summons", "values": {"firms": "geely, chery", "strength": 0.5}},
        ],
    } | parts


def test_the_form_offers_every_shipped_scenario_and_measure(site: Client) -> None:
    form = site.get("/api/policy/form").json
    names = {one["name"] for one in form["scenarios"]}
    assert {"byd-one-third", "baseline"} <= names <= set(shipped_scenarios())
    limit = next(one for one in form["measures"] if one["kind"] == "MaximumMonthlyCut")
    cut = next(field for field in limit["fields"] if field["name"] == "cut")
    assert cut["required"]
    assert cut["type"] == "number"
    ban = next(one for one in form["measures"] if one["kind"] == "BelowCostBan")
    line = next(field for field in ban["fields"] if field["name"] == "line")
    assert (line["type"], line["default"]) == ("choice", "full")
    assert "avc" in line["choices"]
    assert all(one["does"] for one in form["measures"])


def test_the_file_is_the_study(site: Client, tmp_path: Path) -> None:
    answer = site.post("/api/policy/file", asked())
    assert answer.status == 200, answer.body
    file = tmp_path / "my-policy.toml"
    file.write_text(answer.json["toml"], encoding="utf-8")
    spec = load_policy(file)
    assert spec.digest == answer.json["digest"]
    assert signature(spec) == answer.json["signature"]
    assert answer.json["signature"] in answer.json["toml"].splitlines()[0]
    assert answer.json["assumptions"] == assumptions(spec).to_dict("records")
    assert spec.question == 'Does a "limit" end it?'
    assert spec.measures["call"][0]["firms"] == ["geely", "chery"]
    assert (spec.draws, spec.scenario(NONE).periods) == (2, 6)


def test_a_small_study_is_run(site: Client) -> None:
    answer = site.post("/api/policy/run", asked())
    assert answer.status == 200, answer.body
    options = [row[0] for row in answer.json["rows"]]
    assert options == [PEACE, NONE, "limit", "call"]
    assert all(len(row) == len(answer.json["heads"]) for row in answer.json["rows"])
    assert set(answer.json["rows"][1][1:-1]) == {"0"}
    assert "too few to decide on" in answer.json["findings"][0]
    assert "By welfare" in answer.json["findings"][1]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"futures": 500}, "futures"),
        ({"months": 120}, "months"),
        ({"war": "nowhere"}, "allowed: one of"),
        ({"unknown": {"luck": {"low": 0, "high": 1}}}, "allowed: one of"),
        ({"unknown": {}}, "unknown"),
        ({"unknown": {"depth": {"low": 0.4, "high": 0.2}}}, "low below high"),
        ({"measures": []}, "measures"),
        ({"measures": [asked()["measures"][0]] * 2}, "names that differ"),
        ({"measures": [{"name": "x", "kind": "Nonsense"}]}, "Nonsense"),
        (
            {"measures": [{"name": "x", "kind": "MaximumMonthlyCut", "values": {"cut": 3}}]},
            "measures.x.0.cut",
        ),
        ({"measures": [{"name": "x", "kind": "Summons", "values": {"firms": "nobody"}}]}, "nobody"),
        ({"measures": [{"name": "no measure", "kind": "Pledge"}]}, "name"),
        ({"more": 1}, "more"),
    ],
)
def test_what_cannot_be_studied_is_refused(site: Client, parts: dict[str, Any], words: str) -> None:
    answer = site.post("/api/policy/file", asked(**parts))
    assert answer.status == 422, answer.body
    assert words in answer.json["error"]


def test_code_of_others_is_never_imported(
    site: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kind with a colon would be imported: the form knows shipped measures alone."""
    mark = tmp_path / "imported"
    (tmp_path / "strange.py").write_text(f"open({str(mark)!r}, 'w').close()\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    answer = site.post("/api/policy/file", asked(measures=[{"name": "x", "kind": "strange:Rule"}]))
    assert answer.status == 422
    assert not mark.exists()


def test_the_list_of_assumptions_names_all_that_is_stated() -> None:
    spec = load_policy("anti-involution")
    rows = assumptions(spec)
    what = "\n".join(rows["what"])
    for name in (*spec.measures, *spec.bundles):
        assert name in what
    assert all(factor.label in what for factor in spec.factors.values())
    assert signature(spec) == signature(load_policy("anti-involution"))
    assert signature(spec) != signature(spec.but(discount=0.06))
    assert signature(spec) != signature(load_policy("anti-involution", draws=20))


@pytest.mark.slow
def test_the_form_in_a_browser(site: Client, tmp_path: Path) -> None:
    browser_kit = pytest.importorskip("app_browser")
    with browser_kit.playwright.sync_playwright() as play:
        start = {"executable_path": browser_kit.CHROMIUM, "args": browser_kit.ARGS}
        started = play.chromium.launch(headless=True, **start)
        page = started.new_context(viewport={"width": 390, "height": 844}, accept_downloads=True).new_page()
        watch = browser_kit.Watch(page)
        page.goto(f"{site.base}/policy")
        page.wait_for_selector("[data-measure]")
        page.select_option("#kind", "BelowCostBan")
        page.click("#add")
        page.fill("#months", "6")
        page.fill("#futures", "2")
        page.click("#file")
        page.wait_for_selector("#toml")
        assert 'kind = "BelowCostBan"' in page.inner_text("#toml")
        with page.expect_download() as caught:
            page.click("#download")
        saved = tmp_path / "my-policy.toml"
        caught.value.save_as(saved)
        assert list(load_policy(saved).measures) == ["maximum-monthly-cut-1", "below-cost-ban-2"]
        page.click("#run")
        page.wait_for_selector("#findings", timeout=240_000)
        assert "too few to decide on" in page.inner_text("#findings")
        page.screenshot(path=tmp_path / "phone.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert watch.errors == []
        page.fill("[data-field=cut]", "")
        page.click("#file")
        page.wait_for_selector("#answer .error")
        assert "measures.maximum-monthly-cut-1.0.cut" in page.inner_text("#answer .error")
        started.close()
