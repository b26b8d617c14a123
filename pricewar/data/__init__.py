"""Market data: one directory of tidy tables per market, every figure a row with its source.

`load_market_data()` reads the market that ships with the package, China's new-energy cars in April 2025.
The same call with the path of a directory reads a user's own market in the same format. What a market has
besides figures (tastes, mechanisms, amounts of money of its own) is in its scenario.toml. A market that
differs from another in some rows says in data_set.toml which one it extends, and holds those rows only.
There a set may also say which month it is of; then nothing in it may be dated later.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from pricewar.base.errors import bad_input

from .checks import (
    Finding,
    check_complete,
    check_dates,
    check_marks,
    check_rows,
    check_side,
    check_together,
)
from .layers import KEYS, Layer, laid, layers, left_out, strangers
from .schema import LONG_COLUMNS, LONG_TABLES, SIDE_TABLES, Number, to_number

__all__ = ["MarketData", "load_market_data"]

SCENARIO = "scenario.toml"
SAMPLE = "posterior"
"""The joint sample of its parameters that a market may name there."""
SCENARIO_TABLES = ("market", "consumers", "demand", "dynamics", "supply_chain", "noise", "campaigns")
"""Tables of a scenario that a market may bring beside its figures."""


@dataclass(frozen=True)
class MarketData:
    """A market at its base month.

    Attributes:
        firms: One row per firm (index: firm id). Units and capacity in cars a month, money in CNY,
            `fixed_cost` in CNY a month, `gross_margin` a fraction of the net price. `petrol_sales_share` is
            the firm's part of all petrol cars sold at home; makers outside the market have the rest. NaN:
            not published.
        products: One row per product (index: product id). Prices in CNY: `list_price`, `promotion` and
            `transaction_price` (list less promotion) include VAT, `net_price` does not. `announced_cut`
            is CNY off list, 0 outside the campaign.
        market: Totals and market-wide figures by name, the petrol cars outside the market among them
            (`petrol_share`, `petrol_price` in CNY incl. VAT, `petrol_margin`, `petrol_purchase_tax`).
        figures: Every figure of the three tables in long form, with unit, range, source and confidence;
            `table` says which table it is from.
        price_moves: Price moves of the past, one a row.
        policy_timeline: Public measures, one a row.
        history: Monthly sales by entity and metric; metrics must never be mixed.
        elasticities: Published estimates.
        conduct: The pricing rule that the moves of each firm support.
        scenario: Tables of a scenario (`SCENARIO_TABLES`) on which scenarios that use the market build; {}
            where it brings none.
        month: The month that the figures are of, "2025-12"; "" where the set does not say.
    """

    firms: pd.DataFrame
    products: pd.DataFrame
    market: dict[str, float]
    figures: pd.DataFrame
    price_moves: pd.DataFrame
    policy_timeline: pd.DataFrame
    history: pd.DataFrame
    elasticities: pd.DataFrame
    conduct: pd.DataFrame
    scenario: dict[str, Any] = field(default_factory=dict)
    month: str = ""


def load_market_data(name: str | Path = "china_nev_2025_04") -> MarketData:
    """Read and check a market.

    Args:
        name: A market that ships with the package, or the path of a directory with firms.csv,
            products.csv, market.csv and, if wanted, the side tables and scenario.toml. With a data_set.toml
            the directory extends another set and needs only the rows that differ.

    Returns:
        The market, prices and totals already consistent with each other.

    Raises:
        InputError: Something is missing or wrong, or sets extend each other in a circle; it lists every
            problem with file and row.
    """
    stack = layers(name)
    month = next((layer.month for layer in stack if layer.month), "")
    problems: list[Finding] = []
    tables = _tables(stack, problems)
    long, side = ({table: tables[table] for table in part} for part in (LONG_TABLES, SIDE_TABLES))
    scenario = {key: part for layer in reversed(stack) for key, part in _scenario(layer, problems).items()}
    if not problems:
        for table, frame in long.items():
            problems += check_rows(table, frame) + check_complete(table, frame)
        problems += check_together(long["firms"], long["products"], long["market"])
        problems += check_side(long["firms"], side["price_moves"], side["conduct"])
        problems += check_dates(month, tables) + check_marks(SCENARIO, scenario)
    if problems:
        raise bad_input(str(name), *problems)
    market = {str(row.variable): float(str(row.value)) for row in long["market"].itertuples()}
    return MarketData(
        firms=_wide(long["firms"], "firms"),
        products=_priced(_wide(long["products"], "products"), market["vat_rate"]),
        market=market,
        figures=_figures(long),
        **{table: _numeric(frame.drop(columns="place")) for table, frame in side.items()},
        scenario=scenario,
        month=month,
    )


def _tables(stack: list[Layer], problems: list[Finding]) -> dict[str, pd.DataFrame]:
    """Read and lay the tables of all layers; report what is missing or cannot be read into `problems`."""
    every = dict.fromkeys(LONG_TABLES, LONG_COLUMNS) | SIDE_TABLES
    read = {
        table: [
            _read(layer, table, columns, problems, optional=bool(layer.extends) or table in SIDE_TABLES)
            for layer in stack
        ]
        for table, columns in every.items()
    }
    if len(stack) == 1:
        return {table: frames[0] for table, frames in read.items()}
    problems += [] if problems else strangers(stack, read["firms"])
    tables = {table: laid(frames, KEYS[table]) for table, frames in read.items()}
    return left_out(tables, [firm for layer in stack for firm in layer.without])


def _read(
    layer: Layer, table: str, columns: tuple[str, ...], problems: list[Finding], optional: bool
) -> pd.DataFrame:
    """Read one table as text with the place of each row; report what is missing into `problems`."""
    empty = pd.DataFrame(columns=[*columns, "place"], dtype=str)
    path, name = layer.home.joinpath(f"{table}.csv"), f"{layer.label}{table}.csv"
    if not path.is_file():
        if not optional:
            problems.append((name, "no file", "a file with columns " + ", ".join(columns)))
        return empty
    with path.open("r", encoding="utf-8") as handle:
        try:
            frame = pd.read_csv(handle, dtype=str, keep_default_na=False)
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            problems.append((name, str(error), "comma-separated UTF-8 text with a header"))
            return empty
        handle.seek(0)
        header = next(csv.reader(handle), [])
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        problems.append((f"{name}:1", f"columns {', '.join(twice)} twice", "each column once"))
        return empty
    missing = [column for column in columns if column not in frame]
    if missing:
        problems.append((f"{name}:1", list(frame.columns), "also columns " + ", ".join(missing)))
        return empty
    return frame.assign(place=[f"{name}:{row + 2}" for row in range(len(frame))])


def _scenario(layer: Layer, problems: list[Finding]) -> dict[str, Any]:
    """Read the tables of a scenario that a market brings, if it brings any; report what is wrong."""
    path, name = layer.home.joinpath(SCENARIO), f"{layer.label}{SCENARIO}"
    if not path.is_file():
        return {}
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append((name, str(error), "valid TOML in UTF-8"))
        return {}
    allowed = f"tables named {', '.join(SCENARIO_TABLES)}, and the name of a {SAMPLE}"
    problems += [
        (f"{name} {key}", part, allowed)
        for key, part in tree.items()
        if not (
            (key in SCENARIO_TABLES and isinstance(part, dict)) or (key == SAMPLE and isinstance(part, str))
        )
    ]
    return tree


def _wide(long: pd.DataFrame, table: str) -> pd.DataFrame:
    rules = LONG_TABLES[table]
    order = list(dict.fromkeys(long["entity"]))
    wide = long.pivot(index="entity", columns="variable", values="value").reindex(order)
    wide = wide.reindex(columns=list(rules)).rename_axis(index=table[:-1], columns=None)
    numeric = [variable for variable, rule in rules.items() if isinstance(rule, Number)]
    return wide.astype(dict.fromkeys(numeric, float))


def _priced(products: pd.DataFrame, vat_rate: float) -> pd.DataFrame:
    """Add the two prices that follow from list price and promotion."""
    transaction = products["list_price"] - products["promotion"]
    return products.assign(
        transaction_price=transaction,
        net_price=transaction / (1.0 + vat_rate),
        announced_cut=products["announced_cut"].fillna(0.0),
        in_campaign=products["in_campaign"].eq("true"),
    )


def _figures(long: dict[str, pd.DataFrame]) -> pd.DataFrame:
    both = pd.concat([frame.assign(table=table) for table, frame in long.items()], ignore_index=True)
    bounds = {side: both[side].map(to_number) for side in ("low", "high")}
    return both.assign(**bounds)


def _numeric(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn columns that hold nothing but numbers and blanks into floats."""
    for column in frame.columns:
        numbers = pd.to_numeric(frame[column].replace("", None), errors="coerce")
        if numbers.notna().any() and bool((numbers.notna() | frame[column].eq("")).all()):
            frame = frame.assign(**{column: numbers.astype(float)})
    return frame
