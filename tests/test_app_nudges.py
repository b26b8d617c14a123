"""A game never lies to a player: what a phone says stands is what buyers meet, whatever the teacher does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("tomli_w", reason="the extra `app` is not installed")

from pricewar.app.game import Game
from pricewar.app.game_rules import TIME_TO_ANSWER, GameError, GameRules, Ticket
from pricewar.app.happenings import HAPPENINGS
from pricewar.app.seats import player_view, teacher_view

RULES = GameRules(firms=4, rounds=6, seconds=30)


def seated(players: int = 3, rules: GameRules = RULES) -> tuple[Game, list[Ticket]]:
    game = Game(rules)
    tickets = [game.join(f"Team {i}") for i in range(players)]
    game.order(game.teacher_token, "start", 0.0)
    return game, tickets


def nudge(game: Game, sort: str, size: float | None = None, firm: str = "", now: float = 1.0) -> None:
    amount = HAPPENINGS[sort].usual if size is None else size
    game.order(game.teacher_token, "happening", now, sort=sort, size=amount, firm=firm)


def ask(game: Game, ticket: Ticket, price: float, now: float = 2.0) -> None:
    game.decide(ticket.token, game.round, price, 0.0, now)


def view(game: Game, ticket: Ticket) -> dict[str, Any]:
    return player_view(game, ticket.firm, 2.0)


def refused(status: int, work: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(GameError) as error:
        work(*args, **more)
    assert error.value.status == status
    return error.value.text


def showroom(game: Game, firm: str, period: int) -> float:
    """What buyers met for a firm's reference car in a month, CNY."""
    landscape = game.model.landscape
    own = landscape.own(landscape.firm(firm))
    lists = np.array([game.base.products[landscape.products[j]].list_price for j in own])
    return float(game.model.history[period].offers.price[own].sum() / lists.sum() * game.reference(firm))


sorts = st.sampled_from([sort for sort in sorted(HAPPENINGS) if sort != "cut"])
rounds = st.lists(
    st.tuples(
        st.lists(st.tuples(sorts, st.floats(0, 1)), max_size=3),
        st.lists(st.floats(0, 1), min_size=2, max_size=2),
    ),
    min_size=2,
    max_size=4,
)


def check_that_phones_tell_the_truth(rules: GameRules, played: Any) -> None:
    game, tickets = seated(2, rules)
    for nudges, asked in played:
        for sort, place in nudges:
            known = HAPPENINGS[sort]
            nudge(
                game,
                sort,
                round(known.low + place * (known.high - known.low)),
                game.firms[0] if known.firm else "",
            )
        told = {}
        for ticket, place in zip(tickets, asked, strict=True):
            before = view(game, ticket)
            low, high = before["limits"]["list"]
            price = low + place * (high - low)
            outlook = game.outlook(ticket.firm)
            ask(game, ticket, price)
            told[ticket.firm] = outlook.stands(price / game.reference(ticket.firm)) * game.reference(
                ticket.firm
            )
            if not outlook.holds(price / game.reference(ticket.firm)):
                assert told[ticket.firm] == pytest.approx(price)
        for firm, stood in told.items():
            if game.model.history[game.round - 1].active[game.model.landscape.firm(firm)]:
                assert showroom(game, firm, game.round - 1) == pytest.approx(stood, rel=1e-6)
        for ticket in tickets:
            if view(game, ticket)["active"]:
                assert view(game, ticket)["last"]["stood"] == pytest.approx(told[ticket.firm], abs=1.0)


@settings(deadline=None, max_examples=25)
@given(rounds)
def test_what_is_told_to_stand_is_what_buyers_meet(played: Any) -> None:
    check_that_phones_tell_the_truth(GameRules(firms=3, rounds=6), played)


@pytest.mark.slow
@settings(deadline=None, max_examples=6)
@given(rounds)
def test_what_is_told_to_stand_is_what_buyers_meet_in_the_china_market(played: Any) -> None:
    check_that_phones_tell_the_truth(GameRules(market="china", firms=3, rounds=5), played)


