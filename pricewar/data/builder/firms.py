"""Makers of a month of the history: margins, cash, costs and plants, from reports where they were found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import pandas as pd

from pricewar.data.history import History

from .rows import Figure, found, text
from .totals import FIRST, OTHERS, Moment

PURE: Final = ("byd", "nio", "xpeng", "li-auto", "leapmotor", "seres", "hozon", "xiaomi")
"""Makers of nothing but new-energy cars: their results are results of this market."""
PERIODS: Final = {"03": "Q1", "06": "Q2", "09": "Q3", "12": "Q4"}
NAMES: Final = {
    "jac": "JAC",
    OTHERS: "Other makers (composite)",
}
USUAL: Final = {"gross_margin": 0.06, "payable_days": 170.0, "fixed_share": 0.10, "stock": 1.41}
"""Of makers about which nothing was found (assumed)."""
STOCK_FACTOR: Final = 1.07 / 1.41
"""Dealers' stock in December 2022 over that of April 2025, months of sales of all brands."""
FULL: Final = 0.95
"""Largest use of a plant at the start (assumed)."""


def firm_rows(
    moment: Moment, units: Mapping[str, Figure], price: Mapping[str, float]
) -> Iterator[tuple[str, str, Figure]]:
    """Rows of firms.csv.

    Args:
        moment: the month.
        units: each maker's cars a month.
        price: each maker's mean transaction price, CNY ex VAT.
    """
    for firm, cars in units.items():
        margin = _margin(moment, firm)
        revenue = float(cars.value) * price[firm]
        values = {
            "name": text(_name(moment, firm), "common name"),
            "units": cars,
            "gross_margin": margin,
            "payable_days": _payables(moment, firm),
            "cash": _cash(moment, firm, revenue),
            "capacity": _capacity(moment, firm, float(cars.value)),
            "fixed_cost": _fixed(moment, firm, revenue, float(margin.value)),
            "backlog": _backlog(moment, firm),
            "dealer_stock": _stock(moment, firm, float(cars.value)),
            "petrol_sales_share": _petrol(moment, firm),
        }
        yield from ((firm, variable, figure) for variable, figure in values.items())


def _last(moment: Moment, firm: str, variable: str) -> float | None:
    firms = moment.last.firms
    return float(str(firms.loc[firm, variable])) if firm in firms.index else None


def _name(moment: Moment, firm: str) -> str:
    return NAMES.get(firm) or str(moment.last.firms.loc[firm, "name"])


def _reports(history: History, firm: str, metrics: tuple[str, ...], moment: Moment) -> pd.DataFrame:
    """Reports up to the quarter, the latest and the best metric last; the year counts as its fourth
    quarter."""
    quarter = f"{moment.month[:4]}{PERIODS[moment.month[5:]]}"
    rows = history.margins
    rows = rows[(rows["firm"] == firm) & rows["metric"].isin(metrics)]
    period = rows["period"].where(rows["period"].str.len() == 6, rows["period"] + "Q4")
    period = period.str.replace("H1Q4", "Q2").str.replace("H2Q4", "Q4")
    rank = rows["metric"].map({metric: -place for place, metric in enumerate(metrics)})
    rows = rows.assign(quarter=period, whole=rows["period"].str.len() < 6, rank=rank)
    rows = rows[(rows["quarter"] <= quarter) & (rows["quarter"] >= f"{int(quarter[:4]) - 1}{quarter[4:]}")]
    return rows.sort_values(["rank", "quarter", "whole"], ascending=[True, True, False], kind="stable")


def _margin(moment: Moment, firm: str) -> Figure:
    metrics = ("vehicle_margin_pct", "gross_margin_pct")
    rows = _reports(moment.history, firm, metrics, moment)
    if len(rows):
        row = rows.iloc[-1]
        source, confidence = found(row["source"], row["confidence"])
        note = f"{row['metric']} of {row['period']}"
        return Figure(float(row["value"]) / 100.0, source, confidence, 0.2, note)
    early = moment.history.firms
    early = early[(early["firm"] == firm) & early["metric"].str.contains("margin_pct_2022")]
    last = _last(moment, firm, "gross_margin")
    if len(early):
        row = early.iloc[-1]
        value = float(row["value"]) / 100.0
        value = moment.between(value, last if last is not None else value)
        how = f"computed: {row['metric']} of 2022, on a straight line to April 2025"
        return Figure(value, how, "computed", 0.5)
    value = last if last is not None else USUAL["gross_margin"]
    how = "assumed: as in April 2025" if last is not None else "assumed"
    return Figure(value, how, "assumed", 0.5)


def _payables(moment: Moment, firm: str) -> Figure:
    early = moment.history.firms
    early = early[(early["firm"] == firm) & (early["metric"] == "payable_days_2022")]
    last = _last(moment, firm, "payable_days") or USUAL["payable_days"]
    if len(early) and moment.month == FIRST:
        source, confidence = found(early.iloc[0]["source"], early.iloc[0]["confidence"])
        return Figure(float(early.iloc[0]["value"]), source, confidence, 0.2)
    return Figure(last, "assumed: as in April 2025", "assumed", 0.35)


