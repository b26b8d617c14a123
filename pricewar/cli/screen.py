"""`pricewar screen`: a merger, a cut, a floor, a tax on the market of a spreadsheet."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pricewar.base.errors import bad_input

from .console import say, show, tell
from .options import AsJson, Quiet

if TYPE_CHECKING:
    from pricewar.screen import Change, Screen

Pairs = list[str] | None
Table = Annotated[
    Path,
    typer.Argument(metavar="MARKET.csv", help="CSV, XLSX or ODS: product, firm, price, share, margin, nest."),
]
Nests = Annotated[bool, typer.Option("--nests", help="Nested logit, by the column nest.")]
Rho = Annotated[
    float | None,
    typer.Option(help="Correlation within nests; default: from two margins or more. Implies --nests."),
]
Size = Annotated[float | None, typer.Option(help="Buyers of the whole market; turns quantities into shares.")]
Closed = Annotated[
    bool, typer.Option("--no-outside", help="Everybody buys one of the products: shares sum to one.")
]
Sheet = Annotated[str | None, typer.Option(help="Sheet of a workbook; needed where several fit.")]
Mark = Annotated[
    str | None, typer.Option(metavar="MARK", help='Decimal mark, "." or ","; default: each column tells it.')
]
Merge = Annotated[
    tuple[str, str] | None, typer.Option(metavar="FIRM FIRM", help="FIRM FIRM: two firms that become one.")
]
Cut = Annotated[
    Pairs, typer.Option(metavar="FIRM=PART", help="FIRM=0.333 or 33.3%: cut of its prices; may be repeated.")
]
Still = Annotated[bool, typer.Option("--no-response", help="The others do not answer the cut.")]
Floor = Annotated[
    Pairs, typer.Option(metavar="PRODUCT=PRICE", help="PRODUCT=PRICE: lowest price allowed; may be repeated.")
]
Cost = Annotated[
    Pairs, typer.Option(metavar="FIRM=CHANGE", help="FIRM=+10% or 0.1: change of its costs; may be repeated.")
]
Tax = Annotated[str, typer.Option(help="Ad valorem tax on the price without it, 0.05 or 5%.")]
UnitTax = Annotated[float, typer.Option(help="Tax for each unit, in money.")]
Spread = Annotated[float, typer.Option(help="Standard error of each known margin; 0: no intervals.")]
Draws = Annotated[int, typer.Option(help="Draws of the margins for the intervals.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the draws.")]
Saving = Annotated[float, typer.Option(help="Cost saving of the parties that UPP credits.")]
Full = Annotated[bool, typer.Option("--full", help="Diversion of product by product, too.")]
Out = Annotated[Path | None, typer.Option(help="Directory for tables, figure and report.")]
Onward = Annotated[
    Path | None,
    typer.Option("--market", metavar="DIR", help="Write the calibrated market as a scenario to run."),
]


def screen(
    market: Table,
    nests: Nests = False,
    rho: Rho = None,
    market_size: Size = None,
    no_outside: Closed = False,
    merge: Merge = None,
    cut: Cut = None,
    no_response: Still = False,
    floor: Floor = None,
    cost: Cost = None,
    tax: Tax = "0",
    unit_tax: UnitTax = 0.0,
    margin_sd: Spread = 0.02,
    draws: Draws = 500,
    seed: Seed = 1,
    efficiency: Saving = 0.1,
    full: Full = False,
    sheet: Sheet = None,
    decimal: Mark = None,
    out: Out = None,
    onward: Onward = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Calibrate logit or nested logit from shares and margins; say what a merger or a price change does.

    All changes named happen at once; without any, the market is shown as it is. Shares and rates are
    fractions; prices and harm are in the money of the spreadsheet.
    """
    from pricewar.files.folders import require_ours
    from pricewar.screen import read_market
    from pricewar.screen import screen as run

    change = _change(merge, cut, no_response, floor, cost, tax, unit_tax)
    for folder in (out, onward):
        if folder is not None:
            require_ours(folder)
    table = read_market(market, market_size, not no_outside, sheet=sheet, decimal=decimal)
    found = run(
        table, change, nests=nests, rho=rho,
        margin_sd=margin_sd, draws=draws, seed=seed, efficiency=efficiency, full=full,
    )  # fmt: skip
    if out is not None:
        save(found, out)
    if onward is not None:
        from pricewar.screen import market_of

        made = market_of(found.calibration)
        made.save(onward)
        say(f"next: {made.next_line(onward)}", quiet)
    if as_json:
        tell(json.dumps(as_tree(found), indent=2, ensure_ascii=False, allow_nan=False))
    elif not quiet:
        _tell(found)
        if out is not None:
            say(f"written: {out}")


