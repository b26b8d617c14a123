"""Petrol in Perth: undercutting by the day and one day on which all go back up.

The effect of market isolation on competitive behavior in retail petrol markets (2022), Sustainability 14(13),
8102; the rule is that of Maskin and Tirole (1988).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.lab.detect import edgeworth_cycle
from pricewar.runs import run
from pricewar.scenario.tree import Scenario

from .facts import Facts
from .finding import Finding, judged
from .how import How
from .markets import market

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

NAME: Final = "petrol"
GROUPS: Final = ("majors", "independents")
DAYS: Final = 84
WARM_UP: Final = 14
"""Days until the cycle runs; they are not counted."""


def petrol(facts: Facts, how: How) -> Finding:
    """A daily market in which everybody plays `EdgeworthCycle`, with the published daily fall and rise.

    Args:
        facts: figures of `petrol`.
        how: unused; the rule has no luck.
    """
    paths = _paths(_market(facts, facts.value(NAME, "price at the top")))
    found = _measured(paths)
    ends = ("lowest price at the top", "highest price at the top")
    others = [_measured(_paths(_market(facts, facts.value(NAME, end)))) for end in ends]
    lines = [
        judged(facts, NAME, name, value, [one[name] for one in (found, *others)], 1.0)
        for name, value in found.items()
    ]
    flag = edgeworth_cycle(paths.mean(axis=1).to_numpy())
    notes = (
        "The step, and the depth of the cycle in cents, are set to the four published numbers. The rhythm "
        "is not: a firm lowers its price until the next step would pass the bottom, and then goes back up. "
        "Majors watch the nearest major, independents the nearest independent; all set their prices once a "
        "day, at the same time, as the law of Western Australia has it. Intervals are over the price at "
        "the top.",
        f"The detector of cycles {'takes' if flag.cycle else 'does not take'} the mean price for an "
        "Edgeworth cycle.",
    )
    table = paths.reset_index()
    return Finding(
        NAME,
        "Petrol in Perth",
        tuple(lines),
        notes,
        {"petrol_prices": table},
        {"benchmark_petrol": lambda: _picture(paths)},
    )


def _market(facts: Facts, top: float) -> Scenario:
    """Majors and independents at the top of the cycle; unit cost is the bottom that a group goes down to."""
    firms: dict[str, dict[str, Any]] = {}
    numbers = {group: int(facts.value(NAME, group)) for group in GROUPS}
    for group, number in numbers.items():
        fall, rise = (facts.value(NAME, f"{way} of {group}") for way in ("fall", "rise"))
        # a step is a part of the price, which is half a rise below the top on the average
        rule = {"kind": "EdgeworthCycle", "step": fall / (top - rise / 2), "restore": 1.0, "lead": True}
        rule["commitment"] = 1
        told = {"strategy": rule, "price": top, "unit_cost": top - rise, "units": 1e5}
        told["segment"] = "A" if group == "majors" else "B"  # the nest: whom one watches
        firms |= {f"{group}-{place}": told for place in range(1, number + 1)}
    demand = {"kind": "NestedLogit", "own_elasticity": -8.0, "nests": "segment", "rho": 0.6}
    return market(NAME, firms, demand, 1.25e5 * len(firms), DAYS + WARM_UP, period="day")


def _paths(scenario: Scenario) -> pd.DataFrame:
    """(day, group) mean price."""
    products = run(scenario, seeds=[1]).require_complete().products
    group = products["firm"].str.rsplit("-", n=1).str[0]
    paths = products.groupby(["period", group])["price"].mean().unstack()
    return paths.loc[WARM_UP:, list(GROUPS)].rename_axis("day").rename_axis(columns=None)


def _measured(paths: pd.DataFrame) -> dict[str, float]:
    """The published figures, read off simulated prices."""
    found = {}
    for group in GROUPS:
        change = np.diff(paths[group].to_numpy())
        found[f"rise of {group}"] = float(change[change > 0].mean()) if (change > 0).any() else float("nan")
        found[f"fall of {group}"] = float(-change[change < 0].mean()) if (change < 0).any() else float("nan")
    rhythms = [_rhythm(np.diff(paths[group].to_numpy())) for group in GROUPS]
    return found | {name: float(np.mean([one[name] for one in rhythms])) for name in rhythms[0]}


def _rhythm(change: Floats) -> dict[str, float]:
    """Days from rise to rise, and of rising and falling in between, of one group."""
    up = change > 0
    starts = np.flatnonzero(up & ~np.concatenate([[False], up[:-1]]))
    if len(starts) < 2:
        return dict.fromkeys(
            (
                "days from rise to rise",
                "days of rising prices in a cycle",
                "days of falling prices in a cycle",
            ),
            float("nan"),
        )
    whole, cycles = change[starts[0] : starts[-1]], len(starts) - 1
    return {
        "days from rise to rise": float(np.diff(starts).mean()),
        "days of rising prices in a cycle": float((whole > 0).sum() / cycles),
        "days of falling prices in a cycle": float((whole < 0).sum() / cycles),
    }


def _picture(paths: pd.DataFrame) -> Picture:
    from matplotlib.figure import Figure

    from pricewar.plots.style import PALETTE, WIDTH, house

    with house():
        figure = Figure(figsize=(WIDTH, 2.4), layout="constrained")
        axes = figure.add_subplot()
        for colour, group in zip(PALETTE, GROUPS, strict=False):
            axes.plot(paths.index[:42], paths[group][:42], color=colour, marker=".", label=group)
        axes.set(xlabel="day", ylabel="cents a litre")
        axes.legend()
    return figure
