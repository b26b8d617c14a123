"""Routes of a class: what hangs on the wall and stands at the door, downloads, and the list of all routes."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from threading import Event
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .api_game import GameDesk, bearer
from .debrief import results_csv
from .export import chat_csv, decisions, decisions_csv, decisions_xlsx
from .game_rules import GameError
from .guard import caller, problem
from .hall import Hall, Table
from .joint import joint
from .pictures import address_picture
from .plan import game_toml
from .rooms import door_view, market_of, wall_view
from .session import Session

Handler = Callable[[Request], Awaitable[Response]]
_CSV: Final = "text/csv; charset=utf-8"
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Rooms:
    """What whoever has the code may see."""

    desk: GameDesk

    def _table(self, request: Request) -> Table:
        table = self.desk.found(request)
        self.desk.door.look(caller(request), time.monotonic())
        return table

    async def wall(self, request: Request) -> Response:
        """The wall; waits for news when it is told which version is there."""
        table = self._table(request)
        await self.desk.news(table, request)
        return JSONResponse(await self.desk.do(table, wall_view))

    async def door(self, request: Request) -> Response:
        """What a player must know before joining."""
        return JSONResponse(await self.desk.do(self._table(request), lambda session, now: door_view(session)))

    async def joint(self, request: Request) -> Response:
        """The debrief across all markets, once all are over."""
        table = self._table(request)

        def work(session: Session, now: float) -> dict[str, Any]:
            if not session.over:
                raise GameError(409, "The game is not over yet.")
            facts: dict[str, Any] = table.kept("joint", lambda: joint(session))
            return facts

        return JSONResponse(await self.desk.do(table, work))

    async def code(self, request: Request) -> Response:
        """The address to join at, as a picture for phones."""
        table = self._table(request)
        return address_picture(request, f"/game?code={table.code}")


@dataclass(frozen=True)
class Downloads:
    """What the teacher takes home."""

    desk: GameDesk

    def routes(self) -> dict[str, Handler]:
        """Name of each file -> who makes it."""
        return {
            "results.csv": self._file(lambda session, how: results_csv(session.games), "text/csv"),
            "decisions.csv": self._file(lambda session, how: decisions_csv(decisions(session, **how)), _CSV),
            "decisions.xlsx": self._file(decisions_xlsx, _XLSX),
            "chat.csv": self._file(lambda session, how: chat_csv(session, **how), _CSV),
            "scenario.toml": self.scenario,
        }

    def _file(self, make: Callable[[Session, dict[str, Any]], str | bytes], media: str) -> Handler:
        async def answer(request: Request) -> Response:
            how = {
                "code": request.path_params["code"].strip().upper(),
                "named": request.query_params.get("names") != "no",
            }
            content = await self._do(request, lambda session: make(session, how))
            return Response(content, media_type=media)

        return answer

    async def scenario(self, request: Request) -> Response:
        """One market as a scenario file."""
        asked = request.query_params.get("market", "")
        text = await self._do(
            request, lambda session: game_toml(session.games[market_of(session, asked)].scenario())
        )
        return Response(text, media_type="application/toml")

    async def _do(self, request: Request, work: Callable[[Session], str | bytes]) -> str | bytes:
        token = bearer(request)

        def checked(session: Session, now: float) -> str | bytes:
            if not session.is_teacher(token):
                raise GameError(403, "Only the teacher can do that.")
            return work(session)

        return await self.desk.do(self.desk.table(request), checked)


def guarded(handler: Handler) -> Handler:
    """A handler whose refusals become answers."""

    async def wrapped(request: Request) -> Response:
        try:
            return await handler(request)
        except GameError as error:
            return problem(error.status, error.text)

    return wrapped


def game_routes(hall: Hall, closing: Event) -> list[Route]:
    """All routes of the game; nobody is kept waiting once `closing` is set."""
    desk = GameDesk(hall, closing)
    rooms, files = Rooms(desk), Downloads(desk)
    writes = {
        "": desk.open,
        "/{code}/join": desk.join,
        "/{code}/rejoin": desk.rejoin,
        "/{code}/decide": desk.decide,
        "/{code}/order": desk.order,
        "/{code}/say": desk.say,
        "/{code}/quiz": desk.quiz,
    }
    reads = {
        "state": desk.state,
        "debrief": desk.after,
        "door": rooms.door,
        "wall": rooms.wall,
        "joint": rooms.joint,
        "qr.svg": rooms.code,
        **files.routes(),
    }
    return [
        *(Route(f"/game{path}", guarded(handler), methods=["POST"]) for path, handler in writes.items()),
        *(Route(f"/game/{{code}}/{path}", guarded(handler)) for path, handler in reads.items()),
    ]