def _cash(moment: Moment, firm: str, revenue: float) -> Figure:
    """Cash of makers of nothing else; of others what April 2025 assumes to be free for this market."""
    rows = _reports(moment.history, firm, ("cash_cny_mn",), moment)
    if firm in PURE and len(rows):
        source, confidence = found(rows.iloc[-1]["source"], rows.iloc[-1]["confidence"])
        return Figure(float(rows.iloc[-1]["value"]) * 1e6, source, confidence, 0.2, rows.iloc[-1]["period"])
    early = moment.history.firms
    early = early[(early["firm"] == firm) & (early["metric"] == "cash_end_2022")]
    if firm in PURE and len(early):
        source, confidence = found(early.iloc[0]["source"], early.iloc[0]["confidence"])
        return Figure(float(early.iloc[0]["value"]) * 1e6, source, confidence, 0.2)
    last = _last(moment, firm, "cash")
    if last is not None:
        return Figure(last, "assumed: as in April 2025", "assumed", 0.5)
    return Figure(6.0 * revenue, "assumed: half a year of sales", "assumed", 0.5)


def _capacity(moment: Moment, firm: str, cars: float) -> Figure:
    early = moment.history.firms
    early = early[(early["firm"] == firm) & (early["metric"] == "capacity_units_per_year_end_2022")]
    first = float(early.iloc[0]["value"]) / 12.0 if len(early) else cars / 0.65
    last = _last(moment, firm, "capacity") or first
    value = max(moment.between(first, last), cars / FULL)
    how = "computed: year's capacity of the end of 2022 over 12, on a straight line to April 2025"
    if not len(early):
        how = "assumed: units at 65% of capacity in December 2022, on a straight line to April 2025"
    return Figure(float(round(value)), how, "computed" if len(early) else "assumed", 0.3)


def _fixed(moment: Moment, firm: str, revenue: float, margin: float) -> Figure:
    """CNY a month: gross profit less the result of the quarter or year; else the share of April 2025."""
    metrics = ("operating_profit_cny_mn", "net_profit_cny_mn")
    rows = _reports(moment.history, firm, metrics, moment)
    result, period = None, ""
    if firm in PURE and len(rows):
        row = rows.sort_values(["quarter", "rank"]).iloc[-1]
        months = {4: 12.0, 6: 3.0 if "Q" in str(row["period"]) else 6.0}[len(str(row["period"]))]
        result, period = float(row["value"]) * 1e6 / months, str(row["period"])
    elif firm in PURE:
        early = moment.history.firms
        early = early[(early["firm"] == firm) & (early["metric"] == "net_profit_cny_2022")]
        if len(early):
            result, period = float(early.iloc[0]["value"]) * 1e6 / 12.0, "2022"
    if result is not None and margin * revenue - result > 0:
        how = f"computed: gross profit of its cars at home less the maker's result of {period}, a month"
        return Figure(margin * revenue - result, how, "computed", 0.3)
    last = _last(moment, firm, "fixed_cost")
    if last is None:
        how = "assumed: a tenth of revenue"
        return Figure(USUAL["fixed_share"] * revenue, how, "assumed", 0.5)
    products = moment.last.products
    own = products[products["firm"] == firm]
    sales = float((own["units"] * own["net_price"]).sum())
    return Figure(last * revenue / sales, "assumed: April 2025's share of revenue", "assumed", 0.5)


def _backlog(moment: Moment, firm: str) -> Figure:
    early = moment.history.firms
    early = early[(early["firm"] == firm) & early["metric"].isin(["backlog_orders_2022_12"])]
    if moment.month == FIRST and len(early):
        source, confidence = found(early.iloc[0]["source"], early.iloc[0]["confidence"])
        return Figure(float(early.iloc[0]["value"]), source, confidence, 0.4)
    return Figure(0.0, "assumed: sells from stock", "assumed")


def _stock(moment: Moment, firm: str, cars: float) -> Figure:
    last, sold = _last(moment, firm, "dealer_stock"), _last(moment, firm, "units")
    months = last / sold if last is not None and sold else USUAL["stock"]
    factor = moment.between(STOCK_FACTOR, 1.0) if months > 0.5 else 1.0
    how = f"computed: {months * factor:.2f} months of sales, as in April 2025 by the factor of all brands"
    return Figure(float(round(months * factor * cars)), how, "computed", 0.5)


def _petrol(moment: Moment, firm: str) -> Figure:
    last = _last(moment, firm, "petrol_sales_share")
    return Figure(last or 0.0, "assumed: as in April 2025", "assumed", 0.3)


__all__ = ["firm_rows"]
