"""Which mechanism turns one firm's cut into a war: the same cut with each mechanism switched off in turn.

A war here is the change of rivals' prices from those in the but-for market, which has the same mechanisms,
the same seeds and no cut. If a mechanism carries the war, the answer of rivals is smaller when it is off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from pricewar.base.arguments import at_least, maybe, takes, text
from pricewar.base.arguments import names as names_
from pricewar.base.errors import bad_input
from pricewar.base.records import Floats
from pricewar.base.sums import times
from pricewar.runs import Progress, compare
from pricewar.scenario.tree import Scenario

from .interval import interval
from .panel import panel

Variant = Callable[[Scenario], Mapping[str, Any]]
"""The changes, by path, that a variant makes to a scenario."""

DYNAMICS: Final = (
    "waiting",
    "reference_price",
    "brand",
    "loyalty",
    "pull_forward",
    "backlog",
    "dealer_stock",
    "learning",
    "battery",
)
NEVER: Final = -40.0
"""A logit at which nothing happens."""
MEASURES: Final = {
    "rivals_price_during": "change of rivals' prices while the cut stands, percentage points",
    "rivals_price_after": "the same in the half-year after it",
    "rivals_following": "rivals that stand 3% or more below the but-for while the cut stands, firms",
    "rivals_profit": "rivals' operating profit in the first year, bn CNY",
    "leader_profit": "operating profit of the firm that cuts, bn CNY",
    "consumer_surplus": "consumer surplus in the first year, bn CNY",
}


def variants(leader: str) -> dict[str, Variant]:
    """The market as it is, and with one mechanism switched off or one rule of rivals replaced.

    Variants of campaigns come first. All after "no campaigns" are without them too: there firms answer an
    imposed cut by the rules of the scenario alone, and one mechanism or one rule is another.
    """
    wars: dict[str, Variant] = {
        "as calibrated": lambda scenario: {},
        "nobody starts a campaign": _campaigns(lead={}, lead_usual=NEVER),
        "nobody answers one": _campaigns(follow={}, follow_usual=NEVER),
        "rivals' size does not matter": _campaigns(follow_size=0.0, follow={}, follow_usual=-1.3),
        "all that are drawn are launched": _campaigns(patience=None),
        "all that is announced is new money": _campaigns(new_money=(50.0, 0.5)),
        "no campaigns": _campaigns(),
    }
    return wars | {name: _quiet(variant) for name, variant in _without_campaigns(leader).items()}


def _campaigns(**rule: Any) -> Variant:
    """Other parameters of the rule of campaigns; without any, campaigns off."""
    changes = {f"campaigns.rule.{name}": value for name, value in rule.items()} or {"campaigns.on": False}
    return lambda scenario: changes if scenario.campaigns.on else {}


def _quiet(variant: Variant) -> Variant:
    return lambda scenario: {**variant(scenario), **_campaigns()(scenario)}


def _without_campaigns(leader: str) -> dict[str, Variant]:
    plain: dict[str, Variant] = {
        "rivals do not match": lambda scenario: dict(_each_field(scenario, "follow_rate", 0.0)),
        "rivals match in full": lambda scenario: dict(_each_field(scenario, "follow_rate", 1.0)),
        "rivals give their best response": lambda scenario: {
            f"firms.{key}.strategy": {"kind": "BestResponse"} for key in scenario.firms if key != leader
        },
        "no squeeze of suppliers": lambda scenario: {"supply_chain.squeeze": 0.0},
        "no cost pass-through": _no_pass_through,
    }
    return plain | {f"no {name.replace('_', ' ')}": _off(name) for name in DYNAMICS}


def _plain(table: Mapping[str, Variant]) -> list[str]:
    """Names of variants that mean something in a scenario without campaigns."""
    names = list(table)
    return [names[0], *names[names.index("no campaigns") + 1 :]]


def _no_pass_through(scenario: Scenario) -> Mapping[str, Any]:
    """The market's, which most rules follow, and that of rules with one of their own."""
    return {"market.pass_through": 0.0, **dict(_each_field(scenario, "pass_through", 0.0))}


