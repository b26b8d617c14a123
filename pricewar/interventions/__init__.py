"""Measures of the state: each rewrites one record. Add your own with `kind = "module:Class"`."""

from .base import Desk, Intervention
from .fiscal import CapacityPermit, PurchaseTax, TradeInSubsidy, WindfallLevy
from .price import BelowCostBan, MaximumMonthlyCut, PriceFloor
from .rules import CoolingOff, DiscountDisclosure, NoticePeriod, PaymentRule, PriceProtection
from .suasion import Pledge, PublicWarning, Summons

__all__ = [
    "BelowCostBan",
    "CapacityPermit",
    "CoolingOff",
    "Desk",
    "DiscountDisclosure",
    "Intervention",
    "MaximumMonthlyCut",
    "NoticePeriod",
    "PaymentRule",
    "Pledge",
    "PriceFloor",
    "PriceProtection",
    "PublicWarning",
    "PurchaseTax",
    "Summons",
    "TradeInSubsidy",
    "WindfallLevy",
]
