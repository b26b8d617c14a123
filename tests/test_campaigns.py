"""Campaigns: who leads, who follows, what stands on prices, what ends, and laws that hold for any luck."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from conftest import AT_REST, column, ran, strategies, tiny
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pricewar import InputError, load, run
from pricewar.base.errors import RuleError
from pricewar.base.records import Flags, Floats, Offers
from pricewar.base.standing import Standing
from pricewar.campaigns import Board, CampaignRule, Draws, Plan, QuotaRace
from pricewar.campaigns.base import LIST
from pricewar.campaigns.luck import Luck
from pricewar.interventions import Desk
from pricewar.interventions.restraint import Restraint
from pricewar.market.asked import Asked
from pricewar.market.board import Quotas
from pricewar.market.campaigning import Campaign
from pricewar.market.model import PriceWar
from pricewar.market.prospects import nearness, ranks
from pricewar.market.start import draw_noise
from pricewar.scenario.campaigns import CampaignSpec, unanswered
from pricewar.scenario.tree import Scenario
from pricewar.strategies import CostPlus, Hold, Match, StockClearing

SOME = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
EAGER = {"kind": "QuotaRace", "lead_usual": -0.5, "follow_usual": 0.5, "patience": None}
QUIET = {**AT_REST, **strategies("Hold")}


def wars(changes: dict[str, Any] | None = None, **rule: Any) -> Scenario:
    """The small market with eager firms."""
    return tiny({**(changes or {}), "campaigns.on": True, "campaigns.rule": {**EAGER, **rule}})


def known(model: PriceWar) -> list[Campaign]:
    assert model.announcements is not None
    return model.announcements.campaigns.known


class Boss(CampaignRule):
    """A rule of a user's own: the first firm cuts its list prices by a tenth in the third month."""

    def _plan(self, drawn: Flags, size: float) -> Plan:
        one = np.ones(drawn.shape)
        return Plan(drawn, size * one, one, 0 * drawn, one, np.inf * one, np.full(drawn.shape, -1))

    def lead_plan(self, board: Board, draws: Draws) -> Plan:
        first = np.arange(len(board.able)) == 0
        return self._plan(first & (board.period == 2), 0.1)

    def follow_plan(self, board: Board, draws: Draws, announced: Floats, answer: int) -> Plan:
        return self._plan(np.zeros(board.able.shape, dtype=bool), 0.0)


# -- off, and nothing drawn --------------------------------------------------------------------


def test_off_is_the_default_and_keeps_the_digest() -> None:
    assert not tiny().campaigns.on
    assert load("baseline").campaigns.on
    assert tiny({"campaigns.on": False}).digest == tiny().digest
    assert wars().digest != tiny().digest
    assert ran(tiny()).announcements is None


def test_with_nothing_drawn_prices_are_those_that_the_rules_ask_for() -> None:
    never = wars({**QUIET}, lead_usual=-40.0)
    for one, other in zip(ran(never).history, ran(tiny(QUIET)).history, strict=True):
        assert one.offers.price == pytest.approx(other.offers.price, rel=1e-12)
        assert one.sales.orders == pytest.approx(other.sales.orders, rel=1e-9)


# -- a campaign by hand ------------------------------------------------------------------------


def test_a_rule_of_ones_own_cuts_list_prices_for_good() -> None:
    scenario = tiny(QUIET).but({"campaigns.on": True, "campaigns.rule": Boss(edition_keeps=1.0)})
    assert scenario.campaigns.rule.kind == "test_campaigns:Boss"
    model = ran(scenario)
    price, start = column(model, "offers", "price"), model.landscape.start_price
    assert price[:2] == pytest.approx(np.tile(start, (2, 1)))
    assert price[2:, :2] == pytest.approx(np.tile(0.9 * start[:2], (6, 1)), rel=1e-9)
    assert price[:, 2:] == pytest.approx(np.tile(start[2:], (8, 1)))
    (only,) = known(model)
    assert (only.period, only.firm, only.kind, only.trigger, only.lag_months) == (2, 0, LIST, -1, -1)
    assert only.models == (0, 1)
    assert only.coverage == 1.0
    assert only.transaction == pytest.approx(0.1)
    assert (2, "ace", "ace leads: cuts list prices, 10% on 2 models") in model.state.log


