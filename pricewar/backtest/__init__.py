"""A forecast of May to December 2025 from the calibration to April, with intervals, and its score."""

from .books import Books, Forecast, forecast_of
from .names import ENTITIES, METRICS, PERIODS, TOTAL
from .pseudo import pseudo_backtest
from .score import crps, read_actuals, score_rows, summarise
from .study import Backtest, backtest

__all__ = [
    "ENTITIES",
    "METRICS",
    "PERIODS",
    "TOTAL",
    "Backtest",
    "Books",
    "Forecast",
    "backtest",
    "crps",
    "forecast_of",
    "pseudo_backtest",
    "read_actuals",
    "score_rows",
    "summarise",
]
