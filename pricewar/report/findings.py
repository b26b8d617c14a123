"""The findings of a comparison in plain sentences, every number taken from the tables."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from pricewar.analysis.compare import TOTAL, WITH_OPEN
from pricewar.analysis.interval import NO_LUCK
from pricewar.base.arrays import Floats
from pricewar.plots.data import Story
from pricewar.plots.style import count, number, with_interval

LONG_WAIT: Final = 3.0
"""Months of waiting for what is delivered, mean of the market, from which it is a finding."""

DEEPER: Final = 1.0
"""Points by which prices were lower than at the end, from which their lowest month is a finding."""


def findings(told: Story, episodes: pd.DataFrame) -> list[tuple[str, str]]:
    """A paragraph for each scenario, the baseline first: (scenario, text)."""
    alone = [text for text in (_cost(told, told.baseline), _wait(told, told.baseline)) if text]
    return [
        *([(told.baseline, " ".join(alone))] if alone else []),
        *((name, " ".join(_scenario(told, name, episodes))) for name in told.others),
    ]


def _scenario(told: Story, scenario: str, episodes: pd.DataFrame) -> list[str]:
    price = told.series(scenario, "market", "price_index", diff=True)
    sentences = []
    if np.isfinite(price.mean).any():
        low = int(np.nanargmin(price.mean))
        points = with_interval((float(part[low]) for part in price), signed=True)
        month = told.months[low]
        sentences.append(
            f"The price index differs most from {told.quoted(told.baseline)} in {month}: by {points} points."
        )
    sentences.append(_war(told, scenario, episodes))
    names = {"consumer_surplus": "consumer surplus", "producer_surplus": "firms' operating profit"}
    words = told.words
    names |= {"petrol_profit": f"margin on petrol {words.units}"} if words.petrol else {}
    names["supplier_profit"] = "supplier profit"
    changes = [f"{text} {_money(told, scenario, name)}" for name, text in names.items()]
    sentences.append(f"Over {words.periods(len(told.months))}, in {words.axis()}: {', '.join(changes)}.")
    sentences += [_welfare(told, scenario), _cost(told, scenario), _wait(told, scenario)]
    sentences += [_queue(told, scenario), _refunds(told, scenario), _clear(told, scenario)]
    return [sentence for sentence in sentences if sentence]


def _welfare(told: Story, scenario: str) -> str:
    """Welfare with and without open orders: they can decide its sign."""
    text = f"Welfare changes by {told.words.amount(_money(told, scenario, 'welfare'))}"
    if not told.has("welfare", WITH_OPEN):
        return f"{text}."
    without, whole = (told.total(scenario, "market", "welfare", p).diff for p in (TOTAL, WITH_OPEN))
    turn = ": open orders decide the sign" if without * whole < 0 else ""
    return f"{text}, with open orders by {_money(told, scenario, 'welfare', WITH_OPEN)}{turn}."


def _cost(told: Story, scenario: str) -> str:
    """How much of the fall of prices is cost: at the end, and at the lowest if that was much lower."""
    prices, costs = (
        told.series(scenario, "market", name).mean for name in ("price_index", "reference_index")
    )
    if not np.isfinite([prices[-1], costs[-1]]).all():
        return ""
    way, cost_way = ("below" if part[-1] <= 100 else "above" for part in (prices, costs))
    end = (
        f"Prices end {number(abs(100 - prices[-1]), 1)}% {way} the start; costs alone would have moved them "
        f"to {number(abs(100 - costs[-1]), 1)}% {cost_way} it."
    )
    low = int(np.nanargmin(prices))
    if prices[-1] - prices[low] < DEEPER:
        return end
    fall, cost = (100.0 - round(float(part[low]), 1) for part in (prices, costs))
    return (
        f"Prices are lowest in {told.months[low]}, {number(fall, 1)}% below the start: costs explain "
        f"{number(cost, 1)} points of that, {number(fall - cost, 1)} are cuts. {end}"
    )


def _wait(told: Story, scenario: str) -> str:
    """How long delivered cars were waited for, where that is long."""
    wait = told.series(scenario, "market", "mean_wait").mean
    months = told.words.clock.months_a_period
    if not np.isfinite(wait).any() or np.nanmax(wait) * months <= LONG_WAIT:
        return ""
    month, words = told.months[int(np.nanargmax(wait))], told.words
    return (
        f"A delivered {words.unit} was waited for {number(float(np.nanmax(wait)), 1)} {words.period}s in "
        f"the mean in {month}, "
        "when the wait was longest."
    )


def _queue(told: Story, scenario: str) -> str:
    """The firm whose order book grows most beyond the baseline's, where that is a long wait."""
    worst, firm, at, wait = 0.0, "", 0, 0.0
    for one in told.firms:
        queue = _periods_of_orders(told, scenario, one)
        more = queue - np.nan_to_num(_periods_of_orders(told, told.baseline, one))
        if np.isfinite(more).any() and np.nanmax(more) > worst:
            at = int(np.nanargmax(more))
            worst, firm, wait = float(more[at]), one, float(queue[at])
    words = told.words
    if worst * words.clock.months_a_period <= LONG_WAIT:
        return ""
    return (
        f"The queue of {told.name(firm)} grows longest: in {told.months[at]} its open orders are "
        f"{number(wait, 1)} {words.period}s of deliveries, {number(worst, 1)} more than in "
        f"{told.quoted(told.baseline)}."
    )


