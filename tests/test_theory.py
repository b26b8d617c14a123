"""Textbook results come out of the model: Bertrand, Lambert W, monopoly, pass-through, IIA, undercutting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import AT_REST, OFF, column, ran, strategies, tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, fsolve
from scipy.special import lambertw

from pricewar.base.records import Floats
from pricewar.market.calibrate import calibrate
from pricewar.market.model import PriceWar
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario

SOME = settings(deadline=None, max_examples=15)
UNIT = 100_000.0
"""CNY of the textbook's unit of money."""
A, C, MU = 2.0, 1.0, 0.25
"""Quality, cost, differentiation of Calvano et al. (2020, American Economic Review 110, 3267-3297)."""
NASH, MONOPOLY = 1.472927, 1.924981
"""Their one-shot Bertrand and joint-monopoly prices, to six places."""


def duopoly(**changes: Any) -> Scenario:
    return load("textbook-duopoly").but({"events": [], **changes})


def quiet(cut: dict[str, Any], **changes: Any) -> Scenario:
    return duopoly(events=[{"kind": "Cut", "month": "2025-03", **cut}], **changes)


def best_to(rival: Floats) -> Floats:
    """Best response of a single-product logit firm to rivals' prices, in closed form."""
    inner = np.exp((A - C) / MU - 1.0) / (1.0 + np.exp((A - rival) / MU))
    return C + MU * (1.0 + lambertw(inner).real)


def test_the_shipped_duopoly_rests_at_the_one_shot_nash_price() -> None:
    def foc(p: float) -> float:
        share = 1.0 / (2.0 + np.exp((p - A) / MU))
        return C + MU / (1.0 - share) - p

    nash = brentq(foc, 1.0, 2.0, xtol=1e-14)
    assert nash == pytest.approx(NASH, abs=5e-7)
    model = ran(duopoly())
    assert model.landscape.start_price / UNIT == pytest.approx(nash, abs=1e-8)
    assert np.array_equal(column(model, "offers", "price"), np.tile(model.landscape.start_price, (12, 1)))
    share = 1.0 / (2.0 + np.exp((nash - A) / MU))
    assert column(model, "sales", "orders") / 1e6 == pytest.approx(share, rel=1e-8)


def test_the_mean_utilities_are_the_textbooks() -> None:
    found = calibrate(duopoly())
    assert found.alpha * UNIT == pytest.approx(1.0 / MU)
    assert found.delta == pytest.approx(A / MU, rel=1e-8)


@SOME
@given(st.floats(0.02, 0.45))
def test_the_answer_to_a_cut_is_lamberts_w(depth: float) -> None:
    """Firms see last month's prices: the cut of the third month is answered in the fourth."""
    model = ran(quiet({"firm": "left", "depth": depth}, periods=5))
    price = column(model, "offers", "price") / UNIT
    assert price[2] == pytest.approx([NASH * (1 - depth), NASH], rel=1e-6)
    assert price[3, 1] == pytest.approx(best_to(price[2, 0]), rel=1e-6)
    assert price[3, 1] < NASH
    share = 1.0 / (1.0 + np.exp((price[3, 1] - A) / MU) * (1.0 + np.exp((A - price[3, 0]) / MU)))
    assert column(model, "sales", "orders")[3, 1] / 1e6 == pytest.approx(share, rel=1e-8)


@pytest.mark.parametrize("depth", [0.1, 0.3])
def test_after_a_cut_best_responses_walk_back_to_nash(depth: float) -> None:
    cut = {"firm": "left", "depth": depth, "until": "2025-05", "reverts": False}
    price = column(ran(quiet(cut, periods=24)), "offers", "price") / UNIT
    assert price[-1] == pytest.approx(NASH, abs=1e-5)
    assert price[4].min() < NASH - 0.1
    walk = [best_to(price[t - 1, 0]) for t in range(6, 12)]
    assert price[6:12, 1] == pytest.approx(walk, rel=1e-6)


def test_two_cars_of_one_firm_are_sold_at_the_joint_monopoly_price() -> None:
    tree = duopoly().model_dump()
    del tree["firms"]["right"]
    tree["products"]["right-car"]["firm"] = "left"
    model = ran(Scenario.model_validate(tree).but(periods=40))

    def foc(p: float) -> float:
        outside = 1.0 / (1.0 + 2.0 * np.exp((A - p) / MU))
        return C + MU / outside - p

    assert brentq(foc, 1.0, 3.0, xtol=1e-13) == pytest.approx(MONOPOLY, abs=5e-7)
    assert model.offers.price / UNIT == pytest.approx(MONOPOLY, abs=1e-5)


