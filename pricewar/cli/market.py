"""`pricewar market`: from a table of products to a market that every other command takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import say, show, tell
from .options import Quiet

if TYPE_CHECKING:
    import pandas as pd

    from pricewar.from_table import TableMarket

TableFile = Annotated[
    Path,
    typer.Argument(
        metavar="PRODUCTS",
        help="CSV, XLSX or ODS: firm, product, price, quantity or share; cost or margin, capacity, others. "
        "Or supermarkets, streaming or airline: examples.",
    ),
]
Name = Annotated[str | None, typer.Option("--name", help="Name of the market; default: the file's.")]
Period = Annotated[
    str, typer.Option(metavar="day|week|month|quarter", help="What quantities are counted over.")
]
Start = Annotated[str | None, typer.Option(help="First period: 2026-01, or a date such as 2026-01-05.")]
Currency = Annotated[str | None, typer.Option(help="Name of the money, such as EUR.")]
Unit = Annotated[str, typer.Option(help="What is sold, in the plural, such as baskets.")]
Outside = Annotated[
    float | None, typer.Option(help="Part of shoppers who buy nothing; default 0.5, assumed.")
]
Size = Annotated[
    float | None, typer.Option(help="People who consider buying in a period, in place of --outside.")
]
Demand = Annotated[
    str | None, typer.Option(metavar="KIND", help="Logit (default), NestedLogit, MixedLogit or Linear.")
]
Nests = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Column whose values are nests: a nested logit.")
]
Rho = Annotated[float | None, typer.Option(help="Correlation within nests; default 0.5, assumed.")]
Elasticity = Annotated[
    float | None,
    typer.Option(help="Mean own-price elasticity; default: fitted to costs or margins, else -3, assumed."),
]
Sheet = Annotated[str | None, typer.Option(help="Sheet of a workbook, where several fit.")]
Decimal = Annotated[str | None, typer.Option(help="Decimal mark, . or , where no number tells it.")]
Out = Annotated[Path | None, typer.Option(help="Folder to write; default: the market's name.")]


def market(
    products: TableFile,
    name: Name = None,
    period: Period = "month",
    start: Start = None,
    currency: Currency = None,
    unit: Unit = "units",
    outside: Outside = None,
    market_size: Size = None,
    demand: Demand = None,
    nests: Nests = None,
    rho: Rho = None,
    elasticity: Elasticity = None,
    sheet: Sheet = None,
    decimal: Decimal = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Make a market from a table of products: a scenario at rest, and a first cut in it.

    What is not given is assumed and said to be. With costs or margins and no --elasticity, the elasticity is
    fitted to them; with both, a growth motive takes the rest; with neither, costs follow from the prices.
    """
    from pricewar.from_table import market_from
    from pricewar.from_table.examples import found
    from pricewar.from_table.market import require_folder

    table = found(products)
    folder = out or Path(name or table.stem)
    require_folder(folder)
    made = market_from(
        table, name=name, period=period, start=start, currency=currency, unit=unit, outside=outside,
        market_size=market_size, demand=demand, nests=nests, rho=rho, elasticity=elasticity, sheet=sheet,
        decimal=decimal,
    )  # fmt: skip
    made.save(folder)
    if not quiet:
        tell_market(made)
        say(f"written: {folder}")
        say(f"next:    {made.next_line(folder)}")


def tell_market(made: TableMarket) -> None:
    """Print what was given, fitted and assumed, the costs, how well known costs are met, and the notes."""
    values = [[str(part), _cell(value), str(source)] for part, value, source in made.values.to_numpy()]
    show(made.scenario.title, ("what", "value", "where from"), values, text_columns=3)
    _show("products", made.products, 2)
    if len(made.misfit):
        _show("known costs, and margins that follow from demand (parts of the price)", made.misfit, 1)
    for note in made.notes:
        tell(f"note: {note}")


def _show(title: str, table: pd.DataFrame, texts: int) -> None:
    heads = [str(name).replace("_", " ") for name in table.columns]
    show(title, heads, [[_cell(value) for value in row] for row in table.to_numpy()], text_columns=texts)


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if value.is_integer() or abs(value) >= 1e4 else f"{value:.4g}"
