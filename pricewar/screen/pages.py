"""The tables of a screen as people read them: for the terminal, for report.md and for the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from .study import Screen

ROWS: Final = 25
"""Products shown; all are in products.csv."""
LABELS: Final = {
    "alpha": "price sensitivity (per unit of money)",
    "rho": "correlation within nests",
    "margin_rmse": "miss of the margins (root mean square)",
    "market_elasticity": "elasticity of the market",
    "mean_own_elasticity": "own elasticity, mean",
    "hhi": "HHI before (0 to 10,000, of sales)",
    "hhi_change": "change of HHI at the shares before",
    "hhi_after": "HHI after, predicted",
    "mean_price_change": "change of prices, mean",
    "inside_share_change": "change of share that buys",
    "consumer_harm_per_head": "consumer harm per head (compensating variation)",
    "profit_change_per_head": "change of profits per head",
    "tax_revenue_per_head": "tax per head",
    "welfare_change_per_head": "change of welfare per head",
    "consumer_harm": "consumer harm",
    "profit_change": "change of profits",
    "tax_revenue": "tax",
    "welfare_change": "change of welfare",
}
MONEY: Final = frozenset({
    f"{name}{per}" for name in ("consumer_harm", "profit_change", "tax_revenue", "welfare_change")
    for per in ("", "_per_head")
})  # fmt: skip
"""Figures in money, whose currency is named where the spreadsheet names one."""
PER_CENT: Final = frozenset({
    "share", "share_after", "margin_observed", "margin_implied", "margin_after", "observed", "implied",
    "difference", "diversion_own_firm", "diversion_outside", "diversion_partner", "guppi", "cmcr",
    "price_change", "margin_rmse", "mean_price_change", "parties_price_change", "inside_share_change",
})  # fmt: skip
"""Columns and figures that are parts and are printed in per cent."""
BEFORE: Final = (
    "product", "firm", "nest", "price", "share", "margin_observed", "margin_implied", "cost",
    "own_elasticity", "diversion_own_firm", "diversion_outside", "pass_through_own", "pass_through_all",
)  # fmt: skip
AFTER: Final = (
    "product", "firm", "price", "price_after", "price_change", "share", "share_after", "margin_after",
    "diversion_partner", "upp_gross", "upp", "guppi", "cmcr",
)  # fmt: skip
"""Columns of the two tables of products."""


@dataclass(frozen=True)
class Page:
    """One table: title, names of columns, cells, and how many columns at the left are text."""

    title: str
    heads: list[str]
    rows: list[list[str]]
    texts: int = 1


def pages(found: Screen, change: str) -> list[Page]:
    """Figures, fit, products before and after, firms, diversion."""
    made = "nested logit" if found.calibration.nested else "logit"
    first = Page(f"{made}, change: {change}", ["figure", "value"], _figures(found))
    fit = Page("known margins", *_plain(found.fit), texts=2)
    many = len(found.products)
    part = f" ({ROWS} of {many}; all with --out)" if many > ROWS else ""
    texts = 3 if found.calibration.nested else 2
    before = Page(f"products as they are{part}", *_plain(_products(found, BEFORE)), texts=texts)
    after = Page(f"products after the change{part}", *_after(found), texts=2)
    firms = Page("firms", *_plain(found.firms.head(ROWS)))
    parts = found.diversion.rename(columns={name: f"to {name}" for name in found.diversion.columns[1:]})
    flow = Page("where sales go that a firm loses when it raises its prices", *_plain(parts, every="from"))
    return [first, *_compared(found), fit, before, *([] if found.change.empty else [after]), firms, flow]


def _compared(found: Screen) -> list[Page]:
    """Forms of demand, and thresholds of guidelines, where there are any."""
    made = []
    if len(found.forms):
        shown = found.forms.dropna(axis=1, how="all")
        columns = [name for name in shown if name != "failed" or (shown["failed"] != "").any()]
        made.append(Page("the same change under other forms of demand", *_plain(shown[columns]), texts=2))
    if len(found.thresholds):
        rules = found.thresholds[["guideline", "figure", "met", "says", "source"]]
        state = found.thresholds.iloc[0]
        title = (
            f"guidelines: HHI after {state['hhi_after']:,.0f} (change {state['hhi_change']:,.0f}), "
            f"joint share {100.0 * state['joint_share']:.1f}%"
        )
        met = rules["met"].map({True: "yes", False: "no"})
        made.append(Page(title, *_plain(rules.assign(met=met)), texts=5))
    return made


def _after(found: Screen) -> tuple[list[str], list[list[str]]]:
    """Names and cells of the products after the change; the saving that UPP credits is in its name."""
    heads, rows = _plain(_products(found, AFTER))
    saved = f"UPP after {100.0 * found.efficiency:g}% saving"
    return [saved if head == "UPP" else head for head in heads], rows


def _figures(found: Screen) -> list[list[str]]:
    rows, money = list[list[str]](), found.calibration.market.money
    for figure in found.figures.to_dict("records"):
        name = str(figure["figure"])
        if _is_idle(found, name):
            continue
        value, low, high = (_cell(name, figure[column]) for column in ("value", "lo", "hi"))
        label = f"{LABELS[name]} ({money})" if money and name in MONEY else LABELS[name]
        rows.append([label, f"{value} [{low}, {high}]" if low and low != high else value])
    return rows


def _is_idle(found: Screen, name: str) -> bool:
    """Whether a figure says nothing here: rho without nests, tax without taxes."""
    if name == "rho":
        return not found.calibration.nested
    return name.startswith("tax_revenue") and not found.change.tax and not found.change.unit_tax


def _products(found: Screen, columns: tuple[str, ...]) -> pd.DataFrame:
    """Some columns, with the interval of the price change; if not all rows, the parties and the largest."""
    table = found.products
    order = table.sort_values("share", ascending=False, kind="stable")
    if "party" in table:
        order = order.sort_values("party", ascending=False, kind="stable")
    shown = [name for name in columns if name in table]
    rows = order.head(ROWS) if len(table) > ROWS else table
    if "price_change_lo" not in table or "price_change" not in shown:
        return rows[shown]
    ends = rows[["price_change", "price_change_lo", "price_change_hi"]].to_numpy()
    told = [f"{_part(value)} [{_part(low)}, {_part(high)}]" for value, low, high in ends]
    return rows[shown].assign(price_change=told)


def _plain(table: pd.DataFrame, every: str = "") -> tuple[list[str], list[list[str]]]:
    """Names and cells; with `every` all columns but that one are parts."""
    names = [str(name) for name in table.columns]
    heads = [f"{_words(name)} %" if _is_part(name, every) else _words(name) for name in names]
    cells = [
        [_cell(name, value, _is_part(name, every), bare=True) for value in table[name]] for name in names
    ]
    return heads, [list(row) for row in zip(*cells, strict=True)]


def _words(name: str) -> str:
    if name == "upp_gross":
        return "UPP gross"
    return name.upper() if name in ("upp", "guppi", "cmcr") else name.replace("_", " ")


def _is_part(name: str, every: str) -> bool:
    return name in PER_CENT or bool(every and name != every)


def _cell(name: str, value: Any, part: bool | None = None, bare: bool = False) -> str:
    """A number as people read it; `bare` leaves out the sign of per cent."""
    if not isinstance(value, float):
        return str(value)
    if value != value:
        return ""
    if part or (part is None and name in PER_CENT):
        return _part(value) + ("" if bare else "%")
    if name.startswith("hhi"):
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def _part(value: float) -> str:
    """In per cent, zero without a sign."""
    text = f"{100.0 * value:.2f}"
    return "0.00" if text == "-0.00" else text


def as_markdown(found: Screen, change: str, figure: list[str]) -> str:
    """The report."""
    market = found.calibration.market
    lines = [
        f"# Screen of {market.source.replace(chr(92), '/').rpartition('/')[2]}",
        "",
        f"{len(market.products)} products of {len(market.firm_names)} firms; "
        f"{100.0 * market.outside:.1f}% of the market buys none. Change: `{change}`.",
    ]
    if found.spread:
        lines[2:2] = [found.spread, ""]
    if found.draws > found.lost:
        lines += [
            "",
            f"Brackets: 95% of {found.draws - found.lost} draws in which each known margin has a standard "
            f"error of {found.margin_sd:g}. They hold what is not known of the margins and nothing else: not "
            "the form of demand, not how firms set prices.",
        ]
    lines += ["", *(f"- {note}" for note in found.notes)]
    for page in pages(found, change):
        rules = ["---" if place < page.texts else "---:" for place in range(len(page.heads))]
        lines += ["", f"## {page.title[0].upper()}{page.title[1:]}", ""]
        lines += [_line(row) for row in (page.heads, rules, *page.rows)]
    return "\n".join([*lines, "", *figure]).rstrip() + "\n"


def _line(cells: list[str]) -> str:
    """A row of a Markdown table, whatever is in the names."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
