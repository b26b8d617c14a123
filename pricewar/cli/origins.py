"""`pricewar backtest --origins`: forecasts of earlier months, scored by the record."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from .console import say, show, tell

if TYPE_CHECKING:
    from pricewar.backtest import Rolling

DECIMALS = "%.6g"
TABLES = "origins", "origins_scores", "margins", "control"
"""What is read again, by the names of the files."""


def backtest_origins(
    out: Path, draws: int, seed: int, workers: int | None, as_json: bool, quiet: bool
) -> None:
    """Draw what is not drawn yet, print the scores, write tables, figures and run.json."""
    from pricewar.backtest.origins import ORIGINS
    from pricewar.backtest.simulate import Draws
    from pricewar.experiment.store import discard
    from pricewar.files.folders import require_ours

    require_ours(out)
    part = part_of(out)
    found = stored(out, draws, seed) or made(draws, seed, workers, quiet or as_json, part)
    words = [
        "pricewar",
        "backtest",
        "--origins",
        "--draws",
        str(draws),
        "--seed",
        str(seed),
        "--out",
        str(out),
    ]
    save(found, out, shlex.join(words))
    for month in ORIGINS:
        discard(part / month, Draws.record, Draws.kept)
    if part.is_dir() and not any(part.iterdir()):
        part.rmdir()
    if as_json:
        tell(json.dumps(as_tree(found) | {"out": str(out)}, indent=2, ensure_ascii=False))
    elif not quiet:
        table = pooled_table(found)
        show("mean CRPS of log cars of makers", list(table.columns), rows_of(table), text_columns=1)
        say(f"written: {out}")


def part_of(out: Path) -> Path:
    """The folder of draws that are not whole yet."""
    return out.resolve().with_name(f"{out.resolve().name}-draws")


def made(draws: int, seed: int, workers: int | None, quiet: bool, store: Path | None = None) -> Rolling:
    """All origins, drawn now, or gone on with if some of the draws are in `store`."""
    from pricewar.backtest import rolling

    from .pool import pool, worker_count
    from .sweep import progress_of

    with pool(worker_count(workers, draws)) as executor, progress_of(draws, quiet) as tick:
        return rolling(draws, seed, executor, tick, store)


def stored(out: Path, draws: int, seed: int) -> Rolling | None:
    """What an earlier call wrote, if it is what this one would make.

    Raises:
        InputError: it is of another edition of the model.
    """
    from pricewar.backtest.origin_study import Rolling, key_of

    from .backtest import same_record

    key = key_of(draws, seed)
    try:
        told = same_record(out, key, "weights")
        if told is None:
            return None
        tables = {name: pd.read_csv(out / f"{name}.csv") for name in TABLES}
    except (OSError, ValueError):
        return None
    rows, scores, margins, control = tables.values()
    return Rolling(key, rows, scores, told["weights"], margins, control, tuple(told["lost"]))


def save(found: Rolling, out: Path, command: str) -> None:
    """Write origins.csv, origins_scores.csv, margins.csv, control.csv, weights.csv, figures, run.json."""
    from pricewar.files.folders import replaced
    from pricewar.plots import save_figures
    from pricewar.plots.origins import draw_origins

    tables = {
        "origins": found.rows,
        "origins_scores": found.scores,
        "margins": found.margins,
        "control": found.control,
        "weights": pd.DataFrame(list(found.weights.items()), columns=["origin", "weight"]),
    }
    with replaced(out) as draft:
        for name, table in tables.items():
            table.to_csv(draft / f"{name}.csv", index=False, lineterminator="\n", float_format=DECIMALS)
        save_figures(draw_origins(found), draft / "figures")
        told = {"command": command, **as_tree(found)}
        (draft / "run.json").write_text(
            json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n"
        )


def as_tree(found: Rolling) -> dict[str, Any]:
    """What was done and found, as plain values."""
    tables = {"scores": found.scores, "margins": found.margins, "control": found.control}
    written = {name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}
    return {**found.key, "lost": list(found.lost), "weights": found.weights, **written}


def pooled_table(found: Rolling, metric: str = "units", who: str = "makers") -> pd.DataFrame:
    """Mean CRPS of logs by origin: a column for each model, then full and stacked less no_simulator with
    standard errors clustered by maker."""
    from pricewar.backtest.origins import MODELS, WITHOUT

    own = found.scores[(found.scores["metric"] == metric) & (found.scores["who"] == who)]
    wide = own.pivot(index="origin", columns="model", values=["log_crps", "less", "less_se"])
    table = pd.DataFrame({model: wide["log_crps", model] for model in MODELS})
    for model in ("full", "stacked"):
        table[f"{model} less {WITHOUT}"] = wide["less", model]
        table[f"se {model}"] = wide["less_se", model]
    return table.reset_index().assign(n=own.groupby("origin")["n"].first().to_numpy())


def rows_of(table: pd.DataFrame) -> list[list[str]]:
    """Cells as text, numbers to four digits after the point."""
    return [
        [f"{cell:.4f}" if isinstance(cell, float) else str(cell) for cell in row]
        for row in table.itertuples(index=False)
    ]
