"""What a teacher takes home: every decision of a class with its setting, as CSV and as a workbook.

Fields that oTree has too bear its names (`participant.label`, `subsession.round_number`, `player.payoff`), so
that scripts for its files read these.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Font

from .debrief import asked, played_rows, safe_cell
from .game import Game
from .game_rules import GameRules, Seat
from .seats import own_books
from .session import Session

BOM: Final = "\ufeff"
"""What tells a spreadsheet that names are in UTF-8."""
FIELDS: Final[Mapping[str, str]] = {
    "session.code": "Code of the class.",
    "participant.code": "Seat: code of the class, market, place in it. The same in every round.",
    "participant.label": "Name of the player; empty for a computer firm and in an export without names.",
    "participant._is_bot": "1 if the computer decided for want of a person, else 0.",
    "participant.quiz_tries": "How often the questions on the rules were answered, up to the "
    "first time without a mistake; empty where none were asked.",
    "participant.quiz_passed": "1 if all of them were answered well, else 0; empty where none were asked.",
    "group.id_in_subsession": "Number of the market, from 1.",
    "group.market": "Letter of the market.",
    "group.treatment": "Its treatment.",
    "group.nudges": "Events and nudges that came into force in this round.",
    "subsession.round_number": "Round, from 1. Practice rounds are not in it.",
    "month": "Month of the market.",
    "player.id_in_group": "Place of the firm in its market, from 1.",
    "player.role": "The firm.",
    "player.list_price_asked": "List price that was decided, money; empty: nothing was decided.",
    "player.promotion_asked": "Promotion that was decided, money.",
    "player.price_asked": "What a buyer was to pay, money: list price less promotion.",
    "player.price_stood": "What buyers did pay for the firm's reference car, money, to the cent.",
    "player.price_change": "Mean price of the firm against the start, fraction.",
    "player.late": "1 if the player was too late and the default rule decided, else 0.",
    "player.seconds": "From the opening of the round to the decision, pauses left out.",
    "player.decided_at": "Time of the decision by the server's clock, UTC.",
    "player.units": "Units sold.",
    "player.share": "Share of all units sold, fraction.",
    "player.revenue": "Revenue, money.",
    "player.payoff": "Operating profit of the month, money.",
    "player.cash": "Cash at the end of the month, money.",
    "player.active": "1 while the firm is in the market, else 0.",
}
"""Field -> what it means; those of `session.config` are the rules of the market."""

_OF_THE_RUN: Final[Mapping[str, str]] = {
    "subsession.round_number": "period",
    "month": "month",
    "player.price_change": "price_change",
    "player.units": "units",
    "player.share": "share",
    "player.revenue": "revenue",
    "player.payoff": "operating_profit",
    "player.cash": "cash",
    "player.active": "active",
}


def decisions(session: Session, code: str, named: bool = True) -> pd.DataFrame:
    """A row for each market, round and firm that may be played.

    Args:
        session: the class.
        code: its code.
        named: whether players' names are in it.
    """
    parts = [
        _market(session, game, key, i + 1, code, named)
        for i, (key, game) in enumerate(session.games.items())
        if game.round
    ]
    configs = [f"session.config.{name}" for name in settings(next(iter(session.games.values())).rules)]
    return pd.concat(parts) if parts else pd.DataFrame(columns=[*FIELDS, *configs])


def _market(session: Session, game: Game, key: str, number: int, code: str, named: bool) -> pd.DataFrame:
    run = played_rows(game)
    stood = {firm: own_books(game, firm) for firm in game.firms}
    rows = [
        {
            **_who(game, firm, month, f"{code}-{key}", named),
            **_decided(game, firm, month),
            "player.price_stood": round(
                stood[firm]["list_price"][turn - 1] - stood[firm]["promotion"][turn - 1], 2
            ),
            "group.nudges": "; ".join(one.told(game.base) for one in game.nudges if one.round == turn - 1),
        }
        for firm, month, turn in zip(run["firm"], run["month"], run["period"], strict=True)
    ]
    out = pd.DataFrame(rows, index=run.index)
    out["session.code"] = code
    out["group.id_in_subsession"] = number
    out["group.market"] = key
    out["group.treatment"] = safe_cell(session.treatments[key])
    for field, column in _OF_THE_RUN.items():
        out[field] = run[column]
    out["player.active"] = out["player.active"].astype(int)
    config = {f"session.config.{name}": value for name, value in settings(game.rules).items()}
    return out[list(FIELDS)].assign(**config)


def _who(game: Game, firm: str, month: str, prefix: str, named: bool) -> dict[str, Any]:
    place = game.firms.index(firm) + 1
    seat = game.seats.get(firm)
    person = seat is not None and month in seat.months
    return {
        "participant.code": f"{prefix}{place}",
        "participant.label": safe_cell(seat.name) if named and person and seat is not None else "",
        "participant._is_bot": int(not person),
        **_understood(game, seat if person else None),
        "player.id_in_group": place,
        "player.role": game.base.firms[firm].name,
    }


def _understood(game: Game, seat: Seat | None) -> dict[str, Any]:
    asked = game.rules.quiz and seat is not None
    return {
        "participant.quiz_tries": seat.tries if asked and seat else None,
        "participant.quiz_passed": int(seat.passed) if asked and seat else None,
    }


def _decided(game: Game, firm: str, month: str) -> dict[str, Any]:
    list_price, promotion = asked(game, firm, month)
    seat = game.seats.get(firm)
    return {
        "player.list_price_asked": list_price,
        "player.promotion_asked": promotion,
        "player.price_asked": (
            None if list_price is None or promotion is None else round(list_price - promotion, 2)
        ),
        "player.late": int(seat is not None and month in seat.months and month not in seat.table),
        "player.seconds": seat.spent.get(month) if seat else None,
        "player.decided_at": seat.times.get(month, "") if seat else "",
    }


def settings(rules: GameRules) -> dict[str, Any]:
    """The rules of a market as one row."""
    plain = rules.model_dump(exclude={"textbook", "planned", "table", "shared"})
    own = rules.textbook.model_dump() if rules.market == "textbook" else {}
    return plain | {f"textbook.{name}": value for name, value in own.items()}


def decisions_csv(table: pd.DataFrame) -> str:
    """The table as text that a spreadsheet opens with every name as it was written."""
    return BOM + str(table.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL))


def chat_table(session: Session, code: str, named: bool = True) -> pd.DataFrame:
    """A row for each message; without names, who wrote it is told by their seat."""
    rows = [
        {
            "session.code": code,
            "group.market": key,
            "subsession.round_number": one.round + 1,
            "participant.code": f"{code}-{key}{session.games[key].firms.index(one.firm) + 1}",
            "nickname": safe_cell(one.name) if named else "",
            "body": safe_cell(one.text),
            "timestamp": one.clock,
        }
        for key, talk in session.talk.items()
        for one in talk.said
    ]
    names = [
        "session.code",
        "group.market",
        "subsession.round_number",
        "participant.code",
        "nickname",
        "body",
    ]
    return pd.DataFrame(rows, columns=[*names, "timestamp"])


def chat_csv(session: Session, code: str, named: bool = True) -> str:
    """The log of the chat as text for a spreadsheet."""
    return decisions_csv(chat_table(session, code, named))


def decisions_xlsx(session: Session, how: Mapping[str, Any]) -> bytes:
    """A workbook: decisions, chat, and what each field means."""
    book = Workbook()
    book.remove(book.active)
    _sheet(book, "decisions", decisions(session, **how))
    if session.talk:
        _sheet(book, "chat", chat_table(session, **how))
    _sheet(book, "fields", pd.DataFrame({"field": list(FIELDS), "meaning": list(FIELDS.values())}))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet(book: Any, name: str, table: pd.DataFrame) -> None:
    sheet = book.create_sheet(name)
    sheet.append(list(table.columns))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    plain = table.astype(object).where(table.notna(), None)
    for row in plain.itertuples(index=False):
        sheet.append([value.item() if hasattr(value, "item") else value for value in row])
    sheet.freeze_panes = "A2"
