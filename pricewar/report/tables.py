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
from pricewar.base.chinese import say_date
from pricewar.base.speech import phrase, say
from pricewar.base.words import Words
from pricewar.plots.data import Story
from pricewar.plots.lettering import sentences
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
            "units": words.sold, "a_unit": words.a_unit, "unit": words.unit, "period": words.period,
            "money": words.axis(), "many": words.counted,
        }  # fmt: skip
        factor = words.many.factor if self.unit == "{many}" else words.total.factor
        name, unit = say(self.name, **terms), say(self.unit, **terms)
        sentence = f"{name[:1].upper()}{name[1:]}"
        return self._replace(name=sentence, unit=unit, scale=factor if self.scale is None else self.scale)

    @property
    def headed(self) -> str:
        """Name and unit at the head of a row or a column."""
        return say("{name} ({unit})", name=self.name, unit=self.unit)

    def scaled(self, values: Iterable[float]) -> Iterator[float]:
        """Values as they are shown."""
        return (value if self.scale is None else self.scale * value for value in values)


_ABREAST: Final = 3
MARKET: Final = (
    Shown("price_index", phrase("Price index, mean"), phrase("start = 100"), 1),
    Shown("reference_index", phrase("– what costs alone explain"), phrase("start = 100"), 1),
    Shown("war_index", phrase("War index, mean"), "%", 1),
    Shown("discount_depth", phrase("Discount depth, mean"), phrase("% of list price"), 100),
    Shown("units", phrase("{units} delivered"), "{many}", None),
    Shown("petrol_units", phrase("Petrol {units}"), "{many}", None),
    Shown("mean_wait", phrase("Wait of a delivered {unit}, mean"), phrase("{period}s"), 1),
    Shown("outside_share", phrase("Outside share, mean"), "%", 100),
    Shown("below_cost_share", phrase("{units} ordered below unit cost, mean"), "%", 100),
    Shown("hhi", phrase("HHI, mean"), phrase("0 to 10,000"), 1),
    Shown("consumer_surplus", phrase("Consumer surplus"), "{money}", None),
    Shown("feels_cheap", phrase("– what only feels cheap, not in it"), "{money}", None),
    Shown("producer_surplus", phrase("Producer surplus"), "{money}", None),
    Shown("refunds", phrase("– given back at delivery"), "{money}", None),
    Shown("petrol_profit", phrase("Margin on petrol {units}"), "{money}", None),
    Shown("supplier_profit", phrase("Supplier profit"), "{money}", None),
    Shown("fiscal_cost", phrase("Fiscal cost"), "{money}", None),
    Shown("petrol_taxes", phrase("– taxes on petrol {units}, in it"), "{money}", None),
    Shown("welfare", phrase("Welfare"), "{money}", None),
    Shown("welfare", phrase("Welfare with open orders"), "{money}", None, WITH_OPEN),
    Shown("firms_active", phrase("Firms in the market, mean"), phrase("firms"), 1),
)
FIRMS: Final = (
    Shown("price_change", phrase("Price, mean"), phrase("pp of start"), 100),
    Shown("share", phrase("Share, mean"), phrase("pp"), 100),
    Shown("gross_margin", phrase("Gross margin, mean"), phrase("pp"), 100),
    Shown("operating_profit", phrase("Operating profit"), "{money}", None),
    Shown("cash", phrase("Cash at the end"), "{money}", None),
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
        rows.append((shown.headed, *cells))
    apart = (say("{scenario}: difference", scenario=told.said(name)) for name in others)
    head = ("", told.said(told.baseline), *apart)
    note = say(
        "A level of consumer surplus or welfare means nothing, so only differences are told. Surplus counts "
        "at the order, profit at the delivery; open orders: what the orders open at the end come to, less "
        "those of the start."
    )
    return Grid(say("The market over the whole run"), _spreads(told, note), head, tuple(rows))


def buyers(told: Story) -> Grid:
    """What buyers gain in each scenario, in money, per car, and by income fifth."""
    found, words, baseline = gains(told.results, told.baseline), told.words, told.quoted(told.baseline)
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
        "", say("All, {money}", money=words.axis()),
        say(
            "{money} {a_unit} ordered in {baseline}",
            money=words.money, a_unit=words.a_unit, baseline=baseline,
        ),
        say("Poorest fifth, {money}", money=words.axis()), say("2nd"), say("3rd"), say("4th"),
        say("Richest fifth, {money}", money=words.axis()),
    )  # fmt: skip
    note = say(
        "Against {baseline} with the same seeds, open orders counted. In round brackets: per cent of the "
        "fifth's own surplus there; – where a run leaves it next to none.",
        baseline=baseline,
    )
    return Grid(say("What buyers gain"), sentences((note, _of_what(told))), head, tuple(rows))


