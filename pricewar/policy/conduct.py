"""Where prices stand between Nash, joint monopoly and war, on the market as it was before the first month.

The start is by calibration a Nash equilibrium of firms that value profit and growth (their revealed growth
motives). Joint monopoly is the same game with one owner. So 0 is the start, 1 is monopoly, below 0 is war.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pricewar.base.arrays import Floats
from pricewar.experiment.metrics import Run
from pricewar.market.calibrate import calibrate
from pricewar.market.reference import Same, start_game


@lru_cache(maxsize=8)
def _monopoly(calibration: Same, vat: float) -> Floats:
    found = start_game(calibration.content, vat, 1.0)
    return found.prices if found.converged else np.full_like(found.prices, np.nan)


def conduct_index(run: Run) -> Floats:
    """(T,) basket price at start units, scaled: 0 Nash (the start), 1 joint monopoly, below 0 war.

    Products that have left the market are left out of both ends. NaN where the monopoly was not found.
    """
    calibration, found = calibrate(run.scenario), run.trajectory
    sold, land = calibration.on_sale, calibration.landscape
    # to the fen: the last bits of a solver depend on how many threads its linear algebra has
    top = np.round(_monopoly(Same(calibration), run.scenario.market.vat), 2)
    nash, units = land.start_price[sold], land.start_units[sold]
    weight = units * found.on_sale[:, sold]
    rise = (weight * (np.nan_to_num(found.price[:, sold]) - nash)).sum(axis=1)
    room = (weight * (top - nash)).sum(axis=1)
    return np.asarray(np.divide(rise, room, out=np.full(len(rise), np.nan), where=room > 0))