def test_a_weight_on_growth_lowers_the_price_as_a_subsidy_on_cost_would() -> None:
    theta = 0.2
    growth = {f"firms.{firm}.growth": theta * UNIT for firm in ("left", "right")}
    price = column(ran(duopoly(**growth, periods=40)), "offers", "price")

    def foc(p: Floats) -> Floats:
        share = np.exp((A - p) / MU) / (1.0 + np.exp((A - p) / MU).sum())
        return C - theta + MU / (1.0 - share) - p

    assert price[-1] / UNIT == pytest.approx(fsolve(foc, [1.3, 1.3], xtol=1e-13), abs=1e-6)


def test_a_monopolist_passes_on_one_minus_its_share() -> None:
    """Logit monopoly: dp/dc = 1 - s (Weyl and Fabinger 2013, Journal of Political Economy 121)."""
    model = PriceWar(duopoly(), collect=False)
    at, start = 1, model.landscape.start_price.copy()
    answers = [
        model.sight.research.respond(np.array([at]), start, np.array([(C + d) * UNIT])) / UNIT
        for d in (-1e-3, 1e-3)
    ]
    share = 1.0 / (1.0 + np.exp((NASH - A) / MU) * (1.0 + np.exp((A - NASH) / MU)))
    assert (answers[1] - answers[0]) / 2e-3 == pytest.approx(1.0 - share, rel=1e-3)


def test_all_cars_of_a_logit_firm_carry_one_markup() -> None:
    """Anderson, de Palma and Thisse 1992, ch. 7: a logit firm adds one amount to the cost of each car."""
    scenario = tiny({**AT_REST, **strategies("BestResponse"), "demand.kind": "Logit"}, dynamics=OFF)
    profit_only = {f"firms.{firm}.growth": 0.0 for firm in scenario.firms} | {"supply_chain.squeeze": 0.0}
    free = scenario.but(profit_only, periods=40)
    model = ran(free)
    markup = (model.offers.price / 1.13 - model.state.unit_cost).reshape(3, 2)
    assert markup[:, 0] == pytest.approx(markup[:, 1], rel=1e-5)
    share = (model.sales.orders / model.sales.shoppers).reshape(3, 2).sum(axis=1)
    alpha = model.calibration.alpha[0] * 1.13
    assert markup[:, 0] == pytest.approx(1.0 / (alpha * (1.0 - share)), rel=1e-5)


def test_logit_buyers_divert_in_proportion_to_shares() -> None:
    """Independence of irrelevant alternatives (Luce 1959); elasticities -alpha p (1 - s)."""
    scenario = tiny({"demand.kind": "Logit", "dynamics.loyalty.on": False})
    found = calibrate(scenario)
    share, start = found.share, found.landscape.start_price
    expected = share / (1.0 - share)[:, None]
    np.fill_diagonal(expected, 0.0)
    assert found.landscape.closeness == pytest.approx(expected, rel=1e-9)
    assert found.elasticity == pytest.approx(-found.alpha[0] * start * (1.0 - share), rel=1e-9)


def test_buyers_who_differ_divert_to_what_is_like_it() -> None:
    """Mixed logit breaks the proportion: BLP 1995, table VI, in the small."""
    plain, mixed = (calibrate(tiny({"demand.kind": kind})).landscape for kind in ("Logit", "MixedLogit"))
    large, small = plain.product("cove-one"), plain.product("bolt-small")
    like, unlike = plain.product("cove-suv"), plain.product("ace-small")
    assert mixed.closeness[large, like] > 1.5 * plain.closeness[large, like]
    assert mixed.closeness[large, unlike] < plain.closeness[large, unlike]
    assert mixed.closeness[small, unlike] > plain.closeness[small, unlike]


def test_two_undercutters_walk_each_other_down_to_cost() -> None:
    """Bertrand 1883: the price of identical sellers who undercut ends at cost."""
    rule = {"kind": "Undercut", "lead": True, "step": 0.02, "ceiling": 0.9, "floor": 1.0}
    model = ran(duopoly(**{"firms.left.strategy": rule, "firms.right.strategy": rule, "periods": 40}))
    price = column(model, "offers", "price")
    assert price[-1] / UNIT == pytest.approx(C, rel=1e-9)
    assert np.all(np.diff(price, axis=0) <= 1e-9)


def test_one_firms_cut_is_a_dilemma_of_prisoners() -> None:
    """At a price above Nash each gains by cutting alone, and both lose when both cut."""
    high, low = 1.7 * UNIT, 1.6 * UNIT

    def profits(left: float, right: float) -> Floats:
        rows = {
            f"firms.{firm}.strategy": {
                "kind": "Scripted",
                "unit": "price",
                "table": {"2025-01": {f"{firm}-car": price}},
            }
            for firm, price in (("left", left), ("right", right))
        }
        model = ran(duopoly(**rows, periods=1))
        return model.history[0].accounts.operating_profit

    both_high, alone, both_low = profits(high, high), profits(low, high), profits(low, low)
    assert alone[0] > both_high[0] > both_low[0] > alone[1]
