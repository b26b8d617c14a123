"""What the figures draw: series with their intervals, from one comparison table made once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import pandas as pd

from pricewar.analysis import episodes
from pricewar.analysis.compare import TOTAL, Row, compare_table, has_luck, pick
from pricewar.analysis.interval import NO_LUCK
from pricewar.analysis.panel import common_months
from pricewar.base.arguments import maybe, takes, text
from pricewar.base.arrays import Floats
from pricewar.base.chinese import say_date
from pricewar.base.speech import say, say_name
from pricewar.base.words import Words
from pricewar.campaigns import tells_campaign
from pricewar.results.store import Results

from .lettering import seeds_in_words

LONGEST: Final = 44
"""Letters of a title that figures have room for."""


class Series(NamedTuple):
    """A monthly mean with its interval, (T,) each."""

    mean: Floats
    lo: Floats
    hi: Floats


class Event(NamedTuple):
    """Something that happened in some scenarios and not in the baseline."""

    period: int
    entity: str
    what: str
    scenarios: tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """Results with their comparison, baseline and names: all that a figure or a report needs."""

    results: Results
    table: pd.DataFrame
    baseline: str
    months: tuple[str, ...]
    firms: tuple[str, ...]
    """By units in the baseline, largest first."""

    @property
    def scenarios(self) -> tuple[str, ...]:
        """All scenarios, in the order of the runs."""
        return self.results.scenarios

    @property
    def others(self) -> tuple[str, ...]:
        """All scenarios but the baseline."""
        return tuple(name for name in self.scenarios if name != self.baseline)

    @property
    def cut_short(self) -> dict[str, str]:
        """Scenarios that ran on after the months compared -> their last month."""
        market = self.results.market[["scenario", "month"]].drop_duplicates()
        last: dict[str, str] = {}
        for name, month in zip(market["scenario"], market["month"], strict=True):
            last[str(name)] = max(str(month), last.get(str(name), ""))
        return {name: month for name, month in sorted(last.items()) if month > self.months[-1]}

    @property
    def sample(self) -> str:
        """How many seeds, in words."""
        return seeds_in_words(len(self.results.seeds))

    @cached_property
    def luck(self) -> bool:
        """Whether seeds differ; assumed to be so where there is one."""
        return has_luck(self.results)

    @property
    def bands(self) -> str:
        """What the bands show, in words, or why there are none."""
        if not self.luck:
            return say("no bands: {why}", why=say(NO_LUCK))
        if len(self.results.seeds) == 1:
            return say("no bands with one seed")
        return say("bands 95% intervals over seeds, of {what}", what=self.results.drawn.what_differs)

    @cached_property
    def wars(self) -> pd.DataFrame:
        """Episodes of price war, one a row, as `pricewar.analysis.episodes` finds them."""
        return episodes(self.results, self.baseline)

    @cached_property
    def words(self) -> Words:
        """What money, units and periods are called: in the baseline's market."""
        return self.results.words(self.baseline)

    def name(self, firm: str) -> str:
        """A firm's name as people write it."""
        return say_name(self.results.names.get(firm, firm))

    def month(self, period: int) -> str:
        """A period as a sentence names it."""
        return say_date(self.months[period])

    def said(self, scenario: str) -> str:
        """What pages call a scenario: the head of its title; its name where it has none or shares it."""
        return self._said.get(scenario, scenario)

    def quoted(self, scenario: str) -> str:
        """The same inside a sentence: in quotation marks where it is a title."""
        said = self.said(scenario)
        return said if said == scenario else say("“{title}”", title=said)

    @cached_property
    def _said(self) -> dict[str, str]:
        titles = {name: self.results.inputs.get(name, {}).get("title", "") for name in self.scenarios}
        heads = {name: re.split(r"[:,;：，；]", say_name(title))[0].strip() for name, title in titles.items()}
        every = list(heads.values())
        return {
            name: head if 0 < len(head) <= LONGEST and every.count(head) == 1 else name
            for name, head in heads.items()
        }

    def firm_of(self, entity: str) -> str:
        """The firm that an entity of the log is, or that makes it; empty for the market."""
        return entity if entity in self.firms else self._makers.get(entity, "")

    @cached_property
    def _makers(self) -> dict[str, str]:
        pairs = self.results.products[["product", "firm"]].drop_duplicates()
        return dict(zip(pairs["product"], pairs["firm"], strict=True))

    def series(self, scenario: str, entity: str, metric: str, diff: bool = False) -> Series:
        """One line of a figure, or its difference from the baseline."""
        rows = self._lines.xs((scenario, entity, metric))
        names = ["diff", "diff_lo", "diff_hi"] if diff else ["mean", "lo", "hi"]
        return Series(*rows.reindex(list(self.months))[names].to_numpy(float).T)

    def total(self, scenario: str, entity: str, metric: str, period: str = TOTAL) -> Row:
        """The row of a total; `period` may be one of the two with open orders."""
        return pick(self.table, scenario, entity, metric, period)

    def has(self, metric: str, period: str) -> bool:
        """Whether the market has a row of this metric and period: old results lack some."""
        return (self.baseline, "market", metric, period) in self._lines.index

    @cached_property
    def _lines(self) -> pd.DataFrame:
        return self.table.set_index(["scenario", "entity", "metric", "period"]).sort_index()

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Entries that half of a scenario's runs or more logged and the baseline did not, by time; campaigns,
        which have a figure of their own, are left out."""
        log, runs = self.results.log, len(self.results.seeds)
        log = log[log["period"] < len(self.months)]
        seen = log.groupby(["period", "entity", "what", "scenario"])["seed"].nunique()
        often = seen[2 * seen >= runs].reset_index()
        where: dict[tuple[int, str, str], list[str]] = {}
        for row in often.to_dict("records"):
            where.setdefault((int(row["period"]), row["entity"], row["what"]), []).append(row["scenario"])
        found = [
            Event(*key, tuple(scenarios))
            for key, scenarios in where.items()
            if not tells_campaign(key[1], key[2])
        ]
        return tuple(sorted(event for event in found if self.baseline not in event.scenarios))


@takes(results=Results, baseline=maybe(text))
def story(results: Results, baseline: str | None = None) -> Story:
    """Compare once, draw often.

    Args:
        results: the runs to draw.
        baseline: scenario to compare with; `results.baseline` if None.

    Raises:
        ResultsError: no runs, or no such baseline.
    """
    base = results.baseline if baseline is None else baseline
    table = compare_table(results, base)
    units = table[(table["scenario"] == base) & (table["metric"] == "units") & (table["period"] == TOTAL)]
    firms = units[units["entity"] != "market"].sort_values("mean", ascending=False, kind="stable")["entity"]
    return Story(results, table, base, common_months(results.market), tuple(firms))
