"""What each room of a class shows: the desk everything, a phone its own market, the wall and the door nothing
that a player may not know."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .game import Game
from .game_rules import GameError, Phase
from .seats import View, board, player_view, teacher_view
from .session import Session


def seen(session: Session, token: str, now: float) -> View:
    """The teacher's or a player's view.

    Raises:
        GameError: 401, neither.
    """
    if session.is_teacher(token):
        return desk_view(session, now)
    key, firm = session.place_of(token)
    return player_view(session.games[key], firm, now) | {
        "version": session.version_of(key),
        "market_key": key if len(session.games) > 1 else "",
        "chat": chat(session, key),
    }


def chat(session: Session, key: str) -> list[dict[str, Any]] | None:
    """What was said in a market; None where there is no chat."""
    return [asdict(one) for one in session.talk[key].said] if key in session.talk else None


def desk_view(session: Session, now: float) -> View:
    """Everything: each market as its teacher would see it, and the first one's at the top."""
    markets = [
        teacher_view(game, now)
        | {
            "key": key,
            "treatment": session.treatments[key],
            "chat": chat(session, key),
            "last": game.last if game.phase == "over" else None,
        }
        for key, game in session.games.items()
    ]
    return _lead(session, markets) | _class(session, now) | {"role": "teacher", "markets": markets}


def wall_view(session: Session, now: float) -> View:
    """What hangs on the wall: the clock and how many have decided; boards where the teacher shows them."""
    markets = [
        {
            "key": key,
            "board": board(game) if game.board_shown else None,
            "months": [game.base.month(period) for period in range(game.round)],
            **_progress(game),
        }
        for key, game in session.games.items()
    ]
    lead = teacher_view(_leading(session), now)
    kept = (
        "round",
        "rounds",
        "stop",
        "sure",
        "month",
        "seconds_left",
        "seconds",
        "words",
        "practice",
        "show_board",
    )
    return {key: lead[key] for key in kept} | _class(session, now) | {"role": "wall", "markets": markets}


def door_view(session: Session) -> View:
    """What who has the code may know before they sit down: in which markets there is room."""
    choice = len(session.games) > 1 and session.rules.assign == "choice" and not session.rules.roster
    free = {
        key: len(game.firms) - sum(map(game.seating.taken, game.firms)) for key, game in session.games.items()
    }
    return {"choice": choice, "free": free if choice else {}, "listed": bool(session.rules.roster)}


def market_of(session: Session, asked: str) -> str:
    """Key of the market that is asked for; the first one where none is named.

    Raises:
        GameError: 404, no such market.
    """
    key = asked or next(iter(session.games))
    if key not in session.games:
        raise GameError(404, f"Market: one of {', '.join(session.games)}.")
    return key


def phase_of(session: Session) -> Phase:
    """Where the class stands: open while any market is."""
    phases = [game.phase for game in session.games.values()]
    order: tuple[Phase, ...] = ("open", "paused", "lobby")
    return next((phase for phase in order if phase in phases), "over")


def _leading(session: Session) -> Game:
    """The market whose clock and round stand for the class: the first of those that go on."""
    phase = phase_of(session)
    return next(game for game in session.games.values() if game.phase == phase)


def _lead(session: Session, markets: list[View]) -> View:
    return markets[list(session.games.values()).index(_leading(session))]


def _class(session: Session, now: float) -> View:
    deciders = [len(game.deciders) for game in session.games.values()]
    thinking = [len(game.thinking) for game in session.games.values()]
    return {
        "phase": phase_of(session),
        "version": session.version,
        "together": session.together,
        "several": len(session.games) > 1,
        "deciders": sum(deciders),
        "decided": sum(deciders) - sum(thinking),
        "seats_in_all": sum(len(game.firms) for game in session.games.values()),
        "joined": sum(seat.person for seat in session.seats),
    }


def _progress(game: Game) -> View:
    return {
        "phase": game.phase,
        "round": game.round,
        "deciders": len(game.deciders),
        "decided": len(game.deciders) - len(game.thinking),
    }
