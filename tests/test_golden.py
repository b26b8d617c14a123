"""Golden runs: the first months of two shipped scenarios, figure by figure.

A change that moves them is renewed on purpose only, under a new edition of the model
(`pricewar/base/edition.py`) and with the reason, which goes into the changelog:
    python tests/test_golden.py "why the figures moved"
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import short

from pricewar.base.edition import EDITION, EDITIONS
from pricewar.results.store import Results
from pricewar.runs import run

FILES = HERE = Path(__file__).parent / "golden"
RECORD = "edition.json"
"""Edition -> short name of its golden files, in the folder of the golden files."""
CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
SECTION = "### Results changed"
SCENARIOS = ("baseline", "byd-one-third", "china-2023")
FRINGE = ("fringe", "fringe-one-third")
"""The market with one fringe and without campaigns, as baseline and byd-one-third were up to edition 3: their
files are beside their figures, of which only surplus and welfare have moved since (edition 5)."""
MONTHS, SEED, DIGITS = 6, 1, 6
KEYS = ["month", "firm"]
COLUMNS = {
    "market": [
        "month", "shoppers", "units", "outside_share", "waiting", "mean_price", "price_index",
        "discount_depth", "hhi", "below_cost_share", "consumer_surplus", "producer_surplus",
        "supplier_profit", "fiscal_cost", "mean_wait", "reference_index", "war_index", "refunds",
        "feels_cheap",
        "petrol_units", "petrol_profit", "welfare",
    ],
    "firms": [
        "month", "firm", "units", "orders", "price_change", "revenue", "gross_profit", "cash", "payables",
        "stock", "backlog", "brand", "cut_depth", "reference_change", "refunds", "book_value", "deposits",
    ],
}  # fmt: skip


def results(name: str) -> Results:
    source = str(FILES / f"{name}.toml") if name in FRINGE else name
    return run(short(source, MONTHS), [SEED]).require_complete()


def text(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, float_format=f"%.{DIGITS}g", lineterminator="\n")


def path(scenario: str, table: str) -> Path:
    return HERE / f"{scenario}-{table}.csv"


def digest(texts: dict[str, str] | None = None) -> str:
    """Short name of all golden files together: those in the folder, or these texts by name of file."""
    stored = {file.name: file.read_text(encoding="utf-8") for file in HERE.glob("*.csv")}
    found = stored if texts is None else texts
    return hashlib.sha256("".join(found[name] for name in sorted(found)).encode()).hexdigest()[:12]


def recorded() -> dict[int, str]:
    """Edition -> short name of the golden files."""
    tree = json.loads((HERE / RECORD).read_text(encoding="utf-8"))
    return {int(edition): name for edition, name in tree.items()}


@pytest.mark.parametrize("scenario", SCENARIOS + FRINGE)
def test_the_figures_are_those_of_the_golden_run(scenario: str) -> None:
    """To five digits, so that another processor's last bit is no alarm."""
    found = results(scenario)
    for table, columns in COLUMNS.items():
        golden = pd.read_csv(path(scenario, table))
        mine = found.tables[table][columns].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            mine, golden, rtol=2e-5, atol=1e-3, check_dtype=False, obj=f"{scenario} {table}"
        )


def test_the_golden_runs_differ() -> None:
    one, other = (pd.read_csv(path(name, "market")) for name in FRINGE)
    assert (other["price_index"] < one["price_index"]).all()
    assert len(one) == len(other) == MONTHS


def test_golden_runs_are_renewed_with_a_line_in_the_changelog_only() -> None:
    changed = CHANGELOG.read_text(encoding="utf-8").partition(SECTION)[2]
    assert f"golden runs {digest()}" in changed, (
        f'renew with: python {Path(__file__).name} "why the figures moved"'
    )


def unfit(names: dict[int, str], edition: int, found: str) -> str:
    """Why these figures may not stand under this edition; empty if they may."""
    if edition in names and names[edition] != found:
        return (
            f"edition {edition} has golden runs {names[edition]}, these are {found}: raise EDITION in "
            "pricewar/base/edition.py and say there what changed"
        )
    same = [other for other, name in names.items() if name == found and other != edition]
    return (
        f"edition {edition} has the figures of edition {same[0]}: no edition without a change" if same else ""
    )


def test_the_record_has_these_figures_under_this_edition_alone() -> None:
    names = recorded()
    assert set(names) <= set(EDITIONS)
    assert names.get(EDITION) == digest(), "the golden runs of this edition are not recorded: renew them"
    assert not unfit(names, EDITION, digest())


def test_other_figures_ask_for_another_edition() -> None:
    names = {1: "aaa", 2: "bbb"}
    assert "edition 2 has golden runs bbb, these are ccc" in unfit(names, 2, "ccc")
    assert "figures of edition 1" in unfit({1: "aaa"}, 2, "aaa")
    assert not unfit(names, 2, "bbb")
    assert not unfit(names, 3, "ccc")


def test_renewing_is_refused_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = sys.modules[__name__]
    monkeypatch.setattr(here, "HERE", tmp_path)
    monkeypatch.setattr(here, "CHANGELOG", tmp_path / "CHANGELOG.md")
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n", encoding="utf-8")
    (tmp_path / RECORD).write_text(json.dumps({str(EDITION): "other"}), encoding="utf-8")
    with pytest.raises(SystemExit, match=f"edition {EDITION} has golden runs other"):
        renew("no reason")
    assert not list(tmp_path.glob("*.csv"))
    (tmp_path / RECORD).write_text(json.dumps({"1": "other"}), encoding="utf-8")
    renew("a reason")
    assert recorded() == {1: "other", EDITION: digest()}
    assert f"- a reason (golden runs {digest()})" in CHANGELOG.read_text(encoding="utf-8")


def renew(reason: str) -> None:
    """Write the golden files anew, record them under the edition, and note the reason in the changelog."""
    texts = {}
    for scenario in SCENARIOS + FRINGE:
        tables = results(scenario).tables
        for table, columns in COLUMNS.items():
            texts[path(scenario, table).name] = text(tables[table][columns])
    names = recorded() if (HERE / RECORD).exists() else {}
    wrong = unfit(names, EDITION, digest(texts))
    if wrong:
        raise SystemExit(wrong)
    HERE.mkdir(exist_ok=True)
    for name, words in texts.items():
        (HERE / name).write_text(words, encoding="utf-8")
    tree = {str(edition): name for edition, name in sorted((names | {EDITION: digest()}).items())}
    (HERE / RECORD).write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8")
    log = CHANGELOG.read_text(encoding="utf-8")
    if f"golden runs {digest()}" in log:
        return
    if SECTION not in log:
        log = log.replace("## [Unreleased]\n", f"## [Unreleased]\n\n{SECTION}\n", 1)
    line = f"- {reason} (golden runs {digest()})\n"
    before, section, after = log.partition(f"{SECTION}\n")
    rest = after.lstrip("\n")
    gap = "\n" if rest.startswith("#") else ""
    CHANGELOG.write_text(before + section + "\n" + line + gap + rest, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        raise SystemExit(f'usage: python {Path(__file__).name} "why the figures moved"')
    renew(sys.argv[1].strip())
