"""Routes of Explore: runs with the same luck, their peace, and the same runs with other luck."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pricewar.base.errors import bad_input
from pricewar.scenario.tree import Scenario

from .kitchen import Kitchen
from .peace import SEEDS, peace, series
from .playback import frame
from .settings import Settings, read_settings

Side = Literal["a", "b"]
YES: Final = "1"


def explore_routes() -> list[Route]:
    """Below /api."""
    return [Route("/run", get_run), Route("/luck", get_luck)]


async def get_run(request: Request) -> Response:
    """One or two runs with the same luck, month by month; with `peace=1` the peace of each beside it."""
    kitchen: Kitchen = request.app.state.kitchen
    text = await kitchen.make(kitchen.runs, request, lambda: run_of(request.query_params))
    return Response(text, media_type="application/json")


def run_of(query: Mapping[str, str]) -> bytes:
    """What a browser gets for the query of a link.

    Raises:
        InputError: with every problem in the link.
    """
    settings = read_settings(query)
    scenarios = _scenarios(settings)
    found: dict[str, Any] = {"query": settings.query, "runs": [frame(one) for one in scenarios]}
    if query.get("peace") == YES:
        found["peace"] = [series(peace(one)) for one in scenarios]
    return as_json(found)


async def get_luck(request: Request) -> Response:
    """The same runs with the luck of another seed, as series alone: one strand of the band around a line."""
    kitchen: Kitchen = request.app.state.kitchen
    text = await kitchen.make(kitchen.runs, request, lambda: _luck(request.query_params))
    return Response(text, media_type="application/json")


def _luck(query: Mapping[str, str]) -> bytes:
    asked = query.get("number", "")
    if not asked.isascii() or not asked.isdigit() or not 1 <= int(asked[:6]) <= SEEDS:
        raise bad_input("link", ("number", asked[:40], f"a whole number from 1 to {SEEDS}"))
    settings = read_settings(query).model_copy(update={"seed": int(asked)})
    scenarios = _scenarios(settings)
    found = {"runs": [series(one) for one in scenarios]}
    if query.get("peace") == YES:
        found["peace"] = [series(peace(one)) for one in scenarios]
    return as_json(found)


def _scenarios(settings: Settings) -> list[Scenario]:
    return [settings.plan(side).scenario for side in sides(settings)]


def sides(settings: Settings) -> tuple[Side, ...]:
    """The runs that a link stands for."""
    return ("a",) if settings.b is None else ("a", "b")


def as_json(content: Any) -> bytes:
    """What a browser reads, made where the content is: it takes milliseconds that games should not wait."""
    return bytes(JSONResponse(content).body)
