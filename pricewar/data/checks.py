"""What must be true of a market's tables. Each check returns the problems it found; none raises."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from .schema import CONFIDENCE, FILL_IN, LONG_TABLES, NEEDS_RANGE, RULES, SOURCE, Number, Rule, to_number

Finding = tuple[str, object, str]
Cells = Mapping[tuple[str, str], tuple[str, str]]


def cells(table: pd.DataFrame) -> dict[tuple[str, str], tuple[str, str]]:
    """Return {(entity, variable): (value, place)} of one long table; the first row wins."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for row in table.itertuples():
        found.setdefault((str(row.entity), str(row.variable)), (str(row.value), str(row.place)))
    return found


def check_rows(name: str, table: pd.DataFrame) -> list[Finding]:
    """Check every row alone: value, range, source, confidence; and that no figure comes twice."""
    rules = LONG_TABLES[name]
    problems: list[Finding] = []
    seen: dict[tuple[str, str], str] = {}
    for row in table.to_dict("records"):
        place, key = str(row["place"]), (str(row["entity"]), str(row["variable"]))
        if key in seen:
            problems.append((place, " ".join(key), f"one row per figure; the first is {seen[key]}"))
        seen.setdefault(key, place)
        rule = rules.get(key[1], Number() if name == "market" else None)
        if rule is None:
            problems.append((f"{place} variable", key[1], "one of " + ", ".join(rules)))
        else:
            problems += _check_row({str(k): str(v) for k, v in row.items()}, rule)
    return problems


def _check_row(row: Mapping[str, str], rule: Rule) -> Iterator[Finding]:
    place = row["place"]
    if FILL_IN in (row["value"], row["source"], row["confidence"]):
        left = [name for name in ("value", "source", "confidence") if row[name] == FILL_IN]
        yield f"{place} {row['entity']} {row['variable']}", FILL_IN, f"{', '.join(left)}: {rule.allowed}"
        return
    if not rule.accepts(row["value"]):
        yield f"{place} {row['variable']}", row["value"], rule.allowed
    if row["confidence"] not in CONFIDENCE:
        yield f"{place} confidence", row["confidence"], "one of " + ", ".join(CONFIDENCE)
    if SOURCE.fullmatch(row["source"]) is None:
        yield f"{place} source", row["source"], "a URL, 'assumed' or 'computed: how'"
    elif row["confidence"] in ("high", "medium") and not row["source"].startswith("http"):
        yield f"{place} source", row["source"], f"a URL, because the figure is {row['confidence']}"
    if isinstance(rule, Number):
        yield from _check_range(row)


def _check_range(row: Mapping[str, str]) -> Iterator[Finding]:
    place, low, high = row["place"], row["low"], row["high"]
    if not low and not high:
        if row["confidence"] in NEEDS_RANGE:
            yield f"{place} low, high", "nothing", f"a range, because the figure is {row['confidence']}"
        return
    value = to_number(row["value"])
    if not (to_number(low) <= value <= to_number(high)) and not math.isnan(value):
        yield f"{place} low, high", f"{low}..{high}", f"numbers around the value {value:g}"


def check_complete(name: str, table: pd.DataFrame) -> list[Finding]:
    """Name every required variable that an entity lacks."""
    needed = [variable for variable, rule in LONG_TABLES[name].items() if rule.required]
    have = set(zip(table["entity"], table["variable"], strict=True))
    entities = ["market"] if name == "market" else list(dict.fromkeys(table["entity"]))
    return [
        (f"{name}.csv {entity}", "no row", f"a row with variable {variable}")
        for entity in entities
        for variable in needed
        if (entity, variable) not in have
    ]


def check_together(firms: pd.DataFrame, products: pd.DataFrame, market: pd.DataFrame) -> list[Finding]:
    """Check what spans rows and tables: owners, prices, totals."""
    firm, product, totals = cells(firms), cells(products), cells(market)
    return [
        *_check_owners(firm, product),
        *_check_prices(product),
        *_check_units(firm, product),
        *_check_totals(firm, totals),
        *_check_petrol(firm),
    ]


