"""What the page of the backtest says of earlier months: the verdict, scores, weights, margins."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

from pricewar.backtest import Rolling
from pricewar.backtest.names import BASE
from pricewar.backtest.origin_study import ALL, FIRST, GROWTH, MAKERS, MARGIN
from pricewar.backtest.origins import FULL, MODELS, STACKED, WITHOUT
from pricewar.base.edition import EDITION
from pricewar.cli.origins import made, save, stored
from pricewar.files.folders import require_ours
from pricewar.plots.origins import draw_origins

from .step import Place

DRAWS, SMALL_DRAWS, SEED = 500, 20, 1
FIGURES: Final = ("backtest_origins", "backtest_pit")
WEIGHTS: Final = "pricewar/data/backtest_weights.toml"
SINGLE: Final = {"units": "cars", "nev_share_pct": "shares"}
Scores = dict[str, dict[str, float]]
TOTALS: Final = {"units": "new-energy cars of all", "nev_share_pct": "their share of all cars"}


def origins_of(place: Place) -> Rolling:
    """All origins; those of an earlier call if they are the same."""
    draws, out = place.seeds(DRAWS, SMALL_DRAWS), place.kept / "origins"
    found = stored(out, draws, SEED)
    if found is None:
        require_ours(out)
        found = made(draws, SEED, place.workers, place.quiet)
        words = ["pricewar", "backtest", "--origins", "--draws", str(draws), "--seed", str(SEED)]
        save(found, out, shlex.join(words))
    return found


def files_of(found: Rolling, place: Place) -> list[Path]:
    """Write the figures and the weights."""
    written = [place.picture(drawing) for drawing in draw_origins(found)]
    path = place.path(WEIGHTS)
    path.write_text(weights_text(found), encoding="utf-8", newline="\n")
    return [*written, path]


def weights_text(found: Rolling) -> str:
    """The weights as a TOML file that ships with the package."""
    draws = found.key["draws"]
    lines = [
        "# Weight of the forecast with the run in the pool of `pricewar backtest`, learnt at each origin",
        f"# from those before it. Made by python -m pricewar.publish, edition {EDITION}, {draws} draws each.",
        "",
        "[weights]",
        *(f'"{origin}" = {weight:.4f}' for origin, weight in found.weights.items()),
    ]
    return "\n".join(lines) + "\n"


def verdict(found: Rolling) -> str:
    """One paragraph: whether and where the run helps."""
    cars, pool = (by_origin(found, "units", model) for model in (FULL, STACKED))
    shares, total = by_origin(found, "nev_share_pct", FULL), by_origin(found, "units", FULL, "total")
    count = len(cars) - 1
    crps = [by_origin(found, "units", model)[ALL]["log_crps"] for model in (FULL, WITHOUT, STACKED)]
    return (
        f"{_head(cars, total, shares)} Forecasts were made again at {count} earlier months, with its runs "
        "and with the same season, drift and errors but without them. Makers' cars are predicted better "
        f"with the runs at {_better(cars)} of {count} origins, and by a pool of both at {_better(pool)}. The "
        f"mean CRPS of log cars is {crps[0]:.3f} with the runs, {crps[1]:.3f} without and {crps[2]:.3f} "
        f"pooled; the first two differ by {_gap(cars)}. The size of the market is predicted better at "
        f"{_better(total)} of {count} ({total[ALL]['less']:+.4f}). Of makers' shares the difference is "
        f"{_gap(shares)}, and the runs are better at {_better(shares)} of {count}."
        f"{_no_better(found, crps[0])}"
    )


def _no_better(found: Rolling, crps: float) -> str:
    """A sentence where a constant growth does as well as the runs."""
    control = float(found.control.set_index("origin")["log_crps"][ALL])
    if control > crps:
        return ""
    return (
        f" A constant growth of {100 * GROWTH:.1f}% a month in place of the runs would have done better: "
        f"{control:.3f}."
    )


def _head(cars: Scores, total: Scores, shares: Scores) -> str:
    """The first sentence: does not help; could be luck; helps; and with what."""
    if 2 * _better(cars) <= len(cars) - 1 or cars[ALL]["less"] >= 0:
        return "**The simulator does not help to predict makers' cars.**"
    sure = cars[ALL]["less"] < -2.0 * cars[ALL]["less_se"]
    with_size, with_shares = (table[ALL]["less"] < 0 for table in (total, shares))
    where = {
        (True, True): "with the size of the market and with who sells",
        (True, False): "with the size of the market, not with who sells",
        (False, True): "with who sells, not with the size of the market",
        (False, False): "in sum",
    }[with_size, with_shares]
    how = "helps" if sure else "helps a little, by no more than luck could do:"
    return f"**The simulator {how} {where}.**"


def by_origin(found: Rolling, metric: str, model: str, who: str = MAKERS) -> Scores:
    """Origin -> score -> value."""
    table = found.scores
    own = table[(table["metric"] == metric) & (table["model"] == model) & (table["who"] == who)]
    numbers = own.drop(columns=["who", "metric", "model", "origin"]).to_dict("records")
    return {
        str(origin): {str(name): float(value) for name, value in row.items()}
        for origin, row in zip(own["origin"], numbers, strict=True)
    }


def _better(scores: Scores) -> int:
    return sum(row["less"] < 0 for origin, row in scores.items() if origin != ALL)


def _gap(scores: Scores) -> str:
    return f"{scores[ALL]['less']:+.4f} (standard error by maker {scores[ALL]['less_se']:.4f})"


def origins_table(found: Rolling) -> str:
    """Scores by origin and model, differences with standard errors, weights of the pool."""
    names = [model.replace("_", " ") for model in MODELS]
    heads = ["", "origin", "figures", *names, "full less no simulator", "stacked less no simulator", "weight"]
    lines = [_line(heads), f"|---|---|{'---:|' * (len(heads) - 2)}"]
    for who, kinds in ((MAKERS, SINGLE), ("total", TOTALS)):
        for metric, words in kinds.items():
            tables = {model: by_origin(found, metric, model, who) for model in MODELS}
            for place, origin in enumerate(tables[FULL]):
                scores = [f"{tables[model][origin]['log_crps']:.4f}" for model in MODELS]
                gaps = [_with_error(tables[model][origin]) for model in (FULL, STACKED)]
                weight = "" if origin == ALL else f"{found.weights[origin]:.2f}"
                start = ["" if place else words, origin, f"{tables[FULL][origin]['n']:.0f}"]
                lines.append(_line([*start, *scores, *gaps, weight]))
    key = found.key
    lost = f"{len(found.lost)} failed" if found.lost else "none failed"
    head = (
        f"{key['draws']} draws an origin, seed {key['seed']}, {lost}. Mean CRPS of logs, lower is better; in "
        "brackets standard errors clustered by maker; weight of the run in the pool, which is "
        f"{found.weights[BASE]:.2f} for the forecast of April 2025."
    )
    return "\n".join([head, "", *lines, "", _control(found)])


def _control(found: Rolling) -> str:
    """What a constant growth does in place of the runs."""
    rows = dict(zip(found.control["origin"], found.control["log_crps"], strict=True))
    each = ", ".join(f"{score:.4f}" for origin, score in rows.items() if origin != ALL)
    return (
        f"Cars, with a constant growth of {100 * GROWTH:.1f}% a month on 'no simulator' for the runs: "
        f"{each}; all origins {rows[ALL]:.4f}."
    )


def _with_error(row: dict[str, float]) -> str:
    error = row["less_se"]
    return f"{row['less']:+.4f}" + ("" if error != error else f" ({error:.4f})")


def margins_table(found: Rolling) -> str:
    """Margins with the law of recorded changes, and with the errors of the first edition."""
    words = {
        FIRST: "full, errors of the first edition",
        FULL: "full, law of recorded changes",
        WITHOUT: "no simulator, law of recorded changes",
        STACKED: "stacked",
    }
    lines = ["| margins | figures | in 50% | in 90% | CRPS, points |", "|---|---:|---:|---:|---:|"]
    rows = {str(row["model"]): row for row in found.margins.to_dict("records")}
    for model, said in words.items():
        row = rows[model]
        inside = [f"{row[name]:.0%}" for name in ("coverage_50", "coverage_90")]
        lines.append(_line([said, f"{row['n']:.0f}", *inside, f"{row['crps']:.2f}"]))
    gap = by_origin(found, MARGIN, FULL)[ALL]
    said = (
        f"Full less no simulator: {gap['less']:+.3f} points (standard error by maker {gap['less_se']:.3f})."
    )
    return "\n".join([*lines, "", said])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