def test_a_warning_is_words_for_persons_and_reaches_computer_firms() -> None:
    game, tickets = seated(2, GameRules(firms=4, rounds=6, computer="match"))
    nudge(game, "warning", 100)
    for ticket in tickets:
        seen = view(game, ticket)
        assert seen["news"][-1]["what"] == "A ministry warns against price cuts"
        assert seen["limits"]["list"] == [72_000, 288_000]
    for ticket in tickets:
        ask(game, ticket, 120_000)
    assert [showroom(game, ticket.firm, 0) for ticket in tickets] == pytest.approx([120_000] * 2)
    for ticket in tickets:
        ask(game, ticket, 120_000)
    quiet, others = seated(2, GameRules(firms=4, rounds=6, computer="match"))
    for _ in range(2):
        for ticket in others:
            ask(quiet, ticket, 120_000)
    computer = game.firms[2]
    assert showroom(game, computer, 1) > showroom(quiet, computer, 1)


def test_a_ban_narrows_the_range_before_the_decision_and_binds_every_person() -> None:
    game, tickets = seated(2)
    before = view(game, tickets[0])["limits"]
    nudge(game, "below_cost", 5)  # 5% of computer firms obey, all persons do
    after = view(game, tickets[0])["limits"]
    assert before["lowest"] == 0
    assert after["list"][0] == after["lowest"] > before["list"][0]
    assert after["reasons"] == ["No price below the full cost of a car from now on."]
    text = refused(422, ask, game, tickets[0], after["lowest"] - 1)
    assert "full cost" in text
    assert f"{after['lowest']:,}" in text
    refused(422, game.decide, tickets[0].token, 0, 180_000, 180_000 - after["lowest"] + 1, 2.0)
    ask(game, tickets[0], after["lowest"])
    ask(game, tickets[1], 180_000)
    assert showroom(game, tickets[0].firm, 0) == pytest.approx(after["lowest"])


def test_a_limit_follows_the_price_of_last_month() -> None:
    game, tickets = seated(1)
    nudge(game, "limit", 10)
    assert view(game, tickets[0])["limits"]["lowest"] == 162_000
    ask(game, tickets[0], 162_000)
    assert view(game, tickets[0])["limits"]["lowest"] == 145_800


def test_a_decision_that_a_new_ban_forbids_is_given_back_with_time_to_answer() -> None:
    game, tickets = seated(2)
    ask(game, tickets[0], 80_000)
    assert view(game, tickets[0])["stands"] == {"price": 80_000, "held": 0}
    nudge(game, "below_cost", 100, now=29.0)
    seen = view(game, tickets[0])
    assert seen["decided"] is None
    assert seen["notice"].startswith("80,000 CNY is no longer allowed")
    assert game.deadline == 29.0 + TIME_TO_ANSWER
    ask(game, tickets[0], 150_000, 30.0)
    assert view(game, tickets[0])["notice"] == ""


def test_a_nudge_waits_is_listed_once_and_can_be_taken_back() -> None:
    game, tickets = seated(1)
    for _ in range(3):
        nudge(game, "subsidy")
    (pending,) = teacher_view(game, 1.0)["pending"]
    assert pending["what"] == "Trade-in money of 10,000 CNY a car for six months"
    assert view(game, tickets[0])["news"][-1]["what"] == pending["what"]
    game.order(game.teacher_token, "undo", 1.0, number=pending["number"])
    assert teacher_view(game, 1.0)["pending"] == []
    assert view(game, tickets[0])["news"] == []
    assert not game.scenario().interventions
    nudge(game, "slump")
    (pending,) = teacher_view(game, 1.0)["pending"]
    assert view(game, tickets[0])["news"] == []  # a surprise
    ask(game, tickets[0], 180_000)
    refused(409, game.order, game.teacher_token, "undo", 3.0, number=pending["number"])
    assert len(game.scenario().events) == 1


def test_a_cut_can_be_ordered_for_computer_firms_only() -> None:
    game, tickets = seated(1)
    text = refused(
        409, game.order, game.teacher_token, "happening", 1.0, sort="cut", firm=tickets[0].firm, size=20
    )
    assert "Team 0" in text
    nudge(game, "cut", 20, game.firms[3])


def test_who_was_late_is_told_what_stood() -> None:
    game, tickets = seated(2)
    ask(game, tickets[0], 150_000)
    game.tick(100.0)
    assert view(game, tickets[1])["last"] == {"asked": None, "stood": 180_000, "late": True}
    assert view(game, tickets[0])["last"] == {"asked": 150_000, "stood": 150_000, "late": False}
    for ticket in tickets:
        ask(game, ticket, 170_000, 101.0)
    assert view(game, tickets[1])["last"]["late"] is False


