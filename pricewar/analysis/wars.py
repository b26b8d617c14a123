"""Price wars in a set of runs: when each began and ended, who led, who followed, what it cost.

A price war here is (1) a fast fall of prices (2) that costs do not explain (3) in which several firms
take part. Reasons and literature: docs/explanation/price-wars.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
import pandas as pd

from pricewar.base.arguments import maybe, takes, text
from pricewar.base.arrays import Floats
from pricewar.results.metrics import recovery_half_life
from pricewar.results.schema import EPISODES
from pricewar.results.store import Results

from .panel import Panel, panel, position
from .waves import in_months, with_wave

Outcome = Literal["recovered", "settled", "open"]
Lacking = Literal["prices", "costs", "firms"]
"""What a run without a war lacks: a fast fall of prices, one that costs do not explain, enough firms."""
_SLACK: Final = 1e-9  # a fall of exactly the threshold is not above it, whatever the last bit says


@dataclass(frozen=True)
class Definition:
    """The thresholds that make a fall of prices a war."""

    fall: float = 0.02
    """Prices, and the part of them that costs do not explain, must fall by more than this fraction..."""
    within: int = 3
    """...within this many months."""
    cut: float = 0.03
    """A firm takes part when its price falls by this fraction, nominal and net of its own costs..."""
    join: int = 6
    """...and it counts for the outbreak when it does so within this many months of the start."""
    firms: int = 3
    """Firms that must take part; in a market with fewer, all of them."""
    quiet: int = 6
    """Months without a new low after which a war is settled."""
    new_low: float = 0.005
    """A fall of this fraction below the lowest level so far is a new low."""


class Path(NamedTuple):
    """One run, with the start put before its first month. T months, F firms; all relative to the start."""

    level: Floats
    """(T + 1,) fixed-basket price index."""
    real: Floats
    """(T + 1,) one less the mean depth of cuts below reference prices: what costs do not explain."""
    firm: Floats
    """(T + 1, F) price of each firm."""
    firm_real: Floats
    """(T + 1, F) one less the depth of the firm's cuts below its own reference prices."""
    weight: Floats
    """(F,) share of each firm in the first month."""


class War(NamedTuple):
    """One episode; positions on the path, where 0 is the start and period t is t + 1."""

    before: int
    """Last month before the war."""
    end: int
    calm: int
    """Last month of depressed prices."""
    outcome: Outcome
    leader: int
    joined: Floats
    """(F,) position of each firm's first cut, NaN for those that stayed out."""


@takes(results=Results, baseline=maybe(text), definition=maybe(Definition))
def episodes(
    results: Results, baseline: str | None = None, definition: Definition | None = None
) -> pd.DataFrame:
    """All price wars of all runs.

    Args:
        results: runs of one or more scenarios.
        baseline: the but-for scenario; `results.baseline` if None. In it profit destroyed and consumer
            gain are NaN.
        definition: thresholds; the defaults of `Definition` if None.

    Returns:
        One row per war, columns of `schema.EPISODES`; no rows if there was none.

    Raises:
        ResultsError: the baseline is not among the scenarios.
    """
    base = position(results, baseline)
    money = panel(results, "market", ("producer_surplus", "consumer_surplus")).values
    announced = with_wave(results)
    rows = []
    for (s, n), path, firms in _paths(results):
        against = money[s, n, :, 0] - money[base, n, :, 0]
        gain = np.full_like(against, np.nan) if s == base else against
        wars = find_wars(path, definition or Definition())
        keys = {"scenario": results.scenarios[s], "seed": results.seeds[n]}
        made = announced[(announced["scenario"] == keys["scenario"]) & (announced["seed"] == keys["seed"])]
        for war in wars:
            told = _describe(path, war, firms.entities, firms.months, gain)
            rows.append(keys | told | in_months(made, str(told["start"]), str(told["end"])))
    frame = pd.DataFrame(rows, columns=[column.name for column in EPISODES])
    return frame.astype({column.name: column.dtype for column in EPISODES})


def lacking(results: Results, definition: Definition | None = None) -> dict[tuple[str, int], Lacking | None]:
    """(scenario, seed) -> what a run without a price war lacks; None where there is one.

    Args:
        results: runs of one or more scenarios.
        definition: thresholds; the defaults of `Definition` if None.
    """
    return {
        (results.scenarios[s], results.seeds[n]): what_lacks(path, definition or Definition())
        for (s, n), path, _ in _paths(results)
    }


def _paths(results: Results) -> Iterator[tuple[tuple[int, int], Path, Panel]]:
    """Positions of scenario and seed, path and the panel of firms, of each run that did not fail."""
    market = panel(results, "market", ("price_index", "war_index"))
    firms = panel(results, "firms", ("price_change", "cut_depth", "share"), entity="firm")
    change, cut, share = firms["price_change"], firms["cut_depth"], firms["share"]
    for s, n in np.ndindex(len(results.scenarios), len(results.seeds)):
        index = market["price_index"][s, n, :, 0]
        if not np.isnan(index).all():
            depth = market["war_index"][s, n, :, 0] / 100.0
            yield (s, n), make_path(index, depth, change[s, n], cut[s, n], share[s, n, 0]), firms


