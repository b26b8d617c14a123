"""`market_from`: a table of products becomes a calibrated market, and a first cut in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pricewar.base.arguments import maybe, number, takes, text
from pricewar.base.arguments import path as path_
from pricewar.demand.pyblp_bridge import PyblpMarket
from pricewar.files.folders import replaced, require_ours
from pricewar.files.toml_text import parse
from pricewar.scenario.tree import Scenario, scenario_from

from .estimates import told_by
from .fit import Fit, fit
from .goods import Goods, TableLike, read_goods
from .text import text_of
from .tree import RULE_WORDS, Lines, lines_of
from .wishes import CUT, CUT_FROM, DEPTH, Wishes


@dataclass(frozen=True, eq=False)
class TableMarket:
    """A market made from a table.

    Attributes:
        scenario: the market at rest.
        cut: the same with a cut by the firm that sells most.
        values: a row for each value that is not of one firm or product: part, value, source.
        products: a row per product: firm, product, price, units, unit_cost, margin, source of the cost.
        misfit: a row per firm whose costs are known: margin_given, margin_implied, difference,
            growth_motive, all as parts of the price.
        notes: sentences that the user must know.
        texts: the two files, by name.
    """

    scenario: Scenario
    cut: Scenario
    values: pd.DataFrame
    products: pd.DataFrame
    misfit: pd.DataFrame
    notes: tuple[str, ...]
    texts: Mapping[str, str]

    @takes(out=path_)
    def save(self, out: str | Path) -> Path:
        """Write both scenarios into a folder.

        Args:
            out: the folder. Only files that this wrote before, and that nobody edited since, are replaced.

        Returns:
            The file of the market.

        Raises:
            InputError: the folder holds files of others, or an edited file.
        """
        folder = Path(out)
        with replaced(folder) as draft:
            for name, content in self.texts.items():
                (draft / name).write_text(content, encoding="utf-8", newline="\n")
        return folder / next(iter(self.texts))

    def next_line(self, out: str | Path) -> str:
        """The command that compares the two."""
        first, second = (str(Path(out) / name) for name in self.texts)
        return f"pricewar compare {first} {second}"


@takes(
    name=maybe(text), period=text, start=maybe(text), currency=maybe(text), unit=text, outside=maybe(number),
    market_size=maybe(number), demand=maybe(text), nests=maybe(text), rho=maybe(number),
    elasticity=maybe(number), sheet=maybe(text), decimal=maybe(text),
)  # fmt: skip
def market_from(
    table: TableLike | PyblpMarket,
    *,
    name: str | None = None,
    period: str = "month",
    start: str | None = None,
    currency: str | None = None,
    unit: str = "units",
    outside: float | None = None,
    market_size: float | None = None,
    demand: str | None = None,
    nests: str | None = None,
    rho: float | None = None,
    elasticity: float | None = None,
    sheet: str | None = None,
    decimal: str | None = None,
) -> TableMarket:
    """Make a market from a table of products.

    The table has a row for each product and the columns firm, product, price, and quantity or share; and
    cost or margin, capacity and attributes where they are known. What is not given is assumed, and said to
    be. Elasticity and costs: with costs and no elasticity, the elasticity is fitted to them; with both, a
    growth motive takes what is left; with no cost, the costs are those at which today's prices are best.

    Args:
        table: a CSV, XLSX or ODS file, a DataFrame, or columns by name. Prices and costs are in money,
            quantities and capacities in units a period. Or a market that was estimated, from
            `pricewar.demand.market_from_pyblp`: its elasticity, nests and costs are taken.
        name: of the market and of its files; None: that of the file.
        period: "day", "week", "month" or "quarter".
        start: first period: a month such as "2026-01", or a date.
        currency: name of the money.
        unit: what is sold, in the plural.
        outside: part of shoppers who buy nothing; None: 0.5 (assumed), or what shares leave.
        market_size: people who consider buying in a period, in place of `outside`.
        demand: Logit, NestedLogit, MixedLogit or Linear; None: Logit, or NestedLogit with nests.
        nests: column whose values are nests.
        rho: correlation within nests; None: 0.5 (assumed).
        elasticity: unit-weighted mean own-price elasticity; None: fitted, or -3 (assumed).
        sheet: name of the sheet of a workbook, where several fit.
        decimal: "." or ",", where no number tells it.

    Raises:
        InputError: every problem of the table, with row and column, and of the arguments.
        ConvergenceError: the demand cannot be calibrated to this market.
    """
    if isinstance(table, PyblpMarket):
        columns, beside = told_by(table)
        beside |= {"start": start, "currency": currency, "market_size": market_size}
        return market_from(columns, name=name, period=period, unit=unit, **beside)
    usual = Path(table).stem if isinstance(table, (str, Path)) else "market"
    wishes = Wishes(
        name or usual, period, start, currency, unit, outside, market_size, demand, nests, rho, elasticity
    )
    return made(read_goods(table, wishes, sheet, decimal), wishes)


def made(goods: Goods, wishes: Wishes) -> TableMarket:
    """The market of a table that has been read."""
    if goods.nests:
        wishes = Wishes(**{**vars(wishes), "nests": goods.nests})
    first = scenario_from(lines_of(goods, wishes, None).tree(), goods.source)
    found = fit(goods, first, wishes.elasticity)
    lines = lines_of(goods, wishes, found)
    texts = {
        f"{wishes.name}.toml": text_of(lines, _head(goods, wishes), found.notes),
        f"{wishes.name}-cut.toml": text_of(_cut(goods, wishes), _cut_head(goods, wishes)),
    }
    market = scenario_from(parse(texts[f"{wishes.name}.toml"]), goods.source)
    above = {k: v for k, v in _cut(goods, wishes).tree().items() if k != "extends"}
    return TableMarket(
        scenario=market,
        cut=scenario_from({**market.model_dump(), **above}, goods.source),
        values=_values(lines),
        products=_products(goods, found),
        misfit=found.misfit,
        notes=(*goods.notes, *found.notes),
        texts=texts,
    )


def require_folder(out: Path) -> None:
    """Refuse a folder that may not be written, before anything is computed.

    Raises:
        InputError: it holds files of others, or one of ours that was edited.
    """
    require_ours(out)


def _head(goods: Goods, wishes: Wishes) -> str:
    return (
        f"The market {wishes.name}, made from {Path(goods.source).name} by `pricewar market`. \n"
        "given: in the table or with the command; fitted: to costs or margins of the table; implied: its\n"
        "price is best for the firm at this cost; assumed: nobody said it, so look at it, and edit it.\n"
        "What is not written has no effect: docs/how-to/write-a-scenario.md."
    )


def leader(goods: Goods) -> int:
    """First product of the firm that sells most; the first such firm of the table if several do."""
    ids = np.array(goods.firm_ids)
    sold = [float(goods.units[ids == key].sum()) for key in goods.firm_ids]
    return int(np.argmax(np.round(sold, 9)))


def _cut(goods: Goods, wishes: Wishes) -> Lines:
    j = leader(goods)
    lines = Lines()
    lines.put("", "name", f"{wishes.name}-cut", "")
    lines.put("", "title", f"{goods.firms[j]} cuts its prices by {DEPTH:.0%}", "")
    lines.put("", "extends", f"{wishes.name}.toml", "")
    last = CUT_FROM + CUT[wishes.period] - 1
    event = {
        "kind": "Cut",
        "period": CUT_FROM,
        "until_period": last,
        "firm": goods.firm_ids[j],
        "depth": DEPTH,
    }
    lines.put("", "events", [event], "periods are counted from 0")
    return lines


def _cut_head(goods: Goods, wishes: Wishes) -> str:
    return (
        f"A first question to {wishes.name}: {goods.firms[leader(goods)]}, which sells most, cuts prices.\n"
        "Depth and length are assumed: change them."
    )


def _values(lines: Lines) -> pd.DataFrame:
    rows = [
        (f"{table}.{key}" if table else key, value, comment)
        for table in lines.tables
        if not table.startswith(("firms.", "products."))
        for key, (value, comment) in lines.of(table).items()
        if comment
    ]
    firm = next(table for table in lines.tables if table.startswith("firms."))
    rows.append(("firms.*.strategy", lines.of(firm)["strategy"][0], RULE_WORDS))
    return pd.DataFrame(rows, columns=["part", "value", "source"])


def _products(goods: Goods, found: Fit) -> pd.DataFrame:
    known: Any = np.isfinite(goods.costs)
    source = np.where(
        known, np.where(goods.from_margin, "given as a margin", "given"), "implied by the price"
    )
    return pd.DataFrame(
        {
            "firm": goods.firms,
            "product": goods.products,
            "price": goods.prices,
            "units": goods.units,
            "unit_cost": found.costs,
            "margin": 1.0 - found.costs / goods.prices,
            "source": source,
        }
    )
