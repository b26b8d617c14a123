"""Routes of the game: a request is checked, put to the state machine, and answered with what may be seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from threading import Event
from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pricewar.scenario.tree import problems_of

from .debrief import debrief, results_csv
from .door import Door
from .game import Game
from .game_rules import GameError, GameRules
from .guard import caller, problem
from .hall import NO_GAME, Bucket, Hall, Table
from .plan import game_toml
from .seats import player_view, teacher_view
from .settings import Frozen

T = TypeVar("T")
B = TypeVar("B", bound=BaseModel)
LONGEST_POLL = 15.0
POLL_STEP = 0.1
GAME_THREADS = 8
JOINING = ("join", "rejoin")
"""What a player may ask for who has no seat yet."""
Handler = Callable[[Request], Awaitable[Response]]


class Join(Frozen):
    """A player at the door."""

    name: str = Field(max_length=200)
    browser: str = Field("", max_length=80)


class Rejoin(Join):
    """A player who takes their seat to another device."""

    pin: str = Field(max_length=20)


class Decide(Frozen):
    """A player's prices."""

    round: int
    list_price: float
    promotion: float
    firm: str | None = None


class Order(Frozen):
    """What the teacher wants."""

    do: str = Field(max_length=20)
    on: bool | None = None
    sort: str | None = None
    firm: str | None = None
    size: float | None = None
    number: int | None = None


