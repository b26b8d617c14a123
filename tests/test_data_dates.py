"""No cell of the shipped data tells how the market went on after its base month, April 2025.

What may name a later date is listed in `ALLOWED` with its reason; an entry that nothing uses fails.
Examples below are made up: a test must not tell what the data must not tell.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

import pandas as pd
import pytest

MONTHS = "may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
PAST = r"(?:and[ _-]full[ _-]year[ _-])?(?:\d{1,2},?[ _-])?(?:of[ _-])?20(?:1\d|2[0-4])"
NOT_PAST = rf"(?![ _-]*{PAST})"
PATTERNS = {
    "quarter": r"2025[ _-]?q[2-4]|q[2-4][ _-]?(?:of[ _-])?(?:20)?25(?!\d)",
    "bare quarter": rf"(?<!20[12]\d)(?<!20[12]\d[ _-])\bq[2-4]\b{NOT_PAST}",
    "quarter in words": rf"\b(?:second|third|fourth|2nd|3rd|4th)[ _-]quarter\b{NOT_PAST}",
    "half year": rf"2025[ _-]?h[12]\b|(?<!20[12]\d)(?<!20[12]\d[ _-])\bh[12]\b{NOT_PAST}",
    "half year in words": rf"\b(?:first|second)[ _-]half\b{NOT_PAST}|\bhalf[ _-]years?\b|半年",
    "month of 2025": rf"\b(?:{MONTHS})[ _.,-]*(?:\d{{1,2}}(?:st|nd|rd|th)?[ _.,-]+)?"
    r"(?:of[ _-])?(?:20)?25(?!\d)",
    "month of 2025, year first": rf"2025[ _.,-]+(?:{MONTHS})\b",
    "month in digits": r"2025[-/._年 ]?(?:0?[5-9]|1[0-2])(?:[-/._月 ]|(?:[0-3]\d)?(?!\d))",
    "month in an address": rf"(?<=[/_-])(?:{MONTHS})(?=[/_-]|$){NOT_PAST}",
    "month with a figure": rf"\b(?:{MONTHS})\.? (?!{PAST})[><]?\d",
    "span of months": rf"\bjan(?:uary)?[ _-]*(?:to|-|–)[ _-]*(?:{MONTHS})\b{NOT_PAST}",
    "total of 2025": r"\b(?:week|month|year)[ _-](?:of[ _-])?2025|\b(?:full|whole|entire|all)[ _-]"
    r"(?:year[ _-])?(?:of[ _-])?2025|2025[ _-](?:full|whole)[ _-]year|(?<![\d.])2025[ _-](?:annual|total)",
    "total of a year not named": r"\byear (?:sums|to\b|total)",
    "the year 2025 alone": r"^2025$",
    "survey of 2025": r"survey of 2025|2025 survey|arxiv\.org/\w+/2[5-9](?:0[5-9]|1[0-2])\b",
    "later year": r"(?<![\d.])20(?:2[6-9]|[3-9]\d)(?![\d.])",
    "outcome in an address": r"/\S*(?:sales-hit-record|record-high|second-highest|all-time-high"
    r"|top-deliveries|profit-soars|in-2025|of-2025|since-last-year-despite|continued-discounts|orders-\d+k)",
}


@dataclass(frozen=True)
class Allowed:
    """Text that may stand in a column of a file (or template); `text` is cut out before the search."""

    file: str
    column: str
    text: str
    reason: str


SHOCK = "BYD's campaign of 23 May 2025 is the shock to be studied"
LAUNCH = "a launch announced as an event, with its price"
POLICY = "public measures are inputs of scenarios, whenever taken"
OFFER = "an offer made before the month began"
PRINTED = "printed in May 2025 on April or the first quarter; the address tells no later figure"
FORECAST = "made before May 2025"
ALLOWED = (
    Allowed("policy_timeline", "date", r".*", POLICY),
    Allowed("policy_timeline", "instrument|what_changed", r".*", POLICY),
    Allowed("policy_timeline", "source", r"/2025/0[67](?:/\d\d)?/|/202505/31/|n3/2025/0719/", POLICY),
    Allowed("policy_timeline", "source", r"into-2026|sets-2026", POLICY),
    Allowed("price_moves", "announced", r"2025-05-23", SHOCK),
    Allowed("price_moves", "announced", r"2025-05-01", "seasonal offers announced before"),
    Allowed("price_moves", "note", r"through June 30", SHOCK),
    Allowed("price_moves", "note", r"Apr 29 - May 31", OFFER),
    Allowed("price_moves|products|market|firms", "source", r"2025[-/]05[-/]27", SHOCK),
    Allowed("products", "source", r"cut of 23 May 2025", SHOCK),
    Allowed("products", "value", r"2025-0[5-7]", LAUNCH),
    Allowed("products", "note", r"26 June 2025|(?:of )?the May 2025 facelift", LAUNCH),
    Allowed("market", "note", r"cuts of 23 May 2025", SHOCK),
    Allowed("market", "note", r"in 2026 and 2027", POLICY),
    Allowed("market", "variable|source|note", r"2030|in 2026|by-2026-end", FORECAST),
    Allowed("market", "note", r"/2025/01/13/where-will-lithium-ion-battery-prices-go-in-2025/", FORECAST),
    Allowed("elasticities", "source", r"2606\.\d+", "a paper on 2015 to 2024"),
    Allowed("firms|history|products|market", "source|note", r"/2025/05/\d\d/|/20250511-", PRINTED),
    Allowed("templates", "line", r"23 May 2025|campaign of 23 May", SHOCK),
    Allowed("templates", "line", r"26 June 2025", LAUNCH),
    Allowed(
        "templates",
        "line",
        r"(?:of 1|to) May 2025|package of May 2025",
        "offers announced before, and the shock",
    ),
)
NUMBERS = re.compile(r"-?[\d.]+")


def tables(home: Traversable) -> Iterator[tuple[str, pd.DataFrame]]:
    for path in sorted(home.iterdir(), key=lambda path: path.name):
        if path.name.endswith(".csv"):
            with path.open("r", encoding="utf-8") as handle:
                yield path.name.removesuffix(".csv"), pd.read_csv(handle, dtype=str, keep_default_na=False)


def found(text: str) -> list[str]:
    """Name the patterns of a later time in a text."""
    return [name for name, pattern in PATTERNS.items() if re.search(pattern, text, re.IGNORECASE)]


def cut(file: str, column: str, text: str, used: set[Allowed]) -> str:
    """Take out what is allowed there."""
    for entry in ALLOWED:
        here = re.fullmatch(entry.file, file) and re.fullmatch(entry.column, column)
        if here and found(text) and re.search(entry.text, text):
            used.add(entry)
            text = re.sub(entry.text, "…", text)
    return text


def later(name: str, table: pd.DataFrame, used: set[Allowed]) -> list[str]:
    """List every cell of a table that tells of a later time; plain numbers are figures, not dates."""
    cells = ((row, column, table.loc[row, column]) for row in table.index for column in table)
    return [
        f"{name}.csv:{row + 2} {column}: {', '.join(names)} in {text!r}"
        for row, column, text in cells
        if not (column in ("value", "quantity", "low", "high") and NUMBERS.fullmatch(text))
        and (names := found(cut(name, column, text, used)))
    ]


def lines() -> Iterator[tuple[str, pd.DataFrame]]:
    for page in ("data", "strategies"):
        text = files("pricewar.data").joinpath("templates", f"{page}.md").read_text(encoding="utf-8")
        yield "templates", pd.DataFrame({"line": text.splitlines()})


def shipped() -> Traversable:
    return files("pricewar.data").joinpath("china_nev_2025_04")


def test_no_cell_tells_of_a_later_time() -> None:
    used: set[Allowed] = set()
    bad = [text for name, table in [*tables(shipped()), *lines()] for text in later(name, table, used)]
    assert not bad, "\n".join(bad)
    assert not set(ALLOWED) - used, "entries that nothing uses"


def test_columns_of_dates_end_where_they_should() -> None:
    data = dict(tables(shipped()))
    assert data["history"]["month"].max() == "2025-04"
    assert data["price_moves"]["announced"].max() == "2025-05-23"
    years = data["elasticities"]["period"].str.extractall(r"(\d{4})")[0].astype(int)
    assert years.max() <= 2024


@pytest.mark.parametrize(
    "text",
    [
        "margin of 2025Q2",
        "as recollected, Q3 2025",
        "the quarters sum (Q2 12,345)",
        "https://a.org/firm-second-quarter-2025-results",
        "H1 sums to 12345 on page",
        "2025 H2",
        "first half of 2025",
        "sold 12345 in September 2025",
        "12 345 on 3 August 2025",
        "Aug. 3, 2025",
        "2025-06",
        "20250607",
        "2025年7月",
        "https://a.org/2025/11/03/car",
        "https://a.org/car-sales-june-2025-up",
        "https://a.org/12345-units-in-september",
        "bracketed by March and May 12345",
        "Jan-May sums to 123k",
        "January to August",
        "the week of 2025",
        "2025 full year",
        "share in the full year 2025",
        "year sums to 12345",
        "2025",
        "the survey of 2025",
        "in 2026",
        "https://a.org/sales-hit-record",
        "https://a.org/maker-leads-market-in-2025-with-9",
    ],
)
def test_a_later_time_is_found(text: str) -> None:
    assert found(text)


@pytest.mark.parametrize(
    "text",
    [
        "margin of 2025Q1",
        "2024Q4",
        "best month, December 2024, 42517 deliveries",
        "https://a.org/2024/08/28/car",
        "https://a.org/second-quarter-2024-results",
        "January to April 2025",
        "rise from January to April 2025",
        "https://a.org/news/1120796056989339648",
        "forecast of December 2024",
        "2024-08..2024-12",
        "the months of 2024 add up to 1,234",
        "April 2025",
    ],
)
def test_an_earlier_time_is_not(text: str) -> None:
    assert not found(text)
