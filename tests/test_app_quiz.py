"""Questions on the rules before a game: they fit the rules, and only right answers pass."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("tomli_w", reason="the extra `app` is not installed")

from pricewar.app.export import decisions
from pricewar.app.game import Game
from pricewar.app.game_record import record, restored
from pricewar.app.game_rules import GameError, GameRules
from pricewar.app.quiz import answer, questions, told
from pricewar.app.rooms import seen
from pricewar.app.session import Session
from pricewar.app.session_rules import SessionRules


def opened(**rules: Any) -> tuple[Game, str]:
    game = Game(GameRules(quiz=True, **{"firms": 2, "rounds": 4, **rules}))
    return game, game.join("Ann").firm


def right_of(game: Game, firm: str) -> list[int]:
    return [one.right for one in questions(game, firm)]


@pytest.mark.parametrize("market", ["textbook", "china"])
def test_each_question_has_one_right_answer_and_others_that_differ(market: str) -> None:
    game, firm = opened(market=market)
    asked = questions(game, firm)
    assert len(asked) == 5
    for one in asked:
        assert len(set(one.answers)) == len(one.answers) == 3, one.text
        assert one.answers[one.right] not in one.because, "a hint is no answer"
    own = game.base.firms[firm]
    assert own.name not in " ".join(told(game))


def test_the_money_in_the_answers_is_that_of_the_firm() -> None:
    game, firm = opened()
    price, margin = questions(game, firm)[:2]
    assert price.answers[price.right] == "171,000 CNY"
    assert "180,000 CNY" in price.text
    assert "100,000 CNY" in margin.text
    assert margin.answers[margin.right] == "80,000 CNY"
    taxed, china = opened(market="china")
    question = questions(taxed, china)[1]
    assert "13% VAT" in question.text
    net = taxed.start_price(china) / 1.13 - taxed.unit_cost(china)
    told_net = float(question.answers[question.right].split()[0].replace(",", ""))
    assert told_net == pytest.approx(net, abs=2)


@pytest.mark.parametrize(
    ("rules", "sight", "late", "end"),
    [
        ({}, 1, 0, 0),
        ({"rivals": False, "default": "match"}, 0, 1, 0),
        ({"board": True, "default": "hold", "stop": 0.1}, 2, 2, 1),
    ],
)
def test_right_answers_follow_the_rules(rules: dict[str, Any], sight: int, late: int, end: int) -> None:
    game, firm = opened(**rules)
    assert right_of(game, firm) == [1, 1, sight, late, end]
    asked = questions(game, firm)
    assert told(game)[-1].endswith(asked[4].answers[end])


def test_wrong_answers_are_explained_and_tries_are_counted() -> None:
    game, firm = opened()
    right = right_of(game, firm)
    wrong = [(place + 1) % 3 for place in right]
    before = game.version
    found = answer(game, firm, [*right[:4], wrong[4]])
    assert found["right"] == [True] * 4 + [False]
    assert [bool(text) for text in found["because"]] == [False] * 4 + [True]
    assert not found["passed"]
    assert game.version > before, "the desk hears of it"
    assert answer(game, firm, right)["passed"]
    assert answer(game, firm, wrong)["passed"], "who has passed stays so"
    assert game.seats[firm].tries == 2
    with pytest.raises(GameError, match="Answer all 5 questions"):
        answer(game, firm, right[:2])
    game.rules = GameRules(firms=2)
    with pytest.raises(GameError, match="No questions"):
        answer(game, firm, right)


def test_desk_phone_record_and_table_know_who_has_passed() -> None:
    session = Session(SessionRules(quiz=True, firms=2, rounds=3), 1)
    ann, bo = (session.join(name) for name in ("Ann", "Bo"))
    phone = seen(session, ann.token, 0.0)
    assert len(phone["quiz"]["questions"]) == 5
    assert "right" not in json.dumps(phone["quiz"]["questions"])
    session.answer(ann.token, right_of(session.games["A"], ann.firm))
    session.answer(bo.token, [2, 2, 2, 2, 2])
    assert seen(session, ann.token, 0.0)["quiz"] is None
    seats = {seat["player"]: seat["passed"] for seat in seen(session, session.teacher_token, 0.0)["seats"]}
    assert seats == {"Ann": True, "Bo": False}
    back = restored(record(session, 0.0), 0.0)
    assert back.games["A"].seats[ann.firm].passed
    session.order(session.teacher_token, "practice", 0.0)
    assert seen(session, bo.token, 0.0)["quiz"] is None, "who plays is asked nothing"
    session.order(session.teacher_token, "start", 0.0)
    for ticket in (ann, bo):
        session.decide(ticket.token, 0, 170_000, 0, 1.0)
    table = decisions(session, "ABCDE").set_index("participant.label")
    assert table["participant.quiz_tries"].to_dict() == {"Ann": 1, "Bo": 1}
    assert table["participant.quiz_passed"].to_dict() == {"Ann": 1, "Bo": 0}


def test_without_the_rule_nothing_is_asked() -> None:
    session = Session(SessionRules(firms=2, rounds=3), 1)
    ann = session.join("Ann")
    assert seen(session, ann.token, 0.0)["quiz"] is None
    assert {seat["passed"] for seat in seen(session, session.teacher_token, 0.0)["seats"]} == {None}
    with pytest.raises(GameError, match="No questions"):
        session.answer(ann.token, [0, 0, 0, 0, 0])