def test_limited_offers_end_and_give_the_price_back() -> None:
    model = ran(
        wars(QUIET, lead={"ace": 40.0, "bolt": -40.0, "cove": -40.0}, follow_usual=-40.0, renewal=0.0,
             kinds=(0.0, 1.0, 0.0), by_rest=-80.0, cover=(50.0, 0.01), new_money=(50.0, 0.01))
    )  # fmt: skip
    price, start = column(model, "offers", "price")[:, 0], model.landscape.start_price[0]
    first = known(model)[0]
    assert first.period == 0
    assert first.ended == 2
    assert price[0] < 0.999 * start
    assert price[1] == pytest.approx(price[0])
    assert price[2] == pytest.approx(start) or known(model)[1].period == 2


def test_what_repackages_promotions_moves_the_announced_price_alone() -> None:
    model = ran(
        wars(QUIET, lead={"ace": 40.0, "bolt": -40.0, "cove": -40.0}, follow_usual=-40.0, largest=0.05,
             lead_size=0.05, lead_spread=0.0, kinds=(0.0, 1.0, 0.0), cover=(50.0, 0.01),
             new_money=(0.01, 50.0))
    )  # fmt: skip
    offers, start = model.history[0].offers, model.landscape.start_price
    assert offers.price[:2] == pytest.approx(start[:2], rel=0.02)
    assert np.all(offers.announced[:2] < offers.list_price[:2] - 1.0)


# -- laws --------------------------------------------------------------------------------------


@SOME
@given(st.integers(0, 10_000))
def test_whatever_is_drawn(seed: int) -> None:
    model = ran(wars({"campaigns.warm_up": seed % 3 * 6}), seed)
    for month in model.history:
        offers = month.offers
        assert np.all(offers.price > 0)
        assert np.all(offers.price <= offers.list_price * (1 + 1e-9))
        assert np.all(offers.announced <= offers.list_price * (1 + 1e-9))
        assert np.all(offers.promotion >= -1e-6)
    told = known(model)
    assert len({(c.period, c.firm) for c in told}) == len(told), "one campaign a firm and month"
    for campaign in told:
        assert 0 < campaign.announced <= 0.35
        assert -1e-9 <= campaign.transaction <= campaign.announced + 1e-9
        assert 0 < campaign.coverage <= 1
        assert campaign.trigger != campaign.firm
        assert (campaign.trigger < 0) == (campaign.lag_months < 0)
        assert {model.landscape.firm_of[j] for j in campaign.models} == {campaign.firm}
        if campaign.trigger >= 0:
            before = [c for c in told if c.firm == campaign.trigger and 0 <= campaign.period - c.period <= 1]
            assert before or campaign.period == 0, "who follows follows somebody"


