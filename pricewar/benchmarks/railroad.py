"""The railroad cartel of 1880 to 1886: demand, the wars in its prices, and a trigger that starts them.

Porter (1983), A study of cartel stability, Bell Journal of Economics 14(2), 301-314.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from pricewar.analysis import price_episodes
from pricewar.base.arrays import Flags, Floats

from .facts import Facts
from .finding import Finding, Line, judged, normal
from .how import How
from .trigger import fitted

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

NAME: Final = "railroad"
WEEKS_A_YEAR: Final = 52.0
SEASON_WEEKS: Final = 4
"""Porter's seasons are thirteen periods of four weeks."""


def demand(weeks: pd.DataFrame) -> tuple[tuple[float, float], tuple[float, float], Floats]:
    """Elasticity of demand, by OLS and with the cartel's state as the instrument for price.

    ln tons on ln rate, open lakes and twelve seasons.

    Args:
        weeks: as `facts/railroad_weeks.csv`.

    Returns:
        (elasticity, standard error) by OLS; the same by IV; (T,) residuals of the latter.
    """
    season = (weeks["week"].to_numpy() - 1) % int(WEEKS_A_YEAR) // SEASON_WEEKS
    seasons = [season == place for place in range(1, season.max() + 1)]
    price = np.log(weeks["dollars_per_100_lb"].to_numpy())
    rest = np.column_stack([np.ones(len(weeks)), weeks["lakes_open"], *seasons]).astype(np.float64)
    tons = np.log(weeks["tons"].to_numpy())
    x, z = np.column_stack([price, rest]), np.column_stack([weeks["cartel_kept"], rest])
    ols, _ = _estimated(x, x, tons)
    iv, residuals = _estimated(x, z, tons)
    return ols, iv, residuals


def _estimated(x: Floats, z: Floats, y: Floats) -> tuple[tuple[float, float], Floats]:
    """First coefficient with its robust standard error (White 1980), and residuals; as many z as x."""
    inverse = np.linalg.inv(z.T @ x)
    slope = inverse @ (z.T @ y)
    residuals = y - x @ slope
    scores = z * residuals[:, None]
    variance = inverse @ (scores.T @ scores) @ inverse.T * len(y) / (len(y) - x.shape[1])
    return (float(slope[0]), float(np.sqrt(variance[0, 0]))), residuals


def spells(kept: Flags) -> list[tuple[int, int]]:
    """First and last week, from 1, of each war on record: weeks in a row in which the cartel did not hold."""
    runs = (
        (state, [week for week, _ in weeks]) for state, weeks in groupby(enumerate(kept, 1), lambda x: x[1])
    )
    return [(weeks[0], weeks[-1]) for state, weeks in runs if not state]


def railroad(facts: Facts, how: How) -> Finding:
    """Demand, wars found in the rates, and `GreenPorter` fitted to how often wars begin and how long they
    last.

    Args:
        facts: table `railroad_weeks`, figures of `railroad`.
        how: seeds of the runs that judge the fit.
    """
    weeks = facts.table("railroad_weeks")
    kept = weeks["cartel_kept"].to_numpy() == 1
    rates = weeks.set_index("week")["dollars_per_100_lb"]
    ols, iv, residuals = demand(weeks)
    wars, found = spells(kept), price_episodes(rates, periods_a_year=WEEKS_A_YEAR)
    trigger = fitted(facts, kept, iv[0], residuals, how)
    lines = [
        *_record(facts, weeks, kept, wars),
        judged(facts, NAME, "elasticity of demand, OLS", ols[0], normal(*ols), 1.0),
        judged(facts, NAME, "elasticity of demand, IV", iv[0], normal(*iv), 1.0),
        *_detected(facts, wars, list(zip(found["start"], found["end"], strict=True))),
        *trigger.lines,
    ]
    return Finding(
        NAME,
        "Railroad cartel, 1880 to 1886",
        tuple(lines),
        (_unseen(wars, rates), *trigger.notes),
        {"railroad_wars_found": found, "railroad_trigger": trigger.table},
        {"benchmark_railroad": lambda: _picture(rates, wars, found)},
    )


def _record(facts: Facts, weeks: pd.DataFrame, kept: Flags, wars: list[tuple[int, int]]) -> Iterator[Line]:
    """What the published statistics say of the series: our copy of it must be the same."""
    rates, tons = weeks["dollars_per_100_lb"].to_numpy(), weeks["tons"].to_numpy()
    lengths = [last - first + 1 for first, last in wars]
    yield judged(facts, NAME, "weeks with the cartel kept", kept.mean())
    yield judged(facts, NAME, "mean rate", rates.mean())
    yield judged(
        facts, NAME, "tons with the cartel kept over tons in wars", tons[kept].mean() / tons[~kept].mean()
    )
    yield judged(facts, NAME, "mean length of a war", float(np.mean(lengths)))


def _detected(facts: Facts, wars: list[tuple[int, int]], found: list[tuple[int, int]]) -> Iterator[Line]:
    met = [any(first <= war[1] and last >= war[0] for first, last in found) for war in wars]
    false = [not any(first <= war[1] and last >= war[0] for war in wars) for first, last in found]
    yield judged(facts, NAME, "wars found in the rates", float(len(found)))
    yield judged(facts, NAME, "wars on record that one found meets", float(sum(met)))
    yield judged(facts, NAME, "wars found that meet none on record", float(sum(false)))


def _unseen(wars: list[tuple[int, int]], rates: pd.Series) -> str:
    before = [rates.loc[max(first - SEASON_WEEKS, 1) : max(first - 1, 1)].max() for first, _ in wars]
    lowest = [rates.loc[first:last].min() for first, last in wars]
    flat = [war for war, was, low in zip(wars, before, lowest, strict=True) if low >= was]
    named = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in flat)
    return (
        f"In {len(flat)} of the {len(wars)} wars on record (weeks {named}) the rate was never below that of "
        "the four weeks before the war. No detector that sees rates alone can find these."
    )


def _picture(rates: pd.Series, wars: list[tuple[int, int]], found: pd.DataFrame) -> Picture:
    from matplotlib.figure import Figure

    from pricewar.plots.style import PALETTE, WIDTH, house

    with house():
        figure = Figure(figsize=(WIDTH, 2.4), layout="constrained")
        axes = figure.add_subplot()
        axes.step(rates.index, rates, where="post", color="black", linewidth=1.0)
        for first, last in wars:
            axes.axvspan(first, last + 1, color=PALETTE[1], alpha=0.25, linewidth=0)
        for start, end in zip(found["start"].astype(int), found["end"].astype(int), strict=True):
            axes.plot([start, end + 1], [0.09, 0.09], color=PALETTE[0], linewidth=4)
        axes.set(xlabel="week from January 1880", ylabel="dollars per 100 lb", ylim=(0.07, None))
        axes.set_title("Rate; wars on record (shaded) and wars found in the rate (bars)")
    return figure
