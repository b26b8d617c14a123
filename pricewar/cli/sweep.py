"""`pricewar sweep`: run an experiment, go on with one, and write what it says."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pricewar.base.errors import bad_input

from .console import LINES, say, tell
from .options import AsJson, Quiet, Uncertain

if TYPE_CHECKING:
    from pricewar.experiment import Experiment, Study
    from pricewar.experiment.study import Progress

Source = Annotated[
    str,
    typer.Argument(metavar="EXPERIMENT", help="Shipped experiment (or how its name begins) or TOML file."),
]
Small = Annotated[bool, typer.Option("--small", help="The small version: fewer points and seeds.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; default: one per core.")]
Dask = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler to send runs to, or local to start one.")
]
Out = Annotated[Path | None, typer.Option(help="Folder to write or go on with; default results/NAME.")]
Page = Annotated[Path | None, typer.Option(help="Markdown page to write, its figures in a folder beside it.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would be run, and run nothing.")]


def sweep(
    experiment: Source,
    small: Small = False,
    workers: Workers = None,
    dask: Dask = None,
    out: Out = None,
    page: Page = None,
    uncertainty: Uncertain = None,
    dry_run: Dry = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run an experiment; if you stop it at any moment, the same command goes on where it was.

    Exit code 1 if runs failed: their rows say why, and how to repeat each.
    """
    from pricewar.experiment import load_experiment, run_experiment
    from pricewar.report.experiment import require_page

    if page is not None:
        require_page(page)
    if workers is not None and dask is not None and dask != "local":
        raise bad_input(
            "command line", ("--workers", workers, "no --workers with the address of a scheduler")
        )
    loaded = load_experiment(experiment, small)
    if uncertainty is not None:
        loaded = loaded.but(uncertainty=uncertainty)
    note = loaded.spread.note
    target = out or Path("results") / (f"{loaded.name}-small" if small else loaded.name)
    if dry_run:
        _announce(loaded, target, as_json)
        return
    say(f"{loaded.name}: {len(loaded.points):,} points, {len(loaded):,} runs -> {target}", quiet)
    if note:
        say(note, quiet)
    chosen = [] if uncertainty is None else ["--uncertainty", uncertainty]
    words = ["pricewar", "sweep", experiment, *(["--small"] if small else []), *chosen, "--out", str(target)]
    with _executor(dask, workers) as executor, progress_of(len(loaded), quiet) as tick:
        study = run_experiment(
            loaded, executor, store=target, workers=workers, progress=tick, command=shlex.join(words)
        )
    _report(study, target, page, as_json, quiet)


@contextmanager
def _executor(dask: str | None, workers: int | None) -> Iterator[Executor | None]:
    """Dask's executor, or None for processes of our own."""
    if dask is None:
        yield None
        return
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise bad_input("command line", ("--dask", dask, "pip install 'pricewar[dask]' first")) from None
    try:
        place = distributed.LocalCluster(n_workers=workers, threads_per_worker=1) if dask == "local" else dask
        client = distributed.Client(place, timeout="20s")
    except (OSError, ValueError, TimeoutError) as error:
        raise bad_input("command line", ("--dask", dask, f"a scheduler that answers ({error})")) from error
    with client, client.get_executor(pure=False, retries=2) as executor:
        executor._max_workers = max(1, sum(client.nthreads().values()))
        yield executor


@contextmanager
def progress_of(total: int, quiet: bool) -> Iterator[Progress | None]:
    """Runs a second and time to go: a bar on a terminal, a few plain lines elsewhere."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar(total) as tick:
            yield tick
    else:
        yield _Lines(total)


@contextmanager
def _bar(total: int) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        *Progress.get_default_columns()[:2],
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
        TimeRemainingColumn(),
    )
    clock = _Clock()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("runs", total=total, pace="")

        def tick(done: int, failed: int, total: int) -> None:
            pace = f"{clock.pace(done):.1f} runs/s" + (f", {failed} failed" if failed else "")
            bar.update(task, completed=done, pace=pace)

        yield tick


class _Clock:
    """Runs a second since the first answer of this call."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._first: int | None = None

    def pace(self, done: int) -> float:
        """Runs a second, of those done in this call."""
        self._first = done if self._first is None else self._first
        return (done - self._first) / max(time.monotonic() - self._begin, 1e-9)


@dataclass
class _Lines:
    """A line at each tenth of the way."""

    total: int

    def __post_init__(self) -> None:
        self._clock, self._said = _Clock(), -1

    def __call__(self, done: int, failed: int, total: int) -> None:
        pace, tenth = self._clock.pace(done), done * LINES // max(total, 1)
        if tenth == self._said:
            return
        self._said = tenth
        left = f", {(total - done) / pace:,.0f} s to go" if pace > 0 and done < total else ""
        say(f"{done:,}/{total:,} runs, {pace:.1f} runs/s{left}" + (f", {failed} failed" if failed else ""))


def _announce(experiment: Experiment, target: Path, as_json: bool) -> None:
    tree = {
        "experiment": experiment.name,
        "digest": experiment.digest,
        "factors": list(experiment.factors),
        "points": len(experiment.points),
        "replicates": experiment.replicates,
        "uncertainty": experiment.spread.uncertainty,
        "runs": len(experiment),
        "but_for": None if experiment.but_for is None else experiment.but_for.name,
        "out": str(target),
    }
    _print(tree, as_json)


def _report(study: Study, target: Path, page: Path | None, as_json: bool, quiet: bool) -> None:
    from pricewar.report.experiment import write_page, write_study

    findings = write_study(study, target)
    if page is not None:
        write_page(study, page)
    failed = len(study.failed)
    tree = {
        "experiment": study.experiment.name,
        "runs": len(study.runs),
        "failed": failed,
        "compute_seconds": round(study.compute_seconds, 1),
        "out": str(target),
        "findings": findings,
    }
    if not quiet or as_json:
        _print(tree, as_json)
    for row in study.failed.head(5).itertuples():
        tell(f"run {row.run} failed: {row.error}\n  {row.repeat}", err=True)
    if failed:
        raise typer.Exit(1)


def _print(tree: dict[str, Any], as_json: bool) -> None:
    if as_json:
        tell(json.dumps(tree, indent=2, ensure_ascii=False))
        return
    for name, value in tree.items():
        for text in value if isinstance(value, list) and name == "findings" else [value]:
            tell(f"{name}: {text}")