def _change(
    merge: tuple[str, str] | None,
    cut: Pairs,
    still: bool,
    floor: Pairs,
    cost: Pairs,
    tax: str,
    unit_tax: float,
) -> Change:
    """The change asked for, every unreadable option named at once."""
    from pricewar.screen import Change

    wrong: list[tuple[str, object, str]] = []
    cuts, floors, costs = (
        _pairs(option, given, wrong)
        for option, given in (("--cut", cut), ("--floor", floor), ("--cost", cost))
    )
    rate = _part(tax)
    if rate is None:
        wrong.append(("--tax", tax, "a number, 0.05 or 5%"))
    if wrong:
        raise bad_input("command line", *wrong)
    return Change(merge or (), cuts, floors, costs, rate or 0.0, unit_tax, not still)


def _pairs(option: str, given: Pairs, wrong: list[tuple[str, object, str]]) -> dict[str, float]:
    """NAME=NUMBER, the name up to the last equals sign."""
    found: dict[str, float] = {}
    for text in given or []:
        name, _, value = text.rpartition("=")
        part = _part(value)
        if not name.strip() or part is None or (option == "--floor" and "%" in value):
            wrong.append((option, text, "NAME=NUMBER" if option == "--floor" else "NAME=NUMBER, 0.1 or 10%"))
        elif name.strip() in found:
            wrong.append((option, text, f"{name.strip()} once"))
        else:
            found[name.strip()] = part
    return found


def _part(text: str) -> float | None:
    """A number, or per cent with its sign."""
    bare = text.strip()
    try:
        return float(bare[:-1]) / 100.0 if bare.endswith("%") else float(bare)
    except ValueError:
        return None


def as_tree(found: Screen) -> dict[str, Any]:
    """The screen as plain values; figures by name."""
    tables = {
        name: json.loads(table.to_json(orient="records", double_precision=15))
        for name, table in found.tables.items()
    }
    figures = {row.pop("figure"): row for row in tables.pop("figures")}
    model = "nested logit" if found.calibration.nested else "logit"
    asked: dict[str, Any] = {
        "market": found.calibration.market.source,
        "model": model,
        "change": change_words(found.change),
    }
    asked |= {"spread": found.spread, "efficiency": found.efficiency}
    luck = {"draws": found.draws, "lost": found.lost, "margin_sd": found.margin_sd}
    return {**asked, **luck, "figures": figures, **tables, "notes": list(found.notes)}


def change_words(change: Change) -> str:
    """The change as options of the command line."""
    words = ["--merge", *change.merge] if change.merge else []
    for option, asked in (("--cut", change.cut), ("--floor", change.floor), ("--cost", change.cost)):
        words += [word for name, value in asked.items() for word in (option, f"{name}={value:g}")]
    words += ["--tax", f"{change.tax:g}"] if change.tax else []
    words += ["--unit-tax", f"{change.unit_tax:g}"] if change.unit_tax else []
    words += [] if change.respond else ["--no-response"]
    return shlex.join(words) or "none"


def save(found: Screen, out: Path) -> None:
    """Write the tables as CSV, the figure, report.md, screen.json and run.json."""
    from pricewar.files.folders import replaced
    from pricewar.screen.pages import as_markdown

    with replaced(out) as draft:
        for name, table in found.tables.items():
            table.to_csv(draft / f"{name}.csv", index=False, lineterminator="\n")
        tree = json.dumps(as_tree(found), indent=2, ensure_ascii=False, allow_nan=False)
        (draft / "screen.json").write_text(tree + "\n", encoding="utf-8", newline="\n")
        words = []
        if not found.change.empty:
            from pricewar.plots import save_figures
            from pricewar.plots.screen import draw_prices

            drawing = draw_prices(found)
            save_figures([drawing], draft / "figures")
            words = [
                f"![{drawing.title}](figures/{drawing.name}.png)",
                "",
                f"{drawing.finding} {drawing.caption}",
            ]
        (draft / "report.md").write_text(
            as_markdown(found, change_words(found.change), words), encoding="utf-8", newline="\n"
        )


def _tell(found: Screen) -> None:
    from pricewar.screen.pages import pages

    if found.spread:
        tell(found.spread)
    for page in pages(found, change_words(found.change)):
        show(page.title, page.heads, page.rows, page.texts)
    for note in found.notes:
        tell(f"note: {note}")
