"""Tables as arrays over (scenario, seed, period, entity), so that seeds can be paired without joins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pricewar.base.arrays import Floats
from pricewar.base.errors import ResultsError
from pricewar.results.schema import Total
from pricewar.results.store import Results


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
    """A table of results as arrays, over the months that every scenario ran.

    Args:
        results: the runs.
        table: name of the table.
        metrics: its columns to take.
        entity: the column that names the entity; without it the one entity is "market".

    Raises:
        ResultsError: scenarios start in different months, or months are missing.
    """
    frame = results.tables[table]
    months = common_months(frame)
    frame = frame[frame["period"] < len(months)]
    by_scenario = pd.Categorical(frame["scenario"], results.scenarios).codes
    by_seed = pd.Categorical(frame["seed"], results.seeds).codes
    by_entity, entities = pd.factorize(frame[entity]) if entity else (np.zeros(len(frame), int), ["market"])
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


def common_months(frame: pd.DataFrame) -> tuple[str, ...]:
    """The months that every scenario of a table ran over; a sum over other months would be no comparison.

    Raises:
        ResultsError: scenarios start in different months, or months are missing.
    """
    rows = frame.drop_duplicates(["scenario", "period"]).sort_values("period")
    calendars = {
        str(name): tuple(map(str, part["month"])) for name, part in rows.groupby("scenario", sort=False)
    }
    months = min(calendars.values(), key=len, default=())
    if any(own[: len(months)] != months for own in calendars.values()):
        spans = ", ".join(f"{name} {own[0]} to {own[-1]}" for name, own in calendars.items())
        raise ResultsError(f"scenarios run over different months: {spans}; give them one start, without gaps")
    if list(rows["period"].drop_duplicates())[: len(months)] != list(range(len(months))):
        raise ResultsError("periods must run from 0 without gaps")
    return months
