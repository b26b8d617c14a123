"""A game as plain values and back: what is kept on disk."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .game import Game
from .game_rules import GameRules, Seat
from .nudges import Nudge


def record(game: Game, now: float) -> dict[str, Any]:
    """A game as plain values; the clock as seconds left."""
    return {
        "rules": game.rules.model_dump(),
        "teacher": game.teacher,
        "phase": game.phase,
        "round": game.round,
        "board": game.board,
        "left": max(game.deadline - now, 0.0) if game.phase == "open" else game.left,
        "version": game.version,
        "seats": {firm: asdict(seat) for firm, seat in game.seats.items()},
        "nudges": [asdict(nudge) for nudge in game.nudges],
    }


def restored(tree: dict[str, Any], now: float) -> Game:
    """The game of a record; a round that was open goes on with the seconds it had left."""
    game = Game(GameRules.model_validate(tree["rules"]))
    game.teacher, game.teacher_token = tree["teacher"], ""
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
    game.board, game.version = tree["board"], tree["version"] + 1
    return game
