"""Scenarios against a baseline: means over seeds and paired differences, each with its 95% interval.

Runs with one seed share their luck, so the difference of a seed is the effect of what was changed; the
interval is over those differences, not over the two scenarios apart. It covers what seeds draw: luck, and
parameters too where the runs drew them (`Results.drawn`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from pricewar.base.arguments import maybe, one_of, takes, text
from pricewar.base.arrays import Floats
from pricewar.base.errors import ResultsError
from pricewar.results.bounds import Bounds, bounds_of
from pricewar.results.schema import COMPARISON, columns, measures, without_level
from pricewar.results.store import Results

from .interval import Ends, Interval, Method, interval, spread_over_seeds
from .panel import Panel, panel, position, total

TOTAL: Final = "total"
OPEN: Final = "open_orders"
"""What the orders open at the end come to, less those open at the start."""
WITH_OPEN: Final = "total_with_open"
"""The total of the months, with what open orders come to."""

LEVELS: Final = ("mean", "lo", "hi")
CHANGES: Final = ("diff", "diff_lo", "diff_hi")
RANGES: Final = ("range_lo", "range_hi", "diff_range_lo", "diff_range_hi")


class Row(NamedTuple):
    """The numbers of one row of a comparison."""

    mean: float
    lo: float
    hi: float
    diff: float
    diff_lo: float
    diff_hi: float
    range_lo: float
    range_hi: float
    diff_range_lo: float
    diff_range_hi: float

    @property
    def level(self) -> tuple[float, float, float]:
        """Mean with the ends of its interval."""
        return self.mean, self.lo, self.hi

    @property
    def change(self) -> tuple[float, float, float]:
        """Difference from the baseline with the ends of its interval."""
        return self.diff, self.diff_lo, self.diff_hi


@takes(results=Results, baseline=maybe(text), method=one_of("t", "bootstrap"))
def compare_table(results: Results, baseline: str | None = None, method: Method = "t") -> pd.DataFrame:
    """All metrics of market and firms, month by month and in total, against the baseline.

    Args:
        results: runs of one or more scenarios with common seeds.
        baseline: the scenario to compare with; `results.baseline` if None.
        method: kind of interval, "t" or "bootstrap".

    Returns:
        Columns scenario, entity, metric, period (month or "total"), mean, lo, hi, diff, diff_lo, diff_hi,
        range_lo, range_hi, diff_range_lo, diff_range_hi. The first six are means with the intervals of means;
        ranges are where 90% of the runs lie, or all of them with fewer than five seeds.
        Money of the market has two periods more, where all scenarios end in the same month: "open_orders",
        what the orders open at the end come to, less those open at the start; and "total_with_open", the
        total with it. The means of surplus and welfare are NaN: only their differences mean anything.
        Intervals and ranges are NaN with one seed, and where the seeds do not differ; they lie inside what
        the metric can be. A seed that lacks a run drops out of the differences it is needed for.

    Raises:
        ResultsError: the baseline is not among the scenarios.
    """
    base = position(results, baseline)
    market = panel(results, "market", tuple(measures("market")))
    firms = panel(results, "firms", tuple(measures("firms")), entity="firm")
    parts = [_compared(market, "market", base, method), _compared(firms, "firms", base, method)]
    if can_accrue(results):
        parts.append(_accrued(results, market, base, method))
    table = pd.concat(parts, ignore_index=True)
    table.loc[table["metric"].isin(without_level("market")), [*LEVELS, *RANGES[:2]]] = np.nan
    return table


def pick(table: pd.DataFrame, scenario: str, entity: str, metric: str, period: str = TOTAL) -> Row:
    """The one row of a comparison table with these keys."""
    keys = {"scenario": scenario, "entity": entity, "metric": metric, "period": period}
    chosen = np.logical_and.reduce([table[name] == value for name, value in keys.items()])
    numbers = table.loc[chosen, list(Row._fields)].to_numpy(float)
    if len(numbers) != 1:
        raise ResultsError(f"{len(numbers)} rows of the comparison for {keys}")
    return Row(*map(float, numbers[0]))


def with_total(data: Panel, table: str) -> Floats:
    """(scenario, seed, period + 1, entity, metric): the months and, last, their total."""
    rules = measures(table)
    whole = [total(data[metric], rules[metric], axis=2) for metric in data.metrics]
    return np.concatenate([data.values, np.stack(whole, axis=-1)[:, :, None]], axis=2)


def has_luck(results: Results) -> bool:
    """Whether runs of one scenario differ from seed to seed; assumed to be so where there is one seed.

    The runs themselves decide: every draw, in demand, in a firm's rule or in a measure, shows there.
    """
    keys = ["scenario", "period"]
    if results.market["seed"].nunique() < 2:
        return True
    for name, by in (("market", keys), ("firms", [*keys, "firm"])):
        cells = results.tables[name].groupby(by, observed=True)[list(measures(name))]
        if not np.array_equal(cells.min().to_numpy(float), cells.max().to_numpy(float), equal_nan=True):
            return True
    return False


def can_accrue(results: Results) -> bool:
    """Whether open orders can be compared: results contain them, and all scenarios end in the same month."""
    ends = results.market.groupby("scenario")["period"].max()
    return bool(len(results.open_orders)) and ends.nunique() == 1


def accrued(results: Results, metrics: Sequence[str]) -> Floats:
    """(scenario, seed, metric) what open orders come to, closing less opening; NaN where a run failed."""
    table = results.open_orders
    sign = np.where(table["book"] == "closing", 1.0, -1.0)
    net = table[list(metrics)].mul(sign, axis=0).groupby([table["scenario"], table["seed"]]).sum()
    order = pd.MultiIndex.from_product([results.scenarios, results.seeds])
    return net.reindex(order).to_numpy(float).reshape(len(results.scenarios), len(results.seeds), -1)


def _accrued(results: Results, market: Panel, base: int, method: Method) -> pd.DataFrame:
    names = tuple(name for name in columns("open_orders") if name in market.metrics and name != "refunds")
    opened = accrued(results, names)[:, :, None, None, :]
    whole = np.stack([total(market[name], "sum", axis=2) for name in names], axis=-1)[:, :, None]
    data = replace(market, months=(OPEN, WITH_OPEN), metrics=names)
    return _intervals(data, np.concatenate([opened, whole + opened], axis=2), base, method)


def _compared(data: Panel, table: str, base: int, method: Method) -> pd.DataFrame:
    return _intervals(replace(data, months=(*data.months, TOTAL)), with_total(data, table), base, method)


def _intervals(data: Panel, values: Floats, base: int, method: Method) -> pd.DataFrame:
    bounds = [bounds_of(metric) for metric in data.metrics]
    level, change = _ends(bounds), _ends([one.of_differences() for one in bounds])
    own = [interval(part, method, level) for part in values]
    size = np.nanmax(np.abs(values), axis=(0, 1), initial=0.0)
    paired = [interval(part - values[base], method, change, size) for part in values]
    ranges = [spread_over_seeds(part) for part in values]
    apart = [spread_over_seeds(part - values[base], size) for part in values]
    # a scenario less itself is zero, with one seed too: known, not estimated
    zero = np.where(np.isnan(own[base].mean), np.nan, 0.0)
    paired[base], apart[base] = Interval(zero, zero, zero), (zero, zero)
    return _long(data, own, paired, ranges, apart)


def _ends(bounds: Sequence[Bounds]) -> Ends:
    return Ends(np.array([one.low for one in bounds]), np.array([one.high for one in bounds]))


def _long(data: Panel, *parts: Sequence[tuple[Floats, ...]]) -> pd.DataFrame:
    """Rows of the table; each part gives its columns in order, one tuple of arrays a scenario."""
    axes = (data.scenarios, data.months, data.entities, data.metrics)
    index = np.indices([len(axis) for axis in axes]).reshape(4, -1)
    scenario, period, entity, metric = (
        np.array(axis, object)[i] for axis, i in zip(axes, index, strict=True)
    )
    keys = {"scenario": scenario, "entity": entity, "metric": metric, "period": period}
    stacked = [_stack(part, i) for part in parts for i in range(len(part[0]))]
    numbers = dict(zip((*LEVELS, *CHANGES, *RANGES), stacked, strict=True))
    frame = pd.DataFrame(keys | numbers)
    return frame.astype({column.name: column.dtype for column in COMPARISON})


def _stack(intervals: Sequence[tuple[Floats, ...]], part: int) -> Floats:
    return np.stack([one[part] for one in intervals]).ravel()
