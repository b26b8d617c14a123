"""The method tried on the past: shares and totals predicted from earlier months, against what came.

Only the parts that rest on history can be tried so; there is no calibration of the model to an earlier month.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.base.luck import stream

from .model_forecast import share_drift
from .past import Past
from .score import covered
from .total import draw_totals

DRAWS = 2000
FIRST = 8
"""Months that the earliest origin has."""


def pseudo_backtest(past: Past, seed: int = 1, origin: str = "2024-10") -> pd.DataFrame:
    """Coverage found in the past.

    Args:
        past: up to the base month.
        seed: of the draws.
        origin: last month known to the main trial.

    Returns:
        trial, cells, coverage_50, coverage_90, median_error and no_change (both median absolute log error).
    """
    trials = {
        f"shares, {origin}, to {past.months[-1]}": [_shares(past, origin, seed)],
        "shares, every origin from 8 months on": [
            _shares(past, month, seed) for month in past.months[FIRST - 1 : -1]
        ],
        "totals, 2025-02, next two months": [_totals(past, "2025-02", seed)],
        "cars of firms, 2025-02, next two months": [_cars(past, "2025-02", seed)],
    }
    return pd.DataFrame([_row(name, parts) for name, parts in trials.items()])


def _row(name: str, parts: list[tuple[Floats, Floats]]) -> dict[str, object]:
    """Coverage over parts of (draws (D, C), actual (C,)), both log changes since the origin."""
    inside = {level: np.concatenate([covered(*part, level) for part in parts]) for level in (0.5, 0.9)}
    error = np.concatenate([np.abs(np.median(draws, axis=0) - actual) for draws, actual in parts])
    still = np.concatenate([np.abs(actual) for _, actual in parts])
    return {
        "trial": name,
        "cells": len(error),
        "coverage_50": inside[0.5].mean(),
        "coverage_90": inside[0.9].mean(),
        "median_error": float(np.median(error)),
        "no_change": float(np.median(still)),
    }


def _shares(past: Past, origin: str, seed: int) -> tuple[Floats, Floats]:
    """Log changes of the recorded firms' shares."""
    known = past.until(origin)
    drift = share_drift(known, known.firms, DRAWS, stream(seed, "pseudo", origin))
    actual = past.log_share[:, len(known.months) :] - known.log_share[:, -1:]
    reach = min(drift.shape[2], actual.shape[1])
    return drift[:, :, :reach].reshape(DRAWS, -1), actual[:, :reach].ravel()


def _market(past: Past, origin: str, seed: int) -> tuple[Floats, Floats]:
    """(D, 2, H) log changes of all cars and of new-energy cars, and (2, H) what came."""
    known = past.until(origin)
    length = len(known.months)
    totals = draw_totals(known, len(past.months) - length, DRAWS, stream(seed, "pseudo total", origin))
    drawn = np.stack([totals.passenger / known.passenger[-1], totals.nev / known.nev[-1]], axis=1)
    came = np.stack([past.passenger[length:] / known.passenger[-1], past.nev[length:] / known.nev[-1]])
    return np.log(drawn), np.log(came)


def _totals(past: Past, origin: str, seed: int) -> tuple[Floats, Floats]:
    drawn, came = _market(past, origin, seed)
    return drawn.reshape(DRAWS, -1), came.ravel()


def _cars(past: Past, origin: str, seed: int) -> tuple[Floats, Floats]:
    """Log changes of the recorded firms' own figures: share and market together."""
    drawn, came = _market(past, origin, seed)
    share, actual = _shares(past, origin, seed)
    shape = (DRAWS, len(past.firms), came.shape[1])
    cars = share.reshape(shape) + drawn[:, 1][:, None, :]
    return cars.reshape(DRAWS, -1), (actual.reshape(shape[1:]) + came[1]).ravel()
