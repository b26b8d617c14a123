"""A run in a dozen numbers that the record has too: what a calibration compares."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pricewar.base.arguments import luck, takes
from pricewar.base.records import Flags, Floats, Record
from pricewar.campaigns.record import MAKERS, Waves
from pricewar.market.model import PriceWar
from pricewar.market.trajectory import Trajectory
from pricewar.scenario.files import Source, load

YEAR: Final = 12
FESTIVAL: Final = 2
"""Months at the begin of a year between which the spring festival moves."""
SLOW: Final = 6
"""Least months of the year around a month from which its slow level is taken."""


@dataclass(frozen=True)
class Seen(Record):
    """What moments are taken of, in the record and in a run alike. T months, F makers.

    Arrays are NaN where the record is silent.
    """

    first: int
    """Month of the year of the first month, 0 to 11."""
    leads: Flags
    """(T, F) months in which a maker started a campaign of its own accord."""
    follows: Flags
    """(T, F) months in which it answered one and started none."""
    announced: Floats
    """(T, F) largest cut that a maker announced in a month, as a fraction; 0 where it announced none."""
    share: Floats
    """(T, F) of all cars of the market."""
    total: Floats
    """(T,) cars of the market."""
    margin: Floats
    """(Q + 1, F) gross margin in % of revenue, the quarter before the first month first."""
    cars: Floats
    """(Q + 1, F) cars of the same quarters."""


MOMENTS: Final = (
    "leads", "follows", "variance", "autocorrelation", "largest_pair", "announced", "share_sd",
    "share_memory", "own_cut", "total_sd", "margin_change", "margin_sd", "margin_on_volume",
)  # fmt: skip
"""leads, follows: firm-months with a cut by role. variance, autocorrelation, largest_pair: of the number of
cutters a month (`pricewar.campaigns.record.Waves`). announced: median announced cut, fraction. share_sd:
mean over makers of the log of the standard deviation of quick moves of log shares (what is left beside the
mean of the year around, and the pattern of a quarter's months); share_memory: their autocorrelation at one
month. own_cut: quick log share on the own cut announced in the month, per unit of the cut, pooled over
makers. total_sd: standard deviation of the log of all cars from March to December, months of the year and a
curved trend apart: the spring festival moves. margin_change: mean over makers of the margin of the last
four quarters less that of the quarter before the first month, percentage points; margin_sd: robust standard
deviation of its change from quarter to quarter; margin_on_volume: slope of that change on the log change of
cars."""


def moments_of(seen: Seen) -> dict[str, float]:
    """The moments of a record or of a run; NaN where nothing tells one.

    Args:
        seen: what is known of a market, month by month.
    """
    waves = Waves.of(seen.leads | seen.follows)
    cuts = seen.announced[seen.announced > 0]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # a maker that never sold has no mean
        quick = _quick(np.log(np.where(seen.share > 0, seen.share, np.nan)))
        steps = np.diff(seen.margin, axis=0)
        found = {
            "leads": seen.leads.sum(),
            "follows": seen.follows.sum(),
            "variance": waves.variance,
            "autocorrelation": waves.autocorrelation,
            "largest_pair": waves.largest_pair,
            "announced": np.median(cuts) if cuts.size else np.nan,
            "share_sd": np.nanmean(np.log(np.nanstd(quick, axis=0))),
            "share_memory": np.nanmean([_memory(one) for one in quick.T]),
            "own_cut": _slope(seen.announced, quick),
            "total_sd": _seasonal_sd(np.log(seen.total), seen.first),
            "margin_change": np.nanmean(np.nanmean(seen.margin[-4:], axis=0) - seen.margin[0]),
            "margin_sd": _robust_sd(steps),
            "margin_on_volume": _slope(np.diff(np.log(np.maximum(seen.cars, 1.0)), axis=0), steps),
        }
    return {name: float(found[name]) for name in MOMENTS}


@takes(seed=luck)
def moments(scenario: Source, seed: int = 1, makers: Sequence[str] | None = None) -> dict[str, float]:
    """Moments of one run: no table is made, so it takes the model's own time.

    Args:
        scenario: a Scenario, a shipped name, or a file.
        seed: of the run's luck.
        makers: whose campaigns, shares and margins; None: the six makers of the record that are there, or all
            firms where none of them is.

    Returns:
        Name of a moment (`MOMENTS`) -> value; NaN where the run does not tell it, as with campaigns off.

    Raises:
        InputError: a scenario that is not valid.
    """
    return moments_of(seen_in(PriceWar(load(scenario), seed=seed, collect=False).run_model(), makers))


def seen_in(model: PriceWar, makers: Sequence[str] | None = None) -> Seen:
    """What the moments of a run are taken of."""
    run, firms = Trajectory.of(model), model.landscape.firms
    named = tuple(makers or [firm for firm in MAKERS if firm in firms] or firms)
    at = np.array([firms.index(maker) for maker in named])
    months = len(run.price)
    leads, follows, announced = (np.zeros((months, len(firms))) for _ in range(3))
    told = model.announcements
    for campaign in told.known[0] if told is not None else ():
        place = campaign.period, campaign.firm
        (leads if campaign.trigger < 0 else follows)[place] = 1.0
        announced[place] = max(announced[place], campaign.announced)
    led = leads[:, at] > 0
    start = model.landscape.by_firm(model.landscape.start_units)
    return Seen(
        first=int(model.setting.start[5:]) - 1,
        leads=led,
        follows=(follows[:, at] > 0) & ~led,
        announced=announced[:, at],
        share=run.share[:, at],
        total=run.sold.sum(axis=1),
        margin=_margins(model, run)[:, at],
        cars=np.vstack([3.0 * start, _quarters(run.sold)])[:, at],
    )


def _margins(model: PriceWar, run: Trajectory) -> Floats:
    """(Q + 1, F) gross margins in %, that of the start first; NaN without revenue."""
    start = [firm.gross_margin for firm in model.setting.firms.values()]
    revenue, gross = _quarters(run.revenue), _quarters(run.gross_profit)
    later = np.divide(gross, revenue, out=np.full_like(gross, np.nan), where=revenue > 0)
    return 100.0 * np.vstack([start, later])


def _quarters(values: Floats) -> Floats:
    """(Q, F) sums of full quarters."""
    whole = len(values) // 3
    return np.asarray(values[: 3 * whole].reshape(whole, 3, -1).sum(axis=1))


def _quick(logs: Floats) -> Floats:
    """What is left of (T, F) beside the mean of the year around each month, and the pattern of a quarter."""
    length = len(logs)
    slow = np.full_like(logs, np.nan)
    for t in range(length):
        around = logs[max(t - YEAR // 2, 0) : t + YEAR // 2]
        known = (~np.isnan(around)).sum(axis=0) >= SLOW
        slow[t] = np.where(known, np.nanmean(around, axis=0), np.nan)
    quick = logs - slow
    place = np.arange(length) % 3
    for month in range(3):
        quick[place == month] -= np.nanmean(quick[place == month], axis=0)
    return np.asarray(quick)


def _seasonal_sd(logs: Floats, first: int) -> float:
    """Standard deviation beside a curved trend and the month of the year, by degrees of freedom."""
    time = np.arange(len(logs))
    place = (first + time) % YEAR
    counted = (place >= FESTIVAL) & np.isfinite(logs)
    season = (place[counted, None] == np.unique(place[counted])).astype(np.float64)
    years = time[counted] / YEAR
    design = np.column_stack([season, years, years**2])
    free = len(design) - design.shape[1]
    if free <= 0:
        return float("nan")
    fitted = design @ np.linalg.lstsq(design, logs[counted], rcond=None)[0]
    return float(np.sqrt(((logs[counted] - fitted) ** 2).sum() / free))


def _memory(values: Floats) -> float:
    """Autocorrelation at one step."""
    one, other = values[:-1], values[1:]
    known = np.isfinite(one) & np.isfinite(other)
    return float((one * other)[known].sum() / np.square(values[np.isfinite(values)]).sum())


def _slope(cause: Floats, effect: Floats) -> float:
    """Least squares over all cells, each maker's mean apart."""
    known = np.isfinite(cause) & np.isfinite(effect)
    cause, effect = (np.where(known, values, np.nan) for values in (cause, effect))
    cause, effect = (values - np.nanmean(values, axis=0) for values in (cause, effect))
    power = np.nansum(cause**2)
    return float(np.nansum(cause * effect) / power) if power > 0 else float("nan")


def _robust_sd(values: Floats) -> float:
    """Standard deviation of the normal with the same quartiles."""
    low, high = np.nanquantile(values, (0.25, 0.75))
    return float((high - low) / 1.349)
