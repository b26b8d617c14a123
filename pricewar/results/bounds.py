"""Between which numbers a metric lies by definition, so that no interval goes beyond what is possible.

Declared by name: columns of the tables of `schema`, measures of experiments and of policy studies. Nothing is
guessed from data: a share that was 1 in all runs so far is still a share.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from .schema import SCHEMA

INFINITE: Final = float("inf")
DIFF: Final = "diff."
"""Put before the name of a metric: its difference from the but-for run with the same seed."""


class Bounds(NamedTuple):
    """The least and the greatest value; `event`: a run has 0 or 1 of it, its mean is a share of runs."""

    low: float = -INFINITE
    high: float = INFINITE
    event: bool = False

    def of_differences(self) -> Bounds:
        """What the difference of two values lies between."""
        width = self.high - self.low
        return Bounds(-width, width)


FREE: Final = Bounds()
POSITIVE: Final = Bounds(0.0)
SHARE: Final = Bounds(0.0, 1.0)
PERCENT: Final = Bounds(0.0, 100.0)
EVENT: Final = Bounds(0.0, 1.0, True)

_OF_UNIT: Final = {
    "people": POSITIVE, "units": POSITIVE, "units a period": POSITIVE, "days": POSITIVE, "months": POSITIVE,
    "firms": POSITIVE, "start = 100": POSITIVE, "start = 1": POSITIVE, "percent": PERCENT,
    "0 to 10,000": Bounds(0.0, 10_000.0), "share of suppliers": SHARE,
}  # fmt: skip
"""Columns with these units; other columns have no bounds unless they are named below."""

_OF_COLUMN: Final = {
    **dict.fromkeys(
        ("list_price", "net_price", "paid_price", "reference_price", "mean_price", "order_value",
         "voided_value", "protection_paid", "book_value", "unit_cost", "production_cost", "payables",
         "inventory", "deposits", "petrol_taxes"),
        POSITIVE,
    ),
    **dict.fromkeys(("share", "cut_depth", "outside_share", "below_cost_share"), SHARE),
    "gross_margin": Bounds(high=1.0), "price_change": Bounds(-1.0), "reference_change": Bounds(-1.0),
    "waiting": FREE,
}  # fmt: skip

_OF_MEASURE: Final = {
    **dict.fromkeys(("war", "in_the_black", "survives"), EVENT),
    **dict.fromkeys(("price_index_min", "war_months", "war_followers", "firms_left", "break_even"), POSITIVE),
    **dict.fromkeys(("war_index_max", "rivals_price_fall"), PERCENT),
    "share_end": SHARE, "price_end": Bounds(-100.0),
    **dict.fromkeys(("surplus_end", "profit_end", "aim_end", "welfare_with_open"), FREE),
}  # fmt: skip
"""Measures of `experiment.metrics`."""

_OF_POLICY: Final = {
    **dict.fromkeys(("below", "akzo", "missed", "false_alarm", "early_share"), SHARE),
    **dict.fromkeys(
        ("months", "depth", "price_index_end", "exits", "entries", "sacrifice", "recouped", "early_loss",
         "deliveries", "petrol_cars"),
        POSITIVE,
    ),
    "hhi_end": Bounds(0.0, 10_000.0), "war_avoided": FREE, "rivals_fall": Bounds(-1.0, 1.0),
}  # fmt: skip
"""Measures of `policy.measures`, apart from money and columns of the tables."""


def bounds_of(metric: str) -> Bounds:
    """Between what a metric lies.

    Args:
        metric: a column of a table, a measure, with a firm or an argument behind a dot; `diff.` before it:
            its difference between two runs. A user's own measure, `module:function`, has no bounds.
    """
    if metric.startswith(DIFF):
        return bounds_of(metric.removeprefix(DIFF)).of_differences()
    head = metric.partition(".")[0]
    for declared in (_OF_MEASURE, _OF_POLICY, _COLUMNS):
        if head in declared:
            return declared[head]
    return FREE


def _columns() -> dict[str, Bounds]:
    whole = [column for name in ("products", "firms", "market") for column in SCHEMA[name]]
    return {c.name: _OF_COLUMN.get(c.name, _OF_UNIT.get(c.unit, FREE)) for c in whole}


_COLUMNS: Final = _columns()
