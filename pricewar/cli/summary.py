"""The short account of a set of runs: a table for people, a tree for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from pricewar.analysis.compare import CHANGES, LEVELS, OPEN, RANGES, WITH_OPEN, has_luck
from pricewar.analysis.interval import FEW, NO_LUCK
from pricewar.analysis.luck import luck_of
from pricewar.base.speech import phrase, say, say_many
from pricewar.base.words import Words
from pricewar.results.store import Results

from . import console
from .console import show, tell
from .output import Outcome

_SURE: Final = phrase(
    "\nLuck alone: the same seeds with parameters as stated. How sure a number is, given all that is known,"
    "\nis its range over seeds of luck and parameters: more seeds do not narrow it."
)
NUMBERS: Final = [*LEVELS, *CHANGES, *RANGES]

SHOWN: Final = {
    "war_index": (phrase("war index, %"), ""),
    "mean_price": (phrase("mean price, {price}"), "price"),
    "units": (phrase("{units}"), "many"),
    "consumer_surplus": (phrase("consumer surplus, {money}"), "total"),
    "producer_surplus": (phrase("operating profit of firms, {money}"), "total"),
    "petrol_profit": (phrase("margin on petrol {petrol}, {money}"), "total"),
    "supplier_profit": (phrase("profit of suppliers, {money}"), "total"),
    "fiscal_cost": (phrase("balance of the state (taxes less subsidies), {money}"), "-total"),
    "welfare": (phrase("= welfare, {money}"), "total"),
    "welfare, open": (phrase("open orders, end less start, {money}"), "total"),
    "welfare+": (phrase("= welfare with open orders, {money}"), "total"),
    "firms_active": (phrase("firms in the market, mean"), ""),
}
"""Market totals that are printed: metric, words with those of the market in braces, and the scale of numbers.

From consumer surplus to the balance of the state they add up to welfare, and with open orders to the last.
"""


def tell_failures(results: Results) -> int:
    """Each failed run on stderr, equal errors once with their seeds; returns how many failed."""
    failed = results.runs[results.runs["status"] != "ok"]
    for (scenario, error), part in failed.groupby(["scenario", "error"], sort=False):
        seeds = ", ".join(str(seed) for seed in part["seed"])
        line = say("{scenario}, seed {seed}: {error}", scenario=scenario, seed=seeds, error=error)
        console.say(line)
    if len(failed):
        console.say(say("{some} of {all} runs failed", some=len(failed), all=len(results.runs)))
    return len(failed)


def print_summary(outcome: Outcome, out: Path) -> None:
    """Totals over the run with their differences from the baseline, and where everything is."""
    results, baseline = outcome.results, outcome.baseline
    cells, luck_alone = _cells(outcome.comparison), _cells(luck_of(results, baseline))
    alone = len(results.scenarios) == 1
    told = [name for name in SHOWN if name in cells.index and not _silent(cells, name, alone)]
    heads = [say("over the whole run"), *(_head(name, baseline) for name in results.scenarios)]
    count, luck = len(results.seeds), has_luck(results)
    rows = []
    for metric in told:
        called, scale = in_words(results.words(baseline), metric)
        parts = [(cells.loc[(metric, name)], scale, name == baseline) for name in results.scenarios]
        rows.append([called, *(_cell(*part) for part in parts)])
        ranges = [_range(*part) for part in parts]
        if any(ranges):
            rows.append([f"  {_lie(count)}", *ranges])
        rows += _of_luck(luck_alone, metric, scale, results.scenarios, baseline)
    title = _title(
        count, results.drawn.named if luck else "", None if alone else baseline, len(luck_alone) > 0
    )
    show(title, heads, rows)
    for what, where in {
        phrase("report "): "report.html",
        **({phrase("figures"): "figures"} if outcome.figures else {}),
        phrase("tables "): "comparison.csv",
    }.items():
        tell(f"{say(what)}  {out / where}")
    tell(say("wars     {path} ({many} found)", path=out / "wars.csv", many=outcome.wars))


def in_words(words: Words, metric: str) -> tuple[str, float]:
    """What a total of the market is called, and what its number is multiplied by."""
    called, scale = SHOWN[metric]
    scaled = bool(words.many.word)
    units = say("{units}, {many}", units=words.sold, many=words.counted) if scaled else words.sold
    terms = {
        "price": words.of_money(words.price), "money": words.of_money(), "units": units, "petrol": words.sold,
    }  # fmt: skip
    if not scale:
        return say(called), 1.0
    factor = getattr(words, scale.lstrip("-")).factor
    return say(called, **terms), -factor if scale.startswith("-") else factor


def _cells(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the market's totals by metric, as `SHOWN` names it, and scenario."""
    if table.empty:
        return table
    periods = {OPEN: "welfare, open", WITH_OPEN: "welfare+"}
    opened = table[(table["metric"] == "welfare") & table["period"].isin(periods)]
    opened = opened.assign(metric=opened["period"].map(periods))
    return pd.concat([_totals(table), opened]).set_index(["metric", "scenario"])


def _of_luck(
    cells: pd.DataFrame, metric: str, scale: float, scenarios: Sequence[str], baseline: str
) -> list[list[str]]:
    """The same of luck alone, where it was run: mean with interval, and range over seeds."""
    if cells.empty or metric not in cells.index:
        return []
    parts = [(cells.loc[(metric, name)], scale, name == baseline) for name in scenarios]
    rows = [
        [say("  luck alone"), *(_cell(*part) for part in parts)],
        [say("  its range"), *(_range(*part) for part in parts)],
    ]
    return [row for row in rows if any(row[1:])]


