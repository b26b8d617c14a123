"""Scenario discovery: which ranges of the factors lead to the runs that matter, as boxes or as a tree.

PRIM (Friedman and Fisher 1999; Bryant and Lempert 2010) peels a box until it is dense in cases; CART
(Breiman et al. 1984) splits the factors into regions. Both come from libraries: docs/adr/0020-discovery.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pricewar.base.arguments import Sort, at_least, column, columns, maybe, number, takes
from pricewar.base.errors import ResultsError, bad_input

from .sensitivity import good
from .structure import require_columns, require_design

MISSING: Final = "needs the extra `discovery`: pip install 'pricewar[discovery]'"


_ONE_BY_ONE: Final = ("one-at-a-time", "morris")
"""Designs in which factors do not vary together, so that no box or branch of several can be seen."""


@dataclass(frozen=True)
class Box:
    """A region of the factors, how many cases are in it, and how sure its limits are."""

    limits: pd.DataFrame
    """factor, low, high (None: no limit), p (quasi-p-value of the limit; small is sure)."""
    coverage: float
    """Share of all cases that lie in it."""
    density: float
    """Share of cases among the runs in it."""
    mass: float
    """Share of all runs that lie in it."""
    base_rate: float
    """Share of cases among all runs."""

    def words(self) -> str:
        """The box as a condition."""
        return " and ".join(condition(row) for row in self.limits.to_dict("records")) or "everywhere"


def cases(
    runs: pd.DataFrame, metric: str, above: float | None = None, below: float | None = None
) -> NDArray[np.bool_]:
    """Runs whose metric is at least `above`, or at most `below`.

    Raises:
        ResultsError: not exactly one of the two, or all runs or none are cases.
    """
    if (above is None) == (below is None):
        raise ResultsError("cases: set exactly one of above and below")
    values = runs[metric].to_numpy(float)
    found = values >= above if above is not None else values <= float(below or 0.0)
    if found.all() or not found.any():
        raise ResultsError(
            f"{metric}: {int(found.sum())} of {len(found)} runs are cases; nothing to tell apart"
        )
    return np.asarray(found, bool)


SEARCHED: Final[dict[str, Sort | type]] = {
    "runs": pd.DataFrame,
    "factors": columns,
    "metric": column,
    "above": maybe(number),
    "below": maybe(number),
}
"""What both searches take: runs, where to look, and which runs are cases."""


@takes(**SEARCHED, density=number)
def prim(
    runs: pd.DataFrame,
    factors: Sequence[str],
    metric: str,
    above: float | None = None,
    below: float | None = None,
    density: float = 0.8,
) -> Box:
    """The largest box that PRIM's peeling reaches with the density asked for, else the densest.

    Args:
        runs: table of runs.
        factors: columns to look in.
        metric: column that says which runs are cases.
        above, below: cases are at least `above`, or at most `below`; set one.
        density: share of cases that the box should have.

    Runs count as independent. With several seeds at a point they are not quite, and p is then too small.

    Raises:
        InputError: no such column, a factor or the metric that cannot be searched (see `_searchable`).
        ResultsError: the library is absent, or all runs or none are cases.
    """
    kept = _searchable(runs, factors, metric)
    hit = cases(kept, metric, above, below)
    found = _peel(kept[list(factors)].reset_index(drop=True), hit)
    path = found.peeling_trajectory
    dense = path[path["density"] >= density]
    chosen = dense["coverage"].idxmax() if len(dense) else path["density"].idxmax()
    row = path.loc[chosen]
    return Box(
        _limits(found, int(row["id"]), kept[list(factors)]),
        float(row["coverage"]),
        float(row["density"]),
        float(row["mass"]),
        float(hit.mean()),
    )


def _searchable(runs: pd.DataFrame, factors: Sequence[str], metric: str) -> pd.DataFrame:
    """Runs that did not fail, if factors vary together and all runs have the metric.

    A run without a value is neither a case nor not a case; leaving it out would distort the box.
    """
    require_columns(runs, *factors, metric)
    require_design(runs, "scenario discovery", _ONE_BY_ONE, "one in which all factors vary together")
    kept = good(runs)
    still = [name for name in factors if kept[name].nunique(dropna=False) < 2]
    empty = int(kept[metric].isna().sum())
    wrong = [(name, "one value in all runs", "a factor that varies") for name in still]
    if empty:
        wrong.append((metric, f"no value in {empty} of {len(kept)} runs", "a metric that all runs have"))
    if wrong:
        raise bad_input("scenario discovery", *wrong)
    return kept


def _peel(inputs: pd.DataFrame, hit: NDArray[np.bool_]) -> Any:
    """PRIM's box with its whole trajectory; the library's warnings about optional packages are hidden."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from ema_workbench.analysis import prim as library
        except ImportError as error:
            raise ResultsError(f"PRIM {MISSING}") from error
        boolean = inputs.select_dtypes("bool").columns
        whole = inputs.select_dtypes("integer").columns
        searched = inputs.astype({**dict.fromkeys(boolean, "category"), **dict.fromkeys(whole, float)})
        return library.Prim(searched, hit.astype(int), threshold=0.01, peel_alpha=0.05).find_box()


