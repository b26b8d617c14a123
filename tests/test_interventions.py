"""Interventions: the public kit on every one, an expected and an unwanted effect of each, laws, bad input."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import showroom
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from pricewar.base.records import Accounts, Offers, View
from pricewar.base.rules import make_rule, shipped
from pricewar.events import Event
from pricewar.interventions import (
    BelowCostBan,
    CapacityPermit,
    CoolingOff,
    Desk,
    DiscountDisclosure,
    Intervention,
    MaximumMonthlyCut,
    NoticePeriod,
    PaymentRule,
    Pledge,
    PriceFloor,
    PriceProtection,
    PublicWarning,
    PurchaseTax,
    Summons,
    TradeInSubsidy,
    WindfallLevy,
)
from pricewar.market.model import PriceWar
from pricewar.market.regulator import Regulator
from pricewar.testing.interventions import (
    check_intervention,
    contents,
    enforce,
    example_accounts,
    example_desk,
    example_market,
    example_offers,
    example_sales,
)
from pricewar.testing.strategies import example_view

DOCS = Path(__file__).parent.parent / "docs"
MARKET = example_market()
START = MARKET.start_price
UP, DOWN = {"price": "falls"}, {"buyer_price": "rises"}
EXAMPLES: list[tuple[Intervention, dict[str, Any]]] = [
    (PublicWarning(compliance=0.6), UP),
    (Summons(firms=("byd", "geely"), strength=0.9), UP),
    (Pledge(defection=0.2, contagion=0.2), UP),
    (BelowCostBan(line="atc", compliance=0.5, audit=0.5, fine=2e6), UP | {"fines": "falls"}),
    (BelowCostBan(basis="industry", overstock=3.0), UP),
    (PriceFloor(share=0.9, compliance=0.5, audit=1.0, fine=1e6), UP),
    (PriceFloor(price=100_000.0, segments=("B",)), UP),
    (MaximumMonthlyCut(cut=0.05), UP),
    (NoticePeriod(months=2), UP),
    (CoolingOff(months=3, ignore=0.01), UP),
    (PriceProtection(months=2), {"revenue": "rises", "rebate": "falls"}),
    (DiscountDisclosure(), {}),
    (PaymentRule(months=3), {"payable_days": "rises"}),
    (TradeInSubsidy(amount=20_000.0, share=0.12, budget=4e9, end="2025-09", notice=2), DOWN),
    (PurchaseTax(start="2025-07", notice=1), {"buyer_price": "falls"}),
    (WindfallLevy(rate=0.3, threshold=1e8), {"operating_profit": "rises"}),
    (CapacityPermit(factor=0.9, charge=5_000.0), {"capacity": "rises", "levy": "falls"}),
]
FLOORS = [measure for measure, never in EXAMPLES if "price" in never]


# -- the kit ----------------------------------------------------------------------------------------


def test_every_shipped_measure_is_among_the_examples() -> None:
    assert set(shipped("pricewar.interventions", Intervention)) == {m.kind for m, _ in EXAMPLES}


@pytest.mark.parametrize(("measure", "never"), EXAMPLES, ids=lambda value: getattr(value, "kind", ""))
def test_passes_the_kit(measure: Intervention, never: dict[str, Any]) -> None:
    check_intervention(measure, never=never)


@pytest.mark.parametrize("measure", [m for m, _ in EXAMPLES], ids=lambda m: m.kind)
def test_does_something_in_a_price_war(measure: Intervention) -> None:
    assert any(step.returned is not step.given for step in enforce(measure))


@pytest.mark.parametrize("measure", FLOORS, ids=lambda m: m.kind)
def test_nobody_who_complies_means_the_very_same_offers(measure: Intervention) -> None:
    deaf = measure.model_copy(update={"compliance": 0.0, "audit": 0.0})
    assert all(step.returned is step.given for step in enforce(deaf) if isinstance(step.given, Offers))


class Meddler(Intervention):
    """Writes where it must not."""

    where: str

    def amend(self, offers: Offers, desk: Desk) -> Offers:
        if self.where == "offers":
            offers.list_price.base[0] *= 2  # type: ignore[union-attr,index]
        if self.where == "price":
            return offers.but(promotion=offers.list_price)
        if self.where == "shape":
            return offers.but(tax=np.zeros(2))
        if self.where == "list":
            return offers.list_price  # type: ignore[return-value]
        if self.where == "nan":
            return offers.but(tax=np.full(6, np.nan))
        if self.where == "period":
            return offers.but(period=99)
        return offers.but(list_price=offers.list_price * np.random.default_rng().uniform(1, 2))

    def see(self, view: View, desk: Desk) -> View:
        if self.where == "notebook":
            view.memory["hint"] = "collude"
        return view

    def active(self, first_month: str, period: int) -> bool:
        return self.where == "idle" or super().active(first_month, period)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("offers", "wrote into a record"),
        ("price", "prices that are not above 0"),
        ("shape", r"Offers.tax: found \(2,\)"),
        ("list", "amend returned a ndarray; allowed: Offers"),
        ("nan", "Offers.tax: found numbers that are not finite"),
        ("period", "changed who or when"),
        ("luck", "the same luck gives another answer"),
        ("notebook", "notebook"),
        ("idle", "not in force"),
    ],
)
def test_kit_catches_a_measure_that_misbehaves(where: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_intervention(Meddler(where=where))


def test_kit_catches_the_wrong_direction_and_a_field_that_is_not_there() -> None:
    with pytest.raises(AssertionError, match="price rises"):
        check_intervention(PriceFloor(share=0.9), never={"price": "rises"})
    with pytest.raises(AssertionError, match="no record has 'prize'"):
        check_intervention(PriceFloor(share=0.9), never={"prize": "rises"})


# -- suasion ----------------------------------------------------------------------------------------


def test_warning_undoes_a_share_of_the_cut_and_fades() -> None:
    warning = PublicWarning(strength=0.8, half_life=2.0)
    assert [warning.force(t) for t in (0, 2, 4)] == pytest.approx([0.8, 0.4, 0.2])
    assert PublicWarning(half_life=None).force(1000) == 1.0
    desk = example_desk(period=2, before=example_offers(-0.1))
    price = warning.amend(example_offers(-0.2, period=2), desk).price
    np.testing.assert_allclose(price, START * (0.9 - 0.6 * 0.1))


def test_warning_helps_those_who_do_not_listen() -> None:
    desk = example_desk(seed=3)
    warned = PublicWarning(compliance=0.5, half_life=None)
    price = warned.amend(example_offers(-0.2), desk).price / START
    deaf = ~warned.complying(desk)[MARKET.firm_of]
    assert 0 < deaf.sum() < 6
    np.testing.assert_allclose(price[deaf], 0.8)
    np.testing.assert_allclose(price[~deaf], 1.0)


def test_warning_does_not_bring_back_a_price_that_fell_before() -> None:
    desk = example_desk(before=example_offers(-0.3))
    offers = example_offers(-0.3)
    assert PublicWarning(half_life=None).amend(offers, desk) is offers


def test_line_for_figures() -> None:
    assert BelowCostBan().describe() == "below cost ban"
    assert BelowCostBan(label="SAMR guidelines").describe() == "SAMR guidelines"


def test_summons_speaks_to_named_firms_only() -> None:
    price = Summons(firms=("beta",)).amend(example_offers(-0.2), example_desk()).price / START
    np.testing.assert_allclose(price, [0.8, 0.8, 0.8, 1, 1, 0.8])


def test_new_product_is_free_of_measures_that_look_at_last_month() -> None:
    before = example_offers(on_sale=np.arange(6) < 5)
    for measure in (
        PublicWarning(),
        MaximumMonthlyCut(cut=0.1),
        CoolingOff(months=3),
        NoticePeriod(months=2),
    ):
        price = measure.amend(example_offers(-0.2), example_desk(before=before)).price
        assert price[5] == pytest.approx(0.8 * START[5]), measure.kind


def test_pledge_holds_until_a_firm_defects_and_defection_spreads() -> None:
    def defected(contagion: float) -> list[int]:
        memory: dict[str, Any] = {}
        pledge, broke = Pledge(defection=0.2, contagion=contagion), []
        for period in range(24):
            desk = example_desk(period=period, memory=memory, seed=6)
            price = pledge.amend(example_offers(-0.2, period=period), desk).price / START
            gone = desk.memory["broke"]
            np.testing.assert_allclose(price, np.where(gone[MARKET.firm_of], 0.8, 1.0))
            broke.append(int(gone.sum()))
        return broke

    alone, spread = defected(0.0), defected(0.6)
    assert alone == sorted(alone), "a word once broken stays broken"
    assert alone[0] < 3 == alone[-1]
    assert all(a <= b for a, b in zip(alone, spread, strict=True))
    assert sum(spread) > sum(alone)


# -- price rules ------------------------------------------------------------------------------------


def test_below_cost_ban_lifts_to_the_cost_line_plus_vat() -> None:
    ban = BelowCostBan(line="atc")
    price = ban.amend(example_offers(-0.3), example_desk()).price
    np.testing.assert_allclose(price, 1.125 * 0.8 * START)
    free = example_offers(-0.05)
    assert ban.amend(free, example_desk()) is free


def test_overstock_exempts_and_missing_costs_bind_nobody() -> None:
    price = BelowCostBan(overstock=3.0).amend(example_offers(-0.3), example_desk()).price / START
    np.testing.assert_allclose(price, [0.88, 0.88, 0.88, 0.7, 0.88, 0.88])
    lines = {"full": np.where(np.arange(6) == 1, np.nan, 0.8 * START / 1.13)}
    price = BelowCostBan().amend(example_offers(-0.3), example_desk(cost_lines=lines)).price / START
    np.testing.assert_allclose(price, [0.8, 0.7, 0.8, 0.8, 0.8, 0.8])


def test_full_cost_of_a_firm_without_sales_is_no_floor_unless_one_insists() -> None:
    lines = {"full": np.where(MARKET.firm_of == 2, 50.0, 0.8) * START / 1.13}
    desk = example_desk(cost_lines=lines)
    price = BelowCostBan().amend(example_offers(-0.3), desk).price / START
    np.testing.assert_allclose(price, [0.8, 0.8, 0.8, 0.8, 0.8, 1.0])
    spiral = BelowCostBan(up_to=None).amend(example_offers(-0.3), desk).price / START
    assert spiral[5] == pytest.approx(50.0), "unwanted: the fewer cars a firm sells, the dearer it must be"


def test_industry_line_protects_the_inefficient_from_the_efficient() -> None:
    cost = np.array([50_000.0, 80_000.0, 150_000.0, 70_000.0, 120_000.0, 200_000.0])
    desk = example_desk(cost_lines={"full": cost})
    offers = example_offers(-0.3)
    own = BelowCostBan().amend(offers, desk).price
    industry = BelowCostBan(basis="industry").amend(offers, desk).price
    units = MARKET.start_units[[0, 3]]
    mean = (units @ cost[[0, 3]]) / units.sum()
    assert industry[0] == pytest.approx(1.13 * mean)
    assert own[0] == pytest.approx(56_500.0), "its own cost would have allowed it"
    assert industry[0] > own[0]


def test_price_floor_becomes_the_focal_price() -> None:
    floor = PriceFloor(price=150_000.0, segments=("B",))
    price = floor.amend(example_offers([-0.2, -0.2, -0.4, -0.2, -0.2, -0.5]), example_desk()).price
    np.testing.assert_allclose(price, [64_000.0, 150_000.0, 150_000.0, 72_000.0, 150_000.0, 150_000.0])
    assert PriceFloor(share=0.95).amend(example_offers(-0.2), example_desk()).price == pytest.approx(
        0.95 * START
    )


def test_promotion_shrinks_before_the_list_price_rises() -> None:
    raised = PriceFloor(share=1.2).amend(example_offers(), example_desk())
    np.testing.assert_allclose(raised.list_price, 1.2 * START)
    np.testing.assert_allclose(raised.promotion, 0.0)
    lifted = PriceFloor(share=1.05).amend(example_offers(), example_desk())
    np.testing.assert_array_equal(lifted.list_price, example_offers().list_price)


def test_monthly_limit_slows_a_cut_and_makes_it_longer() -> None:
    rule, before, months = MaximumMonthlyCut(cut=0.1), example_offers(), 0
    while before.price[0] > 0.7 * START[0] * (1 + 1e-9):
        before = rule.amend(example_offers(-0.3), example_desk(period=months, before=before))
        months += 1
        assert before.price[0] >= 0.9**months * START[0] * (1 - 1e-9)
    assert months == 4, "0.9^4 < 0.7: the same cut, spread over four months of falling prices"


def test_breach_is_fined_in_the_month_it_is_found_and_cures() -> None:
    floor = PriceFloor(share=0.9, compliance=0.0, audit=1.0, fine=2e6, firms=("alpha", "beta"))
    memory: dict[str, Any] = {}
    desk = example_desk(memory=memory)
    cheap = example_offers([-0.3, 0, 0, 0, 0, -0.3])
    assert floor.amend(cheap, desk) is cheap
    books = floor.settle(example_accounts(cheap), desk)
    assert list(books.fines) == [2e6, 0.0, 0.0], "alpha sells below, beta does not, gamma is not addressed"
    later = example_desk(period=1, memory=memory, before=cheap)
    assert floor.amend(cheap, later).price[0] == pytest.approx(0.9 * START[0])
    assert floor.settle(example_accounts(cheap), later).fines.sum() == 0


def test_fine_without_audit_is_a_paper_tiger() -> None:
    floor = PriceFloor(share=0.9, compliance=0.0, audit=0.0, fine=1e12)
    desk = example_desk()
    books = example_accounts(floor.amend(example_offers(-0.3), desk))
    assert floor.settle(books, desk) is books


def test_share_of_breaches_found_is_the_audit_probability() -> None:
    floor = PriceFloor(share=0.9, compliance=0.0, audit=0.3, fine=1.0)
    found = 0.0
    for seed in range(300):
        desk = example_desk(seed=seed)
        found += floor.settle(example_accounts(floor.amend(example_offers(-0.3), desk)), desk).fines.sum()
    assert found / 900 == pytest.approx(0.3, abs=3 * np.sqrt(0.21 / 900))


# -- rules of conduct -------------------------------------------------------------------------------


def play(measure: Intervention, path: list[float], **changes: Any) -> list[float]:
    """Price of the first product, relative to the start, under a measure while firms propose a path."""
    memory: dict[str, Any] = {}
    before, result = example_offers(period=-1), []
    for period, change in enumerate(path):
        desk = example_desk(period=period, before=before, memory=memory, **changes)
        before = measure.amend(example_offers(change, period=period), desk)
        result.append(float(before.price[0] / START[0]))
    return result


def test_notice_delays_cuts_but_not_rises() -> None:
    assert play(NoticePeriod(months=2), [-0.1, -0.1, -0.1, -0.2, 0.0]) == pytest.approx([1, 1, 0.9, 0.9, 1])
    assert play(NoticePeriod(months=2), [-0.1, 0.0, 0.0, 0.0]) == pytest.approx([1, 1, 1, 1])
    assert play(NoticePeriod(months=1), [0.1, 0.0, 0.0]) == pytest.approx([1.1, 1.1, 1.0])


def test_notice_lets_rivals_answer_before_the_cut_takes_effect() -> None:
    memory: dict[str, Any] = {}
    notice = NoticePeriod(months=3)
    notice.amend(example_offers([-0.2, 0, 0, 0, 0, 0]), example_desk(memory=memory))
    desk = example_desk(period=1, memory=memory)
    rival, cutter = example_view("beta", period=1), example_view("alpha", period=1)
    assert notice.see(rival, desk).seen[-1][0] == pytest.approx(0.8 * START[0])
    assert notice.see(cutter, desk).seen[-1][0] == START[0]
    assert notice.model_copy(update={"visible": False}).see(rival, desk) is rival


def test_cooling_off_allows_one_cut_and_then_none() -> None:
    path = [-0.1, -0.2, -0.3, -0.3, -0.3]
    assert play(CoolingOff(months=2), path) == pytest.approx([0.9, 0.9, 0.9, 0.7, 0.7])
    assert play(CoolingOff(months=2), [-0.4, -0.4, 0.0]) == pytest.approx([0.6, 0.6, 1.0]), (
        "unwanted: who may cut but once cuts deep at once"
    )
    drip = [-0.005 * t for t in range(1, 6)]
    assert play(CoolingOff(months=2, ignore=0.01), drip) == pytest.approx([1 + d for d in drip])


def test_protection_pays_earlier_buyers_the_fall_once() -> None:
    rule, memory = PriceProtection(months=2), dict[str, Any]()
    calm, cut = example_offers(), example_offers([-0.1, 0, 0, 0, 0, 0])
    paid = []
    for period, (before, now) in enumerate([(calm, calm), (calm, calm), (calm, cut), (cut, cut)]):
        desk = example_desk(period=period, before=before, memory=memory)
        offers = rule.amend(now, desk)
        books = example_accounts(offers)
        paid.append(float((books.revenue - rule.settle(books, desk).revenue)[0]))
    assert paid == pytest.approx([0, 0, 2 * 30_000 * 8_000 / 1.13, 0])


def test_protection_is_expected_by_buyers_and_shared_out() -> None:
    desk = example_desk(period=1, elapsed=1)
    offers = PriceProtection(share=0.5).amend(example_offers(-0.1), desk)
    np.testing.assert_allclose(offers.rebate, 0.05 * START)


def test_protection_makes_best_responders_stop_cutting() -> None:
    rule, desk = PriceProtection(months=3), example_desk(period=1)
    view = example_view("beta", period=1, history=[[-0.15] * 3 + [0.0] * 3])
    value = view.unit_cost - view.growth
    free, bound = view.respond(value), rule.see(view, desk).respond(value)
    assert np.all(free < view.price)
    assert np.all((bound >= free) & (bound <= START[view.own] * (1 + 1e-9)))
    assert np.all(bound > free), "unwanted: buyers to come pay more, since earlier buyers are insured"
    dearer = value + 20_000.0
    np.testing.assert_array_equal(rule.see(view, desk).respond(dearer), view.respond(dearer))
    assert rule.model_copy(update={"foreseen": False}).see(view, desk) is view


def test_disclosure_shows_true_prices_and_speeds_up_the_answer() -> None:
    before = example_offers([-0.2, 0, 0, 0, 0, 0])
    view = example_view("beta", period=1)
    shown = DiscountDisclosure().see(view, example_desk(period=1, before=before))
    np.testing.assert_allclose(shown.seen[-1], before.price)
    assert view.rival_change().sum() == 0 > shown.rival_change().sum()
    np.testing.assert_array_equal(shown.seen[:-1], view.seen[:-1])


def test_payment_rule_phases_in_and_takes_the_cash_that_payables_were() -> None:
    rule, memory = PaymentRule(days=60, months=4), dict[str, Any]()
    days = np.array([127.0, 180.0, 45.0])
    for period, share in enumerate([0.25, 0.5, 0.75, 1.0, 1.0]):
        books = example_accounts(example_offers(), payable_days=days)
        days = rule.settle(books, example_desk(period=period, memory=memory)).payable_days
        np.testing.assert_allclose(days, [127 - share * 67, 180 - share * 120, 45])
    books = example_accounts(example_offers())
    released = books.payables * (1 - days / books.payable_days)
    assert released[1] > books.cash[1], "unwanted: the cash-poor firm owes more at once than it has"
    assert released[0] < books.cash[0]


# -- money ------------------------------------------------------------------------------------------


def test_trade_in_subsidy_pays_and_stops_when_the_money_is_gone() -> None:
    measure, memory = TradeInSubsidy(amount=20_000.0, takeup=0.5, budget=1.5e9), dict[str, Any]()
    monthly = 10_000.0 * MARKET.start_units.sum()
    paid = []
    for period in range(4):
        offers = measure.amend(example_offers(), example_desk(period=period, memory=memory))
        paid.append(float(offers.subsidy[0]))
    assert monthly == 9e8
    assert paid == [10_000.0, 10_000.0, 0.0, 0.0]
    assert memory["spent"] - 1.5e9 <= monthly, (
        "unwanted: 0.3bn over, and prices jump by the subsidy overnight"
    )


def test_trade_in_subsidy_by_share_with_caps() -> None:
    measure = TradeInSubsidy(amount=20_000.0, share=0.12, price_cap=200_000.0)
    subsidy = measure.amend(example_offers(), example_desk()).subsidy
    np.testing.assert_allclose(subsidy, [9_600.0, 14_400.0, 0.0, 10_800.0, 16_800.0, 0.0])


def test_end_of_a_subsidy_is_known_in_advance() -> None:
    measure = TradeInSubsidy(amount=5_000.0, end="2025-07", notice=2)
    offers = [measure.amend(example_offers(), example_desk(period=t)) for t in range(3)]
    assert offers[0].known_rise is None
    assert [o.known_rise[0] for o in offers[1:] if o.known_rise is not None] == [5_000.0, 5_000.0]


def test_purchase_tax_of_2026() -> None:
    tax = PurchaseTax().amend(example_offers(), example_desk()).tax
    np.testing.assert_allclose(tax, 0.05 * START / 1.13, err_msg="relief below 15,000 CNY for all")
    dear = example_offers().with_price(np.full(6, 565_000.0))
    capped = PurchaseTax(relief_cap=15_000.0).amend(dear, example_desk())
    assert capped.tax[0] == pytest.approx(0.10 * 500_000 - 15_000)
    assert PurchaseTax().amend(dear, example_desk()).tax[0] == pytest.approx(0.05 * 500_000), "no cap"
    exempt = example_offers()
    assert PurchaseTax(rate=0.0, relief_cap=30_000.0).amend(exempt, example_desk()) is exempt


def test_tax_announced_pulls_purchases_forward() -> None:
    tax = PurchaseTax(start="2025-08", notice=2)
    assert [tax.active("2025-05", t) for t in range(5)] == [False, True, True, True, True]
    early = tax.amend(example_offers(), example_desk(period=1, measure=tax))
    assert not early.tax.any()
    assert early.known_rise is not None
    np.testing.assert_allclose(early.known_rise, 0.05 * START / 1.13)
    now = tax.amend(example_offers(), example_desk(period=3, measure=tax))
    assert now.known_rise is None
    np.testing.assert_allclose(now.tax, early.known_rise)


def test_levy_takes_profit_above_the_threshold_and_gives_nothing_back() -> None:
    books = example_accounts(example_offers())
    profit = books.operating_profit
    levied = WindfallLevy(rate=0.25, threshold=1e8).settle(books, example_desk())
    np.testing.assert_allclose(levied.levy, 0.25 * np.maximum(profit - 1e8, 0))
    assert levied.levy.max() > 0
    lossy = example_accounts(example_offers(-0.3))
    assert WindfallLevy(rate=0.25).settle(lossy, example_desk()) is lossy


def test_permit_caps_plans_and_charges_what_exceeds_it() -> None:
    permit = CapacityPermit(factor=0.9, charge=1_000.0)
    view = example_view("alpha", period=1)
    seen = permit.see(view, example_desk(period=1))
    assert seen.capacity == pytest.approx(0.9 * 60_000)
    np.testing.assert_allclose(seen.unit_cost, view.unit_cost + 1_000.0)
    books = example_accounts(example_offers())
    levy = permit.settle(books, example_desk(period=1)).levy
    np.testing.assert_allclose(levy, 1_000.0 * 0.1 * np.array([60_000, 23_000, 7_000]))
    assert permit.settle(books, example_desk(period=0)) is books
    newcomer = MARKET.but(start_units=MARKET.start_units * (MARKET.firm_of != 2))
    assert permit.permits(example_desk(landscape=newcomer))[2] == np.inf, (
        "no history, no permit to hold it to"
    )


# -- laws -------------------------------------------------------------------------------------------

CHANGES = st.lists(st.floats(-0.7, 0.4), min_size=6, max_size=6)
SHARES = st.floats(0.0, 1.0)


@settings(deadline=None, max_examples=50)
@given(before=CHANGES, now=CHANGES, share=st.floats(0.3, 1.3), compliance=SHARES, seed=st.integers(0, 99))
def test_no_complying_firm_breaks_a_floor_and_no_other_is_touched(
    before: list[float], now: list[float], share: float, compliance: float, seed: int
) -> None:
    floor = PriceFloor(share=share, compliance=compliance)
    desk = example_desk(before=example_offers(before), seed=seed)
    offers = example_offers(now)
    amended = floor.amend(offers, desk)
    complies = floor.complying(desk)[MARKET.firm_of]
    assert np.all(amended.price[complies] >= share * START[complies] * (1 - 1e-12))
    for field in ("list_price", "promotion"):
        np.testing.assert_array_equal(getattr(amended, field)[~complies], getattr(offers, field)[~complies])


@settings(deadline=None, max_examples=50)
@given(before=CHANGES, now=CHANGES, cut=st.floats(0.0, 0.5))
def test_monthly_limit_holds_and_leaves_smaller_cuts_alone(
    before: list[float], now: list[float], cut: float
) -> None:
    last, offers = example_offers(before), example_offers(now)
    amended = MaximumMonthlyCut(cut=cut).amend(offers, example_desk(before=last))
    assert np.all(amended.price >= last.price * (1 - cut) * (1 - 1e-12))
    small = offers.price >= last.price * (1 - cut)
    np.testing.assert_array_equal(amended.promotion[small], offers.promotion[small])


@settings(deadline=None, max_examples=50)
@given(now=CHANGES, first=st.floats(0.3, 1.3), second=st.floats(20_000.0, 300_000.0))
def test_order_of_two_floors_does_not_matter(now: list[float], first: float, second: float) -> None:
    one, two, desk = PriceFloor(share=first), PriceFloor(price=second), example_desk()
    offers = example_offers(now)
    a = two.amend(one.amend(offers, desk), desk)
    b = one.amend(two.amend(offers, desk), desk)
    np.testing.assert_allclose(a.price, b.price, rtol=1e-14)
    np.testing.assert_allclose(a.list_price, b.list_price, rtol=1e-14)


@settings(deadline=None, max_examples=50)
@given(
    amount=st.floats(100.0, 40_000.0), budget=st.floats(0.0, 1e10), takeup=SHARES,
    path=st.lists(st.floats(-0.5, 0.2), min_size=1, max_size=8),
)  # fmt: skip
def test_budget_is_overspent_by_one_month_at_most(
    amount: float, budget: float, takeup: float, path: list[float]
) -> None:
    measure, memory = TradeInSubsidy(amount=amount, budget=budget, takeup=takeup), dict[str, Any]()
    before, total, month = example_offers(period=-1), 0.0, 0.0
    for period, change in enumerate(path):
        desk = example_desk(period=period, before=before, memory=memory)
        before = measure.amend(example_offers(change, period=period), desk)
        month = max(month, float(before.subsidy @ example_sales(before).units))
        total += float(before.subsidy @ example_sales(before).units)
    assert total <= budget + month * (1 + 1e-9)


@settings(deadline=None, max_examples=50)
@given(
    days=st.lists(st.floats(0.0, 400.0), min_size=3, max_size=3), cap=st.floats(0.0, 200.0),
    months=st.integers(1, 12), elapsed=st.integers(0, 20), compliance=SHARES, seed=st.integers(0, 99),
)  # fmt: skip
def test_payment_rule_never_raises_days(
    days: list[float], cap: float, months: int, elapsed: int, compliance: float, seed: int
) -> None:
    books = example_accounts(example_offers(), payable_days=np.array(days))
    rule = PaymentRule(days=cap, months=months, compliance=compliance)
    desk = example_desk(elapsed=elapsed, seed=seed)
    after = rule.settle(books, desk).payable_days
    assert np.all(after <= books.payable_days)
    if elapsed + 1 >= months:
        assert np.all(after[rule.complying(desk)] <= max(cap, 0.0) + 1e-9 * 400)


@settings(deadline=None, max_examples=30)
@given(low=SHARES, high=SHARES, seed=st.integers(0, 999))
def test_who_complies_at_a_low_probability_complies_at_a_higher_one(
    low: float, high: float, seed: int
) -> None:
    low, high = min(low, high), max(low, high)
    few = PriceFloor(share=1.0, compliance=low).complying(example_desk(seed=seed))
    many = PriceFloor(share=1.0, compliance=high).complying(example_desk(seed=seed))
    assert np.all(few <= many)


STRICTER = [
    lambda x, c: PriceFloor(share=0.5 + x, compliance=c),
    lambda x, c: MaximumMonthlyCut(cut=0.9 * (1 - x), compliance=c),
    lambda x, c: PublicWarning(strength=x, compliance=c),
    lambda x, c: BelowCostBan(line=("avc", "aac", "lraic", "full", "atc")[round(4 * x)], compliance=c),
]


@pytest.mark.parametrize("make", STRICTER)
@settings(deadline=None, max_examples=30)
@given(now=CHANGES, lax=SHARES, strict=SHARES, few=SHARES, many=SHARES, seed=st.integers(0, 99))
def test_a_stricter_measure_or_more_compliance_never_means_a_lower_price(
    make: Any, now: list[float], lax: float, strict: float, few: float, many: float, seed: int
) -> None:
    (lax, strict), (few, many) = sorted((lax, strict)), sorted((few, many))
    prices = [
        make(x, c).amend(example_offers(now), example_desk(seed=seed)).price
        for x, c in ((lax, few), (strict, few), (strict, many))
    ]
    assert np.all(prices[0] <= prices[1] * (1 + 1e-12))
    assert np.all(prices[1] <= prices[2] * (1 + 1e-12))


@settings(deadline=None, max_examples=50)
@given(path=st.lists(st.floats(-0.6, 0.3), min_size=1, max_size=10), months=st.integers(1, 4))
def test_price_under_notice_is_the_highest_of_the_proposals_in_the_window(
    path: list[float], months: int
) -> None:
    proposals: NDArray[Any] = np.array([0.0] * months + path)
    expected = [1 + proposals[t : t + months + 1].max() for t in range(len(path))]
    assert play(NoticePeriod(months=months), path) == pytest.approx(expected)


def test_same_seed_same_bytes_another_seed_another_luck() -> None:
    measure = PriceFloor(share=0.95, compliance=0.5)
    same = [contents(step.returned) for step in enforce(measure, seed=1)]
    assert same == [contents(step.returned) for step in enforce(measure, seed=1)]
    assert any(
        same != [contents(step.returned) for step in enforce(measure, seed=seed)] for seed in (2, 3, 4)
    )


# -- bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"kind": "PublicWarning", "compliance": 1.2}, "less than or equal to 1"),
        ({"kind": "PublicWarning", "half_life": 0.0}, "greater than 0"),
        ({"kind": "Summons"}, "Field required"),
        ({"kind": "Summons", "firms": []}, "at least 1"),
        ({"kind": "Pledge", "defection": -0.1}, "greater than or equal to 0"),
        ({"kind": "BelowCostBan", "line": "marginal"}, "'avc', 'aac', 'lraic', 'atc' or 'full'"),
        ({"kind": "BelowCostBan", "fine": -1.0}, "greater than or equal to 0"),
        ({"kind": "PriceFloor"}, "exactly one of price and share"),
        ({"kind": "PriceFloor", "price": 1.0, "share": 0.5}, "exactly one of price and share"),
        ({"kind": "PriceFloor", "share": 0.5, "segments": ["small"]}, "'A00'"),
        ({"kind": "MaximumMonthlyCut", "cut": 1.0}, "less than 1"),
        ({"kind": "NoticePeriod", "months": 0}, "greater than or equal to 1"),
        ({"kind": "CoolingOff", "months": 1.5}, "valid integer"),
        ({"kind": "PriceProtection", "share": 2.0}, "less than or equal to 1"),
        ({"kind": "PaymentRule", "days": -1.0}, "greater than or equal to 0"),
        ({"kind": "TradeInSubsidy"}, "Field required"),
        ({"kind": "TradeInSubsidy", "amount": 1.0, "share": 0.0}, "greater than 0"),
        ({"kind": "PurchaseTax", "rate": 0.2}, "must not exceed the statutory rate 0.1"),
        ({"kind": "PurchaseTax", "notice": 2}, "notice needs a start month"),
        ({"kind": "WindfallLevy", "rate": 1.5}, "less than or equal to 1"),
        ({"kind": "CapacityPermit", "factor": 0.0}, "greater than 0"),
        ({"kind": "DiscountDisclosure", "start": "May 2025"}, "match pattern"),
        ({"kind": "PriceFlor", "share": 0.5}, "unknown kind 'PriceFlor'; known: BelowCostBan"),
    ],
)
def test_bad_parameters_are_refused(table: dict[str, Any], message: str) -> None:
    with pytest.raises((ValidationError, ValueError), match=message):
        make_rule(table, "pricewar.interventions", Intervention)


def test_names_are_given_for_checking_files() -> None:
    assert list(PriceFloor(share=1.0, firms=("a", "b")).names()) == [("firms", "a"), ("firms", "b")]
    assert list(WindfallLevy(rate=0.1).names()) == []
    assert isinstance(example_accounts(example_offers()), Accounts)
    with pytest.raises(ValueError, match="has 3 firms; found 4 names"):
        example_market("a", "b", "c", "d")


# -- documentation ----------------------------------------------------------------------------------


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def test_how_to_runs_and_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab, trial = blocks("how-to/write-an-intervention.md", "python")
    assert len(lab.splitlines()) <= 20
    (tmp_path / "mylab.py").write_text(lab, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mylab", raising=False)
    exec(compile(trial, "write-an-intervention.md", "exec"), {})
    (table,) = tomllib.loads(blocks("how-to/write-an-intervention.md", "toml")[0])["interventions"]
    assert make_rule(table, "pricewar.interventions", Intervention).kind == "mylab:PromotionCap"
    sys.modules.pop("mylab")


@pytest.mark.parametrize(
    ("page", "package", "base"),
    [
        ("reference/interventions.md", "pricewar.interventions", Intervention),
        ("reference/events.md", "pricewar.events", Event),
    ],
)
def test_reference_has_a_section_for_each_kind_and_names_every_parameter(
    page: str, package: str, base: type[Any]
) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))
    for kind, rule in shipped(package, base).items():
        for name, field in rule.model_fields.items():
            if name in base.model_fields:
                continue
            assert f"`{name}`" in sections[kind], f"{kind}.{name} is not in {page}"
            row = re.search(rf"^\| `{name}` \|([^|]*)\|([^|]*)\|", sections[kind], re.MULTILINE)
            if row:
                assert documented(field) == row[2].strip().strip('`"').replace(",", ""), f"{kind}.{name}"
    (table,) = next(iter(tomllib.loads(blocks(page, "toml")[0]).values()))
    assert make_rule(table, package, base).kind == table["kind"]


@pytest.mark.parametrize(
    ("package", "base"), [("pricewar.interventions", Intervention), ("pricewar.events", Event)]
)
def test_schema_explains_every_parameter(package: str, base: type[Any]) -> None:
    for kind, rule in shipped(package, base).items():
        silent = [name for name, field in rule.model_fields.items() if not field.description]
        assert not silent, f"{kind}: no text for {silent}"


def documented(field: Any) -> str:
    """A default as the tables of the reference write it."""
    default = "required" if field.is_required() else field.default
    if default is None or isinstance(default, bool):
        return {None: "none", True: "true", False: "false"}[default]
    return default if isinstance(default, str) else f"{default:g}"


class _Dearer(Intervention):
    """Everything by a tenth dearer, in what is offered, seen and booked."""

    def amend(self, offers: Offers, desk: Desk) -> Offers:
        return offers.with_price(offers.price * 1.1)

    def see(self, view: View, desk: Desk) -> View:
        return view.but(noise=view.noise * 1.1)

    def settle(self, accounts: Accounts, desk: Desk) -> Accounts:
        return accounts.but(cash=accounts.cash * 1.1)


class _Tax(_Dearer):
    """A thousand on top."""

    def amend(self, offers: Offers, desk: Desk) -> Offers:
        return offers.with_price(offers.price + 1_000.0)

    def see(self, view: View, desk: Desk) -> View:
        return view.but(noise=view.noise + 1.0)

    def settle(self, accounts: Accounts, desk: Desk) -> Accounts:
        return accounts.but(cash=accounts.cash + 1_000.0)


@pytest.mark.parametrize("tax_first", [True, False])
def test_measures_act_in_the_order_of_the_scenario(market: PriceWar, tax_first: bool) -> None:
    """A tenth on a thousand, or a thousand on a tenth: the file says which."""
    measures = (_Tax(), _Dearer()) if tax_first else (_Dearer(), _Tax())
    market.step()
    regulator = Regulator(market, measures)
    regulator.open(market.sight)

    def expected(value: Any, tax: float) -> Any:
        return (value + tax) * 1.1 if tax_first else value * 1.1 + tax

    offers, view, accounts = showroom(market), example_view(), example_accounts(example_offers())
    assert regulator.amend(offers).price == pytest.approx(expected(offers.price, 1_000.0))
    assert regulator.see(view).noise == pytest.approx(expected(view.noise, 1.0))
    assert regulator.settle(accounts).cash == pytest.approx(expected(accounts.cash, 1_000.0))
