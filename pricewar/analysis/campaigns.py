"""How often firms start campaigns, and how often they answer one: counted over the runs of a scenario."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from pricewar.base.arguments import takes, text
from pricewar.base.arrays import Floats
from pricewar.base.errors import ResultsError
from pricewar.results.store import Results

from .interval import spread_over_seeds

ROLES: Final = ("lead", "follow")


@takes(results=Results, scenario=text)
def campaign_rates(results: Results, scenario: str) -> pd.DataFrame:
    """Campaigns a year of each firm, as leader and as follower.

    Args:
        results: runs of one or more scenarios.
        scenario: which of them.

    Returns:
        Columns firm, role ("lead" or "follow"), mean (campaigns a year, over the seeds that ran), range_lo
        and range_hi: the 5% and the 95% quantile over seeds (least and greatest with fewer than five; NaN
        with one seed, and where all have one value). Firms with most campaigns first; those without any are
        rows of 0. A firm that leaves counts with the whole run, so that firms can be compared.

    Raises:
        ResultsError: no such scenario, or none of its runs succeeded.
    """
    seeds = ran(results, scenario)
    rows = results.firms[results.firms["scenario"] == scenario]
    firms = rows["firm"].drop_duplicates().to_numpy(str)
    years = float(rows["period"].max() + 1) / 12.0
    table = of_scenario(results, scenario)
    counts = np.zeros((len(seeds), len(firms), len(ROLES)))
    places = (
        pd.Categorical(table["seed"], seeds).codes,
        pd.Categorical(table["firm"], firms).codes,
        pd.Categorical(table["role"], ROLES).codes,
    )
    np.add.at(counts, places, 1.0)
    a_year: Floats = counts / years
    lo, hi = spread_over_seeds(a_year)
    order = np.argsort(-counts.sum(axis=(0, 2)), kind="stable")
    return pd.DataFrame(
        {
            "firm": np.repeat(firms[order], len(ROLES)),
            "role": np.tile(ROLES, len(firms)),
            "mean": a_year.mean(axis=0)[order].ravel(),
            "range_lo": lo[order].ravel(),
            "range_hi": hi[order].ravel(),
        }
    )


def of_scenario(results: Results, scenario: str) -> pd.DataFrame:
    """The campaigns of one scenario; no rows where campaigns are off or nobody started one."""
    return results.campaigns[results.campaigns["scenario"] == scenario]


def ran(results: Results, scenario: str) -> list[int]:
    """Seeds with which a scenario ran to its end, in order.

    Raises:
        ResultsError: there is none.
    """
    runs = results.runs[(results.runs["scenario"] == scenario) & (results.runs["status"] == "ok")]
    if runs.empty:
        raise ResultsError(f"no complete run of {scenario!r}")
    return [int(seed) for seed in runs["seed"]]
