"""The backtest from start to end: draws of the model, two naive forecasts, trials on the past, scores."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pricewar.base.arguments import between, luck, takes
from pricewar.base.edition import EDITION
from pricewar.data import load_market_data
from pricewar.experiment.study import Progress
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario

from .books import Forecast, forecast_of
from .model_forecast import model_books, start_of
from .naive import LAST_YEAR, NO_CHANGE, naive_books
from .names import BASE, ENTITIES, REST
from .past import past_of
from .pseudo import pseudo_backtest
from .ranges import changes, design, ranges
from .score import MODEL, score_rows, summarise
from .simulate import simulate

SCENARIO = "forecast-2025"
BUYERS = 500
"""Rows of buyers in each draw."""


@dataclass(frozen=True)
class Backtest:
    """Forecasts by name ("model", "no change", "last year"), and how they did if actual figures are known."""

    forecasts: dict[str, Forecast]
    key: dict[str, Any]
    """What the draws depend on: scenario, version, edition of the model, seed, number."""
    unknowns: pd.DataFrame
    """name, low, high, likeliest, paths: what was drawn."""
    past: pd.DataFrame
    """Coverage of the method on the past, as `pseudo_backtest`."""
    lost: tuple[str, ...] = ()
    """Draws that failed, and why."""
    actuals: pd.DataFrame | None = None
    rows: pd.DataFrame | None = None
    """A row for each actual figure and forecast."""
    scores: pd.DataFrame | None = None
    """By metric and forecast."""

    @property
    def predictions(self) -> pd.DataFrame:
        """entity, period, metric, mean, p05, p25, p50, p75, p95 of the model."""
        return self.forecasts[MODEL].table()

    def scored(self, actuals: pd.DataFrame) -> Backtest:
        """The same against actual figures, as `read_actuals` gives them."""
        rows = score_rows(self.forecasts, actuals)
        return replace(self, actuals=actuals, rows=rows, scores=summarise(rows))


def the_scenario() -> Scenario:
    """The scenario of the draws: luck of the market as a whole is drawn with its season, and that of firms
    with the errors of their shares, not here."""
    return load(SCENARIO).but({"consumers.draws": BUYERS, "noise.market_sd": 0.0, "noise.firm_sd": {}})


def key_of(draws: int, seed: int) -> dict[str, Any]:
    """What a set of draws depends on."""
    history = load_market_data().history.to_csv(index=False)
    return {
        "scenario": SCENARIO,
        "digest": the_scenario().digest,
        "data": hashlib.sha256(history.encode()).hexdigest()[:16],
        "version": version("pricewar"),
        "edition": EDITION,
        "draws": draws,
        "seed": seed,
    }


@takes(draws=between(1, 1_000_000), seed=luck)
def backtest(
    draws: int = 500,
    seed: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
    store: str | Path | None = None,
) -> Backtest:
    """Predict May to December 2025 from what was known in April.

    Args:
        draws: rows of the latin hypercube; each is a calibration and a run.
        seed: of the design, of the luck of each run (seed + row) and of everything else drawn.
        executor: any concurrent.futures executor; None: here.
        progress: called as draws are done.
        store: folder of the draws, to write and to go on with; None: nothing is kept but the answer.

    Raises:
        InputError: the folder holds other draws.
        PricewarError: more than 5% of the draws fail.
    """
    data, scenario = load_market_data(), the_scenario()
    unknowns = ranges(scenario, data.figures)
    plan = [changes(unknowns, row) for row in design(unknowns, draws, seed)]
    simulated = simulate(scenario, plan, seed, executor, progress, store).joined(tuple(ENTITIES), REST)
    past, start = past_of(data.history).until(BASE), start_of(data, simulated.firms)
    naive = {kind: naive_books(simulated, past, start, seed, kind, draws) for kind in (NO_CHANGE, LAST_YEAR)}
    books = {MODEL: model_books(simulated, past, start, seed), **naive}
    return Backtest(
        forecasts={name: forecast_of(book) for name, book in books.items()},
        key=key_of(draws, seed),
        unknowns=pd.DataFrame(
            [(u.name, u.low, u.high, u.likeliest, " ".join(u.paths)) for u in unknowns],
            columns=["name", "low", "high", "likeliest", "paths"],
        ),
        past=pseudo_backtest(past),
        lost=simulated.lost,
    )


def draws_table(found: Backtest) -> pd.DataFrame:
    """All draws as one table: forecast, entity, period, metric, and a column for each draw (NaN: failed)."""
    count = max(len(forecast.draws) for forecast in found.forecasts.values())
    parts = []
    for name, forecast in found.forecasts.items():
        keys = pd.DataFrame(list(forecast.cells), columns=["entity", "period", "metric"])
        keys.insert(0, "forecast", name)
        values = np.full((len(keys), count), np.nan)
        values[:, : len(forecast.draws)] = forecast.draws.T
        parts.append(pd.concat([keys, pd.DataFrame(values, columns=[f"d{i}" for i in range(count)])], axis=1))
    return pd.concat(parts, ignore_index=True)


def forecasts_from(table: pd.DataFrame) -> dict[str, Forecast]:
    """The forecasts that `draws_table` wrote."""
    found = {}
    for name, part in table.groupby("forecast", sort=False):
        keys = part[["entity", "period", "metric"]].itertuples(index=False, name=None)
        values = part.iloc[:, 4:].to_numpy(float).T
        found[str(name)] = Forecast(tuple(keys), values[~np.isnan(values).all(axis=1)])
    return found


def as_tree(found: Backtest) -> dict[str, Any]:
    """What was done and found, as plain values."""
    tables = {"past": found.past, "scores": found.scores}
    written = {n: json.loads(t.to_json(orient="records")) for n, t in tables.items() if t is not None}
    return {**found.key, "lost": list(found.lost), "cells": len(found.forecasts[MODEL].cells), **written}
