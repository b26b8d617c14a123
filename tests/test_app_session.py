"""A class in several markets: who sits where, one pace, treatments, practice, a random end."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

pytest.importorskip("tomli_w", reason="the extra `app` is not installed")

from pricewar.app.game_record import record, restored
from pricewar.app.game_rules import GameError, GameRules, Ticket, last_round
from pricewar.app.joint import joint
from pricewar.app.rooms import desk_view, door_view, seen, wall_view
from pricewar.app.session import Session
from pricewar.app.session_rules import SessionRules

TWO_BY_TWO: dict[str, Any] = {
    "firms": 3,
    "rounds": 4,
    "groups": [{"name": "open", "markets": 2}, {"name": "dark", "markets": 2}],
}


def class_of(players: int, lot: int = 5, **rules: Any) -> tuple[Session, list[Ticket]]:
    session = Session(SessionRules(**{**TWO_BY_TWO, **rules}), lot)
    return session, [session.join(f"Team {i}", f"browser {i}") for i in range(players)]


def started(players: int = 12, **rules: Any) -> tuple[Session, list[Ticket]]:
    session, tickets = class_of(players, **rules)
    session.order(session.teacher_token, "start", 0.0)
    return session, tickets


def refused(status: int, what: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(GameError) as found:
        what(*args, **kwargs)
    assert found.value.status == status
    return found.value.text


def rounds(session: Session) -> list[int]:
    return [game.round for game in session.games.values()]


@pytest.mark.parametrize("players", [1, 5, 10, 12])
def test_chance_fills_markets_evenly(players: int) -> None:
    session, tickets = class_of(players)
    counts = [Counter(t.market for t in tickets)[key] for key in session.games]
    assert max(counts) - min(counts) <= 1
    assert len({(t.market, t.firm) for t in tickets}) == players


def test_another_lot_deals_other_seats_and_a_full_class_is_full() -> None:
    dealt = {tuple(t.market for t in class_of(12, lot)[1]) for lot in range(6)}
    assert len(dealt) > 1
    assert refused(409, class_of(12)[0].join, "One more") == "All firms are taken."


def test_a_seat_that_was_freed_goes_to_the_next_who_joins() -> None:
    session, tickets = class_of(12)
    left = tickets[4]
    refused(422, session.order, session.teacher_token, "free", 0.0, firm=left.firm)
    session.order(session.teacher_token, "free", 0.0, market=left.market, firm=left.firm)
    refused(401, session.place_of, left.token)
    taken = session.join("New")
    assert (taken.market, taken.firm) == (left.market, left.firm)


def test_players_choose_where_the_teacher_lets_them() -> None:
    session, _ = class_of(0, assign="choice")
    assert door_view(session) == {"choice": True, "free": dict.fromkeys("ABCD", 3), "listed": False}
    assert [session.join(f"P{i}", market="C").market for i in range(3)] == ["C"] * 3
    refused(409, session.join, "Late", market="C")
    refused(422, session.join, "Lost", market="Z")
    assert class_of(0)[0].join("P", market="Z").market in "ABCD"  # by chance: a wish counts for nothing


def test_a_list_places_people_and_keeps_their_seats() -> None:
    roster = [{"name": "Ann", "market": "B"}, {"name": "Bo"}, {"name": "Cy", "market": "B"}, {"name": "Dee"}]
    session, _ = class_of(0, groups=[{"firms": 2, "markets": 2}], roster=roster)
    assert [session.join(name).market for name in ("Bo", "Dee")] == ["A", "A"]
    assert [session.join(name).market for name in ("ANN", "Cy")] == ["B", "B"]
    refused(403, session.join, "Eve")


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"groups": [{"markets": 20, "firms": 12}]}, "at most 20 markets with 120 firms"),
        ({"roster": [{"name": "Ann", "market": "Q"}]}, "market Q is none of A, B, C, D"),
        ({"roster": [{"name": "Ann"}, {"name": "ANN"}]}, "two names are the same"),
        ({"groups": [{"firms": 5, "computer": "q-learner"}]}, "q-learner: in the textbook market"),
        ({"groups": [{"computer": "clever"}]}, "groups: Input should be"),
        ({"market": "table"}, "table: text for the market `table`"),
        ({"textbook": {"cost": 100, "spread": 500}}, "spread: from a fiftieth"),
    ],
)
def test_rules_that_do_not_fit_are_refused_with_the_reason(rules: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says.replace("(", r"\(")):
        SessionRules(**{**TWO_BY_TWO, **rules})


def test_a_name_and_a_browser_have_one_seat_in_the_whole_class() -> None:
    session, _ = class_of(2)
    refused(409, session.join, "TEAM 1", "another")
    assert "go back to that seat" in refused(409, session.join, "Fresh", "browser 1")
    ticket = session.rejoin("Team 0", pin := class_pin(session, "Team 0"), "new phone")
    assert (ticket.market, ticket.pin) == (session.place_of(ticket.token)[0], pin)


def class_pin(session: Session, name: str) -> str:
    """The number of a seat, found by trying them all, as the session keeps only its fingerprint."""
    from pricewar.app.seating import _pin

    for game in session.games.values():
        for firm, seat in game.seats.items():
            if seat.name == name:
                return next(f"{i:04d}" for i in range(10_000) if _pin(firm, f"{i:04d}") == seat.pin)
    raise AssertionError(name)


def test_all_markets_close_a_round_together_or_each_on_its_own() -> None:
    for pace, want in (("together", [0, 0, 0, 0]), ("own", [1, 0, 0, 0])):
        session, tickets = started(pace=pace)
        for ticket in (t for t in tickets if t.market == "A"):
            session.decide(ticket.token, 0, 170_000, 0, 1.0)
        assert rounds(session) == want
        closed = [session.decide(t.token, 0, 170_000, 0, 2.0) for t in tickets if t.market != "A"]
        assert rounds(session) == [1, 1, 1, 1]
        assert closed[-1]
    session.tick(2.0 + 90.0)
    assert rounds(session) == [2, 2, 2, 2]


def test_with_one_pace_a_market_without_players_and_one_that_is_done_hold_nobody_up() -> None:
    session, tickets = started(players=2)
    session.order(session.teacher_token, "next", 1.0, market="A")  # one clock: for all
    assert rounds(session) == [1, 1, 1, 1]
    session.order(session.teacher_token, "end", 1.0, market=tickets[0].market)
    session.decide(tickets[1].token, 1, 170_000, 0, 2.0)
    assert sorted(rounds(session)) == [1, 2, 2, 2]


def test_an_answer_that_a_ban_takes_back_stops_the_clock_of_all() -> None:
    session, tickets = started()
    hit = tickets[0]
    session.decide(hit.token, 0, 80_000, 0, 1.0)
    session.order(session.teacher_token, "happening", 89.0, market=hit.market, sort="below_cost", size=80)
    assert {game.deadline for game in session.games.values()} == {89.0 + 20.0}
    assert seen(session, hit.token, 89.0)["notice"]


def test_a_nudge_goes_to_one_market_or_to_all() -> None:
    session, _ = started()
    session.order(session.teacher_token, "happening", 1.0, sort="slump", size=20)
    session.order(session.teacher_token, "happening", 1.0, market="C", sort="warning", size=60)
    assert [len(game.pending) for game in session.games.values()] == [1, 1, 2, 1]
    session.order(session.teacher_token, "undo", 2.0, market="C", number=1)
    assert [len(game.pending) for game in session.games.values()] == [1, 1, 1, 1]


def test_treatments_change_what_they_name_and_nothing_else() -> None:
    groups = [
        {"name": "as the class"},
        {"name": "dark", "rivals": False},
        {"name": "unlike", "cost_gap": 0.1, "firms": 2},
        {"name": "warned", "planned": [{"round": 2, "sort": "warning", "size": 60}]},
    ]
    session, tickets = class_of(11, groups=groups)
    a, b, c, d = session.games.values()
    assert a.rules == GameRules(firms=3, rounds=4)
    assert b.rules == a.rules.model_copy(update={"rivals": False})
    assert [p.unit_cost for p in c.base.products.values()] == pytest.approx([90_000, 110_000])
    assert [nudge.round for nudge in d.nudges] == [1]
    session.order(session.teacher_token, "start", 0.0)
    session.order(session.teacher_token, "next", 1.0)
    for ticket in tickets:
        view = seen(session, ticket.token, 2.0)
        assert bool(view["rivals"]) == (ticket.market != "B")
        told = any("warns" in one["what"] for one in view["news"])
        assert told == (ticket.market == "D")
        assert "treatment" not in json.dumps(view)


def test_the_wall_shows_no_price_and_no_name_until_the_teacher_wants_it() -> None:
    session, tickets = started()
    session.decide(tickets[0].token, 0, 143_210, 0, 1.0)
    view = wall_view(session, 2.0)
    assert (view["decided"], view["deciders"]) == (1, 12)
    assert not {"Team", "143210", "profit"} & set(json.dumps(view).replace('"', " ").split())
    session.order(session.teacher_token, "board", 2.0, on=True)
    assert "Team 3" in json.dumps(wall_view(session, 2.0))


def test_a_board_that_is_shown_is_hidden_where_rivals_are() -> None:
    session, tickets = started(groups=[{"markets": 2}, {"markets": 2, "rivals": False}])
    session.order(session.teacher_token, "next", 1.0)
    session.order(session.teacher_token, "board", 1.0, on=True)
    boards = {t.market: seen(session, t.token, 2.0)["board"] is not None for t in tickets}
    assert boards == {"A": True, "B": True, "C": False, "D": False}
    hung = {one["key"]: one["board"] is not None for one in wall_view(session, 2.0)["markets"]}
    assert hung == boards


def test_practice_counts_for_nothing() -> None:
    session, tickets = class_of(3)
    teacher = session.teacher_token
    session.order(teacher, "practice", 0.0)
    for ticket in tickets:
        session.decide(ticket.token, 0, 120_000, 0, 1.0)
    assert rounds(session) == [1, 1, 1, 1]
    session.order(teacher, "start", 2.0)
    fresh, _ = started(players=3)
    assert rounds(session) == [0, 0, 0, 0]
    assert not any(game.practice for game in session.games.values())
    assert [g.scenario() for g in session.games.values()] == [g.scenario() for g in fresh.games.values()]
    assert [session.place_of(t.token) for t in tickets] == [(t.market, t.firm) for t in tickets]


def test_a_round_taken_back_is_played_again_as_if_it_had_not_been() -> None:
    session, tickets = started(players=2)
    other, same = started(players=2)
    for which, seats, asked in ((session, tickets, 120_000), (other, same, 150_000)):
        which.decide(seats[0].token, 0, asked, 0, 1.0)
        which.order(which.teacher_token, "next", 2.0)
    session.order(session.teacher_token, "back", 3.0)
    assert rounds(session) == [0, 0, 0, 0]
    late = session.games[tickets[1].market].seats[tickets[1].firm]
    assert (late.late, late.months, late.missed) == (0, [], "")
    session.order(session.teacher_token, "resume", 3.0)
    session.decide(tickets[0].token, 0, 150_000, 0, 4.0)
    session.order(session.teacher_token, "next", 5.0)
    assert [g.scenario() for g in session.games.values()] == [g.scenario() for g in other.games.values()]


def test_a_game_that_was_ended_by_a_slip_goes_on() -> None:
    session, _ = started(players=2)
    refused(409, session.order, session.teacher_token, "end", 0.0)
    session.order(session.teacher_token, "next", 1.0)
    session.order(session.teacher_token, "end", 1.0)
    assert session.over
    session.order(session.teacher_token, "back", 2.0)
    session.order(session.teacher_token, "resume", 3.0)
    assert {game.phase for game in session.games.values()} == {"open"}


def test_a_random_end_has_its_chance_and_is_the_same_in_all_markets() -> None:
    rules = GameRules(rounds=36, stop=0.25, sure=3)
    lengths = np.array([last_round(rules, lot) for lot in range(4000)])
    assert lengths.min() == 3
    assert lengths.mean() == pytest.approx(3 + 0.75 / 0.25, abs=0.2)  # geometric after the sure ones
    assert last_round(GameRules(rounds=9), 7) == 9
    session, tickets = started(players=2, rounds=36, stop=0.25)
    assert len({game.last for game in session.games.values()}) == 1
    early = (
        seen(session, tickets[0].token, 0.0),
        wall_view(session, 0.0),
        desk_view(session, 0.0)["markets"][0],
    )
    assert [view["rounds"] for view in early] == [36, 36, 36]  # nobody is told the round that was drawn
    assert early[2]["last"] is None
    while not session.over:
        session.order(session.teacher_token, "next", 1.0)
    assert rounds(session) == [session.games["A"].last] * 4


def test_a_chat_is_heard_in_its_market_alone_and_comes_back_from_disk() -> None:
    session, tickets = started(chat=True)
    session.say(tickets[0].token, "  Shall we   hold? ", "noon")
    for ticket in tickets:
        said = [one["text"] for one in seen(session, ticket.token, 1.0)["chat"]]
        assert said == (["Shall we hold?"] if ticket.market == tickets[0].market else [])
    refused(422, session.say, tickets[0].token, " ", "noon")
    again = restored(json.loads(json.dumps(record(session, 5.0))), 50.0)
    one, other = desk_view(session, 5.0), desk_view(again, 50.0)
    for view in (one, other):
        view["version"] = 0
        for market in view["markets"]:
            market["version"] = 0
    assert one == other
    quiet, mute = started()
    refused(409, quiet.say, mute[0].token, "Hello", "noon")


def test_the_joint_debrief_compares_treatments_and_sizes() -> None:
    groups = [{"name": "two", "firms": 2, "markets": 2}, {"name": "four", "firms": 4}]
    session, tickets = started(players=8, groups=groups, rounds=3)
    for round_ in range(3):
        for ticket in tickets:
            low = 20_000 * round_ if ticket.market == "C" else 0
            session.decide(ticket.token, round_, 180_000 - low, 0, 1.0)
    facts = joint(session)
    assert [(row["key"], row["firms"], row["persons"], row["rounds"]) for row in facts["markets"]] == [
        ("A", 2, 2, 3), ("B", 2, 2, 3), ("C", 4, 4, 3),
    ]  # fmt: skip
    two, four = facts["treatments"]
    assert (two["price"], two["first_cut"], two["markets"]) == (1.0, None, ["A", "B"])
    assert four["price"] == pytest.approx(np.mean([1, 160 / 180, 140 / 180]))
    assert four["first_cut"] == 2
    assert four["cooperation"] < two["cooperation"] < 1
    assert [row["name"] for row in facts["sizes"]] == [2, 4]
    held = [one for one in facts["players"] if one["gain"] == pytest.approx(0.0, abs=1.0)]
    assert len(held) == 4  # who kept the start price in peace earned what peace earns
