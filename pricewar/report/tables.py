"""The tables of the report: rows of text, each number with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from pricewar.analysis import below_cost, break_even, gains, predation
from pricewar.analysis.compare import TOTAL, WITH_OPEN, Row
from pricewar.analysis.interval import FEW, NO_LUCK
from pricewar.analysis.surplus import GROUPS
from pricewar.base.words import Words
from pricewar.plots.data import Story
from pricewar.plots.style import in_brackets, number, with_interval, with_range
from pricewar.results.schema import without_level


@dataclass(frozen=True)
class Grid:
    """A table as the report prints it."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Shown(NamedTuple):
    """A metric as the report prints it; its name and unit have the market's words in braces."""

    metric: str
    name: str
    unit: str
    scale: float | None
    """What values are multiplied by; None: as the unit of the market's money or of its units says."""
    period: str = TOTAL

    def within(self, words: Words) -> Shown:
        """The metric in the words and numbers of a market."""
        terms = {
            "units": words.units, "a_unit": words.a_unit, "unit": words.unit, "period": words.period,
            "money": words.axis(), "many": words.many.word or words.units,
        }  # fmt: skip
        factor = words.many.factor if self.unit == "{many}" else words.total.factor
        name, unit = self.name.format(**terms), self.unit.format(**terms)
        sentence = f"{name[:1].upper()}{name[1:]}"
        return self._replace(name=sentence, unit=unit, scale=factor if self.scale is None else self.scale)

    def scaled(self, values: Iterable[float]) -> Iterator[float]:
        """Values as they are shown."""
        return (value if self.scale is None else self.scale * value for value in values)


_ABREAST: Final = 3
MARKET: Final = (
    Shown("price_index", "Price index, mean", "start = 100", 1),
    Shown("reference_index", "– what costs alone explain", "start = 100", 1),
    Shown("war_index", "War index, mean", "%", 1),
    Shown("discount_depth", "Discount depth, mean", "% of list price", 100),
    Shown("units", "{units} delivered", "{many}", None),
    Shown("petrol_units", "Petrol {units}", "{many}", None),
    Shown("mean_wait", "Wait of a delivered {unit}, mean", "{period}s", 1),
    Shown("outside_share", "Outside share, mean", "%", 100),
    Shown("below_cost_share", "{units} ordered below unit cost, mean", "%", 100),
    Shown("hhi", "HHI, mean", "0 to 10,000", 1),
    Shown("consumer_surplus", "Consumer surplus", "{money}", None),
    Shown("feels_cheap", "– what only feels cheap, not in it", "{money}", None),
    Shown("producer_surplus", "Producer surplus", "{money}", None),
    Shown("refunds", "– given back at delivery", "{money}", None),
    Shown("petrol_profit", "Margin on petrol {units}", "{money}", None),
    Shown("supplier_profit", "Supplier profit", "{money}", None),
    Shown("fiscal_cost", "Fiscal cost", "{money}", None),
    Shown("petrol_taxes", "– taxes on petrol {units}, in it", "{money}", None),
    Shown("welfare", "Welfare", "{money}", None),
    Shown("welfare", "Welfare with open orders", "{money}", None, WITH_OPEN),
    Shown("firms_active", "Firms in the market, mean", "firms", 1),
)
FIRMS: Final = (
    Shown("price_change", "Price, mean", "pp of start", 100),
    Shown("share", "Share, mean", "pp", 100),
    Shown("gross_margin", "Gross margin, mean", "pp", 100),
    Shown("operating_profit", "Operating profit", "{money}", None),
    Shown("cash", "Cash at the end", "{money}", None),
)


def market(told: Story) -> list[Grid]:
    """The market over the whole run: the baseline, and each scenario's difference from it, three a table."""
    parts = [told.others[i : i + _ABREAST] for i in range(0, len(told.others), _ABREAST)] or [()]
    return [_market(told, part) for part in parts]


def market_rows(words: Words) -> list[Shown]:
    """What is told of a market, in its words; of petrol only where there is any."""
    return [shown.within(words) for shown in MARKET if words.petrol or "petrol" not in shown.metric]


