"""`python -m pricewar.publish`: make everything anew that rests on the model, or say what is old."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pricewar.cli.app import guarded
from pricewar.cli.console import say
from pricewar.cli.signals import end_at_once_when_stopped

from . import PROSE, Place, all_steps, publish, stale, unread
from .step import repository

Small = Annotated[bool, typer.Option("--small", help="Few seeds, draws and points; needs --root.")]
Only = Annotated[list[str] | None, typer.Option(metavar="STEP", help="Only steps that begin so.")]
Root = Annotated[Path | None, typer.Option(help="Write below this folder; default: the repository.")]
Work = Annotated[Path, typer.Option(help="Folder for runs and stamps, to go on with.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes.")]
Listed = Annotated[bool, typer.Option("--list", help="Say what the steps are, and make nothing.")]
Check = Annotated[bool, typer.Option("--check", help="Say what is older than the model, and make nothing.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]


def main(
    small: Small = False,
    only: Only = None,
    root: Root = None,
    work: Work = Path("results/publish"),
    workers: Workers = 2,
    listed: Listed = False,
    check: Check = False,
    quiet: Quiet = False,
) -> None:
    """Do all steps that are not done with this edition of the model; stopped, the same command goes on.

    With --check: exit code 1 if something is older than the model.
    """
    steps, target = all_steps(), root or repository()
    if listed:
        for step in steps:
            typer.echo(f"{step.name}: {step.what} ({', '.join(step.outputs)})")
    elif check:
        problems = [*stale(target, steps), *unread(target, PROSE, steps)]
        typer.echo("\n".join(problems) if problems else "all of this edition")
        raise typer.Exit(1 if problems else 0)
    else:
        place = Place(target, work, small, workers, quiet)
        publish(place, steps, only or (), lambda line: say(line, quiet))


if __name__ == "__main__":
    end_at_once_when_stopped()
    typer.run(guarded(main))
