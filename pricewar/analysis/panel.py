"""Tables as arrays over (scenario, seed, period, entity), so that seeds can be paired without joins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import ResultsError
from ..results import Results
from ..schema import Total

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """One table: `values` (scenario, seed, period, entity, metric); NaN where a run has no such row."""

    scenarios: tuple[str, ...]
    seeds: tuple[int, ...]
    months: tuple[str, ...]
    entities: tuple[str, ...]
    metrics: tuple[str, ...]
    values: Floats

    def __getitem__(self, metric: str) -> Floats:
        """(scenario, seed, period, entity) values of one metric."""
        return self.values[..., self.metrics.index(metric)]


def panel(results: Results, table: str, metrics: tuple[str, ...], entity: str = "") -> Panel:
    """A table of results as arrays.

    Args:
        results: the runs.
        table: name of the table.
        metrics: its columns to take.
        entity: the column that names the entity; without it the one entity is "market".

    Raises:
        ResultsError: scenarios run over different months, or months are missing.
    """
    frame = results.tables[table]
    by_scenario = pd.Categorical(frame["scenario"], results.scenarios).codes
    by_seed = pd.Categorical(frame["seed"], results.seeds).codes
    by_entity, entities = pd.factorize(frame[entity]) if entity else (np.zeros(len(frame), int), ["market"])
    months = _months(frame)
    shape = (len(results.scenarios), len(results.seeds), len(months), len(entities), len(metrics))
    values = np.full(shape, np.nan)
    values[by_scenario, by_seed, frame["period"], by_entity] = frame[list(metrics)].to_numpy(float)
    return Panel(results.scenarios, results.seeds, months, tuple(map(str, entities)), metrics, values)


def position(results: Results, scenario: str | None) -> int:
    """Position of a scenario, the baseline if None.

    Raises:
        ResultsError: no such scenario.
    """
    name = results.baseline if scenario is None else scenario
    if name not in results.scenarios:
        raise ResultsError(f"no scenario {name!r}; there are {', '.join(results.scenarios)}")
    return results.scenarios.index(name)


def total(values: Floats, rule: Total, axis: int) -> Floats:
    """Months as one number: sum of flows, mean of rates, last value of stocks; NaN months are left out."""
    seen = ~np.isnan(values)
    count = seen.sum(axis=axis)
    if rule == "end":
        return np.asarray(np.take(values, -1, axis=axis))
    summed = np.where(seen, values, 0.0).sum(axis=axis)
    whole: NDArray[Any] = count if rule == "mean" else np.ones_like(count)
    return np.asarray(np.divide(summed, whole, out=np.full(summed.shape, np.nan), where=count > 0))


def _months(frame: pd.DataFrame) -> tuple[str, ...]:
    """The months that all scenarios run over; a sum over other months would be no comparison."""
    rows = frame.drop_duplicates(["scenario", "period"]).sort_values("period")
    calendars = {
        str(name): tuple(map(str, part["month"])) for name, part in rows.groupby("scenario", sort=False)
    }
    if len(set(calendars.values())) > 1:
        spans = ", ".join(f"{name} {months[0]} to {months[-1]}" for name, months in calendars.items())
        raise ResultsError(
            f"scenarios run over different months: {spans}; give them one start and one length"
        )
    months = next(iter(calendars.values()), ())
    periods = list(rows["period"].drop_duplicates())
    if periods != list(range(len(months))):
        raise ResultsError(f"periods must run from 0 without gaps; found {periods[:10]} ...")
    return months
