"""What a browser may know of a game: the teacher everything, a player what his firm would see."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from .frames import runway
from .game import LARGEST_PROMOTION, LIST_RANGE, Game
from .happenings import HAPPENINGS

View = dict[str, Any]


def teacher_view(game: Game, now: float) -> View:
    """Everything: who sits where, who has decided, the board, what may be done."""
    seats = [
        {
            "firm": firm,
            "firm_name": game.base.firms[firm].name,
            "player": game.seats[firm].name if firm in game.seats else None,
            "decided": firm in game.seats and game.month in game.seats[firm].table,
            "late": game.seats[firm].late if firm in game.seats else 0,
        }
        for firm in game.firms
    ]
    return _common(game, now) | {"role": "teacher", "seats": seats, "board": board(game)}


def player_view(game: Game, firm: str, now: float) -> View:
    """Own books, rivals' prices, public news; rivals' costs, cash and decisions are not in it."""
    seat = game.seats[firm]
    start = game.reference(firm)
    chosen = seat.table.get(game.month)
    rivals = [key for key in game.base.firms if key != firm]
    return _common(game, now) | {
        "role": "player",
        "name": seat.name,
        "firm": firm,
        "firm_name": game.base.firms[firm].name,
        "decided": None if chosen is None else [round(part * start) for part in chosen],
        "limits": {"list": [round(bound * start) for bound in LIST_RANGE], "promotion": LARGEST_PROMOTION},
        "reference": round(start),
        "start_price": game.start_price(firm),
        "own": own_books(game, firm),
        "rivals": [
            {"firm": key, "name": game.base.firms[key].name, "price": seen}
            for key, seen in zip(rivals, rival_prices(game, rivals), strict=True)
        ],
        "board": board(game) if game.board or game.phase == "over" else None,
        "active": bool(game.model.state.active[game.model.landscape.firm(firm)]),
    }


def _common(game: Game, now: float) -> View:
    left = game.left if math.isinf(game.deadline) else max(game.deadline - now, 0.0)
    return {
        "phase": game.phase,
        "round": game.round,
        "rounds": game.rules.rounds,
        "month": game.month,
        "months": [game.base.month(period) for period in range(game.round)],
        "seconds_left": round(left, 1),
        "seconds": game.rules.seconds,
        "version": game.version,
        "market": game.rules.market,
        "show_board": game.board,
        "news": [{"period": period, "what": what} for period, _, what in _public(game)],
    }


def _public(game: Game) -> list[tuple[int, str, str]]:
    return [entry for entry in game.model.state.log if entry[0] < game.round]


def own_books(game: Game, firm: str) -> View:
    """A firm's own figures month by month, prices of its reference car; CNY and cars."""
    f, own = game.model.landscape.firm(firm), game.model.landscape.own(game.model.landscape.firm(firm))
    months, start = game.model.history, game.reference(firm)
    weight = np.array(list(game.start_list(firm).values()))
    weight = weight / weight.sum()
    list_ratio = [float(weight @ (m.offers.list_price[own] / _start_list(game, firm))) for m in months]
    promotion = [float(weight @ (m.offers.promotion[own] / _start_list(game, firm))) for m in months]
    cash = np.array([m.accounts.cash[f] for m in months])
    profit = np.array([m.accounts.operating_profit[f] for m in months])
    return {
        "list_price": [start * ratio for ratio in list_ratio],
        "promotion": [start * ratio for ratio in promotion],
        "units": [float(m.sales.units[own].sum()) for m in months],
        "share": [float(m.sales.units[own].sum() / max(m.sales.units.sum(), 1.0)) for m in months],
        "unit_cost": float(
            np.average(game.model.state.unit_cost[own], weights=game.model.landscape.start_units[own] + 1e-9)
        ),
        "profit": profit.tolist(),
        "cash": cash.tolist(),
        "cash_now": float(game.model.state.cash[f]),
        "fixed_cost": float(game.model.state.fixed_cost[f]),
        "runway": runway(cash[:, None], profit[:, None])[-1, 0] if months else None,
    }


def _start_list(game: Game, firm: str) -> np.ndarray[Any, Any]:
    start = game.start_list(firm)
    landscape = game.model.landscape
    return np.array([start[landscape.products[j]] for j in landscape.own(landscape.firm(firm))])


def rival_prices(game: Game, firms: list[str]) -> list[list[float | None]]:
    """Change of each firm's mean transaction price from the start, month by month; None once it has left."""
    landscape = game.model.landscape
    lines = []
    for firm in firms:
        own = landscape.own(landscape.firm(firm))
        weight = np.maximum(landscape.start_units[own], 1e-9)
        start = landscape.start_price[own]
        lines.append(
            [
                float(np.average(m.offers.price[own] / start - 1.0, weights=weight))
                if m.active[landscape.firm(firm)]
                else None
                for m in game.model.history
            ]
        )
    return lines


def board(game: Game) -> list[View]:
    """Firms by profit so far: what a class sees on the wall."""
    landscape, months = game.model.landscape, game.model.history
    rows = []
    for firm in game.firms:
        f, own = landscape.firm(firm), landscape.own(landscape.firm(firm))
        rows.append(
            {
                "firm": firm,
                "name": game.base.firms[firm].name,
                "player": game.seats[firm].name if firm in game.seats else None,
                "profit": float(sum(m.accounts.operating_profit[f] for m in months)),
                "profits": [float(m.accounts.operating_profit[f]) for m in months],
                "share": float(months[-1].sales.units[own].sum() / max(months[-1].sales.units.sum(), 1.0))
                if months
                else 0.0,
                "cash": float(game.model.state.cash[f]),
                "price": rival_prices(game, [firm])[0],
                "active": bool(game.model.state.active[f]),
            }
        )
    return sorted(rows, key=lambda row: -row["profit"])


def possible(game: Game) -> list[View]:
    """The teacher's buttons."""
    keys = ("label", "unit", "meaning", "low", "high", "usual", "firm")
    return [{"sort": sort} | {k: asdict(h)[k] for k in keys} for sort, h in HAPPENINGS.items()]
