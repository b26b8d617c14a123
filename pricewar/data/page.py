"""Write the data pages: `python -m pricewar.data.page [data|strategies] > page.md`."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from importlib.resources import files
from string import Template

import pandas as pd

from . import MarketData, load_market_data
from .moves import answers, depths, follow_ratios, list_price_gaps, summary
from .schema import CONFIDENCE, LONG_TABLES, NEEDS_RANGE, Number

FRINGE = "china_nev_2025_04b"
"""The set that has makers in the place of the fringe."""

__all__ = ["PAGES", "data_page", "strategies_page"]


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Format a Markdown table; missing values come out empty."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(cell: object) -> str:
    if isinstance(cell, float):
        return "" if pd.isna(cell) else f"{cell:,.10g}"
    return str(cell).replace("|", "/")


def data_page(data: MarketData) -> str:
    """Return docs/reference/data.md."""
    products, campaign = data.products, data.products["in_campaign"]
    known = data.products[data.products["announced_price"].notna()]
    return _fill(
        "data",
        n_firms=len(data.firms),
        n_products=len(products),
        nev=f"{data.market['nev_retail']:,.0f}",
        n_campaign=int(campaign.sum()),
        campaign_models=f"{data.market['campaign_models']:.0f}",
        known_cut=f"{100 * (known['announced_cut'] / known['list_price']).median():.0f}",
        counts=_counts(data, "table"),
        variables=_counts(data, "variable"),
        firms=_firms(data),
        soft=_soft(data, "firms"),
        products=_products(data),
        gaps=_gaps(data),
        books=_books(data),
        market=_market(data),
        schema=_schema(),
        n_moves=len(data.price_moves),
        n_policy=len(data.policy_timeline),
        n_history=len(data.history),
        n_elasticities=len(data.elasticities),
        n_conduct=len(data.conduct),
        **_fringe(data),
    )


def strategies_page(data: MarketData) -> str:
    """Return docs/explanation/strategies-in-china.md."""
    moves, replies, ratios = data.price_moves, answers(data.price_moves), follow_ratios(data)
    lags = replies["days_after_trigger"].dropna()
    gaps = pd.Series(list_price_gaps(moves, "tesla"))
    by_firm = summary(moves).reset_index().round(1)
    early = moves[(moves["firm"] == "byd") & (moves["announced"] < "2025-05-23")]["kind"].value_counts()
    whole = 100 * moves["kind"].value_counts(normalize=True)
    return _fill(
        "strategies",
        n_moves=len(moves),
        n_replies=len(replies),
        n_lags=len(lags),
        median_lag=f"{lags.median():g}",
        quick=int((lags <= 2).sum()),
        slow=", ".join(f"{lag:g}" for lag in lags[lags > 2]),
        n_depths=int(depths(moves).notna().sum()),
        median_depth=f"{depths(moves).median():g}",
        share_list=f"{whole['list']:.0f}",
        share_limited=f"{whole['limited-time']:.0f}",
        share_subsidy=f"{whole['subsidy']:.0f}",
        byd_all=int(moves["firm"].eq("byd").sum()),
        byd_own=int(moves["firm"].eq("byd").sum() - replies["firm"].eq("byd").sum()),
        byd_list=int(early["list"]),
        byd_limited=int(early["limited-time"]),
        tesla_all=int(moves["firm"].eq("tesla").sum()),
        tesla_replies=int(replies["firm"].eq("tesla").sum()),
        tesla_gaps=", ".join(map(str, gaps)),
        tesla_gap=f"{gaps.median():g}",
        ratio=f"{ratios['ratio'].median():.2f}",
        n_ratios=len(ratios),
        by_firm=table(list(by_firm.columns), by_firm.to_numpy().tolist()),
        ratios=table(list(ratios.columns), ratios.round(2).to_numpy().tolist()),
        conduct=table(list(data.conduct.columns), data.conduct.to_numpy().tolist()),
    )


def _fill(page: str, **values: object) -> str:
    text = files("pricewar.data").joinpath("templates", f"{page}.md").read_text(encoding="utf-8")
    return Template(text).substitute({key: str(value) for key, value in values.items()})


def _counts(data: MarketData, by: str) -> str:
    numbers = {
        (name, key)
        for name, rules in LONG_TABLES.items()
        for key, rule in rules.items()
        if isinstance(rule, Number)
    }
    pairs = zip(data.figures["table"], data.figures["variable"], strict=True)
    figures = data.figures[[pair in numbers or pair[0] == "market" for pair in pairs]]
    if by == "variable":
        figures = figures[figures["table"] != "market"]
        figures = figures.assign(variable=figures["table"].str[:-1] + " " + figures["variable"])
    counted = figures.groupby([by, "confidence"], sort=False).size().unstack(fill_value=0)
    counted = counted.reindex(columns=list(CONFIDENCE), fill_value=0)
    counted = counted.assign(all=counted.sum(axis=1))
    counted.loc["all"] = counted.sum()
    return table([by, *counted.columns], [[key, *row] for key, row in counted.iterrows()])


def _marks(data: MarketData, name: str) -> Callable[[str, str, float], str]:
    """Return a formatter that stars the figures which are assumed, low or computed."""
    rows = data.figures[data.figures["table"] == name]
    soft = rows[rows["confidence"].isin(NEEDS_RANGE)]
    starred = set(zip(soft["entity"], soft["variable"], strict=True))

    def show(entity: str, variable: str, value: float) -> str:
        text = f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:,.5g}"
        return "" if math.isnan(value) else text + "*" * ((entity, variable) in starred)

    return show


def _firms(data: MarketData) -> str:
    scale = {"gross_margin": 100.0, "cash": 1e-6, "fixed_cost": 1e-6}
    columns = [v for v, rule in LONG_TABLES["firms"].items() if isinstance(rule, Number) and rule.required]
    show = _marks(data, "firms")
    rows = [
        [row["name"], *(show(str(firm), v, row[v] * scale.get(v, 1.0)) for v in columns)]
        for firm, row in data.firms.iterrows()
    ]
    return table(["firm", *columns], rows)


def _soft(data: MarketData, name: str) -> str:
    """List every figure of a table that is assumed, low or computed, with its range and source."""
    rows = data.figures[(data.figures["table"] == name) & data.figures["confidence"].isin(NEEDS_RANGE)]
    rows = rows[rows["low"].notna()]
    columns = ["entity", "variable", "value", "low", "high", "confidence", "source", "note"]
    body = rows[columns].astype({"value": float}).sort_values(["variable", "confidence"], kind="stable")
    return table(columns, body.to_numpy().tolist())


def _products(data: MarketData) -> str:
    columns = [
        "list_price",
        "promotion",
        "transaction_price",
        "announced_cut",
        "units",
        "battery_kwh",
        "range_km",
    ]
    show = _marks(data, "products")
    rows = [
        [
            product,
            row["name"],
            f"{row['segment']} {row['body']} {row['powertrain']}",
            row["launch"],
            *(show(str(product), v, row[v]) for v in columns),
        ]
        for product, row in data.products.iterrows()
    ]
    return table(["product", "name", "class", "launch", *columns], rows)


def _fringe(data: MarketData) -> dict[str, object]:
    """What the page says of the makers that stand for the fringe in the other set."""
    other = load_market_data(FRINGE)
    firms = other.firms.drop(index=data.firms.index, errors="ignore")
    products = other.products[other.products["firm"].isin(firms.index)]
    figures = other.figures[other.figures["entity"].isin([*firms.index, *products.index])]
    part = replace(other, firms=firms, products=products, figures=figures)
    gone = data.products[data.products["firm"].isin(data.firms.index.difference(other.firms.index))]
    return {
        "fringe_set": FRINGE,
        "fringe_n_firms": len(firms),
        "fringe_n_products": len(products),
        "fringe_units": f"{firms['units'].sum():,.0f}",
        "fringe_price": f"{_average(products):,.0f}",
        "fringe_old_price": f"{_average(gone):,.0f}",
        "fringe_firms": _firms(part),
        "fringe_products": _products(part),
        "fringe_cash": _cash(part),
        "fringe_soft": _soft(part, "firms"),
    }


def _average(products: pd.DataFrame) -> float:
    """Mean transaction price, CNY incl. VAT, weighted with units."""
    return float((products["transaction_price"] * products["units"]).sum() / products["units"].sum())


def _cash(data: MarketData) -> str:
    """Result of a month at base, and how many months of it the cash lasts."""
    products, firms = data.products, data.firms
    revenue = (products["net_price"] * products["units"]).groupby(products["firm"]).sum().reindex(firms.index)
    result = revenue * firms["gross_margin"] - firms["fixed_cost"]
    months = (firms["cash"] / -result).where(result < 0)
    rows = [
        [
            firms["name"][firm],
            *(_millions(x[firm]) for x in (revenue, result, firms["cash"])),
            _months(months[firm]),
        ]
        for firm in firms.index
    ]
    return table(["firm", "revenue", "operating result", "cash", "months that the cash lasts"], rows)


def _months(months: float) -> str:
    return "no loss" if math.isnan(months) else f"{months:,.0f}"


def _gaps(data: MarketData) -> str:
    products, firms = data.products, data.firms
    weights = products["units"].groupby(products["firm"]).sum()
    paid = (products["transaction_price"] * products["units"]).groupby(products["firm"]).sum() / weights
    listed = (products["list_price"] * products["units"]).groupby(products["firm"]).sum() / weights
    reported = firms["domestic_transaction_price"].fillna(
        firms["reported_asp"] * (1.0 + data.market["vat_rate"])
    )
    rows = [
        [firms["name"][firm], *(f"{x[firm]:,.0f}" for x in (listed, paid)), *_gap(paid[firm], reported[firm])]
        for firm in firms.index
    ]
    return table(["firm", "average list", "average transaction", "reported, incl. VAT", "gap, %"], rows)


def _books(data: MarketData) -> str:
    """What the tables imply for a month at base: revenue, gross profit, result; the last row is the sum."""
    products, firms = data.products, data.firms
    revenue = (products["net_price"] * products["units"]).groupby(products["firm"]).sum().reindex(firms.index)
    books = pd.DataFrame({"revenue": revenue, "gross": revenue * firms["gross_margin"]})
    books = books.assign(result=books["gross"] - firms["fixed_cost"], reported=firms["reported_result"])
    books.loc["all"] = books.sum(min_count=len(books))
    books["share"] = 100 * books["result"] / books["revenue"]
    names = [*firms["name"], "all firms"]
    rows = [
        [name, *(_millions(value) for value in row[:-1]), f"{row[-1]:+.1f}"]
        for name, row in zip(names, books.to_numpy().tolist(), strict=True)
    ]
    return table(
        ["firm", "revenue", "gross profit", "operating result", "reported result", "result, %"], rows
    )


def _millions(value: float) -> str:
    return "" if math.isnan(value) else f"{value / 1e6:,.0f}"


def _gap(paid: float, reported: float) -> tuple[str, str]:
    if math.isnan(reported):
        return "not published", ""
    return f"{reported:,.0f}", f"{100 * (paid / reported - 1):+.1f}"


def _market(data: MarketData) -> str:
    rows = data.figures[data.figures["table"] == "market"]
    ends = zip(rows["low"].tolist(), rows["high"].tolist(), strict=True)
    span = ["" if math.isnan(low) else f"{low:.4g} to {high:.4g}" for low, high in ends]
    body = rows[["variable", "value", "unit", "confidence", "note"]].assign(range=span)
    return table(list(body.columns), body.to_numpy().tolist())


def _schema() -> str:
    rows = [
        [f"{name}.csv", variable + ("" if rule.required else "?"), rule.allowed]
        for name, rules in LONG_TABLES.items()
        for variable, rule in rules.items()
    ]
    return table(["file", "variable", "allowed"], rows)


PAGES: dict[str, Callable[[MarketData], str]] = {"data": data_page, "strategies": strategies_page}

if __name__ == "__main__":
    sys.stdout.write(PAGES[sys.argv[1] if len(sys.argv) > 1 else "data"](load_market_data()))
