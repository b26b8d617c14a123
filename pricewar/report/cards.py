"""What came out of a scenario, as a table in its page, renewed by `python -m pricewar.report.cards`.

Each scenarios/NAME.md holds prose and, between two markers, a table of numbers that this module writes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from pricewar.analysis.books import break_even
from pricewar.analysis.compare import TOTAL, WITH_OPEN, compare_table, has_luck, pick
from pricewar.analysis.interval import NO_LUCK
from pricewar.analysis.surplus import GROUPS, gains
from pricewar.results.store import Results
from pricewar.runs import compare
from pricewar.scenario.files import load, shipped_directory, shipped_scenarios

from .numbers import has_numbers, renewed

SEEDS: Final = 20

ROWS: Final = (
    ("market", "war_index", 1.0, "mean depth of price cuts, %"),
    ("market", "price_index", 1.0, "price index, start = 100"),
    ("market", "units", 1e6, "cars, million"),
    ("market", "consumer_surplus", 1e9, "consumer surplus, bn CNY"),
    ("market", "feels_cheap", 1e9, "what only feels cheap, not in it, bn CNY"),
    ("market", "producer_surplus", 1e9, "operating profit of firms, bn CNY"),
    ("market", "refunds", 1e9, "of it given back at delivery, bn CNY"),
    ("market", "petrol_profit", 1e9, "margin on petrol cars, bn CNY"),
    ("market", "supplier_profit", 1e9, "profit of suppliers, bn CNY"),
    ("market", "suppliers_failed", 0.01, "suppliers failed, % of all"),
    ("market", "fiscal_cost", 1e9, "cost to the state (subsidies less taxes), bn CNY"),
    ("market", "welfare", 1e9, "welfare, bn CNY"),
    ("market", "welfare+", 1e9, "welfare with open orders, bn CNY"),
    ("market", "firms_active", 1.0, "firms in the market, mean"),
    ("byd", "operating_profit", 1e9, "operating profit of BYD, bn CNY"),
    ("geely", "operating_profit", 1e9, "operating profit of Geely, bn CNY"),
    ("tesla", "operating_profit", 1e9, "operating profit of Tesla in China, bn CNY"),
    ("nio", "operating_profit", 1e9, "operating profit of Nio, bn CNY"),
    ("xiaomi", "operating_profit", 1e9, "operating profit of Xiaomi's cars, bn CNY"),
)
"""Entity, metric (with a plus: open orders at the end counted), divisor, and how the row is called."""


def table(results: Results, scenario: str, baseline: str) -> str:
    """Markdown: mean over seeds, and the difference from the baseline with its 95% interval."""
    compared = compare_table(results.only(baseline, scenario), baseline)
    lines = [
        f"Totals over the run, mean of {len(results.seeds)} seeds; difference from `{baseline}` with the "
        f"same seeds and its 95% interval over seeds: {_of_what(results)}.",
        "",
        "| | mean | difference | 95% interval |",
        "|---|---:|---:|---:|",
    ]
    for entity, metric, unit, name in ROWS:
        period = WITH_OPEN if metric.endswith("+") else TOTAL
        row = pick(compared, scenario, entity, metric.rstrip("+"), period)
        mean, diff, lo, hi = (value / unit for value in (row.mean, row.diff, row.diff_lo, row.diff_hi))
        lines.append(f"| {name} | {_number(mean)} | {_number(diff, True)} | {_span(lo, hi)} |")
    lines += ["", _buyers(results.only(baseline, scenario), baseline)]
    lines += ["", _xiaomi(results.only(scenario)), "", _exits(results, scenario)]
    return "\n".join(lines)


def _of_what(results: Results) -> str:
    return f"of {results.drawn.of_what}" if has_luck(results) else f"none, {NO_LUCK}"


def _number(value: float, signed: bool = False, more: int = 0) -> str:
    if not np.isfinite(value):
        return ""
    digits = more + (0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2)
    return f"{value:{'+' if signed else ''},.{digits}f}"


def _span(lo: float, hi: float) -> str:
    """The ends, with as many more digits as tell them apart."""
    spans = (f"{_number(lo, True, more)} to {_number(hi, True, more)}" for more in range(12))
    told = (span for span in spans if len(set(span.split(" to "))) == 2)
    return next(told, "") if np.isfinite(lo) else ""


def _buyers(results: Results, baseline: str) -> str:
    found = gains(results, baseline).set_index("group")
    per_car = found.loc["all", ["per_car", "per_car_lo", "per_car_hi"]].to_numpy(float)
    fifths = found.loc[list(GROUPS[1:])]
    money = [_number(value / 1e9, True) for value in fifths["money"]]
    percent = [_number(value, True) or "–" for value in fifths["percent"]]
    return (
        f"Buyers, open orders counted: {_number(per_car[0], True)} CNY for each car ordered in `{baseline}` "
        f"({_span(per_car[1], per_car[2])}); by income fifth, the poorest first, {', '.join(money)} bn CNY, "
        f"or {', '.join(percent)}% of their own surplus{_none(percent)}. Intervals are of "
        f"{results.drawn.what_differs}."
    )


def _none(percent: list[str]) -> str:
    return " (–: next to none in some run)" if "–" in percent else ""


def _xiaomi(results: Results) -> str:
    found = break_even(results)
    row = found[found["firm"] == "xiaomi"].iloc[0]
    if not row["lasting_runs"]:
        return "Xiaomi's cars break even in no run."
    months = results.market["month"].unique()
    first, last = months[int(row["lasting_lo"])], months[int(row["lasting_hi"])]
    when = months[int(row["lasting"])]
    span = f"95% of runs: {first} to {last}" if first != last else "in nearly all runs"
    return (
        f"Xiaomi's cars earn money for good from {when} (median; three-month sums; {span}; "
        f"{int(row['lasting_runs'])} of {int(row['runs'])} runs)."
    )


def _exits(results: Results, scenario: str) -> str:
    firms = results.firms[results.firms["scenario"] == scenario]
    last = firms[firms["period"] == firms["period"].max()]
    gone = (1.0 - last.groupby("firm", sort=False)["active"].mean()) * 100.0
    left = [
        f"{results.names.get(str(firm), str(firm))} {share:.0f}%" for firm, share in gone.items() if share
    ]
    return f"Firms gone at the end, share of runs: {', '.join(left) or 'none'}."


def renew(pages: Sequence[Path], seeds: int = SEEDS) -> None:
    """Run each page's scenario against the baseline and write the numbers into the page.

    Args:
        pages: pages named after shipped scenarios; one without marks for numbers is left alone.
        seeds: how many.
    """
    for page in pages:
        if not has_numbers(page.read_text(encoding="utf-8")):
            continue
        scenario = load(page.stem)
        base = load("baseline").but({"periods": scenario.periods})
        results = compare([base, scenario], seeds).require_complete()
        body = table(results, scenario.name, base.name)
        page.write_text(
            renewed(page.read_text(encoding="utf-8"), body, str(page)), encoding="utf-8", newline="\n"
        )


if __name__ == "__main__":
    wanted = sys.argv[1:] or list(shipped_scenarios())
    home = shipped_directory("scenarios")
    renew([home / f"{name}.md" for name in wanted if (home / f"{name}.md").exists()])
