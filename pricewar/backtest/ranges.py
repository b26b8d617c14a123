"""What is not known, as ranges over paths of the scenario: the design of the draws.

Ranges of the market's figures (margins, capacities, fixed costs, backlogs) are those of the data, with the
figure itself as the likeliest value; the others are those of docs/reference/dynamics.md, drawn evenly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.scenario.tree import Scenario

CARRIED = ("gross_margin", "capacity", "fixed_cost", "backlog")
"""Figures of firms that are drawn from the ranges of the data."""
PUBLISHED = 0.01
"""Half width of the range of a published margin: a quarter's margin is not April's."""


@dataclass(frozen=True)
class Range:
    """One unknown: where it acts, from where to where, and its likeliest value (None: all alike)."""

    name: str
    paths: tuple[str, ...]
    low: float
    high: float
    likeliest: float | None = None

    def at(self, quantile: float) -> float:
        """Value at a quantile of the even or the triangular distribution."""
        width = self.high - self.low
        if self.likeliest is None or width == 0:
            return self.low + quantile * width
        split = (self.likeliest - self.low) / width
        if quantile < split:
            return self.low + width * float(np.sqrt(quantile * split))
        return self.high - width * float(np.sqrt((1.0 - quantile) * (1.0 - split)))


def ranges(scenario: Scenario, figures: pd.DataFrame) -> list[Range]:
    """All unknowns of a scenario of the China market.

    Args:
        scenario: as `forecast-2025`.
        figures: `load_market_data().figures`.
    """
    return [*_demand(), *_conduct(scenario), *_events(scenario), *_firms(scenario, figures)]


def changes(unknowns: list[Range], quantiles: Floats) -> dict[str, float]:
    """Path -> value for one row of the design, (len(unknowns),) in 0 to 1."""
    drawn = {u.name: u.at(float(q)) for u, q in zip(unknowns, quantiles, strict=True)}
    return {path: drawn[u.name] for u in unknowns for path in u.paths}


def design(unknowns: list[Range], draws: int, seed: int) -> Floats:
    """(draws, len(unknowns)) quantiles: a latin hypercube (McKay, Beckman and Conover 1979)."""
    from scipy.stats import qmc

    return np.asarray(qmc.LatinHypercube(len(unknowns), rng=np.random.default_rng(seed)).random(draws))


def _one(path: str, low: float, high: float) -> Range:
    return Range(path, (path,), low, high)


def _demand() -> Iterator[Range]:
    yield _one("demand.own_elasticity", -6.0, -2.0)
    yield _one("demand.income_elasticity", 0.4, 1.2)
    yield _one("demand.electric_sd", 0.75, 3.0)
    yield _one("demand.size_sd", 0.4, 1.6)
    yield _one("dynamics.waiting.share", 0.0, 0.4)
    yield _one("dynamics.waiting.horizon_months", 1.0, 6.0)
    yield _one("dynamics.reference_price.weight", 0.0, 0.6)
    yield _one("dynamics.reference_price.loss_aversion", 1.0, 2.5)
    yield _one("dynamics.brand.erosion", 0.0, 0.1)
    yield _one("dynamics.loyalty.strength", 0.0, 1.0)
    yield _one("dynamics.pull_forward.response", 0.0, 0.7)
    yield _one("dynamics.backlog.wait_cost", 0.0, 600.0)
    yield _one("dynamics.learning.rate", 0.0, 0.12)
    yield _one("dynamics.battery.change_a_year", -0.20, -0.02609)
    yield _one("supply_chain.squeeze", 0.0, 0.4)


def _conduct(scenario: Scenario) -> Iterator[Range]:
    rules = {key: firm.strategy.model_dump() for key, firm in scenario.firms.items()}
    found = [place for key, rule in rules.items() for place in _nested(f"firms.{key}.strategy", rule)]

    def paths(kind: str, field: str, chosen: Callable[[Mapping[str, Any]], bool]) -> tuple[str, ...]:
        return tuple(f"{path}.{field}" for path, rule in found if rule["kind"] == kind and chosen(rule))

    yield Range("follow rate, mass market", paths("Match", "follow_rate", _deep), 0.1, 0.8)
    yield Range("follow rate, premium", paths("Match", "follow_rate", lambda r: not _deep(r)), 0.1, 0.8)
    yield Range("pass-through of cost", ("market.pass_through",), 0.4, 1.0)


def _deep(rule: Mapping[str, Any]) -> bool:
    return float(rule["ceiling"]) > 0.1


def _nested(path: str, rule: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A rule and those inside it, with their paths."""
    yield path, rule
    for name, part in rule.items():
        if isinstance(part, Mapping) and "kind" in part:
            yield from _nested(f"{path}.{name}", part)


def _events(scenario: Scenario) -> Iterator[Range]:
    places = [
        (f"events.{i}", event.kind, getattr(event, "firm", "")) for i, event in enumerate(scenario.events)
    ]

    def at(kind: str, firm: str, field: str) -> tuple[str, ...]:
        return tuple(f"{path}.{field}" for path, k, f in places if k == kind and f == firm)

    new = tuple(f"products.{key}.appeal" for key, p in scenario.products.items() if p.like is not None)
    yield Range("appeal of later launches", new, -0.7, 1.0)
    yield Range("campaign already given", at("CampaignCut", "byd", "already_given"), 0.5, 1.0)
    yield Range("orders lost to the crash", at("BrandShock", "xiaomi", "size"), 0.1, 0.5)
    yield Range("second plant", at("CapacityChange", "xiaomi", "units"), 5_000.0, 30_000.0)
    yield Range("cost of second plant", at("FixedCost", "xiaomi", "amount"), 200e6, 900e6)
    yield Range("savings", at("FixedCost", "nio", "amount"), -2e9, 0.0)
    yield Range("trade-in money run out", at("Subsidy", "", "amount"), -4_000.0, 0.0)
    talk = tuple(f"interventions.{i}.compliance" for i, m in enumerate(scenario.interventions)
                 if m.kind in ("PublicWarning", "Summons"))  # fmt: skip
    paid = tuple(f"interventions.{i}.compliance" for i, m in enumerate(scenario.interventions)
                 if m.kind == "PaymentRule")  # fmt: skip
    yield Range("compliance with warnings", talk, 0.2, 1.0)
    yield Range("compliance with payment", paid, 0.2, 1.0)


def _firms(scenario: Scenario, figures: pd.DataFrame) -> Iterator[Range]:
    rows = figures[
        (figures["table"] == "firms")
        & figures["variable"].isin(CARRIED)
        & figures["entity"].isin(scenario.firms)
    ]
    for firm, name, *figure in rows[["entity", "variable", "value", "low", "high"]].to_numpy():
        value, low, high = map(float, figure)
        if np.isnan(low) and name == "gross_margin":
            low, high = value - PUBLISHED, value + PUBLISHED
        if np.isnan(low) or (name == "backlog" and value == 0):
            continue  # a backlog of nothing is taken as published
        yield Range(f"firms.{firm}.{name}", (f"firms.{firm}.{name}",), low, high, value)
