"""The hall of games when it is full: whose game gives way, and that a teacher always gets in."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_server import Client, serving
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar.app.archive import Archive
from pricewar.app.game_rules import GameError
from pricewar.app.hall import Hall
from pricewar.app.session_rules import SessionRules

RULES = SessionRules(rounds=3, firms=2)


def codes(hall: Hall, *tables: object) -> list[bool]:
    """Which of these games are still there."""
    found = []
    for table in tables:
        try:
            found.append(hall.find(table.code, 1e3) is table)  # type: ignore[attr-defined]
        except GameError:
            found.append(False)
    return found


def test_a_full_hall_of_games_with_players_refuses() -> None:
    hall = Hall(most=2)
    tables = [hall.open(RULES, 0.0, "class") for _ in range(2)]
    for table in tables:
        table.session.join("Ann")
    with pytest.raises(GameError) as refused:
        hall.open(RULES, 1.0, "other")
    assert refused.value.status == 503
    assert codes(hall, *tables) == [True, True]


def test_markets_count_too_and_a_class_that_does_not_fit_is_told_so() -> None:
    hall = Hall(most=2)
    rules = SessionRules(rounds=3, firms=2, groups=[{"markets": 5}])
    first = hall.open(rules, 0.0, "class")
    first.session.join("Ann")
    assert hall.open(RULES, 1.0, "other").session.rules == RULES
    with pytest.raises(GameError) as refused:
        hall.open(rules, 2.0, "class")
    assert refused.value.status == 503
    assert codes(hall, first) == [True]


def test_the_address_with_most_empty_games_gives_way_and_of_these_the_one_left_alone_longest() -> None:
    hall = Hall(most=4)
    teacher = hall.open(RULES, 0.0, "teacher")
    played, old, fresh = (hall.open(RULES, 1.0 + n, "flooder") for n in range(3))
    played.session.join("Ann")
    hall.find(old.code, 9.0)  # looked at since
    fresh_too = hall.open(RULES, 10.0, "newcomer")
    assert codes(hall, teacher, played, old, fresh, fresh_too) == [True, True, True, False, True]


@settings(deadline=None, max_examples=10)
@given(st.lists(st.sampled_from(["flooder", "other"]), min_size=4, max_size=9))
def test_a_teacher_gets_in_and_stays_whatever_one_address_opens(before: list[str]) -> None:
    hall = Hall(most=4)
    for now, who in enumerate(before):
        hall.open(RULES, float(now), who)
    teacher = hall.open(RULES, 20.0, "teacher")
    for now in range(6):
        hall.open(RULES, 30.0 + now, "flooder")
    assert codes(hall, teacher) == [True]


def test_a_game_that_gave_way_is_gone_from_disk_too(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "games.sqlite")
    hall = Hall(most=1, archive=archive)
    first = hall.open(RULES, 0.0, "a")
    second = hall.open(RULES, 1.0, "b")
    hall.keep(first, 2.0)  # somebody was still at work on it
    assert [code for code, _ in archive.records()] == [second.code]
    archive.close()


def test_sixty_empty_games_of_one_address_keep_no_teacher_out() -> None:
    with serving(games=5) as site:
        made = [site.post("/api/game", {"rounds": 3, "firms": 2}).json for _ in range(5)]
        code, token = opened(site)
        assert site.get(f"/api/game/{code}/state", token).status == 200
        gone = [site.get(f"/api/game/{one['code']}/state", one["token"]).status for one in made]
        assert sorted(gone) == [200, 200, 200, 200, 404]


def opened(site: Client) -> tuple[str, str]:
    made = site.post("/api/game", {"rounds": 3, "firms": 2})
    assert made.status == 201
    return made.json["code"], made.json["token"]