def _periods_of_orders(told: Story, scenario: str, firm: str) -> Floats:
    """(T,) open orders of a firm over what it delivers in the period; NaN where it delivers nothing."""
    booked, sold = (told.series(scenario, firm, name).mean for name in ("backlog", "units"))
    return np.asarray(np.divide(booked, sold, out=np.full(len(sold), np.nan), where=sold > 0))


def _refunds(told: Story, scenario: str) -> str:
    """What is given back at delivery to those who had ordered at a higher price, beyond the baseline."""
    row = told.total(scenario, "market", "refunds") if told.has("refunds", TOTAL) else None
    if row is None or not np.isfinite(row.diff) or row.diff == 0.0:
        return ""
    change = with_interval((value / told.words.total.size for value in row.change), signed=True)
    return (
        f"Buyers who had ordered at a higher price are given back {told.words.amount(change)} more at "
        "delivery; that is in the figures above."
    )


def _money(told: Story, scenario: str, metric: str, period: str = TOTAL) -> str:
    row = told.total(scenario, "market", metric, period)
    return with_interval((value / told.words.total.size for value in row.change), signed=True)


def _war(told: Story, scenario: str, episodes: pd.DataFrame) -> str:
    found = episodes[episodes["scenario"] == scenario]
    runs = int(((told.results.runs["scenario"] == scenario) & (told.results.runs["status"] == "ok")).sum())
    if found.empty:
        return f"No price war breaks out in {count(runs, 'run')}."
    leader = told.name(str(found["leader"].mode()[0]))
    depth, breadth = 100 * found["depth"].median(), found["breadth"].median()
    return (
        f"A price war breaks out in {found['seed'].nunique()} of {count(runs, 'run')}, led by {leader}; "
        f"at the median {number(breadth, 0)} firms cut and the index falls {number(depth, 1)}% below its "
        "level before the war."
    )


def _clear(told: Story, scenario: str) -> str:
    """How many firms gain and lose beyond doubt."""
    rows = {firm: told.total(scenario, firm, "operating_profit") for firm in told.firms}
    if not told.luck:
        return f"There are no intervals: {NO_LUCK}."
    if not any(np.isfinite(row.diff_lo) for row in rows.values()):
        return "With one seed there are no intervals: read these numbers as one draw."
    up = [told.name(firm) for firm, row in rows.items() if row.diff_lo > 0]
    down = [told.name(firm) for firm, row in rows.items() if row.diff_hi < 0]
    rest = len(rows) - len(up) - len(down)
    doubt = f"; for {rest} more the interval holds zero" if rest else ""
    everyone = [told.name(firm) for firm in told.firms]
    return (
        f"Operating profit rises for {_listed(up, everyone)} and falls for {_listed(down, everyone)}{doubt}."
    )


def _listed(names: list[str], everyone: list[str]) -> str:
    if not names:
        return "no firm"
    left = [name for name in everyone if name not in names]
    if not left:
        return f"all {len(names)} firms"
    who = f"all but {', '.join(left)}" if len(left) < len(names) else ", ".join(names)
    return f"{count(len(names), 'firm')} ({who})"
