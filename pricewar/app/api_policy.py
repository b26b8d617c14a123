"""The form of a policy study: what it offers, the file that it makes, and a small study of it."""

from __future__ import annotations

import tempfile
from threading import Event
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pricewar.experiment.pool import SerialExecutor
from pricewar.policy import NONE, PEACE, PolicySpec, PolicyStudy, run_policy
from pricewar.policy.assumptions import assumptions, signature
from pricewar.policy.summary import best, buyers, effects, pick

from .api_game import read
from .game_rules import GameError
from .guard import problem
from .kitchen import Busy, Kitchen
from .policy_form import AskedPolicy, offered

SHOWN: Final = (
    ("war_months", "months of war", 1.0, 1),
    ("rivals_fall", "fall of rivals' prices, % points", 100.0, 1),
    ("pv.consumer_surplus", "buyers, {money}", 1.0, 1),
    ("pv.producer_surplus", "makers, {money}", 1.0, 1),
    ("pv.supplier_profit", "suppliers, {money}", 1.0, 1),
    ("pv.fiscal_cost", "cost to the state, {money}", 1.0, 1),
    ("pv.welfare_with_open", "welfare, {money}", 1.0, 1),
    ("exits", "firms that leave", 1.0, 1),
)
"""Columns of the answer: measure, head, factor beside that of money, digits. All are differences from no
measure."""


async def get_form(request: Request) -> Response:
    """What the form offers."""
    kitchen: Kitchen = request.app.state.kitchen
    return JSONResponse(await kitchen.make(kitchen.small, request, offered))


async def post_file(request: Request) -> Response:
    """The policy file of what was filled in, its assumptions and their digest."""
    return await _answered(request, run=False)


async def post_run(request: Request) -> Response:
    """The same, with a study of a few futures."""
    return await _answered(request, run=True)


async def _answered(request: Request, run: bool) -> Response:
    try:
        asked = await read(request, AskedPolicy)
    except GameError as error:
        return problem(error.status, error.text)
    kitchen: Kitchen = request.app.state.kitchen
    lane = kitchen.studies if run else kitchen.runs
    text = await kitchen.make(lane, request, lambda: _made(asked, run, lane.closing), asked.model_dump_json())
    return Response(text, media_type="application/json")


def _made(asked: AskedPolicy, run: bool, closing: Event) -> bytes:
    spec = asked.spec()
    told: dict[str, Any] = {
        "toml": asked.toml(spec),
        "digest": spec.digest,
        "signature": signature(spec),
        "assumptions": assumptions(spec).to_dict("records"),
        "runs": spec.runs,
    }
    if run:
        told |= answer(_studied(spec, closing))
    return bytes(JSONResponse(told).body)


def _studied(spec: PolicySpec, closing: Event) -> PolicyStudy:
    """The study, run here and kept nowhere.

    Raises:
        Busy: the server ends.
        ResultsError: no future ran.
    """

    def stop(done: int, failed: int, total: int) -> None:
        if closing.is_set():
            raise Busy

    with tempfile.TemporaryDirectory(prefix="pricewar-") as folder:
        return run_policy(spec, SerialExecutor(), store=folder, progress=stop)


def answer(study: PolicyStudy) -> dict[str, Any]:
    """What the page shows of a study: a row for each option, with the lowest and highest future.

    With so few futures no interval is told (`pricewar policy` does).
    """
    table, gains, total = effects(study), buyers(study), study.spec.base.words.total
    money = total.word or study.spec.base.words.money
    shown = [(m, h.format(money=money), k * (total.factor if "{" in h else 1.0), n) for m, h, k, n in SHOWN]
    poorest = gains[gains["what"] == "1"].set_index("option")
    rows = []
    for option in (PEACE, *study.spec.options):
        cells = [_cell(table, option, *column) for column in shown]
        rows.append([option, *cells, _percent(poorest.loc[option, "mean"])])
    heads = ["option", *(head for _, head, _, _ in shown), "poorest fifth, % of own surplus"]
    first = best(study).iloc[0]
    found = [
        f"{study.futures} futures: enough to see whether the file does what you mean, too few to decide on. "
        "Download it and run it with more.",
        _wins(str(first["option"])),
    ]
    return {"heads": heads, "rows": rows, "findings": [*found, *study.failed[:3]]}


def _wins(option: str) -> str:
    if option == NONE:
        return "By welfare nothing beats doing nothing in these futures."
    return f"By welfare the least is lost with {option} in these futures."


def _cell(table: Any, option: str, measure: str, head: str, factor: float, digits: int) -> str:
    row = pick(table, option, measure)
    if option == NONE:
        return "0"
    mean, low, high = (factor * float(row[name]) for name in ("diff", "p05", "p95"))
    if mean != mean:
        return "–"
    low, high = sorted((low, high))
    return f"{mean:+.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _percent(value: Any) -> str:
    return "–" if value != value else f"{float(value):+.1f}"


def policy_routes() -> list[Route]:
    """The routes of the form."""
    return [
        Route("/policy/form", get_form),
        Route("/policy/file", post_file, methods=["POST"]),
        Route("/policy/run", post_run, methods=["POST"]),
    ]