class GameDesk:
    """The handlers, with the hall and the limits on rates."""

    def __init__(self, hall: Hall, closing: Event) -> None:
        self.hall, self.closing = hall, closing
        self.door = Door()
        self.pool = ThreadPoolExecutor(GAME_THREADS, "game")  # of their own: games wait for no run
        self.pins = Bucket(rate=1 / 20, burst=5)  # four digits: guessing takes a day

    async def open(self, request: Request) -> Response:
        """A teacher opens a game."""
        who = caller(request)
        self.door.open(who, time.monotonic())
        rules = await read(request, GameRules)
        table = await self.apart(lambda: self.hall.open(rules, time.monotonic(), who))
        return JSONResponse({"code": table.code, "token": table.game.teacher_token}, 201)

    async def join(self, request: Request) -> Response:
        """A player takes a seat."""
        table, body = self.table(request), await read(request, Join)
        ticket = await self.do(table, lambda game, now: game.join(body.name, body.browser))
        return JSONResponse(asdict(ticket), 201)

    async def rejoin(self, request: Request) -> Response:
        """A player brings a seat to another device."""
        table, body = self.table(request), await read(request, Rejoin)
        if not self.pins.take(f"{table.code} {body.name.casefold()[:40]}", time.monotonic()):
            raise GameError(429, "Too many wrong numbers for this name: wait a minute, or ask the teacher.")
        ticket = await self.do(table, lambda game, now: game.rejoin(body.name, body.pin, body.browser))
        return JSONResponse(asdict(ticket), 201)

    async def decide(self, request: Request) -> Response:
        """A player sets prices."""
        table, body = self.table(request), await read(request, Decide)
        token = bearer(request)

        def work(game: Game, now: float) -> bool:
            game.decide(token, body.round, body.list_price, body.promotion, now, body.firm)
            return game.round > body.round

        return JSONResponse({"ok": True, "closed": await self.do(table, work)})

    async def order(self, request: Request) -> Response:
        """The teacher starts, pauses, nudges."""
        table, body = self.table(request), await read(request, Order)
        token = bearer(request)
        what = body.model_dump(exclude={"do"}, exclude_none=True)
        await self.do(table, lambda game, now: game.order(token, body.do, now, **what))
        return JSONResponse({"ok": True})

    async def state(self, request: Request) -> Response:
        """What this browser may see; waits for news when it says which version it has."""
        table, token = self.table(request), bearer(request)
        since = request.query_params.get("since", "")
        until = time.monotonic() + LONGEST_POLL
        while since == str(table.game.version) and time.monotonic() < min(until, table.game.deadline):
            if self.closing.is_set():
                raise GameError(503, "The server is closing.")
            await asyncio.sleep(POLL_STEP)
        return JSONResponse(await self.do(table, lambda game, now: seen(game, token, now)))

    async def after(self, request: Request) -> Response:
        """The debrief, once the game is over."""
        table, token = self.table(request), bearer(request)

        def work(game: Game, now: float) -> dict[str, Any]:
            seen(game, token, now)  # teacher or player, nobody else
            if game.phase != "over":
                raise GameError(409, "The game is not over yet.")
            facts: dict[str, Any] = table.kept("debrief", lambda: debrief(game))
            return facts

        return JSONResponse(await self.do(table, work))

    async def results(self, request: Request) -> Response:
        """Results as CSV, for the teacher."""
        text = await self.do(self.table(request), for_teacher(bearer(request), results_csv))
        return Response(text, media_type="text/csv")

    async def scenario(self, request: Request) -> Response:
        """The game as a scenario file, for the teacher."""
        text = await self.do(
            self.table(request), for_teacher(bearer(request), lambda game: game_toml(game.scenario()))
        )
        return Response(text, media_type="application/toml")

    def table(self, request: Request) -> Table:
        """The game of the code in the address, for those whom the door lets in.

        Raises:
            GameError: no such game, no seat in it, or too many tries.
        """
        who, now = caller(request), time.monotonic()
        try:
            table = self.hall.find(request.path_params["code"], now)
        except GameError:
            self.door.wrong_code(who, now)
            raise
        if request.url.path.rpartition("/")[2] in JOINING:
            self.door.join(who, now)
        else:
            self.door.sit(table.game, bearer(request), request.method == "POST", who, now)
        return table

    async def do(self, table: Table, work: Callable[[Game, float], T]) -> T:
        """Work on a game under its lock, its clock brought up to date."""

        def locked() -> T:
            with table.lock:
                if table.gone:
                    raise GameError(404, NO_GAME)
                now = time.monotonic()
                try:
                    table.game.tick(now)
                    return work(table.game, now)
                finally:
                    self.hall.keep(table, now)  # before anybody is told that it is done

        return await self.apart(locked)

    async def apart(self, work: Callable[[], T]) -> T:
        """Work in a thread that only games use."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, work)


def seen(game: Game, token: str, now: float) -> dict[str, Any]:
    """The teacher's or a player's view.

    Raises:
        GameError: 401, neither.
    """
    if game.is_teacher(token):
        return teacher_view(game, now)
    return player_view(game, game.firm_of(token), now)


def for_teacher(token: str, work: Callable[[Game], str]) -> Callable[[Game, float], str]:
    """Work that only the teacher may ask for."""

    def checked(game: Game, now: float) -> str:
        if not game.is_teacher(token):
            raise GameError(403, "Only the teacher can do that.")
        return work(game)

    return checked


def bearer(request: Request) -> str:
    """The secret that the browser sends with each request; it is never in an address."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token[:200] if scheme.lower() == "bearer" else ""


async def read(request: Request, body: type[B]) -> B:
    """The body of a request.

    Raises:
        GameError: 422, with what is wrong in it.
    """
    try:
        return body.model_validate_json(await request.body())
    except ValidationError as error:
        raise GameError(422, "; ".join(str(found) for found in problems_of(error))[:500]) from error


def _guarded(handler: Handler) -> Handler:
    async def wrapped(request: Request) -> Response:
        try:
            return await handler(request)
        except GameError as error:
            return problem(error.status, error.text)

    return wrapped


def game_routes(hall: Hall, closing: Event) -> list[Route]:
    """All routes of the game; nobody is kept waiting once `closing` is set."""
    desk = GameDesk(hall, closing)
    writes = {
        "": desk.open,
        "/{code}/join": desk.join,
        "/{code}/rejoin": desk.rejoin,
        "/{code}/decide": desk.decide,
        "/{code}/order": desk.order,
    }
    reads = {
        "state": desk.state,
        "debrief": desk.after,
        "results.csv": desk.results,
        "scenario.toml": desk.scenario,
    }
    return [
        *(Route(f"/game{path}", _guarded(handler), methods=["POST"]) for path, handler in writes.items()),
        *(Route(f"/game/{{code}}/{path}", _guarded(handler)) for path, handler in reads.items()),
    ]
