"""Metrics of wars that firms start: how often campaigns and waves begin, how many join, how deep, how long.

A wave is a run of months in each of which at least a quarter of the firms in the market, and at least two,
begin a campaign (assumed: the record of six makers calls three of them busy).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from pricewar.base.arrays import Flags, Floats

if TYPE_CHECKING:
    from .metrics import Run

PART: Final = 0.25
"""Part of the firms in the market that begin a campaign in a month of a wave."""
YEAR: Final = 12.0


def campaigns(run: Run) -> float:
    """Campaigns that begin, a year and firm in the market."""
    return YEAR * float(_begun(run).sum()) / max(float(run.by_firm("active").sum()), 1.0)


def campaign_leads(run: Run) -> float:
    """Campaigns that answer nobody, a year."""
    table = run.tables["campaigns"]
    return YEAR * float((table["role"] == "lead").sum()) / len(run.column("market", "units"))


def campaign_depth(run: Run) -> float:
    """Median announced cut, percent; no value without a campaign."""
    return 100.0 * float(run.tables["campaigns"]["announced"].median())


def campaign_paid(run: Run) -> float:
    """Median cut of what buyers pay on the models named, percent; no value without a campaign."""
    return 100.0 * float(run.tables["campaigns"]["transaction"].median())


def waves(run: Run) -> float:
    """Waves that begin, a year."""
    return YEAR * len(_waves(run)) / len(run.column("market", "units"))


def wave_months(run: Run) -> float:
    """Mean length of a wave, months; no value without one."""
    lengths = [end - start for start, end in _waves(run)]
    return float(np.mean(lengths)) if lengths else float("nan")


def wave_firms(run: Run) -> float:
    """Mean number of firms that begin a campaign in a wave; no value without one."""
    begun = _begun(run)
    joined = [float(begun[start:end].any(axis=0).sum()) for start, end in _waves(run)]
    return float(np.mean(joined)) if joined else float("nan")


def _begun(run: Run) -> Flags:
    """(T, F) months in which a firm begins a campaign."""
    flags = np.zeros(run.by_firm("active").shape, dtype=np.bool_)
    table = run.tables["campaigns"]
    place = {name: at for at, name in enumerate(run.names)}
    flags[table["period"].to_numpy(int), [place[str(firm)] for firm in table["firm"]]] = True
    return flags


def _waves(run: Run) -> list[tuple[int, int]]:
    """First month and the month after the last of each wave."""
    busy = _busy(_begun(run), run.by_firm("active"))
    steps = np.diff(np.concatenate([[False], busy, [False]]).astype(int))
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    return [(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def _busy(begun: Flags, active: Floats) -> Flags:
    """(T,) months of a wave."""
    number = begun.sum(axis=1)
    return np.asarray((number >= 2) & (number >= PART * active.sum(axis=1)))


CAMPAIGN_METRICS: Final[dict[str, Callable[[Run], float]]] = {
    f.__name__: f
    for f in (campaigns, campaign_leads, campaign_depth, campaign_paid, waves, wave_months, wave_firms)
}