def _market(told: Story, others: tuple[str, ...]) -> Grid:
    rows = []
    for shown in market_rows(told.words):
        silent = not others and shown.metric in without_level("market")
        if silent or not told.has(shown.metric, shown.period):
            continue
        base = told.total(told.baseline, "market", shown.metric, shown.period)
        cells = [level_cell(shown, base)]
        for scenario in others:
            row = told.total(scenario, "market", shown.metric, shown.period)
            cells.append(change_cell(shown, row))
        rows.append((f"{shown.name} ({shown.unit})", *cells))
    head = ("", told.said(told.baseline), *(f"{told.said(name)}: difference" for name in others))
    note = (
        "A level of consumer surplus or welfare means nothing, so only differences are told. Surplus counts "
        "at the order, profit at the delivery; open orders: what the orders open at the end come to, less "
        f"those of the start. {_of_what(told)}{_ranges(told)}"
    )
    return Grid("The market over the whole run", note, head, tuple(rows))


def buyers(told: Story) -> Grid:
    """What buyers gain in each scenario, in money, per car, and by income fifth."""
    found, words = gains(told.results, told.baseline), told.words
    rows = []
    for scenario in told.others:
        part = found[found["scenario"] == scenario].set_index("group")

        def cell(group: str, name: str, scale: float, part: pd.DataFrame = part) -> str:
            values = part.loc[group, [name, f"{name}_lo", f"{name}_hi"]].to_numpy(float)
            return with_interval(scale * values, signed=True)

        fifths = [
            cell(group, "money", words.total.factor) + in_brackets(percent)
            for group, percent in zip(GROUPS[1:], part.loc[list(GROUPS[1:]), "percent"], strict=True)
        ]
        rows.append(
            (
                told.said(scenario),
                cell("all", "money", words.total.factor),
                cell("all", "per_car", 1.0),
                *fifths,
            )
        )
    head = (
        "", f"All, {words.axis()}", f"{words.money} {words.a_unit} ordered in {told.quoted(told.baseline)}",
        f"Poorest fifth, {words.axis()}", "2nd", "3rd", "4th", f"Richest fifth, {words.axis()}",
    )  # fmt: skip
    note = (
        f"Against {told.quoted(told.baseline)} with the same seeds, open orders counted. In round "
        "brackets: per cent "
        f"of the fifth's own surplus there; – where a run leaves it next to none. {_of_what(told)}"
    )
    return Grid("What buyers gain", note, head, tuple(rows))


def firms(told: Story, scenario: str) -> Grid:
    """Every firm's difference from the baseline in one scenario."""
    rows, measures = [], [shown.within(told.words) for shown in FIRMS]
    for firm in told.firms:
        cells = []
        for shown in measures:
            row = told.total(scenario, firm, shown.metric)
            cells.append(change_cell(shown, row))
        rows.append((told.name(firm), *cells))
    head = ("", *(f"{shown.name} ({shown.unit})" for shown in measures))
    note = f"{_of_what(told)}{_ranges(told)}"
    return Grid(
        f"Firms in {told.quoted(scenario)}, difference from {told.quoted(told.baseline)}",
        note,
        head,
        tuple(rows),
    )


def level_cell(shown: Shown, row: Row) -> str:
    """Mean with its interval, and below them the range over seeds."""
    return _two_lines(
        with_interval(shown.scaled(row.level)),
        with_range(shown.scaled((row.range_lo, row.range_hi))),
    )


def change_cell(shown: Shown, row: Row) -> str:
    """The same of the difference from the baseline."""
    return _two_lines(
        with_interval(shown.scaled(row.change), signed=True),
        with_range(shown.scaled((row.diff_range_lo, row.diff_range_hi)), signed=True),
    )


def _two_lines(mean: str, runs: str) -> str:
    return f"{mean}\n{runs}" if runs else mean


def _ranges(told: Story) -> str:
    """What the round brackets of a table contain; nothing where there are none."""
    seeds = len(told.results.seeds)
    if not told.luck or seeds == 1:
        return ""
    where = (
        "where 90% of runs lie (5 to 95%)"
        if seeds >= FEW
        else f"least to greatest run, of fewer than {FEW} seeds"
    )
    return f" Round brackets: range over seeds, {where}; it does not narrow with more seeds."


