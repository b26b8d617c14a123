"""Every measure in the full model on the small market: one effect that is wanted, one that is not."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from conftest import tiny

from pricewar.base.rules import shipped
from pricewar.experiment.metrics import Run
from pricewar.experiment.work import simulate
from pricewar.interventions import Intervention
from pricewar.policy.measures import outcomes
from pricewar.policy.spec import NONE, PEACE

FOLLOW = {
    "kind": "Match", "lag": 1, "follow_rate": 0.8, "ceiling": 0.4,
    "base": {"kind": "CostPlus", "pass_through": 0.7},
}  # fmt: skip
CUT = {"kind": "Cut", "month": "2025-02", "until": "2025-05", "firm": "ace", "depth": 0.25}
MEASURES: dict[str, dict[str, Any]] = {
    "PublicWarning": {"start": "2025-03"},
    "Summons": {"start": "2025-03", "firms": ["bolt"]},
    "Pledge": {"start": "2025-03", "defection": 0.0, "contagion": 0.0},
    "BelowCostBan": {"start": "2025-03", "line": "full"},
    "PriceFloor": {"start": "2025-03", "share": 0.98},
    "MaximumMonthlyCut": {"cut": 0.03},
    "NoticePeriod": {"start": "2025-03", "months": 3},
    "CoolingOff": {"start": "2025-03", "months": 6},
    "PriceProtection": {"start": "2025-02", "months": 3},
    "DiscountDisclosure": {},
    "PaymentRule": {"start": "2025-03", "days": 30},
    "TradeInSubsidy": {"start": "2025-03", "amount": 10_000, "budget": 3e8},
    "PurchaseTax": {"start": "2025-03", "rate": 0.05},
    "WindfallLevy": {"rate": 0.5},
    "CapacityPermit": {"factor": 0.8, "charge": 5000},
}
LATE = {"noise.view_lag": 3}
"""Rivals' prices are seen three months late: without this there is nothing to disclose."""


class Told(NamedTuple):
    run: Run
    numbers: dict[str, float]

    def __getitem__(self, name: Any) -> Any:
        return self.numbers[name]

    def profit(self, firm: str) -> float:
        return float(self.run.of_firm("operating_profit", firm).sum())

    def cash(self, firm: str) -> float:
        return float(self.run.of_firm("cash", firm)[-1])

    def index(self, month: int) -> float:
        return float(self.run.market["price_index"].iloc[month])

    def worst(self) -> int:
        """Month in which those who follow are cheapest."""
        return int(np.argmax([self.fall(month) for month in range(len(self.run.market))]))

    def fall(self, month: int) -> float:
        """Mean fall of the prices of the two that follow."""
        return -float(self.run.by_firm("price_change")[month, 1:].mean())


def scenario(rules: list[dict[str, Any]], war: bool = True, **changes: Any) -> Any:
    start = {"firms.bolt.strategy": FOLLOW, "firms.cove.strategy": FOLLOW, "periods": 14}
    return tiny({**start, "events": [CUT] if war else [], "interventions": rules, **changes})


@cache
def told(option: str) -> Told:
    """A measure by its kind, NONE, PEACE, or a war in which firms see late."""
    changes = LATE if "Disclosure" in option else {}
    rules = [{"kind": option, **MEASURES[option]}] if option in MEASURES else []
    run = simulate(scenario(rules, option != PEACE, **changes), 1)
    war, peace = (simulate(scenario([], fought, **changes), 1) for fought in (True, False))
    return Told(run, outcomes(run, war, peace, 0.05))


