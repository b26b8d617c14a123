"""What a study says: effects with intervals, who pays, which option is best how often, how courts err."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from pricewar.analysis.interval import clopper_pearson, interval
from pricewar.analysis.robustness import robustness
from pricewar.analysis.surplus import percent_of_own
from pricewar.base.arrays import Floats
from pricewar.results.bounds import bounds_of

from .courts import TESTS
from .spec import NONE, PEACE
from .study import PolicyStudy

PETROL: Final = "petrol makers"
PAYERS: Final = {
    **{f"buyers, fifth {group}": (f"pv.consumer_surplus_{group}", 1.0) for group in range(1, 6)},
    "firms": ("pv.producer_surplus", 1.0),
    PETROL: ("pv.petrol_profit", 1.0),
    "suppliers": ("pv.supplier_profit", 1.0),
    "treasury": ("pv.fiscal_cost", -1.0),
    "open orders": ("pv.open.welfare", 1.0),
}
"""Who gains or pays: the measure, and its sign. They add up to welfare with open orders."""
RANKED: Final = "pv.welfare_with_open"
"""The measure by which options are ranked unless another is asked for."""
_KEYS: Final = ("draw", "seed", "option")
_KEPT: Final = "_effects"
"""Where a study keeps its effects: pages, tables and figures ask for them eight times."""
_MEANS: Final = "_means"
"""Where it keeps its means over seeds."""
SAME: Final = 1e-9
"""Part of the largest value of a future below which two options tie: the last digits decide nothing."""


def measured(study: PolicyStudy) -> list[str]:
    """Names of all measures in the table of a study."""
    left_out = {*_KEYS, *study.spec.factors}
    return [str(name) for name in study.options if name not in left_out]


def wide(study: PolicyStudy, measure: str) -> pd.DataFrame:
    """(futures, options) one measure; seeds of one draw are averaged: a draw is one future."""
    return pd.DataFrame(_cube(study)[measure])[[PEACE, *study.spec.options]]


def _cube(study: PolicyStudy) -> pd.DataFrame:
    """(futures, (measures, options)) means over seeds; made once, as pages ask for it a hundred times."""
    held = vars(study)
    if _MEANS not in held:
        rows = study.options.groupby(["draw", "option"], sort=True)
        held[_MEANS] = rows[measured(study)].mean().unstack("option")
    found: pd.DataFrame = held[_MEANS]
    return found


def effects(study: PolicyStudy) -> pd.DataFrame:
    """Each measure of each option, and its difference from no measure in the same future.

    Returns:
        Columns option, measure, mean, lo, hi (95% interval of the mean over futures, Student's t, inside what
        the measure can be; empty for surplus and welfare, whose levels mean nothing, and where no future
        differs), diff, diff_lo, diff_hi (paired), p05, p95 (of the differences), futures (that have a value).
    """
    held = vars(study)
    if _KEPT not in held:
        held[_KEPT] = _effects(study)
    found: pd.DataFrame = held[_KEPT]
    return found.copy()


def _effects(study: PolicyStudy) -> pd.DataFrame:
    rows, names = [], measured(study)
    for measure in names:
        table = wide(study, measure)
        change = table.sub(table[NONE], axis=0)
        bounds = bounds_of(measure)
        own = interval(table.to_numpy(float), bounds=bounds)
        size = np.abs(table.to_numpy(float)).max(axis=0, initial=0.0, where=table.notna().to_numpy())
        paired = interval(change.to_numpy(float), bounds=bounds.of_differences(), size=size)
        for place, option in enumerate(table):
            seen = change[option].dropna()
            ends = np.quantile(seen, [0.05, 0.95]) if len(seen) else (np.nan, np.nan)
            level = np.nan if is_gain(measure) else 1.0
            numbers = [level * float(part[place]) for part in own]
            numbers += [float(part[place]) for part in paired]
            rows.append((option, measure, *numbers, *map(float, ends), int(table[option].notna().sum())))
    heads = ["option", "measure", "mean", "lo", "hi", "diff", "diff_lo", "diff_hi", "p05", "p95", "futures"]
    return pd.DataFrame(rows, columns=heads)


def is_gain(measure: str) -> bool:
    """Whether only differences of a measure mean anything: surplus, and welfare, which contains it."""
    return "consumer_surplus" in measure or "welfare" in measure


def buyers(study: PolicyStudy) -> pd.DataFrame:
    """What buyers gain over no measure, open orders counted, present value, a unit and by income fifth.

    Returns:
        Columns option, what ("car", or what else the market sells: money for each one ordered without
        measures; "1" to "5": per cent of the fifth's own surplus without measures, the poorest first, NaN
        where a future leaves it next to none; "money 1" to "money 5": money), mean over futures, p05 and
        p95 of the futures.
    """
    unit, cars = study.spec.base.words.unit, wide(study, "orders")[NONE].to_numpy(float)
    names = {unit: "consumer_surplus"} | {str(g): f"consumer_surplus_{g}" for g in range(1, 6)}
    parts = {what: wide(study, f"pv.{name}") + wide(study, f"pv.open.{name}") for what, name in names.items()}
    everybody = parts[unit][NONE].to_numpy(float)
    rows = []
    for option in parts[unit]:
        for what, table in parts.items():
            own = table[NONE].to_numpy(float)
            money = table[option].to_numpy(float) - own
            if what == unit:
                rows.append((option, what, *_spread(money / cars)))
                continue
            done = np.isfinite(money)
            share = percent_of_own(money[done], own[done], everybody[done])
            rows += [(option, what, *_spread(share)), (option, f"money {what}", *_spread(money))]
    return pd.DataFrame(rows, columns=["option", "what", "mean", "p05", "p95"])


def fifths_percent(study: PolicyStudy, option: str, group: int) -> Floats:
    """(futures,) what an income fifth gains over no measure, per cent of its own surplus without measures.

    Args:
        study: what was run.
        option: of the study.
        group: 1 the poorest to 5 the richest.

    Returns:
        NaN in all futures where one of them leaves the fifth next to no surplus of its own.
    """

    def surplus(name: str) -> pd.DataFrame:
        return wide(study, f"pv.{name}") + wide(study, f"pv.open.{name}")

    table = surplus(f"consumer_surplus_{group}")
    own = table[NONE].to_numpy(float)
    money = table[option].to_numpy(float) - own
    done, found = np.isfinite(money), np.full(len(money), np.nan)
    found[done] = percent_of_own(
        money[done], own[done], surplus("consumer_surplus")[NONE].to_numpy(float)[done]
    )
    return found


def _spread(values: Floats) -> tuple[float, float, float]:
    """Mean, and the ends that hold 90% of what is known."""
    known = values[np.isfinite(values)]
    if not len(known):
        return np.nan, np.nan, np.nan
    low, high = np.quantile(known, [0.05, 0.95])
    return float(known.mean()), float(low), float(high)


def pick(table: pd.DataFrame, option: str, measure: str) -> pd.Series:
    """The one row of `effects` of an option and a measure."""
    return table[(table["option"] == option) & (table["measure"] == measure)].iloc[0]


def payers(study: PolicyStudy) -> pd.DataFrame:
    """(options, groups) mean gain of each group over no measure, present value, money.

    Makers of petrol cars are a group where the market tells of them.
    """
    gains, petrol = {}, study.spec.base.words.petrol
    for group, (measure, sign) in PAYERS.items():
        if group == PETROL and not petrol:
            continue
        table = wide(study, measure)
        gains[group] = sign * table.sub(table[NONE], axis=0).mean()
    return pd.DataFrame(gains).loc[[PEACE, *study.spec.options[1:]]]


def best(study: PolicyStudy, measure: str = RANKED) -> pd.DataFrame:
    """In which share of futures each option is best, and what it costs to be wrong.

    Peace is no option. Of options that tie, the one named first in the file counts: no measure before all.

    Returns:
        Columns option, best, best_lo, best_hi (share of futures, Clopper and Pearson 1934), regret_mean,
        regret_lo, regret_hi, regret_p90, regret_max (Savage 1951), least mean regret first. Intervals are
        over futures.
    """
    kept = study.options[study.options["option"] != PEACE]
    table = robustness(kept, "option", ["option", "draw"], measure, over="point")
    complete = wide(study, measure)[list(study.spec.options)].dropna()
    slack = SAME * complete.abs().max(axis=1)
    winners = complete.ge(complete.max(axis=1) - slack, axis=0).idxmax(axis=1)  # the first that is best
    rows = {}
    for option in study.spec.options:
        won = int((winners == option).sum())
        share = won / len(winners)
        rows[option] = (share, *map(float, clopper_pearson(share, len(winners))))
    shares = pd.DataFrame.from_dict(rows, orient="index", columns=["best", "best_lo", "best_hi"])
    names = ["option", *shares, "regret_mean", "regret_lo", "regret_hi", "regret_p90", "regret_max"]
    return table.join(shares, on="option")[names]


def courts(study: PolicyStudy, options: Sequence[str] = (NONE,)) -> pd.DataFrame:
    """How often each test of predation errs in the war without measures.

    Returns:
        Columns option, test, missed, missed_lo, missed_hi, false_alarm, false_alarm_lo, false_alarm_hi:
        means over futures with 95% intervals, and the number of futures with an intended cut.
    """
    table = effects(study)
    rows = []
    for option in options:
        for test in TESTS:
            found = [pick(table, option, f"{kind}.{test}") for kind in ("missed", "false_alarm")]
            numbers = [float(row[name]) for row in found for name in ("mean", "lo", "hi")]
            rows.append((option, test, *numbers, int(found[0]["futures"])))
    kinds = [f"{kind}{end}" for kind in ("missed", "false_alarm") for end in ("", "_lo", "_hi")]
    return pd.DataFrame(rows, columns=["option", "test", *kinds, "futures"])


def monthly(study: PolicyStudy) -> pd.DataFrame:
    """Mean over futures of the monthly paths, by option and month; of surplus and welfare, and of them alone,
    the difference from no measure."""
    keys = ["option", "month"]
    mean = study.paths.drop(columns=["draw", "seed"]).groupby(keys, sort=False).mean()
    told = [str(name) for name in mean if is_gain(str(name))]
    base = mean.loc[NONE, told].reindex(mean.index.get_level_values("month")).to_numpy()
    return mean.assign(**(mean[told] - base)).rename(columns={n: f"{n}_gain" for n in told}).reset_index()
