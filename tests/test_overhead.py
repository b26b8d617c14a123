"""Unit cost of which a part does not vary with output."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import tiny

from pricewar import load, run
from pricewar.market.calibrate import calibrate
from pricewar.market.model import PriceWar

QUIET = {"noise.market_sd": 0.0, "noise.taste_sd": 0.0}
SHARE = {"market.variable_share": 0.8}


def test_all_of_it_varies_unless_a_scenario_says_otherwise() -> None:
    plain = load("baseline")
    assert plain.but({"market.variable_share": 1.0}).digest == plain.digest
    assert not calibrate(plain).overhead.any()


def test_the_growth_motive_is_less_by_the_overhead_of_a_car() -> None:
    plain, share = calibrate(tiny(QUIET)), calibrate(tiny(QUIET | SHARE))
    np.testing.assert_allclose(share.overhead, 0.2 * share.unit_cost)
    np.testing.assert_allclose(share.growth, plain.growth - share.overhead)


def test_rest_is_rest_and_costs_the_same() -> None:
    """At the output of the start overhead is carried in full."""
    plain, share = (PriceWar(tiny(QUIET | more), seed=1).run_model() for more in ({}, SHARE))
    for one, other in zip(plain.history, share.history, strict=True):
        np.testing.assert_allclose(one.offers.price, other.offers.price, rtol=1e-6)
    made = plain.history[0].sales.produced
    idle = 0.2 * share.calibration.unit_cost * (share.landscape.start_units - made)
    cost = [m.history[0].accounts.production_cost for m in (plain, share)]
    np.testing.assert_allclose(cost[1] - cost[0], share.landscape.by_firm(idle), rtol=1e-9, atol=1.0)


def test_a_month_of_half_the_output_keeps_its_overhead() -> None:
    shock = {"events": [{"kind": "DemandShock", "month": "2025-03", "factor": 0.5}]}
    plain, share = (PriceWar(tiny(QUIET | shock | more), seed=1).run_model() for more in ({}, SHARE))
    last, other = plain.history[-1].accounts, share.history[-1].accounts
    worse = last.gross_profit - other.gross_profit
    assert (worse > 0).all()
    usual = share.landscape.by_firm(share.calibration.overhead * share.landscape.start_units)
    assert (worse < usual).all()
    assert (last.cash > other.cash).all()


def test_cash_pays_what_the_books_say() -> None:
    """Over all months cash falls short by what profit falls short, stock apart."""
    shock = {"events": [{"kind": "DemandShock", "month": "2025-03", "factor": 0.7}]}
    quiet = QUIET | shock | {"dynamics.dealer_stock.on": False, "dynamics.backlog.on": False}
    results = [run(tiny(quiet | more)) for more in ({}, SHARE)]
    months = [r.firms.groupby("firm")[["operating_profit"]].sum()["operating_profit"] for r in results]
    cash = [r.firms[r.firms["period"] == r.firms["period"].max()].set_index("firm")["cash"] for r in results]
    np.testing.assert_allclose((months[0] - months[1]), (cash[0] - cash[1]).loc[months[0].index], rtol=1e-9)


@pytest.mark.parametrize("name", ["avc", "aac"])
def test_the_legal_line_of_variable_cost_is_what_varies(name: str) -> None:
    model = PriceWar(tiny(QUIET | SHARE), seed=1)
    lines = model.cost_lines()
    np.testing.assert_allclose(lines["avc"], 0.8 * model.calibration.unit_cost)
    assert (lines[name] <= lines["atc"]).all()
