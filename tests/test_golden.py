"""Golden runs: the first months of two shipped scenarios, figure by figure.

A change that moves them is renewed on purpose only, with the reason that goes into the changelog:
    python tests/test_golden.py "why the figures moved"
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import short

from pricewar.results import Results
from pricewar.runs import run

HERE = Path(__file__).parent / "golden"
CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
SECTION = "### Results changed"
SCENARIOS = ("baseline", "byd-one-third")
MONTHS, SEED, DIGITS = 6, 1, 6
KEYS = ["month", "firm"]
COLUMNS = {
    "market": [
        "month", "shoppers", "units", "outside_share", "waiting", "mean_price", "price_index",
        "discount_depth", "hhi", "below_cost_share", "consumer_surplus", "producer_surplus",
        "supplier_profit", "fiscal_cost",
    ],
    "firms": [
        "month", "firm", "units", "orders", "price_change", "revenue", "gross_profit", "cash", "payables",
        "stock", "backlog", "brand",
    ],
}  # fmt: skip


def results(name: str) -> Results:
    return run(short(name, MONTHS), [SEED]).require_complete()


def text(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, float_format=f"%.{DIGITS}g", lineterminator="\n")


def path(scenario: str, table: str) -> Path:
    return HERE / f"{scenario}-{table}.csv"


def digest() -> str:
    """Short name of all golden files together."""
    together = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(HERE.glob("*.csv"))))
    return together.hexdigest()[:12]


@pytest.mark.parametrize("scenario", SCENARIOS)
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
    one, other = (pd.read_csv(path(name, "market")) for name in SCENARIOS)
    assert (other["price_index"] < one["price_index"]).all()
    assert len(one) == len(other) == MONTHS


def test_golden_runs_are_renewed_with_a_line_in_the_changelog_only() -> None:
    changed = CHANGELOG.read_text(encoding="utf-8").partition(SECTION)[2]
    assert f"golden runs {digest()}" in changed, (
        f'renew with: python {Path(__file__).name} "why the figures moved"'
    )


def renew(reason: str) -> None:
    """Write the golden files anew and note the reason in the changelog."""
    HERE.mkdir(exist_ok=True)
    for scenario in SCENARIOS:
        tables = results(scenario).tables
        for table, columns in COLUMNS.items():
            path(scenario, table).write_text(text(tables[table][columns]), encoding="utf-8")
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