def _off(name: str) -> Variant:
    return lambda scenario: {f"dynamics.{name}.on": False}


def _each_field(scenario: Scenario, field: str, value: float) -> Iterator[tuple[str, float]]:
    """Paths of a parameter in the strategies of all firms, inner rules included."""
    for key, firm in scenario.firms.items():
        for path in _paths(firm.strategy.model_dump(), field):
            yield f"firms.{key}.strategy.{path}", value


def _paths(tree: Mapping[str, Any], field: str, stem: str = "") -> Iterator[str]:
    for name, value in tree.items():
        if name == field:
            yield f"{stem}{name}"
        elif isinstance(value, Mapping):
            yield from _paths(value, field, f"{stem}{name}.")


@takes(war=Scenario, peace=Scenario, leader=text, seeds=at_least(1), until=at_least(1), names=maybe(names_))
def mechanism_table(
    war: Scenario,
    peace: Scenario,
    leader: str,
    seeds: int = 10,
    until: int = 6,
    names: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Effect of a cut on rivals, consumers and the leader under each variant.

    Args:
        war: the scenario with the cut.
        peace: the same without it.
        leader: id of the firm that cuts.
        seeds: runs of each.
        until: months that the cut stands.
        names: variants to run; all if None.
        progress: called after each run.

    Returns:
        One row per variant: for each of `MEASURES` the mean over seeds of the paired difference from the
        but-for, and the ends of its 95% interval (`_lo`, `_hi`).
    """
    table = variants(leader)
    wanted = list(names if names is not None else table if war.campaigns.on else _plain(table))
    lost = [name for name in wanted if name not in table]
    if lost:
        raise bad_input("mechanism_table", ("names", lost, f"of {', '.join(table)}"))
    if leader not in war.firms:
        raise bad_input("mechanism_table", ("leader", leader, f"one of {', '.join(war.firms)}"))
    rows, year = [], war.clock.a_year
    for name in wanted:
        pair = [
            scenario.but({**table[name](scenario), "periods": year, "name": label})
            for scenario, label in ((peace, "peace"), (war, "war"))
        ]
        results = compare(pair, seeds, progress=progress, uncertainty="luck").require_complete()
        rows.append({"variant": name, **_effects(results, pair[0], leader, until)})
    return pd.DataFrame(rows)


def _effects(results: Any, peace: Scenario, leader: str, until: int) -> dict[str, float]:
    firms = panel(results, "firms", ("price_change", "operating_profit"), entity="firm")
    market = panel(results, "market", ("consumer_surplus",))
    price = (firms["price_change"][1] - firms["price_change"][0]) * 100.0
    profit = (firms["operating_profit"][1] - firms["operating_profit"][0]).sum(axis=1) / 1e9
    surplus = (market["consumer_surplus"][1] - market["consumer_surplus"][0]).sum(axis=(1, 2)) / 1e9
    rival = np.array([firm != leader for firm in firms.entities])
    weight = rival * _units(peace, firms.entities)
    mean_price = times(price, weight) / weight.sum()
    values = {
        "rivals_price_during": mean_price[:, 1:until].mean(axis=1),
        "rivals_price_after": mean_price[:, until:].mean(axis=1),
        "rivals_following": (price[:, 1:until, rival].min(axis=1) <= -3.0).sum(axis=1).astype(float),
        "rivals_profit": profit[:, rival].sum(axis=1),
        "leader_profit": profit[:, ~rival].sum(axis=1),
        "consumer_surplus": surplus,
    }
    return {key: number for name, value in values.items() for key, number in _with_ends(name, value)}


def _units(scenario: Scenario, firms: tuple[str, ...]) -> Floats:
    """(F,) cars a month before the start."""
    sold = dict.fromkeys(firms, 0.0)
    for product in scenario.products.values():
        sold[product.firm] += product.units
    return np.array([sold[firm] for firm in firms])


def _with_ends(name: str, values: Floats) -> Iterator[tuple[str, float]]:
    found = interval(values)
    yield name, float(found.mean)
    yield f"{name}_lo", float(found.lo)
    yield f"{name}_hi", float(found.hi)
