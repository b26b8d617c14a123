"""Errors of margins as the first edition of the backtest drew them, to be beaten: prices that wander by
0.6% a month and unit costs by 1.2%, from the margin that was printed last, known without error."""

from __future__ import annotations

from typing import Final

import numpy as np

from pricewar.base.luck import stream
from pricewar.base.months import month_after
from pricewar.data.history import History

from .as_known import ages, last_margins
from .books import Forecast
from .margin_law import MAKERS, months_in
from .model_forecast import HORIZON, walk
from .names import ENTITIES
from .origins import Origin, whole_quarters
from .simulate import Simulated

PRICE_WALK: Final = 0.006
COST_WALK: Final = 0.012
"""Log points a month."""


def first_margins(origin: Origin, simulated: Simulated, history: History, seed: int) -> Forecast:
    """Draws of margins by quarter, of the makers that print theirs.

    Args:
        origin: what is known.
        simulated: its draws.
        history: the record; nothing after the origin is read.
        seed: of the wandering.
    """
    firms = simulated.firms
    values = {name: field[:, : HORIZON + 1].transpose(0, 2, 1) for name, field in simulated.values.items()}
    luck = stream(seed, "backtest", "first rule")
    shape = values["units"].shape
    price, cost = np.exp(walk(luck, shape, PRICE_WALK)), np.exp(walk(luck, shape, COST_WALK))
    printed, _ = ages(last_margins(history, origin.month), firms, origin.month)
    anchor = np.nan_to_num(printed - simulated.margin)[:, :, None]
    revenue = values["revenue"] * price
    gross = revenue * (1.0 + anchor) - (values["revenue"] - values["gross_profit"]) * cost
    months = [month_after(origin.month, ahead) for ahead in range(HORIZON + 1)]
    columns = {}
    for quarter in whole_quarters(months[1:]):
        place = [months.index(month) for month in months_in(quarter)]
        for maker in (maker for maker in MAKERS if maker in firms):
            row = firms.index(maker)
            parts = [part[:, row, place].sum(axis=1) for part in (gross, revenue)]
            columns[ENTITIES[maker], quarter, "vehicle_gross_margin_pct"] = 100.0 * parts[0] / parts[1]
    return Forecast(tuple(columns), np.stack(list(columns.values()), axis=1))