def firms(told: Story, scenario: str) -> Grid:
    """Every firm's difference from the baseline in one scenario."""
    rows, measures = [], [shown.within(told.words) for shown in FIRMS]
    for firm in told.firms:
        cells = []
        for shown in measures:
            row = told.total(scenario, firm, shown.metric)
            cells.append(change_cell(shown, row))
        rows.append((told.name(firm), *cells))
    head = ("", *(shown.headed for shown in measures))
    title = say(
        "Firms in {scenario}, difference from {baseline}",
        scenario=told.quoted(scenario),
        baseline=told.quoted(told.baseline),
    )
    return Grid(title, _spreads(told), head, tuple(rows))


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
        say("where 90% of runs lie (5 to 95%)")
        if seeds >= FEW
        else say("least to greatest run, of fewer than {few} seeds", few=FEW)
    )
    text = phrase("Round brackets: range over seeds, {where}; it does not narrow with more seeds.")
    return say(text, where=where)


def _spreads(told: Story, note: str = "") -> str:
    """A note, and what the brackets of its table contain."""
    return sentences(part for part in (note, _of_what(told), _ranges(told)) if part)


def _of_what(told: Story) -> str:
    """What the brackets of a table contain, or why there are none."""
    if not told.luck:
        return say("No intervals: {why}.", why=say(NO_LUCK))
    if len(told.results.seeds) == 1:
        return say("One seed: no intervals.")
    text = phrase("Square brackets: 95% intervals of the mean over seeds: of {what}.")
    return say(text, what=told.results.drawn.of_what)


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
        amounts = [number(row[name] / words.total.size) for name in ("sacrifice", "recoupment")]
        runs = say("{some} of {all}", some=f"{row['lasting_runs']:.0f}", all=f"{row['runs']:.0f}")
        rows.append((told.name(firm), *months, *amounts, _month(told, row["lasting"]), runs))
    period, money = words.period, words.axis()
    head = (
        "", say("{Period}s below unit cost", Period=period.capitalize()),
        say("{Period}s below full cost", Period=period.capitalize()), say("Sacrifice ({money})", money=money),
        say("Recoupment ({money})", money=money), say("In the black from"), say("in runs"),
    )  # fmt: skip
    note = say(
        "Means over runs; break-even: median. Sacrifice: {period}s of profit below {baseline} with the same "
        "seed; recoupment: later {period}s above it; both discounted at 8% a year. In the black: from this "
        "{period} no sum of three {period}s is negative.",
        period=period, baseline=told.quoted(told.baseline),
    )  # fmt: skip
    return Grid(say("Books in {scenario}", scenario=told.quoted(scenario)), note, head, tuple(rows))


def wars(told: Story, episodes: pd.DataFrame) -> Grid:
    """Price wars by scenario: how many runs had one, and medians over the wars found."""
    rows, words = [], told.words
    for scenario in told.scenarios:
        found = episodes[episodes["scenario"] == scenario]
        runs = told.results.runs.query("scenario == @scenario and status == 'ok'")
        share = say("{some} of {all}", some=found["seed"].nunique(), all=len(runs))
        rows.append((told.said(scenario), share, *(_war(told, found) if len(found) else ["–"] * 8)))
    head = (
        "", say("Runs with a war"), say("Start"), say("Leader"), say("Firms"),
        say("Lag ({period}s)", period=words.period), say("Depth (%)"),
        say("Fought / depressed ({period}s)", period=words.period),
        say("Profit destroyed ({money})", money=words.axis()),
        say("Consumer gain ({money})", money=words.axis()),
    )  # fmt: skip
    note = say(
        "Medians over the wars found; start and leader: the most frequent. A war is a fall of the price "
        "index, net of costs, by more than 2% within three {period}s in which at least three firms cut by 3% "
        "or more within six {period}s. It is fought until half of the fall is made good or {time} passes "
        "without a new low; prices are depressed until half of the fall is made good. Profit destroyed and "
        "consumer gain: against {baseline} with the same seed, over the depressed {period}s.",
        period=words.period, time=words.short_time, baseline=told.quoted(told.baseline),
    )  # fmt: skip
    return Grid(say("Wars by scenario"), note, head, tuple(rows))


def _war(told: Story, found: pd.DataFrame) -> list[str]:
    middle = found.select_dtypes("number").median()
    return [
        say_date(str(found["start"].mode()[0])),
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
    return told.month(round(period)) if np.isfinite(period) else say("never")
