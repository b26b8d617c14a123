"""Periods of a day, a week, a month or a quarter: dates, and laws that hold whatever a period is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pricewar.base.calendar_time import Stated, by_period
from pricewar.base.clock import Clock
from pricewar.base.errors import InputError
from pricewar.experiment.work import simulate
from pricewar.market.model import PriceWar
from pricewar.policy import policy_from
from pricewar.policy.measures import outcomes
from pricewar.runs import run
from pricewar.scenario.files import load
from pricewar.scenario.mechanisms import Brand, Waiting
from pricewar.strategies import RetaliateForgive

Tree = dict[str, Any]
PERIODS = {"day": 365, "week": 52, "month": 12, "quarter": 4}
CLOCKS = [
    Clock("2025-05", "week"), Clock("2025-05-14", "week"), Clock("2024-12-30", "week"),
    Clock("2025-05-14", "day"), Clock("2025-05", "quarter"), Clock("2025-04", "quarter"), Clock("2025-05"),
]  # fmt: skip


def market(period: str, **changes: Any) -> Tree:
    """One market of 1.2 million units a year, its flows stated by the period."""
    part = 12.0 / Clock("2025-01", period).periods_a_year
    tree = {
        "name": f"by-{period}",
        "period": period,
        "start": "2025-01",
        "periods": PERIODS[period],
        "consumers": {"shoppers": 250_000 * part, "draws": 100},
        "firms": {
            key: {
                "name": key.title(),
                "strategy": {"kind": "Hold"},
                "gross_margin": 0.2,
                "fixed_cost": 40_000.0 * part,
            }
            for key in ("north", "south")
        },
        "products": {
            f"{key}-one": {"firm": key, "name": f"{key} one", "list_price": price, "units": 50_000 * part}
            for key, price in (("north", 6.99), ("south", 7.49))
        },
    }
    return {**tree, **changes}


@pytest.mark.parametrize("clock", CLOCKS, ids=str)
def test_periods_have_names_in_order_that_lead_back_to_them(clock: Clock) -> None:
    names = [clock.label(period) for period in range(-60, 300)]
    assert names == sorted(set(names))
    for period, name in zip(range(-60, 300), names, strict=True):
        assert clock.period_of(name) == clock.last_of(name) == period


@pytest.mark.parametrize("clock", [c for c in CLOCKS if c.unit != "quarter"], ids=str)
def test_what_lasts_until_a_month_ends_before_what_begins_in_the_next(clock: Clock) -> None:
    months = Clock("2024-01")
    for k in range(40):
        assert clock.last_of(months.label(k)) + 1 == clock.period_of(months.label(k + 1))


def test_the_words_of_periods() -> None:
    assert Clock("2025-03-31", "week").label(0) == "2025-W14"
    assert Clock("2025-05-12", "day").label(3) == "2025-05-15"
    assert Clock("2025-04", "quarter").label(1) == "2025-Q3"
    assert Clock("2025-05").label(8) == "2026-01"
    assert Clock("2025-05").days_a_period == 365 / 12


@pytest.mark.parametrize("unit", ["day", "week", "quarter"])
def test_rates_of_a_month_compound_to_the_same_after_a_year(unit: str) -> None:
    clock = Clock("2025-01", unit)  # type: ignore[arg-type]
    many = clock.periods_a_year
    assert Stated.KEPT.by_period(0.8, clock) ** many == pytest.approx(0.8**12)
    assert (1 - Stated.CHANCE.by_period(0.05, clock)) ** many == pytest.approx(0.95**12)
    assert Stated.SUM.by_period(0.03, clock) * many == pytest.approx(0.36)
    assert Stated.LENGTH.by_period(6.0, clock) * clock.months_a_period == pytest.approx(6.0)
    assert Stated.SPREAD.by_period(0.1, clock) / many**0.5 == pytest.approx(0.1 / 12**0.5)


def test_fields_are_converted_where_they_stand_and_left_alone_by_the_month() -> None:
    waiting, week = Waiting(horizon_months=3.0), Clock("2025-01", "week")
    assert by_period(waiting, Clock("2025-01")) is waiting
    assert by_period(waiting, week).horizon_months == pytest.approx(3.0 * 365 / 84)
    assert by_period(RetaliateForgive(months=3), week).months == 13
    assert by_period(RetaliateForgive(months=3, lag=2), week).lag == 2, "moves count in periods"
    assert by_period(Brand(half_life=6.0), week).half_life == pytest.approx(6 * 365 / 84)


@pytest.mark.parametrize("unit", PERIODS)
def test_a_market_at_rest_stays_at_rest(unit: str) -> None:
    on = {name: {"on": True} for name in ("waiting", "reference_price", "brand", "loyalty", "pull_forward",
                                          "word_of_mouth", "backlog", "dealer_stock")}  # fmt: skip
    model = PriceWar(market(unit, dynamics=on, periods=8)).run_model()
    for month in model.history:
        assert np.allclose(month.offers.price, model.landscape.start_price, rtol=0, atol=1e-12)
        assert np.allclose(month.sales.orders, model.landscape.start_units, rtol=1e-9)


def test_the_accounts_of_a_year_are_the_same_by_the_day_the_week_the_month_and_the_quarter() -> None:
    """52 weeks are a day short of a year: sums agree within 0.3%."""
    found = {unit: run(market(unit)).require_complete().firms for unit in PERIODS}
    for column in ("units", "revenue", "gross_profit", "operating_profit"):
        sums = {unit: float(frame[column].sum()) for unit, frame in found.items()}
        assert sums["day"] == pytest.approx(sums["month"], rel=1e-9)
        assert sums["quarter"] == pytest.approx(sums["month"], rel=1e-9)
        assert sums["week"] == pytest.approx(sums["month"] * 364 / 365, rel=1e-9)
    debts = {unit: float(frame.groupby("firm")["payables"].last().sum()) for unit, frame in found.items()}
    assert debts["day"] == pytest.approx(debts["month"], rel=0.03), "bills wait for days"
    assert debts["week"] == pytest.approx(debts["month"], rel=0.03)


def test_a_cut_of_a_quarter_sells_the_same_whatever_a_period_is() -> None:
    cut = {"kind": "Cut", "firm": "north", "month": "2025-04", "until": "2025-06", "depth": 0.1}
    sold = {
        unit: float(run(market(unit, events=[cut])).require_complete().market["units"].sum())
        for unit in PERIODS
    }
    rest = float(run(market("month")).require_complete().market["units"].sum())
    gain = {unit: units - rest * (364 / 365 if unit == "week" else 1.0) for unit, units in sold.items()}
    assert gain["month"] > 0
    for unit, most in (("quarter", 1e-9), ("day", 0.01), ("week", 0.01)):  # 91 days; 13 weeks
        assert gain[unit] == pytest.approx(gain["month"], rel=most)


def test_policies_are_judged_the_same_by_the_day_the_month_and_the_quarter() -> None:
    """Present values, what firms gave up, and who bought too early follow the year."""
    cut = {"kind": "Cut", "firm": "north", "month": "2025-07", "until": "2025-09", "depth": 0.1}
    found = {}
    for unit in ("day", "month", "quarter"):
        war, peace = (simulate(load(market(unit, events=events)), 1) for events in ([cut], []))
        found[unit] = outcomes(war, war, peace, 0.1)
    for name, most in (("pv.producer_surplus", 5e-3), ("sacrifice", 0.05), ("early_loss", 0.05)):
        assert found["month"][name] > 0
        assert found["day"][name] == pytest.approx(found["month"][name], rel=most), name
    assert found["quarter"]["pv.producer_surplus"] == pytest.approx(
        found["month"]["pv.producer_surplus"], rel=0.02
    )


def test_war_and_peace_of_a_policy_study_have_one_clock() -> None:
    cut = {"kind": "Cut", "firm": "north", "period": 3, "depth": 0.1}
    asked = {
        "name": "own",
        "measures": {"floor": [{"kind": "PriceFloor", "share": 0.9}]},
        "factors": {"depth": {"path": "events.Cut.depth", "values": [0.1, 0.2]}},
        "base": market("week", events=[cut]),
    }
    assert policy_from({**asked, "but_for": market("week")}, "own").base.period == "week"
    with pytest.raises(InputError, match="periods of a week from 2025-01, as the war has"):
        policy_from({**asked, "but_for": market("month")}, "own")


def test_brand_heals_and_batteries_fall_by_the_year_not_by_the_period() -> None:
    packs, brands = {}, {}
    for unit in ("day", "week", "month"):
        shock = {"kind": "BrandShock", "firm": "north", "period": 0, "size": 0.2}
        dynamics = {"battery": {"on": True, "change_a_year": -0.08}, "brand": {"on": True, "erosion": 0.0}}
        model = PriceWar(market(unit, events=[shock], dynamics=dynamics)).run_model()
        years = PERIODS[unit] / model.setting.clock.periods_a_year
        packs[unit] = model.state.pack_price ** (1 / years)
        brands[unit] = (model.state.brand[0] / np.log(0.8)) ** (1 / years)
    assert packs == pytest.approx(dict.fromkeys(packs, 0.92))
    assert brands == pytest.approx(dict.fromkeys(brands, 0.25))


def test_events_and_measures_are_dated_by_period_or_by_month_but_not_by_both() -> None:
    cut = {"kind": "Cut", "firm": "north", "depth": 0.1}
    ban = {"kind": "PriceFloor", "share": 0.9}
    by_period_ = load(market("week", events=[{**cut, "period": 3, "until_period": 5}]))
    model = PriceWar(by_period_)
    cheap = [bool((m.offers.price < 6.9).any()) for m in model.run_model().history[:8]]
    assert cheap == [False] * 3 + [True] * 3 + [False] * 2
    for wrong, words in (
        ({"events": [{**cut, "period": 3, "month": "2025-02"}]}, "one of month and period; found both"),
        ({"events": [cut]}, "one of month and period; found none"),
        ({"events": [{**cut, "period": 3, "until": "2025-03", "until_period": 9}]}, "until or until_period"),
        ({"events": [{**cut, "period": 99}]}, "0 to 51"),
        ({"events": [{**cut, "period": 9, "until_period": 8}]}, "period 9 or later"),
        ({"interventions": [{**ban, "start": "2025-02", "period": 3}]}, "set start or period"),
        ({"interventions": [{**ban, "period": 9, "until_period": 3}]}, "9 or later"),
        ({"interventions": [{**ban, "period": 60}]}, "51 or earlier"),
    ):
        with pytest.raises(InputError, match=words):
            load(market("week", **wrong))


@pytest.mark.parametrize(
    ("unit", "start", "words"),
    [
        ("month", "2025-05-12", "a month, where a period is a month"),
        ("quarter", "2025-Q2", "a month, where a period is a quarter"),
        ("week", "2025-W20", "a month or a date"),
        ("day", "2025-02-30", "day"),
    ],
)
def test_a_start_that_periods_cannot_count_from_is_refused(unit: str, start: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load(market(unit, start=start))


def test_campaigns_are_refused_where_a_period_is_no_month() -> None:
    with pytest.raises(InputError, match=r"campaigns\.on"):
        load(market("week", campaigns={"on": True}))


def test_a_scenario_of_months_has_the_digest_that_it_had() -> None:
    tree = market("month")
    named = {**tree, "market": {"currency": "EUR", "unit": "baskets"}}
    del tree["period"]
    assert load(tree).digest == load(named).digest != load(market("week")).digest


def test_prices_from_a_table_hold_from_the_period_of_their_date() -> None:
    """By the week a table may name months, weeks and dates; by the month it names months."""
    dated = {
        "2025-02": {"north-one": -0.1},
        "2025-03-12": {"north-one": -0.2},
        "2025-W14": {"north-one": 0.0},
    }
    firms = market("week")["firms"]
    firms["north"]["strategy"] = {"kind": "Scripted", "table": dated}
    history = PriceWar(market("week", firms=firms)).run_model().history
    change = [round(float(month.offers.price[0]) / 6.99 - 1.0, 9) for month in history[:16]]
    clock = Clock("2025-01", "week")
    begins = [clock.period_of(moment) for moment in dated]
    assert begins == [4, 10, 13]
    assert change == [0.0] * 4 + [-0.1] * 6 + [-0.2] * 3 + [0.0] * 3
    months = market("month", firms={**firms, "south": market("month")["firms"]["south"]})
    with pytest.raises(InputError, match=r"firms\.north\.strategy\.table"):
        load(months)
