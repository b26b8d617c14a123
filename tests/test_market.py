"""One month's market: conditions, waiting, reference prices, surplus, second choices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import OFF, car_dynamics, showroom, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar.base.records import Sales
from pricewar.demand.population import QUINTILES, make_population, price_sensitivity, taste_utility
from pricewar.market.buyers import (
    choose,
    conditions,
    decided,
    expected_fall,
    feels_cheap,
    lead_months,
    shoppers,
    spill,
    surplus,
    waiting,
)
from pricewar.market.calibrate import NOT_ON_SALE
from pricewar.market.model import PriceWar
from pricewar.scenario.mechanisms import Dynamics
from pricewar.scenario.preferences import Logit, MixedLogit

SOME = settings(deadline=None, max_examples=10)
QUIET = {"noise.market_sd": 0.0, "noise.taste_sd": 0.0}
NAMES = ("ace-small", "ace-large", "bolt-small", "bolt-suv", "cove-one", "cove-suv")


def only(**mechanisms: dict[str, object]) -> Dynamics:
    return Dynamics.model_validate({**OFF, **mechanisms})


def test_at_the_start_nothing_is_felt_but_prices(market: PriceWar) -> None:
    found = conditions(market.state, showroom(market), market.calibration, car_dynamics())
    assert np.all(found.shift == 0)
    assert np.all(found.outside == 1)
    assert np.array_equal(found.price, market.landscape.start_price)
    assert np.array_equal(found.delta, market.calibration.delta)


@SOME
@given(st.floats(-0.3, 0.3))
def test_a_loss_against_the_remembered_price_weighs_more_than_a_gain(change: float) -> None:
    market = PriceWar(tiny(dynamics=OFF), collect=False)
    dynamics = only(reference_price={"on": True, "weight": 0.2, "loss_aversion": 1.6})
    price = market.landscape.start_price * (1.0 + change)
    shift = conditions(market.state, showroom(market, price), market.calibration, dynamics).shift
    gap = price - market.landscape.start_price
    assert shift == pytest.approx(0.2 * gap * (1.6 if change > 0 else 1.0))


def test_a_weeks_longer_wait_costs_what_the_file_says() -> None:
    market = PriceWar(tiny(), collect=False)
    dynamics = only(backlog={"on": True, "wait_cost": 250.0})
    market.state.backlog = market.state.backlog + market.state.forecast
    shift = conditions(market.state, showroom(market), market.calibration, dynamics).shift
    assert shift == pytest.approx(np.full(6, 250.0 * 52 / 12))
    assert lead_months(market.state) == pytest.approx([1, 1, 1, 1, 5, 5])


def test_a_rebate_to_come_is_worth_its_money(market: PriceWar) -> None:
    offers = showroom(market).but(rebate=np.full(6, 700.0))
    assert np.all(conditions(market.state, offers, market.calibration, only()).shift == -700.0)


def test_what_is_not_on_sale_is_not_bought(market: PriceWar) -> None:
    on_sale = np.array([True, False, True, True, True, False])
    offers = showroom(market).but(on_sale=on_sale)
    found = conditions(market.state, offers, market.calibration, only())
    chosen = choose(found, market.calibration)
    assert np.array_equal(found.delta == NOT_ON_SALE, ~on_sale)
    assert np.all(chosen.share[~on_sale] == 0)
    assert np.all(chosen.share[on_sale] > market.chosen.share[on_sale])


def test_brand_equity_and_taste_move_utility(market: PriceWar) -> None:
    market.state.brand = np.array([0.0, -0.3, 0.1])
    market.state.taste = np.arange(6) / 10
    found = conditions(market.state, showroom(market), market.calibration, car_dynamics())
    assert found.delta - market.calibration.delta == pytest.approx([0.0, 0.1, -0.1, 0.0, 0.5, 0.6], abs=1e-12)
    without = conditions(market.state, showroom(market), market.calibration, only())
    assert without.delta - market.calibration.delta == pytest.approx(np.arange(6) / 10, abs=1e-12)


def test_expected_fall_extrapolates_the_trend_over_the_horizon(market: PriceWar) -> None:
    dynamics = only(waiting={"on": True, "horizon_months": 3.0})
    market.state.price_trend = np.full(6, -0.02)
    mean = np.average(market.landscape.start_price, weights=market.state.forecast)
    assert expected_fall(market.state, showroom(market), dynamics) == pytest.approx(0.06 * mean)
    market.state.price_trend = np.full(6, -0.5)
    assert expected_fall(market.state, showroom(market), dynamics) == pytest.approx(0.25 * mean)


def test_offers_that_end_within_the_horizon_and_known_rises_make_buyers_hurry(market: PriceWar) -> None:
    dynamics = only(waiting={"on": True, "horizon_months": 3.0})
    start = market.landscape.start_price
    mean = np.average(start, weights=market.state.forecast)
    cut = showroom(market, 0.9 * start)
    for last, fall in {-1: 0.0, 0: -0.1, 2: -0.1, 3: 0.0}.items():
        offers = cut.but(announced_end=np.full(6, last))
        assert expected_fall(market.state, offers, dynamics) == pytest.approx(fall * mean)
    known = showroom(market).but(known_rise=np.full(6, 1_000.0))
    assert expected_fall(market.state, known, dynamics) == pytest.approx(-1_000.0)


def test_waiting_takes_buyers_out_of_the_market_and_counts_them(market: PriceWar) -> None:
    dynamics = only(waiting={"on": True, "share": 0.2})
    market.state.price_trend = np.full(6, -0.02)
    found = conditions(market.state, showroom(market), market.calibration, dynamics)
    chosen = choose(found, market.calibration)
    assert np.all(found.outside > 1)
    assert np.all(chosen.share < market.chosen.share)
    lost = (market.chosen.share - chosen.share).sum() * 1e5
    wait = waiting(found, chosen, market.calibration, 1e5, 0.2)
    assert wait > lost > 0, "some who wait would else have bought nothing"


def test_nobody_waits_at_rest_and_waiting_switched_off_is_nothing(market: PriceWar) -> None:
    for dynamics, share in ((car_dynamics(), 0.15), (only(), 0.0)):
        found = conditions(market.state, showroom(market), market.calibration, dynamics)
        assert waiting(found, choose(found, market.calibration), market.calibration, 1e6, share) == 0.0


def test_better_offers_bring_people_early(market: PriceWar) -> None:
    found = conditions(
        market.state, showroom(market, 0.8 * market.landscape.start_price), market.calibration, only()
    )
    better = choose(found, market.calibration)
    pull = only(pull_forward={"on": True, "response": 0.35})
    here = (market.state, better, market.calibration)
    attraction = market.calibration.population.weight @ np.log1p(better.inside)
    early = np.exp(0.35 * (attraction - market.calibration.attraction))
    assert shoppers(*here, pull, 1_000.0) == pytest.approx(1_000.0 * early)
    assert shoppers(*here, only(), 1_000.0) == 1_000.0
    market.state.planned = 0.9
    assert shoppers(*here, pull, 1_000.0) == pytest.approx(900.0 * early)


def shopping(planned: float, cut: float = 0.0, **changes: Any) -> Sales:
    """What is sold in a first month in which `planned` times the usual people shop and a firm cuts."""
    events = [{"kind": "Cut", "firm": "ace", "month": "2025-01", "depth": cut}] if cut else []
    model = PriceWar(tiny({**QUIET, **changes}, events=events), collect=False)
    model.state.planned = planned
    model.step()
    assert model.sales is not None
    return model.sales


@SOME
@given(st.floats(0.5, 2.0))
def test_a_visit_moved_from_another_month_brings_no_level_of_surplus(planned: float) -> None:
    """Who waited is credited when they arrived, so to come back at the prices of the start adds nothing."""
    usual, moved = shopping(1.0), shopping(planned)
    assert moved.shoppers == pytest.approx(planned * usual.shoppers, rel=1e-9)
    np.testing.assert_allclose(moved.surplus, usual.surplus, atol=1e-9 * float(usual.surplus.sum()))


@SOME
@given(st.floats(0.5, 2.0), st.floats(0.02, 0.3))
def test_a_visit_moved_into_a_cut_gains_what_the_cut_is_worth(planned: float, cut: float) -> None:
    at_rest = PriceWar(tiny(QUIET), collect=False).worth_at_rest
    usual, moved = shopping(1.0, cut), shopping(planned, cut)
    early = usual.shoppers - usual.arrivals
    visit = (usual.surplus + early * at_rest) / usual.shoppers
    assert visit.sum() > at_rest.sum()
    expected = usual.surplus + (planned - 1.0) * usual.shoppers * (visit - at_rest)
    np.testing.assert_allclose(moved.surplus, expected, rtol=1e-9)


def test_surplus_is_the_integral_of_demand() -> None:
    """What all buyers gain when every price falls step by step is the sum of cars times the step (Logit)."""
    market = PriceWar(tiny({"demand.kind": "Logit"}, dynamics=OFF), collect=False)
    start = market.landscape.start_price
    steps = np.linspace(0.0, 8_000.0, 401)

    def at(cut: float) -> tuple[float, float]:
        found = conditions(market.state, showroom(market, start - cut), market.calibration, only())
        chosen = choose(found, market.calibration)
        return float(chosen.share.sum()), float(surplus(chosen, found, market.calibration, 1.0).sum())

    cars, gains = np.array([at(cut) for cut in steps]).T
    area = np.concatenate([[0.0], np.cumsum((cars[1:] + cars[:-1]) / 2 * np.diff(steps))])
    assert gains - gains[0] == pytest.approx(area, rel=1e-6, abs=1e-9)


def test_surplus_by_income_adds_up_and_the_rich_gain_more(market: PriceWar) -> None:
    chosen = choose(market.found, market.calibration)
    by_group = surplus(chosen, market.found, market.calibration, 1e5)
    assert by_group.shape == (QUINTILES,)
    worth = 1e5 * market.calibration.population.weight * np.log1p(chosen.inside) / market.calibration.alpha
    assert by_group.sum() == pytest.approx(worth.sum())
    assert np.all(np.diff(by_group) > 0)


def decision(market: PriceWar, price: Any, dynamics: Dynamics, fall: float = 0.0) -> tuple[Any, Any]:
    market.state.price_trend = np.full(6, -fall)
    found = conditions(market.state, showroom(market, price), market.calibration, dynamics, "order")
    return found, choose(found, market.calibration)


def by_hand(market: PriceWar, found: Any, share: float) -> float:
    """What each row gets on average from what it chooses, by the logit formulas, row by row, CNY a head.

    E[u + e] of a choice made by v + e is the log-sum of v plus sum of P (u - v).
    """
    c = market.calibration
    own = found.brand[:, None] == market.landscape.firm_of
    v = c.base + found.delta - c.alpha[:, None] * (found.price + found.shift) + np.log(c.loyal) * own
    hope = np.log((found.outside - (1.0 - share)) / share) if share else np.zeros_like(c.alpha)
    options = np.column_stack(
        [v, np.log1p(-share) + 0.0 * hope, (np.log(share) if share else -np.inf) + hope]
    )
    money = np.column_stack(
        [
            v + c.alpha[:, None] * found.felt,
            options[:, -2],
            options[:, -1] - hope if share else options[:, -1],
        ]
    )
    top = np.exp(options).sum(axis=1)
    chance = np.exp(options) / top[:, None]
    gap = np.subtract(money, options, out=np.zeros_like(money), where=chance > 0)
    return float(c.population.weight @ ((np.log(top) + (chance * gap).sum(axis=1)) / c.alpha))


@SOME
@given(
    st.lists(st.floats(-0.3, 0.3), min_size=6, max_size=6), st.floats(0, 1), st.floats(-0.05, 0.05),
    st.sampled_from((0.0, 0.15, 0.5)),
)  # fmt: skip
def test_surplus_is_experience_utility(change: list[float], weight: float, fall: float, share: float) -> None:
    """Against the formula of Train (2015), and never above what the same people get who are not misled."""
    market = PriceWar(tiny(dynamics=OFF), collect=False)
    price = market.landscape.start_price * (1.0 + np.array(change))
    misled = only(reference_price={"on": True, "weight": weight}, waiting={"on": share > 0, "share": share})
    found, chosen = decision(market, price, misled, fall)
    mine = surplus(chosen, found, market.calibration, 1.0, share).sum()
    assert mine == pytest.approx(by_hand(market, found, share), rel=1e-9, abs=1e-6)
    clear, better = decision(market, price, only())
    assert mine <= surplus(better, clear, market.calibration, 1.0).sum() * (1 + 1e-9) + 1e-6


def test_what_only_feels_cheap_is_no_money() -> None:
    """A cut that is paid for in full and remembered dearly: the feeling moves choices and is told apart."""
    market = PriceWar(tiny(dynamics=OFF), collect=False)
    start = market.landscape.start_price
    found, chosen = decision(market, 0.8 * start, only(reference_price={"on": True, "weight": 0.2}))
    _, plain = decision(market, 0.8 * start, only())
    assert chosen.share.sum() > plain.share.sum()
    felt = feels_cheap(chosen, found, 1e5)
    assert felt == pytest.approx(1e5 * 0.2 * float(chosen.share @ (0.2 * start)))
    with_feeling = decided(chosen, market.calibration, 1e5)
    assert surplus(chosen, found, market.calibration, 1e5).sum() == pytest.approx(with_feeling.sum() - felt)


def test_a_price_guarantee_leaves_no_reason_to_wait_for_what_falls_before_delivery() -> None:
    market = PriceWar(tiny(), collect=False)
    state, dynamics = market.state, only(waiting={"on": True, "horizon_months": 3.0}, backlog={"on": True})
    state.price_trend = np.full(6, -0.02)
    state.forecast = np.array([0, 0, 0, 0, 4_000.0, 0])  # one car is bought
    price = float(market.landscape.start_price[4])

    def fall(lead: float, settlement: Any) -> float:
        state.backlog = np.full(6, lead * 4_000.0)
        return expected_fall(state, showroom(market), dynamics, settlement)

    assert fall(1.0, "order") == fall(1.0, "delivery") == pytest.approx(0.06 * price)
    assert fall(0.0, "lower") == pytest.approx(0.06 * price)
    assert fall(1.0, "lower") == pytest.approx(0.04 * price), "one of three months lies before the delivery"
    assert fall(5.0, "lower") == 0.0
    state.price_trend = np.full(6, 0.02)
    assert fall(5.0, "lower") == pytest.approx(-0.06 * price), "an order keeps its price when prices rise"


def test_what_the_state_will_change_hurries_nobody_whose_car_comes_later() -> None:
    market = PriceWar(tiny(), collect=False)
    market.state.forecast = np.array([0, 0, 0, 0, 4_000.0, 0])
    known = showroom(market).but(known_rise=np.full(6, 1_000.0))
    for lead, expected in ((0.5, -1_000.0), (4.0, 0.0)):
        market.state.backlog = np.full(6, lead * 4_000.0)
        assert expected_fall(market.state, known, only(waiting={"on": True})) == pytest.approx(expected)


def test_second_choices_leave_out_who_is_refused(market: PriceWar) -> None:
    refused = np.array([0.5, 0.5, 0, 0, 0, 0])
    gained = spill(refused, market.found, market.calibration)
    assert np.all(gained[:2] == 0)
    assert np.all(gained[2:] > 0)
    assert gained.sum() < 0.5 * market.chosen.share[:2].sum()


# -- buyers as columns ---------------------------------------------------------------------------


def test_population_is_the_same_for_the_same_arguments_and_stands_for_all() -> None:
    one = make_population(500, 3)
    assert make_population(500, 3) is one
    assert not np.array_equal(make_population(500, 4).income, one.income)
    assert one.weight.sum() == pytest.approx(1.0)
    assert np.bincount(one.group).tolist() == [100] * 5
    assert [one.income[one.group == g].max() for g in range(4)] < [
        one.income[one.group == g].min() for g in range(1, 5)
    ]
    assert one.income.mean() == pytest.approx(0.0, abs=0.02)
    assert one.tastes.std(axis=0) == pytest.approx(np.ones(4), abs=0.05)
    assert np.corrcoef(one.income, one.tastes.T)[0, 1:] == pytest.approx(np.zeros(4), abs=0.1)


@SOME
@given(st.permutations([0.2, 0.1, 0.3]))
def test_rows_drive_brands_in_proportion_to_the_fleet_whatever_the_order(fleet: list[float]) -> None:
    population = make_population(2_000, 0)
    names = {0.2: "b", 0.1: "c", 0.3: "a"}
    by_name = np.argsort([names[share] for share in fleet])
    driven = population.driven(np.array([*fleet, 0.4]), by_name)
    assert np.bincount(driven) / 2_000 == pytest.approx([*fleet, 0.4], abs=0.01)
    canonical = population.driven(np.array([0.3, 0.2, 0.1, 0.4]), np.arange(3))
    at = {firm: names[share] for firm, share in enumerate(fleet)} | {3: "none"}
    assert [at[f] for f in driven] == [{0: "a", 1: "b", 2: "c", 3: "none"}[f] for f in canonical]


def test_price_sensitivity_falls_with_income_and_tastes_follow_attributes() -> None:
    population, cars = make_population(200, 0), tiny().demand
    assert isinstance(cars, MixedLogit)
    alpha = price_sensitivity(population, cars.income_elasticity, 0.6)
    assert np.all(np.diff(alpha[np.argsort(population.income)]) <= 0)
    assert np.all(price_sensitivity(population, Logit().income_elasticity, 0.6) == 1)
    attributes = np.array([[1.0, -1.0, 0.0, 0.0], [1.0, 2.0, 1.0, 0.5]])
    utility = taste_utility(population, cars.spreads, cars.loadings, attributes)
    spread = np.array(cars.spreads)
    by_hand = population.tastes[7] * spread + population.income[7] * np.array([0, 0.6, 0, 0])
    assert utility[7] == pytest.approx(attributes @ by_hand)
    assert np.all(taste_utility(population, Logit().spreads, Logit().loadings, attributes) == 0)
