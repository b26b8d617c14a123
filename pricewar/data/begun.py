"""A data set of another month to be filled in: what ages is marked, what does not is carried over.

Figures of an old month are never values of a new one. They stand in the note, to compare the new one with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from pricewar.base.errors import bad_input
from pricewar.base.months import months_between

from . import SCENARIO, load_market_data
from .history import LAST
from .layers import DATA_SET, MONTH, layers
from .schema import FILL_IN, FIRM, LONG_COLUMNS, MARKET, PRODUCT, Number, Rule

__all__ = ["begun", "blank", "month_of"]

LASTING: Final = frozenset({"battery_kwh", "range_km", "vat_rate"})
"""Numbers that are of a model or a law, not of a month; they are carried over with their source."""
USED: Final = {
    "firms": (*(name for name, rule in FIRM.items() if rule.required), "petrol_sales_share"),
    "products": tuple(name for name, rule in PRODUCT.items() if rule.required),
    "market": (*MARKET, "income_log_sd"),
}
"""Variables that a run reads; others of the old set are left behind."""
AGEING: Final = ("pack_price", "nev_fleet_share")
"""Numbers of scenario.toml that belong to a month."""
UNITS: Final = {
    "units": "cars/month", "gross_margin": "fraction of net price", "payable_days": "days", "cash": "CNY",
    "capacity": "cars/month", "fixed_cost": "CNY/month", "backlog": "cars", "dealer_stock": "cars",
    "list_price": "CNY incl. VAT", "promotion": "CNY incl. VAT", "battery_kwh": "kWh", "range_km": "km CLTC",
    "launch": "YYYY-MM", "total_retail": "cars/month", "nev_retail": "cars/month",
    "shoppers_per_month": "households/month", "vat_rate": "fraction of net price",
}  # fmt: skip

MAKER: Final = "maker"
OWNER: Final = {"value": MAKER, "source": "computed: maker of the model", "confidence": "computed"}
"""The one firm of an empty data set, and the cells that make it the owner of the one product."""


def begun(month: str, like: str | Path) -> dict[str, str]:
    """Files of a data set with the firms and products of another one, all that ages marked to be filled in.

    Products that the old set had not sold yet are left out: what they came to be is for the new one to say.

    Args:
        month: of the new set, "2025-12"; after that of the old one.
        like: the old set, a shipped one or a directory.

    Returns:
        Name of each file -> text: data_set.toml, three tables, scenario.toml.

    Raises:
        InputError: the old set is not valid, or the month is none, or not after that of the old set.
    """
    old, before = load_market_data(like), month_of(like)
    if MONTH.fullmatch(month) is None or (before and months_between(before, month) <= 0):
        allowed = f"a month after {before}, like 2025-12" if before else "a month like 2025-12"
        raise bad_input("pricewar data new", ("MONTH", month, allowed))
    to_come = set(old.products.index[old.products["units"] == 0])
    figures = old.figures[~(old.figures["table"].eq("products") & old.figures["entity"].isin(to_come))]
    tables = {
        str(name): pd.DataFrame(_rows(part, before), columns=list(LONG_COLUMNS))
        for name, part in figures.groupby("table", sort=False)
    }
    texts = [layer.home.joinpath(SCENARIO) for layer in reversed(layers(like))]
    kept = "\n".join(path.read_text("utf-8") for path in texts if path.is_file())
    return _files(month, tables) | {SCENARIO: _aged(kept, before)}


def blank(month: str) -> dict[str, str]:
    """Files of a data set with one firm and one product, in which everything is to be filled in.

    Args:
        month: of the set.

    Raises:
        InputError: not a month.
    """
    if MONTH.fullmatch(month) is None:
        raise bad_input("pricewar data new", ("MONTH", month, "a month like 2025-12"))
    rules: dict[tuple[str, str], Mapping[str, Rule]] = {
        ("firms", MAKER): FIRM, ("products", "model"): PRODUCT, ("market", "market"): MARKET
    }  # fmt: skip
    tables = {
        table: pd.DataFrame(
            [
                _marked(entity, variable, "") | (OWNER if variable == "firm" else {})
                for variable, rule in known.items()
                if rule.required
            ],
            columns=list(LONG_COLUMNS),
        )
        for (table, entity), known in rules.items()
    }
    return _files(month, tables)


def month_of(name: str | Path) -> str:
    """The month of a data set: what it says, and the last of the record for a shipped one; else "".

    Raises:
        InputError: no such set.
    """
    stack = layers(name)
    shipped = Path(__file__).parent
    inside = isinstance(stack[0].home, Path) and stack[0].home.resolve().parent == shipped
    return next((layer.month for layer in stack if layer.month), LAST if inside else "")


def _rows(part: pd.DataFrame, before: str) -> Iterator[dict[str, object]]:
    """Rows of one table: those that a run reads, marked where they age."""
    for row in part.to_dict("records"):
        table, entity, variable = (str(row[key]) for key in ("table", "entity", "variable"))
        if variable not in USED[table]:
            continue
        rule = {"firms": FIRM, "products": PRODUCT, "market": MARKET}[table].get(variable)
        assumed = table == "market" and not (rule and rule.required)
        if isinstance(rule, Number) and variable not in LASTING and not assumed:
            was = f"{before or 'before'}: {row['value']} ({row['confidence']})"
            yield _marked(entity, variable, was, str(row["unit"]))
        else:
            yield {key: _text(row[key]) for key in LONG_COLUMNS}


def _text(value: object) -> object:
    """A cell: bounds that are not given are NaN in the figures, and blank in a file."""
    if isinstance(value, float):
        return "" if value != value else f"{value:.12g}"
    return value


def _marked(entity: str, variable: str, note: str, unit: str = "") -> dict[str, object]:
    mark = {"value": FILL_IN, "source": FILL_IN, "confidence": FILL_IN}
    unit = unit or UNITS.get(variable, "text")
    return {"entity": entity, "variable": variable, "unit": unit, "low": "", "high": "", "note": note, **mark}


def _files(month: str, tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    head = "# The month that all figures here are of; nothing in the tables may be dated later.\n"
    made = {f"{name}.csv": table.to_csv(index=False, lineterminator="\n") for name, table in tables.items()}
    return {DATA_SET: f'{head}month = "{month}"\n', **made}


def _aged(text: str, before: str) -> str:
    """The text of scenario.toml with what belongs to a month marked, the old figure beside it."""
    head = (
        "# What the market has beside its figures. Tastes and campaigns were calibrated to the record up to\n"
        f"# {LAST}, and stay so: the backtest is a forecast only as long as nothing later is in them.\n\n"
    )
    names = "|".join(AGEING)
    marked = re.sub(
        rf"^({names}) = (\S+)(.*)$", rf'\1 = "{FILL_IN}"  # {before}: \2\3', text, flags=re.MULTILINE
    )
    return head + marked
