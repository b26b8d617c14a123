"""The debrief across all markets of a class: what size and treatment did to prices, wars and profit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .debrief import debrief
from .game import Game
from .session import Session

Facts = dict[str, Any]


def joint(session: Session) -> Facts:
    """The facts for the discussion with the whole class; prices relative to the start.

    Returns:
        A row for each market, and means over the markets of each treatment and of each size.
    """
    markets = [
        {"key": key, "treatment": session.treatments[key]} | _market(game)
        for key, game in session.games.items()
        if game.round
    ]
    return {
        "markets": markets,
        "treatments": _means(markets, lambda row: row["treatment"]),
        "sizes": _means(markets, lambda row: row["firms"]),
        "players": sorted(
            (one for row in markets for one in row.pop("players")), key=lambda one: -one["gain"]
        ),
        "words": next(iter(session.games.values())).base.words.as_tree(),
    }


def _market(game: Game) -> Facts:
    facts = debrief(game)
    theory = facts["theory"]
    first = facts["first_cut"]
    return {
        "firms": len(game.firms),
        "persons": sum(seat.person for seat in game.seats.values()),
        "rounds": game.round,
        "path": theory["path"],
        "price": theory["played"]["price"],
        "nash": theory["nash"]["price"],
        "joint": theory["joint"]["price"],
        "cooperation": cooperation(theory),
        "first_cut": first[0]["round"] if first else None,
        "first_cutters": [cut["player"] or cut["name"] for cut in first if cut["round"] == first[0]["round"]],
        "wars": [_rounds(game, war) for war in facts["wars"]],
        "profit_destroyed": facts["profit_destroyed"],
        "players": [_player(game, row, facts) for row in facts["board"] if row["player"]],
    }


def cooperation(theory: Facts) -> float | None:
    """How much of the way from one-shot Nash to joint profit the firms' mean profit went.

    0 is Nash, 1 joint profit: the gain Delta of Calvano et al. (2020, AER 110(10)). None where the two are
    the same.
    """
    nash, best = theory["nash"]["profit"], theory["joint"]["profit"]
    return (theory["played"]["profit"] - nash) / (best - nash) if best > nash else None


def _rounds(game: Game, war: Facts) -> Facts:
    months = [game.base.month(period) for period in range(game.round)]
    start, end = (months.index(war[at]) + 1 for at in ("start", "end"))
    return {"first": start, "last": end, "depth": war["depth"]}


def _player(game: Game, row: Facts, facts: Facts) -> Facts:
    """A player's profit beside that of the same firm in the same market without the war."""
    gain = -facts["profit_destroyed_by_firm"][row["firm"]]
    return {"player": row["player"], "firm": row["name"], "profit": row["profit"], "gain": gain}


def _means(markets: list[Facts], of: Callable[[Facts], Any]) -> list[Facts]:
    found = []
    for name in dict.fromkeys(map(of, markets)):
        rows = [row for row in markets if of(row) == name]
        found.append(
            {
                "name": name,
                "markets": [row["key"] for row in rows],
                "price": mean(row["price"] for row in rows),
                "cooperation": mean(row["cooperation"] for row in rows),
                "first_cut": mean(row["first_cut"] for row in rows),
                "war_rounds": mean(sum(w["last"] - w["first"] + 1 for w in row["wars"]) for row in rows),
            }
        )
    return found


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of those that there are; None of none."""
    kept = [value for value in values if value is not None]
    return float(np.mean(kept)) if kept else None
