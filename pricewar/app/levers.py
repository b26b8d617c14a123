"""The levers of the page: what each means, its unit and range, and what it changes in a scenario."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from pricewar.base.words import Words
from pricewar.scenario.files import Tree, merge
from pricewar.scenario.tree import Scenario
from pricewar.strategies import Strategy

from .happenings import a_month
from .plan import nest

Values = Mapping[str, float]


@dataclass(frozen=True)
class Lever:
    """One slider: values are in the unit shown, so that links and files of a class can be read.

    Label, unit and meaning have the market's words in braces.
    """

    key: str
    group: str
    label: str
    unit: str
    meaning: str
    low: float
    high: float
    step: float
    rest: float
    """Where the slider stands while it is left alone."""

    def texts(self, words: Words) -> dict[str, str]:
        """Label, unit and meaning in the words of a market."""
        return {name: words.spoken(getattr(self, name)) for name in ("label", "unit", "meaning")}


LEVERS: tuple[Lever, ...] = tuple(
    Lever(**row) for row in tomllib.loads((files("pricewar.app") / "levers.toml").read_text("utf-8"))["lever"]
)
BY_KEY = {lever.key: lever for lever in LEVERS}


def overlay(scenario: Scenario, leader: str, values: Values) -> Tree:
    """What levers that were moved lay over a scenario, as a tree.

    Args:
        scenario: the base, to look up firms and rules.
        leader: id of the firm that cuts.
        values: key of a lever -> its value in the lever's unit; the others leave the base as it is.
    """
    tree: Tree = {}
    for key in values:
        if key in _CHANGES:
            for part in _CHANGES[key](scenario, leader, values[key]):
                tree = merge(tree, part)
    cuts, measures = _cuts(scenario, leader, values), _nudges(scenario, values)
    return merge(tree, {name: new for name, new in (("events", cuts), ("interventions", measures)) if new})


def _value(values: Values, key: str) -> float:
    return values.get(key, BY_KEY[key].rest)


def _cuts(scenario: Scenario, leader: str, values: Values) -> list[Tree]:
    depth = _value(values, "cut_depth") / 100
    if depth <= 0:
        return []
    first = min(int(_value(values, "cut_start")), scenario.periods - 1)
    last = min(first + int(_value(values, "cut_length")), scenario.periods) - 1
    products = best_sellers(scenario, leader, _value(values, "cut_breadth") / 100)
    cut = {"kind": "Cut", "month": scenario.month(first), "until": scenario.month(last), "firm": leader}
    return [cut | {"depth": depth, "products": products}]


def best_sellers(scenario: Scenario, firm: str, share: float) -> list[str]:
    """Products of a firm, best sellers first, until they make up `share` of its units at the start."""
    own = {key: p.units for key, p in scenario.products.items() if p.firm == firm and p.units > 0}
    names = sorted(own, key=lambda key: -own[key])
    before = np.cumsum([0.0, *(own[name] for name in names)])[:-1] / max(sum(own.values()), 1e-9)
    return [name for name, sold in zip(names, before, strict=True) if sold < share - 1e-9]


def _nudges(scenario: Scenario, values: Values) -> list[Tree]:
    first = min(int(_value(values, "cut_start")) + 1, scenario.periods - 1)
    start = {"start": scenario.month(first)}
    found: list[Tree] = []
    if (listen := _value(values, "warning")) > 0:
        found.append({"kind": "PublicWarning", **start, "compliance": listen / 100})
    if (cut := _value(values, "monthly_cut")) < BY_KEY["monthly_cut"].high:
        found.append({"kind": "MaximumMonthlyCut", **start, "cut": a_month(cut / 100, scenario.clock)})
    if (obey := _value(values, "below_cost")) > 0:
        found.append({"kind": "BelowCostBan", **start, "line": "full", "compliance": obey / 100})
    if (days := _value(values, "payment_days")) < BY_KEY["payment_days"].high:
        found.append({"kind": "PaymentRule", **start, "days": days, "months": 6})
    return found


def _elasticity(scenario: Scenario, leader: str, value: float) -> Iterator[Tree]:
    yield {"demand": {"kind": scenario.demand.kind, "own_elasticity": value}}


def _waiting(scenario: Scenario, leader: str, value: float) -> Iterator[Tree]:
    yield nest("dynamics.waiting", {"on": value > 0, "share": value / 100})


def _cash(scenario: Scenario, leader: str, value: float) -> Iterator[Tree]:
    for key, firm in scenario.firms.items():
        if key != leader and firm.cash is not None:
            yield nest(f"firms.{key}.cash", firm.cash * value / 100)


def _follow(field: str) -> Callable[[Scenario, str, float], Iterator[Tree]]:
    def change(scenario: Scenario, leader: str, value: float) -> Iterator[Tree]:
        for key, firm in scenario.firms.items():
            if key != leader and (found := _in_matches(firm.strategy, {field: value / 100})):
                yield nest(f"firms.{key}.strategy", found)
        if scenario.campaigns.on:  # under which no Match answers
            yield nest("campaigns.on", False)

    return change


def _in_matches(rule: Strategy, parameters: Mapping[str, Any]) -> Tree:
    """The overlay that sets parameters in every Match of a rule and the rules inside it; {} without one."""
    tree: Tree = dict(parameters) if rule.kind == "Match" else {}
    for name, part in rule:
        if isinstance(part, Strategy) and (found := _in_matches(part, parameters)):
            tree[name] = found
    return {"kind": rule.kind, **tree} if tree else {}


_CHANGES: Mapping[str, Callable[[Scenario, str, float], Iterator[Tree]]] = {
    "elasticity": _elasticity,
    "waiting": _waiting,
    "cash": _cash,
    "follow_rate": _follow("follow_rate"),
    "follow_limit": _follow("ceiling"),
}
