"""Routes of predictions: a class is asked, answers, sees what it said, and runs the experiment."""

from __future__ import annotations

import time
from typing import Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .api_game import bearer, read
from .api_rooms import guarded
from .game_rules import GameError
from .guard import caller
from .hall import Bucket
from .lessons import LESSONS
from .pictures import address_picture
from .predictions import Asked, Predictions
from .settings import Frozen


class Ask(Frozen):
    """Which lesson a class is asked about."""

    lesson: str = Field(max_length=60)


class Predict(Frozen):
    """A prediction, and the secret of the browser that it comes from."""

    option: int
    browser: str = Field(min_length=16, max_length=80)


class GoOn(Frozen):
    """What the teacher wants to happen next."""

    stage: Literal["shown", "revealed"]


class Questions:
    """The handlers, with all classes that are being asked and the limits on rates, by address."""

    def __init__(self) -> None:
        self.asked = Asked()
        self.openings = Bucket(rate=0.2, burst=20)
        self.answers = Bucket(rate=5.0, burst=200)
        self.looks = Bucket(rate=40.0, burst=400)

    def routes(self) -> list[Route]:
        """Below /api."""
        return [
            Route("/predictions", guarded(self.ask), methods=["POST"]),
            Route("/predictions/{code}", guarded(self.look)),
            Route("/predictions/{code}", guarded(self.predict), methods=["POST"]),
            Route("/predictions/{code}/stage", guarded(self.go_on), methods=["POST"]),
            Route("/predictions/{code}/qr.svg", guarded(self.picture)),
        ]

    async def ask(self, request: Request) -> Response:
        """A teacher asks a class."""
        _take(self.openings, request)
        body = await read(request, Ask)
        lesson = LESSONS.get(body.lesson)
        if lesson is None:
            raise GameError(404, "No such lesson.")
        made, token = self.asked.ask(body.lesson, len(lesson.options), time.monotonic())
        return JSONResponse({"code": made.code, "token": token}, 201)

    async def look(self, request: Request) -> Response:
        """Where a class stands."""
        return JSONResponse(self._class(request, self.looks).view())

    async def predict(self, request: Request) -> Response:
        """A phone sends a prediction."""
        found, body = self._class(request, self.answers), await read(request, Predict)
        found.predict(body.browser, body.option)
        return JSONResponse(found.view())

    async def go_on(self, request: Request) -> Response:
        """The teacher shows the predictions, or lets the class run the experiment."""
        found, body = self._class(request, self.looks), await read(request, GoOn)
        found.go_on(bearer(request), body.stage)
        return JSONResponse(found.view())

    async def picture(self, request: Request) -> Response:
        """The address at which the class predicts, for phones."""
        found = self._class(request, self.looks)
        return address_picture(request, f"/lessons/{found.lesson}?class={found.code}")

    def _class(self, request: Request, limit: Bucket) -> Predictions:
        _take(limit, request)
        return self.asked.find(request.path_params["code"], time.monotonic())


def _take(limit: Bucket, request: Request) -> None:
    if not limit.take(caller(request), time.monotonic()):
        raise GameError(429, "Too many requests from here: wait a moment.")
