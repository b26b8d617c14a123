"""The game as a state machine: seats, time, range of prices, the teacher's orders; and it is a scenario."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("tomli_w", reason="the extra `app` is not installed")

from pricewar.app.game import Game
from pricewar.app.game_rules import LIST_RANGE, GameError, GameRules, Ticket
from pricewar.app.hall import CODE_LENGTH, IDLE, Bucket, Hall
from pricewar.app.happenings import HAPPENINGS, Happening
from pricewar.app.plan import game_toml
from pricewar.app.seats import board, player_view, teacher_view
from pricewar.app.session_rules import SessionRules
from pricewar.runs import run
from pricewar.scenario.files import load

RULES = GameRules(firms=4, rounds=4, seconds=30)


def seated(players: int = 3, rules: GameRules = RULES) -> tuple[Game, list[Ticket]]:
    game = Game(rules)
    tickets = [game.join(f"Team {i}") for i in range(players)]
    game.order(game.teacher_token, "start", 0.0)
    return game, tickets


def decide(game: Game, ticket: Ticket, share: float = 1.0, promotion: float = 0.0, now: float = 1.0) -> None:
    start = game.reference(ticket.firm)
    game.decide(ticket.token, game.round, share * start, promotion * start, now)


def refused(status: int, work: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(GameError) as error:
        work(*args, **more)
    assert error.value.status == status
    return error.value.text


def played_out(rules: GameRules = RULES) -> Game:
    game, tickets = seated(3, rules)
    for round_ in range(rules.rounds):
        for i, ticket in enumerate(tickets):
            if not (i == 2 and round_ == 1):
                decide(game, ticket, 1.0 - 0.04 * round_ * (i + 1), 0.01 * i)
        if game.round == round_:
            game.order(game.teacher_token, "next", 2.0)
        if round_ == 0 and game.phase == "open":
            game.order(game.teacher_token, "happening", 2.0, sort="crash", firm=game.firms[0], size=30)
    return game


# -- seats ---------------------------------------------------------------------------------------------


def test_each_player_gets_a_firm_and_a_secret_of_his_own() -> None:
    game, tickets = seated(4)
    assert {t.firm for t in tickets} == set(game.firms)
    assert len({t.token for t in tickets}) == 4
    assert [game.firm_of(t.token) for t in tickets] == [t.firm for t in tickets]
    refused(409, game.join, "One too many")


def test_a_secret_of_another_game_opens_nothing() -> None:
    game, tickets = seated()
    other, _ = seated()
    refused(401, other.firm_of, tickets[0].token)
    refused(401, other.decide, tickets[0].token, 0, 180_000, 0, 1.0)
    refused(403, other.order, game.teacher_token, "pause", 1.0)
    refused(403, game.order, tickets[0].token, "pause", 1.0)


def test_secrets_are_not_kept_in_the_record() -> None:
    game, tickets = seated()
    held = json.dumps([vars(seat) for seat in game.seats.values()], default=str)
    shown = json.dumps([teacher_view(game, 0.0), player_view(game, tickets[0].firm, 0.0)])
    assert not any(t.token in held + shown for t in tickets)
    assert game.teacher_token not in shown


def test_a_player_acts_for_his_own_firm_only() -> None:
    game, tickets = seated()
    text = refused(403, game.decide, tickets[0].token, 0, 150_000, 0, 1.0, firm=tickets[1].firm)
    assert "own firm" in text
    assert not game.seats[tickets[1].firm].table
    game.decide(tickets[0].token, 0, 150_000, 0, 1.0, firm=tickets[0].firm)
    assert game.seats[tickets[0].firm].table


@pytest.mark.parametrize("name", ["", "   ", "x" * 25, "a\x00b", "a\u202eb"])
def test_names_that_cannot_be_read_are_refused(name: str) -> None:
    refused(422, Game(RULES).join, name)


def test_a_name_is_taken_once_and_markup_is_only_text() -> None:
    game = Game(RULES)
    game.join("  <b>Ann</b>  ")
    assert game.seats[game.firms[0]].name == "<b>Ann</b>"
    refused(409, game.join, "<B>ann</B>")


def test_who_comes_late_takes_over_a_computer_firm_with_its_past() -> None:
    game, tickets = seated(2)
    for ticket in tickets:
        decide(game, ticket, 0.8)
    assert game.round == 1
    before = game.model.history[0].sales.units.copy()
    late = game.join("Late")
    assert game.seats[late.firm].since == 1
    for ticket in (*tickets, late):
        decide(game, ticket, 0.9)
    assert game.round == 2
    assert np.array_equal(game.model.history[0].sales.units, before)


# -- prices --------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(allow_nan=True, allow_infinity=True))
def test_no_price_outside_the_range_ever_stands(list_price: float, promotion: float) -> None:
    game, tickets = _shared()
    start = game.reference(tickets[0].firm)
    low, high = LIST_RANGE[0] * start, LIST_RANGE[1] * start
    fits = low <= list_price <= high and 0 <= promotion <= 0.5 * list_price
    game.seats[tickets[0].firm].table.clear()
    if fits:
        game.decide(tickets[0].token, 0, list_price, promotion, 1.0)
    else:
        refused(422, game.decide, tickets[0].token, 0, list_price, promotion, 1.0)
    assert bool(game.seats[tickets[0].firm].table) == fits


_KEPT: list[tuple[Game, list[Ticket]]] = []


def _shared() -> tuple[Game, list[Ticket]]:
    if not _KEPT:
        _KEPT.append(seated(2))
    return _KEPT[0]


def test_a_price_decided_is_the_price_in_the_showroom() -> None:
    game, tickets = seated(1)
    decide(game, tickets[0], 0.95, 0.1)
    j = game.model.landscape.product(f"{tickets[0].firm}-car")
    offers = game.model.history[0].offers
    assert offers.list_price[j] == pytest.approx(0.95 * 180_000)
    assert offers.promotion[j] == pytest.approx(0.1 * 180_000)


def test_a_line_up_moves_in_proportion() -> None:
    rules = GameRules(market="china", firms=2, rounds=3)
    game, tickets = seated(1, rules)
    decide(game, tickets[0], 0.9, 0.05)
    landscape = game.model.landscape
    own = landscape.own(landscape.firm(tickets[0].firm))
    start = np.array([game.base.products[landscape.products[j]].list_price for j in own])
    assert np.allclose(game.model.history[0].offers.price[own], 0.85 * start)


# -- time ----------------------------------------------------------------------------------------------


def test_a_round_closes_when_all_have_decided_or_time_is_up() -> None:
    game, tickets = seated()
    for ticket in tickets:
        assert game.round == 0
        decide(game, ticket, 0.9)
    assert game.round == 1
    game.tick(1.0 + 29.9)
    assert game.round == 1
    game.tick(1.0 + 30.0)
    assert game.round == 2
    assert all(seat.late == 1 for seat in game.seats.values())


def test_a_click_after_the_bell_does_not_price_the_next_month() -> None:
    game, tickets = seated()
    refused(409, game.decide, tickets[0].token, 0, 150_000, 0, 31.0)
    assert game.round == 1
    assert not game.seats[tickets[0].firm].table


def test_who_is_late_gets_the_default_rule() -> None:
    game, tickets = seated(2)
    decide(game, tickets[0], 0.8)
    decide(game, tickets[1], 1.1)
    decide(game, tickets[0], 0.7)
    game.tick(100.0)
    price = game.model.history[1].offers.price / game.model.landscape.start_price
    assert price[game.model.landscape.product(f"{tickets[0].firm}-car")] == pytest.approx(0.7)
    assert price[game.model.landscape.product(f"{tickets[1].firm}-car")] == pytest.approx(1.1)


def test_pause_stops_the_clock_and_goes_on_where_it_stood() -> None:
    game, tickets = seated()
    game.order(game.teacher_token, "pause", 10.0)
    refused(409, decide, game, tickets[0], 0.9, 0.0, 11.0)
    game.tick(1000.0)
    assert game.round == 0
    assert teacher_view(game, 1000.0)["seconds_left"] == 20.0
    game.order(game.teacher_token, "resume", 1000.0)
    game.tick(1019.9)
    assert game.round == 0
    game.tick(1020.0)
    assert game.round == 1


def test_orders_fit_the_phase() -> None:
    game = Game(RULES)
    teacher = game.teacher_token
    refused(409, game.order, teacher, "next", 0.0)
    refused(409, game.order, teacher, "end", 0.0)
    game.order(teacher, "start", 0.0)
    refused(409, game.order, teacher, "start", 0.0)
    refused(409, game.order, teacher, "resume", 0.0)
    refused(422, game.order, teacher, "dance", 0.0)
    game.order(teacher, "next", 0.0)
    game.order(teacher, "end", 0.0)
    refused(409, game.order, teacher, "next", 0.0)
    refused(409, game.join, "Too late")
    game.order(teacher, "board", 0.0, on=True)
    assert game.board


# -- what the teacher does, and what is seen -----------------------------------------------------------


@pytest.mark.parametrize("sort", sorted(HAPPENINGS))
def test_every_happening_reaches_the_market(sort: str) -> None:
    game, _ = seated()
    firm = game.firms[3] if HAPPENINGS[sort].firm else ""  # nobody sits there
    game.order(game.teacher_token, "happening", 0.0, sort=sort, firm=firm, size=HAPPENINGS[sort].usual)
    game.order(game.teacher_token, "next", 0.0)
    assert game.model.state.log, sort
    assert all(period == 0 for period, _, _ in game.model.state.log)


def test_a_happening_out_of_range_or_without_its_firm_is_refused() -> None:
    game, _ = seated()
    wrong: list[dict[str, Any]] = [
        {"sort": "cut", "size": 20},
        {"sort": "cut", "firm": "ford", "size": 20},
        {"sort": "warning", "size": 500},
        {"sort": "warning", "size": "much"},
        {"sort": "flood", "size": 1},
    ]
    for what in wrong:
        refused(422, game.order, game.teacher_token, "happening", 0.0, **what)
    assert game.nudges == []


def test_a_player_sees_rivals_prices_and_nothing_else_of_them() -> None:
    game = played_out()
    firm = game.firms[1]
    game.phase, game.board = "open", False
    view = player_view(game, firm, 0.0)
    assert set(view["rivals"][0]) == {"firm", "name", "price"}
    assert view["board"] is None
    others = [row for row in board(game) if row["firm"] != firm]
    text = json.dumps(view)
    assert not any(repr(value) in text for row in others for value in (row["profit"], row["cash"]))
    assert "Team 0" not in text


def test_own_books_are_those_of_the_model() -> None:
    game = played_out()
    firm = game.firms[0]
    f = game.model.landscape.firm(firm)
    books = player_view(game, firm, 0.0)["own"]
    assert books["profit"] == [float(m.accounts.operating_profit[f]) for m in game.model.history]
    assert books["cash_now"] == float(game.model.state.cash[f])
    assert books["list_price"][0] == pytest.approx(180_000)


# -- a game is a scenario ------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", [RULES, GameRules(market="china", firms=3, rounds=4, default="match")])
def test_the_file_of_a_game_plays_it_again(tmp_path: Path, rules: GameRules) -> None:
    game = played_out(rules)
    assert game.phase == "over"
    path = tmp_path / "game.toml"
    path.write_text(game_toml(game.scenario()), encoding="utf-8")
    again, here = run(load(path)).require_complete(), game.model.tables()
    assert np.array_equal(again.products["units"], here["products"]["units"])
    assert np.array_equal(again.firms["cash"], here["firms"]["cash"])


def test_games_know_nothing_of_each_other() -> None:
    one, two = played_out(), played_out()
    alone = two.model.tables()["firms"]
    one.nudges = []
    assert one.model.tables()["firms"].equals(alone)
    assert not {t.token for t in one.seats.values()} & {t.token for t in two.seats.values()}


def test_a_firm_that_is_broke_no_longer_decides_and_the_game_goes_on() -> None:
    rules = GameRules(firms=2, rounds=12, computer="hold")
    game, tickets = seated(2, rules)
    while game.phase == "open":
        for ticket in tickets:
            if game.model.state.active[game.model.landscape.firm(ticket.firm)] and game.phase == "open":
                decide(game, ticket, 0.45 if ticket is tickets[0] else 1.0)
    active = game.model.state.active
    assert not active[game.model.landscape.firm(tickets[0].firm)]
    assert game.round == 12


def test_nobody_is_seated_at_a_firm_that_has_left() -> None:
    game, _ = seated(1, GameRules(firms=3, rounds=6))
    game.model.state.active[game.model.landscape.firm(game.firms[1])] = False
    assert game.join("Late").firm == game.firms[2]
    refused(409, game.join, "Later")


def test_a_happening_that_cannot_be_run_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    game, _ = seated()
    bad = Happening("Flood", "%", "", 1, 9, 5, False, "", lambda *_: {"events": [{"kind": "Flood"}]})
    monkeypatch.setitem(HAPPENINGS, "flood", bad)
    refused(422, game.order, game.teacher_token, "happening", 0.0, sort="flood", size=5)
    game.order(game.teacher_token, "next", 0.0)
    assert game.round == 1


# -- the hall ------------------------------------------------------------------------------------------


def test_the_hall_holds_so_many_games_and_forgets_idle_ones() -> None:
    hall, rules = Hall(most=2), SessionRules(firms=4, rounds=4)
    first = hall.open(rules, 0.0)
    for table in (first, hall.open(rules, 0.0)):
        table.session.join("Ann")
    assert len(first.code) == CODE_LENGTH
    refused(503, hall.open, rules, 1.0)
    assert hall.find(first.code.lower(), IDLE).session is first.session
    hall.open(rules, IDLE + 1)
    assert hall.find(first.code, IDLE + 2) is first
    refused(404, hall.find, "XXXXX", 0.0)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_a_bucket_never_lets_more_through_than_its_rate(gaps: list[float]) -> None:
    bucket, now, let = Bucket(rate=2.0, burst=5), 0.0, 0
    for gap in gaps:
        now += gap
        let += bucket.take("class", now)
    assert let <= 5 + 2.0 * now + 1e-6
    assert Bucket(rate=2.0, burst=5).take("other", now)
