"""Price wars in anybody's prices: a table of prices, by week or month, that no run of ours made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.base.errors import bad_input

from .wars import Definition, Path, War, find_wars

COLUMNS = ("start", "end", "outcome", "length", "depth", "breadth", "leader", "followers")
"""Columns of `price_episodes`."""


def price_episodes(
    prices: pd.DataFrame | pd.Series,
    costs: pd.DataFrame | pd.Series | None = None,
    weights: pd.Series | None = None,
    definition: Definition | None = None,
    periods_a_year: float = 12.0,
) -> pd.DataFrame:
    """All price wars of a market, from its prices alone.

    The definition is that of `episodes`. Its lengths are months and are converted to the periods of the
    table. The first row stands for the level before any war.

    Args:
        prices: (T, F) price of each firm, or (T,) that of the market; one row a period, in order of time.
        costs: unit costs of the same shape, so that a fall that costs explain is no war; without them costs
            are taken to stand still.
        weights: share of each firm in the market, by column; equal if None.
        definition: thresholds; the defaults of `Definition` if None. A market of fewer columns than
            `Definition.firms` needs all of them.
        periods_a_year: 12 for months, 52 for weeks, 365 for days.

    Returns:
        One row a war, columns `COLUMNS`: first and last period as in the index, how it ended, periods, depth
        as a fraction, firms that took part, who began, who followed with the lag in periods.

    Raises:
        InputError: fewer than three rows, prices or costs that are not numbers above 0, other labels, weights
            of other firms.
    """
    table = prices.to_frame("market") if isinstance(prices, pd.Series) else prices
    cost = costs.to_frame("market") if isinstance(costs, pd.Series) else costs
    _require(table, cost, weights, periods_a_year)
    level = _relative(table)
    real = level if cost is None else level / _relative(cost)
    share = np.ones(level.shape[1]) if weights is None else weights.reindex(table.columns).to_numpy(float)
    share = share / share.sum()
    path = Path(level @ share, real @ share, level, real, share)
    wars = find_wars(path, _in_periods(definition or Definition(), periods_a_year))
    rows = [_told(war, path, table) for war in wars]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _relative(table: pd.DataFrame) -> Floats:
    values = table.to_numpy(float)
    return np.asarray(values / values[0])


def _in_periods(definition: Definition, periods_a_year: float) -> Definition:
    """Lengths in months as whole periods, at least one."""
    lengths = {name: getattr(definition, name) for name in ("within", "join", "quiet")}
    scaled = {name: max(1, round(months * periods_a_year / 12.0)) for name, months in lengths.items()}
    return replace(definition, **scaled)


def _told(war: War, path: Path, table: pd.DataFrame) -> dict[str, object]:
    """One war in the words of the table; its rows are the positions of the path."""
    names, first = [str(name) for name in table.columns], np.nanmin(war.joined)
    lags = {name: int(at - first) for name, at in zip(names, war.joined, strict=True) if at >= 0}
    lags.pop(names[war.leader])
    last = war.calm if war.outcome == "recovered" else war.end
    last -= war.outcome == "recovered" and last > war.before + 1  # the recovery itself is peace again
    low = np.min(path.level[war.before + 1 : war.calm + 1])
    return {
        "start": table.index[war.before + 1],
        "end": table.index[last],
        "outcome": war.outcome,
        "length": last - war.before,
        "depth": float(1.0 - low / path.level[war.before]),
        "breadth": len(lags) + 1,
        "leader": names[war.leader],
        "followers": ", ".join(f"{name} +{lag}" for name, lag in sorted(lags.items(), key=lambda x: x[1])),
    }


def _require(
    prices: pd.DataFrame, costs: pd.DataFrame | None, weights: pd.Series | None, periods_a_year: float
) -> None:
    wrong: list[tuple[str, object, str]] = []
    for name, table in (("prices", prices), ("costs", costs)):
        if table is not None:
            values = table.apply(pd.to_numeric, errors="coerce").to_numpy(float)
            if len(table) < 3 or not table.shape[1]:
                wrong.append((name, table.shape, "three rows or more, one column or more"))
            elif not (np.isfinite(values) & (values > 0)).all():
                row, column = np.argwhere(~(np.isfinite(values) & (values > 0)))[0]
                place = f"{name}, row {table.index[row]}, column {table.columns[column]}"
                wrong.append((place, table.iat[row, column], "a number above 0"))
    if costs is not None and not (costs.index.equals(prices.index) and costs.columns.equals(prices.columns)):
        wrong.append(("costs", costs.shape, "the rows and columns of prices"))
    if weights is not None:
        given = weights.reindex(prices.columns)
        if not ((given >= 0).all() and given.sum() > 0 and len(weights) == prices.shape[1]):
            wrong.append(("weights", dict(weights), "a share of at least 0 for each column of prices"))
    if not 0 < periods_a_year < np.inf:
        wrong.append(("periods_a_year", periods_a_year, "a number above 0"))
    if wrong:
        raise bad_input("price_episodes", *wrong)
