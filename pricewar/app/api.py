"""What the page asks for: runs, lessons, downloads; the routes of games are in `api_game`."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import version
from threading import Event
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..edition import EDITION
from ..errors import InputError, PricewarError
from ..results import Results
from ..scenario_file import load, shipped_scenarios
from .api_game import game_routes
from .archive import Archive
from .frames import FINAL, catalogue, firm_list
from .guard import caller, problem
from .hall import Bucket, Hall
from .happenings import HAPPENINGS
from .lessons import LESSONS, lesson_page, run_lesson
from .levers import LEVERS
from .playback import frame, tables
from .settings import first_leader, read_settings
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
        *game_routes(Hall(games, archive, time.monotonic()), closing),
    ]
    handlers: Mapping[Any, Any] = {InputError: wrong_input, PricewarError: failed}
    api = Starlette(routes=routes, exception_handlers=handlers)
    api.state.runs = Bucket(rate=8.0, burst=60)
    return api


async def wrong_input(request: Request, error: InputError) -> Response:
    """Every problem with its place."""
    found = [asdict(one) for one in error.problems]
    return JSONResponse({"error": str(error), "problems": found}, 422)


async def failed(request: Request, error: PricewarError) -> Response:
    """A run that cannot be done."""
    return problem(500, str(error))


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, Any]:
    return {
        "version": version("pricewar"),
        "edition": EDITION,
        "scenarios": [{"name": name, "title": load(name).title} for name in shipped_scenarios()],
        "levers": [asdict(lever) for lever in LEVERS],
        "happenings": [
            {"sort": sort} | {k: v for k, v in vars(h).items() if k != "build"}
            for sort, h in HAPPENINGS.items()
        ],
        "charts": catalogue(),
        "final": list(FINAL),
    }


async def get_catalogue(request: Request) -> Response:
    """What the page offers: scenarios, levers, acts, charts with units."""
    return JSONResponse(await run_in_threadpool(_catalogue))


async def get_firms(request: Request) -> Response:
    """Firms of a scenario, biggest first, the usual leader, and where each lever stands."""
    return JSONResponse(
        await run_in_threadpool(_firms, request.path_params["scenario"], request.query_params)
    )


def _firms(name: str, query: Mapping[str, str]) -> dict[str, Any]:
    settings = read_settings({"scenario": name, "leader": query.get("leader", "")})
    scenario = load(settings.scenario)
    leader = settings.leader or first_leader(scenario)
    found = {key: asdict(one) for key, one in standings(scenario, leader).items()}
    start = {"months": scenario.periods, "leader": first_leader(scenario), "start": scenario.start}
    return start | {"firms": firm_list(scenario), "levers": found, "needs": NEEDS}


async def get_run(request: Request) -> Response:
    """One or two runs with the same luck, month by month."""
    if not request.app.state.runs.take(caller(request), time.monotonic()):
        return problem(429, "Too many runs at once: wait a moment.")
    settings = read_settings(request.query_params)
    sides: list[Side] = ["a"] if settings.b is None else ["a", "b"]
    runs = [await run_in_threadpool(frame, settings.plan(side).scenario) for side in sides]
    return JSONResponse({"query": settings.query, "runs": runs})


def _side(request: Request) -> Side:
    return "b" if request.query_params.get("side") == "b" else "a"


async def get_scenario(request: Request) -> Response:
    """The file that `pricewar run` accepts."""
    plan = read_settings(request.query_params).plan(_side(request))
    return download(plan.toml, f"{plan.scenario.name}.toml", "application/toml")


async def get_data(request: Request) -> Response:
    """All tables of the runs as CSV, and their scenario files."""
    settings = read_settings(request.query_params)
    plans = [settings.plan(side) for side in (("a",) if settings.b is None else ("a", "b"))]  # type: ignore[arg-type]
    parts = {f"{plan.scenario.name}.toml": plan.toml for plan in plans}
    for plan in plans:
        results = await run_in_threadpool(tables, plan.scenario)
        parts |= csv_files(results, plan.scenario.name)
    return download(zipped(parts), f"{settings.scenario}.zip", "application/zip")


def csv_files(results: Results, prefix: str) -> dict[str, str]:
    """File name -> CSV, one for each table that a reader may want."""
    wanted = ("market", "firms", "products", "log")
    return {f"{prefix}-{name}.csv": results.tables[name].to_csv(index=False) for name in wanted}


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
    if not request.app.state.runs.take(caller(request), time.monotonic()):
        return problem(429, "Too many runs at once: wait a moment.")
    value = request.query_params.get("value")
    text = json.dumps(await run_in_threadpool(run_lesson, found, None if value is None else number(value)))
    return Response(text, media_type="application/json")


def number(text: str) -> float:
    """A number from a query.

    Raises:
        InputError: it is none.
    """
    from ..errors import bad_input

    try:
        return float(text)
    except ValueError as error:
        raise bad_input("link", ("value", text[:40], "a number")) from error
