"""Games on disk: a server that is killed in any round goes on where it stood, and nothing decided is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_server import Killed, free_port, serving

from pricewar.app.archive import Archive
from pricewar.app.game_record import record, restored
from pricewar.app.rooms import desk_view, seen
from pricewar.app.session import Session
from pricewar.app.session_rules import SessionRules
from pricewar.base.edition import EDITION
from pricewar.base.errors import InputError


def played() -> tuple[Session, list[Any]]:
    game = Session(SessionRules(firms=4, rounds=6, seconds=60))
    tickets = [game.join(name, f"browser {name}") for name in ("Ann", "Bo")]
    game.order(game.teacher_token, "start", 0.0)
    game.order(game.teacher_token, "happening", 1.0, sort="below_cost", size=80)
    for round_ in range(2):
        for ticket in tickets:
            game.decide(ticket.token, round_, 150_000 - 1_000 * round_, 500, 2.0)
    game.order(game.teacher_token, "happening", 3.0, sort="slump", size=20)
    game.decide(tickets[0].token, 2, 149_000, 0, 20.0)
    return game, tickets


def unversioned(view: Any) -> Any:
    """A view without the counters of changes, which go on counting when a game comes back."""
    markets = [{**one, "version": 0} for one in view.get("markets", ())]
    return {**view, "version": 0, "markets": markets}


def test_a_game_comes_back_as_it_was() -> None:
    game, tickets = played()
    again = restored(json.loads(json.dumps(record(game, 20.0))), 1000.0)
    assert again.is_teacher(game.teacher_token)
    for ticket in tickets:
        one, other = seen(game, ticket.token, 20.0), seen(again, ticket.token, 1000.0)
        assert unversioned(one) == unversioned(other)
    one, other = desk_view(game, 20.0), desk_view(again, 1000.0)
    assert unversioned(one) == unversioned(other)
    assert again.version > game.version  # browsers that wait for news get it
    assert again.games["A"].scenario() == game.games["A"].scenario()
    again.decide(tickets[1].token, 2, 149_500, 0, 1001.0)
    assert again.games["A"].round == 3


def test_a_game_that_an_older_release_kept_goes_on() -> None:
    """The record was written when a code stood for one market, its secrets counted from 1."""
    kept = json.loads((Path(__file__).parent / "data" / "game_of_one_market.json").read_text("utf-8"))
    session = restored(kept, 100.0)
    assert session.is_teacher("secret 1")
    assert [seat.name for seat in session.seats] == ["Ann", "Bo"]
    ann, bo = (seen(session, f"secret {number}", 100.0) for number in (2, 3))
    assert (ann["round"], ann["seconds_left"], ann["decided"]) == (2, 42.0, [149_000, 0])
    assert (bo["firm"], bo["market_key"], bo["decided"]) == ("birch", "", None)
    assert bo["own"]["list_price"] == pytest.approx([150_000, 149_000])
    session.decide("secret 3", 2, 148_000, 0, 101.0)
    assert session.games["A"].round == 3


@pytest.mark.parametrize("phase", ["lobby", "paused", "over"])
def test_every_phase_comes_back(phase: str) -> None:
    game, _ = played()
    if phase == "lobby":
        game = Session(SessionRules(firms=2, rounds=3))
        game.join("Ann")
    elif phase == "paused":
        game.order(game.teacher_token, "pause", 25.0)
    else:
        game.order(game.teacher_token, "end", 25.0)
    again = restored(record(game, 30.0), 500.0)
    one, other = desk_view(game, 30.0), desk_view(again, 500.0)
    assert unversioned(one) == unversioned(other)


def test_no_secret_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "games.sqlite"
    with serving(store=path) as client:
        made = client.post("/api/game", {"firms": 2, "rounds": 3}).json
        seat = client.post(f"/api/game/{made['code']}/join", {"name": "Ann", "browser": "of Ann"}).json
    kept = path.read_bytes()
    assert b"Ann" in kept
    for secret in (made["token"], seat["token"], "of Ann"):
        assert secret.encode() not in kept
    assert path.stat().st_mode & 0o077 == 0


def test_two_servers_do_not_share_a_file(tmp_path: Path) -> None:
    first = Archive(tmp_path / "games.sqlite")
    with pytest.raises(InputError, match="no other server"):
        Archive(tmp_path / "games.sqlite")
    first.close()
    Archive(tmp_path / "games.sqlite").close()


def test_a_file_of_something_else_is_refused_and_left(tmp_path: Path) -> None:
    path = tmp_path / "thesis.txt"
    path.write_text("my own words " * 100)
    with pytest.raises(InputError, match="--store"):
        Archive(path)
    assert path.read_text() == "my own words " * 100


def test_games_of_another_edition_are_not_gone_on_with(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "games.sqlite")
    archive.save("AAAAA", record(played()[0], 0.0))
    assert [code for code, _ in archive.records()] == ["AAAAA"]
    archive._base.execute("UPDATE games SET edition = ?", (EDITION - 1,))
    assert archive.records() == []
    archive.close()


@pytest.mark.slow
def test_a_server_killed_in_every_round_loses_nothing_that_was_decided(tmp_path: Path) -> None:
    server = Killed(free_port(), tmp_path / "games.sqlite")
    try:
        ask = server.client
        made = ask.post("/api/game", {"firms": 3, "rounds": 3, "seconds": 300}).json
        place, teacher = f"/api/game/{made['code']}", made["token"]
        seats = [
            ask.post(f"{place}/join", {"name": name, "browser": name}).json["token"] for name in ("Ann", "Bo")
        ]
        ask.post(f"{place}/order", {"do": "start"}, teacher)
        for round_ in range(3):
            price = 170_000 - 10_000 * round_
            body = {"round": round_, "list_price": price, "promotion": 0}
            assert ask.post(f"{place}/decide", body, seats[0]).status == 200
            server.kill()
            server.start()
            state = ask.get(f"{place}/state", seats[0]).json
            assert (state["round"], state["decided"]) == (round_, [price, 0])
            assert state["own"]["list_price"] == pytest.approx(
                [170_000 - 10_000 * past for past in range(round_)]
            )
            assert ask.post(f"{place}/decide", body, seats[1]).json["closed"]
            server.kill()
            server.start()
        state = ask.get(f"{place}/state", teacher).json
        assert (state["phase"], state["round"]) == ("over", 3)
        assert np.isfinite(ask.get(f"{place}/debrief", teacher).json["profit_destroyed"])
    finally:
        server.process.kill()
