"""What the record of announced cuts says, as firm-months: who led, who followed, how clustered the cuts
were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from pricewar.base.months import month_after, months_between
from pricewar.base.records import Flags, Floats, Record
from pricewar.data.history import History

MAKERS: Final = ("byd", "tesla", "xpeng", "nio", "li-auto", "leapmotor")
"""Makers whose moves are reported well enough to count the months without one."""
FIRST: Final = "2023-01"
MONTHS: Final = 28
"""From January 2023 to April 2025."""
USUAL_CUT: Final = 0.086
"""Median announced cut, which stands for a cut of unknown size."""


@dataclass(frozen=True)
class Waves:
    """How clustered cuts are, from (..., T, F) flags; a leading axis of runs is kept.

    Attributes:
        cut_months: (...) firm-months with a cut.
        variance: (...) of the number of cutters a month, over T - 1.
        autocorrelation: (...) of that number at one month; NaN where it never changes.
        largest_pair: (...) largest sum over two months in a row.
        busy_months: (...) months with three cutters or more.
        waves: (...) separate runs of such months.
    """

    cut_months: Floats
    variance: Floats
    autocorrelation: Floats
    largest_pair: Floats
    busy_months: Floats
    waves: Floats

    @classmethod
    def of(cls, cuts: Flags) -> Waves:
        """Count.

        Args:
            cuts: (..., T, F) whether each firm cut in each month; T at least 2.
        """
        number = np.asarray(cuts).sum(axis=-1).astype(np.float64)
        centred = number - number.mean(axis=-1, keepdims=True)
        power = (centred**2).sum(axis=-1)
        lagged = (centred[..., 1:] * centred[..., :-1]).sum(axis=-1)
        busy = number >= 3
        starts = busy & ~np.concatenate([np.zeros_like(busy[..., :1]), busy[..., :-1]], axis=-1)
        return cls(
            cut_months=number.sum(axis=-1),
            variance=power / (number.shape[-1] - 1),
            autocorrelation=np.divide(lagged, power, out=np.full_like(power, np.nan), where=power > 0),
            largest_pair=(number[..., 1:] + number[..., :-1]).max(axis=-1),
            busy_months=busy.sum(axis=-1).astype(np.float64),
            waves=starts.sum(axis=-1).astype(np.float64),
        )


@dataclass(frozen=True)
class Panel(Record):
    """Firm-months of the record: T months, F makers."""

    makers: tuple[str, ...]
    months: tuple[str, ...]
    leads: Flags
    """(T, F) months in which a maker led, whatever else it did in them."""
    follows: Flags
    """(T, F) months in which it followed and did not lead."""
    announced: Floats
    """(T, F) largest cut of a rival announced this month or last before the maker's own answer, times how
    near the rival is; 0 where there was none."""

    @property
    def cuts(self) -> Flags:
        """(T, F) months with a cut of either kind."""
        return np.asarray(self.leads | self.follows)

    def years(self, *years: str) -> Panel:
        """The months of these years alone."""
        at = np.array([month[:4] in years for month in self.months])
        return Panel(
            self.makers,
            tuple(month for month, wanted in zip(self.months, at, strict=True) if wanted),
            self.leads[at],
            self.follows[at],
            self.announced[at],
        )


def panel(
    history: History,
    nearness: pd.DataFrame | None = None,
    makers: tuple[str, ...] = MAKERS,
    first: str = FIRST,
    months: int = MONTHS,
) -> Panel:
    """Turn announced cuts into firm-months.

    Args:
        history: the record.
        nearness: by firm (rows) and rival (columns), 0 to 1; a pair that it lacks counts as its median. None:
            every rival is as near as the nearest.
        makers: whose firm-months; announcements of all makers count as triggers.
        first: first month.
        months: how many.
    """
    cuts = history.cuts()
    cuts = cuts.assign(period=[months_between(first, month) for month in cuts["month"]])
    cuts = cuts.assign(size=cuts["size"].fillna(USUAL_CUT))
    shape = months, len(makers)
    leads, any_cut, announced = np.zeros(shape, bool), np.zeros(shape, bool), np.zeros(shape)
    inside = cuts[cuts["firm"].isin(makers) & cuts["period"].between(0, months - 1)]
    for row in inside.itertuples():
        at = int(str(row.period)), makers.index(str(row.firm))
        any_cut[at] = True
        leads[at] |= row.role == "lead"
    for f, maker in enumerate(makers):
        rivals = cuts[cuts["firm"] != maker]
        near = _near(nearness, maker, rivals["firm"])
        own = inside[(inside["firm"] == maker) & (inside["role"] == "follow")]
        for t in range(months):
            recent = rivals["period"].between(t - 1, t)
            if any_cut[t, f] and not leads[t, f]:
                recent &= rivals["announced"].str[:10] <= own.loc[own["period"] == t, "announced"].min()
            announced[t, f] = (rivals["size"] * near)[recent].max() if recent.any() else 0.0
    return Panel(
        makers, tuple(month_after(first, t) for t in range(months)), leads, any_cut & ~leads, announced
    )


def _near(nearness: pd.DataFrame | None, maker: str, rivals: pd.Series[str]) -> pd.Series[float]:
    if nearness is None:
        return pd.Series(1.0, index=rivals.index)
    row: pd.Series[float] = nearness.T[maker] if maker in nearness.index else nearness.median()
    known = row.drop(labels=[maker], errors="ignore")
    return rivals.map(known).fillna(float(known.median()))


def follow_ratios(history: History) -> pd.DataFrame:
    """Followers' cuts over their triggers', one row a follow with both sizes known.

    The trigger's size is the median of its maker's cuts on the trigger's date, by `days_after_trigger`.
    """
    cuts = history.cuts()
    follows = cuts[(cuts["role"] == "follow") & cuts["size"].notna()]
    words = follows["trigger"].str.extract(r"^(?P<leader>\S+) (?P<wave>\d{4}-\d{2}-\d{2})$")
    follows = follows.drop(columns="wave").join(words).dropna(subset=["wave"])
    led = cuts.groupby("announced")["size"].median()
    table = follows.assign(led=follows["wave"].map(led)).dropna(subset=["led"])
    table = table.assign(ratio=table["size"] / table["led"])
    return table[["firm", "model", "announced", "wave", "size", "led", "ratio"]].reset_index(drop=True)
