"""What the page asks for: runs, lessons, downloads; the routes of games are in `api_game`."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import version
from threading import Event
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pricewar.base.edition import EDITION
from pricewar.base.errors import InputError, PricewarError, bad_input
from pricewar.results.store import Results
from pricewar.scenario.files import load

from .api_game import game_routes
from .api_policy import policy_routes
from .api_screen import screen_routes
from .archive import Archive
from .frames import FINAL, catalogue, firm_list
from .guard import problem
from .hall import Hall
from .happenings import buttons
from .kitchen import Busy, Kitchen, TooMany
from .lessons import LESSONS, lesson_page, run_lesson
from .levers import LEVERS
from .opened import known_markets, own_markets, place_of
from .plan import Plan
from .playback import frame, tables
from .settings import Settings, first_leader, read_settings
from .standing import NEEDS, standings

Side = Literal["a", "b"]


def make_api(games: int, closing: Event, archive: Archive | None = None) -> Starlette:
    """All routes below /api, until `closing` is set.

    Args:
        games: most games at once.
        closing: set when the server ends.
        archive: keeps the games over a restart; None: they are gone with the server.
    """
    routes = [
        Route("/catalogue", get_catalogue),
        Route("/firms/{scenario}", get_firms),
        Route("/run", get_run),
        Route("/data.zip", get_data),
        Route("/scenario.toml", get_scenario),
        Route("/lessons", get_lessons),
        Route("/lessons/{slug}", get_lesson),
        Route("/lessons/{slug}/run", get_lesson_run),
        *screen_routes(),
        *policy_routes(),
        *game_routes(Hall(games, archive, time.monotonic()), closing),
    ]
    handlers: Mapping[Any, Any] = {
        InputError: wrong_input,
        PricewarError: failed,
        Busy: busy,
        TooMany: too_many,
        HTTPException: not_here,
    }
    api = Starlette(routes=routes, exception_handlers=handlers)
    api.state.kitchen = Kitchen(closing)
    return api


async def busy(request: Request, error: Busy) -> Response:
    """Others wait already."""
    return problem(503, "The server is working out other runs: try again in a few seconds.", retry=5)


async def too_many(request: Request, error: TooMany) -> Response:
    """A flood from one address."""
    return problem(429, "Too many runs asked for from here: wait a moment.", retry=5)


async def not_here(request: Request, error: HTTPException) -> Response:
    """No such address, or not with this method."""
    return problem(error.status_code, f"Nothing here: {error.detail}.")


async def wrong_input(request: Request, error: InputError) -> Response:
    """Every problem with its place."""
    found = [asdict(one) for one in error.problems]
    return JSONResponse({"error": str(error), "problems": found}, 422)


async def failed(request: Request, error: PricewarError) -> Response:
    """A run that cannot be done."""
    return problem(500, str(error))


@lru_cache(maxsize=2)
def _catalogue(own: tuple[str, ...]) -> dict[str, Any]:
    return {
        "version": version("pricewar"),
        "edition": EDITION,
        "scenarios": [{"name": name, "title": load(place_of(name)).title} for name in known_markets()],
        "own": list(own),
        "levers": [asdict(lever) for lever in LEVERS],
        "charts": catalogue(),
        "final": list(FINAL),
    }


async def get_catalogue(request: Request) -> Response:
    """What the page offers: scenarios, levers, acts, charts with units."""
    kitchen: Kitchen = request.app.state.kitchen
    return JSONResponse(await kitchen.make(kitchen.small, request, lambda: _catalogue(own_markets())))


async def get_firms(request: Request) -> Response:
    """Firms of a scenario, biggest first, the usual leader, and where each lever stands."""
    kitchen: Kitchen = request.app.state.kitchen
    name, query = request.path_params["scenario"], request.query_params
    return JSONResponse(await kitchen.make(kitchen.small, request, lambda: _firms(name, query)))


def _firms(name: str, query: Mapping[str, str]) -> dict[str, Any]:
    settings = read_settings({"scenario": name, "leader": query.get("leader", "")})
    scenario = load(place_of(settings.scenario))
    leader = settings.leader or first_leader(scenario)
    words, standing = scenario.words, standings(scenario, leader)
    levers = {lever.key: asdict(standing[lever.key]) | lever.texts(words) for lever in LEVERS}
    return {
        "months": scenario.periods,
        "leader": first_leader(scenario),
        "start": scenario.start,
        "firms": firm_list(scenario),
        "levers": levers,
        "needs": NEEDS,
        "happenings": buttons(words),
        "words": words.as_tree(),
    }


async def get_run(request: Request) -> Response:
    """One or two runs with the same luck, month by month."""
    kitchen: Kitchen = request.app.state.kitchen
    text = await kitchen.make(kitchen.runs, request, lambda: _run(request.query_params))
    return Response(text, media_type="application/json")


def _run(query: Mapping[str, str]) -> bytes:
    settings = read_settings(query)
    runs = [frame(settings.plan(side).scenario) for side in _sides(settings)]
    return as_json({"query": settings.query, "runs": runs})


def as_json(content: Any) -> bytes:
    """What a browser reads, made where the content is: it takes milliseconds that games should not wait."""
    return bytes(JSONResponse(content).body)


def _sides(settings: Settings) -> tuple[Side, ...]:
    return ("a",) if settings.b is None else ("a", "b")


async def get_scenario(request: Request) -> Response:
    """The file that `pricewar run` accepts."""
    kitchen: Kitchen = request.app.state.kitchen
    side: Side = "b" if request.query_params.get("side") == "b" else "a"

    def work() -> Plan:
        plan = read_settings(request.query_params).plan(side)
        plan.scenario  # noqa: B018  checked here, in its thread
        return plan

    plan = await kitchen.make(kitchen.small, request, work)
    return download(plan.toml, f"{plan.scenario.name}.toml", "application/toml")


async def get_data(request: Request) -> Response:
    """All tables of the runs as CSV, and their scenario files."""
    kitchen: Kitchen = request.app.state.kitchen
    name, data = await kitchen.make(kitchen.downloads, request, lambda: _data(request.query_params))
    return download(data, f"{name}.zip", "application/zip")


def _data(query: Mapping[str, str]) -> tuple[str, bytes]:
    settings = read_settings(query)
    plans = [settings.plan(side) for side in _sides(settings)]
    parts = {f"{plan.scenario.name}.toml": plan.toml for plan in plans}
    for plan in plans:
        parts |= csv_files(tables(plan.scenario), plan.scenario.name)
    return settings.scenario, zipped(parts)


def csv_files(results: Results, prefix: str) -> dict[str, str]:
    """File name -> CSV, one for each table that a reader may want; that of campaigns where there are any."""
    wanted = ["market", "firms", "products", "log", *["campaigns"] * bool(len(results.campaigns))]
    return {
        f"{prefix}-{name}.csv": results.tables[name].to_csv(index=False, lineterminator="\n")
        for name in wanted
    }


def zipped(parts: Mapping[str, str]) -> bytes:
    """An archive of text files, the same bytes for the same texts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def download(content: str | bytes, name: str, media: str) -> Response:
    """An attachment."""
    return Response(
        content, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


async def get_lessons(request: Request) -> Response:
    """Titles and questions of all lessons."""
    return JSONResponse(
        [{k: getattr(one, k) for k in ("slug", "title", "question")} for one in LESSONS.values()]
    )


async def get_lesson(request: Request) -> Response:
    """The text of one lesson, without what its experiment shows."""
    found = LESSONS.get(request.path_params["slug"])
    return problem(404, "No such lesson.") if found is None else JSONResponse(lesson_page(found))


async def get_lesson_run(request: Request) -> Response:
    """The experiment of a lesson: its runs, and its explanation with the numbers of these runs."""
    found = LESSONS.get(request.path_params["slug"])
    if found is None:
        return problem(404, "No such lesson.")
    kitchen: Kitchen = request.app.state.kitchen
    value = request.query_params.get("value")
    chosen = None if value is None else number(value)
    text = await kitchen.make(kitchen.runs, request, lambda: as_json(run_lesson(found, chosen)))
    return Response(text, media_type="application/json")


def number(text: str) -> float:
    """A number from a query.

    Raises:
        InputError: it is none.
    """
    try:
        return float(text)
    except ValueError as error:
        raise bad_input("link", ("value", text[:40], "a number")) from error
