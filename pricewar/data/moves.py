"""What the recorded price moves say about conduct: how often, how soon, how deep, in which form."""

from __future__ import annotations

import pandas as pd

from . import MarketData

OWN_TRIGGERS = ("self", "seasonal")


def depths(moves: pd.DataFrame) -> pd.Series[float]:
    """Cut of each move in percent of the price before it; NaN where no base price is recorded."""
    return moves["cut_pct"].fillna(100.0 * moves["cut_cny"] / moves["price_before_cny"])


def answers(moves: pd.DataFrame) -> pd.DataFrame:
    """Return the moves that answer a rival, with `leader` and `wave` (the rival's date)."""
    own = moves["trigger"].str.startswith(OWN_TRIGGERS)
    found = moves[~own]
    parts = found["trigger"].str.extract(r"^(?P<leader>\S+) (?P<wave>\S+)$")
    return found.join(parts)


def summary(moves: pd.DataFrame) -> pd.DataFrame:
    """Count each firm's moves by form and answer, with its median lag (days) and depth (percent)."""
    replies = answers(moves)
    lag = replies.groupby("firm")["days_after_trigger"]
    kinds = moves.groupby(["firm", "kind"]).size().unstack(fill_value=0)
    return pd.DataFrame(
        {
            "moves": moves.groupby("firm").size(),
            "list": kinds["list"],
            "limited-time": kinds["limited-time"],
            "subsidy": kinds["subsidy"],
            "answers": replies.groupby("firm").size(),
            "median lag, days": lag.median(),
            "lags known": lag.count(),
            "median depth, %": depths(moves).groupby(moves["firm"]).median(),
            "depths known": depths(moves).groupby(moves["firm"]).count(),
        }
    ).fillna({"answers": 0, "lags known": 0})


def list_price_gaps(moves: pd.DataFrame, firm: str) -> list[int]:
    """Days between the dates on which a firm changed list prices."""
    dated = moves[(moves["firm"] == firm) & (moves["kind"] == "list")]["announced"]
    dates = pd.to_datetime(pd.Series(sorted(set(dated[dated.str.len() == 10]))))
    return [int(gap.days) for gap in dates.diff().dropna()]


def follow_ratios(data: MarketData) -> pd.DataFrame:
    """Depth of each answer over the depth of what it answered, where both are known.

    A line-up move without a base price is measured against the firm's average list price. The leader's
    depth is the median of its moves on the trigger's date.
    """
    replies = answers(data.price_moves)
    weights = data.products["units"] * data.products["list_price"]
    average = weights.groupby(data.products["firm"]).sum() / data.products.groupby("firm")["units"].sum()
    lineup = replies["model"].eq("lineup")
    own = depths(replies).fillna((100.0 * replies["cut_cny"] / replies["firm"].map(average)).where(lineup))
    led = depths(data.price_moves).groupby(data.price_moves["announced"]).median()
    table = replies.assign(depth=own, led=replies["wave"].map(led))
    table = table.assign(ratio=table["depth"] / table["led"]).dropna(subset=["ratio"])
    return table[["firm", "model", "announced", "wave", "depth", "led", "ratio"]].reset_index(drop=True)
