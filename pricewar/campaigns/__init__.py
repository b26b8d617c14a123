"""Campaigns: how firms start price wars, join them and leave them, above whatever rule sets their prices."""

from .base import Board, CampaignRule, Draws, Plan, tells_campaign
from .race import QuotaRace

__all__ = ["Board", "CampaignRule", "Draws", "Plan", "QuotaRace", "tells_campaign"]
