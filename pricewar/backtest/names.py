"""What is predicted: entities by their public names, periods, metrics."""

from __future__ import annotations

from typing import Final

from pricewar.base.months import month_after

ENTITIES: Final = {
    "byd": "BYD",
    "geely": "Geely NEV",
    "changan": "Changan NEV",
    "wuling": "SAIC-GM-Wuling",
    "chery": "Chery NEV",
    "leapmotor": "Leapmotor",
    "li-auto": "Li Auto",
    "xpeng": "Xpeng",
    "tesla": "Tesla China",
    "xiaomi": "Xiaomi EV",
    "seres": "Seres/Aito",
    "aion": "GAC Aion",
    "nio": "Nio group",
    "great-wall": "Great Wall NEV",
    "others": "Others",
}
"""Firm id -> name in predictions and actuals."""
REST: Final = "others"
"""All makers without an id of their own above, together."""
TOTAL: Final = "Total NEV"
CARMAKER: Final = "Xiaomi EV"
"""The one entity whose segment result is predicted."""

BASE: Final = "2025-04"
"""The month of the calibration: the last that is known."""
MONTHS: Final = tuple(month_after(BASE, ahead) for ahead in range(1, 9))
QUARTERS: Final = {
    "2025Q2": ("2025-04", "2025-05", "2025-06"),
    "2025Q3": ("2025-07", "2025-08", "2025-09"),
    "2025Q4": ("2025-10", "2025-11", "2025-12"),
}
"""Quarters with their months; April is observed."""
PERIODS: Final = (*MONTHS, *QUARTERS)

METHOD: Final = 3
"""Counts ways to make books from runs: draws of another one are not used."""
METRICS: Final = {
    "units": "cars: retail at home, or deliveries",
    "nev_share_pct": "% of new-energy retail; of all passenger cars for the total",
    "vehicle_gross_margin_pct": "% of net revenue",
    "ev_segment_profit_cny_m": "operating result, millions of CNY a quarter",
    "discount_pp_change": "change of the discount off list that buyers get since April 2025, points",
    "announced_discount_pp_change": "the same of the discount as it was announced",
    "profit_per_vehicle_cny": "operating profit, CNY a car",
}
"""Metric -> meaning and unit."""

DELIVERIES: Final = {"leapmotor": 41_039 / 37_000, "xpeng": 35_045 / 33_000}
"""Deliveries with exports over the estimate of home sales, April 2025."""


def predicted(entity: str, period: str, metric: str) -> bool:
    """Whether there is a prediction of this cell."""
    if entity not in (*ENTITIES.values(), TOTAL) or period not in PERIODS or metric not in METRICS:
        return False
    return metric != "ev_segment_profit_cny_m" or (entity == CARMAKER and period in QUARTERS)


def cells() -> list[tuple[str, str, str]]:
    """Every (entity, period, metric) that is predicted, in the order of the tables."""
    entities = (*ENTITIES.values(), TOTAL)
    return [(e, p, m) for e in entities for m in METRICS for p in PERIODS if predicted(e, p, m)]


def months_of(period: str) -> tuple[str, ...]:
    """The months of a period."""
    return QUARTERS.get(period, (period,))
