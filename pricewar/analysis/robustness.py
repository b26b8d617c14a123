"""Which option is good when the world is not known: regret, satisficing, and who survives where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pricewar.base.arguments import column, column_or_columns, columns, maybe, names, number, one_of, takes
from pricewar.base.arrays import Floats
from pricewar.base.errors import ResultsError, bad_input
from pricewar.results.bounds import POSITIVE, bounds_of

from .interval import Interval, interval, share_interval
from .sensitivity import estimate, good, heat
from .structure import Over, has_luck, over_of, require_columns


@takes(runs=pd.DataFrame, decision=column_or_columns, factors=columns, metric=column)
def states(
    runs: pd.DataFrame, decision: str | Sequence[str], factors: Sequence[str], metric: str
) -> pd.DataFrame:
    """A table with a row for each state of the world (values of all other factors, and seed), a column for
    each option. States in which an option has no value are left out for all, so that options are compared
    in the same worlds.

    Raises:
        ResultsError: no state has all options.
    """
    kept = good(runs, metric)
    own = [decision] if isinstance(decision, str) else list(decision)
    world = [factor for factor in factors if factor not in own] + ["seed"]
    wide = kept.pivot_table(index=world, columns=own, values=metric, aggfunc="mean", sort=False).dropna()
    if wide.empty or wide.shape[1] < 2:
        raise ResultsError(f"{', '.join(own)}: no world in which all options were run; use a grid")
    return wide


@takes(
    runs=pd.DataFrame,
    decision=column_or_columns,
    factors=columns,
    metric=column,
    better=one_of("high", "low"),
    enough=maybe(number),
)
def robustness(
    runs: pd.DataFrame,
    decision: str | Sequence[str],
    factors: Sequence[str],
    metric: str,
    *,
    better: str = "high",
    enough: float | None = None,
    over: Over | None = None,
) -> pd.DataFrame:
    """How each option does over all states of the world.

    Worlds with one seed share their luck, and worlds at one point share their parameters. So the unit of an
    interval is a seed with all its worlds, or a point with all its seeds.

    Args:
        runs: table of runs of a design in which every option meets every state.
        decision: the factor (or factors) that somebody decides on.
        factors: all factors.
        metric: what is wanted.
        better: "high" or "low".
        enough: the value that is good enough; None: no satisficing columns.
        over: what intervals are over; None: what fits the design, seeds for a grid.

    Returns:
        One row an option, least mean regret first: option, mean with lo and hi (paired difference from the
        best option of each world is the regret), regret_mean, regret_lo, regret_hi, regret_p90, regret_max
        (Savage 1951), and satisfies with its 95% interval (Clopper and Pearson 1934), the share of worlds in
        which it is good enough (Starr 1963).

    Raises:
        InputError: no such column, or `over` is None and the table does not say how points were chosen.
        ResultsError: no state has all options.
    """
    require_columns(runs, *factors, metric)
    over = over or over_of(runs, factors)
    wide = states(runs, decision, factors, metric)
    sign = 1.0 if better == "high" else -1.0
    regret = (sign * wide).max(axis=1).to_numpy()[:, None] - sign * wide.to_numpy(float)
    unit, bounds = _units(wide, over), bounds_of(metric)
    luck = over == "point" or has_luck(runs)
    rows = []
    for place, option in enumerate(wide.columns):
        size = float(np.abs(wide.to_numpy(float)).max())
        mean = interval(_means(wide.iloc[:, place].to_numpy(float), unit), bounds=bounds)
        lost = interval(_means(regret[:, place], unit), bounds=POSITIVE, size=size)
        row = {"option": _text(option), **_named("", mean), **_named("regret_", lost)}
        row["regret_p90"] = float(np.quantile(regret[:, place], 0.9))
        row["regret_max"] = float(regret[:, place].max())
        if enough is not None:
            fine = sign * wide.iloc[:, place] >= sign * enough
            share = share_interval(np.asarray(fine, float), unit)
            lo, hi = (float(end) if luck else np.nan for end in share[1:])
            row |= {"satisfies": float(share.mean), "satisfies_lo": lo, "satisfies_hi": hi}
        rows.append(row)
    frame = pd.DataFrame(rows)
    return frame.sort_values("regret_mean", kind="stable").reset_index(drop=True)


def _units(wide: pd.DataFrame, over: Over) -> NDArray[np.int64]:
    """(worlds) number of the seed, or of the values of the other factors, of each world."""
    index = wide.index.to_frame(index=False)
    own = ["seed"] if over == "seed" else [name for name in index if name != "seed"]
    if not own:
        return np.zeros(len(wide), np.int64)
    return np.asarray(index.groupby(own, sort=False).ngroup(), np.int64)


def _means(values: Floats, unit: NDArray[np.int64]) -> Floats:
    """(units, 1) mean over the worlds of each unit."""
    return (np.bincount(unit, weights=values) / np.bincount(unit))[:, None]


def _check_firms(call: str, runs: pd.DataFrame, firms: Sequence[str]) -> None:
    lost = [firm for firm in firms if f"survives.{firm}" not in runs]
    if lost:
        known = [str(name).removeprefix("survives.") for name in runs if str(name).startswith("survives.")]
        raise bad_input(call, ("firms", lost, f"firms whose survival was measured: {', '.join(known)}"))


@takes(runs=pd.DataFrame, factor=column, firms=names)
def survival(runs: pd.DataFrame, factor: str, firms: Sequence[str], over: Over | None = None) -> pd.DataFrame:
    """Share of runs in which each firm is in the market at the end, by value of a factor.

    Returns:
        Columns factor (under its name), firm, survives, lo, hi (Clopper and Pearson 1934), runs. Needs the
        metrics `survives.FIRM`.

    Raises:
        InputError: no such column, or `over` is None and the table does not say how points were chosen.
        ResultsError: no run has a value.
    """
    _check_firms("survival", runs, firms)
    require_columns(runs, factor, *(f"survives.{firm}" for firm in firms))
    over = over or over_of(runs, [factor])
    rows = []
    for firm in firms:
        kept = good(runs, f"survives.{firm}")
        for value, part in kept.groupby(factor, sort=True):
            rows.append((value, firm, *estimate(part, f"survives.{firm}", over), len(part)))
    return pd.DataFrame(rows, columns=[factor, "firm", "survives", "lo", "hi", "runs"])


@takes(runs=pd.DataFrame, x=column, y=column, firms=names)
def survival_map(
    runs: pd.DataFrame, x: str, y: str, firms: Sequence[str], over: Over | None = None
) -> pd.DataFrame:
    """Who survives where: mean share of each firm's survival at each pair of values of two factors.

    Returns:
        Columns x, y (under their names), firm, mean, lo, hi, runs.
    """
    _check_firms("survival_map", runs, firms)
    parts = [heat(runs, x, y, f"survives.{firm}", over).assign(firm=firm) for firm in firms]
    return pd.concat(parts, ignore_index=True)


def _text(option: object) -> str:
    parts = map(str, option) if isinstance(option, tuple) else [str(option)]
    return " + ".join(part for part in parts if part) or "nothing"


def _named(prefix: str, found: Interval) -> dict[str, float]:
    parts = zip(("mean", "lo", "hi"), found, strict=True)
    return {f"{prefix}{name}": float(part[0]) for name, part in parts}
