"""What a table of runs says about the design behind it: what an interval is over, and who may use it.

A study marks its table with the kind of its design (`runs.attrs["design"]`) and with whether its seeds
differ (`runs.attrs["luck"]`). For a table from elsewhere the points are examined.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final, Literal

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.base.errors import bad_input
from pricewar.results.bounds import DIFF

Over = Literal["seed", "point"]
SAMPLED: Final = ("latin-hypercube", "sobol-sequence", "saltelli", "morris", "csv")
"""Designs whose points are a sample, so that points and not seeds are what an interval is over."""
_SET: Final = ("grid", "one-at-a-time", "fractional")
_NO_FACTOR: Final = ("run", "point", "seed", "status", "error", "repeat", "seconds")
_SHOWN: Final = 12
"""Values of a factor from which on it is cut into bins, each of which mixes values of the others."""


def over_of(runs: pd.DataFrame, factors: Sequence[str]) -> Over:
    """What an interval is over: seeds where all points were set, points where they are a sample.

    The mean at a level of a sampled factor also moves with the other factors, which a few points each cover
    by chance; seeds, the same at all points, do not show that.

    Args:
        runs: table of runs.
        factors: columns of factors in use.

    Raises:
        InputError: the table does not say how its points were chosen.
    """
    kind = runs.attrs.get("design")
    if kind is not None:
        return "point" if kind in SAMPLED else "seed"
    many_seeds = "point" in runs and runs["seed"].nunique() > 1
    points = _points(runs) if many_seeds else pd.DataFrame()
    if many_seeds and _is_set(points):
        return "seed"
    if any(_continuous(runs[name]) for name in factors):
        return "point"
    if not many_seeds:
        return "seed"
    if points.shape[1] > 1 and any(points[name].nunique() == len(points) for name in points):
        return "point"
    raise bad_input(
        "table of runs",
        ("over", None, '"seed" where all points were set (a grid), "point" where they are a sample; '
                       "or the table of a Study, which knows its design"),
    )  # fmt: skip


def has_luck(runs: pd.DataFrame) -> bool:
    """Whether seeds differ; if the table does not say, they are assumed to differ."""
    return bool(runs.attrs.get("luck", True))


def seeds_differ(runs: pd.DataFrame, metrics: Sequence[str]) -> bool:
    """Whether two seeds of one point have different values of any metric."""
    cells = runs.groupby("point")[list(metrics)]
    return not np.array_equal(cells.min().to_numpy(float), cells.max().to_numpy(float), equal_nan=True)


def require_columns(runs: pd.DataFrame, *names: str) -> None:
    """Refuse names that are no columns.

    Raises:
        InputError: names each.
    """
    absent = [name for name in names if name not in runs]
    if absent:
        there = ", ".join(str(name) for name in runs if name not in _NO_FACTOR)
        raise bad_input("table of runs", *(("column", name, f"one of {there}") for name in absent))


def require_design(runs: pd.DataFrame, what: str, refused: Sequence[str], wanted: str) -> None:
    """Refuse a table that is known to come from a design that an analysis is not made for.

    Raises:
        InputError: names the analysis, the design and what is wanted.
    """
    kind = runs.attrs.get("design")
    if kind in refused:
        raise bad_input(what, ("design", kind, wanted))


def require_saltelli(points: Floats, factors: Sequence[str]) -> None:
    """Refuse points that are not blocks A, AB_1 .. AB_D, B of Saltelli et al. (2010).

    Args:
        points: (P, D) value of each factor at each point, as codes where they are no numbers.
        factors: (D) names.

    Raises:
        InputError: indices of these points would be meaningless numbers.
    """
    many = len(factors) + 2
    blocks = points.reshape(-1, many, len(factors)) if len(points) % many == 0 else None
    if blocks is not None:
        first, last = blocks[:, :1], blocks[:, -1:]
        mixed = np.where(np.eye(len(factors), dtype=bool), last, first)
        if np.array_equal(blocks[:, 1:-1], mixed) and len(blocks) > 1:
            return
    found = f"{len(points)} points that are no such design in {', '.join(factors)}"
    wanted = f'a design of kind "saltelli" and all its factors: {many} points a block for {len(factors)}'
    raise bad_input("Sobol indices", ("design", found, wanted))


def _continuous(values: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values) and values.nunique() > _SHOWN)


def _points(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a point, the columns that seeds share and that are not the same everywhere."""
    names = [name for name in runs if name not in _NO_FACTOR and not str(name).startswith(DIFF)]
    shared = runs.groupby("point")[names].nunique(dropna=False).max() == 1
    points = runs.drop_duplicates("point")[[name for name, alike in zip(names, shared, strict=True) if alike]]
    return points.loc[:, points.nunique(dropna=False) > 1]


def _is_set(points: pd.DataFrame) -> bool:
    """Whether points are every combination, one at a time, or two levels each, all pairs balanced."""
    levels = points.nunique(dropna=False)
    if len(points) == levels.prod():
        return True
    moved = (points != points.iloc[0]).sum(axis=1)
    if moved.max() <= 1:
        return True
    pairs = combinations(points, 2)
    return bool((levels == 2).all()) and all(
        points.groupby(list(pair)).size().nunique() == 1 and points.groupby(list(pair)).ngroups == 4
        for pair in pairs
    )
