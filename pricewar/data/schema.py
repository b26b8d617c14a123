"""Which variables a market's tables hold, and which values each may take."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

CONFIDENCE = ("high", "medium", "low", "computed", "assumed")
NEEDS_RANGE = ("low", "computed", "assumed")
FILL_IN = "FILL IN"
"""What stands where a figure is still to be found; a data set that has it is refused."""
LONG_COLUMNS = ("entity", "variable", "value", "unit", "low", "high", "source", "confidence", "note")
SOURCE = re.compile(r"https?://\S+|(assumed|computed)\b.*")


@dataclass(frozen=True)
class Number:
    """A number in [low, high]; `strict` leaves the lower end out."""

    low: float = -math.inf
    high: float = math.inf
    required: bool = True
    strict: bool = False

    @property
    def allowed(self) -> str:
        """The interval in words, for error messages."""
        bounds = [
            f"{'above' if self.strict else 'at least'} {self.low:g}" if math.isfinite(self.low) else "",
            f"at most {self.high:g}" if math.isfinite(self.high) else "",
        ]
        return ", ".join(["a finite number", *filter(None, bounds)])

    def accepts(self, text: str) -> bool:
        """Tell whether `text` is a finite number inside the interval."""
        value = to_number(text)
        above = value > self.low if self.strict else value >= self.low
        return math.isfinite(value) and above and value <= self.high


@dataclass(frozen=True)
class Text:
    """A text that matches a pattern in full."""

    pattern: str = r".+"
    required: bool = True

    @property
    def allowed(self) -> str:
        """The pattern, for error messages."""
        return f"text like {self.pattern}"

    def accepts(self, text: str) -> bool:
        """Tell whether `text` matches the pattern in full."""
        return re.fullmatch(self.pattern, text) is not None


Rule = Number | Text

FIRM: dict[str, Rule] = {
    "name": Text(),
    "units": Number(0),
    "gross_margin": Number(-1, 0.95),
    "payable_days": Number(0, 1000),
    "cash": Number(0),
    "capacity": Number(0, strict=True),
    "fixed_cost": Number(0),
    "backlog": Number(0),
    "dealer_stock": Number(0),
    "reported_asp": Number(0, required=False, strict=True),
    "domestic_transaction_price": Number(0, required=False, strict=True),
    "planned_capacity": Number(0, required=False, strict=True),
    "dealer_stock_excess": Number(0, required=False),
    "reported_result": Number(required=False),
    "petrol_sales_share": Number(0, 1, required=False),
}
PRODUCT: dict[str, Rule] = {
    "firm": Text(),
    "name": Text(),
    "segment": Text("A00|A0|A|B|C|D"),
    "body": Text(),
    "powertrain": Text("BEV|PHEV|EREV"),
    "list_price": Number(0, strict=True),
    "promotion": Number(0),
    "units": Number(0),
    "battery_kwh": Number(0),
    "range_km": Number(0),
    "launch": Text(r"[0-9]{4}-(0[1-9]|1[0-2])"),
    "announced_price": Number(0, required=False, strict=True),
    "announced_cut": Number(0, required=False),
    "in_campaign": Text("true|false", required=False),
}
MARKET: dict[str, Rule] = {
    "total_retail": Number(0, strict=True),
    "nev_retail": Number(0, strict=True),
    "shoppers_per_month": Number(0, strict=True),
    "vat_rate": Number(0, 1),
    "petrol_share": Number(0, 1, required=False),
    "petrol_price": Number(0, required=False, strict=True),
    "petrol_margin": Number(-1, 0.95, required=False),
    "petrol_purchase_tax": Number(0, 1, required=False),
}
LONG_TABLES = {"firms": FIRM, "products": PRODUCT, "market": MARKET}
SIDE_TABLES: dict[str, tuple[str, ...]] = {
    "price_moves": (
        "firm",
        "model",
        "announced",
        "trigger",
        "days_after_trigger",
        "cut_pct",
        "cut_cny",
        "kind",
    ),
    "policy_timeline": ("date", "actor", "instrument", "quantity", "unit", "source", "confidence"),
    "history": ("month", "entity", "metric", "value", "unit", "source", "confidence"),
    "elasticities": ("paper", "market", "parameter", "value", "unit", "source", "confidence"),
    "conduct": ("firm", "rule", "lag_months", "follow_rate", "ceiling_pct", "evidence", "confidence"),
}
RULES = ("Hold", "Match", "Undercut", "BestResponse", "StockClearing", "CostPlus", "MenuCost")


def to_number(text: str) -> float:
    """Read a number; anything else is NaN."""
    try:
        return float(text)
    except ValueError:
        return math.nan