def check_side(firms: pd.DataFrame, moves: pd.DataFrame, conduct: pd.DataFrame) -> list[Finding]:
    """Check that moves and conduct name firms of the market, and conduct a rule, once per firm."""
    known = list(dict.fromkeys(firms["entity"]))
    allowed = "one of " + ", ".join(known)
    named = pd.concat([moves[["place", "firm"]], conduct[["place", "firm"]]])
    strange = named[~named["firm"].isin(known)]
    twice = conduct[conduct["firm"].duplicated()]
    rules = conduct[~conduct["rule"].isin(RULES)]
    return [
        *((f"{row.place} firm", row.firm, allowed) for row in strange.itertuples()),
        *((f"{row.place} firm", row.firm, "one row per firm") for row in twice.itertuples()),
        *((f"{row.place} rule", row.rule, "one of " + ", ".join(RULES)) for row in rules.itertuples()),
    ]


def check_dates(month: str, tables: Mapping[str, pd.DataFrame]) -> list[Finding]:
    """Find what is dated after the month that a data set is of: it must not tell how the market went on.

    Args:
        month: of the data set; "": it does not say, and nothing is checked.
        tables: products in long form, price_moves and history. A product that is not sold yet may have a
            launch to come.
    """
    if not month:
        return []
    product = cells(tables["products"])
    dated = [
        *((value, f"{place} launch") for (entity, variable), (value, place) in product.items()
          if variable == "launch" and to_number(product.get((entity, "units"), ("", ""))[0]) > 0),
        *((str(row.announced)[:7], f"{row.place} announced") for row in tables["price_moves"].itertuples()),
        *((str(row.month), f"{row.place} month") for row in tables["history"].itertuples()),
    ]  # fmt: skip
    allowed = f"at most {month}, the month of the data set"
    return [(place, found, allowed) for found, place in dated if found > month]


def check_marks(place: str, tree: object) -> list[Finding]:
    """Find figures in a tree of plain values that are still to be filled in."""
    if isinstance(tree, Mapping):
        return [found for key, part in tree.items() for found in check_marks(f"{place} {key}", part)]
    return [(place, FILL_IN, "its figure")] if tree == FILL_IN else []


def _check_owners(firm: Cells, product: Cells) -> Iterator[Finding]:
    known = list(dict.fromkeys(entity for entity, _ in firm))
    owners = [(value, place) for (_, variable), (value, place) in product.items() if variable == "firm"]
    for value, place in owners:
        if value not in known:
            yield f"{place} firm", value, "one of " + ", ".join(known)
    for entity in known:
        if entity not in {value for value, _ in owners}:
            yield "products.csv", f"no product of {entity}", "at least one product per firm"


def _check_prices(product: Cells) -> Iterator[Finding]:
    for (entity, variable), (value, place) in product.items():
        price = to_number(product.get((entity, "list_price"), ("", ""))[0])
        if variable in ("promotion", "announced_cut") and not math.isnan(price) and to_number(value) >= price:
            yield f"{place} {variable}", value, f"less than the list price {price:g}"
        cut = to_number(product.get((entity, "announced_cut"), ("", ""))[0])
        if variable == "announced_price" and abs(price - cut - to_number(value)) > 0.5:
            yield f"{place} announced_price", value, f"list price less announced cut, {price - cut:g}"


def _check_units(firm: Cells, product: Cells) -> Iterator[Finding]:
    sold: dict[str, float] = {}
    for (entity, variable), (value, _) in product.items():
        if variable == "firm":
            sold[value] = sold.get(value, 0.0) + to_number(product.get((entity, "units"), ("0", ""))[0])
    for (entity, variable), (value, place) in firm.items():
        if variable == "units" and abs(sold.get(entity, math.nan) - to_number(value)) > 0.5:
            yield f"{place} units", value, f"the sum over its products, {sold[entity]:g}"


def _check_totals(firm: Cells, market: Cells) -> Iterator[Finding]:
    total = sum(to_number(value) for (_, variable), (value, _) in firm.items() if variable == "units")
    retail, place = market.get(("market", "nev_retail"), ("nan", ""))
    if abs(total - to_number(retail)) > 0.5:
        yield f"{place} nev_retail", retail, f"the sum over the firms, {total:g}"
    shoppers, place = market.get(("market", "shoppers_per_month"), ("nan", ""))
    if to_number(shoppers) < total:
        yield f"{place} shoppers_per_month", shoppers, f"at least the cars sold, {total:g}"


def _check_petrol(firm: Cells) -> Iterator[Finding]:
    """Find firms that sell more petrol cars than are sold; makers outside the market may sell the rest."""
    variable = "petrol_sales_share"
    total = sum(to_number(value) for (_, name), (value, _) in firm.items() if name == variable)
    if total > 1 + 1e-9:
        yield f"firms.csv {variable}", f"a sum of {total:g}", "at most 1 over all firms"
