"""What a browser may know of a game: the teacher everything, a player what their firm would see."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pricewar.base.sums import dot

from .frames import runway
from .game import Game
from .game_rules import LARGEST_PROMOTION
from .happenings import buttons
from .quiz import questions, told

View = dict[str, Any]


def teacher_view(game: Game, now: float) -> View:
    """Everything: who sits where, who has decided, the board, what may be done."""
    seats = [
        {
            "firm": firm,
            "firm_name": game.base.firms[firm].name,
            "player": game.seats[firm].name if game.seating.taken(firm) else None,
            "decided": firm in game.seats and game.month in game.seats[firm].table,
            "late": game.seats[firm].late if firm in game.seats else 0,
            "passed": game.seats[firm].passed if game.rules.quiz and firm in game.seats else None,
        }
        for firm in game.firms
    ]
    pending = [{"number": one.number, "what": one.told(game.base)} for one in game.pending]
    desk = {"seats": seats, "board": board(game), "pending": pending, "happenings": buttons(game.base.words)}
    return _common(game, now) | {"role": "teacher", **desk}


def player_view(game: Game, firm: str, now: float) -> View:
    """Own books, rivals' prices, public news; rivals' costs, cash and decisions are not in it."""
    seat = game.seats[firm]
    start = game.reference(firm)
    chosen = seat.table.get(game.month)
    outlook = game.outlook(firm)
    rivals, rounded = [key for key in game.base.firms if key != firm], game.base.words.rounded
    return _common(game, now) | {
        "role": "player",
        "name": seat.name,
        "firm": firm,
        "firm_name": game.base.firms[firm].name,
        "decided": None if chosen is None else [rounded(part * start) for part in chosen],
        "stands": None if chosen is None else stands(game, firm, chosen),
        "limits": {
            "list": list(outlook.list_range),
            "promotion": LARGEST_PROMOTION,
            "lowest": outlook.lowest,
            "reasons": list(outlook.reasons),
        },
        "notice": seat.notice,
        "quiz": quiz_of(game, firm),
        "last": last_month(game, firm),
        "reference": rounded(start),
        "start_price": game.start_price(firm),
        "own": own_books(game, firm),
        "rivals": [
            {"firm": key, "name": game.base.firms[key].name, "price": price_path(game, key)}
            for key in rivals
            if game.rules.rivals or game.phase == "over"
        ],
        "board": board(game) if game.board_shown else None,
        "active": bool(game.model.state.active[game.model.landscape.firm(firm)]),
    }


def quiz_of(game: Game, firm: str) -> View | None:
    """The rules and the questions on them, for who waits for the game and has not answered them yet."""
    if not game.rules.quiz or game.seats[firm].passed or game.phase != "lobby":
        return None
    return {"rules": told(game), "questions": [one.asked() for one in questions(game, firm)]}


def _common(game: Game, now: float) -> View:
    left = game.left if math.isinf(game.deadline) else max(game.deadline - now, 0.0)
    return {
        "phase": game.phase,
        "round": game.round,
        "rounds": game.rules.rounds,
        "stop": game.rules.stop,
        "sure": game.rules.sure,
        "practice": game.practice,
        "month": game.month,
        "months": [game.base.month(period) for period in range(game.round)],
        "seconds_left": round(left, 1),
        "seconds": game.rules.seconds,
        "version": game.version,
        "market": game.rules.market,
        "vat": game.base.market.vat,
        "words": game.base.words.as_tree(),
        "show_board": game.board,
        "news": [{"period": period, "what": what} for period, _, what in _public(game)]
        + [{"period": game.round, "what": one.told(game.base)} for one in game.pending if one.public],
    }


def _public(game: Game) -> list[tuple[int, str, str]]:
    return [entry for entry in game.model.state.log if entry[0] < game.round]


def stands(game: Game, firm: str, chosen: tuple[float, float]) -> View:
    """The price that buyers would meet, and how many products a measure holds above what was asked."""
    outlook, price = game.outlook(firm), chosen[0] - chosen[1]
    stood = game.base.words.rounded(outlook.stands(price) * game.reference(firm))
    return {"price": stood, "held": outlook.holds(price)}


def last_month(game: Game, firm: str) -> View | None:
    """What was asked for in the month run last, what stood, and whether the default rule decided."""
    if not game.round:
        return None
    books, month, start = own_books(game, firm), game.base.month(game.round - 1), game.reference(firm)
    rounded = game.base.words.rounded
    chosen = game.seats[firm].table.get(month)
    return {
        "asked": None if chosen is None else rounded((chosen[0] - chosen[1]) * start),
        "stood": rounded(books["list_price"][-1] - books["promotion"][-1]),
        "late": game.seats[firm].missed == month,
    }


def own_books(game: Game, firm: str) -> View:
    """A firm's own figures month by month, prices of its reference product; money and units."""
    model, books, start = game.model, game.books, game.reference(firm)
    f = model.landscape.firm(firm)
    own = model.landscape.own(f)
    lists = game.start_list(firm)
    start_list = np.array([lists[model.landscape.products[j]] for j in own])
    weight = start_list / start_list.sum()
    offers = [month.offers for month in model.history]
    cash, profit = books.cash[:, f], books.profit[:, f]
    limited = game.base.firms[firm].cash is not None
    return {
        "list_price": [start * dot(weight, one.list_price[own] / start_list) for one in offers],
        "promotion": [start * dot(weight, one.promotion[own] / start_list) for one in offers],
        "units": books.units[:, f].tolist(),
        "share": books.share[:, f].tolist(),
        "unit_cost": game.unit_cost(firm),
        "profit": profit.tolist(),
        "cash": cash.tolist(),
        "cash_now": cash_of(game, firm),
        "fixed_cost": float(model.state.fixed_cost[f]),
        "runway": runway(cash[:, None], profit[:, None])[-1, 0] if offers and limited else None,
    }


def cash_of(game: Game, firm: str) -> float | None:
    """What a firm has in cash now; None where the market states no limit."""
    known = game.base.firms[firm].cash is not None
    return float(game.model.state.cash[game.model.landscape.firm(firm)]) if known else None


def price_path(game: Game, firm: str) -> list[float | None]:
    """Change of a firm's mean transaction price from the start, month by month; None once it has left."""
    f, books = game.model.landscape.firm(firm), game.books
    seen = zip(books.price[:, f].tolist(), books.active[:, f].tolist(), strict=True)
    return [price if active else None for price, active in seen]


def board(game: Game) -> list[View]:
    """Firms by profit so far: what a class sees on the wall."""
    rows = [_board_row(game, firm) for firm in game.firms]
    return sorted(rows, key=lambda row: -row["profit"])


def _board_row(game: Game, firm: str) -> View:
    f, books, state = game.model.landscape.firm(firm), game.books, game.model.state
    return {
        "firm": firm,
        "name": game.base.firms[firm].name,
        "player": game.seats[firm].name if game.seating.taken(firm) else None,
        "profit": float(books.profit[:, f].sum()),
        "profits": books.profit[:, f].tolist(),
        "share": float(books.share[-1, f]) if game.round else 0.0,
        "cash": cash_of(game, firm),
        "price": price_path(game, firm),
        "active": bool(state.active[f]),
    }
