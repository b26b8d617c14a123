"""`pricewar backtest`: predict May to December 2025, and score the prediction."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pricewar.base.edition import mark

from .console import say, show, tell
from .options import AsJson, Quiet

if TYPE_CHECKING:
    import pandas as pd

    from pricewar.backtest import Backtest

DRAWS, SEED = 500, 1
Actuals = Annotated[
    Path | None, typer.Option(metavar="FILE", help="CSV of what came: entity, period, metric, value.")
]
Draws = Annotated[int, typer.Option(min=20, help="Rows of the design; below 500 for a quick look only.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the design and of all luck.")]
Out = Annotated[Path, typer.Option(help="Directory to write.")]
Wars = Annotated[bool, typer.Option("--wars", help="Wars of 2023 to April 2025 against the record, instead.")]
Origins = Annotated[
    bool, typer.Option("--origins", help="Forecasts of five earlier months, scored by the record, instead.")
]
Quick = Annotated[bool, typer.Option("--quick", help="With --wars: few runs, to see that it works.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; default: one per core.")]


def backtest(
    actuals: Actuals = None,
    out: Out = Path("results/backtest"),
    draws: Draws = DRAWS,
    seed: Seed = SEED,
    workers: Workers = None,
    wars: Wars = False,
    origins: Origins = False,
    quick: Quick = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Predict May to December 2025 from April, with intervals; with --actuals score the prediction.

    Draws found in --out are used again if scenario, data, version, seed and number are the same. Draws of
    another edition of the model are neither used nor overwritten. If the command is stopped, the same command
    goes on where it was; until the end, what is done is in the folder OUT-draws.

    With --wars: set simulated wars beside the record of 2023 to April 2025 instead, each year also with
    campaigns that were fitted to the other years alone, in one table of what came out and what did not.

    With --origins: predict from December 2022, June and December 2023, and June and December 2024 instead,
    each from what was known then, and score what the record says came, with the run and without it.
    """
    _require_fitting(wars, quick, actuals, draws, seed)
    _require_one(wars, origins, actuals)
    if origins:
        from .origins import backtest_origins

        backtest_origins(out, draws, seed, workers, as_json, quiet)
        return
    if wars:
        from .wars import backtest_wars

        backtest_wars(out, workers, quick, as_json, quiet)
        return
    from pricewar.backtest import read_actuals
    from pricewar.backtest.simulate import Draws
    from pricewar.experiment.store import discard
    from pricewar.files.folders import require_ours

    came = None if actuals is None else read_actuals(actuals)
    if came is not None and came.attrs["unused"]:
        say(f"{actuals}: columns not used: {', '.join(came.attrs['unused'])}", quiet)
    found = stored(out, draws, seed)
    require_ours(out)
    part = out.resolve().with_name(f"{out.resolve().name}-draws")
    found = found or drawn(draws, seed, workers, quiet or as_json, part)
    if came is not None:
        found = found.scored(came)
    words = ["pricewar", "backtest", "--draws", str(draws), "--seed", str(seed)]
    words += [] if actuals is None else ["--actuals", str(actuals)]
    save(found, out, shlex.join([*words, "--out", str(out)]))
    discard(part, Draws.record, Draws.kept)
    if as_json:
        from pricewar.backtest.study import as_tree

        tell(json.dumps(as_tree(found) | {"out": str(out)}, indent=2, ensure_ascii=False))
    elif not quiet:
        _tell(found)
        say(f"written: {out}")


def _require_fitting(wars: bool, quick: bool, actuals: Path | None, draws: int, seed: int) -> None:
    """Refuse options that the other kind of backtest does not read."""
    from pricewar.base.errors import bad_input

    checks = (
        (quick and not wars, "--quick", "without --wars", "together with --wars alone"),
        (wars and actuals is not None, "--actuals", actuals, "not with --wars, whose record ships"),
        (wars and draws != DRAWS, "--draws", draws, "not with --wars"),
        (wars and seed != SEED, "--seed", seed, "not with --wars, whose seeds are fixed"),
    )
    problems = [(place, found, allowed) for wrong, place, found, allowed in checks if wrong]
    if problems:
        raise bad_input("command line", *problems)


def _require_one(wars: bool, origins: bool, actuals: Path | None) -> None:
    """Refuse --origins together with what asks for another backtest."""
    from pricewar.base.errors import bad_input

    if origins and (wars or actuals is not None):
        other = "--wars" if wars else "--actuals"
        raise bad_input("command line", ("--origins", f"with {other}", "alone: what came is in the record"))


