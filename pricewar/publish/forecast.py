"""The step of the backtest: its figures, and the tables of its page."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from pricewar.backtest import Backtest
from pricewar.backtest.names import CARMAKER, TOTAL
from pricewar.backtest.origin_study import key_of as rolling_key
from pricewar.backtest.study import key_of
from pricewar.cli.backtest import drawn, save, stored
from pricewar.files.folders import require_ours
from pricewar.plots.backtest import draw_backtest
from pricewar.report.numbers import renewed

from .origins import FIGURES as EARLIER
from .origins import WEIGHTS, files_of, margins_table, origins_of, origins_table, verdict
from .step import Place, Step, sources

PAGE: Final = "docs/explanation/backtest.md"
FIGURES: Final = ("backtest_units", "backtest_vehicle_gross_margin_pct", "backtest_discount_pp_change")
DRAWS, SMALL_DRAWS, SEED = 500, 20, 1
RESULT: Final = "ev_segment_profit_cny_m"


class Shown(NamedTuple):
    """A row of the table of what came out."""

    words: str
    entity: str
    period: str
    metric: str
    scale: float
    digits: int


SHOWN: Final = (
    Shown("new-energy retail, 2025Q2, thousand", TOTAL, "2025Q2", "units", 1e-3, 0),
    Shown("2025Q3", TOTAL, "2025Q3", "units", 1e-3, 0),
    Shown("2025Q4", TOTAL, "2025Q4", "units", 1e-3, 0),
    Shown("share of new-energy cars, 2025Q4, %", TOTAL, "2025Q4", "nev_share_pct", 1, 1),
    Shown("BYD's share, 2025Q4, %", "BYD", "2025Q4", "nev_share_pct", 1, 1),
    Shown("BYD's discount, June, points above April", "BYD", "2025-06", "discount_pp_change", 1, 1),
    Shown("the same, July", "BYD", "2025-07", "discount_pp_change", 1, 1),
    Shown("mean discount, 2025Q4, points above April", TOTAL, "2025Q4", "discount_pp_change", 1, 1),
    Shown("gross margin of all, 2025Q4, %", TOTAL, "2025Q4", "vehicle_gross_margin_pct", 1, 1),
    Shown(
        "Xiaomi's cars, result of 2025Q2, millions of CNY",
        CARMAKER,
        "2025Q2",
        RESULT,
        1,
        0,
    ),
    Shown("2025Q3", CARMAKER, "2025Q3", RESULT, 1, 0),
    Shown("2025Q4", CARMAKER, "2025Q4", RESULT, 1, 0),
)


def backtest_step() -> Step:
    """The forecast of May to December 2025 that its page shows."""

    def inputs(place: Place) -> Mapping[str, Any]:
        key = key_of(place.seeds(DRAWS, SMALL_DRAWS), SEED)
        key.pop("weight")  # this step makes it
        before = rolling_key(place.seeds(DRAWS, SMALL_DRAWS), SEED)
        return {
            "key": key,
            "origins": before,
            "code": sources("backtest", "publish"),
            "plots": sources("plots"),
        }

    def make(place: Place) -> list[Path]:
        earlier = origins_of(place)
        pictures = files_of(earlier, place)
        found = _found(place)
        pictures += [place.picture(drawing) for drawing in draw_backtest(found) if drawing.name in FIGURES]
        page = place.page(PAGE)
        text = page.read_text(encoding="utf-8")
        text = renewed(text, past_table(found), PAGE, "past")
        for name, body in (
            ("verdict", verdict(earlier)),
            ("origins", origins_table(earlier)),
            ("margins", margins_table(earlier)),
        ):
            text = renewed(text, body, PAGE, name)
        page.write_text(
            renewed(text, forecast_table(found), PAGE, "forecast"), encoding="utf-8", newline="\n"
        )
        return [page, *pictures]

    outputs = (PAGE, WEIGHTS, *(f"docs/img/{name}.png" for name in (*FIGURES, *EARLIER)))
    return Step(
        "backtest", "the forecast of 2025, those of earlier months, and their page", outputs, inputs, make
    )


def _found(place: Place) -> Backtest:
    """The draws, those of an earlier call if they are the same."""
    draws, out = place.seeds(DRAWS, SMALL_DRAWS), place.kept / "backtest"
    found = stored(out, draws, SEED)
    if found is None:
        require_ours(out)
        found = drawn(draws, SEED, place.workers, place.quiet)
        words = ["pricewar", "backtest", "--draws", str(draws), "--seed", str(SEED)]
        save(found, out, shlex.join(words))
    return found


def past_table(found: Backtest) -> str:
    """The method on the past: coverage and errors of each trial."""
    lines = [
        "| trial | figures | in 50% | in 90% | median error | of no change |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in found.past.to_dict("records"):
        shares = [f"{row[name]:.0%}" for name in ("coverage_50", "coverage_90")]
        errors = [f"{row[name]:.3f}" for name in ("median_error", "no_change")]
        lines.append(f"| {' | '.join([str(row['trial']), str(row['cells']), *shares, *errors])} |")
    return "\n".join([*lines, "", "Errors: median of absolute log errors."])


def forecast_table(found: Backtest) -> str:
    """What came out: median and 90% interval of what a reader asks for first."""
    rows = found.predictions.to_dict("records")
    table = {(row["entity"], row["period"], row["metric"]): row for row in rows}
    lines = ["| | median | 5% | 95% |", "|---|---:|---:|---:|"]
    for one in SHOWN:
        row = table[(one.entity, one.period, one.metric)]
        cells = [f"{row[name] * one.scale:,.{one.digits}f}" for name in ("p50", "p05", "p95")]
        lines.append(f"| {' | '.join([one.words, *cells])} |")
    key = found.key
    lost = f"{len(found.lost)} failed" if found.lost else "none failed"
    return "\n".join([f"{key['draws']} draws, seed {key['seed']}, {lost}.", "", *lines])
