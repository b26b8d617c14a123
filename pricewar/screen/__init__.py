"""Merger and price-change screens of a spreadsheet: logit or nested logit from shares and margins."""

from .calibrate import Calibration, calibrate
from .change import Change
from .onward import market_of
from .study import Screen, screen
from .table import Market, read_market

__all__ = ["Calibration", "Change", "Market", "Screen", "calibrate", "market_of", "read_market", "screen"]
