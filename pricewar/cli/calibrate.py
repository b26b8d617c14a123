"""`pricewar calibrate`: the fit page of a scenario."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pricewar.base.errors import bad_input

from .console import show, tell
from .options import AsJson, Changes, read_changes

if TYPE_CHECKING:
    import pandas as pd

    from pricewar.market.calibration_report import Fit

FORMATS: Final = {
    "units": ",.0f",
    "price": ",.0f",
    "cost": ",.0f",
    "theta": ",.0f",
    "products": "d",
    "error": "+.1e",
    "margin": ".3f",
    "elasticity": ".2f",
}
"""How columns are printed, by the last or first word of their name."""
MONEY: Final = ("price_observed", "price_fitted", "unit_cost", "theta")
SMALL: Final = 1000.0
"""Money of which cents are printed, if all of a column is below it."""


def calibrate(
    scenario: Annotated[
        str, typer.Argument(metavar="[SCENARIO]", help="Shipped scenario or TOML file.")
    ] = "baseline",
    changes: Changes = None,
    out: Annotated[Path | None, typer.Option(help="Directory for fit.md and the tables as CSV.")] = None,
    campaigns: Annotated[
        bool, typer.Option("--campaigns", help="Fit how often makers start and answer campaigns, instead.")
    ] = False,
    posterior: Annotated[
        bool, typer.Option("--posterior", help="Calibrate all parameters together to the record, instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fit the market to the month before the start; print units, prices, margins: observed, fitted, error.

    With --campaigns: fit the campaigns of makers to the record of 2023 to April 2025, in the market
    china-2023; the rule is written as a table of a scenario file.

    With --posterior: draw all parameters together, given the record of 2022 to April 2025: half an hour of
    runs, which go on where they were if the command is stopped. The sample is written as china_nev.csv.
    """
    if campaigns and posterior:
        raise bad_input("command line", ("--campaigns", "with --posterior", "one of the two"))
    if posterior:
        from .posterior import calibrate_posterior

        calibrate_posterior(out, as_json)
        return
    if campaigns:
        from .propensity import calibrate_campaigns

        calibrate_campaigns(out, as_json)
        return
    from pricewar.files.folders import require_ours
    from pricewar.market.calibration_report import fit
    from pricewar.scenario.files import load

    if out is not None:
        require_ours(out)
    wanted = read_changes(changes)
    loaded = load(scenario)
    found = fit(loaded.but(wanted) if wanted else loaded)
    if out is not None:
        save(found, out)
    if as_json:
        tell(json.dumps(as_tree(found), indent=2, ensure_ascii=False, allow_nan=False))
        return
    for name, table in _tables(found).items():
        heads = [str(column).replace("_", " ") for column in table.columns]
        show(f"{found.scenario}: {name}", heads, _cells(table), text_columns=_texts(table))
    show(
        f"{found.scenario}: market",
        ("figure", "value"),
        [[name.replace("_", " "), f"{value:.4g}"] for name, value in found.market.items()],
    )


def save(found: Fit, out: Path) -> None:
    """Write fit.md, products.csv, firms.csv, segments.csv, market.csv and run.json."""
    import pandas as pd

    from pricewar.files.folders import replaced

    with replaced(out) as draft:
        market = pd.DataFrame(list(found.market.items()), columns=["figure", "value"])
        for name, table in {**_tables(found), "market": market}.items():
            table.to_csv(draft / f"{name}.csv", index=False, lineterminator="\n")
        (draft / "fit.md").write_text(as_markdown(found), encoding="utf-8", newline="\n")


def as_markdown(found: Fit) -> str:
    """The fit page as Markdown."""
    lines = [f"# Fit of {found.scenario}", "", "| figure | value |", "|---|---:|"]
    lines += [f"| {name.replace('_', ' ')} | {value:.4g} |" for name, value in found.market.items()]
    for name, table in _tables(found).items():
        texts = _texts(table)
        heads = [str(column).replace("_", " ") for column in table.columns]
        rule = ["---" if place < texts else "---:" for place in range(len(heads))]
        lines += ["", f"## {name.capitalize()}", ""]
        lines += [f"| {' | '.join(row)} |" for row in (heads, rule, *_cells(table))]
    return "\n".join(lines) + "\n"


def as_tree(found: Fit) -> dict[str, Any]:
    """The fit page as plain values."""
    tables = {name: json.loads(table.to_json(orient="records")) for name, table in _tables(found).items()}
    market = {name: value if math.isfinite(value) else None for name, value in found.market.items()}
    return {"scenario": found.scenario, "market": market, **tables}


def _tables(found: Fit) -> dict[str, pd.DataFrame]:
    return {"products": found.products, "firms": found.firms, "segments": found.segments}


def _texts(table: pd.DataFrame) -> int:
    """Number of leading columns that hold text."""
    return sum(column in ("firm", "product", "segment") for column in table.columns)


def _cells(table: pd.DataFrame) -> list[list[str]]:
    columns = [_column(str(name), list(table[name])) for name in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _column(name: str, values: list[Any]) -> list[str]:
    words = name.split("_")
    form = FORMATS.get(words[-1]) or FORMATS.get(words[0])
    if name in MONEY and max(map(abs, values), default=0.0) < SMALL:
        form = ",.2f"
    return [str(value) if form is None else format(value, form) for value in values]