def test_measures_leave_the_past_of_a_firm_that_a_person_takes_over_later() -> None:
    game, tickets = seated(2)
    nudge(game, "warning", 100)
    for _ in range(2):
        for ticket in tickets:
            ask(game, ticket, 120_000)
    before = [month.offers.price.copy() for month in game.model.history]
    late = game.join("Late")
    for ticket in (*tickets, late):
        ask(game, ticket, 110_000)
    assert game.round == 3
    for month, price in zip(game.model.history, before, strict=False):
        assert np.array_equal(month.offers.price, price)
    assert showroom(game, late.firm, 2) == pytest.approx(110_000)


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("sort", sorted(HAPPENINGS))
def test_a_game_in_which_a_measure_stands_has_an_end_that_players_see(sort: str, early: bool) -> None:
    game, tickets = seated(2, GameRules(firms=3, rounds=3))
    nudge(game, sort, firm=game.firms[2] if HAPPENINGS[sort].firm else "")
    while game.phase != "over":
        for ticket in tickets:
            ask(game, ticket, 180_000)
        if early and game.phase != "over":
            game.order(game.teacher_token, "end", 2.0)
    for ticket in tickets:
        told = view(game, ticket)
        assert told["phase"] == "over"
        assert told["limits"]["reasons"] == [], "nothing is decided any more"


# -- seats ---------------------------------------------------------------------------------------------


def test_a_seat_comes_to_another_device_with_name_and_number() -> None:
    game, tickets = seated(2)
    ask(game, tickets[0], 150_000)
    wrong = "0000" if tickets[0].pin != "0000" else "1111"
    refused(403, game.rejoin, "Team 0", wrong)
    refused(403, game.rejoin, "Team 1", tickets[0].pin if tickets[0].pin != tickets[1].pin else wrong)
    again = game.rejoin(" team 0 ", tickets[0].pin)
    assert again.firm == tickets[0].firm
    refused(401, game.firm_of, tickets[0].token)
    assert view(game, again)["decided"] == [150_000, 0]


def test_one_browser_takes_one_seat_unless_the_teacher_allows_more() -> None:
    game = Game(RULES)
    first = game.join("Ann", "browser-1")
    text = refused(409, game.join, "Ann2", "browser-1")
    assert "as Ann" in text
    assert game.join("Bo", "browser-2").firm != first.firm
    shared = Game(GameRules(firms=4, rounds=4, shared=True))
    assert shared.join("Ann", "browser-1").firm != shared.join("Bo", "browser-1").firm


def test_a_seat_that_is_freed_keeps_its_past_and_takes_the_next_player() -> None:
    game, tickets = seated(2)
    for ticket in tickets:
        ask(game, ticket, 150_000)
    before = game.model.history[0].sales.units.copy()
    ask(game, tickets[0], 140_000)
    refused(403, game.order, tickets[0].token, "free", 3.0, firm=tickets[1].firm)
    game.order(game.teacher_token, "free", 3.0, firm=tickets[1].firm)
    assert game.round == 2  # nobody is waited for any more
    refused(401, game.firm_of, tickets[1].token)
    refused(409, game.order, game.teacher_token, "free", 3.0, firm=tickets[1].firm)
    assert teacher_view(game, 3.0)["seats"][1]["player"] is None
    new = game.join("Dee")
    assert new.firm == tickets[1].firm
    assert np.array_equal(game.model.history[0].sales.units, before)
    ask(game, tickets[0], 140_000, 4.0)
    ask(game, new, 130_000, 4.0)
    assert showroom(game, new.firm, 2) == pytest.approx(130_000)
    assert np.array_equal(game.model.history[0].sales.units, before)


def test_no_secret_of_a_seat_is_kept_or_shown() -> None:
    game = Game(RULES)
    ticket = game.join("Ann", "browser-1")
    held = repr([vars(seat) for seat in game.seats.values()]) + repr(teacher_view(game, 0.0))
    assert not any(secret in held for secret in (ticket.token, "browser-1"))
    assert repr(ticket.pin) not in held
