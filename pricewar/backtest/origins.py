"""Rolling origins: the forecast made again at earlier months, from what was known then, and its score.

At each origin the run, season, drift and errors are those of the method of April 2025, with constants that
are estimated from the months before. Actual figures are those of the record, which ends with April 2025.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.base.months import month_after
from pricewar.data.history import LAST, History
from pricewar.scenario.tree import Scenario

from . import as_known
from .books import Books, Forecast
from .margin_law import MAKERS, months_in, printed, quarter_of
from .model_forecast import HORIZON, model_books
from .money import Start
from .naive import NO_CHANGE, naive_books
from .names import ENTITIES, TOTAL
from .past import Past
from .simulate import Simulated
from .stack import pool_scores, weight_of

ORIGINS: Final = {
    "2022-12": "china_nev_2022_12",
    "2023-06": "china_nev_2023_06",
    "2023-12": "china_nev_2023_12",
    "2024-06": "china_nev_2024_06",
    "2024-12": "china_nev_2024_12",
}
"""Origin -> the data set of its market. The sixth, April 2025, is the forecast: the record ends there."""
FULL, WITHOUT, STILL, STACKED = "full", "no_simulator", "no_change", "stacked"
"""As in the column `model`."""
MODELS: Final = (FULL, WITHOUT, STILL, STACKED)
BUYERS: Final = 500
PRINTED: Final = "2025-06"
"""Month by whose end all margins of the record were printed."""


@dataclass(frozen=True)
class Origin:
    """An origin: what is known, and the market to simulate."""

    month: str
    past: Past
    scenario: Scenario
    figures: pd.DataFrame

    @classmethod
    def at(cls, month: str, history: History) -> Origin:
        """The origin of a month, from figures that were printed by its end."""
        past = as_known.record(history, month)
        figures = as_known.figures_of(ORIGINS[month], history, month, past)
        scenario = as_known.scenario_of(ORIGINS[month], history, month, figures)
        return cls(month, past, scenario.but({"consumers.draws": BUYERS}), figures)


def forecasts_at(origin: Origin, simulated: Simulated, history: History, seed: int) -> dict[str, Forecast]:
    """The forecasts of an origin that need no other origin: full, no_simulator, no_change.

    Args:
        origin: what is known.
        simulated: its draws, one firm or "others" each, as `Simulated.joined` leaves them.
        history: the record; nothing after the origin is read.
        seed: of everything that the runs do not draw.
    """
    past, month = origin.past, origin.month
    run = simulated.scaled(float(past.nev[-1]))
    start = start_at(origin, run, history)
    fixed = as_known.constants(past, history)
    still = naive_books(run, past, start, seed, NO_CHANGE, len(run.values["units"]))
    books = {
        FULL: model_books(run, past, start, seed, fixed),
        WITHOUT: model_books(run.at_rest(), past, start, seed, fixed),
        STILL: still,
    }
    return {name: forecast(book, past.firms, month) for name, book in books.items()}


def start_at(origin: Origin, run: Simulated, history: History) -> Start:
    """The base month: last month's cars of makers with a record, margins as printed."""
    past, firms = origin.past, run.firms
    value, age = as_known.ages(as_known.last_margins(history, origin.month), firms, origin.month)
    base = run.values["units"][:, 0].mean(axis=0)
    last = dict(zip(past.firms, past.units[:, -1], strict=True))
    export = np.array([last.get(firm, cars) / cars for firm, cars in zip(firms, base, strict=True)])
    return Start(np.zeros(len(firms)), value, age, export, None, as_known.law(history, origin.month))


def forecast(books: Books, firms: tuple[str, ...], month: str) -> Forecast:
    """Draws of the cells that the record can score: cars and shares by month, margins by quarter.

    A maker's share is of its own figures over new-energy retail.

    Args:
        books: of an origin.
        firms: makers with a record.
        month: the origin.
    """
    months = [month_after(month, ahead) for ahead in range(HORIZON + 1)]
    columns: dict[tuple[str, str, str], Floats] = {}
    for at, now in enumerate(months[1:], 1):
        market = books.market[:, at]
        for firm in firms:
            cars = books.shown[:, books.firms.index(firm), at]
            columns[ENTITIES[firm], now, "units"] = cars
            columns[ENTITIES[firm], now, "nev_share_pct"] = 100.0 * cars / market
        columns[TOTAL, now, "units"] = market
        columns[TOTAL, now, "nev_share_pct"] = 100.0 * market / books.passenger[:, at]
    for quarter in whole_quarters(months[1:]):
        place = [months.index(one) for one in months_in(quarter)]
        for maker in (maker for maker in MAKERS if maker in books.firms):
            row = books.firms.index(maker)
            gross, revenue = (part[:, row, place].sum(axis=1) for part in (books.gross, books.revenue))
            columns[ENTITIES[maker], quarter, "vehicle_gross_margin_pct"] = 100.0 * gross / revenue
    return Forecast(tuple(columns), np.stack(list(columns.values()), axis=1))


def whole_quarters(months: list[str]) -> list[str]:
    """Quarters of which all three months are there, in order."""
    found = dict.fromkeys(map(quarter_of, months))
    return [quarter for quarter in found if set(months_in(quarter)) <= set(months)]


def actual_figures(history: History) -> dict[tuple[str, str, str], float]:
    """Every figure of the record that an origin could predict, by entity, period and metric."""
    past = as_known.record(history, LAST)
    found: dict[tuple[str, str, str], float] = {}
    for at, month in enumerate(past.months):
        for firm, cars in zip(past.firms, past.units[:, at], strict=True):
            found[ENTITIES[firm], month, "units"] = float(cars)
            found[ENTITIES[firm], month, "nev_share_pct"] = float(100.0 * cars / past.nev[at])
        found[TOTAL, month, "units"] = float(past.nev[at])
        found[TOTAL, month, "nev_share_pct"] = float(100.0 * past.nev[at] / past.passenger[at])
    for row in printed(history, PRINTED).itertuples():
        if row.firm in MAKERS:
            cell = ENTITIES[str(row.firm)], str(row.period), "vehicle_gross_margin_pct"
            found[cell] = float(str(row.value))
    return found


def _units(
    by_model: Mapping[str, Forecast], came: Mapping[tuple[str, str, str], float], until: str
) -> Floats:
    """(W, C) scores of pools on log cars of makers in months up to `until`."""
    cells = [
        (place, came[cell])
        for place, cell in enumerate(by_model[FULL].cells)
        if cell in came and cell[2] == "units" and cell[0] != TOTAL and cell[1] <= until
    ]
    places = [place for place, _ in cells]
    with_run, without = (np.log(np.maximum(by_model[name].draws[:, places], 1.0)) for name in (FULL, WITHOUT))
    return pool_scores(with_run, without, np.log([value for _, value in cells]))


def weights(
    forecasts: Mapping[str, Mapping[str, Forecast]], came: Mapping[tuple[str, str, str], float]
) -> dict[str, float]:
    """The run's weight at each origin and at April 2025, from the months of earlier origins known by then."""
    return {
        month: weight_of(
            [_units(found, came, month) for earlier, found in forecasts.items() if earlier < month]
        )
        for month in (*forecasts, LAST)
    }
