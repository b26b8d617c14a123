"""The reference page of classes, made from the code: rules, what a browser asks, fields of the tables."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

HEAD: Final = """# Classes: rules, rooms, tables

How to teach with them: [Teach with it](../how-to/teach-with-it.md). Why they are made so: [a class in many
markets](../adr/0113-a-class-in-many-markets.md). This page is made from the code by `make docs`.

## Rules

The form under *Game* sends these to `POST /api/game` as JSON; a script may do the same. Rules that do not fit
together are refused with the reason (422), and no game is opened.

"""
ROOMS: Final = (
    ("`/game/CODE`", "a player", "one market, one firm"),
    (
        "`/game/CODE/desk`",
        "the teacher",
        "all markets; `#key=SECRET` behind it brings the desk to another device",
    ),
    (
        "`/game/CODE/wall`",
        "whoever has the code",
        "code and picture of the address, clock, how many have decided; boards if the teacher shows them; "
        "the joint debrief at the end",
    ),
)
REQUESTS: Final = (
    ('`POST ""`', "none", "opens a class: its code and the teacher's secret"),
    ("`POST /CODE/join`", "none", "`name`, `browser`, `market`: a seat, its secret and its PIN"),
    ("`POST /CODE/rejoin`", "none", "`name`, `pin`: the seat on another device"),
    ("`POST /CODE/decide`", "player", "`round` (from 0), `list_price`, `promotion`"),
    ("`POST /CODE/say`", "player", "`text`: a message to one's market"),
    (
        "`POST /CODE/order`",
        "teacher",
        "`do`: start, practice, pause, resume, next, back, end, board, happening, undo, free; `market` for "
        "one market, else all",
    ),
    ("`GET /CODE/state`", "player or teacher", "what the page shows; `?since=VERSION` waits for news"),
    ("`GET /CODE/wall`", "none", "what the wall shows; `?since=VERSION` waits for news"),
    ("`GET /CODE/door`", "none", "in which markets there is room, where players choose"),
    ("`GET /CODE/qr.svg`", "none", "the picture of the address"),
    ("`GET /CODE/debrief`", "player or teacher", "the debrief of one market; `?market=B` for the teacher"),
    ("`GET /CODE/joint`", "none", "the debrief across markets, once all are over"),
    ("`GET /CODE/decisions.csv`, `.xlsx`", "teacher", "the table below; `?names=no` leaves names out"),
    ("`GET /CODE/chat.csv`", "teacher", "the log of the chat; `?names=no` too"),
    ("`GET /CODE/results.csv`", "teacher", "a shorter table: a line for each month and firm"),
    ("`GET /CODE/scenario.toml`", "teacher", "a market as a scenario file; `?market=B`"),
)
FIELDS_HEAD: Final = """## Fields of `decisions`

A row for each market, round and firm that may be played. The CSV begins with a byte order mark, so that
spreadsheets read names in any script. A name that a spreadsheet would take for a formula has an apostrophe
before it. Numbers of sales, money and shares in the CSV are those that `pricewar run` gives for the scenario
file, to the last digit; a workbook keeps 16 digits. Fields that oTree has too bear its names.

| field | meaning |
|---|---|
"""


def class_page() -> str:
    """docs/reference/classroom.md."""
    from pricewar.app.export import FIELDS
    from pricewar.app.game_rules import Planned
    from pricewar.app.markets import Textbook
    from pricewar.app.session_rules import GroupRules, Invited, SessionRules

    from .pages import fields_table

    tables: dict[str, type[BaseModel]] = {
        "The class": SessionRules,
        "`groups`: a treatment": GroupRules,
        "`textbook`: numbers of the textbook market": Textbook,
        "`planned`: an event or a nudge set before the game": Planned,
        "`roster`: a name on the list": Invited,
    }
    parts = [HEAD, *(f"### {title}\n\n{fields_table(model)}\n\n" for title, model in tables.items())]
    parts.append(f"## Rooms and requests\n\n{_table(('address', 'who', 'what'), ROOMS)}\n\n")
    parts.append("All requests are below `/api/game`. A secret goes as `Authorization: Bearer SECRET`.\n\n")
    parts.append(f"{_table(('request', 'secret', 'what'), REQUESTS)}\n\n")
    rows = [f"| `{field}` | {meaning} |" for field, meaning in FIELDS.items()]
    rows.append("| `session.config.NAME` | A rule of the market, as in the tables above. |")
    return "".join(parts) + FIELDS_HEAD + "\n".join(rows) + "\n"


def _table(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))
