"""What the page draws: the tables of a run as columns of plain numbers, each chart with its unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from pricewar.base.words import PLAIN, Words
from pricewar.campaigns import tells_campaign
from pricewar.market.model import PriceWar
from pricewar.results.store import Results
from pricewar.scenario.tree import Scenario

from .told import told

PALETTE: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito (2008), as in printed figures (`plots.style`), without loading what draws those."""
GAIN: Final = "buyers_gain"
PROFIT: Final = "operating_profit"
RUNWAY_CAP: Final = 36.0
"""Months of cash beyond which a runway is drawn as this: nobody's worry."""
BURN_WINDOW: Final = 3
"""Months over which losses are averaged for the runway."""


@dataclass(frozen=True)
class Chart:
    """One chart: a column of the market or of each firm, in the unit that people read."""

    key: str
    title: str
    """Title and unit have the market's words in braces."""
    unit: str
    of: Literal["market", "firm"]
    scale: float | None = 1.0
    """Factor from the table's unit to the chart's; None: that of the market's money or of its units."""
    zero: float | None = None
    """The level that means no change, drawn as a line."""

    def within(self, words: Words) -> Chart:
        """The chart in the words and numbers of a market."""
        title, unit = words.spoken(self.title), words.spoken(self.unit)
        factor = words.finer(words.many).factor if "{many}" in self.unit else words.part.factor
        scale = factor if self.scale is None else self.scale
        return replace(self, title=f"{title[:1].upper()}{title[1:]}", unit=unit, scale=scale)

    @property
    def times(self) -> float:
        """What numbers of the table are multiplied by."""
        return 1.0 if self.scale is None else self.scale


CHARTS: Final = (
    Chart("price_change", "Prices against the start", "%", "firm", 100.0, 0.0),
    Chart("share", "Market shares", "% of {units}", "firm", 100.0),
    Chart("gross_margin", "Gross margins", "% of revenue", "firm", 100.0, 0.0),
    Chart("runway", "Cash runway", f"{{period}}s, at most {RUNWAY_CAP:.0f}", "firm", 1.0, 0.0),
    Chart("war_index", "War index", "% mean depth of cuts", "market", 1.0, 0.0),
    Chart("buyers_gain", "Buyers' gain on the start", "{part} a {period}", "market", None, 0.0),
)
EXTRA: Final = (
    Chart("price_index", "Price index", "start = 100", "market"),
    Chart("units", "{units} delivered", "{many} a {period}", "market", None),
    Chart("producer_surplus", "Profit of all {maker}s", "{part} a {period}", "market", None),
    Chart("firms_active", "{maker}s left", "firms", "market"),
    Chart(PROFIT, "Operating profit", "{part} a {period}", "firm", None, 0.0),
    Chart("cash", "Cash", "{part}", "firm", None),
)
_SORTS: Final = {
    "end of": "end",
    "launch": "launch",
    "leaves": "exit",
    "cuts": "cut",
    "campaign": "cut",
    "crash": "crash",
    "brand shock": "crash",
}
"""Words in the log that tell the sort of an event, for its mark in the ribbon."""
FINAL: Final = ("price_index", "war_index", "units", "buyers_gain", "producer_surplus", "firms_active")
"""Figures shown for the month that the page has reached, unrounded in the page's data attributes."""


