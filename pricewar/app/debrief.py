"""After the game: what the class did, against what theory says and against a world without the war."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np

from pricewar.analysis.wars import episodes, lacking
from pricewar.base.edition import EDITION
from pricewar.market.history import columns
from pricewar.results.metrics import price_change
from pricewar.results.store import Results, concat
from pricewar.runs import run
from pricewar.scenario.tree import Scenario

from .benchmarks import StillMarket
from .game import Game
from .seats import board

FIRST_CUT = 0.03
"""A fall of a firm's mean price from the start that counts as a cut, as in `analysis.wars`."""
_IMPOSED = ("Cut", "CampaignCut")


def but_for(game: Game) -> Scenario:
    """The game's market without the war: playable firms hold their start prices, no cut is imposed.

    Shocks, measures and luck are those of the game.
    """
    hold = {f"firms.{firm}.strategy": {"kind": "Hold"} for firm in game.firms}
    now = game.scenario()
    events = [event.model_dump() for event in now.events if event.kind not in _IMPOSED]
    return now.but({**hold, "events": events, "name": "but-for", "title": "The same market without the war"})


def results_of(game: Game) -> Results:
    """The tables of the rounds played, as a run has them."""
    row = {
        "scenario": [game.base.name],
        "seed": [game.model.seed_of_run],
        "digest": [game.scenario().digest],
        "version": [""],
        "edition": [EDITION],
        "status": ["ok"],
        "error": [""],
        "seconds": [0.0],
    }
    names = {key: firm.name for key, firm in game.base.firms.items()}
    tables: dict[str, Any] = {**columns(game.model), "runs": row}
    return Results(**tables, names=names)


def debrief(game: Game) -> dict[str, Any]:
    """The facts for the discussion after a game; money as the market has it, prices relative to the start.

    Returns:
        Wars, else what they lack to be one; profit destroyed against the but-for run, who cut first, and mean
        price and monthly profit of the playable firms beside one-shot Nash and joint profit.
    """
    played = results_of(game)
    without = run(but_for(game), uncertainty="luck").require_complete()
    without = _cut_to(without, game.round)
    both = concat([without, played])
    wars = episodes(both, baseline="but-for")
    gap = _profit(without, game) - _profit(played, game)
    return {
        "wars": wars[wars["scenario"] == game.base.name]
        .astype(object)
        .where(lambda frame: frame.notna(), None)
        .to_dict("records"),
        "no_war": lacking(both)[game.base.name, game.model.seed_of_run],
        "profit_destroyed": float(gap.sum()),
        "profit_destroyed_by_firm": dict(zip(game.firms, map(float, gap), strict=True)),
        "first_cut": first_cut(game),
        "theory": theory(game),
        "board": board(game),
        "rounds": game.round,
    }


def _cut_to(results: Results, rounds: int) -> Results:
    kept: dict[str, Any] = {
        name: frame[frame["period"] < rounds] for name, frame in results.tables.items() if "period" in frame
    }
    return results.but(**kept)


def _profit(results: Results, game: Game) -> np.ndarray[Any, Any]:
    summed = results.firms.groupby("firm")["operating_profit"].sum()
    return summed.reindex(list(game.firms)).to_numpy(float)


def first_cut(game: Game) -> list[dict[str, Any]]:
    """Playable firms in the order of their first cut of 3% or more, with its round (from 1) and depth."""
    found = []
    for row in board(game):
        cuts = [
            (i, -change)
            for i, change in enumerate(row["price"])
            if change is not None and change <= -FIRST_CUT
        ]
        if cuts:
            found.append(
                {k: row[k] for k in ("firm", "name", "player")}
                | {"round": cuts[0][0] + 1, "depth": cuts[0][1]}
            )
    return sorted(found, key=lambda cut: (cut["round"], -cut["depth"]))  # of equals the deepest first


def theory(game: Game) -> dict[str, Any]:
    """Mean price and total monthly profit of the playable firms: played, one-shot Nash, joint profit."""
    market = StillMarket(game.base)
    mask = market.landscape.firms_in(game.firms)
    nash, joint = market.nash(), market.joint()
    months = game.model.history
    mean = np.mean([m.accounts.operating_profit[mask].sum() for m in months])
    price = np.mean([_level(game, m.offers.price, mask) for m in months])
    last = _level(game, months[-1].offers.price, mask)
    return {
        "played": {"price": float(price), "last_price": last, "profit": float(mean)},
        "nash": {"price": _level(game, nash.price, mask), "profit": float(nash.profit[mask].sum())},
        "joint": {"price": _level(game, joint.price, mask), "profit": float(joint.profit[mask].sum())},
    }


def _level(game: Game, price: np.ndarray[Any, Any], mask: np.ndarray[Any, Any]) -> float:
    landscape = game.model.landscape
    own = mask[landscape.firm_of] & (landscape.start_units > 0)
    return 1.0 + float(price_change(price[own], landscape.start_price[own], landscape.start_units[own]))


def results_csv(game: Game) -> str:
    """One line per month and playable firm: who decided what, and what came of it."""
    frame = results_of(game).firms
    frame = frame[frame["firm"].isin(game.firms)]
    columns = [
        "period",
        "month",
        "firm",
        "units",
        "share",
        "revenue",
        "operating_profit",
        "cash",
        "price_change",
        "active",
    ]
    out = frame[columns].copy()
    out.insert(3, "player", [safe_cell(_player(game, firm)) for firm in out["firm"]])
    entries = [_entry(game, firm, month) for firm, month in zip(out["firm"], out["month"], strict=True)]
    out["list_price_decided"] = [entry[0] for entry in entries]
    out["promotion_decided"] = [entry[1] for entry in entries]
    out["period"] += 1
    return str(
        out.rename(columns={"period": "round"}).to_csv(
            index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL
        )
    )


def _player(game: Game, firm: str) -> str:
    return game.seats[firm].name if game.seating.taken(firm) else "computer"


def _entry(game: Game, firm: str, month: str) -> tuple[float | None, float | None]:
    if firm not in game.seats or month not in game.seats[firm].table:
        return None, None
    start = game.reference(firm)
    list_price, promotion = game.seats[firm].table[month]
    return round(list_price * start, 2), round(promotion * start, 2)


def safe_cell(text: str) -> str:
    """A text that a spreadsheet will not take for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
