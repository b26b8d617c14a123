"""Where outcomes lie over futures: their mean, and the ends that hold 90% of them.

That is apart from how well the mean is known: more futures do not narrow the range, they only narrow the
error of the mean.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from pricewar.analysis.interval import interval
from pricewar.base.arrays import Floats
from pricewar.results.bounds import FREE, Bounds

from .spec import NONE
from .study import PolicyStudy
from .summary import wide

FEW: Final = 20
"""Futures below which there is no range: the ends of 90% would be one future each, or none."""
ENDS: Final = (0.05, 0.95)


PARTIES: Final = {
    "buyers": ("consumer_surplus", 1.0),
    "firms": ("producer_surplus", 1.0),
    "suppliers": ("supplier_profit", 1.0),
    "the state": ("fiscal_cost", -1.0),
    "petrol side": ("petrol_profit", 1.0),
}
"""Who gains or pays: the measure and its sign. With open orders counted they add up to welfare."""


class Outcome(NamedTuple):
    """One number in all futures."""

    mean: float
    low: float
    """5% of futures lie below; NaN with fewer than `FEW` futures."""
    high: float
    error: float
    """Half of the mean's 95% interval over futures; NaN where nothing differs."""
    futures: int


def outcome(values: Floats, bounds: Bounds = FREE) -> Outcome:
    """Where values lie.

    Args:
        values: (futures,); NaN where a future has none, which is left out.
        bounds: what a value lies between.
    """
    known = np.asarray(values, float)[np.isfinite(values)]
    if not len(known):
        return Outcome(np.nan, np.nan, np.nan, np.nan, 0)
    low, high = np.quantile(known, ENDS) if len(known) >= FEW else (np.nan, np.nan)
    mean, lo, hi = (float(part) for part in interval(known, bounds=bounds, size=float(np.abs(known).max())))
    return Outcome(mean, float(low), float(high), (hi - lo) / 2, len(known))


def gains(study: PolicyStudy, option: str, measure: str) -> Floats:
    """(futures,) difference of a measure from no measure in the same future."""
    table = wide(study, measure)
    return np.asarray((table[option] - table[NONE]).to_numpy(float))


def levels(study: PolicyStudy, option: str, measure: str) -> Floats:
    """(futures,) a measure as it is."""
    return np.asarray(wide(study, measure)[option].to_numpy(float))


def buyers_gain(study: PolicyStudy, option: str, group: str = "") -> Floats:
    """(futures,) what buyers gain over no measure, open orders counted, present value.

    Args:
        study: what was run.
        option: of the study.
        group: income fifth, "1" the poorest; empty: all.
    """
    name = f"consumer_surplus_{group}" if group else "consumer_surplus"
    return gains(study, option, f"pv.{name}") + gains(study, option, f"pv.open.{name}")


def party_gain(study: PolicyStudy, option: str, party: str) -> Floats:
    """(futures,) what one of `PARTIES` gains over no measure, open orders counted, present value."""
    measure, sign = PARTIES[party]
    own, still_open = gains(study, option, f"pv.{measure}"), f"pv.open.{measure}"
    return sign * (own + gains(study, option, still_open) if still_open in study.options else own)