def _limits(found: Any, step: int, inputs: pd.DataFrame) -> pd.DataFrame:
    box, p = found.box_lims[step], found.qp[step]
    rows: list[tuple[Any, ...]] = []
    for factor in p:
        low, high = box[factor]
        whole = inputs[factor]
        if not pd.api.types.is_numeric_dtype(whole) or whole.dtype == bool:
            rows.append((factor, ", ".join(map(str, low)), None, min(p[factor])))
            continue
        below = float(low) if low > whole.min() else None
        above = float(high) if high < whole.max() else None
        known = [value for value in p[factor] if value >= 0]
        rows.append((factor, below, above, float(max(known, default=np.nan))))
    return pd.DataFrame(rows, columns=["factor", "low", "high", "p"])


def condition(row: Any) -> str:
    """A row of `Box.limits` in words."""
    low, high = row["low"], row["high"]
    if isinstance(low, str):
        return f"{row['factor']} is {low}"
    none_low, none_high = low is None or low != low, high is None or high != high
    if none_high:
        return f"{row['factor']} above {low:.3g}"
    return f"{row['factor']} below {high:.3g}" if none_low else f"{row['factor']} {low:.3g} to {high:.3g}"


@takes(**SEARCHED, depth=at_least(1))
def tree(
    runs: pd.DataFrame,
    factors: Sequence[str],
    metric: str,
    above: float | None = None,
    below: float | None = None,
    depth: int = 3,
) -> pd.DataFrame:
    """The regions of a CART tree, the densest in cases first.

    Returns:
        One row a leaf: condition, density (share of cases), coverage (of all cases), runs.

    Raises:
        InputError: no such column, a factor or the metric that cannot be searched (see `_searchable`).
        ResultsError: the library is absent, or all runs or none are cases.
    """
    kept = _searchable(runs, factors, metric)
    hit = cases(kept, metric, above, below)
    model = grown(kept, factors, hit, depth)
    inputs = encoded(kept, factors)
    leaf = model.apply(inputs)
    conditions = dict(_paths(model.tree_, list(inputs.columns), 0, ()))
    rows = [
        (conditions[int(node)], float(hit[leaf == node].mean()), float(hit[leaf == node].sum() / hit.sum()),
         int((leaf == node).sum()))
        for node in np.unique(leaf)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["condition", "density", "coverage", "runs"])
    return frame.sort_values(["density", "runs"], ascending=False, kind="stable").reset_index(drop=True)


def grown(kept: pd.DataFrame, factors: Sequence[str], hit: NDArray[np.bool_], depth: int) -> Any:
    """A fitted classification tree; leaves hold at least a twentieth of the runs."""
    try:
        from sklearn.tree import DecisionTreeClassifier
    except ImportError as error:
        raise ResultsError(f"CART {MISSING}") from error
    least = max(len(kept) // 20, 1)
    model = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=least, random_state=0)
    return model.fit(encoded(kept, factors), hit)


def encoded(runs: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Factors as numbers: truth values as 0 and 1, texts as one column for each."""
    frame = runs[list(factors)]
    return pd.get_dummies(frame, dtype=float).astype(float)


def _paths(made: Any, names: Sequence[str], node: int, before: tuple[str, ...]) -> list[tuple[int, str]]:
    left, right = int(made.children_left[node]), int(made.children_right[node])
    if left == right:
        return [(node, " and ".join(before) or "everywhere")]
    name, cut = names[made.feature[node]], made.threshold[node]
    down = _paths(made, names, left, (*before, f"{name} ≤ {cut:.3g}"))
    return down + _paths(made, names, right, (*before, f"{name} > {cut:.3g}"))