def _title(count: int, luck: str, baseline: str | None, both: bool) -> str:
    """What the numbers are, and which of the spreads is which; `luck`: what seeds draw, if they differ."""
    title = say_many("Mean of {many} seed", "Mean of {many} seeds", count)
    if baseline is not None:
        title = say("{mean}; difference from {baseline}", mean=title, baseline=baseline)
    if not luck:
        return say("{title}; {why}", title=title, why=say(NO_LUCK))
    if count == 1:
        return title
    text = phrase("Range over seeds, below it: {lie}.")
    if baseline is not None:
        text = phrase("Range over seeds, below it: {lie} (in round brackets: their differences).")
    of_the_mean = phrase("Interval of the mean: {what} of the average, less with more seeds.")
    what = say("the luck") if luck == say("luck") else luck
    lines = [
        say("{title} [95% interval over seeds, of {what}]", title=title, what=luck),
        say(of_the_mean, what=what),
        say(text, lie=_lie(count)),
    ]
    return "\n".join(lines) + (say(_SURE) if both else "")


def _lie(count: int) -> str:
    """What a range over seeds is; too few seeds have no quantiles."""
    return say("where 90% of runs lie") if count >= FEW else say("least to greatest run")


def as_tree(outcome: Outcome, out: Path) -> dict[str, Any]:
    """The same as a tree of plain values: all market totals of each scenario."""
    results, table = outcome.results, outcome.comparison
    total, alone = _totals(table), luck_of(results, outcome.baseline)
    opened = table[(table["entity"] == "market") & (table["period"] == WITH_OPEN)]
    scenarios: dict[str, Any] = {}
    for name, part in results.runs.groupby("scenario", sort=False):
        scenarios[str(name)] = {
            "digest": str(part["digest"].iloc[0]),
            "runs": len(part),
            "failed": int((part["status"] != "ok").sum()),
            "total": _tree(total, str(name)),
            "total_with_open": _tree(opened, str(name)),
            **({"luck_alone": _tree(_totals(alone), str(name))} if len(alone) else {}),
        }
    return {
        "command": results.command,
        "out": str(out),
        "baseline": outcome.baseline,
        "seeds": list(results.seeds),
        "wars": outcome.wars,
        "uncertainty": results.drawn.uncertainty,
        **({"posterior": results.drawn.posterior} if results.drawn.posterior else {}),
        "scenarios": scenarios,
    }


def _tree(table: pd.DataFrame, scenario: str) -> dict[str, dict[str, float | None]]:
    rows = table[table["scenario"] == scenario].set_index("metric")[NUMBERS]
    return {str(m): {str(k): _plain(v) for k, v in row.items()} for m, row in rows.iterrows()}


def _silent(cells: pd.DataFrame, metric: str, alone: bool) -> bool:
    """Whether nothing can be said: a surplus of one scenario alone, or petrol cars where there are none."""
    mean = cells.loc[[metric], "mean"].to_numpy(float)
    return bool(alone and np.isnan(mean).all()) or bool(metric == "petrol_profit" and (mean == 0).all())


def _totals(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["entity"] == "market") & (table["period"] == "total")]


def _head(name: str, baseline: str) -> str:
    return say("{scenario} (baseline)", scenario=name) if name == baseline else name


def _cell(row: Any, scale: float, alone: bool) -> str:
    """Level with its interval of the baseline; of others the level, and the difference with its interval."""
    level = "" if math.isnan(row["mean"]) else _number(float(row["mean"]) * scale)
    name = "" if alone else "diff_"
    middle, lo, hi = _scaled(row, ["mean" if alone else "diff", f"{name}lo", f"{name}hi"], scale)
    if math.isnan(middle):
        return level
    more = _finer(lo, hi)
    interval = "" if math.isnan(lo) else f" [{_number(lo, more)}, {_number(hi, more)}]"
    if alone:
        return f"{level}{interval}"
    return f"{level}  {'+' if middle >= 0 else ''}{_number(middle, more)}{interval}".strip()


def _range(row: Any, scale: float, alone: bool) -> str:
    """Range over seeds of the level, and in round brackets that of the difference."""
    level, change = (
        ""
        if math.isnan(lo)
        else say("{low} to {high}", low=_signed(lo, sign, more), high=_signed(hi, sign, more))
        for name, sign in (("range", False), ("diff_range", True))
        for _, lo, hi in (_scaled(row, [f"{name}_lo", f"{name}_lo", f"{name}_hi"], scale),)
        for more in (_finer(lo, hi),)
    )
    return level if alone or not change else f"{level}  ({change})".strip()


def _scaled(row: Any, names: list[str], scale: float) -> tuple[float, float, float]:
    """A middle and its two ends, the lower first whatever the sign of the scale."""
    middle, *ends = (float(row[name]) * scale for name in names)
    lo, hi = ends if scale > 0 else ends[::-1]
    return middle, lo, hi


def _signed(value: float, signed: bool, more: int) -> str:
    text = _number(value, more)
    return text if text.startswith("-") or not signed else f"+{text}"


def _finer(lo: float, hi: float) -> int:
    """How many more digits tell the ends of an interval apart."""
    return next((more for more in range(12) if _number(lo, more) != _number(hi, more)), 0)


def _number(value: float, more: int = 0) -> str:
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2
    return f"{value:z,.{digits + more}f}"  # z: what rounds to nought has no sign


def _plain(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