def make_path(index: Floats, depth: Floats, change: Floats, cut: Floats, share: Floats) -> Path:
    """A run as a `Path`.

    Args:
        index: (T,) price index, 100 at the start.
        depth: (T,) mean depth of cuts below the makers' reference prices, a fraction (`war_index` / 100).
        change: (T, F) price change of each firm from the start as a fraction.
        cut: (T, F) depth of each firm's cuts below its reference prices, a fraction.
        share: (F,) shares in the first month.
    """
    one = np.ones(change.shape[1])
    return Path(
        level=np.concatenate([[1.0], index / 100.0]),
        real=np.concatenate([[1.0], 1.0 - depth]),
        firm=np.vstack([one, 1.0 + change]),
        firm_real=np.vstack([one, 1.0 - cut]),
        weight=np.nan_to_num(share),
    )


def find_wars(path: Path, definition: Definition) -> list[War]:
    """The wars of one run in order of time; they do not overlap."""
    wars: list[War] = []
    month, floor = 1, 0
    while month < len(path.real):
        before = _peak(path.real, month, max(month - definition.within, floor))
        war = _outbreak(path, before, definition) if _fell(path, before, month, definition) else None
        if war:
            wars.append(war)
            floor = war.end if war.outcome == "settled" else war.calm
        month = max(month, floor) + 1
    return wars


def what_lacks(path: Path, definition: Definition) -> Lacking | None:
    """Why a run has no war: the first of the three conditions that no month meets; None if it has one."""
    if find_wars(path, definition):
        return None
    falls = [
        (month, before)
        for month in range(1, len(path.level))
        for before in range(max(month - definition.within, 0), month)
    ]
    keep = 1.0 - definition.fall - _SLACK
    if not any(path.level[month] < keep * path.level[before] for month, before in falls):
        return "prices"
    return "firms" if any(_fell(path, before, month, definition) for month, before in falls) else "costs"


def _peak(values: Floats, month: int, first: int) -> int:
    window = values[first:month]
    if np.isnan(window).all():
        return first
    return month - 1 - int(np.nanargmax(window[::-1]))


def _fell(path: Path, before: int, month: int, definition: Definition) -> bool:
    keep = 1.0 - definition.fall - _SLACK
    real = path.real[month] < keep * path.real[before]
    return bool(real and path.level[month] < keep * path.level[before])


def _outbreak(path: Path, before: int, definition: Definition) -> War | None:
    joined = _first_cuts(path, before, definition.cut)
    early = joined <= before + definition.join
    if early.sum() < min(definition.firms, int((path.weight > 0).sum())):
        return None
    end, calm, outcome = _end(path.real, before, definition)
    joined[joined > max(end, before + definition.join)] = np.nan
    return War(before, end, calm, outcome, _leader(path, before, joined), joined)


def _first_cuts(path: Path, before: int, cut: float) -> Floats:
    """(F,) position of the first month in which a firm is `cut` below its level before the war."""
    keep = 1.0 - cut + _SLACK
    low = (path.firm <= keep * path.firm[before]) & (path.firm_real <= keep * path.firm_real[before])
    after = low[before + 1 :]
    return np.where(after.any(axis=0), after.argmax(axis=0) + before + 1.0, np.nan)


def _leader(path: Path, before: int, joined: Floats) -> int:
    """The first firm to cut; if several cut in one month, the one whose cut weighs most in the market."""
    first = int(np.nanmin(joined))
    weight = (1.0 - path.firm[first] / path.firm[before]) * path.weight
    return int(np.nanargmax(np.where(joined == first, weight, -np.inf)))


def _end(real: Floats, before: int, definition: Definition) -> tuple[int, int, Outcome]:
    """End of the war, last month of depressed prices, and how it ended."""
    low, low_at, settled = real[before], before, None
    last = len(real) - 1
    for month in range(before + 1, last + 1):
        if real[month] < low * (1.0 - definition.new_low) and settled is None:
            low, low_at = real[month], month
        elif low < real[before] and real[month] >= (low + real[before]) / 2:
            return (settled or month, month, "settled" if settled else "recovered")
        elif settled is None and month - low_at >= definition.quiet:
            settled = low_at
    return (settled, last, "settled") if settled else (last, last, "open")


def _describe(
    path: Path, war: War, firms: tuple[str, ...], months: tuple[str, ...], gain: Floats
) -> dict[str, object]:
    start_level = path.level[war.before]
    depressed = slice(war.before + 1, war.calm + 1)
    start = np.nanmin(war.joined)
    lags = {firm: int(month - start) for firm, month in zip(firms, war.joined, strict=True) if month >= 0}
    lags.pop(firms[war.leader])
    producers, consumers = gain[war.before : war.calm].sum(axis=0)
    return {
        "start": months[war.before],
        "end": months[war.end - 1],
        "outcome": war.outcome,
        "length": war.end - war.before,
        "depressed_months": war.calm - war.before,
        "depth": 1.0 - np.nanmin(path.level[depressed]) / start_level,
        "breadth": len(lags) + 1,
        "leader": firms[war.leader],
        "followers": ", ".join(f"{firm} +{lag}" for firm, lag in sorted(lags.items(), key=lambda x: x[1])),
        "follower_count": len(lags),
        "median_lag": np.median(list(lags.values())) if lags else np.nan,
        "recovery_half_life": recovery_half_life(path.level[war.before + 1 :], start_level),
        "profit_destroyed": -producers,
        "consumer_gain": consumers,
    }
