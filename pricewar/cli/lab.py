"""`pricewar lab GAME`: published results of repeated pricing games, reproduced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from pricewar.lab.report import Report

GAMES_HELP = (
    "calvano, klein, maskin-tirole, green-porter, rotemberg-saloner, asker, waltman-kaymak or edgeworth"
)


LEGEND = (
    "over: sessions that a figure is the mean of. z: difference over its standard error, sd sqrt(1/n + 1/N), "
    "with the paper's standard deviation over sessions, else ours. No published error: the paper's standard "
    "deviation and number of sessions are not known here."
)


def lab(
    game: Annotated[str, typer.Argument(help=GAMES_HELP)],
    sessions: Annotated[int, typer.Option(help="Learning sessions; exact solvers ignore it.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of all random streams.")] = 0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, as name=value; may be repeated.")
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="calvano: the published draws.")] = False,
    workers: Annotated[int | None, typer.Option(help="Threads; default: all cores.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for tables, figures, run.json.")] = None,
) -> None:
    """Reproduce a published repeated pricing game and print it beside the published figures."""
    from rich.console import Console

    from pricewar.base.errors import InputError
    from pricewar.files.folders import require_ours
    from pricewar.lab.games import game as game_of
    from pricewar.lab.report import as_json as json_of
    from pricewar.lab.report import save
    from pricewar.lab.settings import read_pairs

    from .console import tell

    noise = Console(stderr=True)
    try:
        if out is not None:
            require_ours(out)
        run, given = game_of(game), read_pairs(settings or [])
        with _bar(noise, sessions) as advance:
            report = run(given, sessions=sessions, seed=seed, exact=exact, workers=workers, progress=advance)
    except InputError as error:
        tell(str(error), err=True)
        raise typer.Exit(2) from error
    if as_json:
        tell(json_of(report))
    else:
        _show(Console(markup=False), report)
    if out is not None:
        for path in save(report, out):
            noise.print(str(path), markup=False, highlight=False)


class _bar:
    """Progress over sessions on the terminal; silent where there is none."""

    def __init__(self, console: Console, total: int) -> None:
        from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

        columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, console=console, transient=True)
        self.total = total

    def __enter__(self) -> _bar:
        self.progress.start()
        self.task = self.progress.add_task("sessions", total=self.total)
        return self

    def __call__(self, done: int) -> None:
        self.progress.advance(self.task, done)

    def __exit__(self, *_: object) -> None:
        self.progress.stop()


def _show(console: Console, report: Report) -> None:
    """The comparison as a table, then the remarks."""
    from rich.table import Table

    table = Table(title=report.source)
    for name in ("quantity", "published", "over", "reproduced", "over", "s.e.", "z", "note"):
        table.add_column(name, justify="left" if name in ("quantity", "note") else "right")
    for c in report.comparisons:
        table.add_row(
            c.quantity.replace("_", " "),
            _number(c.published),
            _number(c.published_sessions),
            _number(c.reproduced),
            _number(c.sessions),
            _number(c.error),
            c.judged,
            c.note,
        )
    console.print(table)
    if any(c.published is not None and c.sessions is not None for c in report.comparisons):
        console.print(LEGEND, markup=False, highlight=False)
    for remark in report.remarks:
        console.print(remark, markup=False, highlight=False)


def _number(value: float | None) -> str:
    """A figure to five significant digits; whole numbers in full."""
    if value is None or value != value:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.5g}"
