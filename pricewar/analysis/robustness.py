"""Which option holds up when the world is not known: regret, satisficing, and who survives where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from ..arguments import column, column_or_columns, columns, maybe, names, number, one_of, takes
from ..errors import ResultsError, bad_input
from .interval import Interval, interval
from .sensitivity import good, heat


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
) -> pd.DataFrame:
    """How each option does over all states of the world.

    Args:
        runs: table of runs of a design in which every option meets every state.
        decision: the factor (or factors) that somebody decides on.
        factors: all factors.
        metric: what is wanted.
        better: "high" or "low".
        enough: the value that is good enough; None: no satisficing columns.

    Returns:
        One row an option, least mean regret first: option, mean with lo and hi (paired difference from the
        best option of each world is the regret), regret_mean, regret_lo, regret_hi, regret_p90, regret_max
        (Savage 1951), and satisfies with its 95% interval (Wilson 1927), the share of worlds in which it is
        good enough (Starr 1963).
    """
    wide = states(runs, decision, factors, metric)
    sign = 1.0 if better == "high" else -1.0
    regret = (sign * wide).max(axis=1).to_numpy()[:, None] - sign * wide.to_numpy(float)
    rows = []
    for place, option in enumerate(wide.columns):
        mean, lost = interval(wide.iloc[:, [place]].to_numpy(float)), interval(regret[:, [place]])
        row = {"option": _text(option), **_named("", mean), **_named("regret_", lost)}
        row["regret_p90"] = float(np.quantile(regret[:, place], 0.9))
        row["regret_max"] = float(regret[:, place].max())
        if enough is not None:
            fine = sign * wide.iloc[:, place] >= sign * enough
            ends = stats.binomtest(int(fine.sum()), len(fine)).proportion_ci(method="wilson")
            row |= {"satisfies": float(fine.mean()), "satisfies_lo": ends.low, "satisfies_hi": ends.high}
        rows.append(row)
    frame = pd.DataFrame(rows)
    return frame.sort_values("regret_mean", kind="stable").reset_index(drop=True)


def _check_firms(call: str, runs: pd.DataFrame, firms: Sequence[str]) -> None:
    lost = [firm for firm in firms if f"survives.{firm}" not in runs]
    if lost:
        known = [str(name).removeprefix("survives.") for name in runs if str(name).startswith("survives.")]
        raise bad_input(call, ("firms", lost, f"firms whose survival was measured: {', '.join(known)}"))


@takes(runs=pd.DataFrame, factor=column, firms=names)
def survival(runs: pd.DataFrame, factor: str, firms: Sequence[str], over: str = "seed") -> pd.DataFrame:
    """Share of runs in which each firm is in the market at the end, by value of a factor.

    Returns:
        Columns factor (under its name), firm, survives, lo, hi (Wilson), runs. Needs the metrics
        `survives.FIRM`.
    """
    _check_firms("survival", runs, firms)
    rows = []
    for firm in firms:
        kept = good(runs, f"survives.{firm}")
        for value, part in kept.groupby(factor, sort=True):
            alive = int(part[f"survives.{firm}"].sum())
            ends = stats.binomtest(alive, len(part)).proportion_ci(method="wilson")
            rows.append((value, firm, alive / len(part), ends.low, ends.high, len(part)))
    return pd.DataFrame(rows, columns=[factor, "firm", "survives", "lo", "hi", "runs"])


@takes(runs=pd.DataFrame, x=column, y=column, firms=names)
def survival_map(runs: pd.DataFrame, x: str, y: str, firms: Sequence[str]) -> pd.DataFrame:
    """Who survives where: mean share of each firm's survival at each pair of values of two factors.

    Returns:
        Columns x, y (under their names), firm, mean, lo, hi, runs.
    """
    _check_firms("survival_map", runs, firms)
    parts = [heat(runs, x, y, f"survives.{firm}").assign(firm=firm) for firm in firms]
    return pd.concat(parts, ignore_index=True)


def _text(option: object) -> str:
    parts = map(str, option) if isinstance(option, tuple) else [str(option)]
    return " + ".join(part for part in parts if part) or "nothing"


def _named(prefix: str, found: Interval) -> dict[str, float]:
    parts = zip(("mean", "lo", "hi"), found, strict=True)
    return {f"{prefix}{name}": float(part[0]) for name, part in parts}
