"""The web application: pages and files at once, everything behind /api as soon as it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from importlib.resources import files
from pathlib import Path
from threading import Event, Lock
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from .archive import Archive
from .guard import Guard, told
from .hosts import HERE

STATIC = Path(str(files("pricewar.app") / "static"))
MOST_GAMES = 60


class Later:
    """An application that is loaded when it is first needed: the page stands before the compiler does."""

    def __init__(self, load: Callable[[], ASGIApp]) -> None:
        self._load = load
        self._lock = Lock()
        self._made: ASGIApp | None = None

    def ready(self) -> ASGIApp:
        """The application, loaded once."""
        with self._lock:
            if self._made is None:
                self._made = self._load()
            return self._made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        made = self._made if self._made is not None else await run_in_threadpool(self.ready)
        await made(scope, receive, send)


def make_app(
    games: int = MOST_GAMES, archive: Archive | None = None, *, hosts: Collection[str] = HERE
) -> Starlette:
    """The web application, for at most so many games at once, that answers to the names `hosts`.

    `archive` keeps the games over a restart.

    `app.state.api` is what loads late; setting `app.state.closing` sends waiting browsers home.
    """
    closing = Event()

    def load() -> ASGIApp:
        from .api import make_api

        return make_api(games, closing, archive)

    api = Later(load)
    routes = [
        Mount("/api", api),
        Mount("/static", StaticFiles(directory=STATIC)),
        Route("/{path:path}", get_page),
    ]
    handlers: Mapping[Any, Any] = {HTTPException: lost}
    guards = [Middleware(Guard, hosts=hosts), Middleware(GZipMiddleware, minimum_size=2000)]
    app = Starlette(routes=routes, middleware=guards, exception_handlers=handlers)
    app.state.api, app.state.closing = api, closing
    return app


async def get_page(request: Request) -> Response:
    """The page; its script reads the address."""
    if request.path_params["path"].split("/")[0] in ("", "explore", "lessons", "screen", "policy", "game"):
        return FileResponse(STATIC / "index.html")
    raise HTTPException(404)


async def lost(request: Request, error: HTTPException) -> Response:
    """No such page or file."""
    return told(request, error.status_code, "There is no such page here.")
