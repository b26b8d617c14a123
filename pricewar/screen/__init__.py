"""Merger and price-change screens of a spreadsheet: logit or nested logit from shares and margins."""

from pricewar.screen.calibrate import Calibration, calibrate
from pricewar.screen.change import Change
from pricewar.screen.study import Screen, screen
from pricewar.screen.table import Market, read_market

__all__ = ["Calibration", "Change", "Market", "Screen", "calibrate", "read_market", "screen"]
