"""Variants of the market with one mechanism off reach what they name."""

from __future__ import annotations

import numpy as np

from pricewar.analysis.mechanisms import variants
from pricewar.runs import run
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario


def cheaper(changes: dict[str, object] | None = None) -> Scenario:
    small = {"periods": 6, "consumers.draws": 200, "events": [], "interventions": [], "campaigns.on": False}
    return load("baseline").but({**small, **(changes or {})})


def test_without_pass_through_neither_prices_nor_references_follow_costs() -> None:
    base = cheaper()
    own = cheaper({"firms.byd.strategy": {"kind": "CostPlus", "pass_through": 0.9}})
    for scenario in (base, own):
        changed = scenario.but(variants("byd")["no cost pass-through"](scenario))
        assert changed.market.pass_through == 0.0
        before, after = (run(one).require_complete() for one in (scenario, changed))
        cost = before.products.groupby("period")["unit_cost"].mean().to_numpy()
        assert cost[-1] < 0.995 * cost[0]
        assert before.market["reference_index"].iloc[-1] < 99.5
        assert before.market["price_index"].iloc[-1] < 99.5
        np.testing.assert_allclose(after.market["reference_index"], 100.0, atol=0.2)
        np.testing.assert_allclose(after.market["price_index"], 100.0, atol=0.2)
        np.testing.assert_allclose(after.firms.query("firm == 'byd'")["reference_change"], 0.0, atol=1e-12)
