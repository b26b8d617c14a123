"""`pricewar benchmarks`: wars of history, published and found side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pricewar.base.edition import EDITION

from .console import say, show, tell
from .options import AsJson, Quiet

if TYPE_CHECKING:
    from pricewar.benchmarks import Study

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Which; default: all.")]
Out = Annotated[Path, typer.Option(help="Directory to write.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; default: one per core.")]
Quick = Annotated[bool, typer.Option("--quick", help="Few runs, to see that it works.")]


def benchmarks(
    names: Names = None,
    out: Out = Path("results/benchmarks"),
    workers: Workers = None,
    quick: Quick = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Set wars of history beside what the package finds: railroads 1880, petrol, supermarkets, cars, cereals,
    China.

    A figure that does not come out is printed as such. Exit code 0: all benchmarks ran, whatever they found;
    1: one of them did not run."""
    from pricewar.files.folders import require_ours

    require_ours(out)
    study = made(names or None, workers, quick, quiet or as_json)
    save(study, out, quick)
    if as_json:
        tell(json.dumps(as_tree(study), indent=2, ensure_ascii=False))
    elif not quiet:
        _print(study)
        say(f"written: {out}")
    for name, error in study.failed.items():
        tell(f"{name} did not run: {error}", err=True)
    if study.failed:
        raise typer.Exit(1)


def made(names: list[str] | None, workers: int | None, quick: bool, quiet: bool) -> Study:
    """The study, run now."""
    from pricewar.benchmarks import How, run_benchmarks

    from .pool import pool, worker_count

    with pool(worker_count(workers, 100)) as executor:
        how = How(seeds=4 if quick else 20, executor=executor, quick=quick)
        return run_benchmarks(names, how=how, tell=lambda words: say(words, quiet))


def as_tree(study: Study) -> dict[str, object]:
    """The study as plain values."""
    lines = json.loads(study.table.to_json(orient="records", double_precision=12))
    notes = {finding.benchmark: list(finding.notes) for finding in study.findings}
    return {"edition": EDITION, "lines": lines, "notes": notes, "failed": dict(study.failed)}


def save(study: Study, out: Path, quick: bool) -> None:
    """Write benchmarks.csv, benchmarks.md, the tables and pictures behind them, and run.json."""
    from pricewar.benchmarks.page import sections
    from pricewar.files.folders import replaced
    from pricewar.plots.style import Drawing

    with replaced(out) as draft:
        study.table.to_csv(draft / "benchmarks.csv", index=False, lineterminator="\n", float_format="%.8g")
        for finding in study.findings:
            for name, table in finding.tables.items():
                table.to_csv(draft / f"{name}.csv", index=False, lineterminator="\n", float_format="%.8g")
            for name, draw in finding.draw.items():
                Drawing(name, finding.title, "", "", draw()).save(draft / "figures")
        text = f"# Wars of history\n\n{sections(study, 'figures/')}\n"
        (draft / "benchmarks.md").write_text(text, encoding="utf-8", newline="\n")
        (draft / "run.json").write_text(
            json.dumps({"quick": quick, **as_tree(study)}, indent=1) + "\n", encoding="utf-8", newline="\n"
        )


def _print(study: Study) -> None:
    from pricewar.benchmarks.page import HEADS, cells

    for finding in study.findings:
        show(finding.title, HEADS, [cells(line) for line in finding.lines])
        for note in finding.notes:
            tell(f"  {note}\n")
