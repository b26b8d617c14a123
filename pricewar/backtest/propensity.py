"""The whole fit of campaigns in one call: likelihood, refit in the market, what a share is worth later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from pricewar.campaigns.fit import Fit, fit
from pricewar.campaigns.record import Panel, panel
from pricewar.data.history import load_history
from pricewar.market.model import PriceWar
from pricewar.market.prospects import nearness
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario

from .moments import EFFECTS, Refit, refit
from .value import share_values

SCENARIO: Final = "china-2023"
SEEDS: Final = tuple(range(1001, 1025))
"""Luck of the refit's first step; no published run uses it."""


@dataclass(frozen=True)
class Propensity:
    """Everything that is known of how often campaigns start.

    Attributes:
        fit: by likelihood, from the record alone.
        refit: by simulated moments, in the market.
        values: what a share is worth later, by maker; see `share_values`.
        nearness: by firm and rival, in the market of the scenario.
    """

    fit: Fit
    refit: Refit
    values: pd.DataFrame
    nearness: pd.DataFrame


def near(scenario: Scenario) -> pd.DataFrame:
    """How near each rival (columns) is to each firm (rows) at the start of a scenario, 0 to 1."""
    land = PriceWar(scenario, seed=1).landscape
    return pd.DataFrame(nearness(land), land.firms, land.firms)


def record(scenario: Scenario) -> Panel:
    """Firm-months of the record, with rivals as near as in the scenario's market."""
    return panel(load_history(), near(scenario))


def propensities(
    scenario: str | Scenario = SCENARIO,
    seeds: tuple[int, ...] = SEEDS,
    steps: int = 6,
    effects: tuple[float, ...] = EFFECTS,
) -> Propensity:
    """Fit campaigns to the record of January 2023 to April 2025.

    Args:
        scenario: the market in which what is launched is to meet the record; it starts in January 2023.
        seeds: of the refit.
        steps: of its fixed point.
        effects: of a rival's size, to be tried.
    """
    market = load(scenario)
    distance = near(market)
    found = panel(load_history(), distance)
    fitted = fit(found, load_history())
    refitted = refit(fitted, found, market, seeds, steps, effects)
    return Propensity(fitted, refitted, share_values(market), distance)
