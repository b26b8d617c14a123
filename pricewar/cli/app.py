"""The commands and what they share: one way in, one way out for errors."""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any

import typer

from pricewar.base.edition import EDITION
from pricewar.base.errors import InputError, PricewarError
from pricewar.base.speech import speaking

from .console import able_to_write, tell, warnings_told
from .signals import STOPPED, Terminated, clean_up_when_stopped

COMMANDS = (
    ("list", "inspect", "list_shipped"),
    ("check", "check", "check"),
    ("schema", "inspect", "schema"),
    ("new", "new", "new"),
    ("data", "data", "data"),
    ("run", "simulate", "run"),
    ("compare", "simulate", "compare"),
    ("report", "simulate", "report"),
    ("calibrate", "calibrate", "calibrate"),
    ("market", "market", "market"),
    ("screen", "screen", "screen"),
    ("verify", "verify", "verify"),
    ("lab", "lab", "lab"),
    ("sweep", "sweep", "sweep"),
    ("policy", "policy", "policy"),
    ("backtest", "backtest", "backtest"),
    ("benchmarks", "benchmarks", "benchmarks"),
    ("app", "classroom", "classroom"),
)
"""Name of each command, and the module of this package and the function that do it."""


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with errors of ours turned into one message on stderr and an exit code."""

    @functools.wraps(command)
    def wrapped(*args: Any, **options: Any) -> Any:
        try:
            clean_up_when_stopped()
            with warnings_told(), speaking(options.get("lang", "en")):
                able_to_write()
                return command(*args, **options)
        except PricewarError as error:
            tell(str(error), err=True)
            raise typer.Exit(2 if isinstance(error, InputError) else 1) from None
        except MemoryError:
            tell("not enough memory for what was asked", err=True)
            raise typer.Exit(1) from None
        except KeyboardInterrupt as stop:
            words, code = STOPPED[signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT]
            tell(words, err=True)
            raise typer.Exit(code) from None

    return wrapped


def make_app() -> typer.Typer:
    """All commands."""
    made = typer.Typer(
        name="pricewar", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )
    made.callback()(_common)
    for name, module, function in COMMANDS:
        command = getattr(import_module(f".{module}", __package__), function)
        made.command(name)(guarded(command))
    return made


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"pricewar {version('pricewar')} (model edition {EDITION})")
        raise typer.Exit


def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """An open simulator of price wars between makers of differentiated products.

    SCENARIO is the name of a shipped scenario (see `pricewar list`) or a TOML file.
    """


app = make_app()