def runway(cash: np.ndarray[Any, Any], profit: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """(T, F) months until cash is gone at the mean loss of the last months; the cap without losses."""
    frame = pd.DataFrame(np.nan_to_num(profit))
    burn = -frame.rolling(BURN_WINDOW, min_periods=1).mean().to_numpy()
    months = np.divide(cash, burn, out=np.full_like(cash, RUNWAY_CAP), where=burn > 0)
    capped: np.ndarray[Any, Any] = np.clip(months, 0.0, RUNWAY_CAP)
    return capped


def buyers_gain(scenario: Scenario, market: pd.DataFrame) -> np.ndarray[Any, Any]:
    """(T,) what a month's shoppers gain over shopping among the offers of the start, money.

    A level of surplus means nothing; this is a difference, and the luck of how many people shop is not in it.
    """
    at_rest = float(PriceWar(scenario, collect=False).worth_at_rest.sum())
    gain: np.ndarray[Any, Any] = (market["consumer_surplus"] - market["arrivals"] * at_rest).to_numpy()
    return gain


def frame_of(scenario: Scenario, results: Results) -> dict[str, Any]:
    """One run for the browser.

    Args:
        scenario: what was run.
        results: its one run, complete.

    Returns:
        Months, firms (id, name, colour), series by chart key, what costs explain of each firm's price
        (percent), the ribbon of events, its campaigns (None where they are off), and what one sees in words.
    """
    results.require_complete()
    firms, words = results.firms, scenario.words
    ids = list(scenario.firms)
    wide = {column: _wide(firms, column, ids) for column in _columns("firm")}
    wide["runway"] = runway(wide["cash"], wide["operating_profit"])
    gone = ~_wide(firms, "active", ids).astype(bool)
    shown = {c.key: _series(np.where(gone, np.nan, wide[c.key] * c.times)) for c in _charts("firm", words)}
    columns = {c.key: results.market[c.key].to_numpy(float) for c in _charts("market") if c.key != GAIN}
    columns[GAIN] = buyers_gain(scenario, results.market)
    market = {c.key: _plain(columns[c.key] * c.times) for c in _charts("market", words)}
    explained = _series(np.where(gone, np.nan, _wide(firms, "reference_change", ids) * 100.0))
    return {
        "name": scenario.name,
        "title": scenario.title,
        "words": words.as_tree(),
        "charts": catalogue(words, cash=has_cash(scenario)),
        "digest": scenario.digest,
        "seed": int(results.runs["seed"].iloc[0]),
        "months": list(results.market["month"]),
        "firms": firm_list(scenario),
        "firm": {key: dict(zip(ids, rows, strict=True)) for key, rows in shown.items()},
        "market": market,
        "explained": dict(zip(ids, explained, strict=True)),
        "raw": {key: _plain(columns[key]) for key in FINAL},
        "ribbon": ribbon(results.log, scenario),
        "campaigns": campaigns(results.campaigns, firms) if scenario.campaigns.on else None,
        "told": told(scenario, firms, results.market),
    }


def firm_list(scenario: Scenario) -> list[dict[str, Any]]:
    """Firms, biggest first: the first six get the palette, the others grey."""
    units = dict.fromkeys(scenario.firms, 0.0)
    for product in scenario.products.values():
        units[product.firm] += product.units
    ranked = sorted(units, key=lambda key: -units[key])
    colours = dict(zip(ranked, PALETTE, strict=False))
    return [{"id": key, "name": scenario.firms[key].name, "colour": colours.get(key)} for key in ranked]


def ribbon(log: pd.DataFrame, scenario: Scenario) -> list[dict[str, Any]]:
    """What happened, in order: period, month, sort and words with names as people write them.

    Campaigns are left out: there are many, and they have a timeline of their own.
    """
    names = {key: firm.name for key, firm in scenario.firms.items()}
    names |= {key: product.name for key, product in scenario.products.items()}
    found = []
    for period, month, entity, what in log[["period", "month", "entity", "what"]].itertuples(index=False):
        if tells_campaign(str(entity), str(what)):
            continue
        text = " ".join(names.get(word, word) for word in what.split(" "))
        sort = _sort(str(entity), what.lower())
        found.append(
            {"period": int(period), "month": month, "sort": sort, "what": text[:1].upper() + text[1:]}
        )
    return found


def campaigns(table: pd.DataFrame, firms: pd.DataFrame) -> list[dict[str, Any]]:
    """Campaigns in order of their months, each with the month without it: the end of the run if it stands.

    Args:
        table: campaigns of one run.
        firms: its table of firms; the offers of a firm end when it leaves.

    Returns:
        period, end (months of the run, from 0), firm, role, kind, announced (percent), trigger (id of the
        firm that is answered, empty for a leader).
    """
    last = int(firms["period"].max()) + 1
    left = firms[~firms["active"].astype(bool)].groupby("firm")["period"].min().to_dict()
    names = ["period", "firm", "role", "kind", "trigger", "announced", "ended"]
    found = []
    for period, firm, role, kind, trigger, announced, ended in table[names].itertuples(index=False):
        end = min(int(ended) if ended >= 0 else last, int(left.get(firm, last)))
        one = {"period": int(period), "end": end, "firm": firm, "role": role, "kind": kind}
        found.append(one | {"announced": 100.0 * float(announced), "trigger": trigger})
    return sorted(found, key=lambda one: one["period"])


def _sort(entity: str, what: str) -> str:
    if entity == "regulator":
        return "warning"
    return next((sort for word, sort in _SORTS.items() if word in what), "other")


def has_cash(scenario: Scenario) -> bool:
    """Whether any firm's cash is stated; what is not stated has no limit, and no runway."""
    return any(firm.cash is not None for firm in scenario.firms.values())


def catalogue(words: Words | None = None, cash: bool = True) -> list[dict[str, Any]]:
    """All charts with their units, in a market's words or those of the shipped.

    Args:
        words: of the market.
        cash: whether its firms' cash is known; if not, their profit stands where the runway would.
    """
    spoken = Words.of({}) if words is None else words
    standard = {chart.key for chart in CHARTS} if cash else {c.key for c in CHARTS} ^ {"runway", PROFIT}
    return [asdict(chart.within(spoken)) | {"standard": chart.key in standard} for chart in (*CHARTS, *EXTRA)]


def _charts(of: str, words: Words = PLAIN) -> list[Chart]:
    return [chart.within(words) for chart in (*CHARTS, *EXTRA) if chart.of == of]


def _columns(of: str) -> list[str]:
    return [chart.key for chart in _charts(of) if chart.key != "runway"]


def _wide(table: pd.DataFrame, column: str, ids: Sequence[str]) -> np.ndarray[Any, Any]:
    return table.pivot(index="period", columns="firm", values=column)[list(ids)].to_numpy(float)


def _series(values: np.ndarray[Any, Any]) -> list[list[float | None]]:
    return [_plain(column) for column in values.T]


def _plain(values: np.ndarray[Any, Any]) -> list[float | None]:
    """JSON knows no NaN."""
    return [value if math.isfinite(value) else None for value in values.tolist()]
