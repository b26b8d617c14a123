"""The screen of a pasted table: read it, screen it, hand out the code that does the same."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pricewar.base.errors import bad_input
from pricewar.screen import Change, read_market, screen
from pricewar.screen.pages import pages

from .api_game import read
from .game_rules import GameError
from .guard import problem
from .kitchen import Kitchen
from .settings import Frozen

DRAWS: Final = 100
"""Repetitions for the intervals: a page should not wait for more."""
MOST: Final = 200
"""Products on a page; `pricewar screen` takes more."""
_CODE: Final = '''"""The screen of a pasted table, as the page of pricewar made it."""

from pricewar.screen import Change, read_market, screen

TABLE = "\\n".join([
{lines}
])
market = read_market("your table", {reading}, content=TABLE.encode())
found = screen(market, Change({change}), {asking})
print(found.spread)
for name, table in found.tables.items():
    print(name, table.to_string(index=False), sep="\\n")
for note in found.notes:
    print("note:", note)
'''


class Asked(Frozen):
    """What the page sends."""

    table: str = Field(max_length=16_000)
    merge: tuple[str, ...] = Field((), max_length=2)
    market_size: float | None = None
    outside: bool = True
    decimal: str | None = Field(None, max_length=1)
    efficiency: float = 0.1

    @property
    def reading(self) -> dict[str, Any]:
        """Options of `read_market`."""
        return {"market_size": self.market_size, "outside": self.outside, "decimal": self.decimal}

    @property
    def asking(self) -> dict[str, Any]:
        """Options of `screen`."""
        return {"efficiency": self.efficiency, "draws": DRAWS}

    @property
    def code(self) -> str:
        """The same in Python, table and all."""
        lines = "\n".join(f"    {line!r}," for line in self.table.splitlines())
        change = f"merge={self.merge!r}" if self.merge else ""
        return _CODE.format(
            lines=lines, reading=_options(self.reading), change=change, asking=_options(self.asking)
        )


def _options(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


async def post_screen(request: Request) -> Response:
    """The screen of the table in the body."""
    try:
        asked = await read(request, Asked)
    except GameError as error:
        return problem(error.status, error.text)
    kitchen: Kitchen = request.app.state.kitchen
    text = await kitchen.make(kitchen.runs, request, lambda: _screened(asked), asked.model_dump_json())
    return Response(text, media_type="application/json")


def _screened(asked: Asked) -> bytes:
    market = read_market("your table", **asked.reading, content=asked.table.encode())
    if market.firms.size > MOST:
        allowed = f"at most {MOST} here; pricewar screen takes more"
        raise bad_input("your table", ("rows", market.firms.size, allowed))
    found = screen(market, Change(merge=asked.merge), **asked.asking)
    what = f"{' and '.join(asked.merge)} become one firm" if asked.merge else "nothing changes"
    shown = [asdict(page) for page in pages(found, what)]
    said = {"spread": found.spread, "notes": found.notes, "firms": market.firm_names}
    return bytes(JSONResponse(said | {"pages": shown, "code": asked.code}).body)


def screen_routes() -> list[Route]:
    """The route of the screen."""
    return [Route("/screen", post_screen, methods=["POST"])]