Check = Callable[[Told, Told], bool]
"""Given the run with the measure and the war without."""
WANTED: dict[str, Check] = {
    "PublicWarning": lambda now, war: now["war_avoided"] > 0.3,
    "Summons": lambda now, war: now.profit("bolt") > war.profit("bolt"),
    "Pledge": lambda now, war: now["war_avoided"] > 0.9,
    "BelowCostBan": lambda now, war: now["below.full"] < 0.2 * war["below.full"],
    "PriceFloor": lambda now, war: bool((now.run.by_firm("price_change")[2:] > -0.021).all()),
    "MaximumMonthlyCut": lambda now, war: (
        now.run.market["war_index"].max() < war.run.market["war_index"].max()
    ),
    "NoticePeriod": lambda now, war: now.fall(3) < 0.5 * war.fall(3),
    "CoolingOff": lambda now, war: now["rivals_fall"] < war["rivals_fall"],
    "PriceProtection": lambda now, war: now["early_loss"] < war["early_loss"],
    # the war is over its worst sooner, and buyers gain from cuts that rivals see
    "DiscountDisclosure": lambda now, war: (
        now.worst() < war.worst() and now["consumer_surplus"] > war["consumer_surplus"]
    ),
    "PaymentRule": lambda now, war: now["suppliers_failed"] < war["suppliers_failed"],
    "TradeInSubsidy": lambda now, war: now["consumer_surplus_1"] > war["consumer_surplus_1"],
    "PurchaseTax": lambda now, war: now["fiscal_cost"] < war["fiscal_cost"],
    "WindfallLevy": lambda now, war: now["fiscal_cost"] < war["fiscal_cost"],
    "CapacityPermit": lambda now, war: now["war_avoided"] > 0.3,
}
UNWANTED: dict[str, Check] = {
    # rivals who listen leave the aggressor his cut
    "PublicWarning": lambda now, war: now.profit("ace") > war.profit("ace"),
    # the poorest buyers pay for the firm that was called in
    "Summons": lambda now, war: now["consumer_surplus_1"] < war["consumer_surplus_1"],
    # a promise that nobody breaks is a cartel: dearer than peace when the war is long over
    "Pledge": lambda now, war: now.index(-1) > told(PEACE).index(-1) + 2,
    # buyers pay more although no firm left the market in the war
    "BelowCostBan": lambda now, war: now["consumer_surplus"] < war["consumer_surplus"] and war["exits"] == 0,
    # the floor outlives the war: prices stay on it although costs have fallen
    "PriceFloor": lambda now, war: (
        now.index(-1) > told(PEACE).index(-1) + 1 and now["conduct"] > war["conduct"]
    ),
    # prices fall for longer: in the last month of the cut they are still on their way down
    "MaximumMonthlyCut": lambda now, war: now.index(4) < now.index(3) < now.index(2) < now.index(1),
    # rivals keep the cut coming when its cause is gone
    "NoticePeriod": lambda now, war: now.fall(8) > now.fall(3),
    # a firm that cut once may not adjust: the leader gains
    "CoolingOff": lambda now, war: now.profit("ace") > war.profit("ace"),
    # firms that match go on and pay twice
    "PriceProtection": lambda now, war: (
        now["producer_surplus"] < war["producer_surplus"] and now["protection_paid"] > 0
    ),
    # who sees the cut at once answers it at once: the war spreads
    "DiscountDisclosure": lambda now, war: now.fall(3) > war.fall(3) + 0.05,
    # cash that suppliers get is cash that firms lack
    "PaymentRule": lambda now, war: all(now.cash(firm) < war.cash(firm) for firm in ("ace", "cove")),
    # the treasury pays for more cars of the firm that began the war, and that firm loses on each of them
    "TradeInSubsidy": lambda now, war: (
        now.profit("ace") < war.profit("ace")
        and now.run.of_firm("units", "ace").sum() > war.run.of_firm("units", "ace").sum()
        and now["fiscal_cost"] > war["fiscal_cost"]
    ),
    # suppliers pay for a tax on cars
    "PurchaseTax": lambda now, war: now["supplier_profit"] < war["supplier_profit"],
    # it takes what firms earn in peace and does nothing about prices
    "WindfallLevy": lambda now, war: now["war_avoided"] == 0 and now.profit("cove") < war.profit("cove"),
    # whoever sells more than its permit pays for it: buyers and the leader lose
    "CapacityPermit": lambda now, war: (
        now["consumer_surplus"] < war["consumer_surplus"] and now.profit("ace") < war.profit("ace")
    ),
}


def test_every_shipped_measure_has_both() -> None:
    kinds = set(shipped("pricewar.interventions", Intervention))
    assert kinds == set(MEASURES) == set(WANTED) == set(UNWANTED)


@pytest.mark.parametrize("kind", MEASURES)
def test_does_what_it_is_meant_to_do(kind: str) -> None:
    assert WANTED[kind](told(kind), told(_war(kind)))


@pytest.mark.parametrize("kind", MEASURES)
def test_does_what_nobody_wants(kind: str) -> None:
    assert UNWANTED[kind](told(kind), told(_war(kind)))


def _war(kind: str) -> str:
    return "war without Disclosure" if kind == "DiscountDisclosure" else NONE


def test_payment_rule_ends_a_firm_that_lives_on_its_suppliers() -> None:
    poor = {"firms.bolt.cash": 4e8, "firms.bolt.payable_days": 180}
    rule = [{"kind": "PaymentRule", "start": "2025-03", "days": 30}]
    with_rule, without = (simulate(scenario(rules, **poor), 1) for rules in (rule, []))
    assert without.of_firm("active", "bolt")[-1]
    assert not with_rule.of_firm("active", "bolt")[-1]


def test_a_ban_that_one_firm_obeys_punishes_the_obedient() -> None:
    ban = {"kind": "BelowCostBan", "start": "2025-03", "line": "full"}
    alone = simulate(scenario([{**ban, "firms": ["bolt"]}]), 1)
    war = told(NONE).run
    bolt, cove = (
        alone.of_firm("units", firm)[2:5].sum() / war.of_firm("units", firm)[2:5].sum()
        for firm in ("bolt", "cove")
    )
    assert bolt < 0.7
    assert cove > 1.0
