"""The step of the joint calibration: the sample that ships, its figures, the tables of its page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pricewar.cli.posterior import NAME, estimated, sample_text
from pricewar.data.history import load_history
from pricewar.estimate.study import Estimate, Sizes, digest_of_markets
from pricewar.files.digest import short_digest
from pricewar.plots.posterior import NAMES, draw_posterior
from pricewar.posterior import PARAMETERS
from pricewar.report.numbers import renewed

from .step import Place, Step, sources

PAGE: Final = "docs/explanation/what-is-known.md"
SAMPLE: Final = f"pricewar/data/posteriors/{NAME}.csv"
FIGURES: Final = ("posterior_parameters", "posterior_ridge", "posterior_ranks")
SMALL: Final = Sizes(wave=256, replications=40, sample=32, again=8, spread=4096)


def posterior_step() -> Step:
    """The sample of parameters, and the page that says what is known."""

    def inputs(place: Place) -> Mapping[str, Any]:
        history = load_history()
        record = short_digest(
            [
                history.moves.to_csv(lineterminator="\n"),
                history.monthly.to_csv(lineterminator="\n"),
                history.margins.to_csv(lineterminator="\n"),
            ]
        )
        prior = [(p.name, p.low, p.high, p.log, p.paths) for p in PARAMETERS]
        return {"markets": digest_of_markets(), "record": record, "prior": prior, "code": sources("estimate"),
                "plots": sources("plots"), "small": place.small}  # fmt: skip

    def make(place: Place) -> list[Path]:
        folder = place.kept / "posterior"
        folder.parent.mkdir(parents=True, exist_ok=True)
        found = estimated(folder, place.quiet, SMALL if place.small else Sizes(), place.workers)
        pictures = [place.picture(drawing) for drawing in draw_posterior(found)]
        sample = place.path(SAMPLE)
        sample.write_text(sample_text(found), encoding="utf-8", newline="\n")
        page = place.page(PAGE)
        text = page.read_text(encoding="utf-8")
        for name, body in parts(found).items():
            text = renewed(text, body, PAGE, name)
        page.write_text(text, encoding="utf-8", newline="\n")
        return [page, sample, *pictures]

    outputs = (PAGE, SAMPLE, *(f"docs/img/{name}.png" for name in FIGURES))
    return Step("posterior", "what is known of all parameters together", outputs, inputs, make)


def parts(found: Estimate) -> dict[str, str]:
    """The tables of the page, by name of their marks."""
    return {
        "elasticity": elasticity(found),
        "parameters": parameters(found),
        "moments": moments(found),
        "matching": matching(found),
        "jacobian": jacobian(found),
        "sensitivity": sensitivity(found),
        "ranks": ranks(found),
        "structures": structures(found),
    }


def elasticity(found: Estimate) -> str:
    """One sentence: the elasticity with the rule and without."""
    rows = found.parameters.to_dict("records")
    row = next(row for row in rows if row["parameter"] == "own_elasticity")
    rule, free = (
        f"{_middle(row, kind)}, with a standard deviation of {row[f'{kind}sd_of_prior']:.2f} of the prior's"
        for kind in ("", "free_")
    )
    return f"With the rule: {rule}. From the record alone: {free}."


def parameters(found: Estimate) -> str:
    """Prior and posterior of each parameter."""
    heads = [
        "parameter",
        "unit and meaning",
        "prior",
        "posterior",
        "record alone",
        "sd over prior's",
        "called",
    ]
    rows = [
        [
            NAMES[row["parameter"]], row["meaning"], f"{row['prior_low']:g} to {row['prior_high']:g}",
            _middle(row, ""), _middle(row, "free_"), f"{row['sd_of_prior']:.2f}", row["called"],
        ]
        for row in found.parameters.to_dict("records")
    ]  # fmt: skip
    return _table(heads, rows, 2)


def moments(found: Estimate) -> str:
    """The record beside the posterior's runs."""
    heads = ["moment", "record", "error", "runs, 50%", "5%", "95%", "inside", "speaks to", "why the error"]
    rows = [
        [
            row["moment"], plain(row["record"]), f"{row['error']:g}",
            *(plain(row[p]) for p in ("p50", "p05", "p95")),
            "yes" if row["inside"] else "**no**", row["speaks_to"], row["why"],
        ]
        for row in found.moments.to_dict("records")
    ]  # fmt: skip
    return _table(heads, rows, 1)


def matching(found: Estimate) -> str:
    """What history matching cut away."""
    heads = ["moment", "record", "variance explained", "luck", "error", "cut away alone"]
    rows = [
        [
            row["moment"],
            *(_number(row[n]) for n in ("record", "explained", "spread", "error")),
            f"{row['alone']:.0%}",
        ]
        for row in found.matching.to_dict("records")
    ]
    return _table(heads, rows, 1)


def jacobian(found: Estimate) -> str:
    """The Jacobian and its singular values."""
    table = found.jacobian
    rows = [
        [str(name), *(f"{value:.1f}" for value in row)]
        for name, row in zip(table.index, table.to_numpy(), strict=True)
    ]
    values = found.singular["value"]
    said = ", ".join(f"{value:.2g}" for value in values)
    clear = int((values > 1.0).sum())
    words = f"Singular values: {said}. {clear} of them are above 1, for {len(PARAMETERS)} parameters."
    return _table(["moment", *(NAMES[name] for name in table.columns)], rows, 1) + "\n\n" + words


def sensitivity(found: Estimate) -> str:
    """By how much of its prior's width each estimate moves with each moment."""
    table = found.sensitivity
    rows = [
        [NAMES[str(name)], *(f"{100 * value:.0f}" for value in row)]
        for name, row in zip(table.index, table.to_numpy(), strict=True)
    ]
    return _table(["parameter", *table.columns], rows, 1)


def ranks(found: Estimate) -> str:
    """Whether ranks of known parameters are even."""
    heads = ["parameter", "distance from even", "p", "truths in 50%", "in 90%"]
    rows = [
        [
            NAMES[row["parameter"]],
            f"{row['ks']:.3f}",
            f"{row['p']:.2g}",
            f"{row['covered_50']:.0%}",
            f"{row['covered_90']:.0%}",
        ]
        for row in found.calibration.to_dict("records")
    ]
    least, count = found.calibration["least"].iloc[0], int(found.calibration["replications"].iloc[0])
    even = int(found.calibration["even"].sum())
    words = f"{count} replications; p above {least:.2g} is asked of each. It is so for {even} of {len(rows)}."
    return words + "\n\n" + _table(heads, rows, 1)


def structures(found: Estimate) -> str:
    """Weights of demands and rules of answer by metric."""
    heads = ["metric", "structure", "figures", "score alone", "weight", "score of the pool"]
    rows = [
        [
            row["metric"],
            row["structure"],
            str(row["figures"]),
            f"{row['crps']:.3f}",
            f"{row['weight']:.2f}",
            f"{row['pool']:.3f}",
        ]
        for row in found.structures.to_dict("records")
    ]
    return _table(heads, rows, 2)


def _middle(row: Mapping[Any, Any], kind: str) -> str:
    return f"{row[f'{kind}p50']:.3g} ({row[f'{kind}p05']:.3g} to {row[f'{kind}p95']:.3g})"


def plain(value: float) -> str:
    """Three digits; what is nought but for rounding is nought."""
    return "0" if abs(value) < 1e-9 else f"{value:.3g}"


def _number(value: float) -> str:
    return "" if value != value else plain(value)


def _table(heads: list[str], rows: list[list[str]], texts: int) -> str:
    rule = ["---" if place < texts else "---:" for place in range(len(heads))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, rule, *rows))
