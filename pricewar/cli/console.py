"""Talking to people: progress on stderr, tables on stdout."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any

import typer

from pricewar.base import speech
from pricewar.base.errors import CacheWarning, EditionWarning, FontWarning, printable

Tick = Callable[[str, int], None]
LINES = 10
"""Lines of progress where there is no terminal."""
WIDTH = 200
"""Columns of text where there is no terminal."""


def tell(text: str, err: bool = False) -> None:
    """A text on stdout or stderr; what in it could steer the terminal is written out.

    Names, titles and errors come from files that others wrote.
    """
    typer.echo(printable(text), err=err)


def say(text: str, quiet: bool = False) -> None:
    """A line for people, on stderr."""
    if not quiet:
        tell(text, err=True)


def able_to_write() -> None:
    """Let stdout and stderr write the letters of the language spoken here, where their encoding has none.

    Under LC_ALL=C Python may write ASCII alone; then UTF-8 is written, as every terminal of today reads it.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            "元".encode(stream.encoding or "ascii")
        except UnicodeEncodeError:
            if speech.language() != "en" and isinstance(stream, TextIOWrapper):
                stream.reconfigure(encoding="utf-8")


@contextmanager
def warnings_told() -> Iterator[None]:
    """Report older editions and a temporary cache on stderr, each once, within the block."""
    told = set[str]()
    with warnings.catch_warnings():
        warnings.simplefilter("always", EditionWarning)
        warnings.simplefilter("always", CacheWarning)
        warnings.simplefilter("always", FontWarning)
        others = warnings.showwarning

        def show_one(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if not issubclass(category, (EditionWarning, CacheWarning, FontWarning)):
                others(message, category, *where, **more)
            elif str(message) not in told:
                told.add(str(message))
                say(f"warning: {message}")

        warnings.showwarning = show_one
        yield


@contextmanager
def progress(total: int, quiet: bool, what: str = "runs") -> Iterator[Tick | None]:
    """A callback for each run or month done: a bar on a terminal, a few plain lines elsewhere."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar(total, what) as tick:
            yield tick
    else:
        yield _lines(total, what)


@contextmanager
def _bar(total: int, what: str) -> Iterator[Tick]:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)

        def tick(scenario: str, seed: int) -> None:
            text = speech.say("{scenario}, seed {seed}", scenario=scenario, seed=seed)
            bar.update(task, advance=1, description=printable(text))

        yield tick


def _lines(total: int, what: str) -> Tick:
    done = 0
    step = max(1, total // LINES)

    def tick(scenario: str, seed: int) -> None:
        nonlocal done
        done += 1
        if done % step == 0 or done == total:
            terms = {"done": done, "total": total, "what": what, "scenario": scenario, "seed": seed}
            say(speech.say("{done}/{total} {what}: {scenario}, seed {seed}", **terms))

    return tick


def show(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], text_columns: int = 1) -> None:
    """Print a table; the first `text_columns` columns are text, the others numbers."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=printable(title), title_justify="left", box=box.SIMPLE_HEAD)
    for place, head in enumerate(heads):
        table.add_column(
            printable(head), justify="left" if place < text_columns else "right", overflow="fold"
        )
    for row in rows:
        table.add_row(*map(printable, row))
    width = None if sys.stdout.isatty() else WIDTH
    Console(width=width, highlight=False, markup=False).print(table)
