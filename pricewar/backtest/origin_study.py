"""All rolling origins: draws, forecasts, weights, and their scores beside what came."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from pricewar.base.arguments import between, luck, takes
from pricewar.base.edition import EDITION
from pricewar.base.months import months_between
from pricewar.data.history import History, load_history
from pricewar.experiment.study import Progress
from pricewar.files.digest import short_digest

from .books import Forecast
from .first_rule import first_margins
from .names import ENTITIES, METHOD, REST, TOTAL
from .origins import FULL, MODELS, ORIGINS, STACKED, STILL, WITHOUT, Origin, actual_figures, forecasts_at
from .origins import weights as weights_of
from .ranges import changes, design, ranges
from .score import LOGS, covered, crps, log_crps, pit
from .simulate import simulate
from .stack import pooled

MARGIN: Final = "vehicle_gross_margin_pct"
FIRST: Final = "first_rule"
"""Margins alone: the run's, with the errors of the first edition of the backtest."""
GROWTH: Final = 0.005
"""Log points a month: about by how much the runs raise the market, whatever the origin."""
MAKERS, ALL = "makers", "all"
COLUMNS: Final = (
    "origin", "entity", "period", "metric", "model", "value", "p05", "p50", "p95", "crps", "log_crps", "pit",
)  # fmt: skip


@dataclass(frozen=True)
class Rolling:
    """Forecasts of all origins and their scores.

    Attributes:
        key: what the draws depend on.
        rows: one for each figure that came and model (`COLUMNS`).
        scores: by origin ("all": all origins together), who (makers, total), metric and model: n, coverage,
            crps, crps_ratio (to no_change), median errors, log_crps, and the mean difference from
            no_simulator with its standard error, clustered by maker (`less`, `less_se`; in logs for units
            and shares).
        weights: of the run in the pool, by origin and for April 2025.
        margins: coverage and CRPS of margins with the law of recorded changes (`full`) and with the errors
            of the first edition.
        control: by origin ("all": together), the log CRPS of makers' cars where a constant growth takes the
            place of the runs.
        lost: draws that failed, and why.
    """

    key: dict[str, Any]
    rows: pd.DataFrame
    scores: pd.DataFrame
    weights: dict[str, float]
    margins: pd.DataFrame
    control: pd.DataFrame
    lost: tuple[str, ...] = ()


@takes(draws=between(2, 1_000_000), seed=luck)
def rolling(
    draws: int = 500,
    seed: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
    store: str | Path | None = None,
) -> Rolling:
    """Predict from each origin of `ORIGINS` what the record says came, and score it.

    Args:
        draws: rows of the latin hypercube at each origin; each is a calibration and a run.
        seed: of the designs, of the luck of each run (seed + row) and of everything else drawn.
        executor: any concurrent.futures executor; None: here.
        progress: called as draws of an origin are done.
        store: folder of the draws, one folder in it for each origin; None: nothing is kept.

    Raises:
        InputError: the folder holds other draws.
        PricewarError: more than 5% of the draws of an origin fail.
    """
    history = load_history()
    forecasts: dict[str, dict[str, Forecast]] = {}
    lost: list[str] = []
    for month in ORIGINS:
        origin = Origin.at(month, history)
        folder = None if store is None else Path(store) / month
        found, failed = drawn_at(origin, history, draws, seed, executor, progress, folder)
        forecasts[month] = found
        lost += [f"{month}, {why}" for why in failed]
    return rolled(forecasts, history, key_of(draws, seed), tuple(lost))


def drawn_at(
    origin: Origin,
    history: History,
    draws: int,
    seed: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
    store: Path | None = None,
) -> tuple[dict[str, Forecast], tuple[str, ...]]:
    """The forecasts of one origin that need no other one, and which draws failed; as `rolling` says."""
    unknowns = [one for one in ranges(origin.scenario, origin.figures) if one.paths]
    plan = [changes(unknowns, row) for row in design(unknowns, draws, seed)]
    run = simulate(origin.scenario, plan, seed, executor, progress, store).joined(tuple(ENTITIES), REST)
    found = forecasts_at(origin, run, history, seed)
    return found | {FIRST: first_margins(origin, run, history, seed)}, run.lost


def rolled(
    forecasts: Mapping[str, Mapping[str, Forecast]],
    history: History,
    key: dict[str, Any],
    lost: tuple[str, ...],
) -> Rolling:
    """Weights, pools and scores of forecasts by origin and model."""
    came, weights = actual_figures(history), weights_of(forecasts, actual_figures(history))
    parts, first = [], []
    for month, found in forecasts.items():
        pool = pooled(found[FULL], found[WITHOUT], weights[month], int(key["seed"]))
        every = {**found, STACKED: pool}
        parts += [_rows(month, name, every[name], came) for name in MODELS]
        first += [_rows(month, FIRST, found[FIRST], came)]
    rows = pd.concat(parts, ignore_index=True)
    both = pd.concat([*first, rows[(rows["metric"] == MARGIN) & (rows["model"] != STILL)]])
    margins = both.groupby("model", sort=False).agg(
        n=("value", "size"),
        coverage_50=("in_50", "mean"),
        coverage_90=("in_90", "mean"),
        crps=("crps", "mean"),
    )
    control = control_of(forecasts, came)
    return Rolling(key, rows[list(COLUMNS)], summary(rows), weights, margins.reset_index(), control, lost)