def test_the_same_seed_gives_the_same_wars_and_another_gives_others() -> None:
    one, two, other = (known(ran(wars(), seed)) for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_a_firm_more_moves_nobody_elses_luck() -> None:
    few, more = Luck(7, ("ace", "bolt"), 12), Luck(7, ("ace", "newcomer", "bolt"), 12)
    for t in range(12):
        for name in ("lead", "size", "habit", "bite"):
            assert np.array_equal(getattr(few.of(t), name), getattr(more.of(t), name)[[0, 2]])
        assert np.array_equal(few.of(t).follow, more.of(t).follow[:, [0, 2]])


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    long, brief = wars({"periods": 8}), wars({"periods": 5})
    early = [c for c in known(ran(long)) if c.period < 5]
    assert [(c.period, c.firm, c.announced) for c in early] == [
        (c.period, c.firm, c.announced) for c in known(ran(brief))
    ]


def test_money_times_k_changes_no_decision() -> None:
    tree = wars(patience=1.0).model_dump()
    k = 7.0
    for product in tree["products"].values():
        product["list_price"] *= k
        product["promotion"] *= k
    for firm in tree["firms"].values():
        for name in ("fixed_cost", "cash", "external_income"):
            firm[name] *= k
    tree["market"]["pack_price"] *= k
    tree["dynamics"]["backlog"]["wait_cost"] *= k
    one, other = ran(wars(patience=1.0)), ran(Scenario.model_validate(tree))
    assert [(c.period, c.firm, c.models) for c in known(one)] == [
        (c.period, c.firm, c.models) for c in known(other)
    ]
    assert known(other)[-1].transaction == pytest.approx(known(one)[-1].transaction, rel=1e-6)


def test_the_order_of_firms_changes_nothing() -> None:
    scenario = wars(patience=1.0)
    tree = scenario.model_dump()
    tree["firms"] = dict(reversed(tree["firms"].items()))
    one, other = ran(scenario), ran(Scenario.model_validate(tree))

    def told(model: PriceWar) -> set[tuple[int, str, float]]:
        return {(c.period, model.landscape.firms[c.firm], round(c.announced, 9)) for c in known(model)}

    assert told(one) == told(other)


# -- the parts ---------------------------------------------------------------------------------


def test_answers_give_way_to_their_base() -> None:
    base = CostPlus(pass_through=0.7)
    assert unanswered(Match(base=base)) == base
    assert unanswered(StockClearing(base=Match(base=base))) == StockClearing(base=base)
    assert unanswered(Hold()) == Hold()
    for firm in load("baseline").firms.values():
        assert "Match" not in str(unanswered(firm.strategy).model_dump())


def test_nearness_is_a_share_of_the_largest() -> None:
    near = nearness(PriceWar(tiny()).landscape)
    assert np.all(np.diag(near) == 0)
    assert near.max(axis=1) == pytest.approx(1.0)
    assert np.all(near >= 0)


def test_quotas_fall_behind_along_the_season_and_are_carried_into_spring() -> None:
    spec = CampaignSpec(
        quotas={"ace": {"2025": {"target": 120_000, "sold": 0}, "2026": {"target": 120_000}}},
        season=(1.0,) * 12,
    )
    land = PriceWar(tiny()).landscape
    quotas = Quotas(spec, land, "2025-01")
    assert quotas.shortfall("2025-01") == pytest.approx([0, 0, 0])
    for month in range(1, 13):
        quotas.book(f"2025-{month:02d}", np.array([5_000.0, 1.0, 1.0]))
        if month < 12:
            assert quotas.shortfall(f"2025-{month + 1:02d}") == pytest.approx([0.5, 0, 0])
    assert quotas.shortfall("2026-01") == pytest.approx([0.5, 0, 0])
    quotas.book("2026-01", np.array([10_000.0, 0, 0]))
    assert quotas.shortfall("2026-02") == pytest.approx([0.5, 0, 0])
    for month in (2, 3):
        quotas.book(f"2026-{month:02d}", np.array([10_000.0, 0, 0]))
    assert quotas.shortfall("2026-04") == pytest.approx([0, 0, 0])


def test_odds_move_as_they_say() -> None:
    model = PriceWar(wars())
    assert model.announcements is not None
    board = model.announcements.board(model.state, 0)
    rule = QuotaRace()
    plain = rule.lead_odds(board)
    behind = rule.lead_odds(board.but(shortfall=np.full(3, 0.5)))
    assert behind == pytest.approx(plain + 0.5 * rule.by_shortfall)
    warned = rule.lead_odds(board.but(warned=np.ones(3)))
    assert warned == pytest.approx(plain + rule.by_warning)
    answer = rule.follow_odds(board, np.array([0.0, 0.1, 0.1]))
    assert answer[1] - answer[0] == pytest.approx(0.51 * np.log(11))


def test_firms_asked_at_once_expect_what_each_expects_alone() -> None:
    model = PriceWar(wars())
    assert model.announcements is not None
    board = model.announcements.board(model.state, 0)

    class Alone(QuotaRace):
        """A rule whose own method knows one firm at a time."""

        def follow_odds(self, board: Board, pull: Floats) -> Floats:
            assert pull.shape == board.able.shape
            return super().follow_odds(board, pull)

    answers = [
        Asked(rule, board.landscape.firms).expected_answers(board, [2, 0], [0.1, 0.3])
        for rule in (QuotaRace(), Alone())
    ]
    assert answers[0].shape == (2, 3)
    assert np.array_equal(*answers)


def test_warnings_make_wars_rarer_not_only_shallower() -> None:
    measure = {"interventions": [{"kind": "PublicWarning", "start": "2025-01"}]}
    count = {
        name: sum(len(known(ran(wars(changes, lead_usual=-1.5), seed))) for seed in range(12))
        for name, changes in {"peace": {}, "warned": measure}.items()
    }
    assert count["warned"] < 0.8 * count["peace"]


def test_imposed_cuts_are_answered() -> None:
    cut = {"events": [{"kind": "Cut", "month": "2025-03", "firm": "ace", "depth": 0.3}]}
    calm = {"lead_usual": -40.0, "follow_usual": 0.0, "patience": None}
    answers = [c for seed in range(8) for c in known(ran(wars({**QUIET, **cut}, **calm), seed))]
    assert answers
    first = [c for c in answers if c.period in (2, 3)]
    assert all(c.trigger >= 0 for c in answers)
    assert any(c.trigger == 0 and c.lag_months == 0 for c in first)


def test_nothing_stands_at_the_start() -> None:
    standing = Standing.none(4, 2)
    price = np.array([1.0, 2.0, 3.0, 4.0])
    assert np.array_equal(standing.lists(price, price), price)
    assert np.array_equal(standing.headlines(price), price)
    assert np.array_equal(standing.prices(price), price)


@SOME
@given(st.integers(0, 10_000), st.integers(1, 24))
def test_what_stands_at_the_start_is_in_the_prices_of_the_start(seed: int, months: int) -> None:
    """Of firms that begin nothing in the first month offers stand as they did, or are over."""
    scenario = wars({**QUIET, "campaigns.warm_up": months}, edition_keeps=1.0, renewal=0.0)
    model = PriceWar(scenario, seed=seed)
    model.step()
    rule = scenario.campaigns.rule
    assert isinstance(rule, QuotaRace)
    land, begun = model.landscape, {c.firm for c in known(model)}
    others = ~np.isin(land.firm_of, list(begun))
    standing = model.state.standing
    stays = others & (standing.ends != 0.0) & (standing.given >= 0.0)
    over = others & (standing.ends < 0.0)
    price = model.history[0].offers.price
    assert np.all(price[others] >= land.start_price[others] * (1 - 1e-9))
    in_force = stays & (standing.offered > 0.0)
    assert price[in_force] == pytest.approx(land.start_price[in_force])
    whole = land.start_price * standing.price_base * standing.paid
    assert price[over] == pytest.approx(whole[over])


def test_a_warm_up_reports_no_campaign_and_moves_no_luck() -> None:
    calm = {"lead_usual": -40.0, "follow_usual": -40.0}
    plain, warm = (ran(wars({**QUIET, "campaigns.warm_up": months}, **calm)) for months in (0, 12))
    assert not known(plain)
    assert not known(warm)
    for one, other in zip(plain.history, warm.history, strict=True):
        assert np.array_equal(one.sales.orders, other.sales.orders)
    eager = ran(wars({**QUIET, "campaigns.warm_up": 12}))
    assert all(c.period >= 0 for c in known(eager))
    assert all(period >= 0 for period, _, _ in eager.state.log)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("campaigns.rule.largest", 1.5, "largest"),
        ("campaigns.season", (1.0,) * 11, "season"),
        ("campaigns.quotas", {"ace": {"25": {"target": 1}}}, "quotas"),
        ("campaigns.quotas", {"nobody": {"2025": {"target": 1}}}, "nobody"),
        ("campaigns.rule.lead", {"nobody": -1.0}, "nobody"),
    ],
)
def test_bad_input_is_told_with_its_place(path: str, value: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        tiny({path: value})


def test_firms_with_little_cash_give_up_some_day_and_rich_ones_never() -> None:
    poor = {"firms.ace.cash": 6e8, "firms.ace.fixed_cost": 2e9, "firms.ace.months_to_exit": 60}
    gone = [~ran(wars({**QUIET, **poor}, lead_usual=-40.0), seed).state.active for seed in range(20)]
    share = np.mean([flags[0] for flags in gone])
    assert share > 0.5
    never = wars({**QUIET, **poor, "campaigns.give_up": 0.0}, lead_usual=-40.0)
    assert ran(never).state.active[0]
    assert all(flags[1:].sum() == 0 for flags in gone)
    told = ran(wars({**QUIET, **poor, "campaigns.give_up": 1.0}, lead_usual=-40.0)).state.log
    assert any(what == "Ace gives up and leaves" for _, _, what in told)


def test_shocks_of_a_firm_move_all_its_products_and_nobody_elses() -> None:
    quiet = {**QUIET, "dynamics.loyalty.on": False}
    plain, shaken = tiny(quiet), tiny({**quiet, "noise.firm_sd": {"ace": 0.3}})
    (_, none), (_, taste) = (draw_noise(s, PriceWar(s).landscape.products, 3) for s in (plain, shaken))
    assert np.array_equal(taste[:, 2:], none[:, 2:])
    assert np.array_equal(taste[:, 0], taste[:, 1])
    assert 0.05 < taste[:, 0].std() < 0.6
    assert plain.but({"noise.firm_sd": {}}).digest == plain.digest != shaken.digest
    long = draw_noise(tiny({**quiet, "noise.firm_sd": {"ace": 0.3}, "periods": 600}), ["ace-small"], 3)[1]
    assert long.std() == pytest.approx(0.3, rel=0.1)
    assert np.corrcoef(long[1:, 0], long[:-1, 0])[0, 1] == pytest.approx(0.6, abs=0.08)


def test_the_table_of_campaigns_says_what_was_drawn() -> None:
    results = run(wars(), seeds=2)
    table = results.campaigns
    model = ran(wars(), seed=int(results.seeds[0]))
    one = table[table.seed == results.seeds[0]]
    assert len(one) == len(known(model)) > 0
    assert list(one.firm) == [model.landscape.firms[c.firm] for c in known(model)]
    assert set(table.role) == {"lead", "follow"}
    assert set(table.kind) <= {"list", "limited", "subsidy"}
    assert ((table.role == "lead") == (table.trigger == "")).all()
    assert len(run(tiny(), seeds=1).campaigns) == 0


def test_a_headline_is_what_rivals_see_and_the_depth_what_buyers_pay() -> None:
    cut = {
        "kind": "Cut",
        "month": "2025-02",
        "until": "2025-04",
        "firm": "ace",
        "depth": 0.05,
        "headline": 0.2,
    }
    model = ran(wars({**QUIET, "events": [cut]}, lead_usual=-40.0, follow_usual=-40.0))
    own = model.landscape.firm_of == model.landscape.firm("ace")
    offers = model.history[2].offers
    assert offers.price[own] == pytest.approx(0.95 * model.landscape.start_price[own])
    assert offers.headline is not None
    listed = np.array([product.list_price for product in model.setting.products.values()])
    assert offers.headline[own] == pytest.approx(0.8 * listed[own], rel=1e-6)


def test_a_cut_without_a_headline_keeps_its_digest_and_bad_ones_are_refused() -> None:
    cut = {"kind": "Cut", "month": "2025-02", "firm": "ace", "depth": 0.05}
    assert tiny({"events": [cut]}).digest == tiny({"events": [{**cut, "headline": None}]}).digest
    assert tiny({"events": [cut]}).digest != tiny({"events": [{**cut, "headline": 0.1}]}).digest
    with pytest.raises(InputError, match="headline"):
        tiny({"events": [{**cut, "headline": 1.2}]})


def test_an_ambition_is_over_last_years_sales_of_the_run() -> None:
    land = ran(tiny(QUIET)).landscape
    usual = land.by_firm(land.start_units)
    spec = CampaignSpec.model_validate(
        {"quotas": {"ace": {"2025": {"ambition": 1.5}, "2026": {"ambition": 2.0}}}}
    )
    quotas = Quotas(spec, land, "2025-04")
    assert quotas.shortfall("2025-04")[0] == pytest.approx(1 - 1 / 1.5)
    for month in range(4, 13):
        quotas.book(f"2025-{month:02d}", usual)
    quotas.book("2026-01", usual)
    assert quotas.shortfall("2026-05")[0] == pytest.approx(1 - 1 / (2.0 * 4))
    for wrong in ({}, {"target": 5, "ambition": 1}, {"ambition": 1, "sold": 3}):
        with pytest.raises(InputError):
            tiny({"campaigns.quotas": {"ace": {"2025": wrong}}})


def test_a_new_edition_takes_back_a_part_of_lasting_cuts() -> None:
    scenario = tiny(QUIET).but(
        {"campaigns.on": True, "periods": 14, "campaigns.rule": Boss(edition_keeps=0.5)}
    )
    model = ran(scenario)
    price, start = column(model, "offers", "price"), model.landscape.start_price
    assert price[2, 0] == pytest.approx(0.9 * start[0])
    assert price[-1, 0] == pytest.approx(0.95 * start[0]), "every model has an edition within a year"
    assert price[:, 2:] == pytest.approx(np.tile(start[2:], (14, 1))), (
        "who never cut has nothing to take back"
    )


def test_an_offer_is_over_when_the_last_of_its_models_is_out_of_it() -> None:
    """Every offer, but one that stands at the end, has an end; a model of it may go before the others."""
    model = ran(load("baseline").but({"consumers.draws": 200}), seed=1)
    offers = [one for one in known(model) if one.kind != LIST]
    stands, last = model.state.standing.ends >= 0, model.setting.periods
    assert sum(one.ended >= 0 for one in offers) > 10
    for one in offers:
        assert one.ended == -1 or one.period < one.ended < last
        assert one.ended >= 0 or stands[list(one.models)].any()


def test_the_last_digit_of_a_stock_decides_nothing() -> None:
    values = np.array([1.41, 1.41 * (1 + 2e-16), 1.41 * (1 - 3e-16), 0.3])
    assert ranks(values).tolist() == [1.0, 1.0, 1.0, 0.0]
    assert ranks(np.array([2.0])).tolist() == [0.0]


def test_a_rule_that_has_run_is_the_rule_that_it_was() -> None:
    """A rule keeps nothing of a run: a run would meet another's luck, and rules could not be compared."""
    scenario = wars()
    rule = scenario.campaigns.rule
    before = rule.model_copy(deep=True)
    ran(scenario)
    assert rule == before
    assert not rule.__pydantic_private__
    assert isinstance(rule, QuotaRace)
    other = rule.model_copy(update={"lead_usual": -7.0})
    assert other.usual(("ace",))[0] == pytest.approx([-7.0])


# -- measures ----------------------------------------------------------------------------------

DEAF = [
    {"kind": "PublicWarning"},
    {"kind": "Summons", "firms": ["ace", "bolt"]},
    {"kind": "BelowCostBan"},
    {"kind": "PriceFloor", "share": 0.95},
    {"kind": "MaximumMonthlyCut", "cut": 0.02},
    {"kind": "NoticePeriod", "months": 2},
    {"kind": "CoolingOff", "months": 3},
    {"kind": "Pledge"},
]


@pytest.mark.parametrize("measure", DEAF, ids=[str(measure["kind"]) for measure in DEAF])
def test_a_measure_that_nobody_heeds_changes_no_campaign(measure: dict[str, Any]) -> None:
    free = ran(wars(QUIET))
    deaf = ran(wars({**QUIET, "interventions": [{**measure, "compliance": 0.0}]}))
    assert known(free)
    assert known(deaf) == known(free)


@pytest.mark.parametrize(
    "measure", [{"kind": "PriceFloor", "share": 0.97}, {"kind": "MaximumMonthlyCut", "cut": 0.02}]
)
def test_who_complies_announces_no_cut_that_the_law_forbids(measure: dict[str, Any]) -> None:
    free = ran(wars(QUIET))
    bound = ran(wars({**QUIET, "interventions": [measure]}))
    cut = [np.mean([c.transaction for c in known(model)]) for model in (free, bound)]
    assert cut[1] < 0.6 * cut[0]
    whole = ran(wars({**QUIET, "interventions": [{"kind": "PriceFloor", "share": 1.0}]}))
    assert not known(whole), "nobody announces what cannot be"


def test_a_warning_fades_as_its_half_life_says() -> None:
    measure = {"kind": "PublicWarning", "start": "2025-02", "half_life": 2.0}
    model = PriceWar(wars({**QUIET, "interventions": [measure]}))
    held = []
    for _ in range(6):
        model.step()
        held.append(model.regulator.known(model.offers).warned)
    assert [row[0] for row in held] == pytest.approx([0.0, *(0.5 ** (t / 2.0) for t in range(5))])


def test_what_is_off_the_market_keeps_its_price() -> None:
    gone = {"events": [{"kind": "Exit", "month": "2025-03", "firm": "ace"}], "campaigns.warm_up": 12}
    for seed in range(5):
        model = ran(wars({**QUIET, **gone}), seed)
        own = model.landscape.firm_of == model.landscape.firm("ace")
        price = column(model, "offers", "price")[:, own]
        assert np.array_equal(price[3:], np.tile(price[3], (len(price) - 3, 1)))
        assert price[3] == pytest.approx(price[1], rel=0.4)


class Torn(Restraint):
    """A measure of a user's own that fails when firms ask what it will forbid."""

    foreseen: ClassVar[bool] = True

    def lowest(self, offers: Offers, desk: Desk) -> Floats:
        raise ValueError("no floor")


def test_a_measure_that_fails_before_firms_plan_is_named() -> None:
    with pytest.raises(
        RuleError, match=r"test_campaigns:Torn \(interventions\.0, known\) in 2025-01"
    ) as told:
        ran(wars({**QUIET, "interventions": [Torn()]}))
    assert "no floor" in str(told.value)
