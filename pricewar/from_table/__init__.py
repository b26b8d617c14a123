"""From a table of products to a market: read, calibrated, written as a scenario that a person can edit."""

from .market import TableMarket, market_from
from .wishes import Wishes

__all__ = ["TableMarket", "Wishes", "market_from"]
