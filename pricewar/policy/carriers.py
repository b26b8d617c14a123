"""What the result rests on: the assumptions that move it most, and where each would turn it round.

The futures themselves are the sample: each assumption is read where it is low and where it is high, over
whatever else those futures hold. Parameters that are drawn together move together here too.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.posterior import PARAMETERS, changes_of

from .ranges import FEW
from .spec import NONE
from .study import PolicyStudy
from .summary import RANKED, wide

SHOWN: Final = 5
"""Assumptions that a brief shows."""
_LEVELS: Final = 5
"""So many different values or fewer are told one by one; more are told as lowest and highest fifth."""
_PARTS: Final = 5


class End(NamedTuple):
    """Futures in which an assumption is low, or high."""

    value: str
    """What it is there, as text: a value, or the value up to which or from which it is."""
    mean: float
    """Of the result."""
    error: float
    """Standard error of the mean."""


class Carrier(NamedTuple):
    """One assumption, and what the result is at its two ends."""

    name: str
    label: str
    low: End
    high: End
    flip: str
    """Value at which the sign of the result turns; empty where it does not turn within what was drawn."""

    @property
    def swing(self) -> float:
        """By how much the result moves from low to high."""
        return abs(self.high.mean - self.low.mean)

    @property
    def told(self) -> bool:
        """Whether the swing is told from chance: greater than two of its standard errors."""
        return bool(self.swing > 2.0 * float(np.hypot(self.low.error, self.high.error)))


def assumed(study: PolicyStudy) -> tuple[pd.DataFrame, dict[str, str]]:
    """What each future assumed: factors, and the parameters that its draw brought.

    Returns:
        A table with a row for each draw, numbered as in the study, and for each column what it means.
    """
    spec, draws = study.spec, sorted(study.options["draw"].unique())
    labels = {name: factor.label or name for name, factor in spec.factors.items()}
    table = pd.DataFrame([spec.futures[draw] for draw in draws], index=draws)
    rows = [dict(spec.draw(int(draw), spec.seed).values) for draw in draws]
    scenario = spec.scenario(NONE, spec.futures[draws[0]])
    for parameter in PARAMETERS:
        name = parameter.name
        idle = parameter.campaigns and not scenario.campaigns.on
        if idle or name not in rows[0] or not changes_of(scenario, {name: rows[0][name]}):
            continue
        table[name], labels[name] = [row[name] for row in rows], parameter.meaning
    return table, labels


def carriers(study: PolicyStudy, option: str, measure: str = RANKED) -> list[Carrier]:
    """Assumptions by how much they move an option's gain over no measure, the greatest first.

    Args:
        study: what was run.
        option: whose gain.
        measure: of which.

    Returns:
        Nothing with fewer than `FEW` futures.
    """
    table, labels = assumed(study)
    wanted = wide(study, measure)
    result = (wanted[option] - wanted[NONE]).reindex(table.index)
    known = np.isfinite(result.to_numpy(float))
    if known.sum() < FEW:
        return []
    found = []
    for name in table:
        column, gain = table[name][known], result.to_numpy(float)[known]
        if column.nunique() > 1:
            found.append(_carrier(str(name), labels[str(name)], column, gain))
    return sorted(found, key=lambda one: -one.swing)


def _carrier(name: str, label: str, column: pd.Series, gain: Floats) -> Carrier:
    values = column.to_numpy()
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values.tolist())
    if not numbers or column.nunique() <= _LEVELS:
        return _by_level(name, label, values, gain)
    drawn = values.astype(float)
    below, above = np.quantile(drawn, [1 / _PARTS, 1 - 1 / _PARTS])
    low = _end(f"to {_shown(below)}", gain[drawn <= below])
    high = _end(f"from {_shown(above)}", gain[drawn >= above])
    return Carrier(name, label, low, high, _turn(drawn, gain) if _opposed(low, high) else "")


def _by_level(name: str, label: str, values: Any, gain: Floats) -> Carrier:
    """Of a few values, each is told for itself; between those next to each other the sign may turn."""
    known = sorted(set(values.tolist()))
    ends = [_end(_shown(value), gain[values == value]) for value in known]
    turns = [
        f"between {one.value} and {other.value}" for one, other in pairwise(ends) if one.mean * other.mean < 0
    ]
    return Carrier(name, label, ends[0], ends[-1], turns[0] if len(turns) == 1 else "")


def _opposed(one: End, other: End) -> bool:
    """Whether two means have different signs, each told from zero by a standard error or more."""
    clear = abs(one.mean) >= one.error and abs(other.mean) >= other.error
    return bool(clear and one.mean * other.mean < 0)


def _end(value: str, gain: Floats) -> End:
    error = float(gain.std(ddof=1) / np.sqrt(len(gain))) if len(gain) > 1 else float("nan")
    return End(value, float(gain.mean()), error)


def _turn(drawn: Floats, gain: Floats) -> str:
    """Where a straight line through all futures crosses zero, if that is within what was drawn."""
    slope, level = np.polyfit(drawn, gain, 1)
    at = -level / slope if slope else np.nan
    return _shown(at) if drawn.min() <= at <= drawn.max() else ""


def _shown(value: Any) -> str:
    return f"{value:.3g}".replace("-", "−") if isinstance(value, (int, float)) else str(value)
