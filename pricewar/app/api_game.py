"""What a game is asked: a request is checked, put to the session, and answered with what may be seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from threading import Event
from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pricewar.scenario.tree import problems_of

from .debrief import debrief
from .door import Door
from .game_rules import GameError
from .guard import caller
from .hall import NO_GAME, Bucket, Hall, Table
from .rooms import market_of, seen
from .session import Session
from .session_rules import SessionRules
from .settings import Frozen

T = TypeVar("T")
B = TypeVar("B", bound=BaseModel)
LONGEST_POLL = 15.0
POLL_STEP = 0.1
GAME_THREADS = 8
JOINING = ("join", "rejoin")
"""What a player may ask for who has no seat yet."""


class Join(Frozen):
    """A player at the door."""

    name: str = Field(max_length=200)
    browser: str = Field("", max_length=80)
    market: str = Field("", max_length=1)


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
    market: str = Field("", max_length=1)


class Say(Frozen):
    """A message to one's market."""

    text: str = Field(max_length=1000)


class Answers(Frozen):
    """Answers to the questions on the rules, by place."""

    answers: tuple[int, ...] = Field(max_length=20)


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
        rules = await read(request, SessionRules)
        self.door.furnish(who, len(rules.treatments()), time.monotonic())
        table = await self.apart(lambda: self.hall.open(rules, time.monotonic(), who))
        return JSONResponse({"code": table.code, "token": table.session.teacher_token}, 201)

    async def join(self, request: Request) -> Response:
        """A player takes a seat."""
        table, body = self.table(request), await read(request, Join)
        ticket = await self.do(table, lambda session, now: session.join(body.name, body.browser, body.market))
        return JSONResponse(asdict(ticket), 201)

    async def rejoin(self, request: Request) -> Response:
        """A player brings a seat to another device."""
        table, body = self.table(request), await read(request, Rejoin)
        if not self.pins.take(f"{table.code} {body.name.casefold()[:40]}", time.monotonic()):
            raise GameError(429, "Too many wrong numbers for this name: wait a minute, or ask the teacher.")
        ticket = await self.do(table, lambda session, now: session.rejoin(body.name, body.pin, body.browser))
        return JSONResponse(asdict(ticket), 201)

    async def decide(self, request: Request) -> Response:
        """A player sets prices."""
        table, body = self.table(request), await read(request, Decide)
        token = bearer(request)

        def work(session: Session, now: float) -> bool:
            return session.decide(
                token, body.round, body.list_price, body.promotion, now, body.firm, wall_clock()
            )

        return JSONResponse({"ok": True, "closed": await self.do(table, work)})

    async def order(self, request: Request) -> Response:
        """The teacher starts, pauses, nudges."""
        table, body = self.table(request), await read(request, Order)
        token = bearer(request)
        what = body.model_dump(exclude={"do"}, exclude_none=True)
        await self.do(table, lambda session, now: session.order(token, body.do, now, **what))
        return JSONResponse({"ok": True})

    async def say(self, request: Request) -> Response:
        """A player writes to their market."""
        table, body = self.table(request), await read(request, Say)
        token = bearer(request)
        await self.do(table, lambda session, now: session.say(token, body.text, wall_clock()))
        return JSONResponse({"ok": True})

    async def quiz(self, request: Request) -> Response:
        """A player answers the questions on the rules."""
        table, body = self.table(request), await read(request, Answers)
        token = bearer(request)
        return JSONResponse(await self.do(table, lambda session, now: session.answer(token, body.answers)))

    async def state(self, request: Request) -> Response:
        """What this browser may see; waits for news when it says which version it has."""
        table, token = self.table(request), bearer(request)
        await self.news(table, request, market_seen(table.session, token))
        return JSONResponse(await self.do(table, lambda session, now: seen(session, token, now)))

    async def news(self, table: Table, request: Request, market: str = "") -> None:
        """Wait until something is new to a browser that says which version it has.

        Args:
            table: the game.
            request: with the version.
            market: key of the one market that the browser shows; "" if it shows all.

        Raises:
            GameError: 503, the server closes.
        """
        since, session = request.query_params.get("since", ""), table.session
        until = time.monotonic() + LONGEST_POLL

        def known() -> bool:
            return since == str(session.version_of(market) if market else session.version)

        while known() and time.monotonic() < min(until, session.deadline):
            if self.closing.is_set():
                raise GameError(503, "The server is closing.")
            await asyncio.sleep(POLL_STEP)

    async def after(self, request: Request) -> Response:
        """The debrief of a market, once its game is over: a player's own, or the one that a teacher names."""
        table, token = self.table(request), bearer(request)
        asked = request.query_params.get("market", "")

        def work(session: Session, now: float) -> dict[str, Any]:
            key = market_of(session, asked) if session.is_teacher(token) else session.place_of(token)[0]
            if session.games[key].phase != "over":
                raise GameError(409, "The game is not over yet.")
            facts: dict[str, Any] = table.kept(f"debrief {key}", lambda: debrief(session.games[key]))
            return facts

        return JSONResponse(await self.do(table, work))

    def table(self, request: Request) -> Table:
        """The game of the code in the address, for those whom the door lets in.

        Raises:
            GameError: no such game, no seat in it, or too many tries.
        """
        who, now = caller(request), time.monotonic()
        table = self.found(request)
        if request.url.path.rpartition("/")[2] in JOINING:
            self.door.join(who, now)
        else:
            self.door.sit(table.session, bearer(request), request.method == "POST", who, now)
        return table

    def found(self, request: Request) -> Table:
        """The game of the code in the address, whoever asks.

        Raises:
            GameError: no such game, or too many wrong codes.
        """
        now = time.monotonic()
        try:
            return self.hall.find(request.path_params["code"], now)
        except GameError:
            self.door.wrong_code(caller(request), now)
            raise

    async def do(self, table: Table, work: Callable[[Session, float], T]) -> T:
        """Work on a game under its lock, its clock brought up to date."""

        def locked() -> T:
            with table.lock:
                if table.gone:
                    raise GameError(404, NO_GAME)
                now = time.monotonic()
                try:
                    table.session.tick(now)
                    return work(table.session, now)
                finally:
                    self.hall.keep(table, now)  # before anybody is told that it is done

        return await self.apart(locked)

    async def apart(self, work: Callable[[], T]) -> T:
        """Work in a thread that only games use."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, work)


def market_seen(session: Session, token: str) -> str:
    """Key of the market that a player's page shows; "" for the teacher's, which shows all.

    Raises:
        GameError: 401, neither.
    """
    return "" if session.is_teacher(token) else session.place_of(token)[0]


def wall_clock() -> str:
    """Time of day, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


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
