"""The figures behind the moments, one by one: what models of another structure are weighed by."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from pricewar.base.records import Floats

from .moments import Seen

METRICS: Final = ("share", "margin", "cutters")
"""share: log share of a maker by quarter; margin: change of its margin since the start, percentage points, by
quarter; cutters: makers that announce a cut, by month."""


def told(seen: Seen) -> pd.DataFrame:
    """Long table: `figure` ("metric place maker"), `value`."""
    parts = {
        "share": np.log(np.maximum(_quarterly_share(seen), 1e-6)),
        "margin": seen.margin[1:] - seen.margin[0],
        "cutters": (seen.leads | seen.follows).sum(axis=1, keepdims=True).astype(float),
    }
    names, values = list[str](), list[float]()
    for metric in METRICS:
        table = parts[metric]
        for place, row in enumerate(table):
            names += [f"{metric} {place} {maker}" for maker in range(len(row))]
            values += [float(value) for value in row]
    return pd.DataFrame({"figure": names, "value": values})


def _quarterly_share(seen: Seen) -> Floats:
    """(Q, F) shares of full quarters; NaN where a month is not known."""
    whole = len(seen.total) // 3
    cars = (seen.share * seen.total[:, None])[: 3 * whole].reshape(whole, 3, -1).sum(axis=1)
    return np.asarray(cars / seen.total[: 3 * whole].reshape(whole, 3).sum(axis=1)[:, None])
