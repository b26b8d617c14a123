"""What happens to a market from outside: cuts, launches, shocks, entries, exits, subsidies."""

from .base import Event
from .cuts import CampaignCut, Cut
from .launches import Entry, Exit, Launch
from .shocks import BrandShock, CapacityChange, ChipShock, CostShock, DemandShock, FixedCost, Subsidy

__all__ = [
    "BrandShock",
    "CampaignCut",
    "CapacityChange",
    "ChipShock",
    "CostShock",
    "Cut",
    "DemandShock",
    "Entry",
    "Event",
    "Exit",
    "FixedCost",
    "Launch",
    "Subsidy",
]
