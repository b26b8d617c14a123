"""The findings of a comparison in plain sentences, every number taken from the tables."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from pricewar.analysis.compare import TOTAL, WITH_OPEN
from pricewar.analysis.interval import NO_LUCK
from pricewar.base.arrays import Floats
from pricewar.base.speech import phrase, say, say_many
from pricewar.plots.data import Story
from pricewar.plots.lettering import commas, runs_in_words, sentences
from pricewar.plots.style import number, with_interval

LONG_WAIT: Final = 3.0
"""Months of waiting for what is delivered, mean of the market, from which it is a finding."""

DEEPER: Final = 1.0
"""Points by which prices were lower than at the end, from which their lowest month is a finding."""


def findings(told: Story, episodes: pd.DataFrame) -> list[tuple[str, str]]:
    """A paragraph for each scenario, the baseline first: (scenario, text)."""
    alone = [text for text in (_cost(told, told.baseline), _wait(told, told.baseline)) if text]
    return [
        *([(told.baseline, sentences(alone))] if alone else []),
        *((name, sentences(_scenario(told, name, episodes))) for name in told.others),
    ]


def _scenario(told: Story, scenario: str, episodes: pd.DataFrame) -> list[str]:
    price = told.series(scenario, "market", "price_index", diff=True)
    said = []
    if np.isfinite(price.mean).any():
        low = int(np.nanargmin(price.mean))
        points = with_interval((float(part[low]) for part in price), signed=True)
        text = phrase("The price index differs most from {baseline} in {month}: by {points} points.")
        terms = {"baseline": told.quoted(told.baseline), "month": told.month(low)}
        said.append(say(text, points=points, **terms))
    said += [_war(told, scenario, episodes), _sums(told, scenario)]
    said += [_welfare(told, scenario), _cost(told, scenario), _wait(told, scenario)]
    said += [_queue(told, scenario), _refunds(told, scenario), _clear(told, scenario)]
    return [sentence for sentence in said if sentence]


def _sums(told: Story, scenario: str) -> str:
    """What the whole run changes for buyers, firms and suppliers."""
    words = told.words
    names = {
        "consumer_surplus": phrase("consumer surplus {change}"),
        "producer_surplus": phrase("firms' operating profit {change}"),
        "petrol_profit": phrase("margin on petrol {units} {change}"),
        "supplier_profit": phrase("supplier profit {change}"),
    }
    changes = [
        say(text, change=_money(told, scenario, name), units=words.sold)
        for name, text in names.items()
        if words.petrol or name != "petrol_profit"
    ]
    text = phrase("Over {periods}, in {money}: {changes}.")
    terms = {"periods": words.periods(len(told.months)), "money": words.axis()}
    return say(text, changes=say(", ").join(changes), **terms)


def _welfare(told: Story, scenario: str) -> str:
    """Welfare with and without open orders: they can decide its sign."""
    amount = told.words.amount(_money(told, scenario, "welfare"))
    if not told.has("welfare", WITH_OPEN):
        return say("Welfare changes by {amount}.", amount=amount)
    without, whole = (told.total(scenario, "market", "welfare", p).diff for p in (TOTAL, WITH_OPEN))
    text = phrase("Welfare changes by {amount}, with open orders by {whole}.")
    if without * whole < 0:
        text = phrase(
            "Welfare changes by {amount}, with open orders by {whole}: open orders decide the sign."
        )
    return say(text, amount=amount, whole=_money(told, scenario, "welfare", WITH_OPEN))


def _cost(told: Story, scenario: str) -> str:
    """How much of the fall of prices is cost: at the end, and at the lowest if that was much lower."""
    prices, costs = (
        told.series(scenario, "market", name).mean for name in ("price_index", "reference_index")
    )
    if not np.isfinite([prices[-1], costs[-1]]).all():
        return ""
    way, cost_way = (say("below") if part[-1] <= 100 else say("above") for part in (prices, costs))
    far, cost_far = (number(abs(100 - part[-1]), 1) for part in (prices, costs))
    text = phrase(
        "Prices end {far}% {way} the start; costs alone would have moved them to {cost_far}% {cost_way} it."
    )
    end = say(text, far=far, way=way, cost_far=cost_far, cost_way=cost_way)
    low = int(np.nanargmin(prices))
    if prices[-1] - prices[low] < DEEPER:
        return end
    fall, cost = (100.0 - round(float(part[low]), 1) for part in (prices, costs))
    lowest = say(
        "Prices are lowest in {month}, {fall}% below the start: costs explain {cost} points of that, {cuts} "
        "are cuts.",
        month=told.month(low), fall=number(fall, 1), cost=number(cost, 1), cuts=number(fall - cost, 1),
    )  # fmt: skip
    return sentences((lowest, end))


def _wait(told: Story, scenario: str) -> str:
    """How long delivered cars were waited for, where that is long."""
    wait = told.series(scenario, "market", "mean_wait").mean
    months = told.words.clock.months_a_period
    if not np.isfinite(wait).any() or np.nanmax(wait) * months <= LONG_WAIT:
        return ""
    month, words = told.month(int(np.nanargmax(wait))), told.words
    return say(
        "A delivered {unit} was waited for {wait} {period}s in the mean in {month}, when the wait was "
        "longest.",
        unit=words.unit, wait=number(float(np.nanmax(wait)), 1), period=words.period, month=month,
    )  # fmt: skip


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
    return say(
        "The queue of {firm} grows longest: in {month} its open orders are {wait} {period}s of deliveries, "
        "{more} more than in {baseline}.",
        firm=told.name(firm), month=told.month(at), wait=number(wait, 1), period=words.period,
        more=number(worst, 1), baseline=told.quoted(told.baseline),
    )  # fmt: skip


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
    return say(
        "Buyers who had ordered at a higher price are given back {amount} more at delivery; that is in the "
        "figures above.",
        amount=told.words.amount(change),
    )


def _money(told: Story, scenario: str, metric: str, period: str = TOTAL) -> str:
    row = told.total(scenario, "market", metric, period)
    return with_interval((value / told.words.total.size for value in row.change), signed=True)


def _war(told: Story, scenario: str, episodes: pd.DataFrame) -> str:
    found = episodes[episodes["scenario"] == scenario]
    runs = int(((told.results.runs["scenario"] == scenario) & (told.results.runs["status"] == "ok")).sum())
    if found.empty:
        return say("No price war breaks out in {runs}.", runs=runs_in_words(runs))
    leader = told.name(str(found["leader"].mode()[0]))
    depth, breadth = 100 * found["depth"].median(), found["breadth"].median()
    return say(
        "A price war breaks out in {some} of {runs}, led by {leader}; at the median {firms} firms cut and "
        "the index falls {depth}% below its level before the war.",
        some=found["seed"].nunique(), runs=runs_in_words(runs), leader=leader, firms=number(breadth, 0),
        depth=number(depth, 1),
    )  # fmt: skip


def _clear(told: Story, scenario: str) -> str:
    """How many firms gain and lose beyond doubt."""
    rows = {firm: told.total(scenario, firm, "operating_profit") for firm in told.firms}
    if not told.luck:
        return say("There are no intervals: {why}.", why=say(NO_LUCK))
    if not any(np.isfinite(row.diff_lo) for row in rows.values()):
        return say("With one seed there are no intervals: read these numbers as one draw.")
    up = [told.name(firm) for firm, row in rows.items() if row.diff_lo > 0]
    down = [told.name(firm) for firm, row in rows.items() if row.diff_hi < 0]
    rest = len(rows) - len(up) - len(down)
    everyone = [told.name(firm) for firm in told.firms]
    text = phrase("Operating profit rises for {up} and falls for {down}.")
    if rest:
        text = phrase(
            "Operating profit rises for {up} and falls for {down}; for {rest} more the interval holds zero."
        )
    return say(text, up=_listed(up, everyone), down=_listed(down, everyone), rest=rest)


def _listed(names: list[str], everyone: list[str]) -> str:
    if not names:
        return say("no firm")
    left = [name for name in everyone if name not in names]
    if not left:
        return say("all {many} firms", many=len(names))
    who = say("all but {firms}", firms=commas(left)) if len(left) < len(names) else commas(names)
    return say_many("{many} firm ({who})", "{many} firms ({who})", len(names), who=who)
