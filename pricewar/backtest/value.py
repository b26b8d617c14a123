"""What a share that was won is worth later: a firm cuts its prices for a time, and its revenue after the
cut is compared with that of the same market without it."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from pricewar.campaigns.record import MAKERS
from pricewar.runs import compare
from pricewar.scenario.tree import Scenario

DEPTH: Final = 0.09
LENGTH: Final = 2
AHEAD: Final = 24
"""Months after the cut that count."""
DISCOUNT: Final = 0.92
"""A year (assumed; range 0.85 to 0.97)."""


def share_values(scenario: Scenario, makers: tuple[str, ...] = MAKERS) -> pd.DataFrame:
    """Months of a usual month's contribution that a log point of share is worth after a cut, by maker.

    Each maker alone cuts all prices by 9% for the first two months, in a market without luck and without
    campaigns.

    Args:
        scenario: the market; its luck, campaigns and events are left out, its length is set.
        makers: those that cut, one a run.

    Returns:
        One row a maker: `firm`, `gained` (log share in the cut's last month), `later` (discounted
        revenue of 24 months after it less that without the cut, in months of revenue: of contribution, if
        margins are back where they were), `value` (later over gained).
    """
    quiet = scenario.but(
        {"campaigns.on": False, "noise.market_sd": 0.0, "noise.taste_sd": 0.0, "noise.firm_sd": {},
         "events": [], "interventions": [], "periods": LENGTH + AHEAD}
    )  # fmt: skip
    until = quiet.month(LENGTH - 1)
    cases = [quiet.but(name="rest")]
    for maker in makers:
        cut = {"kind": "Cut", "month": quiet.start, "until": until, "firm": maker, "depth": DEPTH}
        cases.append(quiet.but(name=f"cut-{maker}", events=[cut]))
    firms = compare(cases, seeds=1, uncertainty="luck").require_complete().firms
    weight = DISCOUNT ** (np.arange(1, AHEAD + 1) / 12.0)
    rows = []
    for maker in makers:
        own = firms[firms["firm"] == maker].pivot(
            index="period", columns="scenario", values=["share", "revenue"]
        )
        share, revenue = (own[name] for name in ("share", "revenue"))
        gained = float(np.log(share[f"cut-{maker}"] / share["rest"]).iloc[LENGTH - 1])
        more = (revenue[f"cut-{maker}"] / revenue["rest"] - 1.0).to_numpy()[LENGTH:]
        later = float((weight * more).sum())
        rows.append((maker, gained, later, later / gained))
    return pd.DataFrame(rows, columns=["firm", "gained", "later", "value"])
