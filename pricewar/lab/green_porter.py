"""Green and Porter (1984): price wars on the path of play, because firms cannot tell a slump from a cheat.

The version of Tirole (1988, section 6.7.1): two firms share monopoly profit 1 unless demand is zero, which
happens with probability `alpha` and looks like a rival's secret cut. After a period without sales prices
stand at cost for `T` periods.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import Field

from . import figures
from .detect import war_episodes
from .report import Comparison, Report, standard_error
from .settings import Number, Settings, Sitting, Whole, published_game

SOURCE = "Green, Porter (1984), Econometrica 52(1); Tirole (1988), section 6.7.1"


class GreenPorter(Settings):
    """Settings of `green-porter`."""

    alpha: Number = Field(0.1, gt=0, lt=1, description="probability of a slump")
    delta: Number = Field(0.95, ge=0, lt=1, description="discount factor")
    T: Whole = Field(6, ge=1, description="periods of war")
    n: Whole = Field(2, ge=2, description="firms")
    profit: Number = Field(1.0, description="of all firms together in collusion")
    periods: Whole = Field(20_000, ge=100, description="periods played in each session")


def trigger_value(alpha: float, delta: float, spell: int, firms: int = 2, profit: float = 1.0) -> float:
    """Value of a firm at the start of a collusive period.

    V = (1 - alpha)(profit/firms + delta V) + alpha delta^(spell+1) V.
    """
    keep = (1 - alpha) * delta + alpha * delta ** (spell + 1)
    return (1 - alpha) * profit / firms / (1 - keep)


def incentive_slack(alpha: float, delta: float, spell: int, firms: int = 2, profit: float = 1.0) -> float:
    """What an honest firm earns above a cheat, who takes the market once and then faces the war."""
    value = trigger_value(alpha, delta, spell, firms, profit)
    return value - ((1 - alpha) * profit + delta ** (spell + 1) * value)


def shortest_spell(alpha: float, delta: float, firms: int = 2, longest: int = 10_000) -> int | None:
    """Fewest periods of war that deter cheating; None if no length does."""
    for spell in range(1, longest + 1):
        if incentive_slack(alpha, delta, spell, firms) >= 0:
            return spell
    return None


def war_share(alpha: float, spell: int) -> float:
    """Long-run share of periods at war: alpha T / (1 + alpha T)."""
    return alpha * spell / (1 + alpha * spell)


def play(alpha: float, spell: int, periods: int, seed: int) -> NDArray[np.bool_]:
    """(periods,) whether the market is at war."""
    slump = np.random.Generator(np.random.Philox(key=[seed, 0x69])).random(periods) < alpha
    war = np.zeros(periods, bool)
    until = -1
    for t in range(periods):
        war[t] = t <= until
        if not war[t] and slump[t]:
            until = t + spell
    return war


@published_game("green-porter", GreenPorter, sessions=100)
def run(s: GreenPorter, how: Sitting) -> Report:
    """Solve the trigger equilibrium and play it `sessions` times; `exact` and `workers` have no effect.

    Raises:
        InputError: probabilities or discount factor out of range, a war of no length, fewer than two firms.
    """
    alpha, delta, spell, firms = s.alpha, s.delta, s.T, s.n
    value = trigger_value(alpha, delta, spell, firms, s.profit)
    wars = []
    for k in range(max(how.sessions, 2)):
        wars.append(play(alpha, spell, s.periods, how.seed * 100_003 + k))
        if how.progress and k < how.sessions:
            how.progress(1)
    shares = np.array([war.mean() for war in wars])
    found = war_episodes(np.where(wars[0], 0.0, 1.0), cost=0.0, gap=0)
    shortest = shortest_spell(alpha, delta, firms)
    baseline = s.published("periods")
    length = float(np.mean([e.length for e in found]))
    rows = (
        Comparison("value of collusion", 5.98673 if baseline else None, value),
        Comparison("share of periods at war, long run", 0.375 if baseline else None, war_share(alpha, spell)),
        Comparison(
            "share of periods at war, played",
            war_share(alpha, spell),
            shares.mean(),
            standard_error(shares),
            sessions=len(shares),
            solved=True,
        ),
        Comparison("slack of the incentive constraint", None, incentive_slack(alpha, delta, spell, firms)),
        Comparison("shortest war that deters", None, float("nan") if shortest is None else float(shortest)),
        Comparison("mean length of detected wars", None, length, note="wars one period apart count as one"),
    )
    table = spell_table(s)
    return Report(
        game="green-porter",
        source=SOURCE,
        settings={**s.model_dump(), "seed": how.seed},
        comparisons=rows,
        summary={
            "value": value,
            "war_share": war_share(alpha, spell),
            "shortest_war": shortest,
            "played_war_share": float(shares.mean()),
        },
        tables={"spells": table},
        figures={"spells": lambda: _figure(table)},
    )


def spell_table(s: GreenPorter, longest: int = 30) -> pd.DataFrame:
    """Value and slack of the incentive constraint for wars of 1 to `longest` periods."""
    spells = range(1, longest + 1)
    rest = (s.n, s.profit)
    values = [trigger_value(s.alpha, s.delta, t, *rest) for t in spells]
    slack = [incentive_slack(s.alpha, s.delta, t, *rest) for t in spells]
    return pd.DataFrame({"spell": spells, "value": values, "slack": slack})


def _figure(table: pd.DataFrame) -> Figure:
    series = {"value of collusion": "value", "slack of the incentive constraint": "slack"}
    return figures.lines(
        table["spell"].to_numpy(),
        {name: table[column].to_numpy() for name, column in series.items()},
        "length of the war, periods",
        "money",
        {"no slack": 0.0},
    )