def _of_what(told: Story) -> str:
    """What the brackets of a table contain, or why there are none."""
    if not told.luck:
        return f"No intervals: {NO_LUCK}."
    if len(told.results.seeds) == 1:
        return "One seed: no intervals."
    return f"Square brackets: 95% intervals of the mean over seeds: of {told.results.drawn.of_what}."


def books(told: Story, scenario: str) -> Grid:
    """Months below cost, sacrifice and recoupment, break-even of every firm in one scenario."""
    joined = below_cost(told.results)
    for other in (predation(told.results, told.baseline), break_even(told.results)):
        joined = joined.merge(other, on=["scenario", "firm"])
    found = {str(row["firm"]): row for row in joined[joined["scenario"] == scenario].to_dict("records")}
    rows, words = [], told.words
    for firm in told.firms:
        row = found[firm]
        months = [number(row[name], 1) for name in ("unit_cost", "full_cost")]
        money = [number(row[name] / words.total.size) for name in ("sacrifice", "recoupment")]
        runs = f"{row['lasting_runs']:.0f} of {row['runs']:.0f}"
        rows.append((told.name(firm), *months, *money, _month(told, row["lasting"]), runs))
    head = (
        "",
        f"{words.period.capitalize()}s below unit cost",
        f"{words.period.capitalize()}s below full cost",
        f"Sacrifice ({words.axis()})",
        f"Recoupment ({words.axis()})",
        "In the black from",
        "in runs",
    )
    note = (
        f"Means over runs; break-even: median. Sacrifice: {words.period}s of profit below "
        f"{told.quoted(told.baseline)} "
        "with the "
        f"same seed; recoupment: later {words.period}s above it; both discounted at 8% a year. In the "
        "black: from "
        f"this {words.period} no sum of three {words.period}s is negative."
    )
    return Grid(f"Books in {told.quoted(scenario)}", note, head, tuple(rows))


def wars(told: Story, episodes: pd.DataFrame) -> Grid:
    """Price wars by scenario: how many runs had one, and medians over the wars found."""
    rows, words = [], told.words
    for scenario in told.scenarios:
        found = episodes[episodes["scenario"] == scenario]
        runs = told.results.runs.query("scenario == @scenario and status == 'ok'")
        share = f"{found['seed'].nunique()} of {len(runs)}"
        rows.append((told.said(scenario), share, *(_war(told, found) if len(found) else ["–"] * 8)))
    head = (
        "",
        "Runs with a war",
        "Start",
        "Leader",
        "Firms",
        f"Lag ({words.period}s)",
        "Depth (%)",
        f"Fought / depressed ({words.period}s)",
        f"Profit destroyed ({words.axis()})",
        f"Consumer gain ({words.axis()})",
    )
    note = (
        "Medians over the wars found; start and leader: the most frequent. A war is a fall of the price "
        f"index, net of costs, by more than 2% within three {words.period}s in which at least three firms "
        "cut by 3% "
        f"or more within six {words.period}s. It is fought until half of the fall is made good or "
        f"{words.short_time} passes "
        "without a new low; prices are depressed until half of the fall is made good. Profit destroyed and "
        f"consumer gain: against {told.quoted(told.baseline)} with the same seed, over the depressed "
        f"{words.period}s."
    )
    return Grid("Wars by scenario", note, head, tuple(rows))


def _war(told: Story, found: pd.DataFrame) -> list[str]:
    middle = found.select_dtypes("number").median()
    return [
        str(found["start"].mode()[0]),
        told.name(str(found["leader"].mode()[0])),
        number(middle["breadth"], 0),
        number(middle["median_lag"], 1),
        number(100 * middle["depth"], 1),
        f"{number(middle['length'], 0)} / {number(middle['depressed_months'], 0)}",
        *(_money(told, middle[name]) for name in ("profit_destroyed", "consumer_gain")),
    ]


def _money(told: Story, value: float) -> str:
    return number(value / told.words.total.size) if np.isfinite(value) else "–"


def _month(told: Story, period: float) -> str:
    return told.months[round(period)] if np.isfinite(period) else "never"
