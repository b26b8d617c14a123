"""A forecast of May to December 2025 from the calibration to April, with intervals, and its score."""

from .books import Books, Forecast, forecast_of
from .names import ENTITIES, METRICS, PERIODS, TOTAL
from .origin_study import Rolling, rolling
from .pseudo import pseudo_backtest
from .score import crps, log_crps, pit, read_actuals, score_rows, summarise
from .study import Backtest, backtest

__all__ = [
    "ENTITIES",
    "METRICS",
    "PERIODS",
    "TOTAL",
    "Backtest",
    "Books",
    "Forecast",
    "Rolling",
    "backtest",
    "crps",
    "forecast_of",
    "log_crps",
    "pit",
    "pseudo_backtest",
    "read_actuals",
    "rolling",
    "score_rows",
    "summarise",
]