def drawn(draws: int, seed: int, workers: int | None, quiet: bool, store: Path | None = None) -> Backtest:
    """A backtest of this many draws, run now, or gone on with if some of them are in `store`."""
    from pricewar.backtest import backtest as run

    from .pool import pool, worker_count
    from .sweep import progress_of

    with pool(worker_count(workers, draws)) as executor, progress_of(draws, quiet) as tick:
        return run(draws, seed, executor, tick, store)


def same_record(out: Path, key: dict[str, Any], mark: str) -> dict[str, Any] | None:
    """The record of an earlier call, if it was for the same.

    Args:
        out: its folder.
        key: what must be the same.
        mark: a name by which the record of such a call is known.

    Raises:
        InputError: it is of another edition of the model.
        OSError: there is none.
        ValueError: it cannot be read.
    """
    from pricewar.base.edition import require_same

    told: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))
    if mark in told:
        require_same(told, str(out))
    return told if all(told.get(name) == value for name, value in key.items()) else None


def stored(out: Path, draws: int, seed: int) -> Backtest | None:
    """The draws of an earlier call, if they are what this one would draw.

    Raises:
        InputError: they are of another edition of the model.
    """
    import pandas as pd

    from pricewar.backtest.study import Backtest, forecasts_from, key_of

    key = key_of(draws, seed)
    try:
        told = same_record(out, key, "draws")
        if told is None:
            return None
        tables = {name: pd.read_csv(out / f"{name}.csv") for name in ("ranges", "past")}
        forecasts = forecasts_from(pd.read_parquet(out / "draws.parquet"))
    except (OSError, ValueError):
        return None
    return Backtest(forecasts, key, tables["ranges"], tables["past"], tuple(told["lost"]))


def save(found: Backtest, out: Path, command: str) -> None:
    """Write predictions, draws, ranges, past, scores if any, figures, report.md, run.json."""
    from pricewar.backtest.study import as_tree, draws_table
    from pricewar.files.folders import replaced
    from pricewar.plots import save_figures
    from pricewar.plots.backtest import draw_backtest

    with replaced(out) as draft:
        tables = {
            "predictions": found.all_predictions(),
            "ranges": found.unknowns,
            "past": found.past,
            "scores": found.scores,
            "scored": found.rows,
        }
        for name, table in tables.items():
            if table is not None:
                table.to_csv(draft / f"{name}.csv", index=False, lineterminator="\n")
        draws_table(found).to_parquet(draft / "draws.parquet", index=False)
        drawings = draw_backtest(found)
        save_figures(drawings, draft / "figures")
        findings = {drawing.name: f"{drawing.title}. {drawing.finding}" for drawing in drawings}
        (draft / "report.md").write_text(as_markdown(found, findings), encoding="utf-8", newline="\n")
        told = {"command": command, **as_tree(found)}
        (draft / "run.json").write_text(
            json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n"
        )


def as_markdown(found: Backtest, findings: dict[str, str]) -> str:
    """The report: what was predicted, how it did, how the method did on the past."""
    key = found.key
    lines = [
        "# Forecast of May to December 2025",
        "",
        f"{key['draws']} draws of `{key['scenario']}` (digest {key['digest']}), seed {key['seed']}, pricewar "
        f"{key['version']}, model edition {key['edition']}; {len(found.lost)} draws failed. Nothing after "
        "April 2025 was used but announced prices and dated measures.",
        "",
    ]
    if found.scores is not None:
        lines += ["## Score", "", *_markdown(found.scores), ""]
        lines += [
            "Coverage should be near 0.5 and 0.9. CRPS is in the unit of the metric; its ratio is to that of "
            "the forecast of no change, below 1 is better.",
            "",
        ]
    lines += ["## The method on the past", "", *_markdown(found.past), ""]
    for name, text in findings.items():
        lines += [f"![{name}](figures/{name}.png)", "", text, ""]
    return "\n".join([*lines, mark(key["edition"]), ""])


def _markdown(table: pd.DataFrame) -> list[str]:
    heads = [str(column).replace("_", " ") for column in table.columns]
    rows = [heads, ["---"] * len(heads), *_cells(table)]
    return [f"| {' | '.join(row)} |" for row in rows]


def _cells(table: pd.DataFrame) -> list[list[str]]:
    return [[_cell(value) for value in row] for row in table.itertuples(index=False)]


def _cell(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return "" if value != value else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _tell(found: Backtest) -> None:
    table = found.predictions
    chosen = table[(table["metric"] == "units") & table["period"].isin(("2025-06", "2025-12", "2025Q4"))]
    heads = [str(column) for column in chosen.columns]
    show("cars predicted", heads, _cells(chosen), text_columns=3)
    for name, more in (("scores", found.scores), ("the method on the past", found.past)):
        if more is not None:
            heads = [str(column).replace("_", " ") for column in more.columns]
            show(name, heads, _cells(more), text_columns=2 if name == "scores" else 1)
