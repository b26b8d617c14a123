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
from pricewar.data.history import History, load_history
from pricewar.experiment.study import Progress
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario

from .as_known import ages, as_printed, fixed_cost, last_margins, law, with_figures
from .books import Forecast, forecast_of
from .model_forecast import model_books, start_of
from .money import Start
from .naive import LAST_YEAR, NO_CHANGE, naive_books
from .names import BASE, CARMAKER, ENTITIES, METHOD, REST
from .past import past_of
from .pseudo import pseudo_backtest
from .ranges import changes, design, ranges
from .score import MODEL, MODELS, STACKED, WITHOUT, score_rows, summarise
from .simulate import simulate
from .stack import pooled, shipped_weights

SCENARIO = "forecast-2025"
FIXED_RANGE = 0.9, 1.15
"""Lowest and highest fixed cost of Xiaomi's cars over the likeliest, as in the data set."""
BUYERS = 500
"""Rows of buyers in each draw."""


@dataclass(frozen=True)
class Backtest:
    """Forecasts by name ("model", "no simulator", "stacked", "no change", "last year"), and how they did if
    actual figures are known."""

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

    def all_predictions(self) -> pd.DataFrame:
        """The same columns and `model`: full, no_simulator, no_change, stacked."""
        names = (MODEL, WITHOUT, NO_CHANGE, STACKED)
        parts = [self.forecasts[name].table().assign(model=MODELS[name]) for name in names]
        return pd.concat(parts, ignore_index=True)

    def scored(self, actuals: pd.DataFrame) -> Backtest:
        """The same against actual figures, as `read_actuals` gives them."""
        rows = score_rows(self.forecasts, actuals)
        return replace(self, actuals=actuals, rows=rows, scores=summarise(rows))


def the_scenario() -> Scenario:
    """The scenario of the draws: luck of the market as a whole is drawn with its season, and that of firms
    and models with the errors of their shares, not here; margins are those that had been printed."""
    quiet = {"consumers.draws": BUYERS, "noise.market_sd": 0.0, "noise.taste_sd": 0.0, "noise.firm_sd": {}}
    scenario, printed = load(SCENARIO), last_margins(load_history(), BASE)
    margins = {f"firms.{firm}.gross_margin": m.value for firm, m in printed.items() if firm in scenario.firms}
    return scenario.but(quiet | margins)


def key_of(draws: int, seed: int) -> dict[str, Any]:
    """What a set of draws depends on."""
    history = load_market_data().history.to_csv(index=False, lineterminator="\n")
    return {
        "scenario": SCENARIO,
        "digest": the_scenario().digest,
        "data": hashlib.sha256(history.encode()).hexdigest()[:16],
        "version": version("pricewar"),
        "edition": EDITION,
        "method": METHOD,
        "weight": shipped_weights()[BASE],
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
    history = load_history()
    unknowns = ranges(scenario, known_figures(data.figures, history))
    plan = [changes(unknowns, row) for row in design(unknowns, draws, seed)]
    simulated = simulate(scenario, plan, seed, executor, progress, store).joined(tuple(ENTITIES), REST)
    past = past_of(data.history).until(BASE)
    start = known_start(start_of(data, simulated.firms), scenario, simulated.firms, history)
    naive = {kind: naive_books(simulated, past, start, seed, kind, draws) for kind in (NO_CHANGE, LAST_YEAR)}
    runs = {MODEL: simulated, WITHOUT: simulated.at_rest()}
    books = {name: model_books(run, past, start, seed) for name, run in runs.items()} | naive
    forecasts = {name: forecast_of(book) for name, book in books.items()}
    weight = shipped_weights()[BASE]
    forecasts[STACKED] = pooled(forecasts[MODEL], forecasts[WITHOUT], weight, seed)
    return Backtest(
        forecasts=forecasts,
        key=key_of(draws, seed),
        unknowns=pd.DataFrame(
            [(u.name, u.low, u.high, u.likeliest, " ".join(u.paths)) for u in unknowns],
            columns=["name", "low", "high", "likeliest", "paths"],
        ),
        past=pseudo_backtest(past),
        lost=simulated.lost,
    )


def known_figures(figures: pd.DataFrame, history: History) -> pd.DataFrame:
    """Figures of the market with margins as printed by the base month, and with the fixed cost of the one car
    segment whose result is predicted from the quarter of its margin."""
    printed = last_margins(history, BASE)
    table = as_printed(figures, printed)
    segment = next(firm for firm, name in ENTITIES.items() if name == CARMAKER)
    cost = fixed_cost(history, segment, printed[segment])
    return with_figures(
        table, {(segment, "fixed_cost"): (cost, cost * FIXED_RANGE[0], cost * FIXED_RANGE[1])}
    )


def known_start(start: Start, scenario: Scenario, firms: tuple[str, ...], history: History) -> Start:
    """The base month with margins as printed by its end, their law, and models whose editions are drawn."""
    value, age = ages(last_margins(history, BASE), firms, BASE)
    owners = [product.firm for product in scenario.products.values() if product.units > 0]
    counts = pd.Series([firm if firm in firms else REST for firm in owners]).value_counts()
    models = np.array([float(counts.get(firm, 1)) for firm in firms])
    return start._replace(margin=value, age=age, models=models, law=law(history, BASE))


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
