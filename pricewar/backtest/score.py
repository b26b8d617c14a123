"""How good a forecast was: coverage, CRPS, median error; against actual figures from a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pricewar.base.arguments import numbers, row, takes
from pricewar.base.arguments import path as path_
from pricewar.base.arrays import Floats
from pricewar.base.errors import InputError, Problem, bad_input

from .books import Forecast
from .names import ENTITIES, METRICS, PERIODS, TOTAL, predicted

COLUMNS = ("entity", "period", "metric", "value")
RELATIVE = ("units", "nev_share_pct", "vehicle_gross_margin_pct")
"""Metrics of which a percentage error means something; the others change sign."""
LOGS = ("units", "nev_share_pct")
"""Metrics that are scored in logs too."""
LEAST = 1e-9
MODEL, WITHOUT, STACKED = "model", "no simulator", "stacked"
FULL = "full"
MODELS = {
    MODEL: FULL,
    WITHOUT: "no_simulator",
    "no change": "no_change",
    STACKED: "stacked",
    "last year": "last_year",
}
"""Name of a forecast -> its name in the column `model`."""


@takes(draws=numbers, actual=row)
def crps(draws: Floats, actual: Floats) -> Floats:
    """(C,) continuous ranked probability score of an ensemble: E|X - y| - E|X - X'| / 2.

    Gneiting and Raftery 2007 (JASA 102). In the unit of the figure; for one draw it is the absolute error.

    Args:
        draws: (D, C).
        actual: (C,).
    """
    _require_cells("crps", draws, actual)
    ranked = np.sort(draws, axis=0)
    count = len(ranked)
    weight = 2.0 * np.arange(1, count + 1) - count - 1.0
    spread = 2.0 * (weight @ ranked) / count**2
    return np.asarray(np.abs(ranked - actual).mean(axis=0) - spread / 2.0)


def _require_cells(call: str, draws: Floats, actual: Floats) -> None:
    if np.ndim(draws) != 2 or np.shape(draws)[1:] != np.shape(actual):
        found = f"shapes {np.shape(draws)} and {np.shape(actual)}"
        raise bad_input(call, ("draws, actual", found, "(D, C) draws and (C,) figures"))


@takes(draws=numbers, actual=row)
def log_crps(draws: Floats, actual: Floats) -> Floats:
    """(C,) the same score of logs: an error of a tenth counts alike for large and small firms.

    NaN where the figure is not above zero; draws below a billionth count as that.

    Args:
        draws: (D, C).
        actual: (C,).

    Raises:
        InputError: shapes that do not fit.
    """
    _require_cells("log_crps", draws, actual)
    figure = np.where(np.asarray(actual) > 0, actual, np.nan)
    return crps(np.log(np.maximum(draws, LEAST)), np.log(figure))


@takes(draws=numbers, actual=row)
def pit(draws: Floats, actual: Floats) -> Floats:
    """(C,) probability integral transform: part of the draws below the figure, of equal ones half.

    Of a forecast whose intervals are as wide as they should be they are even between 0 and 1 (Gneiting,
    Balabdaoui and Raftery 2007, JRSS B 69).

    Args:
        draws: (D, C).
        actual: (C,).

    Raises:
        InputError: shapes that do not fit.
    """
    _require_cells("pit", draws, actual)
    below, equal = (draws < actual).mean(axis=0), (draws == actual).mean(axis=0)
    return np.asarray(below + 0.5 * equal)


def covered(draws: Floats, actual: Floats, level: float) -> NDArray[np.bool_]:
    """(C,) whether the actual lies in the central interval of the draws."""
    low, high = np.quantile(draws, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=0)
    return np.asarray((low <= actual) & (actual <= high))


@takes(path=path_)
def read_actuals(path: Path) -> pd.DataFrame:
    """Actual figures: entity, period, metric, value, in any order; further columns are not used.

    Args:
        path: a CSV file.

    Returns:
        The four columns; `attrs["unused"]` names the others.

    Raises:
        InputError: no such file, a column missing or there twice, a cell that is not predicted, one
            twice, or a value that is not a number; every row that is wrong, with its line.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except OSError as error:
        raise bad_input(str(path), ("file", error.strerror, "a CSV file that can be read")) from error
    except (ValueError, UnicodeDecodeError) as error:  # pandas' parser errors are ValueErrors
        raise bad_input(
            str(path), ("file", str(error), "comma-separated UTF-8 text with a header")
        ) from error
    heads = [str(name).strip() for name in table.columns]
    twice_named = [name for name in COLUMNS if heads.count(name) + heads.count(f"{name}.1") > 1]
    if twice_named or not set(COLUMNS) <= set(heads):
        raise bad_input(str(path), ("line 1", heads, f"columns {', '.join(COLUMNS)}, each once"))
    unused = [name for name in heads if name not in COLUMNS]
    table = table.set_axis(heads, axis=1)[list(COLUMNS)].apply(lambda column: column.str.strip())
    problems = [problem for line, row in enumerate(table.itertuples(index=False), 2)
                for problem in _problems(f"line {line}", *map(str, row))]  # fmt: skip
    twice = table.duplicated(list(COLUMNS[:3]))
    problems += [
        Problem(f"line {line + 2}", " ".join(table.iloc[line, :3]), "each cell once")
        for line in np.flatnonzero(twice)
    ]
    if table.empty:
        problems.append(Problem("file", "no row", "at least one figure"))
    if problems:
        raise InputError(str(path), tuple(problems))
    checked: pd.DataFrame = table.assign(value=table["value"].astype(float))
    checked.attrs["unused"] = unused
    return checked


