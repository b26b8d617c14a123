"""What was known at an origin: margins as they were printed, plants, growth, and the market to simulate.

The data sets of months before April 2025 were made later, and some of their rows lie on a line to April
2025. Where such a row matters it is replaced by what had been printed by then; what remains of later
knowledge (how a maker's cars split over models, units of makers without a monthly record) is named in
docs/explanation/backtest.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.base.errors import bad_input
from pricewar.base.months import month_after, months_between
from pricewar.data import MarketData, load_market_data
from pricewar.data.history import History
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario

from .margin_law import (
    LAG,
    METRIC,
    MarginLaw,
    changes_of,
    fit_margins,
    months_in,
    printed,
    quarter_of,
    quarters_between,
)
from .model_forecast import HORIZON, Constants
from .momentum import best_kept
from .past import Past
from .ranges import PUBLISHED
from .total import Growth, growth

LOCKED: Final = ("2022-04", "2022-05")
"""Months in which Shanghai and Changchun were locked down: their totals say nothing of a season."""
SERIES: Final = {
    "byd": ("wholesale_incl_export", "nev_sales_incl_export_commercial"),
    "leapmotor": ("deliveries",),
    "li-auto": ("deliveries",),
    "nio": ("deliveries",),
    "tesla": ("retail_domestic",),
    "xpeng": ("deliveries",),
}
"""Makers with a figure for each month from January 2022, and which; BYD's of 2022 and 2023 hold its
commercial vehicles (0.3% of December 2023)."""
YEAR_LAG: Final = 3
"""Months from the end of a year until its report."""
UNKNOWN: Final = 0.05
"""Half width of the range of a margin of which nothing was printed, about the median of those that were."""
UNPRINTED: Final = 2
"""Quarters by which a margin that nobody prints is taken to be old, on top of its range; assumed."""
ROOM: Final = 0.65
"""Use of a plant of which nothing is known; assumed."""
PACK: Final = 855.0
"""CNY/kWh of battery pack: 127 USD (China, 2022), the last figure before the first origin."""
ROAD: Final = 319e6
"""Cars on the road at the end of 2022, and of them electric ones: Ministry of Public Security."""
ELECTRIC: Final = 13.1e6
RISES: Final = {"byd": "price_rise_announced_byd", "aion": "price_rise_announced_aion"}
"""Makers that had said by how much prices rise when the national subsidy ends with 2022."""
GUESS_SD: Final = (0.10, 0.15)
"""Standard deviations of growth of cars and of log odds where no month has a year before it; assumed."""


Ends = tuple[float, float, float]
"""A figure and its range."""


class Margin(NamedTuple):
    """A margin as it was printed."""

    value: float
    """A fraction of revenue."""
    quarter: str
    """The quarter that it tells of; of a year or a half the one after its middle."""


def record(history: History, month: str) -> Past:
    """Monthly figures from January 2022 up to a month, of the six makers that have one for each."""
    rows = history.monthly
    rows = rows[rows["model"].isna() & (rows["month"] <= month) & (rows["month"].str.len() == 7)]

    def series(entity: str, *metrics: str) -> pd.Series[float]:
        own = rows[rows["entity"] == entity]
        found = [own[own["metric"] == metric].set_index("month")["value"] for metric in metrics]
        return found[0] if len(found) == 1 else found[0].combine_first(found[1])

    totals = {
        "passenger": series("total-passenger", "all_cars"),
        "nev": series("total-nev", "retail_domestic"),
    }
    table = pd.DataFrame(totals | {firm: series(firm, *names) for firm, names in SERIES.items()})
    table = table.sort_index().dropna()
    units = table[list(SERIES)].to_numpy(float).T
    return Past(
        tuple(map(str, table.index)),
        table["passenger"].to_numpy(float),
        table["nev"].to_numpy(float),
        tuple(SERIES),
        units,
        tuple(month for month in LOCKED if month in table.index),
    )


def last_margins(history: History, month: str) -> dict[str, Margin]:
    """The newest margin that each maker had printed by the end of a month, of its cars if both are."""
    found: dict[str, Margin] = {}
    table = history.margins
    for metric in ("gross_margin_pct", METRIC):
        for row in table[table["metric"] == metric].itertuples():
            period = str(row.period)
            quarter, last = _told(period)
            if months_between(last, month) < (YEAR_LAG if last[5:] == "12" else LAG):
                continue
            firm = str(row.firm)
            if firm not in found or quarter >= found[firm].quarter:
                found[firm] = Margin(float(str(row.value)) / 100.0, quarter)
    return found


def _told(period: str) -> tuple[str, str]:
    """The quarter of a period of a report, and its last month: "2024Q3", "2024H1" and "2024"."""
    year = period[:4]
    if "Q" in period:
        return period, months_in(period)[-1]
    return (f"{year}Q2", f"{year}-06") if period.endswith("H1") else (f"{year}Q3", f"{year}-12")


def law(history: History, month: str) -> MarginLaw:
    """The law of changes of margins, from those that were printed by the end of a month."""
    return fit_margins(changes_of(printed(history, month)))


def ages(margins: Mapping[str, Margin], firms: tuple[str, ...], month: str) -> tuple[Floats, Floats]:
    """(F,) margins as printed, NaN without one, and quarters since then, `UNPRINTED` without one."""
    quarter = quarter_of(month)
    value = np.array([margins[firm].value if firm in margins else np.nan for firm in firms])
    since = [
        quarters_between(margins[firm].quarter, quarter) if firm in margins else UNPRINTED for firm in firms
    ]
    return value, np.array(since)


def constants(past: Past, history: History) -> Constants:
    """Trend and growth as the months up to an origin show them.

    The least standard deviation of growth is its scatter over all months with a year before them; without
    such a month growth is what was forecast in print, with standard deviations that are assumed.
    """
    even = past.even
    if len(past.months) <= 12:
        return Constants(best_kept(even), _forecast(history))
    scatter = growth(even, newest=len(even.months), least_sd=0.0).cars_sd
    return Constants(best_kept(even), growth(even, least_sd=scatter))


def _forecast(history: History) -> Growth:
    """Growth of 2023 as an association of makers forecast it in November 2022: new-energy cars, by wholesale;
    of all cars none."""
    figures = history.market.groupby(["metric", "period"])["value"].first()
    ahead, now = figures["nev_sales_forecast", "2023"], figures["nev_wholesale", "2022"]
    part = figures["nev_retail", "2022"] / figures["passenger_retail", "2022"]
    then = part * ahead / now
    odds = float(np.log(then / (1.0 - then)) - np.log(part / (1.0 - part)))
    return Growth(0.0, GUESS_SD[0], odds, GUESS_SD[1], 1)


def as_printed(figures: pd.DataFrame, margins: Mapping[str, Margin]) -> pd.DataFrame:
    """Figures with margins of firms as they were printed last; ranges are widened to hold them."""
    chosen = figures[(figures["table"] == "firms") & (figures["variable"] == "gross_margin")]
    new: dict[tuple[str, str], Ends] = {}
    for entity, low, high in zip(chosen["entity"], chosen["low"], chosen["high"], strict=True):
        known = margins.get(str(entity))
        if known is not None:
            ends = (min(low, known.value - PUBLISHED), max(high, known.value + PUBLISHED))
            new[str(entity), "gross_margin"] = (known.value, *(ends if low == low else (np.nan, np.nan)))
    return with_figures(figures, new)


def with_figures(figures: pd.DataFrame, new: Mapping[tuple[str, str], Ends]) -> pd.DataFrame:
    """Figures of firms with other values and ranges.

    Args:
        figures: as `load_market_data` gives them.
        new: firm and variable -> value, low, high; NaN: without a range.
    """
    keys = list(zip(figures["entity"].astype(str), figures["variable"].astype(str), strict=True))
    rows = [new.get(key) if table == "firms" else None
            for key, table in zip(keys, figures["table"], strict=True)]  # fmt: skip
    old = zip(figures["value"], figures["low"], figures["high"], rows, strict=True)
    value, low, high = zip(
        *((v, a, b) if r is None else (str(r[0]), *r[1:]) for v, a, b, r in old), strict=True
    )
    return figures.assign(value=value, low=np.array(low, float), high=np.array(high, float))


def fixed_cost(history: History, firm: str, margin: Margin) -> float:
    """CNY a month between a quarter's gross profit and the result that was printed with it.

    Args:
        history: the record; revenue a car is that of the newest year before the quarter's end.
        firm: a maker whose car segment has a result of its own.
        margin: of the quarter.

    Raises:
        InputError: no result or no deliveries of that quarter.
    """
    own = history.margins[history.margins["firm"] == firm]
    value = own.groupby(["metric", "period"])["value"].first()
    year = margin.quarter[:4]
    try:
        revenue = value["deliveries", margin.quarter] * value["revenue_per_vehicle_cny", year]
        result = 1e6 * value["operating_profit_cny_mn", margin.quarter]
    except KeyError as error:
        raise bad_input(
            "fixed_cost", ("firm, quarter", f"{firm}, {margin.quarter}", "one in the record")
        ) from error
    return float(margin.value * revenue - result) / 3.0


def known_market(data: str, month: str) -> MarketData:
    """A market whose figures were known at an origin.

    Args:
        data: name or directory of the data set.
        month: the origin.

    Raises:
        InputError: the data set says that it is of a later month; a forecast that has seen it is none.
    """
    market = load_market_data(data)
    if market.month > month:
        allowed = f"a data set of {month} or earlier, the origin of the forecast"
        raise bad_input("backtest", ("data", f"{data}, of {market.month}", allowed))
    return market


def figures_of(data: str, history: History, month: str, past: Past) -> pd.DataFrame:
    """Figures of a data set with margins and plants as they were known at the end of a month.

    Raises:
        InputError: as `known_market`.
    """
    table = known_market(data, month).figures
    margins = last_margins(history, month)
    middle = float(np.median([margin.value for margin in margins.values()]))
    units = table[(table["table"] == "firms") & (table["variable"] == "units")].set_index("entity")["value"]
    plants = history.firms[history.firms["metric"] == "capacity_units_per_year_end_2022"]
    built = plants.groupby("firm")["value"].last() / 12.0
    new: dict[tuple[str, str], Ends] = {}
    for firm, cars in units.items():
        name = str(firm)
        if name in margins:
            new[name, "gross_margin"] = (margins[name].value, np.nan, np.nan)
        else:
            new[name, "gross_margin"] = (middle, middle - UNKNOWN, middle + UNKNOWN)
        best = float(past.units[past.firms.index(name)].max()) if name in past.firms else 0.0
        plant = max(float(built.get(name, 0.0)), best, float(cars) / ROOM)
        new[name, "capacity"] = (plant, plant, 1.5 * plant)
    return with_figures(table, new)


def scenario_of(data: str, history: History, month: str, figures: pd.DataFrame) -> Scenario:
    """The market of an origin: prices follow costs, nobody starts a campaign, nobody leaves.

    Args:
        data: name of the data set of the origin.
        history: the record.
        month: the origin.
        figures: as `figures_of` gives them.
    """
    own = known_market(data, month)
    rule = {"strategy": {"kind": "CostPlus"}, "months_to_exit": 60}
    base = load("china-2023")
    tree: dict[str, Any] = {
        "name": f"origin-{month}",
        "data": data,
        "start": month_after(month, 1),
        "periods": HORIZON + 1,
        "campaigns": {"on": False},
        "market": {"pass_through": 0.7, "settlement": "lower", "deposit": 0.02, "pack_price": PACK},
        "noise": {"market_sd": 0.0, "taste_sd": 0.0},
        "supply_chain": {"groups": base.supply_chain.model_dump(mode="json")["groups"]},
        "firms": {str(firm): rule for firm in own.firms.index},
        "events": _announced(history, set(own.firms.index)) if month == "2022-12" else [],
    }
    sold = record(history, month)
    added = sum(cars for at, cars in zip(sold.months, sold.nev, strict=True) if at > "2022-12")
    changes: dict[str, Any] = {"dynamics.loyalty.nev_fleet_share": float((ELECTRIC + added) / (ROAD + added))}
    rows = figures[(figures["table"] == "firms") & figures["variable"].isin(("gross_margin", "capacity"))]
    for row in rows.itertuples():
        changes[f"firms.{row.entity}.{row.variable}"] = float(str(row.value))
    return load(tree).but(changes)


def _announced(history: History, firms: set[str]) -> list[dict[str, Any]]:
    """The end of the national subsidy with 2022, as buyers of each maker would feel it.

    By what the maker had said, or else by the mean subsidy of the models that it sold.
    """
    said = history.market.set_index("metric")["value"]
    models = history.models
    paid = (models["subsidy_cny"].fillna(0.0) * models["units_2022q4"]).groupby(models["firm"]).sum()
    mean = paid / models["units_2022q4"].groupby(models["firm"]).sum()
    rise = {str(firm): float(value) for firm, value in mean.items()}
    rise |= {firm: float(said[name]) for firm, name in RISES.items()}
    return [
        {"kind": "Subsidy", "month": "2023-01", "firms": [firm], "amount": -amount,
         "label": "The national subsidy ends"}
        for firm, amount in sorted(rise.items())
        if firm in firms and amount > 0
    ]  # fmt: skip
