"""A session as plain values and back: what is kept on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .game import Game
from .game_rules import Seat
from .nudges import Nudge
from .session import Session
from .session_rules import SessionRules
from .talk import Said


def record(session: Session, now: float) -> dict[str, Any]:
    """A session as plain values; clocks as seconds left."""
    return {
        "rules": session.rules.model_dump(mode="json"),
        "teacher": session.teacher,
        "lot": session.lot,
        "markets": {key: _game(game, now) for key, game in session.games.items()},
        "talk": {key: [asdict(one) for one in talk.said] for key, talk in session.talk.items()},
    }


def _game(game: Game, now: float) -> dict[str, Any]:
    return {
        "phase": game.phase,
        "round": game.round,
        "board": game.board,
        "practice": game.practice,
        "left": max(game.deadline - now, 0.0) if game.phase == "open" else game.left,
        "version": game.version,
        "seats": {firm: asdict(seat) for firm, seat in game.seats.items()},
        "nudges": [asdict(nudge) for nudge in game.nudges],
    }


def restored(tree: Mapping[str, Any], now: float) -> Session:
    """The session of a record; rounds that were open go on with the seconds they had left.

    A record of a release whose sessions had one market is that market's.
    """
    session = Session(SessionRules.model_validate(tree["rules"]), tree.get("lot", 0))
    session.teacher, session.teacher_token = tree["teacher"], ""
    markets = tree.get("markets") or {next(iter(session.games)): tree}
    for key, game in session.games.items():
        _take_up(game, markets[key], now)
    for key, said in tree.get("talk", {}).items():
        session.talk[key].said = [Said(**one) for one in said]
    return session


def _take_up(game: Game, tree: Mapping[str, Any], now: float) -> None:
    seats = {
        firm: Seat(**{**seat, "table": {month: (a, b) for month, (a, b) in seat["table"].items()}})
        for firm, seat in tree["seats"].items()
    }
    game.take_up(
        seats,
        [Nudge(**nudge) for nudge in tree["nudges"]],
        phase=tree["phase"],
        round_=tree["round"],
        left=tree["left"],
        now=now,
    )
    game.board, game.practice = tree["board"], tree.get("practice", False)
    game.version = tree["version"] + 1
