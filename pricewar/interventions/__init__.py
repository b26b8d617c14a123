"""Measures of the state: each rewrites one record. Add your own with `kind = "module:Class"`."""

from .base import Desk, Intervention
from .fiscal import TradeInSubsidy
from .price import BelowCostBan, MaximumMonthlyCut, PriceFloor
from .rules import PaymentRule
from .suasion import Pledge, PublicWarning, Summons

__all__ = [
    "BelowCostBan",
    "Desk",
    "Intervention",
    "MaximumMonthlyCut",
    "PaymentRule",
    "Pledge",
    "PriceFloor",
    "PublicWarning",
    "Summons",
    "TradeInSubsidy",
]
