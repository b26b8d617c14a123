"""Figures with their source, as rows of a market's tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from pricewar.data.schema import LONG_COLUMNS

UNITS = {
    "list_price": "CNY incl. VAT", "promotion": "CNY incl. VAT", "units": "cars/month", "battery_kwh": "kWh",
    "range_km": "km", "gross_margin": "fraction of net price", "payable_days": "days", "cash": "CNY",
    "capacity": "cars/month", "fixed_cost": "CNY/month", "backlog": "cars", "dealer_stock": "cars",
    "petrol_sales_share": "fraction", "launch": "YYYY-MM",
}  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A figure with where it is from.

    Attributes:
        value: a number or a text.
        source: an address, "assumed..." or "computed: how".
        confidence: high, medium, low, computed or assumed.
        spread: half of the range over the value; 0 for figures on pages and texts.
        note: what a reader must know.
    """

    value: float | str
    source: str
    confidence: str
    spread: float = 0.0
    note: str = ""

    def row(self, entity: str, variable: str) -> dict[str, object]:
        """The row of a long table."""
        shown, low, high = self.value, "", ""
        if isinstance(self.value, float):
            shown = _short(self.value)
            if self.spread > 0 or self.confidence in ("low", "computed", "assumed"):
                reach = abs(self.value) * self.spread
                low, high = _short(self.value - reach), _short(self.value + reach)
        unit = UNITS.get(variable, "text")
        cells = (entity, variable, shown, unit, low, high, self.source, self.confidence, self.note)
        return dict(zip(LONG_COLUMNS, cells, strict=True))


def text(value: str, how: str) -> Figure:
    """A name or a class, which has no range."""
    return Figure(value, f"computed: {how}", "computed")


def table(figures: Iterable[tuple[str, str, Figure]]) -> pd.DataFrame:
    """A long table of (entity, variable, figure)."""
    rows = [figure.row(entity, variable) for entity, variable, figure in figures]
    return pd.DataFrame(rows, columns=list(LONG_COLUMNS))


def found(source: object, confidence: object) -> tuple[str, str]:
    """Source and confidence as a market's tables state them: what is recollected is assumed, and low."""
    page = str(source).startswith("http")
    if page and str(confidence) in ("high", "medium", "low"):
        return str(source), str(confidence)
    return ("computed: from " + str(source) if page else "assumed"), "low"


def _short(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) < 100 else f"{value:.0f}"