def control_of(
    forecasts: Mapping[str, Mapping[str, Forecast]], came: Mapping[tuple[str, str, str], float]
) -> pd.DataFrame:
    """What a constant growth of all makers' cars, `GROWTH` a month, does in place of the runs.

    Returns:
        origin, n, log_crps: a row for each origin and one for all, of months and makers together.
    """
    parts = {}
    for month, found in forecasts.items():
        cells = [(place, cell) for place, cell in enumerate(found[WITHOUT].cells)
                 if cell in came and cell[2] == "units" and cell[0] != TOTAL]  # fmt: skip
        ahead = np.array([months_between(month, cell[1]) for _, cell in cells])
        draws = found[WITHOUT].draws[:, [place for place, _ in cells]] * np.exp(GROWTH * ahead)
        parts[month] = log_crps(draws, np.array([came[cell] for _, cell in cells]))
    parts[ALL] = np.concatenate(list(parts.values()))
    lines = [(name, len(part), float(part.mean())) for name, part in parts.items()]
    return pd.DataFrame(lines, columns=["origin", "n", "log_crps"])


def key_of(draws: int, seed: int) -> dict[str, Any]:
    """What the draws of all origins depend on."""
    history = load_history()
    digests = [Origin.at(month, history).scenario.digest for month in ORIGINS]
    told = [
        table.to_csv(index=False, lineterminator="\n")
        for table in (history.monthly, history.margins, history.market)
    ]
    return {
        "digest": short_digest(digests),
        "data": short_digest(told),
        "edition": EDITION,
        "method": METHOD,
        "draws": draws,
        "seed": seed,
    }


def _rows(
    month: str, model: str, forecast: Forecast, came: Mapping[tuple[str, str, str], float]
) -> pd.DataFrame:
    """A row for each cell that came."""
    cells = [(place, cell) for place, cell in enumerate(forecast.cells) if cell in came]
    draws = forecast.draws[:, [place for place, _ in cells]]
    keys = pd.DataFrame([cell for _, cell in cells], columns=["entity", "period", "metric"])
    value = np.array([came[cell] for _, cell in cells])
    ends = np.quantile(draws, [0.05, 0.5, 0.95], axis=0)
    logs = keys["metric"].isin(LOGS).to_numpy()
    return keys.assign(
        origin=month, model=model, value=value, **dict(zip(("p05", "p50", "p95"), ends, strict=True)),
        crps=crps(draws, value), log_crps=np.where(logs, log_crps(draws, np.where(logs, value, 1.0)), np.nan),
        pit=pit(draws, value), in_50=covered(draws, value, 0.5), in_90=covered(draws, value, 0.9),
    )  # fmt: skip


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Scores by origin, who, metric and model; see `Rolling.scores`."""
    who = np.where(rows["entity"] == TOTAL, "total", MAKERS)
    error = (rows["p50"] - rows["value"]).abs()
    pct = np.where(rows["value"] > 0, 100.0 * error / rows["value"].abs(), np.nan)
    table = rows.assign(who=who, error=error, pct=pct)
    logs = table["metric"].isin(LOGS)
    table["loss"] = np.where(logs, table["log_crps"], table["crps"])
    base = table[table["model"] == WITHOUT].set_index(["origin", "entity", "period", "metric"])["loss"]
    keys = pd.MultiIndex.from_frame(table[["origin", "entity", "period", "metric"]])
    table["gap"] = table["loss"].to_numpy() - base.reindex(keys).to_numpy()
    lines = []
    for origin in (*dict.fromkeys(table["origin"]), ALL):
        own = table if origin == ALL else table[table["origin"] == origin]
        for key, part in own.groupby(["who", "metric", "model"], sort=False):
            lines.append(
                {"origin": origin, **dict(zip(("who", "metric", "model"), key, strict=True)), **_line(part)}
            )
    found = pd.DataFrame(lines)
    still = found[found["model"] == STILL].set_index(["origin", "who", "metric"])["crps"]
    below = still.reindex(pd.MultiIndex.from_frame(found[["origin", "who", "metric"]])).to_numpy()
    return found.assign(crps_ratio=found["crps"] / below)


def _line(part: pd.DataFrame) -> dict[str, float]:
    return {
        "n": len(part),
        "coverage_50": float(part["in_50"].mean()),
        "coverage_90": float(part["in_90"].mean()),
        "crps": float(part["crps"].mean()),
        "median_abs_error": float(part["error"].median()),
        "median_abs_pct_error": float(part["pct"].median()),
        "log_crps": float(part["log_crps"].mean()),
        "less": float(part["gap"].mean()),
        "less_se": clustered(part["gap"].to_numpy(float), part["entity"].to_numpy()),
    }


def clustered(values: np.ndarray, groups: np.ndarray) -> float:
    """Standard error of a mean whose values go together within groups (Liang and Zeger 1986).

    sqrt(G / (G - 1) sum_g (sum_i in g (x_i - mean))^2) / n; NaN of one group.

    Args:
        values: (N,).
        groups: (N,) labels.
    """
    names, place = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        return float("nan")
    sums = np.bincount(place, weights=values - values.mean())
    return float(np.sqrt(len(names) / (len(names) - 1.0) * (sums**2).sum()) / len(values))