def _problems(line: str, entity: str, period: str, metric: str, value: str) -> list[Problem]:
    found = [
        Problem(f"{line}, {name}", repr(given), "one of " + ", ".join(allowed))
        for name, given, allowed in (
            ("entity", entity, (*ENTITIES.values(), TOTAL)),
            ("period", period, PERIODS),
            ("metric", metric, tuple(METRICS)),
        )
        if given not in allowed
    ]
    if not found and not predicted(entity, period, metric):
        found.append(Problem(line, f"{metric} of {entity} in {period}", "a cell of predictions.csv"))
    if not _number(value):
        found.append(Problem(f"{line}, value", repr(value), "a finite number"))
    return found


def _number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


@takes(forecasts=Mapping, actuals=pd.DataFrame)
def score_rows(forecasts: Mapping[str, Forecast], actuals: pd.DataFrame) -> pd.DataFrame:
    """A row for each actual figure and forecast: median, whether covered, CRPS, error in percent.

    Args:
        forecasts: forecast by its name.
        actuals: from `read_actuals`.
    """
    _check_columns("score_rows", "actuals", actuals, ("entity", "period", "metric", "value"))
    keys = list(zip(actuals["entity"], actuals["period"], actuals["metric"], strict=True))
    value = actuals["value"].to_numpy(float)
    parts = []
    for name, forecast in forecasts.items():
        places = {cell: place for place, cell in enumerate(forecast.cells)}
        draws = forecast.draws[:, [places[key] for key in keys]]
        median = np.median(draws, axis=0)
        relative = actuals["metric"].isin(RELATIVE).to_numpy() & (value != 0)
        error = np.abs(median - value)
        logs = actuals["metric"].isin(LOGS).to_numpy()
        part = actuals.assign(
            forecast=name,
            model=MODELS.get(name, name),
            median=median,
            in_50=covered(draws, value, 0.5),
            in_90=covered(draws, value, 0.9),
            crps=crps(draws, value),
            log_crps=np.where(logs, log_crps(draws, value), np.nan),
            abs_error=error,
            abs_pct_error=np.where(
                relative, 100.0 * error / np.abs(np.where(value == 0, 1.0, value)), np.nan
            ),
        )
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


@takes(rows=pd.DataFrame)
def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """By metric and forecast: figures, coverage, mean CRPS, CRPS over that of no change, median errors.

    `model` is the forecast in one word, `log_crps` the mean CRPS of logs (NaN for metrics that are not
    scored so), `n` the number of figures.

    Args:
        rows: from `score_rows`.
    """
    _check_columns("summarise", "rows", rows, ("metric",))
    grouped = rows.groupby(["metric", "forecast"], sort=False)
    table = grouped.agg(
        figures=("value", "size"),
        coverage_50=("in_50", "mean"),
        coverage_90=("in_90", "mean"),
        crps=("crps", "mean"),
        log_crps=("log_crps", "mean"),
        median_abs_error=("abs_error", "median"),
        median_abs_pct_error=("abs_pct_error", "median"),
    ).reset_index()
    naive = table[table["forecast"] == "no change"].set_index("metric")["crps"]
    below = table["metric"].map(naive)
    ratio = table["crps"] / below.where(below > 0)
    model = table["forecast"].map(lambda name: MODELS.get(name, name))
    return table.assign(crps_ratio=ratio, model=model, n=table["figures"])


def _check_columns(call: str, name: str, table: pd.DataFrame, wanted: tuple[str, ...]) -> None:
    if not set(wanted) <= set(table.columns):
        raise bad_input(call, (name, list(table.columns), f"a table with the columns {', '.join(wanted)}"))
